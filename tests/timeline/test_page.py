"""The page of a verb: written in one go, never read stale, thrown away with a refusal."""

import pytest
from django.db import transaction

from orders import escrow
from shops.models import Deposit
from shops.states import DepositState
from tests.queries import recorded
from timeline import door, page, spans, timers
from timeline.models import Event, Timer
from timeline.refusals import Refused

pytestmark = pytest.mark.django_db


def names(address):
    return list(Event.objects.filter(subject=address).order_by("seq").values_list("name", flat=True))


def test_a_verb_writes_state_clock_and_events_in_one_round_trip(deposit, at):
    @page.verb
    def fall_short():
        door.lock(deposit)
        door.note(deposit, "deposit.drawn", by=None, at=at)
        door.enter(deposit, DepositState.SHORT, by=None, at=at, span=spans.working_days(3))

    with recorded() as asked:
        fall_short()
    written = [text for text in asked if not text.startswith("SELECT")]
    assert len(written) == 1, written
    assert Deposit.objects.get().state == DepositState.SHORT
    assert Timer.objects.filter(state="running").count() == 1
    assert names(deposit.address)[-2:] == ["deposit.drawn", "deposit.short"]


def test_what_is_read_inside_a_verb_is_never_older_than_what_it_wrote(deposit, at):
    @page.verb
    def look():
        door.lock(deposit)
        door.enter(deposit, DepositState.SHORT, by=None, at=at, span=spans.working_days(3))
        return Deposit.objects.get().state, Event.objects.filter(name="deposit.short").count()

    assert look() == (DepositState.SHORT, 1)


def test_a_refused_verb_leaves_nothing_behind(deposit, at):
    @page.verb
    def refuse():
        door.lock(deposit)
        door.enter(deposit, DepositState.SHORT, by=None, at=at, span=spans.working_days(3))
        raise Refused("not_now", "Not now.")

    with pytest.raises(Refused):
        refuse()
    assert Deposit.objects.get().state == DepositState.ACTIVE
    assert not Timer.objects.exists()


def test_a_part_that_is_refused_takes_only_its_own_writing_with_it(deposit, at):
    def refused_part():
        with page.part():
            door.note(deposit, "deposit.within", by=None, at=at)
            raise Refused("not_now", "Not now.")

    @page.verb
    def go_on():
        door.lock(deposit)
        door.note(deposit, "deposit.before", by=None, at=at)
        with pytest.raises(Refused):
            refused_part()
        door.note(deposit, "deposit.after", by=None, at=at)

    go_on()
    assert names(deposit.address)[-2:] == ["deposit.before", "deposit.after"]


def test_two_changes_of_one_row_become_one(deposit, at):
    @page.verb
    def twice():
        door.lock(deposit)
        door.enter(deposit, DepositState.SHORT, by=None, at=at, span=spans.working_days(3))
        door.rearm(deposit, at, at=at)

    with recorded() as asked:
        twice()
    assert sum(text.count('update "shops_deposit"') for text in asked) == 1
    assert Deposit.objects.get().deadline_at == at
    assert list(Timer.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "running"]


def test_nothing_to_set_is_nothing_to_do(deposit, at):
    @page.verb
    def leave_it():
        door.lock(deposit)
        page.change(deposit)

    with recorded() as asked:
        leave_it()
    assert all(text.startswith("SELECT") for text in asked)


def test_outside_of_a_verb_everything_is_written_at_once(deposit, at):
    with transaction.atomic():
        door.lock(deposit)
        door.note(deposit, "deposit.drawn", by=None, at=at)
        with recorded() as asked:
            assert Event.objects.filter(name="deposit.drawn").exists()
        assert len(asked) == 1


def test_a_verb_locks_and_reads_a_thing_once(deposit, at):
    @page.verb
    def ask_twice():
        door.lock(deposit)
        with recorded() as asked:
            door.lock(deposit)
        return asked

    assert ask_twice() == []


@pytest.mark.breaks_books
def test_what_waits_is_sent_before_units_are_read_by_a_prepared_statement(placed_order):
    @page.verb
    def touched():
        door.lock(placed_order)
        unit = escrow.units_of(placed_order)[0]
        door.change(unit, commission=7)
        return escrow.units_of(placed_order)[0].commission

    assert touched() == 7


def test_clocks_that_a_verb_ends_are_one_statement_and_one_that_it_started_is_written_as_ended(deposit, at):
    start = {"root": deposit.root_address, "subject": deposit.address, "span": spans.hours(3), "at": at}
    timers.start(limit="FIRST", **start)
    timers.start(limit="SECOND", **start)

    @page.verb
    def end():
        door.lock(deposit)
        timers.cancel(deposit.address, "FIRST", at=at)
        timers.start(limit="FIRST", **start)
        timers.cancel(deposit.address, "SECOND", at=at)
        timers.start(limit="THIRD", **start)
        timers.cancel(deposit.address, "THIRD", at=at)

    with recorded() as asked:
        end()
    [written] = [text for text in asked if "timeline_timer" in text and not text.startswith("SELECT")]
    assert written.count("update timeline_timer") == 1
    clocks = Timer.objects.filter(subject=deposit.address).order_by("limit", "pk").values_list("limit", "state")
    assert list(clocks) == [
        ("FIRST", "cancelled"),
        ("FIRST", "running"),
        ("SECOND", "cancelled"),
        ("THIRD", "cancelled"),
    ]
