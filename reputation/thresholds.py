"""What it takes: the published thresholds of levels, measures, alarms and signals, read from data and never from code.

`reputation/data/levels.json` is what the pages show and what is computed with. Amounts in fen, shares in basis points.
Rule source: rules 6.1, 6.2 and 6.4.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from accounts.models import Level
from shops.models import Shop

PATH = Path(__file__).parent / "data" / "levels.json"


@dataclass(frozen=True)
class Reach:
    """What a buyer must have bought in the window, finished and undisputed, to have a level."""

    level: str
    orders: int
    amount: int
    shops: int
    age: timedelta


@dataclass(frozen=True)
class ShopReach:
    """What a shop must show in the window to have a level: at least so much, at most so many claims and lost cases."""

    level: str
    age: timedelta
    orders: int
    on_time_bp: int
    claim_bp: int
    loss_bp: int


@dataclass(frozen=True)
class Batches:
    """From when a batch is an alarm: `few` bad among the last `of` sold, or `rate_bp` of at least `rate_from` sold.

    The rate counts from `rate_least` bad codes on: a single one shows no pattern. A shop that says nothing within
    `answer` is stopped where more than `stop_above_bp` of what was sold of the batch is bad.
    """

    rate_bp: int
    rate_from: int
    rate_least: int
    few: int
    of: int
    review: timedelta
    offer: timedelta
    answer: timedelta
    stop_above_bp: int


@dataclass(frozen=True)
class Signals:
    """What a signal weighs, how fast it fades, and from which score what is added. Nothing is ever taken away."""

    half_life: timedelta
    asks_proof_from: int
    closes_instant_from: int
    person_only_from: int
    weights: Mapping[str, int]


@dataclass(frozen=True)
class Stops:
    """From when figures stop a shop's sales: more than `claim_bp` of at least `units` in `window` paid back by the
    supply side's fault, or `frauds` rulings that found fraud in `fraud_window`. A stop lasts `days`."""

    claim_bp: int
    units: int
    window: timedelta
    frauds: int
    fraud_window: timedelta
    days: int


@dataclass(frozen=True)
class Thresholds:
    """All of them, with the version that the pages name."""

    version: str
    window: timedelta
    notice_days: int
    levels: tuple[Reach, ...]
    remembered: timedelta
    appeal: timedelta
    steps: Mapping[str, int]
    shop_window: timedelta
    shop_notice_days: int
    fewest_disputes: int
    shop_levels: tuple[ShopReach, ...]
    batches: Batches
    signals: Signals
    stops: Stops


@cache
def thresholds() -> Thresholds:
    """What counts now; `ValueError` if the file's levels are not in order, each asking for more than the one before."""
    told: Any = json.loads(PATH.read_text(encoding="utf-8"))
    buyers, shops, measures, batches, signals = (
        told[name] for name in ("membership", "shops", "measures", "batches", "signals")
    )
    levels = tuple(
        Reach(row["level"], row["orders"], row["amount_fen"], row["shops"], timedelta(days=row["age_days"]))
        for row in buyers["levels"]
    )
    shop_levels = tuple(
        ShopReach(
            row["level"],
            timedelta(days=row["age_days"]),
            row["orders"],
            row["on_time_bp"],
            row["claim_bp"],
            row["loss_bp"],
        )
        for row in shops["levels"]
    )
    if [each.level for each in levels] != Level.values[1:] or [each.level for each in shop_levels] != Shop.Level.values[
        1:
    ]:
        raise ValueError("The thresholds must name every level but the first, from the lowest.")
    for lower, higher in pairwise(levels):
        if (higher.orders, higher.amount, higher.shops) < (lower.orders, lower.amount, lower.shops):
            raise ValueError(f"{higher.level} must ask for more than {lower.level}.")
    return Thresholds(
        version=told["version"],
        window=timedelta(days=buyers["window_days"]),
        notice_days=buyers["notice_days"],
        levels=levels,
        remembered=timedelta(days=measures["remembered_days"]),
        appeal=timedelta(hours=measures["appeal_hours"]),
        steps={row["step"]: row["days"] for row in measures["steps"]},
        shop_window=timedelta(days=shops["window_days"]),
        shop_notice_days=shops["notice_days"],
        fewest_disputes=shops["fewest_disputes"],
        shop_levels=shop_levels,
        batches=Batches(
            batches["rate_bp"],
            batches["rate_from"],
            batches["rate_least"],
            batches["few"],
            batches["of"],
            timedelta(hours=batches["review_hours"]),
            timedelta(days=batches["offer_days"]),
            timedelta(hours=batches["answer_hours"]),
            batches["stop_above_bp"],
        ),
        signals=Signals(
            timedelta(days=signals["half_life_days"]),
            signals["asks_proof_from"],
            signals["closes_instant_from"],
            signals["person_only_from"],
            signals["weights"],
        ),
        stops=Stops(
            told["hard_stops"]["claim_bp"],
            told["hard_stops"]["units"],
            timedelta(days=told["hard_stops"]["window_days"]),
            told["hard_stops"]["frauds"],
            timedelta(days=told["hard_stops"]["fraud_days"]),
            told["hard_stops"]["days"],
        ),
    )
