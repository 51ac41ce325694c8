"""Verbs of delivery ask the database seldom, and as often for ninety units as for one."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger.transfers import Reason, transfer
from orders import attachments, lifecycle
from orders.fulfilment import manual, tickets
from orders.fulfilment.tickets import Answer
from orders.models import Order, Ticket
from orders.states import Standing
from tests.fixtures.deliveries import ACCOUNT
from tests.queries import recorded
from timeline.sweep import fire_overdue

MOST = 12


def counted(verb, *args, **how):
    with recorded() as asked:
        verb(*args, **how)
    return len(asked)


@pytest.fixture
def rich(rich_buyer, at):
    wallet, key = f"user:{rich_buyer.pk}:wallet", "more"
    told = {"amount": 1_000_000, "reason": Reason.TOP_UP, "subject": rich_buyer.address, "key": key, "at": at}
    transfer(source="channel:sandbox", target=wallet, **told)
    return rich_buyer


def verbs(offer, buyer, seller, at, size, name):
    listing = offer(title=name, price=100)
    given = {"account": ACCOUNT}
    told = {"buyer": buyer, "listing": listing, "quantity": size, "acknowledged": True, "given": given, "at": at}
    order = lifecycle.place(**told)
    found = {"pay": counted(lifecycle.pay_from_wallet, Order.objects.get(pk=order.pk), by=buyer, at=at)}
    file = attachments.attach(order, SimpleUploadedFile("done.txt", name.encode()), by=seller, at=at)
    proof = manual.Proof(account=ACCOUNT, reference="UP-77", files=[file])
    order = Order.objects.get(pk=order.pk)
    found["deliver"] = counted(manual.deliver, order, list(range(1, size + 1)), proof, by=seller, at=at)
    late = lifecycle.place(**told)
    lifecycle.pay_from_wallet(late, by=buyer, at=at)
    fire_overdue(late.root_address, at=at + timedelta(hours=1))
    late = Order.objects.get(pk=late.pk)
    found["cancel late"] = counted(lifecycle.cancel, late, by=buyer, at=at + timedelta(hours=1))
    return found


def test_delivering_by_hand_asks_as_often_for_many_units_as_for_one(offer, rich, seller, at):
    one, many = (verbs(offer, rich, seller, at, size, f"直充 {size}") for size in (1, 90))
    assert one == many
    assert max(one.values()) <= MOST, one


def test_a_supplier_s_answer_asks_as_often_in_a_big_order_as_in_a_small_one(offer, rich, at):
    counts = []
    for size in (1, 90):
        listing = offer(title=f"直充 {size}", price=100, delivered_by="supplier")
        told = {"listing": listing, "quantity": size, "acknowledged": True, "given": {"account": ACCOUNT}}
        order = lifecycle.place(buyer=rich, at=at, **told)
        lifecycle.pay_from_wallet(order, by=rich, at=at)
        for ticket in Ticket.objects.filter(unit__order=order).select_related("unit__order").order_by("pk"):
            if ticket.number.endswith(f"-{size}"):
                counts.append(counted(tickets.hear, ticket, Answer(Standing.DELIVERED, reference="S1"), at=at))
    assert max(counts) <= MOST, counts
