"""The sweep under stress: killed between any two statements, shared by many, and never slower for what is not due."""

import contextlib
import json
import os
import signal
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.urls import reverse

from kamen import books
from ledger.models import Transfer
from notifications import inbox
from notifications.models import Notification
from orders.models import Order
from shops.models import Deposit
from shops.states import DEPOSIT, DepositState
from tests.database import as_owner_of
from tests.factories import ShopFactory
from tests.races import race
from timeline import outages, reminders, sweep, upkeep
from timeline.models import Event, Timer
from timeline.refusals import Refused

LATER = timedelta(seconds=61)


# Killed


def killed_at(step, call, *, at):
    """Run `call` in a process of its own that is killed before its `step`-th word to the database; was it?

    Commits are words, too: there is a death before each and one after it.
    """
    inherited = connections["default"].connection
    child = os.fork()
    if child:
        _pid, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    try:  # the child: never returns, and never says good-bye on the connection it has inherited
        connections["default"].connection = None
        connections["default"].in_atomic_block = False
        connections["default"].savepoint_ids = []
        left = [step]

        def live_on():
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def watched(execute, sql, params, many, context):
            live_on()
            return execute(sql, params, many, context)

        commit = connection.commit

        def commit_or_die():
            live_on()
            commit()
            live_on()

        connection.ensure_connection()
        connection.commit = commit_or_die  # type: ignore[method-assign]
        with connection.execute_wrapper(watched):
            call(at=at)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must not see a second pytest
        os._exit(1)
    finally:
        assert inherited


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_any_two_statements_loses_and_doubles_nothing(order):
    """INSPECT ends: the escrow of three units goes to the shop, the order is completed, its next clock starts."""
    before, moment = Transfer.objects.count(), order.deadline_at
    deaths = 0
    while killed_at(deaths + 1, sweep.sweep, at=moment):
        deaths += 1
        moment += LATER  # whoever comes next finds the lease of the dead worker over
        is_done = Order.objects.get(pk=order.pk).state != "delivered"
        fired = Event.objects.filter(name="order.clock_fired", subject=order.address).count()
        assert fired == (1 if is_done else 0)
        assert (Transfer.objects.count() > before) is is_done
        if is_done:
            break
    assert deaths > 6, "hardly anything was tried"
    sweep.sweep(at=moment + LATER)
    assert Order.objects.get(pk=order.pk).state == "completed"
    assert Event.objects.filter(name="order.clock_fired", subject=order.address).count() == 1
    assert Transfer.objects.filter(reason="release").count() == 3
    assert [each.rule for each in books.violations() if "overdue" not in each.rule] == []


@pytest.mark.django_db(transaction=True)
def test_a_reminder_is_written_once_however_often_its_writer_dies(order):
    moment = Timer.objects.get(subject=order.address, state="running").next_reminder_at
    assert moment is not None
    deaths = 0
    while killed_at(deaths + 1, reminders.remind, at=moment) and deaths < 60:
        deaths += 1
    reminders.remind(at=moment)
    assert deaths > 4
    assert Event.objects.filter(name="order.clock_reminded").count() == 1


# Shared


@pytest.mark.django_db(transaction=True)
def test_many_sweeps_share_the_work_and_fire_each_clock_once(at, monkeypatch):
    monkeypatch.setattr(sweep, "LEASED", 3)
    for _number in range(12):
        ShopFactory(short=True, at=at - timedelta(days=30))
    swept = race(*[lambda: sweep.sweep(at=at)] * 4, timeout=60)
    assert sum(each.fired for each in swept) == 12
    assert sum(each.passed + each.failed for each in swept) == 0, "they fought for the same clocks"
    assert Event.objects.filter(name="deposit.clock_fired").count() == 12


def test_what_one_sweep_has_taken_on_another_leaves_alone_for_half_a_minute(short_deposit):
    due_at = short_deposit.deadline_at
    (taken,) = sweep.lease(50, at=due_at)
    assert sweep.lease(50, at=due_at + timedelta(seconds=29)) == {}
    assert list(sweep.lease(50, at=due_at + timedelta(seconds=30))) == [taken]


def test_a_person_does_not_wait_for_a_lease(short_deposit):
    sweep.lease(50, at=short_deposit.deadline_at)
    assert sweep.fire_overdue(short_deposit.root_address, at=short_deposit.deadline_at) == 1
    assert Deposit.objects.get().state == DepositState.SUSPENDED


def test_after_an_hour_without_beat_everything_fires_once(short_deposit):
    late = short_deposit.deadline_at + timedelta(hours=1)
    assert sweep.sweep(at=late).fired == 1
    assert sweep.sweep(at=late).fired == 0


# Given up


@pytest.fixture
def given_up(short_deposit, monkeypatch):
    """A clock whose verb failed until it was given up; the fault is repaired now."""
    lapse = DEPOSIT.expired.function
    moment = short_deposit.deadline_at
    with monkeypatch.context() as broken:
        broken.setitem(DEPOSIT.expired.__dict__, "function", _fails)
        for _try in range(sweep.MOST_TRIES):
            sweep.sweep(at=moment)
            moment = Timer.objects.get(limit="DEPOSIT_TOP_UP").next_try_at
    assert DEPOSIT.expired.function is lapse
    timer = Timer.objects.get(limit="DEPOSIT_TOP_UP")
    assert timer.state == Timer.State.STUCK
    return timer


