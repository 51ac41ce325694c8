"""A ruling orders that the shop delivers anew (R44): its clock, the new code, and the money if it does not come."""

import pytest

from disputes import appeals, lifecycle, rulings
from disputes.models import Dispute, Ruling
from disputes.states import DisputeState
from disputes.views import words
from orders import delivery
from orders.models import Order
from refunds import lifecycle as refunds
from refunds import outside, replacing
from refunds.models import Refund
from refunds.states import RefundState
from tests.disputes.sayings import GROUND, events_of, lapse, refused, wallet
from tests.disputes.test_bundles import made, texts
from tests.fixtures.disputes import VISIT, drafted
from timeline.models import Event


@pytest.fixture
def ordered(reviewed, arbiter, senior, at):
    """The shop delivers anew; ¥58.80 goes back if it does not. Served, and nobody appeals."""
    lifecycle.rule(reviewed, drafted(reviewed, orders_replacement=True), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    return reviewed


def refund():
    return Refund.objects.get()


def is_told_to_be_delivered_anew(dispute):
    ruling = lifecycle.served(dispute)
    assert ruling is not None
    return words.ruling_shown(ruling, [])["orders_replacement"]


def test_nothing_is_paid_before_the_shop_could_deliver(ordered, rich_buyer):
    before = wallet(rich_buyer)
    assert (ordered.state, refund().state) == (DisputeState.RULED, RefundState.DISPUTED)
    assert is_told_to_be_delivered_anew(ordered)
    lapse(ordered)
    assert (ordered.state, refund().state) == (DisputeState.ENFORCING, RefundState.REPLACING)
    assert wallet(rich_buyer) == before


def test_the_new_code_works_and_the_case_is_closed(ordered, seller, rich_buyer):
    before = wallet(rich_buyer)
    lapse(ordered)
    at = ordered.entered_at
    replacing.replace(refund(), by=seller, at=at)
    assert (refund().state, ordered.state) == (RefundState.CHECKING, DisputeState.ENFORCING)
    replacing.confirm_replacement(refund(), by=rich_buyer, at=at)
    ordered.refresh_from_db()
    assert (refund().state, ordered.state) == (RefundState.EXCHANGED, DisputeState.CLOSED)
    assert wallet(rich_buyer) == before


def test_if_the_shop_does_not_deliver_in_time_what_was_ruled_goes_back(ordered, rich_buyer):
    before = wallet(rich_buyer)
    lapse(ordered)
    lapse(refund())
    ordered.refresh_from_db()
    assert (refund().state, refund().outcome, ordered.state) == ("refunded", "unreplaced", DisputeState.CLOSED)
    assert wallet(rich_buyer) == before + 5_880, "the ruling's sum, not all that was asked"


def test_what_comes_on_top_is_what_was_ruled_and_not_what_was_claimed(reviewed, arbiter, senior, rich_buyer, at):
    """The rules gave ¥5.00 on top of what was asked; the ruling gives none if the replacement does not come."""
    Refund.objects.update(compensation=500)
    reviewed.refresh_from_db()
    lifecycle.rule(reviewed, drafted(reviewed, orders_replacement=True), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    before = wallet(rich_buyer)
    lapse(reviewed)
    assert replacing.owed_in_full(refund()) == 5_880
    lapse(refund())
    assert (refund().outcome, refund().approved, wallet(rich_buyer) - before) == ("unreplaced", 5_880, 5_880)


@pytest.fixture
def looked_at(ordered, seller, rich_buyer, order):
    """The shop delivered anew as it was ordered, and the buyer looked at the new code."""
    lapse(ordered)
    replacing.replace(refund(), by=seller, at=ordered.entered_at)
    unit = order.units.get(place=1)
    delivery.reveal(unit, by=rich_buyer, at=ordered.entered_at, visit=VISIT)
    unit.refresh_from_db()
    return unit


def test_a_new_code_that_is_proven_to_be_bad_again_is_paid_and_judged_no_second_time(ordered, looked_at, rich_buyer):
    before, at = wallet(rich_buyer), ordered.entered_at
    delivery.record_validity(looked_at, is_valid=False, source="issuer", at=at)
    replacing.bad_again(refund(), by=rich_buyer, at=at, text="新的也显示已使用")
    ordered.refresh_from_db()
    assert (ordered.state, Dispute.objects.count(), Ruling.objects.count()) == (DisputeState.CLOSED, 1, 1)
    assert (refund().outcome, wallet(rich_buyer) >= before + 5_880) == ("bad_again", True)


def test_a_new_code_that_is_bad_by_the_buyer_s_word_alone_is_heard_by_whoever_had_the_case(
    ordered, looked_at, rich_buyer, seller, arbiter, senior
):
    """A machine pays only what is proven (R42): nobody gets a working code and the money by saying so."""
    before, at = wallet(rich_buyer), ordered.entered_at
    replacing.bad_again(refund(), by=rich_buyer, at=at, text="新的也显示已使用")
    ordered.refresh_from_db()
    assert (ordered.state, ordered.arbiter, refund().state) == (DisputeState.EVIDENCE, arbiter, RefundState.DISPUTED)
    assert (wallet(rich_buyer), lifecycle.served(ordered)) == (before, None)
    for side in (rich_buyer, seller):
        lifecycle.rest(ordered, by=side, at=at)
    lifecycle.rule(ordered, drafted(ordered), by=arbiter, at=at)
    lifecycle.sign(ordered, agrees=True, by=senior, at=at)
    assert (Ruling.objects.count(), wallet(rich_buyer)) == (2, before + 5_880), "a small award is paid at once"
    lapse(ordered)
    assert ordered.state == DisputeState.CLOSED


def test_who_would_not_appeal_against_the_order_may_appeal_against_what_is_ruled_after_it_failed(
    ordered, seller, rich_buyer, arbiter, senior, order
):
    """Both wanted the new code at once. That it is no good leads to another ruling, with a right of its own."""
    at = ordered.entered_at
    for side in (rich_buyer, seller):
        lifecycle.waive(ordered, by=side, at=at)
    assert refund().state == RefundState.REPLACING
    replacing.replace(refund(), by=seller, at=at)
    delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at, visit=VISIT)
    replacing.bad_again(refund(), by=rich_buyer, at=at, text="新的也显示已使用")
    ordered.refresh_from_db()
    for side in (rich_buyer, seller):
        lifecycle.rest(ordered, by=side, at=at)
    lifecycle.rule(ordered, drafted(ordered), by=arbiter, at=at)
    lifecycle.sign(ordered, agrees=True, by=senior, at=at)
    ordered.refresh_from_db()
    assert ordered.state == DisputeState.RULED
    appeals.file(ordered, ground="rule", text=GROUND, by=rich_buyer, at=at)
    ordered.refresh_from_db()
    assert ordered.state == DisputeState.APPEALED


def test_finance_is_not_alarmed_while_the_shop_delivers(ordered, seller, rich_buyer):
    lapse(ordered)
    replacing.replace(refund(), by=seller, at=ordered.entered_at)
    lapse(ordered)
    assert "dispute.replacement_awaited" in events_of(ordered)
    assert not Event.objects.filter(name__in=["dispute.payment_late", "dispute.alarm"]).exists()


def test_what_cannot_be_replaced_is_not_ordered(reviewed, arbiter, at):
    nothing = drafted(reviewed, orders_replacement=True, shares={"buyer": 10_000})
    assert "replacement" in rulings.prepare(reviewed, nothing).missing, "a clock that pays nothing helps nobody"
    reviewed.refund.order.units.filter(place=1).update(delivery="undelivered")
    assert "replacement" in rulings.prepare(reviewed, drafted(reviewed, orders_replacement=True)).missing
    assert refused(lambda: lifecycle.rule(reviewed, drafted(reviewed, orders_replacement=True), by=arbiter, at=at))


@pytest.fixture
def charged_and_ordered(charged_order, charged_case, seller, rich_buyer, arbiter, senior, at):
    """The same of an order that a channel brought the money of; the shop's clock to deliver runs."""
    refunds.decline(charged_case, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    refunds.escalate(charged_case, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    lifecycle.rule(dispute, drafted(dispute, orders_replacement=True), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    lapse(dispute)
    return dispute


def by_channel(amount, at):
    return outside.paid_by_channel(Order.objects.get(), reference="wx-1", amount=amount, cause="complaint:1", at=at)


def test_what_a_channel_paid_meanwhile_is_less_to_pay_if_nothing_comes(charged_and_ordered):
    assert by_channel(1_000, charged_and_ordered.entered_at) == 1_000
    assert refund().state == RefundState.REPLACING
    lapse(refund())
    assert (refund().outcome, refund().approved) == ("unreplaced", 4_880), "¥58.80 in all, as it was ruled"


def test_a_channel_that_paid_all_that_was_ruled_ends_the_case(charged_and_ordered):
    assert by_channel(5_880, charged_and_ordered.entered_at) == 5_880
    charged_and_ordered.refresh_from_db()
    assert (refund().state, refund().outcome) == (RefundState.REFUNDED, "external")
    assert charged_and_ordered.state == DisputeState.CLOSED


def test_either_side_may_appeal_against_a_replacement(ordered, seller, rich_buyer):
    for side in (seller, rich_buyer):
        assert appeals.may_gain(ordered, ordered.side_of(side))


def test_who_waited_for_too_long_has_money_and_no_second_wait(reviewed, arbiter, senior, rich_buyer, at):
    before = wallet(rich_buyer)
    Dispute.objects.filter(pk=reviewed.pk).update(budget_over_at=at)
    reviewed.refresh_from_db()
    lifecycle.rule(reviewed, drafted(reviewed, orders_replacement=True), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    assert wallet(rich_buyer) == before + 5_880
    lapse(reviewed)
    assert reviewed.state == DisputeState.CLOSED
    assert not is_told_to_be_delivered_anew(reviewed), "nobody delivers anything anew"


def test_a_copy_of_the_file_says_that_the_shop_is_to_deliver_anew(ordered, rich_buyer, at):
    said = texts(made(ordered, "regulator", rich_buyer, at))
    assert "由商家补发或换货，逾期未补发或补发后仍有问题的，退还买家 ¥58.80" in said
    assert "：退还买家" not in said, "it goes back only if nothing comes"
