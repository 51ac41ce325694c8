"""The money of units: held in escrow, released to the shop, settled, or given back. Sets of units, never one by one.

Everybody here holds the order's lock and passes the order's units, read after the lock; figures in the rows and on the
objects move together. A unit's paid = held + released + refunded + fee, always; its share of a platform coupon = held +
released + back at the platform, and follows the price that the shop keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum

from ledger import payouts, waterfall
from ledger.accounts import balances, balances_with_debt
from ledger.models import OUTSIDE, TWICE, Payout
from ledger.states import PayoutState
from ledger.transfers import Move, Reason, post_with_page
from ledger.waterfall import Leg, Source
from orders import coupons, hooks
from orders.models import Exposure, Order, Unit
from rulebook import clocks
from rulebook.arithmetic import split
from timeline import door, page
from timeline.models import Pause
from timeline.reading import made_once
from timeline.spans import days, deadline

#: Compensation that the guarantee fund pays in one case at most, in fen (money: the waterfall).
FUND_COMPENSATION_CAP = 100_000
#: How long claims stay possible after settlement: the longest filing window of codes (rulebook: file_window).
WARRANTY = days(180)
#: What is left of an inspection when a case ends, at least (timers: resume).
INSPECTION_AT_LEAST = timedelta(hours=24)
#: The platform's own money, which pays for its own fault, and how rows name who owes what nobody had.
OWN, PLATFORM, SHOP = "platform:own", "platform", "shop"
#: Sources that hold money the shop has earned.
OWN_OF_SHOP = {"this_order", "available", "pending"}
FIGURES = [
    "held",
    "released",
    "refunded",
    "fee",
    "covered",
    "commission",
    "coupon_held",
    "coupon_released",
    "coupon_back",
    "held_by",
    "inspection_ends_at",
    "released_at",
    "settle_at",
    "settled_at",
    "left_at_hold",
]


@dataclass
class Plan:
    """Who pays what, before anything moves: legs in the order of the waterfall, and what nobody has (`missing`).

    What is missing is owed to the buyer by the shop, but for `missing_own`, which the platform owes.
    """

    legs: list[Leg] = field(default_factory=list)
    missing: int = 0
    #: Commission that goes back to the shop first, per unit id, in fen.
    reversals: dict[int, int] = field(default_factory=dict)
    #: What the platform pays for its own fault, per unit id, in fen.
    covered: dict[int, int] = field(default_factory=dict)
    #: What neither the shop nor the fund has for a unit's principal, per unit id, in fen: it stays owed.
    unpaid: dict[int, int] = field(default_factory=dict)
    #: What the platform's own money lacks of its part: in all, and of each unit's principal; fen. It stays owed, too.
    missing_own: int = 0
    unpaid_own: dict[int, int] = field(default_factory=dict)
    #: What of `covered` the platform owes already since an earlier case, per unit id, in fen.
    again: dict[int, int] = field(default_factory=dict)
    #: What of a platform coupon is not earned any more, per unit id, in fen, and who of the shop gives back its part.
    coupons: dict[int, int] = field(default_factory=dict)
    coupon_legs: list[Leg] = field(default_factory=list)

    @property
    def amount(self) -> int:
        """What the buyer gets, in fen."""
        return sum(leg.amount for leg in self.legs)

    def part(self, name: str) -> int:
        """What one source pays, in fen: escrow, this_order, available, pending, reserved, deposit, fund, platform."""
        return sum(leg.amount for leg in self.legs if leg.name == name)


def is_recalled(unit: Unit) -> bool:
    """Whether a unit is held because its batch is looked into, not by a case of its buyer."""
    return unit.held_by.startswith("alarm:")


def units_of(order: Order) -> list[Unit]:
    """The order's units in their places, as they are now, with their cards."""
    units = _units_with_cards().all(order.pk)
    for unit in units:
        unit.order = order
    return units


