"""A case on the table: one claim under one rulebook, and the draft of its decision while it is being worked out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from rulebook.claims import Claim, Proof
from rulebook.decisions import Line, Outcome, Route

if TYPE_CHECKING:
    from rulebook.book import Book, Reason


class Case:
    """A claim, its rulebook and its reason, read one fact at a time.

    It remembers in `claimed` which of the facts it was asked for rest on one side's word. A fact of unknown grade is as
    good as missing: every question then answers None.
    """

    __slots__ = ("book", "claim", "claimed", "facts", "reason")

    def __init__(self, claim: Claim, book: Book, reason: Reason) -> None:
        self.claim = claim
        self.book = book
        self.reason = reason
        self.claimed: set[str] = set()
        self.facts = claim.facts
        if Proof.UNKNOWN in claim.grades.values():
            self.facts = {n: v for n, v in claim.facts.items() if claim.grades.get(n) is not Proof.UNKNOWN}

    def number(self, name: str) -> int | None:
        """An amount, a count or a span; None if nobody knows."""
        return cast("int | None", self._read(name))

    def flag(self, name: str) -> bool | None:
        """Yes, no, or None if nobody knows."""
        return cast("bool | None", self._read(name))

    def word(self, name: str) -> str | None:
        """One of a fact's named values; None if nobody knows."""
        return cast("str | None", self._read(name))

    def shares(self) -> dict[str, int] | None:
        """Liability in basis points per party, summing to 10000; None if nobody has found them."""
        return cast("dict[str, int] | None", self._read("shares"))

    def heard(self, conditions: tuple[tuple[str, int | str], ...]) -> None:
        """Note that the facts in these conditions counted."""
        for name, _ in conditions:
            self._read(name)

    def _read(self, name: str) -> object:
        value = self.facts.get(name)
        if value is not None and self.claim.grades and self.claim.grades.get(name) is Proof.CLAIMED:
            self.claimed.add(name)
        return value


@dataclass(slots=True)
class Draft:
    """A decision in the making: what a formula has found so far. Amounts are fen."""

    outcome: Outcome
    rules: list[str]
    lines: list[Line]
    fault_class: str
    remedies: tuple[str, ...]
    refund: int = 0
    fee: int = 0
    compensation: int = 0
    route: Route | None = None  # None: as the outcome has it
    weights: dict[str, int] = field(default_factory=dict)  # liability by shares; empty: the class pays alone
    suggest: int | None = None
