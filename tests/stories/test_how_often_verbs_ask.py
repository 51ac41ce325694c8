"""How often each verb of the main job asks the database: seldom, and as often for 500 units as for one."""

from datetime import timedelta

import pytest

from disputes import lifecycle as disputes
from disputes.models import Dispute, Seat
from orders import delivery
from orders import lifecycle as orders
from refunds import lifecycle as refunds
from tests.fixtures.cases import VISIT, units_of
from tests.fixtures.disputes import declined, drafted
from tests.queries import recorded
from timeline.models import Timer
from timeline.sweep import fire

pytestmark = pytest.mark.django_db

MOST = 12


class Counting:
    """Calls verbs and keeps what each asked of the database."""

    def __init__(self):
        self.counted = {}

    def __call__(self, name, verb, *args, **how):
        with recorded() as asked:
            result = verb(*args, **how)
        self.counted[name] = asked
        return result


@pytest.fixture
def ask():
    """`ask("accept", refunds.accept, refund, by=seller, at=at)` calls the verb and counts how often it asks."""
    return Counting()


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def clock_of(thing):
    """The clock of the state that a thing is in; a dispute has another one, of how long its buyer waits."""
    return Timer.objects.live().get(subject=thing.address, limit=thing.machine.limits[fresh(thing).state]).pk


def sell(ask, listing, buyer, quantity, at):
    order = ask("place", orders.place, buyer=buyer, listing=listing, quantity=quantity, acknowledged=True, at=at)
    ask("pay and deliver", orders.pay_from_wallet, fresh(order), by=buyer, at=at)
    return fresh(order)


def verbs_of_a_sale(ask, big_order, rich_buyer, seller, arbiter, senior, at, size):
    """Every verb of the main job over `size` units; the queries of each by its name."""
    listing = big_order(1).snapshot.listing
    first = sell(ask, listing, rich_buyer, size, at)
    ask("confirm", orders.confirm, first, by=rich_buyer, at=at)

    second = sell(ask, listing, rich_buyer, size, at)
    how = {"order": second, "units": units_of(second), "reason": "CHANGE_OF_MIND", "by": rich_buyer, "at": at}
    case = ask("ask", refunds.ask, **how)
    ask("withdraw", refunds.withdraw, fresh(case), by=rich_buyer, at=at)
    case = refunds.ask(**{**how, "order": fresh(second), "units": units_of(second)})
    ask("accept", refunds.accept, fresh(case), by=seller, at=at)

    third = sell(ask, listing, rich_buyer, size, at)
    unit = units_of(third)[0]
    ask("reveal", delivery.reveal, unit, by=rich_buyer, at=at, visit=VISIT)
    delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    how = {"order": fresh(third), "units": [unit], "reason": "CODE_INVALID", "by": rich_buyer, "at": at}
    ask("ask and be paid at once", refunds.ask, **how)

    fourth = sell(ask, listing, rich_buyer, size, at)
    case = declined(fourth, rich_buyer, at=at, places=tuple(range(1, size + 1)))
    ask("escalate", refunds.escalate, fresh(case), by=rich_buyer, at=at)
    dispute = Dispute.objects.get(refund=case)
    ask("rest", disputes.rest, fresh(dispute), by=rich_buyer, at=at)
    disputes.rest(fresh(dispute), by=seller, at=at)
    ask("rule", disputes.rule, fresh(dispute), drafted(dispute), by=arbiter, at=at)
    ask("sign", disputes.sign, fresh(dispute), agrees=True, by=senior, at=at)
    ask("enforce by the clock", fire, clock_of(dispute), at=fresh(dispute).deadline_at)
    assert fresh(dispute).state == "closed"

    fifth = sell(ask, listing, rich_buyer, size, at)
    ask("release by the clock", fire, clock_of(fifth), at=fifth.deadline_at)
    assert fresh(fifth).state == "completed"
    ask("settle by the clock", fire, clock_of(fifth), at=fresh(fifth).deadline_at)
    assert fresh(fifth).state == "settled"
    return {name: len(asked) for name, asked in ask.counted.items()}


@pytest.mark.parametrize("size", [1, 30])
def test_no_verb_asks_more_than_twelve_times(ask, big_order, rich_buyer, seller, arbiter, senior, at, size):
    counted = verbs_of_a_sale(ask, big_order, rich_buyer, seller, arbiter, senior, at, size)
    assert {name: number for name, number in counted.items() if number > MOST} == {}


def test_verbs_ask_as_often_for_thirty_units_as_for_one(ask, big_order, rich_buyer, seller, arbiter, senior, at):
    people = (rich_buyer, seller, arbiter, senior, at)
    one = dict(verbs_of_a_sale(ask, big_order, *people, 1))
    # Who judged the same two sides in the last 90 days is the last to be asked again, and that takes another question.
    Seat.objects.update(since=at - timedelta(days=91))
    many = verbs_of_a_sale(ask, big_order, *people, 30)
    # A small award is paid when it is signed, a large one when nobody has appealed: together they are the same.
    for counted in (one, many):
        counted["sign and enforce"] = counted.pop("sign") + counted.pop("enforce by the clock")
    assert many == one
