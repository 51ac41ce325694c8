"""What shops must deposit, computed from what they sold and what came back, and handed down to their deposits."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, F, Sum

from disputes import owed
from orders.models import Order, Unit
from refunds.models import RefundItem
from refunds.states import RefundState
from rulebook import versions
from shops import lifecycle, sizing
from shops.models import Deposit, Listing, Shop
from shops.states import DepositState, ListingState
from timeline.refusals import Refused

log = logging.getLogger(__name__)

#: So many shops are computed with one round of questions.
CHUNK = 500
WINDOW = timedelta(days=sizing.WINDOW_DAYS)
#: Whose fault it is when a claim counts against the shop.
SUPPLY_SIDE = frozenset({"SELLER", "UPSTREAM", "SHARED"})
#: Deposits whose sum may still change.
OPEN = [DepositState.UNPAID, DepositState.ACTIVE, DepositState.SHORT, DepositState.SUSPENDED]


def size_all(*, at: datetime) -> int:
    """Compute the required sum of every open shop and hand down what changed; returns how many changed.

    Each deposit changes in a transaction of its own, so that one cannot hold up the others.
    """
    changed, last = 0, 0
    while deposits := list(
        Deposit.objects.filter(state__in=OPEN, shop_id__gt=last).select_related("shop").order_by("shop_id")[:CHUNK]
    ):
        last = deposits[-1].shop_id
        found = sizes([deposit.shop for deposit in deposits], at=at)
        for deposit in deposits:
            required = found[deposit.shop_id].required
            if required == deposit.required:
                continue
            try:
                lifecycle.set_required(deposit, required=required, at=at)
            except Refused:
                continue  # it closed meanwhile
            except Exception:
                log.exception("the deposit of shop %s could not be sized", deposit.shop_id)
                continue  # an alarm, and no reason why the shops after it keep an old sum
            changed += 1
    return changed


def required_of(shop: Shop, *, at: datetime) -> int:
    """What one shop must deposit at `at`, in fen."""
    return sizes([shop], at=at)[shop.pk].required


def sizes(shops: Iterable[Shop], *, at: datetime) -> dict[int, sizing.Size]:
    """What each shop must deposit, by its id: as many questions for one shop as for 500."""
    shops = list(shops)
    daily = _daily(shops, at)
    claims = _claim_bp(shops, at)
    return {
        shop.pk: sizing.size(level=shop.level, claim_bp=claims.get(shop.pk, 0), daily=daily[shop.pk]) for shop in shops
    }


def _daily(shops: list[Shop], at: datetime) -> dict[int, dict[str, int]]:
    """Fen a day that each shop sold, by category; a category that it offers is there with 0."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    offered = Listing.objects.filter(shop__in=shops, state__in=[ListingState.ON_SALE, ListingState.PAUSED])
    for shop, kind in offered.order_by("shop", "kind").values_list("shop", "kind").distinct():
        found[shop][kind] = 0
    sold = Order.objects.filter(shop__in=shops, paid_at__gt=at - WINDOW, paid_at__lte=at)
    by_kind = sold.values_list("shop", "snapshot__listing__kind").annotate(sum=Sum("total"))
    for shop, kind, amount in by_kind.order_by("shop", "snapshot__listing__kind"):
        found[shop][kind] = sizing.average(amount)
    return found


def _claim_bp(shops: list[Shop], at: datetime) -> dict[int, int]:
    """The share of each shop's units that came back by the supply side's fault, in basis points, rounded up."""
    ours = [code for code, reason in versions.shipped().book.reasons.items() if reason.default_class in SUPPLY_SIDE]
    units = dict(
        Unit.objects.filter(order__shop__in=shops, order__paid_at__gt=at - WINDOW, order__paid_at__lte=at)
        .order_by("order__shop")
        .values_list("order__shop")
        .annotate(count=Count("pk"))
    )
    upheld = (
        RefundItem.objects.filter(
            refund__order__shop__in=shops,
            refund__state=RefundState.REFUNDED,
            refund__reason__in=ours,
            refund__closed_at__gt=at - WINDOW,
            refund__closed_at__lte=at,
            granted__gt=F("unit__covered"),  # what the platform paid for its own fault is not the shop's
        )
        .exclude(unit__in=owed.units_of_platform())  # nor what it owes for it
        .order_by("refund__order__shop")
        .values_list("refund__order__shop")
        .annotate(count=Count("pk"))
    )
    return {shop: min(10_000, -(-count * 10_000 // units[shop])) for shop, count in upheld if units.get(shop)}
