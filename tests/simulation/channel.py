"""The outer wall of the simulation: a payment channel that speaks the gateway's interface and keeps books of its own.

What it took and paid stays true whatever the mall forgets: a crash rolls the mall back, never the channel. So its books
are the second opinion in the end: not one fen may be in one of the two and not in the other. Each day it writes down
what it did in a file; now and then a line of it is wrong.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from random import Random

from ledger.gateways import (
    BadNotice,
    ChannelDown,
    ChannelRefused,
    Charge,
    RefundAnswer,
    RefundState,
    SettledDay,
    SettledLine,
)
from timeline.spans import SHANGHAI

NAME = "sandbox"
NEVER = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Refund:
    """What the channel knows of one of our refund numbers."""

    txn: str
    amount: int
    state: RefundState


@dataclass
class SimulatedChannel:
    """Takes charges, pays refunds once per number, and now and then does not answer, or only seems not to."""

    chance: Random
    announced: dict[str, int] = field(default_factory=dict)
    taken: list[Charge] = field(default_factory=list)
    refunds: dict[str, Refund] = field(default_factory=dict)
    #: What it paid back on its own account, by its own numbers.
    own: dict[str, Refund] = field(default_factory=dict)
    #: What it did, and when: its files are made of it.
    done: list[tuple[datetime, SettledLine]] = field(default_factory=list)
    #: Lines that it wrote down wrong, as they stand in a file.
    wrong: list[SettledLine] = field(default_factory=list)
    files: dict[date, SettledDay] = field(default_factory=dict)
    #: What time it is at the channel.
    clock: Callable[[], datetime] = lambda: NEVER
    faults: int = 0
    is_healthy: bool = False
    refuses: bool = False
    name: str = NAME

    # What the mall asks

    def open_charge(self, *, number: str, amount: int, title: str, back: str) -> str:
        """The pay page of a charge; the same number is the same charge."""
        self._maybe_down(0.1)
        if self.announced.setdefault(number, amount) != amount:
            raise ChannelRefused("this number has another amount")
        return f"https://channel.example/pay/{number}/"

    def charges(self, number: str) -> list[Charge]:
        """What was paid under our number."""
        self._maybe_down(0.2)
        return [charge for charge in self.taken if charge.number == number]

    def refund(self, *, number: str, txn: str, amount: int) -> RefundAnswer:
        """Paid once per number; sometimes paid, and the answer lost."""
        self._maybe_down(0.15)
        if self.refuses:
            raise ChannelRefused("nothing goes back today")
        known = self.refunds.get(number)
        if known is not None and known.state is RefundState.DONE:
            return RefundAnswer(RefundState.DONE)
        charge = next((each for each in self.taken if each.txn == txn), None)
        if charge is None or amount > self._left(charge):
            raise ChannelRefused("more than was charged")
        state = RefundState.DONE
        if not self.is_healthy:
            state = self.chance.choices([RefundState.DONE, RefundState.FAILED, RefundState.REFUSED], [8, 1.5, 0.5])[0]
        self.refunds[number] = Refund(txn, amount, state)
        if state is RefundState.DONE:
            self._write_down("refund", number, txn, amount)
        self._maybe_down(0.15)  # it is done, and nobody hears of it
        return RefundAnswer(state, "" if state is RefundState.DONE else "the channel says no")

    def find_refund(self, number: str) -> RefundAnswer:
        """What it knows of our number."""
        self._maybe_down(0.15)
        known = self.refunds.get(number)
        return RefundAnswer(known.state if known else RefundState.UNKNOWN)

    def pay_out(self, *, number: str, payee: str, amount: int) -> RefundAnswer:
        """To an account outside, once per number, with the same moods; it has whatever it has taken."""
        self._maybe_down(0.15)
        if self.refuses:
            raise ChannelRefused("nothing goes out today")
        known = self.refunds.get(number)
        if known is not None and known.state is RefundState.DONE:
            return RefundAnswer(RefundState.DONE)
        state = RefundState.DONE
        if not self.is_healthy:
            state = self.chance.choices([RefundState.DONE, RefundState.FAILED, RefundState.REFUSED], [8, 1.5, 0.5])[0]
        self.refunds[number] = Refund(payee, amount, state)
        if state is RefundState.DONE:
            self._write_down("payout", number, "", amount)
        self._maybe_down(0.15)
        return RefundAnswer(state, "" if state is RefundState.DONE else "the channel says no")

    def find_payout(self, number: str) -> RefundAnswer:
        """What it knows of what was sent to an account under our number."""
        return self.find_refund(number)

    def settled(self, day: date) -> SettledDay:
        """The file of a day that is over; asked again, it is the same file, wrong lines and all."""
        self._maybe_down(0.15)
        if day >= self.clock().astimezone(SHANGHAI).date():
            raise ChannelRefused("this day is not over")
        if day not in self.files:
            lines = [line for at, line in self.done if at.astimezone(SHANGHAI).date() == day]
            self.files[day] = self._written([self._perhaps_wrong(line) for line in lines])
        return self.files[day]

    def _perhaps_wrong(self, line: SettledLine) -> SettledLine:
        if self.chance.random() > 0.1:
            return line
        told = replace(line, amount=line.amount + 1) if self.chance.random() < 0.5 else replace(line, state="failed")
        self.wrong.append(told)
        return told

    def _written(self, lines: list[SettledLine]) -> SettledDay:
        if lines and self.chance.random() < 0.1:
            self.wrong.append(lines[0])
            lines = [*lines, lines[0]]
        return SettledDay(tuple(lines), hashlib.sha256(repr(lines).encode()).hexdigest())

    def _write_down(self, kind: str, number: str, txn: str, amount: int) -> None:
        self.done.append((self.clock(), SettledLine(kind, number, txn, amount, "done")))

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> Charge:
        """Only what is in its own books is its notice; the signature is proven in tests/ledger."""
        told = json.loads(body)
        charge = Charge(txn=told["txn"], number=told["number"], amount=told["amount"])
        if charge not in self.taken or told["number"] not in path:
            raise BadNotice("not signed by the channel")
        return charge

    # What people do at the channel

    def pay(self, number: str, *, amount: int | None = None) -> Charge:
        """Somebody pays an announced charge on the channel's page, perhaps another amount, perhaps again."""
        charge = Charge(f"T{len(self.taken) + 1}", number, amount or self.announced[number])
        self.taken.append(charge)
        self._write_down("charge", number, charge.txn, charge.amount)
        return charge

    def pay_back(self, number: str) -> str:
        """Its staff or a bank pays back what is left of a charge, or a part of it; only a file will tell of it."""
        charge = self.charges_left(number)[0]
        amount = self.chance.choice([self._left(charge), max(1, self._left(charge) // 3)])
        own = f"X{len(self.own) + 1}"
        self.own[own] = Refund(charge.txn, amount, RefundState.DONE)
        self._write_down("refund", own, charge.txn, amount)
        return f"{amount} of {charge.txn}"

    # What is in its books

    def charges_left(self, number: str) -> list[Charge]:
        """What was paid under our number and not paid back."""
        return [each for each in self.taken if each.number == number and self._left(each) > 0]

    def not_booked(self, booked: Mapping[str, int]) -> int:
        """What it paid back on its own account and we have not booked, in fen."""
        return sum(refund.amount - booked.get(number, 0) for number, refund in self.own.items())

    def _left(self, charge: Charge) -> int:
        gone = [*self.refunds.values(), *self.own.values()]
        return charge.amount - sum(
            each.amount for each in gone if each.txn == charge.txn and each.state is RefundState.DONE
        )

    @property
    def in_hand(self) -> int:
        """What it took and has not paid back, in fen."""
        gone = [*self.refunds.values(), *self.own.values()]
        paid = sum(refund.amount for refund in gone if refund.state is RefundState.DONE)
        return sum(charge.amount for charge in self.taken) - paid

    def _maybe_down(self, likely: float) -> None:
        if not self.is_healthy and self.chance.random() < likely:
            self.faults += 1
            raise ChannelDown("no answer")
