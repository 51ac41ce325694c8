"""Signs of life of the processes that must live, in real time: moving the mall's clock makes nobody look dead."""

from datetime import timedelta

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
