"""Plots as places on a plane: what a template draws as SVG and says again as a table. Figures go in, percent come out.

Everything horizontal is a share of the width, everything vertical a distance from the top of a plane of 200 px, so that
a plot is as wide as its place while its words keep their size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.templatetags.money import yuan

Kind = Literal["bars", "stack", "lines"]
Unit = Literal["count", "fen", "bp", "seconds"]
#: A figure that is not told, because too few cases are behind it.
Figure = int | None

TOP, BOTTOM = 14.0, 184.0
#: Where the plane begins: left of it stand the figures of the axis.
LEFT, RIGHT = 15.0, 100.0
#: As many names as a phone has room for below the plane, if they are short; of long ones four.
NAMES, LONG_NAMES, LONG = 6, 4, 5
TONES = 4
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Tick:
    """A line across the plane and its figure."""

    y: float
    word: str


@dataclass(frozen=True)
class Name:
    """A word below the plane."""

    x: float
    word: str
    anchor: str


@dataclass(frozen=True)
class Bar:
    """One bar, with what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    tone: int
    word: str


@dataclass(frozen=True)
class Dot:
    """One point of a line; `line_from` is the point before it, unless something is missing between."""

    x: float
    y: float
    tone: int
    word: str
    line_from: tuple[float, float] | None


