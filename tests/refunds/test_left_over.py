"""What could not be held against an outage is tried with growing pauses, then given up with an alarm."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.urls import reverse

from desks import house
from ledger.accounts import balance
from ledger.transfers import Move, Reason, post
from notifications import inbox
from notifications.models import Notification
from orders import outages as register_of_orders
from orders.fulfilment import tickets
from orders.fulfilment.tickets import Answer
from orders.models import PAUSES, Exchange, Ticket, Weighing
from orders.states import Standing
from refunds import lifecycle, outages
from refunds.models import Refund
from tests.api.conftest import problem, signed_in
from tests.fixtures.disputes import nobody_had
from tests.orders.test_order import refused
from tests.refunds.test_outages import CAME, HOUR, OWED, at_the_clock, claim, fresh
from timeline import outages as register
from timeline.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def platform_money(db, at):
    """The platform has ¥1,000.00 of its own."""
    pay("own", 100_000, at)


def pay(key, amount, at):
    """So many fen for the platform's own account, or out of it."""
    source, target = ("channel:sandbox", "platform:own") if amount > 0 else ("platform:own", "channel:sandbox")
    post([Move(key, source, target, abs(amount), Reason.FUNDING, "platform")], journal=key, at=at)


@pytest.fixture
def paid(bought, shop, rich_buyer, at):
    """A top-up that the supplier delivered two hours after the promise, for which the shop gave something on top."""
    order = at_the_clock(bought(delivered_by="supplier"), at + HOUR)
    ticket = Ticket.objects.get(unit__order=order)
    answer = Answer(Standing.DELIVERED, reference="UP-1")
    tickets.hear(ticket, answer, at=at + CAME, exchange=Exchange(ticket=ticket, at=at + CAME, what="query", asked="{}"))
    lifecycle.accept(claim(fresh(order), rich_buyer, at + 4 * HOUR), by=shop.owner, at=at + 5 * HOUR)
    return fresh(order)


@pytest.fixture
def down(lead, at):
    """`down(began, ended)`: something was down for so long after payment, and it is registered six hours after it."""

    def registered(began, ended, scope="platform", target=""):
        times = {"began_at": at + began, "ended_at": at + ended, "at": at + 6 * HOUR}
        return register.register(scope=scope, target=target, reason="down", by=lead, **times)

    return registered


@pytest.fixture
def broken(paid, down, at):
    """An order at which it fails, because the platform has nothing of its own; and its outage."""
    pay("gone", -100_000, at)
    return paid, down(HOUR / 2, 2.5 * HOUR)


def test_it_is_tried_with_growing_pauses_and_then_given_up_with_an_alarm(broken, lead, at):
    order, outage = broken
    when = at + 6 * HOUR
    for tried, pause in enumerate([timedelta(0), *PAUSES]):
        assert house.QUESTIONS["left_over"][1](when) == []
        if pause:
            outages.work(at=when + pause - timedelta(seconds=1))
            assert Weighing.objects.get().tries[str(order.pk)]["number"] == tried, "not before its time"
        when += pause
        outages.work(at=when)
        assert Weighing.objects.get().tries[str(order.pk)]["number"] == tried + 1
    weighing = Weighing.objects.get()
    assert (weighing.left_over, weighing.given_up, weighing.done_at) == ([], [order.pk], when)
    assert outages.work(at=when + 48 * HOUR) == 0, "nobody tries it any more"
    told = Event.objects.get(root=outage.address, name="outage.order_given_up")
    assert told.data["order"] == order.pk
    assert told.data["why"].startswith("FundsMissing: 50 fen")
    (found,) = house.QUESTIONS["left_over"][1](when)
    assert (found.subject, found.url) == (order.address, reverse("orders:given_up"))
    inbox.catch_up(at=when)
    (notice,) = Notification.objects.filter(code="outage.order_given_up")
    assert (notice.user, notice.url) == (lead, reverse("orders:given_up"))


def test_what_is_kept_of_a_failure_quotes_no_row_of_the_database(broken, at, monkeypatch):
    """The register of events is for ever, and a database tells all of a row that it refuses."""

    def refused_by_the_database(*_args, **_words):
        raise IntegrityError('null value in column "fee"\nDETAIL:  Failing row contains (7, 王小明, 13800138000).')

    monkeypatch.setattr(outages, "weigh", refused_by_the_database)  # a fault that no data can cause
    when = at + 6 * HOUR
    for pause in [timedelta(0), *PAUSES]:
        when += pause
        outages.work(at=when)
    order, outage = broken
    why = 'IntegrityError: null value in column "fee"'
    assert Event.objects.get(root=outage.address, name="outage.order_given_up").data == {"order": order.pk, "why": why}
    assert Weighing.objects.get().tries[str(order.pk)]["why"] == why


@pytest.fixture
def given_up(broken, at):
    """The order after it was given up, and its weighing; finance has filled the account since."""
    order, _outage = broken
    when = at + 6 * HOUR
    for pause in [timedelta(0), *PAUSES]:
        when += pause
        outages.work(at=when)
    pay("filled", OWED, at)
    return order, Weighing.objects.get(), when


def test_a_lead_lets_it_be_tried_again_on_the_page_of_such(client, given_up, lead, finance):
    order, weighing, when = given_up
    again = reverse("orders:try_left_over_again", args=[weighing.pk, order.pk])
    client.force_login(finance)
    assert client.post(again, {"reason": "x"}).status_code == 404
    client.force_login(lead)
    assert again in client.get(reverse("orders:given_up")).content.decode()
    assert client.post(again, {"reason": ""}).status_code == 422
    assert client.post(again, {"reason": "已修复"}).status_code == 302
    outages.work(at=when + HOUR)
    weighing.refresh_from_db()
    assert (weighing.left_over, weighing.given_up, weighing.tries) == ([], [], {})
    assert balance("platform:own") == 0, "the shop that paid is made whole"
    assert Event.objects.get(root=weighing.outage.address, name="outage.order_tried_again").data["reason"] == "已修复"