def _fails(*_words, **_more):
    raise ArithmeticError("the verb is broken")


def test_a_lead_lets_a_clock_run_on_that_was_given_up(given_up, lead):
    moment = given_up.next_try_at
    upkeep.try_again(given_up, reason="repaired", by=lead, at=moment)
    told = Event.objects.get(name="deposit.clock_tried_again")
    assert (told.by, told.data["reason"], told.data["limit"]) == (lead, "repaired", "DEPOSIT_TOP_UP")
    assert sweep.sweep(at=moment).fired == 1
    assert Deposit.objects.get().state == DepositState.SUSPENDED


@pytest.mark.breaks_books
def test_leads_are_told_of_a_clock_that_was_given_up_once(given_up, lead, seller):
    told = Event.objects.get(name="deposit.clock_stuck")
    assert (told.subject, told.by) == (given_up.subject, None)
    assert told.data == {"limit": "DEPOSIT_TOP_UP", "tries": sweep.MOST_TRIES}, "what failed stays on the leads' page"
    inbox.catch_up(at=given_up.next_try_at)
    (notice,) = Notification.objects.filter(code="clock.stuck")
    assert (notice.user, notice.url) == (lead, reverse("clocks:stuck"))


@pytest.mark.breaks_books
def test_a_thing_of_which_nothing_can_be_noted_does_not_stop_the_sweep(short_deposit, monkeypatch, caplog):
    monkeypatch.setitem(DEPOSIT.expired.__dict__, "function", _fails)
    monkeypatch.setattr(sweep, "note_stuck", _fails)
    moment = short_deposit.deadline_at
    for _try in range(sweep.MOST_TRIES):
        assert sweep.sweep(at=moment).failed == 1
        moment = Timer.objects.get(limit="DEPOSIT_TOP_UP").next_try_at
    assert Timer.objects.get(limit="DEPOSIT_TOP_UP").state == Timer.State.STUCK
    assert "its history cannot say so" in caplog.text


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    ("who", "reason", "code"), [("arbiter", "x", "leads_only_clocks"), ("lead", " ", "reason_missing")]
)
def test_only_a_lead_with_a_reason_lets_it_run_on(given_up, request, at, who, reason, code):
    with pytest.raises(Refused) as refusal:
        upkeep.try_again(given_up, reason=reason, by=request.getfixturevalue(who), at=at)
    assert refusal.value.code == code
    assert Timer.objects.get(pk=given_up.pk).state == Timer.State.STUCK


def test_a_clock_that_runs_is_not_tried_again(short_deposit, lead, at):
    with pytest.raises(Refused, match="clock_not_stuck"):
        upkeep.try_again(Timer.objects.get(state="running"), reason="x", by=lead, at=at)


# Cheap


def plans(call):
    """The plans of everything that `call` asks, as PostgreSQL would run it with its indexes."""
    found = []

    def explain(execute, sql, params, many, context):
        with contextlib.suppress(Exception), connection.cursor() as cursor:
            if sql.lstrip().lower().startswith(("select", "update")):
                cursor.cursor.execute(f"explain (analyze, buffers, format json) {sql}", params)
                found.append(cursor.cursor.fetchone()[0][0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        call()
    return [json.loads(plan) if isinstance(plan, str) else plan for plan in found]


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def vacuum(table):
    """What other tests rolled back still lies in the table and its indexes; it is no part of the question here."""
    with as_owner_of(connection.settings_dict["NAME"], autocommit=True) as cursor:
        cursor.execute(f"vacuum {table}")


def run_clocks(many, at):
    with connection.cursor() as cursor:
        cursor.execute(
            'insert into timeline_timer (root, subject, "limit", kind, amount, state, started_at, due_at,'
            " is_provisional, tries, next_try_at, last_error, next_reminder_at)"
            " select 'shop:0', 'deposit:' || -n, 'X', 'minutes', 60, 'running', %s, %s, false, 0, %s, '', %s"
            " from generate_series(1, %s) n",
            [at, at + timedelta(hours=9), at + timedelta(hours=9), at + timedelta(hours=4), many],
        )
        cursor.execute("analyze timeline_timer")


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    "look",
    [sweep.sweep, reminders.remind, outages.work, upkeep.end_long_pauses, upkeep.recompute_provisional],
    ids=["sweep", "remind", "outages", "pauses", "provisional"],
)
def test_looking_for_what_is_due_costs_the_same_however_many_clocks_run(db, at, look):
    vacuum("timeline_timer")
    run_clocks(100, at)
    few = plans(lambda: look(at=at))
    with connection.cursor() as cursor:
        cursor.execute("update timeline_timer set state = 'cancelled', ended_at = due_at")
    run_clocks(20_000, at)
    many = plans(lambda: look(at=at))
    assert len(few) == len(many) == 1
    scanned = [node for node in nodes(many[0]["Plan"]) if node["Node Type"] == "Seq Scan"]
    assert [node for node in scanned if node["Relation Name"] == "timeline_timer"] == []
    touched = many[0]["Plan"]["Shared Hit Blocks"] + many[0]["Plan"]["Shared Read Blocks"]
    # To look at each of the 20,000 would take some four hundred pages.
    assert touched < 30, f"{touched} pages were read to find nothing: {many[0]['Plan']}"
