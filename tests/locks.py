"""In which order locks are taken, noted for every transaction of a test run: the union must have no circle.

Two transactions can wait for each other for ever only if somewhere one takes X before Y and another takes Y before X.
So each run of the tests draws a graph: an arrow from what a transaction holds to what it waits for next, by class of
thing. A circle in it is a deadlock that has not happened yet; the test that closes it fails with the statements of it.

What is noted: `select … for (no key) update | share`, `update` of a root, advisory locks that wait, the payout brake,
and the accounts that `ledger_post` and `ledger_lock` lock, by their line of the chart. What is not: rows that are only
written while the lock of their root is held (units, cases, clocks, an order's escrow), for whoever wants them waits at
the root; rows that this transaction has made itself, for nobody else sees them; and locks that never wait (`skip
locked`, `pg_try_…`).

The graph of one process is checked after each test, the union of all processes at the end of the run (tests/conftest.py
loads this as a plugin). docs/proof.md shows it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

#: The roots by their tables, in the order in which one transaction may lock them (house rule 4).
ROOTS = {
    "ledger_payment": "payment",
    "accounts_user": "user",
    "shops_shop": "shop",
    "orders_order": "order",
    "shops_payee": "payee",
    "rulebook_version": "rulebook",
}
#: The one order: whoever holds something to the right never waits for something further left. Accounts come last.
ORDER = ["payment", "user", "shop", "order", "cards", "timers", "brake", "accounts"]
#: Other tables that have a place in the order.
OTHERS = {"shops_card": "cards", "timeline_timer": "timers", "ledger_brake": "brake", "ledger_payoutbrake": "brake"}

LOCKING = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b", re.IGNORECASE)
LOCKED_TABLE = re.compile(r"\bOF\s+\"?(\w+)\"?", re.IGNORECASE)
FROM_TABLE = re.compile(r"\bFROM\s+\"?(\w+)\"?", re.IGNORECASE)
UPDATED_TABLE = re.compile(r"^\s*UPDATE\s+\"?(\w+)\"?", re.IGNORECASE)
INSERTED_TABLE = re.compile(r"^\s*INSERT\s+INTO\s+\"?(\w+)\"?", re.IGNORECASE)
UPDATED_BY_PAGE = re.compile(r"^\s*with met as \(update \"?(\w+)\"?", re.IGNORECASE)
WAITING_ADVISORY = re.compile(r"\bpg_advisory_(?:xact_)?lock\b", re.IGNORECASE)
BRAKE = re.compile(r"\bledger_brake_is_raised\b|\bpg_advisory_(?:xact_)?lock_shared\b", re.IGNORECASE)
#: Subjects of transfers that look like accounts: `order:41`, `shop:7`.
NO_ACCOUNT = re.compile(r"(?:user|order|shop):\d+(?::paid)?")
POSTING = re.compile(r"\bledger_(?:post\w*|lock)\(", re.IGNORECASE)
ADDRESS = re.compile(r"(?:channel|user|order|shop|platform):[a-z0-9_]+(?::[a-z_]+)?")

Arrow = tuple[str, str]

#: The ledger's own tests post several times in one transaction on purpose; no verb does.
POSTING_ON_PURPOSE = "tests/ledger/test_transfers.py"
#: Here people's steps, each a transaction of its own in the mall, share one that is rolled back.
STEPS_IN_ONE = "tests/refunds/test_any_order.py"


@dataclass
class Example:
    """Where an arrow was seen first: the test, and the statements that took the two locks."""

    test: str
    held: str
    wanted: str


@dataclass
class Graph:
    """Arrows from what was held to what was wanted next."""

    arrows: dict[Arrow, Example] = field(default_factory=dict)

    def add(self, held: str, wanted: str, example: Example) -> None:
        """Draw an arrow, if it is new."""
        self.arrows.setdefault((held, wanted), example)

    def merge(self, told: Iterable[list[str]]) -> None:
        """Add the arrows of another process."""
        for held, wanted, *example in told:
            self.add(held, wanted, Example(*example))

    def tell(self) -> list[list[str]]:
        """The arrows in plain words, for another process."""
        return [[*arrow, example.test, example.held, example.wanted] for arrow, example in self.arrows.items()]

    def circle(self) -> list[str] | None:
        """One circle, as the classes on it in order; nothing if there is none."""
        after: dict[str, list[str]] = {}
        for held, wanted in sorted(self.arrows):
            after.setdefault(held, []).append(wanted)
        done: set[str] = set()

        def walk(at: str, way: list[str]) -> list[str] | None:
            if at in way:
                return way[way.index(at) :]
            if at in done:
                return None
            for ahead in after.get(at, []):
                if found := walk(ahead, [*way, at]):
                    return found
            done.add(at)
            return None

        return next((found for start in sorted(after) if (found := walk(start, []))), None)

    def against_the_order(self) -> list[Arrow]:
        """Arrows that go from right to left in `ORDER`; classes that have no place in it go anywhere."""
        return [(held, wanted) for held, wanted in sorted(self.arrows) if -1 < _place(wanted) < _place(held)]

    def story(self, circle: list[str]) -> str:
        """The statements of a circle, to be read by whoever broke the order."""
        lines = [f"Locks are taken in a circle: {' → '.join([*circle, circle[0]])}"]
        for held, wanted in zip(circle, [*circle[1:], circle[0]], strict=True):
            example = self.arrows[(held, wanted)]
            lines += [f"  {held} before {wanted} in {example.test}", f"      {example.held}", f"      {example.wanted}"]
        return "\n".join(lines)


@dataclass
class Held:
    """What the transaction of one connection holds: each class with the statement that took it."""

    classes: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """The transaction is over."""
        self.classes.clear()
        self.addresses.clear()
        self.made.clear()

    def a_root(self) -> bool:
        """Whether it holds the lock of a root, or has just made one."""
        return bool(set(ROOTS.values()) & (self.classes.keys() | self.made))


class Recorder:
    """Sees each statement of each connection and draws the graph."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.held: WeakKeyDictionary[BaseDatabaseWrapper, Held] = WeakKeyDictionary()
        self.test = ""
        self.known: set[Arrow] = set()
        self.rests = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        held = self.held.setdefault(context["connection"], Held())
        if not _in_a_transaction(context["connection"]):
            held.forget()
            return execute(sql, params, many, context)
        try:
            return execute(sql, params, many, context)
        finally:
            for statement in str(sql).split(";\n"):  # a page sends several at once (timeline/page.py)
                self.note(statement, params, held)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Draw nothing while many verbs share one transaction that no mall has: when a demo is seeded."""
        self.rests = True
        try:
            yield
        finally:
            self.rests = False

    def note(self, sql: str, params: Any, held: Held) -> None:
        """Draw what one statement adds."""
        if self.rests or self.test.startswith(STEPS_IN_ONE):
            return
        if POSTING.search(sql):
            if self.test.startswith(POSTING_ON_PURPOSE):
                return
            self._note_accounts(sorted(set(_addresses(params))), held)
            return
        if made := INSERTED_TABLE.match(sql):
            held.made.add(class_of(made[1]))
            return
        name, may_wait = locked(sql)
        if name is None or name in held.classes or name in held.made:
            return
        if name not in ROOTS.values() and name != "brake" and held.a_root():
            return  # whoever else wants it waits at the root
        if may_wait:
            for before, by in held.classes.items():
                self.graph.add(before, name, Example(self.test, _short(by), _short(sql)))
        held.classes[name] = sql

    def _note_accounts(self, addresses: list[str], held: Held) -> None:
        """Accounts are locked by address in one call; a later call of the same transaction may want earlier ones."""
        call = f"ledger_post: {', '.join(addresses)}"
        for address in addresses:
            if address in held.addresses or _is_of_the_root(address):
                continue
            line = f"accounts {_line_of(address)}"
            for before, by in held.addresses.items():
                if _line_of(before) != _line_of(address):
                    self.graph.add(f"accounts {_line_of(before)}", line, Example(self.test, by, call))
            for before, by in held.classes.items():
                self.graph.add(before, line, Example(self.test, _short(by), call))
            held.addresses[address] = call


recorder = Recorder()


def install() -> None:
    """Note every statement of this process from now on."""

    def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
        if recorder not in connection.execute_wrappers:
            connection.execute_wrappers.append(recorder)

    connection_created.connect(watch, weak=False, dispatch_uid="tests.locks")
    BaseDatabaseWrapper._commit = _and_forget(BaseDatabaseWrapper._commit)  # type: ignore[attr-defined]
    BaseDatabaseWrapper._rollback = _and_forget(BaseDatabaseWrapper._rollback)  # type: ignore[attr-defined]


def locked(sql: str) -> tuple[str | None, bool]:
    """The class of what a statement locks, and whether it may have to wait for it."""
    if BRAKE.search(sql):
        return "brake", True
    if WAITING_ADVISORY.search(sql):
        return "advisory", True
    if LOCKING.search(sql):
        table = LOCKED_TABLE.search(sql, LOCKING.search(sql).end()) or FROM_TABLE.search(sql)
        return (class_of(table[1]) if table else None), "skip locked" not in sql.lower()
    if updated := UPDATED_TABLE.match(sql) or UPDATED_BY_PAGE.match(sql):
        return class_of(updated[1]), True
    return None, False


def class_of(table: str) -> str:
    """What a table's rows are called in the order of locks."""
    return ROOTS.get(table) or OTHERS.get(table) or table