@made_once
def _units_with_cards() -> QuerySet[Unit]:
    return Unit.objects.filter(order=0).select_related("card").order_by("place")


# Release and settlement


def release(order: Order, units: Sequence[Unit], *, at: datetime) -> None:
    """What is held for `units` goes to the shop's pending money, less the commission of when the order was placed."""
    due = [unit for unit in units if unit.held]
    if not due:
        return
    settles = clocks.span("SETTLE", order.shop.level, version=order.rulebook_version)
    pending, settle_at = order.shop.account("pending"), deadline(settles, at)
    moves = []
    for unit in due:
        there = unit.held + unit.coupon_held
        commission = there * order.commission_bp // 10_000
        moves += _moves(
            unit,
            "release",
            (order.escrow, pending, there - commission, Reason.RELEASE),
            (order.escrow, "platform:fees", commission, Reason.COMMISSION),
        )
        unit.released, unit.commission, unit.held = unit.released + unit.held, unit.commission + commission, 0
        unit.coupon_released, unit.coupon_held = unit.coupon_released + unit.coupon_held, 0
        unit.released_at, unit.settle_at = at, settle_at
    post_with_page(moves, journal=f"{order.address}:release:{at.isoformat()}", at=at)
    _store(due)
    door.note(order, "order.released", by=None, at=at, data={"units": [unit.place for unit in due]})


def settle(order: Order, units: Sequence[Unit], *, at: datetime) -> None:
    """The shop's pending money of `units` becomes available.

    Where another case has drawn on the shop's pending money meanwhile, only what is there becomes available. What the
    shop owes the guarantee fund is collected from it at once.
    """
    due = [unit for unit in units if unit.is_unsettled()]
    if not due:
        return
    pending, available, debt = (order.shop.account(name) for name in ("pending", "available", "debt"))
    held = balances_with_debt(debt, [pending])
    there = held[pending]
    moves = []
    for unit in due:
        amount = min(unit.net, there)
        moves += _moves(unit, "settled", (pending, available, amount, Reason.SETTLE))
        there -= amount
        unit.settled_at = at
    if moves:
        moves += _collected(order, held[pending] - there, owed=-held[debt], key=f"{due[0].address}:settled")
        post_with_page(moves, journal=f"{order.address}:settle:{at.isoformat()}", at=at)
    _store(due)
    door.note(order, "order.units_settled", by=None, at=at, data={"units": [unit.place for unit in due]})


# Holds


def hold(order: Order, units: Sequence[Unit], *, by: str, at: datetime, among: Sequence[Unit] | None = None) -> None:
    """An open case (`refund:12`) holds `units`: neither released nor settled, and their clock stands still.

    `among` are all units of the order, if the caller has read them.
    """
    for unit in units:
        until = unit.next_at()
        unit.held_by = by
        unit.left_at_hold = max(until - at, timedelta(0)) if until else None
    _store(units)
    arm(order, units_of(order) if among is None else among, at=at)


def free(units: Sequence[Unit], by: str, *, at: datetime) -> None:
    """The case `by` is over: its units go on with what was left, inspection with at least 24 h."""
    mine = [unit for unit in units if unit.held_by == by]
    for unit in mine:
        left = unit.left_at_hold or timedelta(0)
        if unit.held and unit.delivered_at:
            unit.inspection_ends_at = at + max(left, INSPECTION_AT_LEAST)
        elif unit.is_unsettled():
            unit.settle_at = at + left
        unit.held_by, unit.left_at_hold = "", None
    _store(mine)


def arm(order: Order, units: Sequence[Unit], *, at: datetime) -> None:
    """The order's one clock ends when the first of its units needs it; it stands still while cases hold them all."""
    if order.state not in {"delivered", "completed"} or _stands_for_supplier(order):
        return
    earliest = min((until for unit in units if (until := unit.next_at())), default=None)
    if earliest != order.deadline_at:
        door.rearm(order, earliest, at=at)


