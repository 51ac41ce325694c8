"""Complaints from outside: linked to the one case, under the outside's clocks, answered with what the case came to."""

from datetime import timedelta
from typing import Any

import pytest

from complaints import lifecycle, words
from complaints.models import Complaint, External, Source, Word
from complaints.outside import PaidThere, Stage
from complaints.states import ComplaintState
from disputes.paper import yuan
from ledger.models import Payout
from notifications import inbox
from notifications.models import Notification
from refunds import lifecycle as refunds
from refunds import outside
from refunds.models import Refund
from shops import vault
from tests.fixtures.cases import claim
from tests.fixtures.disputes import nobody_had
from timeline.events import stream
from timeline.refusals import Refused
from timeline.spans import deadline, working_days
from timeline.sweep import fire_overdue

HOUR = timedelta(hours=1)


def names(complaint):
    return [each.name for each in stream(complaint.address)]


def refused(call):
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def again(complaint):
    return Complaint.objects.get(pk=complaint.pk)


# Heard and linked


def test_it_is_linked_to_payment_order_and_case_by_the_number_of_the_payment(told, charged_order, charged_case, at):
    found = lifecycle.hear(told(), at=at + HOUR)
    assert (found.order, found.payment, found.refund) == (charged_order, charged_order.payment, charged_case)
    assert (found.state, found.first_due_at, found.due_at) == ("arrived", at + 24 * HOUR, at + 72 * HOUR)
    assert found.deadline_at == at + 23 * HOUR, "an hour is left for the machine's own word"
    inbox.catch_up(at=at + HOUR)
    told_of = set(Notification.objects.filter(code__startswith="complaint.").values_list("code", flat=True))
    assert {"complaint.yours", "complaint.about_you"} <= told_of


def test_told_again_it_is_the_same_complaint(told, at):
    first = lifecycle.hear(told(), at=at + HOUR)
    assert lifecycle.hear(told(), at=at + 2 * HOUR) == first
    assert names(first) == ["complaint.arrived"]


def test_a_payment_that_is_not_ours_is_linked_to_nothing_and_said_so(told, agent, at):
    for number, how in (("1", {"trade_no": "P0"}), ("2", {"txn": "somebody-else's"})):
        found = lifecycle.hear(told(number=number, **how), at=at)
        assert (found.payment, found.order, found.refund) == (None, None, None)
        word = lifecycle.answer(found, by=agent, at=at)
        assert word.outcome == "not_ours"
        assert "不是本平台的订单" in word.text


def test_heard_too_late_the_clock_is_over_at_once_and_it_is_counted_as_late(told, at):
    found = lifecycle.hear(told(told_at=at - 80 * HOUR), at=at)
    fire_overdue(found.address, at=at)
    assert again(found).late_at == at
    assert again(found).words.get().kind == "word", "whoever complained hears something all the same"


# One case, one payout


def test_an_agent_opens_the_case_and_the_answer_is_what_it_comes_to(complaint, agent, seller, rich_buyer, at):
    unit = complaint.order.units.get(place=1)
    refund = lifecycle.open_case(complaint, [unit], reason="CODE_INVALID", by=agent, at=at + HOUR)
    assert (refund.buyer, refund.asked, complaint.refund) == (rich_buyer, 9_800, refund)
    assert "13912345678" not in refund.text
    assert refused(lambda: lifecycle.answer(complaint, by=agent, at=at + HOUR)) == "case_undecided"
    assert refused(lambda: claim(unit, "CODE_INVALID", by=rich_buyer, at=at + HOUR)) == "case_open"
    refunds.accept(refund, by=seller, at=at + 2 * HOUR)
    paid: dict[str, Any] = {"reference": "by-hand", "amount": 9_800, "cause": "difference:1"}
    assert outside.paid_by_channel(complaint.order, **paid, at=at + 2 * HOUR) == 9_800
    word = lifecycle.answer(complaint, by=agent, at=at + 3 * HOUR)
    assert (word.outcome, word.amount, complaint.state) == ("paid", 9_800, "answered")
    assert refund.number in word.text
    assert len(word.text) <= 200
    assert Payout.objects.get(state="paid").amount == 9_800


def test_what_the_channel_paid_by_itself_is_the_payout_of_the_case(told, charged_case, agent, at):
    paid = (PaidThere("5030001", 9_800),)
    found = lifecycle.hear(told(paid=paid), at=at + HOUR)
    lifecycle.hear(told(paid=paid), at=at + 2 * HOUR)
    case = Refund.objects.get(pk=charged_case.pk)
    assert (case.state, case.outcome) == ("refunded", "external")
    assert External.objects.get().booked == 9_800
    assert Payout.objects.get().outside == "5030001"
    assert names(found).count("complaint.paid_outside") == 1
    word = lifecycle.answer(again(found), by=agent, at=at + 2 * HOUR)
    assert (word.outcome, word.amount) == ("paid", 9_800)
    assert "由支付渠道退回" in word.text


