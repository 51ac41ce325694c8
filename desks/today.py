"""A shop's day on one page: what waits, what money is where, what runs out."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desks import trade
from disputes.models import Dispute
from disputes.states import DisputeState
from ledger.accounts import balances
from orders.models import Order, Unit
from orders.states import OrderState
from refunds.models import SHOP_IS_NEXT, Refund
from shops.models import BOOKS, CODES, SELL, SERVE, Listing, Shop, keeping
from shops.views.shops import badge
from timeline import clock

#: Below this a claim is urgent, below the second it is for today.
URGENT, TODAY = timedelta(hours=6), timedelta(hours=24)
#: Fewer codes than this are low stock; so many listings are named.
LOW, MOST = 5, 10


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """The shop's day. Who keeps several chooses one; for somebody else's shop there is no desk.

    Each of the shop's people reads what they can see to: claims and orders who serve buyers, money who keeps the books,
    stock who sells.
    """
    shops = list(Shop.objects.filter(keeping(request.user)).select_related("deposit").order_by("pk"))
    if not shops:
        return render(request, "desks/today.html", {"shop": None})
    shop = _chosen(shops, request.GET.get("shop", ""))
    at = clock.now()
    may = {name: shop.may(request.user, name) for name in (SERVE, BOOKS, SELL)}
    context = {
        "shop": shop,
        "others": [other for other in shops if other is not shop],
        "at": at,
        "may": may | {"more": may[BOOKS] or may[SELL]},
        "days": trade.days(shop, at, sees_money=may[BOOKS]),
        "reasons": trade.reasons(shop, at),
        "waits": trade.waits(shop, at),
        "record": trade.record(shop),
        "beginning": trade.beginning(shop, request.user),
        "warnings": trade.warnings(shop, request.user, at),
        "deposit": badge(shop.deposit)
        | ({"until": shop.deposit.deadline_at, "required": shop.deposit.required} if may[BOOKS] else {}),
    }
    if may[SERVE]:
        context |= {
            "queue": _queue(shop, at),
            "orders": _orders(shop),
            "disputes": _disputes(shop, at),
            "due": trade.due_first(shop, at),
            "claims": trade.claims(shop, at),
        }
    if may[BOOKS]:
        context |= {"money": _money(shop), "on_its_way": trade.on_its_way(shop)}
    if may[SELL]:
        context |= {"low": _low(shop), "ending": trade.ending(shop, at), "failing": trade.failing(shop)}
    return render(request, "desks/today.html", context)


def _chosen(shops: list[Shop], slug: str) -> Shop:
    """The shop of this name, or the first one if none is named."""
    for shop in shops:
        if slug in ("", shop.slug):
            return shop
    raise Http404


def _queue(shop: Shop, at: datetime) -> dict[str, Any]:
    """Claims that the shop has to answer, by how much time is left, and what they are about in fen."""
    counted = Refund.objects.filter(SHOP_IS_NEXT, order__shop=shop, deadline_at__gt=at).aggregate(
        urgent=Count("pk", filter=Q(deadline_at__lte=at + URGENT)),
        today=Count("pk", filter=Q(deadline_at__gt=at + URGENT, deadline_at__lte=at + TODAY)),
        later=Count("pk", filter=Q(deadline_at__gt=at + TODAY)),
        asked=Sum("asked"),
    )
    groups = [
        {"label": _("Less than 6 hours"), "count": counted["urgent"], "icon": "clock-alert", "tone": "amber"},
        {"label": _("Within 24 hours"), "count": counted["today"], "icon": "hourglass", "tone": "brand"},
        {"label": _("Later"), "count": counted["later"], "icon": "clock", "tone": ""},
    ]
    for group in groups:
        group["tone"] = group["tone"] if group["count"] else ""
    return {
        "groups": groups,
        "number": counted["urgent"] + counted["today"] + counted["later"],
        "asked": counted["asked"] or 0,
    }


def _orders(shop: Shop) -> dict[str, int]:
    """How many orders wait for delivery, and how many are being inspected."""
    counted: dict[str, int] = Order.objects.filter(
        shop=shop, state__in=[OrderState.PAID, OrderState.DELIVERED]
    ).aggregate(
        to_deliver=Count("pk", filter=Q(state=OrderState.PAID)),
        inspected=Count("pk", filter=Q(state=OrderState.DELIVERED)),
    )
    return counted


def _disputes(shop: Shop, at: datetime) -> dict[str, int]:
    """How many disputes are open, and how many wait for the shop's evidence."""
    is_ours = Q(state=DisputeState.EVIDENCE, shop_rested=False, deadline_at__gt=at)
    counted: dict[str, int] = (
        Dispute.objects.open()
        .filter(refund__order__shop=shop)
        .aggregate(number=Count("pk"), ours=Count("pk", filter=is_ours))
    )
    return counted


def _money(shop: Shop) -> list[dict[str, Any]]:
    """Where the shop's money is, in fen, from the buyer's hand to its own."""
    addresses = [shop.account(pocket) for pocket in ("pending", "available", "deposit", "reserved")]
    found = balances(addresses)
    open_units = Unit.objects.filter(order__shop=shop, order__state__in=[OrderState.PAID, OrderState.DELIVERED])
    pending, available, deposit, reserved = (found[address] for address in addresses)
    return [
        {
            "label": _("In escrow"),
            "amount": open_units.aggregate(held=Sum("held"))["held"] or 0,
            "note": _("Paid by buyers who still inspect."),
        },
        {"label": _("Pending"), "amount": pending, "note": _("Released to you, not settled yet.")},
        {"label": _("Available"), "amount": available, "note": _("Yours to withdraw.")},
        {"label": _("Deposit, free"), "amount": deposit, "note": _("Answers for refunds when escrow is gone.")},
        {"label": _("Deposit, reserved"), "amount": reserved, "note": _("Set aside for open cases.")},
    ]


def _low(shop: Shop) -> list[dict[str, Any]]:
    """What is on sale and runs out, the emptiest first."""
    found: Any = Listing.objects.filter(shop=shop, kind__in=sorted(CODES)).on_sale().with_free()
    return [
        {
            "title": listing.title,
            "free": listing.free,
            "url": reverse("shops:batches", args=[shop.slug, listing.pk]),
            "word": _("Sold out") if not listing.free else _("Low"),
            "tone": "amber" if not listing.free else "",
        }
        for listing in found.filter(free__lt=LOW).order_by("free", "pk")[:MOST]
    ]
