"""`make interleave`: every schedule with at most two preemptions of every pair of verbs, on all processors.

`ARGS="--verbs overturn replace"` narrows the pairs, `ARGS="--some 12"` the schedules of each.
"""

import argparse
import os
import random
import time
from typing import Any

from tests.simulation import processes
from tests.simulation.processes import say


def main() -> int:
    """Try all, tell how far it is, and stop at the first anomaly."""
    parser = argparse.ArgumentParser(prog="make interleave", description=__doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbs", nargs="*", help="only pairs in which one of these takes part")
    parser.add_argument("--some", type=int, help="only so many schedules of each pair, drawn by --seed")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked = parser.parse_args()
    processes.set_up()
    if asked.some:
        say(f"Seed {asked.seed}")
    job = (asked.verbs, asked.some, asked.seed)
    with processes.own_servers():
        listener = Listener()
        is_whole = processes.divide(explore_some, job, processes=asked.processes, heard=listener)
    say(f"{listener.pairs} pairs, {listener.schedules} schedules in {time.monotonic() - listener.began:.0f} s")
    return 0 if is_whole else 1


class Listener:
    """Adds up what the processes tell."""

    def __init__(self) -> None:
        self.pairs, self.schedules, self.began = 0, 0, time.monotonic()

    def __call__(self, told: Any) -> bool:
        if isinstance(told, str):
            say(told)
            return False
        pair, figures = told
        self.pairs += 1
        self.schedules += figures.schedules
        say(f"{' × '.join(pair)}: {figures.schedules} schedules, {figures.collisions} met at a lock")
        return True


def explore_some(number: int, of: int, job: tuple[list[str] | None, int | None, int], told: Any) -> None:
    """One process's share of the pairs."""
    verbs, some, seed = job
    from tests.interleaving.explorer import Explorer
    from tests.interleaving.pairs import Explored, Ring, all_pairs
    from tests.interleaving.scene import build
    from tests.simulation.rules import Rules

    scene = build()
    pairs = [pair for pair in all_pairs(scene) if not verbs or set(verbs) & set(pair)]
    with scene, Explorer() as explorer:
        ring = Ring(scene, explorer, Rules())
        for pair in pairs[number::of]:
            ring.figures = Explored()
            try:
                if some:
                    ring.sample(pair, random.Random(f"{seed} {pair}"), most=some)
                else:
                    ring.explore(pair)
            except AssertionError as anomaly:
                told.put(str(anomaly))
                return
            told.put((pair, ring.figures))


if __name__ == "__main__":
    raise SystemExit(main())