def _stands_for_supplier(order: Order) -> bool:
    """Whether the inspection stands still for a supplier's answer (`fulfilment.queries`); asked of few orders."""
    if order.supplier_asked_at is None or order.state != "delivered" or order.deadline_at is not None:
        return False
    return Pause.objects.filter(subject=order.address, cause=Pause.Cause.SUPPLIER, ended_at=None).exists()


# Giving back


def plan(
    order: Order,
    units: Sequence[Unit],
    *,
    grants: Mapping[int, int],
    fees: Mapping[int, int] | None = None,
    compensation: int = 0,
    platform_bp: int | Mapping[int, int] = 0,
    platform_compensation: int = 0,
    is_threefold: bool = False,
    by_fund_before: int = 0,
    cause: str = "",
) -> Plan:
    """Who would pay `grants` (fen per unit id), `fees` kept and `compensation`; nothing is moved.

    `is_threefold` says that the compensation is what the law gives on top for fraud: the fund never pays that; of other
    compensation it pays so much in one case, of which it gave `by_fund_before` fen in earlier payments.
    `platform_bp` of the principal, of all units alike or per unit id, and `platform_compensation`, fen of the
    compensation, are the platform's own fault: it pays that part, and the shop is not charged for it. Nor is it for
    what the platform owes of a unit's price since an earlier case.
    """
    if not 0 <= platform_compensation <= compensation:
        raise ValueError("The platform pays a part of the compensation, never more than there is.")
    found, charged_compensation = Plan(), compensation - platform_compensation
    wanted = {unit.pk: unit for unit in units if grants.get(unit.pk) or (fees or {}).get(unit.pk)}
    if set(grants) - {unit.pk for unit in units}:
        raise ValueError("These units are not of this order.")
    known, known_own = hooks.still_owed(order) if order.ran_dry else ({}, {})
    beyond = from_escrow = coupons_beyond = 0
    for unit in wanted.values():
        grant, fee = grants.get(unit.pk, 0), (fees or {}).get(unit.pk, 0)
        if grant < 0 or fee < 0 or grant + fee > unit.left:
            raise ValueError(f"{unit.address} has {unit.left} fen left, {grant} and a fee of {fee} are too much.")
        share = platform_bp if isinstance(platform_bp, int) else platform_bp.get(unit.pk, 0)
        # What is left of a unit and nobody owes goes back first: only beyond that is it the same money again.
        again = min(max(grant - (unit.left - known.get(unit.pk, 0)), 0), known_own.get(unit.pk, 0))
        covered = again + (grant - again) * share // 10_000
        found.again[unit.pk], found.covered[unit.pk] = again, covered
        part = min(unit.held, grant - covered)
        from_escrow += part
        after = grant - covered - part
        beyond += after
        from_shop = 0
        if unit.coupon:
            found.coupons[unit.pk] = _unearned(unit, grant - covered, fee)
            from_shop = max(found.coupons[unit.pk] - unit.coupon_held, 0)
            coupons_beyond += from_shop
        if (after or from_shop) and unit.released:
            earned = unit.released + unit.coupon_released
            kept = unit.commission * (earned - after - from_shop) // earned
            found.reversals[unit.pk] = unit.commission - kept
    if from_escrow:
        found.legs.append(Leg(order.escrow, from_escrow, "escrow"))
    if beyond or charged_compensation or coupons_beyond:
        sources = _sources(order, units, found, cause)
        principal = waterfall.plan(beyond, sources)
        left = waterfall.after(sources, principal)
        by_fund = 0 if is_threefold else max(FUND_COMPENSATION_CAP - by_fund_before, 0)
        capped = [
            Source(source.address, min(source.available, by_fund), source.name) if source.name == "fund" else source
            for source in left
        ]
        extra = waterfall.plan(charged_compensation, capped)
        found.legs += principal + extra
        short = waterfall.missing(beyond, principal)
        found.missing = short + waterfall.missing(charged_compensation, extra)
        # The platform stands last: its coupon comes back out of what is the shop's own, and waits for no deposit.
        own = [source for source in waterfall.after(capped, extra) if source.name in OWN_OF_SHOP]
        found.coupon_legs = waterfall.plan(coupons_beyond, own)
        for unit in reversed(list(wanted.values())):
            charged = grants.get(unit.pk, 0) - found.covered[unit.pk]
            part = min(short, charged - min(unit.held, charged))
            found.unpaid[unit.pk], short = part, short - part
    if by_platform := sum(found.covered.values()) + platform_compensation:
        _by_platform(found, by_platform, platform_compensation)
    return found


