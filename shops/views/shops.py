"""Pages of shops: who sells here, and what answers for them."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ledger import gateways
from ledger.accounts import statement
from rulebook.explanations import percent
from shops import lifecycle, particulars, policy
from shops.forms import PayInForm
from shops.models import BOOKS, STAFF, Deposit, Listing, Particulars, Shop
from shops.standing_forms import OpenForm
from shops.states import DepositState
from shops.views.looks import ask_first
from timeline import clock, events, parts, spans
from timeline.models import Event

PAGE = 50
#: So many of its goods stand on a shop's page.
SHELF = 12

#: How each state looks: icon and tone of its badge.
LOOKS = {
    DepositState.UNPAID: ("hourglass", ""),
    DepositState.ACTIVE: ("shield-check", "brand"),
    DepositState.SHORT: ("triangle-alert", "amber"),
    DepositState.SUSPENDED: ("ban", "vermilion"),
    DepositState.CLOSING: ("clock", ""),
    DepositState.RETURNED: ("check", ""),
}

#: Whose turn it is, and what happens if nobody acts.
TURNS: dict[str, tuple[Promise, Promise | str]] = {
    DepositState.UNPAID: (gettext_lazy("The shop may list nothing until it pays its deposit."), ""),
    DepositState.ACTIVE: (gettext_lazy("Nothing to do. The deposit answers for refunds when escrow is gone."), ""),
    DepositState.SHORT: (
        gettext_lazy("It is the shop's turn: fill the deposit up."),
        gettext_lazy("If nobody acts, sales are suspended."),
    ),
    DepositState.SUSPENDED: (
        gettext_lazy("Sales stand still until the deposit is filled up."),
        gettext_lazy("Then the suspension is looked at again."),
    ),
    DepositState.CLOSING: (
        gettext_lazy("The shop sells nothing any more; the deposit still answers for old orders."),
        gettext_lazy("Then the rest goes back the way it came."),
    ),
    DepositState.RETURNED: (gettext_lazy("The shop is closed and its deposit has been returned."), ""),
}

#: What keeps a shop from selling that may be open, and what to do about it, for the shop.
STOPS: dict[str, Promise] = {
    "step": gettext_lazy("The mall stopped the sales of this shop. Read why and until when; you can appeal."),
    "licence": gettext_lazy("A paper has run out. Give a new one; sales go on once it is taken."),
    "owner": gettext_lazy("The account of the owner is suspended. The owner reads there why, and whom to ask."),
    "deposit": gettext_lazy("The deposit does not carry sales. Fill it up."),
}

#: What happened, in words; with its icon.
HAPPENINGS: dict[str, tuple[Promise, str]] = {
    "deposit.unpaid": (gettext_lazy("The shop was opened."), "store"),
    "deposit.paid_in": (gettext_lazy("Money was paid in."), "plus"),
    "deposit.active": (gettext_lazy("The deposit is in place."), "shield-check"),
    "deposit.required_changed": (gettext_lazy("The required sum changed."), "scale"),
    "deposit.short": (gettext_lazy("The deposit fell below 80 % of the required sum."), "triangle-alert"),
    "deposit.penalized": (gettext_lazy("A penalty went to the guarantee fund."), "minus"),
    "deposit.clock_fired": (gettext_lazy("A deadline ended."), "clock-alert"),
    "deposit.suspended": (gettext_lazy("Sales were suspended."), "ban"),
    "deposit.closing": (gettext_lazy("The shop closed."), "lock"),
    "deposit.reopened": (gettext_lazy("The closing was taken back: the shop sells again."), "store"),
    "deposit.reopened_short": (
        gettext_lazy("The closing was taken back; sales stand still until the deposit is filled up."),
        "store",
    ),
    "deposit.reopened_stopped": (
        gettext_lazy("The closing was taken back; something else than the deposit still stopped the sales."),
        "store",
    ),
    "deposit.partly_returned": (gettext_lazy("The undisputed part was sent back."), "arrow-left"),
    "deposit.returned": (gettext_lazy("What was left of the deposit was sent back."), "arrow-left"),
}


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every shop, newest first, 50 a page."""
    shops = Shop.objects.select_related("deposit").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        shops = shops.filter(pk__lt=int(before[:18]))
    found = list(shops[: PAGE + 1])
    context = {
        "shops": [{"shop": shop, "badge": badge(shop.deposit)} for shop in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_first": not before,
    }
    return render(request, "shops/index.html", context)


@login_not_required
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One shop as everybody sees it: its age, its level, and whether its deposit answers for it."""
    return render(request, "shops/detail.html", _in_public(request, slug))


@require_POST
def contact(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that somebody needs for legal steps, for whoever bought here; that they read it is on record.

    People of the mall say first what they need it for.
    """
    shop = get_object_or_404(Shop, slug=slug)
    get_object_or_404(Particulars, shop=shop)
    form = OpenForm(request.POST) if particulars.is_asked_why(shop, request.user) else None
    if form is not None and not form.is_valid():
        return render(request, "shops/detail.html", _in_public(request, slug) | {"open_form": form}, status=422)
    reason = form.cleaned_data["reason"] if form is not None else ""
    told = particulars.show(shop, by=request.user, at=clock.now(), reason=reason)
    answer = render(request, "shops/detail.html", _in_public(request, slug) | {"told": told})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _in_public(request: HttpRequest, slug: str) -> dict[str, Any]:
    """What everybody sees of a shop, and where its own people go on."""
    shop = get_object_or_404(Shop.objects.select_related("deposit", "record"), slug=slug)
    at, user = clock.now(), request.user
    public = particulars.in_public(shop)
    shelf = parts.part(
        Listing.objects.for_sale().filter(shop=shop), by="-id", place=request.GET.get("goods", ""), most=SHELF
    )
    return {
        "shop": shop,
        "badge": badge(shop.deposit),
        "turn": turn(shop.deposit),
        "stop": stopped(shop, at),
        "days_open": (at - shop.opened_at).days,
        "figures": figures(shop),
        "particulars": public,
        "licences": particulars.licences_in_public(shop),
        "may_read": bool(public) and particulars.may_read(shop, user),
        "asks_why": user.is_authenticated and particulars.is_asked_why(shop, user),
        "open_form": OpenForm(auto_id="open-%s"),
        "told": None,
        "goods": shelf.rows,
        "goods_part": shelf,
        "works_here": shop.is_worked_in_by(user),
        "may_choose_staff": shop.may(user, STAFF),
        "may_see_money": may_see_money(shop.deposit, user),
        "may_see_papers": shop.may(user, BOOKS),
        "at": at,
    }


def stopped(shop: Shop, at: datetime) -> str:
    """Why the shop sells nothing new at the moment, in a sentence for everybody; empty while it does."""
    if shop.deposit.state in {DepositState.CLOSING, DepositState.RETURNED}:
        return _("This shop is closed. What was bought here keeps every right it had.")
    if shop.no_sales_until is not None and shop.no_sales_until > at:
        return _("The mall has stopped this shop's sales for now. What was bought here keeps every right it had.")
    if not shop.is_licensed(at):
        return _("A licence of this shop has run out: it sells nothing new until it shows a new one.")
    if shop.deposit.state in {DepositState.UNPAID, DepositState.SUSPENDED}:
        return _("This shop sells nothing at the moment: its deposit does not answer for new orders.")
    return ""


def figures(shop: Shop) -> list[dict[str, Any]]:
    """What our records say of a shop, each with its formula; “too few to say” where few cases stand behind it."""
    record = getattr(shop, "record", None)
    few = _("too few to say")

    def share(bp: int | None) -> str:
        return few if bp is None else percent(bp)

    minutes = record.response_minutes if record else None
    return [
        {
            "label": _("On time"),
            "word": share(record.on_time_bp if record else None),
            "formula": _("units within the promise ÷ units due, 90 days"),
        },
        {
            "label": _("Refunds"),
            "word": share(record.refund_bp if record else None),
            "formula": _("units of which something was paid back ÷ units sold, 90 days"),
        },
        {
            "label": _("Disputes lost"),
            "word": share(record.loss_bp if record else None),
            "formula": _("disputes in which the buyer got something ÷ disputes that ended, 90 days"),
        },
        {
            "label": _("Answers within"),
            "word": few if minutes is None else policy.in_words(spans.minutes(max(1, minutes))),
            "formula": _("the median time from a claim to the first answer, 90 days"),
        },
    ]


@require_safe
def deposit(request: HttpRequest, slug: str) -> HttpResponse:
    """A shop's deposit line by line, for the shop and the mall's staff of money; for anybody else it is not there."""
    found = _visible(request, slug)
    if (asked := ask_first(request, found.shop)) is not None:
        return asked
    return deposit_page(request, found)


def deposit_page(
    request: HttpRequest, found: Deposit, *, form: PayInForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of a deposit, with what was wrong with a sum that somebody wanted to pay in."""
    lines = statement(found.shop.account("deposit"))
    before = request.GET.get("before", "")
    if before.isdecimal():
        lines = lines.filter(seq__lt=int(before[:18]))
    page = list(lines[: PAGE + 1])
    held, at = lifecycle.held_by(found), clock.now()
    stops = lifecycle.what_stops_sales(found, held=held, at=at)
    missing = lifecycle.missing(found, held) if found.is_open() else 0
    may_pay = found.is_of(request.user) and found.is_open()
    happened, past = happenings(found, request.GET.get("past", ""))
    context = {
        "deposit": found,
        "shop": found.shop,
        "badge": badge(found),
        "turn": turn(found),
        "held": held,
        "share": min(found.share_bp(held) // 100, 999),
        "lines": page[:PAGE],
        "older": page[PAGE - 1].seq if len(page) > PAGE else None,
        "happenings": happened,
        "past": past,
        "form": form or PayInForm(initial={"amount": missing} if missing else None) if may_pay else None,
        "is_open": bool(gateways.open_channels()),
        "may_close": found.shop.may(request.user, STAFF) and found.machine.allows(found.state, DepositState.CLOSING),
        "may_reopen": lifecycle.may_reopen(found, request.user, at),
        "is_ours": found.shop.is_worked_in_by(request.user),
        "stops": [{"code": stop, "text": STOPS[stop]} for stop in stops if stop in STOPS],
        "missing": missing,
        "at": at,
    }
    return render(request, "shops/deposit.html", context, status=status)


@require_POST
def close(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop stops selling."""
    found = _visible(request, slug)
    lifecycle.close(found, by=request.user, at=clock.now())
    messages.success(request, _("The shop is closing. Its deposit comes back after the quiet time."))
    return redirect("shops:deposit", slug=slug)


@require_POST
def reopen(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop takes its closing back."""
    found, at = _visible(request, slug), clock.now()
    lifecycle.reopen(found, by=request.user, at=at)
    if lifecycle.what_stops_sales(found, held=lifecycle.held_by(found), at=at):
        messages.warning(request, _("The closing is taken back. The shop does not sell yet: read below what to do."))
    else:
        messages.success(request, _("The closing is taken back. The shop sells again."))
    return redirect("shops:deposit", slug=slug)


def badge(deposit: Deposit) -> dict[str, Any]:
    """The state of a deposit as icon, word and tone."""
    state = DepositState(deposit.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def turn(deposit: Deposit) -> dict[str, Any]:
    """Who must act, until when, and what happens otherwise."""
    state = DepositState(deposit.state)
    whose, then = TURNS[state]
    tone = {"amber": "mine", "vermilion": "late", "brand": "done"}.get(LOOKS[state][1], "calm")
    return {"state": state.label, "whose": whose, "then": then, "tone": tone, "until": deposit.deadline_at}


def happenings(deposit: Deposit, place: str = "") -> tuple[list[dict[str, Any]], parts.Part[Event]]:
    """What happened to a deposit, newest first, in words: a part of it from `place` on, and where the next begins."""
    found = events.stream(deposit.root_address).filter(subject=deposit.address, name__in=sorted(HAPPENINGS))
    past = parts.part(found, by="-seq", place=place, most=PAGE)
    entries = [
        {
            "who": event.by or _("The clock or the mall"),
            "what": HAPPENINGS[event.name][0],
            "at": event.at,
            "icon": HAPPENINGS[event.name][1],
            "tone": "",
            "grade": "record",
            "note": event.data.get("reason", ""),
        }
        for event in past.rows
    ]
    return entries, past


def may_see_money(deposit: Deposit, user: Any) -> bool:
    """Whether somebody sees a deposit line by line: the shop itself, and the mall's staff of money."""
    return bool(user.is_authenticated and deposit.is_visible_to(user))


def _visible(request: HttpRequest, slug: str) -> Deposit:
    found = get_object_or_404(Deposit.objects.select_related("shop"), shop__slug=slug)
    if not may_see_money(found, request.user):
        raise Http404
    return found
