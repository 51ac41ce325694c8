"""What happens while the demo's time is moved: nobody's reminder is skipped, as it would not be had the time passed.

Production's time passes by itself, and the workers remind; here hours pass between two of their looks. So the time goes
forward from one reminder to the next, each is written and brought to its person at its moment, and whoever is silent
then was really reminded. Clocks that end on the way act afterwards, as after an hour without beat.
"""

from datetime import datetime, timedelta

from django.db.models import Min

from timeline import clock, hooks, reminders
from timeline.models import Timer

#: So often the time stops on its way; then it goes on without stopping, and what was skipped is not made up for.
MOST_STOPS = 300


def let_pass(span: timedelta) -> datetime:
    """Let `span` pass in the demo mall and return the new time; the refusals are those of `clock.advance`."""
    clock.require_possible(span)
    left = span
    for _stop in range(MOST_STOPS):
        at = clock.now()
        ahead = Timer.objects.to_remind(at + left).order_by()
        moment = ahead.aggregate(first=Min("next_reminder_at"))["first"]
        if moment is None:
            break
        if moment > at:
            left -= moment - at
            at = clock.advance(moment - at)
        reminders.remind(at=at)
        hooks.time_passed(at)
    return clock.advance(left) if left else clock.now()
