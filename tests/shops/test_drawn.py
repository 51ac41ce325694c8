"""A deposit that a case drew on falls short a moment later, under the shop's own lock."""

from ledger.transfers import Reason, transfer
from shops import tasks
from shops.lifecycle import drawn_down
from shops.states import DepositState
from tests.queries import expect_queries


def draw(deposit, amount, at):
    """Take money out of a deposit as the waterfall does."""
    words = {"reason": Reason.REFUND, "subject": "refund:1", "key": f"draw-{amount}", "at": at}
    transfer(source=deposit.shop.account("deposit"), target="platform:suspense", amount=amount, **words)


def test_a_deposit_that_was_drawn_on_falls_short(deposit, at):
    draw(deposit, 20_001, at)
    tasks.weigh_deposits()
    deposit.refresh_from_db()
    assert deposit.state == DepositState.SHORT


def test_what_is_set_aside_for_a_case_still_counts(deposit, at):
    words = {"reason": Reason.RESERVE, "subject": "refund:1", "key": "r", "at": at}
    shop = deposit.shop
    transfer(source=shop.account("deposit"), target=shop.account("reserved"), amount=50_000, **words)
    assert drawn_down() == []
    transfer(source=shop.account("reserved"), target=shop.account("deposit"), **{**words, "amount": 50_000, "key": "f"})


def test_exactly_eighty_percent_is_enough_and_looking_is_one_query(deposit, at):
    draw(deposit, 20_000, at)
    with expect_queries(1):
        assert drawn_down() == []
