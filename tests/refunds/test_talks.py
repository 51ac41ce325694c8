"""The pages and the API of what both sides say to each other in a case: every verb, without a script."""

import pytest

from refunds import bargaining, lifecycle, questions, replacing
from refunds.bargaining import Terms
from refunds.models import Refund
from refunds.states import RefundState
from tests.api.conftest import problem, signed_in
from tests.fixtures.cases import claim
from timeline import clock

BASE = "/api/v1/refunds/"


@pytest.fixture
def as_buyer(rich_buyer):
    return signed_in(rich_buyer)


@pytest.fixture
def as_shop(seller):
    return signed_in(seller)


@pytest.fixture
def as_nobody(stranger):
    return signed_in(stranger)


def page(client, user, refund, verb="", data=None):
    """A page of a case as `user` sees it; with `data`, the form is sent."""
    client.force_login(user)
    address = f"/refunds/{refund.number}/" + (f"{verb}/" if verb else "")
    return client.get(address) if data is None else client.post(address, data)


def state(refund):
    """Where a case is now."""
    return Refund.objects.get(pk=refund.pk).state


def test_both_sides_bargain_on_pages_until_one_takes_what_the_other_offers(client, refund, seller, rich_buyer):
    assert page(client, seller, refund, "offer").status_code == 200
    told = {"kind": "partial", "amount": "49.00", "version": refund.version}
    assert page(client, seller, refund, "offer", told).status_code == 302
    assert state(refund) == RefundState.BARGAINING
    seen = page(client, rich_buyer, refund).content.decode()
    assert "¥49.00" in seen
    assert f"/refunds/{refund.number}/take/" in seen
    assert page(client, rich_buyer, refund, "counter", {"kind": "partial", "amount": "70"}).status_code == 302
    taking = page(client, seller, refund, "take").content.decode()
    assert 'name="offer" value="2"' in taking
    version = Refund.objects.get(pk=refund.pk).version
    assert page(client, seller, refund, "take", {"offer": 2, "version": version}).status_code == 302
    assert Refund.objects.get(pk=refund.pk).approved == 7_000
    assert "¥70.00" in page(client, rich_buyer, refund).content.decode()


def test_a_stale_button_says_so_and_does_nothing(client, refund, seller, rich_buyer):
    seen = refund.version
    bargaining.offer(refund, Terms("partial", amount=4_900), by=seller, at=clock.now())
    answer = page(client, rich_buyer, refund, "withdraw", {"version": seen})
    assert answer.status_code in {302, 409}
    assert state(refund) == RefundState.BARGAINING


def test_the_shop_asks_and_the_buyer_answers_on_pages(client, refund, seller, rich_buyer):
    assert "payment" not in page(client, seller, refund, "question").content.decode()
    assert page(client, seller, refund, "question", {"item": "error", "text": "报错截图"}).status_code == 302
    assert "报错截图" in page(client, rich_buyer, refund, "answer").content.decode()
    assert page(client, rich_buyer, refund, "answer", {}).status_code == 422
    assert page(client, rich_buyer, refund, "answer", {"has_nothing": "on"}).status_code == 302
    assert state(refund) == RefundState.REQUESTED
    assert page(client, seller, refund, "extend", {"ticket": "GH-1"}).status_code == 302
    assert page(client, seller, refund).status_code == 200


def test_the_shop_says_its_last_word_and_the_buyer_asks_for_a_person(client, refund, seller, rich_buyer):
    page(client, seller, refund, "offer", {"kind": "partial", "amount": "10"})
    assert page(client, seller, refund, "end-talks").status_code == 200
    told = {"text": "最终方案", "kind": "partial", "amount": "20", "is_unconditional": "on"}
    assert page(client, seller, refund, "end-talks", told).status_code == 302
    seen = page(client, rich_buyer, refund).content.decode()
    assert "最终方案" in seen
    assert state(refund) == RefundState.DECLINED


def test_goods_are_replaced_on_pages(client, revealed, seller, rich_buyer, at):
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, prefers="reissue")
    assert page(client, seller, refund, "promise", {}).status_code == 302
    assert page(client, seller, refund).status_code == 200
    assert page(client, seller, refund, "replace").status_code == 200
    assert page(client, seller, refund, "replace", {}).status_code == 302
    assert page(client, rich_buyer, refund).status_code == 200
    assert page(client, rich_buyer, refund, "bad-again").status_code == 200
    assert page(client, rich_buyer, refund, "confirm-replacement", {}).status_code == 302
    assert state(refund) == RefundState.EXCHANGED
    assert page(client, seller, refund).status_code == 200


