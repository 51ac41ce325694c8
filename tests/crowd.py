"""Many of everything: copies of what there is, made by the database itself, so that five thousand of each take seconds.

A copy is its original but for what must differ: its key, its unique words and numbers, and the things that it belongs
to alone, which are the copies of the same number. Nothing of it went through a lifecycle: pages are read with it, and
the books are not asked.
"""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection, models

#: Copies are numbered from here on; what was there before has less.
BEGIN = 1_000_000


@dataclass(frozen=True)
class Copies:
    """Of which model; of which row (the newest that fits); what follows the copy of the same number; what differs."""

    label: str
    like: dict[str, Any] = field(default_factory=dict)
    #: Foreign keys that lead to the copy of the same number, and of the same kind of copies.
    along: tuple[str, ...] = ()
    #: Columns with what stands in them instead, in SQL; `g` is the number of the copy, `t` the original.
    other: dict[str, str] = field(default_factory=dict)
    most: int = 5_000
    #: Another kind of copies of the same model is numbered apart.
    begin: int = BEGIN

    def make(self, since: int, until: int) -> int:
        """Copies number `since` up to `until`, the last one left out; says how many."""
        model: Any = apps.get_model(self.label)
        until = min(until, self.most)
        original = model.objects.filter(pk__lt=BEGIN, **self.like).order_by("-pk").first()
        if original is None:
            raise AssertionError(f"There is no {self.label} like {self.like} to copy.")
        if until <= since:
            return 0
        columns = {each.column: self._value(each) for each in model._meta.local_concrete_fields if not each.generated}
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(columns.values())
        table, key = model._meta.db_table, model._meta.pk.column
        with connection.cursor() as cursor:
            cursor.execute(
                f'insert into "{table}" ({names}) select {values} from "{table}" t, generate_series(%s, %s) g'
                f' where t."{key}" = %s order by g',
                [since, until - 1, original.pk],
            )
            return int(cursor.rowcount)

    def _value(self, each: Any) -> str:
        name = each.column
        if each.name in self.other:
            return f"({self.other[each.name]})"
        if each.name in self.along:
            return f"{self.begin} + g"
        if isinstance(each, models.UUIDField) and each.unique:
            return "gen_random_uuid()"
        if each.primary_key:
            return f"{self.begin} + g"
        if each.unique and isinstance(each, models.ForeignKey):
            return "null"
        if each.unique:
            return f"left(t.\"{name}\", {(each.max_length or 20) - 6}) || 'x' || g"
        return f't."{name}"'
