"""Races: two who act at the same instant, and exactly one of them decides."""

import pytest

from disputes import lifecycle
from disputes.models import Dispute, Ruling, Signature
from ledger.models import Payout
from refunds.models import Refund
from tests.fixtures.disputes import drafted
from tests.races import lost, race, won
from timeline.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True)


def again(dispute):
    """The case as somebody else holds it."""
    return Dispute.objects.get(pk=dispute.pk)


def test_ruling_and_taking_back(reviewed, arbiter, senior, rich_buyer, at):
    draft = drafted(reviewed)
    outcomes = race(
        lambda: lifecycle.rule(again(reviewed), draft, by=arbiter, at=at),
        lambda: lifecycle.withdraw(again(reviewed), by=rich_buyer, at=at),
    )
    found = again(reviewed)
    assert found.state == "withdrawn", "a draft in signing can still be taken back, so the buyer always gets through"
    assert all(str(error).startswith("wrong_moment") for error in lost(outcomes))


def test_a_ruling_that_is_served_at_once_and_taking_back(reviewed, arbiter, rich_buyer, at):
    draft = drafted(reviewed, shares={"seller": 10_000})
    outcomes = race(
        lambda: lifecycle.rule(again(reviewed), draft, by=arbiter, at=at),
        lambda: lifecycle.withdraw(again(reviewed), by=rich_buyer, at=at),
    )
    assert len(won(outcomes)) == len(lost(outcomes)) == 1
    assert (again(reviewed).state, Refund.objects.get().state) in {("ruled", "refunded"), ("withdrawn", "withdrawn")}


def test_signing_twice(signing, senior, at):
    outcomes = race(*[lambda: lifecycle.sign(again(signing), agrees=True, by=senior, at=at)] * 3)
    assert len(won(outcomes)) == 1
    assert (Signature.objects.count(), Payout.objects.count()) == (1, 1)


def test_signing_and_sending_back(signing, senior, at):
    outcomes = race(
        lambda: lifecycle.sign(again(signing), agrees=True, by=senior, at=at),
        lambda: lifecycle.sign(again(signing), agrees=False, note_text="再看", by=senior, at=at),
    )
    assert len(won(outcomes)) == 1
    assert again(signing).state in {"ruled", "review"}


def test_the_clock_and_a_ruling(reviewed, arbiter, second_arbiter, at):
    late = reviewed.deadline_at
    draft = drafted(reviewed, shares={"seller": 10_000})
    outcomes = race(
        lambda: lifecycle.rule(again(reviewed), draft, by=arbiter, at=at),
        lambda: sweep(at=late),
    )
    found = again(reviewed)
    if lost(outcomes):
        assert (found.state, found.arbiter, Ruling.objects.count()) == ("review", second_arbiter, 0)
    else:
        assert (found.state, Payout.objects.count()) == ("ruled", 1)


def test_giving_in_and_ruling(reviewed, arbiter, seller, at):
    draft = drafted(reviewed, shares={"seller": 10_000})
    outcomes = race(
        lambda: lifecycle.rule(again(reviewed), draft, by=arbiter, at=at),
        lambda: lifecycle.concede(again(reviewed), by=seller, at=at),
    )
    assert len(won(outcomes)) == 1
    assert Payout.objects.get().amount == 9_800


def test_the_end_of_the_appeal_fires_once(ruled):
    late = ruled.deadline_at
    race(*[lambda: sweep(at=late)] * 3)
    assert again(ruled).state == "closed"
    assert Payout.objects.count() == 1
