"""The pairs in which other people lost money, in every schedule with at most two preemptions."""

import pytest

from tests.interleaving.explorer import Explorer
from tests.interleaving.pairs import Ring
from tests.interleaving.scene import build
from tests.simulation.rules import Rules

#: Small ones, so that all their schedules take seconds: cancel and pay, twice the same notice, twice the same yes, and
#: two orders of which each collects what the shop owes the fund.
HOT = [
    ("cancel", "pay_from_wallet"),
    ("top_up_notice", "top_up_notice"),
    ("accept", "accept"),
    ("overturn", "settlement"),
]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("pair", HOT, ids="_and_".join)
def test_no_schedule_of_a_hot_pair_is_an_anomaly(pair, record_figures):
    with build() as scene, Explorer() as explorer:
        ring = Ring(scene, explorer, Rules())
        ring.explore(pair, most=60)
    record_figures(f"{' × '.join(pair)}: {ring.figures.report()}")
    assert ring.figures.schedules
