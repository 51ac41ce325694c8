"""One factory per noun.

Things with a state get there by the verbs of their room, so their events, clocks and money are real.
"""

from datetime import datetime
from typing import Any

import factory

from accounts.models import User
from shops import lifecycle, listings, stock
from shops.models import Deposit, Kind, Listing, Shop
from shops.states import DepositState, ListingState
from tests.fixtures import people
from timeline import clock
from timeline.sweep import fire_overdue


class UserFactory(factory.django.DjangoModelFactory):
    """Anybody; with `role=Role.ARBITER` somebody who works for the mall."""

    class Meta:
        model = User

    name = factory.Sequence(lambda number: f"person{number}")
    role = ""
    at = factory.LazyFunction(clock.now)

    @classmethod
    def _create(cls, model_class: Any, *, name: str, role: str, at: datetime) -> User:
        return people.staff(role, at=at, name=name) if role else people.person(name)


class ShopFactory(factory.django.DjangoModelFactory):
    """A shop whose deposit is `unpaid`, or by trait `active`, `short`, `suspended`, `closing` or `returned`.

    `at` is when it opened; clocks on its way run from there. `required` and what it pays are ¥1,000.
    """

    class Meta:
        model = Shop

    class Params:
        active = factory.Trait(deposit=DepositState.ACTIVE)
        short = factory.Trait(deposit=DepositState.SHORT)
        suspended = factory.Trait(deposit=DepositState.SUSPENDED)
        closing = factory.Trait(deposit=DepositState.CLOSING)
        returned = factory.Trait(deposit=DepositState.RETURNED)

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda number: f"第{number}号店")
    slug = factory.Sequence(lambda number: f"shop-{number}")
    required = 100_000
    at = factory.LazyFunction(clock.now)
    deposit: Any = DepositState.UNPAID

    @classmethod
    def _create(
        cls, model_class: Any, *, owner: User, name: str, slug: str, required: int, at: datetime, deposit: DepositState
    ) -> Shop:
        shop = lifecycle.open_shop(owner=owner, name=name, slug=slug, required=required, at=at)
        for step in STEPS[deposit]:
            step(shop.deposit, at)
        shop.deposit.refresh_from_db()
        return shop


class ListingFactory(factory.django.DjangoModelFactory):
    """Activation codes for ¥98.00 within 10 minutes, `on_sale` with 10 codes in a shop whose deposit is in place.

    `state` may be any other of the machine's; `codes` says how many are in stock.
    """

    class Meta:
        model = Listing

    shop = factory.SubFactory(ShopFactory, active=True)
    title = factory.Sequence(lambda number: f"激活码 {number}")
    price = 9_800
    promise_minutes = 10
    codes = 10
    state = ListingState.ON_SALE
    at = factory.LazyFunction(clock.now)

    @classmethod
    def _create(
        cls, model_class: Any, *, shop: Shop, codes: int, state: ListingState, at: datetime, **words: Any
    ) -> Listing:
        listing = listings.draft(
            shop=shop, kind=Kind.ACTIVATION_CODE, notice="查看后因个人原因不能退。", by=shop.owner, at=at, **words
        )
        if codes:
            names = [f"CODE-{listing.pk}-{place:04}" for place in range(codes)]
            stock.add_batch(listing, names, by=shop.owner, at=at)
        for verb in ON_THE_SHELF[state]:
            verb(listing, by=shop.owner, at=at)
        return listing


def _must_be_looked_at(listing: Listing, *, by: Any, at: datetime) -> None:
    """The shop is new: its next listing waits for a person."""
    Shop.objects.filter(pk=listing.shop_id).update(reviews_left=1)


#: How a listing gets into each state.
ON_THE_SHELF = {
    ListingState.DRAFT: [],
    ListingState.WAITING: [_must_be_looked_at, listings.put_on_sale],
    ListingState.ON_SALE: [listings.put_on_sale],
    ListingState.PAUSED: [listings.put_on_sale, listings.pause],
    ListingState.CLOSED: [listings.put_on_sale, listings.close],
}


def _pay(deposit: Deposit, at: datetime) -> None:
    key = f"{deposit.address}:first"
    owner = deposit.shop.owner
    lifecycle.pay_in(deposit, amount=deposit.required, channel="sandbox", by=owner, at=at, key=key)


def _need_more(deposit: Deposit, at: datetime) -> None:
    lifecycle.set_required(deposit, required=2 * deposit.required, at=at)


def _close(deposit: Deposit, at: datetime) -> None:
    lifecycle.close(deposit, by=deposit.shop.owner, at=at)


def _wait(deposit: Deposit, at: datetime) -> None:
    assert deposit.deadline_at is not None
    fire_overdue(deposit.root_address, at=deposit.deadline_at)


STEPS = {
    DepositState.UNPAID: [],
    DepositState.ACTIVE: [_pay],
    DepositState.SHORT: [_pay, _need_more],
    DepositState.SUSPENDED: [_pay, _need_more, _wait],
    DepositState.CLOSING: [_pay, _close],
    DepositState.RETURNED: [_pay, _close, _wait],
}
