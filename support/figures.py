"""How fast a person answers, for everybody to see, and which answers are canned, for those who lead the room."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count

from support.lifecycle import CANNED, FIRST_ANSWER, URGENT, WEEK
from support.models import Answer

#: The time that figures are about.
SPAN = timedelta(days=30)
#: Below this a figure would tell of single people.
FEWEST = 5


@dataclass(frozen=True)
class Figures:
    """Of the talks of the last thirty days; a figure with too few talks behind it is nothing.

    Seconds and basis points. A talk that nobody answered counts with the time it has waited, and as not in time.
    """

    talks: int
    median: int | None
    p95: int | None
    in_time_bp: int | None
    urgent: int
    urgent_begun_bp: int | None


def figures(at: datetime) -> Figures:
    """One query, whatever the number of talks."""
    spans: dict[str, Any] = {"at": at, "since": at - SPAN, "first": FIRST_ANSWER, "urgent": URGENT}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with t as (
                select extract(epoch from coalesce(first_answer_at, %(at)s) - (promised_at - %(first)s)) as waited,
                       first_answer_at is not null and first_answer_at <= promised_at as in_time,
                       is_urgent, started_at is not null and started_at <= opened_at + %(urgent)s as begun
                  from support_talk
                 where opened_at > %(since)s and (first_answer_at is not null or promised_at <= %(at)s)
            )
            select count(*), percentile_cont(0.5) within group (order by waited),
                   percentile_cont(0.95) within group (order by waited),
                   count(*) filter (where in_time), count(*) filter (where is_urgent),
                   count(*) filter (where is_urgent and begun) from t
            """,
            spans,
        )
        talks, median, p95, in_time, urgent, begun = cursor.fetchone()
    enough, enough_urgent = talks >= FEWEST, urgent >= FEWEST
    return Figures(
        talks=talks,
        median=max(0, round(median)) if enough else None,
        p95=max(0, round(p95)) if enough else None,
        in_time_bp=in_time * 10_000 // talks if enough else None,
        urgent=urgent,
        urgent_begun_bp=begun * 10_000 // urgent if enough_urgent else None,
    )


def canned(at: datetime) -> list[tuple[Answer, int]]:
    """Answers whose words were said in more than three talks of the last week, the most frequent first."""
    often = (
        Answer.objects.filter(at__gt=at - WEEK)
        .order_by()
        .values("digest")
        .annotate(talks=Count("talk", distinct=True))
        .filter(talks__gt=CANNED)
        .order_by("-talks", "digest")[:20]
    )
    found = {each["digest"]: each["talks"] for each in often}
    last = Answer.objects.filter(digest__in=found, at__gt=at - WEEK).order_by("digest", "-pk").distinct("digest")
    rows = [(each, found[each.digest]) for each in last.select_related("message", "by")]
    return sorted(rows, key=lambda row: (-row[1], row[0].pk))
