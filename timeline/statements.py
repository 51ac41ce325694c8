"""The statements of a page: their texts are made once for each shape, only values differ from verb to verb."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import sql
from django.db.models.expressions import DatabaseDefault

from timeline import prepared
from timeline.prepared import Kept

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
    models.DateTimeField: frozenset({datetime, type(None)}),
}
#: Up to so many rows a statement is one that the connection has prepared; more of them are worth a plan of their own.
FEW = 8


def update(
    model: type[models.Model],
    rows: Sequence[tuple[Any, dict[str, Any]]],
    *,
    guard: str | None = None,
    seen: Sequence[Any] = (),
) -> list[Statement]:
    """Give rows (key, values by field) their new values, and fail unless that meets each of them.

    `guard` is a field and `seen` what each row must have there until then. Every row has the same fields. A few rows
    are a prepared statement each, many are one.
    """
    names = tuple(rows[0][1])
    one, text, fields = _update(model, names, guard)
    here = connections[DEFAULT_DB_ALIAS]
    lines = [
        [
            value if (value := values[name]).__class__ in plain else field.get_db_prep_save(value, here)
            for name, (field, plain) in zip(names, fields, strict=True)
        ]
        for _key, values in rows
    ]
    for line, (key, _values) in zip(lines, rows, strict=True):
        line.append(key)
    if guard:
        for line, before in zip(lines, seen, strict=True):
            line.append(before)
    if len(rows) <= FEW:
        return [(one, line) for line in lines]
    return [(text, [*map(list, zip(*lines, strict=True)), len(rows)])]


def insert(model: type[models.Model], rows: Sequence[models.Model], *, tail: str = "") -> Statement:
    """One statement that stores new rows; the database gives them their keys. `tail` is what it ends with."""
    fields = _columns(model)
    here = connections[DEFAULT_DB_ALIAS]
    values = [
        value if (value := field.pre_save(row, True)).__class__ in plain else field.get_db_prep_save(value, here)
        for row in rows
        for field, plain in fields
    ]
    if any(isinstance(value, DatabaseDefault) for value in values):
        query = sql.InsertQuery(model)
        query.insert_values([field for field, _plain in fields], list(rows))
        [(text, params)] = query.get_compiler(connection=connection).as_sql()
        return text + tail, params
    return (_insert_few if len(rows) <= FEW else _insert)(model, len(rows), tail), values


def insert_unless_there(row: models.Model) -> bool:
    """Store a new row at once and give it its key; whether there was room for it in its table's uniqueness."""
    given: list[Any] = list(type(row)._meta.db_returning_fields)
    names = ", ".join(connection.ops.quote_name(field.column) for field in given)
    text, values = insert(type(row), [row], tail=f" on conflict do nothing returning {names}")
    with connection.cursor() as cursor:
        prepared.execute(cursor, [text], values)
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
def _update(model: type[models.Model], names: tuple[str, ...], guard: str | None) -> tuple[Kept, str, list[Prepared]]:
    """The statement for one row and the one for any number. Values in order: fields, key, and the guard's, if any."""
    meta: Any = model._meta
    table, quote = meta.db_table, connection.ops.quote_name
    fields: list[Any] = [meta.get_field(name) for name in names]
    columns = [quote(field.column) for field in fields]
    where = [quote(field.column) for field in [meta.pk, *([meta.get_field(guard)] if guard else [])]]
    one = (
        f"with met as (update {quote(table)} t set {', '.join(f'{column} = %s' for column in columns)}"  # noqa: S608
        f" where {' and '.join(f't.{column} = %s' for column in where)} returning 1)"
        f" select timeline_expect('{table}', 1, count(*)) from met"
    )
    every = [*fields, meta.pk, *([meta.get_field(guard)] if guard else [])]
    sets = ", ".join(f"{column} = v.c{place}" for place, column in enumerate(columns))
    meets = " and ".join(f"t.{column} = v.c{place}" for place, column in enumerate(where, start=len(columns)))
    arrays = ", ".join(f"%s::{_type(field)}[]" for field in every)
    named = ", ".join(f"c{place}" for place in range(len(every)))
    many = (
        f"with met as (update {quote(table)} t set {sets} from unnest({arrays}) v({named})"  # noqa: S608
        f" where {meets} returning 1) select timeline_expect('{table}', %s, count(*)) from met"
    )
    return Kept(one), many, [(field, _plain(field)) for field in fields]


@cache
def _columns(model: type[models.Model]) -> list[Prepared]:
    """What a new row is given; the database gives it its key."""
    fields: list[Any] = [each for each in model._meta.local_concrete_fields if not isinstance(each, models.AutoField)]
    return [(field, _plain(field)) for field in fields]


@cache
def _insert_few(model: type[models.Model], count: int, tail: str) -> Kept:
    return Kept(_insert(model, count, tail))


def _insert(model: type[models.Model], count: int, tail: str) -> str:
    quote, fields = connection.ops.quote_name, _columns(model)
    columns, line = ", ".join(quote(field.column) for field, _plain in fields), ", ".join(["%s"] * len(fields))
    return f"insert into {quote(model._meta.db_table)} ({columns}) values {', '.join([f'({line})'] * count)}{tail}"  # noqa: S608


def _plain(field: Any) -> frozenset[type]:
    """Kinds of values that a field hands to the database as they are; all others go the field's way."""
    kind = field.target_field if isinstance(field, models.ForeignKey) else field
    return PLAIN.get(type(kind), frozenset())


def _type(field: Any) -> str:
    """How the database calls the kind of a field's values."""
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))
