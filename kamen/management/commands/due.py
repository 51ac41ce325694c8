import re
from argparse import RawDescriptionHelpFormatter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline import spans
from timeline.spans import SHANGHAI, Pause, Span

#: How a span is written, and what makes it: "5 working days", "1 hour", "90 minutes".
UNITS = {
    "minute": spans.minutes,
    "hour": spans.hours,
    "day": spans.days,
    "working day": spans.working_days,
}
SPAN = re.compile(r"(\d{1,6})\s+(minute|hour|working day|day)s?", re.ASCII)

EXAMPLES = """
examples:
  manage.py due "48 hours" --from 2026-11-10T09:00:00+08:00
  manage.py due "5 working days" --from 2026-02-13T09:00:00+08:00
  manage.py due "48 hours" --from 2026-11-10T09:00:00+08:00 --pause 2026-11-11T09:00:00+08:00/2026-11-12T15:00:00+08:00
"""


class Command(BaseCommand):
    help = "Print when a span ends: one line, ISO 8601, Beijing time. Needs no mall: no database, no secret."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("span", help='"15 minutes", "1 hour", "15 days", "5 working days"')
        parser.add_argument("--from", dest="start", required=True, help="when it begins, with its zone")
        parser.add_argument(
            "--pause", action="append", default=[], metavar="START/END", help="when it stood still; repeatable"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Acting before that instant is in time; at it or after it is late."""
        span, start = _span(options["span"]), _moment(options["start"])
        pauses = _merged([_pause(text) for text in options["pause"]])
        try:
            end = spans.deadline(span, start, pauses)
        except OverflowError as error:
            raise CommandError(f"{options['span']} from {options['start']} is beyond the calendar.") from error
        self.stdout.write(end.astimezone(SHANGHAI).isoformat())


def _span(text: str) -> Span:
    found = SPAN.fullmatch(" ".join(text.split()).lower())
    if not found:
        raise CommandError(f"{text!r} is not a span. Write it like '48 hours', '15 days' or '5 working days'.")
    return UNITS[found[2]](int(found[1]))


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not a time. Write it like 2026-02-13T09:00:00+08:00.") from error
    if found.tzinfo is None:
        raise CommandError(f"{text!r} has no zone. Write it like 2026-02-13T09:00:00+08:00.")
    return found


def _pause(text: str) -> Pause:
    begin, slash, end = text.partition("/")
    if not slash:
        raise CommandError(f"{text!r} is not a pause. Write START/END, two times with a slash between them.")
    found = _moment(begin), _moment(end)
    if found[1] < found[0]:
        raise CommandError(f"{text!r} ends before it begins.")
    return found


def _merged(pauses: list[Pause]) -> list[Pause]:
    """Pauses that overlap count once."""
    found: list[Pause] = []
    for begin, end in sorted(pauses):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found
