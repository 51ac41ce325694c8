"""The inbox on its page: one's own, page by page, and nothing is marked by looking."""

import pytest
from django.urls import reverse

from notifications import inbox
from notifications.models import Notification
from orders import conversation
from tests.queries import recorded
from timeline import events
from timeline.models import Event

INDEX = "/notices/"


@pytest.fixture
def as_buyer(client, order, rich_buyer, at):
    """The buyer at a browser, with one unread notice: the order has arrived."""
    inbox.catch_up(at=at)
    client.force_login(rich_buyer)
    return client


@pytest.fixture
def notice(as_buyer, rich_buyer):
    return Notification.objects.visible_to(rich_buyer).get()


@pytest.fixture
def many(order, seller, rich_buyer, at):
    """Fills the buyer's inbox up to so many notices, all about one event each."""

    def fill(number):
        have = Notification.objects.visible_to(rich_buyer).count()
        for place in range(number - have):
            conversation.say(order, f"{place}", by=seller, at=at.replace(year=2027 + place))
        inbox.catch_up(at=at)

    return fill


def test_somebody_who_is_not_signed_in_is_asked_to(client, db):
    assert client.get(INDEX).status_code == 302


def test_a_person_sees_only_their_own(as_buyer, stranger, order, client):
    assert order.number in as_buyer.get(INDEX).content.decode()
    client.force_login(stranger)
    page = client.get(INDEX).content.decode()
    assert order.number not in page
    assert "empty" in page


@pytest.mark.parametrize(("language", "said"), [("en", "has arrived"), ("zh-hans", "订单")])
def test_a_notice_is_in_the_language_of_its_reader(as_buyer, language, said):
    page = as_buyer.get(INDEX, headers={"accept-language": language}).content.decode()
    assert said in page


def test_looking_marks_nothing(as_buyer, notice):
    as_buyer.get(INDEX)
    as_buyer.get(INDEX)
    notice.refresh_from_db()
    assert notice.read_at is None
    assert as_buyer.get(reverse("notifications:open", args=[notice.pk])).status_code == 405


def test_opening_marks_it_and_leads_to_the_thing(as_buyer, notice, order):
    answer = as_buyer.post(reverse("notifications:open", args=[notice.pk]))
    assert answer.url == f"/orders/{order.number}/"
    notice.refresh_from_db()
    assert notice.read_at
    assert "badge brand" not in as_buyer.get(INDEX).content.decode()


def test_a_notice_without_a_page_leads_back_to_the_inbox(as_buyer, notice):
    Notification.objects.update(url="")
    assert as_buyer.post(reverse("notifications:open", args=[notice.pk])).url == INDEX


def test_a_notice_never_leads_out_of_the_mall(as_buyer, notice):
    Notification.objects.update(url="https://elsewhere.example/")
    assert as_buyer.post(reverse("notifications:open", args=[notice.pk])).url == INDEX


def test_a_stranger_cannot_open_it(client, notice, stranger):
    client.force_login(stranger)
    assert client.post(reverse("notifications:open", args=[notice.pk])).status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_marking_all_read_stops_at_what_was_shown(as_buyer, rich_buyer, seller, many):
    shown = as_buyer.get(INDEX).context["newest"]
    many(2)
    answer = as_buyer.post("/notices/read/", {"up_to": shown}, follow=True)
    assert answer.redirect_chain == [(INDEX, 302)]
    assert [row["is_new"] for row in answer.context["rows"]] == [True, False]


def test_marking_all_read_leaves_others_alone(as_buyer, seller, stranger):
    as_buyer.post("/notices/read/", {"up_to": 10**9})
    assert Notification.objects.visible_to(seller).unread().count() == 2


@pytest.mark.parametrize("up_to", ["", "x", "-1", "٣", "9" * 60])
def test_a_strange_place_marks_nothing_or_all_and_is_no_error(as_buyer, up_to):
    assert as_buyer.post("/notices/read/", {"up_to": up_to}).status_code == 302


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣", ""])
def test_a_strange_place_in_the_list_is_no_error(as_buyer, before):
    assert as_buyer.get(INDEX, {"before": before}).status_code == 200


def test_the_inbox_is_paged_newest_first(as_buyer, many):
    many(51)
    first = as_buyer.get(INDEX)
    assert len(first.context["rows"]) == 50
    keys = [row["notice"].pk for row in first.context["rows"]]
    assert keys == sorted(keys, reverse=True)
    second = as_buyer.get(INDEX, {"before": first.context["older"]})
    assert len(second.context["rows"]) == 1
    assert second.context["older"] is None


def test_an_inbox_of_1_or_500_costs_the_same(as_buyer, rich_buyer):
    as_buyer.get(INDEX)  # the first request of a session notes where it comes from
    with recorded() as one:
        as_buyer.get(INDEX)
    write_like(Notification.objects.visible_to(rich_buyer).get(), 499)
    with recorded() as many:
        page = as_buyer.get(INDEX)
    assert len(page.context["rows"]) == 50
    assert len(many) == len(one)


def write_like(notice, number):
    """So many more notices like this one, each of an event of its own."""
    for place in range(number):
        events.record(root="user:0", subject="user:0", name="order.placed", by=None, at=notice.at, data={"n": place})
    Notification.objects.bulk_create(
        Notification(user=notice.user, event=event, code=notice.code, words=notice.words, url=notice.url, at=event.at)
        for event in Event.objects.filter(root="user:0").order_by("pk")
    )


def test_the_head_of_every_page_counts_what_is_unread(as_buyer, many):
    assert '<span class="count" aria-hidden="true">1</span>' in as_buyer.get("/").content.decode()
    as_buyer.post("/notices/read/", {"up_to": 10**9})
    assert '<span class="count"' not in as_buyer.get("/").content.decode()


def test_more_than_99_are_told_as_99_plus(as_buyer, many):
    many(101)
    assert '<span class="count" aria-hidden="true">99+</span>' in as_buyer.get("/").content.decode()
