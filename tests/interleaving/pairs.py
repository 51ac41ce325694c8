"""All pairs of verbs that move money, statement by statement: no anomaly, no deadlock, as if one after the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, islice
from random import Random
from typing import Any

from django.db import OperationalError

from ledger.transfers import LedgerError
from tests.interleaving.explorer import TO_THE_END, Explorer, Played, schedules
from tests.interleaving.scene import Scene, at_the_wall
from tests.simulation.rules import Rules
from timeline.refusals import Refused

DEADLOCK = "40P01"
#: Rules that compare times. A clock of the scene fires days after a person acted, and yet both act at once.
TIMED = re.compile(r"S3|S9|S10|nothing of a unit is released while a case holds it")

Outcome = tuple[str, str]


@dataclass
class Explored:
    """Figures of a run."""

    pairs: set[tuple[str, str]] = field(default_factory=set)
    schedules: int = 0
    traces: int = 0
    collisions: int = 0

    def report(self) -> str:
        """The figures in words."""
        return (
            f"{len(self.pairs)} pairs, {self.schedules} schedules, {self.traces} different traces,"
            f" {self.collisions} in which one had to wait for the other: no anomaly, no deadlock"
        )


def all_pairs(scene: Scene) -> list[tuple[str, str]]:
    """Every verb with every other, and with itself: a double click."""
    return list(combinations_with_replacement(sorted(scene.verbs), 2))


class Ring:
    """Plays pairs on one scene."""

    def __init__(self, scene: Scene, explorer: Explorer, rules: Rules) -> None:
        self.scene, self.explorer, self.rules = scene, explorer, rules
        self.figures = Explored()

    def explore(self, pair: tuple[str, str], most: int = TO_THE_END) -> None:
        """Every schedule with at most two preemptions, or the first `most` of them."""
        expected = self._in_turn(pair)
        seen: set[str] = set()
        every = schedules(lambda first, cuts: self._play(pair, first, cuts, expected), seen=seen)
        for _ in islice(every, most):
            pass
        self.figures.traces += len(seen)
        self.figures.pairs.add(pair)

    def sample(self, pair: tuple[str, str], chance: Random, most: int) -> None:
        """A few schedules by chance."""
        expected = self._in_turn(pair)
        seen = set()
        for _ in range(most):
            cuts = [chance.randint(1, 30), chance.randint(1, 12)][: chance.randint(1, 2)]
            seen.add(self._play(pair, chance.randint(0, 1), cuts, expected).trace)
        self.figures.traces += len(seen)
        self.figures.pairs.add(pair)

    def _in_turn(self, pair: tuple[str, str]) -> list[Any]:
        """What one after the other comes to, in both orders: all that may come of any schedule."""
        return [self._result(self._raw(pair, first, [])) for first in (0, 1)]

    def _play(self, pair: tuple[str, str], first: int, cuts: list[int], expected: list[Any]) -> Played:
        played = self._raw(pair, first, cuts)
        self.figures.schedules += 1
        self.figures.collisions += played.met_each_other
        result = self._result(played)
        wrong = list(self._wrong(pair, played, result, expected))
        if wrong:
            turns = "\n".join(f"    {who} {statement}" for who, statement in played.turns)
            told = "\n".join(f"  {line}" for line in wrong)
            raise AssertionError(
                f"{pair[0]} (A) and {pair[1]} (B), {'AB'[first]} first, turns after {cuts}:\n{told}\n{turns}"
            )
        return played

    def _raw(self, pair: tuple[str, str], first: int, cuts: list[int]) -> Played:
        self.scene.restore()
        calls = (self.scene.verbs[pair[0]], self.scene.verbs[pair[1]])
        with at_the_wall(self.scene):
            return self.explorer.play(calls, first, cuts)

    def _result(self, played: Played) -> tuple[tuple[Outcome, Outcome], list[str]]:
        return (_outcome(played.outcomes[0]), _outcome(played.outcomes[1])), self.scene.picture()

    def _wrong(self, pair: tuple[str, str], played: Played, result: Any, expected: list[Any]) -> Iterator[str]:
        for outcome in played.outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refused | LedgerError):
                what = "a deadlock" if getattr(outcome.__cause__, "pgcode", "") == DEADLOCK else "a fault"
                yield f"{what} reaches a person: {type(outcome).__name__}: {outcome}"
        is_late = bool(set(pair) & self.scene.late)
        yield from (line for line in self.rules.broken(self.scene.channel) if not (is_late and TIMED.match(line)))
        if result not in expected:
            yield f"the outcome {result[0]} is that of neither order: {[each[0] for each in expected]}"
            near = min(expected, key=lambda each: len(set(each[1]) ^ set(result[1])))
            yield from (f"only in turn: {line}" for line in sorted(set(near[1]) - set(result[1])))
            yield from (f"only together: {line}" for line in sorted(set(result[1]) - set(near[1])))


def _outcome(found: Any) -> Outcome:
    if isinstance(found, Refused | LedgerError):  # a person is told the same (kamen.problems)
        return "refused", found.code
    if isinstance(found, OperationalError):
        return "failed", str(getattr(found.__cause__, "pgcode", ""))
    if isinstance(found, BaseException):
        return "raised", type(found).__name__
    return "done", str(found) if isinstance(found, bool | str) else ""
