"""The story of an order: place · pay · deliver · cancel · confirm · lapse. Money of a unit moves in `orders.escrow`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Value, When
from django.utils.translation import gettext_lazy as _

from ledger.accounts import balance
from ledger.models import Payout
from ledger.transfers import Move, Reason, post_with_page
from orders import caps, coupons, escrow, promises, settling
from orders.fulfilment import given as answers
from orders.fulfilment import ways
from orders.fulfilment.handing import advance, give_stock_back, promised
from orders.models import Order, Snapshot, Unit
from orders.states import OrderState
from rulebook import versions
from shops import commission, policy, stock
from shops.listings import may_sell
from shops.models import Listing
from shops.states import ListingState
from timeline import numbers, page
from timeline.door import begin, change, enter, lock, note, require, verb
from timeline.spans import minutes

#: The rulebook that rules orders placed now.
RULEBOOK_VERSION = "default-cn 2026.11.0"
MOST_UNITS = 500


@verb
def place(
    *,
    buyer: Any,
    listing: Listing,
    quantity: int,
    acknowledged: bool,
    given: Mapping[str, str] | None = None,
    at: datetime,
) -> Order:
    """A buyer orders `quantity` units; what was promised is written down and the codes are set aside.

    `given` are the buyer's answers to what the listing asks (`{"account": …}`); they are sealed, and what is missing or
    cannot be is a `ValidationError`.

    Refused: `own_goods`, `barred`, `bad_quantity`, `notice_not_acknowledged`, `not_on_sale`, `shop_cannot_sell`,
    `over_listing_limit`, `over_order_cap`, `over_day_cap`, `sold_out`.
    """
    lock(listing)
    shop = listing.shop
    require(not shop.is_worked_in_by(buyer), "own_goods", _("A shop cannot buy from itself."))
    require(not buyer.is_barred(at), "barred", _("You cannot buy for now. The page of your level says why."))
    require(1 <= quantity <= MOST_UNITS, "bad_quantity", _("Order between 1 and 500 units at a time."))
    require(acknowledged, "notice_not_acknowledged", _("Please confirm that you have read the usage notice."))
    require(listing.state == ListingState.ON_SALE, "not_on_sale", _("This is not on sale right now."))
    require(may_sell(listing, at=at), "shop_cannot_sell", _("This shop cannot sell right now."))
    caps.require_allowed(listing, quantity, buyer=buyer)
    caps.require_room(shop, listing.price * quantity, at=at)
    ruling = versions.in_force(at)
    order = Order(
        number=numbers.new("K", at),
        buyer=buyer,
        shop=shop,
        rulebook_version=ruling.number,
        buyer_level=buyer.level,
        commission_bp=commission.in_force(listing.kind, at),
        total=listing.price * quantity,
        given=answers.seal(listing, given or {}, at=at),
        placed_at=at,
    )
    data = {"listing": listing.pk, "quantity": quantity}
    begin(order, by=buyer, at=at, span=ruling.clocks.span("ORDER_PAY"), data=data)
    shown = {
        **listing.snapshot(),
        "policy": policy.card(listing, ruling, buyer.level),
        "exemption": policy.agreed(listing, at),
    }
    body = json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    snapshot = Snapshot(
        order=order,
        listing=listing,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        notice_text=listing.notice,
        acknowledged_at=at,
    )
    page.insert([snapshot])
    cards = stock.take(listing, quantity, at=at) if listing.has_codes() else [None] * quantity
    page.insert([Unit(order=order, place=place, card=card) for place, card in enumerate(cards, start=1)])
    return order


@verb
def pay_from_wallet(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer pays from the balance; codes are delivered in the same breath."""
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer pays."))
    require(
        order.state == OrderState.PLACED and not order.is_overdue(at),
        "wrong_moment",
        _("This order cannot be paid any more."),
    )
    require(
        balance(wallet_of(order)) >= order.to_charge,
        "insufficient_balance",
        _("Your balance is not enough. Top up first; the order waits until its time to pay is over."),
    )
    _take_money(order, source=wallet_of(order), amount=order.to_charge, payment=None, by=by, at=at)


