"""What all questions after signs of risk share: how far back they look, what counts against nobody, what is kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count

from refunds.states import RefundState
from reputation.models import Trace

#: What was found, by the id of whom it is about: numbers of orders and cases, or figures.
Found = Mapping[int, list[str]]

BACK, DAY = timedelta(days=90), timedelta(days=1)
#: So much of the evidence is kept, the newest.
MOST = 10
#: Claims that were not borne out. What was paid back, settled or conceded says nothing against anybody.
NOT_BORNE_OUT = [RefundState.REJECTED, RefundState.LAPSED, RefundState.WITHDRAWN]
#: Traces that several honest people rarely share; an address alone is none of them.
TELLING = [Trace.Kind.DEVICE, Trace.Kind.PAYEE]


def counted(rows: Any, by: str) -> dict[int, int]:
    """How many rows there are of each."""
    return dict(rows.order_by().values_list(by).annotate(number=Count("pk")))


def listed(rows: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    """Pairs of whose and what, as a sorted list for each, nothing twice."""
    found: dict[int, set[str]] = defaultdict(set)
    for key, what in rows:
        found[key].add(what)
    return {key: sorted(whats) for key, whats in found.items()}
