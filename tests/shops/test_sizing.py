"""What a shop must deposit: the worked cases D1 to D5 of the rules, and the edges between them."""

import pytest

from shops import sizing


@pytest.mark.parametrize(
    ("name", "level", "claim_bp", "daily", "required", "factor"),
    [
        ("D1", "S2", 80, {"ACTIVATION_CODE": 2_000_000}, 6_000_000, 10),
        ("D2", "S1", 50, {"POINT_CARD": 50_000}, 300_000, 12),
        ("D3", "S3", 250, {"GAME_ACCOUNT": 300_000, "POINT_CARD": 1_000_000}, 6_240_000, 13),
        ("D4", "S4", 350, {"DIRECT_TOPUP": 50_000_000}, 50_000_000, 16),
        ("D5", "S0", 0, {"POINT_CARD": 100_000}, 320_000, 15),
    ],
)
def test_the_worked_cases_of_the_rules(name, level, claim_bp, daily, required, factor):
    found = sizing.size(level=level, claim_bp=claim_bp, daily=daily)
    assert (found.required, found.factor) == (required, factor), name


def test_the_cap_cuts_what_was_computed():
    found = sizing.size(level="S4", claim_bp=350, daily={"DIRECT_TOPUP": 50_000_000})
    assert sum(line.exposure for line in found.lines) == 120_000_000


@pytest.mark.parametrize(("claim_bp", "factor"), [(0, 10), (100, 10), (101, 15), (300, 15), (301, 20), (10_000, 20)])
def test_claims_add_to_the_factor_from_just_above_one_and_three_percent(claim_bp, factor):
    assert sizing.size(level="S2", claim_bp=claim_bp, daily={}).factor == factor


def test_the_highest_base_counts_not_their_sum():
    found = sizing.size(level="S2", claim_bp=0, daily={"POINT_CARD": 0, "GAME_ACCOUNT": 0, "MEMBERSHIP": 0})
    assert found.required == 1_000_000


def test_a_shop_that_offers_nothing_yet_deposits_the_lowest_base():
    assert sizing.size(level="S0", claim_bp=0, daily={}).required == 200_000


@pytest.mark.parametrize(("daily", "required"), [(133_333, 300_000), (142_857, 300_000), (142_858, 310_000)])
def test_a_fen_above_a_step_is_the_next_hundred_yuan(daily, required):
    """At S2 a fen of point cards a day exposes 2.1 fen: 142,857 fen expose 300,000, one more 300,002."""
    assert sizing.size(level="S2", claim_bp=0, daily={"POINT_CARD": daily}).required == required


def test_an_average_is_rounded_up():
    assert [sizing.average(sold) for sold in (0, 1, 30, 31)] == [0, 1, 1, 2]
