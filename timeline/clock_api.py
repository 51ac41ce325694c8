"""The API of clocks for a lead: the register of outages, and clocks that were given up. The same verbs as the pages."""

from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from timeline import clock, outages, upkeep
from timeline.api import CURSOR, idempotent, page
from timeline.models import Outage, Timer
from timeline.serializers import (
    ClockToTryAgain,
    OutagePage,
    OutageShown,
    OutageToEnd,
    OutageToRegister,
    OutageToWiden,
    StuckClock,
    StuckPage,
)
from timeline.sweep import fire_overdue

AN_OUTAGE = {
    "id": 3,
    "scope": "channel",
    "target": "sandbox",
    "reason": "The channel answers nobody since nine.",
    "began_at": "2026-11-22T01:00:00Z",
    "ended_at": None,
    "registered_at": "2026-11-22T01:20:00Z",
    "settled_at": None,
    "clocks": 41,
    "widens": None,
}
A_STUCK_CLOCK = {
    "id": 977,
    "subject": "refund:12",
    "limit": "SELLER_RESPONSE",
    "owner": "shop",
    "due_at": "2026-11-22T01:00:00Z",
    "tries": 8,
    "last_error": "LedgerError: the account is unknown",
}


@extend_schema(
    methods=["GET"],
    operation_id="listOutages",
    summary="List outages",
    description="The register, newest entry first, 50 a page. For leads; for others it does not exist.",
    parameters=[CURSOR],
    responses=OutagePage,
    examples=[OpenApiExample("One goes on", {"results": [AN_OUTAGE], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="registerOutage",
    summary="Register an outage",
    description="The clocks it covers stand still; one of the past gives back what it took. Without an end it goes on.",
    request=OutageToRegister,
    responses={201: OutageShown},
    examples=[
        OpenApiExample(
            "A channel is down",
            {
                "scope": "channel",
                "target": "sandbox",
                "reason": "The channel answers nobody since nine.",
                "began_at": "2026-11-22T01:00:00Z",
            },
            request_only=True,
        ),
        OpenApiExample("Registered", AN_OUTAGE, response_only=True),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def register(request: Request) -> Response:
    """The register, or one more entry."""
    _require_lead(request)
    if request.method == "GET":
        return Response(OutagePage(page(request, _counted(), by="-id")).data)
    told = OutageToRegister(data=request.data)
    told.is_valid(raise_exception=True)
    made = outages.register(**told.validated_data, by=request.user, at=clock.now())
    return Response(OutageShown(_counted().get(pk=made.pk)).data, status=201)


@extend_schema(
    operation_id="readOutage",
    summary="Read one outage",
    responses=OutageShown,
    examples=[OpenApiExample("It goes on", AN_OUTAGE, response_only=True)],
)
@api_view(["GET"])
def outage(request: Request, pk: int) -> Response:
    """One entry of the register."""
    _require_lead(request)
    return Response(OutageShown(get_object_or_404(_counted(), pk=pk)).data)


@extend_schema(
    operation_id="endOutage",
    summary="End an outage",
    description="The clocks run again with what was left. Refused if it is over already: `outage_is_over`.",
    request=OutageToEnd,
    responses=OutageShown,
    examples=[
        OpenApiExample("Now", {"ended_at": None}, request_only=True),
        OpenApiExample("Ended", AN_OUTAGE | {"ended_at": "2026-11-22T03:00:00Z"}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def end(request: Request, pk: int) -> Response:
    """It is over."""
    _require_lead(request)
    found, at = get_object_or_404(Outage, pk=pk), clock.now()
    told = OutageToEnd(data=request.data)
    told.is_valid(raise_exception=True)
    outages.end(found, ended_at=told.validated_data["ended_at"] or at, by=request.user, at=at)
    return Response(OutageShown(_counted().get(pk=pk)).data)


@extend_schema(
    operation_id="widenOutage",
    summary="Widen an outage, or move its end",
    description=(
        "It began earlier, ends at another time, or it was the whole platform: a new entry takes the place of this one."
        " What is new of it counts backwards, what was given is not taken back. Refused: `reason_missing`,"
        " `outage_ends_first`, `widened_already`, `outage_gives_back`, `nothing_new`."
    ),
    request=OutageToWiden,
    responses=OutageShown,
    examples=[
        OpenApiExample(
            "It began an hour earlier",
            {"began_at": "2026-11-22T00:00:00Z", "ended_at": None, "reason": "The channel answers nobody since eight."},
            request_only=True,
        ),
        OpenApiExample(
            "The new entry",
            AN_OUTAGE | {"id": 4, "began_at": "2026-11-22T00:00:00Z", "clocks": 0, "widens": 3},
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@idempotent
def widen(request: Request, pk: int) -> Response:
    """More was down, earlier, or until another time."""
    _require_lead(request)
    found = get_object_or_404(Outage, pk=pk)
    told = OutageToWiden(data=request.data)
    told.is_valid(raise_exception=True)
    made = outages.widen(found, **told.validated_data, by=request.user, at=clock.now())
    return Response(OutageShown(_counted().get(pk=made.pk)).data)


@extend_schema(
    operation_id="listStuckClocks",
    summary="List clocks that were given up",
    description="Their time is over, but what should happen then failed too often. For leads.",
    parameters=[CURSOR],
    responses=StuckPage,
    examples=[OpenApiExample("One", {"results": [A_STUCK_CLOCK], "next": None}, response_only=True)],
)
@api_view(["GET"])
def stuck(request: Request) -> Response:
    """Clocks that were given up."""
    _require_lead(request)
    return Response(StuckPage(page(request, Timer.objects.filter(state=Timer.State.STUCK), by="id")).data)


@extend_schema(
    operation_id="tryClockAgain",
    summary="Let a clock run on that was given up",
    description="The next sweep acts. Refused if the clock runs or has ended: `clock_not_stuck`.",
    request=ClockToTryAgain,
    responses=StuckClock,
    examples=[
        OpenApiExample("Why", {"reason": "The account was opened."}, request_only=True),
        OpenApiExample("It runs on", A_STUCK_CLOCK | {"tries": 0}, response_only=True),
    ],
)
@api_view(["POST"])
def try_again(request: Request, pk: int) -> Response | HttpResponse:
    """One clock runs on; what is overdue on its root happens first, for good."""
    _require_lead(request)
    fire_overdue(get_object_or_404(Timer, pk=pk).root, at=clock.now())
    return _try_again(request, pk)


@idempotent
def _try_again(request: Request, pk: int) -> Response:
    timer = get_object_or_404(Timer, pk=pk)
    told = ClockToTryAgain(data=request.data)
    told.is_valid(raise_exception=True)
    upkeep.try_again(timer, reason=told.validated_data["reason"], by=request.user, at=clock.now())
    return Response(StuckClock(timer).data)


def _counted() -> QuerySet[Outage]:
    return Outage.objects.annotate(clocks=Count("pauses"))


def _require_lead(request: Request) -> None:
    if not request.user.has_role("lead"):  # type: ignore[union-attr]
        raise Http404
