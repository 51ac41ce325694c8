"""A shop asks its supplier: about codes while nobody's time runs out, and again by hand about what is on its way."""

from datetime import timedelta

import pytest

from orders import delivery, escrow, lifecycle
from orders.fulfilment import queries, tickets
from orders.fulfilment.tickets import Answer
from orders.models import Order, Ticket
from orders.states import OrderState, Standing
from shops.models import Kind
from tests.orders.test_order import refused
from timeline import outages, upkeep
from timeline.models import Event, Pause, Timer
from timeline.sweep import sweep

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def fresh(order):
    return Order.objects.get(pk=order.pk)


def ends(order):
    return {unit.inspection_ends_at for unit in order.units.order_by("place")}


# While an answer is awaited, inspection stands still


def test_while_the_supplier_is_asked_nobody_s_inspection_runs_out(order, seller, at):
    queries.ask_supplier(order, by=seller, at=at + 60 * HOUR)
    assert (fresh(order).deadline_at, fresh(order).supplier_asked_at) == (None, at + 60 * HOUR)
    sweep(at=at + 80 * HOUR)
    assert fresh(order).state == OrderState.DELIVERED
    queries.supplier_answered(fresh(order), by=seller, at=at + 80 * HOUR)
    assert fresh(order).deadline_at == at + 80 * HOUR + DAY, "12 hours were left; everybody gets 24"
    assert ends(order) == {fresh(order).deadline_at}
    names = list(Event.objects.filter(subject=order.address).order_by("seq").values_list("name", flat=True))
    assert names[-2:] == ["order.supplier_asked", "order.supplier_answered"]
    sweep(at=fresh(order).deadline_at)
    assert fresh(order).state == OrderState.COMPLETED


def test_only_the_shop_asks_and_only_while_an_inspection_runs(order, rich_buyer, stranger, agent, seller, at):
    for by in (rich_buyer, stranger, agent):
        assert refused(lambda by=by: queries.ask_supplier(order, by=by, at=at)) == "not_your_turn"
    queries.ask_supplier(order, by=seller, at=at)
    for by in (rich_buyer, stranger, agent):
        assert refused(lambda by=by: queries.supplier_answered(fresh(order), by=by, at=at)) == "not_your_turn"
    assert refused(lambda: queries.ask_supplier(fresh(order), by=seller, at=at)) == "wrong_moment"
    queries.supplier_answered(fresh(order), by=seller, at=at)
    assert refused(lambda: queries.supplier_answered(fresh(order), by=seller, at=at)) == "wrong_moment"
    lifecycle.confirm(fresh(order), by=rich_buyer, at=at)
    assert refused(lambda: queries.ask_supplier(fresh(order), by=seller, at=at)) == "wrong_moment"


def test_the_issuer_s_word_lets_the_clock_run_again(order, seller, at):
    queries.ask_supplier(order, by=seller, at=at)
    delivery.record_validity(fresh(order).units.get(place=1), is_valid=True, source="issuer", at=at + HOUR)
    assert fresh(order).deadline_at == at + 73 * HOUR
    assert not Pause.objects.filter(ended_at=None).exists()


def test_after_five_working_days_the_clock_runs_by_itself_and_nobody_stops_it_again(order, seller, at):
    queries.ask_supplier(order, by=seller, at=at)
    until = Pause.objects.get().ends_by
    assert until is not None
    assert upkeep.end_long_pauses(at=until) == 1
    assert fresh(order).deadline_at is not None
    assert not queries.is_awaited(fresh(order))
    again = fresh(order)
    assert refused(lambda: queries.ask_supplier(again, by=seller, at=until)) == "supplier_took_too_long"
    sweep(at=fresh(order).deadline_at)
    assert fresh(order).state == OrderState.COMPLETED


def test_a_case_that_opens_and_ends_meanwhile_does_not_start_the_clock(order, seller, at):
    queries.ask_supplier(order, by=seller, at=at)
    order = fresh(order)
    first = order.units.get(place=1)
    escrow.hold(order, [first], by="case:1", at=at + HOUR)
    assert fresh(order).deadline_at is None
    lifecycle.end_case(fresh(order), cause="case:1", at=at + 2 * HOUR)
    assert fresh(order).deadline_at is None, "the answer is still awaited"
    queries.supplier_answered(fresh(order), by=seller, at=at + 3 * HOUR)
    assert fresh(order).deadline_at is not None
    sweep(at=at + 30 * DAY)
    assert fresh(order).state != OrderState.DELIVERED


