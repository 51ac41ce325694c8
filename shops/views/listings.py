"""Pages of what is for sale: the list, and one listing with its promise, its policy and its buy box."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from rulebook import versions
from shops import compared, pledges, policy, searching
from shops import stock as store
from shops.forms import FilterForm, buy_form
from shops.hooks import bought_from
from shops.listings import may_sell
from shops.models import Area, Kind, Listing, Section, Shop
from shops.states import ListingState
from shops.views import shops
from timeline import clock
from timeline.spans import minutes

PAGE = 24
#: One purchase holds at most so many.
MOST = 500
#: Of shops of these levels a small first order is suggested.
NEW_LEVELS = {Shop.Level.S0, Shop.Level.S1}
#: From here on the page says how many are left.
FEW = 10

#: How each state looks: icon and tone of its badge.
LOOKS = {
    ListingState.DRAFT: ("file-text", ""),
    ListingState.WAITING: ("hourglass", "amber"),
    ListingState.ON_SALE: ("store", "brand"),
    ListingState.PAUSED: ("circle-pause", "amber"),
    ListingState.CLOSED: ("lock", ""),
}

#: The icon of each kind.
ICONS = {Kind.POINT_CARD: "coins", Kind.ACTIVATION_CODE: "key-round"}

#: Why somebody cannot buy right now: icon, words, and what to do instead.
CLOSED_BOX: dict[str, tuple[str, Promise, Promise]] = {
    "draft": (
        "file-text",
        gettext_lazy("Not on sale yet"),
        gettext_lazy("Only you see this page. Put it on sale from your desk."),
    ),
    "waiting": (
        "hourglass",
        gettext_lazy("Looked at by the mall"),
        gettext_lazy("A person reads it before anybody can buy it. Only the shop sees this page."),
    ),
    "paused": (
        "circle-pause",
        gettext_lazy("Paused by the shop"),
        gettext_lazy("Come back later, or look at other listings."),
    ),
    "closed": (
        "lock",
        gettext_lazy("No longer offered"),
        gettext_lazy("Orders that were placed keep every right they had."),
    ),
    "stopped": (
        "shield-alert",
        gettext_lazy("Sales are stopped"),
        gettext_lazy("The shop's deposit does not answer for new orders at the moment. That protects you."),
    ),
    "sold_out": (
        "package",
        gettext_lazy("Sold out"),
        gettext_lazy("The shop can add more at any time. Nothing was charged."),
    ),
    "own": ("user", gettext_lazy("This is your own listing"), gettext_lazy("Nobody buys from themselves.")),
}


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Everything on sale, newest first, found by words and narrowed down; each page begins below the one before."""
    form = FilterForm(request.GET)
    form.full_clean()
    asked = {name: word for name, word in form.cleaned_data.items() if word not in (None, "", False)}
    found = searching.narrow(searching.find(Listing.objects.for_sale(), asked.get("q", "")), asked)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal():
        found = found.filter(pk__lt=int(before[:18]))
    found = found.with_free(most=1).select_related("shop__deposit").order_by("-pk")  # type: ignore[attr-defined]
    rows = list(found[: PAGE + 1])
    again = {name: request.GET[name] for name in form.fields if name in asked}
    older = urlencode(again | {"before": rows[PAGE - 1].pk}) if len(rows) > PAGE else ""
    context = {
        "form": form,
        "rows": [_row(listing) for listing in rows[:PAGE]],
        "is_search": bool(again),
        "is_narrowed": bool(set(again) - {"q", "kind", "section"}) or bool(form.errors),
        "is_past_the_end": bool(before) and not rows,
        "sections": [
            {"name": name, "label": label, "is_here": asked.get("section") == name} for name, label in Section.choices
        ],
        "older": older,
        "newest": urlencode(again) if before else "",
        "is_first": not before,
    }
    return render(request, "listings/index.html", context)


@login_not_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One listing: what it is, what is promised, what happens if something is wrong, and how to buy it."""
    seen = Listing.objects.visible_to(request.user).select_related("shop__deposit", "shop__owner", "shop__record")
    listing = get_object_or_404(seen, pk=pk)
    at = clock.now()
    free = store.count_free(listing, most=MOST)
    why = _why_closed(listing, request.user, free, at)
    level = request.user.level if request.user.is_authenticated else ""
    context: dict[str, Any] = {
        "listing": listing,
        "badge": badge(listing),
        "icon": ICONS.get(Kind(listing.kind), "package"),
        "promise": policy.in_words(minutes(listing.promise_minutes)),
        "policy": policy.card(listing, versions.in_force(at), level),
        "shown": policy.shown(listing, versions.in_force(at)),
        "seen": compared.seen(listing, versions.in_force(at)),
        "level": level,
        "shop": listing.shop,
        "deposit": shops.badge(listing.shop.deposit),
        "days_open": (at - listing.shop.opened_at).days,
        "left": free if free <= FEW else None,
        "closed_box": _closed_box(why) if why else None,
        "form": None if why else buy_form(min(free, listing.most_each or MOST), listing.asks),
        "is_own": listing.is_of(request.user),
        "promises": list(pledges.told(listing.kind, listing.promises)),
        "warranty": pledges.warranty(listing.warranty_days),
        "area": Area(listing.area).label if listing.area else "",
        "figures": shops.figures(listing.shop),
        "exemption": policy.exemption(listing),
        "is_first_here": not why and _is_first_here(listing.shop, request.user) and free > 1,
        "order_cap": listing.shop.order_cap,
    }
    if (form := context["form"]) is not None:
        form.initial["quantity"] = _wanted(request, form.fields["quantity"].widget.attrs["max"])
    return render(request, "listings/detail.html", context)


def _wanted(request: HttpRequest, most: int) -> int:
    """How many somebody wants who comes from a trial purchase, as the address says it; else one."""
    word = request.GET.get("quantity", "")
    return max(1, min(int(word), most)) if word.isascii() and word.isdecimal() and len(word) < 6 else 1


def _is_first_here(shop: Shop, user: Any) -> bool:
    """Whether somebody is about to buy from a shop that neither they nor the mall know well."""
    if shop.level not in NEW_LEVELS:
        return False
    return not (user.is_authenticated and bought_from(shop, user))


def badge(listing: Listing) -> dict[str, Any]:
    """The state of a listing as icon, word and tone."""
    state = ListingState(listing.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def _row(listing: Any) -> dict[str, Any]:
    return {
        "listing": listing,
        "kind": Kind(listing.kind).label,
        "icon": ICONS.get(Kind(listing.kind), "package"),
        "promise": policy.in_words(minutes(listing.promise_minutes)),
        "deposit": shops.badge(listing.shop.deposit),
        "is_sold_out": not listing.free,
    }


def _why_closed(listing: Listing, user: Any, free: int, at: Any) -> str:
    """Why the buy box is closed for `user`; empty if it is open."""
    if listing.state != ListingState.ON_SALE:
        return str(listing.state)
    if not may_sell(listing, at=at):
        return "stopped"
    if not free:
        return "sold_out"
    return "own" if listing.shop.is_worked_in_by(user) else ""


def _closed_box(why: str) -> dict[str, Any]:
    icon, word, text = CLOSED_BOX[why]
    return {"icon": icon, "word": word, "text": text}
