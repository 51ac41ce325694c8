"""The page of a verb: written in one go, never read stale, thrown away with a refusal."""

import pytest
from django.db import connection, transaction

from orders import escrow
from shops.models import Deposit
from shops.states import DepositState
from tests.queries import recorded
from timeline import door, page, prepared, spans, statements, timers
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


def test_clocks_that_a_verb_ends_go_in_one_round_trip_and_one_that_it_started_is_written_as_ended(deposit, at):
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
    assert written.count("update timeline_timer") == 2
    clocks = Timer.objects.filter(subject=deposit.address).order_by("limit", "pk").values_list("limit", "state")
    assert list(clocks) == [
        ("FIRST", "cancelled"),
        ("FIRST", "running"),
        ("SECOND", "cancelled"),
        ("THIRD", "cancelled"),
    ]


def calls_of(text):
    """How often this connection has called a statement that it keeps, and under how many names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(generic_plans + custom_plans), 0), count(*) from pg_prepared_statements"
            " where statement like %s",
            [f"prepare % as {text}%"],
        )
        return tuple(map(int, cursor.fetchone()))


def test_a_connection_prepares_what_verbs_send_once_and_then_calls_it(deposit, at):
    @page.verb
    def tell(name):
        door.lock(deposit)
        door.note(deposit, f"deposit.{name}", by=None, at=at)

    text = 'insert into "timeline_event" ("root", "seq"'
    tell("first")
    before, kinds = calls_of(text)
    tell("second")
    tell("third")
    assert calls_of(text) == (before + 2, kinds)
    assert names(deposit.address)[-3:] == ["deposit.first", "deposit.second", "deposit.third"]


def clocks(count, at):
    """So many clocks, stored in one verb."""
    begun = [
        Timer(root="x:1", subject=f"x:{number}", limit="X", kind="minutes", started_at=at, due_at=at, next_try_at=at)
        for number in range(count)
    ]
    for number, timer in enumerate(begun):
        timer.amount = number

    @page.verb
    def store():
        page.insert(begun)

    store()
    return list(Timer.objects.filter(root="x:1").order_by("amount"))


@pytest.mark.breaks_books
@pytest.mark.parametrize("count", [1, statements.FEW, statements.FEW + 1])
def test_few_rows_and_many_are_written_alike(count, at):
    found = clocks(count, at)

    @page.verb
    def end():
        for timer in found:
            page.change(timer, before=("state", "running"), state="fired", ended_at=at, last_error=f"{timer.pk} % 's")

    with recorded() as asked:
        end()
    assert len(asked) == 1
    stored = list(Timer.objects.filter(root="x:1").order_by("amount").values_list("amount", "state", "last_error"))
    assert stored == [(number, "fired", f"{timer.pk} % 's") for number, timer in enumerate(found)]


@pytest.mark.breaks_books
@pytest.mark.parametrize("count", [2, statements.FEW + 1])
def test_one_row_that_was_moved_without_its_lock_fails_the_whole_verb(count, at):
    found = clocks(count, at)
    Timer.objects.filter(pk=found[-1].pk).update(state="cancelled", ended_at=at)

    @page.verb
    def end():
        for timer in found:
            page.change(timer, before=("state", "running"), state="fired", ended_at=at)

    with pytest.raises(RuntimeError, match="1 of . rows of timeline_timer were moved without their lock"), page.part():
        end()
    assert not Timer.objects.filter(root="x:1", state="fired").exists()


def test_a_call_says_again_which_kind_of_array_a_value_is_and_a_percent_sign_stays_one():
    text = prepared.Kept("select %s::text[], %s, 7 %% 4")
    assert prepared._numbered(text) == "select $1::text[], $2, 7 % 4"
    assert prepared._places(text) == "(%s::text[], %s)"
    with connection.cursor() as cursor:
        for given in ([], ["a", None]):
            prepared.execute(cursor, [prepared.Kept("select %s::text[], 7 %% 4")], [given])
            assert cursor.fetchone() == (given, 3)
