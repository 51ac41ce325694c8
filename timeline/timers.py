"""Clocks as rows: start, pause, resume, cancel. They fire in `timeline.sweep`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from timeline import page, spans
from timeline.models import Pause, Timer, Tracked
from timeline.moments import next_after
from timeline.prepared import Kept
from timeline.refusals import require
from timeline.spans import Span
from timeline.statements import Statement

#: What a party has at least when its clock runs again; an inspection gets 24 hours (domain: Clocks).
RESUME_AT_LEAST = timedelta(hours=12)
#: States of a clock that has not ended.
LIVE = frozenset({Timer.State.RUNNING, Timer.State.PAUSED})
CANCELLING = Kept(
    "update timeline_timer set state = 'cancelled', ended_at = %s, paused_at = null"
    " where subject = %s and \"limit\" = %s and state in ('running', 'paused')"
)
#: How many working days clocks of one thing stand still for its supplier, in all.
SUPPLIER_MAY_TAKE = 5


def start(*, root: str, subject: str, limit: str, span: Span, at: datetime, owner: str = "") -> None:
    """Start the clock `limit` on `subject`; a second live clock of the same name is refused by the database.

    `owner` is who is under it and will be reminded.
    """
    due_at = spans.deadline(span, at)
    timer = Timer(
        root=root,
        subject=subject,
        limit=limit,
        kind=span.kind,
        amount=span.amount,
        started_at=at,
        due_at=due_at,
        is_provisional=span.kind != spans.Kind.MINUTES and spans.is_provisional(at, due_at),
        next_try_at=due_at,
        rulebook=span.rulebook,
        owner=owner,
        is_guarded=span.is_guarded,
        next_reminder_at=next_after(at, started_at=at, due_at=due_at, owner=owner),
    )
    page.insert([timer])


def start_until(*, root: str, subject: str, limit: str, until: datetime | None, at: datetime, owner: str = "") -> None:
    """Start a clock whose end is known, or one that stands still until it is resumed (`None`)."""
    due_at = until or at
    timer = Timer(
        root=root,
        subject=subject,
        limit=limit,
        kind=spans.Kind.MINUTES,
        amount=max(0, round((due_at - at).total_seconds() / 60)),
        state=Timer.State.RUNNING if until else Timer.State.PAUSED,
        started_at=at,
        due_at=due_at,
        paused_at=None if until else at,
        next_try_at=due_at,
        owner=owner,
        next_reminder_at=next_after(at, started_at=at, due_at=due_at, owner=owner),
    )
    page.insert([timer])


def pause(thing: Tracked, limit: str, *, at: datetime, cause: Pause.Cause = Pause.Cause.CLAIM) -> None:
    """Stop a clock of a locked thing; what is left is kept. A clock that is over cannot be stopped any more.

    Waiting for a supplier may stop the clocks of a thing for five working days in all; a pause that reaches them ends
    by itself (`upkeep.end_long_pauses`), and another one is refused: `supplier_took_too_long`.
    """
    ends_by = _supplier_has_until(thing, at) if cause == Pause.Cause.SUPPLIER else None
    stopped = Timer.objects.filter(subject=thing.address, limit=limit, state=Timer.State.RUNNING, due_at__gt=at)
    if not stopped.update(state=Timer.State.PAUSED, paused_at=at):
        raise LookupError(f"{thing.address} has no running clock {limit} at {at}.")
    page.insert([Pause(subject=thing.address, limit=limit, cause=cause, began_at=at, ends_by=ends_by)])
    _show(thing, limit, None)


def resume(thing: Tracked, limit: str, *, at: datetime, at_least: timedelta = RESUME_AT_LEAST) -> datetime:
    """Let a clock run again with what was left, and `at_least` so much; returns the new deadline.

    A clock that stands still for an outage is not resumed by anybody: the outage's end does it (`LookupError`).
    """
    timer = Timer.objects.filter(
        subject=thing.address, limit=limit, state=Timer.State.PAUSED, outage__isnull=True
    ).first()
    if timer is None:
        raise LookupError(f"{thing.address} has no clock {limit} that somebody stopped.")
    timer.state, timer.due_at = Timer.State.RUNNING, at + max(timer.left, at_least)
    timer.paused_at = None
    timer.next_try_at = timer.due_at
    timer.next_reminder_at = next_after(at, started_at=timer.started_at, due_at=timer.due_at, owner=timer.owner)
    timer.save(update_fields=["state", "paused_at", "due_at", "next_try_at", "next_reminder_at"])
    own = Pause.objects.filter(subject=thing.address, limit=limit, outage=None, ended_at=None)
    own.update(ended_at=at)
    _show(thing, limit, timer.due_at)
    return timer.due_at


def _supplier_has_until(thing: Tracked, at: datetime) -> datetime:
    """When the supplier's five working days are used up; a day that an earlier pause began counts as a whole one."""
    asked = Pause.objects.filter(subject=thing.address, cause=Pause.Cause.SUPPLIER, ended_at__isnull=False)
    used = sum(
        spans.working_days_touched(begin, end) for begin, end in asked.values_list("began_at", "ended_at") if end
    )
    require(
        used < SUPPLIER_MAY_TAKE,
        "supplier_took_too_long",
        _("The supplier has had five working days in all; the clock does not stand still for it any more."),
    )
    return spans.deadline(spans.working_days(SUPPLIER_MAY_TAKE - used), at)


def cancel(subject: str, limit: str, *, at: datetime) -> None:
    """End a clock that nobody needs any more. One that has just fired, or never ran, is left as it is."""
    for timer in page.new_rows(Timer):
        if (timer.subject, timer.limit) == (subject, limit) and timer.state in LIVE:
            # It was started by this very verb and is not written yet.
            timer.state, timer.ended_at, timer.paused_at = Timer.State.CANCELLED, at, None
            return
    page.gather(Timer, _cancelling, (subject, limit, at))


def _cancelling(ended: Sequence[tuple[str, str, datetime]]) -> list[Statement]:
    """The statements that end the live clocks among some, by subject, limit and time."""
    return [(CANCELLING, (at, subject, limit)) for subject, limit, at in ended]


def _show(thing: Tracked, limit: str, due_at: datetime | None) -> None:
    """Keep the thing's own deadline equal to the clock of its state."""
    if thing.machine.limits.get(thing.state) != limit:
        return
    page.change(thing, deadline_at=due_at)
