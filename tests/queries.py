"""Counting queries: a page or a verb that asks the database more often than it should says so, with the SQL."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db import connection

BOOKKEEPING = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


@contextlib.contextmanager
def recorded(*, savepoints: bool = False) -> Iterator[list[str]]:
    """Every statement sent to the database inside the block, as text; savepoints only if asked for."""
    seen: list[str] = []

    def record(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if savepoints or not text.startswith(BOOKKEEPING):
            seen.append(text if params is None else f"{text}  ← {params!r}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield seen


@contextlib.contextmanager
def expect_queries(number: int, *, savepoints: bool = False) -> Iterator[list[str]]:
    """The block asks the database exactly `number` times; if not, all statements are printed."""
    with recorded(savepoints=savepoints) as seen:
        yield seen
    if len(seen) != number:
        listing = "\n".join(f"{place:3}. {sql}" for place, sql in enumerate(seen, start=1))
        raise AssertionError(f"Expected {number} queries, but there were {len(seen)}:\n{listing}")
