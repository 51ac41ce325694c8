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
