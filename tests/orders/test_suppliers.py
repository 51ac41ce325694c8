"""A supplier delivers over HTTP: exactly once, whatever it says, however often, and wherever the mall dies."""

import json
import time
from datetime import timedelta

import pytest

from orders import lifecycle
from orders.fulfilment import errands, tickets
from orders.models import Exchange, Order, Ticket, Unit
from orders.states import Delivery, Grade, OrderState, Standing
from tests.fixtures.deliveries import ACCOUNT, SUPPLIER_SECRET
from timeline.events import stream
from timeline.sweep import fire_overdue

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db(transaction=True)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def names(order):
    return list(stream(order.root_address).order_by("seq").values_list("name", flat=True))


def run(order, at, times=3):
    """The errands of so many rounds, an hour of the mall's time in all at most; the order then."""
    for number in range(times):
        errands.run(at=at + number * timedelta(minutes=11))
    return fresh(order)


def jobs(supplier):
    return [dict(row) for row in supplier.rows("select number, state, given from job order by number")]


@pytest.fixture
def by_supplier(supplier, bought):
    return lambda quantity=1: bought(quantity=quantity, delivered_by="supplier")


def test_a_supplier_tops_up_and_its_number_proves_it(by_supplier, supplier, at):
    order = run(by_supplier(2), at)
    units = list(order.units.select_related("handover", "ticket").order_by("place"))
    assert order.state == OrderState.DELIVERED
    assert {(unit.delivery, unit.grade) for unit in units} == {(Delivery.USED, Grade.VERIFIED)}
    assert all(unit.handover.reference.startswith("SUP") for unit in units)
    assert [job["state"] for job in jobs(supplier)] == ["delivered", "delivered"]
    assert json.loads(jobs(supplier)[0]["given"]) == {"account": ACCOUNT}
    assert ACCOUNT not in "".join(f"{each.asked}{each.answer}" for each in Exchange.objects.order_by("pk"))
    assert {each.what for each in Exchange.objects.order_by("pk")} >= {"submit"}


def test_pending_is_not_failed(by_supplier, supplier, at):
    supplier.mood = "slow"
    order = run(by_supplier(), at)
    ticket = Ticket.objects.get(unit__order=order)
    assert (order.state, ticket.standing) == (OrderState.PAID, Standing.PENDING)
    assert ticket.tries >= 2
    supplier.release()
    assert run(order, at + HOUR).state == OrderState.DELIVERED


def test_what_the_supplier_cannot_deliver_is_paid_back_at_once(by_supplier, supplier, at):
    supplier.mood = "failing"
    order = run(by_supplier(), at)
    assert order.state == OrderState.CANCELLED
    assert Unit.objects.get(order=order).refunded == 5_000
    assert "order.supplier_failed" in names(order)


def test_a_supplier_that_does_not_answer_is_asked_before_anything_is_sent_again(by_supplier, supplier, at):
    supplier.mood = "silent"
    order = by_supplier()
    errands.run(at=at)
    ticket = Ticket.objects.get(unit__order=order)
    assert (ticket.standing, fresh(order).state) == (Standing.SENT, OrderState.PAID)
    assert run(order, at + HOUR).state == OrderState.DELIVERED
    whats = list(Exchange.objects.order_by("pk").exclude(what="notice").values_list("what", flat=True))
    assert whats[:2] == ["submit", "query"]
    assert len(jobs(supplier)) == 1


def test_a_lie_in_a_notice_delivers_nothing(by_supplier, supplier, at):
    supplier.mood, supplier.quick = "lying", 3600
    order = run(by_supplier(), at)
    assert_told(supplier)
    assert run(order, at + HOUR).state == OrderState.PAID
    with supplier.writing() as books:
        books.execute("update job set ready_at = 0")
    assert run(order, at + 2 * HOUR).state == OrderState.CANCELLED


