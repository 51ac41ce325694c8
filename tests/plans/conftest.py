"""A mall with a crowd: hundreds of orders, cases and disputes of other people, and a few of ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection

from bench import copies, verbs
from reputation.models import Signal
from tests.database import as_owner_of, empty_database
from tests.factories import ShopFactory
from timeline import clock

#: Copies of each kind of thing, and shops without any: a shop's orders must be few of all.
CROWD, SHOPS = 420, 60
#: So many kinds of signals about each of these shops.
NAMES = 10
MINUTE = timedelta(minutes=1)


@dataclass
class Ours:
    """Some people whose things are few, in a mall where there are many."""

    scene: Any
    buyer: Any


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Orders, cases that wait, cases that were paid, and disputes, of other people; committed once a module."""
    with django_db_blocker.unblock():
        try:
            fill()
            yield
        finally:
            empty_database()


def fill() -> None:
    """Make the crowd and let the database count its rows."""
    scene = verbs.open_scene()
    verbs.stock_up(scene, 5)
    orders = []
    for verb in ("accept", "ask, instant refund", "rule and enforce", "buy and deliver"):
        last = _last_order()
        operation = verbs.prepared(verb, scene)
        if verb in ("ask, instant refund", "buy and deliver"):
            operation()
        assert _last_order() != last
        orders.append(_last_order())
    mark(ShopFactory.create_batch(SHOPS))
    with as_owner_of(connection.settings_dict["NAME"]) as cursor:
        copies.make([copies.original_of(order) for order in orders], CROWD * len(orders), cursor)
    with as_owner_of(connection.settings_dict["NAME"], autocommit=True) as cursor:
        cursor.execute("vacuum analyze")


def mark(shops: list[Any]) -> None:
    """Signals of many names about many shops, of which none rests on a contact."""
    at = clock.now()
    names = [name for name in Signal.Name.values if name != Signal.Name.KNOWN_CONTACT][:NAMES]
    Signal.objects.bulk_create(
        Signal(shop=shop, name=name, weight=10, first_at=seen, seen_at=seen, found_at=seen)
        for number, (shop, name) in enumerate(product(shops, names))
        for seen in [at - number * MINUTE]
    )


def _last_order() -> Any:
    from orders.models import Order

    return Order.objects.order_by("pk").last()


@pytest.fixture
def ours(crowd: None, db: None) -> Ours:
    """A shop of ours with goods in it, and a buyer with money."""
    scene = verbs.open_scene()
    verbs.stock_up(scene, 20)
    return Ours(scene, verbs.rich_buyer(scene))
