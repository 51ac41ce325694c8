"""What shops must deposit follows what they sold and what came back; a grown sum makes a deposit short by itself."""

from datetime import timedelta

import pytest

from orders import delivery
from refunds import lifecycle as refunds
from reputation import deposits, tasks
from shops import lifecycle
from shops.models import Deposit, Shop
from tests.fixtures.cases import VISIT, units_of
from tests.queries import recorded
from timeline.models import Event


def required():
    return Deposit.objects.get(shop__slug="xinghe").required


def test_what_a_shop_offers_asks_for_its_base(listing, at):
    assert deposits.size_all(at=at) == 1
    assert required() == 500_000, "activation codes"
    changed = Event.objects.get(name="deposit.required_changed")
    assert (changed.data, changed.by) == ({"before": 100_000, "after": 500_000}, None)
    assert Deposit.objects.get().state == "short", "¥1,000 of ¥5,000 are 20 %"
    assert deposits.size_all(at=at) == 0, "once is enough"


def test_what_was_sold_exposes_more(order, at):
    """3 × ¥98.00 in 30 days are ¥9.80 a day: 980 fen × 10 days × 30 % × 1.5 are far below the base."""
    found = deposits.sizes([order.shop], at=at)[order.shop_id]
    assert [(line.kind, line.daily, line.exposure) for line in found.lines] == [("ACTIVATION_CODE", 980, 4_410)]
    assert deposits.sizes([order.shop], at=at + timedelta(days=31))[order.shop_id].lines[0].daily == 0


def test_a_bad_code_raises_the_factor_and_a_change_of_mind_does_not(order, rich_buyer, seller, at):
    unit = units_of(order)[0]
    case = refunds.ask(order=order, units=[unit], reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.accept(case, by=seller, at=at)
    assert deposits.sizes([order.shop], at=at)[order.shop_id].factor == 15
    order.refresh_from_db()
    unit = units_of(order)[1]
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    order.refresh_from_db()
    refunds.ask(order=order, units=[units_of(order)[1]], reason="CODE_INVALID", by=rich_buyer, at=at)
    assert deposits.sizes([order.shop], at=at)[order.shop_id].factor == 25, "one of three units: above 3 %"


def test_as_many_questions_for_many_shops_as_for_one(listing, seller, at):
    with recorded() as one:
        deposits.sizes(list(Shop.objects.order_by("pk")), at=at)
    for number in range(3):
        lifecycle.open_shop(owner=seller, name=str(number), slug=f"s{number}", required=1, at=at)
    with recorded() as many:
        deposits.sizes(list(Shop.objects.order_by("pk")), at=at)
    assert len(many) - 1 == len(one) - 1 <= 4


def test_a_shop_that_closes_keeps_its_sum(listing, seller, at):
    lifecycle.close(listing.shop.deposit, by=seller, at=at)
    assert deposits.size_all(at=at) == 0
    assert required() == 100_000


@pytest.mark.django_db
def test_the_task_does_it(listing):
    tasks.size_deposits()
    assert required() == 500_000
