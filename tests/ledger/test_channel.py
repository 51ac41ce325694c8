"""The round trip with a real sandbox channel: HTTP both ways, notices, refunds that fail, and nobody paid twice."""

from datetime import timedelta

import httpx
import pytest
from django.db import transaction
from django.urls import reverse

from kamen.sandbox_channel import Channel
from ledger import gateways, payments, payouts, sandbox
from ledger.accounts import balance, balances
from ledger.models import Notice, Payment, Payout
from ledger.states import PaymentState, PayoutState
from tests.fixtures import people
from tests.fixtures.channel import eventually
from tests.races import race
from timeline import clock
from timeline.door import Refused

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


def wallet(user):
    return balance(f"{user.address}:wallet")


def state_of(payment):
    return Payment.objects.get(pk=payment.pk).state


def refunds(channel):
    """What the channel has paid back, by our number."""
    return {row["number"]: row["amount"] for row in channel.rows("select * from refund where state = 'done'")}


# money in


def test_a_buyer_pays_on_the_channel_s_page_and_the_notice_brings_the_money(client, channel, buyer):
    client.force_login(buyer)
    answer = client.post(reverse("ledger:top_up"), {"amount": "123.45"})
    page = httpx.get(answer.url, headers={"Accept-Language": "zh"})
    assert answer.url.startswith(channel.address)
    assert "沙盒" in page.text
    assert "¥123.45" in page.text
    done = httpx.post(f"{answer.url}/pay")
    payment = Payment.objects.get()
    assert done.headers["Location"].endswith(payment.get_absolute_url())
    eventually(lambda: wallet(buyer) == 12_345)
    assert state_of(payment) == PaymentState.CONFIRMED
    eventually(lambda: channel.row("select told from paid")["told"] == 1)


def test_a_notice_is_sent_again_until_the_mall_says_success(channel, charged, top_up, buyer):
    payments.open_charge(top_up, title="test")
    right, channel.secret = channel.secret, "not the one they share"
    charged(top_up)
    eventually(lambda: channel.row("select tries from paid")["tries"] >= 1)
    assert wallet(buyer) == 0
    channel.secret = right
    eventually(lambda: channel.row("select told from paid")["told"] == 1)
    assert wallet(buyer) == 10_000


def test_paying_twice_credits_one_charge_and_sends_the_other_back(channel, charged, top_up, buyer):
    charged(top_up, times=2)
    eventually(lambda: Notice.objects.count() == 2)
    assert wallet(buyer) == 10_000
    payout = Payout.objects.get()
    assert payouts.run(at=clock.now()) == 1
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert refunds(channel) == {payout.number: 10_000}
    assert balances(["platform:suspense", "channel:sandbox:out", "channel:sandbox"]) == {
        "platform:suspense": 0,
        "channel:sandbox:out": 0,
        "channel:sandbox": -10_000,
    }


def test_another_amount_is_sent_back_whole(channel, charged, top_up, buyer):
    charged(top_up, amount=9_900)
    eventually(lambda: Notice.objects.count() == 1)
    payouts.run(at=clock.now())
    assert refunds(channel) == {Payout.objects.get().number: 9_900}
    assert wallet(buyer) == 0


def test_money_that_arrives_after_the_deadline_is_sent_back(channel, charged, top_up, buyer):
    charged(top_up, after=3600)
    clock.advance(timedelta(hours=1))
    channel.arrive_now(top_up.number)
    eventually(lambda: Notice.objects.count() == 1)
    assert state_of(top_up) == PaymentState.EXPIRED
    payouts.run(at=clock.now())
    assert refunds(channel) == {Payout.objects.get().number: 10_000}
    assert wallet(buyer) == 0


def test_a_notice_that_never_comes_is_not_needed(client, channel, charged, top_up, buyer, monkeypatch):
    monkeypatch.setattr(channel, "notify", lambda *told, **how: (0, b""))
    charged(top_up)
    assert wallet(buyer) == 0
    client.force_login(buyer)
    answer = client.post(reverse("ledger:check", args=[top_up.number]), follow=True)
    assert wallet(buyer) == 10_000
    assert [message.level_tag for message in answer.context["messages"]] == ["success"]


