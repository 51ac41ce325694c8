"""The API of refund cases says and does the same as the pages."""

import json

import pytest

from refunds.models import Refund
from tests.api.conftest import problem, signed_in
from tests.fixtures.cases import claim

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


def test_a_preview_changes_nothing_and_its_figure_is_what_is_asked(as_buyer, order, revealed):
    told = {"order": order.number, "reason": "CODE_INVALID", "places": "1"}
    answer = as_buyer.get(f"{BASE}preview/", told)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["figure"], found["lane"], found["answer_minutes"]) == (9_800, "asked", 2_880)
    assert found["lines"][0]["text"] == "Everything that was paid goes back: ¥98.00."
    assert not Refund.objects.exists()
    body = {"order": order.number, "reason": "CODE_INVALID", "places": [1], "expected": found["figure"]}
    asked = as_buyer.send(BASE, body)
    assert asked.status_code == 201, asked.content
    assert asked.json()["actions"] == ["withdraw"]
    assert asked.headers["Location"] == f"{BASE}{asked.json()['number']}/"


def test_a_preview_takes_what_the_buyer_states_as_the_claim_does(as_buyer, order, revealed):
    told = {"order": order.number, "reason": "PRICE_DISPUTE", "places": "1"}
    facts = {"should_pay_fen": 9_000}
    seen = as_buyer.get(f"{BASE}preview/", told | {"facts": json.dumps(facts)})
    assert seen.status_code == 200, seen.content
    body = {"order": order.number, "reason": "PRICE_DISPUTE", "places": [1], "facts": facts}
    asked = as_buyer.send(BASE, body | {"expected": seen.json()["figure"]})
    assert (asked.status_code, asked.json()["figure"]) == (201, 800)
    for wrong in ("[1]", "{", '{"buyer_risk": 0}', '{"should_pay_fen": -1}'):
        assert as_buyer.get(f"{BASE}preview/", told | {"facts": wrong}).status_code == 422, wrong


def test_asking_twice_under_one_key_files_one_case(as_buyer, order, revealed):
    body = {"order": order.number, "reason": "CODE_INVALID", "places": [1]}
    first = as_buyer.send(BASE, body, key="same")
    again = as_buyer.send(BASE, body, key="same")
    assert again.json()["number"] == first.json()["number"]
    assert again.headers["Idempotency-Replayed"] == "true"
    problem(as_buyer.send(BASE, body), 409, "case_open")
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"expected": 1}, 409, "figure_changed"),
        ({"amount": 9_801}, 409, "more_than_the_rules"),
        ({"amount": 0}, 422, "invalid"),
        ({"amount": "98"}, 422, "invalid"),
        ({"places": [9]}, 422, "invalid"),
        ({"places": []}, 422, "invalid"),
        ({"reason": "NO_SUCH_REASON"}, 422, "invalid"),
        ({"reason": "NOT_DELIVERED"}, 409, "reason_not_offered"),
        ({"attachments": [1]}, 409, "no_such_file"),
        ({"order": "K000"}, 404, "not_found"),
    ],
)
def test_what_cannot_be_asked_is_a_problem(as_buyer, order, revealed, change, status, code):
    body = {"order": order.number, "reason": "CODE_INVALID", "places": [1], **change}
    problem(as_buyer.send(BASE, body), status, code)
    assert not Refund.objects.exists()


def test_nobody_else_asks_or_looks(as_shop, as_nobody, order, refund):
    body = {"order": order.number, "reason": "CODE_INVALID", "places": [2]}
    problem(as_shop.send(BASE, body), 404, "not_found")
    problem(as_nobody.get(f"{BASE}{refund.number}/"), 404, "not_found")
    for verb in ("accept", "withdraw", "escalate"):
        problem(as_nobody.send(f"{BASE}{refund.number}/{verb}/"), 404, "not_found")
    assert as_nobody.get(BASE).json()["results"] == []


def test_both_sides_see_what_they_can_do(as_buyer, as_shop, refund):
    assert as_buyer.get(f"{BASE}{refund.number}/").json()["actions"] == ["withdraw"]
    shown = as_shop.get(f"{BASE}{refund.number}/").json()
    assert (shown["side"], shown["actions"]) == ("shop", ["accept", "offer", "question", "extend", "decline"])
    assert "MX-42" in shown["citable_rules"]
    assert [row["number"] for row in as_shop.get(BASE).json()["results"]] == [refund.number]


def test_the_shop_accepts(as_shop, refund):
    answer = as_shop.send(f"{BASE}{refund.number}/accept/")
    assert (answer.status_code, answer.json()["state"], answer.json()["approved"]) == (200, "refunded", 9_800)
    problem(as_shop.send(f"{BASE}{refund.number}/accept/"), 409, "wrong_moment")


def test_the_shop_declines_and_the_buyer_goes_to_the_platform_and_back(as_shop, as_buyer, refund):
    body = {"code": "other", "rule": "MX-42", "text": "可用"}
    problem(as_buyer.send(f"{BASE}{refund.number}/decline/", body), 409, "not_your_turn")
    problem(as_shop.send(f"{BASE}{refund.number}/decline/", {**body, "rule": "MX-1"}), 409, "no_such_rule")
    problem(as_shop.send(f"{BASE}{refund.number}/decline/", {**body, "text": ""}), 422, "invalid")
    declined = as_shop.send(f"{BASE}{refund.number}/decline/", body)
    assert declined.json()["state"] == "declined"
    escalated = as_buyer.send(f"{BASE}{refund.number}/escalate/")
    assert (escalated.json()["state"], escalated.json()["deadline_at"]) == ("disputed", None)
    assert as_buyer.send(f"{BASE}{refund.number}/withdraw/").json()["state"] == "withdrawn"


def test_a_refusal_says_the_figure_of_now(as_buyer, order, revealed, rich_buyer, at):
    body = {"order": order.number, "reason": "CODE_INVALID", "places": [1], "expected": 1}
    assert "¥98.00" in problem(as_buyer.send(BASE, body), 409, "figure_changed")["detail"]
    claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
