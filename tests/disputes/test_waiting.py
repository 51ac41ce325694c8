"""What happens by itself: silence of a side, staff who fail, 13 days of waiting, and an order from outside."""

from datetime import timedelta

import pytest

from accounts.models import Role
from desks import house
from disputes import appeals, budget, choices, lifecycle, questions, rulings, suspension
from disputes.models import Dispute, Ruling, Seat
from disputes.states import AppealState, DisputeState
from orders import delivery
from orders import lifecycle as orders
from orders.models import Reveal, ValidityRecord
from refunds import lifecycle as refunds
from refunds.models import Refund
from refunds.states import RefundState
from tests.disputes.sayings import GROUND, events_of, lapse, refused, wallet
from tests.disputes.test_dispute import own
from tests.fixtures.disputes import VISIT, drafted
from tests.fixtures.people import staff
from timeline.models import Timer
from timeline.sweep import sweep

HOUR = timedelta(hours=1)


def wait_timer(dispute, limit=budget.WAIT):
    return Timer.objects.get(subject=dispute.address, limit=limit)


def silent_shop(order, buyer, *, at, text="显示已被使用"):
    """A claim that the shop never answered and that went to the platform all the same."""
    (unit,) = order.units.filter(place=1).order_by("pk")
    delivery.reveal(unit, by=buyer, at=at, visit=VISIT)
    refund = refunds.ask(order=order, units=[unit], reason="CODE_INVALID", text=text, by=buyer, at=at)
    Refund.objects.filter(pk=refund.pk).update(is_contradicted=True)
    refund.refresh_from_db()
    assert refund.deadline_at is not None
    sweep(at=refund.deadline_at)
    Refund.objects.filter(pk=refund.pk).update(is_contradicted=False)
    return Dispute.objects.get()


# silence of a side


def test_a_silent_shop_loses_what_the_rules_give_by_one_click(order, rich_buyer, arbiter, at):
    dispute, before = silent_shop(order, rich_buyer, at=at), wallet(rich_buyer)
    lapse(dispute)
    assert (dispute.state, dispute.owner) == (DisputeState.SIGNING, "arbiter")
    ruling = Ruling.objects.get()
    assert (ruling.kind, ruling.by, ruling.award) == ("default", None, 9_800)
    assert ruling.reasons
    assert choices.actions_for(dispute, arbiter, dispute.entered_at) == ["sign", "recuse"]
    lifecycle.sign(dispute, agrees=True, version=1, by=arbiter, at=dispute.entered_at)
    assert (dispute.state, dispute.outcome) == (DisputeState.RULED, "default")
    assert wallet(rich_buyer) == before + 9_800


def test_the_arbiter_sends_a_draft_of_silence_back_to_a_full_review(order, rich_buyer, arbiter, senior, at):
    dispute = silent_shop(order, rich_buyer, at=at)
    lapse(dispute)
    late = dispute.entered_at
    assert refused(lambda: lifecycle.sign(dispute, agrees=True, by=senior, at=late)) == "not_your_turn"
    lifecycle.sign(dispute, agrees=False, note_text="先核对发卡方记录", by=arbiter, at=late)
    assert (dispute.state, dispute.waits_for) == (DisputeState.REVIEW, "")
    lifecycle.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=late)
    assert dispute.outcome == "ruling"


def test_a_draft_that_nobody_signs_goes_to_the_next_arbiter(order, rich_buyer, arbiter, second_arbiter, at):
    dispute = silent_shop(order, rich_buyer, at=at)
    lapse(dispute)
    lapse(dispute)
    assert (dispute.state, dispute.arbiter) == (DisputeState.SIGNING, second_arbiter)
    lifecycle.sign(dispute, agrees=True, by=second_arbiter, at=dispute.entered_at)
    assert dispute.state == DisputeState.RULED


