"""A shop's desk in full: what is due first, what ends or fails, thirty days in plots, and how a new shop begins."""

from datetime import timedelta

import pytest
from django.urls import reverse

from reputation import batch_answers
from reputation.models import Tally
from shops import batches, sanctions, staff, stock
from shops.models import Day, Shop
from shops.stock import Origin
from tests.fixtures.cases import units_of
from tests.queries import recorded
from tests.reputation.conftest import ring, sold
from timeline.spans import SHANGHAI

__all__ = ["sold"]


@pytest.fixture
def desk(client, seller):
    """The desk of the seller's shop, as it is shown now."""

    def look():
        client.force_login(seller)
        return client.get("/desk/", headers={"accept-language": "en"})

    return look


def test_the_short_address_leads_to_the_desk(client, seller):
    client.force_login(seller)
    assert client.get("/shop/?shop=x").url == "/desk/?shop=x"


def test_a_new_shop_is_told_how_to_begin(desk, shop, deposit, draft):
    steps = {step["title"]: step["is_done"] for step in desk().context["beginning"]}
    assert list(steps.values()) == [True, True, False, False, False]
    page = desk().content.decode()
    assert reverse("shops:stock", args=["xinghe"]) in page


def test_who_has_sold_something_needs_no_list(desk, order):
    assert desk().context["beginning"] == []


def test_orders_are_there_by_what_is_due_first(desk, bought):
    later = bought(delivered_by="shop", promise_minutes=600)
    sooner = bought(delivered_by="shop", promise_minutes=60)
    assert [each["number"] for each in desk().context["due"]] == [sooner.number, later.number]


def test_claims_are_there_by_the_time_that_is_left(desk, refund):
    (row,) = desk().context["claims"]
    assert (row["number"], row["until"]) == (refund.number, refund.deadline_at)


def test_codes_that_end_soon_and_batches_that_fail_are_named(desk, listing, order, seller, at):
    ends = Origin(expires_at=at + timedelta(days=3))
    stock.add_batch(listing, ["ENDS-0001-SOON", "ENDS-0002-SOON"], by=seller, at=at, origin=ends)
    (row,) = desk().context["ending"]
    assert (row["count"], row["first"]) == (2, ends.expires_at)
    assert desk().context["failing"] == []
    batches.stop(units_of(order)[0].card.batch, reason="上游召回。", by=seller, at=at)
    assert desk().context["failing"][0]["is_stopped"]


def test_thirty_days_are_drawn_with_a_table_behind_each(desk, shop, deposit, at):
    assert b"plot-plane" not in desk().content
    today = at.astimezone(SHANGHAI).date()
    figures = {"orders": 3, "units": 3, "turnover": 29_400, "due": 3, "on_time": 3, "claims": 1, "paid_back": 0}
    Day.objects.create(shop=shop, day=today, **figures)
    page = desk()
    assert page.content.count(b"plot-plane") == 3
    assert page.content.count(b"plot-table") == 3
    assert len(page.context["days"]["names"]) == 30
    assert page.context["days"]["on_time"][0][1][-2:] == [None, 10_000]


def test_reasons_by_week_and_the_time_to_the_money_are_drawn_from_what_was_counted(desk, shop, deposit, at):
    today = at.astimezone(SHANGHAI).date()
    Day.objects.create(shop=shop, day=today, orders=3, units=3, turnover=1, due=3, on_time=3, claims=1, paid_back=0)
    assert not desk().context["reasons"]["is_known"]
    for code, many in (("CODE_INVALID", 5), ("CODE_USED", 4), ("NOT_RECEIVED", 3), ("CHANGE_OF_MIND", 2), ("OTHER", 1)):
        Tally.objects.create(measure="reasons", shop=shop, day=today, part=f"{code}:paid", count=many)
    Tally.objects.create(
        measure="reasons", shop=shop, day=today - timedelta(weeks=1), part="CODE_INVALID:lapsed", count=7
    )
    for part, many in (("seller:000010", 6), ("seller:000060", 3), ("none:001440", 2), ("seller:999999", 1)):
        Tally.objects.create(measure="cycle", shop=shop, day=today, part=part, count=many)
    page = desk()
    assert page.content.count(b"plot-plane") == 5
    series = page.context["reasons"]["series"]
    assert [figures[-2:] for _name, figures in series] == [[7, 5], [0, 4], [0, 3], [0, 3]], "the rest together"
    assert page.context["waits"]["series"][0][1] == [6, 3, 2, 0, 1]


def test_a_step_against_the_shop_stands_on_top(desk, shop, deposit, risk, at):
    sanctions.impose(shop, step="warning", reason="请核对面值。", by=risk, at=at)
    assert "请核对面值。" in desk().content.decode()


def test_a_batch_that_waits_for_the_shops_word_stands_on_top(desk, sold, seller, at):
    alarm = ring(sold, at)
    (told,) = desk().context["warnings"]
    assert told["url"] == f"{alarm.get_absolute_url()}#answer"
    batch_answers.give(alarm.answer, words="上游换了批号，已停售并逐张核对。", by=seller, at=at)
    assert desk().context["warnings"] == []


@pytest.mark.parametrize(("duty", "count"), [("manager", 2), ("finance", 1), ("support", 0)])
def test_nobody_of_the_shop_is_led_to_what_is_not_there_for_them(
    client, sold, seller, stranger, monkeypatch, duty, count, at
):
    ring(sold, at)
    shop = Shop.objects.get()
    staff.accept(staff.invite(shop, email=stranger.email, duty=duty, by=seller, at=at), by=stranger, at=at)
    monkeypatch.setattr(Shop, "is_licensed", lambda shop, at: False)
    client.force_login(stranger)
    told = client.get("/desk/").context["warnings"]
    assert len(told) == count
    assert {client.get(each["url"].partition("#")[0]).status_code for each in told} <= {200}


@pytest.mark.parametrize(("duty", "sees"), [("manager", True), ("finance", True), ("support", False)])
def test_only_who_works_with_the_money_of_the_shop_reads_its_sums(
    client, order, shop, deposit, seller, stranger, duty, sees, at
):
    staff.accept(staff.invite(shop, email=stranger.email, duty=duty, by=seller, at=at), by=stranger, at=at)
    today = at.astimezone(SHANGHAI).date()
    Day.objects.create(shop=shop, day=today, orders=1, units=1, turnover=1, due=1, on_time=1, claims=1, paid_back=1)
    client.force_login(stranger)
    answer = client.get("/desk/", headers={"accept-language": "en"})
    page = answer.content.decode()
    for word in ("Deposit, free", "On its way", "Deposit required", "Turnover"):
        assert (word in page) == sees, word
    assert ("money" in answer.context) == sees
    assert "Orders and claims a day" in page, "what is to be done is there for everybody"


@pytest.mark.parametrize(("duty", "count"), [("manager", 5), ("finance", 2), ("support", 0)])
def test_a_new_shop_s_people_are_led_to_what_they_can_begin(client, shop, deposit, seller, stranger, duty, count, at):
    staff.accept(staff.invite(shop, email=stranger.email, duty=duty, by=seller, at=at), by=stranger, at=at)
    client.force_login(stranger)
    steps = client.get("/desk/").context["beginning"]
    assert len(steps) == count
    assert {client.get(each["url"]).status_code for each in steps} <= {200}


def test_the_desk_asks_a_bounded_number_of_questions(desk, order, refund, shop, at):
    desk()
    with recorded() as asked:
        desk()
    assert len(asked) <= 45
    assert Shop.objects.count() == 1
