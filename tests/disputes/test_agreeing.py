"""What both sides agree on: proposals that bind only together, last offers, waiving, settling."""

import pytest

from disputes import agreements, lifecycle, proposals, rulings
from disputes.models import Dispute, FinalOffer, Proposal
from disputes.states import DisputeState
from refunds.models import Refund
from tests.disputes.sayings import events_of, lapse, refused, wallet
from tests.fixtures.disputes import drafted


@pytest.fixture
def proposed(large_reviewed, arbiter, order, at):
    """The arbiter proposes ¥150.00 of ¥294.00."""
    unit = order.units.get(place=1)
    second = order.units.get(place=2)
    proposals.propose(large_reviewed, grants={unit.pk: 9_800, second.pk: 5_200}, text="各让一步", by=arbiter, at=at)
    return large_reviewed


def open_hash():
    return Proposal.objects.get(ended_at=None).sha256


def test_a_proposal_binds_when_both_accept_the_same_text(proposed, rich_buyer, seller, at):
    before = wallet(rich_buyer)
    assert proposed.state == DisputeState.PROPOSED
    assert refused(lambda: proposals.agree(proposed, sha256="0" * 64, by=rich_buyer, at=at)) == "proposal_changed"
    proposals.agree(proposed, sha256=open_hash(), by=rich_buyer, at=at)
    assert proposed.state == DisputeState.PROPOSED, "one side alone is bound by nothing"
    assert refused(lambda: proposals.agree(proposed, sha256=open_hash(), by=rich_buyer, at=at)) == "accepted_already"
    proposals.agree(proposed, sha256=open_hash(), by=seller, at=at)
    assert (proposed.state, proposed.outcome) == (DisputeState.CLOSED, "mediated")
    assert wallet(rich_buyer) == before + 15_000
    assert events_of(proposed)[-2:] == ["dispute.mediated", "dispute.closed"]


def test_refusing_costs_nothing_and_the_review_goes_on(proposed, seller, rich_buyer, arbiter, stranger, at):
    for user in (arbiter, stranger):
        assert refused(lambda user=user: proposals.refuse(proposed, by=user, at=at)) == "not_your_turn"
    proposals.agree(proposed, sha256=open_hash(), by=rich_buyer, at=at)
    proposals.refuse(proposed, by=seller, at=at)
    assert proposed.state == DisputeState.REVIEW
    assert proposed.deadline_at > at
    assert refused(lambda: proposals.refuse(proposed, by=seller, at=at)) == "wrong_moment"


def test_a_proposal_that_nobody_answers_is_over(proposed, arbiter, order, at):
    lapse(proposed)
    assert (proposed.state, events_of(proposed)[-1]) == (DisputeState.REVIEW, "dispute.proposal_failed")
    late = proposed.entered_at
    unit = order.units.get(place=1)
    proposals.propose(proposed, grants={unit.pk: 1}, text="再议", by=arbiter, at=late)
    lapse(proposed)
    late = proposed.entered_at
    call = lambda: proposals.propose(proposed, grants={unit.pk: 1}, text="再议", by=arbiter, at=late)  # noqa: E731
    assert refused(call) == "proposed_enough"


def test_who_proposes_and_what(large_reviewed, arbiter, rich_buyer, order, at):
    unit = order.units.get(place=1)
    call = lambda **change: proposals.propose(  # noqa: E731
        large_reviewed, **{"grants": {unit.pk: 100}, "text": "各让一步", "by": arbiter, "at": at, **change}
    )
    assert refused(lambda: call(by=rich_buyer)) == "not_your_turn"
    assert refused(lambda: call(grants={unit.pk: 9_801})) == "grants_wrong"
    assert refused(lambda: call(grants={unit.pk: -1})) == "grants_wrong"
    assert refused(lambda: call(text=" ")) == "reasons_missing"


def test_a_fast_case_is_decided_sooner_than_a_proposal_is_answered(reviewed, arbiter, at):
    call = lambda: proposals.propose(reviewed, grants={}, text="x", by=arbiter, at=at)  # noqa: E731
    assert refused(call) == "fast_track"


def test_of_two_last_offers_one_is_awarded(reviewed, arbiter, senior, rich_buyer, seller, stranger, at):
    proposals.give_last_offer(reviewed, amount=7_000, by=rich_buyer, at=at)
    proposals.give_last_offer(reviewed, amount=8_000, by=rich_buyer, at=at)
    assert refused(lambda: proposals.give_last_offer(reviewed, amount=1, by=stranger, at=at)) == "not_your_turn"
    assert refused(lambda: proposals.give_last_offer(reviewed, amount=9_801, by=seller, at=at)) == "offer_wrong"
    proposals.give_last_offer(reviewed, amount=4_000, by=seller, at=at)
    assert sorted(FinalOffer.objects.order_by("pk").values_list("amount", flat=True)) == [4_000, 8_000]
    assert refused(lambda: proposals.give_last_offer(reviewed, amount=1, by=seller, at=at)) == "wrong_moment"
    assert rulings.prepare(reviewed, drafted(reviewed)).missing == ["last_offer"]
    unit = reviewed.refund.items.get().unit_id
    lifecycle.rule(reviewed, drafted(reviewed, grants={unit: 8_000}), by=arbiter, at=at)
    assert reviewed.state == DisputeState.SIGNING


def test_one_last_offer_alone_binds_nobody(reviewed, rich_buyer, at):
    proposals.give_last_offer(reviewed, amount=7_000, by=rich_buyer, at=at)
    assert rulings.prepare(reviewed, drafted(reviewed)).missing == []


def test_when_both_waive_the_appeal_it_is_carried_out_at_once(large_ruled, rich_buyer, seller, stranger, at):
    before = wallet(rich_buyer)
    assert refused(lambda: lifecycle.waive(large_ruled, by=stranger, at=at)) == "not_your_turn"
    lifecycle.waive(large_ruled, by=rich_buyer, at=at)
    assert refused(lambda: lifecycle.waive(large_ruled, by=rich_buyer, at=at)) == "waived"
    assert large_ruled.state == DisputeState.RULED
    lifecycle.waive(large_ruled, by=seller, at=at)
    assert large_ruled.state == DisputeState.CLOSED
    assert wallet(rich_buyer) == before + 23_520


def test_a_shop_gives_in_before_anybody_has_the_case(waiting_dispute, seller, rich_buyer, at):
    before = wallet(rich_buyer)
    lifecycle.concede(waiting_dispute, by=seller, at=at)
    assert (waiting_dispute.outcome, wallet(rich_buyer)) == ("conceded", before + 9_800)


@pytest.mark.breaks_books
def test_a_channel_that_paid_it_all_back_ends_the_case(reviewed, at):
    """What refunds do with the case stands in tests/refunds; here the dispute follows."""
    refund = Refund.objects.get()
    agreements.paid_outside(refund, at=at)
    found = Dispute.objects.get()
    assert (found.state, found.outcome) == (DisputeState.CLOSED, "external")
