"""When a shop's pending money becomes its own: not while its sales are suspended (machines O20, clocks: pause)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from orders import escrow
from orders.models import Order, Unit
from shops.models import Deposit, Sanction
from shops.sanctions import IN_FORCE, Step
from shops.states import DepositState
from timeline.door import change_all, note

#: How long until a suspended shop's money is looked at again.
LOOK_AGAIN = timedelta(hours=24)


def settle(order: Order, units: Sequence[Unit], *, at: datetime) -> None:
    """The shop's pending money of `units` that are due becomes available; of a suspended shop it stays pending.

    So it is there for whoever claims against the shop meanwhile. Once the shop may sell again, the next look settles
    it. The order is locked.
    """
    due = [unit for unit in units if unit.is_due_for_settlement(at)]
    if not due:
        return
    if not _is_suspended(order, at):
        escrow.settle(order, due, at=at)
        return
    for unit in due:
        unit.settle_at = at + LOOK_AGAIN
    change_all(due, ["settle_at"])
    data = {"units": [unit.place for unit in due], "until": (at + LOOK_AGAIN).isoformat()}
    note(order, "order.settlement_waits", by=None, at=at, data=data)


def _is_suspended(order: Order, at: datetime) -> bool:
    """Whether the shop's deposit stopped its sales, or a person of the mall did, until then.

    What figures stop withholds the money of the goods concerned, not the whole (rules 6.2, hard stops). A closing that
    was carried out is no suspension any more: what is left goes its way.
    """
    stands = Sanction.objects.filter(
        Q(until__gt=at) | Q(step=Step.CLOSING),
        shop=OuterRef("shop"),
        step__in=[Step.NO_SALES, Step.CLOSING],
        state__in=IN_FORCE,
        imposed_by__isnull=False,
    )
    found = Deposit.objects.filter(Q(state=DepositState.SUSPENDED) | Exists(stands), shop=order.shop_id)
    return found.exists()
