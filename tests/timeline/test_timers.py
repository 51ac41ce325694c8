from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from shops import lifecycle
from shops.models import Deposit
from shops.states import DEPOSIT, DepositState
from timeline import door, spans, timers
from timeline.models import Event, Timer
from timeline.sweep import MOST_TRIES, fire, fire_overdue, sweep

#: The version Kamen ships with.
RULES = "default-cn 2026.11.0"


def test_at_its_deadline_a_clock_calls_the_verb_with_nobody_as_the_actor(short_deposit):
    due_at = short_deposit.deadline_at
    assert sweep(at=due_at).fired == 1
    short_deposit.refresh_from_db()
    assert short_deposit.state == DepositState.SUSPENDED
    fired = Event.objects.get(name="deposit.clock_fired")
    assert fired.by is None
    assert fired.data == {
        "due_at": due_at.isoformat(),
        "limit": "DEPOSIT_TOP_UP",
        "span": "3 working days",
        "rulebook": RULES,
    }


def test_a_moment_before_its_deadline_nothing_happens(short_deposit):
    early = short_deposit.deadline_at - timedelta(microseconds=1)
    assert sweep(at=early).fired == 0
    assert not fire(Timer.objects.get(state="running").pk, at=early)
    assert Deposit.objects.get().state == DepositState.SHORT


def test_a_second_sweep_finds_nothing_left_to_do(short_deposit):
    due_at = short_deposit.deadline_at
    sweep(at=due_at)
    assert sweep(at=due_at).fired == 0
    assert Event.objects.filter(name="deposit.suspended").count() == 1


def test_who_answers_in_time_stops_the_clock(short_deposit, seller, at):
    timer = Timer.objects.get(state="running")
    lifecycle.pay_in(short_deposit, amount=100_000, channel="sandbox", by=seller, at=at, key="in-time")
    assert not fire(timer.pk, at=timer.due_at)
    assert Deposit.objects.get().state == DepositState.ACTIVE


def test_a_paused_clock_keeps_what_was_left(short_deposit, at):
    due_at = short_deposit.deadline_at
    timers.pause(short_deposit, "DEPOSIT_TOP_UP", at=at)
    assert Deposit.objects.get().deadline_at is None
    assert sweep(at=due_at + timedelta(days=30)).fired == 0
    resumed = timers.resume(short_deposit, "DEPOSIT_TOP_UP", at=at + timedelta(days=5))
    assert resumed == due_at + timedelta(days=5)
    assert Deposit.objects.get().deadline_at == resumed


def test_a_clock_that_was_stopped_shortly_before_its_end_runs_at_least_twelve_hours_more(short_deposit):
    almost = short_deposit.deadline_at - timedelta(minutes=1)
    timers.pause(short_deposit, "DEPOSIT_TOP_UP", at=almost)
    assert timers.resume(short_deposit, "DEPOSIT_TOP_UP", at=almost) == almost + timedelta(hours=12)


def test_a_clock_that_is_over_cannot_be_paused_any_more(short_deposit):
    with pytest.raises(LookupError, match="no running clock"):
        timers.pause(short_deposit, "DEPOSIT_TOP_UP", at=short_deposit.deadline_at)


def test_a_thing_has_one_live_clock_of_a_name(short_deposit, at):
    with pytest.raises(IntegrityError, match="one_live"), transaction.atomic():
        timers.start(root="shop:1", subject=short_deposit.address, limit="DEPOSIT_TOP_UP", span=spans.hours(1), at=at)


def test_the_database_knows_no_clock_that_fired_early(short_deposit, at):
    with pytest.raises(IntegrityError, match="never_early"), transaction.atomic():
        Timer.objects.filter(state="running").update(state="fired", ended_at=at)


def test_whoever_acts_first_fires_what_is_overdue(short_deposit):
    assert fire_overdue(short_deposit.root_address, at=short_deposit.deadline_at) == 1
    assert Deposit.objects.get().state == DepositState.SUSPENDED


@pytest.fixture
def stubborn(monkeypatch):
    """A verb that fails for deposits of the shop `xinghe` only."""
    lapse = DEPOSIT.expired.function
    assert lapse is not None

    def fail(thing, *, limit, at):
        if thing.shop.slug == "xinghe":
            raise ZeroDivisionError("the verb is broken")
        lapse(thing, limit=limit, at=at)

    monkeypatch.setattr(DEPOSIT.expired, "function", fail)


def test_one_failing_subject_never_blocks_the_rest(short_deposit, stranger, at, stubborn):
    other = lifecycle.open_shop(owner=stranger, name="乙", slug="yi", required=10_000, at=at)
    lifecycle.pay_in(other.deposit, amount=10_000, channel="sandbox", by=stranger, at=at, key="yi")
    lifecycle.set_required(other.deposit, required=20_000, at=at)
    swept = sweep(at=short_deposit.deadline_at)
    assert (swept.fired, swept.failed) == (1, 1)
    assert Timer.objects.get(state="running", subject=short_deposit.address).last_error == (
        "ZeroDivisionError: the verb is broken"
    )
    assert Deposit.objects.get(shop=other).state == DepositState.SUSPENDED
    assert not Event.objects.filter(subject=short_deposit.address, name="deposit.clock_fired").exists()


@pytest.mark.breaks_books  # a clock that was given up is reported by check_books until somebody looks
def test_a_clock_that_keeps_failing_waits_longer_and_is_given_up_with_an_alarm(short_deposit, stubborn, caplog):
    at = short_deposit.deadline_at
    for _ in range(MOST_TRIES):
        assert sweep(at=at).failed == 1
        assert sweep(at=at).failed == 0, "it waits before it is tried again"
        at = Timer.objects.get(subject=short_deposit.address, limit="DEPOSIT_TOP_UP").next_try_at
    assert Timer.objects.get(limit="DEPOSIT_TOP_UP").state == "stuck"
    assert [record.levelname for record in caplog.records].count("CRITICAL") == 1


def test_a_clock_that_follows_parts_is_set_anew_without_a_change_of_state(short_deposit, at):
    with transaction.atomic():
        door.lock(short_deposit)
        door.rearm(short_deposit, at + timedelta(hours=5), at=at)
    assert Deposit.objects.get().deadline_at == at + timedelta(hours=5)
    assert sweep(at=at + timedelta(hours=5)).fired == 1


def test_a_clock_whose_parts_all_stand_still_stands_still(short_deposit, at):
    with transaction.atomic():
        door.lock(short_deposit)
        door.rearm(short_deposit, None, at=at)
    assert Deposit.objects.get().deadline_at is None
    assert sweep(at=at + timedelta(days=365)).fired == 0


def test_an_empty_sweep_costs_one_query_however_many_clocks_run(short_deposit, django_assert_num_queries, at):
    with django_assert_num_queries(1):
        sweep(at=at)
