"""While both sides are heard: sealed words, more time, one thing asked by name, and somebody else to judge."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from disputes import choices, evidence, hearing, lifecycle, questions
from disputes.models import Challenge, Evidence, Question, Seat, Side
from disputes.states import DisputeState
from tests.disputes.sayings import events_of, lapse, refused
from tests.fixtures.disputes import drafted
from timeline.models import Timer

HOUR = timedelta(hours=1)


def seen_by(dispute, side, at):
    return [item.data["text"] for item in evidence.visible_to(dispute, side, at=at) if item.kind == "statement"]


def asked(dispute, by, at, **change):
    words = {"whom": "buyer", "kind": "item", "item": "激活失败的录屏", "reason": "证明失败时间", **change}
    return questions.ask(dispute, **words, by=by, at=at)


# sealed words


def test_what_a_side_says_is_sealed_until_the_other_has_spoken(dispute, rich_buyer, seller, at):
    lifecycle.submit(dispute, text="我没有用过", by=rich_buyer, at=at)
    assert seen_by(dispute, Side.SHOP, at) == []
    assert seen_by(dispute, Side.BUYER, at) == ["我没有用过"]
    assert seen_by(dispute, None, at) == ["我没有用过"], "the staff read all of it"
    lifecycle.submit(dispute, text="出库前核验过", by=seller, at=at)
    assert seen_by(dispute, Side.SHOP, at) == ["我没有用过", "出库前核验过"]
    assert events_of(dispute)[-1] == "dispute.unsealed"


def test_after_half_the_time_the_seal_is_off(dispute, rich_buyer, at):
    lifecycle.submit(dispute, text="我没有用过", by=rich_buyer, at=at)
    assert seen_by(dispute, Side.SHOP, at + 11 * HOUR) == []
    assert seen_by(dispute, Side.SHOP, at + 12 * HOUR) == ["我没有用过"]


def test_a_side_that_has_nothing_to_add_has_spoken(dispute, rich_buyer, seller, at):
    lifecycle.submit(dispute, text="我没有用过", by=rich_buyer, at=at)
    lifecycle.rest(dispute, by=seller, at=at)
    assert seen_by(dispute, Side.SHOP, at) == ["我没有用过"]


def test_a_side_answers_to_what_the_other_gave(dispute, rich_buyer, seller, at):
    (given,) = lifecycle.submit(dispute, text="我没有用过", by=rich_buyer, at=at)
    call = lambda: lifecycle.submit(dispute, text="不实", about=given, by=seller, at=at)  # noqa: E731
    assert refused(call) == "no_such_evidence", "nobody answers to what is sealed to them"
    late = at + 13 * HOUR
    (reply,) = lifecycle.submit(dispute, text="不实", about=given, by=seller, at=late)
    assert reply.data["about"] == given.pk
    call = lambda: lifecycle.submit(dispute, text="x", about=reply, by=seller, at=late)  # noqa: E731
    assert refused(call) == "no_such_evidence", "nor to their own words"


# more time


def test_each_side_gets_24_hours_more_once_with_a_ground(dispute, rich_buyer, seller, arbiter, stranger, at):
    until = dispute.deadline_at
    lifecycle.extend(dispute, need=hearing.Need.SUPPLIER, by=seller, at=at)
    assert dispute.deadline_at == until + 24 * HOUR
    assert refused(lambda: lifecycle.extend(dispute, need="away", by=seller, at=at)) == "extended_already"
    assert refused(lambda: lifecycle.extend(dispute, need="because", by=rich_buyer, at=at)) == "ground_missing"
    lifecycle.extend(dispute, need=hearing.Need.AWAY, by=rich_buyer, at=at)
    assert dispute.deadline_at == until + 48 * HOUR
    for user in (arbiter, stranger):
        assert refused(lambda user=user: lifecycle.extend(dispute, need="away", by=user, at=at)) == "not_your_turn"
    assert events_of(dispute)[-2:] == ["dispute.extended"] * 2
    lapse(dispute)
    assert dispute.state != DisputeState.EVIDENCE


def test_nobody_gets_more_time_once_the_review_has_begun(reviewed, seller, at):
    assert refused(lambda: lifecycle.extend(reviewed, need="away", by=seller, at=at)) == "wrong_moment"


# one thing, by name


def test_one_thing_is_asked_for_and_the_review_goes_on_with_12_hours_at_least(reviewed, arbiter, rich_buyer, at):
    late = reviewed.deadline_at - HOUR
    asked(reviewed, arbiter, late)
    assert (reviewed.state, reviewed.owner) == (DisputeState.QUESTIONED, "buyer")
    assert reviewed.deadline_at == late + 24 * HOUR
    assert Timer.objects.get(subject=reviewed.address, limit="BUYER_WAIT").state == "paused", "the buyer's turn"
    questions.answer(reviewed, text="录屏已传", by=rich_buyer, at=late + HOUR)
    assert reviewed.state == DisputeState.REVIEW
    assert reviewed.deadline_at == late + 13 * HOUR
    assert Timer.objects.get(subject=reviewed.address, limit="BUYER_WAIT").state == "running"
    given = Evidence.objects.get(kind="statement")
    assert given.data == {"text": "录屏已传", "answers": "激活失败的录屏"}
    assert not given.is_late, "what is asked for is not late"
    assert events_of(reviewed)[-1] == "dispute.answered"


def test_a_supplier_has_48_hours_and_its_shop_answers_for_it(reviewed, arbiter, seller, rich_buyer, at):
    asked(reviewed, arbiter, at, whom="supplier", kind="record", item="供应商发卡记录")
    assert (reviewed.owner, reviewed.deadline_at) == ("shop", at + 48 * HOUR)
    assert refused(lambda: questions.answer(reviewed, text="x", by=rich_buyer, at=at)) == "not_your_turn"
    questions.answer(reviewed, text="供应商回复：有效", by=seller, at=at)
    assert reviewed.state == DisputeState.REVIEW


def test_silence_is_in_the_file_and_decides_nothing(reviewed, arbiter, at):
    question = asked(reviewed, arbiter, at, whom="shop", kind="record", item="出库核验记录")
    lapse(reviewed)
    question.refresh_from_db()
    assert question.is_unanswered
    assert reviewed.state == DisputeState.REVIEW
    silence = Evidence.objects.get(kind="silence")
    assert (silence.grade, silence.data["asked"], silence.data["item"]) == ("record", "shop", "出库核验记录")


def test_what_is_answered_too_late_is_refused(reviewed, arbiter, rich_buyer, at):
    asked(reviewed, arbiter, at)
    late = reviewed.deadline_at
    assert refused(lambda: questions.answer(reviewed, text="x", by=rich_buyer, at=late)) == "wrong_moment"
    with pytest.raises(ValidationError):
        questions.answer(reviewed, text=" ", by=rich_buyer, at=at)


def test_each_is_asked_twice_at_most_and_only_by_the_arbiter(reviewed, arbiter, second_arbiter, rich_buyer, at):
    for _ in range(2):
        asked(reviewed, arbiter, at)
        questions.answer(reviewed, text="x", by=rich_buyer, at=at)
    assert refused(lambda: asked(reviewed, arbiter, at)) == "asked_enough"
    assert refused(lambda: asked(reviewed, second_arbiter, at, whom="shop")) == "not_your_case"
    assert refused(lambda: asked(reviewed, rich_buyer, at, whom="shop")) == "not_your_turn"
    assert refused(lambda: asked(reviewed, arbiter, at, whom="shop", item=" ")) == "nothing_named"
    assert refused(lambda: asked(reviewed, arbiter, at, kind="record")) == "not_of_the_buyer"


def test_nothing_is_asked_before_the_review(dispute, arbiter, at):
    assert refused(lambda: asked(dispute, arbiter, at)) == "wrong_moment"


def test_a_case_can_be_taken_back_while_something_is_asked(reviewed, arbiter, rich_buyer, at):
    asked(reviewed, arbiter, at, whom="shop")
    lifecycle.withdraw(reviewed, by=rich_buyer, at=at)
    assert reviewed.state == DisputeState.WITHDRAWN
    assert not Question.objects.filter(answered_at=None).exists()
    assert not Timer.objects.live().filter(subject=reviewed.address).exists()


# somebody else


def test_each_side_can_have_somebody_else_judge_once(dispute, rich_buyer, seller, arbiter, second_arbiter, lead, at):
    words = {"ground": Challenge.Ground.KNOWS, "text": "我在店铺群里见过他"}
    lifecycle.challenge(dispute, **words, by=rich_buyer, at=at)
    assert dispute.arbiter == second_arbiter
    left = Seat.objects.get(dispute=dispute, user=arbiter)
    assert (left.left, left.until) == ("challenged", at)
    assert refused(lambda: lifecycle.challenge(dispute, **words, by=rich_buyer, at=at)) == "challenged_already"
    assert refused(lambda: lifecycle.assign(dispute, arbiter, by=lead, at=at)) == "conflict", "gone for good"
    lifecycle.challenge(dispute, **words, by=seller, at=at)
    assert dispute.arbiter == lead, "nobody else is there"
    assert "dispute.challenged" in events_of(dispute)


def test_a_challenge_comes_within_a_day_with_a_ground_by_a_side(dispute, rich_buyer, stranger, at):
    call = lambda **change: lifecycle.challenge(  # noqa: E731
        dispute, **{"ground": "knows", "text": "见过", "by": rich_buyer, "at": at, **change}
    )
    assert refused(lambda: call(at=at + 24 * HOUR)) == "too_late"
    assert refused(lambda: call(ground="x")) == "ground_missing"
    assert refused(lambda: call(by=stranger)) == "not_your_turn"


def test_who_has_the_case_steps_back_for_good(dispute, arbiter, second_arbiter, lead, stranger, at):
    assert refused(lambda: lifecycle.recuse(dispute, by=stranger, at=at)) == "not_your_turn"
    lifecycle.recuse(dispute, by=arbiter, at=at)
    assert dispute.arbiter == second_arbiter
    assert refused(lambda: lifecycle.assign(dispute, arbiter, by=lead, at=at)) == "conflict"


def test_who_was_asked_to_sign_steps_back(signing, senior, second_senior, at):
    lifecycle.recuse(signing, by=senior, at=at)
    assert (signing.state, signing.senior) == (DisputeState.SIGNING, second_senior)


# what the staff see of people


def test_staff_say_why_before_they_see_who_the_sides_are(dispute, agent, stranger, at):
    call = lambda **change: lifecycle.unmask(dispute, **{"reason": "核对收货人", "by": agent, "at": at, **change})  # noqa: E731
    assert refused(call) == "file_closed"
    lifecycle.open_file(dispute, by=agent, at=at)
    assert refused(lambda: call(reason=" ")) == "reason_missing"
    assert refused(lambda: call(by=stranger)) == "not_your_turn"
    call()
    assert dispute.is_unmasked_for(agent, at)
    assert not dispute.is_unmasked_for(agent, at + 13 * HOUR)
    assert events_of(dispute)[-1] == "dispute.unmasked"


# dismissed


def test_a_case_is_dismissed_for_a_named_reason_and_can_be_appealed(dispute, arbiter, rich_buyer, at):
    words = {"ground": "scope", "reasons": "所争议的是买卖双方在平台之外的约定，不在处理范围。"}
    assert (
        refused(lambda: lifecycle.dismiss(dispute, **{**words, "ground": "x"}, by=arbiter, at=at)) == "ground_missing"
    )
    assert refused(lambda: lifecycle.dismiss(dispute, **words, by=rich_buyer, at=at)) == "not_your_turn"
    ruling = lifecycle.dismiss(dispute, **words, by=arbiter, at=at)
    assert (dispute.state, dispute.outcome, ruling.award) == (DisputeState.RULED, "dismissed", 0)
    assert "appeal" in choices.actions_for(dispute, rich_buyer, at)
    assert refused(lambda: lifecycle.dismiss(dispute, **words, by=arbiter, at=at)) == "wrong_moment"


def test_before_somebody_has_it_a_lead_dismisses(waiting_dispute, lead, at):
    words = {"ground": "duplicate", "reasons": "同一订单同一单元的争议已在另一案件中处理完毕。"}
    lifecycle.dismiss(waiting_dispute, **words, by=lead, at=at)
    assert (waiting_dispute.state, waiting_dispute.arbiter) == (DisputeState.RULED, lead)


def test_nothing_can_be_waived_into_a_second_ruling(ruled, arbiter, at):
    assert refused(lambda: lifecycle.rule(ruled, drafted(ruled), by=arbiter, at=at)) == "wrong_moment"
