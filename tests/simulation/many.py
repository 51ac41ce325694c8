"""`make simulate`: a hundred thousand cases on all processors; `make simulate SEED=7` tells one step by step."""

import argparse
import os
import random
import time
from typing import Any

from tests.simulation import processes
from tests.simulation.processes import say


def main() -> int:
    """Play, tell how far it is, and stop at the first case that breaks."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=random.SystemRandom().randrange(10**9), help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="only this case, step by step")
    asked = parser.parse_args()
    processes.set_up()
    with processes.own_servers():
        if asked.seed is not None:
            return _one(asked.seed)
        say(f"{asked.cases} cases from seed {asked.first} on, {asked.processes} processes")
        listener = Listener(asked.cases)
        job = (asked.first, asked.cases)
        is_whole = processes.divide(play_some, job, processes=asked.processes, heard=listener)
    say(listener.tally.report())
    return 0 if is_whole else 1


class Listener:
    """Adds up what the processes tell, and prints it now and then."""

    def __init__(self, cases: int) -> None:
        from tests.simulation.coverage import Tally

        self.tally, self.cases, self.began, self.next_line = Tally(), cases, time.monotonic(), 0.0

    def __call__(self, told: Any) -> bool:
        if isinstance(told, str):
            say(told)
            return False
        self.tally.add(told)
        spent = time.monotonic() - self.began
        if spent > self.next_line:
            self.next_line = spent + 10
            rate = self.tally.cases / spent
            left = (self.cases - self.tally.cases) / rate if rate else 0
            say(f"{self.tally.cases} of {self.cases} cases, {rate:.1f} a second, {left / 60:.0f} minutes left")
        return True


def play_some(number: int, of: int, job: tuple[int, int], told: Any) -> None:
    """One process's share of the seeds."""
    from tests.simulation.case import Broken, play
    from tests.simulation.coverage import Tally
    from tests.simulation.rules import Rules
    from tests.simulation.world import build

    first, cases = job
    world, rules, tally = build(), Rules(), Tally()
    for seed in range(first + number, first + cases, of):
        try:
            play(seed, world, rules, tally)
        except Broken as broken:
            told.put(str(broken))
            return
        if tally.cases >= 10:
            told.put(tally)
            tally = Tally()
    told.put(tally)


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
