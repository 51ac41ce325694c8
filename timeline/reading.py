"""Reading rows by one key, with the rows they are read with, by a statement that is made once and not at every verb."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators

from timeline import prepared
from timeline.prepared import Kept

M = TypeVar("M", bound=models.Model)


class Reading:
    """A query for rows by a key. Django makes the statement; its work of some milliseconds is done once.

    `rows` asks for the key 0, in whatever way and order; that is the only argument of its statement. What it is
    annotated with stands on the rows.
    """

    def __init__(self, rows: models.QuerySet[Any]) -> None:
        self.model = rows.model
        compiler = rows.query.get_compiler(connection=connection)
        text, params = compiler.as_sql()
        self.text = Kept(text)
        if tuple(params) != (0,):
            raise ValueError(f"The key is not the only argument of {self.text}.")
        select = compiler.select
        first, last = compiler.klass_info["select_fields"][0], compiler.klass_info["select_fields"][-1] + 1
        self.own = slice(first, last)
        self.names = [each[0].target.attname for each in select[self.own]]
        self.populators = get_related_populators(compiler.klass_info, select, connection.alias)  # type: ignore[call-arg]
        self.compiler, self.converters = compiler, compiler.get_converters([each[0] for each in select])
        self.annotations: dict[str, int] = compiler.annotation_col_map or {}

    def one(self, key: Any) -> Any:
        """The row with this key; `DoesNotExist` if there is none."""
        found = self.all(key)
        if not found:
            raise self.model.DoesNotExist(f"There is no {self.model._meta.model_name} {key}.")
        return found[0]

    def all(self, key: Any) -> list[Any]:
        """Every row that the query finds by this key, in its order."""
        with connection.cursor() as cursor:
            prepared.execute(cursor, [self.text], [key])
            found: Any = cursor.fetchall()
        if self.converters:
            found = self.compiler.apply_converters(found, self.converters)
        return [self._thing(row) for row in found]

    def _thing(self, row: Any) -> Any:
        thing = as_read(self.model, self.names, row[self.own])
        for populator in self.populators:
            _populate(populator, row, thing)
        for name, place in self.annotations.items():
            setattr(thing, name, row[place])
        return thing


def as_read(model: type[M], names: Iterable[str], values: Iterable[Any]) -> M:
    """A row with these values, as read from the database; what is not among them is read when it is asked for.

    Django's own way goes through a row's fields one by one for whoever listens, and nobody does.
    """
    thing = model.__new__(model)
    thing.__dict__.update(zip(names, values, strict=True))
    thing._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    return thing


def _populate(populator: Any, row: Any, thing: models.Model) -> None:
    """Hang the rows that a thing was read with on it, as Django's populator would."""
    values = row[populator.cols_start : populator.cols_end]
    if populator.reorder_for_init:
        values = populator.reorder_for_init(row)
    if values[populator.pk_idx] is None:
        populator.local_setter(thing, None)
        return
    found = as_read(populator.model_cls, populator.init_list, values)
    for each in populator.related_populators:
        _populate(each, row, found)
    populator.local_setter(thing, found)
    populator.remote_setter(found, thing)


def made_once(rows: Callable[[], models.QuerySet[Any]]) -> Callable[[], Reading]:
    """A reading that is made when it is first needed, of the query that `rows` returns."""
    made: list[Reading] = []

    def reading() -> Reading:
        if not made:
            made.append(Reading(rows()))
        return made[0]

    return reading
