"""What the reference forbids (machines 4.10, its last paragraph) and what it lets silence do (the canon's clocks).

Each line names the tests that prove it, so that none is lost when tests move; what a case itself forbids is asked here.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from desks import house
from disputes.states import APPEAL, DISPUTE
from ledger import payments
from ledger.models import Payout
from ledger.states import PAYMENT, PAYOUT
from orders import delivery, purchase
from orders import lifecycle as orders
from orders.states import ORDER
from refunds import bargaining, lifecycle, questions, replacing
from refunds.bargaining import Terms
from refunds.models import Refund
from refunds.states import REFUND
from tests.fixtures.cases import VISIT, claim
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import sweep

HERE = Path(__file__).resolve().parent.parent

FORBIDDEN = {
    "any exit from a terminal state": [
        "refunds/test_the_reference.py::test_nothing_leads_out_of_an_end",
        "refunds/test_the_reference.py::test_in_a_case_that_is_over_no_verb_does_anything",
        "disputes/test_runs.py::test_a_settlement_after_the_end_is_refused",
    ],
    "release and settlement while a case holds the unit (J03, J04 with lock > 0)": [
        "orders/test_order.py::test_a_case_holds_its_unit_and_the_others_go_on",
        "refunds/test_refund.py::test_nothing_is_released_while_a_case_is_open",
    ],
    "the shop does nothing with the platform but offer, give in and add to the file": [
        "refunds/test_bargaining.py::test_the_shop_does_nothing_else_in_a_case_that_is_with_the_platform",
        "refunds/test_refund.py::test_the_shop_cannot_answer_a_case_that_is_with_the_platform",
    ],
    "a verdict by somebody who was not assigned, only reads, or has a conflict": [
        "disputes/test_dispute.py::test_nobody_else_rules",
        "disputes/test_dispute.py::test_arbiters_rule_only_their_own_cases",
        "disputes/test_dispute.py::test_nobody_hears_a_case_of_somebody_they_traded_with",
    ],
    "who wrote it signs it": ["disputes/test_dispute.py::test_nobody_signs_what_they_wrote"],
    "who had a part before sits on the panel": [
        "disputes/test_appeals.py::test_three_new_people_none_of_whom_had_a_part"
    ],
    "a second appeal of one side": ["disputes/test_appeals.py::test_each_side_appeals_once"],
    "a second dispute about a unit": ["disputes/test_withdrawing.py::test_a_ruling_is_not_undone_by_asking_again"],
    "a settlement above what is left": [
        "refunds/test_bargaining.py::test_an_offer_that_cannot_be_is_refused",
        "disputes/test_agreeing.py::test_who_proposes_and_what",
        "disputes/test_dispute.py::test_no_unit_gets_more_than_is_left_of_it",
    ],
    "a no without reason, evidence and a step before it (R16)": [
        "refunds/test_refund.py::test_a_no_without_a_rule_that_fits_and_words_is_refused",
        "refunds/test_refund.py::test_a_no_needs_our_record_of_the_unit_s_state",
        "refunds/test_questions.py::test_a_no_without_a_rule_needs_a_question_or_an_offer_before_and_a_file",
    ],
    "changing or removing an event, a piece of evidence or a journal": [
        "timeline/test_door.py::test_the_application_can_neither_change_nor_remove_an_event",
        "ledger/test_transfers.py::test_not_even_the_owner_changes_a_transfer_by_mistake",
        "refunds/test_lanes.py::test_a_credit_note_is_for_ever",
    ],
    "a clock that ends while it stands still": [
        "timeline/test_outages.py::test_a_clock_stands_still_while_something_is_down_and_goes_on_with_what_was_left",
        "timeline/test_timers.py::test_a_paused_clock_keeps_what_was_left",
    ],
    "paying somebody else than the buyer, or in another way, by one person alone": [
        "ledger/test_payouts.py::test_nobody_but_finance_decides_about_a_payout",
        "ledger/test_payouts.py::test_one_person_of_finance_alone_sends_nothing_again",
        "ledger/test_payouts.py::test_money_goes_back_to_a_channel_only_to_a_payment",
    ],
}

#: State and clock, as in the canon's table of the case, and what silence comes to.
SILENCE = {
    "requested: paid, unless our records or the rules say otherwise": [
        "refunds/test_refund.py::test_silence_of_the_shop_is_consent",
        "refunds/test_refund.py::test_silence_pays_what_was_asked_never_the_rest",
        "refunds/test_refund.py::test_silence_against_our_records_goes_to_the_platform",
        "refunds/test_refund.py::test_silence_never_pays_what_the_rules_leave_to_people",
        "refunds/test_lanes.py::test_a_supplier_that_says_nothing_for_48_hours_counts_against_the_supply_side",
    ],
    "questioned: lapses, after two reminders that arrived": [
        "refunds/test_questions.py::test_who_does_not_answer_after_two_reminders_lets_the_case_lapse",
        "refunds/test_questions.py::test_without_two_reminders_the_buyer_has_a_day_more",
    ],
    "bargaining: the shop's turn as requested; the buyer's, or all of it: the buyer decides": [
        "refunds/test_bargaining.py::test_silence_of_the_shop_in_its_turn_is_consent_to_what_was_asked_last",
        "refunds/test_bargaining.py::test_silence_of_the_shop_against_our_records_goes_to_the_platform",
        "refunds/test_bargaining.py::test_silence_of_the_buyer_in_its_turn_ends_the_talks_and_the_buyer_still_decides",
        "refunds/test_bargaining.py::test_talks_end_after_72_hours_whoever_has_the_turn",
        "refunds/test_bargaining.py::test_silence_has_no_price_where_nothing_is_owed",
    ],
    "declined: an offer without conditions is paid, else it lapses": [
        "refunds/test_bargaining.py::test_an_offer_without_conditions_is_paid_when_the_buyer_stays_silent",
        "refunds/test_bargaining.py::test_an_offer_that_only_stands_is_not_paid_by_silence",
        "refunds/test_refund.py::test_silence_of_the_buyer_after_a_no_ends_the_case",
    ],
    "replacing: paid in full": [
        "refunds/test_replacing.py::test_a_promised_code_is_there_within_two_hours_or_the_buyer_is_paid_in_full"
    ],
    "checking: replaced": ["refunds/test_replacing.py::test_silence_is_a_replacement_that_works"],
    "approved: an alarm, again and again": [
        "refunds/test_the_reference.py::test_money_that_does_not_arrive_is_an_alarm_each_day"
    ],
}

#: Guards and effects of the case's own transitions (machines 4.5), by their number in the reference.
GUARDS = {
    "R01": [
        "refunds/test_refund.py::test_a_unit_has_one_open_case",
        "refunds/test_refund.py::test_only_the_buyer_asks",
    ],
    "R02": [
        "refunds/test_refund.py::test_a_reason_must_fit_the_state_of_the_unit",
        "refunds/test_refund.py::test_the_buyer_asks_for_less_but_never_for_more",
        "refunds/test_refund.py::test_three_cases_for_a_unit_and_reason_unless_there_is_something_new",
    ],
    "R03": ["refunds/test_wizard.py::test_what_helped_ends_the_draft_and_nothing_is_filed"],
    "R04": ["refunds/test_wizard.py::test_what_is_sent_after_the_draft_is_gone_leads_back_to_its_beginning"],
    "R05": ["refunds/test_refund.py::test_what_never_came_is_paid_back_at_once_with_compensation_for_the_delay"],
    "R06": [
        "refunds/test_refund.py::test_after_release_the_instant_lane_ends_at_the_cap_of_the_level",
        "refunds/test_refund.py::test_after_release_a_trusted_buyer_is_paid_at_once_until_the_quota_is_used",
    ],
    "R07": ["refunds/test_refund.py::test_a_claim_nobody_can_prove_waits_for_the_shop_and_holds_the_unit"],
    "R08": ["refunds/test_lanes.py::test_a_claim_waits_for_the_supplier_first"],
    "R09": ["refunds/test_lanes.py::test_what_hurts_to_wait_for_is_with_the_platform_at_once"],
    "R10": ["refunds/test_refund.py::test_a_machine_s_no_is_a_predecision_with_a_person_one_click_away"],
    "R11": ["refunds/test_lanes.py::test_a_rulebook_that_fails_leaves_it_to_people"],
    "R12": [
        "refunds/test_refund.py::test_the_shop_accepts_and_the_buyer_is_paid",
        "refunds/test_refund.py::test_only_the_shop_accepts",
    ],
    "R13": ["refunds/test_bargaining.py::test_what_our_records_prove_is_the_least_that_can_be_offered"],
    "R14": ["refunds/test_replacing.py::test_only_who_wishes_a_replacement_gets_one_without_being_asked"],
    "R15": [
        "refunds/test_questions.py::test_the_shop_asks_twice_at_most",
        "refunds/test_questions.py::test_nobody_has_to_prove_what_our_own_records_show",
    ],
    "R16": ["refunds/test_questions.py::test_a_no_without_a_rule_needs_a_question_or_an_offer_before_and_a_file"],
    "R17": [
        "refunds/test_questions.py::test_the_shop_has_a_day_more_for_its_supplier_once",
        "refunds/test_questions.py::test_more_time_never_makes_it_above_72_hours_of_the_shop_s_own",
    ],
    "R18": ["refunds/test_refund.py::test_silence_pays_what_was_asked_never_the_rest"],
    "R19": ["refunds/test_refund.py::test_silence_against_our_records_goes_to_the_platform"],
    "R20": ["refunds/test_lanes.py::test_nobody_waits_for_a_shop_that_went_away_meanwhile"],
    "R21": ["refunds/test_lanes.py::test_a_supplier_that_failed_lets_the_claim_be_paid"],
    "R22": ["refunds/test_questions.py::test_the_shop_has_twelve_hours_at_least_after_an_answer"],
    "R23": ["refunds/test_questions.py::test_who_does_not_answer_after_two_reminders_lets_the_case_lapse"],
    "R24": ["refunds/test_bargaining.py::test_each_side_offers_three_times_in_turn"],
    "R25": ["refunds/test_bargaining.py::test_the_buyer_takes_a_part_and_keeps_the_code"],
    "R26": ["refunds/test_replacing.py::test_an_exchange_gives_something_else_and_its_price_difference"],
    "R27": ["refunds/test_bargaining.py::test_only_the_shop_ends_the_talks_and_says_why"],
    "R28": ["refunds/test_bargaining.py::test_silence_of_the_shop_in_its_turn_is_consent_to_what_was_asked_last"],
    "R29": ["refunds/test_bargaining.py::test_silence_of_the_shop_against_our_records_goes_to_the_platform"],
    "R30": ["refunds/test_bargaining.py::test_talks_end_after_72_hours_whoever_has_the_turn"],
    "R31": ["refunds/test_bargaining.py::test_the_buyer_calls_the_platform_any_time_after_the_shop_s_first_answer"],
    "R32": ["refunds/test_bargaining.py::test_the_shop_says_its_last_word_and_a_standing_offer_stays"],
    "R33": ["refunds/test_refund.py::test_the_buyer_takes_a_no_to_the_platform"],
    "R34": ["refunds/test_bargaining.py::test_an_offer_without_conditions_is_paid_when_the_buyer_stays_silent"],
    "R35": ["refunds/test_refund.py::test_silence_of_the_buyer_after_a_no_ends_the_case"],
    "R36": ["refunds/test_replacing.py::test_a_code_that_another_shop_has_as_well_is_never_given"],
    "R37": ["refunds/test_replacing.py::test_only_the_shop_says_that_it_cannot_supply"],
    "R38": ["refunds/test_replacing.py::test_a_promised_code_is_there_within_two_hours_or_the_buyer_is_paid_in_full"],
    "R39": ["refunds/test_replacing.py::test_the_buyer_says_that_it_works_and_inspection_goes_on"],
    "R40": ["refunds/test_replacing.py::test_silence_is_a_replacement_that_works"],
    "R41": ["refunds/test_replacing.py::test_bad_again_by_our_records_is_everything_and_ten_percent"],
    "R42": ["refunds/test_replacing.py::test_bad_again_by_the_buyer_s_word_goes_to_the_platform"],
    "R43": ["refunds/test_refund.py::test_a_ruling_pays_what_it_grants_and_the_rest_goes_to_the_shop"],
    "R44": [
        "disputes/test_replacement_ordered.py::test_the_new_code_works_and_the_case_is_closed",
        "disputes/test_replacement_ordered.py::test_if_the_shop_does_not_deliver_in_time_what_was_ruled_goes_back",
    ],
    "R45": ["refunds/test_refund.py::test_a_rejection_frees_the_unit_and_moves_no_money"],
    "R46": ["refunds/test_refund.py::test_the_buyer_takes_a_case_back"],
    "R47": ["refunds/test_sample_runs.py::test_x1_a_code_that_the_issuer_calls_invalid_is_paid_back_whole"],
    "R48": ["refunds/test_replacing.py::test_the_buyer_takes_a_wish_back_but_not_what_was_agreed_in_an_offer"],
    "R49": [
        "refunds/test_outside_tickets.py::test_a_part_lowers_what_is_asked_and_what_lies_on_the_table",
        "refunds/test_outside_tickets.py::test_of_what_was_decided_only_the_rest_is_sent",
    ],
    "R50": [
        "refunds/test_outside_tickets.py::test_all_of_it_ends_the_case_and_nothing_is_sent_again",
        "ledger/test_debts.py::test_two_open_cases_take_it_one_after_the_other",
    ],
    "R51": ["refunds/test_bargaining.py::test_after_a_machine_s_no_the_buyer_asks_the_shop_for_goodwill_once"],
    "R52": ["refunds/test_bargaining.py::test_silence_has_no_price_where_nothing_is_owed"],
}


@pytest.mark.parametrize(
    "named",
    sorted({name for names in (*FORBIDDEN.values(), *SILENCE.values(), *GUARDS.values()) for name in names}),
)
def test_each_line_is_proven_where_it_says(named):
    file, _, name = named.partition("::")
    assert f"def {name}(" in (HERE / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("machine", [REFUND, DISPUTE, APPEAL, PAYOUT, PAYMENT, ORDER], ids=lambda machine: machine.name)
def test_nothing_leads_out_of_an_end(machine):
    assert machine.terminal
    for state in machine.terminal:
        assert not any(machine.allows(state, after) for after in machine.states.values)


@pytest.fixture
def ends(refund, seller, rich_buyer, at):
    """A case that came to an end in some way, by the name of the verb."""

    def end(how):
        who = seller if how == "accept" else rich_buyer
        getattr(lifecycle, how)(refund, by=who, at=at)
        return Refund.objects.get(pk=refund.pk)

    return end


@pytest.mark.parametrize("how", ["accept", "withdraw"])
def test_in_a_case_that_is_over_no_verb_does_anything(ends, how, seller, rich_buyer, arbiter, revealed, at):
    over = ends(how)
    money, words = Terms("partial", amount=100), "请看记录。"
    shop = {"by": seller, "at": at}
    buyer = {"by": rich_buyer, "at": at}
    calls = [
        lambda: lifecycle.accept(over, **shop),
        lambda: lifecycle.decline(over, code="other", rule="MX-42", text=words, **shop),
        lambda: bargaining.offer(over, money, **shop),
        lambda: bargaining.counter(over, money, **shop),
        lambda: bargaining.end_talks(over, text=words, **shop),
        lambda: questions.question(over, item="error", text=words, **shop),
        lambda: questions.extend(over, ticket="T-1", **shop),
        lambda: replacing.replace(over, **shop),
        lambda: replacing.promise(over, **shop),
        lambda: replacing.cannot_supply(over, **shop),
        lambda: bargaining.take(over, 1, **buyer),
        lambda: questions.answer(over, text=words, **buyer),
        lambda: lifecycle.withdraw(over, **buyer),
        lambda: lifecycle.escalate(over, **buyer),
        lambda: lifecycle.goodwill(over, text=words, **buyer),
        lambda: replacing.confirm_replacement(over, **buyer),
        lambda: replacing.bad_again(over, **buyer),
        lambda: lifecycle.ruled(over, grants={revealed.pk: 1}, by=arbiter, at=at),
        lambda: lifecycle.rejected(over, by=arbiter, at=at),
    ]
    codes = set()
    for call in calls:
        with pytest.raises(Refused) as refusal:
            call()
        codes.add(refusal.value.code)
    assert codes <= {"wrong_moment", "offer_gone"}
    after = Refund.objects.get(pk=over.pk)
    assert (after.state, after.version, after.approved) == (over.state, over.version, over.approved)
    assert over.actions_for(seller, at) == over.actions_for(rich_buyer, at) == []


def test_money_that_does_not_arrive_is_an_alarm_each_day(channel_secret, listing, rich_buyer, seller, at, caplog):
    """By a channel that does not answer; nobody's clock ends with it, and the case waits on."""
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", by=rich_buyer, at=at)
    payments.confirm(payment, provider_txn="t1", amount=9_800, at=at)
    unit = order.units.get()
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    refund = claim(unit, "CODE_INVALID", by=rich_buyer, at=at)
    lifecycle.accept(refund, by=seller, at=at)
    for day in (1, 2):
        refund.refresh_from_db()
        assert refund.deadline_at == at + timedelta(hours=24) * day
        sweep(at=refund.deadline_at)
        assert Event.objects.filter(subject=refund.address, name="refund.alarm").count() == day
        late = [each.subject for each in house.late(at + timedelta(hours=24) * day)]
        assert sorted(late) == [Payout.objects.get(cause=refund.address).address, refund.address], "the money, the case"
    refund.refresh_from_db()
    assert (refund.state, refund.closed_at) == ("approved", None)
    assert "has not arrived in time" in caplog.text
