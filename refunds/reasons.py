"""Why a buyer can ask: which of the rulebook's reasons are open for what kind of goods in which state, and until when.

The reasons, their times to file, formulas and faults are the rulebook's; which kinds a reason is about and which facts
change its answer stands beside the calculator. Here stands only in which state of a unit a reason makes sense at all.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from orders.fulfilment import handing
from orders.models import Order, Unit
from orders.states import Delivery
from rulebook import versions
from rulebook.book import Book, Reason
from rulebook.calculator import KINDS_OF
from rulebook.claims import KINDS
from timeline import spans
from timeline.refusals import Refused

NOT_DELIVERED, CODE_INVALID, CHANGE_OF_MIND = "NOT_DELIVERED", "CODE_INVALID", "CHANGE_OF_MIND"
ILLEGAL_GOODS, MINOR_PURCHASE, UNAUTHORIZED_PAYMENT = "ILLEGAL_GOODS", "MINOR_PURCHASE", "UNAUTHORIZED_PAYMENT"
#: Reasons in which waiting hurts: the platform takes them on at once, and people decide (domain: triage).
URGENT = frozenset({MINOR_PURCHASE, UNAUTHORIZED_PAYMENT, ILLEGAL_GOODS, "ACCOUNT_RECOVERED", "SELLER_ABSCONDED"})
#: Where somebody else may have paid than who files: what goes back goes to whoever paid, never to the filer's balance.
PAYER_ONLY = frozenset({MINOR_PURCHASE, UNAUTHORIZED_PAYMENT})
#: Reasons that say that nothing was performed: if proven, with the money in escrow, they are paid at once and uncapped.
NON_PERFORMANCE = {
    NOT_DELIVERED,
    CODE_INVALID,
    "OUT_OF_STOCK",
    "PARTIAL_DELIVERY",
    "MEMBERSHIP_NOT_ACTIVATED",
    "CODE_EXPIRED",
}

UNDELIVERED, SEALED, REVEALED = Delivery.UNDELIVERED, Delivery.SEALED, Delivery.REVEALED
SEEN = frozenset({REVEALED, Delivery.USED, Delivery.PARTIAL})
CAME = SEEN | {SEALED}
ALL = CAME | {UNDELIVERED}
#: In which states of a unit a reason makes sense; the reasons in the order in which they are offered.
STATES: Mapping[str, frozenset[Delivery]] = {
    NOT_DELIVERED: frozenset({UNDELIVERED, SEALED}),
    CODE_INVALID: CAME - {Delivery.PARTIAL},
    "CODE_ALREADY_USED": SEEN,
    "CODE_EXPIRED": CAME,
    "LATE_DELIVERY": ALL,
    "OUT_OF_STOCK": frozenset({UNDELIVERED}),
    "PARTIAL_DELIVERY": SEEN | {UNDELIVERED},
    "WRONG_ITEM": CAME,
    "FACE_VALUE_SHORT": SEEN,
    "NOT_AS_DESCRIBED": CAME,
    "REGION_MISMATCH": CAME,
    "MEMBERSHIP_NOT_ACTIVATED": ALL,
    "MEMBERSHIP_INTERRUPTED": SEEN,
    "SERVICE_SHORTFALL": SEEN,
    "ACCOUNT_MISMATCH": SEEN,
    "ACCOUNT_RECOVERED": SEEN,
    "ACCOUNT_BANNED_PRE": SEEN,
    "ACCOUNT_BANNED_POST": SEEN,
    "CODE_REVOKED": SEEN,
    "UPSTREAM_BAN": SEEN,
    "UPSTREAM_OUTAGE": ALL,
    "PLATFORM_OUTAGE": frozenset({UNDELIVERED, SEALED}),
    "DUPLICATE_CHARGE": ALL,
    "DUPLICATE_TOPUP": ALL,
    "PRICE_DISPUTE": ALL,
    "BUYER_MISTAKE": ALL,
    CHANGE_OF_MIND: ALL - {Delivery.USED},
    "BUYER_DEVICE": CAME,
    "FORCE_MAJEURE": ALL,
    "FRAUD": ALL,
    "SELLER_ABSCONDED": ALL,
    MINOR_PURCHASE: ALL,
    UNAUTHORIZED_PAYMENT: ALL,
    ILLEGAL_GOODS: ALL,
}
#: In which reasons the other side's system says what is wrong, so that its words or its code help most.
ERROR_CODE = frozenset(
    {
        *(NOT_DELIVERED, CODE_INVALID, "CODE_ALREADY_USED", "CODE_EXPIRED", "CODE_REVOKED", "REGION_MISMATCH"),
        *("MEMBERSHIP_NOT_ACTIVATED", "UPSTREAM_BAN", "UPSTREAM_OUTAGE", "PLATFORM_OUTAGE", "BUYER_DEVICE"),
    }
)
#: Reasons about the thing itself: what a shop's pledge to answer longer than the rules ask is about.
OF_THE_THING = frozenset(
    {
        *(CODE_INVALID, "CODE_ALREADY_USED", "CODE_EXPIRED", "CODE_REVOKED", "WRONG_ITEM", "FACE_VALUE_SHORT"),
        *("NOT_AS_DESCRIBED", "REGION_MISMATCH", "MEMBERSHIP_NOT_ACTIVATED", "MEMBERSHIP_INTERRUPTED"),
        *("SERVICE_SHORTFALL", "ACCOUNT_MISMATCH", "ACCOUNT_BANNED_PRE", "ACCOUNT_BANNED_POST", "UPSTREAM_BAN"),
    }
)
#: The statutory days of return without a reason, which are also the least time to file such a claim.
STATUTORY_DAYS = 7
#: The least time to file a mistake, and how much of a term's end is left for its claims.
MISTAKE_HOURS, AFTER_TERM_DAYS = 24, 7
#: The limitation by law, and the time from knowing of a fraud, in years.
LIMITATION_YEARS, KNOWLEDGE_YEARS = 3, 1
#: `180d after promise`, `7d after reveal`: how the rulebook writes the time to file.
WINDOW = re.compile(r"(\d+)(h|d) after (promise|delivery|reveal|payment|incident|use|event)")


def of_kind(kind: str, book: Book) -> list[str]:
    """The reasons of a rulebook that can be about a kind of goods, in the order in which they are offered."""
    found = {code for code in book.reasons if kind in KINDS_OF.get(code, frozenset(KINDS))}
    return [code for code in STATES if code in found]


def offered(kind: str, unit: Unit, book: Book | None = None) -> list[str]:
    """The reasons that a unit of this kind of goods can be claimed for, in the state it is in.

    Without a `book` by the rules that Kamen ships with.
    """
    if unit.left <= 0:
        return []
    known = of_kind(kind, book or versions.shipped().book)
    return [reason for reason in known if unit.delivery in STATES[reason]]


class When(NamedTuple):
    """What the time to file is counted from; what nobody knows is nothing, and then no time has begun."""

    order: Order
    unit: Unit
    level: str
    seen_at: datetime | None = None
    #: When it happened or became known, as the buyer says.
    happened_at: datetime | None = None


def window_ends_at(
    order: Order,
    unit: Unit,
    reason: str,
    *,
    seen_at: datetime | None,
    level: str,
    book: Book,
    happened_at: datetime | None = None,
) -> datetime | None:
    """Until when a unit may be claimed for `reason`; nothing where the time has not begun (a code nobody looked at).

    What the shop pledged to answer for longer can be claimed for as long (rules 3.3: a better promise comes first).
    `LookupError` if the rulebook writes the time in a way that this version cannot read.
    """
    found = _ends(book.reasons[reason], When(order, unit, level, seen_at, happened_at), book)
    pledged = _pledge_ends_at(order, unit) if reason in OF_THE_THING else None
    return max(found, pledged) if found and pledged else found


def _pledge_ends_at(order: Order, unit: Unit) -> datetime | None:
    """Until when the shop answers by its own word, as it was sold; nothing where it pledged nothing."""
    days = handing.pledged_days(order)
    return spans.deadline(spans.days(days), unit.delivered_at) if days and unit.delivered_at else None


def _ends(reason: Reason, when: When, book: Book) -> datetime | None:
    text = reason.file_window
    if text in NAMED:
        return NAMED[text](when, book)
    found = WINDOW.fullmatch(text)
    if found is None:
        raise LookupError(f"The rulebook gives {reason.code} no time to file that this version can read: {text}.")
    amount, measure, since = found.groups()
    start = _start(since, when)
    if start is None:
        return None
    return spans.deadline(spans.days(int(amount)) if measure == "d" else spans.hours(int(amount)), start)


def is_readable(text: str) -> bool:
    """Whether this version understands a time to file as a rulebook writes it."""
    return text in NAMED or WINDOW.fullmatch(text) is not None


def _start(since: str, when: When) -> datetime | None:
    order, unit = when.order, when.unit
    if since == "use":
        # Only what is delivered by crediting it is used at a moment that somebody recorded.
        return unit.delivered_at if unit.delivery == Delivery.USED and unit.card_id is None else None
    return {
        "promise": order.promised_at,
        "payment": order.paid_at,
        "delivery": unit.delivered_at,
        "reveal": when.seen_at,
        "incident": when.happened_at or order.promised_at,
        "event": when.happened_at,
    }[since]


def _statutory(when: When, book: Book) -> datetime | None:
    delivered_at = when.unit.delivered_at
    if delivered_at is None:
        return None
    by_level = delivered_at + timedelta(hours=book.levels[when.level].lanes["LEVEL_SEALED"].window_h)
    return max(spans.deadline(spans.days(STATUTORY_DAYS), delivered_at), by_level)


def _mistake(when: When, book: Book) -> datetime | None:
    delivered_at = when.unit.delivered_at
    if delivered_at is None:
        return None
    by_level = book.levels[when.level].lanes["LEVEL_SEALED"].window_h if when.unit.delivery == SEALED else 0
    return delivered_at + timedelta(hours=max(MISTAKE_HOURS, by_level))


def _after_term(when: When, book: Book) -> datetime | None:
    proof = when.unit.handover
    if proof is None or proof.ends_on is None:
        return None  # nobody recorded a term: the order's own warranty ends it
    over = datetime.combine(proof.ends_on, time(23, 59), tzinfo=spans.SHANGHAI)
    return spans.deadline(spans.days(AFTER_TERM_DAYS), over)


def _limitation(when: When, book: Book) -> datetime | None:
    return _years(LIMITATION_YEARS, when.order.paid_at)


def _fraud(when: When, book: Book) -> datetime | None:
    ends = [_years(LIMITATION_YEARS, when.order.paid_at), _years(KNOWLEDGE_YEARS, when.happened_at)]
    return min((end for end in ends if end is not None), default=None)


def _open(when: When, book: Book) -> datetime | None:
    return None  # later it is for people, at the shop's cost alone: the engine says so


def _years(count: int, since: datetime | None) -> datetime | None:
    if since is None:
        return None
    day = timezone.localtime(since)
    return day.replace(year=day.year + count, day=28 if (day.month, day.day) == (2, 29) else day.day)


#: Times to file that are no plain count.
NAMED = {
    "statutory 7d or level window": _statutory,
    "24h (sealed: level window)": _mistake,
    "term + 7d": _after_term,
    "3y limitation": _limitation,
    "1y from knowledge, 3y limitation": _fraud,
    "30d warranty (longer if 包赔); later = human, seller-funded only": _open,
}
#: Reasons whose time to file runs from a day that only the buyer can name.
HAPPENS = frozenset({"UPSTREAM_BAN", "UPSTREAM_OUTAGE", "FORCE_MAJEURE", "PLATFORM_OUTAGE", "FRAUD"})


def require_open(ends: Iterable[datetime | None], *, at: datetime) -> None:
    """Refuse with `window_over` if the time to file is over for one of the units, and say when it was over."""
    over = sorted(end for end in ends if end is not None and end <= at)
    if over:
        until = timezone.localtime(over[0])
        raise Refused(
            "window_over",
            _("For this reason a claim could be filed until %(until)s. You can still talk to the shop in the order.")
            % {"until": f"{until:%Y-%m-%d %H:%M}"},
        )


def places_by_reason(kind: str, units: Iterable[Unit], book: Book | None = None) -> Mapping[str, list[int]]:
    """Which units (by place) each reason can be claimed for now; reasons without any are left out."""
    known = of_kind(kind, book or versions.shipped().book)
    found: dict[str, list[int]] = {reason: [] for reason in known}
    for unit in units:
        if unit.held_by or unit.left <= 0:
            continue
        for reason in known:
            if unit.delivery in STATES[reason]:
                found[reason].append(unit.place)
    return {reason: places for reason, places in found.items() if places}


def all_of(book: Book | None = None) -> list[Any]:
    """Every reason as a choice, for the contract."""
    return [(code, code) for code in STATES if code in (book or versions.shipped().book).reasons]
