import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamen import books
from ledger.accounts import balance, balances, statement
from ledger.models import Account, AccountKind, Posting, Transfer
from ledger.transfers import (
    BadAmount,
    BadBatch,
    InsufficientBalance,
    KeyReused,
    LedgerError,
    Move,
    Reason,
    SameAccount,
    UnknownAccount,
    post,
    transfer,
)


def move(key="k", source="channel:sandbox", target="user:1:wallet", amount=100, reason=Reason.TOP_UP, subject="user:1"):
    return Move(key, source, target, amount, reason, subject)


def test_a_transfer_moves_money_between_two_accounts(at):
    post([move(amount=1_234)], journal="j", at=at)
    assert balances(["channel:sandbox", "user:1:wallet"]) == {"channel:sandbox": -1_234, "user:1:wallet": 1_234}
    [line] = statement("user:1:wallet")
    assert (line.amount, line.balance, line.transfer.key, line.transfer.at) == (1_234, 1_234, "k", at)


def test_a_repeated_key_moves_money_once_and_answers_with_the_first_transfer(at):
    first = post([move()], journal="j", at=at)
    again = post([move()], journal="j", at=at + timedelta(hours=1))
    assert (first[0].is_new, again[0].is_new) == (True, False)
    assert first[0].transfer_id == again[0].transfer_id
    assert balance("user:1:wallet") == 100


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 101},
        {"target": "user:2:wallet"},
        {"source": "channel:other"},
        {"reason": Reason.REFUND},
        {"subject": "user:2"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_key_never_stands_for_another_transfer(at, change):
    post([move()], journal="j", at=at)
    with pytest.raises(KeyReused, match="the key k was used"), transaction.atomic():
        post([move(**change)], journal="j", at=at)
    assert balance("user:1:wallet") == 100


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        (move(amount=0), BadAmount, "0 fen is no amount"),
        (move(amount=-5), BadAmount, "-5 fen is no amount"),
        (move(amount=10**15 + 1), BadAmount, "is no amount"),
        (move(amount=2**70), BadAmount, "is no amount"),
        (move(amount=1.5), BadAmount, "no whole number"),
        (move(amount=True), BadAmount, "no whole number"),
        (move(target="channel:sandbox"), SameAccount, "to itself"),
        (move(target="user:0:wallet"), UnknownAccount, "does not know user:0:wallet"),
        (move(target="wallet"), UnknownAccount, "does not know wallet"),
        (move(source="platform:fund", target="shop:1:debt"), InsufficientBalance, "platform:fund holds 0 fen"),
        (move(target="shop:1:debt"), InsufficientBalance, "shop:1:debt may hold 0 fen at most"),
        (move(key=""), BadBatch, "lacks a key"),
        (move(subject=""), BadBatch, "lacks a key"),
    ],
)
def test_a_bad_transfer_is_named_and_nothing_is_written(at, bad, error, says):
    with pytest.raises(error, match=says), transaction.atomic():
        post([move(key="good"), bad], journal="j", at=at)
    assert not Transfer.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize("size", [0, 5_001])
def test_a_batch_has_one_to_five_thousand_transfers(at, size):
    with pytest.raises(BadBatch, match="1 to 5000"), transaction.atomic():
        post([move(key=f"k{i}") for i in range(size)], journal="j", at=at)
    assert not Transfer.objects.exists()


def test_a_key_stands_once_in_a_batch(at):
    with pytest.raises(BadBatch, match="stands twice"), transaction.atomic():
        post([move(), move()], journal="j", at=at)


def test_a_batch_may_spend_what_it_brings_and_is_one_round_trip(at, django_assert_num_queries):
    moves = [
        move(key="in", amount=100),
        *(move(f"out{i}", "user:1:wallet", "order:1:escrow", 10, Reason.ORDER_PAID) for i in range(10)),
    ]
    with django_assert_num_queries(1):
        post(moves, journal="j", at=at)
    assert balances(["user:1:wallet", "order:1:escrow"]) == {"user:1:wallet": 0, "order:1:escrow": 100}


def test_a_batch_that_would_overdraw_an_account_moves_nothing(at):
    with pytest.raises(InsufficientBalance), transaction.atomic():
        post([move(key="in", amount=100), move("out", "user:1:wallet", "order:1:escrow", 101)], journal="j", at=at)
    assert balance("user:1:wallet") == 0


def test_only_channels_and_debts_may_be_below_zero(db):
    below = AccountKind.objects.filter(lowest=None).values_list("name", flat=True)
    assert sorted(below) == ["channel", "debt"]


ADDRESSES = {
    "channel:sandbox": "channel",
    "channel:sandbox:out": "channel_out",
    "user:3:wallet": "wallet",
    "order:41:escrow": "escrow",
    "shop:7:pending": "pending",
    "shop:7:available": "available",
    "shop:7:deposit": "deposit",
    "shop:7:reserved": "reserved",
    "shop:7:debt": "debt",
    "user:3:debt": "debt",
    "platform:fees": "fees",
    "platform:own": "own",
    "platform:coupons": "coupons",
    "platform:fund": "fund",
    "platform:recoverable": "recoverable",
    "platform:suspense": "suspense",
}


def test_each_address_of_the_chart_is_of_exactly_one_kind(db):
    with connection.cursor() as cursor:
        for address, kind in ADDRESSES.items():
            cursor.execute("select array_agg(name::text) from ledger_accountkind where %s ~ pattern", [address])
            assert cursor.fetchone()[0] == [kind]
    assert set(ADDRESSES.values()) == set(AccountKind.objects.values_list("name", flat=True))


