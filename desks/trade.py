"""A shop's trade on its desk: what is due first, what runs out or fails, the last thirty days, and how to begin.

Days, reasons and times are read from what reputation has counted (`shops.Day`, `Tally`), never counted at page time.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.models import Payout
from ledger.states import PayoutState
from orders.models import Order
from orders.states import OrderState
from refunds import words
from refunds.models import Refund
from refunds.states import RefundState
from reputation.models import BatchAnswer, Tally
from reputation.states import BatchAnswerState
from shops import sanctions
from shops.models import BOOKS, SELL, Batch, Card, Day, Listing, Payee, Record, Shop
from shops.states import DepositState, ListingState, PayeeState
from timeline.spans import SHANGHAI

#: So many of a list are named; its own page has all.
MOST = 8
#: So many days are plotted; codes that end within so many days are named.
DAYS, ENDING = 30, timedelta(days=7)
#: So many weeks of reasons are drawn, and so many reasons by name.
WEEKS, NAMED = 8, 3
#: Spans from a claim to its money, by their ends in minutes; they fall on bounds by which times are counted.
SPANS = [
    (10, gettext_lazy("10 minutes")),
    (60, gettext_lazy("1 hour")),
    (24 * 60, gettext_lazy("1 day")),
    (3 * 24 * 60, gettext_lazy("3 days")),
]
LATER = gettext_lazy("later")
#: A batch fails from so many bad codes on, or if it was stopped.
FAILING = 2
ON_ITS_WAY = [PayoutState.PLANNED, PayoutState.SENDING, PayoutState.RETRYING, PayoutState.MANUAL]


def due_first(shop: Shop, at: datetime) -> list[dict[str, Any]]:
    """Orders to deliver, the one with the least time first."""
    paid = Order.objects.filter(shop=shop, state=OrderState.PAID, deadline_at__gt=at)
    return [
        {
            "number": order.number,
            "amount": order.total,
            "until": order.promised_at if order.promised_at and order.promised_at > at else order.deadline_at,
            "is_late": order.is_late,
            "url": order.get_absolute_url(),
        }
        for order in paid.order_by("deadline_at", "pk")[:MOST]
    ]


def claims(shop: Shop, at: datetime) -> list[dict[str, Any]]:
    """Claims to answer, the one with the least time first."""
    asked = Refund.objects.filter(order__shop=shop, state=RefundState.REQUESTED, deadline_at__gt=at)
    return [
        {"number": each.number, "amount": each.asked, "until": each.deadline_at, "url": each.get_absolute_url()}
        for each in asked.order_by("deadline_at", "pk")[:MOST]
    ]


def on_its_way(shop: Shop) -> int:
    """Fen that were withdrawn and have not arrived yet."""
    accounts = [f"payee:{pk}" for pk in Payee.objects.filter(shop=shop).order_by("pk").values_list("pk", flat=True)]
    found = Payout.objects.filter(under__in=accounts, destination=Payout.Destination.ACCOUNT, state__in=ON_ITS_WAY)
    return found.aggregate(sum=Sum("amount"))["sum"] or 0


def ending(shop: Shop, at: datetime) -> list[dict[str, Any]]:
    """Listings with codes on the shelf that end within a week, and when the first one does."""
    found = Card.objects.on_the_shelf().filter(shop=shop, expires_at__gt=at, expires_at__lte=at + ENDING)
    rows = found.values("listing", "listing__title").annotate(count=Count("pk"), first=Min("expires_at"))
    return [
        {
            "title": row["listing__title"],
            "count": row["count"],
            "first": row["first"],
            "url": reverse("shops:batches", args=[shop.slug, row["listing"]]),
        }
        for row in rows.order_by("first", "listing")[:MOST]
    ]


def failing(shop: Shop) -> list[dict[str, Any]]:
    """Batches that were stopped, or of which codes were given back as bad."""
    bad = Card.objects.filter(batch=OuterRef("pk"), failed_at__isnull=False).order_by().values("batch")
    found = Batch.objects.filter(listing__shop=shop).annotate(
        bad=Coalesce(Subquery(bad.annotate(number=Count("pk")).values("number")), 0)
    )
    named = list(
        found.filter(Q(bad__gte=FAILING) | Q(stopped_at__isnull=False))
        .select_related("listing")
        .order_by(F("stopped_at").desc(nulls_last=True), "-bad", "-pk")[:MOST]
    )
    sales = Card.objects.filter(batch__in=named, sold_at__isnull=False).order_by().values_list("batch")
    sold = dict(sales.annotate(number=Count("pk")))
    return [
        {
            "title": batch.listing.title,
            "number": batch.pk,
            "bad": batch.bad,
            "sold": sold.get(batch.pk, 0),
            "is_stopped": batch.is_stopped(),
            "url": reverse("shops:batch", args=[shop.slug, batch.pk]),
        }
        for batch in named
    ]


def days(shop: Shop, at: datetime, *, sees_money: bool) -> dict[str, Any]:
    """The last thirty days for the plots: names, and one figure for each day; a day without anything is a nought.

    What was taken in, in fen, is there for whoever sees the shop's money.
    """
    today = at.astimezone(SHANGHAI).date()
    wanted = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    known: dict[date, Day] = {each.day: each for each in Day.objects.filter(shop=shop, day__gte=wanted[0])}
    found = [known.get(day) for day in wanted]
    return {
        "names": [f"{day:%m-%d}" for day in wanted],
        "turnover": [(_("Turnover"), [each.turnover if each else 0 for each in found])] if sees_money else [],
        "trade": [
            (_("Orders"), [each.orders if each else 0 for each in found]),
            (_("Claims"), [each.claims if each else 0 for each in found]),
        ],
        "on_time": [
            (_("On time"), [each.on_time * 10_000 // each.due if each and each.due else None for each in found])
        ],
        "is_known": bool(known),
    }


def reasons(shop: Shop, at: datetime) -> dict[str, Any]:
    """Why claims were made that ended in the last eight weeks, week by week: the three most frequent, and the rest."""
    monday = at.astimezone(SHANGHAI).date()
    monday -= timedelta(days=monday.weekday())
    weeks = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    counted: dict[str, Counter[date]] = {}
    rows = Tally.objects.filter(measure="reasons", shop=shop, day__gte=weeks[0]).order_by("pk")
    for day, part, count in rows.values_list("day", "part", "count"):
        code = part.partition(":")[0]
        counted.setdefault(code, Counter())[day - timedelta(days=day.weekday())] += count
    often = sorted(counted, key=lambda code: (-counted[code].total(), code))
    series = [(words.reason(code), [counted[code][week] for week in weeks]) for code in often[:NAMED]]
    if rest := often[NAMED:]:
        series.append((_("Other reasons"), [sum(counted[code][week] for code in rest) for week in weeks]))
    return {"names": [f"{week:%m-%d}" for week in weeks], "series": series, "is_known": bool(counted)}


def waits(shop: Shop, at: datetime) -> dict[str, Any]:
    """How long the money took, of claims that were paid in the last thirty days: so many of them within each span."""
    since = at.astimezone(SHANGHAI).date() - timedelta(days=DAYS - 1)
    counted: Counter[int] = Counter()
    rows = Tally.objects.filter(measure="cycle", shop=shop, day__gte=since).order_by("pk")
    for part, count in rows.values_list("part", "count"):
        minutes = int(part.rpartition(":")[2])
        counted[next((place for place, (most, _name) in enumerate(SPANS) if minutes <= most), len(SPANS))] += count
    names = [*(name for _most, name in SPANS), LATER]
    series = [(_("Claims"), [counted[place] for place in range(len(names))])]
    return {"names": [str(name) for name in names], "series": series, "is_known": bool(counted)}


def record(shop: Shop) -> Record | None:
    """What everybody reads of the shop, if it was worked out already."""
    return Record.objects.filter(shop=shop).first()


def beginning(shop: Shop, user: Any) -> list[dict[str, Any]]:
    """What a new shop does first, in order, and what of it is done; nothing once it has sold something.

    Each of the shop's people reads the steps that they can see to.
    """
    if Order.objects.filter(shop=shop, paid_at__isnull=False).exists():
        return []
    states = set(Listing.objects.filter(shop=shop).order_by().values_list("state", flat=True).distinct())
    on_sale = ListingState.ON_SALE in states
    steps = [
        (
            _("Pay the deposit"),
            _("It answers for refunds when escrow is gone; without it nothing is sold."),
            reverse("shops:deposit", args=[shop.slug]),
            BOOKS,
            shop.deposit.state == DepositState.ACTIVE,
        ),
        (
            _("Write what you sell"),
            _("What you promise in figures is what claims are measured by."),
            reverse("shops:draft", args=[shop.slug]),
            SELL,
            bool(states),
        ),
        (
            _("Fill the stock"),
            _("Codes are sealed as they come in; nobody reads them here."),
            reverse("shops:stock", args=[shop.slug]),
            SELL,
            Card.objects.filter(shop=shop).exists(),
        ),
        (
            _("Put it on sale"),
            _("A person of the mall reads a new shop's first listings, within a working day."),
            reverse("shops:desk_listings", args=[shop.slug]),
            SELL,
            on_sale,
        ),
        (
            _("Say where your money goes"),
            _("A new account rests for a day before anything is sent there."),
            reverse("shops:withdrawals", args=[shop.slug]),
            BOOKS,
            Payee.objects.filter(shop=shop, state__in=[PayeeState.COOLING, PayeeState.USABLE]).exists(),
        ),
    ]
    return [
        {"title": title, "why": why, "url": url, "is_done": done}
        for title, why, url, duty, done in steps
        if shop.may(user, duty)
    ]


def warnings(shop: Shop, user: Any, at: datetime) -> list[dict[str, Any]]:
    """What stands against the shop, batches that wait for its word, papers that are over: each with its page.

    What only some of the shop's people can see to is told to these.
    """
    found = [
        {
            "text": _("%(step)s until %(until)s: %(reason)s")
            % {
                "step": each.get_step_display(),
                "until": f"{each.until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
                "reason": each.reason,
            },
            "url": each.get_absolute_url(),
        }
        for each in sanctions.in_force(shop, at)
    ]
    asked = BatchAnswer.objects.filter(shop=shop, state=BatchAnswerState.AWAITED, deadline_at__gt=at)
    found += [
        {
            "text": _("Say what happened to a batch of %(listing)s until %(until)s, or your sales may stop for a week.")
            % {
                "listing": each.alarm.batch.listing.title,
                "until": f"{each.deadline_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            },
            "url": f"{each.get_absolute_url()}#answer",
        }
        for each in asked.select_related("alarm__batch__listing").order_by("deadline_at", "pk")[:MOST]
        if each.deadline_at is not None and shop.may(user, SELL)
    ]
    if shop.may(user, BOOKS) and not shop.is_licensed(at):
        text = _("A paper has run out: nothing new is sold until a new one is taken.")
        found.append({"text": text, "url": reverse("shops:licences", args=[shop.slug])})
    return found
