"""The forty worked cases, to the fen."""

import json
from pathlib import Path

import pytest

from rulebook.claims import Claim
from rulebook.defaults import default_book
from rulebook.engine import decide

CASES = json.loads((Path(__file__).parents[1] / "data" / "golden_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["input"]["id"])
def test_a_worked_case_comes_to_exactly_what_was_worked_out(case):
    decision = decide(Claim.read(case["input"]), default_book())

    assert decision.summary() == case["expected"]


def test_there_are_forty_of_them():
    assert len({case["input"]["id"] for case in CASES}) == 40
