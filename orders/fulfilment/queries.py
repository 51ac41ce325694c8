"""A shop asks its supplier about codes it delivered: while the answer is awaited, nobody's inspection runs out.

The clock stands still for five working days in all (domain: Clocks); the timeline counts them, and lets the clock run
again by itself when they are used up.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders import escrow
from orders.models import Order
from orders.parties import Side, side_of
from orders.states import OrderState
from timeline import timers
from timeline.door import change, change_all, lock, note, require, verb
from timeline.models import Pause, Timer

LIMIT = "INSPECT"


@verb
def ask_supplier(order: Order, *, by: Any, at: datetime) -> None:
    """The shop has asked its supplier about what it delivered: the inspection stands still until there is an answer.

    Refused: `not_your_turn`, `wrong_moment`, `supplier_took_too_long` where five working days are used up.
    """
    lock(order)
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop asks its supplier."))
    require(may_ask(order, at), "wrong_moment", _("No inspection runs that an answer could be awaited in."))
    timers.pause(order, LIMIT, at=at, cause=Pause.Cause.SUPPLIER)
    change(order, supplier_asked_at=at)
    note(order, "order.supplier_asked", by=by, at=at)


@verb
def supplier_answered(order: Order, *, by: Any, at: datetime) -> None:
    """The supplier has answered: the inspection goes on with what was left, 24 hours at least.

    Refused: `not_your_turn`, `wrong_moment` where nothing is awaited.
    """
    lock(order)
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop asks its supplier."))
    require(is_awaited(order), "wrong_moment", _("No answer of a supplier is awaited."))
    answer_came(order, by=by, at=at)


def answer_came(order: Order, *, by: Any, at: datetime) -> None:
    """Something was heard about a locked order: if that was awaited, its inspection goes on."""
    if not is_awaited(order):
        return
    units = escrow.units_of(order)
    ends = [until for unit in units if unit.held and (until := unit.next_at())]
    due_at = timers.resume(order, LIMIT, at=at, at_least=escrow.INSPECTION_AT_LEAST)
    further = due_at - min(ends) if ends else None
    for unit in units:
        if further and unit.held and not unit.held_by and unit.inspection_ends_at:
            unit.inspection_ends_at += further
    change_all(units, ["inspection_ends_at"])
    note(order, "order.supplier_answered", by=by, at=at)


def may_ask(order: Order, at: datetime) -> bool:
    """Whether an inspection of codes runs that can stand still for an answer."""
    return order.state == OrderState.DELIVERED and order.deadline_at is not None and order.deadline_at > at


def is_awaited(order: Order) -> bool:
    """Whether the order's inspection stands still for a supplier's answer; asked only where a supplier was asked."""
    if order.supplier_asked_at is None or order.state != OrderState.DELIVERED or order.deadline_at is not None:
        return False
    open_ = Pause.objects.filter(subject=order.address, limit=LIMIT, cause=Pause.Cause.SUPPLIER, ended_at=None)
    stands = Timer.objects.filter(subject=order.address, limit=LIMIT, state=Timer.State.PAUSED, outage=None)
    return open_.exists() and stands.exists()
