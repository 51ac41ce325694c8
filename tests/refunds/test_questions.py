"""What the shop asks before it answers: one thing of the buyer, or more time; and what silence means."""

from datetime import timedelta
from typing import Any

import pytest

from kamen import books
from orders import lifecycle as orders
from orders.models import Order
from refunds import bargaining, lifecycle, questions
from refunds.bargaining import Terms
from refunds.models import Question
from refunds.states import RefundState
from tests.fixtures.cases import claim
from tests.fixtures.clocks import let_remind
from tests.refunds.test_bargaining import live, names, refused
from timeline.models import Event
from timeline.sweep import sweep

ASKED: dict[str, Any] = {"item": "error", "text": "请补充报错页面的截图。"}


@pytest.fixture
def questioned(refund, seller, at):
    """After ten hours the shop asks for a picture of the error."""
    questions.question(refund, **ASKED, by=seller, at=at + timedelta(hours=10))
    return refund


@pytest.fixture
def picture(order, rich_buyer, at):
    """A file of the buyer in this order."""
    return order.attachments.create(
        uploader=rich_buyer, name="a.png", media_type="image/png", size=1, sha256="e" * 64, original="x", at=at
    )


@pytest.fixture
def receipt(order, seller, at):
    """A file of the shop in this order."""
    return order.attachments.create(
        uploader=seller, name="b.png", media_type="image/png", size=1, sha256="d" * 64, original="y", at=at
    )


def test_the_shop_asks_for_one_thing_and_its_own_clock_stands_still(questioned, seller, at):
    assert (questioned.state, questioned.owner) == (RefundState.QUESTIONED, "buyer")
    assert questioned.deadline_at == at + timedelta(hours=58)
    assert questioned.answer_left == timedelta(hours=38)
    assert live(questioned) == {"BUYER_ANSWER"}
    event = Event.objects.get(name="refund.questioned")
    assert (event.by, event.data["item"]) == (seller, "error")


def test_an_answer_gives_the_shop_what_was_left_of_its_time(questioned, picture, rich_buyer, at):
    later = at + timedelta(hours=20)
    assert questioned.actions_for(rich_buyer, later) == ["answer", "escalate", "withdraw"]
    questions.answer(questioned, text="截图见附件", attachments=[picture], by=rich_buyer, at=later)
    assert (questioned.state, questioned.deadline_at) == (RefundState.REQUESTED, later + timedelta(hours=38))
    asked = Question.objects.get()
    assert (asked.answered_at, asked.answer, asked.has_nothing) == (later, "截图见附件", False)
    assert list(questioned.attachments.order_by("pk")) == [picture]
    assert names(questioned)[-1] == "refund.answered"


def test_the_shop_has_twelve_hours_at_least_after_an_answer(refund, seller, rich_buyer, at):
    late = at + timedelta(hours=47)
    questions.question(refund, **ASKED, by=seller, at=late)
    questions.answer(refund, has_nothing=True, by=rich_buyer, at=late + timedelta(hours=1))
    assert refund.deadline_at == late + timedelta(hours=13)
    assert Question.objects.get().has_nothing


def test_only_the_shop_asks_and_only_the_buyer_answers(refund, seller, rich_buyer, stranger, at):
    for person in (rich_buyer, stranger):
        assert refused(questions.question, refund, **ASKED, by=person, at=at) == "not_your_turn"
    questions.question(refund, **ASKED, by=seller, at=at)
    for person in (seller, stranger):
        assert refused(questions.answer, refund, text="x", by=person, at=at) == "not_your_turn"
    assert refused(questions.answer, refund, text=" ", by=rich_buyer, at=at) == "nothing_said"
    assert refused(questions.answer, refund, text="x", by=rich_buyer, at=refund.deadline_at) == "wrong_moment"
    assert refused(questions.question, refund, **ASKED, by=seller, at=at) == "wrong_moment"


@pytest.mark.parametrize("item", ["payment", "delivery", "reveal", "talk"])
def test_nobody_has_to_prove_what_our_own_records_show(refund, seller, at, item):
    assert refused(questions.question, refund, item=item, text="x", by=seller, at=at) == "in_our_records"
    assert item not in questions.askable(refund)


def test_what_is_proven_is_not_asked_for(bad_unit, seller, rich_buyer, at):
    orders.confirm(Order.objects.get(pk=bad_unit.order_id), by=rich_buyer, at=at)
    bad_unit.refresh_from_db()
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert refused(questions.question, refund, **ASKED, by=seller, at=at) == "in_our_records"
    assert questions.askable(refund) == ["account", "balance", "other"]


def test_the_shop_asks_twice_at_most(questioned, seller, rich_buyer, at):
    later = at + timedelta(hours=11)
    for _ in range(2):
        questions.answer(questioned, has_nothing=True, by=rich_buyer, at=later)
        if questioned.questions.count() < 2:
            questions.question(questioned, item="account", text="哪个区服?", by=seller, at=later)
    assert refused(questions.question, questioned, **ASKED, by=seller, at=later) == "too_many_questions"
    assert "question" not in questioned.actions_for(seller, later)


