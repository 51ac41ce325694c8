"""What time it is in the mall: the database's time, plus the demo's offset. Asked once, at the edge."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from timeline.models import ClockOffset
from timeline.refusals import require


def now() -> datetime:
    """The mall's time, in UTC, from the same source as the database's own functions (`timeline_now()`)."""
    with connection.cursor() as cursor:
        cursor.execute("select timeline_now()")
        at: datetime = cursor.fetchone()[0]
    return at


@transaction.atomic
def advance(by: timedelta) -> datetime:
    """Move the demo mall's time forward and return the new time. Time never goes back: `clock_only_forward`."""
    require_possible(by)
    ClockOffset.objects.get_or_create(pk=1)
    ClockOffset.objects.filter(pk=1).update(ahead=F("ahead") + by)
    return now()


def require_possible(by: timedelta) -> None:
    """Time never goes back (`clock_only_forward`), and not far beyond what anybody plans for (`clock_too_far`)."""
    require(by > timedelta(0), "clock_only_forward", _("The mall's time only goes forward."))
    require(by <= timedelta(days=400), "clock_too_far", _("Move the time by 400 days at most."))