def test_the_mall_asks_by_itself_about_charges_that_stay_silent(channel, charged, top_up, buyer, monkeypatch):
    monkeypatch.setattr(channel, "notify", lambda *told, **how: (0, b""))
    charged(top_up)
    assert payments.ask_about_the_silent(at=top_up.entered_at) == 0, "not before a minute"
    assert payments.ask_about_the_silent(at=top_up.entered_at + MINUTE) == 1
    assert payments.ask_about_the_silent(at=top_up.entered_at + MINUTE) == 0
    assert wallet(buyer) == 10_000


def test_the_notice_and_the_question_at_once_credit_once(channel, charged, top_up, buyer):
    charged(top_up)
    race(*[lambda: payments.ask_channel(Payment.objects.get(), at=clock.now())] * 2)
    eventually(lambda: channel.row("select told from paid")["told"] == 1)
    assert wallet(buyer) == 10_000
    assert Notice.objects.count() == 1


def test_checking_before_paying_changes_nothing(client, channel, top_up, buyer):
    client.force_login(buyer)
    answer = client.post(reverse("ledger:check", args=[top_up.number]), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["info"]
    assert state_of(top_up) == PaymentState.AWAITING


def test_a_channel_that_is_away_costs_nobody_anything(client, channel_secret, buyer):
    client.force_login(buyer)
    answer = client.post(reverse("ledger:top_up"), {"amount": "5"}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    payment = Payment.objects.get()
    assert answer.redirect_chain == [(payment.get_absolute_url(), 302)]
    assert (payment.state, payment.pay_url) == (PaymentState.AWAITING, "")
    answer = client.post(reverse("ledger:check", args=[payment.number]), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]


def test_the_same_number_is_the_same_charge(channel, top_up):
    first = payments.open_charge(top_up, title="a")
    Payment.objects.update(pay_url="")
    assert payments.open_charge(Payment.objects.get(), title="a") == first


def test_a_channel_is_never_asked_inside_a_transaction(channel, top_up):
    with pytest.raises(RuntimeError, match="outside of every transaction"), transaction.atomic():
        payments.ask_channel(top_up, at=top_up.entered_at)


def test_an_answer_that_the_channel_did_not_sign_is_no_answer(channel, settings, top_up):
    settings.SANDBOX_SECRET = "another secret of the same kind"
    with pytest.raises(gateways.ChannelDown, match="did not sign"):
        payments.open_charge(top_up, title="a")


def test_a_stranger_learns_nothing_from_the_channel(channel):
    assert httpx.get(f"{channel.address}/charges/P1").status_code == 401
    assert httpx.post(f"{channel.address}/refunds", content=b"{}").status_code == 401
    assert httpx.get(f"{channel.address}/pay/0123456789abc").status_code == 404


def test_a_channel_without_a_secret_does_not_start():
    with pytest.raises(ValueError, match="needs a secret"):
        Channel(":memory:", " ")
    with pytest.raises(gateways.UnknownChannel):
        sandbox.Sandbox(address="http://127.0.0.1:9", secret=" ", mall="http://x")


# money back


@pytest.fixture
def owed(channel, charged, top_up):
    """A second charge that is to be sent back."""
    charged(top_up, times=2)
    eventually(lambda: Notice.objects.count() == 2)
    return Payout.objects.get()


def listened_to(channel, monkeypatch):
    """The numbers under which the channel is asked to pay back, as they come."""
    asked, pay = [], channel.refund

    def refund(told):
        asked.append(told["number"])
        return pay(told)

    monkeypatch.setattr(channel, "refund", refund)
    return asked


def fresh(payout):
    payout.refresh_from_db()
    return payout


def test_a_refund_that_fails_is_sent_again_and_arrives(channel, owed):
    channel.mood = "failing"
    at = owed.planned_at
    assert payouts.run(at=at) == 0
    assert (fresh(owed).state, owed.tries, owed.last_error) == ("retrying", 1, "the bank does not answer")
    assert owed.next_try_at == at + MINUTE
    payouts.run(at=at + MINUTE - timedelta(seconds=1))
    assert fresh(owed).tries == 1, "not before its time"
    channel.mood = "normal"
    assert payouts.run(at=at + MINUTE) == 1
    assert fresh(owed).state == PayoutState.PAID
    assert refunds(channel) == {owed.number: 10_000}


def test_after_a_timeout_the_channel_is_asked_and_nothing_is_sent_twice(channel, owed, monkeypatch):
    channel.mood = "silent"  # it pays, but its answer is lost
    asked = listened_to(channel, monkeypatch)
    assert payouts.run(at=owed.planned_at) == 0
    assert (fresh(owed).state, owed.last_error) == (PayoutState.RETRYING, "no answer")
    assert balance("channel:sandbox:out") == 10_000, "unknown is not arrived"
    channel.mood = "normal"
    assert payouts.run(at=owed.planned_at + MINUTE) == 1
    assert fresh(owed).state == PayoutState.PAID
    assert asked == [owed.number], "the second time the question was enough"
    assert refunds(channel) == {owed.number: 10_000}


def test_a_channel_that_is_away_is_tried_ever_more_seldom_and_then_a_person_takes_over(channel, owed, settings):
    settings.SANDBOX_ADDRESS = "http://127.0.0.1:9"
    at, waits = owed.planned_at, []
    while fresh(owed).state != PayoutState.MANUAL:
        payouts.run(at=at)
        if fresh(owed).next_try_at:
            waits.append(owed.next_try_at - at)
            at = owed.next_try_at
    assert waits == payouts.BACK_OFF
    assert owed.tries == len(payouts.BACK_OFF) + 1
    assert balance("channel:sandbox:out") == 10_000


def test_a_final_no_goes_to_a_person_at_once(channel, owed):
    channel.mood = "refusing"
    payouts.run(at=owed.planned_at)
    assert (fresh(owed).state, owed.last_error) == (PayoutState.MANUAL, "the card is closed")


def test_two_runners_at_once_send_once(channel, owed, monkeypatch):
    asked = listened_to(channel, monkeypatch)
    at = owed.planned_at
    assert sum(race(*[lambda: payouts.run(at=at)] * 4)) == 1
    assert asked == [owed.number]
    assert fresh(owed).state == PayoutState.PAID


def test_a_runner_killed_after_sending_leaves_a_payout_that_the_next_one_finishes(channel, owed, monkeypatch):
    def die(*_told, **_how):
        raise KeyboardInterrupt

    record = payouts._record
    monkeypatch.setattr(payouts, "_record", die)
    with pytest.raises(KeyboardInterrupt):
        payouts.run(at=owed.planned_at)
    monkeypatch.setattr(payouts, "_record", record)
    assert (fresh(owed).state, refunds(channel)) == (PayoutState.SENDING, {owed.number: 10_000})
    assert payouts.run(at=owed.planned_at) == 0, "it may still be at work"
    assert payouts.run(at=owed.planned_at + payouts.LEASE) == 1
    assert fresh(owed).state == PayoutState.PAID
    assert balance("channel:sandbox:out") == 0


def test_running_again_changes_nothing(channel, owed):
    assert [payouts.run(at=owed.planned_at) for _time in range(3)] == [1, 0, 0]


def test_one_payout_that_fails_does_not_hold_up_the_others(channel, charged, buyer, owed, monkeypatch):
    other = payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=clock.now())
    charged(other, times=2)
    eventually(lambda: Payout.objects.count() == 2)
    send = payouts._ask_and_send
    monkeypatch.setattr(payouts, "_ask_and_send", lambda payout: 1 / 0 if payout.pk == owed.pk else send(payout))
    assert payouts.run(at=clock.now()) == 1
    assert fresh(owed).state == PayoutState.SENDING


def test_the_channel_never_pays_back_more_than_came_in(channel, owed):
    gateway = gateways.find("sandbox")
    with pytest.raises(gateways.ChannelRefused, match="more than was paid"):
        gateway.refund(number="B-x", txn=owed.charge, amount=10_001)
    gateway.refund(number="B-y", txn=owed.charge, amount=6_000)
    with pytest.raises(gateways.ChannelRefused, match="another refund"):
        gateway.refund(number="B-y", txn=owed.charge, amount=5_000)
    payouts.run(at=owed.planned_at)
    assert fresh(owed).state == PayoutState.MANUAL, "a no of the channel is for people"


# four eyes, with the channel asked first


@pytest.fixture
def two(db):
    at = clock.now()
    return people.staff("finance", at=at, name="first"), people.staff("finance", at=at, name="second")


@pytest.fixture
def stuck(channel, owed):
    """A payout whose card is closed."""
    channel.mood = "refusing"
    payouts.run(at=owed.planned_at)
    return fresh(owed)


def test_two_people_send_it_again_when_the_card_is_open_again(channel, stuck, two):
    channel.mood = "normal"
    for person in two:
        payouts.retry(stuck, by=person, at=stuck.planned_at)
    assert payouts.run(at=stuck.planned_at) == 1
    assert fresh(stuck).state == PayoutState.PAID
    assert refunds(channel) == {stuck.number: 10_000}, "under the same number"


def test_sent_again_while_the_card_is_still_closed_it_comes_back_to_people(channel, stuck, two):
    for person in two:
        payouts.retry(stuck, by=person, at=stuck.planned_at)
    assert payouts.run(at=stuck.planned_at) == 0
    assert fresh(stuck).state == PayoutState.MANUAL


def test_two_people_take_it_back_leg_by_leg(stuck, two):
    assert [payouts.void(stuck, by=person, at=stuck.planned_at) for person in two] == [False, True]
    assert stuck.state == PayoutState.VOID
    assert balances(["platform:suspense", "channel:sandbox:out"]) == {
        "platform:suspense": 10_000,
        "channel:sandbox:out": 0,
    }


def test_two_people_pay_it_to_the_balance_instead(stuck, two, buyer):
    assert [payouts.pay_to_wallet(stuck, by=person, at=stuck.planned_at) for person in two] == [False, True]
    assert stuck.state == PayoutState.PAID
    assert wallet(buyer) == 20_000
    assert balance("channel:sandbox:out") == 0


def test_what_a_refund_decided_cannot_be_taken_back(stuck, two):
    Payout.objects.update(cause="refund:12")
    with pytest.raises(Refused) as refusal:
        payouts.void(fresh(stuck), by=two[0], at=stuck.planned_at)
    assert refusal.value.code == "still_owed"
    Payout.objects.update(cause=stuck.under)


@pytest.mark.parametrize("verb", [payouts.void, payouts.pay_to_wallet])
def test_what_the_channel_paid_after_all_is_recorded_and_goes_no_other_way(channel, stuck, two, buyer, verb):
    verb(stuck, by=two[0], at=stuck.planned_at)
    channel.database.execute("update refund set state = 'done'")
    with pytest.raises(Refused) as refusal:
        verb(stuck, by=two[1], at=stuck.planned_at)
    assert refusal.value.code == "already_paid"
    assert fresh(stuck).state == PayoutState.PAID
    assert (wallet(buyer), balance("channel:sandbox:out")) == (10_000, 0)


def test_two_second_people_at_once_take_it_back_once(stuck, two):
    third = people.staff("finance", at=clock.now(), name="third")
    payouts.void(stuck, by=two[0], at=stuck.planned_at)
    race(*[lambda who=who: payouts.void(Payout.objects.get(), by=who, at=stuck.planned_at) for who in (two[1], third)])
    assert fresh(stuck).state == PayoutState.VOID
    assert balance("platform:suspense") == 10_000