def _by_platform(found: Plan, amount: int, compensation: int) -> None:
    """What the platform's own money pays of its part of `amount` fen, the price before the compensation in it."""
    there = min(amount, balances([OWN])[OWN])
    if there:
        found.legs.append(Leg(OWN, there, "platform"))
    found.missing_own = amount - there
    found.missing += found.missing_own
    short = max(found.missing_own - compensation, 0)
    for unit, covered in reversed(found.covered.items()):
        part = min(short, covered)
        found.unpaid_own[unit], short = part, short - part


def give_back(
    order: Order,
    units: Sequence[Unit],
    *,
    grants: Mapping[int, int],
    cause: str,
    at: datetime,
    fees: Mapping[int, int] | None = None,
    compensation: int = 0,
    platform_bp: int | Mapping[int, int] = 0,
    platform_compensation: int = 0,
    is_threefold: bool = False,
    is_instant: bool = False,
    by_fund_before: int = 0,
    to_balance: bool = False,
    outside: str = "",
    goes_on: bool = False,
) -> Payout | None:
    """Pay the buyer back for units of a locked order, from the sources of `plan`; the case ends for these units.

    What is left in escrow of a unit that got something back is released to the shop at once, a fee kept for the buyer's
    own reason goes to the shop's pending money. The money goes back the way it came, or `to_balance` if the buyer chose
    that. Nothing to pay: no payout.
    `outside` is the channel's number of what it paid back on its own account: then nothing is sent. Where the case
    `goes_on`, its units stay held.
    """
    found = plan(
        order,
        units,
        grants=grants,
        fees=fees,
        compensation=compensation,
        platform_bp=platform_bp,
        platform_compensation=platform_compensation,
        is_threefold=is_threefold,
        cause=cause,
        by_fund_before=by_fund_before,
    )
    touched = [unit for unit in units if unit.pk in grants]
    drawn = [unit for unit in touched if grants[unit.pk] > unit.held or found.again[unit.pk]]
    _reverse_commission(order, touched, found, cause, at=at)
    _book_debt(order, found, cause, at=at)
    payout = _pay(order, found, grants, cause, is_instant=is_instant, at=at, to_balance=to_balance, outside=outside)
    rest = _book_units(order, touched, found, grants, fees or {}, at=at, goes_on=goes_on)
    missing_on_top = found.missing_own - sum(found.unpaid_own.values())
    if on_top := platform_compensation - missing_on_top:
        door.change(order, compensated_by_platform=order.compensated_by_platform + on_top)
    _return_coupons(order, touched, found, cause, at=at)
    _draw_reserved(order, found, cause)
    _store(touched)
    release(order, rest, at=at)
    if drawn and order.ran_dry:
        by_channel = {unit.pk: grants[unit.pk] for unit in drawn} if outside else {}
        own = {pk: max(part - found.unpaid_own.get(pk, 0), 0) for pk, part in found.again.items()}
        left_now = {unit.pk: unit.left for unit in drawn}
        hooks.paid_again(order, left=left_now, by_channel=by_channel, by_platform=own, at=at)
    by_shop = found.missing - found.missing_own
    for payer, missing, parts in ((SHOP, by_shop, found.unpaid), (PLATFORM, found.missing_own, found.unpaid_own)):
        if missing:
            data = {"cause": cause, "missing": missing} | ({"payer": payer} if payer == PLATFORM else {})
            if not outside:  # else the channel has paid it all, and nobody waits for it
                left = {pk: part for pk, part in parts.items() if part}
                more = hooks.ran_dry(order, cause=cause, missing=missing, units=left, payer=payer, at=at)
                data |= {"known": missing - more} if more < missing else {}
            door.change(order, ran_dry=True)
            door.note(order, "order.waterfall_ran_dry", by=None, at=at, data=data)
    return payout


