"""Facts, not claims: what a record says is verified; what one side says moves no money by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.claims import KINDS, STATES, VOCABULARY, Proof
from rulebook.collected import Answers, Batch, Records, claim, collect, worked
from rulebook.engine import decide
from tests.rulebook.claims import BOOK, REASONS, claims, facts

NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNIT = Records(kind="POINT_CARD", state="UNDELIVERED", level="M1", paid=10_000, at=NOON)


def test_times_become_minutes_and_begun_hours():
    records = replace(
        UNIT,
        state="REVEALED_UNUSED",
        paid_at=NOON - 30 * HOUR,
        promised_at=NOON - 30 * HOUR + 10 * MINUTE,
        delivered_at=NOON - 24 * HOUR - MINUTE,
        revealed_at=NOON - 2 * HOUR,
    )
    assert collect(records) == {
        "promise_min": 10,
        "actual_min": 5 * 60 + 59,
        "hours_since_delivery": 25,
        "hours_since_reveal": 2,
    }


def test_an_outage_of_ours_is_not_the_shops_delay():
    waiting = replace(UNIT, paid_at=NOON - 3 * HOUR, promised_at=NOON - 3 * HOUR + 10 * MINUTE, proven=True)
    held_up = replace(waiting, outages=((NOON - 2 * HOUR, NOON),))
    assert collect(waiting)["elapsed_min"] == 180
    assert collect(held_up)["elapsed_min"] == 60
    late, in_time = (decide(claim(each, "NOT_DELIVERED"), BOOK) for each in (waiting, held_up))
    assert late.compensation > in_time.compensation


@given(st.lists(st.tuples(st.integers(-50, 150), st.integers(0, 80)), max_size=6))
def test_time_without_outages_is_never_negative_and_never_longer(stretches):
    outages = [(NOON + begin * MINUTE, NOON + (begin + length) * MINUTE) for begin, length in stretches]
    inside = {m for b, n in stretches for m in range(b, b + n) if 0 <= m < 100}
    assert worked(NOON, NOON + 100 * MINUTE, outages) == (100 - len(inside)) * MINUTE


def test_the_suppliers_answers_and_the_batch_are_facts():
    records = replace(
        UNIT,
        state="REVEALED_UNUSED",
        answers=Answers(redeemed="UNKNOWN", can_recall=False),
        batch=Batch(bad=3, sold=100),
        proven=False,
    )
    found = collect(records)
    assert found["upstream_proof"] == "UNKNOWN"
    assert found["recallable"] is False
    assert found["batch_bad_bp"] == 300
    decision = decide(claim(records, "CODE_ALREADY_USED"), BOOK)
    assert decision.rules == ("SELLER_BURDEN",)
    assert decision.proven


def test_a_record_wins_over_what_somebody_says():
    records = replace(UNIT, known={"delivered_units": 2}, claimed={"delivered_units": 0, "promised_units": 3})
    made = claim(records, "PARTIAL_DELIVERY")
    assert made.facts["delivered_units"] == 2
    assert dict(made.grades) == {"promised_units": Proof.CLAIMED}
    assert not decide(made, BOOK).proven


@pytest.mark.parametrize("reason", REASONS)
def test_what_one_side_merely_says_never_moves_money_by_itself(reason):
    """Everything a party could assert, for every kind and state: nothing is proven, nothing is paid at once."""

    @settings(max_examples=25, deadline=None)
    @given(facts())
    def hold(asserted):
        for kind, state in product(KINDS, STATES):
            made = claim(replace(UNIT, kind=kind, state=state, claimed=asserted), reason)
            decision = decide(made, BOOK)
            assert not decision.instant
            if decision.refund or decision.compensation:
                bare = decide(claim(replace(UNIT, kind=kind, state=state), reason), BOOK)
                same = (bare.refund, bare.compensation) == (decision.refund, decision.compensation)
                assert same or not decision.proven, "a sum that rests on a claim is marked as claimed"

    hold()


@settings(max_examples=400, deadline=None)
@given(claims(proof=True))
def test_a_decision_names_every_claimed_fact_that_it_rests_on(made):
    """Take the claimed facts it does not name away: nothing changes."""
    decision = decide(made, BOOK)
    kept = {
        name: value
        for name, value in made.facts.items()
        if made.grades.get(name) is not Proof.CLAIMED or name in decision.claimed
    }
    again = decide(replace(made, facts=kept), BOOK)
    assert (again.refund, again.compensation, again.outcome) == (
        decision.refund,
        decision.compensation,
        decision.outcome,
    )


def test_every_fact_of_the_records_is_in_the_vocabulary():
    full = replace(
        UNIT,
        paid_at=NOON - HOUR,
        promised_at=NOON,
        delivered_at=NOON,
        revealed_at=NOON,
        proven=True,
        answers=Answers("PENDING", "UNKNOWN", True, True, True),
        batch=Batch(1, 10),
    )
    assert set(collect(full)) <= set(VOCABULARY)
