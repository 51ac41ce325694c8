"""The sweep: finds what is due and fires it. Any number may run, none is needed twice, and a lost one loses nothing."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from timeline import door
from timeline.models import Timer, find
from timeline.page import verb

log = logging.getLogger(__name__)

#: After so many failures a clock is given up, shown as stuck and raised as an alarm.
MOST_TRIES = 8


@dataclass
class Swept:
    """What one sweep did: clocks it fired, clocks somebody else was faster with, and clocks whose verb failed."""

    fired: int = 0
    passed: int = 0
    failed: int = 0


def sweep(*, at: datetime, most: int = 500) -> Swept:
    """Fire up to `most` clocks that are due at `at`, each in a transaction of its own.

    One subject that fails never blocks the rest: its failure is recorded, it is tried again later, and after
    `MOST_TRIES` failures it is given up as stuck, with an alarm in the log.
    """
    done = Swept()
    for timer_id in list(Timer.objects.due(at).values_list("pk", flat=True)[:most]):
        try:
            if fire(timer_id, at=at):
                done.fired += 1
            else:
                done.passed += 1
        except Exception as error:
            done.failed += 1
            given_up = record_failure(timer_id, error, at=at)
            log.log(logging.CRITICAL if given_up else logging.ERROR, "clock %s failed", timer_id, exc_info=error)
    return done


def fire_overdue(root: str, *, at: datetime) -> int:
    """Fire what is overdue at one root, before a person acts on it; each in a transaction of its own."""
    ids = list(Timer.objects.due(at).filter(root=root).values_list("pk", flat=True))
    return sum(fire(pk, at=at) for pk in ids)


@verb
def fire(timer_id: int, *, at: datetime) -> bool:
    """Call the verb whose time has come, once: lock the root, then the clock, and look again.

    Returns whether it fired; another worker, a person or a pause may have been faster. The verb is the same one that a
    person uses, with nobody as the actor.
    """
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


@verb
def record_failure(timer_id: int, error: BaseException, *, at: datetime) -> bool:
    """Remember that firing failed; wait longer each time. Returns whether the clock is now given up (an alarm)."""
    timer = Timer.objects.select_for_update(of=("self",)).get(pk=timer_id)
    if timer.state != Timer.State.RUNNING:
        return False  # somebody fired or ended it in the meantime
    timer.tries += 1
    timer.next_try_at = at + timedelta(seconds=2**timer.tries)
    timer.last_error = f"{type(error).__name__}: {error}"[:2000]
    if timer.tries >= MOST_TRIES:
        timer.state = Timer.State.STUCK
    timer.save(update_fields=["tries", "next_try_at", "last_error", "state"])
    return timer.state == Timer.State.STUCK
