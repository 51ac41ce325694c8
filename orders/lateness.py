"""What a broken promise comes to where nobody files a claim: what is called off is compensated as a claim would be."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from orders import facts
from orders.models import Order, Unit
from rulebook import collected, versions
from rulebook.book import Book
from rulebook.collected import Answers, Records
from rulebook.decisions import Decision, Route
from rulebook.retroactive import decide_pinned

log = logging.getLogger(__name__)

#: The reason under which what never came is decided, whoever calls it off (rules 3.2: NOT_DELIVERED, T2 and late comp).
REASON = "NOT_DELIVERED"


class Owed(NamedTuple):
    """Fen on top of the price for units that came too late to be waited for, and what of it the platform pays."""

    compensation: int = 0
    by_platform: int = 0
    #: The rules that were applied and the version they stand in.
    rules: tuple[str, ...] = ()
    version: str = ""

    #: The units it is for, by their places.
    places: tuple[int, ...] = ()

    def record(self) -> dict[str, Any]:
        """As the order's event keeps it."""
        return {
            "units": list(self.places),
            "amount": self.compensation,
            "by_platform": self.by_platform,
            "rules": list(self.rules),
            "version": self.version,
        }


NOTHING = Owed()


def owed(order: Order, units: Sequence[Unit], *, at: datetime) -> Owed:
    """What the rules give beside the price of awaited `units` that will not be delivered any more, as of `at`.

    The rulebook that the order is pinned to decides, over the same records as a claim filed at this moment: whoever
    cancels a late order gets what whoever files a claim for it gets. Before the promised time it asks the database for
    nothing; later, as often for one unit as for 500.
    """
    due_at = facts.promised_at(order)
    if due_at is None or at <= due_at or not units:
        return NOTHING
    pinned = versions.book_of(order.rulebook_version)
    later = [version.book for version in versions.better_later(order.rulebook_version, at)]
    known = facts.known_of(order, units, REASON, book=pinned, at=at)
    decisions: dict[tuple[object, ...], Decision | None] = {}
    total = by_platform = 0
    places = []
    for unit in units:
        # Whoever was asked to deliver it will not: what they last said of it waits for nobody any more.
        records = replace(known[unit.pk].records, answers=Answers())
        alike = (unit.paid, tuple(sorted(collected.facts(records).items())))
        if alike not in decisions:
            decisions[alike] = _decided(records, pinned, later)
        decision = decisions[alike]
        if decision is not None and decision.route is Route.AUTO and decision.compensation:
            total += decision.compensation
            places.append(unit.place)
            by_platform += decision.compensation if decision.compensation_payer == "PLATFORM" else 0
    if not total:
        return NOTHING
    made = [decision for decision in decisions.values() if decision is not None]
    rules = {rule for decision in made for rule in decision.rules}
    return Owed(total, by_platform, tuple(sorted(rules)), made[0].version, tuple(places))


def _decided(records: Records, book: Book, later: Sequence[Book]) -> Decision | None:
    """What the engine says; if it fails, nothing comes on top by itself, and the price goes back all the same."""
    try:
        return decide_pinned(collected.claim(records, REASON), book, later)
    except Exception:
        log.exception("the rulebook could not decide what a broken promise comes to")
        return None
