"""The story of money that goes back, without a channel that answers: planning, clocks, four eyes, refusals."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from ledger import hooks, payments, payouts
from ledger.accounts import balance, balances
from ledger.models import Payout, Transfer
from ledger.states import PayoutState
from ledger.transfers import InsufficientBalance, Reason, transfer
from tests.fixtures import people
from tests.queries import recorded
from timeline import clock
from timeline.door import Refused, lock
from timeline.models import Event
from timeline.sweep import sweep


def names(payout):
    return [event.name for event in Event.objects.filter(subject=payout.address).order_by("seq")]


@pytest.fixture
def paid(top_up):
    """A top-up that arrived, as any payment by a channel that money may go back to; the fund has ¥500 to pay from."""
    payments.confirm(top_up, provider_txn="t1", amount=10_000, at=top_up.entered_at)
    transfer(
        source=f"channel:{top_up.channel}",
        target="platform:fund",
        amount=50_000,
        reason=Reason.FUNDING,
        subject="x:1",
        key="fund",
        at=top_up.entered_at,
    )
    return top_up


@pytest.fixture
def heard(monkeypatch):
    """What the room above was told about arrived payouts."""
    told = []
    monkeypatch.setattr(hooks.payout_paid, "function", lambda payout, *, at: told.append((payout.cause, payout.state)))
    return told


def plan(payment, *, destination="channel", legs=(("platform:fund", 3_000), ("platform:fund", 500)), **other):
    lock(payment)
    told = {"cause": "test:1", "key": "decision:1", "instant": False, "at": payment.entered_at, **other}
    return payouts.plan(
        under=payment.address, user=payment.user, legs=list(legs), destination=destination, payment=payment, **told
    )


# planning


def test_a_payout_to_the_wallet_is_there_at_once_and_whoever_planned_it_goes_on(paid, buyer, heard):
    payout = plan(paid, destination="wallet", cause="refund:12")
    assert (payout.state, payout.amount, payout.paid_at) == (PayoutState.PAID, 3_500, paid.entered_at)
    assert balances([f"{buyer.address}:wallet", "platform:fund"]) == {
        f"{buyer.address}:wallet": 13_500,
        "platform:fund": 46_500,
    }
    assert heard == []  # nobody waits for what is there already
    assert names(payout) == ["payout.planned", "payout.paid"]
    Payout.objects.update(cause="test:1")  # there is no such refund, and the books would say so


def test_a_payout_to_the_channel_is_on_its_way_and_not_there_yet(paid, heard):
    payout = plan(paid)
    assert (payout.state, payout.charge, payout.channel) == (PayoutState.PLANNED, "t1", "sandbox")
    assert balances(["channel:sandbox:out", "platform:fund"]) == {"channel:sandbox:out": 3_500, "platform:fund": 46_500}
    assert heard == []


def test_each_leg_is_a_transfer_of_the_decision(paid):
    payout = plan(paid, cause="test:12")
    moved = Transfer.objects.filter(journal=payout.address).order_by("pk").values_list("amount", "subject", "reason")
    assert list(moved) == [(3_000, "test:12", "refund"), (500, "test:12", "refund")]
    assert [leg.amount for leg in payout.legs.order_by("pk")] == [3_000, 500]


def test_a_decision_is_paid_once_however_often_it_is_planned(paid):
    assert plan(paid) == plan(paid)
    assert balance("channel:sandbox:out") == 3_500


@pytest.mark.parametrize(("instant", "hours"), [(True, 1), (False, 24)])
def test_a_payout_has_an_hour_in_the_instant_lane_and_a_day_otherwise(paid, instant, hours):
    payout = plan(paid, instant=instant)
    assert payout.deadline_at == paid.entered_at + timedelta(hours=hours)


def test_nobody_pays_what_he_does_not_have(paid):
    with pytest.raises(InsufficientBalance), transaction.atomic():
        plan(paid, legs=[("platform:fund", 50_001)])


def test_money_goes_back_to_a_channel_only_to_a_payment(paid):
    with pytest.raises(ValueError, match="only to the payment"):
        payouts.plan(
            under=paid.address,
            cause="test:1",
            user=paid.user,
            legs=[("platform:fund", 1)],
            destination="channel",
            payment=None,
            at=paid.entered_at,
            instant=False,
            key="k",
        )


def test_planning_takes_as_many_queries_for_one_leg_as_for_forty(paid):
    with recorded() as one:
        plan(paid, legs=[("platform:fund", 1)], key="one")
    with recorded() as forty:
        plan(paid, legs=[("platform:fund", 1)] * 40, key="forty")
    assert len(one) == len(forty) <= 9, forty


# the clock


def test_a_payout_that_nobody_sent_raises_an_alarm_and_goes_to_a_person(paid, caplog):
    payout = plan(paid, instant=True)
    sweep(at=payout.deadline_at)
    payout.refresh_from_db()
    assert payout.state == PayoutState.MANUAL
    assert names(payout) == ["payout.planned", "payout.clock_fired", "payout.alarm", "payout.manual"]
    assert [record.levelname for record in caplog.records if "not sent in time" in record.message] == ["CRITICAL"]
    assert balance("channel:sandbox:out") == 3_500, "what is promised stays set aside"
    assert not Payout.objects.due(payout.planned_at + timedelta(days=9)).exists(), "the runner leaves it to people"


def test_finance_that_acts_on_a_payout_whose_time_is_over_is_not_too_early(paid, finance, client):
    payout = plan(paid)
    clock.advance(timedelta(days=2))
    client.force_login(finance)
    answer = client.post(reverse("ledger:decide", kwargs={"number": payout.number, "verb": "retry"}))
    payout.refresh_from_db()
    assert answer.status_code == 302
    assert (payout.state, payout.proposal, payout.proposed_by) == (PayoutState.MANUAL, "retry", finance)
    assert names(payout)[1:] == ["payout.clock_fired", "payout.alarm", "payout.manual", "payout.proposed"]


def test_a_clock_that_came_too_late_changes_nothing(paid):
    payout = plan(paid, destination="wallet")
    payouts.lapse(payout, limit="PAYOUT", at=payout.planned_at + timedelta(days=9))
    assert payout.state == PayoutState.PAID


# four eyes


@pytest.fixture
def second(at):
    """Another person of finance."""
    return people.staff("finance", at=at, name="second")


@pytest.fixture
def stuck(paid, heard):
    """A payout that was not sent in time and is now in a person's hands."""
    payout = plan(paid)
    payouts.lapse(payout, limit="PAYOUT", at=payout.deadline_at)
    return payout


