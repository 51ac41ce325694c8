from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError, ProgrammingError

from rulebook import clocks
from shops.models import Deposit
from shops.states import DepositState
from timeline import door, events
from timeline.models import Event, Timer


def test_entering_a_state_writes_state_clock_and_event_together(deposit, seller, at):
    with transaction.atomic():
        door.lock(deposit)
        door.enter(
            deposit,
            DepositState.CLOSING,
            by=seller,
            at=at,
            span=clocks.span("DEPOSIT_QUIET", at=at),
            data={"why": "老了"},
        )
    stored = Deposit.objects.get()
    timer = Timer.objects.get(subject=deposit.address, state="running")
    event = Event.objects.filter(subject=deposit.address).latest("seq")
    assert (stored.state, stored.entered_at, stored.deadline_at) == ("closing", at, timer.due_at)
    assert (timer.limit, timer.kind, timer.amount) == ("DEPOSIT_QUIET", "days", 90)
    assert (event.name, event.state_before, event.state_after, event.by) == (
        "deposit.closing",
        "active",
        "closing",
        seller,
    )
    assert (event.root, event.data) == (f"shop:{deposit.shop_id}", {"why": "老了"})


def test_leaving_a_state_ends_its_clock(short_deposit, at):
    with transaction.atomic():
        door.lock(short_deposit)
        door.enter(short_deposit, DepositState.ACTIVE, by=None, at=at)
    assert Timer.objects.get(limit="DEPOSIT_TOP_UP").state == "cancelled"
    assert Deposit.objects.get().deadline_at is None


def test_a_step_that_the_machine_does_not_know_is_our_own_fault(deposit, at):
    with pytest.raises(ValueError, match="cannot go from active to returned"), transaction.atomic():
        door.enter(deposit, DepositState.RETURNED, by=None, at=at)


def test_a_state_with_a_clock_needs_a_span_and_one_without_takes_none(deposit, at):
    with pytest.raises(ValueError, match="needs a span"), transaction.atomic():
        door.enter(deposit, DepositState.SHORT, by=None, at=at)
    deposit.refresh_from_db()
    assert deposit.state == DepositState.ACTIVE
    assert not Timer.objects.exists()


def test_a_thing_that_somebody_else_moved_is_not_moved_again(deposit, at):
    stale = Deposit.objects.get()
    with transaction.atomic():
        door.lock(deposit)
        door.enter(deposit, DepositState.SHORT, by=None, at=at, span=clocks.span("DEPOSIT_TOP_UP", at=at))
    with pytest.raises(RuntimeError, match="without their lock"), transaction.atomic():
        door.enter(stale, DepositState.SHORT, by=None, at=at, span=clocks.span("SUSPEND", at=at))


@pytest.mark.django_db(transaction=True)
def test_a_verb_without_a_transaction_is_refused(deposit):
    with pytest.raises(RuntimeError, match="one transaction"):
        door.lock(deposit)


def test_the_database_knows_no_other_states(deposit):
    with pytest.raises(IntegrityError, match="shops_deposit_state"), transaction.atomic():
        Deposit.objects.filter(pk=deposit.pk).update(state="half-open")


def test_events_of_a_root_are_a_chain(deposit, at):
    chain = list(events.stream(deposit.root_address))
    assert [event.seq for event in chain] == list(range(1, len(chain) + 1))
    assert [bytes(event.prev) for event in chain] == [b"", *(bytes(event.hash) for event in chain[:-1])]
    assert events.broken_chains() == []


@pytest.mark.parametrize(
    "statement", ["update timeline_event set body = '{}'", "delete from timeline_event", "truncate timeline_event"]
)
def test_the_application_can_neither_change_nor_remove_an_event(deposit, statement):
    with pytest.raises((InternalError, ProgrammingError), match="append-only|permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.exists()


def test_the_writer_of_an_event_cannot_choose_its_place_or_hash(deposit, at):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into timeline_event (root, seq, subject, name, state_before, state_after, at, body, prev, hash)"
            " values (%s, 1, 'x:1', 'x.y', '', '', %s, '{}', 'forged', 'forged')",
            [deposit.root_address, at],
        )
    assert events.broken_chains() == []


@pytest.mark.breaks_books
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("update timeline_event set body = '{\"amount\":1}' where name = 'deposit.paid_in'", "do not match"),
        ("delete from timeline_event where seq = 2", "gap"),
        ("update timeline_event set prev = 'x' where seq = 3", "not linked"),
    ],
)
def test_a_hand_in_the_history_is_found(deposit, as_owner, harm, fault):
    with as_owner() as cursor:
        cursor.execute("alter table timeline_event disable trigger user")
        cursor.execute(harm)
    found = events.broken_chains()
    assert found
    assert fault in found[0][2]


def test_the_hash_of_an_event_has_not_changed_its_form(db, at):
    """Golden: whoever holds an old bundle can still verify it, Chinese and emoji included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select encode(sha256(convert_to(timeline_event_text(row(1, 'order:41', 7, 'refund:12', 'refund.accepted',"
            " 'requested', 'approved', '2026-11-22T01:02:03.456789Z'::timestamptz, '{\"说\":\"好的 👍\"}', ''::bytea,"
            " ''::bytea, 3)::timeline_event), 'UTF8')), 'hex')"
        )
        assert cursor.fetchone()[0] == GOLDEN


def test_time_in_the_mall_is_the_database_time_plus_the_offset(at):
    from timeline import clock

    later = clock.advance(timedelta(hours=48))
    assert timedelta(hours=48) <= later - at < timedelta(hours=48, minutes=1)


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (timedelta(0), "clock_only_forward"),
        (timedelta(hours=-1), "clock_only_forward"),
        (timedelta(days=401), "clock_too_far"),
    ],
)
def test_the_mall_s_time_only_goes_forward_and_not_too_far(db, by, code):
    from timeline import clock

    before = clock.now()
    with pytest.raises(door.Refused) as refusal:
        clock.advance(by)
    assert refusal.value.code == code
    assert clock.now() - before < timedelta(minutes=1)


GOLDEN = "207ab4b44dc25dd49162f0e616da7a469d5aad0fc8c9f9924e8bb25bbc5c7353"
