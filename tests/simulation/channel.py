"""The outer wall of the simulation: a payment channel that speaks the gateway's interface and keeps books of its own.

What it took and paid stays true whatever the mall forgets: a crash rolls the mall back, never the channel. So its books
are the second opinion in the end: not one fen may be in one of the two and not in the other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from ledger.gateways import BadNotice, ChannelDown, ChannelRefused, Charge, RefundAnswer, RefundState

NAME = "sandbox"


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
        back = sum(each.amount for each in self.refunds.values() if each.txn == txn and each.state is RefundState.DONE)
        if charge is None or back + amount > charge.amount:
            raise ChannelRefused("more than was charged")
        state = RefundState.DONE
        if not self.is_healthy:
            state = self.chance.choices([RefundState.DONE, RefundState.FAILED, RefundState.REFUSED], [8, 1.5, 0.5])[0]
        self.refunds[number] = Refund(txn, amount, state)
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
        self._maybe_down(0.15)
        return RefundAnswer(state, "" if state is RefundState.DONE else "the channel says no")

    def find_payout(self, number: str) -> RefundAnswer:
        """What it knows of what was sent to an account under our number."""
        return self.find_refund(number)

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
        return charge

    # What is in its books

    @property
    def in_hand(self) -> int:
        """What it took and has not paid back, in fen."""
        paid = sum(refund.amount for refund in self.refunds.values() if refund.state is RefundState.DONE)
        return sum(charge.amount for charge in self.taken) - paid

    def _maybe_down(self, likely: float) -> None:
        if not self.is_healthy and self.chance.random() < likely:
            self.faults += 1
            raise ChannelDown("no answer")