def test_a_side_that_spoke_is_reviewed_by_people(order, rich_buyer, seller, arbiter, at):
    dispute = silent_shop(order, rich_buyer, at=at)
    lifecycle.submit(dispute, text="出库前核验过", by=seller, at=dispute.entered_at)
    lapse(dispute)
    assert (dispute.state, Ruling.objects.count()) == (DisputeState.REVIEW, 0)


def test_silence_where_our_records_speak_against_the_claim_decides_nothing(order, rich_buyer, arbiter, at):
    dispute = silent_shop(order, rich_buyer, at=at)
    Refund.objects.update(is_contradicted=True)
    lapse(dispute)
    assert dispute.state == DisputeState.REVIEW


def test_both_silent_and_no_words_in_the_claim_leaves_it_to_our_records(order, rich_buyer, arbiter, senior, at):
    dispute = silent_shop(order, rich_buyer, at=at, text="")
    lapse(dispute)
    ruling = Ruling.objects.get()
    assert (dispute.state, ruling.award) == (DisputeState.SIGNING, 0), "delivered by our records, no defect shown"
    assert Refund.objects.get().state == RefundState.DISPUTED, "a person says the no, and it can be appealed"


@pytest.mark.breaks_books
def test_a_record_that_we_lost_counts_against_the_platform(order, rich_buyer, arbiter, senior, at):
    own("platform:own", 20_000, at)
    dispute = silent_shop(order, rich_buyer, at=at)
    Reveal.objects.all().delete()
    lapse(dispute)
    ruling = Ruling.objects.get()
    assert (dispute.senior, ruling.shares["platform"], ruling.award) == (senior, 10_000, 9_800)


def test_the_issuer_who_says_invalid_settles_it(dispute, order, rich_buyer, arbiter, at):
    Refund.objects.update(declined_code="", declined_text="")
    dispute.evidence.filter(kind="answer").delete()
    ValidityRecord.objects.create(unit=order.units.get(place=1), is_valid=False, source="发卡方", at=at)
    lapse(dispute)
    assert (dispute.state, Ruling.objects.get().award) == (DisputeState.SIGNING, 9_800)


# staff who fail


def test_x13_staff_do_nothing_and_the_rulebook_decides(reviewed, arbiter, second_arbiter, lead, rich_buyer):
    before = wallet(rich_buyer)
    path = []
    for _ in range(4):
        lapse(reviewed)
        path.append((reviewed.state, reviewed.arbiter.nickname))
    assert path == [("review", "arbiter2"), ("review", "lead"), ("ruled", "lead"), ("closed", "lead")]
    assert reviewed.outcome == "provisional"
    assert wallet(rich_buyer) == before + 9_800
    lapsed = Seat.objects.filter(dispute=reviewed, left="lapsed").order_by("pk")
    assert [seat.user.nickname for seat in lapsed] == ["arbiter", "arbiter2"]


def test_a_claim_up_to_50_yuan_is_paid_when_people_failed_twice(
    cheap_reviewed, rich_buyer, arbiter, second_arbiter, lead
):
    before = wallet(rich_buyer)
    lapse(cheap_reviewed)
    assert wallet(rich_buyer) == before
    lapse(cheap_reviewed)
    assert wallet(rich_buyer) == before + 3_000
    assert (cheap_reviewed.state, cheap_reviewed.advanced) == (DisputeState.REVIEW, 3_000)
    assert "dispute.advanced" in events_of(cheap_reviewed)
    assert "withdraw" not in choices.actions_for(cheap_reviewed, rich_buyer, cheap_reviewed.entered_at)
    late = cheap_reviewed.entered_at
    unit = cheap_reviewed.refund.items.get().unit_id
    draft = drafted(cheap_reviewed, shares={"seller": 3_000, "buyer": 7_000}, grants={unit: 3_000})
    lifecycle.rule(cheap_reviewed, draft, by=lead, at=late)
    assert cheap_reviewed.state == DisputeState.RULED
    lapse(cheap_reviewed)
    assert (cheap_reviewed.state, wallet(rich_buyer)) == (DisputeState.CLOSED, before + 3_000), "once, not twice"