def test_machines_do_it_by_the_same_verb_and_only_for_what_was_given_up(given_up, lead, buyer):
    order, weighing, when = given_up
    client = signed_in(lead)
    assert [row["order"] for row in client.get(reverse("api:left_over")).json()["results"]] == [order.pk]
    again = reverse("api:try_left_over_again", args=[weighing.pk, order.pk])
    assert client.send(again, {"reason": "已修复"}).json() == {"results": []}
    problem(client.send(again, {"reason": "已修复"}), 409, "not_given_up")
    by = {"reason": "x", "by": buyer, "at": when}
    assert refused(lambda: register_of_orders.try_again(weighing, order.pk, **by)) == "leads_only"


def test_what_a_lead_lets_be_tried_again_while_a_run_is_under_way_is_not_forgotten_by_it(given_up, lead, monkeypatch):
    order, weighing, when = given_up
    Weighing.objects.update(done_at=None, upto=0)

    def lead_comes_meanwhile(_pk, _outage, *, at):
        register_of_orders.try_again(Weighing.objects.get(), order.pk, reason="已修复", by=lead, at=at)

    monkeypatch.setattr(outages, "weigh", lead_comes_meanwhile)  # no data makes two of them meet
    outages.work(at=when + HOUR)
    weighing.refresh_from_db()
    assert (weighing.left_over, weighing.given_up, weighing.done_at) == ([order.pk], [], None)


# Whose a supplier's outage is


def supplier_of(order):
    return str(fresh(order).snapshot.listing.supplier_id)


def test_a_shop_that_paid_for_its_supplier_s_outage_is_told_what_it_can_ask_back_there(paid, down, shop, at):
    """The seller answers to the buyer first, then claims on the supplier (rules 3.2, MX-11; Civil Code 593)."""
    before = {name: balance(shop.account(name)) for name in ("pending", "available", "deposit")}
    outage = down(HOUR / 2, 2.5 * HOUR, "supplier", supplier_of(paid))
    outages.work(at=at + 6 * HOUR)
    told = Event.objects.get(root=paid.address, name="order.recourse_found")
    assert told.data == {"amount": OWED, "outage": outage.pk, "supplier": supplier_of(paid)}
    assert not Event.objects.filter(root=paid.address, name="order.shop_made_whole").exists()
    assert balance("platform:own") == 100_000
    assert before == {name: balance(shop.account(name)) for name in before}
    Weighing.objects.update(done_at=None, upto=0)
    outages.work(at=at + 7 * HOUR)
    assert Event.objects.filter(root=paid.address, name="order.recourse_found").count() == 1


def test_what_the_shop_still_owes_for_its_supplier_s_outage_it_can_ask_back_there_too(paid, down, at):
    """The seller's duty to compensate is its damage already; who pays later is told once, of all of it."""
    nobody_had(paid, 30, cause=Refund.objects.get().address, at=at)
    down(HOUR / 2, 2.5 * HOUR, "supplier", supplier_of(paid))
    outages.work(at=at + 6 * HOUR)
    assert Event.objects.get(root=paid.address, name="order.recourse_found").data["amount"] == OWED + 30


def test_what_a_shop_gave_since_it_was_told_of_it_it_is_told_as_well(paid, down, at):
    down(HOUR / 2, 2.5 * HOUR, "supplier", supplier_of(paid))
    outages.work(at=at + 6 * HOUR)
    nobody_had(paid, 30, cause=Refund.objects.get().address, at=at)
    for _again in range(2):
        Weighing.objects.update(done_at=None, upto=0)
        outages.work(at=at + 7 * HOUR)
    told = Event.objects.filter(root=paid.address, name="order.recourse_found").order_by("seq")
    assert [event.data["amount"] for event in told] == [OWED, 30]


def test_a_delay_that_is_longer_than_its_supplier_s_outage_is_the_shop_s_alone(paid, down, at):
    down(HOUR / 2, HOUR, "supplier", supplier_of(paid))
    outages.work(at=at + 6 * HOUR)
    assert not Event.objects.filter(root=paid.address, name="order.recourse_found").exists()


@pytest.mark.parametrize("until", [HOUR, 2.5 * HOUR])
def test_what_the_mall_gave_back_for_its_own_outage_is_not_asked_of_a_supplier_too(paid, down, at, until):
    """Whether the supplier, registered later, was down for a moment of the delay or for all of it."""
    down(HOUR / 2, 2.5 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert Event.objects.get(root=paid.address, name="order.shop_made_whole").data["amount"] == OWED
    down(HOUR / 2, until, "supplier", supplier_of(paid))
    outages.work(at=at + 6 * HOUR)
    assert Weighing.objects.exclude(done_at=None).count() == 2
    assert not Event.objects.filter(root=paid.address, name="order.recourse_found").exists()


def test_what_only_the_outages_of_both_excuse_is_the_mall_s_to_pay_and_no_supplier_s(paid, down, at):
    down(HOUR / 2, HOUR, "supplier", supplier_of(paid))
    down(HOUR, 2.5 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert not Event.objects.filter(root=paid.address, name="order.recourse_found").exists()
    assert Event.objects.filter(root=paid.address, name="order.shop_made_whole").exists()
