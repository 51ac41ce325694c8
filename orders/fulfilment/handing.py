"""Where an order belongs now that its units moved on: handed over, paid back, released, settled, put away."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orders import coupons, escrow, lateness
from orders.models import Handover, Order, Unit
from orders.states import ORDER, Delivery, Grade, OrderState
from rulebook import clocks
from shops import stock
from shops.models import VAULTED, Kind, Way
from timeline import page, timers
from timeline.door import change, change_all, enter, note
from timeline.spans import Span, days, deadline

#: The variant of the inspection clock for each kind (timers: INSPECT).
INSPECT_VARIANTS = {
    Kind.POINT_CARD: "code",
    Kind.ACTIVATION_CODE: "code",
    Kind.DIRECT_TOPUP: "top_up",
    Kind.MEMBERSHIP: "membership",
    Kind.GAME_ACCOUNT: "account",
    Kind.CUSTOM_SERVICE: "service",
}
#: What is known of a unit once it was delivered: what was credited is used, a term that runs is used in part.
DELIVERED_AS = {
    Kind.DIRECT_TOPUP: Delivery.USED,
    Kind.MEMBERSHIP: Delivery.PARTIAL,
    Kind.CUSTOM_SERVICE: Delivery.USED,
}
#: Who delivered what nobody but one side can see, has said so; a supplier's answer is a record (domain: unit facts).
GRADES = {Way.SUPPLIER: Grade.VERIFIED, Way.STOCK: Grade.VERIFIED}


def promised(order: Order) -> dict[str, Any]:
    """What was promised when the order was placed; orders of before other ways were there came from the stock."""
    found: dict[str, Any] = json.loads(order.snapshot.body)
    return {"delivered_by": Way.STOCK, "asks": [], "product": "", **found}


def way_of(order: Order) -> Way:
    """How this order is delivered."""
    return Way(promised(order)["delivered_by"])


def deliver_codes(order: Order, *, at: datetime) -> None:
    """The codes that were set aside are bound to the order, sealed: delivered exactly once, inspection begins.

    In sets: as many statements for one unit as for 500.
    """
    span = inspection(order)
    page.update(
        order.units.filter(delivery=Delivery.UNDELIVERED),
        delivery=Delivery.SEALED,
        delivered_at=at,
        inspection_ends_at=deadline(span, at),
    )
    stock.sold(order.units.filter(card__isnull=False).values("card"), at=at)
    change(order, delivered_at=at)
    enter(order, OrderState.DELIVERED, by=None, at=at, span=span)


def hand_over(
    order: Order, units: Sequence[Unit], handover: Handover, *, among: Sequence[Unit], by: Any, at: datetime
) -> None:
    """Units of a locked, paid order were delivered, as `handover` proves; each has its own inspection from here on.

    `among` are all units of the order, read after the lock. A unit that a case holds stays held, with its whole
    inspection left. The order counts as delivered when nothing is awaited any more.
    """
    kind, ends_at = Kind(order.snapshot.listing.kind), deadline(inspection(order), at)
    for unit in units:
        unit.delivery, unit.grade = DELIVERED_AS[kind], GRADES.get(Way(handover.way), Grade.CLAIMED)
        unit.delivered_at, unit.inspection_ends_at, unit.handover = at, ends_at, handover
        if unit.held_by:
            unit.left_at_hold = ends_at - at
    change_all(units, ["delivery", "grade", "delivered_at", "inspection_ends_at", "handover", "left_at_hold"])
    data = {"units": [unit.place for unit in units], "way": handover.way, "reference": handover.reference}
    note(order, "order.units_delivered", by=by, at=at, data=data)
    advance(order, among, at=at)


def call_off(
    order: Order, units: Sequence[Unit], *, among: Sequence[Unit], why: str, by: Any, at: datetime, cause: str = ""
) -> None:
    """Units of a locked order that will not be delivered are paid back at once; their codes are for sale again.

    What the rules give for a promise that was broken meanwhile comes on top (`lateness`). `why` is for
    machines: `late`, `hard`, `failed`, `called_back`. Nothing is left awaited: the order goes on with what was
    delivered, or is cancelled.
    """
    held = {unit.pk: unit.held for unit in units if unit.held}
    if not held:
        return
    cause = cause or f"{order.address}:back:{units[0].place}"
    owed = lateness.owed(order, [unit for unit in units if unit.is_awaited()], at=at)
    escrow.give_back(
        order,
        among,
        grants=held,
        compensation=owed.compensation,
        platform_compensation=owed.by_platform,
        cause=cause,
        is_instant=True,
        at=at,
    )
    if owed.compensation:
        note(order, "order.compensated", by=None, at=at, data=owed.record() | {"cause": cause})
    give_stock_back(order)
    if any(unit.delivered_at or unit.is_awaited() for unit in among):
        places = [unit.place for unit in units]
        note(order, "order.units_called_off", by=by, at=at, data={"units": places, "why": why})
    advance(order, among, at=at, if_nothing=OrderState.CANCELLED, by=by, why=why)


def give_stock_back(order: Order) -> None:
    """Codes that nobody saw are for sale again."""
    if order.snapshot.listing.kind not in VAULTED:
        return
    cards = [unit.card for unit in order.units.select_related("card").order_by("place") if unit.card]
    order.units.update(card=None)
    stock.put_back(cards)


def advance(
    order: Order,
    units: Sequence[Unit],
    *,
    at: datetime,
    if_nothing: OrderState = OrderState.REFUNDED,
    by: Any = None,
    why: str = "",
) -> None:
    """Where a locked order belongs now that its units moved on; its one clock is the earliest of theirs.

    `if_nothing` is where it ends if every unit was given back.
    """
    if all(unit.is_given_back() for unit in units):
        if order.state in ORDER.terminal:
            return  # what came on top, or by an appeal, came after the order was over
        end_delivery(order, at=at)
        coupons.give_back(order, at=at)
        enter(order, if_nothing, by=by, at=at, data={"why": why} if why else None)
        return
    if order.state == OrderState.PAID:
        if any(unit.is_awaited() for unit in units):
            _arm_delivered(order, units, at=at)
            return
        end_delivery(order, at=at)
        change(order, delivered_at=at)
        enter(order, OrderState.DELIVERED, by=None, at=at, span=inspection(order))
    if order.state == OrderState.DELIVERED and not any(unit.held for unit in units):
        enter(order, OrderState.COMPLETED, by=None, at=at, span=settlement(order))
    if order.state == OrderState.COMPLETED and not any(unit.is_unsettled() for unit in units):
        enter(order, OrderState.SETTLED, by=None, at=at, span=warranty(order))
        return
    if order.state == OrderState.SETTLED:
        if order.is_overdue(at) and not any(unit.held_by for unit in units):
            enter(order, OrderState.ARCHIVED, by=None, at=at)
        elif order.is_overdue(at):
            escrow.arm(order, units, at=at)
        return
    escrow.arm(order, units, at=at)


def end_delivery(order: Order, *, at: datetime) -> None:
    """The clocks that run beside the hard limit while an order is delivered end with it."""
    if order.state == OrderState.PAID and way_of(order) != Way.STOCK:
        for limit in ("PROMISE", "INSPECT"):
            timers.cancel(order.address, limit, at=at)


def _arm_delivered(order: Order, units: Sequence[Unit], *, at: datetime) -> None:
    """While some units are awaited, a second clock looks after the inspection of those that are there already."""
    ends = [unit.inspection_ends_at for unit in units if unit.held and not unit.held_by and unit.inspection_ends_at]
    timers.cancel(order.address, "INSPECT", at=at)
    if ends:
        timers.start_until(
            root=order.root_address, subject=order.address, limit="INSPECT", until=min(ends), at=at, owner="buyer"
        )


def inspection(order: Order) -> Span:
    """How long a unit of this order is inspected (timers: INSPECT, by kind)."""
    variant = INSPECT_VARIANTS[Kind(order.snapshot.listing.kind)]
    return clocks.span("INSPECT", variant, version=order.rulebook_version)


def settlement(order: Order) -> Span:
    """How long released money waits before it is the shop's to withdraw (timers: SETTLE, by the shop's level)."""
    return clocks.span("SETTLE", order.shop.level, version=order.rulebook_version)


def warranty(order: Order) -> Span:
    """How long claims stay possible after settlement: the longest filing window, or longer if the shop pledged it."""
    return days(max(escrow.WARRANTY.amount, pledged_days(order)))


def pledged_days(order: Order) -> int:
    """For how many days after delivery the shop answers by its own word, as the listing said when it was bought."""
    return int(promised(order).get("warranty_days") or 0)
