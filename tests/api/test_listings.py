"""Listings and stock in the API: the same verbs, and never a code in an answer."""

import pytest

from shops import listings, stock
from shops.models import Batch, Card, Kind, Listing
from tests.api.conftest import problem
from tests.queries import recorded
from timeline.api import PAGE

pytestmark = pytest.mark.django_db

WORDS = {"kind": "POINT_CARD", "title": "点卡", "price": 100, "promise_minutes": 5, "notice": "看清区服"}


@pytest.fixture
def many(deposit, seller, at):
    def sell(number):
        for place in range(Listing.objects.count(), number):
            found = listings.draft(
                shop=deposit.shop,
                kind=Kind.POINT_CARD,
                title=f"点卡 {place}",
                price=1,
                promise_minutes=5,
                notice="看",
                by=seller,
                at=at,
            )
            listings.put_on_sale(found, by=seller, at=at)

    return sell


def test_anybody_finds_what_is_on_sale(anybody, listing):
    (found,) = anybody.get("/api/v1/listings/").json()["results"]
    assert (found["title"], found["price"], found["promise_minutes"]) == (listing.title, 9_800, 10)
    assert (found["shop"], found["is_sold_out"]) == ("xinghe", False)
    assert "free" not in found
    alone = anybody.get(f"/api/v1/listings/{listing.pk}/").json()
    assert alone.pop("policy")["is_sealed_kind"]
    assert "seven days" in alone.pop("exemption")
    assert len(alone.pop("shown")) == 32
    assert alone == found


def test_a_search_keeps_its_words_from_page_to_page(anybody, listing, many):
    many(PAGE + 3)
    first = anybody.get("/api/v1/listings/", {"q": "点卡", "kind": "POINT_CARD"}).json()
    second = anybody.get(first["next"]).json()
    titles = [each["title"] for each in first["results"] + second["results"]]
    assert titles == [f"点卡 {place}" for place in reversed(range(1, PAGE + 3))]
    assert second["next"] is None


@pytest.mark.parametrize(
    "asked", [{"q": "\x00"}, {"q": "%_"}, {"q": "x" * 5000}, {"kind": "\x00"}, {"kind": "NONSENSE"}]
)
def test_a_strange_search_is_no_error(anybody, listing, asked):
    assert anybody.get("/api/v1/listings/", asked).status_code == 200


def test_a_list_of_1_or_51_takes_the_same_number_of_queries(anybody, many):
    queries = []
    for number in (1, PAGE + 1):
        many(number)
        with recorded() as seen:
            anybody.get("/api/v1/listings/")
        queries.append(len(seen))
    assert queries == [1, 1]


def test_a_shop_drafts_fills_sells_and_closes(as_seller, deposit):
    drafted = as_seller.send("/api/v1/shops/xinghe/listings/", WORDS)
    assert drafted.status_code == 201
    found = drafted.json()
    assert (found["state"], found["free"], found["actions"]) == ("draft", 0, ["put_on_sale", "edit", "close"])
    address = drafted.headers["Location"]
    added = as_seller.send(f"{address}batches/", {"codes": ["A-1", "", "B-2"], "note": "第一批"})
    assert (added.status_code, added.json()["size"], added.json()["free"]) == (201, 2, 2)
    edited = as_seller.send(f"{address}edit/", {**WORDS, "price": 95} | {"kind": "POINT_CARD"})
    assert edited.json()["price"] == 95
    for verb, state in [("sell", "on_sale"), ("pause", "paused"), ("resume", "on_sale"), ("close", "closed")]:
        answer = as_seller.send(f"{address}{verb}/")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    problem(as_seller.send(f"{address}sell/"), 409, "wrong_moment")
    assert [each["size"] for each in as_seller.get(f"{address}batches/").json()["results"]] == [2]
    assert [each["id"] for each in as_seller.get("/api/v1/shops/xinghe/listings/").json()["results"]] == [found["id"]]


