"""What the counts say: every published figure with its formula, of a shop or of the whole mall, in a time.

Shares are basis points, rounded half up; times are upper bounds in minutes; sums are fen. A figure with fewer than ten
cases behind it is nothing, on every page and for everybody: it would say little about a shop and much about people.
Rule source: rules 5.11.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from disputes.precedents import kappa
from reputation.counting import BEYOND
from reputation.models import Tally
from shops.models import Shop
from timeline.spans import SHANGHAI

#: Fewer cases than this are not told.
FEWEST = 10
#: A shop's figures are told from so many orders on.
FEWEST_OF_SHOP = 30
TEN_MINUTES, TWO_HOURS = 10, 120
#: The two sides of a case, and how they rate how it was handled.
SIDES, SCORES = ("buyer", "shop"), range(1, 6)

Parts = Mapping[str, Counter[str]]


def share_bp(part: int, whole: int, fewest: int = FEWEST) -> int | None:
    """A share in basis points; nothing where the whole is too small to say."""
    return None if whole < max(fewest, 1) else (part * 20_000 + whole) // (2 * whole)


@dataclass(frozen=True)
class Figures:
    """Counts and sums of a time, by measure and part; everything else is worked out from them."""

    counts: Parts
    totals: Parts

    def count(self, measure: str, part: str | None = None) -> int:
        """How often; `part` nothing: in all."""
        found = self.counts.get(measure, Counter())
        return sum(found.values()) if part is None else found[part]

    def total(self, measure: str, part: str | None = None) -> int:
        """How much in all."""
        found = self.totals.get(measure, Counter())
        return sum(found.values()) if part is None else found[part]

    def at_most(self, measure: str, share: int, *, of: str = "") -> int | None:
        """The minutes within which `share` percent were done: 50 is the median, 95 the p95. `of` is a first part."""
        held = self._by_bound(measure, of)
        whole = sum(held.values())
        if whole < FEWEST:
            return None
        seen = 0
        for bound in sorted(held):
            seen += held[bound]
            if seen * 100 >= whole * share:
                return bound
        return BEYOND

    def within_bp(self, measure: str, bound: int, *, of: str = "") -> int | None:
        """The share that was done within so many minutes."""
        held = self._by_bound(measure, of)
        return share_bp(sum(count for upper, count in held.items() if upper <= bound), sum(held.values()))

    def _by_bound(self, measure: str, of: str) -> Counter[int]:
        found: Counter[int] = Counter()
        for part, count in self.counts.get(measure, Counter()).items():
            first, _, bound = part.rpartition(":")
            if not of or first == of:
                found[int(bound)] += count
        return found

    @property
    def response_median(self) -> int | None:
        """From a buyer's word to the first answer by the shop or the mall: the median."""
        return self.at_most("responses", 50)

    @property
    def response_p95(self) -> int | None:
        """The same: 95 of 100 were answered within it."""
        return self.at_most("responses", 95)

    @property
    def ten_minutes_bp(self) -> int | None:
        """The share answered within ten minutes."""
        return self.within_bp("responses", TEN_MINUTES)

    @property
    def urgent_bp(self) -> int | None:
        """Urgent disputes that somebody began to hear within two hours ÷ urgent disputes begun."""
        return self.within_bp("starts", TWO_HOURS, of="urgent")

    @property
    def on_time_bp(self) -> int | None:
        """Units within the promise ÷ units delivered or never delivered."""
        return share_bp(self.count("due", "on_time"), self.count("due"))

    @property
    def instant_bp(self) -> int | None:
        """Cases paid at once ÷ cases paid back."""
        paid = sum(count for part, count in self.counts.get("outcomes", Counter()).items() if part not in UNPAID)
        return share_bp(self.count("outcomes", "instant"), paid)

    @property
    def claim_bp(self) -> int | None:
        """Units paid back by the supply side's fault ÷ units sold."""
        return share_bp(min(self.count("paid_back", "supply"), self.count("units")), self.count("units"))

    @property
    def loss_bp(self) -> int | None:
        """Disputes decided for the buyer ÷ disputes that ended; what was agreed on or conceded is nobody's loss."""
        return share_bp(self.count("dispute_ends", "decided:buyer"), self.count("dispute_ends"))

    @property
    def appeal_bp(self) -> int | None:
        """Appeals ÷ rulings."""
        return share_bp(min(self.count("appeals"), self.count("rulings")), self.count("rulings"))

    @property
    def overturn_bp(self) -> int | None:
        """Appeals in which the ruling was changed or sent back ÷ appeals that ended."""
        turned = self.count("appeal_ends", "modified") + self.count("appeal_ends", "remanded")
        return share_bp(turned, self.count("appeal_ends"))

    @property
    def ruling_on_time_bp(self) -> int | None:
        """Rulings before their time ran out ÷ rulings."""
        return share_bp(self.count("rulings", "on_time"), self.count("rulings"))

    @property
    def reversal_bp(self) -> int | None:
        """A machine's no that a person turned into a yes ÷ a machine's no that is over."""
        return share_bp(self.count("reviews", "reversed"), self.count("reviews"))

    @property
    def late_bp(self) -> int | None:
        """Units that came after the promise, or never, ÷ units delivered or never delivered."""
        return share_bp(self.count("due", "late"), self.count("due"))

    @property
    def instant_median(self) -> int | None:
        """From filing to the money, where a claim was paid at once: the median."""
        return self.at_most("instant", 50)

    @property
    def cycle_median(self) -> int | None:
        """From filing to the money: the median over all classes."""
        return self.at_most("cycle", 50)

    @property
    def cycle_p95(self) -> int | None:
        """The same: 95 of 100 were paid within it."""
        return self.at_most("cycle", 95)

    @property
    def machine_bp(self) -> int | None:
        """Cases that a machine or a clock ended ÷ cases that ended; what the buyer took back is left out."""
        return self._decided_by("machine")

    @property
    def people_bp(self) -> int | None:
        """Cases that people ended (the shop, both sides together, the platform) ÷ cases that ended, as above."""
        return self._decided_by("shop", "both", "platform")

    def _decided_by(self, *who: str) -> int | None:
        found = self.counts.get("deciders", Counter())
        return share_bp(sum(found[each] for each in who), sum(found.values()) - found["buyer"])

    @property
    def answered_bp(self) -> int | None:
        """Cases that the shop answered before its time was over ÷ cases that waited for the shop's answer."""
        return share_bp(self.count("answered", "in_time"), self.count("answered"))

    @property
    def escalation_bp(self) -> int | None:
        """Cases that came to the platform ÷ claims."""
        return share_bp(min(self.count("disputes"), self.count("claims")), self.count("claims"))

    @property
    def claimed_bp(self) -> int | None:
        """Claims ÷ orders, for whatever reason and however they ended."""
        return share_bp(min(self.count("claims"), self.count("orders")), self.count("orders"))

    @property
    def won_bp(self) -> int | None:
        """Disputes that somebody decided for the buyer ÷ disputes that somebody decided."""
        won, lost = self.count("dispute_ends", "decided:buyer"), self.count("dispute_ends", "decided:shop")
        return share_bp(won, won + lost)

    def won_by(self, what: str) -> list[tuple[str, int, int]]:
        """The same by `reason` or by the buyer's `level`: part, disputes, share; those with too few are left out."""
        ended: Counter[str] = Counter()
        won: Counter[str] = Counter()
        for part, count in self.counts.get(f"won_by_{what}", Counter()).items():
            first, _, got = part.rpartition(":")
            ended[first] += count
            won[first] += count if got == "buyer" else 0
        shares = [(each, count, share_bp(won[each], count)) for each, count in sorted(ended.items())]
        return [(each, count, share) for each, count, share in shares if share is not None]

    @property
    def kappa_bp(self) -> int | None:
        """Cohen's kappa over nothing, a part, everything, between rulings and blind second looks at them."""
        found = self.counts.get("looks", Counter())
        if sum(found.values()) < FEWEST:
            return None
        pairs = [(int(part[0]), int(part[-1])) for part, count in found.items() for _each in range(count)]
        return kappa(pairs)

    @property
    def agreed_bp(self) -> int | None:
        """Blind second looks that came to the same within a tenth of what was paid ÷ second looks."""
        return share_bp(self.count("looks_agreed"), self.count("looks"))

    @property
    def repeat_bp(self) -> int | None:
        """Claims about an order that was claimed about before ÷ claims."""
        return share_bp(min(self.count("repeats"), self.count("claims")), self.count("claims"))

    @property
    def asked_once_bp(self) -> int | None:
        """Sides that were asked for something once and not again ÷ sides of a case that were asked for something."""
        first = self.count("requests", "first")
        return share_bp(max(0, first - self.count("requests", "again")), first)

    @property
    def outside_bp(self) -> int | None:
        """Complaints from outside that were answered in the outside's time ÷ those answered or whose time was over."""
        return share_bp(self.count("external_answers", "in_time"), self.count("external_answers"))

    def complaints_from_outside(self) -> list[tuple[str, int]]:
        """Complaints by the road they came; roads with too few are left out."""
        found = self.counts.get("external", Counter())
        return sorted((part, count) for part, count in found.items() if count >= FEWEST)

    @property
    def bad_in_10_000(self) -> int | None:
        """Codes that their issuer or supplier says were bad, in 10,000 codes sold."""
        return share_bp(min(self.count("bad_codes"), self.count("codes")), self.count("codes"))

    def score_hundredths(self, side: str) -> int | None:
        """The mean of what buyers or shops say of how their case was handled, 1 to 5, in hundredths."""
        found = [(score, self.count("csat", f"{side}:{score}")) for score in SCORES]
        number = sum(count for _score, count in found)
        return None if number < FEWEST else sum(score * count for score, count in found) * 100 // number

    @property
    def content_buyers(self) -> int | None:
        """The mean score of buyers, in hundredths."""
        return self.score_hundredths("buyer")

    @property
    def content_shops(self) -> int | None:
        """The mean score of shops, in hundredths."""
        return self.score_hundredths("shop")

    @property
    def drawn(self) -> int | None:
        """What was drawn from deposits, in fen: for refunds (set aside before or not) and by penalties."""
        if self.count("sources") + self.count("drawn") < FEWEST:
            return None
        return self.total("sources", "deposit") + self.total("sources", "reserved") + self.total("drawn")

    @property
    def fund_in(self) -> int:
        """What came into the guarantee fund, in fen: a sum of the mall's own, and nobody's in it."""
        return self.total("fund_in")

    def fund_came_from(self) -> list[tuple[str, int]]:
        """What came into the guarantee fund by the reason of the transfer, in fen, the largest first."""
        found = self.totals.get("fund_in", Counter())
        return sorted(((reason, sum_) for reason, sum_ in found.items() if sum_), key=lambda row: (-row[1], row[0]))

    @property
    def fund_out(self) -> int:
        """What left the guarantee fund, in fen."""
        return self.total("fund_out")

    def claims_by_reason(self) -> list[tuple[str, int, int]]:
        """Reason, cases, and how many in 1,000 orders; reasons with too few cases are put together as `…`."""
        orders = self.count("orders")
        told = [(reason, count) for reason, count in self.counts.get("claims", Counter()).items() if count >= FEWEST]
        rest = self.count("claims") - sum(count for _reason, count in told)
        rows = sorted(told, key=lambda row: (-row[1], row[0])) + ([("", rest)] if rest >= FEWEST else [])
        return [(reason, count, count * 1_000 // orders if orders else 0) for reason, count in rows]

    def paid_bp(self, reason: str) -> int | None:
        """Claims for this reason in which money went back ÷ claims for it that ended."""
        found = self.counts.get("reasons", Counter()).items()
        ended = sum(count for part, count in found if part.rpartition(":")[0] == reason)
        return share_bp(self.count("reasons", f"{reason}:paid"), ended)

    def classes(self) -> list[tuple[str, int, int]]:
        """Refund cycle by class: class, median and p95 in minutes; classes with too few cases are left out."""
        found = sorted({part.rpartition(":")[0] for part in self.counts.get("cycle", Counter())})
        rows = [(each, self.at_most("cycle", 50, of=each), self.at_most("cycle", 95, of=each)) for each in found]
        return [(each, median, p95) for each, median, p95 in rows if median is not None and p95 is not None]

    def sources(self) -> list[tuple[str, int]]:
        """Where the money of refunds came from, in fen; nothing while there are too few."""
        if self.count("sources") < FEWEST:
            return []
        return sorted(self.totals.get("sources", Counter()).items(), key=lambda row: (-row[1], row[0]))

    def outcomes(self) -> list[tuple[str, int]]:
        """How cases ended; endings with too few cases are left out."""
        found = self.counts.get("outcomes", Counter())
        return sorted(((part, count) for part, count in found.items() if count >= FEWEST), key=lambda row: -row[1])


#: Parts of “outcomes” in which nothing was paid back.
UNPAID = frozenset({"withdrawn", "lapsed", "rejected", "exchanged"})
NOTHING = Figures({}, {})


def of(shop: Shop | None, *, since: date, until: date) -> Figures:
    """A shop's figures, or the mall's, from one day to another, both counted; one question."""
    rows = Tally.objects.filter(shop=shop, day__gte=since, day__lte=until).order_by()
    return _figures(rows.values_list("measure", "part").annotate(Sum("count"), Sum("total")))


def of_shops(shops: list[Shop], *, since: date, until: date) -> dict[int, Figures]:
    """The same for many shops, by id: one question for one shop and for 500."""
    rows = Tally.objects.filter(shop__in=shops, day__gte=since, day__lte=until).order_by()
    found: dict[int, list[tuple[str, str, int, int]]] = defaultdict(list)
    for shop, *row in rows.values_list("shop", "measure", "part").annotate(Sum("count"), Sum("total")):
        found[shop].append(tuple(row))
    return {shop.pk: _figures(found[shop.pk]) if shop.pk in found else NOTHING for shop in shops}


def by_month(*, until: date, months: int) -> list[tuple[date, Figures]]:
    """The mall's figures month by month, oldest first; a month in which nothing happened is there, too."""
    first = _months_before(until.replace(day=1), months - 1)
    rows = (
        Tally.objects.filter(shop=None, day__gte=first, day__lte=until)
        .order_by()
        .values_list(TruncMonth("day"), "measure", "part")
        .annotate(Sum("count"), Sum("total"))
    )
    found: dict[date, list[tuple[str, str, int, int]]] = defaultdict(list)
    for month, *row in rows:
        found[month].append(tuple(row))
    each = [_months_before(until.replace(day=1), back) for back in reversed(range(months))]
    return [(month, _figures(found[month]) if month in found else NOTHING) for month in each]


def window(at: datetime, days: int) -> tuple[date, date]:
    """The last so many days in Shanghai, today included."""
    today = at.astimezone(SHANGHAI).date()
    return today - timedelta(days=days - 1), today


def _figures(rows: Iterable[Any]) -> Figures:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for measure, part, count, total in rows:
        counts[measure][part] += int(count)
        totals[measure][part] += int(total)
    return Figures(counts, totals)


def _months_before(month: date, back: int) -> date:
    number = month.year * 12 + month.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)
