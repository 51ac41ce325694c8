"""What a signal rests on, in words: figures as sentences, and everything that has a page as a link to it."""

import re
from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.money import yuan
from reputation.models import Signal
from shops.models import Licence
from shops.states import LicenceState

Name = Signal.Name

#: Evidence that is figures alone, in the order in which it is kept, as a sentence about them.
FIGURES: dict[str, Promise] = {
    Name.BATCH_BAD: _("%(first)s of %(second)s codes sold are bad"),
    Name.SUDDEN_TURNOVER: _("%(first_sum)s in a week, usually %(second_sum)s"),
    Name.SAME_DEVICE_BUYERS: _("%(first)s buyers on one device"),
    Name.SLOW_ANSWERS: _("%(first)s minutes in the last month, %(second)s in the three before"),
    Name.MORE_REISSUES: _("%(first)s cases in the last month, %(second)s in the three before"),
    Name.MINORS: _("%(first)s orders in 90 days"),
    Name.CHARGEBACKS: _("%(first)s orders in 90 days"),
    Name.OUTAGE_UNTOLD: _("%(first)s questions in a day without an answer"),
    Name.MANY_NETWORKS: _("%(first)s networks in a week"),
    Name.NIGHT_BURST: _("%(second)s orders in the night of %(first)s"),
}
#: Evidence that has a page, by how it is written.
PAGES: list[tuple[re.Pattern[str], Callable[[str], str]]] = [
    (re.compile(r"R\d+"), lambda number: reverse("refunds:case", args=[number])),
    (re.compile(r"K\d+"), lambda number: reverse("orders:detail", args=[number])),
    (re.compile(r"user:\d+"), lambda address: reverse("reputation:person", args=[_pk(address)])),
    (re.compile(r"listing:\d+"), lambda address: reverse("shops:listing", args=[_pk(address)])),
]


def grounds(signal: Signal) -> list[dict[str, Any]]:
    """What a signal rests on: each with its words and, where staff can look at it, the page."""
    kept = [str(each) for each in signal.evidence]
    if signal.name == Name.SAME_DEVICE_BUYERS:  # a figure for each device
        return [{"words": str(FIGURES[signal.name]) % {"first": each}, "url": ""} for each in kept]
    if signal.name in FIGURES:
        first, second = (*kept, "", "")[:2]
        told = {"first": first, "second": second, "first_sum": _sum(first), "second_sum": _sum(second)}
        return [{"words": str(FIGURES[signal.name]) % told, "url": ""}]
    if signal.name == Name.CASH_OUT:
        kept = [_sum(each) for each in kept[1:]]
    if signal.name == Name.PAPERS_OVER:
        kept = [_paper(each) for each in kept]
    return [{"words": each, "url": _page(each)} for each in kept]


def _page(word: str) -> str:
    return next((page(word) for written, page in PAGES if written.fullmatch(word)), "")


def _pk(address: str) -> int:
    return int(address.partition(":")[2])


def _paper(word: str) -> str:
    """A paper and what became of it, as they are kept: `identity: replaced`."""
    kind, _colon, state = word.partition(": ")
    return f"{Licence.Kind(kind).label} · {LicenceState(state).label}"


def _sum(word: str) -> str:
    return yuan(int(word)) if word.isdecimal() else word
