"""Races without a gate: every verb that moves money, four times at one instant, and with rivals drawn by chance."""

import os
import random

import pytest

from ledger.transfers import LedgerError
from tests.interleaving.scene import at_the_wall, build
from tests.races import lost, race
from tests.simulation.rules import Rules
from timeline.refusals import Refused

#: What happens to a person whose rival was faster; everything else is a fault of ours.
ANSWERS = (Refused, LedgerError)

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_verb_clicked_four_times_at_one_instant_leaves_sound_books():
    with build() as scene:
        rules = Rules()
        for name, verb in sorted(scene.verbs.items()):
            scene.restore()
            with at_the_wall(scene):
                outcomes = race(*[verb] * 4, timeout=60)
            faults = [repr(error) for error in lost(outcomes) if not isinstance(error, ANSWERS)]
            assert (name, faults, rules.broken(scene.channel)) == (name, [], [])


def test_verbs_drawn_by_chance_at_one_instant_leave_sound_books(record_figures):
    seed = int(os.environ.get("KAMEN_RACES_SEED", "7"))
    chance = random.Random(seed)
    with build() as scene:
        rules = Rules()
        soon = sorted(set(scene.verbs) - scene.late)
        for _ in range(12):
            scene.restore()
            names = chance.sample(soon, 4)
            with at_the_wall(scene):
                outcomes = race(*[scene.verbs[name] for name in names], timeout=60)
            faults = [repr(error) for error in lost(outcomes) if not isinstance(error, ANSWERS)]
            assert (seed, names, faults, rules.broken(scene.channel)) == (seed, names, [], [])
    record_figures(f"Free-running races: 12 rounds of four verbs, seed {seed}")
