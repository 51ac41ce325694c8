"""All invariants of all rooms in one place: each is a query that must return no rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

import disputes.invariants
import ledger.invariants
import notifications.invariants
import orders.invariants
import refunds.invariants
import shops.invariants
import timeline.invariants


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, with the offenders it names (the first hundred)."""

    rule: str
    offenders: list[str]


def checks() -> dict[str, str]:
    """Every invariant: what must be true, and the query that names who breaks it."""
    rooms = [ledger.invariants.CHECKS, orders.invariants.CHECKS, refunds.invariants.CHECKS, shops.invariants.CHECKS]
    found = {**timeline.invariants.CHECKS, **timeline.invariants.machine_checks()}
    rooms.append(disputes.invariants.CHECKS)
    rooms.append(notifications.invariants.CHECKS)
    for checks_of_room in rooms:
        found.update(checks_of_room)
    return found


def violations() -> Iterator[Violation]:
    """Run every check; what comes out is wrong."""
    with connection.cursor() as cursor:
        for rule, query in checks().items():
            cursor.execute(query)
            offenders = [str(row[0]) for row in cursor.fetchmany(100)]
            if offenders:
                yield Violation(rule, offenders)
