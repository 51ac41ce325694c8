from datetime import timedelta

import pytest

from accounts import lifecycle
from accounts.models import Role
from tests.accounts.conftest import is_signed_in, sign_in
from timeline import events
from timeline.refusals import Refused

DAY = timedelta(days=1)


def test_a_suspended_person_can_still_sign_in_and_read(client, buyer, risk, at):
    lifecycle.suspend(buyer, reason="three batches of used codes", until=None, by=risk, at=at)
    assert buyer.is_suspended(at)
    sign_in(client, buyer)
    assert is_signed_in(client)


def test_a_suspension_ends_by_itself(buyer, risk, at):
    lifecycle.suspend(buyer, reason="r", until=at + DAY, by=risk, at=at)
    assert buyer.is_suspended(at + DAY - timedelta(seconds=1))
    assert not buyer.is_suspended(at + DAY)


def test_roles_end_with_a_suspension_and_do_not_come_back(arbiter, lead, at):
    suspension = lifecycle.suspend(arbiter, reason="r", until=None, by=lead, at=at)
    assert not arbiter.is_mall_staff
    with pytest.raises(Refused, match="suspended"):
        lifecycle.grant(arbiter, Role.ARBITER, by=lead, at=at)
    lifecycle.lift(suspension, by=lead, at=at + DAY)
    assert not arbiter.is_suspended(at + DAY)
    assert not arbiter.is_mall_staff
    names = [event.name for event in events.stream(arbiter.address)]
    assert names == ["user.suspended", "role.revoked", "user.suspension_lifted"]


def test_who_may_suspend_whom(buyer, arbiter, risk, lead, stranger, at):
    for other in (stranger, arbiter):
        with pytest.raises(Refused, match="not_your_turn"):
            lifecycle.suspend(buyer, reason="r", until=None, by=other, at=at)
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.suspend(lead, reason="r", until=None, by=risk, at=at)
    with pytest.raises(Refused, match="not_yourself"):
        lifecycle.suspend(risk, reason="r", until=None, by=risk, at=at)
    assert not events.stream(buyer.address).exists()


def test_a_suspension_needs_a_reason_and_a_future_and_is_one_at_a_time(buyer, risk, at):
    with pytest.raises(Refused, match="reason_missing"):
        lifecycle.suspend(buyer, reason=" ", until=None, by=risk, at=at)
    with pytest.raises(Refused, match="time_over"):
        lifecycle.suspend(buyer, reason="r", until=at, by=risk, at=at)
    lifecycle.suspend(buyer, reason="r", until=at + DAY, by=risk, at=at)
    with pytest.raises(Refused, match="suspended"):
        lifecycle.suspend(buyer, reason="r", until=None, by=risk, at=at)


def test_an_ended_suspension_cannot_be_lifted(buyer, risk, stranger, at):
    suspension = lifecycle.suspend(buyer, reason="r", until=at + DAY, by=risk, at=at)
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.lift(suspension, by=stranger, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.lift(suspension, by=risk, at=at + DAY)
