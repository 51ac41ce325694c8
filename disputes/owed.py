"""What was decided for a buyer and nobody had stays owed, and the next income of who owes it pays it. Amounts are fen.

The threefold part is never the guarantee fund's, and a fund can be empty: then the waterfall runs dry, and what is
missing is the buyer's claim on the shop. A run every half minute takes it out of what has become available to the shop,
or out of the deposit of one that closes; meanwhile the shop withdraws nothing of that. What is the platform's own fault
and its own money does not hold, the platform owes in the same way. The buyer does nothing for it, and reads it on a
page of their own.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, F, Func, Q, QuerySet, Sum
from django.db.models.functions import Cast

from disputes import rulings
from disputes.models import Owed
from ledger import payouts, waterfall
from ledger.accounts import balances
from ledger.errors import LedgerError
from ledger.models import Payout
from ledger.waterfall import Source
from orders import escrow
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds.models import Refund
from shops.models import Shop
from shops.states import DepositState
from timeline import page
from timeline.door import change, locked, note, verb

log = logging.getLogger(__name__)


def book(
    order: Order, *, cause: str, missing: int, at: datetime, units: Mapping[int, int], payer: str = Owed.Payer.SHOP
) -> None:
    """A waterfall ran dry: what is `missing` is owed to the buyer, of the price as in `units` (fen per unit id).

    Called in the transaction that pays the rest. What an earlier case gave for the same units is not owed twice.
    """
    known = _of_units(Owed.objects.filter(order=order, paid_at=None).order_by("pk"))
    left = {unit.pk: unit.left for unit in escrow.units_of(order)} if known else {}
    parts = {pk: min(part, max(left[pk] - known.get(pk, 0), 0)) if known else part for pk, part in units.items()}
    amount = missing - sum(units.values()) + sum(parts.values())
    if amount <= 0:
        return
    row = Owed(cause=cause, payer=payer, order=order, shop=order.shop, buyer=order.buyer, amount=amount, since=at)
    row.units = {str(pk): part for pk, part in parts.items() if part}
    page.insert([row], unless_there=True)


def collect_all(*, at: datetime, most: int = 100) -> int:
    """Pay what shops and the platform owe buyers out of what they have, the oldest first; returns how many were paid.

    Only who has something is asked: the claims on a shop that earns nothing any more never stand before others.
    """
    unpaid = Owed.objects.filter(paid_at=None)
    if not unpaid.exists():
        return 0
    owing = Shop.objects.filter(pk__in=unpaid.filter(payer=Owed.Payer.SHOP).order_by().values("shop"))
    shops = list(owing.select_related("deposit").order_by("pk"))
    held = balances([escrow.OWN, *(pocket for each in shops for pocket in _pockets(each))])
    able = [each.pk for each in shops if any(held[pocket] > 0 for pocket in _pockets(each))]
    can = Q(payer=Owed.Payer.SHOP, shop__in=able)
    if held[escrow.OWN] > 0:
        can |= Q(payer=Owed.Payer.PLATFORM)
    waiting = list(unpaid.filter(can).order_by("since", "pk")[:most])
    return sum(_collected(each, at=at) for each in waiting)


@verb
def collect(owed: Owed, *, at: datetime) -> bool:
    """Pay one claim as far as who owes it has something for it; whether there was anything to pay.

    What came back for a unit since in another way is owed no more. The price of a unit that a case holds waits until
    that is over: it asks for what is left of the unit.
    """
    shop = locked(Shop, owed.shop_id)
    order = locked(Order, owed.order_id)
    found, units = Owed.objects.filter(pk=owed.pk, paid_at=None).first(), escrow.units_of(order)
    if found is None or not _still_due(found, units, at=at):
        return False  # it was found meanwhile not to be due, or came in another way
    owed = found
    held_by_case = {str(unit.pk) for unit in units if unit.held_by}
    waiting = sum(part for pk, part in owed.units.items() if pk in held_by_case)
    by_platform = owed.payer == Owed.Payer.PLATFORM
    pockets = [escrow.OWN] if by_platform else _pockets(shop)
    held = balances(pockets)
    legs = [
        (leg.address, leg.amount)
        for leg in waterfall.plan(owed.left - waiting, [Source(pocket, held[pocket], "payer") for pocket in pockets])
    ]
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
    parts = _first({pk: part for pk, part in owed.units.items() if pk not in held_by_case}, amount)
    rest = {pk: left for pk, part in owed.units.items() if (left := part - parts.get(int(pk), 0))}
    orders.paid_after_all(order, amount, units=units, parts=parts, by_platform=by_platform, at=at)
    paid = owed.paid + amount
    change(owed, paid=paid, paid_at=at if paid == owed.amount else None, units=rest)
    data = {"amount": amount, "left": owed.amount - paid, "cause": owed.cause}
    note(order, "order.owed_paid", by=None, at=at, data=data)
    return True


def _still_due(owed: Owed, units: Sequence[Unit], *, at: datetime) -> bool:
    """Whether anything of a claim is left when what came back for its units since in another way is taken off."""
    left = {str(unit.pk): unit.left for unit in units}
    over = sum(max(part - left[pk], 0) for pk, part in owed.units.items())
    rest = {pk: part for pk, amount in owed.units.items() if (part := min(amount, left[pk]))}
    return not over or _less(owed, over, units=rest, at=at)


def _less(owed: Owed, part: int, *, units: dict[str, int], at: datetime) -> bool:
    """So much less is owed, and of the price what is in `units`; whether anything is left."""
    if part >= owed.left and not owed.paid:
        Owed.objects.filter(pk=owed.pk).delete()
        return False
    change(owed, amount=owed.amount - part, units=units, paid_at=at if part >= owed.left else None)
    return owed.paid_at is None


def _first(units: Mapping[str, int], amount: int) -> dict[int, int]:
    """What of `amount` fen is the price of each unit, the earlier first."""
    parts = {}
    for pk, owed in sorted(units.items(), key=lambda each: int(each[0])):
        parts[int(pk)] = part = min(owed, amount)
        amount -= part
    return parts


def _of_units(rows: Iterable[Owed]) -> dict[int, int]:
    """The price that is owed in these claims, in fen per unit id."""
    found: dict[int, int] = {}
    for row in rows:
        for pk, part in row.units.items():
            found[int(pk)] = found.get(int(pk), 0) + part
    return found


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
        if part:
            # What came on top goes first, the price last, and of that the later unit first.
            price = sum(row.units.values())
            kept = price - max(part - (row.left - price), 0)
            parts = _first(row.units, kept)
            _less(row, part, units={str(pk): each for pk, each in parts.items() if each}, at=at)
    return gone


def follow(order: Order, *, left: Mapping[int, int], by_channel: Mapping[int, int], at: datetime) -> None:
    """Something came back for units of a locked order: what an earlier case gave for them and nobody had shrinks.

    By all that their channel paid on its own account, unit by unit; and to what is `left` of each, so that nobody gets
    back more for a unit than it cost. Sums are fen per unit id.
    """
    rows = [row for row in Owed.objects.filter(order=order, paid_at=None).order_by("-pk") if row.units]
    owed, off = _of_units(rows), dict(by_channel)
    over = {pk: owed.get(pk, 0) - rest for pk, rest in left.items()}
    for row in rows:
        units = dict(row.units)
        for pk in left:
            part = min(units.get(str(pk), 0), max(off.get(pk, 0), over[pk]))
            if part > 0:
                units[str(pk)] -= part
                off[pk], over[pk] = off.get(pk, 0) - part, over[pk] - part
        _owe_less(order, row, {pk: part for pk, part in units.items() if part}, at=at)


def _owe_less(order: Order, row: Owed, units: dict[str, int], *, at: datetime) -> None:
    """Of the price in a claim only `units` are owed any more; that is on record."""
    if part := sum(row.units.values()) - sum(units.values()):
        cause, left = row.cause, row.left - part
        _less(row, part, units=units, at=at)
        note(order, "order.owed_less", by=None, at=at, data={"amount": part, "left": left, "cause": cause})


def not_due(refund: Refund, *, at: datetime) -> int:
    """A payment turned out not to be owed: what of it nobody had is owed no more. Returns what the shop has paid of
    that since, in fen. The order is locked."""
    causes = rulings.causes_of(refund)
    rows = Owed.objects.filter(cause__in=causes, payer=Owed.Payer.SHOP)
    paid = rows.aggregate(sum=Sum("paid"))["sum"] or 0
    if gone := lessen(causes, most=_left(Owed.objects.filter(cause__in=causes)), at=at):
        data = {"amount": gone, "left": 0, "cause": refund.address}
        note(refund.order, "order.owed_less", by=None, at=at, data=data)
    return int(paid)


def _pockets(shop: Shop) -> list[str]:
    """What pays what a shop owes: what it has earned, and its deposit before that goes back to one that closes."""
    is_closing = shop.deposit.state == DepositState.CLOSING
    return [shop.account("available"), *([shop.account("deposit")] if is_closing else [])]


# Questions


def of_buyer(user: Any) -> Any:
    """What is or was owed to somebody, open claims first, then the newest."""
    found = Owed.objects.filter(buyer=user).select_related("order", "shop")
    return found.order_by(F("paid_at").asc(nulls_first=True), "-since", "-pk")


def to_buyer(user: Any) -> int:
    """What is still to come to somebody, of all claims."""
    return _left(Owed.objects.filter(buyer=user))


def of_case(refund: Refund) -> int:
    """What of a case nobody had and nobody has paid since."""
    return _left(Owed.objects.filter(cause__in=rulings.causes_of(refund)))


def units_of_platform() -> QuerySet[Any]:
    """The units of whose price the platform owes a part, by their ids, to be asked about inside another question: its
    own fault already, before its own money has paid it."""
    unit = Cast(Func(F("units"), function="jsonb_object_keys"), BigIntegerField())
    rows = Owed.objects.filter(payer=Owed.Payer.PLATFORM, paid_at=None)
    return rows.order_by().annotate(unit=unit).values("unit")


def of_shop(shop: Shop) -> int:
    """What a shop still owes buyers: it withdraws nothing of that."""
    return _left(Owed.objects.filter(shop=shop, payer=Owed.Payer.SHOP))


def _left(found: Any) -> int:
    sums = found.filter(paid_at=None).aggregate(amount=Sum("amount"), paid=Sum("paid"))
    return int((sums["amount"] or 0) - (sums["paid"] or 0))
