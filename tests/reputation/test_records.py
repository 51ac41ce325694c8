"""What our records say of a shop: counted once a day by fixed formulas, handed down, and told only of enough cases."""

from datetime import timedelta

import pytest
from django.urls import reverse

from orders.models import Order
from refunds import lifecycle as refunds
from refunds.models import Refund
from reputation import records
from shops import lifecycle
from shops.models import FEWEST, Day, Record, Shop
from tests.fixtures.cases import units_of
from tests.fixtures.people import person
from tests.queries import recorded


def test_what_was_sold_in_time_and_paid_back_is_counted(order, rich_buyer, seller, at):
    case = refunds.ask(order=order, units=[units_of(order)[0]], reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.accept(case, by=seller, at=at + timedelta(minutes=30))
    records.hand_down(at=at + timedelta(hours=1))
    found = Record.objects.get(shop=order.shop)
    assert (found.orders, found.units, found.due, found.on_time) == (1, 3, 3, 3)
    assert (found.refunded, found.upheld) == (1, 0), "a change of mind is nobody's fault"
    assert (found.answers, found.answer_minutes) == (1, 30)
    day = Day.objects.get()
    assert (day.orders, day.units, day.turnover, day.claims) == (1, 3, 29_400, 1)
    assert day.paid_back == case.approved


def test_what_came_too_late_or_not_at_all_is_not_on_time(bought, at):
    order = bought(delivered_by="shop")
    records.hand_down(at=at + timedelta(minutes=30))
    assert Record.objects.get(shop=order.shop).due == 0, "the promise still runs"
    records.hand_down(at=at + timedelta(minutes=61))
    found = Record.objects.get(shop=order.shop)
    assert (found.due, found.on_time) == (1, 0)


def test_ninety_days_later_it_is_forgotten(order, at):
    records.hand_down(at=at + timedelta(days=91))
    assert Record.objects.get(shop=order.shop).orders == 0


def test_a_shop_without_a_sale_has_a_record_of_nothing(shop, at):
    records.hand_down(at=at)
    found = Record.objects.get(shop=shop)
    assert (found.orders, found.answer_minutes, found.on_time_bp, found.response_minutes) == (0, None, None, None)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(19, 19, None), (20, 20, 10_000), (0, 20, 0), (1, 30, 333), (1, 32, 313), (2, 3, None)],
)
def test_a_share_is_told_from_twenty_cases_on_and_rounded_half_up(part, whole, told):
    assert FEWEST == 20
    assert Record.share_bp(part, whole) == told


def test_many_shops_cost_as_many_questions_as_one(order, at):
    records.hand_down(at=at)  # its marks are there from the first time on
    with recorded() as one:
        records.hand_down(at=at)
    for number in range(5):
        lifecycle.open_shop(owner=person(f"p{number}"), name=f"店{number}", slug=f"s{number}", required=1, at=at)
    with recorded() as many:
        assert records.hand_down(at=at) == 6
    assert len(many) == len(one)


def test_a_shop_s_page_tells_figures_and_suppresses_what_is_few(client, order, at):
    page = client.get(reverse("shops:detail", args=["xinghe"])).content.decode()
    assert page.count("太少") + page.count("too few") >= 4
    Record.objects.update_or_create(
        shop=order.shop,
        defaults=dict.fromkeys(records.FIGURES, 0)
        | {"computed_at": at, "days": 90, "units": 400, "due": 400, "on_time": 396, "refunded": 2, "answer_minutes": 0},
    )
    page = client.get(reverse("shops:detail", args=["xinghe"])).content.decode()
    assert "99%" in page
    assert "0.5%" in page


def test_a_shop_s_page_does_not_scan_its_orders(client, order, at):
    records.hand_down(at=at)
    with recorded() as asked:
        client.get(reverse("shops:detail", args=["xinghe"]))
    assert not [sql for sql in asked if "orders_" in sql]


def test_a_shop_that_is_stopped_says_so_on_its_page(client, listing, at):
    Shop.objects.update(no_sales_until=None)
    address = reverse("shops:detail", args=["xinghe"])
    assert 'class="message warning' not in client.get(address).content.decode()
    lifecycle.close(listing.shop.deposit, by=listing.shop.owner, at=at)
    assert "关闭" in (page := client.get(address).content.decode()) or "closed" in page


def test_whoever_bought_reads_the_contact_for_legal_steps(client, opened, buyer, stranger, at):
    address, contact = reverse("shops:detail", args=["mingyue"]), reverse("shops:contact", args=["mingyue"])
    public = client.get(address).content.decode()
    assert "021-55550000" not in public
    assert "91310104MA1FR0001X" in public, "the law has the licence shown to everybody"
    assert "310104199001011234" not in public
    client.force_login(stranger)
    assert "021-55550000" not in client.post(contact, follow=True).content.decode()
    client.force_login(opened.owner)
    told = client.post(contact)
    assert "021-55550000" in told.content.decode()
    assert told.headers["Cache-Control"] == "no-store"


def test_what_is_too_old_to_count_is_not_read_again(order, bought, at):
    """A year later the mark stands behind the old sale, and what was sold lately is counted as without it."""
    later = at + timedelta(days=400)
    assert records.move_on(at=at) == records.Marks()
    lately = bought(delivered_by="shop")
    Order.objects.filter(pk=lately.pk).update(placed_at=later, paid_at=later, promised_at=later + timedelta(hours=1))
    marks = records.move_on(at=later)
    assert (marks.orders, marks.refunds) == (order.pk, 0)
    assert records.move_on(at=later) == marks, "it stays where it is"
    assert records.counts([order.shop], at=later, marks=marks) == records.counts([order.shop], at=later)
    records.hand_down(at=later)
    assert Record.objects.get(shop=order.shop).orders == 1


def test_a_case_that_is_open_holds_its_mark_however_old_it_is(order, rich_buyer, seller, at):
    case = refunds.ask(order=order, units=[units_of(order)[0]], reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    assert records.move_on(at=at + timedelta(days=400)).refunds == 0
    later = at + timedelta(days=400)
    Refund.objects.filter(pk=case.pk).update(answered_at=later)
    records.hand_down(at=later)
    assert Record.objects.get(shop=order.shop).answers == 1
    Refund.objects.filter(pk=case.pk).update(answered_at=None)
