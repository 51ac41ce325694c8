"""What shops must deposit follows what they sold and what came back; a grown sum makes a deposit short by itself."""

from datetime import timedelta

import pytest

from accounts.models import User
from orders import delivery
from refunds import lifecycle as refunds
from reputation import deposits, membership, shop_levels, tasks
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


def test_one_shop_that_fails_does_not_hold_up_the_others(listing, stranger, at, monkeypatch, caplog):
    lifecycle.open_shop(owner=stranger, name="后来", slug="later", required=1, at=at)
    sets = lifecycle.set_required

    def fails_for_the_first(deposit, **words):
        if deposit.shop.slug == "xinghe":
            raise ArithmeticError("the verb is broken")
        sets(deposit, **words)

    monkeypatch.setattr(lifecycle, "set_required", fails_for_the_first)
    assert deposits.size_all(at=at) == 1
    assert Deposit.objects.get(shop__slug="later").required == 200_000
    assert f"the deposit of shop {listing.shop_id} could not be sized" in caplog.text


@pytest.mark.parametrize("levels", [shop_levels, membership])
def test_a_level_that_fails_does_not_hold_up_the_others(order, rich_buyer, stranger, at, levels, monkeypatch, caplog):
    lifecycle.open_shop(owner=stranger, name="后来", slug="later", required=1, at=at)
    User.objects.filter(pk__in=[rich_buyer.pk, stranger.pk]).update(level="M1")
    asked = []

    def fails_for_the_first(whom, standing, *, at):
        asked.append(whom.pk)
        if len(asked) == 1:
            raise ArithmeticError("the verb is broken")
        return True

    monkeypatch.setattr(levels, "review", fails_for_the_first)
    assert levels.level_all(at=at) == len(asked) - 1 > 0
    assert "could not be looked at" in caplog.text


@pytest.mark.django_db
def test_the_task_does_it(listing):
    tasks.size_deposits()
    assert required() == 500_000
