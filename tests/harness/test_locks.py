"""The recorder of locks sees what it must see, and a circle is told with its statements."""

import pytest
from django.db import connections, transaction

from shops.models import Deposit, Shop
from tests.locks import Example, Graph, Held, Recorder, locked, recorder

HERE = Example("a test", "select a", "select b")


@pytest.mark.parametrize(
    ("sql", "name", "may_wait"),
    [
        ('SELECT * FROM "orders_order" WHERE "id" = %s FOR NO KEY UPDATE', "order", True),
        ('SELECT * FROM "a" JOIN "orders_order" ON true FOR UPDATE OF "orders_order"', "order", True),
        ('SELECT * FROM "shops_card" FOR NO KEY UPDATE OF "shops_card" SKIP LOCKED', "cards", False),
        ('UPDATE "accounts_user" SET "level" = %s', "user", True),
        ('with met as (update "shops_shop" t set "name" = v.c0 from unnest(%s) v) select 1', "shop", True),
        ("select pg_advisory_xact_lock(1)", "advisory", True),
        ("select ledger_brake_is_raised()", "brake", True),
        ("select pg_try_advisory_xact_lock(1)", None, False),
        ('SELECT * FROM "orders_order"', None, False),
    ],
)
def test_what_a_statement_locks(sql, name, may_wait):
    assert locked(sql)[0] == name
    assert name is None or locked(sql)[1] == may_wait


def test_a_circle_is_found_and_told():
    graph = Graph()
    graph.add("order", "shop", HERE)
    graph.add("shop", "user", HERE)
    assert graph.circle() is None
    graph.add("user", "order", HERE)
    circle = graph.circle()
    assert circle is not None
    assert sorted(circle) == ["order", "shop", "user"]
    assert "select a" in graph.story(circle)
    assert graph.against_the_order() == [("order", "shop"), ("shop", "user")]


def test_the_union_of_two_workers_has_the_circle_that_neither_has():
    one, two = Graph(), Graph()
    one.add("order", "shop", HERE)
    two.add("shop", "order", HERE)
    one.merge(two.tell())
    assert one.circle() == ["order", "shop"]


def test_rows_under_a_locked_root_add_nothing_and_bare_ones_do():
    seen = Recorder()
    held = Held()
    seen.note('SELECT 1 FROM "orders_order" FOR NO KEY UPDATE', None, held)
    seen.note('UPDATE "orders_unit" SET', None, held)
    seen.note('UPDATE "shops_shop" SET', None, held)
    assert list(seen.graph.arrows) == [("order", "shop")]
    bare = Held()
    seen.note('UPDATE "timeline_timer" SET', None, bare)
    seen.note('UPDATE "orders_order" SET', None, bare)
    assert ("timers", "order") in seen.graph.arrows


def test_a_second_posting_that_wants_an_earlier_account_is_an_arrow_back():
    seen, held = Recorder(), Held()
    seen.note("select * from ledger_post(%s)", [["user:1:wallet"], ["order:4:escrow"]], held)
    seen.note("select * from ledger_post(%s)", [["order:4:escrow"], ["platform:fees"]], held)
    assert ("accounts user:…:wallet", "accounts platform:fees") in seen.graph.arrows


def test_the_locks_of_a_real_verb_are_noted(deposit: Deposit):
    with transaction.atomic():
        Shop.objects.select_for_update(of=("self",), no_key=True).get(pk=deposit.shop_id)
        assert list(recorder.held[connections["default"]].classes) == ["shop"]
    Shop.objects.exists()
    assert not recorder.held[connections["default"]].classes


def test_no_lock_of_this_run_was_taken_against_the_order():
    assert [arrow for arrow in recorder.graph.against_the_order() if "accounts" not in arrow[1]] == []
