"""Registered outages: whose clocks stand still, and what they have left afterwards."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction

from orders import escrow
from orders.models import Order
from refunds.models import Refund
from refunds.states import RefundState
from shops.models import Deposit, Shop
from tests.factories import ShopFactory
from tests.races import race
from timeline import clock, door, hooks, outages, spans, tasks, timers, upkeep
from timeline.models import Event, Outage, Pause, Timer
from timeline.outages import remainder
from timeline.refusals import Refused
from timeline.spans import SHANGHAI
from timeline.sweep import fire, fire_overdue, sweep

HOUR = timedelta(hours=1)


@pytest.fixture
def down(lead, at):
    """Registers an outage by a lead: `down(began, ended, "shop", "xinghe")`, in hours after `at`."""

    def register(began=0.0, ended=None, scope="platform", target="", registered=None):
        began_at = at + began * HOUR
        return outages.register(
            scope=scope,
            target=target,
            reason="停电",
            began_at=began_at,
            ended_at=None if ended is None else at + ended * HOUR,
            by=lead,
            at=at + (began if registered is None else registered) * HOUR,
        )

    return register


def end(outage, lead, at):
    outages.end(outage, ended_at=at, by=lead, at=at)


def clock_of(thing):
    return Timer.objects.live().get(subject=thing.address)


def require_the_same(thing):
    """The thing's own deadline is that of its clock."""
    thing.refresh_from_db()
    timer = clock_of(thing)
    assert thing.deadline_at == (timer.due_at if timer.state == Timer.State.RUNNING else None)
    return timer


def test_a_clock_stands_still_while_something_is_down_and_goes_on_with_what_was_left(refund, down, lead, at):
    due_at = refund.deadline_at
    outage = down(24)
    assert outages.work(at=at + 24 * HOUR) > 0
    timer = require_the_same(refund)
    assert (timer.state, timer.paused_at, timer.outage) == ("paused", at + 24 * HOUR, outage)
    assert sweep(at=due_at + 100 * HOUR).fired == 0
    end(outage, lead, at + 54 * HOUR)
    outages.work(at=at + 54 * HOUR)
    timer = require_the_same(refund)
    assert (timer.state, timer.due_at) == ("running", due_at + 30 * HOUR)
    outage.refresh_from_db()
    assert outage.settled_at is not None
    pause = Pause.objects.get(subject=refund.address)
    assert (pause.began_at, pause.ended_at) == (at + 24 * HOUR, at + 54 * HOUR)


@pytest.mark.breaks_books  # its clocks ended in the past
def test_the_published_case_comes_out_of_the_register_too(refund, lead):
    """T06: 48 hours from 2026-11-10 09:00, down from 11-11 09:00 to 11-12 15:00."""
    began = datetime(2026, 11, 10, 9, tzinfo=spans.SHANGHAI)
    Timer.objects.filter(subject=refund.address).update(started_at=began, due_at=began + 48 * HOUR, amount=48 * 60)
    Refund.objects.update(entered_at=began, deadline_at=began + 48 * HOUR)
    Timer.objects.exclude(subject=refund.address).filter(state="running").update(due_at=began + 9_999 * HOUR)
    Order.objects.update(deadline_at=began + 9_999 * HOUR)
    outages.register(
        scope="platform",
        target="",
        reason="停电",
        began_at=began + 24 * HOUR,
        ended_at=began + 54 * HOUR,
        by=lead,
        at=began + 54 * HOUR,
    )
    outages.work(at=began + 54 * HOUR)
    assert require_the_same(refund).due_at == datetime(2026, 11, 13, 15, tzinfo=spans.SHANGHAI)


def test_a_clock_that_wants_to_fire_before_the_register_reached_it_stands_still(refund, down, at):
    due_at = refund.deadline_at
    down(47, registered=60)
    assert not fire(clock_of(refund).pk, at=due_at + HOUR)
    timer = require_the_same(refund)
    assert (timer.state, timer.paused_at) == ("paused", at + 47 * HOUR)
    assert Refund.objects.get().state == RefundState.REQUESTED


