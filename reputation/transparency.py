"""How the mall keeps its word, in figures for everybody: by month, medians, sums, reversals, versions, licences."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from ledger.accounts import balance, by_day
from ledger.models import Account
from refunds.models import Refund
from reputation import figures
from reputation.figures import FEWEST, Figures
from rulebook import center, versions, words
from shops.models import Licence
from shops.states import LicenceState
from timeline.spans import SHANGHAI

#: So many months are told; the guarantee fund's aim is a share of the last 30 days' turnover (rules 6.3).
MONTHS, FUND_BP, DAYS = 12, 50, 30
FUND = "platform:fund"
#: Licences on display.
SHOWN = [Licence.Kind.BUSINESS, Licence.Kind.CULTURE, Licence.Kind.TELECOM, Licence.Kind.AUTHORITY]
MOST = 200


def told(at: datetime) -> dict[str, Any]:
    """Everything that the page shows and the API gives. Sums in fen, shares in basis points, times in minutes."""
    today = at.astimezone(SHANGHAI).date()
    months = figures.by_month(until=today, months=MONTHS)
    since, until = figures.window(at, DAYS)
    lately = figures.of(None, since=since, until=until)
    fund = balance(FUND)
    aim = lately.total("orders") * FUND_BP // 10_000
    held = Account.objects.filter(kind__in=["deposit", "reserved"]).aggregate(sum=Sum("balance"))["sum"] or 0
    # Of shops for which the fund paid, and of buyers whose top-up a bank took back after it was spent.
    owed = -(Account.objects.filter(kind="debt").aggregate(sum=Sum("balance"))["sum"] or 0)
    return {
        "at": at,
        "names": [f"{month:%Y-%m}" for month, _each in months],
        "months": months,
        "lately": lately,
        "days": DAYS,
        "fewest": FEWEST,
        "fund": fund,
        "fund_aim": aim,
        "fund_cover_bp": fund * 10_000 // aim if aim else None,
        "deposits": held,
        "owed": owed,
        "versions": [center.version_row(each) for each in versions.published(at)],
        "licences": list(
            Licence.objects.filter(
                kind__in=SHOWN, state__in=[LicenceState.VALID, LicenceState.LASTING, LicenceState.ENDED]
            )
            .select_related("shop")
            .order_by("shop__name", "kind")[:MOST]
        ),
    }


def series(months: list[tuple[Any, Figures]]) -> dict[str, list[tuple[str, list[int | None]]]]:
    """What the pictures show, one figure for each month; nothing where there are too few cases."""
    each = [found for _month, found in months]
    return {
        "cases": [
            (_("Orders"), [_told(found.count("orders")) for found in each]),
            (_("Claims"), [_told(found.count("claims")) for found in each]),
            (_("Disputes"), [_told(found.count("disputes")) for found in each]),
        ],
        "shares": [
            (_("Delivered on time"), [found.on_time_bp for found in each]),
            (_("Rulings on time"), [found.ruling_on_time_bp for found in each]),
        ],
        "instant": [
            (_("Paid at once"), [found.instant_bp for found in each]),
            (_("A machine's no, turned by a person"), [found.reversal_bp for found in each]),
            (_("Rulings changed on appeal"), [found.overturn_bp for found in each]),
        ],
        "times": [
            (_("First answer"), [_seconds(found.response_median) for found in each]),
            (_("From claim to money"), [_seconds(found.at_most("cycle", 50)) for found in each]),
        ],
        "late": [(_("Payments that came late"), [found.count("late_payments") for found in each])],
    }


def fund_levels(at: datetime) -> dict[str, Any]:
    """What the guarantee fund held at the end of each of the last thirty days, in fen: a sum, and nobody's in it."""
    days, held = by_day([FUND], days=DAYS, at=at)
    return {
        "names": [f"{day:%m-%d}" for day in days],
        "series": [(_("Guarantee fund"), held[FUND])],
        "is_known": any(held[FUND]),
    }


