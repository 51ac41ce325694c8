"""What orders call in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from timeline.hooks import Hook

#: (unit, *, at): its supplier has said what became of it while a case holds it; the case is decided anew.
answered: Hook[..., None] = Hook("orders.answered")

#: (order, *, cause, missing, at): no source had `missing` fen of what `cause` gave the buyer; it stays owed.
ran_dry: Hook[..., None] = Hook("orders.ran_dry")