def test_one_person_of_finance_alone_sends_nothing_again(stuck, finance):
    assert payouts.retry(stuck, by=finance, at=stuck.planned_at) is False
    with pytest.raises(Refused) as refusal:
        payouts.retry(stuck, by=finance, at=stuck.planned_at)
    assert refusal.value.code == "second_person"
    assert stuck.state == PayoutState.MANUAL


def test_two_people_of_finance_let_it_be_sent_again(stuck, finance, second):
    payouts.retry(stuck, by=finance, at=stuck.planned_at)
    assert payouts.retry(stuck, by=second, at=stuck.planned_at) is True
    assert (stuck.state, stuck.tries, stuck.proposal) == (PayoutState.SENDING, 0, "")
    assert list(Payout.objects.due(stuck.planned_at)) == [stuck]
    assert names(stuck)[-3:] == ["payout.proposed", "payout.agreed", "payout.sent_again"]


def test_another_proposal_takes_the_place_of_the_first_and_needs_its_own_second_person(stuck, finance, second):
    payouts.retry(stuck, by=finance, at=stuck.planned_at)
    Payout.objects.filter(pk=stuck.pk).update(proposal="void", proposed_by=finance)
    stuck.refresh_from_db()
    assert payouts.retry(stuck, by=second, at=stuck.planned_at) is False
    assert stuck.proposed_by == second


@pytest.mark.parametrize("verb", [payouts.retry, payouts.void, payouts.pay_to_wallet])
def test_nobody_but_finance_decides_about_a_payout(stuck, buyer, lead, verb):
    for person in (buyer, lead):
        with pytest.raises(Refused) as refusal:
            verb(stuck, by=person, at=stuck.planned_at)
        assert refusal.value.code == "not_your_turn"
    assert stuck.proposal == ""


@pytest.mark.parametrize("verb", [payouts.retry, payouts.void, payouts.pay_to_wallet])
def test_a_payout_that_runs_by_itself_is_left_alone(paid, finance, verb):
    payout = plan(paid)
    with pytest.raises(Refused) as refusal:
        verb(payout, by=finance, at=payout.planned_at)
    assert refusal.value.code == "wrong_moment"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [payouts.void, payouts.pay_to_wallet])
def test_while_the_channel_is_silent_the_money_goes_nowhere_else(channel_secret, top_up, finance, verb):
    payments.confirm(top_up, provider_txn="t1", amount=10_000, at=top_up.entered_at)
    payments.confirm(top_up, provider_txn="t2", amount=10_000, at=top_up.entered_at)
    payout = Payout.objects.get()
    due_at = payout.planned_at + timedelta(hours=1)
    payouts.lapse(payout, limit="PAYOUT", at=due_at)
    with pytest.raises(Refused) as refusal:
        verb(payout, by=finance, at=due_at)
    assert refusal.value.code == "channel_silent"
    assert balance("channel:sandbox:out") == 10_000
