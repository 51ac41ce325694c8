"""The story of a dispute: each verb allowed, by the wrong person, at the wrong moment, with its money and its event."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Role
from disputes import choices, lifecycle, rulings
from disputes.models import Dispute, Evidence, Ruling, Signature
from disputes.rulings import Finding, Weight
from disputes.states import DisputeState
from ledger.accounts import balance, balances
from ledger.models import Payout
from ledger.transfers import Reason, transfer
from orders import delivery, escrow
from orders import lifecycle as orders
from refunds import lifecycle as refunds
from refunds.models import Refund
from refunds.states import RefundState
from tests.fixtures.disputes import SIXTY_FORTY, declined, drafted
from tests.queries import recorded
from timeline.door import Refused
from timeline.models import Event, Timer
from timeline.sweep import sweep

HOUR = timedelta(hours=1)


def refused(call):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def events_of(dispute):
    """The names of what happened to a dispute, in order."""
    return [event.name for event in Event.objects.filter(subject=dispute.address).order_by("seq")]


def lapse(dispute):
    """The clock of the dispute runs out and is swept."""
    dispute.refresh_from_db()
    sweep(at=dispute.deadline_at)
    dispute.refresh_from_db()


def pockets(order):
    """Where the money of an order's shop is, in fen."""
    names = ["pending", "available", "reserved", "deposit"]
    found = balances([order.escrow, *(order.shop.account(name) for name in names)])
    return dict(zip(["escrow", *names], found.values(), strict=True))


def wallet(user):
    """What somebody has on the balance, in fen."""
    return balance(f"user:{user.pk}:wallet")


# opening and assigning


def test_escalating_opens_the_case_and_gives_it_to_the_arbiter_with_the_fewest_cases(dispute, arbiter, at):
    assert dispute.state == DisputeState.EVIDENCE
    assert dispute.arbiter == arbiter
    assert dispute.track == Dispute.Track.FAST, "¥98.00 with complete records"
    assert dispute.deadline_at == at + timedelta(hours=24)
    assert events_of(dispute) == ["dispute.opened", "dispute.evidence"]


def test_where_nobody_is_free_the_case_waits_for_the_lead(waiting_dispute, at):
    assert (waiting_dispute.state, waiting_dispute.arbiter) == (DisputeState.OPENED, None)
    assert waiting_dispute.deadline_at == at + timedelta(hours=12)


def test_nobody_hears_a_case_of_somebody_they_traded_with(
    declined_refund, rich_buyer, second_arbiter, listing, arbiter, at
):
    transfer(
        source="channel:sandbox",
        target=f"user:{arbiter.pk}:wallet",
        amount=9_800,
        reason=Reason.TOP_UP,
        subject=arbiter.address,
        key="x",
        at=at,
    )
    orders.place(buyer=arbiter, listing=listing, quantity=1, acknowledged=True, at=at)
    refunds.escalate(declined_refund, by=rich_buyer, at=at)
    assert Dispute.objects.get().arbiter == second_arbiter


def test_a_lead_assigns_by_hand(waiting_dispute, lead, arbiter, at):
    lifecycle.assign(waiting_dispute, arbiter, by=lead, at=at)
    assert (waiting_dispute.state, waiting_dispute.arbiter) == (DisputeState.EVIDENCE, arbiter)


def test_a_lead_gives_a_case_to_somebody_else(dispute, lead, second_arbiter, at):
    lifecycle.assign(dispute, second_arbiter, by=lead, at=at)
    assert dispute.arbiter == second_arbiter
    assert events_of(dispute)[-1] == "dispute.reassigned"
    assert refused(lambda: lifecycle.assign(dispute, second_arbiter, by=lead, at=at)) == "has_it_already"


@pytest.mark.parametrize("who", ["arbiter", "agent", "senior", "seller", "rich_buyer", "stranger"])
def test_nobody_but_a_lead_assigns(waiting_dispute, who, request, arbiter, at):
    user = request.getfixturevalue(who)
    assert refused(lambda: lifecycle.assign(waiting_dispute, arbiter, by=user, at=at)) == "not_your_turn"


def test_no_side_and_nobody_without_the_role_gets_a_case(waiting_dispute, lead, rich_buyer, seller, agent, at):
    for user in (rich_buyer, seller, agent):
        assert refused(lambda user=user: lifecycle.assign(waiting_dispute, user, by=lead, at=at)) == "conflict"