def test_a_clock_whose_time_was_over_before_the_outage_fires(refund, down):
    down(49)
    assert fire(clock_of(refund).pk, at=refund.deadline_at + 2 * HOUR)


def test_an_outage_of_the_past_gives_back_what_it_took(refund, down, at):
    due_at = refund.deadline_at
    down(10, 14, registered=20)
    outages.work(at=at + 20 * HOUR)
    assert require_the_same(refund).due_at == due_at + 4 * HOUR
    outages.work(at=at + 21 * HOUR)
    assert require_the_same(refund).due_at == due_at + 4 * HOUR


def test_an_outage_of_the_past_saves_a_clock_that_is_overdue_but_has_not_fired(refund, down):
    due_at = refund.deadline_at
    down(47, 49, registered=50)
    assert not fire(clock_of(refund).pk, at=due_at + 2 * HOUR)
    assert require_the_same(refund).due_at == due_at + 13 * HOUR  # twelve hours from its end at least


def test_outages_that_overlap_are_not_counted_twice(refund, down, lead, at):
    due_at = refund.deadline_at
    first, second = down(10), down(12, registered=12)
    outages.work(at=at + 12 * HOUR)
    end(first, lead, at + 14 * HOUR)
    outages.work(at=at + 14 * HOUR)
    assert require_the_same(refund).state == "paused"
    end(second, lead, at + 20 * HOUR)
    outages.work(at=at + 20 * HOUR)
    assert require_the_same(refund).due_at == due_at + 10 * HOUR
    down(8, 16, registered=21)
    outages.work(at=at + 21 * HOUR)
    assert require_the_same(refund).due_at == due_at + 12 * HOUR  # 8 to 10 was new
    down(9, 19, registered=22)
    outages.work(at=at + 22 * HOUR)
    assert require_the_same(refund).due_at == due_at + 12 * HOUR


def test_an_earlier_outage_that_ends_later_counts_from_its_own_beginning(refund, down, lead, at):
    due_at = refund.deadline_at
    second = down(12)
    outages.work(at=at + 12 * HOUR)
    first = down(10, registered=13)
    outages.work(at=at + 13 * HOUR)
    end(second, lead, at + 14 * HOUR)
    outages.work(at=at + 14 * HOUR)
    end(first, lead, at + 20 * HOUR)
    outages.work(at=at + 20 * HOUR)
    assert require_the_same(refund).due_at == due_at + 10 * HOUR


def test_an_open_outage_after_one_that_was_given_back_counts_only_what_is_new(refund, down, lead, at):
    due_at = refund.deadline_at
    down(10, 12, registered=13)
    outages.work(at=at + 13 * HOUR)
    goes_on = down(11, registered=14)
    outages.work(at=at + 14 * HOUR)
    end(goes_on, lead, at + 16 * HOUR)
    outages.work(at=at + 16 * HOUR)
    assert require_the_same(refund).due_at == due_at + 6 * HOUR  # 10 to 16


def test_an_end_that_was_planned_comes_by_itself(refund, down, at):
    due_at = refund.deadline_at
    down(5, 9)
    outages.work(at=at + 5 * HOUR)
    assert require_the_same(refund).state == "paused"
    outages.work(at=at + 9 * HOUR)
    assert require_the_same(refund).due_at == due_at + 4 * HOUR
    assert Outage.objects.get().settled_at == at + 9 * HOUR


def test_an_outage_that_was_announced_stops_nothing_before_it_begins(refund, down, at):
    down(30, registered=0)
    assert outages.work(at=at + 29 * HOUR) == 0
    assert require_the_same(refund).state == "running"
    outages.work(at=at + 30 * HOUR)
    assert require_the_same(refund).paused_at == at + 30 * HOUR


def test_a_clock_that_begins_during_an_outage_stands_still_from_its_beginning(down, placed_order, at):
    down(-2, registered=-1)
    outages.work(at=at)
    timer = require_the_same(placed_order)
    assert (timer.state, timer.paused_at) == ("paused", at)


def test_a_short_clock_gets_its_whole_span_and_not_half_a_day(down, lead, placed_order, at):
    outage = down(0.2)
    outages.work(at=at + 0.2 * HOUR)
    end(outage, lead, at + 5 * HOUR)
    outages.work(at=at + 5 * HOUR)
    assert require_the_same(placed_order).due_at == at + 5 * HOUR + timedelta(minutes=15)


