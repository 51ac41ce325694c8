"""Fills people's inboxes from what happened, and marks what they have read. No verb of the mall waits for it."""

import time
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from notifications import calls, mail
from notifications.models import Endpoint, HighWaterMark, Notification
from notifications.recipients import SILENT, TOLD, notices
from timeline.models import Event

#: Seconds that somebody who moves the time waits for people to be told.
PATIENCE = 2.0


@transaction.atomic
def catch_up(*, at: datetime, most: int = 1000) -> int:
    """Tell people what has happened since the last time, at most `most` events, and return how many notices there were.

    Events get their ids before they are committed, so an event may appear below ids that were read long ago. Therefore
    the mark only moves over ids that nobody can commit any more: a goal is set, and reached once every transaction that
    was writing events at that moment has ended. Running twice is harmless: one waits for nobody and does nothing.
    """
    HighWaterMark.objects.get_or_create(pk=1)
    mark = HighWaterMark.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if mark is None:
        return 0  # somebody else is at it
    told, left = 0, most
    while left > 0:
        if mark.is_there():
            _look_ahead(mark)
        if mark.is_there() or _in_flight() & set(mark.writers):
            break
        events = _untold(mark, left)
        told += _tell(events)
        mark.event_id = events[-1].pk if len(events) == left else mark.ahead_id
        left -= len(events)
    mark.at = at
    mark.save(update_fields=["event_id", "ahead_id", "writers", "at"])
    return told


def reach_people(at: datetime) -> None:
    """Tell and mail all that has happened before going on: where time is moved, nobody else comes in between.

    The workers may be at it too; whoever holds the mark has it for a moment only. After two seconds it goes on without.
    """
    until = time.monotonic() + PATIENCE
    while True:
        catch_up(at=at)
        mail.send_due(at=at, most=500)
        if not (_is_behind() or mail.is_due(at=at)) or time.monotonic() > until:
            return
        time.sleep(0.05)


def read(notification: Notification, *, at: datetime) -> None:
    """The person has opened it; the first time counts. A reminder that was opened was delivered."""
    if Notification.objects.unread().filter(pk=notification.pk).update(read_at=at):
        mail.delivered(notification, at=at)
    notification.refresh_from_db(fields=["read_at"])


def read_all(user: Any, *, up_to: int, at: datetime) -> int:
    """The person has seen the inbox down from notice `up_to`; later ones stay unread. Returns how many it were."""
    return Notification.objects.visible_to(user).unread().filter(pk__lte=up_to).update(read_at=at)


def count_unread(user: Any, most: int = 99) -> int:
    """How many notices wait to be read; one above `most` stands for “more than that”."""
    return Notification.objects.visible_to(user).unread().order_by()[: most + 1].count()


def _is_behind() -> bool:
    """Whether something happened of which somebody must still be told."""
    mark = HighWaterMark.objects.get(pk=1)
    return Event.objects.filter(pk__gt=mark.event_id, name__in=TOLD).exists()


def _look_ahead(mark: HighWaterMark) -> None:
    """Set the next goal: first the highest event there is, then who is writing. In this order, nobody is missed.

    Whoever holds an id below the goal and had not committed when it was read held the table's lock before; so either
    they still do, or they have committed and every later query sees what they wrote.
    """
    mark.ahead_id = max(mark.event_id, Event.objects.aggregate(highest=Max("pk"))["highest"] or 0)
    mark.writers = sorted(_in_flight())


def _in_flight() -> set[str]:
    """The other transactions of this database that are writing events: an insert holds this lock to the end.

    A virtual transaction's name is used again only after a restart of the database; then it makes us wait, not skip.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select virtualtransaction from pg_locks"
            " where locktype = 'relation' and relation = 'timeline_event'::regclass and mode = 'RowExclusiveLock'"
            "   and database = (select oid from pg_database where datname = current_database())"
            "   and granted and pid is distinct from pg_backend_pid()"
        )
        return {row[0] for row in cursor.fetchall()}


def _untold(mark: HighWaterMark, most: int) -> Sequence[Event]:
    """The next events up to the goal that concern anybody or any machine, oldest first."""
    ahead = Event.objects.filter(
        pk__gt=mark.event_id,
        pk__lte=mark.ahead_id,
        name__in=_known(is_any_machine_there=Endpoint.objects.there().exists()),
    )
    return list(ahead.order_by("pk")[:most])


@cache
def _known(*, is_any_machine_there: bool) -> frozenset[str]:
    """Names of events that somebody is told of, a person or a shop's machine."""
    heard = {name for name in SILENT if calls.is_heard(name)} if is_any_machine_there else set()
    return frozenset(TOLD) | heard


def _tell(events: Sequence[Event]) -> int:
    """One notice for each person whom an event concerns; what was told before is not told again."""
    calls.make(events)
    found = notices([event for event in events if event.name in TOLD])
    Notification.objects.bulk_create(found, ignore_conflicts=True, batch_size=1000)
    mail.post(found)
    return len(found)
