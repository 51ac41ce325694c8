"""Nobody agrees to a text that is another one by now: what the page promised goes along with the order."""

from typing import Any

import pytest
from django.urls import reverse

from orders.models import Order
from orders.purchase import order_as_shown
from rulebook import versions
from shops import listings, policy
from tests.orders.test_delivery_pages import as_
from timeline.door import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def rewritten(offer, seller, at):
    """A listing with the mark of what it promised before it was paused, changed and sold again."""
    listing = offer()
    before = policy.shown(listing, versions.in_force(at))
    listings.pause(listing, by=seller, at=at)
    listings.edit(listing, promise_minutes=120, notice="新的须知:请先看清。", by=seller, at=at)
    listings.resume(listing, by=seller, at=at)
    return listing, before


def test_the_mark_is_the_same_for_the_same_text_and_moves_with_every_promise(offer, at):
    listing, ruling = offer(), versions.in_force(at)
    mark = policy.shown(listing, ruling)
    assert policy.shown(type(listing).objects.get(pk=listing.pk), ruling) == mark
    listing.price += 1
    assert policy.shown(listing, ruling) == mark, "the price is asked by itself"
    for name in ("promise_minutes", "warranty_days"):
        setattr(listing, name, getattr(listing, name) + 1)
        assert policy.shown(listing, ruling) != mark


def test_what_was_promised_otherwise_is_not_ordered(rewritten, rich_buyer, at):
    listing, before = rewritten
    words: dict[str, Any] = {"quantity": 1, "acknowledged": True, "exempt": True, "given": {"account": "13800138000"}}
    with pytest.raises(Refused) as refusal:
        order_as_shown(listing, shown=before, by=rich_buyer, at=at, **words)
    assert refusal.value.code == "promises_changed"
    assert not Order.objects.exists()
    order_as_shown(listing, by=rich_buyer, at=at, **words)


def test_the_page_answers_with_the_text_of_now_and_asks_again(rewritten, rich_buyer):
    listing, before = rewritten
    buyer, where = as_(rich_buyer), reverse("orders:place", args=[listing.pk])
    told = {"quantity": 1, "acknowledged": "on", "exempt": "on", "price": listing.price}
    told["given_account"] = "13800138000"
    answer = buyer.post(where, told | {"shown": before})
    page = answer.content.decode()
    assert (answer.status_code, Order.objects.count()) == (409, 0)
    assert "新的须知" in page
    now = policy.shown(listing, versions.shipped())
    assert f'value="{now}"' in page
    assert now in buyer.get(listing.get_absolute_url()).content.decode()
    assert buyer.post(where, told | {"shown": now}).status_code == 302


def test_the_page_tells_everything_that_changed_and_keeps_what_was_chosen(offer, seller, rich_buyer, at):
    listing = offer(region="国服", face_value=10_000, warranty_days=10)
    page = as_(rich_buyer).get(listing.get_absolute_url(), headers={"accept-language": "en"})
    told = {name: page.context[name] for name in ("shown", "seen")} | {"price": listing.price, "quantity": 3}
    told |= {"acknowledged": "on", "exempt": "on", "given_account": "13800138000", "trial": "1"}
    listings.pause(listing, by=seller, at=at)
    words = {"region": "港服", "face_value": 5_000, "warranty_days": 0, "notice": "新的须知", "price": 9_900}
    listings.edit(listing, promise_minutes=120, **words, by=seller, at=at)
    listings.resume(listing, by=seller, at=at)
    where = reverse("orders:place", args=[listing.pk])
    answer = as_(rich_buyer).post(where, told, headers={"accept-language": "en"})
    assert (answer.status_code, Order.objects.count()) == (409, 0)
    changes = {str(each.label): (each.was, each.now) for each in answer.context["changes"]}
    assert changes == {
        "Price of one": ("¥50.00", "¥99.00"),
        "Face value": ("¥100.00", "¥50.00"),
        "Region": ("国服", "港服"),
        "Arrives within": ("1 hour", "2 hours"),
        "Warranty": ("The shop answers for it for 10 days after delivery.", "–"),
        "Usage notice": ("", "new, read it below"),
    }
    shown = answer.content.decode()
    assert "港服" in shown
    assert '<input type="hidden" name="trial" value="1">' in shown
    form = answer.context["form"]
    assert (form["quantity"].value(), form["given_account"].value()) == ("3", "13800138000")
    again = told | {name: form[name].value() for name in ("price", "shown", "seen")}
    placed = as_(rich_buyer).post(where, again)
    assert placed.url.endswith("?want=3")
    assert Order.objects.get().units.count() == 1


WRONG = '{"price":"x","asks":{"a":1},"promises":{"a":[1]}}'


@pytest.mark.parametrize("seen", ["", "x", "[1]", "{" * 3_000, WRONG, "x" * 5_000])
def test_whatever_comes_back_as_seen_the_page_answers(seen, rewritten, rich_buyer):
    listing, before = rewritten
    told = {"quantity": 1, "acknowledged": "on", "exempt": "on", "price": listing.price, "shown": before, "seen": seen}
    answer = as_(rich_buyer).post(reverse("orders:place", args=[listing.pk]), told | {"given_account": "13800138000"})
    assert answer.status_code == 409
