"""Pages of delivery: a shop's queue, delivering by hand with proof, waiting longer, and suppliers' notices."""

import json
import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders import attachments, escrow, lateness, promises
from orders.forms import CannotDeliverForm, DeliverForm
from orders.fulfilment import connections, given, handing, manual, tickets
from orders.fulfilment.connections import BadNotice, NoSuchSupplier
from orders.models import Exchange, Order, Ticket
from orders.parties import Side, side_of, visible_to
from orders.states import Delivery, OrderState
from orders.uploads import too_large
from rulebook.explanations import percent
from shops.models import SERVE, Ask, Kind, Record, Shop, Way, keeping
from shops.vault import SealBroken
from timeline import clock, parts
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

#: Orders on a page of the queue.
QUEUE = 50


@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """What a shop still has to deliver, what is due first on top, with the time that is left; one query."""
    shop = get_object_or_404(Shop.objects.filter(keeping(request.user, SERVE)), slug=slug)
    found = (
        Order.objects.filter(shop=shop, state=OrderState.PAID)
        .select_related("snapshot", "buyer")
        .annotate(awaited=Count("units", filter=Q(units__delivery=Delivery.UNDELIVERED, units__held__gt=0)))
    )
    at = clock.now()
    first = parts.part(found, by="promised_at", place=request.GET.get("after", ""), most=QUEUE)
    rows = [_row(order, at=at) for order in first.rows]
    return render(request, "orders/queue.html", {"shop": shop, "rows": rows, "part": first, "at": at})


def _row(order: Any, *, at: Any) -> dict[str, Any]:
    told = handing.promised(order)
    return {
        "order": order,
        "title": told["title"],
        "awaited": order.awaited,
        "way": Way(told["delivered_by"]).label,
        "by_hand": told["delivered_by"] == Way.SHOP,
        "is_late": order.is_late or order.promised_at <= at,
    }


