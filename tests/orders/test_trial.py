"""The guided trial purchase: one first, looked at, said to be good, then the rest; nobody has to."""

import pytest

from orders import delivery, lifecycle, trial
from orders.models import Order
from refunds import lifecycle as refunds
from shops.models import Shop
from tests.fixtures.cases import VISIT, claim, units_of

EN = {"Accept-Language": "en"}


@pytest.fixture
def one(listing, rich_buyer, at):
    """A first order of one code, paid."""
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    return Order.objects.get(pk=order.pk)


def now(order, user):
    return trial.of(Order.objects.get(pk=order.pk), user).now


def test_a_first_purchase_in_a_new_shop_goes_through_a_small_one(client, listing, rich_buyer, at):
    client.force_login(rich_buyer)
    page = client.get(listing.get_absolute_url(), headers=EN).content.decode()
    assert "Order one first and try it" in page
    told = {"quantity": "5", "acknowledged": "on", "exempt": "on", "price": listing.price, "trial": "1"}
    answer = client.post(f"/listings/{listing.pk}/buy/", told)
    order = Order.objects.get()
    assert (order.total, answer.url) == (9_800, f"/orders/{order.number}/trial/?want=5")
    page = client.get(answer.url, headers=EN).content.decode()
    assert "To the payment" in page
    assert order.snapshot.notice_text in page
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    assert f"/orders/{order.number}/units/1/" in client.get(answer.url).content.decode(), "open the code"
    delivery.reveal(units_of(order)[0], by=rich_buyer, at=at, visit=VISIT)
    page = client.get(answer.url).content.decode()
    assert f"/orders/{order.number}/confirm/" in page
    assert f"/orders/{order.number}/claim/" in page
    lifecycle.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    page = client.get(answer.url, headers=EN).content.decode()
    assert "Buy 4 more" in page
    rest = f"{listing.get_absolute_url()}?quantity=4"
    assert rest in page
    page = client.get(rest, headers=EN).content.decode()
    assert 'value="4"' in page
    assert "Order one first" not in page, "the shop is known by now"
    lifecycle.place(buyer=rich_buyer, listing=listing, quantity=4, acknowledged=True, at=at)
    assert now(order, rich_buyer) == ""


def test_nobody_has_to(client, listing, rich_buyer):
    client.force_login(rich_buyer)
    told = {"quantity": "3", "acknowledged": "on", "exempt": "on", "price": listing.price}
    answer = client.post(f"/listings/{listing.pk}/buy/", told)
    order = Order.objects.get()
    assert (order.total, answer.url) == (29_400, f"/orders/{order.number}/")
    assert f"/orders/{order.number}/trial/" in client.get(answer.url).content.decode()


def test_the_steps_follow_what_happens(one, rich_buyer, at):
    assert now(one, rich_buyer) == "try"
    delivery.reveal(units_of(one)[0], by=rich_buyer, at=at, visit=VISIT)
    assert now(one, rich_buyer) == "confirm"
    case = claim(units_of(Order.objects.get(pk=one.pk))[0], "CODE_INVALID", by=rich_buyer, at=at)
    found = trial.of(Order.objects.get(pk=one.pk), rich_buyer)
    assert (found.now, found.has_case, found.is_good) == ("rest", True, False)
    refunds.withdraw(case, by=rich_buyer, at=at)
    assert now(one, rich_buyer) == "confirm", "what was taken back decides nothing"


def test_only_the_buyer_s_first_order_in_a_new_shop_is_one(client, one, listing, rich_buyer, seller, stranger, at):
    assert trial.of(one, seller) is None
    again = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    assert trial.of(again, rich_buyer) is None
    for somebody, number in ((stranger, one.number), (seller, one.number), (rich_buyer, again.number)):
        client.force_login(somebody)
        for road in (f"/orders/{number}/trial/", f"/api/v1/orders/{number}/trial/"):
            assert client.get(road).status_code == 404
    assert "/trial/" not in client.get(f"/orders/{again.number}/").content.decode()


def test_a_shop_that_the_mall_knows_needs_no_trial(client, listing, rich_buyer, at):
    Shop.objects.update(level="S2")
    client.force_login(rich_buyer)
    assert 'name="trial"' not in client.get(listing.get_absolute_url()).content.decode()
    listing.shop.refresh_from_db()
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    assert trial.of(order, rich_buyer) is None


def test_an_order_that_came_to_nothing_makes_no_shop_known(listing, rich_buyer, at):
    first = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    lifecycle.cancel(first, by=rich_buyer, at=at)
    second = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    assert trial.of(first, rich_buyer) is None
    assert trial.of(second, rich_buyer) is not None


def test_the_trial_by_the_api(client, one, rich_buyer):
    client.force_login(rich_buyer)
    told = client.get(f"/api/v1/orders/{one.number}/trial/").json()
    assert (told["now"], told["sealed"]) == ("try", 1)
    assert [step["name"] for step in told["steps"] if step["is_done"]] == ["order", "pay"]


def test_a_trial_whose_order_was_put_away_asks_for_nothing_any_more(one, rich_buyer, at):
    lifecycle.confirm(one, by=rich_buyer, at=at)
    for state in ("completed", "settled", "archived"):
        one.state = state
        assert trial.of(one, rich_buyer).is_good