def test_a_case_that_nobody_assigned_goes_to_the_duty_lead(waiting_dispute, lead):
    lapse(waiting_dispute)
    assert (waiting_dispute.state, waiting_dispute.arbiter) == (DisputeState.EVIDENCE, lead)
    assert "dispute.alarm" in events_of(waiting_dispute)


# the file


def test_our_own_records_enter_the_file_by_themselves_with_hash_and_grade(dispute):
    found = {item.kind: item for item in Evidence.objects.all()}
    assert set(found) == {
        *("order", "promise", "delivery", "reveals", "validity", "conversation", "payments", "outages"),
        *("claim", "answer"),
    }
    assert all(item.is_intact() for item in found.values())
    assert {found[kind].grade for kind in ("order", "reveals", "payments")} == {"record"}
    assert {found[kind].grade for kind in ("claim", "answer")} == {"claim"}
    assert found["reveals"].data["reveals"][0]["unit"] == 1
    assert found["promise"].data["snapshot"]["promise_minutes"] == 10
    assert found["answer"].data["text"] == "出库时有效"


def test_no_code_is_in_the_file(dispute, codes):
    text = "".join(Evidence.objects.values_list("body", flat=True).order_by("pk"))
    assert not any(code in text for code in codes)


def test_both_sides_speak_at_the_same_time(dispute, rich_buyer, seller, at):
    lifecycle.submit(dispute, text="我没有用过", by=rich_buyer, at=at)
    lifecycle.submit(dispute, text="出库前核验过", by=seller, at=at)
    added = Evidence.objects.filter(kind="statement").order_by("pk")
    assert [(item.side, item.data["text"], item.is_late) for item in added] == [
        ("buyer", "我没有用过", False),
        ("shop", "出库前核验过", False),
    ]
    assert events_of(dispute)[-3:] == ["dispute.evidence_submitted"] * 2 + ["dispute.unsealed"]


def test_what_comes_during_the_review_is_marked_as_late(reviewed, seller, at):
    lifecycle.submit(reviewed, text="补充", by=seller, at=at)
    assert Evidence.objects.get(kind="statement").is_late


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4001, "\x00"])
def test_a_statement_that_says_nothing_or_too_much_changes_nothing(dispute, seller, at, text):
    with pytest.raises(ValidationError):
        lifecycle.submit(dispute, text=text, by=seller, at=at)
    assert not Evidence.objects.filter(kind="statement").exists()


@pytest.mark.parametrize("who", ["stranger", "risk", "finance", "auditor", "senior", "second_arbiter"])
def test_who_only_reads_adds_nothing(dispute, who, request, at):
    user = request.getfixturevalue(who)
    assert refused(lambda: lifecycle.submit(dispute, text="x", by=user, at=at)) == "not_your_turn"


@pytest.mark.parametrize("who", ["agent", "arbiter", "lead"])
def test_staff_who_assist_add_to_the_file_as_the_platform(dispute, who, request, at):
    lifecycle.submit(dispute, text="致电发卡方", by=request.getfixturevalue(who), at=at)
    assert Evidence.objects.get(kind="statement").side == "platform"


def test_nothing_is_added_before_the_hearing_or_after_the_ruling(waiting_dispute, rich_buyer, at):
    assert refused(lambda: lifecycle.submit(waiting_dispute, text="x", by=rich_buyer, at=at)) == "wrong_moment"


def test_opening_a_file_is_on_record_once_in_a_while(dispute, agent, at):
    for minutes in (0, 5):
        lifecycle.open_file(dispute, by=agent, at=at + timedelta(minutes=minutes))
    lifecycle.open_file(dispute, by=agent, at=at + 13 * HOUR)
    assert events_of(dispute).count("dispute.file_opened") == 2


@pytest.mark.parametrize("who", ["stranger", "rich_buyer", "seller", "second_arbiter"])
def test_who_has_nothing_to_do_with_it_opens_no_file(dispute, who, request, at):
    user = request.getfixturevalue(who)
    assert refused(lambda: lifecycle.open_file(dispute, by=user, at=at)) == "not_your_turn"


# nothing to add


def test_when_both_sides_have_nothing_to_add_the_review_begins_at_once(dispute, rich_buyer, seller, at):
    lifecycle.rest(dispute, by=rich_buyer, at=at)
    assert dispute.state == DisputeState.EVIDENCE
    lifecycle.rest(dispute, by=seller, at=at)
    assert dispute.state == DisputeState.REVIEW
    assert dispute.deadline_at == at + timedelta(hours=24)


