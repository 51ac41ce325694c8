"""Which version of the rulebook rules: the one in force, the one an order is pinned to, and later, better ones.

Asking costs no query: a process remembers the versions that were published when it looked. That is exact, not nearly
so. Nothing comes into force with less than seven days of notice, so whoever looked knows every version that can rule in
the next seven days; and where one that was merely announced then has come into force since, the process looks again,
because it may have been taken back. Only times that have come are asked for: what will rule later is a question for the
pages, which read the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from rulebook import parsed
from rulebook.book import Book
from rulebook.defaults import default_data
from rulebook.models import NOTICE, RulebookVersion


class Calendar(NamedTuple):
    """The published versions as they were when somebody looked, the earliest effective date first."""

    read_at: datetime
    versions: tuple[RulebookVersion, ...]

    def tells(self, at: datetime) -> bool:
        """Whether the calendar is still right for `at`."""
        return at < self.read_at + NOTICE and not any(
            version.effective_at is not None and self.read_at < version.effective_at <= at for version in self.versions
        )


_calendar: Calendar | None = None
#: What was asked for by name before the calendar was read.
_named: dict[str, RulebookVersion] = {}


def in_force(at: datetime) -> RulebookVersion:
    """The version that rules what is placed at `at`, now or earlier; before any other, the one Kamen ships with."""
    ruling = [version for version in published(at) if version.rules_at(at)]
    return ruling[-1] if ruling else shipped()


def named(number: str) -> RulebookVersion:
    """The published version `number`, which never changes: asked of the database once per process.

    `LookupError` if there is none. The version Kamen ships with is always there.
    """
    if _calendar is not None:
        for version in _calendar.versions:
            if version.number == number:
                return version
    if number == shipped().number:
        return shipped()
    if number not in _named:
        found = RulebookVersion.objects.published().filter(number=number).first()
        if found is None:
            raise LookupError(f"The rulebook has no published version {number!r}.")
        _named[number] = found
    return _named[number]


def better_later(number: str, at: datetime) -> tuple[RulebookVersion, ...]:
    """The versions after `number` that rule at `at` and were published as retroactive.

    They apply to what is pinned to `number` where they are better for the buyer, and nowhere else.
    """
    versions = [version for version in published(at) if version.rules_at(at)]
    places = [place for place, version in enumerate(versions) if version.number == number]
    return tuple(version for version in versions[places[-1] + 1 if places else 0 :] if version.is_retroactive)


def published(at: datetime) -> tuple[RulebookVersion, ...]:
    """The versions announced by `at`, which is now or earlier; whether each rules yet, ask it (`rules_at`)."""
    global _calendar
    if _calendar is None or not _calendar.tells(at):
        _calendar = Calendar(at, tuple(RulebookVersion.objects.published()))
    return _calendar.versions


def forget() -> None:
    """Look again when asked next: something was published or taken back in this process."""
    global _calendar
    _calendar = None
    _named.clear()


def remember(versions: Iterable[RulebookVersion], *, read_at: datetime) -> None:
    """Start from what is known without looking, for processes that begin with a known mall."""
    global _calendar
    _calendar = Calendar(read_at, tuple(versions))


def book_of(number: str) -> Book:
    """The rules under which an order that is pinned to `number` is decided."""
    return named(number).book


@cache
def shipped() -> RulebookVersion:
    """The version Kamen ships with, which rules where none was ever loaded. It is not a row."""
    data = default_data()
    body = parsed.canonical(data)
    began_at = datetime(2026, 11, 1, tzinfo=UTC)
    return RulebookVersion(
        number=number_of(data),
        body=body,
        sha256=parsed.digest(body),
        drafted_at=began_at,
        announced_at=began_at,
        effective_at=began_at,
    )


def number_of(data: dict[str, dict[str, str]]) -> str:
    """The number under which rules are published: `default-cn 2026.11.0`."""
    return f"{data['meta']['id']} {data['meta']['version']}"
