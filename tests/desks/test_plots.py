"""Plots: every figure has its place, a table says the same, and what too few cases are behind is not drawn."""

import pytest
from django.template import Context, Template

from desks import plots

MONTHS = ["2026-09", "2026-10", "2026-11"]


def drawn(words, **context):
    return Template("{% load plots %}" + words).render(Context(context))


def test_the_highest_bar_ends_below_the_top_and_an_empty_one_has_no_height():
    found = plots.plot("bars", MONTHS, [("Claims", [0, 40, 73])], "count")
    heights = [bar.height for bar in found.bars]
    assert heights[0] == 0
    assert heights[1] < heights[2] <= plots.BOTTOM - plots.TOP
    assert [tick.word for tick in found.ticks] == ["0", "20", "40", "60", "80"]


def test_stacked_bars_stand_on_each_other():
    found = plots.plot("stack", ["a"], [("one", [30]), ("two", [70])], "count")
    one, two = found.bars
    assert one.y + one.height == plots.BOTTOM
    assert two.y + two.height == pytest.approx(one.y)


def test_a_line_is_broken_where_too_few_cases_are_behind_a_figure():
    found = plots.plot("lines", MONTHS, [("On time", [9_000, None, 9_900])], "bp")
    assert [dot.line_from for dot in found.dots] == [None, None]
    assert found.rows[1] == ("2026-10", [plots.say(None, "bp")])


@pytest.mark.parametrize(
    ("figure", "unit", "said"),
    [(9_800, "fen", "¥98.00"), (9_760, "bp", "97.6 %"), (1_234, "count", "1,234"), (0, "count", "0")],
)
def test_a_figure_is_said_exactly(figure, unit, said):
    assert plots.say(figure, unit) == said


@pytest.mark.parametrize("highest", [0, 1, 7, 99, 100, 101, 5_000, 12_345_678, 86_400 * 365])
@pytest.mark.parametrize("unit", ["count", "fen", "bp", "seconds"])
def test_the_axis_has_a_few_lines_at_round_figures_and_room_for_the_highest(highest, unit):
    ticks, top = plots._ticks(highest, unit)
    assert 2 <= len(ticks) <= 6
    assert top >= highest
    assert all(len(tick.word) < 12 for tick in ticks)


def test_no_more_names_stand_below_than_a_phone_has_room_for_and_the_newest_always_does():
    for count in (1, 6, 7, 30, 365):
        names = plots.plot("lines", range(count), [("x", [1] * count)], "count").names
        assert len(names) <= plots.NAMES
        assert names[-1].word == str(count - 1)


def test_a_plot_is_a_picture_and_a_table():
    page = drawn(
        '{% plot "lines" names series unit="bp" title="On time" mark=9500 mark_name="Promise" %}',
        names=MONTHS,
        series=[("Shop", [9_000, 9_500, None]), ("All shops", [9_700, 9_700, 9_800])],
    )
    assert page.count("<circle") == 5
    assert page.count("<tr>") == 4
    assert "90.0 %" in page
    assert "style=" not in page
    assert 'class="plot-mark"' in page


def test_where_nothing_is_known_yet_a_plot_says_so():
    page = drawn('{% plot "bars" names series title="Claims" %}', names=["a"], series=[("x", [None])])
    assert "plot-empty" in page
    assert "<svg" in page  # only the icon
    assert "plot-plane" not in page


def test_what_cannot_be_drawn_is_an_error_of_the_page_s_author():
    with pytest.raises(ValueError, match="2 figures for 3 names"):
        plots.plot("bars", MONTHS, [("x", [1, 2])], "count")
    with pytest.raises(ValueError, match="At most 4"):
        plots.plot("bars", ["a"], [("x", [1])] * 5, "count")


def test_a_small_picture_has_a_line_for_each_stretch_without_a_gap():
    assert len(plots.spark([1, 2, None, 3, 4])) == 2
    assert plots.spark([]) == []
    assert "<polyline" in drawn("{% spark figures %}", figures=[1, 2, 3])
