"""All invariants of all rooms in one place: each a query that must return no rows. What is found raises the brake."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

import complaints.invariants
import disputes.invariants
import ledger.invariants
import notifications.invariants
import orders.invariants
import privacy.invariants
import refunds.invariants
import reputation.invariants
import shops.invariants
import support.invariants
import timeline.invariants
from ledger import brake
from ledger.models import BooksCheck

Scope = BooksCheck.Scope

ROOMS = [
    timeline.invariants,
    ledger.invariants,
    orders.invariants,
    refunds.invariants,
    shops.invariants,
    disputes.invariants,
    complaints.invariants,
    reputation.invariants,
    notifications.invariants,
    privacy.invariants,
    support.invariants,
]
#: While the brake is on, how long after one look at the whole books the next one is taken.
AGAIN_WHILE_BRAKED = timedelta(minutes=10)
#: How much earlier the look before must have been to count for what is about time.
CATCHING_UP = timedelta(seconds=30)
#: How long one question may take when the books are looked at for good.
PATIENCE = "10min"


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, with the offenders it names (the first hundred)."""

    rule: str
    offenders: list[str]


def checks() -> dict[str, str]:
    """Every invariant: what must be true, and the query that names who breaks it."""
    found = dict(timeline.invariants.machine_checks())
    for room in ROOMS:
        found.update(room.CHECKS)
    return found


def recent_checks() -> dict[str, str]:
    """Those that can be asked of what moved lately alone: `%(transfers)s` and `%(events)s` are where that begins."""
    found: dict[str, str] = {}
    for room in ROOMS:
        found.update(getattr(room, "RECENT", {}))
    return found


def late_checks() -> set[str]:
    """Those about time: somebody may just be catching up, so that only a second look in a row raises the brake."""
    return {rule for room in ROOMS for rule in getattr(room, "LATE", ())}


def violations() -> Iterator[Violation]:
    """Run every check; what comes out is wrong. Nothing is written."""
    for rule, query in checks().items():
        if offenders := _offenders(query, None):
            yield Violation(rule, offenders)


def look(*, scope: str, at: datetime) -> list[Violation]:
    """Look at the whole books, or at what moved lately, write down that it was done, and raise the brake if need be.

    What is about time (`late_checks`) raises it when the look before, half a minute ago or more, named the same
    offender. Not inside a transaction.
    """
    began = time.monotonic()
    earlier = list(BooksCheck.objects.order_by("-pk")[:2])
    marks = _marks()
    # Two looks back: what was being written at the last one may have got its number before it.
    since = {"transfers": earlier[1].transfer_mark, "events": earlier[1].event_mark} if len(earlier) > 1 else {}
    asked = checks() if scope == Scope.WHOLE else recent_checks()
    found = []
    for rule, query in asked.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = '{PATIENCE}'")
            params = None if scope == Scope.WHOLE else {"transfers": 0, "events": 0, **since}
            if offenders := _offenders(query, params):
                found.append(Violation(rule, offenders))
    BooksCheck.objects.create(
        scope=scope,
        at=at,
        seconds=time.monotonic() - began,
        rules=len(asked),
        broken={violation.rule: violation.offenders for violation in found},
        transfer_mark=marks["transfers"],
        event_mark=marks["events"],
    )
    before = earlier[0].broken if earlier and earlier[0].at <= at - CATCHING_UP else {}
    if serious := _serious(found, before):
        broken = {violation.rule: violation.offenders for violation in serious}
        brake.raise_brake(why=_in_a_line(serious), by=None, at=at, broken=broken)
    return found


def scope_of_the_minute(*, at: datetime) -> str:
    """What the look of every minute looks at: what moved lately, and the whole books while the brake waits for that."""
    on = brake.current()
    if on is None or brake.are_books_clean_since(on):
        return Scope.RECENT
    last = BooksCheck.objects.filter(scope=Scope.WHOLE, pk__gt=on.check_mark).order_by("-pk").first()
    return Scope.RECENT if last is not None and last.at > at - AGAIN_WHILE_BRAKED else Scope.WHOLE


def _offenders(query: str, params: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [str(row[0]) for row in cursor.fetchmany(100)]


def _marks() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce((select max(id) from ledger_transfer), 0),"
            " coalesce((select max(id) from timeline_event), 0)"
        )
        transfers, events = cursor.fetchone()
    return {"transfers": transfers, "events": events}


def _serious(found: list[Violation], before: dict[str, list[str]]) -> list[Violation]:
    late = late_checks()
    return [
        violation
        for violation in found
        if violation.rule not in late or set(violation.offenders) & set(before.get(violation.rule, []))
    ]


def _in_a_line(found: list[Violation]) -> str:
    """The rules that do not hold, in the language of the books: they are sentences of the source."""
    line = "; ".join(violation.rule for violation in found)
    return line if len(line) <= brake.LONGEST_REASON else f"{line[: brake.LONGEST_REASON - 2]} …"
