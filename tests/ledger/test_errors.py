"""Bad input to the books: every kind has a name of its own, and nothing is written."""

import pytest
from django.db import transaction

from kamen.problems import problem_of
from ledger.accounts import balance
from ledger.errors import ERRORS, LedgerError
from ledger.models import Account, Posting, Transfer
from ledger.transfers import Move, Reason, post

WALLET = "user:1:wallet"


def move(key="k", source="channel:sandbox", target=WALLET, amount=100):
    return Move(key, source, target, amount, Reason.TOP_UP, "user:1")


BAD = {
    "nothing": ([move(amount=0)], "bad_amount", 422),
    "less than nothing": ([move(amount=-1)], "bad_amount", 422),
    "more than 10^15": ([move(amount=10**15 + 1)], "bad_amount", 422),
    "more than the database can count": ([move(amount=2**63)], "bad_amount", 422),
    "half a fen": ([move(amount=0.5)], "bad_amount", 422),
    "an account nobody knows": ([move(target="user:x:wallet")], "unknown_account", 422),
    "no account": ([move(source="")], "unknown_account", 422),
    "from an account to itself": ([move(target="channel:sandbox")], "same_account", 422),
    "a key that was used for another sum": ([move("used", amount=2)], "key_reused", 409),
    "a key that was used for another account": ([move("used", target="user:2:wallet", amount=1)], "key_reused", 409),
    "a key twice": ([move("a"), move("a")], "bad_batch", 422),
    "no transfer": ([], "bad_batch", 422),
    "too many transfers": ([move(f"k{number}") for number in range(5_001)], "bad_batch", 422),
    "more than there is": ([move("k", WALLET, "platform:fees", 2)], "insufficient_balance", 409),
}


@pytest.mark.parametrize("together", [False, True], ids=["alone", "behind a good one"])
@pytest.mark.parametrize(("moves", "code", "status"), BAD.values(), ids=BAD)
def test_a_bad_transfer_has_a_name_and_nothing_is_written(at, moves, code, status, together):
    post([move("used", amount=1)], journal="j", at=at)
    if together and moves:
        moves = [move("good", target="order:1:escrow", amount=5), *moves]
    with pytest.raises(LedgerError) as error, transaction.atomic():
        post(moves, journal="j", at=at)
    assert error.value.code == code
    problem = problem_of(error.value)
    assert (problem.status, problem.code) == (status, code)
    assert list(Transfer.objects.order_by("pk").values_list("key", flat=True)) == ["used"]
    assert (Posting.objects.count(), Account.objects.count(), balance(WALLET)) == (2, 2, 1)


def test_every_error_of_the_posting_function_has_a_name_and_no_two_share_one():
    codes = [error.code for error in ERRORS.values()]
    assert len(set(codes)) == len(codes) == 6