def test_a_clock_of_working_days_runs_on_to_a_midnight(short_deposit, down, at):
    due_at = short_deposit.deadline_at
    down(1, 4, registered=5)
    outages.work(at=at + 5 * HOUR)
    moved = require_the_same(short_deposit).due_at
    assert moved == spans.extended(spans.Kind.WORKING_DAYS, due_at, 3 * HOUR)
    assert moved.astimezone(spans.SHANGHAI).hour == 0


# Scopes


@pytest.mark.parametrize(
    ("scope", "target", "stops"),
    [
        ("shop", "xinghe", True),
        ("shop", "elsewhere", False),
        ("kind", "ACTIVATION_CODE", True),
        ("kind", "POINT_CARD", False),
        ("channel", "sandbox", False),
        ("supplier", "1", False),
        ("platform", "", True),
    ],
)
def test_only_what_was_down_stops_clocks(refund, down, at, scope, target, stops):
    assert refund.order.snapshot.listing.kind == "ACTIVATION_CODE"
    down(1, scope=scope, target=target)
    outages.work(at=at + HOUR)
    assert (require_the_same(refund).state == "paused") is stops
    refund.order.refresh_from_db()
    assert (require_the_same(refund.order).state == "paused") is stops


def test_a_channel_stops_what_is_paid_through_it(top_up, down, at):
    down(0.1, scope="channel", target="sandbox")
    outages.work(at=at + 0.1 * HOUR)
    assert require_the_same(top_up).state == "paused"


# The order and its units


def test_units_keep_their_times_in_step_with_the_order_s_clock(order, down, lead, at):
    ends = [unit.inspection_ends_at for unit in escrow.units_of(order) if unit.inspection_ends_at]
    outage = down(10)
    outages.work(at=at + 10 * HOUR)
    end(outage, lead, at + 15 * HOUR)
    outages.work(at=at + 15 * HOUR)
    timer = require_the_same(order)
    assert [unit.inspection_ends_at for unit in escrow.units_of(order)] == [each + 5 * HOUR for each in ends]
    assert fire_overdue(order.root_address, at=timer.due_at) == 1
    assert all(unit.released_at for unit in escrow.units_of(order))


def test_an_inspection_has_a_day_left_at_least(order, down, lead, at):
    outage = down(71)
    outages.work(at=at + 71 * HOUR)
    end(outage, lead, at + 80 * HOUR)
    outages.work(at=at + 80 * HOUR)
    assert require_the_same(order).due_at == at + 104 * HOUR


def test_a_unit_in_a_case_has_more_left_too(refund, down, at):
    (held,) = [unit for unit in escrow.units_of(refund.order) if unit.held_by]
    down(1, 4, registered=5)
    outages.work(at=at + 5 * HOUR)
    (now,) = [unit for unit in escrow.units_of(refund.order) if unit.held_by]
    assert now.left_at_hold is not None
    assert held.left_at_hold is not None
    assert now.left_at_hold == held.left_at_hold + 3 * HOUR


def test_an_order_whose_clock_was_set_anew_during_the_outage_loses_nothing(order, down, lead, at):
    due_at = order.deadline_at
    outage = down(10)
    outages.work(at=at + 10 * HOUR)
    order.refresh_from_db()
    ends = [ends_at for unit in escrow.units_of(order) if (ends_at := unit.next_at())]
    with transaction.atomic():
        door.lock(order)
        door.rearm(order, min(ends), at=at + 12 * HOUR)
    outages.work(at=at + 12 * HOUR)
    assert require_the_same(order).paused_at == at + 10 * HOUR
    end(outage, lead, at + 15 * HOUR)
    outages.work(at=at + 15 * HOUR)
    assert require_the_same(order).due_at == due_at + 5 * HOUR


def test_whoever_acts_during_an_outage_is_in_time(undelivered_order, down):
    down(1)
    late = undelivered_order.deadline_at + HOUR
    fire_overdue(undelivered_order.root_address, at=late)
    undelivered_order.refresh_from_db()
    assert not undelivered_order.is_overdue(late)
    assert undelivered_order.state == "paid"


