"""The door: the only code that writes a state. State, clock and event are written together, or none."""

from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

from timeline import events, page, spans, statements, timers
from timeline.models import Tracked
from timeline.page import change, change_all, verb
from timeline.reading import Reading, as_read
from timeline.refusals import Refused, require
from timeline.spans import Span

R = TypeVar("R", bound=models.Model)

__all__ = [
    "Refused",
    "begin",
    "change",
    "change_all",
    "enter",
    "lock",
    "lock_root",
    "locked",
    "note",
    "rearm",
    "require",
    "verb",
]


def begin(
    thing: Tracked,
    *,
    by: Any,
    at: datetime,
    span: Span | None = None,
    event: str = "",
    data: dict[str, Any] | None = None,
    unless_there: bool = False,
) -> bool:
    """Store a new thing in its machine's first state, start that state's clock and record `<thing>.<first state>`.

    With `unless_there` nothing happens where a uniqueness of its table says that it is there already. Returns whether
    it was begun.
    """
    _require_transaction()
    machine = thing.machine
    thing.state = machine.first
    thing.entered_at = at
    thing.deadline_at = _deadline(thing, span, at)
    if not unless_there:
        thing.save(force_insert=True)
    elif not statements.insert_unless_there(thing):
        return False
    _start_clock(thing, span, at)
    _record(thing, event or f"{machine.name}.{machine.first}", before="", by=by, at=at, data=data)
    return True


def lock(thing: Tracked) -> None:
    """Lock the thing's root (one root, one lock) and read the thing again: values count only after the lock.

    What this verb has locked and read already is not asked for again: nobody else can have moved it.
    """
    root = _root_of(thing)
    if root is None:
        root = _root_above(thing)
    else:
        lock_root(root)
    known = page.remembered()
    if root is thing or known.get((type(thing), thing.pk)) is thing:
        return
    _take_over(thing, _reading_below(type(thing)).one(thing.pk))
    _stand_on(thing, {(type(row), row.pk): row for row in [*_read_with(root), root]})
    for row in [thing, *_read_with(thing)]:
        known.setdefault((type(row), row.pk), row)


def locked(model: type[R], key: Any) -> R:
    """Lock the root that has this key and read it, in one query."""
    root = as_read(model, [model._meta.pk.attname], [key])
    lock_root(root)
    return root


def lock_root(root: models.Model) -> None:
    """Lock a root that has no state of its own (a shop, a user) before something is begun or recorded under it."""
    _require_transaction()
    known = page.remembered()
    if known.get((type(root), root.pk)) is root:
        return
    _take_over(root, _reading(type(root)).one(root.pk))
    known[type(root), root.pk] = root


def _root_of(thing: Tracked) -> models.Model | None:
    """The root of a thing, not read before its lock if it was not read yet; nothing if the way to it is not known."""
    *way, last = thing.root_by.split("__") if thing.root_by else [""]
    if not last:
        return thing.root()
    above: models.Model = thing
    for name in way:
        if not above._meta.get_field(name).is_cached(above):  # type: ignore[union-attr]
            return None
        above = getattr(above, name)
    link: Any = above._meta.get_field(last)
    if not link.is_cached(above):
        setattr(above, last, link.related_model(pk=getattr(above, link.attname)))
    return thing.root()


def _root_above(thing: Tracked) -> models.Model:
    """Find, lock and read the root of a thing of which nothing but the key is known, in one query."""
    _require_transaction()
    root = _reading_above(type(thing)).one(thing.pk)
    known = page.remembered()
    return known.setdefault((type(root), root.pk), root)


def _take_over(row: models.Model, fresh: models.Model) -> None:
    """Take over what the database knows of a row now, with the rows it is read with; what hung on it is forgotten."""
    state = row._state
    row.__dict__.update(fresh.__dict__)
    row._state = state
    state.fields_cache = fresh._state.fields_cache
    row._prefetched_objects_cache = {}  # type: ignore[attr-defined]


def _read_with(row: models.Model) -> list[models.Model]:
    """The rows that a row was read with."""
    return [each for each in row._state.fields_cache.values() if each is not None]


@cache
def _reading(model: type[models.Model]) -> Reading:
    """How a root is locked and read by its key; the statement is made once."""
    rows = model._base_manager.select_related(*getattr(model, "read_with", ()))
    return Reading(_locking(rows).filter(pk=0).order_by("pk"))


