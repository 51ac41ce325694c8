"""The lead's board: who has how much in hand, which clocks are at risk, what is stuck, what is down, who was answered.

As many questions for one row as for sixty: of each list so many are named, and its own page has all of them.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Role, StaffRole
from accounts.requests import SignedInRequest
from desks import clocks
from desks.house import CLOCKS
from disputes.assignment import MOST_CASES
from disputes.models import UNDECIDED, Dispute
from support import figures
from timeline import clock
from timeline import outages as register
from timeline.models import Outage, Timer

#: So many people stand in the table; so many of what is stuck or was down are named.
PEOPLE, NAMED = 50, 8


@require_safe
def board(request: SignedInRequest) -> HttpResponse:
    """Where people are needed, for those who send them there; for others it is not there."""
    if not request.user.has_role(Role.LEAD):
        raise Http404
    at = clock.now()
    context = {
        "at": at,
        "load": load(),
        "unassigned": unassigned(),
        "full": MOST_CASES,
        "clocks": clocks.at_risk(at),
        "stuck": stuck(at),
        "outages": outages(at),
        "room": figures.today(at),
    }
    return render(request, "desks/board.html", context)


def load() -> dict[str, Any]:
    """Whoever hears cases, with those that are not decided: how many, how many urgent, and the clock that ends first.

    Counted as for who gets the next case. Somebody without a case stands in it with none, at the end.
    """
    grouped = Dispute.objects.filter(state__in=UNDECIDED, arbiter__isnull=False).order_by().values("arbiter")
    counted = {
        row["arbiter"]: row
        for row in grouped.annotate(
            number=Count("pk"),
            urgent=Count("pk", filter=Q(is_urgent=True)),
            until=Min("deadline_at"),
            since=Min("entered_at"),
        )
    }
    hears = StaffRole.objects.held().filter(user=OuterRef("pk"), role=Role.ARBITER)
    people = get_user_model().objects.filter(Exists(hears) | Q(pk__in=counted)).order_by("pk")
    nothing = {"number": 0, "urgent": 0, "until": None, "since": None}
    rows: list[dict[str, Any]] = [{"person": each, **counted.get(each.pk, nothing)} for each in people]
    rows.sort(key=lambda row: (-row["number"], row["person"].pk))
    return {"rows": rows[:PEOPLE], "more": max(0, len(rows) - PEOPLE)}


def unassigned() -> dict[str, Any]:
    """The cases that nobody has yet: how many, how many urgent, and the clock that ends first."""
    waiting = Dispute.objects.nobodys()
    return waiting.aggregate(number=Count("pk"), urgent=Count("pk", filter=Q(is_urgent=True)), until=Min("deadline_at"))


def stuck(at: datetime) -> dict[str, Any]:
    """Clocks that were given up, or that run though their time is over: there should be none."""
    found = Timer.objects.filter(Q(state=Timer.State.STUCK) | Q(state=Timer.State.RUNNING, due_at__lte=at - CLOCKS))
    rows = [
        {"timer": each, "is_given_up": each.state == Timer.State.STUCK}
        for each in found.order_by("due_at", "pk")[:NAMED]
    ]
    return {"rows": rows, "number": found.count()}


def outages(at: datetime) -> dict[str, Any]:
    """The register in short: how much is down now, and what was registered last."""
    is_on = Q(began_at__lte=at) & (Q(ended_at=None) | Q(ended_at__gt=at))
    rows = Outage.objects.annotate(clocks=Count("pauses")).order_by("-began_at", "-pk")[:NAMED]
    names = register.called(rows)
    return {
        "rows": [
            {"outage": each, "name": names[each.pk], "is_on": each.ended_at is None or each.ended_at > at}
            for each in rows
        ],
        "on": Outage.objects.filter(is_on).count(),
    }