def test_our_own_refund_that_the_channel_tells_of_is_not_booked_again(told, charged_case, seller, at):
    refunds.accept(charged_case, by=seller, at=at)
    ours = Payout.objects.get()
    lifecycle.hear(told(paid=(PaidThere(ours.number, 9_800),)), at=at + HOUR)
    assert not External.objects.exists()
    assert Payout.objects.get().state == "planned"


def test_a_case_that_is_filed_later_is_found_and_its_end_told_once(complaint, rich_buyer, at):
    refund = claim(complaint.order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)
    lifecycle.follow(complaint, at=at + HOUR)
    assert again(complaint).refund == refund
    refunds.withdraw(refund, by=rich_buyer, at=at + HOUR)
    for _time in range(2):
        lifecycle.follow(again(complaint), at=at + 2 * HOUR)
    assert names(complaint)[-2:] == ["complaint.case_found", "complaint.case_decided"]


# What goes out


def test_a_word_begins_the_second_clock_and_hides_what_must_not_go_out(complaint, agent, at):
    code = vault.open_card(complaint.order.units.get(place=1).card)
    lifecycle.say(complaint, f"请联系 13912345678 或 a.b@example.com，卡密 {code}。", by=agent, at=at + HOUR)
    word = complaint.words.get()
    assert word.text == "请联系 139******78 或 a***@example.com，卡密 ［卡密已隐去］。"
    assert (complaint.state, complaint.deadline_at) == ("working", at + 71 * HOUR)
    assert word.next_try_at == at + HOUR


def test_only_what_was_read_goes_out(complaint, charged_order, agent, lead, at):
    _result, shown = lifecycle.answer_now(complaint)
    digest = words.digest(shown)
    why = "经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。"
    send = lambda by, **how: lifecycle.answer(complaint, reasons=why, by=by, at=at, **how)  # noqa: E731
    assert refused(lambda: send(agent)) == "reasons_missing", "a no without a case is for a lead"
    assert refused(lambda: send(lead, sha256=digest)) == "answer_changed"
    assert refused(lambda: lifecycle.answer(complaint, reasons="不退", by=lead, at=at)) == "reasons_missing"
    assert refused(lambda: send(lead, text="字" * 201)) == "text_wrong"
    _result, shown = lifecycle.answer_now(complaint, reasons=why)
    assert send(lead, sha256=words.digest(shown)).outcome == "nothing"
    assert refused(lambda: send(lead)) == "wrong_moment"


@pytest.mark.parametrize("who", ["rich_buyer", "seller", "stranger", "arbiter", "finance"])
def test_nobody_else_acts_on_it(complaint, who, request, at):
    user = request.getfixturevalue(who)
    unit = complaint.order.units.get(place=1)
    for call in (
        lambda: lifecycle.take(complaint, by=user, at=at),
        lambda: lifecycle.link(complaint, "K1", by=user, at=at),
        lambda: lifecycle.open_case(complaint, [unit], reason="CODE_INVALID", by=user, at=at),
        lambda: lifecycle.say(complaint, by=user, at=at),
        lambda: lifecycle.answer(complaint, by=user, at=at),
        lambda: lifecycle.close(complaint, end="x", by=user, at=at),
    ):
        assert refused(call) == "not_your_turn"
    assert complaint.actions_for(user) == []


# Clocks


def test_where_nobody_speaks_the_clock_says_a_first_word_and_then_the_result(told, charged_case, at):
    found = lifecycle.hear(told(), at=at + HOUR)
    fire_overdue(found.address, at=at + 23 * HOUR)
    found = again(found)
    first = found.words.get()
    assert (found.state, first.by, found.late_at) == ("working", None, None)
    assert charged_case.number in first.text
    refunds.withdraw(charged_case, by=charged_case.buyer, at=at + 24 * HOUR)
    fire_overdue(found.address, at=at + 71 * HOUR)
    assert again(found).state == "answered"
    assert again(found).words.get(kind="result").outcome == "taken_back"


def test_what_is_undecided_when_its_time_is_over_is_an_alarm_again_and_again(complaint, at):
    fire_overdue(complaint.address, at=at + 23 * HOUR)
    for hours, count in ((71, 1), (72, 2), (97, 3)):
        fire_overdue(complaint.address, at=at + hours * HOUR)
        assert names(complaint).count("complaint.late") == count
    assert again(complaint).late_at == at + 72 * HOUR
    assert again(complaint).state == "working"


def test_after_thirty_quiet_days_it_is_over_and_made_again_it_is_a_new_round(told, complaint, lead, at):
    lifecycle.answer(complaint, reasons="经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。", by=lead, at=at)
    lifecycle.hear(told(stage=Stage.DONE, state="PROCESSED"), at=at + HOUR)
    assert again(complaint).state == "answered"
    fire_overdue(complaint.address, at=again(complaint).deadline_at)
    assert again(complaint).state == "closed"
    assert lifecycle.hear(told(stage=Stage.DONE), at=at + 900 * HOUR) == complaint
    second = lifecycle.hear(told(asks=2), at=at + 900 * HOUR)
    assert (second.round, second.state, second.due_at) == (2, "arrived", at + 972 * HOUR)


