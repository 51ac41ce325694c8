"""How often each verb of the mall asks the database, noted for every call of a test run: the usual count has a limit.

A verb locks, reads, decides and sends what it changes in one page, so it should ask about a dozen times at most,
whatever it does (docs/benchmarks.md, "Verbs"). `tests/stories/test_how_often_verbs_ask.py` counts the verbs of the
main job exactly; this plugin watches all others while the tests use them. Counted are the calls that succeed, each
with what it calls of other verbs, without savepoints. The middle of a verb's calls must be within `MOST`: tests also
call it for thirty units, for a mall in trouble or for the first time in a process, which asks a little more. Only a run
of most tests judges, for a few tests may be about the hard cases. `BUSY` names the verbs that may ask more often.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median
from typing import Any

import pytest
from django.db import connection

from tests.queries import BOOKKEEPING
from timeline import page

MOST = 12
#: A verb that the whole run called less often than this has no usual count; so many tests are a whole run, and by so
#: much the middle may be moved by what a process asks once.
FEWEST, WHOLE_RUN, SLACK = 3, 2_000, 1
#: Verbs that do several things at once and usually ask more often, with how often they may. None is of the main job.
BUSY = {
    "privacy.files.put_away": 60,  # a year's texts of every kind, each kind by itself
    "privacy.lifecycle.agree": 22,  # what can be erased of a person, in every room
    "privacy.lifecycle.refuse": 22,  # what must stay of a person, asked of every room
    "reputation.alarms.join": 28,  # a holder's claim from the recall, judged and paid at once
    "reputation.alarms.lift": 22,  # a batch, its cards and its units go on, and what was held is free again
    "refunds.contests.overturn": 14,  # makes the shop whole and takes back what is still owed
    "reputation.alarms.raise_alarm": 18,  # a batch, its cards, its units, and a claim for each holder
    "shops.applications.approve": 20,  # opens the shop with all that hangs on it, once in its life
    "ledger.outside._book": 20,  # money that a bank took back: case, payout, debt and credit note at once
    "refunds.replacing.bad_again": 17,  # judges the case anew and pays it
    "complaints.lifecycle.open_case": 16,  # the complaint and the case of ours that it becomes
    "shops.withdrawals.withdraw": 16,  # what is free is read afresh under the lock: exposure, debts, the day's sum
    "refunds.outages.weigh": 15,  # judges a case anew by an outage that was registered after it, and pays it
    "disputes.lifecycle.withdraw": 13,  # the dispute and its claim
    "disputes.lifecycle.rule": 14,  # twelve where a senior is free who did not judge the same two sides of late
    "disputes.questions.answer": 13,  # the answer is a piece of evidence with its seal
}

#: The counts of each verb's calls in this process.
counts: dict[str, list[int]] = defaultdict(list)


def install() -> None:
    """Count what each verb of this process asks from now on."""
    opened = page._opened

    def counted() -> AbstractContextManager[page.Page]:
        verb = sys._getframe(1).f_locals["function"]
        return _counted(f"{verb.__module__}.{verb.__qualname__}", opened)

    setattr(page, "_opened", counted)  # noqa: B010 - the page knows a context of another kind there


@contextmanager
def _counted(name: str, opened: Callable[[], AbstractContextManager[page.Page]]) -> Iterator[page.Page]:
    asked = 0

    def count(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal asked
        asked += not str(sql).startswith(BOOKKEEPING)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count), opened() as found:
        yield found
    counts[name].append(asked)


def usual() -> dict[str, float]:
    """The middle count of each verb that was called often enough."""
    return {name: median(numbers) for name, numbers in sorted(counts.items()) if len(numbers) >= FEWEST}


def too_many() -> dict[str, float]:
    """Verbs that usually ask more often than they may."""
    return {name: number for name, number in usual().items() if number > BUSY.get(name, MOST) + SLACK}


# The plugin


def pytest_configure() -> None:
    """Every process of the run counts."""
    install()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of the run is done: take over what it counted."""
    for name, numbers in getattr(node, "workeroutput", {}).get("asking", {}).items():
        counts[name].extend(numbers)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the run what it counted; the run judges the counts of all."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["asking"] = dict(counts)
    elif too_many() and session.exitstatus == 0 and session.testscollected >= WHOLE_RUN:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many verbs were counted, and which ask too often."""
    found = too_many()
    for name, number in found.items():
        most = BUSY.get(name, MOST)
        terminalreporter.write_line(f"{name} usually asks {number:g} times here, {most} are the most.", red=True)
    if counts and not found:
        within = sum(number <= MOST for number in usual().values())
        terminalreporter.write_line(f"Verbs: {within} usually ask {MOST} times at most, {len(usual()) - within} more.")
