"""How long a buyer must wait in all: 13 days over the whole case in which it is not the buyer's own turn.

The clock begins with the claim, stands still while the buyer is asked for something and while an authority stops the
case, and no clock of the staff ends later. When it is used up, a lead has 24 hours; then the rulebook's own figure is
advanced, up to ¥2,000 (machines: T30, D20, D35).
"""

from datetime import datetime, timedelta

from disputes.models import Dispute
from refunds.models import Refund
from refunds.states import REFUND
from rulebook import clocks
from timeline import page, timers
from timeline.models import Event, Pause, Timer
from timeline.spans import Kind, Span, deadline, hours, minutes

#: The clock of the whole case, and the one after it in which a lead may still decide.
WAIT, LAST = "BUYER_WAIT", "ADVANCE"
#: What a lead has when the time is used up.
LAST_SPAN = hours(24)
#: Advanced without a ruling at most, and what counts as so small that it is paid when people failed twice (D19, D35).
MOST, SMALLEST = 200_000, 5_000
NOTHING = timedelta(0)


def begin(dispute: Dispute, *, at: datetime) -> None:
    """The clock goes on from what the refund case has used up of it."""
    refund = dispute.refund
    whole = clocks.span(WAIT, version=refund.order.rulebook_version)
    left = max(deadline(whole, at) - at - used_by(refund, at=at), timedelta(minutes=1))
    span = Span(Kind.MINUTES, int(left.total_seconds()) // 60, rulebook=whole.rulebook)
    timers.start(root=dispute.root_address, subject=dispute.address, limit=WAIT, span=span, at=at, owner="lead")


def used_by(refund: Refund, *, at: datetime) -> timedelta:
    """How long the refund case has kept its buyer waiting for others so far."""
    used, since, state = NOTHING, refund.opened_at, REFUND.first
    steps = Event.objects.filter(subject=refund.address).exclude(state_after="").order_by("seq")
    with page.as_before():  # the step of this very verb is on the case itself
        before = list(steps.values_list("at", "state_after"))
    for when, after in [*before, (refund.entered_at, refund.state), (at, "")]:
        if REFUND.owners.get(state) != "buyer":
            used += max(when - since, NOTHING)
        since, state = when, after
    return used


def capped(dispute: Dispute, span: Span, *, at: datetime) -> Span:
    """A span of the staff, cut where it would end after the buyer's wait."""
    due = (
        Timer.objects.filter(subject=dispute.address, limit=WAIT, state=Timer.State.RUNNING)
        .order_by()
        .values_list("due_at", flat=True)
        .first()
    )
    if due is None or due <= at or deadline(span, at) <= due:
        return span
    left = minutes(max(int((due - at).total_seconds()) // 60, 1))
    return Span(left.kind, left.amount, rulebook=span.rulebook)


def give_last_chance(dispute: Dispute, *, at: datetime) -> None:
    """A lead has 24 hours now."""
    timers.start(root=dispute.root_address, subject=dispute.address, limit=LAST, span=LAST_SPAN, at=at, owner="lead")


def stand_still(dispute: Dispute, *, at: datetime) -> None:
    """It is the buyer's turn, or nobody's: the wait does not go on."""
    for limit in (WAIT, LAST):
        running = Timer.objects.filter(subject=dispute.address, limit=limit, state=Timer.State.RUNNING, due_at__gt=at)
        if running.exists():
            timers.pause(dispute, limit, at=at, cause=Pause.Cause.SUSPENSION)


def go_on(dispute: Dispute, *, at: datetime) -> None:
    """Others are to move again."""
    for limit in (WAIT, LAST):
        stopped = Timer.objects.filter(
            subject=dispute.address, limit=limit, state=Timer.State.PAUSED, outage__isnull=True
        )
        if stopped.exists():
            timers.resume(dispute, limit, at=at, at_least=NOTHING)


def over_at(dispute: Dispute) -> datetime | None:
    """When the rulebook's figure is advanced at the latest, as the clocks run now: the last chance after the wait."""
    running = Timer.objects.filter(subject=dispute.address, limit__in=(WAIT, LAST), state=Timer.State.RUNNING)
    due = dict(running.order_by("limit").values_list("limit", "due_at"))
    if LAST in due:
        return due[LAST]
    return deadline(LAST_SPAN, due[WAIT]) if WAIT in due else None


def stop(dispute: Dispute, *, at: datetime) -> None:
    """Nobody waits any more."""
    for limit in (WAIT, LAST):
        timers.cancel(dispute.address, limit, at=at)
