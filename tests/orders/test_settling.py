"""A suspended shop's pending money stays where a claim finds it, and settles once the shop may sell again."""

from datetime import timedelta

import pytest

from ledger.accounts import balance
from orders.states import OrderState
from shops import lifecycle as shops
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
