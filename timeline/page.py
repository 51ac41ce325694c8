"""The page of a verb: what it changes goes to the database in one go, in the order in which it was written.

A verb reads under its lock, decides, and writes; its writes wait on a page and are sent in one round trip when the verb
ends, rows first, then events, and last what rooms above add (the ledger posts there, so that hot accounts are locked
for the shortest time and in the order of the house). Whoever reads a table that has something waiting gets it written
first, so nobody inside a verb ever reads old rows. If the verb fails, its page is thrown away with its transaction.
docs/decisions/0022 says why.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connection, models, transaction
from django.db.models import sql

from timeline import prepared, statements
from timeline.statements import Statement

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)

_here = threading.local()


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function a verb of the mall: one transaction, one page; inside another verb it is a part of that one.

    A part has no savepoint: whoever wants to go on after a part was refused puts it under `part()`.
    """

    @wraps(function)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        if _open() is not None:
            return function(*args, **kwargs)
        with transaction.atomic(), _opened():
            return function(*args, **kwargs)

    return done


@contextlib.contextmanager
def part() -> Iterator[None]:
    """A part of a verb that may be refused while the verb goes on: what it wrote is then as if it had never been."""
    page = _open()
    if page is None:
        with transaction.atomic():
            yield
        return
    page.flush()
    locked = dict(page.locked)
    try:
        with transaction.atomic():
            yield
            page.flush()
    except BaseException:
        page.throw_away()
        page.locked = locked
        raise


def change(row: models.Model, *, before: tuple[str, Any] | None = None, **values: Any) -> None:
    """Set fields of a row, here and in the database. The caller holds the lock of its root.

    `before` is a field and what it must have been until then; a row that is elsewhere was moved without its lock, and
    the verb fails. Nothing to set is nothing to do.
    """
    if not values:
        return
    for name, value in values.items():
        setattr(row, name, value)
    with _writing() as page:
        page.change(row, list(values), before)


def change_all(rows: Iterable[models.Model], fields: Sequence[str]) -> None:
    """Store `fields` of rows as they are on the objects, one statement for one row or 500."""
    with _writing() as page:
        for row in rows:
            page.change(row, fields)


def insert(rows: Iterable[models.Model], *, unless_there: bool = False) -> None:
    """Store new rows whose keys nobody asks for; the objects stay without theirs.

    `unless_there` leaves out what a uniqueness of the table forbids because it is there already.
    """
    with _writing() as page:
        page.insert(list(rows), unless_there=unless_there)


def update(rows: models.QuerySet[Any], **values: Any) -> None:
    """Change whatever rows the query finds when the page is sent."""
    with _writing() as page:
        page.update(rows, values)


def gather(model: type[models.Model], make: Callable[[list[Any]], list[Statement]], what: Any) -> None:
    """Change rows of a table by statements that `make` makes of all that the verb gathers for it.

    They stand where the first was gathered, so nothing in it may be about a row that waits to be inserted (`new_rows`).
    A change of the table in another way closes it.
    """
    with _writing() as page:
        page.gather(model, make, what)


def new_rows(model: type[M]) -> list[M]:
    """New rows of a table that wait to be written; they are written as they are by then."""
    page = _open()
    if page is None or model._meta.db_table not in page.waiting:
        return []
    found = [entry for entry in page.entries if isinstance(entry, Insert) and entry.model is model]
    return [row for entry in found for row in entry.rows]  # type: ignore[misc]


def waits(model: type[models.Model]) -> bool:
    """Whether something of a table waits to be sent."""
    page = _open()
    return page is not None and model._meta.db_table in page.waiting


def at_the_end(
    make: Callable[[list[Any]], Statement],
    what: Iterable[Any],
    *,
    tables: Iterable[str],
    faults: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
) -> None:
    """Send what `make` makes of `what` behind the rows, in the same round trip: one statement for all that a verb has.

    `faults` names what the database may answer to it. Whoever reads one of `tables` inside the verb finds everything
    sent.
    """
    with _writing() as page:
        page.last.setdefault((make, faults), []).extend(what)
        page.waiting |= set(tables)


@contextlib.contextmanager
def as_before() -> Iterator[None]:
    """Read what was there before this verb wrote anything: what waits on its page goes on waiting."""
    page = _open()
    if page is None:
        yield
        return
    waiting, page.waiting = page.waiting, set()
    try:
        yield
    finally:
        page.waiting = waiting


def send_now() -> None:
    """Send what waits, because what comes next builds on it."""
    if page := _open():
        page.flush()


def remembered() -> dict[Any, models.Model]:
    """What this verb has locked, by its root's model and key; empty outside of verbs."""
    page = _open()
    return page.locked if page is not None else {}


@dataclass(eq=False)
class Change:
    """New values of one row, by field; `before` is what one of its fields must be until then."""

    model: type[models.Model]
    pk: Any
    values: dict[str, Any]
    before: tuple[str, Any] | None = None
    #: How many changes of its whole table came before it.
    after: int = 0

    @property
    def shape(self) -> Any:
        """Changes of one shape become one statement."""
        return self.model, tuple(self.values), self.before and self.before[0], self.after


@dataclass(eq=False)
class Insert:
    """New rows of one model."""

    model: type[models.Model]
    rows: list[models.Model]
    unless_there: bool = False


@dataclass(eq=False)
class Gathered:
    """What the statements at one place will be made of."""

    make: Callable[[list[Any]], list[Statement]]
    what: list[Any]


Entry = Change | Insert | Gathered | Statement


