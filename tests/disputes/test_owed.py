"""A shop that closes pays the buyers to whom it owes something before its deposit goes back."""

from datetime import timedelta

import pytest

from disputes import owed
from ledger.accounts import balance
from shops import lifecycle as shops
from shops.models import Deposit
from shops.states import DepositState
from tests.fixtures.disputes import nobody_had
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def at_its_clock(deposit):
    found = Deposit.objects.get(pk=deposit.pk)
    assert found.deadline_at is not None
    fire_overdue(found.root_address, at=found.deadline_at)
    return Deposit.objects.get(pk=deposit.pk)


def test_a_deposit_goes_back_after_the_buyers_to_whom_its_shop_owes_something(order, rich_buyer, shop, seller, at):
    deposit, held = Deposit.objects.get(shop=shop), balance(shop.account("deposit"))
    shops.close(deposit, by=seller, at=at)
    row = nobody_had(order, 5_000, cause="case:1", at=at)
    waiting = at_its_clock(deposit)
    assert (waiting.state, balance(shop.account("deposit"))) == (DepositState.CLOSING, held)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    assert waiting.deadline_at is not None
    assert owed.collect_all(at=waiting.deadline_at - MINUTE) == 1
    row.refresh_from_db()
    assert (row.paid, balance(f"user:{rich_buyer.pk}:wallet")) == (5_000, before + 5_000)
    assert balance(shop.account("deposit")) == held - 5_000
    assert at_its_clock(deposit).state == DepositState.RETURNED


def test_the_deposit_of_a_shop_that_goes_on_is_left_to_its_open_cases(order, shop, at):
    held = balance(shop.account("deposit"))
    nobody_had(order, 5_000, cause="case:1", at=at)
    assert owed.collect_all(at=at) == 0
    assert balance(shop.account("deposit")) == held