@pytest.mark.parametrize(
    "address",
    [
        "user:1:wallet ",
        "user:01:wallet",
        "user:-1:wallet",
        "User:1:wallet",
        "order:1:escrow:x",
        "platform:own\n",
        "channel:A",
        "",
    ],
)
def test_an_address_that_only_looks_right_is_unknown(at, address):
    with pytest.raises(UnknownAccount), transaction.atomic():
        post([move(target=address)], journal="j", at=at)


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize(
    "statement",
    [
        "insert into ledger_account (address, kind_id, balance) values ('user:9:wallet', 'wallet', 5)",
        "update ledger_account set balance = balance + 1",
        "update ledger_accountkind set lowest = null",
        "delete from ledger_transfer",
        "update ledger_transfer set amount = 1",
        "delete from ledger_posting",
        "truncate ledger_posting cascade",
        "drop function ledger_post",
        "alter table ledger_account drop constraint ledger_account_not_below",
    ],
)
def test_the_application_touches_the_books_through_the_posting_function_only(at, statement):
    post([move()], journal="j", at=at)
    with pytest.raises(DatabaseError, match="permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)
    assert balance("user:1:wallet") == 100


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_a_transfer_by_mistake(as_owner):
    from timeline import clock

    post([move()], journal="j", at=clock.now())
    for table in ("ledger_transfer", "ledger_posting"):
        with pytest.raises(Exception, match="append-only"), as_owner() as cursor:
            cursor.execute(f"delete from {table}")


@pytest.mark.breaks_books
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (
            "update ledger_account set balance = 5 where address = 'user:1:wallet'",
            "a balance is the sum of the account's postings",
        ),
        ("update ledger_account set balance = 5 where address = 'user:1:wallet'", "the sum of all balances is zero"),
        ("update ledger_account set head = 'x'", "chains of postings are unbroken"),
        ("update ledger_transfer set subject = 'user:2'", "chains of postings are unbroken"),
        ("update ledger_transfer set amount = 99", "every transfer has two postings, opposite and equal"),
        ("delete from ledger_posting where amount < 0", "every transfer has two postings, opposite and equal"),
        ("update ledger_posting set balance = 7 where amount > 0", "a balance is that of the account's last posting"),
        (
            "update ledger_account set lowest = -100 where kind_id = 'wallet'",
            "an account keeps to its line of the chart",
        ),
    ],
)
def test_a_hand_in_the_books_is_found_and_named(as_owner, harm, rule):
    from timeline import clock

    post([move()], journal="j", at=clock.now())
    assert list(books.violations()) == []
    with as_owner() as cursor:
        for table in ("ledger_account", "ledger_transfer", "ledger_posting"):
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(harm)
    assert rule in {violation.rule for violation in books.violations()}


def test_the_hash_of_a_posting_has_not_changed_its_form(db):
    """Golden: an old statement can be verified for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ledger_posting_text('user:3:wallet', 7, '键👍', -100, 250, 'refund', 'order:41', 'case:12',"
            " '2026-11-22T01:02:03.456789Z')"
        )
        assert cursor.fetchone()[0] == "\x1f".join(
            ["user:3:wallet", "7", "键👍", "-100", "250", "refund", "order:41", "case:12", "1795309323456789"]
        )


ACCOUNTS = ["user:1:wallet", "user:2:wallet", "order:1:escrow", "shop:1:pending", "platform:fees", "channel:sandbox"]
MOVES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(-5, 300)),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_whatever_is_tried_money_neither_appears_nor_vanishes(at, tried):
    with transaction.atomic():
        for key, source, target, amount in tried:
            try:
                with transaction.atomic():
                    transfer(
                        source=source,
                        target=target,
                        amount=amount,
                        reason=Reason.CORRECTION,
                        subject="x:1",
                        key=f"k{key}",
                        at=at,
                    )
            except LedgerError:
                pass
        assert list(books.violations()) == []
        assert sum(Account.objects.values_list("balance", flat=True)) == 0
        assert not Account.objects.filter(balance__lt=0).exclude(kind="channel").exists()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_crowd_with_the_same_key_moves_money_once():
    from timeline import clock

    at, results = clock.now(), []

    def pay():
        try:
            results.append(post([move(amount=50)], journal="j", at=at)[0].is_new)
        finally:
            connection.close()

    crowd = [threading.Thread(target=pay) for _ in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]
    assert balance("user:1:wallet") == 50


@pytest.mark.django_db(transaction=True)
def test_a_crowd_cannot_spend_more_than_there_is_and_nobody_deadlocks():
    from timeline import clock

    at, refused = clock.now(), []
    post([move("in1", amount=500), move("in2", target="user:2:wallet", amount=500)], journal="j", at=at)

    def spend(n):
        pair = ["user:1:wallet", "user:2:wallet"]
        source, target = pair if n % 2 else reversed(pair)
        try:
            post([move(f"a{n}", source, target, 100), move(f"b{n}", source, "platform:fees", 100)], journal="j", at=at)
        except InsufficientBalance:
            refused.append(n)
        finally:
            connection.close()

    crowd = [threading.Thread(target=spend, args=[n]) for n in range(16)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert balance("platform:fees") == 1_000 - balance("user:1:wallet") - balance("user:2:wallet")
    assert balance("platform:fees") == (16 - len(refused)) * 100
    assert Posting.objects.count() == 2 * Transfer.objects.count()
