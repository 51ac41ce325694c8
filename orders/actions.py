"""What somebody can do with an order now: the questions that the verbs ask, answered before a button is pressed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger import gateways
from ledger.accounts import balance
from ledger.templatetags.money import yuan
from orders import promises
from orders.figures import Figures
from orders.fulfilment import handing, queries
from orders.models import Order
from orders.parties import Side, may_speak, side_of
from orders.purchase import may_be_paid
from orders.states import OrderState
from shops.models import Way

#: States in which something bought may be claimed to be wrong; the case's own room decides about each reason.
CLAIMABLE = {OrderState.PAID, OrderState.DELIVERED, OrderState.COMPLETED, OrderState.SETTLED}
CHANNELS: dict[str, Promise] = {"sandbox": _("Pay by the sandbox (play money)")}


@dataclass(frozen=True)
class Action:
    """Something to do: `name` is stable and for machines. `method` "get" leads to a page, "post" does it."""

    name: str
    label: str | Promise
    url: str
    method: str = "post"
    #: "" for the main thing to do, "plain", "quiet", or "grave" for what cannot be undone.
    style: str = ""
    #: What is sent along.
    value: str = ""
    #: A second thing that is sent along, by its name alone.
    extra: str = ""


def actions_for(order: Order, user: Any, figures: Figures, *, at: datetime) -> list[Action]:
    """What `user` can do with the order at `at`, the most likely first; an order of somebody else offers nothing."""
    side = side_of(order, user)
    if side is None:
        return []
    found = _of_the_buyer(order, user, figures, at=at) if side == Side.BUYER else []
    if side == Side.SHOP and order.state == OrderState.PAID and handing.way_of(order) == Way.SHOP:
        found.append(Action("deliver", _("Deliver"), _url("deliver", order), "get"))
        found.append(Action("cannot_deliver", _("I cannot deliver"), _url("cannot_deliver", order), "get", "quiet"))
    if side == Side.SHOP and queries.may_ask(order, at):
        label = _("Ask the supplier: the inspection waits")
        found.append(Action("ask_supplier", label, _url("ask_supplier", order), style="quiet"))
    elif side == Side.SHOP and queries.is_awaited(order):
        found.append(Action("supplier_answered", _("The supplier answered"), _url("supplier_answered", order)))
    if may_speak(order, user):
        label = {Side.BUYER: _("Write to the shop"), Side.SHOP: _("Write to the buyer")}.get(side, _("Write to both"))
        found.append(Action("say", label, f"{_url('detail', order)}#conversation", "get", "quiet"))
    return found


def _of_the_buyer(order: Order, user: Any, figures: Figures, *, at: datetime) -> list[Action]:
    found = []
    if may_be_paid(order, at):
        found += _ways_to_pay(order, user)
        found.append(Action("cancel", _("Cancel the order"), _url("cancel", order), style="quiet"))
    if promises.may_cancel_late(order) and figures.units > figures.delivered:
        found.append(Action("cancel", _("Too late: cancel, everything back"), _url("cancel", order), style="plain"))
    if promises.may_wait_longer(order):
        found.append(Action("wait", _("Wait a day longer"), _url("wait", order), style="quiet"))
    if order.state == OrderState.DELIVERED and figures.to_confirm:
        found.append(Action("confirm", _("Confirm receipt"), _url("confirm", order), "get"))
    if order.state in CLAIMABLE and figures.to_claim and (claim := _claim(order)):
        found.append(Action("claim", _("Ask for a refund"), claim, "get", "plain"))
    return found


def _ways_to_pay(order: Order, user: Any) -> list[Action]:
    pay = _url("pay", order)
    channels = [
        Action("pay_by_channel", CHANNELS.get(name, name), pay, style="plain", value=name)
        for name in gateways.open_channels()
    ]
    there = balance(f"{user.address}:wallet") + order.from_wallet
    if there >= order.total:
        return [Action("pay", _("Pay from the balance"), pay, value="wallet"), *channels]
    if there:
        channels = [
            Action(
                "pay_in_two",
                _("Balance %(part)s, the rest by the channel") % {"part": yuan(there)},
                pay,
                style="plain",
                value=name,
                extra="part",
            )
            for name in gateways.open_channels()
        ] + channels
    return [*channels, Action("top_up", _("Top up the balance"), reverse("ledger:wallet"), "get", "plain")]


def _claim(order: Order) -> str:
    """Where a claim begins, once the room of refunds is open."""
    try:
        return reverse("refunds:claim", kwargs={"number": order.number})
    except NoReverseMatch:
        return ""


def _url(name: str, order: Order) -> str:
    return reverse(f"orders:{name}", kwargs={"number": order.number})