def test_nobody_rests_twice_or_for_others(dispute, rich_buyer, arbiter, stranger, at):
    lifecycle.rest(dispute, by=rich_buyer, at=at)
    assert refused(lambda: lifecycle.rest(dispute, by=rich_buyer, at=at)) == "wrong_moment"
    for user in (arbiter, stranger):
        assert refused(lambda user=user: lifecycle.rest(dispute, by=user, at=at)) == "not_your_turn"


def test_the_time_for_evidence_ends_by_itself(dispute):
    lapse(dispute)
    assert dispute.state == DisputeState.REVIEW


# ruling


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"shares": {**SIXTY_FORTY, "buyer": 3_999}}, "shares"),
        ({"shares": {**SIXTY_FORTY, "seller": -1, "buyer": 10_001}}, "shares"),
        ({"shares": {"seller": 6_000, "weather": 4_000}}, "shares"),
        ({"findings": {}}, "findings"),
        ({"rule_ids": []}, "rules"),
        ({"reasons": "因为"}, "reasons"),
        ({"departs_because": ""}, "departs"),
        ({"compensation": -1}, "compensation"),
        ({"compensation": 29_401}, "compensation"),
    ],
)
def test_a_ruling_that_lacks_something_is_refused_with_what_is_missing(reviewed, arbiter, at, change, code):
    with pytest.raises(Refused) as refusal:
        lifecycle.rule(reviewed, drafted(reviewed, **change), by=arbiter, at=at)
    assert refusal.value.code == "incomplete"
    assert str(rulings.MISSING[code]) in str(refusal.value.sentence)
    assert not Ruling.objects.exists()


def test_no_unit_gets_more_than_is_left_of_it(reviewed, arbiter, order, at):
    units = list(order.units.order_by("place"))
    for grants in ({units[0].pk: 9_801}, {units[0].pk: -1}, {units[1].pk: 100}):
        draft = drafted(reviewed, grants=grants)
        assert refused(lambda draft=draft: lifecycle.rule(reviewed, draft, by=arbiter, at=at)) == "incomplete"


def test_evidence_that_is_not_accepted_needs_a_word_why(reviewed, arbiter, at):
    claim = Evidence.objects.get(kind="claim")
    findings = {**drafted(reviewed).findings, claim.pk: Finding(Weight.REFUSED)}
    assert rulings.prepare(reviewed, drafted(reviewed, findings=findings)).missing == ["findings"]
    findings[claim.pk] = Finding(Weight.REFUSED, "没有截图")
    assert rulings.prepare(reviewed, drafted(reviewed, findings=findings)).missing == []


def test_evidence_that_came_meanwhile_must_be_weighed_too(reviewed, arbiter, rich_buyer, at):
    draft = drafted(reviewed)
    lifecycle.submit(reviewed, text="等等", by=rich_buyer, at=at)
    assert refused(lambda: lifecycle.rule(reviewed, draft, by=arbiter, at=at)) == "incomplete"


def test_60_to_40_gives_back_what_the_buyer_does_not_carry(reviewed, arbiter, senior, at):
    ruling = lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    assert ruling.award == 9_800 - 9_800 * 4_000 // 10_000 == 5_880
    assert ruling.funding["legs"] == [{"name": "escrow", "address": reviewed.refund.order.escrow, "amount": 5_880}]
    assert ruling.departs
    assert ruling.sha256 == rulings.digest(ruling)
    assert (reviewed.state, reviewed.senior) == (DisputeState.SIGNING, senior)


@pytest.mark.parametrize("paid", [10_001, 9_999, 1, 9_800])
def test_rounding_is_for_the_buyer(paid):
    assert rulings.by_shares(paid, paid, 4_000) == -(-paid * 6_000 // 10_000)


def test_a_ruling_that_follows_the_rulebook_needs_no_second_person(reviewed, arbiter, at):
    shares = {"platform": 0, "seller": 10_000, "upstream": 0, "buyer": 0}
    ruling = lifecycle.rule(reviewed, drafted(reviewed, shares=shares), by=arbiter, at=at)
    assert not ruling.departs
    assert ruling.departs_because == ""
    assert reviewed.state == DisputeState.RULED


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"shares": {"platform": 10_000}}, ["platform"]),
        ({"shares": {"seller": 10_000}, "compensation": 1}, ["guarantees", "compensation", "departs"]),
        ({}, ["departs"]),
        ({"shares": {"seller": 10_000}}, []),
    ],
)
def test_who_must_sign_and_why(reviewed, change, because):
    assert rulings.prepare(reviewed, drafted(reviewed, **change)).signature_because == because


