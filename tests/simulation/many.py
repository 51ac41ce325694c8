"""`make simulate`: a hundred thousand cases on all processors; `make simulate SEED=7` tells one step by step.

How far it is stands in a file: stopped, it goes on from there with the same command.
"""

import argparse
import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulation import processes
from tests.simulation.processes import say


def main() -> int:
    """Play, tell how far it is, and stop at the first case that breaks."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=random.SystemRandom().randrange(10**9), help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kept", type=Path, default=Path(".local/simulate.json"), help="where it stands how far it is")
    parser.add_argument("--anew", action="store_true", help="forget how far the last run was")
    parser.add_argument("--seed", type=int, help="only this case, step by step")
    asked = parser.parse_args()
    processes.set_up()
    with processes.own_servers():
        if asked.seed is not None:
            return _one(asked.seed)
        run = Run.of(asked)
        say(f"{run.cases} cases from seed {run.first} on, {run.tally.cases} of them done, {run.processes} processes")
        listener = Listener(run)
        job = (run.first, run.cases, run.following)
        is_whole = processes.divide(play_some, job, processes=run.processes, heard=listener)
    if is_whole:
        asked.kept.unlink(missing_ok=True)
    say(run.tally.report())
    return 0 if is_whole else 1


@dataclass
class Run:
    """A run under way: `following` is the seed that each of its processes plays next."""

    kept: Path
    first: int
    cases: int
    processes: int
    following: list[int]
    tally: Any

    @classmethod
    def of(cls, asked: argparse.Namespace) -> "Run":
        """The run that was stopped, or a new one."""
        from tests.simulation.coverage import Tally

        if asked.kept.exists() and not asked.anew:
            told = json.loads(asked.kept.read_text())
            return cls(asked.kept, **{**told, "tally": Tally.of(told["tally"])})
        following = [asked.first + number for number in range(asked.processes)]
        return cls(asked.kept, asked.first, asked.cases, asked.processes, following, Tally())

    def keep(self) -> None:
        """Write down how far it is; whoever is stopped meanwhile leaves the file of before."""
        told = {name: value for name, value in vars(self).items() if name not in {"kept", "tally"}}
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        new = self.kept.with_suffix(".new")
        new.write_text(json.dumps({**told, "tally": vars(self.tally)}))
        new.replace(self.kept)


class Listener:
    """Adds up what the processes tell, keeps how far each of them is, and prints it now and then."""

    def __init__(self, run: Run) -> None:
        self.run, self.before, self.began, self.next_line = run, run.tally.cases, time.monotonic(), 0.0

    def __call__(self, told: Any) -> bool:
        if isinstance(told, str):
            say(told)
            return False
        number, following, tally = told
        run = self.run
        run.tally.add(tally)
        run.following[number] = following
        run.keep()
        spent = time.monotonic() - self.began
        if spent > self.next_line:
            self.next_line = spent + 10
            rate = (run.tally.cases - self.before) / spent
            left = (run.cases - run.tally.cases) / rate if rate else 0
            say(f"{run.tally.cases} of {run.cases} cases, {rate:.1f} a second, {left / 60:.0f} minutes left")
        return True


def play_some(number: int, of: int, job: tuple[int, int, list[int]], told: Any) -> None:
    """One process's share of the seeds."""
    from tests.simulation.case import Broken, play
    from tests.simulation.coverage import Tally
    from tests.simulation.rules import Rules
    from tests.simulation.world import build

    first, cases, following = job
    world, rules, tally = build(), Rules(), Tally()
    for seed in range(following[number], first + cases, of):
        try:
            play(seed, world, rules, tally)
        except Broken as broken:
            told.put(str(broken))
            return
        if tally.cases >= 10:
            told.put((number, seed + of, tally))
            tally = Tally()
    told.put((number, first + cases, tally))


def _one(seed: int) -> int:
    from tests.database import test_database
    from tests.simulation.case import Broken, play
    from tests.simulation.coverage import Tally
    from tests.simulation.rules import Rules
    from tests.simulation.world import build

    with test_database("proof"):
        try:
            play(seed, build(), Rules(), Tally(), tell=say)
        except Broken as broken:
            say(str(broken))
            return 1
    say(f"Case {seed} holds.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
