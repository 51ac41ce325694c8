"""How long everybody has: the clocks of a rulebook version, with their minimum and maximum.

The default version is `rulebook/data/timers.json`. An operator changes clocks in a rulebook version, never in code. A
clock that runs keeps the span it was started with, whatever comes into force meanwhile.
"""

from dataclasses import replace
from datetime import datetime

from rulebook import versions
from timeline.spans import Span


def span(limit: str, variant: str | None = None, *, version: str = "", at: datetime | None = None) -> Span:
    """How long the clock `limit` runs; `LookupError` if the rulebook does not set such a clock.

    What is pinned names its `version`; what is not says `at` when it begins, and the version in force then counts. The
    span names the version, so that a clock that fires can, too.
    """
    if not version and at is None:
        raise ValueError(f"The clock {limit} is pinned to a version, or it begins at some time.")
    ruling = versions.named(version) if version or at is None else versions.in_force(at)
    found, is_guarded = ruling.clocks.span(limit, variant), ruling.clocks.needs_reminders(limit)
    return replace(found, rulebook=ruling.number, is_guarded=is_guarded)
