"""Reading the stream of events once, from where one stopped, without missing what was committed late.

Events get their ids before they are committed, so an event may appear below ids that were read long ago. Therefore a
mark only moves over ids that nobody can commit any more (as the inbox does): a goal is set, and reached once every
transaction that was writing events at that moment has ended.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max

from reputation.models import Mark
from timeline.models import Event

#: So many events are read at once.
MOST = 1_000


def follow(name: str, do: Callable[[Sequence[Event]], None], *, at: datetime, most: int = MOST) -> int:
    """Give the next events to `do`, oldest first, in the transaction that moves the mark: each exactly once.

    Returns how many there were; 0 if there is nothing new, if it cannot be read yet, or if somebody else is at it.
    """
    with transaction.atomic():
        Mark.objects.get_or_create(name=name)
        mark = Mark.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if mark is None:
            return 0
        if mark.is_there():
            _look_ahead(mark)
        found: list[Event] = []
        if not mark.is_there() and not _in_flight() & set(mark.writers):
            ahead = Event.objects.filter(pk__gt=mark.event_id, pk__lte=mark.ahead_id)
            found = list(ahead.order_by("pk")[:most])
            do(found)
            mark.event_id = found[-1].pk if len(found) == most else mark.ahead_id
        mark.at = at
        mark.save(update_fields=["event_id", "ahead_id", "writers", "at"])
        return len(found)


def _look_ahead(mark: Mark) -> None:
    """Set the next goal: first the highest event there is, then who is writing. In this order, nobody is missed."""
    mark.ahead_id = max(mark.event_id, Event.objects.aggregate(highest=Max("pk"))["highest"] or 0)
    mark.writers = sorted(_in_flight())


def _in_flight() -> set[str]:
    """The other transactions of this database that are writing events: an insert holds this lock to the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select virtualtransaction from pg_locks"
            " where locktype = 'relation' and relation = 'timeline_event'::regclass and mode = 'RowExclusiveLock'"
            "   and database = (select oid from pg_database where datname = current_database())"
            "   and granted and pid is distinct from pg_backend_pid()"
        )
        return {row[0] for row in cursor.fetchall()}