def test_who_does_not_answer_after_two_reminders_lets_the_case_lapse(questioned, revealed, rich_buyer):
    let_remind(questioned)
    sweep(at=questioned.deadline_at)
    questioned.refresh_from_db()
    assert questioned.state == RefundState.LAPSED
    revealed.refresh_from_db()
    assert revealed.held_by == ""
    assert claim(revealed, "CODE_INVALID", by=rich_buyer, at=questioned.closed_at)
    assert not list(books.violations())


def test_without_two_reminders_the_buyer_has_a_day_more(questioned):
    end = questioned.deadline_at
    sweep(at=end)
    questioned.refresh_from_db()
    assert (questioned.state, questioned.deadline_at) == (RefundState.QUESTIONED, end + timedelta(hours=24))


# more time


def test_the_shop_has_a_day_more_for_its_supplier_once(refund, seller, at):
    until = refund.deadline_at
    questions.extend(refund, ticket="GH-2211", by=seller, at=at)
    assert (refund.state, refund.deadline_at) == (RefundState.REQUESTED, until + timedelta(hours=24))
    assert refund.extended_by == "GH-2211"
    assert names(refund)[-1] == "refund.extended"
    assert refused(questions.extend, refund, ticket="GH-2212", by=seller, at=at) == "extended_already"
    assert "extend" not in refund.actions_for(seller, at)


def test_more_time_never_makes_it_above_72_hours_of_the_shop_s_own(refund, seller, rich_buyer, at):
    late = at + timedelta(hours=47)
    questions.question(refund, **ASKED, by=seller, at=late)
    questions.answer(refund, has_nothing=True, by=rich_buyer, at=late)
    questions.extend(refund, ticket="GH-1", by=seller, at=late)
    assert refund.deadline_at == late + timedelta(hours=25)


def test_more_time_needs_the_supplier_s_ticket_and_the_shop(refund, seller, rich_buyer, stranger, at):
    for person in (rich_buyer, stranger):
        assert refused(questions.extend, refund, ticket="GH-1", by=person, at=at) == "not_your_turn"
    for ticket in ("", "  ", "x" * 81):
        assert refused(questions.extend, refund, ticket=ticket, by=seller, at=at) == "ticket_missing"
    assert refused(questions.extend, refund, ticket="GH-1", by=seller, at=refund.deadline_at) == "wrong_moment"


# a no after a question


def test_a_no_without_a_rule_needs_a_question_or_an_offer_before_and_a_file(refund, receipt, seller, rich_buyer, at):
    words = {"code": "code_was_good", "rule": "", "text": "上游记录显示已激活。", "by": seller}
    assert refused(lifecycle.decline, refund, **words, at=at) == "rule_missing"
    questions.question(refund, **ASKED, by=seller, at=at)
    assert refused(lifecycle.decline, refund, **words, at=at) == "wrong_moment"
    questions.answer(refund, has_nothing=True, by=rich_buyer, at=at)
    assert refused(lifecycle.decline, refund, **words, at=at) == "evidence_missing"
    lifecycle.decline(refund, **words, at=at, attachments=[receipt])
    assert (refund.state, refund.declined_rule) == (RefundState.DECLINED, "")
    assert list(refund.attachments.order_by("pk")) == [receipt]


def test_the_buyer_calls_the_platform_instead_of_answering(questioned, rich_buyer, at):
    lifecycle.escalate(questioned, by=rich_buyer, at=at + timedelta(hours=11))
    assert questioned.state == RefundState.DISPUTED
    assert live(questioned) == set()


def test_the_shop_gives_in_while_the_buyer_still_looks_for_it(questioned, seller, rich_buyer, at):
    assert "accept" in questioned.actions_for(seller, at)
    lifecycle.accept(questioned, by=seller, at=at)
    assert (questioned.state, questioned.outcome, questioned.approved) == ("refunded", "seller", 9_800)
    assert questioned.actions_for(rich_buyer, at) == []


def test_nothing_happens_in_a_case_that_is_over(questioned, seller, rich_buyer, at):
    later = at + timedelta(hours=11)
    lifecycle.withdraw(questioned, by=rich_buyer, at=later)
    half = Terms("partial", amount=4_900)
    words = {"code": "other", "rule": "MX-42", "text": "x"}
    assert refused(lifecycle.accept, questioned, by=seller, at=later) == "wrong_moment"
    assert refused(lifecycle.decline, questioned, **words, by=seller, at=later) == "wrong_moment"
    assert refused(bargaining.offer, questioned, half, by=seller, at=later) == "wrong_moment"
    assert refused(bargaining.counter, questioned, half, by=seller, at=later) == "wrong_moment"
    assert refused(bargaining.take, questioned, 1, by=rich_buyer, at=later) == "wrong_moment"
    assert refused(questions.question, questioned, **ASKED, by=seller, at=later) == "wrong_moment"
    assert refused(questions.answer, questioned, text="x", by=rich_buyer, at=later) == "wrong_moment"
    assert refused(lifecycle.goodwill, questioned, text="x", by=rich_buyer, at=later) == "wrong_moment"
    for verb in (lifecycle.escalate, lifecycle.withdraw):
        assert refused(verb, questioned, by=rich_buyer, at=later) == "wrong_moment"
    assert questioned.actions_for(seller, later) == questioned.actions_for(rich_buyer, later) == []
