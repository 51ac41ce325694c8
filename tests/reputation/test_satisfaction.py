"""One question to each side after a case: asked once, within thirty days, told only as a mean of ten."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from refunds import lifecycle as refunds
from reputation import counting, figures, satisfaction
from reputation.models import Rating, Score, Tally
from timeline.models import Event
from timeline.refusals import Refused


@pytest.fixture
def over(refund, seller, at):
    refunds.accept(refund, by=seller, at=at)
    refund.refresh_from_db()
    return refund


def test_each_side_says_it_once(over, rich_buyer, seller, at):
    satisfaction.score(over, score=5, by=rich_buyer, at=at)
    satisfaction.score(over, score=2, by=seller, at=at)
    with pytest.raises(Refused, match="scored"):
        satisfaction.score(over, score=1, by=rich_buyer, at=at)
    assert sorted(Score.objects.values_list("side", "score")) == [("buyer", 5), ("shop", 2)]
    assert Event.objects.filter(name="refund.scored").count() == 2
    counting.catch_up(at=at)
    since, until = figures.window(at, 30)
    found = figures.of(over.order.shop, since=since, until=until)
    assert (found.count("csat", "buyer:5"), found.count("csat", "shop:2")) == (1, 1)
    assert found.content_buyers is None, "two are nobody's mean"
    assert counting.tallies(Tally.objects.order_by("pk")) == counting.recount()


@pytest.mark.usefixtures("separate_roles")
def test_what_was_said_cannot_be_removed(over, rich_buyer, at):
    made = satisfaction.score(over, score=5, by=rich_buyer, at=at)
    for things in (Score.objects.filter(pk=made.pk), Rating.objects.filter(shop=over.order.shop)):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            things.delete()


def test_nobody_else_and_not_too_early_or_too_late(refund, rich_buyer, seller, stranger, arbiter, at):
    with pytest.raises(Refused, match="wrong_moment"):
        satisfaction.score(refund, score=5, by=rich_buyer, at=at)
    refunds.accept(refund, by=seller, at=at)
    for person in (stranger, arbiter):
        with pytest.raises(Refused, match="not_your_turn"):
            satisfaction.score(refund, score=5, by=person, at=at)
    with pytest.raises(Refused, match="bad_score"):
        satisfaction.score(refund, score=6, by=rich_buyer, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        satisfaction.score(refund, score=5, by=rich_buyer, at=at + timedelta(days=31))
    assert not Score.objects.exists()


def test_the_case_s_page_asks_each_side_and_thanks(client, over, rich_buyer, arbiter):
    address, page = reverse("reputation:score", args=[over.number]), over.get_absolute_url()
    client.force_login(rich_buyer)
    assert address in client.get(page).content.decode()
    client.post(address, {"score": "9"})
    assert not Score.objects.exists()
    client.post(address, {"score": "4"})
    assert Score.objects.get().score == 4
    told = client.get(page, headers={"Accept-Language": "en"}).content.decode()
    assert address not in told
    assert "4 of 5" in told
    assert "refund.scored" not in told
    client.force_login(arbiter)
    assert address not in client.get(page).content.decode(), "staff are no side"


def test_a_running_case_asks_nobody_and_a_stranger_finds_none(client, refund, rich_buyer, stranger):
    address = reverse("reputation:score", args=[refund.number])
    client.force_login(rich_buyer)
    assert address not in client.get(refund.get_absolute_url()).content.decode()
    client.force_login(stranger)
    assert client.post(address, {"score": "4"}).status_code == 404


def test_machines_say_it_too(client, over, rich_buyer, stranger):
    address, headers = f"/api/v1/refunds/{over.number}/score/", {"Idempotency-Key": "k"}
    client.force_login(stranger)
    assert client.post(address, {"score": 3}, headers=headers, content_type="application/json").status_code == 404
    client.force_login(rich_buyer)
    made = client.post(address, {"score": 3}, headers=headers, content_type="application/json")
    assert (made.status_code, made.json()["side"], made.json()["score"]) == (201, "buyer", 3)
    again = client.post(address, {"score": 3}, headers={"Idempotency-Key": "other"}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "scored")