def paid_after_all(
    order: Order, amount: int, *, units: Sequence[Unit], parts: Mapping[int, int], by_platform: bool, at: datetime
) -> None:
    """What was owed to the buyer of a locked order was paid: `parts` are fen per unit id of the price, the rest of
    `amount` is compensation. `units` are all of the order, read after the lock."""
    paid = [unit for unit in units if parts.get(unit.pk)]
    moves: list[Move] = []
    for unit in paid:
        if by_platform:
            unit.covered += parts[unit.pk]
        else:
            unit.released, unit.refunded = unit.released - parts[unit.pk], unit.refunded + parts[unit.pk]
            moves += _commission_left_over(order, unit)
    if moves:
        post_with_page(moves, journal=f"{order.address}:after_all:{at.isoformat()}", at=at)
    _store(paid)
    on_top = amount - sum(parts.values())
    if by_platform and on_top:
        door.change(order, compensated_by_platform=order.compensated_by_platform + on_top)


def reserve(order: Order, units: Sequence[Unit], *, cause: str, amount: int, at: datetime) -> None:
    """Set part of the shop's deposit aside for what `amount` fen of a claim go beyond escrow and pending money."""
    covered = sum(unit.held + (unit.net if unit.is_unsettled() else 0) for unit in units)
    deposit = order.shop.account("deposit")
    aside = min(max(amount - covered, 0), balances([deposit])[deposit])
    if not aside:
        return
    page.insert([Exposure(order=order, cause=cause, amount=aside)])
    door.change(order, exposed=order.exposed + aside)
    move = Move(f"{cause}:reserve", deposit, order.shop.account("reserved"), aside, Reason.RESERVE, cause)
    post_with_page([move], journal=f"{cause}:reserve", at=at)


def unreserve(order: Order, cause: str, *, at: datetime) -> None:
    """The case is over: what was set aside and not used goes back to the free deposit."""
    exposure = _exposure(order, cause)
    if exposure is None:
        return
    shop = order.shop
    move = Move(f"{cause}:free", shop.account("reserved"), shop.account("deposit"), exposure.amount, Reason.FREE, cause)
    post_with_page([move], journal=f"{cause}:free", at=at)
    door.change(order, exposed=order.exposed - exposure.amount)
    door.change(exposure, amount=0)


def make_whole(order: Order, *, cause: str, amount: int, at: datetime) -> int:
    """What a shop paid to a buyer in good faith and did not owe, the guarantee fund gives back to it.

    `amount` is fen; returns what the fund does not have of it (money: small award paid before it is final). What the
    shop owes the fund, perhaps for this very case, is collected from it.
    """
    fund, available, debt = "platform:fund", order.shop.account("available"), order.shop.account("debt")
    held = balances_with_debt(debt, [fund])
    part = min(amount, held[fund])
    if part:
        move = Move(f"{cause}:whole", fund, available, part, Reason.MADE_WHOLE, cause)
        moves = [move, *_collected(order, part, owed=-held[debt], key=f"{cause}:whole")]
        post_with_page(moves, journal=f"{cause}:whole", at=at)
    return amount - part


def take_on(order: Order, *, cause: str, amount: int, at: datetime) -> int:
    """What a shop paid before it turned out to be the platform's own fault, the platform's own money gives back to it.

    `amount` is fen; returns what the platform does not have of it.
    """
    part = min(amount, balances([OWN])[OWN])
    if part:
        move = Move(f"{cause}:fault", OWN, order.shop.account("available"), part, Reason.PLATFORM_FAULT, cause)
        post_with_page([move], journal=f"{cause}:fault", at=at)
    return amount - part