# The register


def test_the_register_is_a_stream_of_its_own(refund, down, lead, at):
    outage = down(1)
    outages.work(at=at + HOUR)
    end(outage, lead, at + 2 * HOUR)
    outages.work(at=at + 2 * HOUR)
    events = list(Event.objects.filter(root=outage.address).order_by("seq"))
    assert [event.name for event in events] == ["outage.registered", "outage.ended", "outage.settled"]
    assert [event.by for event in events] == [lead, lead, None]
    assert events[-1].data == {"clocks": outages.affected(outage)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ended_at": "before"}, "outage_ends_first"),
        ({"scope": "shop"}, "outage_of_what"),
        ({"target": "xinghe"}, "outage_of_what"),
        ({"scope": "supplier", "target": "x"}, "outage_of_what_supplier"),
        ({"reason": "  "}, "reason_missing"),
    ],
)
def test_what_makes_no_sense_is_not_registered(lead, at, change, code):
    if "ended_at" in change:
        change = {"ended_at": at - HOUR}
    words = {"scope": "platform", "target": "", "reason": "停电", "began_at": at, "ended_at": None, **change}
    with pytest.raises(Refused) as refusal:
        outages.register(**words, by=lead, at=at)
    assert refusal.value.code == code
    assert not Outage.objects.exists()


def test_only_a_lead_registers_and_ends(down, arbiter, at):
    outage = down()
    with pytest.raises(Refused, match="leads_only"):
        outages.end(outage, ended_at=at, by=arbiter, at=at)
    with pytest.raises(Refused, match="leads_only"):
        outages.register(scope="platform", target="", reason="停电", began_at=at, ended_at=None, by=arbiter, at=at)


def test_an_outage_ends_once_and_not_in_the_future(down, lead, at):
    outage = down()
    with pytest.raises(Refused, match="outage_end_wrong"):
        outages.end(outage, ended_at=at + HOUR, by=lead, at=at)
    end(outage, lead, at + HOUR)
    with pytest.raises(Refused, match="outage_is_over"):
        end(outage, lead, at + 2 * HOUR)


def test_looking_after_outages_costs_one_query_while_nothing_is_down(refund, expect_queries, at):
    with expect_queries(1):
        outages.work(at=at)


def test_a_batch_costs_the_same_for_one_clock_and_for_forty(down, short_deposit, expect_queries, at):
    down(1)
    with expect_queries(WALK):
        outages.work(at=at + HOUR)
    for _number in range(40):
        ShopFactory(short=True, at=at)
    with expect_queries(WALK):
        outages.work(at=at + HOUR)
    assert not Timer.objects.filter(state="running").exists()


#: Queries of one batch and of the look after it.
WALK = 13


@pytest.mark.django_db(transaction=True)
def test_a_root_that_somebody_holds_is_looked_at_again(short_deposit, down, at):
    down(1)
    with transaction.atomic():
        Shop.objects.select_for_update(of=("self",)).get(pk=short_deposit.shop_id)
        (seen,) = race_from_inside(lambda: outages.work(at=at + HOUR))
        assert seen == 0
    outages.work(at=at + HOUR)
    assert require_the_same(Deposit.objects.get()).state == "paused"


def race_from_inside(call):
    """Run a call on a connection of its own while this one holds its locks."""
    found = []

    def run():
        try:
            found.append(call())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(15)
    return found


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_walk_an_outage_once(short_deposit, down, lead, at):
    due_at = short_deposit.deadline_at
    down(1, 4, registered=5)
    race(lambda: outages.work(at=at + 5 * HOUR), lambda: outages.work(at=at + 5 * HOUR))
    outages.work(at=at + 5 * HOUR)
    assert require_the_same(Deposit.objects.get()).due_at == spans.extended(spans.Kind.WORKING_DAYS, due_at, 3 * HOUR)


