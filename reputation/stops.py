"""Hard stops: figures that stop a shop's sales before the next buyer is hurt, until a person or its term ends it.

More than 5 % of at least twenty units paid back by the supply side's fault in 30 days, or three rulings that found
fraud in 180 days: nothing more is sold for a week, and what settles meanwhile of the goods concerned is withheld from
withdrawals; everything else of the shop's money is its own. The shop reads the figures and may appeal; a person answers
within a day. What one stop was about is never held against the shop again. Rule source: rules 6.2; the thresholds are
data (`reputation.thresholds`).

The third: a batch of which more than 2 % is bad, and about which the shop said nothing for four hours. Then only what
settles of this very batch is withheld, and the stop goes with the alarm, if risk lifts it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Func, Sum
from django.utils.translation import gettext as _

from disputes import owed
from orders.figures import exposed as exposed_to_cases
from orders.models import Unit
from refunds.models import RefundItem
from refunds.states import RefundState
from reputation import figures
from reputation.counting import SUPPLY_SIDE
from reputation.figures import Figures
from reputation.models import Alarm, HardStop
from reputation.thresholds import Stops, thresholds
from rulebook import versions
from shops import sanctions
from shops.models import Shop
from timeline.door import lock_root, verb
from timeline.spans import SHANGHAI

CHUNK = 500


@dataclass(frozen=True)
class Found:
    """What the figures say of a shop since its last stop, if it had one."""

    units: int
    upheld: int
    frauds: int

    def ground(self, limits: Stops) -> str:
        """What is too much; empty if nothing is."""
        if self.frauds >= limits.frauds:
            return HardStop.Ground.FRAUDS
        is_many = self.upheld * 10_000 > limits.claim_bp * self.units
        return HardStop.Ground.CLAIMS if self.units >= limits.units and is_many else ""


def look_all(*, at: datetime) -> int:
    """Look at every shop, once a day: nothing is missed because a worker died. Returns how many were stopped."""
    stopped, last = 0, 0
    while keys := list(Shop.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        last = keys[-1]
        stopped += look(keys, at=at)
    return stopped


def look(keys: Iterable[int], *, at: datetime) -> int:
    """Look at some shops; returns how many were stopped. A fixed number of questions, and a verb for each stop."""
    shops = list(Shop.objects.filter(pk__in=list(keys)).order_by("pk"))
    ended = _ends_of_stops(shops)
    found = [(shop, ended.get(shop.pk)) for shop in _suspects(shops, at=at)]
    return sum(_judge(shop, found_of(shop, after, at=at), after, at=at) for shop, after in found)


def _suspects(shops: list[Shop], *, at: datetime) -> list[Shop]:
    """The shops whose figures would stop them if nothing had been held against them before."""
    limits = thresholds().stops
    lately = figures.of_shops(shops, since=figures.window(at, limits.window.days)[0], until=_today(at))
    longer = figures.of_shops(shops, since=figures.window(at, limits.fraud_window.days)[0], until=_today(at))
    return [shop for shop in shops if _found(lately[shop.pk], longer[shop.pk]).ground(limits)]


def found_of(shop: Shop, after: date | None, *, at: datetime) -> Found:
    """What the figures say of a shop from the day behind its last stop on."""
    limits = thresholds().stops
    since = [figures.window(at, days)[0] for days in (limits.window.days, limits.fraud_window.days)]
    if after is not None:
        since = [max(day, after + timedelta(days=1)) for day in since]
    lately = figures.of(shop, since=since[0], until=_today(at))
    longer = figures.of(shop, since=since[1], until=_today(at))
    return _found(lately, longer)


def _found(lately: Figures, longer: Figures) -> Found:
    return Found(lately.count("units"), lately.count("paid_back", "supply"), longer.count("frauds"))


@verb
def _judge(shop: Shop, found: Found, after: date | None, *, at: datetime) -> bool:
    limits = thresholds().stops
    ground = found.ground(limits)
    if not ground:
        return False
    lock_root(shop)
    sanction = sanctions.stop(shop, reason=_reason(ground, found, limits), days=limits.days, at=at)
    if sanction is None:
        return False
    HardStop.objects.create(
        sanction=sanction,
        ground=ground,
        units=found.units,
        upheld=found.upheld,
        frauds=found.frauds,
        listings=_concerned(shop, ground, after, at=at),
    )
    return True


def _reason(ground: str, found: Found, limits: Stops) -> str:
    if ground == HardStop.Ground.FRAUDS:
        told = _("%(frauds)s rulings found fraud in the last %(days)s days; from %(limit)s on sales stop.")
        return told % {"frauds": found.frauds, "days": limits.fraud_window.days, "limit": limits.frauds}
    told = _(
        "Of %(units)s units sold in the last %(days)s days, %(upheld)s were paid back by your or your supplier's fault;"
        " above %(limit)s %% sales stop. What settles meanwhile of these goods is withheld from withdrawals."
    )
    return told % {
        "units": found.units,
        "days": limits.window.days,
        "upheld": found.upheld,
        "limit": limits.claim_bp // 100,
    }


@verb
def stop_for_batch(alarm: Alarm, *, sold: int, bad: int, at: datetime) -> bool:
    """A shop said nothing in time about a bad batch: its sales stop where more of the batch is bad than it may be.

    Returns whether they were stopped now; nothing happens where they stand still already.
    """
    limits = thresholds()
    lock_root(alarm.shop)
    is_too_bad = bad >= limits.batches.rate_least and bad * 10_000 > limits.batches.stop_above_bp * sold
    if not is_too_bad or HardStop.objects.filter(alarm=alarm).exists():
        return False
    told = _(
        "Of %(sold)s codes sold of a batch of “%(listing)s”, %(bad)s were bad, and you did not answer recall %(number)s"
        " within %(hours)s hours; above %(limit)s %% sales stop then. What settles meanwhile of this batch is withheld"
        " from withdrawals."
    )
    reason = told % {
        "sold": sold,
        "bad": bad,
        "listing": alarm.batch.listing.title,
        "number": alarm.number,
        "hours": int(limits.batches.answer.total_seconds() // 3600),
        "limit": limits.batches.stop_above_bp // 100,
    }
    sanction = sanctions.stop(alarm.shop, reason=reason, days=limits.stops.days, at=at)
    if sanction is None:
        return False
    HardStop.objects.create(
        sanction=sanction,
        ground=HardStop.Ground.BATCH,
        alarm=alarm,
        units=sold,
        upheld=bad,
        frauds=0,
        listings=[alarm.batch.listing_id],
    )
    return True


def lift_for_batch(alarm: Alarm, *, finding: str, by: Any, at: datetime) -> None:
    """The alarm was lifted, and with it goes what it brought upon the shop. Inside the verb that lifts it."""
    stop = HardStop.objects.filter(alarm=alarm).select_related("sanction__shop").first()
    if stop is not None and not stop.sanction.is_over and stop.sanction.is_in_force(at):
        sanctions.lift(stop.sanction, reason=finding, by=by, at=at)


def _concerned(shop: Shop, ground: str, after: date | None, *, at: datetime) -> list[int]:
    """The listings of which units came back by the supply side's fault, or for fraud, since the last stop's end."""
    limits = thresholds().stops
    reasons = (
        ["FRAUD"]
        if ground == HardStop.Ground.FRAUDS
        else [code for code, each in versions.shipped().book.reasons.items() if each.default_class in SUPPLY_SIDE]
    )
    span = limits.fraud_window if ground == HardStop.Ground.FRAUDS else limits.window
    since = at - span
    if after is not None:  # what one stop was about is over with it
        since = max(since, datetime.combine(after + timedelta(days=1), time.min, SHANGHAI))
    rows = RefundItem.objects.filter(
        refund__order__shop=shop,
        refund__state=RefundState.REFUNDED,
        refund__reason__in=reasons,
        refund__closed_at__gte=since,
        granted__gt=F("unit__covered"),
    ).exclude(unit__in=owed.units_of_platform())
    return sorted(set(rows.order_by().values_list("refund__order__snapshot__listing", flat=True)))


def _ends_of_stops(shops: list[Shop]) -> dict[int, date]:
    """The day on which the last stop of each shop ended, or for one that goes on, began.

    What stopped it for its silence about one batch was about none of these figures, and forgives nothing in them.
    """
    rows = HardStop.objects.filter(sanction__shop__in=shops).exclude(ground=HardStop.Ground.BATCH).order_by("pk")
    return {
        shop: ended.astimezone(SHANGHAI).date()
        for shop, ended in rows.values_list("sanction__shop", "sanction__entered_at")
    }


def exposed(shop: Shop) -> int:
    """What a shop cannot withdraw although it is available, in fen: what open cases may cost it, and what settled of
    the goods concerned since its sales were stopped."""
    return exposed_to_cases(shop) + withheld(shop)


def withheld(shop: Shop) -> int:
    """What settled of the goods concerned since a hard stop that is in force began, in fen; nothing without one.

    Its term ends it here as it does for sales: an appeal that waits for a person keeps nobody's money longer.
    """
    now: Any = Func(function="timeline_now", output_field=DateTimeField())
    stop = (
        HardStop.objects.filter(sanction__shop=shop, sanction__state__in=sanctions.IN_FORCE, sanction__until__gt=now)
        .select_related("sanction")
        .order_by("-pk")
        .first()
    )
    if stop is None:
        return 0
    concerned = (
        {"card__batch__alarms": stop.alarm_id}
        if stop.alarm_id is not None
        else {"order__snapshot__listing__in": stop.listings}
    )
    settled = Unit.objects.filter(
        **concerned,
        order__shop=shop,
        settled_at__gte=stop.sanction.imposed_at,
        held_by="",
    )
    return int(settled.aggregate(sum=Sum(F("released") - F("commission")))["sum"] or 0)


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