def _collected(order: Order, income: int, *, owed: int, key: str) -> list[Move]:
    """A shop that owes the guarantee fund pays it back out of what it is given, before it can withdraw any of that.

    Sums are fen; `owed` was read by `balances_with_debt`.
    """
    part, shop, reason = min(income, owed), order.shop, Reason.DEBT_COLLECTED
    if not part:
        return []
    return [
        Move(f"{key}:collected", shop.account("available"), "platform:fund", part, reason, order.address),
        Move(f"{key}:owed_less", "platform:recoverable", shop.account("debt"), part, reason, order.address),
    ]


def _exposure(order: Order, cause: str) -> Exposure | None:
    """What is set aside of the shop's deposit for a case; nobody is asked where nothing is set aside for the order."""
    return Exposure.objects.filter(cause=cause, amount__gt=0).first() if order.exposed else None


def _sources(order: Order, units: Sequence[Unit], found: Plan, cause: str) -> list[Source]:
    """What the shop and the fund could pay, in the order in which they are asked."""
    shop = order.shop
    names = ["pending", "available", "reserved", "deposit"]
    held = balances([*(shop.account(name) for name in names), "platform:fund"])
    pending, available = held[shop.account("pending")], held[shop.account("available")]
    back = {unit.pk: found.reversals.get(unit.pk, 0) for unit in units}
    pending += sum(back[unit.pk] for unit in units if unit.is_unsettled())
    available += sum(back[unit.pk] for unit in units if not unit.is_unsettled())
    own = sum(unit.net + back[unit.pk] for unit in units if unit.is_unsettled())
    this_order = min(own, pending)
    exposure = _exposure(order, cause)
    aside = exposure.amount if exposure else 0
    return [
        Source(shop.account("pending"), this_order, "this_order"),
        Source(shop.account("available"), available, "available"),
        Source(shop.account("pending"), pending - this_order, "pending"),
        Source(shop.account("reserved"), min(aside, held[shop.account("reserved")]), "reserved"),
        Source(shop.account("deposit"), held[shop.account("deposit")], "deposit"),
        Source("platform:fund", held["platform:fund"], "fund"),
    ]


def _reverse_commission(order: Order, units: Sequence[Unit], found: Plan, cause: str, *, at: datetime) -> None:
    """The platform earns nothing on what goes back: its commission returns to the shop first."""
    moves = []
    for unit in units:
        pocket = order.shop.account("pending" if unit.is_unsettled() else "available")
        amount = found.reversals.get(unit.pk, 0)
        moves += _moves(unit, f"{cause}:commission", ("platform:fees", pocket, amount, Reason.COMMISSION))
        unit.commission -= amount
    if moves:
        post_with_page(moves, journal=f"{cause}:commission", at=at)


def _commission_left_over(order: Order, unit: Unit) -> list[Move]:
    """What the platform took of a unit beyond its share of what the shop keeps of it goes back to the shop.

    A second payment for a unit of which a part is still owed counts that part as kept, until it is paid, too.
    """
    share = (unit.released + unit.coupon_released + unit.fee) * order.commission_bp // 10_000
    amount = max(unit.commission - share, 0)
    unit.commission -= amount
    pocket = order.shop.account("pending" if unit.is_unsettled() else "available")
    return _moves(unit, f"after_all:{unit.refunded}", ("platform:fees", pocket, amount, Reason.COMMISSION))


def _book_debt(order: Order, found: Plan, cause: str, *, at: datetime) -> None:
    """What the guarantee fund pays, the shop owes it."""
    if owed := found.part("fund"):
        debt = Move(f"{cause}:debt", order.shop.account("debt"), "platform:recoverable", owed, Reason.DEBT, cause)
        post_with_page([debt], journal=f"{cause}:debt", at=at)


