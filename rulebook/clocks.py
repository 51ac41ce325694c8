"""How long everybody has: the clocks of a rulebook version, with their minimum and maximum.

The default version is `rulebook/data/timers.json`. An operator changes clocks in a rulebook version, never in code.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from timeline import spans
from timeline.spans import Span

DEFAULTS = Path(__file__).parent / "data" / "timers.json"


def span(limit: str, variant: str | None = None) -> Span:
    """How long the clock `limit` runs by default; `LookupError` if the rulebook does not set such a clock."""
    entry = _limits()[limit]
    if "variants" in entry and variant is not None:
        entry = entry["variants"].get(variant, entry)
    found = _read(entry, "default")
    if found is None:
        raise LookupError(f"The rulebook sets no span for {limit} ({variant}).")
    return found


@cache
def _limits() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DEFAULTS.read_text())["limits"]
    return found


def _read(entry: dict[str, Any], which: str) -> Span | None:
    """The span under `default_hours`, `default_days` or `default_working_days` (or `min_…`, `max_…`)."""
    units = {"hours": spans.hours, "days": spans.days, "working_days": spans.working_days}
    return next((make(entry[f"{which}_{unit}"]) for unit, make in units.items() if f"{which}_{unit}" in entry), None)
