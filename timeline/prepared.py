"""Statements by name: what is sent often each connection parses and plans once, and then calls with values."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

#: What the database answers where a prepared statement is not there, or its columns are of another kind since a
#: migration.
GONE, CHANGED = "26000", "0A000"
#: A value's place in a text, with what kind of array it is, if the text says so.
PLACE = re.compile(r"%%|%s((?:::\w+\[\])?)")
#: No name is given twice, so that one whose preparing was interrupted is in nobody's way.
_numbers = count(1)


class Kept(str):
    """A text that is made once and sent again and again, with other values: worth preparing."""

    __slots__ = ()


def execute(cursor: CursorWrapper, texts: Sequence[str], params: Sequence[Any]) -> None:
    """Send statements in one round trip; those that are kept go by the names under which this connection knows them.

    Whoever looks at statements on their way sees their whole texts. What is sent meanwhile, because it is about the
    same tables, goes as it is.
    """
    whole = ";\n".join(texts)

    def by_name(send: Any, text: Any, values: Any, many: bool, context: Any) -> Any:
        if text != whole:
            return send(text, values, many, context)
        here = context["connection"]
        calls = _calls(here)
        for each in texts:
            if isinstance(each, Kept) and each not in calls:
                name = f"kept_{next(_numbers)}"
                with here.wrap_database_errors:
                    context["cursor"].cursor.execute(f"prepare {name} as {_numbered(each)}")
                calls[each] = f"execute {name}{_places(each)}"
        try:
            return send(";\n".join([calls.get(each, each) for each in texts]), values, many, context)
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) in (GONE, CHANGED):
                calls.clear()  # this verb fails with its transaction; the next one prepares them anew
            raise

    with connection.execute_wrapper(by_name):
        cursor.execute(whole, params)


def _calls(here: Any) -> dict[str, str]:
    """How this connection calls what it has prepared, by text; a new connection knows nothing."""
    of, calls = getattr(here, "prepared_calls", (None, {}))
    if of is not here.connection:
        calls = {}
        here.prepared_calls = (here.connection, calls)
    found: dict[str, str] = calls
    return found


def _numbered(text: str) -> str:
    """A text as it is prepared: its places have numbers."""
    numbers = count(1)
    return PLACE.sub(lambda found: "%" if found[0] == "%%" else f"${next(numbers)}{found[1]}", text)


@cache
def _places(text: str) -> str:
    """The values of a call; what kind of array one is, is said again, for an empty one does not show it."""
    places = [f"%s{found[1]}" for found in PLACE.finditer(text) if found[0] != "%%"]
    return f"({', '.join(places)})" if places else ""
