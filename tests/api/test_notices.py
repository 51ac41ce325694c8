"""The inbox through the API."""

import pytest

from notifications import inbox
from notifications.models import Notification
from orders import conversation
from tests.api.conftest import problem, signed_in
from tests.queries import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_buyer(order, rich_buyer, at):
    """The buyer of an order that has arrived."""
    inbox.catch_up(at=at)
    return signed_in(rich_buyer)


def test_the_inbox_says_what_happened_for_machines_and_for_people(as_buyer, order):
    found = as_buyer.get("/api/v1/notices/").json()
    (notice,) = found["results"]
    assert notice["code"] == "order.delivered"
    assert notice["sentence"].startswith(f"Order {order.number} from 星河点卡 has arrived.")
    assert notice["words"]["amount"] == 29_400
    assert notice["url"] == f"/orders/{order.number}/"
    assert notice["read_at"] is None
    assert found["next"] is None


def test_nobody_is_asked_who_they_are_in_vain(anybody):
    problem(anybody.get("/api/v1/notices/"), 401, "not_signed_in")


def test_reading_one_counts_once(as_buyer):
    pk = as_buyer.get("/api/v1/notices/").json()["results"][0]["id"]
    first = as_buyer.send(f"/api/v1/notices/{pk}/read/")
    assert first.status_code == 200
    assert first.json()["read_at"]
    assert as_buyer.send(f"/api/v1/notices/{pk}/read/").json() == first.json()


def test_a_notice_of_somebody_else_does_not_exist(as_stranger, as_buyer):
    pk = Notification.objects.latest("pk").pk
    problem(as_stranger.send(f"/api/v1/notices/{pk}/read/"), 404, "not_found")
    assert as_stranger.get("/api/v1/notices/").json()["results"] == []


def test_reading_up_to_one_says_what_is_left(as_buyer, order, seller, at):
    seen = as_buyer.get("/api/v1/notices/").json()["results"][0]["id"]
    conversation.say(order, "你好", by=seller, at=at)
    inbox.catch_up(at=at)
    assert as_buyer.send("/api/v1/notices/read/", {"up_to": seen}).json() == {"unread": 1}


@pytest.mark.parametrize("body", [{}, {"up_to": "x"}, {"up_to": 0}, {"up_to": 2**63}, {"up_to": None}])
def test_a_place_that_is_none_is_refused(as_buyer, body):
    problem(as_buyer.send("/api/v1/notices/read/", body), 422, "invalid")
    assert Notification.objects.unread().count() == 3


def test_an_inbox_of_1_or_51_takes_the_same_number_of_queries(as_buyer, order, seller, at):
    as_buyer.get("/api/v1/notices/")
    with recorded() as with_one:
        as_buyer.get("/api/v1/notices/")
    for place in range(50):
        conversation.say(order, f"{place}", by=seller, at=at.replace(year=2027 + place))
    inbox.catch_up(at=at)
    with recorded() as with_many:
        assert as_buyer.get("/api/v1/notices/").json()["next"]
    assert len(with_one) == len(with_many)
