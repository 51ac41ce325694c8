"""What people are mailed: what they chose, and what nobody may miss."""

import pytest

from notifications import inbox, mail, preferences
from notifications.models import Delivery, Group
from notifications.sentences import SENTENCES
from orders import conversation
from timeline.refusals import Refused


def test_whoever_chose_nothing_is_mailed_what_is_important(order, at):
    inbox.catch_up(at=at)
    assert {each.notification.code for each in Delivery.objects.select_related("notification").order_by("pk")} == {
        "order.delivered"
    }


def test_somebody_who_wants_no_mail_about_orders_still_has_it_in_the_inbox(order, rich_buyer, at):
    preferences.choose(rich_buyer, {"orders": "none"}, by=rich_buyer, at=at)
    inbox.catch_up(at=at)
    assert rich_buyer.notifications.count() == 1
    assert not Delivery.objects.exists()


def test_somebody_who_wants_everything_is_mailed_messages_too(order, seller, rich_buyer, at, mailoutbox):
    preferences.choose(rich_buyer, {"messages": "all"}, by=rich_buyer, at=at)
    conversation.say(order, "请稍等。", by=seller, at=at)
    inbox.catch_up(at=at)
    mail.send_due(at=at)
    assert any("message" in letter.subject or "消息" in letter.subject for letter in mailoutbox)


@pytest.mark.parametrize("code", [*sorted(preferences.NEEDED), "refund.reminder", "order.reminder"])
def test_what_ends_rights_is_mailed_whatever_somebody_chose(code):
    assert preferences.wants_mail(code, "none")


def test_nobody_chooses_for_somebody_else(buyer, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        preferences.choose(buyer, {"orders": "none"}, by=stranger, at=at)
    with pytest.raises(Refused, match="no_such_choice"):
        preferences.choose(buyer, {"weather": "all"}, by=buyer, at=at)


def test_every_sentence_is_of_a_group_that_can_be_chosen():
    assert {preferences.group_of(code) for code in SENTENCES} == set(Group)


def test_the_page_and_the_api_choose_the_same(client, buyer, at):
    client.force_login(buyer)
    page = client.get("/notices/settings/").content.decode()
    assert page.count("<select") == len(Group)
    told = {group.value: "important" for group in Group} | {"messages": "all"}
    assert client.post("/notices/settings/", told).status_code == 302
    assert client.get("/api/v1/notices/settings/").json()["messages"] == "all"
    answer = client.post(
        "/api/v1/notices/settings/",
        {"messages": "none"},
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert answer.json() == told | {"messages": "none"}
    assert preferences.of(buyer)["messages"] == "none"
