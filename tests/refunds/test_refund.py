"""The story of a refund case: each verb allowed, by the wrong person, at the wrong moment, with money and event."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

import disputes.invariants
from accounts import lifecycle as people
from disputes.models import Dispute
from kamen import books
from ledger.accounts import balance, balances
from ledger.models import Payout
from orders import delivery
from orders import lifecycle as orders
from orders.models import Order, Unit, ValidityRecord
from orders.states import Delivery, OrderState
from refunds import lifecycle
from refunds.models import Refund, RefundItem
from refunds.states import RefundState
from shops.models import Card
from tests.fixtures.cases import VISIT, claim, units_of
from tests.fixtures.clocks import let_remind
from timeline.door import Refused
from timeline.models import Event, Timer
from timeline.sweep import sweep


def refused(call, *args, **kwargs):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


def names(refund):
    """What happened to a case, in order."""
    return list(Event.objects.filter(subject=refund.address).order_by("seq").values_list("name", flat=True))


def sound_but_for_the_dispute():
    """A verb that only disputes call was called without its dispute, which is left behind; all else is sound."""
    broken = {violation.rule for violation in books.violations()}
    return broken <= set(disputes.invariants.CHECKS)


def end_of(thing):
    """When its clock runs out."""
    assert thing.deadline_at is not None
    return thing.deadline_at


def wallet(user):
    return balance(f"user:{user.pk}:wallet")


# asking


def test_a_claim_nobody_can_prove_waits_for_the_shop_and_holds_the_unit(refund, revealed, order, at):
    revealed.refresh_from_db()
    assert (refund.state, refund.asked, refund.figure, refund.fee) == (RefundState.REQUESTED, 9_800, 9_800, 0)
    assert revealed.held_by == refund.address
    assert refund.deadline_at == at + timedelta(hours=48)
    assert [unit.held_by for unit in units_of(order)[1:]] == ["", ""]
    assert names(refund) == ["refund.requested"]
    event = Event.objects.get(subject=refund.address)
    assert (event.data["units"], event.data["reason"], event.data["asked"]) == ([1], "CODE_INVALID", 9_800)


def test_a_bad_code_that_the_issuer_confirms_is_paid_back_at_once(bad_unit, rich_buyer, at):
    before = wallet(rich_buyer)
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert (refund.state, refund.outcome, refund.approved) == (RefundState.REFUNDED, "instant", 9_800)
    assert wallet(rich_buyer) == before + 9_800
    assert names(refund) == ["refund.requested", "refund.approved", "refund.refunded"]
    assert Payout.objects.get(refund=refund).is_instant
    assert not refund.is_instant, "what is proven while the money is in escrow has neither cap nor quota"
    bad_unit.refresh_from_db()
    assert (bad_unit.refunded, bad_unit.held, bad_unit.held_by) == (9_800, 0, "")


def test_a_code_that_was_paid_back_is_out_of_the_trade(bad_unit, rich_buyer, at):
    claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert Card.objects.get(pk=bad_unit.card_id).voided_at == at
    bad_unit.refresh_from_db()
    assert refused(delivery.reveal, bad_unit, by=rich_buyer, at=at, visit=VISIT) == "refunded"


def test_what_never_came_is_paid_back_at_once_with_compensation_for_the_delay(undelivered_order, rich_buyer, at):
    later = at + timedelta(hours=2)
    units = units_of(undelivered_order)
    refund = claim(units[:2], "NOT_DELIVERED", by=rich_buyer, at=later)
    assert (refund.state, refund.asked) == (RefundState.REFUNDED, 19_600)
    assert refund.compensation > 0
    assert refund.approved == 19_600 + refund.compensation
    assert wallet(rich_buyer) == 100_000 - 29_400 + refund.approved
    assert [unit.delivery for unit in units_of(undelivered_order)] == ["voided", "voided", "undelivered"]


def test_a_change_of_mind_costs_the_fee_of_the_level_and_goes_to_the_shop_first(order, rich_buyer, at):
    refund = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at + timedelta(hours=1))
    assert (refund.state, refund.figure, refund.fee) == (RefundState.REQUESTED, 9_016, 784)
    assert refund.route == "AUTO"


@pytest.mark.parametrize(("level", "fee"), [("M0", 784), ("M1", 490), ("M2", 294), ("M3", 0), ("M4", 0)])
def test_the_fee_is_that_of_the_buyer_s_level_when_the_order_was_placed(rich_buyer, listing, seller, at, level, fee):
    if level != "M0":
        people.set_level(rich_buyer, level, reason="test", at=at - timedelta(days=1))
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=rich_buyer, at=at)
    if level != "M4":
        people.set_level(rich_buyer, "M4", reason="a level that came later", at=at + timedelta(minutes=1))
    refund = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at + timedelta(hours=1))
    assert (refund.fee, refund.figure) == (fee, 9_800 - fee)


def test_a_machine_s_no_is_a_predecision_with_a_person_one_click_away(revealed, rich_buyer, at):
    refund = claim(revealed, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    assert (refund.state, refund.is_predecision, refund.figure) == (RefundState.DECLINED, True, 0)
    assert refund.actions_for(rich_buyer, at) == ["escalate", "goodwill", "withdraw"]
    assert names(refund) == ["refund.requested", "refund.predecided"]
    lifecycle.escalate(refund, by=rich_buyer, at=at)
    assert refund.state == RefundState.DISPUTED
    assert Dispute.objects.get().refund == refund


def test_what_our_records_contradict_is_not_paid_at_once(good_unit, rich_buyer, at):
    refund = claim(good_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert (refund.state, refund.is_contradicted) == (RefundState.REQUESTED, True)


def test_one_case_covers_many_units_with_a_result_for_each(order, revealed, rich_buyer, at):
    delivery.record_validity(units_of(order)[1], is_valid=False, source="issuer", at=at)
    refund = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    assert (refund.state, refund.figure) == (RefundState.REQUESTED, 29_400)
    assert not refund.is_proven(), "one unproven unit is enough"
    parts = refund.decision["parts"]
    assert sorted(place for part in parts for place in part["places"]) == [1, 2, 3]
    assert {unit.held_by for unit in units_of(order)} == {refund.address}


def test_only_the_buyer_asks(order, stranger, seller, at):
    for person in (stranger, seller):
        assert refused(claim, units_of(order)[0], "CODE_INVALID", by=person, at=at) == "not_your_turn"
    assert not Refund.objects.exists()


def test_a_unit_has_one_open_case(refund, revealed, rich_buyer, at):
    assert refused(claim, revealed, "CODE_INVALID", by=rich_buyer, at=at) == "case_open"
    assert refused(claim, revealed, "CHANGE_OF_MIND", by=rich_buyer, at=at) == "case_open"


def test_nothing_is_paid_back_twice(bad_unit, rich_buyer, at):
    claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert refused(claim, bad_unit, "CODE_INVALID", by=rich_buyer, at=at) == "nothing_left"


def test_the_buyer_asks_for_less_but_never_for_more(revealed, rich_buyer, at):
    assert refused(claim, revealed, "CODE_INVALID", by=rich_buyer, at=at, amount=9_801) == "more_than_the_rules"
    for amount in (0, -1):
        assert refused(claim, revealed, "CODE_INVALID", by=rich_buyer, at=at, amount=amount) == "nothing_asked"
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, amount=4_001)
    assert (refund.asked, refund.figure) == (4_001, 9_800)
    assert refund.deadline_at == at + timedelta(hours=24), "small claims have a short clock"


def test_a_lowered_amount_is_spread_over_the_units_to_the_fen(order, revealed, rich_buyer, at):
    refund = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at, amount=10_000)
    assert sorted(refund.items.values_list("asked", flat=True)) == [3_333, 3_333, 3_334]


def test_a_figure_that_changed_since_it_was_shown_is_told_and_nothing_is_filed(order, rich_buyer, at):
    shown = lifecycle.preview(order, units_of(order)[:1], "CHANGE_OF_MIND", buyer=rich_buyer, at=at).figure
    assert shown == 9_016
    later = at + timedelta(hours=3)  # the window of a new customer is two hours
    with pytest.raises(Refused) as refusal:
        claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=later, expected=shown)
    assert refusal.value.code == "figure_changed"
    assert "¥0.00" in str(refusal.value.sentence)
    assert not Refund.objects.exists()


def test_a_reason_must_fit_the_state_of_the_unit(order, revealed, rich_buyer, at):
    assert refused(claim, revealed, "NOT_DELIVERED", by=rich_buyer, at=at) == "reason_not_offered"
    assert refused(claim, revealed, "ACCOUNT_RECOVERED", by=rich_buyer, at=at) == "reason_not_offered"


def test_a_claim_comes_in_time_or_is_told_until_when_it_could_come(revealed, order, rich_buyer, at):
    end = lifecycle.preview(order, [revealed], "CODE_INVALID", buyer=rich_buyer, at=at).ends[revealed.pk]
    assert end is not None
    assert end > at + timedelta(days=7)
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    with pytest.raises(Refused) as refusal:
        claim(revealed, "CODE_INVALID", by=rich_buyer, at=end)
    assert refusal.value.code == "window_over"
    assert f"{timezone.localtime(end):%Y-%m-%d %H:%M}" in str(refusal.value.sentence)
    assert claim(revealed, "CODE_INVALID", by=rich_buyer, at=end - timedelta(seconds=1))


def test_three_cases_for_a_unit_and_reason_unless_there_is_something_new(revealed, order, rich_buyer, at):
    for _ in range(3):
        lifecycle.withdraw(claim(revealed, "CODE_INVALID", by=rich_buyer, at=at), by=rich_buyer, at=at)
    assert refused(claim, revealed, "CODE_INVALID", by=rich_buyer, at=at) == "too_often"
    proof = order.attachments.create(
        uploader=rich_buyer, name="a.png", media_type="image/png", size=1, sha256="f" * 64, original="x", at=at
    )
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, attachments=[proof])
    lifecycle.withdraw(refund, by=rich_buyer, at=at)
    assert refused(claim, revealed, "CODE_INVALID", by=rich_buyer, at=at, attachments=[proof]) == "too_often"


def test_an_order_that_is_not_paid_has_nothing_to_claim(placed_order, rich_buyer, at):
    assert refused(claim, units_of(placed_order)[0], "NOT_DELIVERED", by=rich_buyer, at=at) == "wrong_moment"


@pytest.mark.parametrize(("level", "hours"), [("M0", 48), ("M1", 48), ("M2", 36), ("M3", 24), ("M4", 24)])
def test_the_shop_has_the_shortest_time_that_applies(rich_buyer, order, revealed, at, level, hours):
    found = lifecycle.preview(order, [revealed], "CODE_INVALID", buyer=rich_buyer, at=at)
    found = replace(found, level=level)
    assert found.answer_span(9_800).amount == hours * 60
    assert found.answer_span(5_000).amount == 24 * 60


# the instant lane, after the money has left escrow


@pytest.fixture
def proven_after_release(bad_unit, rich_buyer, at):
    """A bad code whose money is with the shop already, waiting to be settled."""
    orders.confirm(Order.objects.get(pk=bad_unit.order_id), by=rich_buyer, at=at)
    bad_unit.refresh_from_db()
    return bad_unit


def test_after_release_the_instant_lane_ends_at_the_cap_of_the_level(proven_after_release, rich_buyer, at):
    refund = claim(proven_after_release, "CODE_INVALID", by=rich_buyer, at=at)
    assert refund.state == RefundState.REQUESTED, "¥98 is more than ¥10, the cap of a new customer"


def test_after_release_a_trusted_buyer_is_paid_at_once_until_the_quota_is_used(rich_buyer, listing, at):
    people.set_level(rich_buyer, "M2", reason="test", at=at - timedelta(days=1))
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=4, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=rich_buyer, at=at)
    for unit in units_of(order):
        delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
        delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    orders.confirm(order, by=rich_buyer, at=at)
    cases = [claim(unit, "CODE_INVALID", by=rich_buyer, at=at) for unit in units_of(order)]
    assert [case.is_instant for case in cases] == [True, True, True, False]
    assert [case.state for case in cases] == [RefundState.REFUNDED] * 3 + [RefundState.REQUESTED]


def test_many_small_units_do_not_pass_under_the_cap_together(rich_buyer, listing, at):
    people.set_level(rich_buyer, "M2", reason="test", at=at - timedelta(days=1))
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=4, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=rich_buyer, at=at)
    for unit in units_of(order):
        delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    orders.confirm(order, by=rich_buyer, at=at)
    refund = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    assert refund.state == RefundState.REQUESTED, "4 × ¥98 is more than ¥200"


# accepting


def test_the_shop_accepts_and_the_buyer_is_paid(refund, seller, rich_buyer, at):
    before = wallet(rich_buyer)
    lifecycle.accept(refund, by=seller, at=at)
    assert (refund.state, refund.outcome, refund.approved) == (RefundState.REFUNDED, "seller", 9_800)
    assert wallet(rich_buyer) == before + 9_800
    assert refund.payout.state == "paid"
    assert refund.closed_at == at
    event = Event.objects.get(subject=refund.address, name="refund.approved")
    assert (event.by, event.data) == (seller, {"amount": 9_800, "outcome": "seller"})


def test_a_fee_for_a_change_of_mind_stays_with_the_shop_and_the_code_goes_back(order, seller, rich_buyer, listing, at):
    from shops import stock

    free = stock.count_free(listing)
    unit = units_of(order)[0]
    refund = claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    lifecycle.accept(refund, by=seller, at=at)
    unit.refresh_from_db()
    assert (unit.refunded, unit.fee, unit.held, unit.delivery) == (9_016, 784, 0, Delivery.VOIDED)
    assert balance(order.shop.account("pending")) == 784
    assert stock.count_free(listing) == free + 1, "nobody saw it, so the shop can sell it again"
    assert refused(delivery.reveal, unit, by=rich_buyer, at=at, visit=VISIT) == "not_delivered"


def test_a_price_that_is_only_lowered_leaves_the_code_with_the_buyer(revealed, seller, rich_buyer, at):
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, amount=1_000)
    lifecycle.accept(refund, by=seller, at=at)
    revealed.refresh_from_db()
    assert (revealed.refunded, revealed.released, revealed.held) == (1_000, 8_800, 0)
    assert Card.objects.get(pk=revealed.card_id).voided_at is None


def test_only_the_shop_accepts(refund, rich_buyer, stranger, arbiter, at):
    for person in (rich_buyer, stranger, arbiter):
        assert refused(lifecycle.accept, refund, by=person, at=at) == "not_your_turn"
    refund.refresh_from_db()
    assert refund.state == RefundState.REQUESTED


def test_an_answer_at_the_deadline_is_too_late(refund, seller, at):
    assert refused(lifecycle.accept, refund, by=seller, at=refund.deadline_at) == "wrong_moment"
    lifecycle.accept(refund, by=seller, at=refund.deadline_at - timedelta(seconds=1))


def test_all_units_paid_back_end_the_order(order, seller, rich_buyer, at):
    for unit in units_of(order):
        delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    order.refresh_from_db()
    assert order.state == OrderState.REFUNDED


# declining


def test_the_shop_declines_with_a_published_rule_and_the_buyer_decides(refund, seller, rich_buyer, at):
    lifecycle.decline(refund, code="other", rule="MX-42", text=" 可用 ", by=seller, at=at)
    assert (refund.state, refund.declined_rule, refund.declined_text) == (RefundState.DECLINED, "MX-42", "可用")
    assert refund.deadline_at == at + timedelta(hours=168)
    assert refund.actions_for(rich_buyer, at) == ["escalate", "withdraw"]
    event = Event.objects.get(subject=refund.address, name="refund.declined")
    assert event.data == {"code": "other", "rule": "MX-42", "states": [[1, "revealed"]]}
    assert Unit.objects.get(refund_items__refund=refund).held_by == refund.address


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rule": "MX-99"}, "no_such_rule"),
        ({"rule": "MX-03"}, "rule_does_not_apply"),  # gives everything back
        ({"rule": "MX-32"}, "rule_does_not_apply"),  # for sealed codes
        ({"rule": "MX-23R"}, "rule_does_not_apply"),  # hangs on a fact nobody knows
        ({"text": "  "}, "text_missing"),
        ({"code": "because"}, "no_such_code"),
    ],
)
def test_a_no_without_a_rule_that_fits_and_words_is_refused(refund, seller, at, change, code):
    words = {"code": "other", "rule": "MX-42", "text": "可用", "by": seller, "at": at, **change}
    assert refused(lifecycle.decline, refund, **words) == code
    refund.refresh_from_db()
    assert (refund.state, refund.declined_rule) == (RefundState.REQUESTED, "")


def test_a_no_needs_our_record_of_the_unit_s_state(refund, seller, at):
    Unit.objects.filter(refund_items__refund=refund).update(grade="claimed")
    words = {"code": "other", "rule": "MX-42", "text": "可用", "by": seller, "at": at}
    assert refused(lifecycle.decline, refund, **words) == "state_not_proven"


def test_nobody_else_declines_and_nobody_twice(refund, declined, seller, rich_buyer, at):
    words = {"code": "other", "rule": "MX-42", "text": "可用", "at": at}
    assert refused(lifecycle.decline, refund, by=rich_buyer, **words) == "not_your_turn"
    assert refused(lifecycle.decline, refund, by=seller, **words) == "wrong_moment"


# silence


def test_silence_of_the_shop_is_consent(refund, rich_buyer):
    before = wallet(rich_buyer)
    assert sweep(at=end_of(refund) - timedelta(seconds=1)).fired == 0
    assert sweep(at=end_of(refund)).fired == 1
    refund.refresh_from_db()
    assert (refund.state, refund.outcome) == (RefundState.REFUNDED, "silence")
    assert wallet(rich_buyer) == before + 9_800
    assert Event.objects.get(subject=refund.address, name="refund.approved").by is None


def test_silence_pays_what_was_asked_never_the_rest(revealed, rich_buyer, at):
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, amount=5_001)
    sweep(at=end_of(refund))
    refund.refresh_from_db()
    assert refund.approved == 5_001


def test_silence_after_a_change_of_mind_pays_less_the_fee(order, rich_buyer, at):
    refund = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    sweep(at=end_of(refund))
    refund.refresh_from_db()
    assert (refund.state, refund.approved) == (RefundState.REFUNDED, 9_016)


def test_silence_against_our_records_goes_to_the_platform(good_unit, rich_buyer, at):
    refund = claim(good_unit, "CODE_INVALID", by=rich_buyer, at=at)
    before = wallet(rich_buyer)
    sweep(at=end_of(refund))
    refund.refresh_from_db()
    assert (refund.state, wallet(rich_buyer)) == (RefundState.DISPUTED, before)
    assert Dispute.objects.get().refund == refund


def test_silence_never_pays_what_the_rules_leave_to_people(rich_buyer, listing, at):
    people.set_level(rich_buyer, "M2", reason="test", at=at - timedelta(days=1))
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=rich_buyer, at=at)
    unit = units_of(order)[0]
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    refund = claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    assert (refund.state, refund.route) == (RefundState.REQUESTED, "HUMAN"), "nobody knows if it can be taken back"
    sweep(at=end_of(refund))
    refund.refresh_from_db()
    assert refund.state == RefundState.DISPUTED


def test_silence_of_the_buyer_after_a_no_ends_the_case(declined, revealed, at):
    let_remind(declined)
    sweep(at=end_of(declined))
    declined.refresh_from_db()
    revealed.refresh_from_db()
    assert (declined.state, declined.outcome) == (RefundState.LAPSED, "")
    assert declined.closed_at is not None
    assert revealed.held_by == ""
    assert revealed.inspection_ends_at >= declined.closed_at + timedelta(hours=24)


# the platform


def test_the_buyer_takes_a_no_to_the_platform(declined, rich_buyer, at):
    lifecycle.escalate(declined, by=rich_buyer, at=at)
    assert declined.state == RefundState.DISPUTED
    assert declined.deadline_at is None
    assert Dispute.objects.get().refund == declined
    assert Unit.objects.get(refund_items__refund=declined).held_by == declined.address


def test_only_the_buyer_escalates_after_an_answer_and_in_time(refund, seller, rich_buyer, stranger, at):
    assert refused(lifecycle.escalate, refund, by=rich_buyer, at=at) == "wrong_moment"
    lifecycle.decline(refund, code="other", rule="MX-42", text="可用", by=seller, at=at)
    for person in (seller, stranger):
        assert refused(lifecycle.escalate, refund, by=person, at=at) == "not_your_turn"
    assert refused(lifecycle.escalate, refund, by=rich_buyer, at=refund.deadline_at) == "wrong_moment"
    assert not Dispute.objects.exists()


def test_the_shop_cannot_answer_a_case_that_is_with_the_platform(declined, rich_buyer, seller, at):
    lifecycle.escalate(declined, by=rich_buyer, at=at)
    assert refused(lifecycle.accept, declined, by=seller, at=at) == "wrong_moment"
    words = {"code": "other", "rule": "MX-42", "text": "可用", "by": seller, "at": at}
    assert refused(lifecycle.decline, declined, **words) == "wrong_moment"


@pytest.fixture
def disputed(declined, rich_buyer, at):
    lifecycle.escalate(declined, by=rich_buyer, at=at)
    return declined


@pytest.mark.breaks_books
def test_a_ruling_pays_what_it_grants_and_the_rest_goes_to_the_shop(disputed, revealed, rich_buyer, arbiter, at):
    before = wallet(rich_buyer)
    lifecycle.ruled(disputed, grants={revealed.pk: 6_000}, compensation=500, by=arbiter, at=at)
    assert (disputed.state, disputed.outcome, disputed.approved) == (RefundState.REFUNDED, "ruling", 6_500)
    assert wallet(rich_buyer) == before + 6_500
    revealed.refresh_from_db()
    assert (revealed.refunded, revealed.released, revealed.held) == (6_000, 3_800, 0)
    assert RefundItem.objects.get(refund=disputed).granted == 6_000
    assert sound_but_for_the_dispute()


@pytest.mark.breaks_books
def test_the_platform_pays_for_its_own_fault(disputed, revealed, order, rich_buyer, arbiter, finance, at):
    from ledger.transfers import Reason, transfer

    transfer(
        source="channel:sandbox",
        target="platform:own",
        amount=50_000,
        reason=Reason.TOP_UP,
        subject="platform",
        key="own-money",
        at=at,
    )
    lifecycle.ruled(disputed, grants={revealed.pk: 9_800}, platform_bp=10_000, by=arbiter, at=at)
    assert balance("platform:own") == 50_000 - 9_800
    assert balance(order.shop.account("pending")) == 9_310, "the shop is released as if nothing had been"
    assert sound_but_for_the_dispute()


def test_a_ruling_cannot_give_nothing_or_to_other_units(disputed, order, arbiter, at):
    with pytest.raises(ValueError, match="gives nothing"):
        lifecycle.ruled(disputed, grants={}, by=arbiter, at=at)
    with pytest.raises(ValueError, match="not of this case"):
        lifecycle.ruled(disputed, grants={units_of(order)[2].pk: 1}, by=arbiter, at=at)


@pytest.mark.breaks_books
def test_a_rejection_frees_the_unit_and_moves_no_money(disputed, revealed, rich_buyer, arbiter, at):
    before = wallet(rich_buyer)
    lifecycle.rejected(disputed, by=arbiter, at=at)
    revealed.refresh_from_db()
    assert (disputed.state, revealed.held_by, wallet(rich_buyer)) == (RefundState.REJECTED, "", before)
    assert sound_but_for_the_dispute()


def test_only_a_case_with_the_platform_is_ruled_or_rejected(refund, revealed, arbiter, at):
    assert refused(lifecycle.ruled, refund, grants={revealed.pk: 1}, by=arbiter, at=at) == "wrong_moment"
    assert refused(lifecycle.rejected, refund, by=arbiter, at=at) == "wrong_moment"


# withdrawing


@pytest.mark.parametrize("state", ["refund", "declined", "disputed"])
def test_the_buyer_takes_a_case_back(state, request, revealed, rich_buyer, at):
    found = request.getfixturevalue(state)
    lifecycle.withdraw(found, by=rich_buyer, at=at)
    revealed.refresh_from_db()
    assert (found.state, found.outcome, revealed.held_by) == (RefundState.WITHDRAWN, "", "")
    assert revealed.inspection_ends_at == at + timedelta(hours=72), "what was left, which is more than 24 hours"
    assert not Dispute.objects.exclude(state="withdrawn").exists()
    assert names(found)[-1] == "refund.withdrawn"


def test_nobody_else_takes_a_case_back(refund, seller, stranger, arbiter, at):
    for person in (seller, stranger, arbiter):
        assert refused(lifecycle.withdraw, refund, by=person, at=at) == "not_your_turn"


def test_a_case_is_not_taken_back_when_its_time_is_over(refund, rich_buyer, at):
    assert refused(lifecycle.withdraw, refund, by=rich_buyer, at=refund.deadline_at) == "wrong_moment"


# after settlement


def test_after_settlement_the_deposit_is_set_aside_and_the_waterfall_pays(revealed, order, seller, rich_buyer, at):
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    settled = Order.objects.get(pk=order.pk).deadline_at
    sweep(at=settled or at)
    late = at + timedelta(days=6)
    order.refresh_from_db()
    Unit.objects.update(settled_at=late)  # as if the shop had a shorter time to settlement
    assert order.state == OrderState.SETTLED
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=late)
    assert balance(order.shop.account("reserved")) == 9_800
    lifecycle.accept(refund, by=seller, at=late)
    assert refund.state == RefundState.REFUNDED
    assert balance(order.shop.account("reserved")) == 0
    assert Payout.objects.get(refund=refund).amount == 9_800


# forbidden transitions (machines 4.10): nothing leaves an end


@pytest.mark.breaks_books
@pytest.mark.parametrize("end", ["refunded", "withdrawn", "lapsed", "rejected"])
def test_nothing_leaves_an_end(end, request, revealed, refund, seller, rich_buyer, arbiter, at):
    if end == "refunded":
        lifecycle.accept(refund, by=seller, at=at)
    elif end == "withdrawn":
        lifecycle.withdraw(refund, by=rich_buyer, at=at)
    else:
        lifecycle.decline(refund, code="other", rule="MX-42", text="可用", by=seller, at=at)
        if end == "lapsed":
            let_remind(refund)
            sweep(at=end_of(refund))
            refund.refresh_from_db()
        else:
            lifecycle.escalate(refund, by=rich_buyer, at=at)
            lifecycle.rejected(refund, by=arbiter, at=at)
    assert refund.state == end
    money = balances([f"user:{rich_buyer.pk}:wallet", refund.order.escrow])
    events = Event.objects.filter(subject=refund.address).count()
    words: dict[str, Any] = {"code": "other", "rule": "MX-42", "text": "可用"}
    calls = [
        lambda: lifecycle.accept(refund, by=seller, at=at),
        lambda: lifecycle.decline(refund, by=seller, at=at, **words),
        lambda: lifecycle.withdraw(refund, by=rich_buyer, at=at),
        lambda: lifecycle.escalate(refund, by=rich_buyer, at=at),
        lambda: lifecycle.ruled(refund, grants={revealed.pk: 1}, by=arbiter, at=at),
        lambda: lifecycle.rejected(refund, by=arbiter, at=at),
    ]
    for call in calls:
        assert refused(call) == "wrong_moment"
    lifecycle.lapse(refund, limit="SELLER_RESPONSE", at=at + timedelta(days=99))
    assert balances([f"user:{rich_buyer.pk}:wallet", refund.order.escrow]) == money
    assert Event.objects.filter(subject=refund.address).count() == events
    assert refund.actions_for(rich_buyer, at) == refund.actions_for(seller, at) == []
    assert sound_but_for_the_dispute()


def test_nothing_is_released_while_a_case_is_open(refund, revealed, order, rich_buyer, at):
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    revealed.refresh_from_db()
    assert (revealed.held, revealed.released) == (9_800, 0)
    assert [unit.held for unit in units_of(order)] == [9_800, 0, 0]


def test_a_clock_that_comes_too_late_changes_nothing(refund, seller, at):
    lifecycle.accept(refund, by=seller, at=at)
    lifecycle.lapse(refund, limit="SELLER_RESPONSE", at=refund.opened_at + timedelta(days=9))
    assert refund.state == RefundState.REFUNDED
    assert not Timer.objects.live().filter(subject=refund.address).exists()


def test_the_facts_behind_a_decision_are_kept_with_it(bad_unit, rich_buyer, at):
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    ValidityRecord.objects.all()
    part = refund.decision["parts"][0]
    assert part["facts"]["platform_proof"] is True
    assert part["rule"] == ["MX-03"]
    assert part["lines"][0] == ["ALL_BACK", "MX-03", {"paid_fen": 9_800}]
    assert refund.decision["version"] == "2026.11.0"
