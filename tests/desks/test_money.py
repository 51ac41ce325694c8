"""A shop's money: its pockets and each of their lines, with the order or case behind it."""

import pytest
from django.urls import reverse

from orders import lifecycle
from shops import looks
from shops import staff as people
from tests.fixtures.people import staff
from tests.queries import recorded

PAGE = "desks:money"


@pytest.fixture
def sold(order, rich_buyer, at):
    """Three codes that the buyer confirmed: released, not settled."""
    lifecycle.confirm(order, by=rich_buyer, at=at)
    return order


def test_the_shop_sees_its_pockets_and_the_order_behind_each_line(client, sold, seller):
    client.force_login(seller)
    page = client.get(reverse(PAGE, args=["xinghe"]))
    shown = page.content.decode()
    assert [each["amount"] for each in page.context["pockets"]] == [27_930, 0, 100_000, 0]
    assert shown.count(sold.get_absolute_url()) == 3
    assert "+¥93.10" in shown


def test_each_pocket_has_its_own_lines(client, sold, seller):
    client.force_login(seller)
    page = client.get(reverse(PAGE, args=["xinghe"]), {"pocket": "deposit"})
    assert [row["line"].amount for row in page.context["lines"]] == [100_000]
    assert client.get(reverse(PAGE, args=["xinghe"]), {"pocket": "reserved"}).context["lines"] == []


@pytest.mark.parametrize("words", [{"pocket": "debt"}, {"before": "x"}, {"before": "9" * 40}])
def test_strange_words_in_the_address_are_no_error(client, sold, seller, words):
    client.force_login(seller)
    assert client.get(reverse(PAGE, args=["xinghe"]), words).status_code == 200


@pytest.mark.parametrize(
    ("who", "leads_on"), [("manager", True), ("finance of the shop", False), ("finance", False), ("lead", True)]
)
def test_a_line_leads_only_those_to_an_order_who_find_it(client, sold, seller, stranger, at, who, leads_on):
    shop, duty = sold.shop, {"manager": "manager", "finance of the shop": "finance"}.get(who)
    if duty:
        people.accept(people.invite(shop, email=stranger.email, duty=duty, by=seller, at=at), by=stranger, at=at)
    somebody = stranger if duty else staff(who, at=at)
    if not duty:
        looks.look(shop, reason="核对", by=somebody, at=at)
    client.force_login(somebody)
    page = client.get(reverse(PAGE, args=["xinghe"])).content.decode()
    assert sold.number in page, "everybody reads what it was for"
    assert (sold.get_absolute_url() in page) is leads_on
    assert (client.get(sold.get_absolute_url()).status_code == 200) is leads_on


def test_a_stranger_finds_nothing_there(client, deposit, stranger):
    client.force_login(stranger)
    assert client.get(reverse(PAGE, args=["xinghe"])).status_code == 404


@pytest.mark.parametrize("role", ["finance", "risk", "lead", "auditor"])
def test_the_mall_s_people_of_money_see_every_shop_s(client, deposit, role, at):
    by = staff(role, at=at)
    looks.look(deposit.shop, reason="核对", by=by, at=at)
    client.force_login(by)
    page = client.get(reverse(PAGE, args=["xinghe"]), headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "Released to the shop" in page.content.decode()
    assert f"{reverse('desks:today')}?shop" not in page.content.decode(), "they keep no shop"
    assert client.get(reverse("shops:deposit", args=["xinghe"])).status_code == 200


@pytest.mark.parametrize("role", ["agent", "arbiter", "senior"])
def test_who_hears_cases_has_no_business_in_a_shop_s_books(client, deposit, role, at):
    client.force_login(staff(role, at=at))
    assert client.get(reverse(PAGE, args=["xinghe"])).status_code == 404
    assert client.get(reverse("shops:deposit", args=["xinghe"])).status_code == 404
    assert client.get(reverse("api:money_of_shop", args=["xinghe", "pending"])).status_code == 404


def test_many_lines_cost_as_many_queries_as_few(client, sold, seller, listing, rich_buyer, at):
    client.force_login(seller)
    address = reverse(PAGE, args=["xinghe"])
    client.get(address)
    with recorded() as few:
        client.get(address)
    more = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=6, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(more, by=rich_buyer, at=at)
    lifecycle.confirm(more, by=rich_buyer, at=at)
    with recorded() as many:
        client.get(address)
    assert len(many) == len(few)
