"""Clocks that run out within a day: by the hour, by whose they are, drawn with a table behind."""

from datetime import timedelta

from desks import clocks
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
