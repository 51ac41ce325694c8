"""Proofs outside of pytest: PostgreSQL of the run's own, and processes that each have a database of their own in it."""

import multiprocessing
import os
import queue
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kamen.settings.test")

#: (number of the process, of how many, what to do, where to tell) → nothing
Work = Callable[[int, int, Any, Any], None]


def set_up() -> None:
    """Make this process a strict Django, as the tests are."""
    import django

    django.setup()
    from tests.strictness import be_strict

    be_strict()


@contextmanager
def own_servers() -> Iterator[None]:
    """The run's own PostgreSQL, unless DATABASE_URL names one."""
    from django.conf import settings

    from kamen.servers import Servers

    if "postgres" not in settings.OWN_SERVERS:
        yield
        return
    servers = Servers(settings.TEST_HOME, durable=False, parts={"postgres"})
    servers.start()
    try:
        yield
    finally:
        servers.stop()
        shutil.rmtree((settings.TEST_HOME / "postgres").resolve(), ignore_errors=True)
        shutil.rmtree(settings.TEST_HOME, ignore_errors=True)


def divide(work: Work, job: Any, *, processes: int, heard: Callable[[Any], bool]) -> bool:
    """Let `processes` do the work side by side; `heard` gets what they tell and says whether to go on.

    Returns whether all of them came to their end.
    """
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    workers = [context.Process(target=_live, args=(work, number, processes, job, told)) for number in range(processes)]
    for worker in workers:
        worker.start()
    goes_on = True
    while goes_on:
        try:
            goes_on = heard(told.get(timeout=0.5))
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                break
    for worker in workers:
        if not goes_on:
            worker.terminate()
        worker.join()
    return goes_on and all(worker.exitcode == 0 for worker in workers)


def say(line: str) -> None:
    """Tell the person at the keyboard."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _live(work: Work, number: int, processes: int, job: Any, told: Any) -> None:
    set_up()
    from tests.database import test_database

    with test_database(f"proof{number}"):
        work(number, processes, job, told)
