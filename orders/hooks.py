"""What orders call in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from timeline.hooks import Hook

#: (unit, *, at): its supplier has said what became of it while a case holds it; the case is decided anew.
answered: Hook[..., None] = Hook("orders.answered")
