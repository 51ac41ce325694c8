"""The story of a listing: drafted, put on sale, paused, resumed, closed; carried by the deposit."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.lifecycle import suspend
from shops import lifecycle, listings, stock
from shops.models import Kind, Listing
from shops.states import LISTING, ListingState
from tests.factories import ListingFactory
from tests.races import lost, race, won
from timeline.events import stream
from timeline.refusals import Refused

WORDS: dict[str, Any] = {
    "kind": Kind.POINT_CARD,
    "title": "点卡",
    "price": 100,
    "promise_minutes": 5,
    "notice": "看清区服",
}


@pytest.fixture
def paused(listing, seller, at):
    listings.pause(listing, by=seller, at=at)
    return listing


def last_event(listing):
    return stream(listing.root_address).filter(subject=listing.address).last()


# Draft


def test_a_shop_drafts_a_listing_that_nobody_else_sees(deposit, seller, stranger, at):
    drafted = listings.draft(shop=deposit.shop, by=seller, at=at, **WORDS)
    assert drafted.state == "draft"
    assert (last_event(drafted).name, last_event(drafted).by) == ("listing.draft", seller)
    assert list(Listing.objects.visible_to(seller)) == [drafted]
    assert not Listing.objects.visible_to(stranger).exists()


def test_a_draft_needs_no_deposit_yet(shop, seller, at):
    assert listings.draft(shop=shop, by=seller, at=at, **WORDS).state == "draft"


def test_only_the_shop_drafts_its_listings(deposit, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        listings.draft(shop=deposit.shop, by=stranger, at=at, **WORDS)


def test_a_closing_shop_offers_nothing_new(deposit, seller, at):
    lifecycle.close(deposit, by=seller, at=at)
    with pytest.raises(Refused, match="deposit_closing"):
        listings.draft(shop=deposit.shop, by=seller, at=at, **WORDS)


@pytest.mark.parametrize("kind", [Kind.GAME_ACCOUNT, "NONSENSE"])
def test_what_the_mall_does_not_trade_in_is_not_offered(deposit, seller, at, kind):
    with pytest.raises(Refused, match="kind_not_offered"):
        listings.draft(shop=deposit.shop, by=seller, at=at, **{**WORDS, "kind": kind})


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("price", 0),
        ("price", -1),
        ("price", 100_000_001),
        ("price", "a lot"),
        ("price", None),
        ("promise_minutes", 4),
        ("promise_minutes", 4_321),
        ("promise_minutes", -5),
        ("face_value", 0),
        ("title", ""),
        ("title", "   "),
        ("title", "x" * 81),
        ("title", "a\x07b"),
        ("title", "a\u202eb"),
        ("region", "x" * 41),
        ("notice", " "),
        ("notice", "x" * 1_001),
    ],
)
def test_a_wrong_word_or_figure_is_named_and_nothing_is_written(deposit, seller, at, word, value):
    with pytest.raises(ValidationError) as error:
        listings.draft(shop=deposit.shop, by=seller, at=at, **{**WORDS, word: value})
    assert set(error.value.error_dict) == {word}
    assert not Listing.objects.exists()


@pytest.mark.parametrize("figures", [{"price": 0}, {"promise_minutes": 4}, {"face_value": 0}, {"kind": "NONSENSE"}])
def test_the_database_itself_refuses_such_figures(draft, figures):
    with pytest.raises(IntegrityError), transaction.atomic():
        Listing.objects.filter(pk=draft.pk).update(**figures)


# On sale


def test_a_shop_puts_a_draft_on_sale(draft, seller, stranger, at):
    listings.put_on_sale(draft, by=seller, at=at)
    assert draft.state == "on_sale"
    assert (last_event(draft).name, last_event(draft).by) == ("listing.on_sale", seller)
    assert list(Listing.objects.visible_to(stranger)) == [draft]


def test_only_the_shop_puts_it_on_sale(draft, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        listings.put_on_sale(draft, by=stranger, at=at)
    assert Listing.objects.get().state == "draft"


def test_it_goes_on_sale_once(listing, seller, at):
    with pytest.raises(Refused, match="wrong_moment"):
        listings.put_on_sale(listing, by=seller, at=at)


def test_a_shop_without_a_deposit_sells_nothing(shop, seller, at):
    drafted = listings.draft(shop=shop, by=seller, at=at, **WORDS)
    with pytest.raises(Refused, match="deposit_too_small"):
        listings.put_on_sale(drafted, by=seller, at=at)


@pytest.mark.parametrize(("required", "allowed"), [(200_000, True), (200_001, False)])
def test_below_half_of_the_deposit_nothing_new_is_listed(draft, deposit, seller, at, required, allowed):
    lifecycle.set_required(deposit, required=required, at=at)
    if allowed:
        listings.put_on_sale(draft, by=seller, at=at)
    else:
        with pytest.raises(Refused, match="deposit_too_small"):
            listings.put_on_sale(draft, by=seller, at=at)
    assert Listing.objects.get().state == ("on_sale" if allowed else "draft")


@pytest.mark.parametrize(("required", "allowed"), [(500_000, True), (500_100, False)])
def test_below_a_fifth_of_the_deposit_sales_stop_and_nothing_is_resumed(listing, seller, at, required, allowed):
    lifecycle.set_required(listing.shop.deposit, required=required, at=at)
    fresh = Listing.objects.get()
    assert listings.may_sell(fresh, at=at) is allowed
    listings.pause(fresh, by=seller, at=at)
    if allowed:
        listings.resume(fresh, by=seller, at=at)
    else:
        with pytest.raises(Refused, match="deposit_too_small"):
            listings.resume(fresh, by=seller, at=at)


def test_a_suspended_deposit_stops_sales(listing, at):
    deposit = listing.shop.deposit
    lifecycle.set_required(deposit, required=200_000, at=at)
    lifecycle.lapse(deposit, limit="DEPOSIT_TOP_UP", at=deposit.deadline_at)
    assert not listings.may_sell(Listing.objects.get(), at=at)
    assert not Listing.objects.for_sale().exists()


def test_somebody_who_is_suspended_sells_nothing(listing, seller, risk, at):
    suspend(seller, reason="售卖来路不明的卡密", until=at + timedelta(days=1), by=risk, at=at)
    assert not listings.may_sell(listing, at=at)
    listings.pause(listing, by=seller, at=at)
    with pytest.raises(Refused, match="suspended"):
        listings.resume(listing, by=seller, at=at)


# Pause, resume, close


def test_a_shop_pauses_and_sells_again(listing, seller, at):
    listings.pause(listing, by=seller, at=at)
    assert not listings.may_sell(listing, at=at)
    assert last_event(listing).name == "listing.paused"
    listings.resume(listing, by=seller, at=at)
    assert listings.may_sell(listing, at=at)
    assert last_event(listing).name == "listing.resumed"


def test_a_listing_that_is_closed_stays_closed(listing, seller, at):
    listings.close(listing, by=seller, at=at)
    assert (listing.state, last_event(listing).name) == ("closed", "listing.closed")
    for verb in (listings.put_on_sale, listings.pause, listings.resume, listings.close):
        with pytest.raises(Refused, match="wrong_moment"):
            verb(listing, by=seller, at=at)


@pytest.mark.parametrize("verb", [listings.pause, listings.resume, listings.close])
def test_strangers_do_nothing_with_it(listing, stranger, at, verb):
    with pytest.raises(Refused, match="not_your_turn"):
        verb(listing, by=stranger, at=at)
    assert Listing.objects.get().state == "on_sale"


@pytest.mark.parametrize("verb", [listings.pause, listings.resume])
def test_a_draft_is_neither_paused_nor_resumed(draft, seller, at, verb):
    with pytest.raises(Refused, match="wrong_moment"):
        verb(draft, by=seller, at=at)


@pytest.mark.parametrize("state", ["draft", "listing", "paused"])
def test_no_action_is_offered_that_the_verb_would_refuse(request, seller, stranger, at, state):
    thing = request.getfixturevalue(state)
    if state == "draft":
        thing = request.getfixturevalue("draft")
    offered = listings.actions_for(thing, seller)
    assert listings.actions_for(thing, stranger) == []
    for name in ("put_on_sale", "pause", "resume", "close", "edit"):
        try:
            with transaction.atomic():
                getattr(listings, name)(thing, by=seller, at=at)
                transaction.set_rollback(True)
            done = True
        except Refused:
            done = False
        thing.refresh_from_db()
        assert done == (name in offered), name


@pytest.mark.django_db(transaction=True)
def test_pausing_and_closing_at_once_both_count_or_one_is_refused(listing, seller, at):
    outcomes = race(
        lambda: listings.pause(Listing.objects.get(pk=listing.pk), by=seller, at=at),
        lambda: listings.close(Listing.objects.get(pk=listing.pk), by=seller, at=at),
    )
    assert Listing.objects.get(pk=listing.pk).state == "closed"
    assert len(won(outcomes)) + len(lost(outcomes)) == 2
    assert all(isinstance(each, Refused) for each in lost(outcomes))


# Editing and what is kept


def test_a_paused_listing_is_written_anew_and_what_it_was_is_on_record(paused, seller, at):
    listings.edit(paused, price=9_500, title=" 星河激活码 ", region="国服", by=seller, at=at)
    assert (Listing.objects.get().price, Listing.objects.get().title) == (9_500, "星河激活码")
    changed = {"price": [9_800, 9_500], "title": ["星河激活码 30 天", "星河激活码"]}
    assert last_event(paused).data == {"changed": changed}


def test_saving_what_is_there_already_is_no_event(paused, seller, at):
    before = last_event(paused).seq
    listings.edit(paused, price=9_800, by=seller, at=at)
    assert last_event(paused).seq == before


def test_nobody_changes_a_listing_under_the_eyes_of_buyers(listing, seller, at):
    with pytest.raises(Refused, match="wrong_moment"):
        listings.edit(listing, price=9_500, by=seller, at=at)
    assert Listing.objects.get().price == 9_800


def test_strangers_do_not_edit(paused, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        listings.edit(paused, price=1, by=stranger, at=at)


def test_a_wrong_figure_changes_nothing(paused, seller, at):
    with pytest.raises(ValidationError):
        listings.edit(paused, price=0, by=seller, at=at)
    assert Listing.objects.get().price == 9_800


def test_the_kind_cannot_be_edited(paused, seller, at):
    with pytest.raises(TypeError, match="kind"):
        listings.edit(paused, kind=Kind.POINT_CARD, by=seller, at=at)


def test_the_snapshot_holds_what_a_judge_needs_as_plain_json(listing):
    kept = json.loads(json.dumps(listing.snapshot()))
    assert kept == listing.snapshot()
    assert (kept["price"], kept["promise_minutes"], kept["region"]) == (9_800, 10, "国服")
    assert kept["shop"]["slug"] == "xinghe"
    assert set(listings.WORDS) < set(kept)


def test_no_clock_runs_on_what_is_on_sale(listing, at):
    assert listing.deadline_at is None
    LISTING.expired(listing, limit="ANY", at=at)
    assert Listing.objects.get().state == "on_sale"


@pytest.mark.parametrize("state", ListingState.values)
def test_the_factory_brings_a_listing_into_every_state_by_verbs(db, state):
    made = ListingFactory(state=state, codes=2)
    assert (made.state, stock.count_free(made)) == (state, 2)
    assert last_event(made).state_after == state or state == "draft"
