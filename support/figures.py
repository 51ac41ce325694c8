"""How fast a person answers, for everybody to see, and which answers are canned, for those who lead the room."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q

from support.lifecycle import CANNED, FIRST_ANSWER, URGENT, WEEK
from support.models import Answer, Talk
from support.states import TalkState
from timeline.spans import SHANGHAI

#: The time that figures are about.
SPAN = timedelta(days=30)
#: Below this a figure would tell of single people (rules 5.11).
FEWEST = 10


@dataclass(frozen=True)
class Figures:
    """Of the talks of the last thirty days; a figure with too few talks behind it is nothing.

    Seconds and basis points. A talk that nobody answered counts with the time it has waited, until it was closed, and
    as not in time.
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
                select extract(epoch from
                           coalesce(first_answer_at, case when state = 'closed' then entered_at end, %(at)s)
                           - (promised_at - %(first)s)) as waited,
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


@dataclass(frozen=True)
class Today:
    """Of today, in Shanghai, for those who lead the room: counted however few there are.

    `due` are calls whose promised time is over today or that were answered before it, `in_time` those of them that a
    person answered by then; the same of urgent ones and their beginning. `waiting` have no answer now, `late` of them
    were promised one already.
    """

    due: int
    in_time: int
    urgent: int
    begun: int
    waiting: int
    late: int

    @property
    def in_time_bp(self) -> int | None:
        """Answered when promised, in basis points; nothing on a day without a call."""
        return self.in_time * 10_000 // self.due if self.due else None

    @property
    def begun_bp(self) -> int | None:
        """Urgent ones begun within two hours, in basis points; nothing on a day without one."""
        return self.begun * 10_000 // self.urgent if self.urgent else None


def today(at: datetime) -> Today:
    """What was promised for today and how it went until `at`. One query."""
    morning = at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    answered = Q(first_answer_at__isnull=False)
    due = Q(promised_at__gte=morning) & (answered | Q(promised_at__lte=at))
    urgent = Q(is_urgent=True, opened_at__gte=morning - URGENT)
    over = Q(started_at__isnull=False) | Q(opened_at__lte=at - URGENT)
    waiting = ~Q(state=TalkState.CLOSED) & ~answered
    counted: dict[str, int] = Talk.objects.filter(Q(opened_at__gte=morning - WEEK) | waiting).aggregate(
        due=Count("pk", filter=due),
        in_time=Count("pk", filter=due & Q(first_answer_at__lte=F("promised_at"))),
        urgent=Count("pk", filter=urgent & over),
        begun=Count("pk", filter=urgent & Q(started_at__lte=F("opened_at") + URGENT)),
        waiting=Count("pk", filter=waiting),
        late=Count("pk", filter=waiting & Q(promised_at__lte=at)),
    )
    return Today(**counted)


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
