"""Every figure that the rules name is published: counted once, told by one list, silent where there are too few."""

from collections import Counter
from datetime import timedelta

import pytest
from django.urls import reverse

from disputes import lifecycle as disputes
from orders import lifecycle as orders
from orders.models import Order
from refunds import lifecycle as refunds
from refunds import questions
from reputation import counting, figures, published
from reputation.counting import Counted
from reputation.models import Tally
from shops.models import Way
from tests.fixtures.cases import claim, units_of
from timeline.door import change, note, verb

#: What rules 5.11 names, figure by figure, and the codes under which it is told.
NAMED = {
    "first response median and p95": {"response_median", "response_p95"},
    "share answered in 10 min": {"ten_minutes"},
    "urgent started in 2 h": {"urgent_started"},
    "refund cycle median/p95": {"cycle_median", "cycle_p95"},
    "instant refund share and median minutes": {"instant", "instant_median"},
    "auto/human split and human-review reversal rate": {"by_machine", "by_people", "reversed"},
    "seller on-time answer rate": {"answered_on_time"},
    "escalation rate": {"escalated"},
    "buyer win share": {"buyers_won"},
    "appeal rate and overturn rate": {"appealed", "overturned"},
    "verdict on-time rate": {"rulings_on_time"},
    "consistency kappa": {"kappa", "second_looks_agreed"},
    "repeat-complaint rate": {"repeated"},
    "external complaints and response rate": {"outside_answered"},
    "deposits drawn": {"deposits_drawn"},
    "lateness rate against promise": {"late", "on_time"},
    "code invalid rate per 10000": {"bad_codes"},
    "abuse measures taken and reversed": {"measures", "measures_lifted"},
    "CSAT both sides": {"content_buyers", "content_shops"},
    "evidence re-request rate (ask-once)": {"asked_once"},
}


def lately(shop, at):
    since, until = figures.window(at, 30)
    return figures.of(shop, since=since, until=until)


def same_again():
    return counting.tallies(Tally.objects.order_by("pk")) == counting.recount()


def of(counts, **totals):
    return figures.Figures(
        {name: Counter(parts) for name, parts in counts.items()}, {name: Counter(t) for name, t in totals.items()}
    )


def test_each_figure_of_the_rules_is_told():
    codes = [each.code for each in published.PUBLISHED]
    assert len(codes) == len(set(codes))
    for named, wanted in NAMED.items():
        assert wanted <= set(codes), named
    assert {each.group for each in published.PUBLISHED} == set(published.GROUPS)


@pytest.mark.parametrize(
    ("code", "counts", "value"),
    [
        ("by_machine", {"deciders": {"machine": 6, "shop": 2, "platform": 2, "buyer": 50}}, 6_000),
        ("by_people", {"deciders": {"machine": 6, "shop": 2, "both": 1, "platform": 1}}, 4_000),
        ("answered_on_time", {"answered": {"in_time": 9, "silent": 3}}, 7_500),
        ("escalated", {"claims": {"CODE_INVALID": 20}, "disputes": {"normal": 5}}, 2_500),
        ("buyers_won", {"dispute_ends": {"decided:buyer": 6, "decided:shop": 6, "agreed:buyer": 99}}, 5_000),
        ("repeated", {"claims": {"CODE_INVALID": 40}, "repeats": {"": 4}}, 1_000),
        ("asked_once", {"requests": {"first": 20, "again": 5}}, 7_500),
        ("outside_answered", {"external_answers": {"in_time": 19, "late": 1}}, 9_500),
        ("bad_codes", {"codes": {"": 20_000}, "bad_codes": {"": 3}}, 2),
        ("late", {"due": {"on_time": 15, "late": 5}}, 2_500),
        ("instant_median", {"instant": {"000001": 6, "000005": 5}}, 1),
        ("kappa", {"looks": {"0:0": 5, "2:2": 5}}, 10_000),
        ("kappa", {"looks": {"0:2": 5, "2:0": 5}}, -10_000),
        ("second_looks_agreed", {"looks": {"2:2": 10}, "looks_agreed": {"": 8}}, 8_000),
        ("content_buyers", {"csat": {"buyer:5": 6, "buyer:2": 4, "shop:1": 30}}, 380),
        ("claims", {"orders": {"": 100}, "claims": {"CODE_INVALID": 3}}, 300),
    ],
)
def test_the_formulas(code, counts, value):
    each = next(each for each in published.PUBLISHED if each.code == code)
    assert each.of(of(counts)) == value
    assert each.of(figures.NOTHING) is None


def test_nine_are_too_few_to_tell():
    for counts in ({"deciders": {"machine": 9}}, {"csat": {"buyer:5": 9}}, {"looks": {"0:0": 9}}):
        assert all(each.of(of(counts)) in (None, 0) for each in published.PUBLISHED)


def test_who_won_is_told_by_reason_and_level_where_there_are_ten():
    found = of(
        {
            "won_by_reason": {"CODE_INVALID:buyer": 8, "CODE_INVALID:shop": 2, "WRONG_ITEM:buyer": 9},
            "won_by_level": {"M0:shop": 10},
        }
    )
    assert found.won_by("reason") == [("CODE_INVALID", 10, 8_000)]
    assert found.won_by("level") == [("M0", 10, 0)]


def test_a_ruled_case_is_counted_by_who_decided_and_for_whom(ruled, order, at):
    disputes.lapse(ruled, limit="APPEAL", at=ruled.deadline_at or at)
    counting.catch_up(at=at)
    found = lately(order.shop, at + timedelta(days=29))
    assert found.count("answered", "in_time") == 1
    assert found.count("codes") == 3
    assert same_again()


