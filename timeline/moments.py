"""When a clock reminds of itself: computed from its beginning and its end, so that starting one costs nothing more."""

from datetime import datetime, timedelta

#: Parts of the whole clock at which somebody is reminded, in basis points, and the last call before its end.
SHARES_BP = (5_000, 8_000)
LAST_CALL = timedelta(hours=1)
#: Two reminders, or a reminder and the end, are never closer than this: a short clock has fewer.
LEAST_APART = timedelta(minutes=5)

#: Nobody can be reminded of a clock under which no person stands.
NOBODY = frozenset({"", "system", "platform", "channel", "supplier"})


def moments(started_at: datetime, due_at: datetime) -> list[datetime]:
    """When a clock that runs from `started_at` to `due_at` reminds, earliest first.

    A moment that would come less than five minutes after the one before it, or before the end, is left out: 15 minutes
    to pay have one reminder, an hour has two, from half a day on there are three.
    """
    whole = due_at - started_at
    wanted = sorted([*(started_at + whole * share / 10_000 for share in SHARES_BP), due_at - LAST_CALL])
    found: list[datetime] = []
    last = started_at
    for moment in wanted:
        if moment - last >= LEAST_APART and due_at - moment >= LEAST_APART:
            found.append(moment)
            last = moment
    return found


def next_after(at: datetime, *, started_at: datetime, due_at: datetime, owner: str) -> datetime | None:
    """The first moment after `at`; those that passed while nobody looked are not made up for one by one."""
    if owner in NOBODY:
        return None
    return next((moment for moment in moments(started_at, due_at) if moment > at), None)