@never_cache
@sensitive_variables("account", "words")
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: HttpRequest, number: str) -> HttpResponse:
    """The shop delivers units by hand: it opens what the buyer gave, and shows what proves the delivery."""
    order: Order = get_object_or_404(
        visible_to(request.user).select_related("shop__owner", "buyer", "snapshot__listing", "given__data_key"),
        number=number,
    )
    if side_of(order, request.user) != Side.SHOP or handing.way_of(order) != Way.SHOP:
        return redirect("orders:detail", number=number)
    at = clock.now()
    if request.method == "POST":
        fire_overdue(order.root_address, at=at)
    kind, places = order.snapshot.listing.kind, manual.awaited_places(order)
    if not places and request.method != "POST":
        return redirect("orders:detail", number=number)
    form = DeliverForm(
        request.POST or None, request.FILES or None, kind=kind, places=places, is_too_large=too_large(request)
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _delivered(request, order, form, at=at)
        except ValidationError as error:
            form.add_error(None, error) if not hasattr(error, "error_dict") else form.blame(error)
    is_open = given.is_open_for(order, request.user, at)
    try:
        words = given.opened(order) if is_open else given.hints(order)
    except SealBroken:
        words = {}
    context = {
        "order": order,
        "title": handing.promised(order)["title"],
        "kind": Kind(kind).label,
        "given": {str(Ask(ask).label): answer for ask, answer in words.items()},
        "is_open": is_open,
        "form": form,
        "at": at,
    }
    return render(request, "orders/deliver.html", context, status=422 if form.errors else 200)


@require_POST
def open_given(request: HttpRequest, number: str) -> HttpResponse:
    """The shop opens what the buyer gave for a delivery by hand: that is on record, and the page shows it."""
    order: Order = get_object_or_404(visible_to(request.user).select_related("shop__owner"), number=number)
    at = clock.now()
    fire_overdue(order.root_address, at=at)
    given.open_for_delivery(order, by=request.user, at=at)
    return redirect("orders:deliver", number=number)


def _delivered(request: HttpRequest, order: Order, form: DeliverForm, *, at: Any) -> HttpResponse:
    words = dict(form.cleaned_data)
    places, uploads = words.pop("places"), words.pop("files", [])
    words["files"] = [attachments.attach(order, upload, by=request.user, at=at) for upload in uploads]
    manual.deliver(order, places, manual.Proof(**words), by=request.user, at=at)
    count = len(places)
    messages.success(
        request,
        ngettext("%(count)d unit is delivered.", "%(count)d units are delivered.", count) % {"count": count},
    )
    return redirect("orders:detail", number=order.number)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cannot_deliver(request: HttpRequest, number: str) -> HttpResponse:
    """The shop says which units it will not deliver, and why; what that does to its figures stands there before."""
    order: Order = get_object_or_404(
        visible_to(request.user).select_related("shop__owner", "buyer", "snapshot__listing"), number=number
    )
    if side_of(order, request.user) != Side.SHOP or handing.way_of(order) != Way.SHOP:
        return redirect("orders:detail", number=number)
    at = clock.now()
    if request.method == "POST":
        fire_overdue(order.root_address, at=at)
    places = manual.awaited_places(order)
    if not places and request.method != "POST":
        return redirect("orders:detail", number=number)
    form = CannotDeliverForm(request.POST or None, places=places)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        try:
            manual.cannot_deliver(order, words["places"], reason=words["reason"], by=request.user, at=at)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The buyer is paid back, and reads why."))
            return redirect("orders:detail", number=number)
    context = {
        "order": order,
        "title": handing.promised(order)["title"],
        "form": form,
        "costs": _costs(order, len(places), at=at),
    }
    return render(request, "orders/cannot_deliver.html", context, status=422 if form.errors else 200)


def _costs(order: Order, units: int, *, at: Any) -> dict[str, Any]:
    """What giving up so many units does to the shop: its on-time share before and after, and what is owed on top."""
    record = Record.objects.filter(shop=order.shop_id).first()
    awaited = [unit for unit in escrow.units_of(order) if unit.is_awaited() and not unit.held_by]
    return {
        "before": _share(record.on_time_bp if record else None),
        "after": _share(Record.share_bp(record.on_time, record.due + units) if record else None),
        "price": sum(unit.held for unit in awaited),
        "owed": lateness.owed(order, awaited, at=at),
    }


def _share(bp: int | None) -> str:
    return "" if bp is None else percent(bp)


@require_POST
def wait(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer of a late order gives the shop another day."""
    order: Order = get_object_or_404(visible_to(request.user), number=number)
    at = clock.now()
    fire_overdue(order.root_address, at=at)
    promises.wait_longer(order, by=request.user, at=at)
    messages.success(request, _("You wait a day longer. You can still cancel at any time."))
    return redirect("orders:detail", number=number)


@csrf_exempt
@login_not_required
@require_POST
def notify(request: HttpRequest, supplier: str, number: str) -> HttpResponse:
    """A supplier says that something happened: kept if it is signed and fresh, and then the supplier is asked.

    What a notice says is never believed. Anything that is not the supplier's gets 400 and learns nothing.
    """
    try:
        told = connections.find(supplier).read_notice(path=request.path, headers=request.headers, body=request.body)
        if told.get("number") != number:
            raise BadNotice("about another order")
        ticket = Ticket.objects.get(
            number=number, way=Way.SUPPLIER, unit__order__snapshot__listing__supplier__gateway=supplier
        )
    except (NoSuchSupplier, BadNotice, Ticket.DoesNotExist) as error:
        log.warning("a supplier's notice was not believed: %s", type(error).__name__)
        return JsonResponse(
            {
                "type": "about:blank",
                "title": "Bad notice",
                "status": 400,
                "code": "bad_notice",
                "detail": "This notice is not believed.",
            },
            status=400,
            content_type="application/problem+json",
        )
    at = clock.now()
    words = json.dumps({name: str(told[name])[:200] for name in ("number", "state") if name in told})
    tickets.nudge(ticket, at=at, exchange=Exchange(ticket=ticket, at=at, what="notice", asked=words, status=200))
    return HttpResponse("success", content_type="text/plain")
