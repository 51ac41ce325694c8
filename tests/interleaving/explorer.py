"""Two verbs at once, statement by statement: every way in which they can take turns, not just the likely ones.

Each verb runs in a thread with a connection of its own. A gate before every statement and every commit lets one of them
through at a time, so that the driver decides who goes on. A schedule says after how many statements the turn changes (a
preemption); two preemptions are enough for nearly every race that was ever found. Whoever waits for a lock is seen to
wait and is passed over, as the database would. All schedules of a pair are few, because most of them meet at the lock.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, connections

#: Before these no turn changes: a transaction's own rows, which nobody else may touch while their root is locked.
QUIET = re.compile(r"savepoint|release|insert into|update \"(?!shops_card|ledger_|accounts_|shops_shop)", re.IGNORECASE)
#: Seconds until a statement that has not come back is looked at, and until the explorer gives up.
GLANCE, PATIENCE = 0.003, 20
TO_THE_END = 10**6


class Contestant:
    """One of the two: a thread with its connection that performs calls, one statement at a time."""

    def __init__(self, name: str, turn: threading.Condition) -> None:
        self.name, self.turn = name, turn
        self.state = "idle"
        self.call: Callable[[], Any] | None = None
        self.outcome: Any = None
        self.backend = 0
        self.statements: list[str] = []
        self.thread = threading.Thread(target=self._live, name=f"contestant {name}", daemon=True)
        self.thread.start()

    def begin(self, call: Callable[[], Any]) -> None:
        """Start a call; it stops before its first statement."""
        with self.turn:
            self.statements, self.outcome, self.call, self.state = [], None, call, "running"
            self.turn.notify_all()

    def leave(self) -> None:
        """End the thread and its connection."""
        with self.turn:
            self.call, self.state = None, "leaving"
            self.turn.notify_all()
        self.thread.join(5)

    def _live(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_backend_pid()")
            self.backend = cursor.fetchone()[0]
        own: Any = connections["default"]
        commit = own._commit

        def gated_commit() -> None:
            self._gate("commit")
            commit()

        own._commit = gated_commit
        try:
            with connection.execute_wrapper(self._before_a_statement):
                while True:
                    with self.turn:
                        self.turn.wait_for(lambda: self.state in {"running", "leaving"})
                        if self.state == "leaving":
                            return
                        call = self.call
                    try:
                        self.outcome = call() if call else None
                    except BaseException as error:  # noqa: BLE001 - what a call raises is an outcome
                        self.outcome = error
                    with self.turn:
                        self.state = "done"
                        self.turn.notify_all()
        finally:
            connections.close_all()

    def _before_a_statement(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self._gate(" ".join(str(sql).split())[:90])
        return execute(sql, params, many, context)

    def _gate(self, statement: str) -> None:
        with self.turn:
            self.statements.append(statement)
            self.state = "waiting"
            self.turn.notify_all()
            self.turn.wait_for(lambda: self.state != "waiting")


@dataclass
class Played:
    """What became of a schedule."""

    outcomes: tuple[Any, Any]
    #: Who made each statement, in the order in which they were let through.
    turns: list[tuple[str, str]] = field(default_factory=list)
    #: How many statements the first, the second, the first … made before the turn changed.
    stretches: list[int] = field(default_factory=list)
    met_each_other: bool = False

    @property
    def trace(self) -> str:
        """The order of turns, to know a schedule that came to the same."""
        return "".join(name for name, _statement in self.turns)


class Explorer:
    """Plays schedules of two calls. Use as a context: it ends its threads."""

    def __init__(self) -> None:
        self.turn = threading.Condition()
        self.pair = (Contestant("A", self.turn), Contestant("B", self.turn))

    def __enter__(self) -> "Explorer":
        return self

    def __exit__(self, *_: object) -> None:
        for contestant in self.pair:
            contestant.leave()

    def play(self, calls: tuple[Callable[[], Any], Callable[[], Any]], first: int, cuts: list[int]) -> Played:
        """`first` begins; after `cuts[0]` statements the other goes on, after `cuts[1]` the first again, and so on."""
        for contestant, call in zip(self.pair, calls, strict=True):
            contestant.begin(call)
            self._until_it_stops(contestant)
        played = Played((None, None))
        active, left, made = first, [*cuts, TO_THE_END, TO_THE_END], 0
        until = time.monotonic() + PATIENCE
        while any(each.state != "done" for each in self.pair):
            if time.monotonic() > until:
                raise AssertionError("The two do not come to an end: " + "\n".join(map(str, played.turns)))
            mine, other = self.pair[active], self.pair[1 - active]
            waits = mine.state == "running"
            if waits or mine.state == "done" or (made >= left[0] and other.state == "waiting"):
                if other.state == "done" or (waits and other.state == "running"):
                    self._until_it_stops(mine, to_the_last=True)  # both wait: the database ends one of them
                    continue
                played.stretches.append(made)
                active, left, made = 1 - active, left[1:] or [TO_THE_END], 0
                continue
            statement = mine.statements[-1]
            played.turns.append((mine.name, statement))
            made += 1
            self._let_through(mine)
            if other.state == "running" and statement.startswith(("commit", "ROLLBACK", "RELEASE")):
                self._until_it_stops(other)  # what it waited for may be free now
            if mine.state == "running":
                played.met_each_other = True
        played.stretches.append(made)
        played.outcomes = (self.pair[0].outcome, self.pair[1].outcome)
        return played

    def _let_through(self, contestant: Contestant) -> None:
        with self.turn:
            contestant.state = "running"
            self.turn.notify_all()
        self._until_it_stops(contestant)

    def _until_it_stops(self, contestant: Contestant, *, to_the_last: bool = False) -> None:
        """Until it stands at the gate again, is done, or waits for a lock (then it counts as running)."""
        until = time.monotonic() + PATIENCE
        while True:
            with self.turn:
                if self.turn.wait_for(lambda: contestant.state != "running", timeout=GLANCE):
                    return
            rival = next(each for each in self.pair if each is not contestant)
            if not to_the_last and _waits_for(contestant.backend, rival.backend):
                return
            if to_the_last and rival.state == "waiting":
                return
            if time.monotonic() > until:
                raise AssertionError(f"{contestant.name} neither waits nor stops: {contestant.statements[-1:]}")


def schedules(
    play: Callable[[int, list[int]], Played], *, seen: set[str] | None = None
) -> Iterator[tuple[int, list[int], Played]]:
    """Every schedule of a pair with at most two preemptions, without those that come to the same; played one by one."""
    known = seen if seen is not None else set()
    for first in (0, 1):
        alone = play(first, [])
        yield first, [], alone
        for stop in _stops(alone.turns[: alone.stretches[0]]):
            once = play(first, [stop])
            if once.trace not in known:
                known.add(once.trace)
                yield first, [stop], once
            stretch = once.stretches[1] if len(once.stretches) > 1 else 0
            for back in _stops(once.turns[stop : stop + stretch]):
                twice = play(first, [stop, back])
                if twice.trace not in known:
                    known.add(twice.trace)
                    yield first, [stop, back], twice


def _stops(turns: list[tuple[str, str]]) -> list[int]:
    """After how many of these statements a change of turns can make a difference."""
    return [place for place, (_name, statement) in enumerate(turns) if place and not QUIET.match(statement)]


def _waits_for(backend: int, rival: int) -> bool:
    """Whether one waits for a lock of the other; what the server itself is at for a moment does not change the turn."""
    with connection.cursor() as cursor:
        cursor.execute("select %s = any (pg_blocking_pids(%s))", [rival, backend])
        return bool(cursor.fetchone()[0])
