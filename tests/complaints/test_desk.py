"""The round trip with the sandbox's complaint desks: HTTP both ways, notices lost and forged, words said once."""

import json
import time

import pytest
from django.urls import reverse

from complaints import lifecycle, outside, sending
from complaints.models import Complaint, External, Heard
from ledger import payments, sandbox
from ledger.models import Payout
from orders import delivery, purchase
from orders.models import Order
from tests.fixtures.cases import VISIT, claim
from tests.fixtures.channel import SECRET, eventually
from timeline import clock
from timeline.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bought(channel, charged, placed_order, rich_buyer, at):
    """Three codes that were paid on the channel's page, and the channel's number of the charge."""
    payment = purchase.ask_for_charge(placed_order, channel="sandbox", by=rich_buyer, at=at)
    (txn,) = charged(payment)
    eventually(lambda: Order.objects.get(pk=placed_order.pk).state == "delivered")
    return Order.objects.get(pk=placed_order.pk), txn


def state_there(channel, number):
    return channel.row("select state from complaint where number = ?", number)["state"]


def said_there(channel, number):
    return [row["text"] for row in channel.rows("select * from said where number = ? and who = 'merchant'", number)]


@pytest.mark.parametrize(
    ("road", "states"),
    [
        ("wechat", ["PENDING", "PROCESSING", "PROCESSED"]),
        ("alipay", ["MERCHANT_PROCESSING", "MERCHANT_PROCESSING", "MERCHANT_FEEDBACKED"]),
    ],
)
def test_a_complaint_comes_in_by_a_notice_and_the_case_s_result_goes_back(channel, bought, road, states, agent, seller):
    order, txn = bought
    number = channel.complain(txn, road=road, text="卡密无效")
    eventually(lambda: Complaint.objects.filter(outside_number=number).exists())
    complaint = Complaint.objects.get()
    assert (complaint.order, complaint.source, complaint.who) == (order, road, "138****00")
    assert state_there(channel, number) == states[0]
    at = clock.now()
    lifecycle.say(complaint, by=agent, at=at)
    assert sending.run(at=at) == 1
    assert state_there(channel, number) == states[1]
    delivery.reveal(order.units.get(place=1), by=order.buyer, at=at, visit=VISIT)
    refund = lifecycle.open_case(complaint, [order.units.get(place=1)], reason="CODE_INVALID", by=agent, at=at)
    reference = channel.pay_back_by_staff(number, 9_800)
    eventually(lambda: External.objects.filter(booked=9_800).exists())
    refund.refresh_from_db()
    assert (refund.state, refund.outcome, Payout.objects.get().outside) == ("refunded", "external", reference)
    complaint.refresh_from_db()
    word = lifecycle.answer(complaint, by=agent, at=at)
    assert sending.run(at=at) == 1
    assert sending.run(at=at) == 0
    assert state_there(channel, number) == states[2]
    assert word.text in said_there(channel, number)


def test_a_lost_notice_is_found_by_asking_and_what_is_over_is_not_asked_about_again(channel, bought, monkeypatch):
    order, txn = bought
    monkeypatch.setattr(channel, "tell_of_complaints", lambda: None)
    number = channel.complain(txn, road="wechat", text="卡密无效")
    assert sending.ask_what_is_new(at=clock.now()) == 1
    assert Complaint.objects.get().order == order
    channel.take_back(number)
    assert sending.ask_what_is_new(at=clock.now()) == 1
    assert Complaint.objects.get().state == "withdrawn"
    assert sending.ask_what_is_new(at=clock.now()) == 0


