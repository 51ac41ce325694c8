"""What happens when something is wrong with a purchase, before anybody buys: figures for a listing's policy card."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rulebook import clocks
from rulebook.claims import Claim
from rulebook.defaults import default_book
from rulebook.engine import decide
from shops.models import Listing
from timeline.spans import Kind, Span, hours, minutes


@dataclass(frozen=True)
class Mistake:
    """What a buyer of one level gets back for their own mistake, by the rulebook: amounts in fen for one unit.

    `within` is how long a sealed code may go back, `back` what comes back then; `revealed` is what comes back once
    the code was seen.
    """

    level: str
    within: str
    fee_bp: int
    fee: int
    back: int
    revealed: int

    @property
    def percent(self) -> str:
        """The fee as a share of the price, `5 %`."""
        return f"{self.fee_bp / 100:g} %"


def price_of_a_mistake(listing: Listing) -> list[Mistake]:
    """For each membership level, what one unit comes to that was bought by mistake, before and after looking at it."""
    book = default_book()
    found = []
    for name, level in sorted(book.levels.items()):
        sealed = decide(_mistake(listing, name, "SEALED", {"hours_since_delivery": 0}), book)
        seen = decide(_mistake(listing, name, "REVEALED_UNUSED", {"hours_since_reveal": 0, "recallable": False}), book)
        lane = level.lanes["LEVEL_SEALED"]
        within = in_words(hours(lane.window_h))
        found.append(Mistake(name, within, lane.fee_bp or 0, sealed.fee, sealed.refund, seen.refund))
    return found


def _mistake(listing: Listing, level: str, state: str, facts: dict[str, int | str]) -> Claim:
    return Claim(
        kind=listing.kind,
        reason="CHANGE_OF_MIND",
        state=state,
        level=level,
        paid=listing.price,
        facts={"statutory_no_reason": False, **facts},
    )


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
