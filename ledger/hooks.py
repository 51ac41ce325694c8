"""What the ledger calls in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from timeline.hooks import Hook
from timeline.spans import Span

#: (limit, variant, *, version, at) → how long the rulebook gives: ledger starts clocks, but does not know their length.
#: `version` is what the thing is pinned to; without it the version counts that is in force `at`.
span: Hook[..., Span] = Hook("ledger.span")

#: (payment, *, at): an order's charge came in, in time and right. Books channel → escrow; refuses if the order is no
#: longer to be paid, and the ledger then sends the money back.
order_paid: Hook[..., None] = Hook("ledger.order_paid")

#: (payment, *, at): a shop's deposit was paid, in time and right. Books channel → deposit; refuses if the shop is
#: closing, and the ledger then sends the money back.
deposit_paid: Hook[..., None] = Hook("ledger.deposit_paid")

#: (payment, *, reference, amount, cause, at) → fen: the channel gave `amount` back of an order's charge on its own
#: account, under its number `reference`. Books as much of it as is left to give back; `cause` is where no case is.
paid_outside: Hook[..., int] = Hook("ledger.paid_outside")

#: (address, user, *, at, back) → the page that asks why, before `user` of the mall reads an account that is somebody's
#: own, and then leads on to `back`; empty where nothing is asked.
asked_first: Hook[..., str] = Hook("ledger.asked_first")

#: (payout, *, at): what a refund decided has arrived.
payout_paid: Hook[..., None] = Hook("ledger.payout_paid")
