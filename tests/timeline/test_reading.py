"""Readings whose statement is made once: prepared for each connection, and never trusted longer than they hold."""

import pytest
from django.db import DatabaseError, connection, transaction

from orders import escrow


def places(order):
    return [unit.place for unit in escrow.units_of(order)]


def test_a_statement_that_the_server_has_forgotten_is_prepared_anew_for_the_next_verb(placed_order):
    before = places(placed_order)
    _of, calls = connection.prepared_calls  # type: ignore[attr-defined]
    name = calls[escrow._units_with_cards().text].removeprefix("execute ").partition("(")[0]
    with connection.cursor() as cursor:
        cursor.execute(f"deallocate {name}")
    with pytest.raises(DatabaseError), transaction.atomic():
        places(placed_order)
    assert places(placed_order) == before != []


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_its_own(placed_order):
    before = places(placed_order)
    connection.close()
    assert places(placed_order) == before != []
