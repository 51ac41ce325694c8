"""How fast complaints from outside were answered in the last thirty days, counted from when they were made there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from complaints.models import Complaint

DAYS = timedelta(days=30)


@dataclass(frozen=True)
class Figures:
    """Of how many, how many had a first word and a result in the outside's time, and how many came again."""

    complaints: int
    first_in_time: int
    done: int
    done_in_time: int
    again: int


def figures(at: datetime) -> Figures:
    """Those that were heard of in the last thirty days."""
    found = Complaint.objects.filter(heard_at__gt=at - DAYS, heard_at__lte=at).aggregate(
        complaints=Count("pk"),
        first_in_time=Count("pk", filter=Q(first_word_at__lte=F("first_due_at"))),
        done=Count("pk", filter=Q(answered_at__isnull=False)),
        done_in_time=Count("pk", filter=Q(answered_at__lte=F("due_at"))),
        again=Count("pk", filter=Q(round__gt=1)),
    )
    return Figures(**found)
