"""One conversation per order: who speaks in it, what is kept of it, and what is not."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from orders import conversation, lifecycle
from orders.conversation import say
from orders.models import Message
from orders.parties import Side
from tests.orders.test_pages import as_, page_of, text, url
from tests.queries import recorded
from timeline.models import Event
from timeline.refusals import Refused


def test_both_sides_and_the_platform_speak_and_each_is_marked(order, rich_buyer, seller, agent, at):
    for person, words in ((rich_buyer, "it does not work"), (seller, "let me look"), (agent, "we watch")):
        say(order, words, by=person, at=at)
    said = [(entry.side, entry.text) for entry in conversation.part_of(order).entries]
    assert said == [(Side.BUYER, "it does not work"), (Side.SHOP, "let me look"), (Side.PLATFORM, "we watch")]
    page = text(page_of(seller, order))
    assert "it does not work" in page
    assert "Platform" in page


def test_nobody_else_speaks(order, stranger, finance, auditor, at):
    for person in (stranger, finance, auditor):
        with pytest.raises(Refused) as refusal:
            say(order, "hello", by=person, at=at)
        assert refusal.value.code == "not_your_turn"
    assert as_(stranger).post(url("say", order), {"text": "hello"}).status_code == 404
    assert as_(finance).post(url("say", order), {"text": "hello"}).status_code == 404
    assert as_(auditor).post(url("say", order), {"text": "hello"}).status_code == 409
    assert "<textarea" not in text(page_of(auditor, order))
    assert not Message.objects.exists()


def test_the_event_says_that_and_not_what_was_said(order, rich_buyer, at):
    message = say(order, "my secret worry", by=rich_buyer, at=at)
    event = Event.objects.get(name="order.message_said")
    assert (event.by, event.data) == (rich_buyer, {"message": message.pk, "side": "buyer"})


def test_a_staff_member_who_bought_it_speaks_as_the_buyer(listing, agent, at):
    order = lifecycle.place(buyer=agent, listing=listing, quantity=1, acknowledged=True, at=at)
    say(order, "mine", by=agent, at=at)
    assert Event.objects.get(name="order.message_said").data["side"] == "buyer"


@pytest.mark.parametrize(
    ("words", "code"), [("", "required"), (" \n ", "required"), ("x" * 2_001, "max_length"), ("a\x00b", "not_visible")]
)
def test_what_is_empty_too_long_or_invisible_is_not_said(order, rich_buyer, at, words, code):
    with pytest.raises(ValidationError) as found:
        say(order, words, by=rich_buyer, at=at)
    assert found.value.error_dict["text"][0].code == code
    answer = as_(rich_buyer).post(url("say", order), {"text": words})
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not Message.objects.exists()


def test_what_is_said_on_the_page_stands_on_the_page_escaped(order, rich_buyer, seller):
    answer = as_(rich_buyer).post(url("say", order), {"text": "<script>alert(1)</script>\r\nline two"})
    assert answer.url == f"{url('detail', order)}#conversation"
    page = text(page_of(seller, order))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>line two" in page
    assert "<script>alert(1)" not in page


def test_the_longest_message_fits(order, rich_buyer, at):
    assert len(say(order, "x" * 2_000, by=rich_buyer, at=at).text) == 2_000


def test_somebody_who_says_too_much_at_once_is_asked_to_wait(order, rich_buyer, seller, at):
    for _ in range(conversation.MOST_AT_ONCE):
        say(order, "!", by=rich_buyer, at=at)
    with pytest.raises(Refused) as refusal:
        say(order, "!", by=rich_buyer, at=at + timedelta(seconds=59))
    assert refusal.value.code == "too_often"
    say(order, "calm down", by=seller, at=at)
    say(order, "!", by=rich_buyer, at=at + timedelta(seconds=60))


def test_the_conversation_stays_open_when_the_order_is_over(order, rich_buyer, seller, at):
    grants = {unit.pk: unit.paid for unit in order.units.order_by("place")}
    lifecycle.end_case(order, cause="case:1", grants=grants, at=at)
    say(order, "thank you", by=rich_buyer, at=at)
    assert "thank you" in text(page_of(seller, order))


def test_a_long_conversation_is_paged_in_two_queries_and_nothing_is_lost(order, rich_buyer, at):
    said = [f"no. {number}" for number in range(120)]
    Message.objects.bulk_create(
        [
            Message(order=order, author=rich_buyer, text=text, at=at + timedelta(seconds=n))
            for n, text in enumerate(said)
        ]
    )
    read: list[str] = []
    before, parts = None, 0
    while True:
        with recorded() as asked:
            part = conversation.part_of(order, before=before)
        assert len(asked) == 2
        read = [entry.text for entry in part.entries] + read
        before, parts = part.earlier, parts + 1
        if before is None:
            break
    assert (read, parts) == (said, 3)
    assert f"?before={conversation.part_of(order).earlier}" in text(page_of(rich_buyer, order))
