"""Clocks as rows: start, pause, resume, cancel. They fire in `timeline.sweep`."""

from datetime import datetime, timedelta

from timeline import page, spans
from timeline.models import Timer, Tracked
from timeline.spans import Span

#: What a party has at least when its clock runs again; an inspection gets 24 hours (domain: Clocks).
RESUME_AT_LEAST = timedelta(hours=12)


def start(*, root: str, subject: str, limit: str, span: Span, at: datetime) -> None:
    """Start the clock `limit` on `subject`; a second live clock of the same name is refused by the database."""
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
    )
    page.insert([timer])


def start_until(*, root: str, subject: str, limit: str, until: datetime | None, at: datetime) -> None:
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
    )
    page.insert([timer])


def pause(thing: Tracked, limit: str, *, at: datetime) -> None:
    """Stop a clock of a locked thing; what is left is kept. A clock that is over cannot be stopped any more."""
    stopped = Timer.objects.filter(subject=thing.address, limit=limit, state=Timer.State.RUNNING, due_at__gt=at)
    if not stopped.update(state=Timer.State.PAUSED, paused_at=at):
        raise LookupError(f"{thing.address} has no running clock {limit} at {at}.")
    _show(thing, limit, None)


def resume(thing: Tracked, limit: str, *, at: datetime, at_least: timedelta = RESUME_AT_LEAST) -> datetime:
    """Let a clock run again with what was left, and `at_least` so much; returns the new deadline."""
    timer = Timer.objects.get(subject=thing.address, limit=limit, state=Timer.State.PAUSED)
    timer.state, timer.due_at = Timer.State.RUNNING, at + max(timer.left, at_least)
    timer.paused_at = None
    timer.next_try_at = timer.due_at
    timer.save(update_fields=["state", "paused_at", "due_at", "next_try_at"])
    _show(thing, limit, timer.due_at)
    return timer.due_at


def cancel(subject: str, limit: str, *, at: datetime) -> None:
    """End a clock that nobody needs any more. One that has just fired, or never ran, is left as it is."""
    live = Timer.objects.live().filter(subject=subject, limit=limit)
    page.update(live, state=Timer.State.CANCELLED, ended_at=at, paused_at=None)


def _show(thing: Tracked, limit: str, due_at: datetime | None) -> None:
    """Keep the thing's own deadline equal to the clock of its state."""
    if thing.machine.limits.get(thing.state) != limit:
        return
    page.change(thing, deadline_at=due_at)
