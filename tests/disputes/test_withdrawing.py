"""Taking a case back is offered exactly as long as the platform has not decided; a decision is not asked away."""

import pytest

from orders.models import Order
from refunds import lifecycle as refunds
from timeline.refusals import Refused
from timeline.sweep import sweep


def test_before_the_ruling_the_buyer_may_take_the_case_back(reviewed, rich_buyer, at):
    assert "withdraw" in reviewed.refund.actions_for(rich_buyer, at)


def test_after_the_ruling_nothing_of_the_kind_is_offered(ruled, rich_buyer, at):
    ruled.refund.refresh_from_db()
    assert "withdraw" not in ruled.refund.actions_for(rich_buyer, at)


def test_a_ruling_is_not_undone_by_asking_again(ruled, rich_buyer, at):
    later = ruled.deadline_at
    sweep(at=later)
    ruled.refund.refresh_from_db()
    assert ruled.refund.outcome == "ruling"
    order = Order.objects.get(pk=ruled.refund.order_id)
    unit = ruled.refund.items.get().unit
    assert unit.left > 0
    with pytest.raises(Refused) as refusal:
        refunds.ask(order=order, units=[unit], reason=ruled.refund.reason, by=rich_buyer, at=later)
    assert refusal.value.code == "decided_already"
