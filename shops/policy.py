"""What happens when something is wrong with a purchase, before anybody buys: a listing's policy card.

Every figure comes from the version of the rulebook that an order placed now would be pinned to, and every result from
the engine that would decide. The card is kept with the order as it was shown.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from rulebook import words
from rulebook.book import Book
from rulebook.calculator import NEVER
from rulebook.claims import Claim
from rulebook.decisions import Decision, Outcome
from rulebook.engine import decide
from rulebook.explanations import percent
from rulebook.limits import Clocks
from rulebook.models import RulebookVersion
from shops.models import CODES, Kind, Listing
from timeline.spans import Span, hours, minutes

#: What goes wrong most with each kind, in the order of the card; the rule center has every reason.
REASONS = {
    Kind.POINT_CARD: ("NOT_DELIVERED", "CODE_INVALID", "CODE_ALREADY_USED", "FACE_VALUE_SHORT", "REGION_MISMATCH"),
    Kind.ACTIVATION_CODE: ("NOT_DELIVERED", "CODE_INVALID", "CODE_ALREADY_USED", "REGION_MISMATCH", "CODE_REVOKED"),
    Kind.DIRECT_TOPUP: ("NOT_DELIVERED", "LATE_DELIVERY", "FACE_VALUE_SHORT", "WRONG_ITEM", "DUPLICATE_TOPUP"),
    Kind.MEMBERSHIP: (
        "NOT_DELIVERED",
        "MEMBERSHIP_NOT_ACTIVATED",
        "MEMBERSHIP_INTERRUPTED",
        "NOT_AS_DESCRIBED",
        "UPSTREAM_BAN",
    ),
    Kind.GAME_ACCOUNT: (
        "NOT_DELIVERED",
        "ACCOUNT_MISMATCH",
        "ACCOUNT_RECOVERED",
        "ACCOUNT_BANNED_PRE",
        "ACCOUNT_BANNED_POST",
    ),
    Kind.CUSTOM_SERVICE: ("NOT_DELIVERED", "LATE_DELIVERY", "SERVICE_SHORTFALL", "NOT_AS_DESCRIBED"),
}
#: The variant of the clock INSPECT that a kind runs on.
INSPECTION = {
    Kind.POINT_CARD: "code",
    Kind.ACTIVATION_CODE: "code",
    Kind.DIRECT_TOPUP: "top_up",
    Kind.MEMBERSHIP: "membership",
    Kind.GAME_ACCOUNT: "account",
    Kind.CUSTOM_SERVICE: "service",
}


@dataclass(frozen=True)
class Mistake:
    """What a buyer of one level gets back for their own mistake, by the rulebook: amounts in fen for one unit.

    `within` is how long a sealed thing may go back, `back` what comes back then, less `fee`; `revealed` is what comes
    back once it was seen and `midway` once half of it is used. A kind that is never sealed has no `within`: `back` is
    then what comes back before anything begins.
    """

    level: str
    within: str
    fee_bp: int
    fee: int
    back: int
    revealed: int
    midway: int
    midway_fee_bp: int

    @property
    def percent(self) -> str:
        """The fee as a share of the price, `5%`."""
        return percent(self.fee_bp)


def price_of_a_mistake(listing: Listing, book: Book) -> list[Mistake]:
    """For each membership level, what one unit comes to that was bought by mistake."""
    return [_mistake(listing, book, level) for level in sorted(book.levels)]


def _mistake(listing: Listing, book: Book, level: str) -> Mistake:
    lane = book.levels[level].lanes["LEVEL_SEALED"]
    can_be_sealed = "SEALED" not in NEVER.get(listing.kind, ())
    first = _decided(listing, book, level, "SEALED" if can_be_sealed else "UNDELIVERED", hours_since_delivery=0)
    seen = _decided(listing, book, level, "REVEALED_UNUSED", hours_since_reveal=0, recallable=False)
    half = _decided(listing, book, level, "PARTIAL", consumed=1, total=2, prepaid_cooling=False)
    return Mistake(
        level=level,
        within=words.in_words(hours(lane.window_h)) if can_be_sealed else "",
        fee_bp=(lane.fee_bp or 0) if can_be_sealed else 0,
        fee=first.fee,
        back=first.refund,
        revealed=seen.refund if can_be_sealed else 0,
        midway=half.refund if half.outcome is not Outcome.DENY else 0,
        midway_fee_bp=_fee_for_stopping(half),
    )


def _fee_for_stopping(half: Decision) -> int:
    """The share of the rest that stays with the shop if a buyer stops midway, in basis points."""
    rates = [int(dict(line.numbers)["fee_bp"]) for line in half.lines if line.code == "FEE_ON_REMAINDER"]
    return rates[0] if rates else 0


def _decided(listing: Listing, book: Book, level: str, state: str, **facts: int | str) -> Decision:
    # No order is placed without the buyer's yes to the notice, so the statutory return does not apply (refunds.triage).
    return decide(
        Claim(
            kind=listing.kind,
            reason="CHANGE_OF_MIND",
            state=state,
            level=level,
            paid=listing.price,
            facts={"statutory_no_reason": False, "submitted_upstream": False, **facts},
        ),
        book,
    )


def in_one_sentence(listing: Listing, mistake: Mistake) -> str:
    """The price of a mistake of one level: “Sealed: back within 24 hours less 5%. Looked at: nothing.”"""
    told = {"within": mistake.within, "fee": mistake.percent, "rest": percent(mistake.midway_fee_bp)}
    if listing.kind == Kind.DIRECT_TOPUP:
        return _("Until it is handed to the supplier: everything back. Once it is credited: nothing.")
    if listing.kind == Kind.CUSTOM_SERVICE:
        return _("Before work begins: everything back. Midway: the rest less %(rest)s. Finished: nothing.") % told
    parts = [
        (_("Sealed: back within %(within)s less %(fee)s.") if mistake.fee else _("Sealed: all back within %(within)s."))
        % told,
        _("Looked at: nothing.") if not mistake.revealed else _("Looked at: a part."),
    ]
    if listing.kind == Kind.MEMBERSHIP and mistake.midway:
        parts.append(_("Within the term: the rest less %(rest)s.") % told)
    return ("" if (get_language() or "").startswith("zh") else " ").join(parts)


def exemption(listing: Listing) -> str:
    """What a buyer says yes to before each purchase, in their language: that the seven-day return does not apply.

    Legal source: 消保法 25 and the measures on returns within seven days, article 7: digital goods only after a yes to
    each purchase.
    """
    if listing.has_codes():
        return _(
            "This is digital goods: once I have looked at it nobody can take it back. So the return without a reason"
            " within seven days does not apply to this purchase. What is not as promised is paid back all the same."
        )
    return _(
        "This is delivered to me alone: once it has begun nobody can take it back. So the return without a reason"
        " within seven days does not apply to this purchase. What is not as promised is paid back all the same."
    )


def agreed(listing: Listing, at: datetime) -> dict[str, str]:
    """The buyer's yes to the exemption as it is kept with the order: the text as it was shown, its hash, the time."""
    text = exemption(listing)
    return {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest(), "at": at.isoformat()}


