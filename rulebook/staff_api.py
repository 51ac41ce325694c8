"""The API of rule staff: write, compare, try, propose, sign and take back a version; the same verbs as the pages."""

from datetime import datetime
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from rulebook import actions, differences, lifecycle, replays, versions
from rulebook.book import InvalidRulebook
from rulebook.models import RulebookVersion
from rulebook.schema import examine
from timeline import clock
from timeline.api import CURSOR, idempotent, page
from timeline.serializers import Moment


class VersionInList(serializers.Serializer[Any]):
    """A version of the rulebook as rule staff see it."""

    id = serializers.IntegerField()
    number = serializers.CharField(help_text="What orders are pinned to.")
    state = serializers.CharField()
    purpose = serializers.CharField()
    is_major = serializers.BooleanField(help_text="15 days of notice instead of 7.")
    is_retroactive = serializers.BooleanField(help_text="Reaches earlier orders where it is better for the buyer.")
    drafted_at = serializers.DateTimeField()
    announced_at = serializers.DateTimeField(allow_null=True)
    effective_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of the exact text.")


class DifferenceShown(serializers.Serializer[Any]):
    """One difference to the version in force."""

    section = serializers.CharField()
    place = serializers.CharField(help_text="Path in the file.")
    sentence = serializers.CharField(help_text="In the language of the request.")


class ReplayShown(serializers.Serializer[Any]):
    """Recent cases decided again under the version."""

    against = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the text that was tried; a draft may have changed since.")
    asked_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    seen = serializers.IntegerField()
    total = serializers.IntegerField()
    result = serializers.DictField(
        help_text="Totals in fen by who pays, and the first cases that change; empty until done."
    )


class VersionInFull(VersionInList):
    """A version with what it changes and what can be done now."""

    differences = DifferenceShown(many=True)
    replay = ReplayShown(allow_null=True)
    actions = serializers.ListField(child=serializers.CharField())


