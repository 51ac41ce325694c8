"""Factories make things that could have happened."""

import pytest

from accounts.models import Role, StaffRole
from ledger.accounts import balance
from shops.states import DepositState
from tests.factories import STEPS, ShopFactory, UserFactory
from timeline.models import Event


@pytest.mark.parametrize("state", DepositState.values)
def test_a_shop_gets_to_every_state_by_verbs(db, state):
    shop = ShopFactory() if state == DepositState.UNPAID else ShopFactory(**{state: True})
    assert shop.deposit.state == state
    assert Event.objects.filter(root=shop.address, state_after=state).exists()
    assert balance(shop.account("deposit")) == (0 if state in {"unpaid", "returned"} else 100_000)


def test_there_is_a_way_to_every_state():
    assert set(STEPS) == set(DepositState)


def test_people_are_different_and_some_work_here(db, at):
    assert UserFactory().email != UserFactory().email
    assert StaffRole.objects.get(user=UserFactory(role=Role.ARBITER)).role == Role.ARBITER