@dataclass(frozen=True)
class Plot:
    """A plot that is ready to be drawn and told."""

    ticks: list[Tick]
    names: list[Name]
    legend: list[tuple[int, str]]
    columns: list[str]
    rows: list[tuple[str, list[str]]]

    @property
    def labelled(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The rows with the name of its column at each figure, for a screen on which the columns are gone."""
        return [(name, list(zip(self.columns, figures, strict=True))) for name, figures in self.rows]

    bars: list[Bar] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    mark: Tick | None = None

    def is_empty(self) -> bool:
        """Whether there is nothing to look at."""
        return not self.bars and not self.dots


def plot(
    kind: Kind, names: Sequence[Any], series: Sequence[tuple[Any, Sequence[Figure]]], unit: Unit, mark: Figure = None
) -> Plot:
    """Lay out `series` (each a name and one figure for each of `names`) as bars, stacked bars or lines.

    `mark` is a figure to measure the others by: a promise, a limit. Figures are not negative; None is a gap.
    """
    if len(series) > TONES:
        raise ValueError(f"At most {TONES} series can be told apart, not {len(series)}.")
    for name, figures in series:
        if len(figures) != len(names):
            raise ValueError(f"{name} has {len(figures)} figures for {len(names)} names.")
    ticks, top = _ticks(_highest(kind, series, mark), unit)
    draw = {"bars": _bars, "stack": _stack}.get(kind)
    return Plot(
        ticks=ticks,
        names=_names(names),
        legend=[(tone, str(name)) for tone, (name, _figures) in enumerate(series)],
        columns=[str(name) for name, _figures in series],
        rows=[
            (str(name), [say(figures[place], unit) for _name, figures in series]) for place, name in enumerate(names)
        ],
        bars=draw(names, series, unit, top) if draw else [],
        dots=[] if draw else _dots(names, series, unit, top),
        mark=None if mark is None else Tick(_height(mark, top), say(mark, unit)),
    )


def spark(figures: Sequence[Figure]) -> list[str]:
    """The lines of a small picture without an axis, 100 wide and 24 high: one for each stretch without a gap."""
    known = [figure for figure in figures if figure is not None]
    top, step = max(known, default=0) or 1, 100 / max(1, len(figures) - 1)
    lines: list[list[str]] = [[]]
    for place, figure in enumerate(figures):
        if figure is None:
            lines.append([])
        else:
            lines[-1].append(f"{place * step:.1f},{22 - 20 * figure / top:.1f}")
    return [" ".join(line) for line in lines if len(line) > 1]


def say(figure: Figure, unit: Unit) -> str:
    """A figure in words, exactly."""
    if figure is None:
        return _("too few to tell")
    match unit:
        case "fen":
            return yuan(figure)
        case "bp":
            return f"{figure / 100:.1f} %"
        case "seconds":
            return _span(figure)
    return f"{figure:,}"


def _span(seconds: int) -> str:
    if seconds < MINUTE:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if seconds < HOUR:
        return ngettext("%(count)s minute", "%(count)s minutes", seconds // MINUTE) % {"count": _one(seconds, MINUTE)}
    if seconds < 2 * DAY:
        return ngettext("%(count)s hour", "%(count)s hours", seconds // HOUR) % {"count": _one(seconds, HOUR)}
    return ngettext("%(count)s day", "%(count)s days", seconds // DAY) % {"count": _one(seconds, DAY)}


def _one(seconds: int, span: int) -> str:
    """With one decimal place where it matters."""
    return f"{seconds / span:.1f}".removesuffix(".0")


def _highest(kind: Kind, series: Sequence[tuple[Any, Sequence[Figure]]], mark: Figure) -> int:
    columns = zip(*(figures for _name, figures in series), strict=True)
    reached = [
        sum(figure or 0 for figure in column) if kind == "stack" else max((figure or 0 for figure in column), default=0)
        for column in columns
    ]
    return max([*reached, mark or 0, 0])


def _ticks(highest: int, unit: Unit) -> tuple[list[Tick], int]:
    """Four or five lines at round figures, and the figure at the top."""
    step = _step(max(highest, 1), unit)
    top = step * max(1, -(-highest // step))
    return [Tick(_height(figure, top), _short(figure, unit)) for figure in range(0, top + 1, step)], top


def _step(highest: int, unit: Unit) -> int:
    if unit == "seconds":
        spans = [1, 5, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR]
        days = [12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY]
        found = [step for step in (*spans, *days) if highest <= 5 * step]
        return found[0] if found else -(-highest // (4 * DAY)) * DAY
    least = 100 if unit == "fen" else 1
    power = least
    while power * 50 < highest:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 5 >= highest)


def _short(figure: int, unit: Unit) -> str:
    """A figure at the axis: round, and short enough for the margin of a phone."""
    match unit:
        case "fen":
            whole = figure // 100
            return f"¥{whole // 1_000}k" if whole >= 10_000 else f"¥{whole}"
        case "bp":
            return f"{figure / 100:g} %"
        case "seconds":
            for span, word in ((DAY, _("%s d")), (HOUR, _("%s h")), (MINUTE, _("%s min"))):
                if figure >= span and not figure % span:
                    return word % (figure // span)
            return _("%s s") % figure
    return f"{figure // 1_000}k" if figure >= 10_000 else str(figure)


def _height(figure: int, top: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * figure / top, 1)


def _slot(count: int) -> float:
    return (RIGHT - LEFT) / max(1, count)


def _middle(place: int, count: int) -> float:
    return round(LEFT + _slot(count) * (place + 0.5), 2)


def _names(names: Sequence[Any]) -> list[Name]:
    most = LONG_NAMES if any(len(str(name)) > LONG for name in names) else NAMES
    every = max(1, -(-len(names) // most))
    shown = range(len(names) - 1, -1, -every)  # the last one is the newest: it has its name always
    return [Name(_middle(place, len(names)), str(names[place]), "middle") for place in sorted(shown)]


def _bars(names: Sequence[Any], series: Sequence[tuple[Any, Sequence[Figure]]], unit: Unit, top: int) -> list[Bar]:
    slot, found = _slot(len(names)), []
    width = round(slot * 0.7 / max(1, len(series)), 2)
    for tone, (called, figures) in enumerate(series):
        for place, figure in enumerate(figures):
            if figure is not None:
                x = round(_middle(place, len(names)) - slot * 0.35 + width * tone, 2)
                y = _height(figure, top)
                found.append(Bar(x, y, width, round(BOTTOM - y, 1), tone, _word(names[place], called, figure, unit)))
    return found


def _stack(names: Sequence[Any], series: Sequence[tuple[Any, Sequence[Figure]]], unit: Unit, top: int) -> list[Bar]:
    slot, found = _slot(len(names)), []
    width = round(slot * 0.7, 2)
    for place, name in enumerate(names):
        below = 0
        for tone, (called, figures) in enumerate(series):
            figure = figures[place]
            if figure is not None:
                y, base = _height(below + figure, top), _height(below, top)
                x = round(_middle(place, len(names)) - width / 2, 2)
                found.append(Bar(x, y, width, round(base - y, 1), tone, _word(name, called, figure, unit)))
                below += figure
    return found


def _dots(names: Sequence[Any], series: Sequence[tuple[Any, Sequence[Figure]]], unit: Unit, top: int) -> list[Dot]:
    found = []
    for tone, (called, figures) in enumerate(series):
        before = None
        for place, figure in enumerate(figures):
            if figure is None:
                before = None
                continue
            here = (_middle(place, len(names)), _height(figure, top))
            found.append(Dot(*here, tone, _word(names[place], called, figure, unit), before))
            before = here
    return found


def _word(name: Any, called: Any, figure: int, unit: Unit) -> str:
    return f"{name} · {called} · {say(figure, unit)}"
