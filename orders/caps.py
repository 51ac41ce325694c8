"""What a shop may take on at its level: how much was ordered from it today. Amounts are integer fen."""

from datetime import datetime, time

from django.db.models import Sum

from orders.models import Order
from orders.states import OrderState
from shops import levels
from shops.models import Shop
from timeline.spans import SHANGHAI

#: Orders that came to nothing leave their room to others.
CAME_TO_NOTHING = [OrderState.CANCELLED, OrderState.EXPIRED]


def require_room(shop: Shop, total: int, *, at: datetime) -> None:
    """Refused with `over_order_cap` or `over_day_cap` where an order of `total` fen is too much for the locked shop."""
    levels.require_room(shop, total=total, today=0 if shop.day_cap is None else ordered_today(shop, at))


def ordered_today(shop: Shop, at: datetime) -> int:
    """What was ordered from a shop since midnight in Shanghai, without what was called off or never paid."""
    midnight = datetime.combine(at.astimezone(SHANGHAI).date(), time.min, tzinfo=SHANGHAI)
    found = Order.objects.filter(shop=shop, placed_at__gte=midnight).exclude(state__in=CAME_TO_NOTHING)
    return int(found.aggregate(sum=Sum("total"))["sum"] or 0)
