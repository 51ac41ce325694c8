"""What orders call in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from timeline.hooks import Hook

#: (unit, *, at): its supplier has said what became of it while a case holds it; the case is decided anew.
answered: Hook[..., None] = Hook("orders.answered")

#: (order, *, cause, missing, units, payer, at): no source had `missing` fen of what `cause` gave the buyer, in it the
#: price of units as in `units` (fen per unit id); the `payer`, `shop` or `platform`, still owes it.
ran_dry: Hook[..., None] = Hook("orders.ran_dry")

#: (order, *, left, by_channel, at): something came back for units beyond what was held of them, of an order for which
#: a waterfall once ran dry. `left` is what can still go back for each, `by_channel` what its channel paid on its own
#: account; fen per unit id. What an earlier case gave for these units and nobody had is owed no more so far.
paid_again: Hook[..., None] = Hook("orders.paid_again")
