"""Pairs of verbs taking turns, as many as fit into the budget; `make interleave` tries every schedule of every pair."""

import os
import random
import time

import pytest

from tests.interleaving.explorer import Explorer
from tests.interleaving.pairs import Ring, all_pairs
from tests.interleaving.scene import build
from tests.simulation.rules import Rules

#: Seconds for each of the two shards.
BUDGET = float(os.environ.get("KAMEN_INTERLEAVING_SECONDS", "30"))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("shard", [1, 2])
def test_two_verbs_at_once_are_as_if_one_came_after_the_other(shard, record_figures):
    scene, seed = build(), int(os.environ.get("KAMEN_INTERLEAVING_SEED", "7"))
    chance, until = random.Random(seed), time.monotonic() + BUDGET
    pairs = all_pairs(scene)
    chance.shuffle(pairs)
    with scene, Explorer() as explorer:
        ring = Ring(scene, explorer, Rules())
        while pairs and time.monotonic() < until:
            ring.sample(pairs.pop(), chance, most=4)
    record_figures(f"Interleaving {shard}, seed {seed}: {ring.figures.report()}")
    assert ring.figures.schedules
