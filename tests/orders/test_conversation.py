"""One conversation per order: who speaks in it, what is kept of it, and what is not."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from orders import conversation, lifecycle
from orders.conversation import say
from orders.models import Joining, Message, ReadMark
from orders.parties import Side
from tests.orders.test_pages import as_, page_of, text, url
from tests.queries import recorded
from timeline.models import Event
from timeline.refusals import Refused


def test_both_sides_and_the_platform_speak_and_each_is_marked(order, rich_buyer, seller, agent, at):
    conversation.join(order, "both sides asked", by=agent, at=at)
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


# Staff join with a reason


def test_staff_speak_only_after_they_joined_and_said_why(order, agent, at):
    with pytest.raises(Refused) as refusal:
        say(order, "hello", by=agent, at=at)
    assert refusal.value.code == "join_first"
    joining = conversation.join(order, "  the buyer\n asked us ", by=agent, at=at)
    assert (joining.user, joining.reason) == (agent, "the buyer asked us")
    event = Event.objects.get(name="order.staff_joined")
    assert (event.by, event.data) == (agent, {"reason": "the buyer asked us"})
    say(order, "hello", by=agent, at=at)
    with pytest.raises(Refused) as refusal:
        conversation.join(order, "again", by=agent, at=at)
    assert refusal.value.code == "wrong_moment"


def test_nobody_else_joins(order, rich_buyer, seller, stranger, finance, auditor, risk, at):
    for person in (rich_buyer, seller, stranger, finance, auditor, risk):
        with pytest.raises(Refused) as refusal:
            conversation.join(order, "curious", by=person, at=at)
        assert refusal.value.code == "not_your_turn"
    assert not Joining.objects.exists()


@pytest.mark.parametrize(("reason", "code"), [("", "required"), (" \n", "required"), ("x" * 201, "max_length")])
def test_a_reason_is_one(order, agent, at, reason, code):
    with pytest.raises(ValidationError) as found:
        conversation.join(order, reason, by=agent, at=at)
    assert found.value.error_dict["reason"][0].code == code


# Read marks


def test_each_side_sees_how_far_the_other_has_read(order, rich_buyer, seller, at):
    say(order, "one", by=rich_buyer, at=at)
    say(order, "two", by=rich_buyer, at=at)
    assert conversation.reading_of(order, seller).unread == 2
    assert conversation.reading_of(order, rich_buyer).unread == 0, "nobody has to read what they said"
    assert conversation.read(order, by=seller, at=at) == 2
    assert conversation.reading_of(order, seller).unread == 0
    found = conversation.reading_of(order, rich_buyer)
    assert (found.read_by_others, found.others_at) == (2, at)
    say(order, "three", by=rich_buyer, at=at)
    assert conversation.reading_of(order, seller).unread == 1


def test_a_watcher_reads_without_a_mark(order, rich_buyer, auditor, stranger, agent, at):
    say(order, "one", by=rich_buyer, at=at)
    for person in (auditor, stranger):
        with pytest.raises(Refused) as refusal:
            conversation.read(order, by=person, at=at)
        assert refusal.value.code == "not_your_turn"
    conversation.read(order, by=agent, at=at)
    assert conversation.reading_of(order, rich_buyer).read_by_others == 0, "the platform is not the other side"
    assert ReadMark.objects.count() == 1


# What looks like a deal outside of the mall


def test_what_looks_like_a_contact_is_sent_marked_and_on_record_for_risk(order, seller, rich_buyer, at):
    message = say(order, "加我微 信 kamen_888 便宜", by=seller, at=at)
    assert message.signs == ["wechat"]
    event = Event.objects.get(name="order.contact_suspected")
    assert (event.by, event.data) == (seller, {"message": message.pk, "side": "shop", "signs": ["wechat"]})
    entry = conversation.part_of(order).entries[-1]
    assert list(entry.signs) == ["wechat"]
    say(order, "好的，谢谢", by=rich_buyer, at=at)
    assert Event.objects.filter(name="order.contact_suspected").count() == 1


# For ever, and linked


def test_the_messages_of_an_order_are_a_chain_of_their_own(order, placed_order, rich_buyer, seller, at):
    for number, person in enumerate((rich_buyer, seller, rich_buyer), start=1):
        say(order, f"no. {number}", by=person, at=at)
    said = list(Message.objects.filter(order=order).order_by("seq"))
    assert [message.seq for message in said] == [1, 2, 3]
    assert bytes(said[0].prev) == b""
    assert [bytes(message.prev) for message in said[1:]] == [bytes(message.hash) for message in said[:-1]]


@pytest.mark.parametrize(
    "change", ["update orders_message set text = 'x'", "delete from orders_message", "truncate orders_message cascade"]
)
def test_nothing_that_was_said_is_changed_or_taken_back(order, rich_buyer, at, change):
    say(order, "for ever", by=rich_buyer, at=at)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert Message.objects.get().text == "for ever"


@pytest.mark.parametrize(
    "change",
    [
        "update orders_message set text = 'I never said that' where seq = 2",
        "update orders_message set author_id = %(other)s where seq = 2",
        "update orders_message set at = at + interval '1 s' where seq = 2",
        "update orders_message set signs = '[\"qq\"]' where seq = 2",
        "delete from orders_message where seq = 2",
    ],
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_books
def test_whoever_goes_behind_the_triggers_is_found(order, rich_buyer, seller, as_owner, change):
    at = order.placed_at
    for number in range(3):
        say(order, f"no. {number}", by=rich_buyer, at=at)
    connection.close()
    with as_owner() as cursor:
        cursor.execute("select * from orders_broken_conversations(null)")
        assert cursor.fetchall() == []
        cursor.execute("alter table orders_message disable trigger user")
        cursor.execute(change, {"other": seller.pk})
        cursor.execute("select order_id, seq from orders_broken_conversations(%s)", [order.pk])
        assert {place for _order, place in cursor.fetchall()} & {2, 3}
        cursor.connection.rollback()
