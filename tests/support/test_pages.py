"""The road to a person on pages and in the API, and the room's own pages for those who answer."""

from datetime import timedelta

import pytest

from reputation import alarms
from support import lifecycle
from support.models import Answer, Talk
from timeline import clock
from timeline.models import Event


@pytest.fixture
def on_shift(agent, lead, at):
    return lifecycle.plan(agent, since=at - timedelta(hours=1), until=at + timedelta(hours=8), by=lead, at=at)


@pytest.fixture
def road(order):
    return f"/orders/{order.number}/person/"


def test_every_order_case_and_dispute_has_the_road(client, dispute, rich_buyer, seller):
    road = f"/orders/{dispute.refund.order.number}/person/"
    for somebody in (rich_buyer, seller):
        client.force_login(somebody)
        for thing in (dispute.refund.order, dispute.refund, dispute):
            assert road in client.get(thing.get_absolute_url()).content.decode()


def test_a_buyer_calls_and_sees_until_when(client, road, on_shift, rich_buyer):
    client.force_login(rich_buyer)
    assert client.get(road).status_code == 200
    assert client.post(road, {"topic": ""}).status_code == 422
    assert client.post(road, {"topic": "兑换页面打不开。"}).status_code == 302
    page = client.get(road).content.decode()
    assert "countdown" in page
    number = Talk.objects.get().number
    assert client.post(f"/talks/{number}/close/").url == road
    assert Talk.objects.get().state == "closed"


def test_the_room_leads_to_the_road_of_each_of_ones_orders(client, order, road, rich_buyer, stranger, at):
    signed_out = client.get("/support/").content.decode()
    assert "/account/login/?next=/support/" in signed_out
    assert '/support/"' in client.get("/").content.decode(), "the room is at the foot of every page"
    client.force_login(rich_buyer)
    assert f'href="{road}"' in client.get("/support/").content.decode()
    assert "hourglass" not in client.get("/support/").content.decode()
    lifecycle.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)
    assert "hourglass" in client.get("/support/").content.decode()
    client.force_login(stranger)
    assert road not in client.get("/support/").content.decode()


def test_whoever_answers_reads_that_the_codes_are_recalled(client, order, on_shift, rich_buyer, agent, risk, at):
    talk = lifecycle.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)
    client.force_login(agent)
    desk = f"/staff/talks/{talk.number}/"
    alarm = alarms.raise_alarm(order.snapshot.listing.batches.get(), why="person", reason="来电", by=risk, at=at)
    assert alarm.number in client.get(desk).content.decode()
    alarms.lift(alarm, finding="误报", by=risk, at=at)
    assert alarm.number not in client.get(desk).content.decode()


def test_whoever_answers_does_not_send_a_buyer_to_choose_who_has_chosen(
    client, order, on_shift, rich_buyer, agent, risk, at
):
    talk = lifecycle.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)
    alarm = alarms.raise_alarm(order.snapshot.listing.batches.get(), why="person", reason="来电", by=risk, at=at)
    alarms.carry_on(at=at)
    client.force_login(agent)
    desk = f"/staff/talks/{talk.number}/"
    assert alarm.number in client.get(desk).content.decode()
    alarms.keep(alarm, order, by=rich_buyer, at=at)
    assert alarm.number not in client.get(desk).content.decode()


def test_a_stranger_and_staff_find_no_such_road(client, road, stranger, agent):
    for somebody in (stranger, agent):
        client.force_login(somebody)
        assert client.get(road).status_code == 404


def test_an_agent_works_through_the_queue(client, order, on_shift, rich_buyer, agent, at):
    talk = lifecycle.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)
    client.force_login(agent)
    assert talk.topic in client.get("/staff/talks/").content.decode()
    desk = f"/staff/talks/{talk.number}/"
    assert order.number in client.get(desk).content.decode()
    assert client.post(f"{desk}take/").status_code == 302
    assert client.post(f"{desk}answer/", {"text": "我看过您的订单，正在问供货商。"}).status_code == 302
    assert client.post(f"{desk}answer/", {"text": "我看过您的订单，正在问供货商。"}).status_code == 302
    assert Answer.objects.count() == 1
    assert "供货商" in client.get(desk).content.decode()
    assert client.post(f"{desk}hand-over/", {"reason": "请跟进。"}).status_code == 302
    assert Talk.objects.get().state == "waiting"


