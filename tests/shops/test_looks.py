"""Nobody of the mall sees a shop's money line by line without saying first what for; the shop reads who did."""

from datetime import timedelta

import pytest
from django.urls import reverse

from shops import looks
from shops.models import Look
from tests.api.conftest import problem, signed_in
from tests.fixtures.people import staff
from tests.orders.test_order import refused
from timeline.models import Event

pytestmark = pytest.mark.django_db

WHY = "核对 11 月的提现"
MONEY = ("shops:deposit", "desks:money")


def look(shop, by, at, reason=WHY):
    looks.look(shop, reason=reason, by=by, at=at)


@pytest.mark.parametrize("role", ["finance", "risk", "lead", "auditor"])
def test_staff_are_asked_what_for_and_then_see_it_and_both_are_on_record(client, deposit, role, seller, at):
    by = staff(role, at=at)
    client.force_login(by)
    for name in MONEY:
        address = reverse(name, args=["xinghe"])
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("shops:look", args=["xinghe"]))
        assert not Look.objects.exists(), "who was asked has not looked"
    asked = client.get(answer.url)
    assert asked.status_code == 200
    words = {"reason": WHY, "next": asked.context["back"]}
    assert client.post(reverse("shops:look", args=["xinghe"]), words).url == reverse("desks:money", args=["xinghe"])
    for name in MONEY:
        assert client.get(reverse(name, args=["xinghe"])).status_code == 200
    event = Event.objects.get(root=deposit.shop.address, name="shop.money_looked_at")
    assert (event.by, event.data["reason"]) == (by, WHY)


def test_the_shop_itself_is_asked_nothing(client, deposit, seller):
    client.force_login(seller)
    assert [client.get(reverse(name, args=["xinghe"])).status_code for name in MONEY] == [200, 200]


def test_a_look_lasts_half_an_hour_for_one_person_at_one_shop(shop, finance, risk, at):
    look(shop, finance, at)
    assert not looks.is_asked(shop, finance, at=at + timedelta(minutes=29))
    assert looks.is_asked(shop, finance, at=at + timedelta(minutes=30))
    assert looks.is_asked(shop, risk, at=at)


def test_without_a_reason_or_a_business_there_nobody_looks(shop, finance, seller, agent, at):
    assert refused(lambda: look(shop, finance, at, reason="  ")) == "reason_missing"
    for by in (seller, agent):
        assert refused(lambda by=by: look(shop, by, at)) == "not_your_turn"
    assert not Look.objects.exists()


def test_an_empty_reason_is_told_at_its_field_and_nobody_is_led_out_of_the_mall(client, deposit, finance):
    client.force_login(finance)
    address = reverse("shops:look", args=["xinghe"])
    assert client.post(address, {"reason": " "}).status_code == 422
    answer = client.post(address, {"reason": WHY, "next": "https://evil.example/"})
    assert answer.url == reverse("shops:deposit", args=["xinghe"])


def test_the_shop_and_whoever_looks_on_read_who_looked(client, deposit, seller, finance, auditor, stranger, at):
    look(deposit.shop, finance, at)
    own, everywhere = reverse("shops:looks", args=["xinghe"]), reverse("shops:all_looks")
    client.force_login(seller)
    page = client.get(own).content.decode()
    assert WHY in page
    assert finance.nickname not in page, "the shop reads a number, not a name"
    assert client.get(everywhere).status_code == 404
    client.force_login(auditor)
    for address in (own, everywhere):
        page = client.get(address).content.decode()
        assert WHY in page
        assert finance.nickname in page
    for nobody in (stranger, finance):
        client.force_login(nobody)
        assert client.get(own).status_code == client.get(everywhere).status_code == 404


def test_the_account_of_a_shop_is_asked_for_too_and_the_mall_s_own_is_not(client, deposit, finance):
    client.force_login(finance)
    address = reverse("ledger:account", args=[deposit.shop.account("deposit")])
    answer = client.get(address)
    assert answer.url.startswith(reverse("shops:look", args=["xinghe"]))
    client.post(answer.url, {"reason": WHY})
    assert client.get(address).status_code == 200
    assert client.get(reverse("ledger:account", args=["channel:sandbox"])).status_code == 200


def test_machines_say_what_for_by_the_same_verb(deposit, finance, seller, auditor):
    client, address = signed_in(finance), reverse("api:looks_of_shop", args=["xinghe"])
    asked = [
        reverse("api:deposit", args=["xinghe"]),
        reverse("api:money_of_shop", args=["xinghe", "deposit"]),
        reverse("api:account", args=[deposit.shop.account("deposit")]),
    ]
    for each in asked:
        problem(client.get(each), 409, "reason_first")
    made = client.send(address, {"reason": WHY})
    assert (made.status_code, made.json()["by"]) == (201, finance.pk)
    assert [client.get(each).status_code for each in asked] == [200, 200, 200]
    for reader in (seller, auditor):
        assert [row["reason"] for row in signed_in(reader).get(address).json()["results"]] == [WHY]
    assert signed_in(auditor).get(reverse("api:all_money_looks")).json()["results"][0]["shop"] == "xinghe"
    problem(signed_in(seller).send(address, {"reason": WHY}), 404, "not_found")
