"""What happened: the only code that writes events."""

import json
from datetime import datetime
from typing import Any

from django.db import connection

from timeline import page
from timeline.models import Event

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def record(
    *,
    root: str,
    subject: str,
    name: str,
    by: Any,
    at: datetime,
    data: dict[str, Any] | None = None,
    before: str = "",
    after: str = "",
) -> None:
    """Write one event at the end of the chain of `root`, whose lock the caller holds.

    `name` is the thing, then what happened to it (`refund.accepted`). `data` must be JSON of strings, integers, lists
    and booleans; never a card code, never personal data.
    """
    body = _canonical(data) if data else "{}"
    page.insert(
        [
            Event(
                root=root,
                seq=0,  # the database links it to the end of its chain
                subject=subject,
                name=name,
                state_before=before,
                state_after=after,
                by_id=getattr(by, "pk", None),
                at=at,
                body=body,
                prev=b"",
                hash=b"",
            )
        ]
    )


def broken_chains(root: str | None = None) -> list[tuple[str, int, str]]:
    """Places where a chain of events does not hold, as (root, seq, what is wrong); all roots, or one."""
    with connection.cursor() as cursor:
        cursor.execute("select root, seq, fault from timeline_broken_chains(%s)", [root])
        return list(cursor.fetchall())


def stream(root: str) -> Any:
    """Everything that happened at `root`, in order."""
    return Event.objects.filter(root=root).select_related("by").order_by("seq")
