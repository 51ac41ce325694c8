"""A part of a list on a page, by key: the hundredth part costs what the first one does, and no row comes twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Part(Generic[M]):
    """Some rows of a list; `next` is where the next part begins, empty if there is none."""

    rows: list[M]
    next: str
    is_first: bool


def part(rows: QuerySet[M], *, by: str, place: str, most: int) -> Part[M]:
    """Up to `most` of `rows` from `place` on, in one query, ordered by a column and then by id.

    `by` is the column, with a minus for the highest first; what has nothing in a rising one comes last. `place` is what
    somebody sent: anything that is no place is the beginning.
    """
    later = _later(rows, by, place)
    wanted = rows if later is None else rows.filter(later)
    found = list(wanted.order_by(by, "-pk" if by[0] == "-" else "pk")[: most + 1])
    return Part(found[:most], _place(found[most - 1], by) if len(found) > most else "", later is None)


def _place(row: Any, by: str) -> str:
    value = getattr(row, by.removeprefix("-"))
    return f"{value.isoformat() if isinstance(value, datetime) else '' if value is None else value}_{row.pk}"


def _later(rows: QuerySet[Any], by: str, place: str) -> Q | None:
    word, line, pk = place.rpartition("_")
    if not line or "\x00" in word or not (pk.isascii() and pk.isdecimal()) or len(pk) > 18:
        return None
    name, way = by.removeprefix("-"), "lt" if by[0] == "-" else "gt"
    after = {f"pk__{way}": int(pk)}
    if not word:
        return Q(**{name: None}, **after)
    try:
        value = rows.model._meta.get_field(name).to_python(word)
    except ValidationError:
        return None
    if isinstance(value, datetime) and value.tzinfo is None:
        return None
    later = Q(**{f"{name}__{way}": value}) | Q(**{name: value}, **after)
    return later if way == "lt" else later | Q(**{name: None})
