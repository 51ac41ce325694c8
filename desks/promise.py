"""What the mall promises on its first page. Every span comes from the rulebook in force; the page promises no other."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from rulebook import versions
from rulebook.limits import Clocks
from rulebook.words import in_words
from timeline.spans import deadline


def promise(at: datetime) -> dict[str, Any]:
    """Everything the first page needs, for a mall in which it is `at` now."""
    clocks = versions.in_force(at).clocks
    answer = clocks.span("SELLER_RESPONSE")
    return {
        "at": at,
        "steps": _steps(clocks),
        "clocks": _clocks(clocks),
        "example_until": deadline(answer, at),
        "appeal": in_words(clocks.span("APPEAL")),
        "instant": in_words(clocks.span("PAYOUT", "instant")),
    }


def _steps(clocks: Clocks) -> list[dict[str, str]]:
    """The way of a refund, with who moves and for how long."""
    return [
        {
            "icon": "undo-2",
            "title": _("You ask"),
            "text": _("Choose what went wrong. Before you file, you see the result, its reason and its arithmetic."),
            "span": _("in a minute, on a phone"),
        },
        {
            "icon": "store",
            "title": _("The shop answers"),
            "text": _(
                "It agrees, offers something, or declines with a reason and proof. Then you can call the platform."
            ),
            "span": _("within %(span)s") % {"span": in_words(clocks.span("SELLER_RESPONSE"))},
        },
        {
            "icon": "scale",
            "title": _("The platform decides"),
            "text": _("Only if needed. People hear both sides and sign a decision: evidence, rules, every fen."),
            "span": _("evidence %(evidence)s, decision %(ruling)s")
            % {
                "evidence": in_words(clocks.span("EVIDENCE", "normal")),
                "ruling": in_words(clocks.span("RULING", "normal")),
            },
        },
        {
            "icon": "banknote",
            "title": _("The money goes back"),
            "text": _("To the channel it came from. You can follow it fen by fen until it has arrived."),
            "span": _("on its way within %(span)s") % {"span": in_words(clocks.span("PAYOUT", "normal"))},
        },
    ]


def _clocks(clocks: Clocks) -> list[dict[str, str]]:
    """Who has how long, and what their silence means."""
    rows = [
        (
            _("Shop"),
            _("Answer a claim"),
            clocks.span("SELLER_RESPONSE"),
            _("You are paid what the rules say, unless our records contradict the claim; then the platform decides."),
        ),
        (
            _("Shop"),
            _("Answer a claim: up to ¥50, or not delivered"),
            clocks.span("SELLER_RESPONSE", "small_or_undelivered"),
            _("As above, only sooner."),
        ),
        (
            _("Shop"),
            _("Deliver a new code it agreed to"),
            clocks.span("REPLACE", "code"),
            _("The refund is approved in full."),
        ),
        (
            _("Buyer"),
            _("Call the platform after a refusal"),
            clocks.span("ESCALATE"),
            _("A standing offer is paid; otherwise the claim lapses, after two reminders that reached you."),
        ),
        (
            _("Both sides"),
            _("Hand in evidence"),
            clocks.span("EVIDENCE", "normal"),
            _("The case goes on with what is there. Our own records are in the file already."),
        ),
        (
            _("Platform"),
            _("Decide"),
            clocks.span("RULING", "normal"),
            _("Another person takes over, then the lead, then the rulebook's figure applies for the time being."),
        ),
        (_("Both sides"), _("Appeal, free of charge"), clocks.span("APPEAL"), _("The decision is carried out.")),
        (
            _("Platform"),
            _("Send the money"),
            clocks.span("PAYOUT", "normal"),
            _("Finance is alarmed and sends it by hand."),
        ),
    ]
    return [{"who": who, "what": what, "span": in_words(span), "silence": silence} for who, what, span, silence in rows]
