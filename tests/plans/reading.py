"""How PostgreSQL would answer what the mall asks: which tables it would read from end to end."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

#: A table with fewer rows is read whole by any sensible plan.
ENOUGH = 400
#: What a question shows says nothing about how it is answered.
COLUMNS = re.compile(r"^select .*? from ", re.IGNORECASE | re.DOTALL)


@dataclass
class Reading:
    """What was asked inside the block, and what was read whole."""

    asked: int = 0
    whole: list[str] = field(default_factory=list)


def growing() -> set[str]:
    """The tables that have enough rows to be judged; their statistics are fresh."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            " and reltuples >= %s",
            [ENOUGH],
        )
        return {name for (name,) in cursor.fetchall()}


@contextlib.contextmanager
def reading(what: str) -> Iterator[Reading]:
    """Explain every statement of the block just before it is sent, and count whole reads inside functions, too."""
    found, tables = Reading(), growing()
    before = _whole_reads()

    def explain(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not connection.needs_rollback:
            for statement in _statements(str(sql), params):
                found.asked += 1
                for table in _scanned(statement) & tables:
                    found.whole.append(f"{what}: {table}, by {COLUMNS.sub('select … from ', statement)[:900]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found
    for table, times in _whole_reads().items():
        if table in tables and times > before.get(table, 0) and not any(f" {table}," in line for line in found.whole):
            found.whole.append(f"{what}: {table}, inside a function or a trigger")


def _statements(sql: str, params: Any) -> Iterator[str]:
    """What can be explained: a page of a verb holds several statements."""
    with connection.cursor() as cursor:
        text = cursor.cursor.mogrify(sql, params).decode() if params is not None else sql
    for part in text.split(";\n"):
        if part.lstrip().lower().startswith(("select", "update", "delete", "insert", "with")):
            yield part


def _scanned(statement: str) -> set[str]:
    with connection.connection.cursor() as raw:
        raw.execute("explain (format json) " + statement.replace("%", "%%"), ())
        plan = raw.fetchone()[0][0]["Plan"]
    return set(_whole(plan))


def _whole(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _whole(child)


def _whole_reads() -> dict[str, int]:
    """How often this transaction has read each table whole."""
    with connection.cursor() as cursor:
        cursor.execute("select relname, coalesce(seq_scan, 0) from pg_stat_xact_user_tables")
        return dict(cursor.fetchall())
