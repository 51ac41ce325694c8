"""Reading one row by its key, with the rows it is read with, by a statement that is made once and not at every verb."""

from typing import Any

from django.db import connection, models
from django.db.models.query import get_related_populators


class Reading:
    """A query for one row by a key. Django makes the statement; its work of some milliseconds is done once.

    `rows` asks for the key 0, in whatever way; that is the only argument of its statement.
    """

    def __init__(self, rows: models.QuerySet[Any]) -> None:
        self.model = rows.model
        compiler = rows.order_by("pk").query.get_compiler(connection=connection)
        self.text, _params = compiler.as_sql()
        select = compiler.select
        first, last = compiler.klass_info["select_fields"][0], compiler.klass_info["select_fields"][-1] + 1
        self.own = slice(first, last)
        self.names = [each[0].target.attname for each in select[self.own]]
        self.populators = get_related_populators(compiler.klass_info, select, connection.alias)  # type: ignore[call-arg]
        self.compiler, self.converters = compiler, compiler.get_converters([each[0] for each in select])

    def one(self, key: Any) -> Any:
        """The row with this key; `DoesNotExist` if there is none."""
        with connection.cursor() as cursor:
            cursor.execute(self.text, [key])
            found = cursor.fetchone()
        if found is None:
            raise self.model.DoesNotExist(f"There is no {self.model._meta.model_name} {key}.")
        [row] = self.compiler.apply_converters([found], self.converters) if self.converters else [found]
        thing = self.model.from_db(connection.alias, self.names, row[self.own])
        for populator in self.populators:
            populator.populate(row, thing)
        return thing
