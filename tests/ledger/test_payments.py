"""The story of money that comes in: each verb allowed, at the wrong moment, with its money and its event; and races."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from ledger import hooks, payments
from ledger.accounts import balance, balances
from ledger.models import Notice, Payment, Payout, Transfer
from ledger.states import PaymentState
from tests.queries import recorded
from tests.races import race
from timeline import clock, spans
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep


def names(payment):
    return [event.name for event in Event.objects.filter(subject=payment.address).order_by("seq")]


def told(payment, txn="t1", amount=10_000, at=None):
    """A channel's notice that has been verified."""
    return payments.confirm(payment, provider_txn=txn, amount=amount, at=at or payment.entered_at)


# asking


def test_a_top_up_waits_for_a_quarter_of_an_hour(buyer, at):
    payment = payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=at)
    assert (payment.state, payment.subject) == (PaymentState.AWAITING, buyer.address)
    assert payment.deadline_at == at + timedelta(minutes=15)
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("amount", [-100, 0, 99, 5_000_001])
def test_a_top_up_is_neither_too_small_nor_too_large(buyer, at, amount):
    with pytest.raises(Refused) as refusal:
        payments.top_up(user=buyer, amount=amount, channel="sandbox", at=at)
    assert refusal.value.code == "bad_amount"
    assert not Payment.objects.exists()


# confirming


def test_the_first_right_charge_is_credited(top_up, buyer):
    assert told(top_up) == "credited"
    assert balances([buyer.address + ":wallet", "channel:sandbox"]) == {
        buyer.address + ":wallet": 10_000,
        "channel:sandbox": -10_000,
    }
    assert (top_up.state, top_up.provider_txn) == (PaymentState.CONFIRMED, "t1")
    assert names(top_up) == ["payment.awaiting", "payment.confirmed"]


def test_a_charge_that_is_told_again_counts_once(top_up, buyer):
    assert [told(top_up), told(top_up), told(top_up, at=top_up.entered_at + timedelta(days=9))] == [
        "credited",
        "repeated",
        "repeated",
    ]
    assert balance(buyer.address + ":wallet") == 10_000
    assert names(top_up).count("payment.confirmed") == 1


def returned(payment, amount):
    """The charge went to suspense and is on its way back, by itself."""
    payout = Payout.objects.get()
    assert (payout.state, payout.amount, payout.payment, payout.is_instant) == ("planned", amount, payment, True)
    assert balances(["platform:suspense", "channel:sandbox:out"]) == {
        "platform:suspense": 0,
        "channel:sandbox:out": amount,
    }
    return payout


def test_a_second_charge_goes_back_and_the_first_stays(top_up, buyer):
    told(top_up)
    assert told(top_up, txn="t2") == "returned"
    assert returned(top_up, 10_000).charge == "t2"
    assert balance(buyer.address + ":wallet") == 10_000
    assert told(top_up, txn="t2") == "repeated"


@pytest.mark.parametrize("amount", [9_999, 10_001, 1])
def test_a_charge_over_another_amount_goes_back_and_the_right_one_may_still_come(top_up, buyer, amount):
    assert told(top_up, txn="wrong", amount=amount) == "returned"
    returned(top_up, amount)
    assert balance(buyer.address + ":wallet") == 0
    assert told(top_up, txn="right") == "credited"


def test_a_charge_in_the_last_moment_is_in_time_and_one_at_the_deadline_is_late(buyer, at):
    asked = [payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=at) for _time in range(2)]
    ends_at = at + timedelta(minutes=15)
    assert told(asked[0], txn="a", at=ends_at - timedelta(microseconds=1)) == "credited"
    assert told(asked[1], txn="b", at=ends_at) == "returned"
    returned(asked[1], 10_000)


def test_a_charge_after_the_payment_expired_goes_back(top_up, buyer):
    sweep(at=top_up.deadline_at)
    top_up.refresh_from_db()
    assert told(top_up, at=top_up.deadline_at or top_up.entered_at) == "returned"
    returned(top_up, 10_000)
    assert top_up.state == PaymentState.EXPIRED


def test_a_number_of_the_channel_that_stands_for_another_payment_is_refused(buyer, at):
    first, second = (payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=at) for _time in range(2))
    told(first)
    for payment, amount in ((second, 10_000), (first, 9_000)):
        with pytest.raises(Refused) as refusal:
            told(payment, amount=amount)
        assert refusal.value.code == "foreign_charge"
    assert balance(buyer.address + ":wallet") == 10_000