def test_the_same_batch_sent_twice_under_one_key_is_added_once(as_seller, listing):
    for _ in range(2):
        assert as_seller.send(f"/api/v1/listings/{listing.pk}/batches/", {"codes": ["X"]}, key="k").status_code == 201
    assert stock.count_free(listing) == 11


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("price", 0),
        ("price", -1),
        ("price", "100"),
        ("price", 1.5),
        ("price", True),
        ("price", None),
        ("price", 10**9),
        ("promise_minutes", 4),
        ("promise_minutes", 4_321),
        ("title", ""),
        ("title", 5),
        ("title", "a\u202eb"),
        ("notice", ""),
        ("kind", "NONSENSE"),
        ("face_value", 0),
    ],
)
def test_a_wrong_word_is_named(as_seller, deposit, word, value):
    found = problem(as_seller.send("/api/v1/shops/xinghe/listings/", WORDS | {word: value}), 422, "invalid")
    assert [each["field"] for each in found["errors"]] == [word]
    assert not Listing.objects.exists()


def test_what_cannot_be_delivered_yet_is_refused(as_seller, deposit):
    problem(as_seller.send("/api/v1/shops/xinghe/listings/", WORDS | {"kind": "GAME_ACCOUNT"}), 409, "kind_not_offered")


def test_a_shop_without_a_deposit_puts_nothing_on_sale(as_seller, shop):
    address = as_seller.send("/api/v1/shops/xinghe/listings/", WORDS).headers["Location"]
    problem(as_seller.send(f"{address}sell/"), 409, "deposit_too_small")


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [
        (["SECRET", "SECRET"], "repeated", "Line 2"),
        (["SECRET", "y" * 201], "too_long", "Line 2"),
        ([], "empty", "no code"),
        (["SECRET", "XH7Q-0003-KAMEN"], "known", "Line 2"),
        (["SECRET\x07"], "not_visible", "Line 1"),
    ],
)
def test_wrong_codes_are_named_by_line_and_never_given_back(as_seller, listing, sent, code, told):
    answer = as_seller.send(f"/api/v1/listings/{listing.pk}/batches/", {"codes": sent})
    (error,) = problem(answer, 422, "invalid")["errors"]
    assert (error["field"], error["code"]) == ("codes", code)
    assert told in error["detail"]
    assert b"SECRET" not in answer.content
    assert b"XH7Q" not in answer.content
    assert Batch.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"codes": "SECRET"}, {"codes": [1]}, {"codes": ["SECRET\x00"]}, {"codes": None}])
def test_a_malformed_batch_changes_nothing(as_seller, listing, body):
    answer = as_seller.send(f"/api/v1/listings/{listing.pk}/batches/", body)
    problem(answer, 422, "invalid")
    assert b"SECRET" not in answer.content
    assert Card.objects.count() == 10


@pytest.mark.parametrize("verb", ["sell/", "pause/", "resume/", "close/", "edit/", "batches/"])
def test_to_a_stranger_the_verbs_are_not_there(as_stranger, anybody, listing, verb):
    address = f"/api/v1/listings/{listing.pk}/{verb}"
    problem(as_stranger.send(address, WORDS | {"codes": ["X"]}), 404, "not_found")
    problem(anybody.send(address, WORDS), 401, "not_signed_in")
    assert Listing.objects.get().state == "on_sale"


def test_another_s_shop_is_not_there(as_stranger, listing):
    problem(as_stranger.get("/api/v1/shops/xinghe/listings/"), 404, "not_found")
    problem(as_stranger.send("/api/v1/shops/xinghe/listings/", WORDS), 404, "not_found")
    problem(as_stranger.get(f"/api/v1/listings/{listing.pk}/batches/"), 404, "not_found")


def test_a_draft_is_there_for_its_shop_only(as_seller, as_stranger, anybody, draft):
    address = f"/api/v1/listings/{draft.pk}/"
    assert as_seller.get(address).status_code == 200
    problem(as_stranger.get(address), 404, "not_found")
    problem(anybody.get(address), 404, "not_found")
