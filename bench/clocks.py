"""Clocks: many running, many due at once, drained by the ordinary sweep or by one Celery task per clock."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.clients import Crew
from bench.house import ROOT
from bench.report import Table, median

#: Sweeps side by side, as the mall's worker runs them.
WORKERS = 2
#: What a clock that only runs does not have.
UNTOLD = {"ended_at", "next_reminder_at"}
#: So many shops share the orders whose clocks are due.
SHOPS = 8


@dataclass(frozen=True)
class Size:
    """How many clocks run, how many are due at once (for the sweep, and for a task each), and how long the normal
    load lasts."""

    running: int
    due: int
    as_tasks: int
    normal_seconds: float
    normal_per_second: float = 5.0


def measure(size: Size, tell: Callable[[str], None]) -> dict[str, Any]:
    """Empty sweeps, a drain in both ways with the proof that nothing was missed or doubled, and lateness."""
    found: dict[str, Any] = {"running": size.running, "workers": WORKERS, "empty_sweep": []}
    started = time.monotonic()
    originals = due_originals()
    table = Table("an empty sweep", ["running timers", "median ms"])
    there = 0
    for wanted in (0, size.running // 10, size.running):
        run_timers(there, wanted)
        there = wanted
        row = {"running": wanted, "ms": round(empty_sweep(), 3)}
        found["empty_sweep"].append(row)
        table.row(f"{wanted:,}", row["ms"])
    tell(str(table))
    ways = Table(f"draining what is due of {size.running:,} clocks", ["", "due", "per second", "missed", "doubled"])
    found["drained"] = {}
    for name, drain, due in (("sweep", by_sweep, size.due), ("one task per clock", by_tasks, size.as_tasks)):
        orders = make_due(originals, due)
        took = drain(orders)
        proof = verify(orders)
        row = {"due": due, "per_second": round(due / took, 1), "seconds": round(took, 2), **proof}
        found["drained"][name] = row
        ways.row(name, f"{due:,}", row["per_second"], row["missed"], row["doubled"])
        if row["missed"] or row["doubled"]:
            raise AssertionError(f"{name}: {row}")
    both = found["drained"]
    found["times_as_fast"] = round(both["sweep"]["per_second"] / both["one task per clock"]["per_second"], 2)
    tell(f"{ways}\nthe sweep is {found['times_as_fast']} times as fast")
    found["lateness"] = lateness(originals, size)
    tell(f"lateness in normal load: {found['lateness']}")
    found["seconds"] = round(time.monotonic() - started, 1)
    return found


def due_originals() -> list[Any]:
    """One delivered order in each of some shops, four days old: its inspection is over."""
    from bench import copies, verbs

    found = []
    for _ in range(SHOPS):
        scene = verbs.open_scene(ago=timedelta(days=4))
        verbs.stock_up(scene, 1)
        order = verbs.buy(scene, verbs.rich_buyer(scene))
        found.append(copies.original_of(verbs.fresh(order)))
    # The originals themselves are no part of the measurement.
    from timeline import clock
    from timeline.sweep import sweep

    while sweep(at=clock.now(), most=1_000).fired:
        pass
    return found


def run_timers(there: int, wanted: int) -> None:
    """Clocks that run for a month: rows like any other, of things that nobody asks for or is reminded of."""
    from django.db import connections

    from timeline.models import Timer

    own = {"id", "root", "subject", "due_at", "state"}
    columns = [each.column for each in Timer._meta.local_concrete_fields if each.column not in own]
    with connections["owner"].cursor() as cursor:
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join("null" if name in UNTOLD else f't."{name}"' for name in columns)
        cursor.execute(
            f"insert into timeline_timer (root, subject, due_at, state, {names})"
            " select 'order:' || (900000000 + n), 'order:' || (900000000 + n),"
            f" now() + interval '30 days' + n * interval '1 second', 'running', {values}"
            " from (select * from timeline_timer where state = 'fired' order by id limit 1) t,"
            " generate_series(%s, %s) n",
            [there + 1, wanted],
        )
        assert cursor.rowcount == wanted - there
        cursor.execute("vacuum analyze timeline_timer")


def empty_sweep() -> float:
    """The median of a sweep that finds nothing, in milliseconds."""
    from timeline import clock
    from timeline.sweep import sweep

    at, times = clock.now(), []
    for _ in range(60):
        before = time.monotonic()
        swept = sweep(at=at)
        times.append((time.monotonic() - before) * 1000)
        assert not swept.fired
    return median(times[10:])


def make_due(originals: list[Any], count: int) -> list[int]:
    """`count` delivered orders whose inspection is over."""
    from django.db import connections

    from bench import copies

    with connections["owner"].cursor() as cursor:
        made = copies.make(originals, count, cursor.cursor)
        for table in ("timeline_timer", "timeline_event", "orders_order", "orders_unit", "ledger_account"):
            cursor.execute(f"vacuum analyze {table}")
    return made.orders


def by_sweep(orders: list[int]) -> float:
    """The ordinary sweep in as many processes as the mall's worker has."""
    with Crew(WORKERS) as crew:
        crew.call("bench.clocks:get_warm", clients=WORKERS)
        return crew.run("bench.clocks:sweeping", clients=WORKERS, seconds=3_600).seconds