def rows(found: Figures) -> list[tuple[str, str]]:
    """The figures of a time in words and numbers; a dash where there are too few cases."""
    return [
        (_("First answer, median"), _minutes(found.response_median)),
        (_("First answer, 95 of 100 within"), _minutes(found.response_p95)),
        (_("Answered within 10 minutes"), _share(found.ten_minutes_bp)),
        (_("Urgent disputes begun within 2 hours"), _share(found.urgent_bp)),
        (_("Delivered on time"), _share(found.on_time_bp)),
        (_("Claims paid back, of 100 units, at the supply side's fault"), _share(found.claim_bp)),
        (_("Paid at once, of all that was paid back"), _share(found.instant_bp)),
        (_("Disputes lost by shops"), _share(found.loss_bp)),
        (_("Rulings on time"), _share(found.ruling_on_time_bp)),
        (_("Rulings appealed"), _share(found.appeal_bp)),
        (_("Rulings changed on appeal"), _share(found.overturn_bp)),
        (_("A machine's no, turned by a person"), _share(found.reversal_bp)),
        (_("Payments that came late"), str(found.count("late_payments"))),
        (
            _("Measures against accounts and shops"),
            _counted(found.count("measures") - found.count("measures", "lifted")),
        ),
        (_("Measures taken back"), _counted(found.count("measures", "lifted"))),
    ]


def reasons(found: Figures) -> list[tuple[str, int, int, str]]:
    """Reason in words, claims, claims in 1,000 orders, and the share of those that ended in which money went back."""
    return [
        (
            words.reason(code) if code else _("Other reasons, too few of each to tell"),
            count,
            in_thousand,
            _share(found.paid_bp(code) if code else None),
        )
        for code, count, in_thousand in found.claims_by_reason()
    ]


def classes(found: Figures) -> list[tuple[str, str, str]]:
    """Whose fault, median and p95 from claim to money."""
    return [(_faults().get(each, each), _minutes(median), _minutes(p95)) for each, median, p95 in found.classes()]


def sources(found: Figures) -> list[tuple[str, int]]:
    """Where the money of refunds came from, in words and fen."""
    return [(_pockets().get(pocket, pocket), amount) for pocket, amount in found.sources()]


def outcomes(found: Figures) -> list[tuple[str, int]]:
    """How cases ended, in words; ways that have one word are counted together."""
    counted: Counter[str] = Counter()
    for part, count in found.outcomes():
        counted[str(_endings().get(part, part))] += count
    return counted.most_common()


def _faults() -> dict[str, str]:
    return {
        "SELLER": _("The shop's fault"),
        "UPSTREAM": _("The supplier's fault"),
        "PLATFORM": _("The platform's fault"),
        "BUYER": _("The buyer's own reason"),
        "SHARED": _("Shared fault"),
        "FORCE_MAJEURE": _("Nobody's fault"),
        "UNDETERMINED": _("Fault not proven"),
    }


def _pockets() -> dict[str, str]:
    return {
        "escrow": _("Escrow"),
        "pending": _("The shop's pending money"),
        "available": _("The shop's available money"),
        "reserved": _("Deposit set aside"),
        "deposit": _("Deposit"),
        "fund": _("Guarantee fund"),
        "own": _("The platform's own money"),
    }


def _endings() -> dict[str, str]:
    found = {value: _("Paid back") for value in Refund.Outcome.values}
    return {
        **found,
        "instant": _("Paid at once"),
        "seller": _("Agreed by the shop"),
        "silence": _("Paid because the shop did not answer"),
        "ruling": _("Decided by the platform"),
        "settlement": _("Agreed on an offer"),
        "exchanged": _("Replaced"),
        "withdrawn": _("Taken back by the buyer"),
        "lapsed": _("Left to rest by the buyer"),
        "rejected": _("Not supported by the platform"),
    }


def _told(count: int) -> int | None:
    return count if count >= FEWEST else None


def _counted(count: int) -> str:
    """A count in words; a few single people are nobody's business, and none is good to know."""
    return str(count) if count == 0 or count >= FEWEST else _("fewer than %(number)s") % {"number": FEWEST}


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60


def _share(bp: int | None) -> str:
    return "–" if bp is None else f"{bp // 100}.{bp % 100:02} %"


def _minutes(found: int | None) -> str:
    if found is None:
        return "–"
    if found < 120:
        return _("≤ %(number)s min") % {"number": found}
    if found < 2_880:
        return _("≤ %(number)s h") % {"number": found // 60}
    return _("≤ %(number)s days") % {"number": found // 1_440} if found < 43_201 else _("more than 30 days")