@dataclass(eq=False)
class Page:
    """What waits to be written."""

    entries: list[Entry] = field(default_factory=list)
    changes: dict[Any, Change] = field(default_factory=dict)
    latest: dict[str, Entry] = field(default_factory=dict)
    updates: dict[type[models.Model], int] = field(default_factory=dict)
    gathered: dict[str, Gathered] = field(default_factory=dict)
    last: dict[Any, list[Any]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    locked: dict[Any, models.Model] = field(default_factory=dict)

    def change(self, row: models.Model, names: Sequence[str], before: tuple[str, Any] | None = None) -> None:
        """Add a change; a second one of the same row joins the first."""
        model = type(row)
        values = {name: getattr(row, _field(model, name).attname) for name in names}
        known = self.changes.get((model, row.pk))
        if known is None:
            after = self.updates.get(model, 0)
            self.changes[model, row.pk] = known = Change(model, row.pk, values, before, after)
            self._add(model, known)
        else:
            known.values.update(values)
            known.before = known.before or before

    def insert(self, rows: list[models.Model], *, unless_there: bool = False) -> None:
        """Add new rows of one model; they join those that were added last to its table."""
        if not rows:
            return
        model = type(rows[0])
        latest = self.latest.get(model._meta.db_table)
        if isinstance(latest, Insert) and latest.unless_there == unless_there:
            latest.rows += rows
        else:
            self._add(model, Insert(model, rows, unless_there))

    def update(self, rows: models.QuerySet[Any], values: dict[str, Any]) -> None:
        """Add a change of whatever rows a query finds."""
        query: Any = rows.query.chain(sql.UpdateQuery)
        query.clear_ordering(force=True)
        query.add_update_values(values)
        try:
            statement = query.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:
            return  # it cannot find anything
        self._add(rows.model, statement)
        self._changes_after(rows.model)

    def gather(self, model: type[models.Model], make: Callable[[list[Any]], list[Statement]], what: Any) -> None:
        """Add to what is gathered for a table, or begin it."""
        known = self.gathered.get(model._meta.db_table)
        if known is not None and known.make is make:
            known.what.append(what)
            return
        begun = Gathered(make, [what])
        self._add(model, begun)
        self._changes_after(model)
        self.gathered[model._meta.db_table] = begun

    def _changes_after(self, model: type[models.Model]) -> None:
        """What is changed in this table from here on comes after what was just added."""
        self.updates[model] = self.updates.get(model, 0) + 1
        self.changes = {key: change for key, change in self.changes.items() if key[0] is not model}

    def _add(self, model: type[models.Model], entry: Entry) -> None:
        table = model._meta.db_table
        self.entries.append(entry)
        self.latest[table] = entry
        if not isinstance(entry, Insert):
            self.gathered.pop(table, None)
        self.waiting.add(table)

    def flush(self) -> None:
        """Send what waits in one round trip: every row, then what rooms above add."""
        entries, last = self.entries, self.last
        self.throw_away()
        alike: dict[Any, list[Entry]] = {}
        for entry in entries:
            alike.setdefault(entry.shape if isinstance(entry, Change) else id(entry), []).append(entry)
        made = [statement for together in alike.values() for statement in _statements(together)]
        made += [make(what) for (make, _faults), what in last.items()]
        if not made:
            return
        with contextlib.ExitStack() as naming:
            for faults in (_named_faults, *(faults for _make, faults in last)):
                naming.enter_context(faults())
            with connection.cursor() as cursor:
                texts = [text for text, _params in made]
                prepared.execute(cursor, texts, [param for _text, params in made for param in params])

    def throw_away(self) -> None:
        """Forget what waits."""
        self.entries, self.last, self.waiting = [], {}, set()
        self.changes, self.latest, self.updates, self.gathered = {}, {}, {}, {}

    def watch(self, execute: Any, text: Any, params: Any, many: bool, context: Any) -> Any:
        """Before anybody reads a table that has something waiting, it is written."""
        if self.waiting and any(f'"{table}"' in text or f" {table}" in text for table in self.waiting):
            self.flush()
        return execute(text, params, many, context)


@contextlib.contextmanager
def _named_faults() -> Iterator[None]:
    """A row that is not where the verb saw it was moved without its lock: a fault of ours, not a refusal."""
    try:
        yield
    except DatabaseError as error:
        if getattr(error.__cause__, "pgcode", None) != "KM901":
            raise
        raise RuntimeError(str(error).splitlines()[0]) from error


def _statements(entries: list[Any]) -> list[Statement]:
    """The statements of entries of one shape."""
    match entries[0]:
        case Change(model=model, before=before):
            rows = [(change.pk, change.values) for change in entries]
            seen = [change.before[1] for change in entries if change.before]
            return statements.update(model, rows, guard=before[0] if before else None, seen=seen)
        case Insert(model=model, rows=rows, unless_there=unless_there):
            return [statements.insert(model, rows, tail=" on conflict do nothing" if unless_there else "")]
        case Gathered(make=make, what=what):
            return make(what)
        case made:
            return [made]


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


def _open() -> Page | None:
    return getattr(_here, "page", None)


@contextlib.contextmanager
def _opened() -> Iterator[Page]:
    page = _here.page = Page()
    try:
        with connection.execute_wrapper(page.watch):
            yield page
            page.flush()
    finally:
        _here.page = None


@contextlib.contextmanager
def _writing() -> Iterator[Page]:
    """The page that is open; outside of verbs one that is sent at once."""
    page = _open()
    if page is not None:
        yield page
        return
    page = Page()
    yield page
    page.flush()