def test_a_desk_that_is_silent_hears_each_word_once_all_the_same(channel, bought, agent):
    _order, txn = bought
    number = channel.complain(txn, road="wechat", text="卡密无效")
    eventually(lambda: Complaint.objects.exists())
    at = clock.now()
    complaint = Complaint.objects.get()
    lifecycle.say(complaint, "您好，正在核对。", by=agent, at=at)
    channel.mood = "silent"
    assert sending.run(at=at) == 0
    word = complaint.words.get()
    assert (word.sent_at, word.tries) == (None, 1)
    channel.mood = "normal"
    assert word.next_try_at is not None
    assert sending.run(at=word.next_try_at) == 1
    assert said_there(channel, number) == ["您好，正在核对。"]


def test_what_the_desk_will_not_take_is_for_a_lead(channel, bought, agent):
    _order, txn = bought
    number = channel.complain(txn, road="wechat", text="卡密无效")
    eventually(lambda: Complaint.objects.exists())
    complaint, at = Complaint.objects.get(), clock.now()
    lifecycle.say(complaint, "您好，正在核对。", by=agent, at=at)
    with channel.writing() as books:
        books.execute("update complaint set state = 'PROCESSED' where number = ?", [number])
    sending.run(at=at)
    word = complaint.words.get()
    assert (word.is_given_up(), word.error) == (True, "INVALID_REQUEST")
    assert Event.objects.filter(name="complaint.not_taken").count() == 1


def signed(path, told, *, secret=SECRET, stamp=None):
    """The body and the headers of a notice."""
    body = json.dumps(told).encode()
    at, nonce = str(int(stamp or time.time())), "a" * 32
    proof = sandbox.signature(secret, kind="notice", path=path, timestamp=at, nonce=nonce, body=body)
    headers = {"X-Sandbox-Timestamp": at, "X-Sandbox-Nonce": nonce, "X-Sandbox-Signature": proof}
    return {"data": body, "content_type": "application/json", "headers": headers}


def notice(number, event="EV-1"):
    return {
        "id": event,
        "event_type": "COMPLAINT.CREATE",
        "resource": {"complaint_id": number, "action_type": "CREATE_COMPLAINT"},
    }


def test_forged_old_foreign_and_empty_notices_are_not_believed_and_a_repeated_one_changes_nothing(
    channel, bought, client, monkeypatch
):
    _order, txn = bought
    monkeypatch.setattr(channel, "tell_of_complaints", lambda: None)
    number = channel.complain(txn, road="wechat", text="卡密无效")
    path = reverse("complaints:notify", args=["wechat"])
    elsewhere = reverse("complaints:notify", args=["alipay"])
    for wrong in (
        signed(path, notice(number), secret="another secret"),
        signed(path, notice(number), stamp=time.time() - 400),
        signed(elsewhere, notice(number)),
        signed(path, {"event_type": "TRANSACTION.SUCCESS"}),
        signed(path, notice("../../refunds")),
        signed(path, notice("20000000")),
    ):
        assert client.post(path, **wrong).status_code == 400
    nowhere = reverse("complaints:notify", args=["nobody"])
    assert client.post(nowhere, **signed(nowhere, notice(number))).status_code == 400
    assert not Complaint.objects.exists()
    for _time in range(3):
        assert client.post(path, **signed(path, notice(number))).content == b"success"
    assert (Complaint.objects.count(), Heard.objects.count()) == (1, 1)
    assert Event.objects.filter(name="complaint.arrived").count() == 1


def test_while_the_desk_is_away_a_notice_is_sent_again(channel_secret, client, db):
    path = reverse("complaints:notify", args=["wechat"])
    assert client.post(path, **signed(path, notice("1"))).status_code == 503
    assert not Heard.objects.exists()


def test_a_case_that_the_buyer_filed_is_the_complaint_s_own(channel, bought, rich_buyer):
    order, txn = bought
    at = clock.now()
    delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at, visit=VISIT)
    refund = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)
    number = channel.complain(txn, road="alipay", text="卡密无效")
    eventually(lambda: Complaint.objects.exists())
    assert Complaint.objects.get(outside_number=number).refund == refund
    assert outside.find("alipay").find(number, at=at).asked == payments.Payment.objects.get().amount
