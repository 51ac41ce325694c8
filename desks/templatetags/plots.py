"""Plots for any page: `{% plot "lines" names series unit="bp" title=… %}` and `{% spark figures %}`."""

from collections.abc import Sequence
from typing import Any

from django import template

from desks import plots

register = template.Library()


@register.inclusion_tag("components/plot.html")
def plot(
    kind: plots.Kind,
    names: Sequence[Any],
    series: Sequence[tuple[Any, Sequence[plots.Figure]]],
    *,
    title: str,
    unit: plots.Unit = "count",
    note: str = "",
    axis: str = "",
    mark: plots.Figure = None,
    mark_name: str = "",
) -> dict[str, Any]:
    """A picture with its table behind it. `axis` says what `names` are; `mark` is a promise or a limit."""
    return {
        "plot": plots.plot(kind, names, series, unit, mark),
        "title": title,
        "note": note,
        "axis": axis,
        "mark_name": mark_name,
    }


@register.inclusion_tag("components/spark.html")
def spark(figures: Sequence[plots.Figure]) -> dict[str, Any]:
    """A small picture beside a figure that says the same in words: nothing for a screen reader."""
    return {"lines": plots.spark(figures)}


@register.simple_tag
def figure(value: plots.Figure, unit: plots.Unit) -> str:
    """One figure in words, as the table behind a plot says it; “too few to tell” where it is not told."""
    return plots.say(value, unit)
