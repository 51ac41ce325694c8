"""How the mall keeps its word, in figures for everybody: by month, medians, sums, reversals, versions, licences."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from complaints.models import Source
from ledger import contributions
from ledger.accounts import by_day
from ledger.models import Account, Contribution, Transfer
from refunds.models import Refund
from reputation import figures, fund
from reputation.counting import FUND
from reputation.figures import FEWEST, Figures
from reputation.models import Shortfall
from reputation.published import say, say_minutes
from reputation.states import ShortfallState
from rulebook import center, versions, words
from shops.models import Licence
from shops.states import LicenceState
from timeline.spans import SHANGHAI

#: So many months are told, and of what is so lately, so many days.
MONTHS, DAYS = 12, 30
#: Licences on display.
SHOWN = [Licence.Kind.BUSINESS, Licence.Kind.CULTURE, Licence.Kind.TELECOM, Licence.Kind.AUTHORITY]


def told(at: datetime) -> dict[str, Any]:
    """Everything that the page shows and the API gives. Sums in fen, shares in basis points, times in minutes."""
    today = at.astimezone(SHANGHAI).date()
    months = figures.by_month(until=today, months=MONTHS)
    since, until = figures.window(at, DAYS)
    lately = figures.of(None, since=since, until=until)
    year = figures.of(None, since=months[0][0], until=today)
    cover = fund.cover(at)
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
        "year": year,
        "fund": cover.held,
        "fund_aim": cover.aim,
        "fund_by_turnover": cover.by_turnover,
        "fund_by_payouts": cover.by_payouts,
        "fund_cover_bp": cover.bp,
        "shortfalls": fund.history(),
        "put_in": contributions.booked(),
        "deposits": held,
        "owed": owed,
        "versions": [center.version_row(each) | {"notice": notice_days(each)} for each in versions.published(at)],
    }


def licences() -> QuerySet[Licence]:
    """The papers of shops that everybody may look up, with their ends: those in force, and those that ran out."""
    shown = Licence.objects.filter(kind__in=SHOWN, shop__isnull=False)
    states = [LicenceState.VALID, LicenceState.LASTING, LicenceState.ENDED]
    return shown.filter(state__in=states).select_related("shop")


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
        "deciders": [
            (_("Ended by a machine or a clock"), [found.machine_bp for found in each]),
            (_("Claims that came to the platform"), [found.escalation_bp for found in each]),
            (_("Repeated claims"), [found.repeat_bp for found in each]),
        ],
        "fund": [
            (_("Came in"), [found.fund_in for found in each]),
            (_("Went out"), [found.fund_out for found in each]),
        ],
    }


def notice_days(version: Any) -> int | None:
    """Whole days between a version's announcement and the day from which it rules; nothing for the first of all."""
    if version.announced_at is None or version.effective_at is None:
        return None
    return max(0, (version.effective_at - version.announced_at).days)


def shortfalls(found: Iterable[Shortfall]) -> list[dict[str, Any]]:
    """Times in which the fund was low, as the page tells them."""
    return [
        {
            "since": each.since,
            "stopped_at": each.stopped_at,
            "over_at": each.over_at,
            "word": ShortfallState(each.state).label,
            "is_open": not each.is_over,
            "cover": say(each.held * 10_000 // each.aim if each.aim else None, "bp"),
        }
        for each in found
    ]


def fund_sources(found: Figures) -> list[tuple[str, int]]:
    """What came into the guarantee fund by where it came from, in words and fen, the largest first."""
    return [(str(Transfer.Reason(reason).label), amount) for reason, amount in found.fund_came_from()]


def put_in(found: Iterable[Contribution]) -> list[dict[str, Any]]:
    """What the mall put in of its own, as everybody may read it: the day, the pocket and the sum."""
    return [{"at": each.decided_at, "purse": each.get_purse_display(), "amount": each.amount} for each in found]


def fund_levels(at: datetime) -> dict[str, Any]:
    """What the guarantee fund held at the end of each of the last thirty days, in fen: a sum, and nobody's in it."""
    days, held = by_day([FUND], days=DAYS, at=at)
    return {
        "names": [f"{day:%m-%d}" for day in days],
        "series": [(_("Guarantee fund"), held[FUND])],
        "is_known": any(held[FUND]),
    }


def won(found: Figures) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """Disputes decided for the buyer by reason and by the buyer's level: whether the rules are the same for all."""
    by_reason = [(str(words.reason(code)), count, say(share, "bp")) for code, count, share in found.won_by("reason")]
    by_level = [(level, count, say(share, "bp")) for level, count, share in found.won_by("level")]
    told = [(_("Decided for the buyer, by reason"), by_reason), (_("Decided for the buyer, by level"), by_level)]
    return [(name, rows) for name, rows in told if rows]


def outside(found: Figures) -> list[tuple[str, int]]:
    """Complaints from outside by the road they came, in words."""
    return [(str(Source(source).label), count) for source, count in found.complaints_from_outside()]


def reasons(found: Figures) -> list[tuple[str, int, int, str]]:
    """Reason in words, claims, claims in 1,000 orders, and the share of those that ended in which money went back."""
    return [
        (
            words.reason(code) if code else _("Other reasons, too few of each to tell"),
            count,
            in_thousand,
            say(found.paid_bp(code) if code else None, "bp"),
        )
        for code, count, in_thousand in found.claims_by_reason()
    ]


def classes(found: Figures) -> list[tuple[str, str, str]]:
    """Whose fault, median and p95 from claim to money."""
    return [(_faults().get(each, each), say_minutes(median), say_minutes(p95)) for each, median, p95 in found.classes()]


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


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60
