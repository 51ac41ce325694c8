"""Signs of life of the processes that must live, in real time: moving the mall's clock makes nobody look dead."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import ExpressionWrapper, F, fields
from django.db.models.functions import Now

from timeline.models import Heartbeat

SWEEP = "sweep"


def beat(name: str = SWEEP) -> None:
    """Say that `name` is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def age(name: str = SWEEP) -> timedelta | None:
    """How long ago `name` was last heard of; nothing if never."""
    since = ExpressionWrapper(Now() - F("at"), output_field=fields.DurationField())
    return Heartbeat.objects.filter(name=name).values_list(since, flat=True).first()


def expect(names: Iterable[str]) -> None:
    """From now on each of `names` is waited for; whoever was heard of before, or waited for, stays so."""
    now = Now()
    Heartbeat.objects.bulk_create([Heartbeat(name=each, at=now) for each in sorted(names)], ignore_conflicts=True)


def silent(longest: dict[str, timedelta]) -> list[tuple[str, datetime]]:
    """Who was waited for, and not heard of for longer than each may be silent; since when, in real time."""
    since = ExpressionWrapper(Now() - F("at"), output_field=fields.DurationField())
    rows = Heartbeat.objects.filter(name__in=longest).annotate(since=since).order_by("at", "name")
    return [(row.name, row.at) for row in rows if row.since > longest[row.name]]
