"""What everybody may know of a shop and what it sees itself, worked out once a day and handed down to its own rows.

Fixed formulas over our own records, of the ninety days up to now:

- on time: units that came within the promise ÷ units that came or whose promise is over;
- refunds: units of which something was paid back ÷ units sold;
- upheld: of these, units paid back by the supply side's fault;
- lost: disputes in which a ruling gave the buyer something ÷ disputes that ended;
- response: the median time from a claim to the shop's first answer.

Pages read counts and suppress what too few cases stand behind (`shops.models.FEWEST`); no page scans orders. The daily
work reads what the window still holds and no more: behind a mark lies what is too old to count, and since numbers rise
with time, the mark only has to move on by what grew too old since yesterday.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from disputes import owed
from disputes.models import Dispute
from disputes.states import DisputeState
from orders.models import Order, Unit
from refunds.models import Refund, RefundItem
from refunds.states import RefundState
from reputation.deposits import SUPPLY_SIDE
from reputation.models import Mark
from rulebook import versions
from shops import records as kept
from shops.models import Day, Record, Shop
from timeline.spans import SHANGHAI

#: So many shops are computed with one round of questions; over so many days; so many days are plotted.
CHUNK, DAYS, PLOTTED = 500, 90, 30
#: An order is paid within minutes of being placed; the rest is for numbers that were given out a little out of turn.
SLACK = timedelta(days=2)
FIGURES = (
    "orders",
    "units",
    "due",
    "on_time",
    "refunded",
    "upheld",
    "disputes",
    "lost",
    "answers",
    "answer_minutes",
)
OF_A_DAY = ("orders", "units", "turnover", "due", "on_time", "claims", "paid_back")


class Median(Aggregate):
    """The middle one of what was counted."""

    function = "percentile_disc"
    template = "%(function)s(0.5) within group (order by %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True)
class Marks:
    """The last order and the last case that are too old to count, by id."""

    orders: int = 0
    refunds: int = 0


def hand_down(*, at: datetime) -> int:
    """Write the record and the last days of every shop anew; returns how many shops there are."""
    written, last = 0, 0
    marks = move_on(at=at)
    while shops := list(Shop.objects.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = shops[-1].pk
        found = counts(shops, at=at, marks=marks)
        rows = [Record(shop=shop, computed_at=at, days=DAYS, **found[shop.pk]) for shop in shops]
        kept.keep(rows, _days(shops, at=at, marks=marks))
        written += len(shops)
    return written


def move_on(*, at: datetime) -> Marks:
    """Move the marks on to what has grown too old by now: only what lies between the old place and the new is read.

    A case that is open holds its mark, however old it is.
    """
    old = at - timedelta(days=DAYS) - SLACK
    return Marks(
        orders=_moved("records of orders", Order.objects.filter(placed_at__gte=old), Order.objects.all()),
        refunds=_moved(
            "records of cases", Refund.objects.filter(Q(closed_at=None) | Q(closed_at__gte=old)), Refund.objects.all()
        ),
    )


def _moved(name: str, counting: QuerySet[Any], every: QuerySet[Any]) -> int:
    """The last row before the first that counts: one that is there, so that none is passed before it is committed."""
    mark, _is_new = Mark.objects.get_or_create(name=name)
    first = counting.filter(pk__gt=mark.event_id).order_by("pk").values_list("pk", flat=True).first()
    if first is not None:
        behind = every.filter(pk__lt=first, pk__gt=mark.event_id).order_by("-pk").values_list("pk", flat=True).first()
        if behind is not None:
            mark.event_id = behind
            mark.save(update_fields=["event_id"])
    return mark.event_id


def counts(shops: Iterable[Shop], *, at: datetime, marks: Marks | None = None) -> dict[int, dict[str, Any]]:
    """The counts of each shop, by its id: as many questions for one shop as for 500."""
    marks = marks or Marks()
    shops, since = list(shops), at - timedelta(days=DAYS)
    found: dict[int, dict[str, Any]] = {shop.pk: dict.fromkeys(FIGURES, 0) for shop in shops}
    for shop in shops:
        found[shop.pk]["answer_minutes"] = None
    sold = Order.objects.filter(shop__in=shops, pk__gt=marks.orders, paid_at__gt=since, paid_at__lte=at)
    for shop, count in sold.order_by("shop").values_list("shop").annotate(n=Count("pk")):
        found[shop]["orders"] = count
    ours = [code for code, reason in versions.shipped().book.reasons.items() if reason.default_class in SUPPLY_SIDE]
    units = Unit.objects.filter(
        order__shop__in=shops, order__gt=marks.orders, order__paid_at__gt=since, order__paid_at__lte=at
    )
    for shop, all_, refunded in (
        units.order_by("order__shop")
        .values_list("order__shop")
        .annotate(n=Count("pk"), back=Count("pk", filter=Q(refunded__gt=0) | Q(covered__gt=0)))
    ):
        found[shop] |= {"units": all_, "refunded": refunded}
    for shop, due, on_time in _due(units.order_by("order__shop").values_list("order__shop"), at):
        found[shop] |= {"due": due, "on_time": on_time}
    back = RefundItem.objects.filter(
        unit__in=units,
        refund__state=RefundState.REFUNDED,
        refund__reason__in=ours,
        granted__gt=F("unit__covered"),  # what the platform paid for its own fault is not the shop's
    ).exclude(unit__in=owed.units_of_platform())  # nor what it owes for it
    for shop, count in (
        back.order_by("refund__order__shop").values_list("refund__order__shop").annotate(n=Count("unit", distinct=True))
    ):
        found[shop]["upheld"] = count
    ended = Dispute.objects.filter(
        refund__gt=marks.refunds,
        refund__order__shop__in=shops,
        state=DisputeState.CLOSED,
        closed_at__gt=since,
        closed_at__lte=at,
    )
    lost = Q(refund__outcome=Refund.Outcome.RULING, refund__approved__gt=0)
    for shop, count, lost_ in (
        ended.order_by("refund__order__shop")
        .values_list("refund__order__shop")
        .annotate(n=Count("pk"), lost=Count("pk", filter=lost))
    ):
        found[shop] |= {"disputes": count, "lost": lost_}
    # Whoever accepts at once has answered by it; what the clock or the mall decided is no answer of the shop.
    heard = Refund.objects.filter(Q(answered_at__isnull=False) | Q(outcome=Refund.Outcome.SELLER))
    answered = heard.annotate(heard=Coalesce("answered_at", "closed_at")).filter(
        pk__gt=marks.refunds, order__shop__in=shops, heard__gt=since, heard__lte=at
    )
    took = ExpressionWrapper(F("heard") - F("opened_at"), output_field=DurationField())
    for shop, count, median in (
        answered.order_by("order__shop").values_list("order__shop").annotate(n=Count("pk"), median=Median(took))
    ):
        found[shop] |= {"answers": count, "answer_minutes": -(-int(median.total_seconds()) // 60)}
    return found


def _days(shops: list[Shop], *, at: datetime, marks: Marks) -> list[Day]:
    """The last days of each shop, counted."""
    today = at.astimezone(SHANGHAI).date()
    first = today - timedelta(days=PLOTTED - 1)
    found: dict[tuple[int, date], dict[str, int]] = defaultdict(lambda: dict.fromkeys(OF_A_DAY, 0))

    def of_day(moment: str) -> TruncDate:
        return TruncDate(moment, tzinfo=SHANGHAI)

    orders = Order.objects.filter(shop__in=shops, pk__gt=marks.orders)
    sold = orders.annotate(day=of_day("paid_at")).filter(day__gte=first, paid_at__lte=at)
    for shop, day, count, total in (
        sold.order_by("shop", "day").values_list("shop", "day").annotate(n=Count("pk"), sum=Sum("total"))
    ):
        found[shop, day] |= {"orders": count, "turnover": total}
    units = Unit.objects.filter(order__shop__in=shops, order__gt=marks.orders).annotate(day=of_day("order__paid_at"))
    recent = units.filter(day__gte=first, order__paid_at__lte=at)
    by_day = recent.order_by("order__shop", "day").values_list("order__shop", "day")
    for shop, day, count in by_day.annotate(n=Count("pk")):
        found[shop, day]["units"] = count
    for shop, day, due, on_time in _due(by_day, at):
        found[shop, day] |= {"due": due, "on_time": on_time}
    cases = Refund.objects.filter(order__shop__in=shops, pk__gt=marks.refunds)
    asked = cases.annotate(day=of_day("opened_at")).filter(day__gte=first)
    for shop, day, count in (
        asked.order_by("order__shop", "day").values_list("order__shop", "day").annotate(n=Count("pk"))
    ):
        found[shop, day]["claims"] = count
    paid = cases.filter(state=RefundState.REFUNDED).annotate(day=of_day("closed_at"))
    for shop, day, total in (
        paid.filter(day__gte=first)
        .order_by("order__shop", "day")
        .values_list("order__shop", "day")
        .annotate(sum=Sum("approved"))
    ):
        found[shop, day]["paid_back"] = total or 0
    return [Day(shop_id=shop, day=day, **figures) for (shop, day), figures in sorted(found.items())]


def _due(units: Any, at: datetime) -> Any:
    """Of each group of units: how many came or should have come by `at`, and how many came within the promise."""
    came = Q(delivered_at__isnull=False, delivered_at__lte=at)
    return units.annotate(
        due=Count("pk", filter=came | Q(order__promised_at__lte=at)),
        on_time=Count("pk", filter=came & Q(delivered_at__lte=F("order__promised_at"))),
    )
