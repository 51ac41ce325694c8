"""Reminders: at half of a clock, at four fifths, and an hour before its end; and whether they were delivered.

A reminder is an event of the thing, written once; the room above that tells people turns it into an inbox entry and a
mail, and reports from below when it was delivered. The moments are computed from the clock, so starting one costs
nothing. docs/decisions/0012 says why.
"""

import logging
from datetime import datetime, timedelta

from timeline import door
from timeline.models import Reminder, Timer, Tracked, find
from timeline.moments import next_after
from timeline.spans import SHANGHAI

log = logging.getLogger(__name__)

#: So many must be delivered before a clock may fire whose firing hurts the buyer; else it is given this much, once.
NEEDED = 2
POSTPONED_BY = timedelta(hours=24)
#: A reminder that could not be written is tried again after so long.
AGAIN = timedelta(minutes=1)


def remind(*, at: datetime, most: int = 500) -> int:
    """Remind of up to `most` clocks whose moment has come, each in a transaction of its own; returns how many.

    One that fails never blocks the rest: it is an error in the log, and tried again in a minute.
    """
    reminded = 0
    for pk in list(Timer.objects.to_remind(at).values_list("pk", flat=True)[:most]):
        try:
            reminded += remind_of(pk, at=at)
        except Exception:
            log.exception("clock %s could not remind", pk)
            Timer.objects.filter(pk=pk, next_reminder_at__lte=at).update(next_reminder_at=at + AGAIN)
    return reminded


@door.verb
def remind_of(timer_id: int, *, at: datetime) -> bool:
    """Write the reminder that is due as an event of the thing, once: lock the root, then the clock, and look again."""
    thing = find(Timer.objects.get(pk=timer_id).subject)
    door.lock(thing)
    timer = Timer.objects.select_for_update(of=("self",)).get(pk=timer_id)
    moment = timer.next_reminder_at
    if timer.state != Timer.State.RUNNING or moment is None or moment > at:
        return False  # somebody else reminded, or the clock has ended or stands still
    timer.next_reminder_at = next_after(at, started_at=_counted_from(timer), due_at=timer.due_at, owner=timer.owner)
    is_late = timer.due_at <= at  # found after the end: the clock itself speaks now
    if not is_late:
        timer.reminded += 1
        Reminder.objects.create(timer=timer, number=timer.reminded, at=at)
        data = {
            "timer": timer.pk,
            "number": timer.reminded,
            "limit": timer.limit,
            "due_at": timer.due_at.isoformat(),
            "owner": timer.owner,
        }
        door.note(thing, f"{thing.machine.name}.clock_reminded", by=None, at=at, data=data)
    timer.save(update_fields=["reminded", "next_reminder_at"])
    return not is_late


def delivered(*, timer: int, number: int, at: datetime) -> bool:
    """One reminder has reached its person: the mail server took it, or they opened the entry. The first time counts."""
    return bool(Reminder.objects.filter(timer=timer, number=number, delivered_at=None).update(delivered_at=at))


def is_short_of_reminders(timer: Timer) -> bool:
    """Whether a clock may not fire yet: its firing hurts the buyer, and fewer than two reminders were delivered."""
    if not timer.is_guarded or timer.postponed_at is not None:
        return False
    return Reminder.objects.filter(timer=timer, delivered_at__isnull=False).count() < NEEDED


def postpone(thing: Tracked, timer: Timer, *, at: datetime) -> None:
    """Give a locked clock that lacks reminders 24 hours more from now, once, with reminders on the way."""
    was_due_at, timer.postponed_at = timer.due_at, at
    timer.due_at = timer.next_try_at = at + POSTPONED_BY
    timer.next_reminder_at = next_after(at, started_at=at, due_at=timer.due_at, owner=timer.owner)
    timer.save(update_fields=["postponed_at", "due_at", "next_try_at", "next_reminder_at"])
    if thing.machine.limits.get(thing.state) == timer.limit:
        door.change(thing, deadline_at=timer.due_at)
    data = {
        "limit": timer.limit,
        "rulebook": timer.rulebook,
        "was_due_at": was_due_at.isoformat(),
        "due_at": timer.due_at.isoformat(),
        "until": f"{timer.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
    }
    door.note(thing, f"{thing.machine.name}.clock_postponed", by=None, at=at, data=data)


def _counted_from(timer: Timer) -> datetime:
    """From when the shares count: after a postponement its 24 hours are the whole."""
    return timer.postponed_at or timer.started_at
