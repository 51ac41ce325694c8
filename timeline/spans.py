"""Spans and deadlines: hours that run day and night, natural days, and working days of the State Council's calendar.

Zone Asia/Shanghai for days; instants are stored in UTC. Day clocks do not count the first day and end at midnight.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import chinese_calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)

Pause = tuple[datetime, datetime]


class Kind(StrEnum):
    """How a span is counted."""

    MINUTES = "minutes"
    DAYS = "days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True)
class Span:
    """How long somebody has: `amount` minutes, natural days or working days.

    `rulebook` names the version that says so, and `is_guarded` whether silence hurts the buyer, so that the clock needs
    two delivered reminders before it may fire. Neither makes two spans different.
    """

    kind: Kind
    amount: int
    rulebook: str = field(default="", compare=False)
    is_guarded: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("A span cannot be negative.")

    def __str__(self) -> str:
        if self.kind == Kind.MINUTES and self.amount % 60 == 0:
            return f"{self.amount // 60} hours"
        return f"{self.amount} {self.kind.replace('_', ' ')}"


def hours(amount: float) -> Span:
    """A span of hours, to the minute."""
    return Span(Kind.MINUTES, round(amount * 60))


def minutes(amount: int) -> Span:
    """A span of minutes."""
    return Span(Kind.MINUTES, amount)


def days(amount: int) -> Span:
    """A span of natural days."""
    return Span(Kind.DAYS, amount)


def working_days(amount: int) -> Span:
    """A span of working days."""
    return Span(Kind.WORKING_DAYS, amount)


def is_working_day(day: date) -> bool:
    """Whether people work that day: the State Council's notice, or Monday to Friday where no notice is known yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def is_provisional(start: datetime, end: datetime) -> bool:
    """Whether a year between `start` and `end` has no notice yet, so that a day clock may still move."""
    years = range(start.astimezone(SHANGHAI).year, end.astimezone(SHANGHAI).year + 1)
    return any(not _is_noticed(year) for year in years)


def deadline(span: Span, start: datetime, pauses: Iterable[Pause] = ()) -> datetime:
    """When `span` that began at `start` ends, in UTC; acting at that instant is too late.

    A pause extends an hour clock by exactly what it took. A day clock is extended by the same time and then runs on to
    the end of the working day it reaches, so that a pause never costs the party a part of a day.
    """
    if span.kind == Kind.MINUTES:
        end = start + timedelta(minutes=span.amount)
        for begin, finish in sorted(pauses):
            end += _taken(begin, finish, start, end)
        return end.astimezone(ZoneInfo("UTC"))
    last = _last_day(span, start.astimezone(SHANGHAI).date())
    end = _midnight_after(last)
    for begin, finish in sorted(pauses):
        end = extended(span.kind, end, _taken(begin, finish, start, end))
    return end.astimezone(ZoneInfo("UTC"))


def working_days_touched(begin: datetime, end: datetime) -> int:
    """How many working days it takes at least from `begin` to `end`, as a deadline counts; a part is a whole one."""
    amount = 1
    while deadline(working_days(amount), begin) < end and amount < 1_000:
        amount += 1
    return amount


def extended(kind: Kind, end: datetime, by: timedelta) -> datetime:
    """When a clock ends that would have ended at `end` and stood still for `by`, in UTC."""
    if not by:
        return end
    if kind == Kind.MINUTES:
        return (end + by).astimezone(ZoneInfo("UTC"))
    last = (end.astimezone(SHANGHAI) + by - timedelta(microseconds=1)).date()
    return _midnight_after(_working_day_from(last)).astimezone(ZoneInfo("UTC"))


def _last_day(span: Span, first: date) -> date:
    if span.kind == Kind.DAYS:
        return _working_day_from(first + span.amount * DAY)
    day, left = first, span.amount
    while left:
        day += DAY
        left -= is_working_day(day)
    return day


def _working_day_from(day: date) -> date:
    while not is_working_day(day):
        day += DAY
    return day


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + DAY, time(), SHANGHAI)


def _taken(begin: datetime, finish: datetime, start: datetime, end: datetime) -> timedelta:
    """The part of a pause that stopped the clock; one that began in time counts whole, even past the old end."""
    if begin >= end or finish <= start:
        return timedelta(0)
    return max(finish - max(begin, start), timedelta(0))


def _is_noticed(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
