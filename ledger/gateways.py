"""Doors to the payment channels: what the mall asks of every channel, and where a channel is found by its name.

Nothing here runs inside a database transaction: a channel may be slow or away, and locks must not wait for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from django.db import connection


class ChannelDown(Exception):
    """The channel did not answer, or not understandably: nothing is known about what it did."""


class ChannelRefused(Exception):
    """The channel understood and said no, with a sentence."""


class UnknownChannel(LookupError):
    """No such channel, or one whose address or secret is missing: it is as good as none."""


class BadNotice(Exception):
    """A notice that did not come from the channel, is too old, or is not about what it was sent to."""


@dataclass(frozen=True)
class Charge:
    """Money that a channel took: its own number, our number, fen."""

    txn: str
    number: str
    amount: int


class RefundState(StrEnum):
    """What a channel says of a refund."""

    UNKNOWN = "unknown"  # it never heard of our number
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"  # may be sent again, with the same number
    REFUSED = "refused"  # for good: the card is closed, the charge too old


@dataclass(frozen=True)
class RefundAnswer:
    """What a channel says of a refund, and why."""

    state: RefundState
    reason: str = ""


@dataclass(frozen=True)
class SettledLine:
    """One line of what a channel says it did on a day: `charge`, `refund` or `payout`; fen."""

    kind: str
    number: str
    txn: str
    amount: int
    state: str


@dataclass(frozen=True)
class SettledDay:
    """What a channel says it did on a day, and the hash of the file in which it says so."""

    lines: tuple[SettledLine, ...]
    sha256: str


class Gateway(Protocol):
    """What the mall needs of a channel. Every call but `read_notice` asks the channel by HTTP.

    Each may raise `ChannelDown` (nothing is known) or `ChannelRefused` (the channel said no).
    """

    name: str

    def open_charge(self, *, number: str, amount: int, title: str, back: str) -> str:
        """Announce that `amount` fen shall be paid under our `number`; returns the address of the channel's pay page.

        `back` is the mall's page to which the channel leads afterwards. The same number again is the same charge.
        """

    def charges(self, number: str) -> list[Charge]:
        """What was paid under our `number`: nothing, once, or by mistake more often."""

    def refund(self, *, number: str, txn: str, amount: int) -> RefundAnswer:
        """Send `amount` fen of the charge `txn` back, once for our refund `number` however often it is asked."""

    def find_refund(self, number: str) -> RefundAnswer:
        """What the channel knows of our refund `number`."""

    def pay_out(self, *, number: str, payee: str, amount: int) -> RefundAnswer:
        """Send `amount` fen to the account `payee`, once for our `number` however often it is asked."""

    def find_payout(self, number: str) -> RefundAnswer:
        """What the channel knows of what we sent to an account under our `number`."""

    def settled(self, day: date) -> SettledDay:
        """What the channel did on a day (Asia/Shanghai) that is over, line by line."""

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> Charge:
        """What a notice says, if it is the channel's and fresh; else `BadNotice`. `path` is where it was sent to."""


def find(name: str) -> Gateway:
    """The gateway to the channel `name`; `UnknownChannel` if there is none or it is not completely set up."""
    from ledger import sandbox

    if name == sandbox.NAME:
        return sandbox.from_settings()
    raise UnknownChannel(name)


def open_channels() -> list[str]:
    """The names of the channels by which money can come in now."""
    from ledger import sandbox

    return [sandbox.NAME] if sandbox.is_set_up() else []


def require_no_transaction() -> None:
    """A channel is never asked while a transaction is open: its locks would wait for somebody else's machine."""
    if connection.in_atomic_block:
        raise RuntimeError("Ask a channel outside of every transaction.")
