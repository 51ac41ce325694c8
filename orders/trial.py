"""The guided trial purchase: a first purchase in a shop that neither the buyer nor the mall knows well begins small.

Nobody has to. Whoever wants several is led to order one, told what to look at, and led on to the rest once it was good;
the money of the one waits in escrow meanwhile, and what is wrong with it is claimed as with every other order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from orders.parties import Side, side_of
from orders.states import Delivery, OrderState
from shops.models import CODES, Kind, Shop

#: Shops of these levels are new to the mall.
NEW_LEVELS = frozenset({Shop.Level.S0, Shop.Level.S1})
#: Orders that came to nothing make no shop known.
NOTHING_CAME = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})
#: In these states the buyer, or the clock for them, has said that it is good.
SAID_GOOD = frozenset({OrderState.COMPLETED, OrderState.SETTLED, OrderState.ARCHIVED})

CODE_CHECKS: list[str | Promise] = [
    _("Redeem it only where the notice says, never on a page that somebody sends you in a message."),
    _("Compare what arrives with the face value and the term that were promised, and the region with your account's."),
    _("If it is refused, take a picture of the whole message with the time, and claim: do not try it elsewhere."),
]
OTHER_CHECKS: list[str | Promise] = [
    _("Look in the account that you gave, not only at what the shop writes."),
    _("Compare the amount and the last day with what was promised."),
    _("Nobody of the shop needs your password or a code that was sent to your phone."),
]
ALWAYS: list[str | Promise] = [
    _("Was it there within the promised time?"),
    _("Did the shop ask you to pay or talk anywhere else? Then stop, and report it: outside nobody answers for it."),
]


@dataclass(frozen=True)
class Step:
    """One step of the way: a stable name, its words, and whether it is done."""

    name: str
    word: str | Promise
    is_done: bool


@dataclass(frozen=True)
class Trial:
    """A first order in an unknown shop: how far it has come, what to look at, and how it may go on."""

    steps: Sequence[Step]
    checks: Sequence[str | Promise]
    #: The first code that nobody has opened yet, by its place; nothing where there is none.
    sealed: int | None
    is_good: bool
    has_case: bool

    @property
    def now(self) -> str:
        """The name of the step that is next; empty when all is done."""
        return next((step.name for step in self.steps if not step.is_done), "")


def is_one(order: Order, user: Any) -> bool:
    """Whether an order is its buyer's first in a shop that was new when it was placed. One query."""
    if side_of(order, user) != Side.BUYER or order.state in NOTHING_CAME:
        return False
    if json.loads(order.snapshot.body)["shop"].get("level") not in NEW_LEVELS:
        return False
    earlier = Order.objects.filter(shop=order.shop_id, buyer=order.buyer_id, pk__lt=order.pk)
    return not earlier.exclude(state__in=NOTHING_CAME).exists()


def of(order: Order, user: Any) -> Trial | None:
    """The trial that an order is; nothing if it is none."""
    if not is_one(order, user):
        return None
    told = json.loads(order.snapshot.body)
    units = list(order.units.order_by("place"))
    is_code = told["kind"] in CODES or told["kind"] == Kind.GAME_ACCOUNT
    unseen = {Delivery.UNDELIVERED, Delivery.SEALED} if is_code else {Delivery.UNDELIVERED}
    is_tried = any(unit.delivery not in unseen for unit in units)
    has_case = any(unit.held_by or unit.refunded or unit.covered for unit in units)
    is_good = order.state in SAID_GOOD and not has_case
    steps = [
        Step("order", _("Order one"), True),
        Step("pay", _("Pay: the money waits in escrow"), order.paid_at is not None),
        Step("try", _("Open it and try it") if is_code else _("Look at what was delivered"), is_tried),
        Step("confirm", _("Say that it is good, or claim what is wrong"), is_good or has_case),
        Step("rest", _("Buy the rest"), _bought_again(order)),
    ]
    checks = [*(CODE_CHECKS if is_code else OTHER_CHECKS), *ALWAYS]
    sealed = next((unit.place for unit in units if unit.delivery == Delivery.SEALED and not unit.held_by), None)
    return Trial(steps, checks, sealed, is_good, has_case)


def _bought_again(order: Order) -> bool:
    later = Order.objects.filter(shop=order.shop_id, buyer=order.buyer_id, pk__gt=order.pk)
    return later.exclude(state__in=NOTHING_CAME).exists()
