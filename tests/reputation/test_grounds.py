"""What a signal rests on is said in words, and leads to the page where staff can look at it."""

import pytest
from django.urls import reverse
from django.utils import translation

from reputation.models import Signal
from reputation.views.grounds import FIGURES, grounds

CASES = [
    ("batch_bad", ["9", "12"], "9 of 12 codes sold are bad"),
    ("sudden_turnover", ["900000", "100000"], "¥9,000.00 in a week, usually ¥1,000.00"),
    ("same_device_buyers", ["5"], "5 buyers on one device"),
    ("slow_answers", ["180", "30"], "180 minutes in the last month, 30 in the three before"),
    ("more_reissues", ["6/10", "1/20"], "6/10 cases in the last month, 1/20 in the three before"),
    ("minors", ["3/100"], "3/100 orders in 90 days"),
    ("chargebacks", ["4/100"], "4/100 orders in 90 days"),
    ("outage_untold", ["7"], "7 questions in a day without an answer"),
    ("many_networks", ["8"], "8 networks in a week"),
    ("night_burst", ["2026-11-22", "15"], "15 orders in the night of 2026-11-22"),
    ("cash_out", ["payee:3", "950000"], "¥9,500.00"),
    ("papers_over", ["identity: replaced"], "Identity card · Replaced by a newer one"),
]


@pytest.mark.parametrize(("name", "evidence", "said"), CASES)
def test_figures_are_said_as_sentences(name, evidence, said):
    with translation.override("en"):
        assert grounds(Signal(name=name, evidence=evidence)) == [{"words": said, "url": ""}]


def test_each_device_with_many_buyers_is_said():
    with translation.override("en"):
        found = grounds(Signal(name="same_device_buyers", evidence=["12", "5"]))
    assert [each["words"] for each in found] == ["12 buyers on one device", "5 buyers on one device"]


def test_every_kind_of_figures_is_tried_above():
    assert set(FIGURES) <= {name for name, _evidence, _said in CASES}


def test_cases_orders_people_and_listings_are_a_click_away():
    found = grounds(Signal(name="many_claims", evidence=["R26112204817365", "K26112204817365", "user:7", "listing:4"]))
    assert [each["url"] for each in found] == [
        reverse("refunds:case", args=["R26112204817365"]),
        reverse("orders:detail", args=["K26112204817365"]),
        reverse("reputation:person", args=[7]),
        reverse("shops:listing", args=[4]),
    ]


def test_people_of_risk_read_it_on_their_page(client, listing, risk, at):
    batch = listing.batches.get()
    Signal.objects.create(name="batch_bad", batch=batch, weight=30, evidence=["9", "12"], first_at=at, seen_at=at)
    client.force_login(risk)
    page = client.get(reverse("reputation:risk"), headers={"accept-language": "en"}).content.decode()
    assert "9 of 12 codes sold are bad" in page
