"""What a shop may take on at its level: how much was ordered from it today. Amounts are integer fen."""

from datetime import datetime, time
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from orders.models import Order, Unit
from orders.states import OrderState
from shops import levels
from shops.models import Listing, Shop
from timeline.door import require
from timeline.spans import SHANGHAI

#: Orders that came to nothing leave their room to others.
CAME_TO_NOTHING = [OrderState.CANCELLED, OrderState.EXPIRED]


def require_room(shop: Shop, total: int, *, at: datetime) -> None:
    """Refused with `over_order_cap` or `over_day_cap` where an order of `total` fen is too much for the locked shop."""
    levels.require_room(shop, total=total, today=0 if shop.day_cap is None else ordered_today(shop, at))


def require_allowed(listing: Listing, quantity: int, *, buyer: Any) -> None:
    """Refused with `over_listing_limit` where one buyer would have more of a locked listing than its shop lets them.

    All orders count that came to something or still may, those of which everything was paid back do not.
    """
    if listing.most_each is None:
        return
    kept = Unit.objects.filter(order__buyer=buyer, order__snapshot__listing=listing)
    had = kept.exclude(order__state__in=[*CAME_TO_NOTHING, OrderState.REFUNDED]).count()
    require(
        had + quantity <= listing.most_each,
        "over_listing_limit",
        _("The shop sells at most %(most)s of this to one buyer; you may order %(left)s more.")
        % {"most": listing.most_each, "left": max(listing.most_each - had, 0)},
    )


def ordered_today(shop: Shop, at: datetime) -> int:
    """What was ordered from a shop since midnight in Shanghai, without what was called off or never paid."""
    midnight = datetime.combine(at.astimezone(SHANGHAI).date(), time.min, tzinfo=SHANGHAI)
    found = Order.objects.filter(shop=shop, placed_at__gte=midnight).exclude(state__in=CAME_TO_NOTHING)
    return int(found.aggregate(sum=Sum("total"))["sum"] or 0)