@pytest.mark.parametrize("who", ["agent", "senior", "finance", "risk", "auditor", "seller", "rich_buyer", "stranger"])
def test_nobody_else_rules(reviewed, who, request, at):
    user = request.getfixturevalue(who)
    assert refused(lambda: lifecycle.rule(reviewed, drafted(reviewed), by=user, at=at)) == "not_your_turn"


def test_arbiters_rule_only_their_own_cases(reviewed, second_arbiter, lead, at):
    for user in (second_arbiter, lead):
        call = lambda user=user: lifecycle.rule(reviewed, drafted(reviewed), by=user, at=at)  # noqa: E731
        assert refused(call) == "not_your_case"


def test_nobody_rules_before_both_were_heard_or_too_late(dispute, arbiter, at):
    assert refused(lambda: lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=at)) == "wrong_moment"
    lapse(dispute)
    late = dispute.deadline_at
    assert refused(lambda: lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=late)) == "too_late"


# two people


def test_a_second_person_agrees_and_the_ruling_is_served(signing, senior, rich_buyer, at):
    before = wallet(rich_buyer)
    lifecycle.sign(signing, agrees=True, by=senior, at=at)
    assert (signing.state, signing.outcome) == (DisputeState.RULED, "ruling")
    assert signing.deadline_at == at + timedelta(hours=72)
    assert wallet(rich_buyer) == before + 5_880, "an award up to ¥200 is paid at once"
    assert Refund.objects.get().state == RefundState.REFUNDED
    assert events_of(signing)[-3:] == ["dispute.signed", "dispute.sealed", "dispute.ruled"]
    assert Ruling.objects.get().is_final


def test_a_second_person_sends_it_back_with_a_note(signing, senior, arbiter, at):
    assert refused(lambda: lifecycle.sign(signing, agrees=False, by=senior, at=at)) == "note_missing"
    lifecycle.sign(signing, agrees=False, note_text="比例依据不足", by=senior, at=at)
    assert (signing.state, signing.arbiter) == (DisputeState.REVIEW, arbiter)
    assert signing.deadline_at == at + timedelta(hours=24)
    lifecycle.rule(signing, drafted(signing), by=arbiter, at=at)
    assert [ruling.version for ruling in Ruling.objects.order_by("version")] == [1, 2]
    lifecycle.sign(signing, agrees=True, by=senior, at=at, version=2)
    assert [ruling.is_final for ruling in Ruling.objects.order_by("version")] == [False, True]


def test_what_was_read_is_what_is_signed(signing, senior, at):
    assert refused(lambda: lifecycle.sign(signing, agrees=True, by=senior, at=at, version=7)) == "ruling_changed"


@pytest.mark.parametrize("who", ["arbiter", "agent", "seller", "rich_buyer", "stranger", "finance", "auditor"])
def test_nobody_else_signs(signing, who, request, at):
    user = request.getfixturevalue(who)
    assert refused(lambda: lifecycle.sign(signing, agrees=True, by=user, at=at)) == "not_your_turn"


def test_only_the_senior_who_was_asked_signs(signing, second_senior, at):
    assert refused(lambda: lifecycle.sign(signing, agrees=True, by=second_senior, at=at)) == "not_your_turn"


def test_nobody_signs_what_they_wrote(reviewed, arbiter, at):
    """With two roles, and nobody else there: the signature stays open."""
    staff_role(arbiter, Role.SENIOR, at)
    lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    assert reviewed.senior is None
    assert refused(lambda: lifecycle.sign(reviewed, agrees=True, by=arbiter, at=at)) == "not_your_turn"


def test_who_wrote_an_earlier_version_does_not_sign_the_next(signing, senior, arbiter, second_arbiter, lead, at):
    lifecycle.sign(signing, agrees=False, note_text="再看", by=senior, at=at)
    lifecycle.assign(signing, second_arbiter, by=lead, at=at)
    staff_role(arbiter, Role.SENIOR, at)
    lifecycle.rule(signing, drafted(signing), by=second_arbiter, at=at)
    assert signing.senior == senior
    lapse(signing)
    assert signing.senior == lead, "the first arbiter is no second person here"


