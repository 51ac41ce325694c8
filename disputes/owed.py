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
from ledger.states import PayoutState
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
) -> int:
    """A waterfall ran dry: what is `missing` is owed to the buyer, of the price as in `units` (fen per unit id).

    Called in the transaction that pays the rest. What an earlier case gave for the same units is not owed twice;
    returns how much was not owed before.
    """
    known = _of_units(Owed.objects.filter(order=order, paid_at=None).order_by("pk"))
    left = {unit.pk: unit.left for unit in escrow.units_of(order)} if known else {}
    parts = {pk: min(part, max(left[pk] - known.get(pk, 0), 0)) if known else part for pk, part in units.items()}
    amount = missing - sum(units.values()) + sum(parts.values())
    if amount <= 0:
        return 0
    row = Owed(cause=cause, payer=payer, order=order, shop=order.shop, buyer=order.buyer, amount=amount, since=at)
    row.units = {str(pk): part for pk, part in parts.items() if part}
    page.insert([row], unless_there=True)
    return amount


def collect_all(*, at: datetime, most: int = 100) -> int:
    """Pay what shops and the platform owe buyers out of what they have, the oldest first; returns how many were paid.

    Only who has something is asked, and only for what no case holds: neither the claims on a shop that earns nothing
    any more nor those that wait for a case ever stand before others.
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
    waiting = list(unpaid.filter(can).order_by("since", "pk"))
    orders_of_them = {each.order_id for each in waiting}
    held_by_cases = set(Unit.objects.filter(order__in=orders_of_them).exclude(held_by="").values_list("pk", flat=True))
    payable = [each for each in waiting if each.left > _price_of(each, held_by_cases)]
    return sum(_collected(each, at=at) for each in payable[:most])


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
    if not order.ran_dry:  # booked by the version before, after the column came
        change(order, ran_dry=True)
    held_by_case = {unit.pk for unit in units if unit.held_by}
    waiting = _price_of(owed, held_by_case)
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
    payout = payouts.plan(
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
    parts = _first({pk: part for pk, part in owed.units.items() if int(pk) not in held_by_case}, amount)
    rest = {pk: left for pk, part in owed.units.items() if (left := part - parts.get(int(pk), 0))}
    orders.paid_after_all(order, amount, units=units, parts=parts, by_platform=by_platform, at=at)
    paid = owed.paid + amount
    change(owed, paid=paid, paid_at=at if paid == owed.amount else None, units=rest)
    data = {"amount": amount, "left": owed.amount - paid, "cause": owed.cause, "payout": payout.number}
    data |= {"units": {str(pk): part for pk, part in parts.items() if part}}
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


def _price_of(row: Owed, units: Collection[int]) -> int:
    """The price of these units in what is left of a claim, in fen."""
    return sum(part for pk, part in row.units.items() if int(pk) in units)


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
            _less(row, part, units=_price_kept(row, part), at=at)
    return gone


def lay_to(payer: str, causes: Collection[str], *, most: int, order: Order, at: datetime) -> int:
    """Of what `causes` awarded in a locked order and nobody has paid yet, up to `most` fen are now for `payer` to pay.

    People found that the fault was theirs. The newest first; returns how much that is.
    """
    moved = 0
    rows = Owed.objects.filter(cause__in=causes, paid_at=None).exclude(payer=payer).order_by("-pk")
    for row in rows:
        if not (part := min(row.left, most - moved)):
            break
        moved += part
        kept = _price_kept(row, part)
        gone = {pk: more for pk, amount in row.units.items() if (more := amount - kept.get(pk, 0))}
        data = {"amount": part, "cause": row.cause, "payer": str(payer)}
        _owe_more(row, payer, part, gone)
        _less(row, part, units=kept, at=at)
        if payer == Owed.Payer.PLATFORM:
            note(order, "order.owed_by_platform", by=None, at=at, data=data)
        else:
            note(order, "order.owed_by_shop", by=None, at=at, data=data)
    return moved


def taken_on(refund: Refund, *, at: datetime) -> int:
    """What the shop still owes of a case's compensation is the platform's to pay, whose outage it was; returns how much
    that is, in fen. The order is locked."""
    if not (on_top := on_top_of_shop(refund)):
        return 0
    return lay_to(Owed.Payer.PLATFORM, rulings.causes_of(refund), most=on_top, order=refund.order, at=at)


def _owe_more(row: Owed, payer: str, part: int, units: Mapping[str, int]) -> None:
    """Somebody else owes a part of a claim, of the price as in `units`, beside what they owe for the same cause."""
    theirs = Owed.objects.filter(cause=row.cause, payer=payer).first()
    if theirs is None:
        told = {"cause": row.cause, "shop": row.shop, "buyer": row.buyer, "since": row.since}
        page.insert([Owed(order=row.order, payer=payer, amount=part, units=dict(units), **told)])
        return
    together = {pk: theirs.units.get(pk, 0) + units.get(pk, 0) for pk in theirs.units.keys() | units.keys()}
    change(theirs, amount=theirs.amount + part, units=together, paid_at=None)


def _price_kept(row: Owed, part: int) -> dict[str, int]:
    """The price that stays in a claim when `part` fen of what is left of it go: what came on top goes first, the price
    last, and of that the later unit first."""
    price = sum(row.units.values())
    parts = _first(row.units, price - max(part - (row.left - price), 0))
    return {str(pk): each for pk, each in parts.items() if each}


def follow(
    order: Order,
    *,
    left: Mapping[int, int],
    by_channel: Mapping[int, int],
    by_platform: Mapping[int, int],
    at: datetime,
) -> None:
    """Something came back for units of a locked order: what an earlier case gave for them and nobody had shrinks.

    By all that their channel paid on its own account, unit by unit; and to what is `left` of each, so that nobody gets
    back more for a unit than it cost. What the platform paid of it is off what the platform owes, the rest off what the
    shop owes first. Sums are fen per unit id.
    """
    newest = [row for row in Owed.objects.filter(order=order, paid_at=None).order_by("-pk") if row.units]
    owed, off, own = _of_units(newest), dict(by_channel), dict(by_platform)
    over = {pk: owed.get(pk, 0) - rest for pk, rest in left.items()}
    units = {row.pk: dict(row.units) for row in newest}

    def shrink(row: Owed, pk: int, most: int) -> int:
        part = max(min(units[row.pk].get(str(pk), 0), most), 0)
        if part:
            units[row.pk][str(pk)] -= part
            off[pk], over[pk] = off.get(pk, 0) - part, over[pk] - part
        return part

    of_platform = [row for row in newest if row.payer == Owed.Payer.PLATFORM]
    for row in of_platform:
        for pk in left:
            own[pk] = own.get(pk, 0) - shrink(row, pk, min(own.get(pk, 0), max(off.get(pk, 0), over[pk])))
    for row in [*(row for row in newest if row not in of_platform), *of_platform]:
        for pk in left:
            shrink(row, pk, max(off.get(pk, 0), over[pk]))
    for row in newest:
        _owe_less(order, row, {pk: part for pk, part in units[row.pk].items() if part}, at=at)


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
    """What of a case nobody had and nobody has paid since.

    What an earlier case gave for the same unit stands in that one's claim: the buyer waits for it here, too.
    """
    if not refund.order.ran_dry:
        return 0
    causes = rulings.causes_of(refund)
    found = _left(Owed.objects.filter(cause__in=causes))
    dispute = getattr(refund, "dispute", None)
    given = (refund.approved or 0) + (dispute.supplemented if dispute else 0)
    paid = Payout.objects.filter(cause__in=[*causes, *paid_since(causes)]).exclude(state=PayoutState.VOID)
    lacks = given - found - (paid.aggregate(sum=Sum("amount"))["sum"] or 0)
    if lacks <= 0:
        return found
    units = set(refund.items.order_by("pk").values_list("unit", flat=True))
    others = Owed.objects.filter(order=refund.order_id, paid_at=None).exclude(cause__in=causes).order_by("pk")
    return found + min(lacks, sum(_price_of(row, units) for row in others))


def by_payer(causes: Collection[str]) -> dict[str, int]:
    """What of the awards of `causes` the shop and the platform still owe, in fen."""
    rows = Owed.objects.filter(cause__in=causes, paid_at=None).values_list("payer", "amount", "paid").order_by("pk")
    found = dict.fromkeys(map(str, Owed.Payer.values), 0)
    for payer, amount, paid in rows:
        found[payer] += amount - paid
    return found


def on_shop(refund: Refund) -> int:
    """What of a case nobody had and the shop has paid since or still owes, in fen."""
    rows = Owed.objects.filter(cause__in=rulings.causes_of(refund), payer=Owed.Payer.SHOP)
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


def on_top_of_shop(refund: Refund) -> int:
    """What of a case's compensation the shop still owes, in fen."""
    if not refund.order.ran_dry:
        return 0
    causes = rulings.causes_of(refund)
    rows = Owed.objects.filter(cause__in=causes, payer=Owed.Payer.SHOP, paid_at=None).order_by("pk")
    return sum(row.left - sum(row.units.values()) for row in rows)


def paid_since(causes: Collection[str]) -> list[str]:
    """What payouts name as their cause that paid later what nobody had of `causes`."""
    rows = Owed.objects.filter(cause__in=causes).order_by("pk").values_list("pk", flat=True)
    return [f"owed:{pk}" for pk in rows]


def paid_later(refund: Refund) -> list[str]:
    """What payouts name as their cause that paid later what nobody had of a case."""
    return paid_since(rulings.causes_of(refund)) if refund.order.ran_dry else []


def of_units(order: Order) -> tuple[dict[int, int], dict[int, int]]:
    """What is owed of the price of an order's units: in all, and by the platform; fen per unit id."""
    rows = list(Owed.objects.filter(order=order, paid_at=None).order_by("pk"))
    return _of_units(rows), _of_units(row for row in rows if row.payer == Owed.Payer.PLATFORM)


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
