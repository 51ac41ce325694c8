"""What a ruling says in the usual words, for its reader: what nobody wrote in words of their own is in any language.

Stored, hashed and sealed it is Chinese (`rulings.chinese`); what people wrote stays as they wrote it, for everybody.
"""

from collections.abc import Callable
from functools import partial

from disputes import rulings
from disputes.defaults import REASONS, Case
from disputes.models import Dispute, Ruling

#: What of a ruling may be in the usual words.
FIELDS = ("issues", "reasons", "next_steps", "departs_because")


def said(ruling: Ruling) -> dict[str, str]:
    """The texts of a ruling by their names, the usual ones in the language of whoever reads them."""
    dispute = ruling.dispute
    return {name: read(getattr(ruling, name), name, dispute) for name in FIELDS}


def read(text: str, name: str, dispute: Dispute) -> str:
    """One text of a ruling, as its reader reads it."""
    found = next((each for each in _usual(name, dispute) if rulings.is_usual(text, each)), None) if text else None
    return text if found is None else found()


def _usual(name: str, dispute: Dispute) -> list[Callable[[], str]]:
    """The texts that nobody had to write, for each field; what is lazy is said anew in each language."""
    labels: list[Callable[[], str]] = [partial(str, case.label) for case in Case]
    match name:
        case "issues":
            return [partial(rulings.usual_issues, dispute), *labels]
        case "next_steps":
            return [partial(rulings.usual_steps, dispute), rulings.final_steps]
        case "reasons":
            return [partial(str, REASONS[case]) for case in Case]
    return [*labels, *[partial(str, ground.label) for ground in Ruling.Dismissed]]
