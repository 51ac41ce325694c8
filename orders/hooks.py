"""What orders call in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from collections.abc import Mapping

from timeline.hooks import Hook

#: (unit, *, at): its supplier has said what became of it while a case holds it; the case is decided anew.
answered: Hook[..., None] = Hook("orders.answered")

#: (order, *, cause, missing, units, payer, at): no source had `missing` fen of what `cause` gave the buyer, in it the
#: price of units as in `units` (fen per unit id); the `payer`, `shop` or `platform`, still owes it. Returns how much of
#: it was not owed before.
ran_dry: Hook[..., int] = Hook("orders.ran_dry")

#: (order) → what of the price of each unit an earlier case gave and nobody had: in all, and by the platform; fen per
#: unit id.
still_owed: Hook[..., tuple[Mapping[int, int], Mapping[int, int]]] = Hook("orders.still_owed")

#: (order, *, left, by_channel, by_platform, at): something came back for units beyond what was held of them, of an
#: order for which a waterfall once ran dry. `left` is what can still go back for each, `by_channel` what its channel
#: paid on its own account, `by_platform` what the platform paid of what it owed; fen per unit id. What an earlier case
#: gave for these units and nobody had is owed no more so far.
paid_again: Hook[..., None] = Hook("orders.paid_again")
