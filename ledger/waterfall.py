"""Who pays when the escrow alone does not: sources are asked in order, each as far as it goes. Pure figures, no books.

money.md names the order: escrow of the unit, this order's pending money, available, the rest of pending, reserved,
deposit, guarantee fund; what is left is the shop's debt (reference/rules.md 5.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """An account that may have to pay, and up to how many fen."""

    address: str
    available: int
    name: str


@dataclass(frozen=True)
class Leg:
    """What one source pays, in fen."""

    address: str
    amount: int
    name: str


def plan(amount: int, sources: Sequence[Source]) -> list[Leg]:
    """Who pays how much of `amount` fen, asked in the order of `sources`; nothing is moved.

    The legs' sum is less than `amount` where all sources together do not have it: see `missing`. An account may stand
    in the list twice (this order's part of the pending money, then the rest of it).
    """
    if amount < 0 or any(source.available < 0 for source in sources):
        raise ValueError("A waterfall has no sums below zero.")
    legs, left = [], amount
    for source in sources:
        part = min(left, source.available)
        if part:
            legs.append(Leg(source.address, part, source.name))
            left -= part
    return legs


def missing(amount: int, legs: Sequence[Leg]) -> int:
    """How many fen of `amount` nobody pays: what becomes the shop's debt."""
    return amount - sum(leg.amount for leg in legs)


def after(sources: Sequence[Source], legs: Sequence[Leg]) -> list[Source]:
    """What the sources have left once `legs`, planned from them, are paid: for the next part of the same award.

    Within one award the principal is filled before compensation, compensation before the threefold part.
    """
    paid = list(legs)
    left = []
    for source in sources:
        part = 0
        if paid and (paid[0].address, paid[0].name) == (source.address, source.name):
            part = paid.pop(0).amount
        left.append(Source(source.address, source.available - part, source.name))
    if paid:
        raise ValueError("These legs were not planned from these sources.")
    return left
