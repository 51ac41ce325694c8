"""Reading rows by one key, with the rows they are read with, by a statement that is made once and not at every verb."""

from collections.abc import Callable
from itertools import count
from typing import Any

from django.db import DatabaseError, connection, models
from django.db.models.query import get_related_populators

#: What the database answers where a prepared statement is not there, or its columns are of another kind since a
#: migration.
GONE, CHANGED = "26000", "0A000"
#: No name is given twice, so that one whose preparing was interrupted is in nobody's way.
_numbers = count(1)


class Reading:
    """A query for rows by a key. Django makes the statement; its work of some milliseconds is done once.

    `rows` asks for the key 0, in whatever way and order; that is the only argument of its statement. What it is
    annotated with stands on the rows.
    """

    def __init__(self, rows: models.QuerySet[Any]) -> None:
        self.model = rows.model
        compiler = rows.query.get_compiler(connection=connection)
        self.text, params = compiler.as_sql()
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
        with connection.cursor() as cursor, connection.execute_wrapper(self._prepared):
            cursor.execute(self.text, [key])
            found: Any = cursor.fetchall()
        if self.converters:
            found = self.compiler.apply_converters(found, self.converters)
        return [self._thing(row) for row in found]

    def _prepared(self, execute: Any, text: Any, params: Any, many: bool, context: Any) -> Any:
        """Send the statement by the name under which this connection has prepared it, so that it is planned once.

        Whoever looks at statements on their way sees the text. What is sent before it, because it is about the same
        table, goes as it is.
        """
        if text != self.text:
            return execute(text, params, many, context)
        here = context["connection"]
        names: dict[str, str]
        of, names = getattr(here, "prepared_readings", (None, {}))
        if of is not here.connection:  # a new connection knows nothing
            names = {}
            here.prepared_readings = (here.connection, names)
        if text not in names:
            name = f"reading_{next(_numbers)}"
            with here.wrap_database_errors:
                context["cursor"].cursor.execute(f"prepare {name} as {text % '$1'}")
            names[text] = name
        try:
            return execute(f"execute {names[text]} (%s)", params, many, context)
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) in (GONE, CHANGED):
                del names[text]  # this verb fails with its transaction; the next one prepares it anew
            raise

    def _thing(self, row: Any) -> Any:
        thing = self.model.from_db(connection.alias, self.names, row[self.own])
        for populator in self.populators:
            populator.populate(row, thing)
        for name, place in self.annotations.items():
            setattr(thing, name, row[place])
        return thing


def made_once(rows: Callable[[], models.QuerySet[Any]]) -> Callable[[], Reading]:
    """A reading that is made when it is first needed, of the query that `rows` returns."""
    made: list[Reading] = []

    def reading() -> Reading:
        if not made:
            made.append(Reading(rows()))
        return made[0]

    return reading
