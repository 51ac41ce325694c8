"""Large orders and crowds: 500 codes cost as many questions as one, and a race for the last codes sells each once."""

import contextlib

import pytest
from django.db import OperationalError

from ledger.accounts import balance, balances
from ledger.transfers import Reason, transfer
from orders import lifecycle
from orders.models import Order, Unit
from orders.states import Delivery, OrderState
from shops import listings, stock
from shops.models import Card
from tests.fixtures.people import person
from tests.queries import recorded
from tests.races import lost, race, won
from timeline import clock
from timeline.door import Refused
from timeline.sweep import fire_overdue

BUYERS, CODES = 32, 20
#: No verb of an order asks the database more often than this, however many units there are.
MOST = {"place": 12, "pay and deliver": 8, "complete": 10, "settle": 10}


def life(listing, buyer, quantity, at):
    """How often each step of an order of so many codes asks the database, from placing to the shop's own money."""
    asked = {}
    with recorded() as asked["place"]:
        order = lifecycle.place(buyer=buyer, listing=listing, quantity=quantity, acknowledged=True, at=at)
    order = Order.objects.get(pk=order.pk)
    with recorded() as asked["pay and deliver"]:
        lifecycle.pay_from_wallet(order, by=buyer, at=at)
    assert set(order.units.values_list("delivery", flat=True)) == {Delivery.SEALED}
    for step in ("complete", "settle"):
        due = Order.objects.get(pk=order.pk).deadline_at
        assert due is not None
        with recorded() as asked[step]:
            assert fire_overdue(order.root_address, at=due) == 1
    return Order.objects.get(pk=order.pk), {step: len(found) for step, found in asked.items()}


def test_an_order_of_500_codes_is_placed_delivered_and_settled_with_the_questions_of_one(
    draft, seller, rich_buyer, at, record_figures
):
    wallet = {"target": f"user:{rich_buyer.pk}:wallet", "reason": Reason.TOP_UP, "subject": "user:1", "key": "more"}
    transfer(source="channel:sandbox", amount=10_000_000, at=at, **wallet)
    stock.add_batch(draft, [f"CODE-{number:05}" for number in range(502)], by=seller, at=at)
    listings.put_on_sale(draft, by=seller, at=at)
    life(draft, rich_buyer, 1, at)  # accounts that only the first sale opens
    _order, one = life(draft, rich_buyer, 1, at)
    order, many = life(draft, rich_buyer, 500, at)
    assert many == one
    assert all(many[step] <= MOST[step] for step in MOST), many
    assert (order.state, order.total) == (OrderState.SETTLED, 4_900_000)
    shop = order.shop
    pockets = [order.escrow, shop.account("pending"), shop.account("available"), "platform:fees"]
    assert list(balances(pockets).values()) == [0, 0, 502 * 9_310, 502 * 490]
    record_figures(f"500 codes: {', '.join(f'{step} {count} queries' for step, count in many.items())}")


def patiently(call):
    """Try again when the line at the shop is longer than anybody waits for a lock: a page answers 503 then."""
    for _attempt in range(20):
        with contextlib.suppress(OperationalError):
            return call()
    raise AssertionError("Nobody gets a turn.")


@pytest.mark.django_db(transaction=True)
def test_32_buyers_race_for_20_codes_and_exactly_20_are_sold(draft, seller):
    at = clock.now()
    stock.add_batch(draft, [f"LAST-{number:02}" for number in range(CODES)], by=seller, at=at)
    listings.put_on_sale(draft, by=seller, at=at)
    buyers = [person(f"buyer{number}") for number in range(BUYERS)]
    for buyer in buyers:
        wallet = {"target": f"user:{buyer.pk}:wallet", "reason": Reason.TOP_UP, "subject": buyer.address}
        transfer(source="channel:sandbox", amount=9_800, key=f"{buyer.address}:purse", at=at, **wallet)

    def buy(buyer):
        order = patiently(lambda: lifecycle.place(buyer=buyer, listing=draft, quantity=1, acknowledged=True, at=at))
        patiently(lambda: lifecycle.pay_from_wallet(order, by=buyer, at=at))
        return order.pk

    outcomes = race(*(lambda buyer=buyer: buy(buyer) for buyer in buyers), timeout=60)
    refusals = lost(outcomes)
    assert [type(each) for each in refusals] == [Refused] * (BUYERS - CODES), refusals
    assert {str(each).partition(":")[0] for each in refusals} == {"sold_out"}
    sold = Order.objects.filter(pk__in=won(outcomes), state=OrderState.DELIVERED)
    assert sold.count() == Order.objects.count() == CODES
    held = list(Unit.objects.filter(delivery=Delivery.SEALED).values_list("card_id", flat=True))
    assert len(set(held)) == len(held) == CODES == Card.objects.count()
    assert stock.count_free(draft) == 0
    paid = [balance(f"user:{buyer.pk}:wallet") for buyer in buyers]
    assert sorted(paid) == [0] * CODES + [9_800] * (BUYERS - CODES)