def test_a_register_that_cannot_be_carried_on_does_not_hold_up_the_clocks_of_others(
    refund, down, at, monkeypatch, caplog
):
    def fail(*_moved):
        raise ZeroDivisionError("the room above is broken")

    other = ShopFactory(short=True, at=at - timedelta(days=30))
    down(0.5, 1, "shop", refund.order.shop.slug)
    clock.advance(2 * HOUR)
    monkeypatch.setattr(hooks.clocks_moved, "function", fail)
    tasks.sweep_clocks()
    assert "outages could not be carried on" in caplog.text
    assert Deposit.objects.get(shop=other).state == "suspended"
    assert Refund.objects.get(pk=refund.pk).deadline_at == refund.deadline_at


# Other pauses


def test_a_supplier_may_hold_a_clock_for_five_working_days_in_all(short_deposit, at):
    timers.pause(short_deposit, "DEPOSIT_TOP_UP", cause=Pause.Cause.SUPPLIER, at=at)
    pause = Pause.objects.get()
    assert pause.ends_by == spans.deadline(spans.working_days(5), at)
    assert upkeep.end_long_pauses(at=pause.ends_by - HOUR) == 0
    assert upkeep.end_long_pauses(at=pause.ends_by) == 1
    assert require_the_same(short_deposit).state == "running"
    with pytest.raises(Refused, match="supplier_took_too_long"):
        timers.pause(short_deposit, "DEPOSIT_TOP_UP", cause=Pause.Cause.SUPPLIER, at=pause.ends_by)


def test_the_supplier_s_days_add_up_over_pauses_and_a_day_that_began_counts_whole(short_deposit):
    monday = datetime(2026, 12, 7, 9, tzinfo=SHANGHAI)
    timer = Timer.objects.get(subject=short_deposit.address, state="running")
    Timer.objects.filter(pk=timer.pk).update(due_at=monday + timedelta(days=30))
    for begins, takes in [(monday, HOUR), (monday + timedelta(days=1), 50 * HOUR)]:  # one day, then two
        timers.pause(short_deposit, "DEPOSIT_TOP_UP", cause=Pause.Cause.SUPPLIER, at=begins)
        timers.resume(short_deposit, "DEPOSIT_TOP_UP", at=begins + takes)
    again = monday + timedelta(days=4)
    timers.pause(short_deposit, "DEPOSIT_TOP_UP", cause=Pause.Cause.SUPPLIER, at=again)
    assert Pause.objects.get(ended_at=None).ends_by == spans.deadline(spans.working_days(2), again)


def test_what_a_claim_stopped_is_not_given_again_by_an_outage(short_deposit, down, at):
    due_at = short_deposit.deadline_at
    timers.pause(short_deposit, "DEPOSIT_TOP_UP", at=at + HOUR)
    timers.resume(short_deposit, "DEPOSIT_TOP_UP", at=at + 3 * HOUR)
    down(1, 3, registered=4)
    outages.work(at=at + 4 * HOUR)
    assert require_the_same(short_deposit).due_at == due_at + 2 * HOUR


def test_time_that_lies_outside_of_others(at):
    def hours(*pairs):
        return [(at + begin * HOUR, at + finish * HOUR) for begin, finish in pairs]

    (whole,) = hours((0, 10))
    assert remainder(whole, []) == 10 * HOUR
    assert remainder(whole, hours((2, 4), (3, 5))) == 7 * HOUR
    assert remainder(whole, hours((-5, 2), (8, 20))) == 6 * HOUR
    assert remainder(whole, hours((-5, 20))) == timedelta(0)
    assert remainder(whole, hours((3, 4), (11, 12))) == 9 * HOUR


# Widening


def widen(outage, lead, at, when, began=0.0, ended=None, **words):
    """`widen(outage, lead, at, 5, began=-1, ended=4)`: at hour 5 it turns out to have lasted from hour -1 to 4."""
    return outages.widen(
        outage,
        began_at=at + began * HOUR,
        ended_at=None if ended is None else at + ended * HOUR,
        reason=words.pop("reason", "停电更久"),
        by=words.pop("by", lead),
        at=at + when * HOUR,
        **words,
    )