def get_warm(number: int) -> None:
    """A worker of the mall has been running for a while: the first clock of a process pays for what is made once."""
    from timeline import clock
    from timeline.sweep import fire

    for pk in _due_by_the_verbs(3):
        assert fire(pk, at=clock.now())


def _due_by_the_verbs(count: int) -> list[int]:
    """Clocks of so many orders of a shop of their own that are due and not counted."""
    from bench import verbs
    from timeline.models import Timer

    scene = verbs.open_scene(ago=timedelta(days=4))
    verbs.stock_up(scene, count)
    roots = [verbs.buy(scene, verbs.rich_buyer(scene)).address for _ in range(count)]
    return list(
        Timer.objects.live().filter(root__in=roots, limit="INSPECT").order_by("pk").values_list("pk", flat=True)
    )


def sweeping(number: int) -> Callable[[], None]:
    """One sweep after the other until nothing is due."""
    from bench.clients import OutOfWork
    from timeline import clock
    from timeline.sweep import sweep

    def operation() -> None:
        swept = sweep(at=clock.now())
        if swept.failed:
            raise RuntimeError(f"{swept.failed} clocks failed")
        if not swept.fired and not swept.passed:
            raise OutOfWork

    return operation


def by_tasks(orders: list[int]) -> float:
    """One Celery task per clock, by a real worker over a real Redis, doing the same."""
    from bench.tasks import fire_one
    from timeline.models import Timer

    roots = [f"order:{pk}" for pk in orders]
    ids = list(Timer.objects.filter(root__in=roots, state="running").order_by("due_at").values_list("pk", flat=True))
    with celery("worker", "--concurrency", str(WORKERS), "--queues", "bench"):
        for pk in _due_by_the_verbs(4 * WORKERS):
            fire_one.delay(pk)
        _wait_until_eaten()  # the worker is there, and warm like the sweep
        began = time.monotonic()
        for pk in ids:
            fire_one.delay(pk)
        while Timer.objects.filter(pk__in=ids[-500:], state="running").exists() or _any_left(ids):
            time.sleep(0.02)
        return time.monotonic() - began


def _any_left(ids: list[int]) -> bool:
    from timeline.models import Timer

    return Timer.objects.filter(pk__in=ids, state="running").exists()


def _wait_until_eaten(seconds: float = 60) -> None:
    import redis

    queue = redis.Redis.from_url(os.environ["REDIS_URL"])
    until = time.monotonic() + seconds
    while queue.llen("bench") or queue.hlen("unacked"):
        if time.monotonic() > until:
            raise RuntimeError("The Celery worker did not start.")
        time.sleep(0.05)


@contextmanager
def celery(*words: str) -> Iterator[None]:
    """A process of Celery with the mall's own application."""
    command = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "--app", "kamen.worker", *words]
    log = (_home() / f"celery-{words[0]}.log").open("ab")
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ})
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _home() -> Any:
    from pathlib import Path

    return Path(os.environ["KAMEN_BENCH_HOME"])


