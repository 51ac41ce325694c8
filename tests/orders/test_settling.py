"""A suspended shop's pending money stays where a claim finds it, and settles once the shop may sell again."""

from datetime import timedelta

import pytest

from ledger.accounts import balance
from orders.states import OrderState
from shops import lifecycle as shops
from shops import sanctions
from shops.models import Deposit
from shops.states import DepositState
from tests.fixtures.clocks import let_remind
from timeline.models import Event
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db


def at_its_clock(thing):
    """The thing after its clock has run out."""
    found = type(thing).objects.get(pk=thing.pk)
    assert found.deadline_at is not None
    fire_overdue(found.root_address, at=found.deadline_at)
    return type(thing).objects.get(pk=thing.pk)


def test_a_suspended_shops_money_stays_pending_until_it_may_sell_again(order, shop, seller, at):
    completed = at_its_clock(order)
    assert (completed.state, completed.shop.level) == (OrderState.COMPLETED, "S0")
    pending, due = balance(shop.account("pending")), completed.deadline_at
    deposit = Deposit.objects.get(shop=shop)
    shops.set_required(deposit, required=200_000, at=at + timedelta(hours=1))
    let_remind(deposit)
    assert at_its_clock(deposit).state == DepositState.SUSPENDED
    waiting = at_its_clock(order)
    assert (waiting.state, balance(shop.account("pending"))) == (OrderState.COMPLETED, pending)
    assert waiting.deadline_at == due + timedelta(hours=24)
    assert Event.objects.filter(root=order.address, name="order.settlement_waits").count() == 1
    deposit = Deposit.objects.get(shop=shop)
    shops.pay_in(deposit, amount=100_000, channel="sandbox", by=seller, at=due, key="again")
    assert Deposit.objects.get(shop=shop).state == DepositState.ACTIVE
    assert at_its_clock(order).state == OrderState.SETTLED
    assert (balance(shop.account("pending")), balance(shop.account("available"))) == (0, pending)


#: What figures stopped has its figures; here it has none, for the books of stops are told elsewhere.
FIGURES = pytest.param("no_sales", True, marks=pytest.mark.breaks_books)


@pytest.mark.parametrize(("step", "by_figures"), [("no_sales", False), ("closing", False), FIGURES])
def test_what_a_person_of_risk_stopped_does_not_settle_meanwhile(order, shop, risk, at, step, by_figures):
    completed = at_its_clock(order)
    pending, due = balance(shop.account("pending")), completed.deadline_at
    stopped_at = due - timedelta(hours=1)
    if by_figures:
        sanctions.stop(shop, reason="退款率", days=7, at=stopped_at)
    else:
        sanctions.impose(shop, step=step, reason="售假", days=15, is_grave=True, by=risk, at=stopped_at)
    waiting = at_its_clock(order)
    if by_figures:  # what figures stop withholds the money of the goods concerned alone
        assert (waiting.state, balance(shop.account("available"))) == (OrderState.SETTLED, pending)
        return
    assert (waiting.state, balance(shop.account("pending"))) == (OrderState.COMPLETED, pending)
    assert Event.objects.filter(root=order.address, name="order.settlement_waits").count() == 1
    sanctions.lift(shop.sanctions.get(), reason="查清", by=risk, at=due)
    assert at_its_clock(order).state == OrderState.SETTLED


def test_a_closing_that_was_carried_out_is_no_suspension_any_more(order, shop, risk, at):
    due = at_its_clock(order).deadline_at
    made = sanctions.impose(
        shop, step="closing", reason="售假", days=1, is_grave=True, by=risk, at=due - timedelta(days=2)
    )
    at_its_clock(made)
    assert at_its_clock(order).state == OrderState.SETTLED
