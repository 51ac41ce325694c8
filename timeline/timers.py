"""Clocks as rows: start, pause, resume, cancel, fire. Losing or doubling a task changes nothing here."""

from datetime import datetime, timedelta

from django.db import transaction

from timeline import spans
from timeline.machines import machines
from timeline.models import Timer, Tracked
from timeline.spans import Span

#: After so many failures a clock is given up, shown as stuck and raised as an alarm.
MOST_TRIES = 8
#: What a party has at least when its clock runs again; an inspection gets 24 hours (domain: Clocks).
RESUME_AT_LEAST = timedelta(hours=12)


def start(*, root: str, subject: str, limit: str, span: Span, at: datetime) -> Timer:
    """Start the clock `limit` on `subject`; a second live clock of the same name is refused by the database."""
    due_at = spans.deadline(span, at)
    return Timer.objects.create(
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


def pause(thing: Tracked, limit: str, *, at: datetime) -> None:
    """Stop a clock of a locked thing; what is left is kept. A clock that is over cannot be stopped any more."""
    stopped = Timer.objects.filter(subject=thing.address, limit=limit, state=Timer.State.RUNNING, due_at__gt=at)
    if not stopped.update(state=Timer.State.PAUSED, paused_at=at):
        raise LookupError(f"{thing.address} has no running clock {limit} at {at}.")
    _show(thing, limit, None)


def resume(thing: Tracked, limit: str, *, at: datetime, at_least: timedelta = RESUME_AT_LEAST) -> datetime:
    """Let a clock run again with what was left, and `at_least` so much; returns the new deadline."""
    timer = Timer.objects.get(subject=thing.address, limit=limit, state=Timer.State.PAUSED)
    left = timer.left
    assert left is not None  # guaranteed by a constraint
    timer.state, timer.paused_at, timer.due_at = Timer.State.RUNNING, None, at + max(left, at_least)
    timer.next_try_at = timer.due_at
    timer.save(update_fields=["state", "paused_at", "due_at", "next_try_at"])
    _show(thing, limit, timer.due_at)
    return timer.due_at


def cancel(subject: str, limit: str, *, at: datetime) -> None:
    """End a clock that nobody needs any more. One that has just fired, or never ran, is left as it is."""
    Timer.objects.live().filter(subject=subject, limit=limit).update(
        state=Timer.State.CANCELLED, ended_at=at, paused_at=None
    )


@transaction.atomic
def fire(timer_id: int, *, at: datetime) -> bool:
    """Call the verb whose time has come, once: lock the root, then the clock, and look again.

    Returns whether it fired; another worker, a person or a pause may have been faster. The verb is the same one that a
    person uses, with nobody as the actor.
    """
    from timeline import door

    timer = Timer.objects.get(pk=timer_id)
    thing = find(timer.subject)
    door.lock(thing)
    timer = Timer.objects.select_for_update(of=("self",)).get(pk=timer_id)
    if timer.state != Timer.State.RUNNING or timer.due_at > at:
        return False
    timer.state, timer.ended_at = Timer.State.FIRED, at
    timer.save(update_fields=["state", "ended_at"])
    data = {"limit": timer.limit, "due_at": timer.due_at.isoformat(), "span": str(timer.span)}
    door.note(thing, f"{thing.machine.name}.clock_fired", by=None, at=at, data=data)
    thing.machine.expired(thing, limit=timer.limit, at=at)
    return True


@transaction.atomic
def record_failure(timer_id: int, error: BaseException, *, at: datetime) -> bool:
    """Remember that firing failed; wait longer each time. Returns whether the clock is now given up (an alarm)."""
    timer = Timer.objects.select_for_update(of=("self",)).get(pk=timer_id)
    timer.tries += 1
    timer.next_try_at = at + timedelta(seconds=2**timer.tries)
    timer.last_error = f"{type(error).__name__}: {error}"[:2000]
    if timer.tries >= MOST_TRIES:
        timer.state = Timer.State.STUCK
    timer.save(update_fields=["tries", "next_try_at", "last_error", "state"])
    return timer.state == Timer.State.STUCK


def fire_overdue(root: str, *, at: datetime) -> int:
    """Fire what is overdue at one root, before a person acts on it; each in a transaction of its own."""
    ids = list(Timer.objects.due(at).filter(root=root).values_list("pk", flat=True))
    return sum(fire(pk, at=at) for pk in ids)


def find(address: str) -> Tracked:
    """The thing that an address (`deposit:7`) names."""
    name, _, pk = address.partition(":")
    return machines[name].model._base_manager.get(pk=int(pk))  # type: ignore[no-any-return]


def _show(thing: Tracked, limit: str, due_at: datetime | None) -> None:
    """Keep the thing's own deadline equal to the clock of its state."""
    if thing.machine.limits.get(thing.state) != limit:
        return
    thing.deadline_at = due_at
    type(thing)._base_manager.filter(pk=thing.pk).update(deadline_at=due_at)
