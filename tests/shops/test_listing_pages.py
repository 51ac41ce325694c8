"""What is for sale, as everybody and as a buyer; and the shop's own desk."""

import pytest
from django.urls import reverse

from shops import lifecycle, listings, stock
from shops.models import Batch, Kind, Listing
from tests.queries import recorded


@pytest.fixture
def as_seller(client, seller):
    client.force_login(seller)
    return client


@pytest.fixture
def many(deposit, seller, at):
    """Puts so many listings of one code each on sale."""

    def sell(number):
        for place in range(Listing.objects.count(), number):
            found = listings.draft(
                shop=deposit.shop,
                kind=Kind.POINT_CARD,
                title=f"点卡 {place}",
                price=100,
                promise_minutes=60,
                notice="看",
                by=seller,
                at=at,
            )
            stock.add_batch(found, [f"CODE-{place}"], by=seller, at=at)
            listings.put_on_sale(found, by=seller, at=at)

    return sell


def english(client, address, **data):
    return client.get(address, data, headers={"accept-language": "en"}).content.decode()


# The list


def test_everybody_sees_what_is_on_sale_with_its_promise(client, listing):
    page = english(client, "/listings/")
    for told in ("星河激活码 30 天", "¥98.00", "Delivered within 10 minutes", "星河点卡", "Deposit in place", "国服"):
        assert told in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "星河 国服"}, True),
        ({"q": "软件"}, True),
        ({"q": "星河 港服"}, False),
        ({"kind": "ACTIVATION_CODE"}, True),
        ({"kind": "POINT_CARD"}, False),
        ({"kind": "NONSENSE"}, True),
        ({"q": "%"}, False),
        ({"q": "\x00"}, True),
    ],
)
def test_a_search_finds_by_words_and_kind(client, listing, asked, found):
    assert (listing.title in client.get("/listings/", asked).content.decode()) is found


def test_nothing_found_says_what_to_do(client, listing):
    page = english(client, "/listings/", q="nothing like it")
    assert "Nothing fits this search" in page
    assert 'href="/listings/"' in page


def test_an_empty_mall_leads_to_the_shops(client, db):
    assert reverse("shops:index") in english(client, "/listings/")


def test_drafts_and_paused_listings_and_shops_that_may_not_sell_are_not_in_the_list(client, draft, seller, at):
    assert draft.title not in english(client, "/listings/")
    listings.put_on_sale(draft, by=seller, at=at)
    assert draft.title in english(client, "/listings/")
    listings.pause(draft, by=seller, at=at)
    assert draft.title not in english(client, "/listings/")
    listings.resume(draft, by=seller, at=at)
    lifecycle.close(draft.shop.deposit, by=seller, at=at)
    assert draft.title not in english(client, "/listings/")


def test_a_long_list_is_paged_with_its_search_and_costs_the_same(client, many):
    many(1)
    with recorded() as one:
        client.get("/listings/", {"q": "点卡"})
    many(26)
    with recorded() as lots:
        first = client.get("/listings/", {"q": "点卡"})
    assert len(lots) == len(one)
    assert len(first.context["rows"]) == 24
    second = client.get(f"/listings/?{first.context['older']}")
    assert [row["listing"].title for row in second.context["rows"]] == ["点卡 1", "点卡 0"]
    assert "q=" in second.context["newest"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣"])
def test_a_strange_place_in_the_list_is_no_error(client, listing, before):
    assert client.get("/listings/", {"before": before}).status_code == 200


# One listing


def test_a_buyer_sees_the_promise_the_policy_and_the_price_of_a_mistake(client, listing, buyer):
    client.force_login(buyer)
    page = english(client, listing.get_absolute_url())
    for told in (
        "≤ 10 minutes",
        "¥100.00",
        "国服",
        "When do I get my money back?",
        "How fast?",
        "What do I have to show?",
    ):
        assert told in page
    for told in ("72 hours after delivery", "the shop has 48 hours", "¥4.90", "¥93.10", "nothing"):
        assert told in page
    for field in ('name="quantity"', 'name="acknowledged"', 'name="price" value="9800"'):
        assert field in page
    assert listing.notice in page


def test_who_is_not_signed_in_is_asked_to_sign_in_and_comes_back(client, listing):
    page = english(client, listing.get_absolute_url())
    assert f"?next={listing.get_absolute_url()}" in page
    assert 'name="quantity"' not in page


def test_the_last_ones_are_counted(client, listing, seller, at):
    assert "10 left" in english(client, listing.get_absolute_url())
    stock.add_batch(listing, ["ONE-MORE"], by=seller, at=at)
    assert " left<" not in english(client, listing.get_absolute_url())


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("sold_out", "Sold out"),
        ("paused", "Paused by the shop"),
        ("closed", "No longer offered"),
        ("stopped", "Sales are stopped"),
    ],
)
def test_a_closed_buy_box_says_why_and_offers_no_button(client, draft, buyer, seller, at, what, told):
    listings.put_on_sale(draft, by=seller, at=at)
    if what == "paused":
        listings.pause(draft, by=seller, at=at)
    elif what == "closed":
        listings.close(draft, by=seller, at=at)
    elif what == "stopped":
        lifecycle.close(draft.shop.deposit, by=seller, at=at)
    client.force_login(buyer)
    page = english(client, draft.get_absolute_url())
    assert told in page
    assert 'name="quantity"' not in page


