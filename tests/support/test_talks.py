"""A person to talk to: within ten minutes, with the story read, not with the same words again, and counted for all."""

from datetime import timedelta

import pytest

from notifications import inbox
from orders.models import Message
from support import figures, lifecycle
from support.models import Shift, Talk
from support.summary import summary
from timeline.events import stream
from timeline.refusals import Refused
from timeline.spans import SHANGHAI
from timeline.sweep import fire_overdue

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def on_shift(agent, lead, at):
    return lifecycle.plan(agent, since=at - HOUR, until=at + 8 * HOUR, by=lead, at=at)


@pytest.fixture
def talk(order, on_shift, rich_buyer, at):
    return lifecycle.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)


@pytest.fixture
def taken(talk, agent, at):
    lifecycle.take(talk, by=agent, at=at + MINUTE)
    return talk


@pytest.fixture
def answered(taken, agent, at):
    lifecycle.answer(taken, "我看过您的订单，正在问供货商。", by=agent, at=at + 2 * MINUTE)
    return taken


def refused(code, act, *args, **kwargs):
    with pytest.raises(Refused) as no:
        act(*args, **kwargs)
    assert no.value.code == code


def names(order):
    return [event.name for event in stream(order.root_address)]


# Call


def test_while_somebody_is_there_a_person_answers_within_ten_minutes(talk, at):
    assert talk.promised_at == at + 10 * MINUTE == talk.deadline_at


def test_while_nobody_is_there_the_ten_minutes_count_from_the_next_shift(order, agent, lead, rich_buyer, at):
    lifecycle.plan(agent, since=at + 5 * HOUR, until=at + 9 * HOUR, by=lead, at=at)
    assert lifecycle.promise(is_urgent=False, at=at) == at + 5 * HOUR + 10 * MINUTE
    assert lifecycle.promise(is_urgent=True, at=at) == at + 2 * HOUR


def test_without_any_plan_two_hours_are_promised(order, rich_buyer, at):
    assert lifecycle.call(order, topic="?", by=rich_buyer, at=at).promised_at == at + 2 * HOUR


def test_only_the_two_sides_call_and_say_why(order, stranger, agent, rich_buyer, at):
    refused("not_your_turn", lifecycle.call, order, topic="x", by=stranger, at=at)
    refused("not_your_turn", lifecycle.call, order, topic="x", by=agent, at=at)
    refused("text_missing", lifecycle.call, order, topic="  ", by=rich_buyer, at=at)


def test_who_asks_again_has_the_same_talk_and_no_second_clock(talk, order, rich_buyer, at):
    assert lifecycle.call(order, topic="再问一次", by=rich_buyer, at=at + MINUTE) == talk
    assert Talk.objects.count() == 1


def test_a_call_stops_no_clock_of_the_order(order, on_shift, rich_buyer, at):
    before = order.deadline_at
    lifecycle.call(order, topic="?", by=rich_buyer, at=at)
    order.refresh_from_db()
    assert order.deadline_at == before


# Take and answer


def test_whoever_takes_it_has_not_answered_yet_and_the_clock_goes_on(taken, agent, at):
    taken.refresh_from_db()
    assert (taken.taken_by, taken.started_at, taken.first_answer_at) == (agent, at + MINUTE, None)
    assert taken.deadline_at == taken.promised_at


def test_the_answer_stands_in_the_conversation_and_the_caller_is_told(answered, rich_buyer, at):
    answered.refresh_from_db()
    assert answered.state == "talking"
    assert answered.first_answer_at == at + 2 * MINUTE
    assert "供货商" in Message.objects.order_by("pk").last().text
    inbox.catch_up(at=at)
    assert rich_buyer.notifications.filter(code="talk.answered").count() == 1


def test_only_people_of_the_room_take_and_only_who_has_it_answers(talk, agent, lead, arbiter, seller, at):
    for somebody in (seller, arbiter):
        refused("not_your_turn", lifecycle.take, talk, by=somebody, at=at)
    refused("wrong_moment", lifecycle.answer, talk, "您好", by=agent, at=at)
    lifecycle.take(talk, by=agent, at=at)
    refused("wrong_moment", lifecycle.take, talk, by=lead, at=at)
    refused("not_your_turn", lifecycle.answer, talk, "您好", by=lead, at=at)


def test_the_same_words_are_no_answer_twice(answered, agent, at):
    refused("said_already", lifecycle.answer, answered, "我看过您的订单,正在问供货商!! 2", by=agent, at=at + 3 * MINUTE)
    lifecycle.answer(answered, "好的", by=agent, at=at + 3 * MINUTE)
    lifecycle.answer(answered, "好的", by=agent, at=at + 4 * MINUTE)


# Hand over


def test_a_talk_goes_on_to_somebody_else_without_telling_the_story_again(answered, refund, agent, lead, at):
    lifecycle.hand_over(answered, reason="供货商明早回复，请跟进。", by=agent, at=at + HOUR)
    answered.refresh_from_db()
    assert (answered.state, answered.taken_by) == ("waiting", None)
    assert answered.deadline_at == at + HOUR + 10 * MINUTE
    told = summary(answered)
    assert [note.note for note in told["notes"]] == ["供货商明早回复，请跟进。"]
    assert refund.number in "".join(fact["value"] for fact in told["facts"])
    assert any("供货商" in message.text for message in told["said"])
    lifecycle.take(answered, by=lead, at=at + HOUR)
    refused("not_your_turn", lifecycle.hand_over, answered, reason="x", by=agent, at=at + HOUR)
    refused("text_missing", lifecycle.hand_over, answered, reason=" ", by=lead, at=at + HOUR)


# The end, and lateness


