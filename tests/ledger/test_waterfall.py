"""Who pays when escrow alone does not: the worked cases of the rules (5.5), and what holds for every award."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.waterfall import Leg, Source, after, missing, plan


def sources(escrow=0, balance=0, pending=0, deposit=0, fund=0, own=0):
    """The mall's order of payers, with what each has."""
    held = {"own": own, "escrow": escrow, "balance": balance, "pending": pending, "deposit": deposit, "fund": fund}
    return [Source(name, available, name) for name, available in held.items()]


def figures(legs):
    return {leg.name: leg.amount for leg in legs}


@pytest.mark.parametrize(
    ("award", "held", "pays", "unpaid"),
    [
        pytest.param(
            12_345,
            {"escrow": 12_345, "balance": 9_000, "deposit": 50_000, "fund": 999_999},
            {"escrow": 12_345},
            0,
            id="W1",
        ),
        pytest.param(
            12_345,
            {"escrow": 5_000, "balance": 3_000, "deposit": 4_000, "fund": 999_999},
            {"escrow": 5_000, "balance": 3_000, "deposit": 4_000, "fund": 345},
            0,
            id="W2",
        ),
        pytest.param(12_345, {"deposit": 200, "fund": 12_000}, {"deposit": 200, "fund": 12_000}, 145, id="W3"),
        pytest.param(0, {"escrow": 9_900}, {}, 0, id="W6"),
    ],
)
def test_a_worked_case_of_the_rules(award, held, pays, unpaid):
    legs = plan(award, sources(**held))
    assert figures(legs) == pays
    assert missing(award, legs) == unpaid


def test_w4_the_threefold_part_never_takes_from_the_fund_and_becomes_debt():
    all_payers = sources(pending=30_000, deposit=50_000)  # the fund is not asked for the threefold part
    price = plan(30_000, all_payers)
    threefold = plan(90_000, after(all_payers, price))
    assert figures(price) == {"pending": 30_000}
    assert figures(threefold) == {"deposit": 50_000}
    assert missing(120_000, [*price, *threefold]) == 40_000


def test_w5_the_platform_pays_its_own_share_and_the_shop_those_of_itself_and_its_supplier():
    by_platform = plan(1_000, [Source("platform:own", 10_000, "own")])
    by_shop = plan(4_000 + 2_000, sources(escrow=6_000))
    assert figures([*by_platform, *by_shop]) == {"own": 1_000, "escrow": 6_000}


def test_an_account_may_be_asked_twice():
    pending = [
        Source("shop:7:pending", 300, "this order"),
        Source("shop:7:available", 100, "available"),
        Source("shop:7:pending", 900, "the rest"),
    ]
    legs = plan(500, pending)
    assert legs == [
        Leg("shop:7:pending", 300, "this order"),
        Leg("shop:7:available", 100, "available"),
        Leg("shop:7:pending", 100, "the rest"),
    ]
    assert [source.available for source in after(pending, legs)] == [0, 0, 800]


@pytest.mark.parametrize(("amount", "available"), [(-1, 5), (5, -1)])
def test_a_sum_below_zero_is_a_fault(amount, available):
    with pytest.raises(ValueError, match="below zero"):
        plan(amount, [Source("a", available, "a")])


def test_legs_of_somebody_else_are_a_fault():
    with pytest.raises(ValueError, match="not planned from these"):
        after([Source("a", 5, "a")], [Leg("b", 1, "b")])


@given(st.integers(0, 1_000), st.lists(st.integers(0, 300), max_size=7))
def test_nobody_pays_before_those_before_him_are_empty(award, held):
    asked = [Source(str(place), available, str(place)) for place, available in enumerate(held)]
    legs = plan(award, asked)
    assert sum(leg.amount for leg in legs) + missing(award, legs) == award
    assert missing(award, legs) == max(0, award - sum(held))
    assert all(leg.amount > 0 for leg in legs)
    left = after(asked, legs)
    last = max((int(leg.address) for leg in legs), default=-1)
    assert all(source.available == 0 for source in left[: max(last, 0)])
