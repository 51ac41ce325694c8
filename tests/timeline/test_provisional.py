"""Clocks that were counted before the holiday notice of a year was known, and what becomes of them when it appears."""

from datetime import date, datetime, timedelta

import chinese_calendar
import pytest

from shops.models import Deposit
from tests.factories import ShopFactory
from timeline import reminders, spans, timers, upkeep
from timeline.models import Event, Timer
from timeline.spans import SHANGHAI
from timeline.sweep import fire, sweep

#: A Wednesday: three working days to top up a deposit, into a year without a notice in the calendar.
BEGINS = datetime(2030, 12, 30, 9, tzinfo=SHANGHAI)


@pytest.fixture
def short_at_the_turn_of_the_year(db) -> Deposit:
    """A deposit that fell short two days before a year of which nobody knows the holidays."""
    deposit: Deposit = ShopFactory(short=True, at=BEGINS).deposit
    timer = clock_of(deposit)
    assert timer.is_provisional
    assert deposit.deadline_at == timer.due_at == datetime(2031, 1, 3, tzinfo=SHANGHAI)
    return deposit


@pytest.fixture
def notice(monkeypatch):
    """A new version of the calendar knows the years up to 2031: `notice(holidays=[…], workdays=[…])`."""

    def appears(holidays=(), workdays=()):
        known = chinese_calendar.constants
        monkeypatch.setitem(known.holidays, date(2031, 10, 1), "National Day")
        for day in holidays:
            monkeypatch.setitem(known.holidays, day, "New Year's Day")
        for day in workdays:
            monkeypatch.setitem(known.workdays, day, "New Year's Day")

    return appears


def clock_of(deposit) -> Timer:
    return Timer.objects.live().get(subject=deposit.address)


def test_while_no_notice_has_appeared_nothing_moves(short_at_the_turn_of_the_year):
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=1)) == 0
    assert clock_of(short_at_the_turn_of_the_year).is_provisional


def test_holidays_of_the_notice_give_the_party_more_time(short_at_the_turn_of_the_year, notice):
    deposit, was = short_at_the_turn_of_the_year, short_at_the_turn_of_the_year.deadline_at
    notice(holidays=[date(2031, 1, 1), date(2031, 1, 2)])
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=1)) == 1
    deposit.refresh_from_db()
    timer = clock_of(deposit)
    assert timer.due_at == timer.next_try_at == deposit.deadline_at == datetime(2031, 1, 7, tzinfo=SHANGHAI)
    assert not timer.is_provisional
    told = Event.objects.get(subject=deposit.address, name="deposit.clock_recomputed")
    assert told.data["limit"] == "DEPOSIT_TOP_UP"
    assert told.data["was_due_at"] == was.isoformat()
    assert told.data["due_at"] == timer.due_at.isoformat()
    assert not fire(timer.pk, at=was), "at its old end nothing happens any more"
    assert sweep(at=timer.due_at).fired == 1


def test_a_notice_that_would_take_time_away_takes_none(short_at_the_turn_of_the_year, notice):
    deposit, was = short_at_the_turn_of_the_year, short_at_the_turn_of_the_year.deadline_at
    timer = clock_of(deposit)
    longer = was + timedelta(days=5)  # as if it had been promised when more days were thought to be free
    Timer.objects.filter(pk=timer.pk).update(due_at=longer, next_try_at=longer)
    Deposit.objects.filter(pk=deposit.pk).update(deadline_at=longer)
    notice()
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=1)) == 0
    timer.refresh_from_db()
    assert (timer.due_at, timer.is_provisional) == (longer, False)
    assert not Event.objects.filter(name="deposit.clock_recomputed").exists()


def test_what_was_reminded_stays_and_what_comes_is_counted_from_the_new_end(short_at_the_turn_of_the_year, notice):
    timer = clock_of(short_at_the_turn_of_the_year)
    assert timer.next_reminder_at is not None
    assert reminders.remind(at=timer.next_reminder_at) == 1
    notice(holidays=[date(2031, 1, 1), date(2031, 1, 2)])
    upkeep.recompute_provisional(at=BEGINS + timedelta(days=2))
    timer.refresh_from_db()
    assert timer.reminded == 1
    assert timer.next_reminder_at is not None
    assert BEGINS + timedelta(days=2) < timer.next_reminder_at < timer.due_at


def test_a_clock_that_stood_still_keeps_what_it_was_given(short_at_the_turn_of_the_year, notice):
    deposit = short_at_the_turn_of_the_year
    timers.pause(deposit, "DEPOSIT_TOP_UP", at=BEGINS + timedelta(hours=1))
    timers.resume(deposit, "DEPOSIT_TOP_UP", at=BEGINS + timedelta(hours=25))
    notice(holidays=[date(2031, 1, 1)])
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=2)) == 1
    pauses = [(BEGINS + timedelta(hours=1), BEGINS + timedelta(hours=25))]
    assert clock_of(deposit).due_at == spans.deadline(spans.working_days(3), BEGINS, pauses)


def test_a_clock_whose_time_is_over_fires_as_it_was_promised(short_at_the_turn_of_the_year, notice):
    deposit = short_at_the_turn_of_the_year
    notice(holidays=[date(2031, 1, 1), date(2031, 1, 2)])
    assert upkeep.recompute_provisional(at=deposit.deadline_at) == 0
    assert fire(clock_of(deposit).pk, at=deposit.deadline_at)


def test_looking_twice_moves_nothing_twice(short_at_the_turn_of_the_year, notice):
    notice(holidays=[date(2031, 1, 1)])
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=1)) == 1
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=1)) == 0


@pytest.mark.breaks_books  # a clock that belongs to nothing
def test_one_clock_that_cannot_be_counted_anew_does_not_block_the_others(short_at_the_turn_of_the_year, notice, caplog):
    broken = ShopFactory(short=True, at=BEGINS - timedelta(hours=1)).deposit
    Timer.objects.live().filter(subject=broken.address).update(subject="deposit:999999")
    notice(holidays=[date(2031, 1, 1)])
    assert upkeep.recompute_provisional(at=BEGINS + timedelta(days=1)) == 1
    assert "recompute of" in caplog.text
