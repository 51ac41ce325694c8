from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q

from timeline import clock
from timeline.models import Timer, TimerQuerySet
from timeline.spans import SHANGHAI

STATES = ("due", "overdue", "paused", "stuck")


class Command(BaseCommand):
    help = "List the mall's clocks with who is under them: those that run, stand still, are overdue or were given up."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--due", action="store_true", help="that end within the next 24 hours, or have ended")
        which.add_argument("--overdue", action="store_true", help="whose time is over and that have not fired")
        which.add_argument("--paused", action="store_true", help="that stand still, with the reason")
        which.add_argument("--stuck", action="store_true", help="that were given up after too many failures")
        parser.add_argument("--owner", default="", help="only those under this owner: buyer, shop, arbiter, lead …")
        parser.add_argument("--limit", type=int, default=50, help="so many lines (50; at most 10,000)")
        parser.add_argument("--after", type=int, default=0, help="go on after the clock with this number")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line each: number, state, end in Beijing time, the clock, its thing, its owner, what is the matter."""
        at = clock.now()
        found = _wanted(next((name for name in STATES if options[name]), ""), at)
        if options["owner"]:
            found = found.filter(owner=options["owner"])
        most = max(1, min(options["limit"], 10_000))
        rows = list(found.filter(pk__gt=options["after"]).select_related("outage").order_by("pk")[: most + 1])
        for timer in rows[:most]:
            self.stdout.write(_line(timer))
        if len(rows) > most:
            self.stderr.write(f"There are more: --after {rows[most - 1].pk} shows them.")
        if not rows:
            self.stderr.write("No such clock.")


def _wanted(which: str, at: datetime) -> TimerQuerySet:
    match which:
        case "due":
            return Timer.objects.filter(state=Timer.State.RUNNING, due_at__lte=at + timedelta(hours=24))
        case "overdue":
            return Timer.objects.filter(state=Timer.State.RUNNING, due_at__lte=at)
        case "paused":
            return Timer.objects.filter(state=Timer.State.PAUSED)
        case "stuck":
            return Timer.objects.filter(state=Timer.State.STUCK)
    return Timer.objects.filter(Q(state=Timer.State.STUCK) | Q(state__in=[Timer.State.RUNNING, Timer.State.PAUSED]))


def _line(timer: Timer) -> str:
    ends = (
        "stands still"
        if timer.state == Timer.State.PAUSED
        else f"{timer.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    )
    matter = timer.last_error.splitlines()[0] if timer.last_error else ""
    if timer.outage:
        matter = f"outage:{timer.outage_id} {timer.outage.reason}"
    words = [str(timer.pk), timer.state, ends, timer.limit, timer.subject, timer.owner or "–", matter]
    return "\t".join(words).rstrip()