def test_asked_again_after_our_answer_it_is_to_be_settled_again(told, complaint, lead, at):
    lifecycle.answer(complaint, reasons="经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。", by=lead, at=at)
    lifecycle.hear(told(asks=2), at=at + 48 * HOUR)
    found = again(complaint)
    assert (found.state, found.answered_at, found.due_at) == ("working", None, at + 120 * HOUR)


def test_a_desk_that_has_read_half_of_our_answer_asks_for_nothing(told, complaint, lead, at):
    """It tells of each of our words; until the last of them is there it still waits, and nobody has asked again."""
    lifecycle.answer(complaint, reasons="经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。", by=lead, at=at)
    lifecycle.hear(told(state="PROCESSING"), at=at + HOUR)
    assert (again(complaint).state, again(complaint).answered_at) == ("answered", at)
    lifecycle.hear(told(asks=2), at=at + 2 * HOUR)
    assert again(complaint).state == "working"
    lifecycle.answer(complaint, reasons="经再次核对，结论不变，理由同前一次答复，不退款。", by=lead, at=at + 3 * HOUR)
    lifecycle.hear(told(asks=2, state="PROCESSING"), at=at + 4 * HOUR)
    assert again(complaint).state == "answered"


def test_an_answer_says_of_money_that_went_to_the_balance_that_it_did(told, charged_order, rich_buyer, seller, at):
    case = claim(charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at, prefers="balance")
    refunds.accept(case, by=seller, at=at)
    result = words.result_of(lifecycle.hear(told(), at=at + HOUR))
    assert "已退款¥98.00，按您的选择退至您的卡门余额" in result.text
    assert "原支付方式" not in result.text


@pytest.mark.parametrize(("lacks", "outcome", "came"), [(9_310, "part", 490), (9_800, "nothing", 0)])
def test_an_answer_never_says_of_money_that_nobody_had_that_it_was_paid_back(
    told, charged_order, rich_buyer, seller, at, lacks, outcome, came
):
    case = claim(charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at, prefers="balance")
    refunds.accept(case, by=seller, at=at)
    nobody_had(charged_order, lacks, cause=case.address, at=at)
    result = words.result_of(lifecycle.hear(told(), at=at + HOUR))
    assert (result.outcome, result.amount) == (outcome, came)
    assert f"{yuan(lacks)} 暂时无款可付" in result.text
    assert ("已退款¥4.90" in result.text) is bool(came)
    assert "已退款¥98.00" not in result.text
    assert len(result.text) <= words.LONGEST[Source.WECHAT]


def test_what_was_said_before_it_was_over_makes_no_new_round(told, complaint, lead, at):
    """A desk that goes on telling of the buyer's second word tells nothing new; a third one is a new round."""
    lifecycle.hear(told(asks=2), at=at + 2 * HOUR)
    lifecycle.answer(
        complaint, reasons="经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。", by=lead, at=at + 3 * HOUR
    )
    fire_overdue(complaint.address, at=again(complaint).deadline_at)
    assert again(complaint).state == "closed"
    assert lifecycle.hear(told(asks=2), at=at + 900 * HOUR) == complaint
    assert lifecycle.hear(told(asks=3), at=at + 900 * HOUR).round == 2


def test_taken_back_or_closed_outside_it_is_over_here(told, complaint, at):
    lifecycle.hear(told(stage=Stage.TAKEN_BACK, state="CANCELLED"), at=at + HOUR)
    assert again(complaint).state == ComplaintState.WITHDRAWN
    other = lifecycle.hear(told(number="9"), at=at + HOUR)
    lifecycle.hear(told(number="9", stage=Stage.OVER, state="FINISHED"), at=at + HOUR)
    assert (again(other).state, again(other).end) == ("closed", "FINISHED")


# 12315


def test_what_comes_from_12315_is_written_down_answered_on_paper_and_closed(told, charged_order, agent, lead, at):
    given = told(source=Source.AUTHORITY, number="12315-1", trade_no="", txn="", state="")
    assert refused(lambda: lifecycle.record(given, order_number="K0", by=agent, at=at)) == "no_such_order"
    found = lifecycle.record(given, order_number=charged_order.number, by=agent, at=at)
    assert refused(lambda: lifecycle.record(given, by=agent, at=at)) == "known_already"
    assert refused(lambda: lifecycle.record(told(), by=agent, at=at)) == "no_such_road"
    assert (found.order, found.due_at) == (charged_order, deadline(working_days(10), at))
    assert found.deadline_at == found.first_due_at == deadline(working_days(3), at)
    word = lifecycle.answer(found, reasons="经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。", by=lead, at=at)
    assert (word.next_try_at, word.sent_at) == (None, None)
    lifecycle.hand_in(word, by=agent, at=at + HOUR)
    assert refused(lambda: lifecycle.hand_in(word, by=agent, at=at + HOUR)) == "wrong_moment"
    lifecycle.close(found, end="双方和解，终止调解。", by=agent, at=at + 2 * HOUR)
    assert (found.state, found.end) == ("closed", "双方和解，终止调解。")
    assert Word.objects.get().sent_at == at + HOUR