#: What a listing promises in its own words and figures; its price is asked by itself.
PROMISED = (
    *("kind", "title", "description", "category", "promise_minutes", "face_value", "region", "notice"),
    *("delivered_by", "asks", "section", "area", "promises", "warranty_days", "most_each"),
)


def shown(listing: Listing, version: RulebookVersion) -> str:
    """A mark of all that a listing's page promises and of the rules behind it: the same text, the same mark.

    A buyer sends it along with the order, so that nobody agrees to a text that is another one by now.
    """
    told = {name: getattr(listing, name) for name in PROMISED} | {"rules": version.number}
    body = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def card(listing: Listing, version: RulebookVersion, level: str = "") -> dict[str, Any]:
    """The whole card in the reader's language, as plain JSON; `level` is the reader's, or nothing for a stranger."""
    mistakes = price_of_a_mistake(listing, version.book)
    of = next((each for each in mistakes if each.level == level), mistakes[0])
    return {
        "version": version.number,
        "language": get_language() or "",
        "level": level,
        "sentence": in_one_sentence(listing, of),
        "questions": questions(listing, version.clocks),
        "reasons": list(_reasons(listing, version.book)),
        "mistakes": [
            {**asdict(each), "percent": each.percent, "name": str(words.LEVELS[each.level])} for each in mistakes
        ],
        "is_sealed_kind": bool(of.within),
        "has_midway": listing.kind in (Kind.MEMBERSHIP, Kind.CUSTOM_SERVICE),
    }


def _reasons(listing: Listing, book: Book) -> Iterator[dict[str, str]]:
    """What can go wrong with this kind: what comes back, until when, and what to show."""
    for code in (*REASONS[Kind(listing.kind)], "CHANGE_OF_MIND"):
        if code in book.reasons:
            about = words.REASONS[code]
            yield {
                "code": code,
                "title": str(about.title),
                "icon": about.icon,
                "result": str(about.result),
                "window": words.window(book.reasons[code].file_window),
                "evidence": str(about.buyer),
            }


def questions(listing: Listing, clocks: Clocks) -> list[dict[str, Any]]:
    """The three questions of the policy card, each with its answers: when, how fast, and what is needed."""
    told = {
        "inspect": in_words(clocks.span("INSPECT", INSPECTION[Kind(listing.kind)])),
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
                _wrong(listing),
                _("Bought by mistake and not looked at: by your level, see below.")
                if listing.has_codes()
                else _("Your own mistake: see below."),
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
                _("Nothing that our records know already: order, delivery, when the code was shown, issuer's answers.")
                if listing.kind in CODES
                else _("Nothing that our records know already: order, delivery, the supplier's answers."),
                _shown(listing),
            ],
        },
    ]


def _wrong(listing: Listing) -> str:
    """What counts as the shop's fault with this kind, in a sentence."""
    match listing.kind:
        case Kind.DIRECT_TOPUP:
            return _(
                "Less was credited than promised, twice, or to another account: the difference or everything back."
            )
        case Kind.MEMBERSHIP:
            return _(
                "It was not switched on: everything comes back. It stopped midway: the unused time, and 5% on top."
            )
        case Kind.GAME_ACCOUNT:
            return _("It is not as described, was banned before, or is taken back in the warranty: everything back.")
        case Kind.CUSTOM_SERVICE:
            return _("It fell short of what was promised: the price falls by how far, up to everything.")
    return _("The code is invalid, was used before you saw it, or is for another region: everything comes back.")


def _shown(listing: Listing) -> str:
    """What a buyer adds at most, in a sentence."""
    match listing.kind:
        case Kind.DIRECT_TOPUP:
            return _("For a shortfall: the balance before and after.")
        case Kind.MEMBERSHIP:
            return _("For a membership that stopped: the page that shows it, with its time.")
        case Kind.GAME_ACCOUNT:
            return _("For an account that was taken back: the failed sign-in, and receipts of your top-ups.")
        case Kind.CUSTOM_SERVICE:
            return _("For a service that fell short: the measurement.")
    return _("For an invalid code: a picture of the message that you got when you tried it.")


def in_words(span: Span) -> str:
    """A span as people say it: “10 minutes”, “72 hours”, “7 days”."""
    return words.in_words(span)
