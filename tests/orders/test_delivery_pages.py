"""Pages of delivery: buying a top-up, the shop's queue, delivering by hand, cancelling and waiting when it is late."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation

from orders.models import Order, Unit
from orders.states import Delivery, OrderState
from shops import pledges
from shops.models import Kind, Listing
from tests.fixtures.deliveries import ACCOUNT
from tests.queries import recorded
from timeline.sweep import fire_overdue

HOUR = timedelta(hours=1)


def as_(user) -> Any:
    """A browser with which somebody is signed in."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def page(name, order):
    return reverse(f"orders:{name}", kwargs={"number": order.number})


def proof(**more):
    file = SimpleUploadedFile("done.txt", b"credited", content_type="text/plain")
    return {"places": ["1"], "account": ACCOUNT, "reference": "UP-77", "files": [file], **more}


def test_the_buy_box_asks_what_the_delivery_needs_and_the_order_shows_it_masked(offer, rich_buyer):
    listing, buyer = offer(), as_(rich_buyer)
    assert 'name="given_account"' in buyer.get(listing.get_absolute_url()).content.decode()
    told = {"quantity": 1, "acknowledged": "on", "exempt": "on", "price": listing.price}
    where = reverse("orders:place", args=[listing.pk])
    without = buyer.post(where, told)
    assert (without.status_code, Order.objects.count()) == (422, 0)
    assert 'name="given_account"' in without.content.decode()
    assert buyer.post(where, {**told, "given_account": "1380\u200b0138"}).status_code == 422
    assert buyer.post(where, {**told, "given_account": ACCOUNT}).status_code == 302
    order = Order.objects.get()
    shown = buyer.get(page("detail", order)).content.decode()
    assert "13•••••••00" in shown
    assert ACCOUNT not in shown


def test_the_shop_sees_what_to_deliver_and_delivers_it_with_proof(bought, seller, rich_buyer):
    order, shop = bought(quantity=2), as_(seller)
    queue = shop.get(reverse("orders:to_deliver", args=[order.shop.slug])).content.decode()
    assert order.number in queue
    assert page("deliver", order) in queue
    form = shop.get(page("deliver", order)).content.decode()
    assert ACCOUNT not in form
    assert "13•••••••00" in form
    assert shop.post(page("open_given", order)).url == page("deliver", order)
    assert ACCOUNT in shop.get(page("deliver", order)).content.decode()  # here, and nowhere else
    assert "no-store" in shop.get(page("deliver", order)).headers["Cache-Control"]
    assert shop.post(page("deliver", order), proof(account="13900139000")).status_code == 422
    assert fresh(order).units.filter(delivery=Delivery.USED).count() == 0
    assert shop.post(page("deliver", order), proof()).status_code == 302
    assert [unit.delivery for unit in order.units.order_by("place")] == ["used", "undelivered"]
    shown = as_(rich_buyer).get(page("detail", order)).content.decode()
    assert "UP-77" in shown


@pytest.mark.parametrize("kind", [Kind.DIRECT_TOPUP, Kind.MEMBERSHIP, Kind.CUSTOM_SERVICE])
def test_where_no_code_is_bought_the_page_speaks_of_none(bought, offer, seller, rich_buyer, kind):
    """Nothing is set aside, sealed or looked at, and what came was delivered, not “used” by its buyer."""
    order, buyer = bought(kind), as_(rich_buyer)
    told = proof(starts_on="2026-11-22", ends_on="2026-12-21", text="60 级")
    assert as_(seller).post(page("deliver", order), told).status_code == 302
    shown = buyer.get(page("detail", order), headers={"accept-language": "en"})
    assert [(step["label"], step["status"]) for step in shown.context["steps"]] == [
        ("Paid", "done"),
        ("Delivered", "done"),
        ("Confirmed", "now"),
        ("Settled", "ahead"),
    ]
    assert [(tile["badge"]["icon"], tile["badge"]["word"]) for tile in shown.context["tiles"]] == [
        ("package-check", "Was delivered")
    ]
    with translation.override("en"):
        said = {str(entry["what"]) for entry in shown.context["happenings"]}
    assert {"The order was placed.", "Everything was delivered."} <= said
    assert not any("code" in each or "sealed" in each for each in said)


def test_before_it_is_paid_no_codes_are_set_aside_for_a_top_up(offer, rich_buyer, placed_order):
    listing, buyer = offer(), as_(rich_buyer)
    told = {"quantity": 1, "acknowledged": "on", "exempt": "on", "price": listing.price, "given_account": ACCOUNT}
    assert buyer.post(reverse("orders:place", args=[listing.pk]), told).status_code == 302
    order = Order.objects.latest("pk")
    whose = {}
    for each in (order, placed_order):
        shown = buyer.get(page("detail", each), headers={"accept-language": "en"})
        with translation.override("en"):
            whose[each.pk] = str(shown.context["turn"]["whose"])
    assert whose[order.pk] == "It is your turn: pay. Nothing is charged until then."
    assert "set aside" in whose[placed_order.pk]


