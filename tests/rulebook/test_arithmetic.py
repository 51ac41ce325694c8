"""Whole fen, and who gets the odd one."""

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulebook
from rulebook.arithmetic import ceiled, clamped, floored, split
from rulebook.claims import PARTIES
from rulebook.defaults import default_book

ROOM = Path(rulebook.__file__).parent
PURE: tuple[str, ...] = ("arithmetic", "book", "cases", "claims", "decisions", "engine", "law", "matrix")
PURE += tuple(f"formulas/{path.stem}" for path in sorted((ROOM / "formulas").glob("*.py")))
#: What reads the clock, the world or a fraction.
FORBIDDEN = {"datetime", "time", "random", "os", "pathlib", "json", "decimal", "fractions", "math", "django", "open"}


def test_the_odd_fen_of_a_deduction_is_the_buyers():
    assert 8801 - floored(8801, 5000) == 4401


def test_compensation_is_rounded_up():
    assert ceiled(4999, 100) == 50
    assert ceiled(5000, 100) == 50
    assert ceiled(5001, 100) == 51


def test_where_a_minimum_and_a_cap_cross_the_cap_wins():
    assert clamped(7, least=1, most=0) == 0


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        # The largest remainder takes the odd fen.
        (8001, {"SELLER": 5000, "UPSTREAM": 3000}, {"SELLER": 5001, "UPSTREAM": 3000}),
        # A tie goes by the order platform, seller, upstream, buyer.
        (1, {"SELLER": 5000, "UPSTREAM": 5000}, {"SELLER": 1}),
        (10, {"PLATFORM": 1, "SELLER": 1, "UPSTREAM": 1}, {"PLATFORM": 4, "SELLER": 3, "UPSTREAM": 3}),
        (
            7000,
            {"PLATFORM": 1000, "SELLER": 4000, "UPSTREAM": 2000},
            {"PLATFORM": 1000, "SELLER": 4000, "UPSTREAM": 2000},
        ),
        (0, {"SELLER": 1}, {}),
        (0, {}, {}),
    ],
)
def test_a_split_goes_by_largest_remainder(amount, weights, parts):
    assert split(amount, weights) == parts


def test_an_amount_nobody_carries_is_refused():
    with pytest.raises(ValueError, match="nobody"):
        split(1, {})


@settings(deadline=None)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 10_000), min_size=4, max_size=4).filter(any))
def test_parts_of_a_split_sum_up_and_miss_the_exact_share_by_less_than_a_fen(amount, weights):
    named = dict(zip(PARTIES, weights, strict=True))
    parts = split(amount, named)

    assert sum(parts.values()) == amount
    for party, weight in named.items():
        assert abs(parts.get(party, 0) * sum(weights) - amount * weight) < sum(weights)


@pytest.mark.parametrize("name", PURE)
def test_the_engine_knows_no_fractions_no_clock_and_no_files(name):
    tree = ast.parse((ROOM / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div), "division leaves whole numbers"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), "a float"
        if isinstance(node, ast.Name):
            assert node.id not in {"float", "Decimal", "open", "print"}
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN


def test_no_ladder_over_reasons_or_rules():
    """Reasons find their formula in a table: no code of a reason is compared with anything."""
    codes = set(default_book().reasons)
    for name in ("engine", *(name for name in PURE if name.startswith("formulas/"))):
        for node in ast.walk(ast.parse((ROOM / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                compared = {leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)}
                assert not compared & codes
