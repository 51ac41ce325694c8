"""A channel paid a buyer back on its own account: its staff did after a complaint, or a bank took the money back.

One payout for all roads: what the channel gave back is booked as the payout of the case that is open, and nothing is
paid a second time (machines: R49, R50, D34). Amounts are fen.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _

from ledger import payouts
from ledger.accounts import lock_first
from ledger.models import OUTSIDE, Payment, Payout
from orders import escrow
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds import bargaining, endings, hooks, replacing
from refunds.models import Offer, Refund, RefundItem
from refunds.states import RefundState
from timeline import page
from timeline.door import change, change_all, lock, require, verb
from timeline.refusals import Refused

log = logging.getLogger(__name__)

#: Where a replacement is delivered or checked.
UNDER_WAY = frozenset({RefundState.REPLACING, RefundState.CHECKING})


@verb
def paid_by_channel(order: Order, *, reference: str, amount: int, cause: str, at: datetime) -> int:
    """Book that the order's channel gave `amount` fen back under its own number `reference`; returns what was booked.

    All of what an open case asks ends the case, less makes it smaller; of what was decided and not sent, only the rest
    is still sent. What one case leaves goes to the next one. Without a case, and for what they leave, the `cause`
    (`complaint:5`, `difference:3`) stands for it. What is more than the order has left is booked when the channel's own
    file tells of it: the buyer has that twice (`ledger.outside`). So is what cannot be booked at this moment (`book`
    refuses it).
    """
    lock(order)
    try:
        with page.part():
            return book(order, reference=reference, amount=amount, cause=cause, at=at)
    except Refused as refusal:
        log.warning("%s: what the channel paid under %s is not booked: %s", order.number, reference, refusal.code)
        return 0


@verb
def book(order: Order, *, reference: str, amount: int, cause: str, at: datetime) -> int:
    """The same. Refused: `being_sent` while our own payout is with the channel, `ruling_under_way`, `fund_short`."""
    lock(order)
    if order.paid_by == Order.PaidBy.WALLET or order.payment is None:
        return 0
    known = Payout.objects.filter(channel=order.payment.channel, key__endswith=f"{OUTSIDE}{reference}")
    if booked := known.aggregate(sum=Sum("amount"))["sum"]:
        return int(booked)
    lock_first(_accounts(order, order.payment))
    units, booked, looked_at = escrow.units_of(order), 0, set[int]()
    while booked < amount and (refund := _case(order, amount - booked, besides=looked_at)):
        looked_at.add(refund.pk)
        booked += _to_case(refund, units, amount - booked, reference=reference, cause=cause, at=at)
    grants = _over([unit for unit in units if not unit.held_by], _of_channel(order, amount - booked))
    if grants:
        orders.end_case(order, units=units, cause=cause, grants=grants, outside=reference, at=at)
    booked += sum(grants.values())
    require(
        (known.aggregate(sum=Sum("amount"))["sum"] or 0) == booked,
        "fund_short",
        _(
            "Whoever is to pay does not have it: the shop and behind it the guarantee fund, or the platform where it"
            " owes it. Fund it first."
        ),
    )
    return booked


def told_by_file(payment: Payment, *, reference: str, amount: int, cause: str, at: datetime) -> int:
    """The same for a channel's settlement file, which knows the charge: the ledger asks it for the order it paid."""
    order = Order.objects.get(pk=int(payment.subject.removeprefix("order:")))
    return book(order, reference=reference, amount=amount, cause=cause, at=at)


def _accounts(order: Order, payment: Payment) -> list[str]:
    """Every account that may answer: several cases are paid one after the other, and what the buyer has twice after
    that comes off the balance or out of the fund (`ledger.outside`)."""
    shop, buyer, channel = order.shop, order.buyer, f"channel:{payment.channel}"
    return [
        *(channel, f"{channel}:out", order.escrow, f"{buyer.address}:wallet", f"{buyer.address}:debt"),
        *(shop.account(name) for name in ("pending", "available", "deposit", "reserved", "debt")),
        *(f"platform:{name}" for name in ("fees", "own", "coupons", "fund", "recoverable", "suspense")),
    ]


