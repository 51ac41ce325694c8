"""Clocks that run out within a day: by the hour, by whose they are, drawn with a table behind."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.translation import override

from desks import clocks
from desks.templatetags.left import left
from tests.queries import expect_queries
from timeline import clock


def counted(at):
    found = clocks.at_risk(at)
    return {word: sum(figures) for word, figures in found["series"]} | {"all": found["number"]}


def test_a_shop_that_must_answer_within_five_hours_stands_in_its_hour(refund, settings):
    settings.LANGUAGE_CODE = "en"
    at = refund.deadline_at - timedelta(hours=5)
    with expect_queries(1):
        found = clocks.at_risk(at)
    assert len(found["names"]) == 25
    shops = found["series"][1][1]
    assert shops[5] == 1
    assert sum(shops) == 1
    assert sum(counted(refund.deadline_at).values()) == 2 * counted(refund.deadline_at)["all"], "each is counted once"
    assert sum(clocks.at_risk(refund.deadline_at)["series"][1][1]) == 0, "what is over is no longer at risk"


def test_those_who_keep_the_house_see_it_as_a_picture_and_a_table(client, refund, lead):
    clock.advance(refund.deadline_at - clock.now() - timedelta(hours=5))
    client.force_login(lead)
    page = client.get("/house/").content.decode()
    assert page.count("plot-plane") == page.count("plot-table") == 1


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(days=2, hours=18, minutes=59), "2 d 18 h left"),
        (timedelta(days=1), "1 d 0 h left"),
        (timedelta(hours=23, minutes=59, seconds=59), "23 h 59 min left"),
        (timedelta(minutes=59, seconds=59), "59 min 59 s left"),
        (timedelta(seconds=1), "0 min 1 s left"),
        (timedelta(0), "The time is over"),
        (timedelta(days=-1), "The time is over"),
    ],
)
def test_a_page_says_what_is_left_in_the_words_that_its_script_goes_on_with(at, span, said):
    with override("en"):
        assert left(at + span, at) == said
    script = (Path(__file__).parents[2] / "static/js/countdown.js").read_text()
    assert "d ? element.dataset.days : h ? element.dataset.hours : element.dataset.minutes" in script