def staff_role(user, role, at):
    user.staff_roles.create(role=role, granted_at=at)


def test_a_signature_that_does_not_come_is_asked_of_the_next(signing, second_senior, at):
    lapse(signing)
    assert (signing.state, signing.senior) == (DisputeState.SIGNING, second_senior)
    assert "dispute.alarm" in events_of(signing)


# when staff fail


def test_a_case_that_nobody_rules_is_decided_by_the_rulebook_in_the_end(
    reviewed, arbiter, second_arbiter, lead, rich_buyer
):
    before = wallet(rich_buyer)
    lapse(reviewed)
    assert reviewed.arbiter == second_arbiter
    lapse(reviewed)
    assert reviewed.arbiter == lead
    lapse(reviewed)
    assert (reviewed.state, reviewed.outcome) == (DisputeState.RULED, "provisional")
    assert Ruling.objects.get().by is None
    assert wallet(rich_buyer) == before + 9_800
    lapse(reviewed)
    assert reviewed.state == DisputeState.CLOSED


def test_no_clock_says_the_last_no(order, rich_buyer, arbiter, lead, at):
    """A machine's no is reviewed by people; if they do not come, the lead keeps the case with an alarm each day."""
    unit = order.units.get(place=1)
    delivery.reveal(unit, by=rich_buyer, at=at, visit=delivery.Visit())
    refund = refunds.ask(order=order, units=[unit], reason="CHANGE_OF_MIND", by=rich_buyer, at=at, text="不想要了")
    assert (refund.state, refund.figure) == (RefundState.DECLINED, 0), "a new buyer who looked gets nothing by rule"
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    for _ in range(6):
        lapse(dispute)
    assert (dispute.state, dispute.arbiter) == (DisputeState.REVIEW, lead)
    assert not Ruling.objects.exists()


# the end


def test_nobody_appeals_and_the_case_is_closed(ruled):
    lapse(ruled)
    assert (ruled.state, ruled.outcome) == (DisputeState.CLOSED, "ruling")
    assert ruled.closed_at == ruled.entered_at
    assert events_of(ruled)[-2:] == ["dispute.enforcing", "dispute.closed"]


def test_a_large_award_is_paid_when_the_time_to_appeal_is_over(order, rich_buyer, seller, arbiter, senior, at):
    refund = declined(order, rich_buyer, at=at, places=(1, 2, 3))
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    lifecycle.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=at)
    assert dispute.state == DisputeState.RULED, "¥294.00, by the rulebook, from escrow: one person is enough"
    assert not Payout.objects.exists()
    lapse(dispute)
    assert Payout.objects.get().amount == 29_400
    assert dispute.state == DisputeState.CLOSED


