"""The simulation, as much of it as fits into a minute on each worker; `make simulate` plays the rest."""

import os
import time

import pytest

from tests.simulation.case import play
from tests.simulation.coverage import Tally
from tests.simulation.rules import Rules
from tests.simulation.world import build

#: Seconds for each of the two shards, and the most cases of one.
BUDGET, MOST = float(os.environ.get("KAMEN_SIMULATION_SECONDS", "50")), 1_000
#: The same cases in every run, so that no run is red by luck; `make simulate` draws others.
FIRST = int(os.environ.get("KAMEN_SIMULATION_FIRST", "50"))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("shard", [1, 2])
def test_no_case_loses_or_doubles_a_fen_whatever_fails(shard, record_figures):
    world, rules, tally = build(), Rules(), Tally()
    first = FIRST * 2 + shard
    until = time.monotonic() + BUDGET
    while tally.cases < MOST and time.monotonic() < until:
        play(first + 2 * tally.cases, world, rules, tally)
    record_figures(f"Simulation {shard}, from seed {first}: {tally.report()}")
    assert tally.cases
