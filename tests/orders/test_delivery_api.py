"""The API of delivery: buying with answers, delivering by hand, a shop's own system, waiting longer."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from orders import attachments
from orders.models import Order
from orders.states import OrderState
from tests.fixtures.deliveries import ACCOUNT
from timeline.api import Polling
from timeline.sweep import fire_overdue

HOUR = timedelta(hours=1)


@pytest.fixture
def api(client):
    """`api(user, "/orders/", price=1)` sends, `api(user, "/orders/")` asks; gives status and answer."""
    keys = iter(range(1000))

    def ask(user, path, told=None):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        where = f"/api/v1{path}"
        if told is None:
            answer = client.get(where)
        else:
            key = {"Idempotency-Key": f"key-{next(keys)}"}
            answer = client.post(where, told, content_type="application/json", headers=key)
        return answer.status_code, answer.json()

    return ask


def test_an_order_takes_the_answers_that_its_delivery_needs(offer, rich_buyer, api):
    listing = offer()
    told: dict[str, Any] = {"listing": listing.pk, "quantity": 1, "acknowledged": True, "exempt": True}
    status, problem = api(rich_buyer, "/orders/", told)
    assert (status, Order.objects.count()) == (422, 0)
    assert "account" in str(problem)
    status, answer = api(rich_buyer, "/orders/", {**told, "given": {"account": ACCOUNT}})
    assert status == 201
    assert ACCOUNT not in str(answer)


def test_a_shop_delivers_by_hand_with_proof(bought, seller, api, at):
    order = bought(quantity=2)
    file = attachments.attach(order, SimpleUploadedFile("done.txt", b"credited"), by=seller, at=at)
    where = f"/orders/{order.number}/handovers/"
    status, _problem = api(seller, where, {"places": [1]})
    assert status == 422
    proof = {"places": [1, 2], "account": ACCOUNT, "reference": "UP-77", "files": [file.pk]}
    status, answer = api(seller, where, proof)
    assert (status, answer["state"]) == (200, "delivered")
    assert api(seller, where, proof)[1]["code"] == "not_awaited"


def test_a_shops_system_pulls_and_pushes(bought, seller, stranger, api):
    order = bought(quantity=2, delivered_by="system")
    status, answer = api(seller, f"/shops/{order.shop.slug}/deliveries/")
    assert [each["given"] for each in answer["results"]] == [{"account": "13•••••••00"}] * 2
    status, opened = api(seller, f"/orders/{order.number}/given/", {})
    assert (status, opened) == (200, {"given": {"account": ACCOUNT}})
    assert api(stranger, f"/orders/{order.number}/given/", {})[0] == 404
    assert api(stranger, f"/shops/{order.shop.slug}/deliveries/")[0] == 404
    first, second = (f"/deliveries/{each['number']}/result/" for each in answer["results"])
    assert api(stranger, first, {"result": "failed"})[0] == 404
    for _time in range(2):
        status, answer = api(seller, first, {"result": "delivered", "reference": "S-1"})
        assert (status, answer["standing"], answer["given"]) == (200, "delivered", {})
    assert api(seller, first, {"result": "failed"})[1]["code"] == "already_said"
    assert api(seller, second, {"result": "delivered"})[1]["code"] == "proof_missing"
    assert api(seller, second, {"result": "failed", "reason": "gone"})[0] == 200
    assert Order.objects.get(pk=order.pk).state == OrderState.DELIVERED


def test_a_shops_system_asks_sixty_times_a_minute(bought, seller, api, monkeypatch):
    monkeypatch.setattr(Polling, "rate", "2/min")
    address = f"/shops/{bought(delivered_by='system').shop.slug}/deliveries/"
    assert [api(seller, address)[0] for _ in range(2)] == [200, 200]
    status, problem = api(seller, address)
    assert (status, problem["code"]) == (429, "too_many_requests")


def test_a_late_order_can_be_waited_for_and_cancelled(bought, rich_buyer, api, at):
    order = bought()
    assert api(rich_buyer, f"/orders/{order.number}/wait/", {})[1]["code"] == "wrong_moment"
    fire_overdue(order.root_address, at=at + HOUR)
    status, answer = api(rich_buyer, f"/orders/{order.number}/wait/", {})
    assert (status, "wait" in answer["actions"], "cancel" in answer["actions"]) == (200, False, True)
    status, answer = api(rich_buyer, f"/orders/{order.number}/cancel/", {})
    assert (status, answer["state"]) == (200, "cancelled")
