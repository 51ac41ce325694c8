"""Void terms: kept from listings and declines with a reason and a better wording, and never heard by the engine."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from orders import conversation, delivery
from orders import lifecycle as orders
from refunds import lifecycle, triage
from rulebook.claims import VOCABULARY
from rulebook.linter import clauses
from shops import listings, terms
from shops.models import Listing
from tests.accounts.conftest import sign_in
from tests.api.conftest import signed_in
from timeline.refusals import Refused

pytestmark = pytest.mark.django_db

VOID = "虚拟商品，概 不 退 換，最终解释权归本店所有"
WORDS = ("title", "description", "notice")


@pytest.mark.parametrize("field", WORDS)
def test_a_listing_with_a_void_term_is_not_written(draft, seller, at, field):
    with pytest.raises(ValidationError) as refused:
        listings.edit(draft, by=seller, at=at, **{field: VOID})
    assert list(refused.value.message_dict) == [field]
    draft.refresh_from_db()
    assert VOID not in getattr(draft, field)


def test_a_new_listing_says_on_its_form_what_is_void_why_and_what_to_write(client, deposit, seller):
    sign_in(client, seller)
    sent = {"kind": "ACTIVATION_CODE", "title": "码", "price": "98", "promise_minutes": "10", "notice": VOID}
    answer = client.post(reverse("shops:draft", args=[deposit.shop.slug]), sent, headers={"accept-language": "en"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "void in law" in page
    assert "Consumer Rights Protection Law, article 26" in page
    assert not Listing.objects.exists()


def test_a_listing_written_before_is_not_put_on_sale_again(draft, codes, seller, at):
    Listing.objects.filter(pk=draft.pk).update(notice=VOID)
    draft.refresh_from_db()
    with pytest.raises(Refused) as no:
        listings.put_on_sale(draft, by=seller, at=at)
    assert no.value.code == "void_term"


def test_vague_words_warn_and_do_not_stop_a_listing(draft, seller, at):
    listings.edit(draft, by=seller, at=at, description="付款后尽快发货")
    assert [each.clause.id for each in terms.doubts(draft)] == ["SLOW_DELIVERY_WORDS"]
    listings.put_on_sale(draft, by=seller, at=at)
    assert draft.state == "on_sale"


def test_a_decline_with_a_void_term_is_refused_and_changes_nothing(refund, seller, at):
    with pytest.raises(Refused) as no:
        lifecycle.decline(refund, code="other", rule="MX-42", text=VOID, by=seller, at=at)
    assert no.value.code == "void_term"
    refund.refresh_from_db()
    assert (refund.state, refund.declined_text) == ("requested", "")


def test_the_form_of_a_decline_names_the_term(client, refund, seller):
    sign_in(client, seller)
    sent = {"code": "other", "rule": "MX-42", "text": VOID}
    answer = client.post(reverse("refunds:decline", args=[refund.number]), sent)
    assert answer.status_code == 422
    assert "text" in answer.context["form"].errors


def test_messages_are_never_blocked(order, seller, at):
    conversation.say(order, VOID, by=seller, at=at)
    assert any(VOID in (entry.text or "") for entry in conversation.part_of(order).entries)


def test_a_void_term_in_an_old_order_changes_no_result(listing, rich_buyer, at):
    def result_of(words):
        Listing.objects.filter(pk=listing.pk).update(notice=words, description=words)
        order = orders.place(
            buyer=rich_buyer, listing=Listing.objects.get(pk=listing.pk), quantity=1, acknowledged=True, at=at
        )
        orders.pay_from_wallet(order, by=rich_buyer, at=at)
        unit = order.units.get()
        delivery.reveal(unit, by=rich_buyer, at=at, visit=delivery.Visit(address="203.0.113.7", session="s", agent="p"))
        unit.refresh_from_db()
        delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
        found = triage.preview(order, [unit], "CODE_INVALID", buyer=rich_buyer, at=at).record()
        return {name: found[name] for name in ("figure", "fee", "compensation", "lane", "is_proven")}

    fair, void = result_of("请先确认区服。"), result_of(VOID)
    assert fair == void
    assert void["figure"] == 9_800


def test_no_fact_of_the_engine_has_room_for_a_clause():
    """The only words the engine takes are named answers of suppliers and choices; none of them is a clause."""
    free = {name for name, word in VOCABULARY.items() if word.type is str and word.allowed is None}
    assert free == {"upstream_status", "upstream_proof"}
    patterns = [pattern for clause in clauses() for pattern in clause.patterns]
    for told in ("PENDING", "FAILED", "SUCCESS", "BEFORE_REVEAL", "AFTER_REVEAL_BUYER_ACCOUNT", "UNKNOWN"):
        assert not any(pattern.search(told.casefold()) for pattern in patterns)


def test_what_the_mall_ships_as_samples_is_fair(listing):
    assert terms.found_in(listing) == {}
    json.dumps(listing.snapshot())


def test_a_shop_is_told_which_words_are_too_vague_and_its_draft_is_kept(client, draft, seller):
    sign_in(client, seller)
    sent = {
        "title": draft.title,
        "price": "98",
        "promise_minutes": "10",
        "notice": draft.notice,
        "description": "付款后尽快发货",
    }
    path = reverse("shops:edit", args=[draft.shop.slug, draft.pk])
    page = client.post(path, sent, follow=True, headers={"accept-language": "en"}).content.decode()
    assert "too vague" in page
    draft.refresh_from_db()
    assert draft.description == "付款后尽快发货"


def test_the_api_refuses_void_terms_by_field_and_tells_of_vague_ones(draft, seller):
    machine = signed_in(seller)
    words = {"title": draft.title, "price": 9_800, "promise_minutes": 10, "notice": draft.notice}
    address = f"/api/v1/listings/{draft.pk}/edit/"
    refused = machine.send(address, {**words, "notice": VOID})
    assert refused.status_code == 422
    assert {error["field"] for error in refused.json()["errors"]} == {"notice"}
    assert {error["code"] for error in refused.json()["errors"]} == {"void_term"}
    saved = machine.send(address, {**words, "description": "付款后尽快发货"})
    assert saved.status_code == 200, saved.content
    assert [(each["field"], each["category"]) for each in saved.json()["terms"]] == [("description", "vague")]
