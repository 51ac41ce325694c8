"""A unit is delivered a second time, because the first was no good: a new code of its own, or done again by the shop.

It stays the same unit with the same money. The old code is out of the trade; what was seen and said of it before is
history, and what is known of the unit from here on is known of the new one (`orders.facts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.fulfilment import handing
from orders.models import Attachment, Handover, Order, Unit
from orders.states import Delivery, Grade
from shops import stock
from shops.models import Card, Listing, Way
from timeline import page
from timeline.door import change_all, note
from timeline.spans import deadline


@dataclass(frozen=True)
class Renewal:
    """What a unit had and what it has now."""

    unit: Unit
    old_card: Card | None
    card: Card | None


def by_new_codes(
    order: Order, units: Sequence[Unit], listing: Listing, *, cause: str, is_bad: bool, by: Any, at: datetime
) -> tuple[Handover, list[Renewal]]:
    """Give `units` of a locked order new codes from the stock of `listing`, sealed; the old ones are void.

    `cause` is the case that holds the units. A code that anybody else has as well is never given. `is_bad`: the old
    ones count against their batches. Refused: `sold_out`.
    """
    cards = stock.take(listing, len(units), at=at, only_here=True)
    handover = Handover.objects.create(order=order, by=by, way=Way.STOCK, at=at, reference=cause)
    made = [Renewal(unit, unit.card, card) for unit, card in zip(units, cards, strict=True)]
    ends_at = deadline(handing.inspection(order), at)
    for renewal in made:
        unit = renewal.unit
        unit.card, unit.delivery, unit.grade, unit.handover = renewal.card, Delivery.SEALED, Grade.VERIFIED, handover
        unit.delivered_at, unit.inspection_ends_at = at, ends_at
        if unit.held:
            unit.left_at_hold = ends_at - at
    change_all(units, ["card", "delivery", "grade", "handover", "delivered_at", "inspection_ends_at", "left_at_hold"])
    stock.sold([card.pk for card in cards], at=at)
    old = sorted(renewal.old_card.pk for renewal in made if renewal.old_card)
    if is_bad:
        stock.failed(old, at=at)
    else:
        page.update(Card.objects.filter(pk__in=old, voided_at=None), voided_at=at)
    note(order, "order.units_renewed", by=by, at=at, data={"units": [unit.place for unit in units], "cause": cause})
    return handover, made


def by_hand(
    order: Order,
    units: Sequence[Unit],
    *,
    among: Sequence[Unit],
    cause: str,
    text: str,
    files: Sequence[Attachment],
    by: Any,
    at: datetime,
) -> tuple[Handover, list[Renewal]]:
    """The shop did it again for `units` of a locked order and says how; what was released stays with its own clock."""
    handover = Handover.objects.create(order=order, by=by, way=Way.SHOP, at=at, reference=cause, text=text)
    handover.files.set(files)
    left = {unit.pk: unit.left_at_hold for unit in units if not unit.held}
    handing.hand_over(order, units, handover, among=among, by=by, at=at)
    for unit in units:
        unit.left_at_hold = left.get(unit.pk, unit.left_at_hold)
    change_all([unit for unit in units if unit.pk in left], ["left_at_hold"])
    return handover, [Renewal(unit, None, None) for unit in units]


def is_renewed_by(unit: Unit, cause: str) -> bool:
    """Whether the case that holds a unit gave it what it has now, so that the buyer may look at it."""
    return unit.handover is not None and unit.handover.reference == cause
