"""Machines do what pages do: levels and appeals, recalls, ratings, the mall's figures."""

from datetime import timedelta
from typing import Any

from orders import lifecycle as orders
from orders.models import Order
from reputation import alarms, counting, measures
from reputation.models import Signal
from tests.reputation.conftest import ring


def post(client, path, body, key="k"):
    headers = {"Idempotency-Key": key}
    return client.post(f"/api/v1{path}", body, headers=headers, content_type="application/json")


def test_the_level_and_an_appeal(client, rich_buyer, stranger, risk, at):
    words: dict[str, Any] = {"step": "warning", "ground": "false_proof", "reason": "截图被改过。"}
    found = measures.impose(rich_buyer, by=risk, at=at, **words)
    client.force_login(rich_buyer)
    told = client.get("/api/v1/me/level/").json()
    assert (told["level"], told["falls_at"], told["measures"][0]["state"]) == ("M0", None, "in_force")
    assert [row["level"] for row in told["levels"]] == ["M1", "M2", "M3", "M4"]
    assert post(client, f"/me/measures/{found.pk}/appeal/", {"words": "原图。"}).json()["state"] == "appealed"
    again = post(client, f"/me/measures/{found.pk}/appeal/", {"words": "原图。"}, key="other")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_moment")
    client.force_login(stranger)
    assert post(client, f"/me/measures/{found.pk}/appeal/", {"words": "x"}).status_code == 404


def test_a_shop_s_level_is_for_whoever_works_there(client, deposit, seller, stranger):
    client.force_login(seller)
    assert client.get("/api/v1/shops/xinghe/standing/").json()["level"] == "S0"
    client.force_login(stranger)
    assert client.get("/api/v1/shops/xinghe/standing/").status_code == 404


def test_a_recall_is_joined_kept_and_decided(client, sold, stranger, risk, at):
    alarm = ring(sold, at)
    path = f"/recalls/{alarm.number}/"
    client.force_login(stranger)
    assert client.get(f"/api/v1{path}").status_code == 404
    first, second = sold[0], sold[1]
    client.force_login(first.buyer)
    assert len(client.get(f"/api/v1{path}").json()["units"]) == 10
    assert post(client, f"{path}confirm/", {"words": "x"}).status_code == 404
    client.force_login(risk)
    assert post(client, f"{path}confirm/", {"words": "整批作废。"}).json()["state"] == "confirmed"
    client.force_login(first.buyer)
    case = post(client, f"{path}orders/{first.number}/join/", {"wants": "money"})
    assert (case.status_code, case.json()["state"]) == (201, "refunded")
    assert post(client, f"{path}orders/{second.number}/join/", {}, key="2").status_code == 404
    client.force_login(second.buyer)
    kept = post(client, f"{path}orders/{second.number}/keep/", {})
    assert {unit["fate"] for unit in kept.json()["units"]} == {"kept"}
    client.force_login(risk)
    assert post(client, f"{path}lift/", {"words": "误报。"}, key="3").json()["state"] == "lifted"
    alarms.carry_on(at=at + timedelta(minutes=1))


def test_ratings_are_given_once_and_read_by_everybody(client, order, rich_buyer, seller, at):
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    client.force_login(rich_buyer)
    made = post(client, f"/orders/{order.number}/rating/", {"stars": 4, "text": "很快"})
    assert made.status_code == 201
    assert post(client, f"/orders/{order.number}/rating/", {"stars": 1}, key="2").json()["code"] == "rated"
    assert post(client, f"/orders/{order.number}/rating/", {"stars": 6}, key="3").status_code == 422
    client.force_login(seller)
    assert post(client, f"/ratings/{made.json()['id']}/reply/", {"words": "谢谢"}).json()["reply"] == "谢谢"
    client.logout()
    assert client.get("/api/v1/shops/xinghe/ratings/").json()["results"][0]["reply"] == "谢谢"


def test_the_mall_s_figures_are_public_and_tell_nothing_of_few(client, ruled, at):
    counting.catch_up(at=at)
    told = client.get("/api/v1/transparency/").json()
    assert len(told["months"]) == 12
    assert (told["months"][-1]["orders"], told["months"][-1]["late_payments"]) == (None, 0)
    assert told["deposits"] > 0


def test_people_of_risk_work_by_the_api_and_nobody_else_does(client, buyer, seller, risk, at):
    signal = Signal.objects.create(user=buyer, name="many_claims", weight=15, evidence=["R1"], first_at=at, seen_at=at)
    people = "/api/v1/risk/people/"

    def post(path, body):
        return client.post(f"/api/v1/risk/{path}/", body, "application/json", headers={"Idempotency-Key": path})

    client.force_login(seller)
    assert client.get(people).status_code == 404
    assert post(f"signals/{signal.pk}/dismiss", {"why": "x"}).status_code == 404
    client.force_login(risk)
    (found,) = client.get(f"{people}{buyer.pk}/").json()["signals"]
    assert (found["now"], found["evidence"]) == (15, ["R1"])
    step = {"step": "warning", "ground": "false_proof", "reason": "R261122-1 的截图经过修改。"}
    measure = post(f"people/{buyer.pk}/measures", step).json()
    assert measure["state"] == "in_force"
    assert client.get(f"{people}{buyer.pk}/").json()["measures"][0]["id"] == measure["id"]
    assert post(f"measures/{measure['id']}/uphold", {"why": "核对无误"}).json()["code"] == "wrong_moment"
    assert post(f"measures/{measure['id']}/lift", {"why": "查明有误"}).json()["state"] == "lifted"
    assert post(f"signals/{signal.pk}/dismiss", {"why": "同一家庭"}).json()["now"] == 0
