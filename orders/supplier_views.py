"""Pages about suppliers: what was asked and answered about an order, asking again by hand, and how each is doing."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from orders.fulfilment import queries, tickets
from orders.models import Exchange, Order, Ticket
from orders.parties import SEEING_HEALTH, Side, side_of, visible_to
from orders.states import Standing
from shops import connections as shared
from shops.forms import ConnectionForm
from shops.models import Way
from shops.suppliers import connections
from timeline import clock, parts
from timeline.sweep import fire_overdue

#: Questions on a page, and what counts as lately for the health of a supplier.
PAGE, LATELY = 50, timedelta(hours=24)
#: What is kept with a ticket and was no question to its supplier: silence after it is none.
UNASKED = ("notice", "push", tickets.FAULT)
NOTHING: dict[str, Any] = {"open": 0, "silent": 0, "oldest_at": None, "heard_at": None, "delivered": 0, "failed": 0}


@require_safe
def exchanges(request: HttpRequest, number: str) -> HttpResponse:
    """What was asked of a supplier about an order and what it answered, masked: for the shop and staff of cases."""
    order = _seen(request, number)
    if side_of(order, request.user) == Side.BUYER:
        raise Http404
    is_shop = side_of(order, request.user) == Side.SHOP
    found = Ticket.objects.filter(unit__order=order).select_related("unit").order_by("unit__place")
    rows = [
        {
            "ticket": ticket,
            "standing": Standing(ticket.standing).label,
            "may_try_again": is_shop and tickets.may_try_again(ticket, ticket.unit, order),
        }
        for ticket in found
    ]
    asked = Exchange.objects.filter(ticket__unit__order=order).select_related("ticket")
    newest = parts.part(asked, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context = {"order": order, "rows": rows, "exchanges": newest.rows, "part": newest}
    return render(request, "orders/exchanges.html", context)


@require_POST
def try_again(request: HttpRequest, number: str, place: int) -> HttpResponse:
    """The shop has its supplier asked now, or sends anew what failed."""
    order = _seen(request, number)
    fire_overdue(order.root_address, at=clock.now())
    ticket = get_object_or_404(
        Ticket.objects.select_related("unit__order__shop", "unit__order__snapshot"),
        unit__order=order,
        unit__place=place,
    )
    tickets.try_again(ticket, by=request.user, at=clock.now())
    messages.success(request, _("The supplier is asked in a moment."))
    return redirect("orders:exchanges", number=number)


@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """The shop asks its supplier about what it delivered; the buyer's time stands still meanwhile."""
    order = _seen(request, number)
    fire_overdue(order.root_address, at=clock.now())
    queries.ask_supplier(order, by=request.user, at=clock.now())
    messages.success(request, _("The inspection stands still until there is an answer, five working days in all."))
    return redirect("orders:detail", number=number)


@require_POST
def answered(request: HttpRequest, number: str) -> HttpResponse:
    """The supplier has answered the shop."""
    order = _seen(request, number)
    fire_overdue(order.root_address, at=clock.now())
    queries.supplier_answered(order, by=request.user, at=clock.now())
    messages.success(request, _("The inspection goes on."))
    return redirect("orders:detail", number=number)


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """How each supplier is doing that the mall is connected to: what waits, since when, and what fails; staff only."""
    if not signed_in(request).roles & SEEING_HEALTH:
        raise Http404
    at, may_tie = clock.now(), shared.may_tie(request.user)
    context = {
        "rows": health_of(at),
        "at": at,
        "ties": list(shared.live()[:PAGE]) if may_tie else [],
        "form": ConnectionForm() if may_tie else None,
    }
    return render(request, "orders/suppliers.html", context)


def health_of(at: datetime) -> list[dict[str, Any]]:
    """The figures of each connection, in one query: open and silent tickets, the last answer, failures of a day."""
    asked = Exchange.objects.filter(ticket=OuterRef("pk")).exclude(what__in=UNASKED).order_by("-pk")
    lately = Q(ended_at__gt=at - LATELY)
    found = (
        Ticket.objects.filter(Q(ended_at=None) | lately, way=Way.SUPPLIER)
        .order_by()
        .annotate(is_asked=Exists(asked), last_status=Subquery(asked.values("status")[:1]))
        .values("unit__order__snapshot__listing__supplier__gateway")
        .annotate(
            open=Count("pk", filter=Q(ended_at=None)),
            silent=Count("pk", filter=Q(ended_at=None, is_asked=True, last_status=None)),
            oldest_at=Min("made_at", filter=Q(ended_at=None)),
            heard_at=Max("heard_at"),
            delivered=Count("pk", filter=lately & Q(standing=Standing.DELIVERED)),
            failed=Count("pk", filter=lately & Q(standing__in=[Standing.FAILED, Standing.GIVEN_UP])),
        )
    )
    by_name: dict[str, Any] = {}
    for row in found:
        name = row["unit__order__snapshot__listing__supplier__gateway"] or ""
        by_name[name] = {word: row[word] for word in NOTHING}  # type: ignore[literal-required]
    names = sorted({*connections(), *by_name})
    return [
        {"name": name or "–", "is_connected": name in connections(), **NOTHING, **by_name.get(name, {})}
        for name in names
    ]


def _seen(request: HttpRequest, number: str) -> Order:
    found = visible_to(request.user).select_related("shop", "buyer", "snapshot__listing")
    order: Order = get_object_or_404(found, number=number)
    return order