@cache
def _reading_below(model: type[Tracked]) -> Reading:
    """How a thing is read under its root, which is locked and known: without what leads to the root or hangs on it."""
    own = [each.name for each in model._meta.concrete_fields if each.is_relation and not each.null]
    paths = [
        path for path in model.read_with or own if path != model.root_by and not path.startswith(f"{model.root_by}__")
    ]
    rows = model._base_manager.select_related(*paths) if paths else model._base_manager.all()
    return Reading(rows.filter(pk=0).order_by("pk"))


@cache
def _reading_above(model: type[Tracked]) -> Reading:
    """How the root of a thing is locked and read by the thing's key."""
    link: Any = model
    for name in model.root_by.split("__"):
        link = link._meta.get_field(name).related_model
    above = models.Subquery(model._base_manager.filter(pk=0).order_by().values(model.root_by)[:1])
    rows = link._base_manager.select_related(*getattr(link, "read_with", ()))
    return Reading(_locking(rows).filter(pk=above).order_by("pk"))


def _locking(rows: Any) -> Any:
    """What merely refers to a root does not wait for it."""
    return rows.select_for_update(no_key=True, of=("self",))


def _stand_on(row: models.Model, known: dict[Any, models.Model]) -> None:
    """Let what was read with a thing lead to the very root that is locked, never to another copy of it.

    What the root was read with is not read again, either: a case's buyer is the order's.
    """
    each: Any
    for each in row._meta.concrete_fields:
        if not each.is_relation:
            continue
        above = known.get((each.related_model, getattr(row, each.attname)))
        if above is not None:
            setattr(row, each.name, above)
        elif each.is_cached(row) and (above := getattr(row, each.name)) is not None:
            _stand_on(above, known)


def enter(
    thing: Tracked,
    state: str,
    *,
    by: Any,
    at: datetime,
    span: Span | None = None,
    event: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Move a locked thing into `state`: the old clock ends, the new one starts, the event is recorded.

    `span` is how long the new state may last, from the rulebook version that rules the thing; it must be given exactly
    if the machine names a clock for that state. `event` defaults to `<thing>.<state>`. A step that the machine does not
    know is a fault of ours (`ValueError`), not a refusal: verbs ask first.
    """
    _require_transaction()
    machine, before = thing.machine, thing.state
    if not machine.allows(before, state):
        raise ValueError(f"{thing.address} cannot go from {before} to {state}.")
    thing.state = state
    change(thing, before=("state", before), state=state, entered_at=at, deadline_at=_deadline(thing, span, at))
    if before in machine.limits:
        timers.cancel(thing.address, machine.limits[before], at=at)
    _start_clock(thing, span, at)
    _record(thing, event or f"{machine.name}.{state}", before=before, by=by, at=at, data=data)


def rearm(thing: Tracked, until: datetime | None, *, at: datetime) -> None:
    """Set the clock of a locked thing's state anew, to `until`, or let it stand still (`None`): no state changes.

    For things whose clock follows their parts: an order keeps one clock at the earliest of its units.
    """
    _require_transaction()
    limit = thing.machine.limits[thing.state]
    timers.cancel(thing.address, limit, at=at)
    timers.start_until(
        root=thing.root_address, subject=thing.address, limit=limit, until=until, at=at, owner=thing.owner
    )
    change(thing, deadline_at=until)


def note(thing: Tracked, event: str, *, by: Any, at: datetime, data: dict[str, Any] | None = None) -> None:
    """Record that something happened to a locked thing that leaves its state as it is."""
    _require_transaction()
    events.record(root=thing.root_address, subject=thing.address, name=event, by=by, at=at, data=data)


def _deadline(thing: Tracked, span: Span | None, at: datetime) -> datetime | None:
    """When the thing's state ends; a span must be there exactly if the machine names a clock."""
    limit = thing.machine.limits.get(thing.state)
    if (limit is None) != (span is None):
        raise ValueError(f"{thing.machine.name} in {thing.state} needs a span exactly if it has a clock ({limit}).")
    return spans.deadline(span, at) if span else None


def _start_clock(thing: Tracked, span: Span | None, at: datetime) -> None:
    if span:
        limit = thing.machine.limits[thing.state]
        timers.start(root=thing.root_address, subject=thing.address, limit=limit, span=span, at=at, owner=thing.owner)


def _record(thing: Tracked, event: str, *, before: str, by: Any, at: datetime, data: dict[str, Any] | None) -> None:
    events.record(
        root=thing.root_address,
        subject=thing.address,
        name=event,
        by=by,
        at=at,
        data=data,
        before=before,
        after=thing.state,
    )


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("A verb runs in one transaction: decorate it with @verb.")
