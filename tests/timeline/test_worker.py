"""Nothing is lost: real workers and beats, killed and flushed, against this test's own database.

They get a Redis of their own, so that FLUSHALL hurts nobody else. Clocks are due because the shops opened long ago.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import connection, transaction

from kamen.servers import ServerDied, Servers, redis_url
from kamen.settings.base import broker
from notifications import inbox
from shops.models import Deposit, Shop
from shops.states import DepositState
from tests.database import database_address
from tests.factories import ShopFactory
from timeline import clock, runs
from timeline.models import Event, Heartbeat, Timer
from timeline.sweep import fire_overdue

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

LONG_AGO = timedelta(days=30)


def test_a_due_clock_fires_by_itself(mall, at):
    mall.run(workers=1, beats=1)
    shop = overdue_shop(at)
    eventually(lambda: is_suspended(shop))
    require_each_clock_fired_once([shop])


def test_a_worker_waits_for_all_regular_work_and_notes_what_ended_well(mall, at):
    mall.run(workers=0, beats=0)  # what it waits for it says when it begins
    mall.run(workers=1, beats=1)
    seen = Heartbeat.objects.values_list("at", flat=True)
    eventually(lambda: seen.filter(name="privacy.retain").exists())
    eventually(lambda: seen.get(name="notifications.catch_up") > seen.get(name="privacy.retain"))
    assert set(Heartbeat.objects.values_list("name", flat=True)) >= set(runs.longest())


def test_after_redis_was_flushed_the_next_sweep_finds_what_is_due(mall, at):
    mall.run(workers=1, beats=1)
    first = overdue_shop(at)
    eventually(lambda: is_suspended(first))  # all of them live and have spoken with Redis
    with transaction.atomic():
        second = overdue_shop(at)
        mall.redis.flushall()
    mall.redis.flushall()
    eventually(lambda: is_suspended(second))
    require_each_clock_fired_once([first, second])


def test_wake_up_calls_that_were_lost_before_anybody_heard_them_are_not_missed(mall, at):
    mall.run(workers=0, beats=0)
    shop = overdue_shop(at)
    for _call in range(3):
        mall.call_sweep()
    assert mall.redis.llen("celery") >= 3
    mall.redis.flushall()
    mall.run(workers=1, beats=1)
    eventually(lambda: is_suspended(shop))
    require_each_clock_fired_once([shop])


def test_a_worker_killed_in_the_middle_of_a_sweep_loses_and_doubles_nothing(mall, at):
    mall.run(workers=0, beats=0)
    shops = [overdue_shop(at), overdue_shop(at), overdue_shop(at)]
    mall.run(workers=1, beats=1)
    with transaction.atomic():
        held = Shop.objects.select_for_update(of=("self",)).get(pk=middle(shops).pk)
        mall.wait_until_a_sweep_waits_for_a_lock()
        mall.kill_workers()
        assert Timer.objects.get(root=held.address).state == Timer.State.RUNNING
    mall.run(workers=1, beats=1)
    eventually(lambda: all(map(is_suspended, shops)))
    require_each_clock_fired_once(shops)


def test_clocks_wait_neither_for_what_takes_long_nor_for_somebody_outside(mall, at):
    """A worker that only fires clocks does so while all other work piles up: nobody takes that here."""
    mall.run(workers=0, beats=1)
    eventually(lambda: mall.redis.llen("long") and mall.redis.llen("celery"))
    mall.run(workers=1, beats=1, queues="clocks")
    shop = overdue_shop(at)
    eventually(lambda: is_suspended(shop))
    assert mall.redis.llen("long")
    assert mall.redis.llen("celery")
    mall.run(workers=0, beats=0)
    mall.run(workers=1, beats=0)
    eventually(lambda: not mall.redis.llen("long") and not mall.redis.llen("celery"))  # told nothing, it takes all


def test_two_workers_and_two_beats_fire_each_clock_once(mall, at):
    mall.run(workers=2, beats=2)
    mall.wait_until_all_live()
    shops = [overdue_shop(at) for _number in range(12)]
    for _call in range(8):
        mall.call_sweep()
    eventually(lambda: all(map(is_suspended, shops)))
    for _call in range(4):
        mall.call_sweep()
    eventually(lambda: mall.redis.llen("celery") == 0)
    require_each_clock_fired_once(shops)


def test_after_an_hour_without_beat_everything_that_ended_meanwhile_acts_once(mall, at):
    mall.run(workers=1, beats=0)
    shops = [short_shop(ends_at=at + timedelta(minutes=minutes)) for minutes in (5, 30, 59)]
    still = short_shop(ends_at=at + timedelta(hours=3))
    clock.advance(timedelta(hours=1))
    assert not any(map(is_suspended, shops)), "nobody calls the worker"
    mall.run(workers=1, beats=1)
    eventually(lambda: all(map(is_suspended, shops)))
    require_each_clock_fired_once(shops)
    assert not is_suspended(still)
    inbox.reach_people(clock.now())


def test_without_any_worker_whoever_comes_to_the_shop_fires_what_is_overdue(at):
    shop = overdue_shop(at)
    assert fire_overdue(shop.address, at=at) == 1
    assert is_suspended(shop)
    assert fire_overdue(shop.address, at=at) == 0
    require_each_clock_fired_once([shop])


def overdue_shop(at) -> Shop:
    """A shop whose time to top up its deposit ended long ago, and nobody has noticed."""
    shop: Shop = ShopFactory(short=True, at=at - LONG_AGO)
    return shop


def short_shop(*, ends_at) -> Shop:
    """A shop whose time to top up its deposit ends at `ends_at`."""
    shop: Shop = ShopFactory(short=True, at=ends_at - LONG_AGO)
    Timer.objects.live().filter(root=shop.address).update(due_at=ends_at, next_try_at=ends_at)
    Deposit.objects.filter(shop=shop).update(deadline_at=ends_at)
    return shop


def middle(shops) -> Shop:
    """The one whose clock a sweep reaches second: neither the first nor the last."""
    subjects = [f"deposit:{shop.deposit.pk}" for shop in shops]
    second = Timer.objects.filter(subject__in=subjects).order_by("due_at", "pk").values_list("root", flat=True)[1]
    return next(shop for shop in shops if shop.address == second)


def is_suspended(shop: Shop) -> bool:
    return Deposit.objects.filter(shop=shop, state=DepositState.SUSPENDED).exists()


def require_each_clock_fired_once(shops) -> None:
    """Per shop: one fired clock, one event of it, one step to suspended, one new clock."""
    for shop in shops:
        events = Event.objects.filter(root=shop.address)
        timers = Timer.objects.filter(root=shop.address)
        assert timers.filter(limit="DEPOSIT_TOP_UP", state=Timer.State.FIRED).count() == 1
        assert events.filter(name="deposit.clock_fired").count() == 1
        assert events.filter(state_after=DepositState.SUSPENDED).count() == 1
        assert list(timers.live().values_list("limit", flat=True)) == ["SUSPEND"]


def eventually(true: Callable[[], bool], *, within: float = 60) -> None:
    """Wait until it is true; fail with what the processes said if it never is."""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"It did not happen within {within:.0f} s. {Mall.said()}")
        time.sleep(0.05)


def _blocks_somebody(cursor) -> bool:
    """Whether another session waits for what the cursor's session holds."""
    cursor.execute(
        "select exists(select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
    )
    return bool(cursor.fetchone()[0])


