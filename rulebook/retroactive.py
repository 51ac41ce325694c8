"""A case under its own version and under later ones: the later applies only where it is better for the buyer.

Which later versions may be asked at all is not decided here: those that were published as retroactive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rulebook.book import Book
from rulebook.claims import Claim
from rulebook.decisions import Decision, Line, Outcome
from rulebook.engine import WAITING, decide


def decide_pinned(claim: Claim, pinned: Book, later: Sequence[Book] = ()) -> Decision:
    """What `claim` comes to under the version its order is pinned to, or under the best of the `later` ones.

    Whoever wins, the decision names the version it rests on; where a later one wins, a line names both and both sums.
    Raises `InvalidClaim` as `decide` does under the pinned version.
    """
    own = decide(claim, pinned)
    best = own
    for book in later:
        if claim.reason in book.reasons:
            other = decide(claim, book)
            if is_better(other, best, paid=claim.paid):
                best = other
    if best is own:
        return own
    numbers = (
        ("pinned", own.version),
        ("pinned_fen", own.refund + own.compensation),
        ("later", best.version),
        ("later_fen", best.refund + best.compensation),
    )
    return replace(best, lines=(*best.lines, Line("LATER_VERSION", best.rules[0], numbers)))


def is_better(other: Decision, than: Decision, *, paid: int) -> bool:
    """Whether `other` is better for the buyer whatever a person may find: more fen for sure, or a no no more."""
    if than.outcome is Outcome.DENY and other.outcome is not Outcome.DENY:
        return True
    least, _ = _reach(other, paid)
    sure, most = _reach(than, paid)
    return least > sure and least >= most


def _reach(decision: Decision, paid: int) -> tuple[int, int]:
    """The fen that a decision gives at least and at most: where it is still open, nothing and everything."""
    sum_fen = decision.refund + decision.compensation
    if decision.outcome in WAITING:
        return 0, max(paid, decision.suggest or 0)
    return sum_fen, sum_fen
