"""`{{ until|left:at }}`: how much time is left, in the very words that countdown.js goes on with."""

from datetime import datetime

from django import template
from django.utils.translation import gettext as _

register = template.Library()

DAY, HOUR, MINUTE = 86_400, 3_600, 60


@register.filter
def left(until: datetime, at: datetime) -> str:
    """Days and hours, or hours and minutes, or minutes and seconds; that it is over, if it is.

    The page says the same before and after its script has run: other words are of another width, and what stands
    after them would move under a finger.
    """
    seconds = int((until - at).total_seconds())
    if seconds <= 0:
        return _("The time is over")
    if seconds >= DAY:
        shape = _("{d} d {h} h left")
    else:
        shape = _("{h} h {m} min left") if seconds >= HOUR else _("{m} min {s} s left")
    return shape.format(
        d=seconds // DAY,
        h=seconds % DAY // HOUR,
        m=seconds % HOUR // MINUTE,
        s=seconds % MINUTE,
    )
