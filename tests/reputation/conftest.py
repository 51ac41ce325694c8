"""Forty codes of one batch in four hands, and how they turn out to be bad."""

from datetime import timedelta

import pytest

from ledger.transfers import Reason, transfer
from orders import delivery
from orders import lifecycle as orders
from orders.models import Order
from reputation import alarms
from reputation.models import Alarm
from shops import listings, stock
from shops.models import Batch
from tests.fixtures.cases import VISIT
from tests.fixtures.people import person


def buy(listing, name, quantity, at):
    """Somebody with enough money buys codes of the listing."""
    user = person(name)
    transfer(
        source="channel:sandbox",
        target=f"user:{user.pk}:wallet",
        amount=1_000_000,
        reason=Reason.TOP_UP,
        subject=user.address,
        key=f"{user.address}:money",
        at=at,
    )
    order = orders.place(buyer=user, listing=listing, quantity=quantity, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=user, at=at)
    return Order.objects.get(pk=order.pk)


@pytest.fixture
def sold(draft, seller, at):
    """Forty codes of one batch, sold to four buyers; ten more on the shelf."""
    batch = stock.add_batch(draft, [f"BAT-{number:03}" for number in range(50)], by=seller, at=at)
    listings.put_on_sale(draft, by=seller, at=at)
    found = [buy(draft, f"holder{number}", 10, at) for number in range(4)]
    Batch.objects.update(unit_cost=7_000)
    assert batch is not None
    return found


def spoil(order, count, at):
    """So many codes of an order were looked at, and the issuer says that they were bad."""
    for unit in order.units.order_by("place")[:count]:
        delivery.reveal(unit, by=order.buyer, at=at, visit=VISIT)
        delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
        at += timedelta(minutes=1)


def ring(sold, at):
    for order in sold:
        spoil(order, 3, at)
    assert alarms.watch(at=at) == 1
    alarms.carry_on(at=at)
    return Alarm.objects.get()
