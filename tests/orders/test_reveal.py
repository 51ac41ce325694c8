"""Looking at a code: who may, how often, what is on record when the vault fails, and what is told of it elsewhere."""

import logging
import sys
import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.views.debug import ExceptionReporter

from orders import delivery
from orders import lifecycle as orders
from orders.models import Reveal
from orders.opening import open_code
from orders.states import Delivery
from shops import stock, vault
from shops.models import Card, Form
from shops.stock import Origin
from tests.accounts.conftest import sign_in
from tests.api.conftest import problem, signed_in
from tests.factories import ListingFactory
from tests.fixtures.people import PASSWORD
from timeline.events import stream
from timeline.refusals import Refused, TooOften

VISIT = delivery.Visit()


def page_of(order, place=1):
    return reverse("orders:code", kwargs={"number": order.number, "place": place})


def api_of(order, place=1):
    return f"/api/v1/orders/{order.number}/units/{place}/reveal/"


def events_of(order, name):
    return list(stream(order.root_address).filter(name=name))


@pytest.fixture
def as_buyer(client, rich_buyer):
    client.force_login(rich_buyer)
    return client


@pytest.fixture
def buy(rich_buyer, at):
    """Somebody buys and pays from the wallet."""

    def bought(listing, quantity=1):
        order = orders.place(buyer=rich_buyer, listing=listing, quantity=quantity, acknowledged=True, at=at)
        orders.pay_from_wallet(order, by=rich_buyer, at=at)
        return order

    return bought


# How often


def test_one_order_is_not_read_faster_than_people_read(order, rich_buyer, at):
    for number in range(delivery.OF_ONE_ORDER):
        delivery.reveal(order.units.get(place=1 + number % 3), by=rich_buyer, at=at, visit=VISIT)
    with pytest.raises(TooOften) as refusal:
        delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at + timedelta(seconds=10), visit=VISIT)
    assert refusal.value.wait == 291
    delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at + delivery.WITHIN, visit=VISIT)


def test_one_person_is_slowed_down_over_all_orders(order, listing, buy, rich_buyer, at):
    other = buy(listing)
    for number in range(delivery.OF_ONE_PERSON):
        unit = (order if number % 2 else other).units.get(place=1)
        delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    third = buy(listing)
    with pytest.raises(TooOften):
        delivery.reveal(third.units.get(place=1), by=rich_buyer, at=at, visit=VISIT)
    assert third.units.get(place=1).delivery == Delivery.SEALED


# How dear


@pytest.fixture
def dear_order(buy, at):
    return buy(ListingFactory(price=20_000, codes=1, at=at))


@pytest.mark.django_db(transaction=True)
def test_a_dear_code_asks_who_is_looking_and_then_shows_it(client, dear_order, rich_buyer, time_machine):
    sign_in(client, rich_buyer)
    time_machine.move_to(time.time() + 301)
    asked = client.post(page_of(dear_order))
    assert asked.url.startswith(reverse("account_reauthenticate"))
    assert not Reveal.objects.exists()
    shown = client.post(asked.url, {"password": PASSWORD})
    if shown.status_code == 302:
        shown = client.get(shown.url)
    assert "CODE-" in shown.content.decode()
    assert Reveal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_dear_code_is_not_shown_to_a_machine_with_an_old_session(dear_order, rich_buyer):
    problem(signed_in(rich_buyer).send(api_of(dear_order)), 409, "reauthentication_required")
    assert not Reveal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_ordinary_code_asks_nothing_more(order, as_buyer, codes):
    assert codes[0] in as_buyer.post(page_of(order)).content.decode()


# When the vault fails


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["", "nonsense", "c29tZS1vdGhlci1rZXktMDEyMzQ1Njc4OWFiY2RlZjA", "2:" + "A" * 43])
def test_without_the_right_key_reveals_fail_closed_and_everything_else_works(
    order, as_buyer, rich_buyer, settings, key
):
    settings.VAULT_KEY = key
    answer = as_buyer.post(page_of(order), headers={"accept-language": "en"})
    assert "The vault is closed right now" in answer.content.decode()
    problem(signed_in(rich_buyer).send(api_of(order)), 409, "vault_closed")
    assert not Reveal.objects.exists()
    assert order.units.get(place=1).delivery == Delivery.SEALED
    for address in ("/", "/listings/", "/orders/", f"/orders/{order.number}/", "/wallet/"):
        assert as_buyer.get(address).status_code == 200, address


