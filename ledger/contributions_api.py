"""The API of money that the mall puts in: finance's list, and how a sum is proposed, booked or declined."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from ledger import contributions
from ledger.models import Contribution
from ledger.roles import SEEING_ACCOUNTS, require_role
from ledger.serializers import Fen
from ledger.states import ContributionState
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page

A_CONTRIBUTION = {
    "id": 7,
    "purse": "fund",
    "amount": 20_000_000,
    "document": "ICBC-20261122-000318",
    "reason": "季度补足先行垫付基金。",
    "state": "proposed",
    "proposed_at": "2026-11-22T02:05:00Z",
    "deadline_at": "2026-11-25T02:05:00Z",
    "decided_at": None,
}


class ContributionToPropose(serializers.Serializer[Any]):
    """How much came in at the bank, for which pocket, by which document, and why."""

    purse = serializers.ChoiceField(Contribution.Purse.choices)
    amount = Fen(min_value=1, max_value=contributions.MOST, help_text="Fen.")
    document = serializers.CharField(max_length=60, help_text="The number of the bank's document; each counts once.")
    reason = serializers.CharField(max_length=1000)


class ContributionShown(serializers.Serializer[Any]):
    """Money that the mall puts in, or is asked to."""

    id = serializers.IntegerField()
    purse = serializers.ChoiceField(Contribution.Purse.choices)
    amount = serializers.IntegerField(help_text="Fen.")
    document = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(ContributionState.choices)
    proposed_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="Until when a second person can book it.")
    decided_at = serializers.DateTimeField(allow_null=True)


class ContributionPage(serializers.Serializer[Any]):
    """A part of the list."""

    results = ContributionShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


@extend_schema(
    methods=["GET"],
    operation_id="listContributions",
    summary="List what the mall put into its fund and its own pocket",
    description="For finance and auditors; for others it is not there. Newest first.",
    parameters=[CURSOR],
    responses=ContributionPage,
    examples=[OpenApiExample("One", {"results": [A_CONTRIBUTION], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="proposeContribution",
    summary="Propose to put money in",
    description=(
        "One person of finance; a second one books it. Refused: `not_your_turn`, `bad_amount`, `document_missing`,"
        " `reason_missing`, `document_known`."
    ),
    request=ContributionToPropose,
    responses={201: ContributionShown},
    examples=[
        OpenApiExample(
            "¥200,000.00 for the fund",
            {name: A_CONTRIBUTION[name] for name in ("purse", "amount", "document", "reason")},
            request_only=True,
        ),
        OpenApiExample("Proposed", A_CONTRIBUTION, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def all_contributions(request: Request) -> Response:
    """What was put in, and a new proposal."""
    if request.method == "POST":
        require_role(request, frozenset({Role.FINANCE}))
        told = ContributionToPropose(data=request.data)
        told.is_valid(raise_exception=True)
        found = contributions.propose(by=request.user, at=clock.now(), **told.validated_data)
        return Response(ContributionShown(found).data, status=201)
    require_role(request, SEEING_ACCOUNTS)
    return Response(ContributionPage(page(request, Contribution.objects.all(), by="-pk")).data)


@extend_schema(
    operation_id="bookContribution",
    summary="Book as the second person what the mall puts in",
    description="The document was looked at. Refused: `not_your_turn`, `second_person`, `wrong_moment`.",
    request=None,
    responses=ContributionShown,
    examples=[OpenApiExample("Put in", {**A_CONTRIBUTION, "state": "booked", "deadline_at": None}, response_only=True)],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _contribution(request, number))
@idempotent
def book(request: Request, number: str) -> Response:
    """Book it."""
    found = _contribution(request, number)
    contributions.book(found, by=request.user, at=clock.now())
    return Response(ContributionShown(found).data)


@extend_schema(
    operation_id="declineContribution",
    summary="Do not put it in, or take the proposal back",
    description="Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=ContributionShown,
    examples=[
        OpenApiExample("Not put in", {**A_CONTRIBUTION, "state": "declined", "deadline_at": None}, response_only=True)
    ],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _contribution(request, number))
@idempotent
def decline(request: Request, number: str) -> Response:
    """Do not."""
    found = _contribution(request, number)
    contributions.decline(found, by=request.user, at=clock.now())
    return Response(ContributionShown(found).data)


def _contribution(request: Request, number: str) -> Contribution:
    require_role(request, frozenset({Role.FINANCE}))
    return get_object_or_404(Contribution, pk=int(number))
