"""The clocks of delivery: the promise, what the buyer may do once it is broken, and the hard limit behind it."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders import escrow
from orders.fulfilment import handing, ways
from orders.models import Order, Ticket, Unit
from orders.states import OrderState, Standing
from shops.models import Way
from timeline import timers
from timeline.door import change, change_all, lock, note, rearm, require, verb
from timeline.spans import deadline, minutes, working_days

#: The hard limit of delivery is the promise and this (timers: HARD). So much longer the buyer may wait, once.
GRACE_TO_HARD = timedelta(hours=24)
WAITS_LONGER = timedelta(hours=24)
#: At the hard limit a supplier is asked for its final answer and has so long to give it; who then still says that it is
#: being delivered is asked again and again, for five working days at most; who says nothing at all, for a day.
FINAL_ANSWER, ASKED_AGAIN = timedelta(minutes=30), timedelta(hours=6)
SILENCE, PENDING_FOR = timedelta(hours=24), 5


def begin(order: Order, *, at: datetime, promise: int) -> None:
    """The promise of `promise` minutes runs beside the hard limit for what is not delivered at once."""
    if handing.way_of(order) != Way.STOCK:
        timers.start(
            root=order.root_address,
            subject=order.address,
            limit="PROMISE",
            span=minutes(promise),
            at=at,
            owner=order.owner,
        )


def break_promise(order: Order, *, at: datetime) -> None:
    """The promised time is over and something is awaited: from here on the buyer may cancel at once, for nothing."""
    if order.state != OrderState.PAID or order.is_late:
        return
    change(order, is_late=True)
    note(order, "order.late", by=None, at=at)


def may_cancel_late(order: Order) -> bool:
    """Whether the buyer may cancel what is still awaited because the promise is broken."""
    return order.state == OrderState.PAID and order.is_late


def may_wait_longer(order: Order) -> bool:
    """Whether the buyer may give the shop another day, which is possible once and before the supplier's last word."""
    return (
        may_cancel_late(order) and not order.waits_longer and order.final_asked_at is None and bool(order.deadline_at)
    )


def cancel_late(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer of a late order does not wait any longer: what is awaited is paid back, whole and at once.

    The order is locked. What a supplier may be delivering at this moment is called back there first; it is paid back
    when the supplier says that it stopped. Refused: `not_late`, `case_open`.
    """
    require(order.is_late, "not_late", _("The promised time is not over yet."))
    units = escrow.units_of(order)
    awaited = [unit for unit in units if unit.is_awaited() and not unit.held_by]
    require(bool(awaited), "case_open", _("An open case holds what was not delivered; end it first."))
    free = ways.of(order).recall(awaited, at=at)
    asked = [unit.place for unit in awaited if unit not in free]
    if asked:
        note(order, "order.cancel_asked", by=by, at=at, data={"units": asked})
    handing.call_off(order, free, among=units, why="late", by=by, at=at)


@verb
def wait_longer(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer of a late order gives the shop another day, once. Refused: `not_your_turn`, `wrong_moment`."""
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer decides how long to wait."))
    require(
        may_wait_longer(order) and not order.is_overdue(at),
        "wrong_moment",
        _("Waiting longer is possible once, while the order is late."),
    )
    assert order.deadline_at is not None  # noqa: S101 - asked above
    until = order.deadline_at + WAITS_LONGER
    change(order, waits_longer=True)
    note(order, "order.wait_chosen", by=by, at=at, data={"until": until.isoformat()})
    rearm(order, until, at=at)


def reach_hard_limit(order: Order, *, at: datetime) -> None:
    """The hard limit is over. What was not delivered is paid back, unless a supplier is delivering it at this moment.

    Then its final answer is asked first; the clock goes on until there is one, or nobody can wait for it any longer.
    A unit that a case holds is the case's to decide; the clock looks again whether the case left it as it was.
    """
    units = escrow.units_of(order)
    awaited = [unit for unit in units if unit.is_awaited() and not unit.held_by]
    out = {ticket.unit_id: ticket for ticket in _under_way(order, awaited)}
    hopeless = [ticket for ticket in out.values() if order.final_asked_at and _is_hopeless(order, ticket, at)]
    for ticket in hopeless:
        ticket.standing, ticket.ended_at, ticket.next_try_at = Standing.GIVEN_UP, at, None
        del out[ticket.unit_id]
    change_all(hopeless, ["standing", "ended_at", "next_try_at"])
    over = [unit for unit in awaited if unit.pk not in out]
    if over:
        ways.of(order).recall([unit for unit in over if unit.pk not in {each.unit_id for each in hopeless}], at=at)
    if out:
        _ask_for_final_answers(order, list(out.values()), at=at)
    elif any(unit.is_awaited() and unit.held_by for unit in units):
        rearm(order, at + ASKED_AGAIN, at=at)
    whole = len(over) == len(units)
    handing.call_off(
        order,
        over,
        among=units,
        why="not delivered in time",
        by=None,
        at=at,
        cause=f"{order.address}:hard" if whole else "",
    )


def inspected_early(order: Order, *, at: datetime) -> None:
    """Units that came before the others are inspected: their money goes to the shop, the rest is still awaited."""
    units = escrow.units_of(order)
    escrow.release(order, [unit for unit in units if unit.is_due_for_release(at)], at=at)
    handing.advance(order, units, at=at)


def _under_way(order: Order, awaited: list[Unit]) -> list[Ticket]:
    if handing.way_of(order) not in {Way.SUPPLIER, Way.SYSTEM}:
        return []
    found = Ticket.objects.filter(unit__in=awaited, ended_at=None, sent_at__isnull=False)
    return list(found.order_by("pk"))


def _is_hopeless(order: Order, ticket: Ticket, at: datetime) -> bool:
    """Whether nobody can wait for the final answer any longer."""
    assert order.final_asked_at is not None  # noqa: S101 - asked by the caller
    if ticket.standing == Standing.PENDING and ticket.heard_at and ticket.heard_at >= order.final_asked_at:
        return deadline(working_days(PENDING_FOR), order.final_asked_at) <= at
    return order.final_asked_at + SILENCE <= at


def _ask_for_final_answers(order: Order, tickets: list[Ticket], *, at: datetime) -> None:
    """Those who may be delivering are asked now, and the hard limit is looked at again later."""
    first = order.final_asked_at is None
    if first:
        change(order, final_asked_at=at)
        note(order, "order.final_answer_asked", by=None, at=at, data={"tickets": [each.number for each in tickets]})
    for ticket in tickets:
        if ticket.way == Way.SUPPLIER:
            ticket.next_try_at = at
    change_all(tickets, ["next_try_at"])
    rearm(order, at + (FINAL_ANSWER if first else ASKED_AGAIN), at=at)
