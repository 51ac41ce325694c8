"""What after-sale says about the goods: per listing and per supplier, what goes wrong, what to change, and what it did.

Worked out for one shop when it looks; suggestions follow fixed rules that are written beside them, and nobody is made
to follow one. Which changes were made, the listing's own events say.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Unit
from refunds.models import RefundItem
from reputation.figures import share_bp
from shops.models import Listing, Shop
from timeline.models import Event

#: How far back is looked; how many units must be sold before a share says anything; before and after a change.
BACK, FEWEST, AROUND = timedelta(days=90), 10, timedelta(days=30)
#: From this share of a reason on, something is suggested.
OFTEN_BP = 200

SLOWER = _("The promise is shorter than what you keep. Promise a longer time, or keep more in stock.")
CHECKED = _("Have the supplier check codes before you take them in, and stop the batch.")
UNLIKE = _("What arrives is not what the page says. Compare title, face value and term with the goods.")
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


@dataclass
class Row:
    """A listing or a supplier: units sold, and units paid back or claimed by reason."""

    name: str
    sold: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

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
        often = [reason for reason, count in self.reasons.most_common() if count * 10_000 >= OFTEN_BP * self.sold]
        return [(reason, SUGGESTED[reason]) for reason in often if reason in SUGGESTED]


@dataclass(frozen=True)
class Effect:
    """A change of a listing, and the share of claims in the 30 days before and after it."""

    listing: str
    at: datetime
    before_bp: int | None
    after_bp: int | None


def by_listing(shop: Shop, *, at: datetime) -> list[Row]:
    """What went wrong with each listing, the worst first; the same two questions for one listing and for 500."""
    return _rows(shop, "order__snapshot__listing", "order__snapshot__listing__title", at=at)


def by_supplier(shop: Shop, *, at: datetime) -> list[Row]:
    """The same by where the codes came from; goods without a supplier are left out."""
    return [row for row in _rows(shop, "card__batch__supplier", "card__batch__supplier__name", at=at) if row.name]


def _rows(shop: Shop, key: str, name: str, *, at: datetime) -> list[Row]:
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
    return sorted(found.values(), key=lambda row: (-(row.claim_bp or 0), -row.claims, row.name))


def effects(shop: Shop, *, at: datetime, most: int = 10) -> list[Effect]:
    """What the latest changes of the shop's listings did to their claims."""
    listings = {listing.address: listing for listing in Listing.objects.filter(shop=shop).order_by("pk")}
    edits = Event.objects.filter(subject__in=list(listings), name="listing.edited").order_by("-pk")[:most]
    return [_effect(listings[event.subject], event.at) for event in edits]


def _effect(listing: Listing, changed_at: datetime) -> Effect:
    before = _share(listing, changed_at - AROUND, changed_at)
    after = _share(listing, changed_at, changed_at + AROUND)
    return Effect(listing.title, changed_at, before, after)


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
