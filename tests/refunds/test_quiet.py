"""The quiet time of a shop that closes stands still while a case is open, whatever pays for it in the end."""

from datetime import timedelta

import pytest

from refunds import lifecycle, quiet
from shops import lifecycle as shops
from shops.models import Deposit
from shops.states import DepositState
from tests.fixtures.cases import claim, units_of
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at_its_clock(deposit):
    found = Deposit.objects.get(pk=deposit.pk)
    assert found.deadline_at is not None
    fire_overdue(found.root_address, at=found.deadline_at)
    return Deposit.objects.get(pk=deposit.pk)


def test_times_of_cases_are_counted_once_and_only_since(order, rich_buyer, shop, at):
    first, second = units_of(order)[:2]
    one = claim(first, "CHANGE_OF_MIND", by=rich_buyer, at=at + HOUR)
    two = claim(second, "CHANGE_OF_MIND", by=rich_buyer, at=at + 2 * HOUR)
    assert quiet.case_time(shop, at, at + 3 * HOUR) == (True, 2 * HOUR)
    lifecycle.withdraw(one, by=rich_buyer, at=at + 4 * HOUR)
    lifecycle.withdraw(two, by=rich_buyer, at=at + 6 * HOUR)
    assert quiet.case_time(shop, at, at + 9 * HOUR) == (False, 5 * HOUR)
    assert quiet.case_time(shop, at + 5 * HOUR, at + 9 * HOUR) == (False, HOUR)
    assert quiet.case_time(shop, at + 7 * HOUR, at + 9 * HOUR) == (False, timedelta(0))


def test_a_deposit_goes_back_that_much_later(order, rich_buyer, shop, seller, at):
    deposit = Deposit.objects.get(shop=shop)
    shops.close(deposit, by=seller, at=at)
    quiet_until = deposit.deadline_at
    assert quiet_until is not None
    refund = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at + DAY)
    lifecycle.withdraw(refund, by=rich_buyer, at=at + 2.5 * DAY)
    waiting = at_its_clock(deposit)
    assert (waiting.state, waiting.deadline_at) == (DepositState.CLOSING, quiet_until + 1.5 * DAY)
    assert at_its_clock(deposit).state == DepositState.RETURNED
