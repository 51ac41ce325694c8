"""The story of an order: place · pay · deliver · cancel · confirm · lapse. Money of a unit moves in `orders.escrow`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.accounts import balance
from ledger.models import Payout
from ledger.transfers import Move, Reason, post_with_page
from orders import caps, escrow, promises
from orders.fulfilment import given as answers
from orders.fulfilment import ways
from orders.fulfilment.handing import advance, give_stock_back, promised
from orders.models import Order, Snapshot, Unit
from orders.states import OrderState
from rulebook import versions
from shops import policy, stock
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
    `over_order_cap`, `over_day_cap`, `sold_out`.
    """
    lock(listing)
    shop = listing.shop
    require(not shop.is_worked_in_by(buyer), "own_goods", _("A shop cannot buy from itself."))
    require(1 <= quantity <= MOST_UNITS, "bad_quantity", _("Order between 1 and 500 units at a time."))
    require(acknowledged, "notice_not_acknowledged", _("Please confirm that you have read the usage notice."))
    require(listing.state == ListingState.ON_SALE, "not_on_sale", _("This is not on sale right now."))
    require(may_sell(listing, at=at), "shop_cannot_sell", _("This shop cannot sell right now."))
    ruling = versions.in_force(at)
    caps.require_room(shop, listing.price * quantity, at=at)
    order = Order(
        number=numbers.new("K", at),
        buyer=buyer,
        shop=shop,
        rulebook_version=ruling.number,
        buyer_level=buyer.level,
        total=listing.price * quantity,
        given=answers.seal(listing, given or {}, at=at),
        placed_at=at,
    )
    data = {"listing": listing.pk, "quantity": quantity}
    begin(order, by=buyer, at=at, span=ruling.clocks.span("ORDER_PAY"), data=data)
    shown = {**listing.snapshot(), "policy": policy.card(listing, ruling, buyer.level)}
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
    wallet = f"user:{by.pk}:wallet"
    require(
        balance(wallet) >= order.total,
        "insufficient_balance",
        _("Your balance is not enough. Top up first; the order waits until its time to pay is over."),
    )
    _take_money(order, source=wallet, paid_by=Order.PaidBy.WALLET, payment=None, by=by, at=at)


@verb
def paid_by_channel(payment: Any, *, at: datetime) -> None:
    """A channel says that the order's charge came in; the ledger has checked that it is ours, in time and in full."""
    order = Order.objects.get(pk=int(payment.subject.removeprefix("order:")))
    lock(order)
    require(
        order.state == OrderState.PLACED and payment.amount == order.total,
        "wrong_moment",
        _("This order cannot be paid any more."),
    )
    _take_money(
        order,
        source=f"channel:{payment.channel}",
        paid_by=Order.PaidBy.CHANNEL,
        payment=payment,
        by=payment.user,
        at=at,
    )


def _take_money(order: Order, *, source: str, paid_by: str, payment: Any, by: Any, at: datetime) -> None:
    """The money goes into escrow, each unit knows its part, and delivery begins."""
    key = f"{order.address}:paid"
    move = Move(key, source, order.escrow, order.total, Reason.ORDER_PAID, order.address)
    post_with_page([move], journal=key, at=at)
    listing = order.snapshot.listing
    page.update(order.units.all(), paid=listing.price, held=listing.price)
    promise = int(promised(order)["promise_minutes"])
    change(order, paid_by=paid_by, payment=payment, paid_at=at, promised_at=at + timedelta(minutes=promise))
    span = minutes(promise + int(promises.GRACE_TO_HARD.total_seconds() // 60))
    enter(order, OrderState.PAID, by=by, at=at, span=span, data={"amount": order.total, "by": paid_by})
    promises.begin(order, at=at, promise=promise)
    ways.of(order).begin(order, at=at)


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
    give_stock_back(order)
    enter(order, OrderState.CANCELLED, by=by, at=at)


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
        give_stock_back(order)
        enter(order, OrderState.EXPIRED, by=None, at=at)
    elif order.state == OrderState.PAID:
        promises.reach_hard_limit(order, at=at)
    else:
        units = escrow.units_of(order)
        escrow.release(order, [unit for unit in units if unit.is_due_for_release(at)], at=at)
        escrow.settle(order, [unit for unit in units if unit.is_due_for_settlement(at)], at=at)
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
    platform_bp: int = 0,
    is_instant: bool = False,
) -> Payout | None:
    """A case (`refund:12`) over units of a locked order is over: pay back what was granted, let the rest go on.

    `units` are all units of the order, if the caller has read them.
    `grants` and `fees` are fen per unit id, `platform_bp` is the platform's share of the fault. Returns the payout, or
    nothing where nothing goes back.
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
            is_instant=is_instant,
            at=at,
        )
    escrow.unreserve(order, cause, at=at)
    advance(order, units, at=at)
    return payout