def test_the_buyer_can_confirm_meanwhile(order, rich_buyer, seller, at):
    queries.ask_supplier(order, by=seller, at=at)
    lifecycle.confirm(fresh(order), by=rich_buyer, at=at + HOUR)
    assert fresh(order).state == OrderState.COMPLETED
    assert upkeep.end_long_pauses(at=at + 20 * DAY) in {0, 1}
    assert fresh(order).state in {OrderState.COMPLETED, OrderState.SETTLED}
    assert not Timer.objects.live().filter(limit="INSPECT").exists()


# Again, by hand


@pytest.fixture
def on_its_way(bought):
    """A top-up that a supplier should deliver; it was sent and nothing was heard."""
    return bought(Kind.DIRECT_TOPUP, 2, delivered_by="supplier")


def ticket_of(order, place=1):
    return Ticket.objects.select_related("unit__order__shop", "unit__order__snapshot__listing").get(
        unit__order=order, unit__place=place
    )


def test_the_shop_has_its_supplier_asked_now(on_its_way, seller, at):
    ticket = ticket_of(on_its_way)
    tickets.what_to_say(ticket, at=at)
    Ticket.objects.filter(pk=ticket.pk).update(next_try_at=at + HOUR, tries=8)
    tickets.try_again(ticket_of(on_its_way), by=seller, at=at + HOUR / 2)
    ticket.refresh_from_db()
    assert (ticket.next_try_at, ticket.tries, ticket.standing) == (at + HOUR / 2, 0, Standing.SENT)
    event = Event.objects.get(name="order.supplier_tried_again")
    assert (event.by, event.data["unit"]) == (seller, 1)


def test_nobody_else_has_the_supplier_asked(on_its_way, rich_buyer, stranger, agent, at):
    for by in (rich_buyer, stranger, agent):
        assert refused(lambda by=by: tickets.try_again(ticket_of(on_its_way), by=by, at=at)) == "not_your_turn"


def test_what_failed_while_a_case_holds_it_is_sent_anew_under_a_new_number(on_its_way, seller, at):
    order, ticket = on_its_way, ticket_of(on_its_way)
    escrow.hold(order, [order.units.get(place=1)], by="case:1", at=at)
    tickets.what_to_say(ticket, at=at)
    tickets.hear(ticket, Answer(Standing.FAILED, reason="no stock"), at=at)
    tickets.try_again(ticket_of(order), by=seller, at=at)
    ticket.refresh_from_db()
    assert (ticket.standing, ticket.reason, ticket.sent_at, ticket.ended_at) == (Standing.WAITING, "", None, None)
    assert ticket.number == f"{order.number}-1-1"
    assert tickets.what_to_say(ticket_of(order), at=at) == "submit"


def test_what_was_paid_back_is_not_tried_again(on_its_way, seller, at):
    ticket = ticket_of(on_its_way)
    tickets.what_to_say(ticket, at=at)
    tickets.hear(ticket, Answer(Standing.FAILED, reason="no stock"), at=at)
    assert refused(lambda: tickets.try_again(ticket_of(on_its_way), by=seller, at=at)) == "wrong_moment"
    other = ticket_of(on_its_way, 2)
    tickets.what_to_say(other, at=at)
    tickets.hear(other, Answer(Standing.DELIVERED, reference="S1"), at=at)
    assert refused(lambda: tickets.try_again(ticket_of(on_its_way, 2), by=seller, at=at)) == "wrong_moment"


# What an outage does to a promise


def test_what_is_promised_moves_with_an_outage_and_is_not_excused_twice(bought, lead, at):
    order = bought(Kind.DIRECT_TOPUP, 1, delivered_by="shop")
    before = order.promised_at
    told = {"scope": "platform", "target": "", "reason": "down", "by": lead}
    outages.register(began_at=at + HOUR / 6, ended_at=at + HOUR / 2, at=at + HOUR / 2, **told)
    outages.work(at=at + HOUR / 2)
    moved = fresh(order)
    timer = Timer.objects.live().get(subject=order.address, limit="PROMISE")
    assert moved.promised_at == timer.due_at > before
    from orders.facts import promised_at

    assert promised_at(moved) == before
