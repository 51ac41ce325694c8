"""Pages of shops, as everybody, as the shop, as a stranger and as staff."""

import re

import pytest
from django.urls import reverse

from shops import lifecycle, sanctions
from shops.models import Deposit
from tests.api.conftest import problem, signed_in
from tests.queries import recorded
from timeline import clock


def test_everybody_sees_who_sells_here_and_what_answers_for_them(client, short_deposit):
    page = client.get(reverse("shops:index")).content.decode()
    assert "星河点卡" in page
    assert "保证金不足" in page


def test_an_empty_mall_says_what_to_do_next(client, db):
    page = client.get(reverse("shops:index")).content.decode()
    assert reverse("desks:home") in page
    assert "empty" in page


def test_a_long_list_is_paged_and_costs_the_same(client, seller, at):
    lifecycle.open_shop(owner=seller, name="0", slug="s0", required=1, at=at)
    with recorded() as one:
        client.get(reverse("shops:index"))
    for number in range(1, 52):
        lifecycle.open_shop(owner=seller, name=str(number), slug=f"s{number}", required=1, at=at)
    with recorded() as many:
        first = client.get(reverse("shops:index"))
    assert len(many) == len(one)
    assert len(first.context["shops"]) == 50
    second = client.get(reverse("shops:index"), {"before": first.context["older"]})
    assert [row["shop"].slug for row in second.context["shops"]] == ["s1", "s0"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣"])
def test_a_strange_place_in_the_list_is_no_error(client, shop, before):
    assert client.get(reverse("shops:index"), {"before": before}).status_code == 200


def test_the_shop_s_page_says_whose_turn_it_is_and_until_when(client, short_deposit):
    page = client.get(reverse("shops:detail", args=["xinghe"])).content.decode()
    assert short_deposit.deadline_at.strftime("%Y") in page
    assert "data-until" in page


def test_a_shop_that_is_not_there_is_not_found(client, db):
    assert client.get(reverse("shops:detail", args=["nobody"])).status_code == 404


def test_the_deposit_line_by_line_is_for_the_shop_and_for_staff(client, deposit, seller, stranger, risk):
    address = reverse("shops:deposit", args=["xinghe"])
    assert client.get(address).status_code == 302, "sign in first"
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    client.force_login(seller)
    page = client.get(address).content.decode()
    assert "+¥1,000.00" in page


def test_the_shop_closes_itself_on_its_page(client, deposit, seller):
    client.force_login(seller)
    answer = client.post(reverse("shops:close", args=["xinghe"]), follow=True)
    assert answer.redirect_chain == [(reverse("shops:deposit", args=["xinghe"]), 302)]
    assert Deposit.objects.get().state == "closing"


def test_a_stranger_cannot_close_a_shop(client, deposit, stranger):
    client.force_login(stranger)
    assert client.post(reverse("shops:close", args=["xinghe"])).status_code == 404
    assert Deposit.objects.get().state == "active"


def test_closing_twice_says_that_it_is_the_wrong_moment(client, deposit, seller):
    client.force_login(seller)
    address = reverse("shops:close", args=["xinghe"])
    client.post(address, follow=True)
    page = client.post(
        address, follow=True, headers={"referer": f"http://testserver{reverse('shops:deposit', args=['xinghe'])}"}
    )
    assert "店铺" in page.content.decode()
    assert [message.level_tag for message in page.context["messages"]] == ["error"]


def test_the_shop_takes_its_closing_back_on_the_same_page(client, deposit, seller):
    client.force_login(seller)
    desk, back = reverse("shops:deposit", args=["xinghe"]), reverse("shops:reopen", args=["xinghe"])
    assert back not in client.get(desk).content.decode()
    client.post(reverse("shops:close", args=["xinghe"]))
    assert back in client.get(desk).content.decode()
    page = client.post(back, follow=True)
    assert [message.level_tag for message in page.context["messages"]] == ["success"]
    assert Deposit.objects.get().state == "active"
    assert back not in page.content.decode()


def test_a_shop_that_comes_back_reads_what_still_stops_it_and_where_it_sees_to_it(client, deposit, seller, risk, at):
    sanctions.impose(deposit.shop, step="no_sales", reason="卖假码", is_grave=True, by=risk, at=at)
    client.force_login(seller)
    client.post(reverse("shops:close", args=["xinghe"]), follow=True)
    page = client.post(reverse("shops:reopen", args=["xinghe"]), follow=True)
    assert [message.level_tag for message in page.context["messages"]] == ["warning"]
    assert [stop["code"] for stop in page.context["stops"]] == ["step"]
    (box,) = re.findall(r'(?s)<section class="card" id="stops">(.*?)</section>', page.content.decode())
    assert reverse("shops:sanctions", args=["xinghe"]) in box
    assert signed_in(seller).get(reverse("api:deposit", args=["xinghe"])).json()["stopped_by"] == ["step"]


def test_a_machine_takes_a_closing_back_by_the_same_verb(deposit, seller, stranger):
    shop = signed_in(seller)
    back = reverse("api:reopen_deposit", args=["xinghe"])
    problem(shop.send(back), 409, "wrong_moment")
    assert shop.send(reverse("api:close_deposit", args=["xinghe"])).json()["state"] == "closing"
    assert signed_in(stranger).send(back).status_code == 404
    assert shop.send(back).json()["state"] == "active"


@pytest.fixture
def demo(settings):
    """The mall in demo mode."""
    settings.DEMO = True


def test_in_the_demo_anybody_moves_the_mall_s_time(client, demo, short_deposit):
    before = clock.now()
    client.post(reverse("timeline:advance"), {"hours": "48"})
    assert (clock.now() - before).days == 2
    page = client.get(reverse("timeline:panel")).content.decode()
    assert "DEPOSIT_TOP_UP" in page


@pytest.mark.parametrize("hours", ["", "0", "-5", "x", "99999999"])
def test_the_panel_says_what_is_wrong_with_a_span(client, demo, db, hours):
    answer = client.post(reverse("timeline:advance"), {"hours": hours})
    assert answer.status_code == 422
    assert answer.context["form"].errors["hours"]


def test_outside_the_demo_there_is_no_panel(client, db):
    assert client.get(reverse("timeline:panel")).status_code == 404
    assert client.get(reverse("timeline:clocks")).status_code == 404
    assert client.post(reverse("timeline:advance"), {"hours": "1"}).status_code == 404
