"""The figures of an order over all its units: one query for 1 or 500 of them. Amounts are integer fen."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum

from ledger.accounts import balance
from orders.models import Order, Unit
from orders.states import Delivery

SEEN = [Delivery.REVEALED, Delivery.USED, Delivery.PARTIAL]


@dataclass(frozen=True)
class Figures:
    """How many units there are and where their money is.

    `to_shop` and `kept` (the platform's commission) are the parts of what was released; `paid_back` is what the buyer
    got from whomever; `fee` is what was kept from a refund for the buyer's own reason.
    """

    units: int
    delivered: int
    seen: int
    in_cases: int
    #: Units whose money a confirmation would release.
    to_confirm: int
    #: Units without an open case of which something can still go back.
    to_claim: int
    held: int
    to_shop: int
    kept: int
    paid_back: int
    fee: int


def figures_of(order: Order) -> Figures:
    """Where the units of an order and their money are now."""
    found: dict[str, Any] = order.units.aggregate(
        units=Count("pk"),
        delivered=Count("pk", filter=~Q(delivery=Delivery.UNDELIVERED)),
        seen=Count("pk", filter=Q(delivery__in=SEEN)),
        in_cases=Count("pk", filter=~Q(held_by="")),
        to_confirm=Count("pk", filter=Q(held__gt=0, held_by="")),
        to_claim=Count("pk", filter=Q(held_by="", paid__gt=F("refunded") + F("covered") + F("fee"))),
        held=Sum("held", default=0),
        released=Sum("released", default=0),
        kept=Sum("commission", default=0),
        refunded=Sum("refunded", default=0),
        covered=Sum("covered", default=0),
        fee=Sum("fee", default=0),
    )
    released, covered, refunded = found.pop("released"), found.pop("covered"), found.pop("refunded")
    return Figures(**found, to_shop=released - found["kept"], paid_back=refunded + covered)


def exposed(shop: Any) -> int:
    """What open cases may still cost a shop, in fen, of money that is its own: beyond what is set aside.

    Units in escrow or pending are not counted: their money answers for itself.
    """
    open_ = Unit.objects.filter(~Q(held_by=""), order__shop=shop, settled_at__isnull=False)
    claimed = open_.aggregate(sum=Sum("released"))["sum"] or 0
    return max(0, claimed - balance(shop.account("reserved"))) if claimed else 0
