"""How long everybody has: the clocks of a rulebook version, with their minimum and maximum.

The default version is `rulebook/data/timers.json`. An operator changes clocks in a rulebook version, never in code. A
clock that runs keeps the span it was started with, whatever comes into force meanwhile.
"""

from datetime import datetime

from rulebook import versions
from rulebook.limits import Clocks
from timeline.spans import Span


def span(limit: str, variant: str | None = None, *, version: str = "", at: datetime | None = None) -> Span:
    """How long the clock `limit` runs; `LookupError` if the rulebook does not set such a clock.

    What is pinned names its `version`; what is not says `at` when it begins, and the version in force then counts.
    With neither it is the version Kamen ships with.
    """
    return _clocks(version, at).span(limit, variant)


def _clocks(version: str, at: datetime | None) -> Clocks:
    if version:
        return versions.named(version).clocks
    return versions.in_force(at).clocks if at else versions.shipped().clocks
