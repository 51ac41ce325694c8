"""What a change of the rules would have changed: the same cases under two versions, in fen and by who pays.

Pure: cases go in, totals come out. Where the cases come from and where the totals go is for others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rulebook.book import Book
from rulebook.claims import Claim, InvalidClaim
from rulebook.decisions import Decision
from rulebook.engine import decide

#: So many changed cases are listed one by one; the totals count them all.
LISTED = 200


class Changed(NamedTuple):
    """One case with two results."""

    name: str
    before: Decision
    after: Decision

    def what(self) -> dict[str, tuple[Any, Any]]:
        """What differs, by the names of the golden cases: before, after."""
        old, new = self.before.summary(), self.after.summary()
        return {
            key: (old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)
        }


@dataclass
class Totals:
    """What came out over all cases so far. Amounts are fen."""

    cases: int = 0
    changed: int = 0
    better: int = 0  # cases in which the buyer gets more
    worse: int = 0
    undecided: int = 0  # cases that one of the two versions does not know
    before: Counter[str] = field(default_factory=Counter)  # by payer, and BUYER for what the buyer receives
    after: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    listed: list[Changed] = field(default_factory=list)

    def add(self, name: str, before: Decision, after: Decision, *, times: int = 1) -> None:
        """Count one case; its money `times` over, where it was about so many equal units."""
        self.cases += 1
        _charge(self.before, before, times)
        _charge(self.after, after, times)
        if _alike(before, after):
            return
        self.changed += 1
        gain = after.refund + after.compensation - before.refund - before.compensation
        self.better += gain > 0
        self.worse += gain < 0
        self.outcomes[before.outcome.value, after.outcome.value] += 1
        if len(self.listed) < LISTED:
            self.listed.append(Changed(name, before, after))

    @property
    def payers(self) -> list[tuple[str, int, int, int]]:
        """Who pays, before, after and the difference; the buyer, who receives, first."""
        names = sorted({*self.before, *self.after}, key=lambda name: (name != "BUYER", name))
        return [(name, self.before[name], self.after[name], self.after[name] - self.before[name]) for name in names]


def compare(cases: Iterable[tuple[str, Claim]], before: Book, after: Book, *, into: Totals | None = None) -> Totals:
    """The totals over `cases` under both versions, added to `into` if some are there already."""
    totals = into or Totals()
    for name, claim in cases:
        try:
            totals.add(name, decide(claim, before), decide(claim, after))
        except InvalidClaim:
            totals.cases += 1
            totals.undecided += 1
    return totals


def changes(cases: Iterable[tuple[str, Claim]], before: Book, after: Book) -> Iterator[Changed]:
    """The cases whose result changes, one by one."""
    for name, claim in cases:
        old, new = decide(claim, before), decide(claim, after)
        if not _alike(old, new):
            yield Changed(name, old, new)


def _alike(before: Decision, after: Decision) -> bool:
    return (
        before.refund == after.refund
        and before.compensation == after.compensation
        and before.fee == after.fee
        and before.outcome is after.outcome
        and before.route is after.route
        and before.instant == after.instant
        and before.payers == after.payers
        and before.compensation_payer == after.compensation_payer
        and before.rules == after.rules
        and before.suggest == after.suggest
    )


def _charge(totals: Counter[str], decision: Decision, times: int) -> None:
    totals["BUYER"] += times * (decision.refund + decision.compensation)
    for payer, amount in decision.payers.items():
        totals[payer] += times * amount
    if decision.compensation_payer:
        totals[decision.compensation_payer] += times * decision.compensation