def test_no_clock_of_the_staff_pays_where_people_alone_decide(
    cheap_reviewed, rich_buyer, arbiter, second_arbiter, lead
):
    """Neither early, up to ¥50, nor by the rulebook in the end: the lead keeps the case, with an alarm each day."""
    refund = cheap_reviewed.refund
    Refund.objects.filter(pk=refund.pk).update(decision=refund.decision | {"is_people_only": True})
    before = wallet(rich_buyer)
    for _ in range(5):
        lapse(cheap_reviewed)
    assert (cheap_reviewed.state, cheap_reviewed.arbiter, cheap_reviewed.advanced) == (DisputeState.REVIEW, lead, 0)
    assert wallet(rich_buyer) == before
    assert not Ruling.objects.exists()


@pytest.fixture
def cheap_reviewed(listing, rich_buyer, seller, arbiter, at):
    """A claim of ¥30.00 of a unit of ¥98.00, before the arbiter."""
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=rich_buyer, at=at)
    (unit,) = order.units.order_by("place")
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    refund = refunds.ask(
        order=order, units=[unit], reason="CODE_INVALID", text="坏", amount=3_000, by=rich_buyer, at=at
    )
    Refund.objects.filter(pk=refund.pk).update(is_contradicted=True)
    refund.refresh_from_db()
    assert refund.deadline_at is not None
    sweep(at=refund.deadline_at)
    Refund.objects.filter(pk=refund.pk).update(is_contradicted=False)
    dispute = Dispute.objects.get(refund=refund)
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=dispute.entered_at)
    return dispute


# 13 days


def test_the_wait_begins_with_the_claim_and_counts_what_the_shop_took(dispute, at):
    assert wait_timer(dispute).due_at == at + timedelta(hours=312)


def test_no_clock_of_the_staff_ends_after_the_wait(large_dispute, rich_buyer, seller, at):
    Timer.objects.filter(subject=large_dispute.address, limit=budget.WAIT).update(due_at=at + 20 * HOUR)
    for side in (rich_buyer, seller):
        lifecycle.rest(large_dispute, by=side, at=at)
    assert large_dispute.deadline_at == at + 20 * HOUR


def test_after_13_days_a_lead_has_24_hours_and_then_the_rules_pay(large_reviewed, rich_buyer, lead, at):
    before = wallet(rich_buyer)
    Timer.objects.filter(subject=large_reviewed.address, limit=budget.WAIT).update(
        due_at=at + HOUR, next_try_at=at + HOUR
    )
    sweep(at=at + HOUR)
    large_reviewed.refresh_from_db()
    assert (large_reviewed.arbiter, large_reviewed.budget_over_at) == (lead, at + HOUR)
    assert wallet(rich_buyer) == before
    last = wait_timer(large_reviewed, budget.LAST)
    assert last.due_at == at + 25 * HOUR
    sweep(at=at + 25 * HOUR)
    large_reviewed.refresh_from_db()
    assert wallet(rich_buyer) == before + 29_400
    assert (large_reviewed.advanced, large_reviewed.state) == (29_400, DisputeState.REVIEW)


def test_after_13_days_no_clock_pays_where_people_alone_decide(large_reviewed, rich_buyer, lead, at):
    refund = large_reviewed.refund
    Refund.objects.filter(pk=refund.pk).update(decision=refund.decision | {"is_people_only": True})
    before = wallet(rich_buyer)
    Timer.objects.filter(subject=large_reviewed.address, limit=budget.WAIT).update(due_at=at, next_try_at=at)
    for day in range(3):
        sweep(at=at + day * 24 * HOUR)
    large_reviewed.refresh_from_db()
    assert (large_reviewed.advanced, wallet(rich_buyer)) == (0, before)
    assert large_reviewed.arbiter == lead
    last = Timer.objects.get(subject=large_reviewed.address, limit=budget.LAST, state=Timer.State.RUNNING)
    assert last.due_at == at + 72 * HOUR, "the lead has the next day"
    assert events_of(large_reviewed).count("dispute.alarm") >= 3, "and hears of it each day"
    assert large_reviewed.address in {each.subject for each in house.late(at + 72 * HOUR)}, (
        "so does who keeps the house"
    )