def test_the_order_shows_what_was_promised_in_figures(bought, offer, rich_buyer):
    order, buyer = bought(Kind.CUSTOM_SERVICE), as_(rich_buyer)
    listing = order.snapshot.listing
    assert listing.promises, "or there is nothing to show"
    Listing.objects.filter(pk=listing.pk).update(promises={}, warranty_days=0)
    shown = buyer.get(page("detail", order), headers={"accept-language": "en"})
    with translation.override("en"):
        assert dict(shown.context["figured"]) == dict(pledges.told(listing.kind, listing.promises))
    for label, figure in shown.context["figured"]:
        assert f"<dt>{label}</dt><dd>{figure}</dd>" in shown.content.decode()


def test_the_buyer_reads_that_the_shop_opened_what_they_gave(bought, seller, rich_buyer):
    order = bought()
    as_(seller).post(page("open_given", order))
    told = as_(rich_buyer).get(page("detail", order), headers={"accept-language": "en"}).content.decode()
    assert "The shop opened what was given for the delivery." in told
    seen = as_(rich_buyer).get(reverse("privacy:own"), headers={"accept-language": "en"}).content.decode()
    assert order.number in seen
    assert "The shop that delivers" in seen


@pytest.mark.parametrize("kind", [Kind.MEMBERSHIP, Kind.CUSTOM_SERVICE])
def test_the_form_asks_for_the_proof_of_the_kind(bought, seller, kind):
    order, shop = bought(kind), as_(seller)
    form = shop.get(page("deliver", order)).content.decode()
    assert ('name="ends_on"' in form) == (kind == Kind.MEMBERSHIP)
    assert ('name="text"' in form) == (kind == Kind.CUSTOM_SERVICE)
    told = proof(starts_on="2026-11-22", ends_on="2026-12-21", text="60 级")
    assert shop.post(page("deliver", order), told).status_code == 302
    assert fresh(order).state == OrderState.DELIVERED


def test_buyers_and_strangers_do_not_see_the_shops_pages(bought, rich_buyer, stranger):
    order = bought()
    assert as_(rich_buyer).get(page("deliver", order)).url == page("detail", order)
    assert as_(stranger).get(page("deliver", order)).status_code == 404
    assert as_(stranger).post(page("wait", order)).status_code == 404
    assert as_(rich_buyer).get(reverse("orders:to_deliver", args=[order.shop.slug])).status_code == 404


def test_a_late_order_can_be_waited_for_or_cancelled_on_its_page(bought, rich_buyer, at):
    order, buyer = bought(), as_(rich_buyer)
    assert page("wait", order) not in buyer.get(page("detail", order)).content.decode()
    fire_overdue(order.root_address, at=at + HOUR)
    shown = buyer.get(page("detail", order)).content.decode()
    assert page("wait", order) in shown
    assert page("cancel", order) in shown
    assert buyer.post(page("wait", order)).status_code == 302
    assert fresh(order).waits_longer
    assert buyer.post(page("cancel", order)).status_code == 302
    assert fresh(order).state == OrderState.CANCELLED
    assert Unit.objects.get(order=order).refunded == 5_000


def test_an_order_with_a_supplier_shows_each_units_ticket(bought, rich_buyer):
    order = bought(quantity=2, delivered_by="supplier")
    shown = as_(rich_buyer).get(page("detail", order)).content.decode()
    assert f"{order.number}-1" in shown
    assert f"{order.number}-2" in shown


def test_the_order_page_asks_as_often_for_many_units_as_for_one(bought, rich_buyer):
    counts = []
    for quantity in (1, 12):
        order = bought(quantity=quantity, delivered_by="supplier", title=f"直充 {quantity}")
        buyer = as_(rich_buyer)
        buyer.get(page("detail", order))
        with recorded() as asked:
            buyer.get(page("detail", order))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_shop_writes_a_top_up_that_asks_for_the_account(deposit, seller):
    told = {
        "kind": Kind.DIRECT_TOPUP,
        "title": "话费直充 50 元",
        "price": "50",
        "promise_minutes": 60,
        "notice": "请核对账号。",
        "asks": ["server"],
    }
    answer = as_(seller).post(reverse("shops:draft", args=[deposit.shop.slug]), told)
    assert answer.status_code == 302
    listing = Listing.objects.get()
    assert (listing.delivered_by, listing.asks) == ("shop", ["account", "server"])