def test_a_second_case_about_an_order_is_a_repeated_one(order, rich_buyer, seller, at):
    first = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.accept(first, by=seller, at=at)
    claim(units_of(order)[1], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    counting.catch_up(at=at)
    found = lately(order.shop, at)
    assert (found.count("claims"), found.count("repeats"), found.count("deciders", "shop")) == (2, 1, 1)
    assert same_again()


def test_silence_is_no_answer_and_a_second_question_asks_twice(refund, rich_buyer, seller, order, at):
    for text in ("请补充截图。", "请再补充一次。"):
        questions.question(refund, item="error", text=text, by=seller, at=at)
        questions.answer(refund, text="见附图。", by=rich_buyer, at=at)
    silent = claim(units_of(order)[1], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    until = silent.deadline_at or at
    refunds.lapse(silent, limit="SELLER_RESPONSE", at=until)
    counting.catch_up(at=until)
    found = lately(order.shop, until)
    assert (found.count("requests", "first"), found.count("requests", "again")) == (1, 1)
    assert (found.count("answered", "in_time"), found.count("answered", "silent")) == (1, 1)
    assert found.count("deciders", "machine") == 1
    assert same_again()


# On time


@verb
def promise_anew(order, until, at):
    order = Order.objects.select_for_update().get(pk=order.pk)
    before = order.promised_at
    change(order, promised_at=until)
    data = {"before": before.isoformat(), "after": until.isoformat()}
    note(order, "order.promise_moved", by=None, at=at, data=data)


def test_a_late_order_that_its_buyer_cancels_was_late(bought, at):
    order = bought(delivered_by=Way.SHOP)
    late = order.promised_at + timedelta(minutes=1)
    Order.objects.filter(pk=order.pk).update(is_late=True)
    orders.cancel(Order.objects.get(pk=order.pk), by=order.buyer, at=late)
    counting.catch_up(at=late)
    found = lately(order.shop, late)
    assert (found.count("due", "late"), found.count("due", "on_time")) == (1, 0)
    promise_anew(order, late + timedelta(hours=1), late)
    counting.catch_up(at=late)
    assert lately(order.shop, late).count("due") == 0, "an outage: nothing was due yet"
    assert same_again()


def test_an_outage_that_is_registered_late_puts_the_figure_right(order, at):
    Order.objects.filter(pk=order.pk).update(promised_at=at - timedelta(minutes=1))
    counting.catch_up(at=at)
    before = lately(order.shop, at)
    assert before.count("due", "late") == before.count("due") > 0
    promise_anew(order, at + timedelta(hours=1), at)
    counting.catch_up(at=at)
    found = lately(order.shop, at)
    assert found.count("due", "on_time") == before.count("due", "late")
    assert found.count("due", "late") == 0
    assert same_again()


# Pages


def a_month_of_everything(shop, at, *, orders=40):
    counted = Counted()
    for name, part, count in (
        ("orders", "", orders),
        ("units", "", orders),
        ("codes", "", orders),
        ("due", "on_time", 30),
        ("due", "late", 10),
        ("claims", "CODE_INVALID", 12),
        ("deciders", "machine", 6),
        ("deciders", "shop", 6),
        ("won_by_reason", "CODE_INVALID:buyer", 10),
        ("won_by_level", "M1:buyer", 10),
        ("csat", "buyer:4", 12),
    ):
        counted.add(name, shop, at, part, count=count)
    counted.add("external", None, at, "wechat", count=11)
    counted.add("fund_in", None, at, "penalty", total=4_000)
    counting.store(counted)


def test_the_transparency_page_tells_every_figure_with_its_formula(client, shop, at):
    a_month_of_everything(shop.pk, at)
    page = client.get(reverse("reputation:transparency"), headers={"Accept-Language": "en"}).content.decode()
    for each in published.PUBLISHED:
        assert str(each.formula).replace("'", "&#x27;") in page, each.code
    for told in ("4.00 of 5", "25.00 %", "WeChat Pay", "for the buyer, by reason", "for the buyer, by level"):
        assert told in page
    assert "¥40.00" in page, "what came into the fund"


def test_a_shop_has_its_own_figures_from_thirty_orders_on(client, shop, at):
    address = reverse("reputation:figures", args=[shop.slug])
    a_month_of_everything(shop.pk, at, orders=29)
    assert "25.00 %" not in client.get(address).content.decode()
    assert client.get(f"/api/v1/shops/{shop.slug}/figures/").json()["figures"] == []
    a_month_of_everything(shop.pk, at, orders=1)
    assert "25.00 %" in client.get(address).content.decode()
    told = {row["code"]: row["value"] for row in client.get(f"/api/v1/shops/{shop.slug}/figures/").json()["figures"]}
    assert told["late"] == 2_500
    assert told["bad_codes"] == 0
    assert "measures" not in told, "what only the platform does is not theirs"


def test_machines_read_the_same_figures(client, shop, at):
    a_month_of_everything(shop.pk, at)
    told = client.get("/api/v1/transparency/").json()
    values = {row["code"]: row["value"] for row in told["figures"]}
    assert set(values) == {each.code for each in published.PUBLISHED}
    assert (values["by_machine"], values["content_buyers"], values["kappa"]) == (5_000, 400, None)
    assert told["figures_by_month"][-1]["values"]["late"] == 2_500
    assert told["figures_by_month"][-1]["fund_in"] == 4_000
    assert told["won_by_level"] == [{"part": "M1", "decided": 10, "buyer_bp": 10_000}]
    assert told["complaints_from_outside"] == [{"part": "wechat", "count": 11}]
    assert told["guarantee_fund"]["shortfalls"] == []
