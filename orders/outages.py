"""What an outage does to the times of units: the order has one clock, each unit keeps its own time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from orders.models import Order, Unit
from orders.states import OrderState
from timeline.door import change_all
from timeline.models import Timer


def clocks_moved(moved: Sequence[tuple[Any, datetime | None, timedelta]]) -> None:
    """Clocks moved by an outage: what is true of an order's clock is true of its units', those in a case included.

    The first unit's time is where the order's clock now ends, every other moves as far. A unit that a case holds has as
    much more left as the outage took. The orders are locked.
    """
    orders_by = {thing.pk: thing for thing, _until, _by in moved if isinstance(thing, Order)}
    orders = {thing.pk: (until, by) for thing, until, by in moved if isinstance(thing, Order)}
    if not orders:
        return
    # While an order is delivered its clock is the hard limit; that of the units which came already runs beside it.
    paid = [thing.address for thing in orders_by.values() if thing.state == OrderState.PAID]
    rows = Timer.objects.filter(subject__in=paid, limit__in=["INSPECT", "PROMISE"], state=Timer.State.RUNNING)
    beside = list(rows) if paid else []
    inspected = {timer.subject: timer.due_at for timer in beside if timer.limit == "INSPECT"}
    _move_promises({timer.subject: timer.due_at for timer in beside if timer.limit == "PROMISE"}, orders_by.values())
    by_order: dict[int, list[Unit]] = defaultdict(list)
    for unit in Unit.objects.filter(order__in=orders).order_by("pk"):
        by_order[unit.order_id].append(unit)
    changed: list[Unit] = []
    for pk, units in by_order.items():
        until, by = orders[pk]
        ends = [end for unit in units if (end := unit.next_at())]
        if orders_by[pk].state == OrderState.PAID:
            until = inspected.get(orders_by[pk].address)
        further = until - min(ends) if until and ends else by
        for unit in units:
            if unit.held_by and unit.left_at_hold is not None:
                unit.left_at_hold += by
            elif unit.next_at() and unit.held and unit.inspection_ends_at:
                unit.inspection_ends_at += further
            elif unit.next_at() and unit.settle_at:
                unit.settle_at += further
            else:
                continue
            changed.append(unit)
    change_all(changed, ["inspection_ends_at", "settle_at", "left_at_hold"])


def _move_promises(ends: dict[str, datetime], orders: Iterable[Order]) -> None:
    """What is promised is told to people where its clock ends now."""
    moved = [order for order in orders if ends.get(order.address, order.promised_at) != order.promised_at]
    for order in moved:
        order.promised_at = ends[order.address]
    change_all(moved, ["promised_at"])
