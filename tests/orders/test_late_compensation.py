"""Who does not wait any longer gets what a claim would have given: lateness compensation without a case."""

from datetime import timedelta

import pytest

from disputes import owed
from ledger.accounts import balance
from ledger.models import Payout, PayoutLeg
from ledger.transfers import Move, Reason, post
from orders import lateness, lifecycle, promises
from orders.fulfilment import system
from orders.fulfilment.tickets import Answer
from orders.models import Order, Unit
from orders.states import OrderState, Standing
from refunds import lifecycle as refunds
from tests.queries import recorded
from timeline import outages
from timeline.models import Event
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at_the_clock(order, at):
    fire_overdue(order.root_address, at=at)
    return Order.objects.get(pk=order.pk)


def wallet(user):
    return balance(f"user:{user.pk}:wallet")


def compensated(order):
    """What the order's own record says of a compensation, in fen: all of it, and the platform's part."""
    found = Event.objects.filter(root=order.address, name="order.compensated").order_by("seq")
    return [(event.data["amount"], event.data["by_platform"], event.data["units"]) for event in found]


@pytest.fixture
def platform_money(db, at):
    """The platform has ¥1,000.00 of its own."""
    post([Move("own", "channel:sandbox", "platform:own", 100_000, Reason.FUNDING, "platform")], journal="own", at=at)


@pytest.mark.parametrize(
    ("after", "each"),
    [
        (90 * MINUTE, 0),  # promised within 60 minutes, and 30 of grace
        (91 * MINUTE, 50),  # 1 % is 50 fen
        (3.5 * HOUR, 150),  # 3 %
        (25 * HOUR - MINUTE, 150),
    ],
)
def test_a_late_order_that_its_buyer_cancels_is_compensated_like_a_claim(bought, rich_buyer, at, after, each):
    order, twin = bought(quantity=2), bought(quantity=2)
    before = wallet(rich_buyer)
    at_the_clock(order, at + HOUR)
    lifecycle.cancel(Order.objects.get(pk=order.pk), by=rich_buyer, at=at + after)
    assert wallet(rich_buyer) == before + 10_000 + 2 * each
    assert compensated(order) == ([(2 * each, 0, [1, 2])] if each else [])
    claim = refunds.ask(
        order=twin, units=list(twin.units.order_by("place")), reason="NOT_DELIVERED", by=rich_buyer, at=at + after
    )
    assert (claim.approved, claim.compensation) == (10_000 + 2 * each, 2 * each)


def test_to_the_fen_all_that_was_paid_out_came_from_somewhere(bought, shop, rich_buyer, at):
    """Three top-ups for ¥50.00, four hours late: 3 % of each is ¥1.50, and the shop's deposit pays ¥4.50."""
    order = bought(quantity=3)
    deposit = balance(shop.account("deposit"))
    at_the_clock(order, at + HOUR)
    lifecycle.cancel(Order.objects.get(pk=order.pk), by=rich_buyer, at=at + 5 * HOUR)
    payout = Payout.objects.get(cause=f"{order.address}:back:1")
    legs = dict(PayoutLeg.objects.filter(payout=payout).order_by("pk").values_list("source", "amount"))
    assert legs == {order.escrow: 15_000, shop.account("deposit"): 450}
    assert payout.amount == sum(legs.values()) == 15_450
    assert balance(shop.account("deposit")) == deposit - 450
    assert [unit.refunded for unit in Unit.objects.filter(order=order).order_by("place")] == [5_000] * 3


def test_what_the_hard_limit_pays_back_is_compensated_as_well(bought, rich_buyer, at):
    order, before = bought(), wallet(rich_buyer)
    at_the_clock(order, at + HOUR)
    promises.wait_longer(Order.objects.get(pk=order.pk), by=rich_buyer, at=at + 2 * HOUR)
    assert at_the_clock(order, at + 49 * HOUR).state == OrderState.CANCELLED
    assert wallet(rich_buyer) == before + 5_000 + 250, "two days late: 5 %"
    assert compensated(order) == [(250, 0, [1])]


def test_what_came_in_time_is_not_compensated_with_the_rest(bought, seller, rich_buyer, at):
    order = bought(quantity=2, delivered_by="system")
    ticket = order.units.get(place=1).ticket
    system.push(ticket, Answer(Standing.DELIVERED, reference="S-1"), by=seller, at=at)
    at_the_clock(order, at + HOUR)
    lifecycle.cancel(Order.objects.get(pk=order.pk), by=rich_buyer, at=at + 3.5 * HOUR)
    assert compensated(order) == [(150, 0, [2])]


def test_a_delay_that_only_an_outage_of_the_platform_made_is_the_platforms_to_pay(
    bought, shop, lead, rich_buyer, platform_money, at
):
    order, deposit = bought(), balance(shop.account("deposit"))
    at_the_clock(order, at + HOUR)
    told = {"scope": "platform", "target": "", "reason": "down", "by": lead}
    outages.register(began_at=at, ended_at=at + 3 * HOUR, at=at + 3 * HOUR, **told)
    lifecycle.cancel(Order.objects.get(pk=order.pk), by=rich_buyer, at=at + 3.5 * HOUR)
    assert compensated(order) == [(150, 150, [1])]
    assert balance("platform:own") == 100_000 - 150
    assert balance(shop.account("deposit")) == deposit


def test_what_the_platform_lacks_of_its_part_keeps_nobody_waiting_for_the_price_and_is_owed(
    bought, shop, lead, rich_buyer, at
):
    order, deposit = bought(), balance(shop.account("deposit"))
    before = wallet(rich_buyer)
    at_the_clock(order, at + HOUR)
    told = {"scope": "platform", "target": "", "reason": "down", "by": lead}
    outages.register(began_at=at, ended_at=at + 3 * HOUR, at=at + 3 * HOUR, **told)
    post([Move("own", "channel:sandbox", "platform:own", 50, Reason.FUNDING, "platform")], journal="own", at=at)
    lifecycle.cancel(Order.objects.get(pk=order.pk), by=rich_buyer, at=at + 3.5 * HOUR)
    assert wallet(rich_buyer) == before + 5_000 + 50
    assert compensated(order) == [(150, 150, [1])]
    assert (balance("platform:own"), balance(shop.account("deposit"))) == (0, deposit)
    assert Event.objects.get(root=order.address, name="order.waterfall_ran_dry").data["missing"] == 100
    post([Move("more", "channel:sandbox", "platform:own", 80, Reason.FUNDING, "platform")], journal="more", at=at)
    assert owed.collect_all(at=at + 4 * HOUR) == 1
    assert (wallet(rich_buyer), owed.to_buyer(rich_buyer)) == (before + 5_000 + 130, 20), "the platform owes it"


def test_where_the_engine_fails_the_price_goes_back_all_the_same(bought, rich_buyer, monkeypatch, at):
    order, before = bought(), wallet(rich_buyer)

    def broken(*_words):
        raise RuntimeError("the engine stands still")

    monkeypatch.setattr(lateness, "decide_pinned", broken)  # a fault that no data can cause
    at_the_clock(order, at + HOUR)
    assert at_the_clock(order, at + 25 * HOUR).state == OrderState.CANCELLED
    assert (wallet(rich_buyer), compensated(order)) == (before + 5_000, [])


def test_cancelling_a_late_order_asks_the_database_at_most_twelve_times(bought, rich_buyer, at):
    order = at_the_clock(bought(quantity=10), at + HOUR)
    with recorded() as queries:
        lifecycle.cancel(order, by=rich_buyer, at=at + 3.5 * HOUR)
    assert len(queries) <= 12, "\n".join(queries)
