"""Pages of looks at a shop's money: the reason is asked first; the shop reads who looked, auditors read all."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import signed_in
from shops import looks
from shops.forms import LookForm
from shops.models import SEEING_MONEY, Shop
from timeline import clock, parts

PAGE = 50


def ask_first(request: HttpRequest, shop: Shop) -> HttpResponse | None:
    """On to the page that asks for the reason, if this is somebody of the mall who has not given one lately."""
    if not looks.is_asked(shop, request.user, at=clock.now()):
        return None
    return redirect(looks.page_asking(shop, request.get_full_path()))


@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody of the mall says what they need a shop's money for; then they see it."""
    shop = get_object_or_404(Shop, slug=slug)
    if not signed_in(request).roles & SEEING_MONEY:
        raise Http404
    form, back = LookForm(request.POST if request.method == "POST" else None), _back(request, shop)
    if request.method == "POST" and form.is_valid():
        looks.look(shop, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
        return redirect(back)
    context = {"shop": shop, "form": form, "back": back}
    return render(request, "shops/look.html", context, status=422 if form.errors else 200)


@require_safe
def of_shop(request: HttpRequest, slug: str) -> HttpResponse:
    """Who of the mall looked at a shop's money, and why; for the shop and for those who look on."""
    shop = get_object_or_404(Shop, slug=slug)
    if not looks.may_read(shop, request.user):
        raise Http404
    return _looks(request, shop)


@require_safe
def everywhere(request: HttpRequest) -> HttpResponse:
    """Every look at any shop's money, newest first; for auditors and leads."""
    if not signed_in(request).roles & looks.READING:
        raise Http404
    return _looks(request, None)


def _looks(request: HttpRequest, shop: Shop | None) -> HttpResponse:
    newest = parts.part(looks.all_of(shop), by="-id", place=request.GET.get("before", ""), most=PAGE)
    context: dict[str, Any] = {
        "shop": shop,
        "part": newest,
        "rows": newest.rows,
        "names": bool(signed_in(request).roles & looks.READING),
    }
    return render(request, "shops/looks.html", context)


def _back(request: HttpRequest, shop: Shop) -> str:
    """Where somebody wanted to be: a page of the mall, or the shop's deposit."""
    asked = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    return reverse("shops:deposit", args=[shop.slug])
