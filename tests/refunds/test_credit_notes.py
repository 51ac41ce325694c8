"""Every fen that went back to a buyer has its credit note (红字), whichever road it took."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from ledger import payments
from ledger.models import Payout
from orders import lifecycle as orders
from orders import purchase
from orders.models import Order
from privacy import register
from refunds import credit, lifecycle
from refunds.models import CreditNote, Refund
from tests.api.conftest import signed_in
from tests.fixtures.cases import claim
from tests.races import race
from tests.refunds.test_outside_tickets import book, charged_order, ticket  # noqa: F401 - fixtures
from timeline.sweep import sweep


def written(at):
    credit.write_missing(at=at)
    return list(CreditNote.objects.filter(refund=None).order_by("pk"))


@pytest.fixture
def called_off(undelivered_order):
    """An order that nobody delivered in time: all of it went back at the hard limit."""
    order = undelivered_order
    late = order.deadline_at
    sweep(at=late)
    order.refresh_from_db()
    assert order.state == "cancelled"
    return order, late


def test_a_sale_that_was_called_off_has_one(called_off, rich_buyer):
    order, late = called_off
    [note] = written(late + timedelta(minutes=1))
    payout = Payout.objects.get(cause=f"{order.address}:hard")
    body = json.loads(note.body)
    assert (note.amount, note.order, note.payout) == (payout.amount, order, payout)
    assert note.amount > order.total, "what is due for the delay is in it"
    assert (body["reason"], body["order"], body["payout"]) == ("called_off", order.number, payout.number)
    assert (note.at, credit.is_whole(note)) == (payout.paid_at, True)
    assert written(late + timedelta(minutes=2)) == [note], "once, however often the worker looks"
    with pytest.raises(DatabaseError), transaction.atomic():
        CreditNote.objects.filter(pk=note.pk).update(amount=1)


def test_it_is_in_the_copy_that_a_person_asks_for(called_off, rich_buyer, stranger):
    _order, late = called_off
    [note] = written(late + timedelta(minutes=1))
    mine = [entry for entry in register.copied() if entry.table == "refunds.CreditNote"]
    assert [row for entry in mine for row in register.rows_of(entry, rich_buyer)] == [note]
    assert [row for entry in mine for row in register.rows_of(entry, stranger)] == []


def test_what_a_channel_paid_by_itself_has_one(charged_order, ticket, finance, at):  # noqa: F811 - the fixtures
    book(ticket(3_000), finance, at)
    [note] = written(at + timedelta(minutes=1))
    assert (note.amount, json.loads(note.body)["reason"]) == (3_000, "by_the_channel")
    assert note.order == charged_order


def test_a_part_that_a_channel_paid_and_the_rest_of_the_case_add_up(
    charged_order,  # noqa: F811 - the fixture
    ticket,  # noqa: F811 - the fixture
    rich_buyer,
    seller,
    finance,
    at,
):
    case = claim(
        charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at, prefers=Refund.Preference.BALANCE
    )
    book(ticket(3_000), finance, at)
    case.refresh_from_db()
    lifecycle.accept(case, by=seller, at=at)
    written(at + timedelta(minutes=1))
    assert sorted(CreditNote.objects.values_list("amount", flat=True)) == [3_000, 6_800]
    back = Payout.objects.filter(state="paid").values_list("amount", flat=True)
    assert sum(back) == sum(CreditNote.objects.values_list("amount", flat=True)), "to the fen"


def test_a_charge_that_came_twice_has_one(channel_secret, listing, rich_buyer, at):
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", by=rich_buyer, at=at)
    payments.confirm(payment, provider_txn="t1", amount=9_800, at=at)
    assert payments.confirm(payment, provider_txn="t2", amount=9_800, at=at) == "returned"
    assert written(at) == [], "not before it has arrived"
    payout = Payout.objects.get()
    payout_arrives(payout, at)
    [note] = written(at + timedelta(minutes=1))
    assert (note.amount, json.loads(note.body)["reason"], note.order_id) == (9_800, "returned", order.pk)


def payout_arrives(payout, at):
    from ledger import payouts
    from ledger.gateways import RefundAnswer, RefundState

    claimed = payouts._claim(payout.pk, at=at)
    assert claimed is not None
    assert payouts._record(claimed, RefundAnswer(RefundState.DONE), at=at)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_instant_write_one(called_off):
    _order, late = called_off
    at = late + timedelta(minutes=1)
    race(lambda: credit.write_missing(at=at), lambda: credit.write_missing(at=at))
    assert CreditNote.objects.count() == 1


def test_both_sides_read_it_and_nobody_else(client, called_off, rich_buyer, seller, stranger, agent):
    order, late = called_off
    [note] = written(late + timedelta(minutes=1))
    page = note.get_absolute_url()
    for user, status in ((rich_buyer, 200), (seller, 200), (agent, 200), (stranger, 404)):
        client.force_login(user)
        assert client.get(page).status_code == status
        assert signed_in(user).get(f"/api/v1/credit-notes/{note.number}/").status_code == status
        listed = client.get(reverse("refunds:notes")).content.decode()
        assert (note.number in listed) == (status == 200)
    client.force_login(rich_buyer)
    shown = client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "Called off before it was delivered" in shown
    assert order.number in shown
    [told] = signed_in(rich_buyer).get("/api/v1/credit-notes/").json()["results"]
    assert (told["number"], told["refund"], told["order"]) == (note.number, "", Order.objects.get().number)


def test_a_shop_reads_the_note_without_the_text_that_names_the_buyers_charge(
    charged_order,  # noqa: F811 - the fixture
    ticket,  # noqa: F811 - the fixture
    finance,
    rich_buyer,
    seller,
    stranger,
    agent,
    at,
):
    """The hash is there all the same: whoever is shown the paper by the buyer can check it."""
    book(ticket(9_800), finance, at)
    [note] = written(at)
    address = reverse("api:credit_note_by_number", args=[note.number])
    for person, body in ((rich_buyer, note.body), (agent, note.body), (seller, "")):
        shown = signed_in(person).get(address).json()
        assert (shown["body"], shown["sha256"], shown["is_whole"]) == (body, note.sha256, True)
        assert (shown["refund"], shown["order"], shown["amount"]) == ("", charged_order.number, 9_800)
    assert "t1" in note.body
    assert "t1" not in signed_in(seller).get(address).content.decode()
    assert signed_in(stranger).get(address).status_code == 404
    listed = signed_in(seller).get(reverse("api:credit_notes")).json()["results"]
    assert [(each["number"], each["body"]) for each in listed] == [(note.number, "")]