@verb
def paid_by_channel(payment: Any, *, at: datetime) -> None:
    """A channel says that the order's charge came in; the ledger has checked that it is ours, in time and in full.

    Where a part from the balance is set aside, the charge is the rest; a charge over the whole price counts as well,
    and the part goes back. Any other sum is refused, and the ledger sends it back.
    """
    order = Order.objects.get(pk=int(payment.subject.removeprefix("order:")))
    lock(order)
    require(
        order.state == OrderState.PLACED and payment.amount in {order.total, order.to_charge},
        "wrong_moment",
        _("This order cannot be paid any more."),
    )
    if payment.amount == order.total:
        give_part_back(order, at=at)
    source = f"channel:{payment.channel}"
    _take_money(order, source=source, amount=payment.amount, payment=payment, by=payment.user, at=at)


def wallet_of(order: Order) -> str:
    """The buyer's balance."""
    return f"user:{order.buyer_id}:wallet"


def set_part_aside(order: Order, amount: int, *, at: datetime) -> None:
    """A part of a locked order's price waits in its escrow until a channel brings the rest; another one goes back."""
    before = order.from_wallet
    if amount == before:
        return
    give_part_back(order, at=at)
    if not amount:
        return
    key = f"{order.address}:part:{before}:{amount}:{at.isoformat()}"
    move = Move(key, wallet_of(order), order.escrow, amount, Reason.ORDER_PAID, order.address)
    post_with_page([move], journal=key, at=at)
    change(order, from_wallet=amount)
    note(order, "order.part_set_aside", by=order.buyer, at=at, data={"amount": amount})


def give_part_back(order: Order, *, at: datetime) -> None:
    """The rest did not come: what was set aside is the buyer's again."""
    if not order.from_wallet:
        return
    key = f"{order.address}:part_back:{order.from_wallet}:{at.isoformat()}"
    move = Move(key, order.escrow, wallet_of(order), order.from_wallet, Reason.REFUND, order.address)
    post_with_page([move], journal=key, at=at)
    note(order, "order.part_given_back", by=None, at=at, data={"amount": order.from_wallet})
    change(order, from_wallet=0)


