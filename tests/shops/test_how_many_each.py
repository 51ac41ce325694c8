"""A shop may say how many of a listing one buyer can have, in all their orders together."""

import pytest
from django.core.exceptions import ValidationError

from orders import lifecycle
from orders.models import Order
from shops import listings
from tests.orders.test_delivery_pages import as_
from timeline.door import Refused

pytestmark = pytest.mark.django_db

ACCOUNT = {"account": "13800138000"}


def order(listing, buyer, quantity, at):
    return lifecycle.place(buyer=buyer, listing=listing, quantity=quantity, acknowledged=True, given=ACCOUNT, at=at)


def refused(call):
    """The code with which a call is refused, and what it says."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code, str(refusal.value.sentence)


def test_one_buyer_has_no_more_than_the_shop_lets_them(offer, rich_buyer, stranger, at):
    listing = offer(most_each=3)
    first = order(listing, rich_buyer, 2, at)
    code, sentence = refused(lambda: order(listing, rich_buyer, 2, at))
    assert (code, "3" in sentence, "1" in sentence) == ("over_listing_limit", True, True)
    order(listing, rich_buyer, 1, at)
    assert refused(lambda: order(listing, rich_buyer, 1, at))[0] == "over_listing_limit"
    order(listing, stranger, 3, at)
    lifecycle.cancel(first, by=rich_buyer, at=at)
    order(listing, rich_buyer, 2, at)
    assert Order.objects.filter(buyer=rich_buyer).count() == 3


@pytest.mark.parametrize("most", [0, 501])
def test_a_limit_is_between_one_and_five_hundred(offer, most):
    with pytest.raises(ValidationError) as wrong:
        offer(most_each=most)
    assert "most_each" in wrong.value.message_dict


def test_it_stands_on_the_page_before_somebody_pays_and_in_the_order(offer, rich_buyer, seller, at):
    listing = offer(most_each=3)
    page = as_(rich_buyer).get(listing.get_absolute_url()).content.decode()
    assert 'max="3"' in page
    assert '"most_each":3' in order(listing, rich_buyer, 1, at).snapshot.body
    listings.pause(listing, by=seller, at=at)
    listings.edit(listing, most_each=None, by=seller, at=at)
    assert type(listing).objects.get(pk=listing.pk).most_each is None
