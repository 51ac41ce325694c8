"""What happens when something is wrong with a purchase, before anybody buys: figures for a listing's policy card."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import rulebook
from rulebook import clocks
from shops.models import Listing
from timeline.spans import Kind, Span, hours, minutes

BOOK = Path(rulebook.__file__).parent / "data" / "rulebook.json"


@dataclass(frozen=True)
class Mistake:
    """What a buyer of one level gets back for their own mistake while the code is sealed: amounts in fen."""

    level: str
    within: str
    fee_bp: int
    fee: int
    back: int

    @property
    def percent(self) -> str:
        """The fee as a share of the price, `5 %`."""
        return f"{self.fee_bp / 100:g} %"


def price_of_a_mistake(listing: Listing) -> list[Mistake]:
    """For each membership level, what one unit bought by mistake comes to; once the code was seen, it is nothing.

    The fee is floored and capped (rules: rounding, fee cap).
    """
    book = _book()
    found = []
    for level, terms in sorted(book["levels"].items()):
        fee = min(listing.price * terms["sealed_fee_bp"] // 10_000, book["fee_cap_fen"])
        within = in_words(hours(terms["sealed_window_h"]))
        found.append(Mistake(level, within, terms["sealed_fee_bp"], fee, listing.price - fee))
    return found


def questions(listing: Listing) -> list[dict[str, Any]]:
    """The three questions of the policy card, each with its answers: when, how fast, and what is needed."""
    told = {
        "inspect": in_words(clocks.span("INSPECT", "code")),
        "answer": in_words(clocks.span("SELLER_RESPONSE")),
        "instant": in_words(clocks.span("PAYOUT", "instant")),
        "paid": in_words(clocks.span("PAYOUT", "normal")),
        "promise": in_words(minutes(listing.promise_minutes)),
    }
    return [
        {
            "icon": "shield-check",
            "question": _("When do I get my money back?"),
            "answers": [
                _("Nothing within %(promise)s of paying: cancel at once, everything comes back.") % told,
                _("The code is invalid, was used before you saw it, or is for another region: everything comes back."),
                _("Bought by mistake and not looked at: by your level, see below."),
            ],
        },
        {
            "icon": "clock",
            "question": _("How fast?"),
            "answers": [
                _("You have %(inspect)s after delivery to try it; until then the mall holds the money.") % told,
                _("What our own records prove is on its way within %(instant)s.") % told,
                _("Otherwise the shop has %(answer)s to answer; if it stays silent, you are paid within %(paid)s.")
                % told,
            ],
        },
        {
            "icon": "file-check",
            "question": _("What do I have to show?"),
            "answers": [
                _("Nothing that our records know already: order, delivery, when the code was shown, issuer's answers."),
                _("For an invalid code: a picture of the message that you got when you tried it."),
            ],
        },
    ]


def in_words(span: Span) -> str:
    """A span as people say it: “10 minutes”, “72 hours”, “7 days”."""
    if span.kind != Kind.MINUTES:
        return ngettext("%(count)d day", "%(count)d days", span.amount) % {"count": span.amount}
    if span.amount % 60:
        return ngettext("%(count)d minute", "%(count)d minutes", span.amount) % {"count": span.amount}
    whole = span.amount // 60
    if whole >= 96 and whole % 24 == 0:
        return ngettext("%(count)d day", "%(count)d days", whole // 24) % {"count": whole // 24}
    return ngettext("%(count)d hour", "%(count)d hours", whole) % {"count": whole}


@cache
def _book() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(BOOK.read_text())
    return found
