"""Hard stops: figures stop a shop's sales; the shop reads them, a person hears the appeal, its other money goes on."""

from datetime import timedelta

import pytest
from django.urls import reverse

from orders import lifecycle as orders
from orders.figures import exposed as exposed_to_cases
from orders.models import Order, Unit
from reputation import counting, stops
from reputation.counting import Counted
from reputation.models import HardStop
from shops import sanctions
from shops.models import Sanction, Shop
from shops.states import SanctionState
from timeline.models import Event
from timeline.refusals import Refused


def count(shop, at, *, units=0, upheld=0, frauds=0):
    counted = Counted()
    counted.add("units", shop.pk, at, count=units)
    counted.add("paid_back", shop.pk, at, "supply", count=upheld)
    counted.add("frauds", shop.pk, at, count=frauds)
    counting.store(counted)


def look(shop, at):
    return stops.look([shop.pk], at=at)


@pytest.mark.parametrize(
    ("counts", "ground"),
    [
        ({"units": 20, "upheld": 2}, "claims"),
        ({"units": 100, "upheld": 6}, "claims"),
        ({"units": 100, "upheld": 5}, ""),
        ({"units": 19, "upheld": 10}, ""),
        ({"units": 1, "frauds": 3}, "frauds"),
        ({"units": 100, "frauds": 2}, ""),
    ],
)
def test_from_when_on_a_shop_is_stopped(shop, at, counts, ground):
    count(shop, at, **counts)
    assert look(shop, at) == bool(ground)
    assert [stop.ground for stop in HardStop.objects.order_by("pk")] == ([ground] if ground else [])


@pytest.fixture
def stopped(order, at):
    """A shop that sold forty units, three of which came back by its fault."""
    count(order.shop, at, units=40, upheld=3)
    assert look(order.shop, at) == 1
    return Sanction.objects.get()


def test_the_shop_sells_nothing_for_a_week_and_is_told_why(stopped, listing, rich_buyer, at):
    assert stopped.imposed_by is None
    assert "40" in stopped.reason
    assert "3" in stopped.reason
    assert Shop.objects.get(pk=stopped.shop_id).no_sales_until == stopped.until == at + timedelta(days=7)
    with pytest.raises(Refused):
        orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    assert Event.objects.get(name="sanction.stopped").by is None
    assert look(stopped.shop, at) == 0, "one at a time"


def test_a_person_hears_the_appeal_and_it_is_no_step_of_the_ladder(stopped, seller, risk, at):
    assert sanctions.next_step(stopped.shop, at) == Sanction.Step.WARNING
    sanctions.appeal(stopped, words="这批货已经换过。", by=seller, at=at)
    assert stopped.deadline_at == at + timedelta(hours=24)
    sanctions.lift(stopped, reason="已核实。", by=risk, at=at)
    assert Shop.objects.get(pk=stopped.shop_id).no_sales_until is None
    assert look(stopped.shop, at) == 0, "what it was about is not held against the shop again"
    later = at + timedelta(days=2)
    count(stopped.shop, later, units=30, upheld=4)
    assert look(stopped.shop, later) == 1


def test_its_term_ends_it_and_the_old_figures_do_not_begin_it_again(stopped, at):
    sanctions.lapse(stopped, limit="SANCTION_TERM", at=stopped.deadline_at)
    assert stopped.state == SanctionState.OVER
    assert stops.look_all(at=at + timedelta(days=8)) == 0


def test_figures_stop_no_shop_that_was_closed_and_nothing_opens_it_again(shop, risk, at):
    warning = sanctions.impose(shop, step="warning", reason="屡次不改。", by=risk, at=at)
    step = sanctions.impose(shop, step="closing", reason="屡次不改。", is_grave=True, by=risk, at=at)
    sanctions.lapse(step, limit="SANCTION_TERM", at=step.until)
    later = step.until + timedelta(days=1)
    count(shop, later, units=40, upheld=3)
    assert look(shop, later) == 0
    assert not HardStop.objects.exists()
    sanctions.lift(warning, reason="已结案。", by=risk, at=later)
    until = Shop.objects.get(pk=shop.pk).no_sales_until
    assert until is not None
    assert until > later + timedelta(days=365)


def test_only_what_settles_of_the_goods_concerned_is_withheld(stopped, order, at):
    assert stops.exposed(order.shop) == exposed_to_cases(order.shop) == 0
    HardStop.objects.update(listings=[])
    orders.confirm(order, by=order.buyer, at=at)
    sale = Order.objects.get(pk=order.pk)
    until = sale.deadline_at or at
    orders.lapse(sale, limit="SETTLE", at=until)
    net = sum(unit.released - unit.commission for unit in Unit.objects.filter(order=order).order_by("pk"))
    assert net > 0
    assert stops.exposed(order.shop) == 0, "nothing of these goods came back: their money is the shop's"
    HardStop.objects.update(listings=[order.snapshot.listing_id])
    assert stops.exposed(order.shop) == net
    Sanction.objects.update(imposed_at=until + timedelta(minutes=1))
    assert stops.exposed(order.shop) == 0, "what was settled before is the shop's"


def test_what_was_withheld_is_free_with_the_term_although_nobody_heard_the_appeal(stopped, order, seller, at):
    HardStop.objects.update(listings=[order.snapshot.listing_id])
    sanctions.appeal(stopped, words="这批货已经换过。", by=seller, at=at)
    orders.confirm(order, by=order.buyer, at=at)
    sale = Order.objects.get(pk=order.pk)
    orders.lapse(sale, limit="SETTLE", at=sale.deadline_at or at)
    assert stops.withheld(order.shop) > 0
    Sanction.objects.update(until=at - timedelta(minutes=1))
    Shop.objects.update(no_sales_until=None)
    assert Sanction.objects.get().state == SanctionState.APPEALED, "it waits for a person"
    assert stops.withheld(order.shop) == 0, "sales go on, and so does the money"


def test_everybody_reads_from_when_on(client, db):
    page = client.get(reverse("reputation:transparency"), headers={"Accept-Language": "en"}).content.decode()
    assert "More than 5 % of at least 20 units" in page