@dataclass
class Mall:
    """Workers and beats as processes of their own."""

    home: Path
    redis: redis.Redis
    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    beats: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0
    _schedules: list[str] = field(default_factory=list)

    #: The log of every process that was started.
    logs = []  # type: ignore[var-annotated]

    def run(self, *, workers: int, beats: int, queues: str = "") -> None:
        """Start or stop until there are so many; workers that are started take these queues, or all."""
        worker = ["worker", "--concurrency", "1", "--without-gossip", "--without-mingle"]
        for living, wanted, words in (
            (self.workers, workers, [*worker, "--queues", queues] if queues else worker),
            (self.beats, beats, ["beat", "--pidfile", ""]),
        ):
            while len(living) > wanted:
                self._kill(living.pop(), signal.SIGTERM)
            while len(living) < wanted:
                living.append(self._start(words))

    def kill_workers(self) -> None:
        """What a power cut does to every worker."""
        while self.workers:
            self._kill(self.workers.pop(), signal.SIGKILL)

    def call_sweep(self) -> None:
        """One more wake-up call, from outside."""
        with Celery(broker=broker(self.address), set_as_current=False) as caller:
            caller.send_task("timeline.sweep", ignore_result=True)

    def wait_until_a_sweep_waits_for_a_lock(self) -> None:
        """Until another session on this database waits for a row that this test holds."""

        with connection.cursor() as cursor:
            eventually(lambda: _blocks_somebody(cursor))

    def wait_until_all_live(self) -> None:
        """Until every worker answers and every beat has written its schedule."""
        with Celery(broker=broker(self.address), set_as_current=False) as caller:
            eventually(lambda: len(caller.control.ping(timeout=0.5) or []) == len(self.workers))
        eventually(lambda: all(any(self.home.glob(f"{beat}*")) for beat in self._schedules))

    @classmethod
    def said(cls) -> str:
        """The last lines of every process."""
        return "\n".join(f"{log.name}:\n{log.read_text()[-1500:]}" for log in cls.logs if log.exists())

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        self.started += 1
        log = self.home / f"{words[0]}-{self.started}.log"
        Mall.logs.append(log)
        if words[0] == "beat":
            self._schedules.append(f"schedule-{self.started}")
            words = [*words, "--schedule", str(self.home / self._schedules[-1])]
        else:
            words = [*words, "--hostname", f"worker{self.started}@%h"]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kamen.settings.test",
            "DATABASE_URL": database_address(),
            "REDIS_URL": self.address,
        }
        command = [sys.executable, "-m", "celery", "--quiet", "--app", "kamen.worker", *words]
        with log.open("wb") as output:
            return subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    @staticmethod
    def _kill(process: subprocess.Popen[bytes], sign: signal.Signals) -> None:
        """End a process with its children: they are a session of their own."""
        os.killpg(process.pid, sign) if sign == signal.SIGKILL else process.send_signal(sign)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def all_malls(tmp_path_factory) -> Iterator[Mall]:
    """The processes of this module: a test takes over what the one before left running."""
    home = tmp_path_factory.mktemp("worker")
    servers = Servers(home / "redis", durable=False, parts={"redis"})
    try:
        servers.start()
    except ServerDied as error:
        pytest.skip(str(error))
    mall = Mall(home, redis.Redis.from_url(redis_url(servers.home)), redis_url(servers.home))
    try:
        yield mall
    finally:
        for process in [*mall.workers, *mall.beats]:
            mall._kill(process, signal.SIGKILL)
        mall.redis.close()
        servers.stop()


@pytest.fixture
def mall(all_malls, at) -> Mall:
    """The mall of processes, with an empty Redis."""
    Mall.logs.clear()
    return all_malls
