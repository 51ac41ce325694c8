"""The sweep: finds what is due and fires it. Any number may run, none is needed twice, and a lost one loses nothing."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet, Subquery

from timeline import door, outages, page, reminders
from timeline.models import Outage, Timer, find_to_lock
from timeline.page import verb
from timeline.reading import made_once

log = logging.getLogger(__name__)

#: After so many failures a clock is given up, shown as stuck and raised as an alarm.
MOST_TRIES = 8
#: So many clocks one sweep takes on at a time, and for so long nobody else does: longer than firing them takes, short
#: enough that a sweep that was killed is not missed.
LEASED, LEASE = 50, timedelta(seconds=30)


@dataclass
class Swept:
    """What one sweep did: clocks it fired, clocks somebody else was faster with, and clocks whose verb failed."""

    fired: int = 0
    passed: int = 0
    failed: int = 0


def sweep(*, at: datetime, most: int = 500) -> Swept:
    """Fire up to `most` clocks that are due at `at`, each in a transaction of its own.

    One subject that fails never blocks the rest: its failure is recorded, it is tried again later, and after
    `MOST_TRIES` failures it is given up as stuck, with an alarm in the log and a word in the history of its thing.
    """
    done = Swept()
    while most > 0 and (leased := lease(min(most, LEASED), at=at)):
        most -= len(leased)
        for timer_id, of in leased.items():
            try:
                if fire(timer_id, at=at, of=of):
                    done.fired += 1
                else:
                    done.passed += 1
            except Exception as error:
                done.failed += 1
                given_up = record_failure(timer_id, error, at=at)
                log.log(logging.CRITICAL if given_up else logging.ERROR, "clock %s failed", timer_id, exc_info=error)
                if given_up:
                    _say_so(timer_id, at=at)
    return done


def lease(most: int, *, at: datetime) -> dict[int, tuple[str, str]]:
    """Take on up to `most` clocks that are due, in a transaction of its own, so that many sweeps share the work.

    A lease only keeps other sweeps away for half a minute: it is no permission, and whoever fires looks again under the
    lock. A person who acts on the thing does not ask for it.
    """
    with connection.cursor() as cursor:
        # An array is made once, whatever the planner believes; a join with what is due might go the other way round.
        cursor.execute(
            "update timeline_timer set leased_until = %s where id = any (array("
            " select id from timeline_timer"
            "  where state = 'running' and due_at <= %s and next_try_at <= %s"
            "    and (leased_until is null or leased_until <= %s)"
            "  order by due_at, id limit %s for update skip locked)) returning due_at, id, subject, root",
            [at + LEASE, at, at, at, most],
        )
        return {pk: (subject, root) for _due_at, pk, subject, root in sorted(cursor.fetchall())}


def fire_overdue(root: str, *, at: datetime) -> int:
    """Fire what is overdue at one root, before a person acts on it; each in a transaction of its own."""
    due = list(Timer.objects.due(at).filter(root=root).values_list("pk", "subject"))
    return sum(fire(pk, at=at, of=(subject, root)) for pk, subject in due)


@verb
def fire(timer_id: int, *, at: datetime, of: tuple[str, str] | None = None) -> bool:
    """Call the verb whose time has come, once: lock the root, then the clock, and look again.

    `of` are the subject and the root of the clock, which never change, if the caller has read them. Returns whether it
    fired; another worker, a person or a pause may have been faster. The verb is the same one that a person uses, with
    nobody as the actor.
    """
    subject, root = of or Timer.objects.values_list("subject", "root").get(pk=timer_id)
    thing = find_to_lock(subject, root)
    door.lock(thing)
    timer = _to_fire().one(timer_id)
    is_something_down = timer.down_since is not None and timer.down_since <= at
    if timer.state == Timer.State.RUNNING and timer.due_at <= at and is_something_down:
        outages.hold_back(timer, thing, at=at)
    if timer.state != Timer.State.RUNNING or timer.due_at > at:
        return False
    if reminders.is_short_of_reminders(timer):
        reminders.postpone(thing, timer, at=at)
        return False
    page.change(timer, before=("state", Timer.State.RUNNING), state=Timer.State.FIRED, ended_at=at)
    data = {
        "limit": timer.limit,
        "due_at": timer.due_at.isoformat(),
        "span": str(timer.span),
        "rulebook": timer.rulebook or getattr(thing, "rulebook_version", ""),
    }
    door.note(thing, f"{thing.machine.name}.clock_fired", by=None, at=at, data=data)
    thing.machine.expired(thing, limit=timer.limit, at=at)
    return True


@made_once
def _to_fire() -> QuerySet[Timer]:
    """A clock under its lock, with since when something is down, the platform or anything else of the mall."""
    down = Outage.objects.unsettled().order_by("began_at").values("began_at")[:1]
    return Timer.objects.select_for_update(of=("self",)).annotate(down_since=Subquery(down)).filter(pk=0)


@verb
def record_failure(timer_id: int, error: BaseException, *, at: datetime) -> bool:
    """Remember that firing failed; wait longer each time. Returns whether the clock is now given up (an alarm)."""
    timer = Timer.objects.select_for_update(of=("self",)).get(pk=timer_id)
    if timer.state != Timer.State.RUNNING:
        return False  # somebody fired or ended it in the meantime
    timer.tries += 1
    timer.next_try_at = at + timedelta(seconds=2**timer.tries)
    timer.leased_until = None
    timer.last_error = f"{type(error).__name__}: {error}"[:2000]
    if timer.tries >= MOST_TRIES:
        timer.state = Timer.State.STUCK
    timer.save(update_fields=["tries", "next_try_at", "leased_until", "last_error", "state"])
    return timer.state == Timer.State.STUCK


@verb
def note_stuck(timer_id: int, *, at: datetime) -> None:
    """A clock was given up: it stands in the history of its thing, and whoever lets it run on is told.

    What failed is not repeated there: it may quote what nobody else may read, and the history is kept for ever.
    """
    subject, root = Timer.objects.values_list("subject", "root").get(pk=timer_id)
    thing = find_to_lock(subject, root)
    door.lock(thing)
    timer = Timer.objects.get(pk=timer_id)
    if timer.state == Timer.State.STUCK:  # else somebody let it run on in the meantime
        data = {"limit": timer.limit, "tries": timer.tries}
        door.note(thing, f"{thing.machine.name}.clock_stuck", by=None, at=at, data=data)


def _say_so(timer_id: int, *, at: datetime) -> None:
    """A thing so broken that nothing can be noted of it must not stop the sweep either: the alarm is in the log."""
    try:
        note_stuck(timer_id, at=at)
    except Exception:
        log.exception("clock %s was given up, and its history cannot say so", timer_id)
