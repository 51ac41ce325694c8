"""The clocks of one rulebook version, read from its data: how long each runs, and between which bounds."""

from collections.abc import Iterator, Mapping
from typing import Any

from timeline import spans
from timeline.spans import Span

UNITS = {"hours": spans.hours, "days": spans.days, "working_days": spans.working_days}


class Clocks:
    """Every clock of a version by its name, as in `timers.json`. Never changes."""

    __slots__ = ("_data", "_limits")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._limits: Mapping[str, Any] = data["limits"]

    def span(self, limit: str, variant: str | None = None) -> Span:
        """How long the clock `limit` runs; a variant it does not have runs like the clock itself.

        `LookupError` if the version sets no such clock.
        """
        found = _span(self._entry(limit, variant), "default")
        if found is None:
            raise LookupError(f"The rulebook sets no span for {limit} ({variant}).")
        return found

    def bounds(self, limit: str, variant: str | None = None) -> tuple[Span | None, Span | None]:
        """The least and the most that the clock may be set to; nothing where the version names no bound."""
        entry = self._entry(limit, variant)
        return _span(entry, "min"), _span(entry, "max")

    def needs_reminders(self, limit: str) -> bool:
        """Whether silence hurts the buyer: the clock fires only after two delivered reminders."""
        return bool(self._limits[limit].get("needs_two_reminders", False))

    def as_data(self) -> dict[str, Any]:
        """The clocks in the shape of `timers.json`, for a version that takes them over."""
        return dict(self._data)

    def gone(self, limits: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The clocks, and variants of clocks, that `limits` does not set any more although this version does."""
        for name, entry in self._limits.items():
            if name not in limits:
                yield name, ""
                continue
            for variant in entry.get("variants", ()):
                if variant not in limits[name].get("variants", ()):
                    yield name, variant

    def names(self) -> Iterator[str]:
        """Every clock the version knows."""
        return iter(self._limits)

    def variants(self, limit: str) -> tuple[str, ...]:
        """The variants of a clock that have a span; an empty name first, if the clock has one of its own."""
        own = self._limits[limit]
        named = own.get("variants", {})
        return tuple(
            name
            for name in ("", *named)
            if _span(
                {key: value for key, value in (named[name] if name else own).items() if key != "variants"}, "default"
            )
        )

    def _entry(self, limit: str, variant: str | None) -> dict[str, Any]:
        entry: dict[str, Any] = self._limits[limit]
        if variant is not None and "variants" in entry:
            entry = entry["variants"].get(variant, entry)
        return entry


def _span(entry: Mapping[str, Any], which: str) -> Span | None:
    """The span under `default_hours`, `default_days` or `default_working_days` (or `min_…`, `max_…`)."""
    return next((make(entry[f"{which}_{unit}"]) for unit, make in UNITS.items() if f"{which}_{unit}" in entry), None)
