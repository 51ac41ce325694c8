"""What an award gave and nobody had stays owed to the buyer, and the shop's next income pays it. Amounts are fen.

The threefold part is never the guarantee fund's, and a fund can be empty: then the waterfall runs dry, and what is
missing is the buyer's claim on the shop. A run every half minute takes it out of what has become available to the shop,
or out of the deposit of one that closes; meanwhile the shop withdraws nothing of that. The buyer does nothing for it,
and reads it on a page of their own.
"""

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F, Sum

from disputes.models import Owed
from ledger import payouts, waterfall
from ledger.accounts import balances
from ledger.errors import LedgerError
from ledger.models import Payout
from ledger.waterfall import Source
from orders.models import Order
from shops.models import Shop
from shops.states import DepositState
from timeline import page
from timeline.door import change, locked, note, verb

log = logging.getLogger(__name__)


def book(order: Order, *, cause: str, missing: int, at: datetime) -> None:
    """A waterfall ran dry: what is `missing` is owed to the buyer. Called in the transaction that pays the rest."""
    row = Owed(cause=cause, order=order, shop=order.shop, buyer=order.buyer, amount=missing, since=at)
    page.insert([row], unless_there=True)


def collect_all(*, at: datetime, most: int = 100) -> int:
    """Pay what shops owe buyers out of what they have earned, the oldest first; returns how many got something.

    Only shops that have something are asked: the claims on one that earns nothing any more never stand before others.
    """
    unpaid = Owed.objects.filter(paid_at=None)
    owing = Shop.objects.filter(pk__in=unpaid.order_by().values("shop"))
    shops = list(owing.select_related("deposit").order_by("pk"))
    if not shops:
        return 0
    held = balances(pocket for each in shops for pocket in _pockets(each))
    able = [each.pk for each in shops if any(held[pocket] > 0 for pocket in _pockets(each))]
    waiting = list(unpaid.filter(shop__in=able).order_by("since", "pk")[:most]) if able else []
    return sum(_collected(each, at=at) for each in waiting)


@verb
def collect(owed: Owed, *, at: datetime) -> bool:
    """Pay one claim as far as the shop has something for it; whether there was anything to pay."""
    shop = locked(Shop, owed.shop_id)
    order = locked(Order, owed.order_id)
    found = Owed.objects.filter(pk=owed.pk, paid_at=None).first()
    if found is None:
        return False  # an appeal found meanwhile that it was not due
    owed = found
    held = balances(_pockets(shop))
    sources = [Source(pocket, held[pocket], "shop") for pocket in _pockets(shop)]
    legs = [(leg.address, leg.amount) for leg in waterfall.plan(owed.left, sources)]
    if not legs:
        return False
    amount = sum(part for _pocket, part in legs)
    cause = f"owed:{owed.pk}"
    payouts.plan(
        under=order.address,
        cause=cause,
        user=owed.buyer,
        legs=legs,
        destination=Payout.Destination.WALLET,
        payment=None,
        at=at,
        instant=False,
        key=f"{cause}:{owed.paid}",
        rulebook=order.rulebook_version,
    )
    paid = owed.paid + amount
    change(owed, paid=paid, paid_at=at if paid == owed.amount else None)
    data = {"amount": amount, "left": owed.amount - paid, "cause": owed.cause}
    note(order, "order.owed_paid", by=None, at=at, data=data)
    return True


def _collected(owed: Owed, *, at: datetime) -> bool:
    """The same for a run: money that was spent at the same moment keeps nobody behind it waiting."""
    try:
        return collect(owed, at=at)
    except LedgerError as error:
        log.warning("owed:%s is not paid now: %s", owed.pk, error)
        return False


def lessen(causes: Collection[str], *, most: int, at: datetime) -> int:
    """Of what `causes` awarded, up to `most` fen turned out not to be due: what nobody has paid of it yet is owed no
    more, the newest first. Returns how much that is. The order is locked."""
    gone = 0
    for row in Owed.objects.filter(cause__in=causes, paid_at=None).order_by("-pk"):
        part = min(row.left, most - gone)
        gone += part
        if part == row.amount:
            Owed.objects.filter(pk=row.pk).delete()
        elif part:
            change(row, amount=row.amount - part, paid_at=at if part == row.left else None)
    return gone


def _pockets(shop: Shop) -> list[str]:
    """What pays what a shop owes: what it has earned, and its deposit before that goes back to one that closes."""
    is_closing = shop.deposit.state == DepositState.CLOSING
    return [shop.account("available"), *([shop.account("deposit")] if is_closing else [])]


# Questions


def of_buyer(user: Any) -> Any:
    """What is or was owed to somebody, open claims first, then the newest."""
    found = Owed.objects.filter(buyer=user).select_related("order", "shop")
    return found.order_by(F("paid_at").asc(nulls_first=True), "-since", "-pk")


def of_shop(shop: Shop) -> int:
    """What a shop still owes buyers: it withdraws nothing of that."""
    sums = Owed.objects.filter(shop=shop, paid_at=None).aggregate(amount=Sum("amount"), paid=Sum("paid"))
    return (sums["amount"] or 0) - (sums["paid"] or 0)
