"""The calculator asks for every fact that matters and for none that does not, and its arithmetic adds up."""

import random

import pytest
from django.utils.translation import override
from hypothesis import given

from rulebook import calculator, cards
from rulebook.calculator import KINDS_OF, NEVER, QUESTIONS, asked
from rulebook.claims import KINDS, STATES, VOCABULARY, Claim
from rulebook.decisions import Outcome
from rulebook.engine import decide
from tests.rulebook.claims import BOOK, REASONS, claims, some_facts

#: What was never used has no used part.
USED_PART = {"consumed", "total"}
#: Facts nobody is asked for: the calculator takes a level's quota as free and a buyer as unknown to the risk desk.
UNASKED = {"instant_used", "buyer_risk"}


def cells():
    return [
        (reason, kind, state)
        for reason in REASONS
        for kind in KINDS
        for state in STATES
        if kind in KINDS_OF.get(reason, KINDS) and state not in NEVER.get(kind, ())
    ]


@pytest.mark.parametrize("reason", REASONS)
def test_no_fact_that_matters_goes_unasked(reason):
    chance = random.Random(reason)
    for _, kind, state in (cell for cell in cells() if cell[0] == reason):
        names = set(asked(BOOK.reasons[reason], kind, state))
        senseless = UNASKED | (USED_PART if state in calculator.UNUSED else set())
        for _ in range(30):
            facts = {name: value for name, value in some_facts(chance).items() if name not in senseless}
            told = {name: value for name, value in facts.items() if name in names}

            def of(given, kind=kind, state=state):
                return decide(Claim(kind=kind, reason=reason, state=state, level="M2", paid=9_800, facts=given), BOOK)

            whole, part = of(facts), of(told)
            assert whole.summary() == part.summary(), (kind, state, {**facts}, sorted(names))


def test_every_question_is_about_a_fact_the_engine_knows():
    assert set(QUESTIONS) <= set(VOCABULARY)
    assert set(QUESTIONS) == {name for cell in cells() for name in asked(BOOK.reasons[cell[0]], *cell[1:])}


@given(claims(proof=True))
def test_the_lines_add_up_to_the_result(claim):
    decision = decide(claim, BOOK)
    amounts = cards.sums(decision.lines, decision.outcome)
    if decision.outcome in {Outcome.FULL, Outcome.PARTIAL, Outcome.FEE_DEDUCTED, Outcome.COMP_ONLY}:
        assert sum(amount or 0 for amount in amounts) == decision.refund + decision.compensation, decision


@given(claims(proof=True))
def test_every_decision_can_be_read_in_both_languages(claim):
    decision = decide(claim, BOOK)
    for language in ("zh-hans", "en"):
        with override(language):
            found = cards.card(decision, BOOK)
    assert found["outcome"]
    assert all(line["text"] for line in found["lines"])
    assert all(each["text"] != each["id"] for each in found["rules"])
    assert sum(each["amount"] for each in found["payers"]) == found["amount"]


def test_nothing_is_asked_about_what_cannot_be():
    assert set(calculator.NEVER) <= set(KINDS)
    assert set(calculator.KINDS_OF) <= set(REASONS)
