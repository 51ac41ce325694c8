"""Why a buyer can ask: which reasons are open for what kind of goods in which state, and until when."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import Order, Unit
from orders.states import Delivery
from rulebook.book import Book
from shops.models import CODES
from timeline import spans
from timeline.refusals import Refused

NOT_DELIVERED, CODE_INVALID, CHANGE_OF_MIND = "NOT_DELIVERED", "CODE_INVALID", "CHANGE_OF_MIND"
#: In which state a unit must be for each reason; the reasons of this version, in the order in which they are offered.
STATES = {
    NOT_DELIVERED: {Delivery.UNDELIVERED, Delivery.SEALED},
    CODE_INVALID: {Delivery.SEALED, Delivery.REVEALED, Delivery.USED},
    CHANGE_OF_MIND: {Delivery.UNDELIVERED, Delivery.SEALED, Delivery.REVEALED},
}
#: Reasons that say that nothing was performed: if proven, with the money in escrow, they are paid at once and uncapped.
NON_PERFORMANCE = {NOT_DELIVERED, CODE_INVALID}
#: The statutory days of return without a reason, which are also the least time to file such a claim.
STATUTORY_DAYS = 7
#: `180d after promise`, `7d after reveal`: how the rulebook writes the time to file.
WINDOW = re.compile(r"(\d+)(h|d) after (promise|delivery|reveal)")


def offered(kind: str, unit: Unit) -> list[str]:
    """The reasons that a unit of this kind of goods can be claimed for, in the state it is in."""
    return [
        reason
        for reason, states in STATES.items()
        if unit.delivery in states and (reason != CODE_INVALID or kind in CODES) and unit.left > 0
    ]


def window_ends_at(
    order: Order, unit: Unit, reason: str, *, seen_at: datetime | None, level: str, book: Book
) -> datetime | None:
    """Until when a unit may be claimed for `reason`; nothing where the time has not begun (a code nobody looked at)."""
    if reason == CHANGE_OF_MIND:
        if unit.delivered_at is None:
            return None
        level_window = unit.delivered_at + timedelta(hours=book.levels[level].lanes["LEVEL_SEALED"].window_h)
        return max(spans.deadline(spans.days(STATUTORY_DAYS), unit.delivered_at), level_window)
    found = WINDOW.fullmatch(book.reasons[reason].file_window)
    if found is None:
        raise LookupError(f"The rulebook gives {reason} no time to file that this version can read.")
    amount, measure, since = found.groups()
    start = {"promise": order.promised_at, "delivery": unit.delivered_at, "reveal": seen_at}[since]
    if start is None:
        return None
    return spans.deadline(spans.days(int(amount)) if measure == "d" else spans.hours(int(amount)), start)


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


def places_by_reason(kind: str, units: Iterable[Unit]) -> Mapping[str, list[int]]:
    """Which units (by place) each reason can be claimed for now; reasons without any are left out."""
    found: dict[str, list[int]] = {}
    for unit in units:
        if not unit.held_by:
            for reason in offered(kind, unit):
                found.setdefault(reason, []).append(unit.place)
    return {reason: found[reason] for reason in STATES if reason in found}
