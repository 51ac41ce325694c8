"""A channel paid on its own account: one payout for all roads, and nothing twice (machines: R49, R50, D34, X10)."""

from datetime import timedelta

import pytest

from disputes.models import Dispute
from ledger import payouts
from ledger.accounts import balance
from ledger.models import Payout
from orders.models import Unit
from refunds import bargaining, lifecycle, outside, replacing
from refunds.bargaining import Terms
from refunds.models import Refund
from tests.fixtures.cases import claim
from timeline.models import Event
from timeline.refusals import Refused


def book(order, amount, at, reference="wx-1"):
    return outside.paid_by_channel(order, reference=reference, amount=amount, cause="complaint:1", at=at)


def names(thing):
    return [each.name for each in Event.objects.filter(subject=thing.address).order_by("seq")]


def test_all_that_was_asked_ends_the_case_and_nothing_is_sent(charged_order, charged_case, at):
    before = balance("channel:sandbox")
    assert book(charged_order, 9_800, at) == 9_800
    case = Refund.objects.get(pk=charged_case.pk)
    assert (case.state, case.outcome, case.approved) == ("refunded", "external", 9_800)
    payout = Payout.objects.get()
    assert (payout.state, payout.amount, payout.outside, payout.cause) == ("paid", 9_800, "wx-1", case.address)
    assert payouts.run(at=at) == 0
    assert balance("channel:sandbox") == before + 9_800
    assert balance("channel:sandbox:out") == 0
    unit = Unit.objects.get(order=charged_order, place=1)
    assert (unit.refunded, unit.held, unit.held_by) == (9_800, 0, "")


def test_told_twice_it_is_booked_once(charged_order, charged_case, at):
    assert [book(charged_order, 9_800, at) for _time in range(3)] == [9_800] * 3
    assert Payout.objects.count() == 1


def test_a_part_makes_the_case_smaller_and_it_goes_on(charged_order, charged_case, seller, at):
    assert book(charged_order, 3_000, at) == 3_000
    case = Refund.objects.get(pk=charged_case.pk)
    unit = Unit.objects.get(order=charged_order, place=1)
    assert (case.state, case.asked) == ("requested", 6_800)
    assert (unit.refunded, unit.held, unit.held_by) == (3_000, 6_800, case.address)
    assert names(case)[-1] == "refund.paid_in_part_outside"
    lifecycle.accept(case, by=seller, at=at)
    assert case.approved == 6_800
    assert Unit.objects.get(pk=unit.pk).refunded == 9_800


def test_with_the_platform_the_dispute_ends_too(charged_order, charged_case, seller, rich_buyer, arbiter, at):
    lifecycle.decline(charged_case, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    lifecycle.escalate(charged_case, by=rich_buyer, at=at)
    assert book(charged_order, 9_800, at) == 9_800
    found = Dispute.objects.get()
    assert (found.state, found.outcome, found.refund.state) == ("closed", "external", "refunded")


def test_without_a_case_the_order_gives_what_it_has_left_and_no_more(charged_order, at):
    assert book(charged_order, 40_000, at) == 29_400
    assert [unit.refunded for unit in charged_order.units.order_by("place")] == [9_800] * 3
    assert book(charged_order, 100, at, reference="wx-2") == 0


def test_what_was_paid_from_a_balance_no_channel_pays_back(order, at):
    assert book(order, 9_800, at) == 0
    assert not Payout.objects.exists()


def test_an_agent_files_for_the_buyer_the_same_case_under_the_same_rules(
    charged_order, agent, rich_buyer, seller, stranger, at
):
    unit = charged_order.units.get(place=1)
    for who, complaint in ((seller, "W1"), (stranger, "W1"), (agent, "")):
        with pytest.raises(Refused, match="not_your_turn"):
            claim(unit, "CODE_INVALID", by=who, at=at, complaint=complaint)
    case = claim(unit, "CODE_INVALID", by=agent, at=at, complaint="W1")
    assert (case.buyer, case.state, case.asked) == (rich_buyer, "requested", 9_800)
    filed = Event.objects.get(subject=case.address, name="refund.requested")
    assert (filed.by_id, filed.data["complaint"]) == (agent.pk, "W1")


def test_money_beside_a_replacement_under_way_is_less_by_what_the_channel_gave(
    charged_order, charged_case, seller, rich_buyer, at
):
    """More than is left was agreed on: without that nobody could take the new code, and no clock could end."""
    listing = charged_order.snapshot.listing
    bargaining.offer(charged_case, Terms("exchange", amount=8_000, listing=listing), by=seller, at=at)
    bargaining.take(charged_case, 1, by=rich_buyer, at=at)
    later = at + timedelta(minutes=5)
    replacing.replace(charged_case, by=seller, at=later)
    assert book(charged_order, 5_000, later) == 5_000
    case = Refund.objects.select_related("order__shop").get(pk=charged_case.pk)
    replacing.confirm_replacement(case, by=rich_buyer, at=later)
    assert (case.state, case.outcome, case.approved) == ("approved", "settlement", 3_000)
    assert Unit.objects.get(order=charged_order, place=1).refunded == 8_000


def test_the_whole_of_it_while_an_agreed_replacement_is_checked_ends_the_dispute_too(
    charged_order, charged_case, seller, rich_buyer, arbiter, at
):
    lifecycle.decline(charged_case, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    lifecycle.escalate(charged_case, by=rich_buyer, at=at)
    made = bargaining.offer(charged_case, Terms("reissue"), by=seller, at=at)
    bargaining.take(charged_case, made.number, by=rich_buyer, at=at)
    assert Dispute.objects.get().state == "enforcing"
    assert book(charged_order, 9_800, at) == 9_800
    assert (Refund.objects.get().outcome, Dispute.objects.get().state) == ("external", "closed")
