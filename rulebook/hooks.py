"""What the rulebook asks rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from collections.abc import Iterator
from typing import NamedTuple

from rulebook.claims import Claim
from timeline.hooks import Hook


class RealCase(NamedTuple):
    """A case that happened: its number, its page, the claim as our records had it, and over how many equal units."""

    name: str
    page: str
    claim: Claim
    units: int


#: (): how many cases there are to replay.
cases_known: Hook[[], int] = Hook("rulebook.cases_known")

#: (): the most recent cases, as they were when they were filed, the newest first.
recent_cases: Hook[[], Iterator[RealCase]] = Hook("rulebook.recent_cases")