class VersionPage(serializers.Serializer[Any]):
    """A page of versions, the newest first."""

    results = VersionInList(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class VersionToDraft(serializers.Serializer[Any]):
    """A new version."""

    rules = serializers.JSONField(help_text="Shaped like `rulebook.json`; without `clocks` it takes those in force.")
    purpose = serializers.CharField(max_length=500)


class VersionToPropose(serializers.Serializer[Any]):
    """When it shall rule and how far it reaches."""

    effective_at = Moment(required=False, help_text="Left out: the first day the notice allows.")
    is_major = serializers.BooleanField(default=False)
    is_retroactive = serializers.BooleanField(default=False)


class WhyOfVersion(serializers.Serializer[Any]):
    """Why something is done."""

    why = serializers.CharField(max_length=500)


IN_LIST = {
    "id": 2,
    "number": "default-cn 2026.12.0",
    "state": "draft",
    "purpose": "Cheaper second thoughts for silver",
    "is_major": False,
    "is_retroactive": False,
    "drafted_at": "2026-11-22T02:00:00Z",
    "announced_at": None,
    "effective_at": None,
    "sha256": "9f2c1e0b7a35d84c6e1f90b2a7c3d5e8f1046b9c2d7e3a5081f6c4b2d9e7a310",
}
IN_FULL = {
    **IN_LIST,
    "differences": [
        {
            "section": "Membership levels",
            "place": "levels.M2.sealed_fee_bp",
            "sentence": "Silver (M2), code sealed, within 72 h: fee: 3% → 2%",
        }
    ],
    "replay": None,
    "actions": ["propose", "replay", "revise", "withdraw"],
}
PROPOSED = {**IN_FULL, "state": "signing", "actions": ["send_back", "replay", "withdraw"]}
ANNOUNCED = {
    **IN_FULL,
    "state": "announced",
    "announced_at": "2026-11-22T03:00:00Z",
    "effective_at": "2026-11-30T16:00:00Z",
    "actions": ["replay", "withdraw"],
}
WHY = OpenApiExample("Why", {"why": "The figure was wrong."}, request_only=True)


@extend_schema(
    methods=["GET"],
    operation_id="listVersions",
    summary="Every version of the rulebook",
    description="For rule staff (leads and senior arbiters); to everybody else it is not there.",
    parameters=[CURSOR],
    responses=VersionPage,
    examples=[OpenApiExample("Versions", {"results": [IN_LIST], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="draftVersion",
    summary="Write a new version",
    description="A draft binds nobody. Every fault is named by its place with status 422, and nothing is kept then.",
    request=VersionToDraft,
    responses={201: VersionInFull},
    examples=[
        OpenApiExample(
            "Rules",
            {"rules": {"meta": {"id": "default-cn", "version": "2026.12.0"}}, "purpose": "…"},
            request_only=True,
        ),
        OpenApiExample("The draft", IN_FULL, response_only=True),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def all_versions(request: Request) -> Response:
    """List them, or write one."""
    _require_staff(request)
    if request.method == "GET":
        found = page(request, RulebookVersion.objects.defer("body"), by="-pk")
        return Response({"results": VersionInList(found.results, many=True).data, "next": found.next})
    told = VersionToDraft(data=request.data)
    told.is_valid(raise_exception=True)
    faults = examine(told.validated_data["rules"])
    if faults:
        raise serializers.ValidationError({"rules": [str(fault) for fault in faults]})
    at = clock.now()
    try:
        made = lifecycle.draft(
            told.validated_data["rules"], purpose=told.validated_data["purpose"], by=request.user, at=at
        )
    except InvalidRulebook as error:
        raise serializers.ValidationError({"rules": str(error)}) from error
    return Response(_shown(made, request, at), status=201)


@extend_schema(
    operation_id="getVersion",
    summary="One version, with what it changes",
    description="Compared with the version in force, in the language of the request.",
    responses=VersionInFull,
    examples=[OpenApiExample("A draft", IN_FULL, response_only=True)],
)
@api_view(["GET"])
def version(request: Request, pk: int) -> Response:
    """Look at one."""
    return Response(_shown(_named(request, pk), request, clock.now()))


@extend_schema(
    operation_id="proposeVersion",
    summary="Put a draft forward for the second signature",
    request=VersionToPropose,
    responses=VersionInFull,
    examples=[
        OpenApiExample("As soon as possible", {"is_major": False, "is_retroactive": True}, request_only=True),
        OpenApiExample("Waiting", PROPOSED, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def propose(request: Request, pk: int) -> Response:
    """It waits for somebody else."""
    found = _named(request, pk)
    told = VersionToPropose(data=request.data)
    told.is_valid(raise_exception=True)
    at = clock.now()
    lifecycle.propose(found, **told.validated_data, by=request.user, at=at)
    return Response(_shown(found, request, at))


@extend_schema(
    operation_id="signVersion",
    summary="Sign a version: it is announced",
    description="Neither who wrote it nor who proposed it may sign. From here on it can no longer be changed.",
    request=None,
    responses=VersionInFull,
    examples=[OpenApiExample("Announced", ANNOUNCED, response_only=True)],
)
@api_view(["POST"])
@idempotent
def sign(request: Request, pk: int) -> Response:
    """A second person publishes it."""
    found, at = _named(request, pk), clock.now()
    lifecycle.sign(found, by=request.user, at=at)
    return Response(_shown(found, request, at))


@extend_schema(
    operation_id="sendVersionBack",
    summary="Make it a draft again",
    request=WhyOfVersion,
    responses=VersionInFull,
    examples=[WHY, OpenApiExample("A draft again", IN_FULL, response_only=True)],
)
@api_view(["POST"])
@idempotent
def send_back(request: Request, pk: int) -> Response:
    """The second person wants it changed."""
    found, at = _named(request, pk), clock.now()
    lifecycle.send_back(found, why=_why(request), by=request.user, at=at)
    return Response(_shown(found, request, at))


@extend_schema(
    operation_id="withdrawVersion",
    summary="Take back a version that does not rule yet",
    request=WhyOfVersion,
    responses=VersionInFull,
    examples=[
        WHY,
        OpenApiExample("Taken back", {**IN_FULL, "state": "withdrawn", "actions": []}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def withdraw(request: Request, pk: int) -> Response:
    """It never comes into force."""
    found, at = _named(request, pk), clock.now()
    lifecycle.withdraw(found, why=_why(request), by=request.user, at=at)
    return Response(_shown(found, request, at))


@extend_schema(
    operation_id="replayVersion",
    summary="Decide recent cases again under this version",
    description="A worker does it; look at the version to see how far it is.",
    request=None,
    responses={202: VersionInFull},
    examples=[OpenApiExample("Asked for", IN_FULL, response_only=True, status_codes=["202"])],
)
@api_view(["POST"])
@idempotent
def replay(request: Request, pk: int) -> Response:
    """What would have changed, in fen."""
    found, at = _named(request, pk), clock.now()
    replays.ask(found, by=request.user, at=at)
    return Response(_shown(found, request, at), status=202)


def _shown(found: RulebookVersion, request: Request, at: datetime) -> dict[str, Any]:
    last = found.replays.order_by("-pk").first()
    told: dict[str, Any] = {
        **VersionInList(found).data,
        "differences": DifferenceShown(differences.between(versions.in_force(at), found), many=True).data,
        "replay": ReplayShown(last).data if last else None,
        "actions": actions.open_to(found, request.user, at=at),
    }
    return told


def _why(request: Request) -> str:
    told = WhyOfVersion(data=request.data)
    told.is_valid(raise_exception=True)
    return str(told.validated_data["why"])


def _named(request: Request, pk: int) -> RulebookVersion:
    _require_staff(request)
    return get_object_or_404(RulebookVersion, pk=pk)


def _require_staff(request: Request) -> None:
    if not lifecycle.is_rule_staff(request.user):
        raise Http404
