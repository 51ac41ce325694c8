"""The guarantee fund: what it should hold, who is told when it runs low, what stops then, and how it opens again.

Its aim is the larger of half a percent of 30 days' turnover and the 99th percentile of what it paid in 30 days without
getting it back, over the last year. Below 60 % of the aim finance and the leads are told, and again every day; below
40 % nobody's instant cap rises any more: a buyer who reaches a higher level, or a new version of the rules, changes how
much is paid at once only after the fund holds 60 % again. Nothing that anybody is owed depends on it: what is not paid
at once is asked of the shop, as everything else. Rule source: rules 6.3.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum

from accounts.models import Level
from ledger.accounts import balance
from orders.models import Order
from reputation import figures
from reputation.counting import FUND
from reputation.models import Shortfall, Tally
from reputation.states import ShortfallState
from rulebook import versions
from timeline.door import begin, change, enter, lock, note, rearm, verb
from timeline.spans import hours

#: The share of the turnover of so many days; over how many days the payouts of so many are looked at.
TURNOVER_BP, DAYS, HISTORY = 50, 30, 365
#: Of the aim: below the first people are told, below the second caps do not rise. It is over at the first.
LOW_BP, STOP_BP = 6_000, 4_000
#: How often people are told again.
LOOK = hours(24)
#: The reason of a transfer by which the fund gets back what it paid for somebody.
COLLECTED = "debt_collected"
OPEN = (ShortfallState.LOW, ShortfallState.STOPPED)


@dataclass(frozen=True)
class Cover:
    """What the fund holds and what it should hold, in fen."""

    held: int
    by_turnover: int
    by_payouts: int

    @property
    def aim(self) -> int:
        """What it should hold: the larger of the two."""
        return max(self.by_turnover, self.by_payouts)

    @property
    def bp(self) -> int | None:
        """How much of its aim it holds, in basis points; nothing while nothing was sold and nothing paid."""
        return self.held * 10_000 // self.aim if self.aim else None


def cover(at: datetime) -> Cover:
    """How the fund stands now. Three questions, to the account and to counts by day."""
    since, until = figures.window(at, DAYS)
    sold = Tally.objects.filter(measure="orders", shop=None, day__gte=since, day__lte=until).aggregate(sum=Sum("total"))
    return Cover(
        held=balance(FUND),
        by_turnover=(sold["sum"] or 0) * TURNOVER_BP // 10_000,
        by_payouts=unrecovered(until),
    )


def unrecovered(today: date) -> int:
    """The 99th percentile (nearest rank), in fen, of what the fund paid in 30 days less what it got back of debts.

    One figure for each of the last 365 days, of the 30 days up to it, from the first day on which the fund moved.
    """
    first = today - timedelta(days=HISTORY + DAYS - 2)
    rows = Tally.objects.filter(measure__in=["fund_in", "fund_out"], shop=None, day__gte=first, day__lte=today)
    net: dict[date, int] = defaultdict(int)
    for measure, day, reason, total in rows.order_by().values_list("measure", "day", "part", "total"):
        if measure == "fund_out":
            net[day] += total
        elif reason == COLLECTED:
            net[day] -= total
    if not net:
        return 0
    begun = max(min(net), today - timedelta(days=HISTORY - 1))
    windows = sorted(
        max(0, sum(net.get(end - timedelta(days=back), 0) for back in range(DAYS)))
        for end in (begun + timedelta(days=number) for number in range((today - begun).days + 1))
    )
    return windows[-(-99 * len(windows) // 100) - 1]


def open_shortfall() -> Shortfall | None:
    """The shortfall that is not over, if there is one."""
    return Shortfall.objects.filter(state__in=OPEN).order_by("pk").first()


def watch(*, at: datetime) -> None:
    """Look at the fund: begin a shortfall, let it grow worse, or end it. Losing or doubling a call changes nothing."""
    found = cover(at)
    known = list(Shortfall.objects.filter(state__in=OPEN).order_by("pk"))
    for each in known:
        _follow(each, found, at=at)
    if not known and found.bp is not None and found.bp < LOW_BP:
        _notice(found, at=at)


@verb
def _notice(found: Cover, *, at: datetime) -> None:
    shortfall = Shortfall(since=at, held=found.held, aim=found.aim)
    if begin(shortfall, by=None, at=at, span=LOOK, data=_told(found), unless_there=True):
        _stop_if_needed(shortfall, found, at=at)


@verb
def _follow(shortfall: Shortfall, found: Cover, *, at: datetime) -> None:
    lock(shortfall)
    if shortfall.is_over:
        return  # somebody was faster
    if found.bp is None or found.bp >= LOW_BP:
        change(shortfall, over_at=at)
        enter(shortfall, ShortfallState.OVER, by=None, at=at, data=_told(found))
    else:
        _stop_if_needed(shortfall, found, at=at)


def _stop_if_needed(shortfall: Shortfall, found: Cover, *, at: datetime) -> None:
    if shortfall.state != ShortfallState.LOW or found.bp is None or found.bp >= STOP_BP:
        return
    book = versions.in_force(at).book
    change(shortfall, stopped_at=at, caps={level: each.instant_cap_fen for level, each in book.levels.items()})
    enter(shortfall, ShortfallState.STOPPED, by=None, at=at, span=LOOK, data=_told(found))


@verb
def lapse(shortfall: Shortfall, *, limit: str, at: datetime) -> None:
    """A day went by and the fund is still low: finance and the leads are told again."""
    lock(shortfall)
    if shortfall.machine.limits.get(shortfall.state) != limit or not shortfall.is_overdue(at):
        return
    note(shortfall, "shortfall.still_low", by=None, at=at, data=_told(cover(at)))
    rearm(shortfall, at + timedelta(hours=24), at=at)


def _told(found: Cover) -> dict[str, Any]:
    return {"held": found.held, "aim": found.aim, "cover_bp": found.bp, "amount": max(0, found.aim - found.held)}


def instant_cap(order: Order, buyer: Any) -> int | None:
    """Up to how many fen a claim is paid at once while caps do not rise; nothing at all other times.

    What the buyer's level gave when it began, by the rules of then: levels reached since, and caps raised since, wait.
    """
    stop = Shortfall.objects.filter(state=ShortfallState.STOPPED).only("stopped_at", "caps").first()
    if stop is None:
        return None
    since = buyer.level_changes.filter(at__gt=stop.stopped_at).order_by("at", "pk").values_list("before", flat=True)
    then = since.first() or buyer.level
    level = min(order.buyer_level, then, key=Level.values.index)
    return int(stop.caps.get(level, 0))


def history(most: int = 12) -> list[Shortfall]:
    """The latest shortfalls, the newest first."""
    return list(Shortfall.objects.order_by("-pk")[:most])