@pytest.mark.django_db(transaction=True)
def test_a_broken_seal_is_on_record_as_a_fault_of_ours(order, rich_buyer, at):
    Card.objects.filter(unit__order=order, unit__place=1).update(sealed=b"x" * 40)
    with pytest.raises(Refused, match="code_not_shown"):
        open_code(order, 1, by=rich_buyer, at=at, visit=VISIT)
    assert (Reveal.objects.count(), order.units.get(place=1).delivery) == (1, Delivery.REVEALED)
    assert [event.data for event in events_of(order, "order.code_not_shown")] == [{"unit": 1, "why": "SealBroken"}]


@pytest.mark.django_db(transaction=True)
def test_a_crash_while_opening_keeps_the_record_and_tells_no_code(
    order, as_buyer, rich_buyer, codes, at, monkeypatch, caplog, settings
):
    settings.DEBUG = False
    caplog.set_level(logging.DEBUG)
    original = vault._open

    def crash(card, secret):
        code = original(card, secret)
        raise RuntimeError(f"the disk is full while {len(code)} signs were held")

    monkeypatch.setattr(vault, "_open", crash)
    try:
        open_code(order, 1, by=rich_buyer, at=at, visit=VISIT)
    except RuntimeError:
        report = ExceptionReporter(None, *sys.exc_info()).get_traceback_html()
    assert "open_card" in report
    as_buyer.raise_request_exception = False
    answer = as_buyer.post(page_of(order, 2))
    assert answer.status_code == 500
    assert {event.data["why"] for event in events_of(order, "order.code_not_shown")} == {"RuntimeError"}
    assert len(events_of(order, "order.code_revealed")) == Reveal.objects.count() == 2
    for told in (answer.content.decode(), caplog.text):
        assert not any(code in told for code in codes)


# What may not be looked at


def test_a_withdrawn_card_is_not_shown_whatever_the_unit_says(order, rich_buyer, at):
    unit = order.units.select_related("card").get(place=1)
    stock.void(unit.card, at=at)
    with pytest.raises(Refused, match="voided"):
        delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    assert not Reveal.objects.exists()


# Elsewhere


@pytest.mark.django_db(transaction=True)
def test_elsewhere_only_the_last_signs_stand_and_only_for_who_has_seen_them(order, as_buyer, seller, codes, client):
    address = f"/orders/{order.number}/"
    assert "ends with" not in as_buyer.get(address, headers={"accept-language": "en"}).content.decode()
    shown = as_buyer.post(page_of(order)).content.decode()
    assert codes[0] in shown
    page = as_buyer.get(address, headers={"accept-language": "en"}).content.decode()
    assert codes[0] not in page
    assert "•••• •••• </span>AMEN" in page
    client.force_login(seller)
    assert ">AMEN<" not in client.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_a_short_code_nothing_is_told(buy, as_buyer, rich_buyer, at):
    listing = ListingFactory(codes=0, at=at)
    stock.add_batch(listing, ["SHORT-0001"], by=listing.shop.owner, at=at)
    order = buy(listing)
    open_code(order, 1, by=rich_buyer, at=at, visit=VISIT)
    assert Card.objects.get(listing=listing).tail == ""


@pytest.mark.django_db(transaction=True)
def test_a_code_and_its_pin_are_shown_apart_and_no_address_holds_them(buy, as_buyer, at):
    listing = ListingFactory(codes=0, at=at)
    origin = Origin(form=Form.CODE_PIN)
    stock.add_batch(listing, ["CARD00000001----998877"], by=listing.shop.owner, at=at, origin=origin)
    page = as_buyer.post(page_of(buy(listing))).content.decode()
    assert '<code id="code" translate="no">CARD00000001</code>' in page
    assert '<code id="code-2" translate="no">998877</code>' in page
    assert page.count("998877") == 1
    assert Card.objects.get(listing=listing).tail == "0001"
