"""The API of precedents: the staff's list, everybody's digest, and second looks."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from disputes import precedents
from disputes.models import Precedent, SecondLook
from shops.serializers import Text, Whole
from timeline import clock
from timeline.api import CURSOR, idempotent, page

IN_DIGEST = {
    "month": "2026-10",
    "reason": "CODE_INVALID",
    "kind": "ACTIVATION_CODE",
    "deliveries": ["revealed"],
    "grade": "verified",
    "returned_bp": 6_000,
    "shares": {"seller": 6_000, "buyer": 4_000},
    "rule_ids": ["MX-11"],
    "changed": False,
    "instead_bp": None,
}
A_PRECEDENT = {
    **IN_DIGEST,
    "number": "KM2026-000001",
    "paid": 9_800,
    "award": 5_880,
    "leaves": False,
    "instead": None,
}


class PrecedentInDigest(serializers.Serializer[Any]):
    """A ruling without anybody in it."""

    month = serializers.DateTimeField(source="at", format="%Y-%m", help_text="When it was ruled.")
    reason = serializers.CharField()
    kind = serializers.CharField()
    deliveries = serializers.ListField(child=serializers.CharField())
    grade = serializers.CharField()
    returned_bp = serializers.IntegerField(help_text="What goes back of what was paid.")
    shares = serializers.DictField(child=serializers.IntegerField())
    rule_ids = serializers.ListField(child=serializers.CharField())
    changed = serializers.BooleanField(source="ruling.is_superseded", help_text="A panel changed it: it guides nobody.")
    instead_bp = serializers.IntegerField(
        source="newer.returned_bp",
        allow_null=True,
        default=None,
        help_text="What goes back in its place, if it was changed and the case is decided anew.",
    )


class DigestPage(serializers.Serializer[Any]):
    """A part of the digest, newest first."""

    results = PrecedentInDigest(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class PrecedentShown(PrecedentInDigest):
    """A ruling by its features and outcome, for the staff."""

    number = serializers.CharField(source="ruling.seal.number")
    paid = serializers.IntegerField(help_text="Fen.")
    award = serializers.IntegerField(help_text="Fen, without compensation.")
    leaves = serializers.BooleanField(help_text="Outside the range of the nearest cases, with a reason.")
    instead = serializers.CharField(
        source="newer.ruling.seal.number", allow_null=True, default=None, help_text="The ruling in its place."
    )


class PrecedentPage(serializers.Serializer[Any]):
    """A part of the list, newest first."""

    results = PrecedentShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class LookToGive(serializers.Serializer[Any]):
    """What one would decide."""

    returned_bp = Whole(min_value=0, max_value=10_000)
    note = Text(max_length=2_000)


class LookGiven(serializers.Serializer[Any]):
    """A second look."""

    id = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    returned_bp = serializers.IntegerField(allow_null=True)


@extend_schema(
    operation_id="listPrecedents",
    summary="List precedents",
    description="For staff: every ruling by its features and outcome. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=PrecedentPage,
    examples=[OpenApiExample("One precedent", {"results": [A_PRECEDENT], "next": None}, response_only=True)],
)
@api_view(["GET"])
def listed(request: Request) -> Response:
    """The staff's list."""
    if not signed_in(request).roles:
        raise Http404
    found = Precedent.objects.select_related("ruling__seal")
    return Response(PrecedentPage(_with_newer(page(request, found, by="-pk"))).data)


@extend_schema(
    operation_id="listDigest",
    summary="Read how cases were decided",
    description="Public: every ruling thirty days after it was served, without anybody in it. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=DigestPage,
    examples=[OpenApiExample("One ruling", {"results": [IN_DIGEST], "next": None}, response_only=True)],
    auth=[],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def digest(request: Request) -> Response:
    """Everybody's list."""
    return Response(DigestPage(_with_newer(page(request, precedents.digest(at=clock.now()), by="-pk"))).data)


def _with_newer(found: Any) -> Any:
    """A part of a list, each row that a panel changed with what stands in its place."""
    newer = precedents.instead(found.results)
    for each in found.results:
        each.newer = newer.get(each.pk)
    return found


@extend_schema(
    operation_id="giveSecondLook",
    summary="Decide a case again, blind",
    description="For who was asked. Nothing follows for the case; it counts for the team's agreement.",
    request=LookToGive,
    responses=LookGiven,
    examples=[
        OpenApiExample("A part", {"returned_bp": 5_000, "note": "双方均未证明"}, request_only=True),
        OpenApiExample(
            "Given",
            {
                "id": 3,
                "asked_at": "2026-11-22T02:00:00Z",
                "decided_at": "2026-11-22T03:00:00Z",
                "returned_bp": 5_000,
            },
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@idempotent
def look(request: Request, pk: int) -> Response:
    """A second look."""
    found = get_object_or_404(SecondLook.objects.select_related("ruling__dispute"), pk=pk, user=request.user)
    told = LookToGive(data=request.data)
    told.is_valid(raise_exception=True)
    bp, said = told.validated_data["returned_bp"], told.validated_data["note"]
    precedents.look_again(found, returned_bp=bp, note_text=said, by=request.user, at=clock.now())
    return Response(LookGiven(found).data)
