"""Accounts of games, where the mall trades in them: out of the vault like codes, by shops that it knows well."""

from datetime import timedelta

import pytest

from orders import delivery, lifecycle, opening
from orders.models import Order, Unit
from orders.states import Delivery, OrderState
from refunds import bargaining, replacing
from refunds.bargaining import Terms
from refunds.states import RefundState
from shops import listings, stock
from shops.models import Form, Kind, Shop
from tests.fixtures.cases import VISIT, claim
from tests.orders.test_order import refused
from timeline.sweep import sweep

SOON = timedelta(minutes=5)


@pytest.fixture
def drafted(deposit, seller, monkeypatch, at):
    """Three accounts for ¥50.00 each, in a mall that has switched them on."""
    monkeypatch.setattr(listings, "OFFERED", [*listings.OFFERED, Kind.GAME_ACCOUNT])
    found = listings.draft(
        shop=deposit.shop,
        kind=Kind.GAME_ACCOUNT,
        title="满级账号",
        price=5_000,
        promise_minutes=10,
        notice="交付后请立即换绑。",
        by=seller,
        at=at,
    )
    accounts = [f"hero{number:04}----secret{number:04}" for number in range(3)]
    stock.add_batch(found, accounts, origin=stock.Origin(form=Form.ACCOUNT), by=seller, at=at)
    return found


@pytest.fixture
def bought(drafted, seller, rich_buyer, at):
    """One of them, paid and delivered, sealed."""
    Shop.objects.update(level="S2")
    listings.put_on_sale(drafted, by=seller, at=at)
    order = lifecycle.place(buyer=rich_buyer, listing=drafted, quantity=1, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    return Order.objects.get(pk=order.pk)


def test_an_account_comes_out_of_the_vault_and_is_inspected_for_fourteen_days(bought, rich_buyer, at):
    assert (bought.state, bought.units.get().delivery) == (OrderState.DELIVERED, Delivery.SEALED)
    assert bought.deadline_at == at + timedelta(days=14)
    sweep(at=bought.deadline_at)
    assert Order.objects.get(pk=bought.pk).state == OrderState.COMPLETED


@pytest.mark.django_db(transaction=True)
def test_its_buyer_sees_name_and_password_apart(bought, rich_buyer, at):
    _unit, shown = opening.open_code(bought, 1, by=rich_buyer, at=at, visit=VISIT)
    assert opening.parts_of(shown) == ["hero0000", "secret0000"]


def test_an_account_that_is_no_good_is_exchanged_for_another_out_of_the_vault(bought, drafted, seller, rich_buyer, at):
    """As a code is: the shop does not describe a new account, the vault gives it."""
    unit = bought.units.get()
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    first = Unit.objects.get().card_id
    refund = claim(Unit.objects.get(), "ACCOUNT_MISMATCH", by=rich_buyer, at=at)
    bargaining.offer(refund, Terms("exchange", listing=drafted), by=seller, at=at)
    bargaining.take(refund, 1, by=rich_buyer, at=at)
    replacing.replace(refund, by=seller, at=at + SOON)
    unit = Unit.objects.get()
    assert (refund.state, unit.delivery) == (RefundState.CHECKING, Delivery.SEALED)
    assert unit.card_id not in {None, first}
    assert stock.count_free(drafted) == 1


def test_an_account_is_not_exchanged_for_what_a_shop_does_by_hand(bought, seller, rich_buyer, at):
    top_up = listings.draft(
        shop=bought.shop,
        kind=Kind.DIRECT_TOPUP,
        title="直充",
        price=5_000,
        promise_minutes=10,
        notice="请核对账号。",
        by=seller,
        at=at,
    )
    listings.put_on_sale(top_up, by=seller, at=at)
    delivery.reveal(bought.units.get(), by=rich_buyer, at=at, visit=VISIT)
    refund = claim(Unit.objects.get(), "ACCOUNT_MISMATCH", by=rich_buyer, at=at)
    offer = lambda: bargaining.offer(refund, Terms("exchange", listing=top_up), by=seller, at=at)  # noqa: E731
    assert refused(offer) == "wrong_kind"


def test_only_a_shop_that_the_mall_knows_well_offers_accounts(drafted, seller, at):
    """Who sold an account can take it back (rules 6.2: none below S2)."""
    for level in ("S0", "S1"):
        Shop.objects.update(level=level)
        assert refused(lambda: listings.put_on_sale(drafted, by=seller, at=at)) == "level_too_low"
    Shop.objects.update(level="S2")
    listings.put_on_sale(drafted, by=seller, at=at)
    listings.pause(drafted, by=seller, at=at)
    Shop.objects.update(level="S1")
    assert refused(lambda: listings.resume(drafted, by=seller, at=at)) == "level_too_low"
