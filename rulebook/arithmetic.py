"""Whole fen only: how the rulebook rounds, and who gets the odd fen.

What is taken from a buyer is rounded down and what compensates a buyer is rounded up, so the odd fen is the buyer's.
Everything multiplies before it divides, and nothing here knows a fraction.
"""

from collections.abc import Mapping

#: The whole, in basis points.
WHOLE = 10_000


def floored(amount: int, part: int, whole: int = WHOLE) -> int:
    """`part / whole` of `amount`, rounded down: deductions, fees, a buyer's own share."""
    return amount * part // whole


def ceiled(amount: int, part: int, whole: int = WHOLE) -> int:
    """`part / whole` of `amount`, rounded up: compensation."""
    return -(-amount * part // whole)


def clamped(value: int, least: int, most: int) -> int:
    """`value`, but at least `least` and never above `most`: where the two cross, the cap wins."""
    return min(max(value, least), most)


def split(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`amount` in proportion to `weights`, to the fen, by largest remainder.

    The order of `weights` breaks ties: who stands earlier takes the odd fen. Parties with nothing to pay are left out.
    `ValueError` if there is an amount and nobody to carry it.
    """
    total = sum(weights.values())
    if amount == 0:
        return {}
    if total <= 0:
        raise ValueError("There is an amount to split, but nobody to carry it.")
    parts = {name: amount * weight // total for name, weight in weights.items()}
    left = amount - sum(parts.values())
    # sorted() is stable, so equal remainders keep the order of `weights`.
    for name in sorted(weights, key=lambda name: -(amount * weights[name] % total))[:left]:
        parts[name] += 1
    return {name: part for name, part in parts.items() if part}
