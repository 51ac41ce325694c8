"""A decision: what comes out of the rulebook, with every rule and every step of arithmetic behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Outcome(StrEnum):
    """What the rulebook says."""

    FULL = "FULL"
    PARTIAL = "PARTIAL"
    FEE_DEDUCTED = "FEE_DEDUCTED"
    COMP_ONLY = "COMP_ONLY"
    REISSUE = "REISSUE"
    DENY = "DENY"
    HOLD = "HOLD"
    ESCALATE = "ESCALATE"
    ASSIST = "ASSIST"


class Route(StrEnum):
    """Who may act on it. AUTO is a figure that needs no judgment, not permission to pay."""

    AUTO = "AUTO"
    AUTO_PREDECISION = "AUTO_PREDECISION"  # a machine's "no": always with a one-click human review
    HUMAN = "HUMAN"


#: The tier of each outcome; a refund in full with compensation is T1, and compensation alone is no tier of refund.
TIERS: Mapping[Outcome, str | None] = {
    Outcome.FULL: "T2_FULL",
    Outcome.PARTIAL: "T3_PARTIAL",
    Outcome.FEE_DEDUCTED: "T4_FEE_DEDUCTED",
    Outcome.REISSUE: "T5_EXCHANGE_REISSUE",
    Outcome.DENY: "T6_DENY",
    Outcome.HOLD: "T0_HOLD",
    Outcome.ESCALATE: "T0_HOLD",
    Outcome.ASSIST: "T0_HOLD",
    Outcome.COMP_ONLY: None,
}


class Line(NamedTuple):
    """One step of the arithmetic: a stable code, the rule it stands under, and its numbers.

    A name that ends in `_fen` is money and one in `_bp` a rate; `explanations.sentence` turns a line into words.
    """

    code: str
    rule: str
    numbers: tuple[tuple[str, int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What one claim comes to under one version of the rulebook. Amounts are fen.

    `payers` carry the refund before any recourse and sum to it; the compensation is `compensation_payer`'s alone.
    `proven` says that everything it rests on is verified: only such a decision may pay before the other side is heard.
    `claimed` names what is merely asserted. `suggest` is the hint for the person, when a person decides the sum.
    """

    outcome: Outcome
    route: Route
    fault_class: str
    refund: int
    fee: int
    compensation: int
    payers: Mapping[str, int]
    compensation_payer: str | None
    instant: bool
    proven: bool
    claimed: tuple[str, ...]
    remedies: tuple[str, ...]
    rules: tuple[str, ...]
    lines: tuple[Line, ...]
    basis: tuple[str, ...]
    version: str
    suggest: int | None = None

    @property
    def tier(self) -> str | None:
        """The tier of the matrix this falls into."""
        if self.outcome is Outcome.FULL and self.compensation:
            return "T1_FULL_PLUS_COMP"
        return TIERS[self.outcome]

    def summary(self) -> dict[str, Any]:
        """The decision under the fixed names of the golden cases; `suggest` only where a person decides the sum."""
        told: dict[str, Any] = {
            "decision": self.outcome.value,
            "refund": self.refund,
            "fee": self.fee,
            "comp": self.compensation,
            "payers": dict(self.payers),
            "rule": list(self.rules),
            "route": self.route.value,
            "instant": self.instant,
            "comp_payer": self.compensation_payer,
        }
        if self.outcome is Outcome.ESCALATE:
            told["suggest"] = self.suggest
        return told