def test_a_draft_is_there_for_its_shop_only(client, draft, seller, stranger):
    assert client.get(draft.get_absolute_url()).status_code == 404
    client.force_login(stranger)
    assert client.get(draft.get_absolute_url()).status_code == 404
    client.force_login(seller)
    assert client.get(draft.get_absolute_url()).status_code == 200


def test_a_shop_does_not_buy_from_itself(as_seller, listing):
    assert "This is your own listing" in english(as_seller, listing.get_absolute_url())


def test_a_listing_that_is_not_there_is_not_found(client, db):
    assert client.get("/listings/999/").status_code == 404


def test_the_page_of_a_listing_costs_the_same_with_1_and_500_codes(client, listing, seller, buyer, at):
    client.force_login(buyer)
    client.get(listing.get_absolute_url())
    with recorded() as few:
        client.get(listing.get_absolute_url())
    stock.add_batch(listing, [f"N-{number}" for number in range(500)], by=seller, at=at)
    with recorded() as many_codes:
        client.get(listing.get_absolute_url())
    assert len(few) == len(many_codes)


# The desk

FORM = {
    "kind": "POINT_CARD",
    "title": "点卡 100 点",
    "price": "¥95.5",
    "promise_minutes": "30",
    "notice": "看清区服",
    "face_value": "",
    "region": "",
    "category": "",
    "description": "",
}


def test_a_shop_drafts_fills_and_sells_on_its_desk(as_seller, deposit):
    answer = as_seller.post("/desk/xinghe/listings/new/", FORM)
    drafted = Listing.objects.get()
    assert answer.url == f"/desk/xinghe/stock/{drafted.pk}/"
    assert (drafted.price, drafted.face_value, drafted.state) == (9_550, None, "draft")
    as_seller.post(answer.url, {"codes": "A-1\r\n\r\nB-2\r\n", "note": "第一批"})
    assert (Batch.objects.get().size, Batch.objects.get().note) == (2, "第一批")
    as_seller.post(f"/desk/xinghe/listings/{drafted.pk}/sell/")
    for verb, state in [("pause", "paused"), ("resume", "on_sale"), ("close", "closed")]:
        assert as_seller.post(f"/desk/xinghe/listings/{drafted.pk}/{verb}/").url == "/desk/xinghe/listings/"
        assert Listing.objects.get().state == state


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "0"),
        ("price", "-1"),
        ("price", "1e3"),
        ("price", "1,5"),
        ("price", "1.234"),
        ("price", "1000000.01"),
        ("price", "abc"),
        ("price", ""),
        ("promise_minutes", "4"),
        ("promise_minutes", "4321"),
        ("promise_minutes", "x"),
        ("kind", "GAME_ACCOUNT"),
        ("title", ""),
        ("title", "x" * 81),
        ("title", "a\u202eb"),
        ("notice", ""),
        ("face_value", "x"),
    ],
)
def test_a_wrong_answer_is_marked_and_nothing_is_written(as_seller, deposit, field, value):
    answer = as_seller.post("/desk/xinghe/listings/new/", FORM | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Listing.objects.exists()


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("98", 9_800),
        ("98.5", 9_850),
        ("￥９８．５０", 9_850),
        ("1,098.00", 109_800),
        ("0.01", 1),
        ("1000000", 100_000_000),
    ],
)
def test_sums_are_read_as_people_write_them(as_seller, deposit, typed, fen):
    as_seller.post("/desk/xinghe/listings/new/", FORM | {"price": typed})
    assert Listing.objects.get().price == fen


