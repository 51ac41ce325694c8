"""Races in a case: whatever happens at the same instant, it ends once, and its money moves once."""

from datetime import timedelta

import pytest

from kamen import books
from ledger.accounts import balance
from ledger.models import Payout
from refunds import lifecycle
from refunds.models import Refund
from tests.fixtures.cases import claim
from tests.fixtures.clocks import let_remind
from tests.queries import recorded
from tests.races import lost, race, won
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep

ENDS = ("refund.approved", "refund.withdrawn", "refund.lapsed", "refund.rejected")


def again(refund):
    """The same case as another process would read it."""
    return Refund.objects.select_related("order__shop").get(pk=refund.pk)


def ended_once(refund):
    return Event.objects.filter(subject=refund.address, name__in=ENDS).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_yes_a_withdrawal_and_the_clock_at_one_instant_end_a_case_once(refund, seller, rich_buyer, at):
    before = balance(f"user:{rich_buyer.pk}:wallet")
    almost, over = refund.deadline_at - timedelta(milliseconds=1), refund.deadline_at
    outcomes = race(
        lambda: lifecycle.accept(again(refund), by=seller, at=almost),
        lambda: lifecycle.withdraw(again(refund), by=rich_buyer, at=almost),
        lambda: sweep(at=over).fired,
    )
    refund.refresh_from_db()
    assert all(isinstance(each, Refused) for each in lost(outcomes)), outcomes
    assert refund.state in {"refunded", "withdrawn"}
    assert ended_once(refund)
    paid = balance(f"user:{rich_buyer.pk}:wallet") - before
    assert paid == (9_800 if refund.state == "refunded" else 0)
    assert Payout.objects.count() == (1 if paid else 0)


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_a_no_at_one_instant_end_as_a_yes(refund, seller, at):
    """After a no the shop can still give in; after a yes it cannot say no any more."""
    outcomes = race(
        lambda: lifecycle.accept(again(refund), by=seller, at=at),
        lambda: lifecycle.decline(again(refund), code="other", rule="MX-42", text="可用", by=seller, at=at),
    )
    assert {getattr(each, "code", each) for each in lost(outcomes)} <= {"wrong_moment"}
    refund.refresh_from_db()
    assert refund.state == "refunded"
    assert ended_once(refund)


@pytest.mark.django_db(transaction=True)
def test_eight_claims_for_one_unit_at_one_instant_are_one_case(revealed, rich_buyer, at):
    outcomes = race(*[lambda: claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)] * 8)
    assert len(won(outcomes)) == 1, outcomes
    assert {getattr(each, "code", each) for each in lost(outcomes)} == {"case_open"}


@pytest.mark.django_db(transaction=True)
def test_a_proven_claim_filed_eight_times_at_one_instant_is_paid_once(bad_unit, rich_buyer, at):
    before = balance(f"user:{rich_buyer.pk}:wallet")
    outcomes = race(*[lambda: claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)] * 8)
    assert len(won(outcomes)) == 1, outcomes
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + 9_800


@pytest.mark.django_db(transaction=True)
def test_the_buyer_and_the_clock_cannot_both_move_a_declined_case(declined, rich_buyer, at):
    let_remind(declined)
    almost, over = declined.deadline_at - timedelta(milliseconds=1), declined.deadline_at
    race(
        lambda: lifecycle.escalate(again(declined), by=rich_buyer, at=almost),
        lambda: sweep(at=over).fired,
    )
    declined.refresh_from_db()
    assert declined.state in {"disputed", "lapsed"}
    assert not list(books.violations())


# 500 units


def costs(order, units, buyer, seller, at):
    """How often each verb asks the database for a case over `units`."""
    found = {}
    with recorded() as asked:
        lifecycle.preview(order, units, "CHANGE_OF_MIND", buyer=buyer, at=at)
    found["preview"] = len(asked)
    with recorded() as asked:
        first = claim(units, "CHANGE_OF_MIND", by=buyer, at=at)
    found["ask"] = len(asked)
    with recorded() as asked:
        lifecycle.withdraw(again(first), by=buyer, at=at)
    found["withdraw"] = len(asked)
    second = claim(units, "CHANGE_OF_MIND", by=buyer, at=at)
    with recorded() as asked:
        lifecycle.accept(again(second), by=seller, at=at)
    found["accept"] = len(asked)
    return found


def test_a_verb_over_500_units_asks_as_often_as_over_one(big_order, rich_buyer, seller, at):
    one, many = big_order(2), big_order(500)
    from tests.fixtures.cases import units_of

    few = costs(one, units_of(one)[:1], rich_buyer, seller, at)
    lot = costs(many, units_of(many)[:499], rich_buyer, seller, at)
    assert lot == few, (few, lot)