def test_what_an_outage_newly_covers_counts_backwards_and_nothing_is_given_twice(order, down, lead, at):
    due_at = clock_of(order).due_at
    first = down(1, 2, registered=3)
    outages.work(at=at + 3 * HOUR)
    assert clock_of(order).due_at == due_at + HOUR
    wider = widen(first, lead, at, 5, began=0.5, ended=4)
    outages.work(at=at + 5 * HOUR)
    assert clock_of(order).due_at == due_at + 3.5 * HOUR, "from 0.5 to 4, the hour from 1 to 2 once"
    require_the_same(order)
    assert (wider.widens, wider.registered_by, first.ended_at) == (first, lead, at + 2 * HOUR)
    told = Event.objects.get(root=first.address, name="outage.widened")
    assert (told.by, told.data["instead"]) == (lead, wider.pk)
    assert Event.objects.get(root=wider.address, name="outage.registered").data["widens"] == first.pk


def test_a_clock_that_stands_still_goes_on_standing_under_the_new_entry(order, down, lead, at):
    due_at = clock_of(order).due_at
    first = down(1, None)
    outages.work(at=at + 2 * HOUR)
    wider = widen(first, lead, at, 2, began=0, ended=4)
    outages.work(at=at + 3 * HOUR)
    assert clock_of(order).state == Timer.State.PAUSED
    outages.work(at=at + 4 * HOUR)
    outages.work(at=at + 4 * HOUR)
    assert clock_of(order).due_at == due_at + 4 * HOUR
    require_the_same(order)
    assert not Outage.objects.filter(settled_at=None).exists()
    assert wider.ended_at == at + 4 * HOUR


def test_the_end_that_was_announced_moves_both_ways_but_not_into_the_past(order, down, lead, at):
    due_at = clock_of(order).due_at
    first = down(0, 8)
    outages.work(at=at + HOUR)
    with pytest.raises(Refused, match="outage_gives_back"):
        widen(first, lead, at, 3, ended=2)
    shorter = widen(first, lead, at, 3, ended=4)
    for hour in (4, 4, 5):
        outages.work(at=at + hour * HOUR)
    assert clock_of(order).due_at == due_at + 4 * HOUR
    longer = widen(shorter, lead, at, 5, ended=6)
    for hour in (6, 6):
        outages.work(at=at + hour * HOUR)
    assert clock_of(order).due_at == due_at + 6 * HOUR
    assert longer.widens == shorter


def test_what_was_one_shop_s_turns_out_to_be_the_whole_platform_s(order, down, lead, at):
    due_at = clock_of(order).due_at
    first = down(0, 2, "shop", "another-one", registered=3)
    outages.work(at=at + 3 * HOUR)
    assert clock_of(order).due_at == due_at
    wider = widen(first, lead, at, 4, ended=2, is_whole=True)
    outages.work(at=at + 4 * HOUR)
    assert (wider.scope, wider.target) == ("platform", "")
    assert clock_of(order).due_at == due_at + 2 * HOUR


def test_one_that_has_not_begun_is_changed_as_it_stands(down, lead, at):
    first = down(5, 8, registered=0)
    assert widen(first, lead, at, 1, began=6, ended=7) == first
    first.refresh_from_db()
    assert (first.began_at, first.ended_at, Outage.objects.count()) == (at + 6 * HOUR, at + 7 * HOUR, 1)
    assert Event.objects.filter(root=first.address, name="outage.changed").count() == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"began": 1, "ended": 4}, "outage_gives_back"),
        ({"ended": 1}, "outage_gives_back"),
        ({"ended": -1}, "outage_ends_first"),
        ({"ended": 2}, "nothing_new"),
        ({"ended": 4, "reason": " "}, "reason_missing"),
    ],
)
def test_what_an_outage_has_given_is_never_taken_back(words, code, down, lead, at):
    first = down(0, 2, registered=3)
    with pytest.raises(Refused, match=code):
        widen(first, lead, at, 3, **words)
    assert Outage.objects.count() == 1


def test_only_a_lead_widens_and_only_the_newest_entry(down, lead, buyer, at):
    first = down(0, 2, registered=3)
    with pytest.raises(Refused, match="leads_only"):
        widen(first, lead, at, 3, ended=4, by=buyer)
    widen(first, lead, at, 3, ended=4)
    with pytest.raises(Refused, match="widened_already"):
        widen(first, lead, at, 3, ended=5)
