"""What after-sale says about the goods: what to promise, what to write into the notice, what a change did."""

from collections import Counter
from datetime import timedelta

from django.urls import reverse

from refunds import lifecycle as refunds
from reputation import feedback
from reputation.feedback import NOTICES, SUGGESTED, Row
from shops import listings
from shops.models import Kind
from tests.fixtures.cases import claim, units_of

OFTEN = Counter({"LATE_DELIVERY": 5, "REGION_MISMATCH": 3})


def test_a_promise_that_is_too_often_broken_is_measured_by_what_was_kept(listing):
    longer = listing.promise_minutes + 30
    assert Row("x", 100, OFTEN, listing, kept=longer).promise() == longer
    assert Row("x", 100, OFTEN, listing, kept=listing.promise_minutes).promise() is None, "it is kept"
    assert Row("x", 100, OFTEN, listing).promise() is None, "too few came to say"
    assert Row("x", 100, Counter({"REGION_MISMATCH": 9}), listing, kept=longer).promise() is None, "nobody minds"


def test_a_mistake_that_comes_too_often_has_a_sentence_for_the_notice(listing):
    listing.region = "国服"
    [sentence] = Row("x", 100, OFTEN, listing).notices()
    assert "国服" in sentence
    listing.notice = f"{listing.notice} {sentence}"
    assert Row("x", 100, OFTEN, listing).notices() == [], "it stands there already"
    assert Row("x", 9, OFTEN, listing).notices() == []
    assert set(NOTICES) <= set(SUGGESTED) & feedback.MISTAKES


def test_what_buyers_had_meant_is_told_by_kind_and_from_three_on(order, bought, rich_buyer, seller, at, monkeypatch):
    case = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.accept(case, by=seller, at=at)
    bought(Kind.DIRECT_TOPUP, delivered_by="shop")
    later = at + timedelta(hours=1)
    assert feedback.meant(order.shop, at=later) == []
    monkeypatch.setattr(feedback, "FEWEST_MEANT", 1)
    assert feedback.meant(order.shop, at=later) == [(order.snapshot.listing.kind, Kind.DIRECT_TOPUP, 1)]


def test_a_change_is_told_with_what_was_changed_and_what_it_did(client, order, listing, seller, at):
    listings.pause(listing, by=seller, at=at)
    listings.edit(listing, notice="请先确认地区。", by=seller, at=at)
    [effect] = feedback.effects(order.shop, at=at + timedelta(days=1))
    assert (effect.changed, effect.is_running, effect.before_bp) == (("notice",), True, None)
    client.force_login(seller)
    address = reverse("reputation:feedback", args=[order.shop.slug])
    page = client.get(address, headers={"Accept-Language": "en"}).content.decode()
    assert "Notice" in page
    assert "so far" in page
    assert " bp" not in page