def _to_case(refund: Refund, units: list[Unit], amount: int, *, reference: str, cause: str, at: datetime) -> int:
    """What of `amount` an open case takes, in fen."""
    if refund.state == RefundState.APPROVED:
        return _instead(refund, amount, reference=reference, at=at)
    items = endings.items_of(refund)
    mine = {item.unit_id for item in items}
    grants = _over([unit for unit in units if unit.pk in mine], _of_channel(refund.order, amount))
    if not grants:
        return 0
    is_ordered = refund.state in UNDER_WAY and hooks.ordered_sum(refund) is not None
    due = replacing.owed_in_full(refund) if is_ordered else refund.asked + refund.compensation
    if sum(grants.values()) < min(due, sum(u.left for u in units if u.pk in mine)):
        _smaller(refund, items, units, grants, reference=reference, cause=cause, at=at)
    else:
        _whole(refund, items, units, grants, reference=reference, at=at)
    return sum(grants.values())


def _instead(refund: Refund, amount: int, *, reference: str, at: datetime) -> int:
    """It was decided and not sent: what the channel paid is not sent any more, and all of it ends the case."""
    payout = refund.payout
    if payout is None:
        return 0
    part = min(amount, payout.amount)
    version = refund.order.rulebook_version
    now = payouts.done_outside(payout, part, reference=reference, rulebook=version, at=at)
    if part == payout.amount:
        endings.has_arrived(refund, now, at=at)
        hooks.paid_back(refund, at=at)
    else:
        change(refund, payout=now)
        data = {"amount": part, "reference": reference}
        endings.remark(refund, event="refund.paid_in_part_outside", by=None, at=at, data=data)
    return part


def _case(order: Order, amount: int, *, besides: set[int]) -> Refund | None:
    """The open case that is meant: the one over this very sum, else the oldest; none that was looked at already."""
    still_open = Refund.objects.open().filter(order=order).exclude(pk__in=besides)
    found = list(still_open.select_related("payout").order_by("pk"))
    for each in found:
        each.order = order  # the one that is locked
    exact = [each for each in found if endings.sum_of(each) == amount]
    return next(iter(exact or found), None)


def _of_channel(order: Order, amount: int) -> int:
    """How much of `amount` can be of the order: a channel never gives back what the balance had paid of it."""
    return min(amount, escrow.left_at_channel(order)) if order.paid_by == Order.PaidBy.MIXED else amount


def _over(units: Sequence[Unit], amount: int) -> dict[int, int]:
    """The sum over units in their places, in fen per unit id; none gets more than it has left."""
    grants = {}
    for unit in units:
        part = min(unit.left, amount)
        amount -= part
        if part:
            grants[unit.pk] = part
    return grants


def _whole(
    refund: Refund, items: list[RefundItem], units: list[Unit], grants: dict[int, int], *, reference: str, at: datetime
) -> None:
    """The buyer has all that was asked: the case is over, with its dispute if there is one."""
    was_disputed = refund.state == RefundState.DISPUTED
    endings.approve(
        refund,
        items=items,
        units=units,
        grants=grants,
        fees={},
        compensation=0,
        outcome=Refund.Outcome.EXTERNAL,
        outside=reference,
        by=None,
        at=at,
    )
    if was_disputed:
        hooks.paid_outside(refund, at=at)
    else:
        hooks.paid_back(refund, at=at)  # agreed on before the platform, and being replaced when the money came


def _smaller(
    refund: Refund,
    items: list[RefundItem],
    units: list[Unit],
    grants: dict[int, int],
    *,
    reference: str,
    cause: str,
    at: datetime,
) -> None:
    """The buyer has a part of what was asked: the case goes on for the rest, its units stay held."""
    if refund.state == RefundState.DISPUTED:
        hooks.part_paid_outside(refund, at=at)
    part = sum(grants.values())
    for item in items:
        item.asked = max(item.asked - grants.get(item.unit_id, 0), 0)
    change_all(items, ["asked"])
    change(refund, asked=sum(item.asked for item in items))
    data = {"amount": part, "reference": reference}
    endings.remark(refund, event="refund.paid_in_part_outside", by=None, at=at, data=data)
    orders.end_case(refund.order, units=units, cause=cause, grants=grants, outside=reference, goes_on=True, at=at)
    _lower_offer(refund, part, at=at)


def _lower_offer(refund: Refund, part: int, *, at: datetime) -> None:
    """What lies on the table is over the whole: it is less by what the buyer has, and off if nothing is left of it.

    The same of the money beside a replacement that was agreed on and is under way.
    """
    found = replacing.deal(refund) if refund.state in UNDER_WAY else bargaining.open_offer(refund)
    if found is None or not found.amount:
        return
    amount = max(found.amount - part, 0)
    if amount or found.replaces:
        change(found, amount=amount)
    elif refund.state == RefundState.BARGAINING:
        endings.to_the_buyer(refund, by=None, at=at, event="refund.talks_lapsed")
    else:
        change(found, fate=Offer.Fate.CLOSED)
