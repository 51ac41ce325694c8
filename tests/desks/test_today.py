"""A shop's day: what waits, where its money is, what runs out; and only for whoever keeps it."""

import re
from datetime import timedelta

import pytest

from orders import lifecycle as orders
from shops import lifecycle as shops
from shops import staff
from tests.factories import ShopFactory
from tests.fixtures.cases import claim
from tests.queries import recorded
from timeline import clock

TODAY = "/desk/"


@pytest.fixture
def day(client, seller):
    """What the desk of the seller's shop shows now."""

    def look(**query):
        client.force_login(seller)
        return client.get(TODAY, query).context

    return look


def test_it_is_for_people_who_are_signed_in(client, db):
    assert client.get(TODAY).status_code == 302


def test_somebody_without_a_shop_is_told_what_the_desk_is(client, stranger):
    client.force_login(stranger)
    page = client.get(TODAY, headers={"accept-language": "en"}).content.decode()
    assert "You keep no shop" in page


def test_a_claim_is_counted_by_how_urgent_it_is(day, refund):
    def counts():
        return [group["count"] for group in day()["queue"]["groups"]]

    left = refund.deadline_at - clock.now()
    assert counts() == [0, 0, 1]
    clock.advance(left - timedelta(hours=20))
    assert counts() == [0, 1, 0]
    clock.advance(timedelta(hours=15))
    assert counts() == [1, 0, 0]
    clock.advance(timedelta(hours=5))
    assert counts() == [0, 0, 0]


def test_money_stands_where_it_is(day, order, rich_buyer, at):
    def amounts():
        return [each["amount"] for each in day()["money"]]

    assert amounts() == [29_400, 0, 0, 100_000, 0]
    orders.confirm(order, by=rich_buyer, at=at)
    in_escrow, pending, available, deposit, reserved = amounts()
    assert (in_escrow, available, deposit, reserved) == (0, 0, 100_000, 0)
    assert 0 < pending <= 29_400


def test_orders_and_disputes_are_counted(day, order, undelivered_order, dispute):
    found = day()
    assert found["orders"] == {"to_deliver": 1, "inspected": 1}
    assert found["disputes"] == {"number": 1, "ours": 1}


def test_stock_that_runs_out_is_named(day, listing, rich_buyer, at):
    assert day()["low"] == []
    orders.place(buyer=rich_buyer, listing=listing, quantity=6, acknowledged=True, at=at)
    (low,) = day()["low"]
    assert (low["title"], low["free"]) == (listing.title, 4)


def test_a_short_deposit_shows_its_state_and_its_clock(client, short_deposit, seller):
    client.force_login(seller)
    page = client.get(TODAY).content.decode()
    assert "保证金不足" in page
    assert "data-until" in page


def test_who_keeps_two_shops_chooses(day, shop, seller):
    other = ShopFactory(owner=seller)
    assert day()["shop"] == shop
    assert day()["others"] == [other]
    assert day(shop=other.slug)["shop"] == other


@pytest.mark.parametrize(
    ("duty", "shown", "hidden"),
    [
        ("support", {"queue", "orders", "claims"}, {"money", "on_its_way", "low"}),
        ("finance", {"money", "on_its_way"}, {"queue", "orders", "claims", "low"}),
        ("manager", {"queue", "orders", "claims", "money", "on_its_way", "low"}, set()),
    ],
)
def test_each_of_the_shop_s_people_reads_what_they_can_see_to(
    client, order, shop, seller, stranger, at, duty, shown, hidden
):
    """No money stands there for whoever answers buyers, and no link leads a bookkeeper to a page that is not there."""
    staff.accept(staff.invite(shop, email=stranger.email, duty=duty, by=seller, at=at), by=stranger, at=at)
    client.force_login(stranger)
    page = client.get(TODAY)
    told = page.context.keys()
    assert (shown - told, hidden & told) == (set(), set())
    html = page.content.decode()
    assert ("¥1,000.00" in html) is ("money" in shown), "the deposit"
    for address in {link for link in re.findall(r'href="(/[^"#]*)"', html) if "/desk/" in link or "/shops/" in link}:
        assert client.get(address).status_code == 200, address


def test_somebody_else_s_shop_is_not_there(client, shop, seller):
    theirs = ShopFactory()
    client.force_login(seller)
    assert client.get(TODAY, {"shop": theirs.slug}).status_code == 404


def test_the_figures_of_another_shop_are_not_counted(client, dispute, at):
    other = shops.open_shop(owner=dispute.refund.buyer, name="月光", slug="yueguang", required=1_000, at=at)
    client.force_login(other.owner)
    found = client.get(TODAY).context
    assert found["queue"]["number"] == 0
    assert found["disputes"] == {"number": 0, "ours": 0}
    assert [each["amount"] for each in found["money"]] == [0, 0, 0, 0, 0]


def test_one_claim_or_three_cost_the_same(day, order, rich_buyer, refund, at):
    day()
    with recorded() as one:
        day()
    for unit in order.units.filter(held_by="").order_by("place"):
        claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    with recorded() as many:
        day()
    assert len(one) == len(many)
