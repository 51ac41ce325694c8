"""What a shop must deposit: pure arithmetic over what it sold, by category. Amounts are integer fen.

Rule source: the rules' deposit sizing (6.3) and its worked cases D1 to D5.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shops.models import Kind, Shop

#: The base sum of each category in fen, and for how many days what was sold there may still come back.
BASES: Mapping[str, tuple[int, int]] = {
    Kind.POINT_CARD: (300_000, 7),
    Kind.ACTIVATION_CODE: (500_000, 10),
    Kind.DIRECT_TOPUP: (500_000, 5),
    Kind.MEMBERSHIP: (300_000, 15),
    Kind.GAME_ACCOUNT: (1_000_000, 30),
    Kind.CUSTOM_SERVICE: (200_000, 7),
}
#: How much each level is trusted, in tenths.
LEVEL_FACTORS: Mapping[str, int] = {
    Shop.Level.S0: 15,
    Shop.Level.S1: 12,
    Shop.Level.S2: 10,
    Shop.Level.S3: 8,
    Shop.Level.S4: 6,
}
#: What upheld claims add, in tenths: up to so many basis points of the units, so much; above the last, `MANY_CLAIMS`.
CLAIM_FACTORS, MANY_CLAIMS = ((100, 0), (300, 5)), 10
#: The share of what is exposed that the deposit answers for, in basis points.
EXPOSED_BP = 3_000
#: No shop must deposit more than this; every sum is rounded up to whole hundreds of yuan.
MOST, STEP = 50_000_000, 10_000
#: For how many days turnover is averaged.
WINDOW_DAYS = 30


@dataclass(frozen=True)
class Line:
    """What one category adds: its base, and what its turnover exposes."""

    kind: str
    base: int
    daily: int
    exposure: int


@dataclass(frozen=True)
class Size:
    """What a shop must deposit and why: one line for each category it sells in, the factor in tenths."""

    required: int
    factor: int
    lines: tuple[Line, ...]


def size(*, level: str, claim_bp: int, daily: Mapping[str, int]) -> Size:
    """The required sum of a shop that sold `daily` fen a day in each of its categories, on average of 30 days.

    `claim_bp` is the share of its units that came back by the shop's fault, in basis points. A category that the shop
    offers and has not sold in counts with 0. Nothing offered yet: the lowest base.
    """
    factor = LEVEL_FACTORS[level] + next((added for most, added in CLAIM_FACTORS if claim_bp <= most), MANY_CLAIMS)
    lines = tuple(
        Line(kind, BASES[kind][0], sold, _up(sold * BASES[kind][1] * EXPOSED_BP * factor, 10_000 * 10))
        for kind, sold in sorted(daily.items())
    )
    base = max((line.base for line in lines), default=min(base for base, _days in BASES.values()))
    needed = max(base, sum(line.exposure for line in lines))
    return Size(min(MOST, _up(needed, STEP) * STEP), factor, lines)


def average(sold: int) -> int:
    """Fen a day of what was sold in the window, rounded up: a shop never deposits too little by rounding."""
    return _up(sold, WINDOW_DAYS)


def _up(whole: int, part: int) -> int:
    """Whole parts, rounded up."""
    return -(-whole // part)
