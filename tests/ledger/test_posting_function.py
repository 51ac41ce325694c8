"""The one posting function has two paths, one transfer and many: they write the same books, in the frozen format."""

import hashlib
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.accounts import balance, statement
from ledger.models import Account, Posting, Transfer
from ledger.transfers import InsufficientBalance, KeyReused, Move, post, transfer
from tests.races import race, won

AT = datetime(2026, 11, 22, 4, 5, 6, 789_012, tzinfo=UTC)
WORDS: Any = {"reason": "top_up", "subject": "user:3 卡密 🎮"}
#: Written by the function of the first version, and never to change: chains that are older than a version must verify.
FIRST_HEAD = "3c5f36ff26c35b5b2465a7f30fe06c93e9b09bcca07c93ed6f3eaba749ba8ee4"
SECOND_HEAD = "55311877dce78b183e8d430c91c04f665992c974f4a48f768a62854bbe5af099"


def moves(*pairs: Any, key: str = "k") -> list[Move]:
    return [Move(f"{key}{place}", *pair, **WORDS) for place, pair in enumerate(pairs, start=1)]


IN = ("channel:sandbox", "user:3:wallet", 1_234)
OUT = ("user:3:wallet", "order:41:escrow", 234)


def head(address: str) -> str:
    return bytes(Account.objects.get(address=address).head).hex()


def test_the_text_of_a_posting_is_frozen(db):
    """Chains written before a change of the function and after it are one chain."""
    transfer(source=IN[0], target=IN[1], amount=IN[2], key="k1", at=AT, **WORDS)
    assert head("user:3:wallet") == FIRST_HEAD
    text = "\x1f".join(["user:3:wallet", "1", "k1", "1234", "1234", "top_up", WORDS["subject"], "k1"])
    assert hashlib.sha256(f"{text}\x1f1795320306789012".encode()).hexdigest() == FIRST_HEAD
    transfer(source=OUT[0], target=OUT[1], amount=OUT[2], key="k2", at=AT, **WORDS)
    assert head("user:3:wallet") == SECOND_HEAD


def test_a_batch_writes_the_same_chains(db):
    post(moves(IN, OUT), journal="j", at=AT)
    together = {line.account.address: bytes(line.hash).hex() for line in Posting.objects.select_related("account")}
    with transaction.atomic():
        for move in moves(("channel:other", "user:4:wallet", 1_234), ("user:4:wallet", "order:42:escrow", 234)):
            post(
                [Move(f"one-{move.key}", move.source, move.target, move.amount, move.reason, move.subject)],
                journal="j",
                at=AT,
            )
    assert len(together) == 3
    assert (balance("user:3:wallet"), balance("user:4:wallet")) == (1_000, 1_000)
    lines = [
        list(statement(address).values_list("seq", "amount", "balance"))
        for address in ("user:3:wallet", "user:4:wallet")
    ]
    assert lines[0] == lines[1] == [(2, -234, 1_000), (1, 1_234, 1_234)]


def test_a_batch_returns_the_earlier_transfer_for_keys_it_knows_and_makes_the_rest(db):
    first = post(moves(IN), journal="j", at=AT)
    answers = post(moves(IN, OUT), journal="j", at=AT)
    assert [answer.is_new for answer in answers] == [False, True]
    assert answers[0].transfer_id == first[0].transfer_id
    assert [answer.is_new for answer in post(moves(IN, OUT), journal="j", at=AT)] == [False, False]
    assert (balance("user:3:wallet"), Transfer.objects.count()) == (1_000, 2)


@pytest.mark.parametrize("change", [("channel:sandbox", "user:3:wallet", 1), ("channel:other", "user:3:wallet", 1_234)])
def test_a_batch_refuses_a_key_of_other_contents_and_writes_nothing(db, change):
    post(moves(IN), journal="j", at=AT)
    with pytest.raises(KeyReused, match="the key k1 was used"), transaction.atomic():
        post(moves(change, OUT), journal="j", at=AT)
    assert Transfer.objects.count() == 1


def test_the_first_fault_of_a_batch_is_the_one_that_is_named(db):
    post(moves(IN), journal="j", at=AT)
    poor = ("order:41:escrow", "shop:1:pending", 1)
    with (
        pytest.raises(InsufficientBalance, match="order:41:escrow holds 0 fen, 1 are asked of it"),
        transaction.atomic(),
    ):
        post([Move("x", *poor, **WORDS), *moves(("channel:sandbox", "user:3:wallet", 9))], journal="j", at=AT)
    with pytest.raises(KeyReused), transaction.atomic():
        post([*moves(("channel:sandbox", "user:3:wallet", 9)), Move("x", *poor, **WORDS)], journal="j", at=AT)


@pytest.mark.usefixtures("db")
def test_any_order_of_many_transfers_gives_books_that_hold():
    """A large batch among few accounts: each account's chain and running balance is checked after the test."""
    chance = random.Random(7)
    purses = [f"user:{number}:wallet" for number in range(1, 12)]
    fill = moves(*(("channel:sandbox", purse, 1_000_000) for purse in purses), key="fill")
    pairs = [(*chance.sample(purses, 2), chance.randrange(1, 100)) for _ in range(4_989)]
    answers = post([*fill, *moves(*pairs)], journal="j", at=AT)
    assert all(answer.is_new for answer in answers)
    ids = [answer.transfer_id for answer in answers]
    assert ids == sorted(ids)
    assert Posting.objects.count() == 10_000


@pytest.mark.django_db(transaction=True)
def test_opposite_transfers_between_new_accounts_never_wait_for_each_other_for_ever():
    """Single and in batches: accounts are opened and locked in one order, whichever way the money goes."""
    post(moves(*((IN[0], f"user:{n}:wallet", 1_000) for n in range(1, 4)), key="fill"), journal="j", at=AT)

    def there_and_back(a, b, name):
        def calls():
            for number in range(12):
                post([Move(f"{name}:{number}", a, b, 1, **WORDS)], journal="j", at=AT)
                fresh = f"order:{number + 1}:escrow"
                batch = [
                    Move(f"{name}:{number}:a", a, fresh, 1, **WORDS),
                    Move(f"{name}:{number}:b", b, fresh, 1, **WORDS),
                ]
                post(batch if a < b else batch[::-1], journal="j", at=AT)
            return True

        return calls

    names = ["user:1:wallet", "user:2:wallet", "user:3:wallet"]
    calls = [there_and_back(a, b, f"{a}{b}") for a in names for b in names if a != b]
    assert won(race(*calls, timeout=30)) == [True] * len(calls)


@pytest.mark.django_db(transaction=True)
def test_a_key_used_at_the_same_moment_moves_money_once():
    """One call makes the transfer, the others get it back, whether their batches are large or small."""
    post(moves(IN, key="fill"), journal="j", at=AT)
    calls = [lambda: post([Move("same", *OUT, **WORDS)], journal="j", at=AT) for _ in range(3)]
    calls += [lambda: post([Move("same", *OUT, **WORDS)], journal="j", at=AT)[:1] for _ in range(3)]
    answers = [answer[0] for answer in race(*calls)]
    assert sorted(answer.is_new for answer in answers) == [False] * 5 + [True]
    assert len({answer.transfer_id for answer in answers}) == 1
    assert balance("order:41:escrow") == 234


def test_the_function_says_of_missing_columns_what_is_wrong(db):
    """Whoever calls it without Python's door gets the same answers."""
    sql = (
        "select * from ledger_post(array['k'], null, array['b'], array[1]::bigint[], array['r'],"
        " array['s'], array['j'], %s)"
    )
    with pytest.raises(DatabaseError, match="different lengths"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [[AT]])
