"""A case stands still by an order from outside the mall: suspend · renew · resume · go outside.

Only a lead suspends, with what orders it. After seven days it goes on by itself, unless a lead renews it with a reason.
The money stays held; every clock goes on with what was left, 12 hours at least.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from disputes import budget, course
from disputes.models import UNDECIDED, UNFINISHED, Appeal, Dispute, Side
from disputes.states import APPEAL, DisputeState
from timeline import timers
from timeline.door import change, enter, lock, note, rearm, require, verb
from timeline.models import Pause, Timer
from timeline.spans import deadline
from timeline.timers import RESUME_AT_LEAST


@verb
def suspend(dispute: Dispute, *, because: str, reference: str, by: Any, at: datetime) -> None:
    """A lead stops a case: an authority's written order, a court, or an outage, each with its number.

    Refused: `not_your_turn`, `wrong_moment`, `ground_missing`.
    """
    lock(dispute)
    course.require_lead(dispute, by)
    is_ground = because in {Dispute.Suspended.AUTHORITY, Dispute.Suspended.COURT, Dispute.Suspended.OUTAGE}
    require(
        is_ground and bool(reference.strip()),
        "ground_missing",
        _("Say what stops the case, with the number or date of the paper that orders it."),
    )
    _stop(dispute, because=because, reference=reference.strip()[:200], by=by, at=at)


@verb
def go_outside(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The platform itself is the respondent and the buyer takes it straight outside: nobody of its staff rules.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(dispute)
    require(dispute.side_of(by) == Side.BUYER, "not_your_turn", _("Only the buyer takes a case outside."))
    require(may_go_outside(dispute), "wrong_moment", course.WRONG_MOMENT)
    _stop(dispute, because=Dispute.Suspended.OUTSIDE, reference="", by=by, at=at)


@verb
def renew(dispute: Dispute, *, reason: str, by: Any, at: datetime) -> None:
    """A lead keeps the case suspended for seven days more and says why; both sides hear it.

    Refused: `not_your_turn`, `wrong_moment`, `reason_missing`.
    """
    lock(dispute)
    course.require_lead(dispute, by)
    require(dispute.state == DisputeState.SUSPENDED, "wrong_moment", course.WRONG_MOMENT)
    require(bool(reason.strip()), "reason_missing", _("Say why the case still stands still."))
    rearm(dispute, deadline(course.span_of(dispute, "SUSPEND"), at), at=at)
    note(dispute, "dispute.suspension_renewed", by=by, at=at, data={"reason": reason.strip()[:500]})


@verb
def resume(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """A lead lets a case go on where it stood; the buyer, where they took it outside.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(dispute)
    if not (dispute.side_of(by) == Side.BUYER and dispute.suspended_because == Dispute.Suspended.OUTSIDE):
        course.require_lead(dispute, by)
    require(dispute.state == DisputeState.SUSPENDED, "wrong_moment", course.WRONG_MOMENT)
    go_on(dispute, by=by, at=at)


def go_on(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The case goes on where it stood, with what was left of its clock, 12 hours at least."""
    state, left = dispute.suspended_in, dispute.suspended_left
    has_clock = state in dispute.machine.limits
    span = course.whole_minutes(max(left or timedelta(0), RESUME_AT_LEAST)) if has_clock else None
    change(dispute, suspended_in="", suspended_left=None, suspended_because="", suspended_reference="")
    enter(dispute, state, by=by, at=at, span=span, event="dispute.resumed")
    appeal = open_appeal(dispute)
    if appeal is not None and _is_stopped(appeal):
        timers.resume(appeal, APPEAL.limits[appeal.state], at=at)
    if not (state == DisputeState.QUESTIONED and dispute.waits_for == Side.BUYER):
        budget.go_on(dispute, at=at)


def may_go_outside(dispute: Dispute) -> bool:
    """Whether the buyer may take it outside: where the platform itself is the respondent, until it is decided, and
    while an appeal waits, which nobody of the house may decide alone."""
    return dispute.is_against_platform and dispute.state in {*UNDECIDED, DisputeState.APPEALED}


def open_appeal(dispute: Dispute) -> Appeal | None:
    """The appeal that is not over, if there is one."""
    return dispute.appeals.exclude(state__in=APPEAL.terminal).select_related("dispute__refund__order").first()


def _stop(dispute: Dispute, *, because: str, reference: str, by: Any, at: datetime) -> None:
    require(dispute.state in UNFINISHED, "wrong_moment", course.WRONG_MOMENT)
    appeal = open_appeal(dispute)
    if appeal is not None and appeal.deadline_at is not None and appeal.deadline_at > at:
        timers.pause(appeal, APPEAL.limits[appeal.state], at=at, cause=Pause.Cause.SUSPENSION)
    budget.stand_still(dispute, at=at)
    change(
        dispute,
        suspended_in=dispute.state,
        suspended_left=course.what_is_left(dispute, at),
        suspended_because=because,
        suspended_reference=reference,
    )
    data = {"because": because, "reference": reference}
    enter(dispute, DisputeState.SUSPENDED, by=by, at=at, span=course.span_of(dispute, "SUSPEND"), data=data)


def _is_stopped(appeal: Appeal) -> bool:
    return Timer.objects.filter(
        subject=appeal.address, limit=APPEAL.limits[appeal.state], state=Timer.State.PAUSED, outage__isnull=True
    ).exists()