def test_only_who_asked_or_who_answered_closes(talk, agent, rich_buyer, stranger, at):
    refused("not_your_turn", lifecycle.close, talk, by=stranger, at=at)
    lifecycle.take(talk, by=agent, at=at)
    refused("not_your_turn", lifecycle.close, talk, by=agent, at=at)
    lifecycle.close(talk, by=rich_buyer, at=at)
    refused("wrong_moment", lifecycle.close, talk, by=rich_buyer, at=at)


def test_a_promise_that_was_not_kept_is_told_to_a_lead_again_and_again(talk, order, lead, at):
    fire_overdue(order.root_address, at=talk.promised_at)
    talk.refresh_from_db()
    assert (talk.late_at, talk.deadline_at) == (talk.promised_at, talk.promised_at + 10 * MINUTE)
    fire_overdue(order.root_address, at=talk.deadline_at)
    assert names(order).count("talk.late") == 2
    inbox.catch_up(at=at)
    assert lead.notifications.filter(code="talk.late").count() == 2


def test_a_talk_in_which_nobody_says_anything_for_a_day_is_over(answered, order, at):
    answered.refresh_from_db()
    fire_overdue(order.root_address, at=answered.deadline_at)
    answered.refresh_from_db()
    assert answered.state == "closed"


# Shifts and figures


def test_only_a_lead_plans_shifts_of_people_who_answer(on_shift, agent, buyer, lead, at):
    times = {"since": at + 9 * HOUR, "until": at + 10 * HOUR, "at": at}
    refused("not_your_turn", lifecycle.plan, agent, by=agent, **times)
    refused("no_such_role", lifecycle.plan, buyer, by=lead, **times)
    refused("works_then", lifecycle.plan, agent, by=lead, since=at, until=at + HOUR, at=at)
    refused("time_over", lifecycle.plan, agent, by=lead, since=at - 2 * HOUR, until=at - HOUR, at=at)
    lifecycle.call_off(on_shift, by=lead, at=at)
    assert not Shift.objects.on(at).exists()
    refused("wrong_moment", lifecycle.call_off, on_shift, by=lead, at=at)


def test_figures_count_what_was_not_answered_too_and_hide_what_is_too_few(answered, at):
    few = figures.figures(at + HOUR)
    assert (few.talks, few.median, few.in_time_bp) == (1, None, None)
    Talk.objects.bulk_create(
        Talk(
            number=f"T{place}",
            order=answered.order,
            asked_by=answered.asked_by,
            topic="?",
            state="closed",
            entered_at=at,
            opened_at=at,
            promised_at=at + 10 * MINUTE,
            first_answer_at=at + 4 * MINUTE if place else None,
        )
        for place in range(9)
    )
    found = figures.figures(at + HOUR)
    assert (found.talks, found.median, found.in_time_bp) == (10, 240, 9_000)
    Talk.objects.exclude(pk=answered.pk).delete()


def test_nobody_waits_any_longer_in_a_talk_that_is_closed(answered, at):
    talk = {"order": answered.order, "asked_by": answered.asked_by, "topic": "?", "state": "closed"}
    times = {"opened_at": at, "promised_at": at + 10 * MINUTE, "entered_at": at + 20 * MINUTE}
    Talk.objects.bulk_create(Talk(number=f"T{place}", **talk, **times) for place in range(9))
    for days in (1, 20):
        found = figures.figures(at + days * 24 * HOUR)
        assert (found.median, found.p95, found.in_time_bp) == (1_200, 1_200, 1_000), "however long ago it was"
    Talk.objects.exclude(pk=answered.pk).delete()


@pytest.mark.breaks_books
def test_today_counts_however_few_and_what_waits_too_long(answered, order, seller, at):
    noon = at.astimezone(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0)
    times = {"opened_at": noon, "promised_at": noon + 10 * MINUTE, "started_at": None, "first_answer_at": None}
    common = {"order": order, "topic": "?", "state": "waiting", "entered_at": noon}
    Talk.objects.filter(pk=answered.pk).update(**times | {"first_answer_at": noon + 4 * MINUTE})
    urgent = Talk.objects.create(number="T1", asked_by=seller, is_urgent=True, **common, **times)
    found = [figures.today(noon + after) for after in (9 * MINUTE, 11 * MINUTE, 2 * HOUR, 13 * HOUR)]
    assert [(each.due, each.in_time, each.in_time_bp) for each in found] == [
        (1, 1, 10_000),
        (2, 1, 5_000),
        (2, 1, 5_000),
        (0, 0, None),
    ]
    assert [(each.urgent, each.begun) for each in found] == [(0, 0), (0, 0), (1, 0), (0, 0)]
    assert [(each.waiting, each.late) for each in found] == [(1, 0), (1, 1), (1, 1), (1, 1)]
    Talk.objects.filter(pk=urgent.pk).update(started_at=noon + HOUR)
    assert figures.today(noon + 2 * HOUR).begun_bp == 10_000
    urgent.delete()


def test_words_that_are_said_in_many_talks_are_canned(answered, agent, at):
    one = answered.answers.get()
    assert figures.canned(at + HOUR) == []
    others = []
    for place in range(lifecycle.CANNED):
        others.append(
            Talk.objects.create(
                number=f"T{place}",
                order=answered.order,
                asked_by=answered.asked_by,
                topic="?",
                state="closed",
                entered_at=at,
                opened_at=at,
                promised_at=at,
            )
        )
        others[-1].answers.create(by=agent, message=one.message, digest=one.digest, at=at)
    ((_answer, talks),) = figures.canned(at + HOUR)
    assert talks == lifecycle.CANNED + 1
    for other in others:
        other.answers.all().delete()
        other.delete()
