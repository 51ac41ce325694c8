"""Doors to the outside's complaint desks: what the mall hears of each and says to each, and where one is found by name.

WeChat Pay and Alipay have machines (`merchant-service/complaints-v2`, `alipay.merchant.tradecomplain.*`); 12315 has
none: what comes from there is written down by a person, and the answer is a paper. Nothing here runs inside a database
transaction: a desk may be slow or away, and locks must not wait for it. Amounts are fen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ledger.gateways import UnknownChannel


class Stage(StrEnum):
    """How far a complaint is, in words that all roads share."""

    WAITING = "waiting"  # for the mall
    DONE = "done"  # the mall said that it is settled
    OVER = "over"  # closed by the channel
    TAKEN_BACK = "taken_back"  # by whoever complained


@dataclass(frozen=True)
class PaidThere:
    """What the channel's own staff paid back: its number of the refund, and fen."""

    reference: str
    amount: int


@dataclass(frozen=True)
class Told:
    """A complaint as the outside tells it now. `trade_no` is our number of the payment, `txn` the channel's.

    `said` are the numbers of what we said and they have; `asks` counts what whoever complained has said so far. The
    times to act are there only where the outside tells its own.
    """

    source: str
    number: str
    stage: Stage
    state: str
    text: str
    told_at: datetime
    trade_no: str = ""
    txn: str = ""
    who: str = ""
    demand: str = ""
    asked: int | None = None
    asks: int = 1
    said: tuple[str, ...] = ()
    paid: tuple[PaidThere, ...] = ()
    first_due_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class Nudge:
    """A notice: something happened to a complaint. What it says is never believed; the desk is asked instead."""

    event: str
    number: str
    action: str


class Desk(Protocol):
    """What the mall needs of a desk. Every call but `read_notice` asks it by HTTP.

    Each may raise `ChannelDown` (nothing is known) or `ChannelRefused` (the desk said no).
    """

    source: str

    def find(self, number: str, *, at: datetime) -> Told | None:
        """What the desk knows of a complaint now; nothing: it knows none of this number."""

    def lately(self) -> list[str]:
        """The numbers of the complaints of the last thirty days, for notices that were lost."""

    def say(self, number: str, text: str, *, key: str) -> None:
        """A word to whoever complained, once for our `key`."""

    def finish(self, number: str, *, outcome: str, amount: int, text: str, key: str) -> None:
        """The result, and that we are done, once for our `key`."""

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> Nudge:
        """What a notice is about, if it is the desk's and fresh; else `BadNotice`. `path` is where it was sent to."""


def find(source: str) -> Desk:
    """The desk of a road; `UnknownChannel` if it has none or is not completely set up."""
    from complaints import sandbox

    if source in sandbox.DESKS:
        return sandbox.from_settings(source)
    raise UnknownChannel(source)


def open_desks() -> list[str]:
    """The roads whose desk can be asked now."""
    from complaints import sandbox

    return list(sandbox.DESKS) if sandbox.is_set_up() else []
