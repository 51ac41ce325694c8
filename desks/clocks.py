"""Which clocks run out within a day, by the hour and by whose they are: where people will be needed."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.translation import gettext as _

from timeline.models import Timer

#: So far ahead one looks.
AHEAD = timedelta(hours=24)


def at_risk(at: datetime) -> dict[str, Any]:
    """The next day by the hour, each with how many running clocks end in it: of buyers, of shops, of the platform."""
    first = timezone.localtime(at).replace(minute=0, second=0, microsecond=0)
    hours = [first + timedelta(hours=place) for place in range(25)]
    running = Timer.objects.filter(state=Timer.State.RUNNING, due_at__gt=at, due_at__lte=at + AHEAD)
    ends = running.annotate(hour=TruncHour("due_at")).values_list("hour", "owner").annotate(many=Count("pk")).order_by()
    found: dict[str, Counter[datetime]] = {"buyer": Counter(), "shop": Counter(), "": Counter()}
    for hour, owner, many in ends:
        found[owner if owner in found else ""][hour] += many
    words = {"buyer": _("Buyers"), "shop": _("Shops"), "": _("The platform")}
    return {
        "names": [hour.strftime("%H:00") for hour in hours],
        "series": [(word, [found[owner][hour] for hour in hours]) for owner, word in words.items()],
        "number": sum(sum(each.values()) for each in found.values()),
    }