def test_a_page_is_not_offered_where_its_verb_would_refuse(client, refund, seller, rich_buyer, stranger):
    for verb in ("counter", "take", "end-talks", "answer", "goodwill", "replace", "bad-again"):
        assert page(client, seller, refund, verb).status_code == 302, verb
        assert page(client, stranger, refund, verb).status_code == 404, verb


# the API


def test_machines_bargain_with_the_same_words(as_shop, as_buyer, as_nobody, refund):
    address = f"{BASE}{refund.number}/"
    made = as_shop.send(f"{address}offer/", {"kind": "partial", "amount": 4_900, "version": 1})
    assert made.status_code == 200, made.content
    found = made.json()
    assert (found["state"], found["turn"], found["version"]) == ("bargaining", "buyer", 2)
    assert found["offers"][0]["amount"] == 4_900
    problem(as_buyer.send(f"{address}counter/", {"kind": "partial", "amount": 7_000, "version": 1}), 409, "stale")
    seen = as_buyer.get(address).json()
    choices = {each["code"]: each for each in seen["choices"]}
    assert seen["actions"] == list(choices) == ["take", "counter", "escalate", "withdraw"]
    assert choices["take"]["buyer_gets"] == 4_900
    assert [field["name"] for field in choices["take"]["form"]] == ["offer"]
    assert choices["counter"]["most"] == 9_800
    assert as_nobody.send(f"{address}take/", {"offer": 1}).status_code == 404
    problem(as_buyer.send(f"{address}take/", {"offer": 7}), 409, "offer_gone")
    taken = as_buyer.send(f"{address}take/", {"offer": 1, "version": 2})
    assert (taken.json()["state"], taken.json()["approved"]) == ("refunded", 4_900)


def test_machines_ask_answer_and_replace(as_shop, as_buyer, revealed, rich_buyer, order, at):
    told = {"order": order.number, "reason": "CODE_INVALID", "places": [1], "prefers": "reissue"}
    number = as_buyer.send(BASE, told).json()["number"]
    address = f"{BASE}{number}/"
    problem(as_shop.send(f"{address}question/", {"item": "payment", "text": "x"}), 409, "in_our_records")
    asked = as_shop.send(f"{address}question/", {"item": "error", "text": "报错截图"}).json()
    assert (asked["state"], asked["questions"][0]["item"]) == ("questioned", "error")
    assert as_buyer.send(f"{address}answer/", {"has_nothing": True}).json()["state"] == "requested"
    assert as_shop.send(f"{address}extend/", {"ticket": "GH-1"}).status_code == 200
    assert as_shop.send(f"{address}promise/", {}).json()["state"] == "replacing"
    assert as_shop.send(f"{address}replace/", {}).json()["state"] == "checking"
    assert as_buyer.send(f"{address}confirm-replacement/", {}).json()["state"] == "exchanged"
    problem(as_buyer.send(f"{address}bad-again/", {}), 409, "wrong_moment")
    problem(as_shop.send(f"{address}cannot-supply/", {}), 409, "wrong_moment")


def test_machines_end_the_talks_and_ask_for_goodwill(as_shop, as_buyer, revealed, rich_buyer, seller, at):
    refund = claim(revealed, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    address = f"{BASE}{refund.number}/"
    assert as_buyer.send(f"{address}goodwill/", {"text": "能通融吗?"}).json()["turn"] == "shop"
    as_shop.send(f"{address}offer/", {"kind": "partial", "amount": 1_000})
    final = {"kind": "partial", "amount": 1_500, "is_standing": True}
    ended = as_shop.send(f"{address}end-talks/", {"text": "最终方案", "final": final})
    assert (ended.json()["state"], ended.json()["declined_text"]) == ("declined", "最终方案")
    assert as_buyer.send(f"{address}take/", {"offer": 2}).json()["approved"] == 1_500


def test_a_page_and_the_api_offer_the_same(refund, seller, rich_buyer, at):
    from refunds.choices import choices_for

    questions.question(refund, item="error", text="报错截图", by=seller, at=at)
    for person in (seller, rich_buyer):
        assert [each.code for each in choices_for(refund, person, at)] == refund.actions_for(person, at)
    lifecycle.withdraw(refund, by=rich_buyer, at=at)
    assert choices_for(refund, rich_buyer, at) == []
    assert replacing.in_store(refund)
