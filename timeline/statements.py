"""The statements of a page: their texts are made once for each shape, only values differ from verb to verb."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import sql
from django.db.models.expressions import DatabaseDefault

Statement = tuple[str, Sequence[Any]]
#: A field, and the kinds of values that need no preparing (`_plain`).
Prepared = tuple[Any, frozenset[type]]

_TEXT: frozenset[type] = frozenset({str, type(None)})
_NUMBER: frozenset[type] = frozenset({int, type(None)})
#: Django's preparing of these values changes nothing, and it is asked for hundreds of them in a verb.
PLAIN: dict[type, frozenset[type]] = {
    models.CharField: _TEXT,
    models.TextField: _TEXT,
    models.AutoField: _NUMBER,
    models.BigAutoField: _NUMBER,
    models.IntegerField: _NUMBER,
    models.BigIntegerField: _NUMBER,
    models.PositiveIntegerField: _NUMBER,
    models.PositiveSmallIntegerField: _NUMBER,
    models.BooleanField: frozenset({bool, type(None)}),
}


def update(
    model: type[models.Model],
    rows: Sequence[tuple[Any, dict[str, Any]]],
    *,
    guard: str | None = None,
    seen: Sequence[Any] = (),
) -> Statement:
    """One statement that gives rows (key, values by field) their new values, and fails unless it meets each of them.

    `guard` is a field and `seen` what each row must have there until then. Every row has the same fields.
    """
    names = tuple(rows[0][1])
    text, fields = _update(model, names, guard)
    here = connections[DEFAULT_DB_ALIAS]
    columns: list[Any] = [[key for key, _values in rows]]
    columns += [
        [
            value if (value := values[name]).__class__ in plain else field.get_db_prep_save(value, here)
            for _key, values in rows
        ]
        for name, (field, plain) in zip(names, fields, strict=True)
    ]
    if guard:
        columns.append(list(seen))
    return text, [*columns, len(rows)]


def insert(model: type[models.Model], rows: Sequence[models.Model]) -> Statement:
    """One statement that stores new rows; the database gives them their keys."""
    head, line, fields = _insert(model)
    here = connections[DEFAULT_DB_ALIAS]
    values = [
        value if (value := field.pre_save(row, True)).__class__ in plain else field.get_db_prep_save(value, here)
        for row in rows
        for field, plain in fields
    ]
    if any(isinstance(value, DatabaseDefault) for value in values):
        query = sql.InsertQuery(model)
        query.insert_values([field for field, _plain in fields], list(rows))
        [statement] = query.get_compiler(connection=connection).as_sql()
        return statement
    return head + ", ".join([line] * len(rows)), values


def insert_unless_there(row: models.Model) -> bool:
    """Store a new row at once and give it its key; whether there was room for it in its table's uniqueness."""
    text, values = insert(type(row), [row])
    given: list[Any] = list(type(row)._meta.db_returning_fields)
    names = ", ".join(connection.ops.quote_name(field.column) for field in given)
    with connection.cursor() as cursor:
        cursor.execute(f"{text} on conflict do nothing returning {names}", values)
        found = cursor.fetchone()
    if found is None:
        return False
    for field, value in zip(given, found, strict=True):
        for convert in field.get_db_converters(connection):
            value = convert(value, field, connection)
        setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, connection.alias
    return True


@cache
def _update(model: type[models.Model], names: tuple[str, ...], guard: str | None) -> tuple[str, list[Prepared]]:
    meta: Any = model._meta
    quote = connection.ops.quote_name
    fields: list[Any] = [meta.get_field(name) for name in names]
    columns = [*fields, *([meta.get_field(guard)] if guard else [])]
    sets = ", ".join(f"{quote(field.column)} = v.c{place}" for place, field in enumerate(fields))
    where = [f"t.{quote(meta.pk.column)} = v.pk"]
    where += [f"t.{quote(field.column)} = v.c{len(fields)}" for field in columns[len(fields) :]]
    arrays = ", ".join(f"%s::{_type(field)}[]" for field in [meta.pk, *columns])
    named = ", ".join(f"c{place}" for place in range(len(columns)))
    text = (
        f"with met as (update {quote(meta.db_table)} t set {sets} from unnest({arrays}) v(pk, {named})"  # noqa: S608
        f" where {' and '.join(where)} returning 1)"
        f" select timeline_expect('{meta.db_table}', %s, count(*)) from met"
    )
    return text, [(field, _plain(field)) for field in fields]


@cache
def _insert(model: type[models.Model]) -> tuple[str, str, list[Prepared]]:
    meta, quote = model._meta, connection.ops.quote_name
    fields: list[Any] = [field for field in meta.local_concrete_fields if not isinstance(field, models.AutoField)]
    head = f"insert into {quote(meta.db_table)} ({', '.join(quote(field.column) for field in fields)}) values "  # noqa: S608
    return head, f"({', '.join(['%s'] * len(fields))})", [(field, _plain(field)) for field in fields]


def _plain(field: Any) -> frozenset[type]:
    """Kinds of values that a field hands to the database as they are; all others go the field's way."""
    kind = field.target_field if isinstance(field, models.ForeignKey) else field
    return PLAIN.get(type(kind), frozenset())


def _type(field: Any) -> str:
    """How the database calls the kind of a field's values."""
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))
