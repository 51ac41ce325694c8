"""What a shop writes on a listing, held against the clause linter: void and forbidden terms are not published.

Orders that were placed before keep the text they were shown; there a void term counts as if it were not written, for no
text is ever a fact for the rulebook.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from rulebook.linter import Finding, lint
from rulebook.terms import sentence, shown
from shops.models import Listing
from timeline.refusals import Refused

#: Where a shop writes words of its own.
WRITTEN = ("title", "description", "category", "region", "notice")


def found_in(listing: Listing) -> dict[str, tuple[Finding, ...]]:
    """What is questionable in each of its texts; texts that are fair are left out."""
    found = {name: lint(getattr(listing, name)) for name in WRITTEN}
    return {name: findings for name, findings in found.items() if findings}


def require_fair(listing: Listing) -> None:
    """`ValidationError` with each void or forbidden term, why, and what to write instead, by field."""
    wrong = {
        name: [ValidationError(sentence(each), code="void_term") for each in findings if each.is_blocking]
        for name, findings in found_in(listing).items()
    }
    if wrong := {name: errors for name, errors in wrong.items() if errors}:
        raise ValidationError(wrong)


def refuse_void(listing: Listing) -> None:
    """Refused with `void_term` while a text that was written before holds one: it is not shown to buyers again."""
    blocking = [each for findings in found_in(listing).values() for each in findings if each.is_blocking]
    if blocking:
        raise Refused("void_term", _("Change the listing first. %(finding)s") % {"finding": sentence(blocking[0])})


def told(listing: Listing) -> list[dict[str, Any]]:
    """Everything that is questionable, field by field, in the reader's language, for machines."""
    return [{"field": name, **shown(each)} for name, findings in found_in(listing).items() for each in findings]


def doubts(listing: Listing) -> list[Finding]:
    """The vague words of its texts, which warn and do not stop it."""
    return [each for findings in found_in(listing).values() for each in findings if not each.is_blocking]