def test_a_paused_listing_is_edited_and_one_on_sale_is_not(as_seller, listing, seller, at):
    address = f"/desk/xinghe/listings/{listing.pk}/"
    assert "pause it to change it" in english(as_seller, address)
    answer = as_seller.post(address, FORM, follow=True, headers={"referer": f"http://testserver{address}"})
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    listings.pause(listing, by=seller, at=at)
    assert 'value="98.00"' in english(as_seller, address)
    assert as_seller.post(address, FORM).status_code == 302
    assert (Listing.objects.get().title, Listing.objects.get().kind) == ("点卡 100 点", "ACTIVATION_CODE")


def test_a_shop_without_enough_deposit_is_told_so(as_seller, draft, at):
    lifecycle.set_required(draft.shop.deposit, required=300_000, at=at)
    page = english(as_seller, "/desk/xinghe/listings/")
    assert "Your deposit does not carry new offers" in page
    as_seller.post(f"/desk/xinghe/listings/{draft.pk}/sell/")
    assert Listing.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "There is no code in it"),
        ("\n \n", "There is no code in it"),
        ("A\nA", "Line 2 repeats a line above it."),
        ("SECRET-1\nXH7Q-0003-KAMEN", "Line 2 is a code that your shop has"),
        ("SECRET-1\n" + "y" * 201, "Line 2 is too long"),
        ("SECRET-1\nA\x07", "Line 2 holds characters"),
        ("SECRET-1\n" + "z" * 500_000, "Ensure this value has at most"),
    ],
)
def test_wrong_codes_are_named_by_line_and_never_sent_back(as_seller, listing, sent, told):
    answer = as_seller.post(f"/desk/xinghe/stock/{listing.pk}/", {"codes": sent}, headers={"accept-language": "en"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    assert "SECRET-1" not in page
    assert "XH7Q" not in page
    assert Batch.objects.count() == 1


def test_the_stock_is_counted_by_listing_and_by_batch(as_seller, listing, seller, at):
    stock.add_batch(listing, ["ONE-MORE"], by=seller, at=at, note="补货")
    assert ">11<" in english(as_seller, "/desk/xinghe/stock/")
    answer = as_seller.get(f"/desk/xinghe/stock/{listing.pk}/")
    rows = answer.context["rows"]
    assert [(row["batch"].size, row["figures"].for_sale, row["figures"].taken) for row in rows] == [
        (1, 1, 0),
        (10, 10, 0),
    ]
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_empty_desk_says_what_to_do_first(as_seller, deposit):
    for address in ("/desk/xinghe/listings/", "/desk/xinghe/stock/"):
        assert "/desk/xinghe/listings/new/" in english(as_seller, address)


def test_a_full_desk_costs_the_same_as_one_with_a_single_listing(as_seller, many):
    many(1)
    as_seller.get("/desk/xinghe/listings/")
    for address in ("/desk/xinghe/listings/", "/desk/xinghe/stock/"):
        many(1)
        with recorded() as one:
            as_seller.get(address)
    many(52)
    for address in ("/desk/xinghe/listings/", "/desk/xinghe/stock/"):
        with recorded() as lots:
            answer = as_seller.get(address)
        assert len(answer.context["rows"]) == 50
        assert answer.context["older"]
    assert len(lots) == len(one)


DESK = ["listings/", "listings/new/", "listings/{pk}/", "stock/", "stock/{pk}/"]
VERBS = ["listings/{pk}/sell/", "listings/{pk}/pause/", "listings/{pk}/resume/", "listings/{pk}/close/"]


@pytest.mark.parametrize("path", DESK + VERBS)
def test_another_s_desk_is_not_there(client, listing, buyer, risk, path):
    address = "/desk/xinghe/" + path.format(pk=listing.pk)
    assert client.get(address).status_code == 302, "sign in first"
    for person in (buyer, risk):
        client.force_login(person)
        if path in DESK:
            assert client.get(address).status_code == 404
        assert client.post(address, FORM).status_code in {404, 405}
    assert Listing.objects.get().state == "on_sale"


@pytest.mark.parametrize("path", VERBS)
def test_nothing_is_done_by_looking(as_seller, listing, path):
    assert as_seller.get("/desk/xinghe/" + path.format(pk=listing.pk)).status_code == 405
