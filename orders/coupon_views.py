"""Pages of coupons: those of a shop, those of the platform, and the ones a buyer puts on an order."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import signed_in
from orders import coupons, guesses
from orders.forms import CouponForm, UseCouponForm
from orders.models import Coupon, Order
from orders.parties import SEEING_COUPONS, visible_to
from orders.states import CouponState
from shops.models import SELL, Shop, keeping
from timeline import clock, parts
from timeline.sweep import fire_overdue

#: Coupons on a page.
PAGE = 50
#: What the form of a new one begins with: from now on, for so long.
USUAL_TERM = timedelta(days=30)
#: How each state looks: icon and tone of its badge.
LOOKS = {
    CouponState.DRAFT: ("file-text", ""),
    CouponState.RUNNING: ("receipt-text", "brand"),
    CouponState.PAUSED: ("circle-pause", "amber"),
    CouponState.ENDED: ("check", ""),
}
VERBS = {"start": coupons.start, "pause": coupons.pause, "resume": coupons.resume, "end": coupons.end}


@require_http_methods(["GET", "HEAD", "POST"])
def of_shop(request: HttpRequest, slug: str) -> HttpResponse:
    """A shop's coupons, newest first, and a new one."""
    shop = get_object_or_404(Shop.objects.filter(keeping(request.user, SELL)), slug=slug)
    return _coupons(request, shop)


@require_http_methods(["GET", "HEAD", "POST"])
def of_platform(request: HttpRequest) -> HttpResponse:
    """The platform's coupons, for its staff of money; finance makes new ones."""
    if not signed_in(request).roles & SEEING_COUPONS:
        raise Http404
    return _coupons(request, None)


def _coupons(request: HttpRequest, shop: Shop | None) -> HttpResponse:
    at = clock.now()
    form = CouponForm(request.POST or None, initial={"starts_at": at, "ends_at": at + USUAL_TERM})
    if request.method == "POST" and form.is_valid():
        try:
            with guesses.counted(by=request.user, at=at):
                coupons.draft(shop=shop, by=request.user, at=at, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Written down. It can be used once it is started."))
            return redirect(request.path)
    found = Coupon.objects.filter(shop=shop).select_related("shop", "made_by")
    newest = parts.part(found, by="-id", place=request.GET.get("before", ""), most=PAGE)
    signed_in(request).know_roles()
    rows = [_row(coupon, request.user, at=at) for coupon in newest.rows]
    may_make = coupons.may_issue(shop, request.user)
    context = {"shop": shop, "rows": rows, "part": newest, "form": form if may_make else None}
    return render(request, "orders/coupons.html", context, status=422 if form.errors else 200)


def _row(coupon: Coupon, user: Any, *, at: Any) -> dict[str, Any]:
    icon, tone = LOOKS[CouponState(coupon.state)]
    words = {"start": _("Start"), "pause": _("Pause"), "resume": _("Resume"), "end": _("End for good")}
    return {
        "coupon": coupon,
        "badge": {"word": CouponState(coupon.state).label, "icon": icon, "tone": tone},
        "verbs": [(name, words[name]) for name in coupons.actions_for(coupon, user, at=at)],
    }


@require_POST
def decide(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Whoever makes these coupons starts, pauses, resumes or ends one."""
    coupon: Coupon = get_object_or_404(coupons.visible_to(request.user).select_related("shop"), code=code)
    if verb not in VERBS:
        raise Http404
    at = clock.now()
    fire_overdue(coupon.root_address, at=at)
    VERBS[verb](coupon, by=request.user, at=at)
    said = {
        "start": _("%(code)s can be used now."),
        "pause": _("%(code)s is paused; orders that hold it keep it."),
        "resume": _("%(code)s can be used again."),
        "end": _("%(code)s is over."),
    }
    messages.success(request, said[verb] % {"code": coupon.code})
    return (
        redirect("orders:coupons", slug=coupon.shop.slug)
        if coupon.shop is not None
        else redirect("orders:platform_coupons")
    )


@require_POST
def use(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer puts a coupon on an order that is still to be paid."""
    order, at = _before(request, number)
    form = UseCouponForm(request.POST)
    if form.is_valid():
        with guesses.counted(by=request.user, at=at):
            coupons.use(order, form.cleaned_data["code"], by=request.user, at=at)
        messages.success(request, _("The coupon is on the order. The price below is what you pay."))
    else:
        messages.error(request, _("Type the code of a coupon."))
    return redirect("orders:detail", number=number)


@require_POST
def drop(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer takes a coupon off again."""
    order, at = _before(request, number)
    coupons.drop(order, request.POST.get("by", ""), by=request.user, at=at)
    messages.success(request, _("The coupon is off the order; you can use it again."))
    return redirect("orders:detail", number=number)


def _before(request: HttpRequest, number: str) -> tuple[Order, Any]:
    order: Order = get_object_or_404(visible_to(request.user), number=number)
    at = clock.now()
    fire_overdue(order.root_address, at=at)
    return order, at
