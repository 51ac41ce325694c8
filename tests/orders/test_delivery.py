"""What is not a code is delivered unit by unit, with proof, under the promise and the hard limit."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger.accounts import balance
from orders import attachments, lifecycle, promises
from orders.fulfilment import given, manual, system
from orders.fulfilment.manual import Proof
from orders.fulfilment.tickets import Answer
from orders.models import Order, Ticket, Unit
from orders.states import Delivery, Grade, OrderState, Standing
from refunds import lifecycle as refunds
from shops.models import Kind
from tests.fixtures.deliveries import ACCOUNT
from tests.races import lost, race, won
from timeline import outages
from timeline.door import Refused
from timeline.events import stream
from timeline.models import Timer
from timeline.sweep import fire_overdue

HOUR = timedelta(hours=1)
TERM: Any = {"starts_on": date(2026, 11, 22), "ends_on": date(2026, 12, 21)}


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def refused(call):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def names(order):
    return list(stream(order.root_address).order_by("seq").values_list("name", flat=True))


def clocks(order):
    """The live clocks of an order and their ends."""
    return dict(Timer.objects.live().filter(subject=order.address).order_by("pk").values_list("limit", "due_at"))


def at_the_clock(order, at):
    fire_overdue(order.root_address, at=at)
    return fresh(order)


@pytest.fixture
def screenshot(seller):
    def added(order, at):
        return attachments.attach(order, SimpleUploadedFile("done.txt", b"credited"), by=seller, at=at)

    return added


@pytest.fixture
def topped_up(seller, screenshot):
    """`topped_up(order, [1], at)`: the shop delivers top-ups by hand, with a proof that is whole."""

    def deliver(order, places, at, by=None, **more):
        words = {"account": ACCOUNT, "reference": "UP-77", "files": [screenshot(order, at)], **more}
        return manual.deliver(order, places, Proof(**words), by=by or seller, at=at)

    return deliver


# What the buyer gives


def test_what_the_buyer_gave_is_sealed_and_shown_masked(bought):
    order = bought()
    assert given.hints(order) == {"account": "13•••••••00"}
    assert ACCOUNT.encode() not in bytes(order.given.sealed)
    assert given.opened(order) == {"account": ACCOUNT}
    assert ACCOUNT not in order.snapshot.body


@pytest.mark.parametrize("account", ["", "   ", "x" * 61, "1380\u200b0138000"])
def test_without_an_account_that_can_be_read_nothing_is_ordered(offer, rich_buyer, at, account):
    with pytest.raises(ValidationError) as wrong:
        lifecycle.place(
            buyer=rich_buyer, listing=offer(), quantity=1, acknowledged=True, given={"account": account}, at=at
        )
    assert list(wrong.value.message_dict) == ["account"]
    assert not Order.objects.exists()


def test_the_shop_opens_it_on_record_and_reads_it_for_an_hour(bought, seller, arbiter, rich_buyer, at):
    order = bought()
    for wrong in (arbiter, rich_buyer):
        assert refused(lambda wrong=wrong: given.open_for_delivery(order, by=wrong, at=at)) == "not_your_turn"
    assert not given.is_open_for(order, seller, at)
    for moment in (at, at + HOUR / 2):  # the second look within the hour is the same look
        given.open_for_delivery(order, by=seller, at=moment)
    seen = rich_buyer.unmaskings.get()
    assert (seen.what, seen.by, seen.subject, seen.at) == ("given", seller, order.address, at)
    assert order.number in seen.reason
    assert given.is_open_for(order, seller, at + HOUR - HOUR / 60)
    assert not given.is_open_for(order, seller, at + HOUR)
    assert not given.is_open_for(order, arbiter, at), "who did not open it reads it masked"


def test_what_is_not_the_shops_to_deliver_any_more_stays_masked(bought, topped_up, seller, rich_buyer, at):
    supplied = bought(delivered_by="supplier")
    assert refused(lambda: given.open_for_delivery(supplied, by=seller, at=at)) == "wrong_way"
    done = bought()
    topped_up(done, [1], at)
    assert refused(lambda: given.open_for_delivery(fresh(done), by=seller, at=at)) == "not_awaited"
    assert not rich_buyer.unmaskings.exists()


# By hand


def test_a_paid_top_up_waits_for_the_shop_under_its_promise_and_the_hard_limit(bought, at):
    order = bought()
    assert order.state == OrderState.PAID
    assert clocks(order) == {"HARD": at + 25 * HOUR, "PROMISE": at + HOUR}


def test_the_shop_delivers_with_proof_and_inspection_begins(bought, topped_up, at):
    order = bought()
    made = topped_up(order, [1], at + HOUR / 2)
    unit = Unit.objects.get(order=order)
    assert (unit.delivery, unit.grade) == (Delivery.USED, Grade.CLAIMED)
    assert unit.inspection_ends_at == at + HOUR / 2 + 24 * HOUR
    assert (unit.handover, made.reference, made.files.count()) == (made, "UP-77", 1)
    assert fresh(order).state == OrderState.DELIVERED
    assert clocks(order) == {"INSPECT": at + HOUR / 2 + 24 * HOUR}
    assert names(order)[-2:] == ["order.units_delivered", "order.delivered"]


@pytest.mark.parametrize(
    ("kind", "proof", "lacks"),
    [
        (Kind.DIRECT_TOPUP, {}, ["account", "reference", "files"]),
        (Kind.DIRECT_TOPUP, {"account": "13900139000", "reference": "7"}, ["files", "account"]),
        (Kind.MEMBERSHIP, {"account": ACCOUNT}, ["starts_on", "ends_on"]),
        (
            Kind.MEMBERSHIP,
            {"account": ACCOUNT, "starts_on": TERM["ends_on"], "ends_on": TERM["starts_on"]},
            ["ends_on"],
        ),
        (Kind.CUSTOM_SERVICE, {"text": "done"}, ["files"]),
    ],
)
def test_a_proof_that_lacks_what_its_kind_needs_is_none(bought, seller, at, kind, proof, lacks):
    order = bought(kind)
    with pytest.raises(ValidationError) as wrong:
        manual.deliver(order, [1], Proof(**proof), by=seller, at=at)
    assert sorted(wrong.value.message_dict) == sorted(lacks)
    assert fresh(order).state == OrderState.PAID


def test_a_membership_is_proven_by_its_term(bought, seller, at):
    order = bought(Kind.MEMBERSHIP)
    manual.deliver(order, [1], Proof(account=ACCOUNT, **TERM), by=seller, at=at)
    unit = Unit.objects.get(order=order)
    assert (unit.delivery, unit.handover.ends_on) == (Delivery.PARTIAL, TERM["ends_on"])
    assert unit.inspection_ends_at is not None
    assert unit.inspection_ends_at >= at + 7 * 24 * HOUR


def test_a_service_is_proven_by_what_was_done_and_a_file(bought, seller, screenshot, at):
    order = bought(Kind.CUSTOM_SERVICE)
    manual.deliver(order, [1], Proof(text="60 级", files=[screenshot(order, at)]), by=seller, at=at)
    assert fresh(order).state == OrderState.DELIVERED


def test_a_file_of_another_order_proves_nothing(bought, seller, screenshot, at):
    order, other = bought(), bought()
    proof = Proof(account=ACCOUNT, reference="7", files=[screenshot(other, at)])
    with pytest.raises(ValidationError, match="files"):
        manual.deliver(order, [1], proof, by=seller, at=at)


def test_only_the_shop_delivers_and_each_unit_once(bought, topped_up, rich_buyer, stranger, at):
    order = bought(quantity=2)
    assert refused(lambda: manual.deliver(order, [1], Proof(), by=rich_buyer, at=at)) == "not_your_turn"
    assert refused(lambda: manual.deliver(order, [1], Proof(), by=stranger, at=at)) == "not_your_turn"
    topped_up(order, [1], at)
    assert refused(lambda: topped_up(order, [1, 2], at)) == "not_awaited"
    assert refused(lambda: topped_up(order, [], at)) == "not_awaited"
    assert refused(lambda: topped_up(order, [3], at)) == "not_awaited"


def test_what_a_supplier_delivers_the_shop_does_not_deliver_by_hand(bought, topped_up, at):
    order = bought(delivered_by="supplier")
    assert refused(lambda: topped_up(order, [1], at)) == "wrong_way"


# Part by part


def test_units_delivered_at_different_times_have_inspections_of_their_own_and_are_released_one_by_one(
    bought, topped_up, seller, at
):
    order = bought(quantity=3)
    topped_up(order, [2], at)
    assert fresh(order).state == OrderState.PAID
    assert clocks(order) == {"HARD": at + 25 * HOUR, "PROMISE": at + HOUR, "INSPECT": at + 24 * HOUR}
    order = at_the_clock(order, at + 24 * HOUR)
    assert [unit.held for unit in order.units.order_by("place")] == [5_000, 0, 5_000]
    assert balance(order.shop.account("pending")) == 4_750
    topped_up(order, [1, 3], at + 24 * HOUR + HOUR / 2)
    order = fresh(order)
    assert (order.state, order.deadline_at) == (OrderState.DELIVERED, at + 48 * HOUR + HOUR / 2)
    order = at_the_clock(order, at + 49 * HOUR)
    assert order.state == OrderState.COMPLETED


def test_what_is_still_awaited_at_the_hard_limit_comes_back_and_the_rest_goes_on(bought, topped_up, rich_buyer, at):
    order = bought(quantity=3)
    topped_up(order, [2], at + 2 * HOUR)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    order = at_the_clock(order, at + 25 * HOUR)
    assert order.state == OrderState.DELIVERED
    assert [unit.refunded for unit in order.units.order_by("place")] == [5_000, 0, 5_000]
    assert clocks(order) == {"INSPECT": at + 26 * HOUR}
    assert "order.units_called_off" in names(order)
    assert before == 85_000


def test_an_order_of_which_nothing_came_is_cancelled_at_the_hard_limit(bought, at):
    order = at_the_clock(bought(quantity=2), at + 25 * HOUR)
    assert order.state == OrderState.CANCELLED
    assert {unit.refunded for unit in order.units.order_by("place")} == {5_000}
    assert clocks(order) == {}


def test_the_hard_limit_leaves_a_unit_to_the_case_that_holds_it(bought, rich_buyer, at):
    order = bought(quantity=2)
    first = order.units.get(place=1)
    refund = refunds.ask(
        order=order, units=[first], reason="CHANGE_OF_MIND", by=rich_buyer, at=at + 24.5 * HOUR, amount=4_000
    )
    order = at_the_clock(order, at + 25 * HOUR)
    assert order.state == OrderState.PAID
    assert [unit.refunded for unit in order.units.order_by("place")] == [0, 5_000]
    refunds.withdraw(refund, by=rich_buyer, at=at + 26 * HOUR)
    order = at_the_clock(order, at + 31 * HOUR)
    assert order.state == OrderState.CANCELLED
    assert {unit.refunded for unit in order.units.order_by("place")} == {5_000}


def test_a_case_about_an_undelivered_unit_is_still_answered_after_the_hard_limit(bought, shop, rich_buyer, at):
    order = bought(quantity=2)
    first = order.units.get(place=1)
    refund = refunds.ask(
        order=order, units=[first], reason="CHANGE_OF_MIND", by=rich_buyer, at=at + 24.5 * HOUR, amount=4_000
    )
    at_the_clock(order, at + 25 * HOUR)
    refunds.accept(refund, by=shop.owner, at=at + 26 * HOUR)
    order.refresh_from_db()
    assert [unit.refunded for unit in order.units.order_by("place")] == [4_000, 5_000]


# The promise


def test_a_broken_promise_makes_the_order_late_and_lets_the_buyer_cancel_for_nothing(bought, rich_buyer, at):
    order = bought()
    assert refused(lambda: lifecycle.cancel(order, by=rich_buyer, at=at)) == "wrong_moment"
    order = at_the_clock(order, at + HOUR)
    assert (order.is_late, order.state) == (True, OrderState.PAID)
    lifecycle.cancel(order, by=rich_buyer, at=at + HOUR)
    assert fresh(order).state == OrderState.CANCELLED
    assert Unit.objects.get(order=order).refunded == 5_000
    assert clocks(order) == {}


def test_only_the_buyer_cancels_a_late_order(bought, seller, at):
    order = at_the_clock(bought(), at + HOUR)
    assert refused(lambda: lifecycle.cancel(order, by=seller, at=at + HOUR)) == "not_your_turn"


def test_cancelling_a_late_order_keeps_what_was_delivered(bought, topped_up, rich_buyer, at):
    order = bought(quantity=2)
    topped_up(order, [1], at)
    order = at_the_clock(order, at + HOUR)
    lifecycle.cancel(order, by=rich_buyer, at=at + HOUR)
    order = fresh(order)
    assert order.state == OrderState.DELIVERED
    assert [unit.refunded for unit in order.units.order_by("place")] == [0, 5_000]


def test_a_promise_that_was_kept_is_never_late(bought, topped_up, at):
    order = bought()
    topped_up(order, [1], at + HOUR - timedelta(seconds=1))
    assert not at_the_clock(order, at + 2 * HOUR).is_late


def test_the_buyer_may_wait_a_day_longer_once(bought, rich_buyer, seller, at):
    order = bought()
    call = lambda: promises.wait_longer(order, by=rich_buyer, at=at + HOUR)  # noqa: E731
    assert refused(call) == "wrong_moment"  # it is not late
    at_the_clock(order, at + HOUR)
    assert refused(lambda: promises.wait_longer(order, by=seller, at=at + HOUR)) == "not_your_turn"
    call()
    assert clocks(order) == {"HARD": at + 49 * HOUR}
    assert refused(call) == "wrong_moment"
    assert at_the_clock(order, at + 25 * HOUR).state == OrderState.PAID
    assert at_the_clock(order, at + 49 * HOUR).state == OrderState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_of_delivering_and_cancelling_at_the_same_moment_one_happens(
    bought, topped_up, rich_buyer, seller, screenshot, at
):
    order = at_the_clock(bought(), at + HOUR)
    proof = Proof(account=ACCOUNT, reference="UP-1", files=[screenshot(order, at)])
    results = race(
        lambda: manual.deliver(fresh(order), [1], proof, by=seller, at=at + HOUR),
        lambda: lifecycle.cancel(fresh(order), by=rich_buyer, at=at + HOUR),
    )
    assert (len(won(results)), len(lost(results))) == (1, 1)
    unit = Unit.objects.get(order=order)
    assert (unit.refunded == 5_000) != (unit.delivery == Delivery.USED)


# The shop's own system


def test_a_shops_system_lists_what_is_to_be_delivered_and_pushes_results(bought, seller, at):
    order = bought(quantity=2, delivered_by="system")
    first, second = system.to_deliver(order.shop)
    system.push(first, Answer(Standing.PENDING), by=seller, at=at)
    system.push(first, Answer(Standing.DELIVERED, reference="S-1"), by=seller, at=at)
    system.push(first, Answer(Standing.DELIVERED, reference="S-1"), by=seller, at=at)
    assert [ticket.pk for ticket in system.to_deliver(order.shop)] == [second.pk]
    assert [unit.delivery for unit in order.units.order_by("place")] == ["used", "undelivered"]
    assert names(order).count("order.units_delivered") == 1
    assert refused(lambda: system.push(first, Answer(Standing.FAILED), by=seller, at=at)) == "already_said"
    system.push(second, Answer(Standing.FAILED, reason="no such account"), by=seller, at=at)
    order = fresh(order)
    assert order.state == OrderState.DELIVERED
    assert [unit.refunded for unit in order.units.order_by("place")] == [0, 5_000]


def test_what_a_system_says_without_a_number_or_by_somebody_else_proves_nothing(bought, seller, stranger, at):
    order = bought(delivered_by="system")
    ticket = Ticket.objects.get(unit__order=order)
    call = lambda by: system.push(ticket, Answer(Standing.DELIVERED), by=by, at=at)  # noqa: E731
    assert refused(lambda: call(seller)) == "proof_missing"
    assert refused(lambda: call(stranger)) == "not_your_turn"


def test_what_a_system_took_on_is_not_paid_back_before_it_says_that_it_failed(bought, rich_buyer, seller, at):
    order = bought(delivered_by="system")
    ticket = Ticket.objects.get(unit__order=order)
    system.push(ticket, Answer(Standing.PENDING), by=seller, at=at)
    order = at_the_clock(order, at + HOUR)
    lifecycle.cancel(order, by=rich_buyer, at=at + HOUR)
    assert fresh(order).state == OrderState.PAID
    assert "order.cancel_asked" in names(order)
    system.push(ticket, Answer(Standing.FAILED), by=seller, at=at + HOUR)
    assert fresh(order).state == OrderState.CANCELLED


# Outages


def test_a_registered_outage_stops_the_promise_and_the_hard_limit_and_gives_both_back(bought, lead, at):
    order = bought(delivered_by="supplier")
    supplier = order.snapshot.listing.supplier
    told = {"scope": "supplier", "target": str(supplier.pk), "reason": "down", "ended_at": None, "by": lead}
    down = outages.register(began_at=at + HOUR / 2, at=at + HOUR / 2, **told)
    outages.work(at=at + HOUR / 2)
    assert not at_the_clock(order, at + 2 * HOUR).is_late
    outages.end(down, ended_at=at + 3 * HOUR, by=lead, at=at + 3 * HOUR)
    outages.work(at=at + 3 * HOUR)
    assert clocks(order) == {"HARD": at + 27 * HOUR + HOUR / 2, "PROMISE": at + 4 * HOUR}
    assert fresh(order).promised_at == at + 4 * HOUR, "what people read is where the clock ends now"


def test_an_outage_moves_the_inspection_of_what_came_before_the_rest(bought, topped_up, lead, at):
    order = bought(quantity=2)
    topped_up(order, [1], at)
    told = {"scope": "shop", "target": order.shop.slug, "reason": "down", "by": lead}
    outages.register(began_at=at + HOUR, ended_at=at + 3 * HOUR, at=at + 4 * HOUR, **told)
    outages.work(at=at + 4 * HOUR)
    # A day is left at least once it is over.
    assert order.units.get(place=1).inspection_ends_at == clocks(order)["INSPECT"] == at + 27 * HOUR
