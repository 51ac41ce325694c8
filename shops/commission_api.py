"""The API of what the platform takes of a sale: the same verbs as the pages."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from shops import commission
from shops.models import Commission, Kind
from shops.models.commission import MOST_BP
from shops.serializers import Text, Whole
from timeline import clock
from timeline.api import CURSOR, idempotent, page
from timeline.serializers import Moment

A_RATE = {
    "id": 3,
    "kind": "POINT_CARD",
    "bp": 400,
    "reason": "卡密类交易成本下降。",
    "rules_at": "2026-12-01T00:00:00+08:00",
    "proposed_at": "2026-11-20T10:00:00+08:00",
    "agree_by": "2026-11-24T00:00:00+08:00",
    "agreed_at": "2026-11-21T10:00:00+08:00",
    "dropped_at": None,
    "actions": [],
}
A_PROPOSAL = A_RATE | {"agreed_at": None, "actions": ["agree", "drop"]}


class CommissionToPropose(serializers.Serializer[Any]):
    """A rate for a kind of goods, from a moment on."""

    kind = serializers.ChoiceField(Kind.choices)
    bp = Whole(min_value=0, max_value=MOST_BP, help_text="Basis points of what is released to a shop.")
    reason = Text(max_length=300, help_text="Why, for everybody to read.")
    rules_at = Moment(help_text="For orders placed from then on; at least seven days after it is agreed.")


class CommissionShown(serializers.Serializer[Commission]):
    """A rate: proposed, agreed, taken back, or lapsed since nobody agreed in time."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Kind.choices)
    bp = serializers.IntegerField(help_text="Basis points of what is released to a shop.")
    reason = serializers.CharField()
    rules_at = serializers.DateTimeField(help_text="For orders placed from then on.")
    proposed_at = serializers.DateTimeField()
    agree_by = serializers.DateTimeField(help_text="If no second person agrees until then, the proposal lapses.")
    agreed_at = serializers.DateTimeField(allow_null=True, help_text="When a second person agreed.")
    dropped_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back.")
    actions = serializers.ListField(child=serializers.CharField(), help_text="What you can do with it now.")


class CommissionPage(serializers.Serializer[Any]):
    """Rates, 50 a page."""

    results = CommissionShown(many=True)
    next = serializers.CharField(allow_null=True)


class CommissionOfKind(serializers.Serializer[Any]):
    """What the platform takes of one kind of goods."""

    kind = serializers.ChoiceField(Kind.choices)
    bp = serializers.IntegerField(help_text="Basis points, for orders placed now.")
    announced = serializers.ListField(child=serializers.DictField(), help_text="What rules later: `bp`, `rules_at`.")


class CommissionNow(serializers.Serializer[Any]):
    """What the platform takes, kind by kind."""

    results = CommissionOfKind(many=True)


@extend_schema(
    operation_id="readCommission",
    summary="Read what the platform takes of a sale",
    description=(
        "Public. A share of what is released to the shop, by the kind of goods; an order keeps the rate of when it was"
        " placed. Of what goes back to a buyer the platform keeps nothing."
    ),
    responses=CommissionNow,
    examples=[
        OpenApiExample(
            "One kind",
            {
                "results": [
                    {
                        "kind": "POINT_CARD",
                        "bp": 500,
                        "announced": [{"bp": 400, "rules_at": "2026-12-01T00:00:00+08:00"}],
                    }
                ]
            },
            response_only=True,
        )
    ],
    auth=[],
)
@api_view(["GET"])
@permission_classes([IsAuthenticatedOrReadOnly])
def rates(_request: Request) -> Response:
    """What rules now, and what is announced."""
    at = clock.now()
    coming = [each for each in commission.published() if each.rules_at > at]
    found = [
        {
            "kind": kind.value,
            "bp": commission.in_force(kind, at),
            "announced": [
                {"bp": each.bp, "rules_at": each.rules_at.isoformat()} for each in coming if each.kind == kind
            ],
        }
        for kind in Kind
    ]
    return Response(CommissionNow({"results": found}).data)


@extend_schema(
    methods=["GET"],
    operation_id="listCommissionProposals",
    summary="List proposed rates",
    description="For finance, leads and auditors; newest first, 50 a page.",
    parameters=[CURSOR],
    responses=CommissionPage,
    examples=[OpenApiExample("One", {"results": [A_RATE], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="proposeCommission",
    summary="Propose a rate",
    description="For finance. A second person of finance agrees. Refused: `not_your_turn`, `no_reason`, `too_soon`.",
    request=CommissionToPropose,
    responses={201: CommissionShown},
    examples=[
        OpenApiExample(
            "4 % of point cards",
            {name: A_RATE[name] for name in ("kind", "bp", "reason", "rules_at")},
            request_only=True,
        ),
        OpenApiExample("Proposed", A_PROPOSAL | {"actions": ["drop"]}, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def proposals(request: Request) -> Response:
    """What is proposed, and one more."""
    if not signed_in(request).roles & commission.SEEING:
        raise Http404
    if request.method == "GET":
        part = page(request, Commission.objects.all(), by="-pk")
        return Response(
            CommissionPage({"results": [_told(each, request) for each in part.results], "next": part.next}).data
        )
    told = CommissionToPropose(data=request.data)
    told.is_valid(raise_exception=True)
    made = commission.propose(**told.validated_data, by=request.user, at=clock.now())
    return Response(CommissionShown(_told(made, request)).data, status=201)


@extend_schema(
    operation_id="agreeCommission",
    summary="Agree on a rate",
    description=(
        "For a second person of finance; it rules from its day on. Refused: `not_your_turn`, `second_person`,"
        " `wrong_moment`, `too_soon`, `too_late`."
    ),
    request=None,
    responses=CommissionShown,
    examples=[OpenApiExample("Agreed", A_RATE, response_only=True)],
)
@api_view(["POST"])
@idempotent
def agree(request: Request, pk: int) -> Response:
    """A second person agrees."""
    found = _proposal(request, pk)
    commission.agree(found, by=request.user, at=clock.now())
    return Response(CommissionShown(_told(found, request)).data)


@extend_schema(
    operation_id="dropCommission",
    summary="Take a proposed rate back",
    description="For finance, while nobody has agreed. Refused: `not_your_turn`, `wrong_moment`, `too_late`.",
    request=None,
    responses=CommissionShown,
    examples=[
        OpenApiExample(
            "Taken back",
            A_PROPOSAL | {"dropped_at": "2026-11-21T10:00:00+08:00", "actions": []},
            response_only=True,
        )
    ],
)
@api_view(["POST"])
@idempotent
def drop(request: Request, pk: int) -> Response:
    """Nobody agrees on it any more."""
    found = _proposal(request, pk)
    commission.drop(found, by=request.user, at=clock.now())
    return Response(CommissionShown(_told(found, request)).data)


def _proposal(request: Request, pk: int) -> Commission:
    if not signed_in(request).roles & commission.SEEING:
        raise Http404
    return get_object_or_404(Commission, pk=pk)


def _told(found: Commission, request: Request) -> Any:
    told: Any = found
    told.actions = commission.actions_for(found, request.user, clock.now())
    return told
