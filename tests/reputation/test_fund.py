"""The guarantee fund: its aim, who is told when it is low, what stops, and how it opens again."""

from datetime import timedelta

import pytest

from accounts import lifecycle as accounts
from ledger.transfers import Reason, transfer
from orders import lifecycle as orders
from orders.models import Order
from refunds import lifecycle as refunds
from refunds import triage
from reputation import counting, fund
from reputation.counting import Counted
from reputation.models import Shortfall, Tally
from reputation.states import ShortfallState
from rulebook import versions
from tests.fixtures.cases import units_of
from tests.queries import recorded
from timeline.models import Event
from timeline.spans import SHANGHAI


def fill(amount, at, key="fund"):
    transfer(
        source="channel:sandbox",
        target="platform:fund",
        amount=amount,
        reason=Reason.FUNDING,
        subject="platform:fund",
        key=key,
        at=at,
    )


def sell(turnover, at):
    """So much was sold: half a percent of it is what the fund aims at."""
    counted = Counted()
    counted.add("orders", None, at, total=turnover)
    counting.store(counted)


def paid_out(amount, at, *, back=0):
    counted = Counted()
    counted.add("fund_out", None, at, "compensation", total=amount)
    counted.add("fund_in", None, at, "debt_collected", total=back)
    counting.store(counted)


@pytest.fixture
def low(at):
    """The fund aims at ¥1,000 and holds ¥350."""
    sell(20_000_000, at)
    fill(35_000, at)
    fund.watch(at=at)
    return Shortfall.objects.get()


def test_the_aim_is_the_larger_of_turnover_and_payouts(db, at):
    sell(20_000_000, at)
    assert fund.cover(at) == fund.Cover(held=0, by_turnover=100_000, by_payouts=0)
    paid_out(260_000, at - timedelta(days=40), back=20_000)
    found = fund.cover(at)
    assert (found.by_payouts, found.aim) == (240_000, 240_000), "thirty of forty-one days saw it"


def test_what_happens_on_one_day_in_a_hundred_is_beyond_the_99th_percentile(db, at):
    today = at.astimezone(SHANGHAI).date()
    paid_out(1_000, at - timedelta(days=364))
    paid_out(500_000, at)
    assert fund.unrecovered(today) == 1_000, "one day of 365"
    assert fund.unrecovered(today + timedelta(days=3)) == 500_000, "four of 365 (the first day is a year ago now)"


def test_what_moves_in_the_fund_is_counted_once_and_by_its_reason(db, at):
    fill(40_000, at)
    for _each in range(2):
        counting.catch_up(at=at, most=1)
    fill(2_000, at, key="more")
    counting.catch_up(at=at)
    assert Tally.objects.get(measure="fund_in", part="funding").total == 42_000
    assert counting.tallies(Tally.objects.order_by("pk")) == counting.recount()


def test_nothing_sold_and_nothing_paid_is_no_shortfall(db, at):
    fund.watch(at=at)
    assert not Shortfall.objects.exists()


def test_below_sixty_percent_finance_and_leads_are_told_and_again_each_day(db, at):
    sell(20_000_000, at)
    fill(59_999, at)
    for _each in range(2):
        fund.watch(at=at)
    shortfall = Shortfall.objects.get()
    assert (shortfall.state, shortfall.caps) == (ShortfallState.LOW, {})
    fund.lapse(shortfall, limit="FUND_LOOK", at=shortfall.deadline_at or at)
    shortfall.refresh_from_db()
    assert shortfall.deadline_at == at + timedelta(hours=48)
    assert Event.objects.get(name="shortfall.still_low").data["amount"] == 40_001
    fill(1, at, key="one")
    fund.watch(at=at)
    shortfall.refresh_from_db()
    assert (shortfall.state, shortfall.over_at) == (ShortfallState.OVER, at)


def test_below_forty_it_stops_and_only_sixty_opens_it_again(low, at):
    assert (low.state, low.stopped_at) == (ShortfallState.STOPPED, at)
    assert low.caps["M2"] == versions.in_force(at).book.levels["M2"].instant_cap_fen
    fill(24_999, at, key="half")
    fund.watch(at=at)
    low.refresh_from_db()
    assert low.state == ShortfallState.STOPPED, "59.99 %"
    fill(1, at, key="one")
    fund.watch(at=at)
    low.refresh_from_db()
    assert low.state == ShortfallState.OVER


def test_who_climbs_meanwhile_keeps_the_instant_cap_of_before(low, order, rich_buyer, at):
    Order.objects.filter(pk=order.pk).update(buyer_level="M3")
    order = Order.objects.get(pk=order.pk)
    assert fund.instant_cap(order, rich_buyer) == low.caps[rich_buyer.level]
    later = at + timedelta(hours=1)
    accounts.set_level(rich_buyer, "M3", reason="test", at=later)
    rich_buyer.refresh_from_db()
    assert fund.instant_cap(order, rich_buyer) == low.caps["M0"], "the level of before counts"
    fill(25_000, at, key="enough")
    fund.watch(at=later)
    assert fund.instant_cap(order, rich_buyer) is None


def test_what_is_above_the_cap_of_before_is_asked_of_the_shop_and_loses_nothing(bad_unit, order, rich_buyer, at):
    accounts.set_level(rich_buyer, "M3", reason="test", at=at)
    Order.objects.filter(pk=order.pk).update(buyer_level="M3")
    orders.confirm(order, by=rich_buyer, at=at)
    order = Order.objects.get(pk=order.pk)
    units = [units_of(order)[0]]
    free = triage.preview(order, units, "CODE_INVALID", buyer=rich_buyer, at=at)
    assert free.lane is triage.Lane.INSTANT
    sell(20_000_000_000, at)
    fund.watch(at=at)
    Shortfall.objects.update(caps=dict.fromkeys(("M0", "M1", "M2", "M3", "M4"), 100))
    held = triage.preview(order, units, "CODE_INVALID", buyer=rich_buyer, at=at)
    assert held.lane is not triage.Lane.INSTANT
    assert (held.figure, held.fee, held.compensation) == (free.figure, free.fee, free.compensation)


def test_an_instant_payment_asks_at_most_twelve_times(bad_unit, order, rich_buyer, at):
    accounts.set_level(rich_buyer, "M3", reason="test", at=at)
    Order.objects.filter(pk=order.pk).update(buyer_level="M3")
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    order = Order.objects.get(pk=order.pk)
    units = [units_of(order)[0]]
    with recorded() as asked:
        case = refunds.ask(order=order, units=units, reason="CODE_INVALID", by=rich_buyer, at=at)
    assert case.outcome == "instant"
    assert len(asked) <= 12, asked


def test_everybody_reads_it(client, low):
    page = client.get("/transparency/", headers={"Accept-Language": "en"}).content.decode()
    assert "instant caps do not rise" in page
    assert "35.00 %" in page
    told = client.get("/api/v1/transparency/").json()["guarantee_fund"]
    assert (told["cover_bp"], told["shortfalls"][0]["state"]) == (3_500, "stopped")