def _take_money(order: Order, *, source: str, amount: int, payment: Any, by: Any, at: datetime) -> None:
    """The money goes into escrow, each unit knows its part, and delivery begins."""
    if payment is None:
        # The whole came from the balance, a part of it earlier.
        paid_by, from_wallet = Order.PaidBy.WALLET, 0
    else:
        paid_by = Order.PaidBy.MIXED if order.from_wallet else Order.PaidBy.CHANNEL
        from_wallet = order.from_wallet
    key = f"{order.address}:paid"
    moves = [Move(key, source, order.escrow, amount, Reason.ORDER_PAID, order.address)]
    if order.from_platform:
        given = Move(
            f"{order.address}:coupon", coupons.COUPONS, order.escrow, order.from_platform, Reason.COUPON, order.address
        )
        moves.append(given)
    post_with_page(moves, journal=key, at=at)
    told = promised(order)
    _share_out(order, order.listed // int(told["price"]))
    promise = int(told["promise_minutes"])
    change(
        order,
        paid_by=paid_by,
        from_wallet=from_wallet,
        payment=payment,
        paid_at=at,
        promised_at=at + timedelta(minutes=promise),
    )
    span = minutes(promise + int(promises.GRACE_TO_HARD.total_seconds() // 60))
    enter(order, OrderState.PAID, by=by, at=at, span=span, data={"amount": order.total, "by": str(paid_by)})
    promises.begin(order, at=at, promise=promise)
    ways.of(order).begin(order, at=at)


def _share_out(order: Order, units: int) -> None:
    """What each unit cost its buyer, and what coupons added, by largest remainder, the earlier unit first (rules 3.4).

    Units of an order cost the same, so whoever stands earlier takes the odd fen. One statement for 1 or 500.
    """
    paid, coupon = _part(order.total, units), _part(order.from_platform, units)
    words = {"paid": paid, "held": paid}
    if order.from_platform:
        words |= {"coupon": coupon, "coupon_held": coupon}
    if order.from_shop:
        words["shop_coupon"] = _part(order.from_shop, units)
    page.update(order.units.all(), **words)


def _part(amount: int, units: int) -> Any:
    each, odd = divmod(amount, units)
    return Case(When(place__lte=odd, then=Value(each + 1)), default=Value(each)) if odd else each


@verb
def cancel(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer does not want to pay after all, or does not wait for a late delivery any longer.

    Codes that nobody saw are for sale again; what was paid for and is late comes back whole.
    """
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer cancels an order."))
    if promises.may_cancel_late(order):
        promises.cancel_late(order, by=by, at=at)
        return
    require(
        order.state == OrderState.PLACED,
        "wrong_moment",
        _("A paid order is not cancelled here: file a refund request instead."),
    )
    _let_go(order, at=at)
    enter(order, OrderState.CANCELLED, by=by, at=at)


def _let_go(order: Order, *, at: datetime) -> None:
    """An order that is not paid gives back what was kept for it: codes, coupons, a part from the balance."""
    give_stock_back(order)
    coupons.give_back(order, at=at)
    give_part_back(order, at=at)


@verb
def confirm(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer says that all is well; units without an open case are released to the shop at once."""
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer confirms."))
    require(order.state == OrderState.DELIVERED, "wrong_moment", _("There is nothing to confirm now."))
    units = escrow.units_of(order)
    free = [unit for unit in units if unit.held and not unit.held_by]
    require(bool(free), "case_open", _("Every unit has an open case; end it first."))
    note(order, "order.confirmed", by=by, at=at, data={"units": [unit.place for unit in free]})
    escrow.release(order, free, at=at)
    advance(order, units, at=at)


@verb
def lapse(order: Order, *, limit: str, at: datetime) -> None:
    """A clock ran out: not paid, not delivered, inspected, settled, or out of warranty."""
    lock(order)
    if limit == "PROMISE":
        promises.break_promise(order, at=at)
        return
    if limit == "INSPECT" and order.state == OrderState.PAID:
        promises.inspected_early(order, at=at)
        return
    if order.machine.limits.get(order.state) != limit or not order.is_overdue(at):
        return  # acted on while this call was on its way
    if order.state == OrderState.PLACED:
        _let_go(order, at=at)
        enter(order, OrderState.EXPIRED, by=None, at=at)
    elif order.state == OrderState.PAID:
        promises.reach_hard_limit(order, at=at)
    else:
        units = escrow.units_of(order)
        escrow.release(order, [unit for unit in units if unit.is_due_for_release(at)], at=at)
        settling.settle(order, units, at=at)
        advance(order, units, at=at)


def end_case(
    order: Order,
    *,
    cause: str,
    at: datetime,
    units: list[Unit] | None = None,
    grants: Mapping[int, int] | None = None,
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
    """A case (`refund:12`) over units of a locked order is over: pay back what was granted, let the rest go on.

    `units` are all units of the order, if the caller has read them. `outside` is a channel's number of what it paid
    back on its own account; that may be a part only, so that the case over these units `goes_on`.
    The buyer may have chosen that all of it goes `to_balance` instead of the way it came.
    `grants` and `fees` are fen per unit id, `platform_bp` is the platform's share of the fault in what goes back,
    `platform_compensation` the fen of the compensation that are the platform's own to pay, `is_threefold` says that the
    compensation is the law's for fraud, `by_fund_before` what the guarantee fund has given of this case's compensation
    before. Returns the payout, or nothing where nothing goes back.
    """
    units = escrow.units_of(order) if units is None else units
    escrow.free(units, cause, at=at)
    payout = None
    if grants or compensation:
        payout = escrow.give_back(
            order,
            units,
            grants=grants or {},
            cause=cause,
            fees=fees,
            compensation=compensation,
            platform_bp=platform_bp,
            platform_compensation=platform_compensation,
            is_threefold=is_threefold,
            is_instant=is_instant,
            by_fund_before=by_fund_before,
            to_balance=to_balance,
            at=at,
            outside=outside,
            goes_on=goes_on,
        )
    escrow.unreserve(order, cause, at=at)
    advance(order, units, at=at)
    return payout


def paid_after_all(
    order: Order, amount: int, *, units: list[Unit], parts: Mapping[int, int], by_platform: bool, at: datetime
) -> None:
    """What nobody had when a case was decided was paid since: of the price of units as in `parts` (fen per unit id)."""
    escrow.paid_after_all(order, amount, units=units, parts=parts, by_platform=by_platform, at=at)
    if parts:
        advance(order, units, at=at)
