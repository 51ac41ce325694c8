"""Pages around a conversation: staff join it, people mark it read, and risk sees what looks like a deal outside."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import signed_in
from orders import conversation, delivery
from orders.forms import JoinForm, RedemptionForm
from orders.models import Message, Order
from orders.offplatform import words_of
from orders.parties import SEEING_SIGNS, Side, side_of, side_of_author, visible_to
from timeline import clock
from timeline.sweep import fire_overdue

#: Messages on a page of signs.
PAGE = 100


@require_POST
def join(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody of the staff joins, and says why."""
    order, at = _before(request, number)
    form = JoinForm(request.POST)
    try:
        conversation.join(order, form.data.get("reason", ""), by=request.user, at=at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("You have joined. Both sides are told, and read your reason."))
    return redirect(f"{reverse('orders:detail', kwargs={'number': number})}#conversation")


@require_POST
def read(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody has read everything up to now."""
    order, at = _before(request, number)
    conversation.read(order, by=request.user, at=at)
    return redirect(f"{reverse('orders:detail', kwargs={'number': number})}#conversation")


@require_http_methods(["GET", "HEAD", "POST"])
def redemption(request: HttpRequest, number: str, place: int) -> HttpResponse:
    """The buyer or the shop says what it knows of who redeemed a code: its word, until the issuer answers."""
    order: Order = get_object_or_404(visible_to(request.user).select_related("shop", "snapshot"), number=number)
    unit = get_object_or_404(order.units.select_related("order__shop"), place=place)
    if side_of(order, request.user) not in {Side.BUYER, Side.SHOP}:
        return redirect("orders:detail", number=number)
    form = RedemptionForm(request.POST or None)
    if request.method == "POST":
        at = clock.now()
        fire_overdue(order.root_address, at=at)
        if form.is_valid():
            delivery.say_redeemed(unit, by=request.user, at=at, **form.words)
            messages.success(request, _("Your word is kept with the order, as yours. The issuer's answer counts more."))
            return redirect("orders:detail", number=number)
    said = list(unit.redemptions.select_related("by").order_by("pk"))
    context = {"order": order, "unit": unit, "form": form, "said": [_said(order, each) for each in said]}
    return render(request, "orders/redemption.html", context, status=422 if form.errors else 200)


def _said(order: Order, each: Any) -> dict[str, Any]:
    who = each.source or str(side_of_author(order, each.by_id).label)
    whose = {
        True: _("to the buyer's account"),
        False: _("not to the buyer's account"),
        None: _("to an unknown account"),
    }
    return {"who": who, "is_record": each.by_id is None, "said": each, "whose": whose[each.by_buyer]}


@require_safe
def signs(request: HttpRequest) -> HttpResponse:
    """What looked like a deal outside of the mall lately, for whoever watches risk; the newest first."""
    if not signed_in(request).roles & SEEING_SIGNS:
        raise Http404
    found = Message.objects.exclude(signs=[]).select_related("order__shop", "author").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before[:18]))
    rows = list(found[: PAGE + 1])
    context = {
        "rows": [
            {
                "message": each,
                "side": side_of_author(each.order, each.author_id).label,
                "signs": "、".join(words_of(each.signs)),
            }
            for each in rows[:PAGE]
        ],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
    }
    return render(request, "orders/signs.html", context)


def _before(request: HttpRequest, number: str) -> tuple[Order, Any]:
    order: Order = get_object_or_404(visible_to(request.user).select_related("shop"), number=number)
    at = clock.now()
    fire_overdue(order.root_address, at=at)
    return order, at
