"""What a listing promises in figures, what the mall looks over, and how it is found."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from orders import facts
from orders import lifecycle as orders
from shops import listings, pledges, searching
from shops.models import Kind, Listing, Shop
from tests.factories import ListingFactory, ShopFactory
from tests.queries import recorded
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep

MEMBERSHIP: dict[str, Any] = {
    "kind": "MEMBERSHIP",
    "title": "视频会员 30 天",
    "price": 2_000,
    "promise_minutes": 60,
    "notice": "请核对账号。",
}


def refused(code, verb, *args, **said):
    with pytest.raises(Refused) as refusal:
        verb(*args, **said)
    assert refusal.value.code == code


# promises in figures


def test_every_kind_has_a_schema():
    assert set(pledges.SCHEMA) == set(Kind.values)
    for kind, schema in pledges.SCHEMA.items():
        assert len({each.name for each in schema}) == len(schema), kind


def test_promises_are_read_by_the_schema_of_their_kind():
    assert pledges.read("MEMBERSHIP", {"on": "own", "term_days": 30, "renewal": ""}) == {"term_days": 30, "on": "own"}


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        ("MEMBERSHIP", {"term_days": 0}, "out_of_range"),
        ("MEMBERSHIP", {"term_days": "30"}, "not_a_number"),
        ("MEMBERSHIP", {"term_days": True}, "not_a_number"),
        ("MEMBERSHIP", {"on": "mine"}, "invalid_choice"),
        ("POINT_CARD", {"term_days": 30}, "unknown"),
    ],
)
def test_what_is_no_promise_is_not_kept(kind, said, code):
    with pytest.raises(ValidationError) as error:
        pledges.read(kind, said)
    assert [each.code for each in error.value.error_dict["promises"]] == [code]


def test_a_membership_goes_on_sale_only_with_its_term(deposit, seller, at):
    drafted = listings.draft(shop=deposit.shop, by=seller, at=at, **MEMBERSHIP)
    refused("promise_missing", listings.put_on_sale, drafted, by=seller, at=at)
    listings.edit(drafted, promises={"term_days": 30}, by=seller, at=at)
    listings.put_on_sale(drafted, by=seller, at=at)
    assert dict(pledges.told(drafted.kind, drafted.promises)) == {"运行": "30 天"} or drafted.promises == {
        "term_days": 30
    }


def test_what_was_promised_is_in_the_order_s_snapshot(deposit, seller, buyer, at):
    words = MEMBERSHIP | {"promises": {"term_days": 30}, "warranty_days": 15, "section": "video", "area": "cn"}
    listing = listings.draft(shop=deposit.shop, by=seller, at=at, **words)
    listings.put_on_sale(listing, by=seller, at=at)
    given = {"account": "13800138000"}
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, given=given, at=at)
    kept = json.loads(order.snapshot.body)
    assert (kept["promises"], kept["warranty_days"], kept["area"]) == ({"term_days": 30}, 15, "cn")
    assert facts.PROMISED["warranty_days"](order, order.units.get(), at) == 15, "what was pledged counts in a case"
    assert hashlib.sha256(kept["exemption"]["text"].encode()).hexdigest() == kept["exemption"]["sha256"]
    assert kept["exemption"]["at"] == at.isoformat(), "each purchase has its own yes"


# looked over


@pytest.fixture
def new_shop_draft(draft):
    """A draft of a shop whose next listing waits for a person."""
    Shop.objects.update(reviews_left=1)
    return Listing.objects.get()


def test_the_first_listings_of_a_new_shop_wait_for_a_person(new_shop_draft, seller, risk, buyer, at):
    listings.put_on_sale(new_shop_draft, by=seller, at=at)
    assert (new_shop_draft.state, new_shop_draft.owner) == ("waiting", "risk")
    assert not Listing.objects.for_sale().exists()
    assert not Listing.objects.visible_to(buyer).exists()
    listings.look_over(new_shop_draft, by=risk, at=at)
    assert new_shop_draft.state == "on_sale"
    assert Shop.objects.get().reviews_left == 0


def test_what_the_mall_found_goes_back_with_its_reason_and_waits_again(new_shop_draft, seller, risk, at):
    listings.put_on_sale(new_shop_draft, by=seller, at=at)
    refused("no_reason", listings.take_down, new_shop_draft, reason="", by=risk, at=at)
    listings.take_down(new_shop_draft, reason="面值与标题不符。", by=risk, at=at)
    assert (new_shop_draft.state, new_shop_draft.review_note) == ("draft", "面值与标题不符。")
    Shop.objects.update(reviews_left=0)
    listings.put_on_sale(new_shop_draft, by=seller, at=at)
    assert new_shop_draft.state == "waiting"


def test_others_are_read_after_they_went_on_sale(listing, seller, risk, at):
    assert (listing.state, listing.checked_at) == ("on_sale", None)
    listings.look_over(listing, by=risk, at=at)
    assert listing.checked_at == at
    listings.pause(listing, by=seller, at=at)
    listings.edit(listing, title="星河激活码 31 天", by=seller, at=at)
    assert listing.checked_at is None
    listings.resume(listing, by=seller, at=at)
    assert listing.state == "on_sale", "a changed code is no risk that has to wait"


def test_a_changed_service_waits_for_a_person(deposit, seller, risk, at):
    service = listings.draft(
        shop=deposit.shop,
        by=seller,
        at=at,
        **MEMBERSHIP | {"kind": "CUSTOM_SERVICE", "promises": {"amount": 1, "measure": "hours"}},
    )
    listings.put_on_sale(service, by=seller, at=at)
    listings.pause(service, by=seller, at=at)
    listings.edit(service, description="三小时内完成。", by=seller, at=at)
    listings.resume(service, by=seller, at=at)
    assert service.state == "waiting"


def test_what_is_on_sale_can_be_taken_down(listing, seller, risk, at):
    for verb, said in ((listings.look_over, {}), (listings.take_down, {"reason": "…"})):
        refused("not_your_turn", verb, listing, by=seller, at=at, **said)
    listings.take_down(listing, reason="夸大。", by=risk, at=at)
    assert listing.state == "draft"
    assert Event.objects.filter(subject=listing.address, name="listing.taken_down").exists()


def test_a_mall_that_does_not_look_is_told_so(new_shop_draft, seller, at):
    listings.put_on_sale(new_shop_draft, by=seller, at=at)
    due = new_shop_draft.deadline_at
    sweep(at=due)
    new_shop_draft.refresh_from_db()
    assert new_shop_draft.state == "waiting"
    assert new_shop_draft.deadline_at > due + timedelta(hours=1)


# found


def found(question):
    return {each.title for each in searching.find(Listing.objects.for_sale(), question)}


def test_a_part_of_a_word_is_found_in_any_script(db):
    shop = ShopFactory(active=True, name="明月数卡")
    for title in ("星河点卡 100 元", "星海月卡", "Steam Wallet 50"):
        ListingFactory(shop=shop, title=title, codes=1)
    assert found("星河") == {"星河点卡 100 元"}
    assert found("卡") == {"星河点卡 100 元", "星海月卡", "Steam Wallet 50"}, "also in the shop's name"
    assert found("点卡 100") == {"星河点卡 100 元"}
    assert found("wall") == {"Steam Wallet 50"}
    assert found("TEAM w") == {"Steam Wallet 50"}
    assert found("星月") == set(), "both pairs of signs are there, the word is not"
    assert found("明月") == {"星河点卡 100 元", "星海月卡", "Steam Wallet 50"}
    assert found("50%") == set()
    assert len(found("")) == 3


def test_an_edited_listing_is_found_by_its_new_words(draft, seller, at):
    listings.edit(draft, title="月光激活码", by=seller, at=at)
    assert {each.pk for each in searching.find(Listing.objects.all(), "月光")} == {draft.pk}
    assert not searching.find(Listing.objects.all(), "30").exists()


def test_words_are_looked_up_in_their_index(db):
    ListingFactory(codes=0)
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("set local enable_indexscan = off")
        plan = searching.indexed("激活码").explain()
    assert "shops_listing_grams" in plan


def test_a_common_word_finds_what_a_rare_one_would(db, monkeypatch):
    """Rare words are sorted, common ones are met walking from the newest on: nobody can tell from what is found."""
    shop = ShopFactory(active=True, name="明月数卡")
    for title in ("星河点卡 100 元", "星海月卡", "Steam Wallet 50", "星空激活码", "激活星码"):
        ListingFactory(shop=shop, title=title, codes=1)
    questions = ("星", "卡", "激活码", "点卡 100", "明月 激活", "星月", "没有", "")
    rare = [found(question) for question in questions]
    monkeypatch.setattr(searching, "RARE", 0)
    assert [found(question) for question in questions] == rare
    assert rare[2] == {"星空激活码"}
    listings = searching.find(Listing.objects.for_sale(), "卡").order_by("-pk")
    assert [each.title for each in listings[:2]] == ["激活星码", "星空激活码"], "the shop's name holds it"


def test_a_search_asks_once_more_whether_its_words_are_rare_and_lists_with_that(db, monkeypatch):
    ListingFactory(codes=0)
    for rare in (500, 0):
        monkeypatch.setattr(searching, "RARE", rare)
        with recorded() as asked:
            list(searching.find(Listing.objects.for_sale(), "激活码"))
        assert len(asked) == 2
    assert "LIMIT 1" in asked[0], "counted no further than it matters"