def test_the_database_itself_believes_a_charge_once(top_up, at):
    told(top_up)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(channel="sandbox", provider_txn="t1", payment=top_up, amount=1, outcome="returned", at=at)


# orders


@pytest.fixture
def order_payment(buyer, at):
    """A payment for an order that the ledger knows by its address only."""
    return payments.ask(user=buyer, subject="order:41", amount=10_000, channel="sandbox", span=spans.minutes(15), at=at)


@pytest.mark.breaks_books  # nobody placed this order, so nobody books it
def test_a_paid_order_books_its_own_escrow(order_payment, monkeypatch):
    called = []
    monkeypatch.setattr(hooks.order_paid, "function", lambda payment, *, at: called.append((payment.pk, payment.state)))
    assert told(order_payment) == "credited"
    assert called == [(order_payment.pk, PaymentState.CONFIRMED)]


def test_an_order_that_is_no_longer_to_be_paid_gets_its_money_sent_back(order_payment, monkeypatch):
    def no(payment, *, at):
        raise Refused("wrong_moment", "The order was cancelled.")

    monkeypatch.setattr(hooks.order_paid, "function", no)
    assert told(order_payment) == "returned"
    returned(order_payment, 10_000)
    order_payment.refresh_from_db()
    assert (order_payment.state, order_payment.paid_at) == (PaymentState.AWAITING, None)
    assert names(order_payment) == ["payment.awaiting", "payment.not_taken", "payment.returned"]


# the clock


def test_what_nobody_pays_expires(top_up):
    sweep(at=top_up.deadline_at - timedelta(seconds=1))
    assert Payment.objects.get().state == PaymentState.AWAITING
    sweep(at=top_up.deadline_at)
    assert Payment.objects.get().state == PaymentState.EXPIRED
    assert names(top_up) == ["payment.awaiting", "payment.clock_fired", "payment.expired"]


def test_a_clock_that_came_too_late_changes_nothing(top_up):
    ends_at = top_up.deadline_at
    told(top_up)
    payments.lapse(top_up, limit="ORDER_PAY", at=ends_at)
    assert Payment.objects.get().state == PaymentState.CONFIRMED


# races


@pytest.mark.django_db(transaction=True)
def test_the_same_notice_twice_at_once_credits_once(top_up, buyer):
    def tell():
        return told(Payment.objects.get())

    assert sorted(race(tell, tell, tell)) == ["credited", "repeated", "repeated"]
    assert balance(buyer.address + ":wallet") == 10_000


@pytest.mark.django_db(transaction=True)
def test_two_charges_at_once_credit_one_and_return_the_other(top_up, buyer):
    outcomes = race(
        lambda: told(Payment.objects.get(), txn="a"),
        lambda: told(Payment.objects.get(), txn="b"),
    )
    assert sorted(outcomes) == ["credited", "returned"]
    assert balances([buyer.address + ":wallet", "channel:sandbox:out", "platform:suspense"]) == {
        buyer.address + ":wallet": 10_000,
        "channel:sandbox:out": 10_000,
        "platform:suspense": 0,
    }


@pytest.mark.django_db(transaction=True)
def test_a_notice_and_the_clock_at_the_same_moment_have_one_outcome(top_up, buyer):
    ends_at = top_up.deadline_at
    race(lambda: told(Payment.objects.get(), at=ends_at - timedelta(microseconds=1)), lambda: sweep(at=ends_at))
    payment = Payment.objects.get()
    held, out = balance(buyer.address + ":wallet"), balance("channel:sandbox:out")
    assert (payment.state, held, out) in [("confirmed", 10_000, 0), ("expired", 0, 10_000)]


# queries


def test_a_notice_takes_few_queries(top_up):
    with recorded() as credited:
        told(top_up)
    with recorded() as repeated:
        told(top_up)
    with recorded() as sent_back:
        told(top_up, txn="t2")
    assert [len(credited), len(repeated), len(sent_back)] == [6, 2, 5]


def test_a_payment_is_asked_for_at_the_mall_s_own_time(db, buyer):
    payment = payments.top_up(user=buyer, amount=100, channel="sandbox", at=clock.now())
    assert payment.number.startswith("P")