def verify(orders: list[int]) -> dict[str, int]:
    """Each order's clock fired once, with one event and one release, and its escrow is empty."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select count(*) filter (where state <> 'completed' or fired = 0 or held <> 0),"
            "       count(*) filter (where fired > 1 or released > 1)"
            "  from (select o.state,"
            "   (select count(*) from timeline_event e"
            "     where e.root = 'order:' || o.id and e.name = 'order.clock_fired') fired,"
            "   (select balance from ledger_account a where a.address = 'order:' || o.id || ':escrow') held,"
            "   (select count(*) from ledger_posting p join ledger_account a on a.id = p.account_id"
            "      join ledger_transfer t on t.id = p.transfer_id"
            "     where a.address = 'order:' || o.id || ':escrow' and t.reason = 'release') released"
            "  from orders_order o where o.id = any(%s)) x",
            [orders],
        )
        missed, doubled = cursor.fetchone()
    return {"missed": missed, "doubled": doubled}


def lateness(originals: list[Any], size: Size) -> dict[str, float]:
    """How late clocks fire that become due one after the other, with the mall's own worker and beat."""
    from timeline import clock
    from timeline.models import Timer

    count = max(1, int(size.normal_seconds * size.normal_per_second))
    orders = make_due(originals, count)
    _move(orders, clock.now() + timedelta(days=1), timedelta(0))
    step = timedelta(seconds=1 / size.normal_per_second)
    roots = [f"order:{pk}" for pk in orders]
    mine = Timer.objects.filter(root__in=roots, limit="INSPECT", state="running").order_by("pk")
    late: list[float] = []
    schedule = str(_home() / "beat-schedule")
    beat = celery("beat", "--schedule", schedule, "--pidfile", "")
    with _worker("clocks"), _worker("celery"), _worker("long"), beat:
        _wait_for_sweeps()
        _move(orders, clock.now() + timedelta(seconds=1), step)
        waiting = dict(mine.values_list("pk", "due_at"))
        until = time.monotonic() + size.normal_seconds + 60
        while waiting and time.monotonic() < until:
            fired = Timer.objects.filter(pk__in=list(waiting), state="fired").values_list("pk", flat=True)
            seen, now = list(fired.order_by("pk")), clock.now()
            late += [(now - waiting.pop(pk)).total_seconds() for pk in seen]
            time.sleep(0.05)
    if waiting:
        raise AssertionError(f"{len(waiting)} of {count} clocks did not fire")
    late.sort()
    return {
        "clocks": count,
        "p50_s": round(median(late), 2),
        "p99_s": round(late[min(len(late) - 1, len(late) * 99 // 100)], 2),
        "max_s": round(late[-1], 2),
    }


def _worker(queue: str) -> Any:
    """A worker of one queue, as the mall has three."""
    return celery("worker", "--concurrency", str(WORKERS), "--queues", queue, "--hostname", f"{queue}@%h")


def _wait_for_sweeps(seconds: float = 90) -> None:
    """Until the mall's own worker and beat have swept twice."""
    from timeline import clock
    from timeline.models import Heartbeat

    began, until = clock.now() + timedelta(seconds=2), time.monotonic() + seconds
    while not Heartbeat.objects.filter(at__gt=began).exists():
        if time.monotonic() > until:
            raise RuntimeError("The mall's worker and beat did not start; see celery-worker.log.")
        time.sleep(0.1)


def _move(orders: list[int], begin: Any, step: timedelta) -> None:
    """Let the clocks of these orders end one after the other."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        for place, pk in enumerate(orders):
            due, root = begin + place * step, f"order:{pk}"
            cursor.execute("update orders_order set deadline_at = %s where id = %s", [due, pk])
            cursor.execute("update orders_unit set inspection_ends_at = %s where order_id = %s", [due, pk])
            cursor.execute("update timeline_timer set due_at = %s where root = %s and state = 'running'", [due, root])
