"""What after-sale says about the goods: per listing and per supplier, what goes wrong, what to change, and what it did.

Worked out for one shop when it looks; suggestions follow fixed rules that are written beside them, and nobody is made
to follow one. Which changes were made, the listing's own events say.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Order, Unit
from refunds.models import Refund, RefundItem
from reputation.counting import BOUNDS
from reputation.figures import share_bp
from shops.models import Listing, Shop
from timeline.models import Event

#: How far back is looked; how many units must be sold before a share says anything; before and after a change.
BACK, FEWEST, AROUND = timedelta(days=90), 10, timedelta(days=30)
#: From this share of a reason on, something is suggested.
OFTEN_BP = 200
#: Within so long after a buyer's own mistake, what they bought is what they had meant; told from so many buyers on.
MEANT_WITHIN, FEWEST_MEANT = timedelta(days=7), 3
#: Reasons that are nobody's fault but the buyer's: what a notice can prevent.
MISTAKES = frozenset({"CHANGE_OF_MIND", "BUYER_MISTAKE", "BUYER_DEVICE", "REGION_MISMATCH", "DUPLICATE_TOPUP"})

SLOWER = _("The promise is shorter than what you keep. Promise a longer time, or keep more in stock.")
CHECKED = _("Have the supplier check codes before you take them in, and stop the batch.")
UNLIKE = _("What arrives is not what the page says. Compare title, face value and term with the goods.")
#: A sentence for the notice that buyers confirm, by the mistake that it prevents; the shop takes it over or does not.
NOTICES: dict[str, Promise] = {
    "CHANGE_OF_MIND": _("Please read what this is and how it is used before you buy: this is %(kind)s."),
    "BUYER_MISTAKE": _("This is %(kind)s. Check kind, face value and region once more before you pay."),
    "BUYER_DEVICE": _("Check before you buy that your device and your version of the app support it."),
    "REGION_MISMATCH": _("Works only with accounts of the region %(region)s. Check yours before you buy."),
    "DUPLICATE_TOPUP": _("Delivery takes up to %(minutes)s minutes. Please wait and do not order again meanwhile."),
}
#: The same where the listing names no region: nobody can confirm what is not said.
ANY_REGION = _("Check before you buy that your account's region supports this: the page says for which it works.")
#: What a listing says, as its history of changes names it.
FIELDS: dict[str, Promise] = {
    "title": _("Title"),
    "description": _("Description"),
    "price": _("Price"),
    "promise_minutes": _("Promised time"),
    "face_value": _("Face value"),
    "region": _("Region"),
    "notice": _("Notice"),
    "promises": _("Promises"),
    "delivered_by": _("Delivered by"),
    "supplier": _("Supplier"),
}
#: What helps, by the reason that comes too often; the buyer's own mistakes first.
SUGGESTED: dict[str, Promise] = {
    "CHANGE_OF_MIND": _("Buyers take it for something else. Say in the title what it is and for whom it is not."),
    "BUYER_MISTAKE": _("Buyers choose the wrong goods. Put kind, region and face value first in the title."),
    "BUYER_DEVICE": _("Say on which devices it works, and ask for it to be confirmed in the notice."),
    "REGION_MISMATCH": _("Say the region in the title and ask for it to be confirmed in the notice."),
    "DUPLICATE_TOPUP": _("Buyers order twice. Say how long delivery takes, so that they wait."),
    "NOT_DELIVERED": SLOWER,
    "LATE_DELIVERY": SLOWER,
    "OUT_OF_STOCK": SLOWER,
    "PARTIAL_DELIVERY": SLOWER,
    "CODE_INVALID": CHECKED,
    "CODE_ALREADY_USED": CHECKED,
    "CODE_EXPIRED": _("Codes are too near their end when they are sold. Set a longer rest of their term."),
    "FACE_VALUE_SHORT": UNLIKE,
    "NOT_AS_DESCRIBED": UNLIKE,
    "WRONG_ITEM": UNLIKE,
}


class Percentile95(Aggregate):
    """Within which 95 of 100 of what was counted lie."""

    function = "percentile_disc"
    template = "%(function)s(0.95) within group (order by %(expressions)s)"
    output_field = DurationField()


@dataclass
class Row:
    """A listing or a supplier: units sold, and units paid back or claimed by reason.

    Of a listing, `kept` is within how many minutes 95 of 100 units came, if enough came.
    """

    name: str
    sold: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    listing: Listing | None = None
    kept: int | None = None

    @property
    def claims(self) -> int:
        """Units that were claimed for."""
        return sum(self.reasons.values())

    @property
    def claim_bp(self) -> int | None:
        """The share of units that were claimed for; nothing while too few were sold."""
        return share_bp(min(self.claims, self.sold), self.sold, FEWEST)

    def suggestions(self) -> list[tuple[str, Promise]]:
        """Reason and what would help, where the reason comes often enough."""
        if self.sold < FEWEST:
            return []
        return [(reason, SUGGESTED[reason]) for reason in self._often() if reason in SUGGESTED]

    def notices(self) -> list[str]:
        """Sentences for the notice of the listing that would prevent what buyers mistake too often."""
        if self.sold < FEWEST or self.listing is None:
            return []
        words = {
            "kind": self.listing.get_kind_display(),
            "region": self.listing.region,
            "minutes": self.kept or self.listing.promise_minutes,
        }
        said = NOTICES if self.listing.region else {**NOTICES, "REGION_MISMATCH": ANY_REGION}
        made = [str(said[reason]) % words for reason in self._often() if reason in said]
        return [sentence for sentence in made if sentence not in self.listing.notice]

    def promise(self) -> int | None:
        """The promise in minutes that 95 of 100 units kept, where the one on the page is shorter and often broken."""
        if self.listing is None or self.kept is None or self.kept <= self.listing.promise_minutes:
            return None
        return self.kept if any(SUGGESTED.get(reason) is SLOWER for reason in self._often()) else None

    def _often(self) -> list[str]:
        return [reason for reason, count in self.reasons.most_common() if count * 10_000 >= OFTEN_BP * self.sold]


@dataclass(frozen=True)
class Effect:
    """A change of a listing, and the share of claims in the 30 days before and after it."""

    listing: str
    #: What was changed, by the names of the listing's fields.
    changed: tuple[str, ...]
    at: datetime
    #: Whether the thirty days after it are not over yet.
    is_running: bool
    before_bp: int | None
    after_bp: int | None


def by_listing(shop: Shop, *, at: datetime) -> list[Row]:
    """What went wrong with each listing, the worst first; the same four questions for one listing and for 500."""
    rows = _rows(shop, "order__snapshot__listing", "order__snapshot__listing__title", at=at)
    listings = Listing.objects.in_bulk([key for key in rows if key])
    came = Unit.objects.filter(
        order__shop=shop, order__paid_at__gt=at - BACK, order__paid_at__lte=at, delivered_at__isnull=False
    )
    took = ExpressionWrapper(F("delivered_at") - F("order__paid_at"), output_field=DurationField())
    kept = {
        listing: (span, number)
        for listing, span, number in came.order_by()
        .values_list("order__snapshot__listing")
        .annotate(span=Percentile95(took), number=Count("pk"))
    }
    for key, row in rows.items():
        row.listing = listings.get(key)
        span, number = kept.get(key, (None, 0))
        if span is not None and number >= FEWEST:
            row.kept = next((bound for bound in BOUNDS if span <= timedelta(minutes=bound)), None)
    return _worst_first(rows.values())


def by_supplier(shop: Shop, *, at: datetime) -> list[Row]:
    """The same by where the codes came from; goods without a supplier are left out."""
    rows = _rows(shop, "card__batch__supplier", "card__batch__supplier__name", at=at)
    return _worst_first(row for row in rows.values() if row.name)


def _rows(shop: Shop, key: str, name: str, *, at: datetime) -> dict[Any, Row]:
    sold = Unit.objects.filter(order__shop=shop, order__paid_at__gt=at - BACK, order__paid_at__lte=at)
    found: dict[Any, Row] = {}
    for pk, title, count in sold.order_by().values_list(key, name).annotate(number=Count("pk")):
        found[pk] = Row(title or "", count)
    claimed = RefundItem.objects.filter(
        refund__order__shop=shop, unit__order__paid_at__gt=at - BACK, refund__opened_at__lte=at
    )
    for pk, reason, count in (
        claimed.order_by().values_list(f"unit__{key}", "refund__reason").annotate(number=Count("pk"))
    ):
        if pk in found:
            found[pk].reasons[reason] += count
    return found


def _worst_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-(row.claim_bp or 0), -row.claims, row.name))


def meant(shop: Shop, *, at: datetime) -> list[tuple[str, str, int]]:
    """What buyers had taken by mistake, and what they bought within a week after: kind, kind, and how many buyers.

    Only pairs of different kinds, and only from three buyers on: it is about the goods and not about them.
    """
    claims = Refund.objects.filter(
        order__shop=shop, reason__in=MISTAKES, opened_at__gt=at - BACK, opened_at__lte=at
    ).values_list("buyer", "opened_at", "order__snapshot__listing__kind")
    mistakes = list(claims.order_by("pk"))
    bought = Order.objects.filter(buyer__in={buyer for buyer, _at, _kind in mistakes}, paid_at__gt=at - BACK)
    later: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for buyer, paid_at, kind in bought.order_by("paid_at").values_list("buyer", "paid_at", "snapshot__listing__kind"):
        if paid_at is not None:
            later[buyer].append((paid_at, kind))
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for buyer, asked_at, kind in mistakes:
        for paid_at, instead in later[buyer]:
            if instead != kind and asked_at <= paid_at <= asked_at + MEANT_WITHIN:
                found[kind, instead].add(buyer)
    rows = [(kind, instead, len(buyers)) for (kind, instead), buyers in found.items() if len(buyers) >= FEWEST_MEANT]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))


def effects(shop: Shop, *, at: datetime, most: int = 10) -> list[Effect]:
    """What the latest changes of the shop's listings did to their claims."""
    listings = {listing.address: listing for listing in Listing.objects.filter(shop=shop).order_by("pk")}
    edits = Event.objects.filter(subject__in=list(listings), name="listing.edited").order_by("-pk")[:most]
    return [_effect(listings[event.subject], event, at=at) for event in edits]


def _effect(listing: Listing, edit: Event, *, at: datetime) -> Effect:
    before = _share(listing, edit.at - AROUND, edit.at)
    after = _share(listing, edit.at, edit.at + AROUND)
    changed = tuple(sorted(edit.data.get("changed", {})))
    return Effect(listing.title, changed, edit.at, at < edit.at + AROUND, before, after)


def _share(listing: Listing, since: datetime, until: datetime) -> int | None:
    sold = Unit.objects.filter(order__snapshot__listing=listing, order__paid_at__gte=since, order__paid_at__lt=until)
    claimed = sold.filter(refund_items__isnull=False).distinct()
    return share_bp(claimed.count(), sold.count(), FEWEST)


def reasons_of(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """All reasons together, the most frequent first."""
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        for reason, count in row.reasons.items():
            found[reason] += count
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
