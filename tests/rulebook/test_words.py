"""Every code the rulebook can say has words, in both languages: rules, arithmetic, law, reasons, clocks, terms."""

import json
import re

import pytest
from django.utils.translation import override
from hypothesis import given

from rulebook import center, explanations, law, versions, words
from rulebook.claims import KINDS, LEVELS, STATES, VOCABULARY
from rulebook.decisions import Line, Outcome, Route
from rulebook.engine import decide
from rulebook.formulas import FORMULAS
from rulebook.linter import clauses
from rulebook.matrix import CLASSES
from tests.rulebook.claims import BOOK, REASONS, claims
from tests.rulebook.test_golden import CASES

LANGUAGES = ["zh-hans", "en"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def is_in(language, text):
    """Whether a sentence is in the language; names of laws and figures are in both."""
    return bool(CHINESE.search(text)) == (language == "zh-hans")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_the_matrix_is_one_sentence(language):
    with override(language):
        told = {row.id: words.rule(row.id, BOOK) for row in BOOK.matrix.rows}
    assert all(text != rule and is_in(language, text) for rule, text in told.items()), told
    # Rows that differ read differently, or nobody could tell them apart.
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_other_rule_has_its_sentence(language):
    with override(language):
        assert all(is_in(language, str(sentence)) for sentence in words.RULES.values())


@given(claims(proof=True))
def test_no_decision_names_a_rule_a_step_or_a_law_without_words(claim):
    decision = decide(claim, BOOK)
    for rule in decision.rules:
        assert words.rule(rule, BOOK) != rule
    for line in decision.lines:
        assert line.code in explanations.SENTENCES
    for source in decision.basis:
        assert explanations.source(source)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", explanations.SENTENCES)
def test_every_step_of_the_arithmetic_has_a_sentence_with_all_its_numbers(language, code):
    with override("en"):
        names = re.findall(r"%\((\w+)\)s", str(explanations.SENTENCES[code]))
    line = Line(code, "X", tuple((name, "7" if name in ("fact", "later", "pinned") else 700) for name in names))
    with override(language):
        assert is_in(language, explanations.sentence(line))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_legal_source_has_a_name(language):
    sources = {each for found in (*law.REASONS.values(), *law.RULES.values()) for each in found}
    sources |= {each for clause in clauses() for each in clause.basis}
    with override(language):
        assert all(is_in(language, explanations.source(source)) for source in sources)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", REASONS)
def test_every_reason_says_what_it_is_who_shows_what_until_when_and_what_silence_means(language, code):
    with override(language):
        about = words.REASONS[code]
        reason = BOOK.reasons[code]
        told = [*map(str, about[:-1]), words.window(reason.file_window), words.silence(reason)]
    assert all(is_in(language, text) for text in told), told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_the_engine_uses_has_a_word(language):
    tables = [
        (words.KINDS, KINDS),
        (words.STATES, STATES),
        (words.STATES_SHORT, STATES),
        (words.LEVELS, LEVELS),
        (words.CLASSES, CLASSES),
        (words.ABOUT_CLASSES, CLASSES),
        (words.OUTCOMES, [each.value for each in Outcome]),
        (words.ROUTES, [each.value for each in Route]),
    ]
    with override(language):
        for table, names in tables:
            assert all(is_in(language, str(table[name])) for name in names)
    assert set(words.SILENCE) <= set(FORMULAS)
    assert set(explanations.FACTS) <= set(VOCABULARY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clock_for_the_two_sides_is_told_with_what_silence_means(language):
    with override(language):
        rows = center.clock_rows(versions.shipped().clocks)
        for row in rows:
            assert row["spans"], row["name"]
            assert all(is_in(language, str(row[part])) for part in ("title", "whose", "then")), row["name"]
            assert all(is_in(language, each["span"]) for each in row["spans"]), row["name"]
    assert {"SELLER_RESPONSE", "INSPECT", "ESCALATE", "RULING", "APPEAL", "PAYOUT"} <= {row["name"] for row in rows}


def test_the_worked_examples_are_the_golden_cases():
    listed = json.loads(center.EXAMPLES.read_text(encoding="utf-8"))["examples"]
    told = {each["id"]: each["input"] for each in listed}
    assert told == {
        case["input"]["id"]: {name: value for name, value in case["input"].items() if name not in ("id", "title")}
        for case in CASES
    }
    assert all(set(each["title"]) == {"zh", "en"} and all(each["title"].values()) for each in listed)
