"""The one Python door to moving money. Who may import it is a lint rule: only lifecycles move money."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from ledger import brake
from ledger.errors import (
    ERRORS,
    BadAmount,
    BadBatch,
    InsufficientBalance,
    KeyReused,
    LedgerError,
    SameAccount,
    UnknownAccount,
)
from ledger.models import Transfer
from timeline import page, prepared
from timeline.prepared import Kept

__all__ = [
    "BadAmount",
    "BadBatch",
    "InsufficientBalance",
    "KeyReused",
    "LedgerError",
    "Move",
    "Posted",
    "Reason",
    "SameAccount",
    "UnknownAccount",
    "post",
    "post_with_page",
    "transfer",
]

Reason = Transfer.Reason

MOST_IN_A_BATCH = 5000
#: What posting writes.
TABLES = ("ledger_account", "ledger_transfer", "ledger_posting")


UNIQUE_VIOLATION = "23505"
CALL = Kept(
    "select transfer_id, is_new from ledger_post(%s::text[], %s::text[], %s::text[], %s::bigint[],"
    " %s::text[], %s::text[], %s::text[], %s::timestamptz[]) order by place"
)


@dataclass(frozen=True)
class Move:
    """One transfer to be made: `amount` fen from `source` to `target`, once for its `key`."""

    key: str
    source: str
    target: str
    amount: int
    reason: str
    subject: str


@dataclass(frozen=True)
class Posted:
    """What became of a move: the transfer's id, and whether it was made now or had been made before."""

    transfer_id: int
    is_new: bool


def post(moves: Sequence[Move], *, journal: str, at: datetime) -> list[Posted]:
    """Make all moves of one decision, or none, in one round trip; a repeated key returns the first transfer.

    Up to 5,000 moves; `journal` groups them. Raises a `LedgerError` that names the offender; the verb's transaction is
    then over, as after every refusal of the database. What would leave the house, a withdrawal or a wallet's way to the
    outside, is refused (`payouts_paused`) while the payout brake is on.
    """
    page.send_now()
    return _post([(move, journal, at) for move in moves])


def _post(lines: list[tuple[Move, str, datetime]]) -> list[Posted]:
    """Lines of moves, journals and times, in one round trip."""
    text, columns = _statement(lines)
    with _named_errors(), connection.cursor() as cursor:
        prepared.execute(cursor, [text], columns)
        return [Posted(*row) for row in cursor.fetchall()]


def _statement(lines: list[tuple[Move, str, datetime]]) -> tuple[str, list[Any]]:
    """The call of the posting function, and what it is given."""
    moves = [move for move, _journal, _at in lines]
    if any(_leaves_the_house(move) for move in moves):
        brake.require_released()
    for move in moves:
        if isinstance(move.amount, bool) or not isinstance(move.amount, int):
            raise BadAmount(f"{move.amount!r} is no whole number of fen ({move.key}).")
        if not -(2**63) <= move.amount < 2**63:
            raise BadAmount(f"{move.amount} fen is no amount ({move.key}).")
    columns: list[Any] = [
        [move.key for move in moves],
        [move.source for move in moves],
        [move.target for move in moves],
        [move.amount for move in moves],
        [str(move.reason) for move in moves],
        [move.subject for move in moves],
        [journal for _move, journal, _at in lines],
        [at for _move, _journal, at in lines],
    ]
    return CALL, columns


def post_with_page(moves: Sequence[Move], *, journal: str, at: datetime) -> None:
    """Make all moves at the end of the verb, in one call with all others of it; outside of a verb, at once.

    So the hot accounts are locked last and for the shortest time. Raises what `post` raises, when the verb ends.
    """
    if moves:
        page.at_the_end(_statement, [(move, journal, at) for move in moves], tables=TABLES, faults=_named_errors)


def transfer(*, source: str, target: str, amount: int, reason: str, subject: str, key: str, at: datetime) -> Posted:
    """Move `amount` fen from `source` to `target`, once: a repeated `key` returns the first transfer."""
    return post([Move(key, source, target, amount, reason, subject)], journal=key, at=at)[0]


def _leaves_the_house(move: Move) -> bool:
    """Whether somebody takes money out: not what a decision sets aside, nor what a channel has confirmed."""
    from_wallet = move.source.startswith("user:") and move.target.startswith("channel:")
    return move.reason == Reason.WITHDRAWAL or from_wallet


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        code = getattr(error.__cause__, "pgcode", None)
        if code == UNIQUE_VIOLATION and _table_of(error) in TABLES:
            # The same key at the same moment on other accounts, so that the accounts' locks did not meet.
            raise KeyReused(str(error).splitlines()[0]) from error
        if code not in ERRORS:
            raise
        raise ERRORS[code](str(error).splitlines()[0]) from error


def _table_of(error: DatabaseError) -> str:
    """The table that the database complains about: what is posted goes in one round trip with other rows."""
    return str(getattr(getattr(error.__cause__, "diag", None), "table_name", ""))