def test_what_is_told_twice_and_then_otherwise_is_delivered_once(by_supplier, supplier, at):
    supplier.mood = "twice"
    order = run(by_supplier(), at)
    assert_told(supplier, 3)
    order = run(order, at + HOUR)
    assert order.state == OrderState.DELIVERED
    assert names(order).count("order.units_delivered") == 1
    assert Exchange.objects.filter(what="notice").count() == 3


def test_a_supplier_that_is_away_loses_nothing(bought, at):
    order = run(bought(delivered_by="supplier"), at)
    ticket = Ticket.objects.get(unit__order=order)
    assert (ticket.standing, ticket.tries) == (Standing.SENT, 3)
    assert Exchange.objects.filter(status=None).count() == 3


def test_a_fault_of_ours_is_on_record_with_the_ticket_and_holds_up_nobody(by_supplier, supplier, monkeypatch, at):
    """Its name is, and never its words: they could hold what the buyer gave."""
    stuck, other = by_supplier(), by_supplier()
    real = tickets.what_to_say

    def stumbling(ticket, *, at):
        if ticket.unit.order_id == stuck.pk:
            raise LookupError(ACCOUNT)
        return real(ticket, at=at)

    with monkeypatch.context() as broken:
        broken.setattr(tickets, "what_to_say", stumbling)
        assert run(stuck, at).state == OrderState.PAID
    assert fresh(other).state == OrderState.DELIVERED
    ticket = Ticket.objects.get(unit__order=stuck)
    assert (ticket.tries, ticket.standing) == (3, Standing.WAITING)
    faults = Exchange.objects.filter(ticket=ticket).order_by("pk")
    assert [(each.what, each.asked, each.answer) for each in faults] == [("fault", "", "LookupError")] * 3
    assert run(stuck, at + HOUR).state == OrderState.DELIVERED, "mended, it goes on by itself"


def test_a_fault_that_cannot_even_be_kept_holds_up_nobody(by_supplier, supplier, monkeypatch, at):
    stuck, other = by_supplier(), by_supplier()
    real = tickets.what_to_say

    def stumbling(ticket, *, at):
        if ticket.unit.order_id == stuck.pk:
            raise LookupError
        return real(ticket, at=at)

    def falling(*_args, **_words):
        raise OSError

    monkeypatch.setattr(tickets, "what_to_say", stumbling)
    monkeypatch.setattr(tickets, "stumble", falling)
    assert run(stuck, at).state == OrderState.PAID
    assert fresh(other).state == OrderState.DELIVERED


def test_while_the_vault_is_closed_a_ticket_waits_and_says_why(by_supplier, supplier, settings, at):
    order = by_supplier()
    key, settings.VAULT_KEY = settings.VAULT_KEY, ""
    assert run(order, at).state == OrderState.PAID
    assert {each.answer for each in Exchange.objects.all().order_by("pk")} == {"VaultClosed"}
    settings.VAULT_KEY = key
    assert run(order, at + HOUR).state == OrderState.DELIVERED


# The mall dies between any two steps


class Killed(BaseException):
    """The process was ended here."""


