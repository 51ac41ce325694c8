"""Races: calls that really happen at the same time, each on a connection of its own."""

import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connection, connections


def race(*calls: Callable[[], Any], timeout: float = 15) -> list[Any]:
    """Start all `calls` at the same instant and return what each returned or raised, in their order.

    The rows they race for must be committed: the test is marked `django_db(transaction=True)`. A race that is not over
    after `timeout` seconds fails with where everybody stands, and their sessions are ended, so that nothing hangs.
    """
    if connection.in_atomic_block:
        raise AssertionError("Nobody else sees the rows of this test: mark it django_db(transaction=True).")
    start = threading.Barrier(len(calls))
    runners = [Runner(call, start) for call in calls]
    for runner in runners:
        runner.start()
    until = time.monotonic() + timeout
    for runner in runners:
        runner.join(max(0, until - time.monotonic()))
    late = [runner for runner in runners if runner.is_alive()]
    if late:
        report = "\n\n".join(runner.where() for runner in late)
        _end_sessions([runner.backend for runner in late])
        for runner in late:
            runner.join(5)
        raise AssertionError(f"{len(late)} of {len(runners)} calls were not over after {timeout} s:\n\n{report}")
    return [runner.outcome for runner in runners]


def won(outcomes: list[Any]) -> list[Any]:
    """What the calls returned that raised nothing."""
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def lost(outcomes: list[Any]) -> list[BaseException]:
    """What the calls raised that did not return."""
    return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]


class Runner(threading.Thread):
    """One call of a race."""

    def __init__(self, call: Callable[[], Any], start: threading.Barrier) -> None:
        super().__init__(name=getattr(call, "__name__", "call"), daemon=True)
        self.call = call
        self.barrier = start
        self.outcome: Any = None
        self.backend = 0

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:  # connected before the start, so that all begin together
                cursor.execute("select pg_backend_pid()")
                self.backend = cursor.fetchone()[0]
            self.barrier.wait(10)
            self.outcome = self.call()
        except BaseException as error:  # noqa: BLE001 - what a call raises is an outcome
            self.outcome = error
        finally:
            connections.close_all()

    def where(self) -> str:
        """Where this call stands, in Python and in the database."""
        frame = sys._current_frames().get(self.ident or 0)
        stack = "".join(traceback.format_stack(frame)[-6:]) if frame else "  (just ended)\n"
        with connection.cursor() as cursor:
            cursor.execute(
                "select state, wait_event_type, wait_event, pg_blocking_pids(pid)::text, query"
                "  from pg_stat_activity where pid = %s",
                [self.backend],
            )
            return f"{self.name} (session {self.backend}): {cursor.fetchone()}\n{stack}"


def _end_sessions(backends: list[int]) -> None:
    with connection.cursor() as cursor:
        for backend in filter(None, backends):
            cursor.execute("select pg_terminate_backend(%s)", [backend])
