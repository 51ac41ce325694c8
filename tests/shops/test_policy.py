"""The policy card: what comes back, until when, with which evidence and for which fee, before anybody pays."""

import json

import pytest
from django.urls import reverse
from django.utils.translation import override

from orders import lifecycle
from rulebook import versions
from rulebook.claims import Claim
from rulebook.engine import decide
from shops import policy
from shops.models import Kind, Listing
from tests.queries import expect_queries

pytestmark = pytest.mark.django_db


def of_kind(kind, price=9_800):
    return Listing(kind=kind, price=price, promise_minutes=10, title="x", notice="x")


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_kind_has_a_whole_card_in_both_languages(kind, language):
    with override(language):
        card = policy.card(of_kind(kind), versions.shipped(), "M2")
    assert card["sentence"]
    assert len(card["questions"]) == 3
    assert all(answer for question in card["questions"] for answer in question["answers"])
    assert all(each["result"] and each["window"] and each["evidence"] for each in card["reasons"])
    assert len(card["reasons"]) >= 5
    assert [each["level"] for each in card["mistakes"]] == ["M0", "M1", "M2", "M3", "M4"]
    json.dumps(card)


@pytest.mark.parametrize(
    ("kind", "level", "sentence"),
    [
        ("ACTIVATION_CODE", "M0", "Sealed: back within 2 hours less 8%. Looked at: nothing."),
        ("POINT_CARD", "M1", "Sealed: back within 24 hours less 5%. Looked at: nothing."),
        ("ACTIVATION_CODE", "M3", "Sealed: all back within 7 days. Looked at: nothing."),
        ("DIRECT_TOPUP", "M1", "Until it is handed to the supplier: everything back. Once it is credited: nothing."),
        ("MEMBERSHIP", "M2", "Sealed: back within 72 hours less 3%. Looked at: nothing."),
        (
            "MEMBERSHIP",
            "M4",
            "Sealed: all back within 15 days. Looked at: nothing. Within the term: the rest less 10%.",
        ),
        ("GAME_ACCOUNT", "M1", "Sealed: back within 24 hours less 5%. Looked at: nothing."),
        ("CUSTOM_SERVICE", "M1", "Before work begins: everything back. Midway: the rest less 20%. Finished: nothing."),
        ("CUSTOM_SERVICE", "M3", "Before work begins: everything back. Midway: the rest less 10%. Finished: nothing."),
    ],
)
def test_the_price_of_a_mistake_in_one_sentence(kind, level, sentence):
    with override("en"):
        assert policy.card(of_kind(kind), versions.shipped(), level)["sentence"] == sentence


def test_a_stranger_is_told_the_lowest_level():
    with override("en"):
        assert "less 8%" in policy.card(of_kind("POINT_CARD"), versions.shipped())["sentence"]


@pytest.mark.parametrize("kind", Kind.values)
def test_the_figures_are_the_engines(kind):
    book = versions.shipped().book
    for each in policy.price_of_a_mistake(of_kind(kind), book):
        state = "SEALED" if each.within else "UNDELIVERED"
        facts = {"hours_since_delivery": 1, "statutory_no_reason": False, "submitted_upstream": False}
        claim = Claim(kind=kind, reason="BUYER_MISTAKE", state=state, level=each.level, paid=9_800, facts=facts)
        decision = decide(claim, book)
        assert (each.back, each.fee) == (decision.refund, decision.fee)
        assert each.back + each.fee == 9_800


def test_the_card_asks_the_database_nothing(listing):
    version = versions.shipped()
    with expect_queries(0):
        policy.card(listing, version, "M1")


def test_the_order_keeps_the_card_as_it_was_shown(listing, rich_buyer, at):
    with override("en"):
        order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
        shown = policy.card(listing, versions.in_force(at), rich_buyer.level)
    kept = json.loads(order.snapshot.body)["policy"]
    assert kept == json.loads(json.dumps(shown))
    assert kept["version"] == order.rulebook_version
    assert kept["language"] == "en"


def test_the_card_stands_on_the_listing_and_on_the_page_of_the_purchase(client, listing, rich_buyer):
    client.force_login(rich_buyer)
    english = {"accept-language": "en"}
    with override("en"):
        sentence = policy.card(listing, versions.shipped(), rich_buyer.level)["sentence"]
    assert sentence in client.get(listing.get_absolute_url(), headers=english).content.decode()
    refused = client.post(f"/listings/{listing.pk}/buy/", {"quantity": "0"}, headers=english)
    assert refused.status_code == 422
    assert sentence in refused.content.decode()


def test_a_program_reads_the_card_before_it_buys(client, listing, at):
    got = client.get(reverse("api:listing", kwargs={"pk": listing.pk}), headers={"accept-language": "en"}).json()
    with override("en"):
        assert got["policy"] == json.loads(json.dumps(policy.card(listing, versions.in_force(at))))
    assert got["policy"]["version"] == "default-cn 2026.11.0"