def _and_forget(original: Any) -> Any:
    def end(self: BaseDatabaseWrapper) -> Any:
        if self in recorder.held:
            recorder.held[self].forget()
        return original(self)

    return end


def _in_a_transaction(connection: BaseDatabaseWrapper) -> bool:
    """Whether a verb's transaction runs; the one that a test is wrapped in does not count."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _is_of_the_root(address: str) -> bool:
    """An order's escrow is only moved while the order is locked."""
    return address.startswith("order:")


def _addresses(params: Any) -> Iterator[str]:
    """Every account in the arguments of a posting."""
    for param in params or ():
        if isinstance(param, list | tuple):
            yield from _addresses(param)
        elif isinstance(param, str) and ADDRESS.fullmatch(param) and not NO_ACCOUNT.fullmatch(param):
            yield param


def _line_of(address: str) -> str:
    """The account's line of the chart: `shop:7:pending` is `shop:…:pending`."""
    return re.sub(r":\d+:", ":…:", address)


def _place(name: str) -> int:
    first = name.split()[0]
    return ORDER.index(first) if first in ORDER else -1


def _short(sql: str, most: int = 200) -> str:
    return " ".join(sql.split())[:most]


# The plugin


def pytest_configure() -> None:
    """Every process of the run notes its locks."""
    install()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What fixtures lock is told under the name of the test that they prepare."""
    recorder.test = item.nodeid
    recorder.known = set(recorder.graph.arrows)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """A test that closes a circle, itself or in its fixtures, fails, whatever else it proves."""
    result = yield
    new = set(recorder.graph.arrows) - recorder.known
    if new and (found := recorder.graph.circle()):
        story = recorder.graph.story(found)
        for arrow in new:
            del recorder.graph.arrows[arrow]  # told once, by the test that closed it
        raise AssertionError(story)
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of the run is done: take over what it noted."""
    recorder.graph.merge(getattr(node, "workeroutput", {}).get("locks", []))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the run what it noted; the run checks the union of all."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["locks"] = recorder.graph.tell()
    elif recorder.graph.circle() and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many arrows there are, and tell the circle if the union of the workers has one."""
    if found := recorder.graph.circle():
        terminalreporter.write_line(recorder.graph.story(found), red=True)
    elif recorder.graph.arrows:
        terminalreporter.write_line(f"Lock order: {len(recorder.graph.arrows)} arrows, no circle.")