def test_what_was_ruled_is_paid_when_the_wait_is_over(large_ruled, rich_buyer, at):
    before = wallet(rich_buyer)
    Timer.objects.filter(subject=large_ruled.address, limit=budget.WAIT).update(due_at=at + HOUR, next_try_at=at + HOUR)
    sweep(at=at + HOUR)
    large_ruled.refresh_from_db()
    assert (large_ruled.state, wallet(rich_buyer)) == (DisputeState.RULED, before + 23_520)
    lapse(large_ruled)
    assert (large_ruled.state, wallet(rich_buyer)) == (DisputeState.CLOSED, before + 23_520)


def test_an_advance_is_never_above_2000_yuan(large_reviewed, monkeypatch, rich_buyer, lead, at):
    monkeypatch.setattr(budget, "MOST", 20_000)
    before = wallet(rich_buyer)
    Timer.objects.filter(subject=large_reviewed.address, limit=budget.WAIT).update(due_at=at, next_try_at=at)
    sweep(at=at)
    sweep(at=at + 24 * HOUR)
    assert wallet(rich_buyer) == before + 20_000


def test_who_ruled_less_than_was_advanced_costs_the_fund(large_reviewed, rich_buyer, lead, senior, order, at):
    own("platform:fund", 50_000, at)
    Timer.objects.filter(subject=large_reviewed.address, limit=budget.WAIT).update(due_at=at, next_try_at=at)
    sweep(at=at)
    sweep(at=at + 24 * HOUR)
    large_reviewed.refresh_from_db()
    late, before = large_reviewed.entered_at, wallet(rich_buyer)
    judge = large_reviewed.arbiter
    lifecycle.rule(large_reviewed, drafted(large_reviewed), by=judge, at=late)
    lifecycle.sign(large_reviewed, agrees=True, by=large_reviewed.senior, at=late)
    lapse(large_reviewed)
    assert large_reviewed.state == DisputeState.CLOSED
    assert wallet(rich_buyer) == before
    assert large_reviewed.made_whole == 29_400 - 17_640


def test_a_panel_counts_all_that_the_case_has_paid_of_a_unit_however_often(
    large_reviewed, rich_buyer, seller, lead, senior, panelists, monkeypatch, at
):
    """¥100.00 advanced over two codes, a ruling that gives the first code whole, and a panel that gives them all."""
    monkeypatch.setattr(budget, "MOST", 10_000)
    before = wallet(rich_buyer)
    Timer.objects.filter(subject=large_reviewed.address, limit=budget.WAIT).update(due_at=at, next_try_at=at)
    sweep(at=at)
    sweep(at=at + 24 * HOUR)
    large_reviewed.refresh_from_db()
    late, judge = large_reviewed.entered_at, large_reviewed.arbiter
    first, second, third = (item.unit_id for item in rulings.items_of(large_reviewed.refund))
    grants = {first: 9_800, second: 9_800, third: 0}
    lifecycle.rule(large_reviewed, drafted(large_reviewed, grants=grants), by=judge, at=late)
    lifecycle.sign(large_reviewed, agrees=True, by=large_reviewed.senior, at=late)
    large_reviewed.refresh_from_db()
    assert (large_reviewed.supplemented, wallet(rich_buyer)) == (9_600, before + 19_600)
    appeal = appeals.file(large_reviewed, ground="rule", text=GROUND, by=rich_buyer, at=late)
    appeals.admit(appeal, by=staff(Role.LEAD, at=at, name="lead9"), at=late)
    appeals.answer(appeal, text="裁定无误", by=seller, at=late)
    seated = Seat.objects.filter(part=Seat.Part.REVIEWER, until=None).select_related("user").order_by("pk")
    for seat in seated:
        appeals.vote(appeal, word="change", shares={"seller": 10_000}, reasons=GROUND, by=seat.user, at=late)
    assert appeal.state == AppealState.MODIFIED
    assert wallet(rich_buyer) == before + 29_400


