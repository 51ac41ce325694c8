"""A shop's own desk: what it lists, and what it has in stock. For anybody else it is not there."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rulebook.explanations import percent
from rulebook.terms import sentence
from shops import commission, pledges, terms
from shops import listings as verbs
from shops.forms import ListingForm, form_about
from shops.lifecycle import held_by
from shops.models import SELL, Listing, Shop, keeping
from shops.offered import OFFERED
from shops.states import ListingState
from shops.views.listings import badge
from shops.views.shops import badge as deposit_badge
from timeline import clock

PAGE = 50
#: What the shop reads when a person of the mall looks first.
WAITS = gettext_lazy("A person of the mall reads it first, within a working day; then it is on sale.")

#: What a shop can do with a listing, as buttons: words, address, style.
BUTTONS: dict[str, tuple[Promise, str, str]] = {
    "put_on_sale": (gettext_lazy("Put on sale"), "shops:put_on_sale", ""),
    "resume": (gettext_lazy("Sell again"), "shops:resume", ""),
    "pause": (gettext_lazy("Pause"), "shops:pause", "plain"),
    "close": (gettext_lazy("Close for good"), "shops:close_listing", "quiet"),
}


@require_safe
def listings(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop lists, newest first, with what can be done about each."""
    shop = own_shop(request, slug)
    rows, older = _page(request, shop)
    context = {
        "shop": shop,
        "rows": [_row(listing, request.user) for listing in rows],
        "older": older,
        "deposit": deposit_badge(shop.deposit),
        "may_list": shop.deposit.may_list(held_by(shop.deposit)),
    }
    return render(request, "shops/desk_listings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop writes a new listing."""
    shop = own_shop(request, slug)
    kind = request.GET.get("kind", "") if request.method != "POST" else ""
    form = ListingForm(request.POST if request.method == "POST" else None, initial={"kind": kind or OFFERED[0]})
    form.of(shop, kind or ("" if request.method == "POST" else OFFERED[0]))
    if request.method == "POST" and form.is_valid():
        try:
            listing = verbs.draft(shop=shop, by=request.user, at=clock.now(), **form.words)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            _warn(request, listing)
            if pledges.lacking(listing):
                messages.warning(request, _("Saved as a draft. Promise the rest in figures before it goes on sale."))
                return redirect("shops:edit", slug=shop.slug, pk=listing.pk)
            if not listing.has_codes():
                messages.success(request, _("Saved as a draft. Put it on sale when it is as you want it."))
                return redirect("shops:desk_listings", slug=shop.slug)
            messages.success(request, _("Saved as a draft. Add codes, then put it on sale."))
            return redirect("shops:batches", slug=shop.slug, pk=listing.pk)
    kinds = [{"name": each.value, "label": each.label, "is_here": each == form["kind"].value()} for each in OFFERED]
    rate = percent(commission.in_force(str(form["kind"].value()), clock.now()))
    context = {"shop": shop, "form": form, "listing": None, "kinds": kinds, "commission": rate}
    return render(request, "shops/desk_listing.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The shop changes the words and figures of a listing that nobody can buy right now."""
    listing = own_listing(request, slug, pk)
    form = form_about(listing, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.edit(listing, by=request.user, at=clock.now(), **form.words)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved. Orders that were placed keep what they were shown."))
            _warn(request, listing)
            return redirect("shops:desk_listings", slug=slug)
    context = {
        "shop": listing.shop,
        "form": form,
        "listing": listing,
        "badge": badge(listing),
        "may_be_edited": listing.may_be_edited(),
        "commission": percent(commission.in_force(listing.kind, clock.now())),
        "actions": actions_of(listing, request.user),
    }
    return render(request, "shops/desk_listing.html", context, status=422 if form.errors else 200)


@require_POST
def put_on_sale(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The listing goes on sale."""
    return _do(request, slug, pk, verbs.put_on_sale, _("On sale. People can buy it while there is stock."))


@require_POST
def pause(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Nobody can buy it for now."""
    return _do(request, slug, pk, verbs.pause, _("Paused. Orders that were placed go on."))


@require_POST
def resume(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It is on sale again."""
    return _do(request, slug, pk, verbs.resume, _("On sale again."))


@require_POST
def close_listing(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It is never offered again."""
    return _do(request, slug, pk, verbs.close, _("Closed for good. Its orders go on."))


def _warn(request: HttpRequest, listing: Listing) -> None:
    """Say which words of a listing are too vague to count; they do not stop it."""
    for each in terms.doubts(listing)[:3]:
        messages.warning(request, sentence(each))


def _do(request: HttpRequest, slug: str, pk: int, verb: Callable[..., None], said: str) -> HttpResponse:
    listing = own_listing(request, slug, pk)
    verb(listing, by=request.user, at=clock.now())
    messages.success(request, str(WAITS) if listing.state == ListingState.WAITING else said)
    return redirect("shops:desk_listings", slug=slug)


def own_shop(request: HttpRequest, slug: str) -> Shop:
    """The shop, for those who sell in it; for anybody else it is not there."""
    return get_object_or_404(Shop.objects.filter(keeping(request.user, SELL)).select_related("deposit"), slug=slug)


def own_listing(request: HttpRequest, slug: str, pk: int) -> Listing:
    """A listing of the shop, for those who sell in it."""
    own = Listing.objects.select_related("shop__deposit")
    found: Listing = get_object_or_404(own, keeping(request.user, SELL, shop="shop"), pk=pk, shop__slug=slug)
    return found


def _page(request: HttpRequest, shop: Shop) -> tuple[list[Any], int | None]:
    """A page of the shop's listings, newest first, with what is in stock; and where the older ones begin."""
    found = shop.listings.with_free().select_related("shop").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before[:18]))
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None


def _row(listing: Any, user: Any) -> dict[str, Any]:
    return {"listing": listing, "badge": badge(listing), "free": listing.free, "actions": actions_of(listing, user)}


def actions_of(listing: Listing, user: Any) -> list[dict[str, Any]]:
    """The buttons that a listing has now: what the verbs would not refuse by its state."""
    return [
        {"label": label, "url": reverse(address, args=[listing.shop.slug, listing.pk]), "style": style}
        for label, address, style in (BUTTONS[verb] for verb in verbs.actions_for(listing, user) if verb in BUTTONS)
    ]