@pytest.mark.parametrize("step", ["take_on", "what_to_say", "_say", "hear"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_the_mall_dies_the_supplier_tops_up_once_and_the_buyer_has_it_once(
    by_supplier, supplier, monkeypatch, at, step, when
):
    order = by_supplier()
    room = errands if step == "_say" else tickets
    real = getattr(room, step)

    def dying(*args, **kwargs):
        if when == "after":
            real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as dead:
        dead.setattr(room, step, dying)
        with pytest.raises(Killed):
            errands.run(at=at)
    order = run(order, at + 2 * timedelta(minutes=1))
    assert order.state == OrderState.DELIVERED
    assert len(jobs(supplier)) == 1
    assert names(order).count("order.units_delivered") == 1


# The buyer does not wait


def test_what_was_never_sent_is_called_off_at_once(bought, rich_buyer, supplier, at):
    order = bought(delivered_by="supplier")
    fire_overdue(order.root_address, at=at + HOUR)
    lifecycle.cancel(fresh(order), by=rich_buyer, at=at + HOUR)
    assert run(order, at + HOUR).state == OrderState.CANCELLED
    assert jobs(supplier) == []


def test_what_a_supplier_took_on_is_called_back_there_first(by_supplier, supplier, rich_buyer, at):
    supplier.mood = "slow"
    order = run(by_supplier(), at)
    fire_overdue(order.root_address, at=at + HOUR)
    lifecycle.cancel(fresh(order), by=rich_buyer, at=at + HOUR)
    assert fresh(order).state == OrderState.PAID
    order = run(order, at + HOUR)
    assert order.state == OrderState.CANCELLED
    assert jobs(supplier)[0]["state"] == "cancelled"


def test_what_was_delivered_before_it_could_be_called_back_is_delivered(by_supplier, supplier, rich_buyer, at):
    supplier.mood = "slow"
    order = run(by_supplier(), at)
    fire_overdue(order.root_address, at=at + HOUR)
    supplier.release()
    lifecycle.cancel(fresh(order), by=rich_buyer, at=at + HOUR)
    assert run(order, at + HOUR).state == OrderState.DELIVERED


def test_at_the_hard_limit_the_final_answer_is_asked_before_anything_is_paid_back(by_supplier, supplier, at):
    supplier.mood = "slow"
    order = run(by_supplier(), at)
    fire_overdue(order.root_address, at=at + 25 * HOUR)
    order = fresh(order)
    assert (order.state, order.final_asked_at) == (OrderState.PAID, at + 25 * HOUR)
    assert order.deadline_at == at + 25 * HOUR + HOUR / 2
    order = run(order, at + 25 * HOUR)
    assert "order.final_answer_asked" in names(order)
    fire_overdue(order.root_address, at=at + 26 * HOUR)
    assert fresh(order).state == OrderState.PAID  # it is pending there
    fire_overdue(order.root_address, at=at + 25 * HOUR + timedelta(days=9))
    order = fresh(order)
    assert order.state == OrderState.CANCELLED
    assert Ticket.objects.get(unit__order=order).standing == Standing.GIVEN_UP


def test_a_supplier_that_stays_silent_after_the_hard_limit_is_given_up_after_a_day(bought, at):
    order = run(bought(delivered_by="supplier"), at)
    for hours in (25, 26, 32, 38, 44, 50, 56):
        fire_overdue(order.root_address, at=at + hours * HOUR)
    assert fresh(order).state == OrderState.CANCELLED


# Notices


def test_a_notice_that_is_not_the_suppliers_is_not_believed(by_supplier, supplier, client, settings, at):
    order = by_supplier()
    ticket = Ticket.objects.get(unit__order=order)
    url = f"/suppliers/sandbox/notify/{ticket.number}/"
    body = json.dumps({"number": ticket.number, "state": "delivered"}).encode()
    good = supplier.signed("notice", url, body)

    def sent(headers, to=url, said=body):
        named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        return client.post(to, said, content_type="application/json", **named).status_code

    assert sent(good) == 200
    assert sent({}) == 400
    assert sent({**good, "X-Supplier-Signature": "0" * 64}) == 400
    assert sent(good, said=body + b" ") == 400
    assert sent(supplier.signed("notice", url, body, timestamp=int(time.time()) - 400)) == 400
    assert sent(supplier.signed("answer 200", url, body)) == 400
    assert sent(good, to=f"/suppliers/nobody/notify/{ticket.number}/") == 400
    settings.SUPPLIERS = {"sandbox": {"address": supplier.address, "secret": " "}}
    assert sent(good) == 400
    assert SUPPLIER_SECRET not in str(list(Exchange.objects.order_by("pk").values()))
    assert Order.objects.get(pk=order.pk).state == OrderState.PAID


def assert_told(supplier, count=1, seconds=8):
    """Wait until the supplier's notices were taken."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if len(supplier.rows("select id from notice where told = 1")) >= count:
            return
        time.sleep(0.05)
    raise AssertionError([dict(row) for row in supplier.rows("select * from notice")])