def _pay(
    order: Order,
    found: Plan,
    grants: Mapping[int, int],
    cause: str,
    *,
    is_instant: bool,
    at: datetime,
    to_balance: bool = False,
    outside: str = "",
) -> Payout | None:
    """Send what was found back the way it came; an order that was paid in two ways gets two payouts.

    A channel gives back what it brought and no more: compensation goes to the balance.

    The one by the channel is the decision's own and the one that is returned: the case is over when it has arrived.
    """
    legs: dict[str, int] = {}
    for leg in found.legs:
        legs[leg.address] = legs.get(leg.address, 0) + leg.amount
    if not legs:
        return None
    if outside:
        return _send(order, list(legs.items()), cause, to_channel=True, is_instant=is_instant, at=at, outside=outside)
    if to_balance or order.paid_by == Order.PaidBy.WALLET:
        return _send(order, list(legs.items()), cause, to_channel=False, is_instant=is_instant, at=at)
    principal = sum(grants.values()) - sum(found.unpaid.values()) - sum(found.unpaid_own.values())
    is_mixed = order.paid_by == Order.PaidBy.MIXED
    part = _part_of_channel(order, principal) if is_mixed else principal
    by_channel, to_wallet = _in_two(list(legs.items()), part)
    if not by_channel:
        return _send(order, to_wallet, cause, to_channel=False, is_instant=is_instant, at=at)
    # The balance comes second: its payout is paid at once, and looking for another one after that would send all moves
    # so far, a wallet locked before the accounts of the rest.
    payout = _send(order, by_channel, cause, to_channel=True, is_instant=is_instant, at=at)
    if to_wallet:
        beside = f"{order.address}:balance:{cause}"
        _send(order, to_wallet, beside, to_channel=False, is_instant=is_instant, at=at)
    return payout


def _send(
    order: Order,
    legs: list[tuple[str, int]],
    cause: str,
    *,
    to_channel: bool,
    is_instant: bool,
    at: datetime,
    outside: str = "",
) -> Payout:
    return payouts.plan(
        under=order.address,
        cause=cause,
        user=order.buyer,
        legs=legs,
        destination=Payout.Destination.CHANNEL if to_channel else Payout.Destination.WALLET,
        payment=order.payment if to_channel else None,
        at=at,
        instant=is_instant,
        key=f"{cause}{OUTSIDE}{outside}" if outside else f"{cause}:payout",
        rulebook=order.rulebook_version,
        is_done=bool(outside),
    )


def _part_of_channel(order: Order, principal: int) -> int:
    """How much of `principal` fen goes back to the channel: in proportion to what it brought (rules 3.4, P03).

    Counted over all that has gone back so far, so that many small refunds never send a channel more than it brought;
    and never more than it has not got back yet, for it may have given all of it back on its own account.
    """
    others = Unit.objects.filter(order=order).aggregate(sum=Sum(F("refunded") + F("covered")))["sum"] or 0
    parts = {"wallet": order.from_wallet, "channel": order.to_charge}
    before, after = split(others, parts), split(others + principal, parts)
    return min(after.get("channel", 0) - before.get("channel", 0), left_at_channel(order))


def left_at_channel(order: Order) -> int:
    """What the channel brought for an order that was paid in two ways and what has not gone back to it yet, in fen.

    What it took although the mall had given it back already came off the buyer's balance: that is not of the order.
    """
    payment = order.payment
    if payment is None:
        return 0
    back = Payout.objects.filter(payment=payment, charge=payment.provider_txn, destination="channel")
    back = back.exclude(state=PayoutState.VOID).exclude(key__contains=f"{TWICE}{OUTSIDE}")
    gone = back.aggregate(sum=Sum("amount"))["sum"] or 0
    return max(order.to_charge - gone, 0)