# an order from outside


def test_a_lead_stops_a_case_with_what_orders_it_and_it_goes_on_where_it_stood(reviewed, lead, arbiter, at):
    words = {"because": "authority", "reference": "沪市监函〔2026〕12号"}
    left = reviewed.deadline_at - at
    assert refused(lambda: suspension.suspend(reviewed, **words, by=arbiter, at=at)) == "not_your_turn"
    call = lambda: suspension.suspend(reviewed, because="mood", reference="x", by=lead, at=at)  # noqa: E731
    assert refused(call) == "ground_missing"
    suspension.suspend(reviewed, **words, by=lead, at=at)
    assert (reviewed.state, reviewed.deadline_at) == (DisputeState.SUSPENDED, at + timedelta(days=7))
    assert wait_timer(reviewed).state == "paused"
    assert refused(lambda: lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)) == "wrong_moment"
    later = at + timedelta(days=3)
    suspension.resume(reviewed, by=lead, at=later)
    assert (reviewed.state, reviewed.deadline_at) == (DisputeState.REVIEW, later + left)
    assert wait_timer(reviewed).state == "running"
    assert events_of(reviewed)[-2:] == ["dispute.suspended", "dispute.resumed"]


def test_what_is_nearly_over_goes_on_with_12_hours(reviewed, lead, at):
    soon = reviewed.deadline_at - HOUR
    suspension.suspend(reviewed, because="court", reference="1号", by=lead, at=soon)
    suspension.resume(reviewed, by=lead, at=soon + HOUR)
    assert reviewed.deadline_at == soon + 13 * HOUR


def test_a_suspension_is_renewed_with_a_reason_or_ends_by_itself(reviewed, lead, stranger, at):
    suspension.suspend(reviewed, because="court", reference="1号", by=lead, at=at)
    later = at + timedelta(days=6)
    assert refused(lambda: suspension.renew(reviewed, reason=" ", by=lead, at=later)) == "reason_missing"
    assert refused(lambda: suspension.renew(reviewed, reason="x", by=stranger, at=later)) == "not_your_turn"
    suspension.renew(reviewed, reason="法院尚未排期", by=lead, at=later)
    assert reviewed.deadline_at == later + timedelta(days=7)
    lapse(reviewed)
    assert reviewed.state == DisputeState.REVIEW
    assert "dispute.alarm" in events_of(reviewed)


def test_the_buyer_takes_a_suspended_case_back(reviewed, lead, rich_buyer, at):
    suspension.suspend(reviewed, because="court", reference="1号", by=lead, at=at)
    lifecycle.withdraw(reviewed, by=rich_buyer, at=at)
    assert reviewed.state == DisputeState.WITHDRAWN


def test_what_was_asked_stays_asked_over_a_suspension(reviewed, lead, arbiter, rich_buyer, at):
    words = {"whom": "buyer", "kind": "item", "item": "录屏", "reason": "时间"}
    questions.ask(reviewed, **words, by=arbiter, at=at)
    suspension.suspend(reviewed, because="court", reference="1号", by=lead, at=at)
    suspension.resume(reviewed, by=lead, at=at + HOUR)
    assert reviewed.state == DisputeState.QUESTIONED
    assert wait_timer(reviewed).state == "paused", "still the buyer's turn"
    questions.answer(reviewed, text="在此", by=rich_buyer, at=at + HOUR)
    assert reviewed.state == DisputeState.REVIEW


@pytest.mark.parametrize("who", ["rich_buyer", "seller", "arbiter", "agent", "finance"])
def test_nobody_else_stops_a_case(dispute, who, request, at):
    user = request.getfixturevalue(who)
    call = lambda: suspension.suspend(dispute, because="court", reference="1号", by=user, at=at)  # noqa: E731
    assert refused(call) == "not_your_turn"