def test_a_denial_lets_the_units_go_on(reviewed, arbiter, senior, order, rich_buyer, at):
    before = wallet(rich_buyer)
    lifecycle.rule(reviewed, drafted(reviewed, shares={"buyer": 10_000}), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    assert Refund.objects.get().state == RefundState.DISPUTED, "until nobody appeals"
    lapse(reviewed)
    assert reviewed.state == DisputeState.CLOSED
    assert Refund.objects.get().state == RefundState.REJECTED
    unit = order.units.get(place=1)
    assert (unit.held, unit.held_by, wallet(rich_buyer)) == (9_800, "", before)
    assert unit.inspection_ends_at >= reviewed.closed_at + timedelta(hours=24)


def test_the_rest_of_a_split_unit_goes_to_the_shop_at_once(ruled, order):
    unit = order.units.get(place=1)
    assert (unit.refunded, unit.held, unit.released) == (5_880, 0, 3_920)
    assert pockets(order)["escrow"] == 2 * 9_800
    assert pockets(order)["pending"] == 3_920 - 196


def test_after_settlement_the_shop_pays_from_its_balance(order, rich_buyer, seller, arbiter, senior, at):
    dispute = after_settlement(order, rich_buyer, seller)
    before = wallet(rich_buyer)
    at = dispute.entered_at
    prepared = rulings.prepare(dispute, drafted(dispute))
    assert [leg["name"] for leg in prepared.funding["legs"]] == ["available"]
    lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    assert wallet(rich_buyer) == before + 5_880


def test_an_empty_balance_leaves_it_to_deposit_and_fund(order, rich_buyer, seller, arbiter, senior, at):
    shop = order.shop

    def empty_the_shop(at):
        own("platform:fund", 10_000, at)
        give(shop.account("available"), "platform:suspense", pockets(order)["available"], Reason.CORRECTION, at)
        give(shop.account("deposit"), "platform:fund", pockets(order)["deposit"] - 2_000, Reason.PENALTY, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=empty_the_shop)
    at = dispute.entered_at
    prepared = rulings.prepare(dispute, drafted(dispute))
    assert prepared.signature_because == ["guarantees", "departs"]
    names = {leg["name"]: leg["amount"] for leg in prepared.funding["legs"]}
    assert sum(names.values()) == 5_880
    assert names["reserved"] == 2_000
    assert names["fund"] > 0
    lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    assert Payout.objects.get().amount == 5_880
    assert balance(shop.account("debt")) == -names["fund"]


def give(source, target, amount, reason, at):
    """Money that moved by other rooms' doings."""
    transfer(source=source, target=target, amount=amount, reason=reason, subject="x", key=f"{source}:{target}", at=at)


def own(target, amount, at):
    """The platform puts money of its own somewhere."""
    give("channel:sandbox", target, amount, Reason.FUNDING, at)


def after_settlement(order, buyer, seller, *, before_the_claim=lambda at: None):
    """The same dispute about a code that was looked at and claimed for after its money was settled to the shop."""
    orders.confirm(order, by=buyer, at=order.delivered_at)
    order.refresh_from_db()
    late = order.deadline_at
    sweep(at=late)
    order.refresh_from_db()
    assert order.state == "settled"
    before_the_claim(late)
    refunds.escalate(declined(order, buyer, at=late), by=buyer, at=late)
    dispute = Dispute.objects.get()
    for side in (buyer, seller):
        lifecycle.rest(dispute, by=side, at=late)
    return dispute


def test_the_platform_pays_its_own_part_and_the_shop_is_not_charged_for_it(reviewed, arbiter, senior, order, at):
    own("platform:own", 50_000, at)
    shares = {"platform": 2_000, "seller": 4_000, "upstream": 0, "buyer": 4_000}
    before = balance("platform:own")
    lifecycle.rule(reviewed, drafted(reviewed, shares=shares), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    assert before - balance("platform:own") == 1_960
    unit = order.units.get(place=1)
    assert (unit.refunded, unit.covered, unit.released) == (3_920, 1_960, 5_880)


# taking back and giving in


@pytest.mark.parametrize("stage", ["waiting_dispute", "dispute", "reviewed", "signing"])
def test_the_buyer_takes_the_case_back_until_it_is_ruled(request, stage, rich_buyer, order, at):
    dispute = request.getfixturevalue(stage)
    lifecycle.withdraw(dispute, by=rich_buyer, at=at)
    assert (dispute.state, dispute.outcome) == (DisputeState.WITHDRAWN, "withdrawn")
    assert Refund.objects.get().state == RefundState.WITHDRAWN
    assert order.units.get(place=1).held_by == ""
    assert not Timer.objects.live().filter(subject=dispute.address).exists()


def test_taking_back_the_refund_case_ends_the_dispute(dispute, rich_buyer, at):
    refunds.withdraw(dispute.refund, by=rich_buyer, at=at)
    dispute.refresh_from_db()
    assert dispute.state == DisputeState.WITHDRAWN


def test_a_ruled_case_is_not_taken_back(reviewed, rich_buyer, seller, arbiter, senior, stranger, at):
    for user in (seller, arbiter, stranger):
        assert refused(lambda user=user: lifecycle.withdraw(reviewed, by=user, at=at)) == "not_your_turn"
    lifecycle.rule(reviewed, drafted(reviewed, shares={"buyer": 10_000}), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    assert refused(lambda: lifecycle.withdraw(reviewed, by=rich_buyer, at=at)) == "wrong_moment"
    assert refused(lambda: refunds.withdraw(reviewed.refund, by=rich_buyer, at=at)) == "wrong_moment"
    assert Refund.objects.get().state == RefundState.DISPUTED


@pytest.mark.parametrize("stage", ["dispute", "reviewed"])
def test_the_shop_gives_in_and_what_was_asked_is_paid(request, stage, seller, rich_buyer, at):
    dispute, before = request.getfixturevalue(stage), wallet(rich_buyer)
    lifecycle.concede(dispute, by=seller, at=at)
    assert (dispute.state, dispute.outcome) == (DisputeState.CLOSED, "conceded")
    assert wallet(rich_buyer) == before + 9_800
    assert Refund.objects.get().state == RefundState.REFUNDED
    assert "dispute.conceded" in events_of(dispute)


def test_nobody_else_gives_in_and_not_when_it_is_decided(ruled, dispute, rich_buyer, seller, at):
    assert refused(lambda: lifecycle.concede(ruled, by=rich_buyer, at=at)) == "not_your_turn"
    assert refused(lambda: lifecycle.concede(ruled, by=seller, at=at)) == "wrong_moment"


# what is offered is what is taken


@pytest.mark.parametrize("stage", ["waiting_dispute", "dispute", "reviewed", "signing", "ruled"])
def test_the_pages_offer_what_the_verbs_take(request, stage, rich_buyer, seller, arbiter, senior, lead, agent, at):
    if stage == "waiting_dispute":
        for user in (arbiter, lead):
            user.staff_roles.update(revoked_at=at)
    dispute = request.getfixturevalue(stage)
    offered = {
        user.nickname: choices.actions_for(dispute, user, at) for user in (rich_buyer, seller, arbiter, senior, agent)
    }
    assert (
        offered
        == {
            "waiting_dispute": {"buyer": ["withdraw"], "seller": ["concede"], "arbiter": [], "senior": [], "agent": []},
            "dispute": {
                "buyer": ["submit", "rest", "extend", "challenge", "last_offer", "withdraw"],
                "seller": ["submit", "rest", "extend", "challenge", "last_offer", "concede"],
                "arbiter": ["submit", "dismiss", "refer", "recuse"],
                "senior": [],
                "agent": ["submit"],
            },
            "reviewed": {
                "buyer": ["submit", "challenge", "last_offer", "withdraw"],
                "seller": ["submit", "challenge", "last_offer", "concede"],
                "arbiter": ["submit", "rule", "ask", "dismiss", "refer", "recuse"],
                "senior": [],
                "agent": ["submit"],
            },
            "signing": {
                "buyer": ["challenge", "withdraw"],
                "seller": ["challenge"],
                "arbiter": ["recuse"],
                "senior": ["sign", "recuse"],
                "agent": [],
            },
            "ruled": {
                "buyer": ["appeal", "waive"],
                "seller": ["appeal", "waive"],
                "arbiter": ["penalize"],
                "senior": [],
                "agent": [],
            },
        }[stage]
    )


# queries


@pytest.mark.parametrize("verb", ["open", "rule"])
def test_a_case_of_one_and_of_many_units_asks_the_database_as_often(
    verb, listing, rich_buyer, seller, arbiter, second_arbiter, at
):
    counts = []
    for places in ((1,), (1, 2, 3)):
        order = orders.place(buyer=rich_buyer, listing=listing, quantity=3, acknowledged=True, at=at)
        orders.pay_from_wallet(order, by=rich_buyer, at=at)
        refund = declined(order, rich_buyer, at=at, places=places)
        with recorded() as opening:
            refunds.escalate(refund, by=rich_buyer, at=at)
        dispute = Dispute.objects.get(refund=refund)
        for side in (rich_buyer, seller):
            lifecycle.rest(dispute, by=side, at=at)
        draft = drafted(dispute)
        with recorded() as preparing:
            rulings.prepare(dispute, draft)
        counts.append(len(opening) if verb == "open" else len(preparing))
    assert counts[0] == counts[1]


def test_nothing_personal_and_no_words_of_the_sides_are_in_events(ruled):
    bodies = "".join(Event.objects.values_list("body", flat=True).order_by("pk"))
    assert "出库时有效" not in bodies
    for event in Event.objects.filter(subject=ruled.address).order_by("pk"):
        json.loads(event.body)


@pytest.mark.breaks_books
def test_the_books_notice_a_signature_that_is_missing(ruled):
    from kamen import books

    Signature.objects.all().delete()
    assert "a ruling that needed a second person was served with one" in {each.rule for each in books.violations()}


def test_escrow_preview_and_payment_agree(signing, senior, at):
    ruling = Ruling.objects.get()
    units = escrow.units_of(signing.refund.order)
    plan = escrow.plan(signing.refund.order, units, grants=ruling.granted, cause=signing.refund.address)
    lifecycle.sign(signing, agrees=True, by=senior, at=at)
    assert Payout.objects.get().amount == plan.amount