def _in_two(legs: Sequence[tuple[str, int]], first: int) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """The legs that make up the first so many fen, and the rest."""
    one, other = [], []
    for address, amount in legs:
        part = min(amount, first)
        first -= part
        if part:
            one.append((address, part))
        if amount - part:
            other.append((address, amount - part))
    return one, other


def _book_units(
    order: Order,
    units: Sequence[Unit],
    found: Plan,
    grants: Mapping[int, int],
    fees: Mapping[int, int],
    *,
    at: datetime,
    goes_on: bool = False,
) -> list[Unit]:
    """Each unit's figures after the payment; returns the units of which something is left in escrow to release."""
    moves: list[Move] = []
    for unit in units:
        covered, fee = found.covered.get(unit.pk, 0), fees.get(unit.pk, 0)
        charged = grants[unit.pk] - covered
        from_held = min(unit.held, charged)
        fee_held = min(unit.held - from_held, fee)
        moves += _moves(unit, "fee", (order.escrow, order.shop.account("pending"), fee_held, Reason.FEE_KEPT))
        unpaid = found.unpaid.get(unit.pk, 0)
        unit.held -= from_held + fee_held
        unit.released -= (charged - from_held - unpaid) + (fee - fee_held)
        unit.refunded += charged - unpaid
        unit.covered += covered - found.unpaid_own.get(unit.pk, 0)
        unit.fee += fee
        if not goes_on:
            unit.held_by, unit.left_at_hold = "", None
        if fee_held and not unit.held:
            settles = clocks.span("SETTLE", order.shop.level, version=order.rulebook_version)
            unit.released_at, unit.settle_at = at, deadline(settles, at)
    if moves:
        post_with_page(moves, journal=f"{order.address}:fee:{at.isoformat()}", at=at)
    return [unit for unit in units if unit.held and not unit.held_by]


def _unearned(unit: Unit, charged: int, fee: int) -> int:
    """How much of the unit's coupon goes back to the platform now: the shop keeps it as far as it keeps the price.

    A fee for the buyer's own reason is no price, so nothing of the coupon stays for it.
    """
    price = unit.paid - unit.refunded - unit.fee - charged - fee
    return unit.coupon - unit.coupon * price // unit.paid - unit.coupon_back


def _return_coupons(order: Order, units: Sequence[Unit], found: Plan, cause: str, *, at: datetime) -> None:
    """What of a platform coupon is not earned goes back to the platform: out of escrow, else out of the shop's own."""
    if not any(found.coupons.values()):
        return
    home, given = coupons.home_of(order), sum(leg.amount for leg in found.coupon_legs)
    moves: list[Move] = []
    for unit in units:
        due = found.coupons.get(unit.pk, 0)
        held = min(due, unit.coupon_held)
        from_shop = min(due - held, given)
        given -= from_shop
        moves += _moves(unit, f"{cause}:coupon", (order.escrow, home, held, Reason.COUPON))
        unit.coupon_held -= held
        unit.coupon_released -= from_shop
        unit.coupon_back += held + from_shop
    moves += [
        Move(f"{cause}:coupon:{place}", leg.address, home, leg.amount, Reason.COUPON, order.address)
        for place, leg in enumerate(found.coupon_legs, start=1)
    ]
    if moves:
        post_with_page(moves, journal=f"{cause}:coupon", at=at)


def _draw_reserved(order: Order, found: Plan, cause: str) -> None:
    if used := found.part("reserved"):
        exposure = Exposure.objects.get(cause=cause)
        door.change(order, exposed=order.exposed - used)
        door.change(exposure, amount=exposure.amount - used)


def _moves(unit: Unit, what: str, *lines: tuple[str, str, int, Any]) -> list[Move]:
    """Moves of one unit, each once for what it is; sums of nothing are left out."""
    return [
        Move(f"{unit.address}:{what}:{reason}", source, target, amount, reason, unit.address)
        for source, target, amount, reason in lines
        if amount
    ]


def _store(units: Sequence[Unit]) -> None:
    door.change_all(units, FIGURES)