def test_the_room_is_for_those_who_answer(client, order, on_shift, rich_buyer, arbiter, at):
    talk = lifecycle.call(order, topic="?", by=rich_buyer, at=at)
    for somebody in (rich_buyer, arbiter):
        client.force_login(somebody)
        for page in ("/staff/talks/", f"/staff/talks/{talk.number}/"):
            assert client.get(page).status_code == 404


def test_a_lead_plans_and_calls_off(client, lead, agent, at):
    client.force_login(lead)
    told = {"user": agent.pk, "since": "2030-01-01T09:00", "until": "2030-01-01T17:00"}
    assert client.post("/staff/talks/shifts/", told).status_code == 302
    shift = agent.shifts.get()
    assert client.post(f"/staff/talks/shifts/{shift.pk}/off/").status_code == 302
    assert agent.shifts.get().ended_at


def test_everybody_sees_how_long_it_takes(client, db):
    page = client.get("/support/", headers={"accept-language": "en"}).content.decode()
    assert page.count("<dd>") == 5


def test_a_post_first_fires_what_is_overdue(client, order, on_shift, rich_buyer, agent, at):
    talk = lifecycle.call(order, topic="?", by=rich_buyer, at=at)
    clock.advance(timedelta(minutes=11))
    client.force_login(agent)
    client.post(f"/staff/talks/{talk.number}/take/")
    assert Event.objects.filter(name="talk.late").count() == 1
    assert Talk.objects.get().state == "taken"


def test_the_api_calls_lists_and_closes(client, order, on_shift, rich_buyer, stranger):
    road = f"/api/v1/orders/{order.number}/person/"

    def post(address, body, key):
        return client.post(address, body, content_type="application/json", headers={"Idempotency-Key": key})

    client.force_login(stranger)
    assert post(road, {"topic": "x"}, "a").status_code == 404
    client.force_login(rich_buyer)
    assert post(road, {}, "b").status_code == 422
    made = post(road, {"topic": "兑换页面打不开。"}, "c")
    assert made.status_code == 201
    number = made.json()["number"]
    assert client.get("/api/v1/talks/").json()["results"][0]["number"] == number
    assert post(f"/api/v1/talks/{number}/close/", {}, "d").json()["state"] == "closed"
    assert post(f"/api/v1/talks/{number}/close/", {}, "e").status_code == 409


def test_an_agent_works_through_the_queue_by_the_api(client, order, on_shift, rich_buyer, agent, stranger, at):
    talk = lifecycle.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)

    def post(act, body=None):
        path = f"/api/v1/staff/talks/{talk.number}/{act}/"
        return client.post(path, body or {}, "application/json", headers={"Idempotency-Key": act})

    client.force_login(rich_buyer)
    assert client.get("/api/v1/staff/talks/").status_code == 404
    assert post("take").status_code == 404
    client.force_login(agent)
    assert [each["number"] for each in client.get("/api/v1/staff/talks/").json()["results"]] == [talk.number]
    assert post("answer", {"text": "先接手再回答"}).json()["code"] == "wrong_moment"
    assert post("take").json()["state"] == "taken"
    assert post("answer", {"text": "我看过您的订单，正在问供货商。"}).json()["state"] == "talking"
    story = client.get(f"/api/v1/staff/talks/{talk.number}/").json()
    assert order.number in story["facts"][0]["value"]
    assert story["said"][-1]["text"] == "我看过您的订单，正在问供货商。"
    assert post("hand-over", {"reason": "请跟进。"}).json()["state"] == "waiting"
    client.force_login(stranger)
    assert client.get(f"/api/v1/staff/talks/{talk.number}/").status_code == 404
