"""The first addresses of the API: people, shops, deposits."""

import pytest

from shops import lifecycle, looks
from shops.models import Shop
from tests.api.conftest import problem, signed_in
from tests.queries import recorded
from timeline.api import PAGE

pytestmark = pytest.mark.django_db


@pytest.fixture
def many_shops(seller, at):
    """Opens so many shops of one seller."""

    def open_them(number):
        for place in range(Shop.objects.count(), number):
            lifecycle.open_shop(owner=seller, name=f"店{place}", slug=f"shop-{place}", required=1, at=at)

    return open_them


def whole_list(client, address):
    """Every entry of a list, page after page."""
    while address:
        found = client.get(address).json()
        yield from found["results"]
        address = found["next"]


def test_the_mall_says_who_is_asking(as_seller, seller):
    assert as_seller.get("/api/v1/me/").json() == {
        "id": seller.pk,
        "nickname": seller.nickname,
        "level": "M0",
        "roles": [],
    }


def test_the_list_of_shops_is_public_and_newest_first(anybody, many_shops):
    many_shops(3)
    found = anybody.get("/api/v1/shops/").json()
    assert [each["slug"] for each in found["results"]] == ["shop-2", "shop-1", "shop-0"]
    assert found["results"][0]["deposit_state"] == "unpaid"
    assert found["next"] is None


def test_a_list_of_0_1_or_51_takes_the_same_number_of_queries(anybody, many_shops):
    queries = []
    for number in (0, 1, PAGE + 1):
        many_shops(number)
        with recorded() as seen:
            found = anybody.get("/api/v1/shops/").json()
        queries.append(len(seen))
        assert len(found["results"]) == min(number, PAGE)
        assert (found["next"] is not None) == (number > PAGE)
    assert queries == [1, 1, 1]


def test_all_pages_together_are_the_list(anybody, many_shops):
    many_shops(2 * PAGE + 1)
    slugs = [each["slug"] for each in whole_list(anybody, "/api/v1/shops/")]
    assert slugs == [f"shop-{place}" for place in reversed(range(2 * PAGE + 1))]


def test_a_full_last_page_leads_nowhere(anybody, many_shops):
    many_shops(PAGE)
    assert anybody.get("/api/v1/shops/").json()["next"] is None


def test_a_shop_opened_meanwhile_neither_repeats_nor_hides_another(anybody, many_shops):
    many_shops(PAGE + 1)
    first = anybody.get("/api/v1/shops/").json()
    many_shops(PAGE + 3)
    second = anybody.get(first["next"]).json()
    assert [each["slug"] for each in second["results"]] == ["shop-0"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "null", "bnVsbA", "WyItc2VxIiwgNV0", "WyItcGsiLCB0cnVlXQ", "WyItcGsiLCAtMV0", "é", "W" * 5000]
)
def test_a_cursor_that_nobody_gave_out_is_refused(anybody, cursor):
    problem(anybody.get("/api/v1/shops/", {"cursor": cursor}), 400, "bad_cursor")


def test_anybody_may_look_at_a_shop(anybody, deposit):
    found = anybody.get(f"/api/v1/shops/{deposit.shop.slug}/").json()
    assert (found["name"], found["deposit_state"]) == (deposit.shop.name, "active")


def test_nobody_opens_a_shop_without_a_person_s_yes(as_seller):
    assert as_seller.send("/api/v1/shops/", {"name": "星河", "slug": "xinghe"}).status_code == 405


def test_a_shop_sees_its_deposit_line_by_line(as_seller, deposit):
    found = as_seller.get(f"/api/v1/shops/{deposit.shop.slug}/deposit/").json()
    assert (found["state"], found["free"], found["reserved"], found["turn"]) == ("active", 100_000, 0, "system")
    (line,) = found["results"]
    assert (line["number"], line["amount"], line["balance"], line["reason"]) == (1, 100_000, 100_000, "deposit_paid")


def test_a_statement_of_1_or_51_lines_takes_the_same_number_of_queries(as_seller, seller, deposit, at):
    address = f"/api/v1/shops/{deposit.shop.slug}/deposit/"
    as_seller.get(address)  # the first request of a session notes where it comes from
    with recorded() as with_one:
        as_seller.get(address)
    for place in range(PAGE):
        lifecycle.pay_in(deposit, amount=1, channel="sandbox", by=seller, at=at, key=f"more-{place}")
    with recorded() as with_many:
        assert as_seller.get(address).json()["next"]
    assert len(with_one) == len(with_many)
    lines = list(whole_list(as_seller, address))
    assert [each["number"] for each in lines] == list(range(PAGE + 1, 0, -1))


def test_staff_of_money_say_why_and_see_a_deposit_but_cannot_close_the_shop(deposit, finance, at):
    client = signed_in(finance)
    problem(client.get(f"/api/v1/shops/{deposit.shop.slug}/deposit/"), 409, "reason_first")
    looks.look(deposit.shop, reason="核对", by=finance, at=at)
    assert client.get(f"/api/v1/shops/{deposit.shop.slug}/deposit/").status_code == 200
    problem(client.send(f"/api/v1/shops/{deposit.shop.slug}/deposit/close/"), 409, "not_your_turn")


def test_a_shop_closes_itself(as_seller, deposit):
    response = as_seller.send(f"/api/v1/shops/{deposit.shop.slug}/deposit/close/")
    assert response.status_code == 200
    assert response.json()["state"] == "closing"
    assert response.json()["deadline_at"]
    problem(as_seller.send(f"/api/v1/shops/{deposit.shop.slug}/deposit/close/"), 409, "wrong_moment")


def test_no_address_of_the_api_takes_money_in(as_seller, deposit):
    """Paying asks a channel, and only the channel's word is money."""
    problem(as_seller.send(f"/api/v1/shops/{deposit.shop.slug}/deposit/pay/", {"amount": 100}), 409, "no_channel")
    for verb in ("pay-in", "pay_in", "penalize"):
        problem(as_seller.send(f"/api/v1/shops/{deposit.shop.slug}/deposit/{verb}/", {"amount": 1}), 404, "not_found")
