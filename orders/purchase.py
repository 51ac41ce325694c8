"""What a buyer does before an order is paid: order what was shown at the price that was shown, and ask for a charge."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger import gateways, payments
from ledger.accounts import balance
from ledger.models import Payment
from ledger.states import PaymentState
from ledger.templatetags.money import yuan
from orders import lifecycle
from orders.models import Order
from orders.states import OrderState
from rulebook import versions
from shops import policy
from shops.models import Listing
from timeline.door import lock, require, verb
from timeline.models import Timer
from timeline.refusals import Refused
from timeline.spans import minutes


@verb
def order_as_shown(
    listing: Listing,
    *,
    quantity: int,
    acknowledged: bool,
    exempt: bool,
    price: int | None = None,
    shown: str = "",
    given: Mapping[str, str] | None = None,
    by: Any,
    at: datetime,
) -> Order:
    """Place an order if one unit still costs the `price` in fen that the buyer saw (nothing: whatever it costs now).

    `exempt` is the buyer's yes to the text of `shops.policy.exemption`, which is kept with the order; `shown` is the
    mark of what the page promised (`shops.policy.shown`; nothing: whatever it promises now).

    Refused: `exemption_refused`; `price_changed` with the price of now, `promises_changed`, and all that
    `lifecycle.place` refuses.
    """
    lock(listing)
    require(exempt, "exemption_refused", _("Please agree to this for each purchase; without it nothing is ordered."))
    if price not in (None, listing.price):
        raise Refused(
            "price_changed",
            _("The price has changed: one now costs %(price)s. Look at the listing again; nothing was ordered.")
            % {"price": yuan(listing.price)},
        )
    require(
        shown in ("", policy.shown(listing, versions.in_force(at))),
        "promises_changed",
        _("The shop has changed what it promises, or the rules are new. Read it as it is now; nothing was ordered."),
    )
    return lifecycle.place(buyer=by, listing=listing, quantity=quantity, acknowledged=acknowledged, given=given, at=at)


@verb
def ask_for_charge(order: Order, *, channel: str, part: int = 0, by: Any, at: datetime) -> Payment:
    """The buyer wants to pay by `channel`: the payment that is still open, or a new one that ends with the order.

    `part` fen of the price come from the balance: they are set aside now, and are the buyer's again if the rest does
    not come in time. Refused: `not_your_turn`, `wrong_moment`, `no_such_channel`, `bad_part`, `insufficient_balance`.
    """
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer pays."))
    require(may_be_paid(order, at), "wrong_moment", _("This order cannot be paid any more."))
    require(channel in gateways.open_channels(), "no_such_channel", _("This payment channel is not open right now."))
    require(
        0 <= part < order.total, "bad_part", _("A part from the balance is less than the price, and not below zero.")
    )
    there = balance(lifecycle.wallet_of(order)) + order.from_wallet if part else 0
    require(part <= there, "insufficient_balance", _("Your balance does not hold this part."))
    lifecycle.set_part_aside(order, part, at=at)
    found = open_payment(order, at=at, channel=channel, amount=order.to_charge)
    if found is not None:
        return found
    left = max(1, int(_left(order, at).total_seconds() // 60))
    return payments.ask(
        user=by, subject=order.address, amount=order.to_charge, channel=channel, span=minutes(left), at=at
    )


def _left(order: Order, at: datetime) -> timedelta:
    """How long the order still waits for its payment; while its clock stands still for an outage, what was left."""
    if order.deadline_at is not None:
        return order.deadline_at - at
    return Timer.objects.get(subject=order.address, limit="ORDER_PAY", state=Timer.State.PAUSED).left


def may_be_paid(order: Order, at: datetime) -> bool:
    """Whether the order waits for its payment and the time for it is not over."""
    return order.state == OrderState.PLACED and not order.is_overdue(at)


def open_payment(order: Order, *, at: datetime, channel: str = "", amount: int | None = None) -> Payment | None:
    """The buyer's payment by a channel that is asked for and not over, if there is one."""
    found = Payment.objects.filter(subject=order.address, state=PaymentState.AWAITING, deadline_at__gt=at)
    if channel:
        found = found.filter(channel=channel)
    if amount is not None:
        found = found.filter(amount=amount)
    return found.order_by("-pk").first()
