"""Pages of orders: buying, the lists of both sides, one order, its codes, its conversation and its files."""

import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import client_address
from accounts.reauthentication import ReauthenticationRequired, is_fresh
from ledger import payments
from ledger.accounts import balance
from ledger.gateways import ChannelDown, ChannelRefused, UnknownChannel
from ledger.models import Payment
from ledger.templatetags.money import yuan
from ledger.views import named
from orders import attachments, conversation, coupons, lifecycle, tracking, upstream
from orders.actions import actions_for
from orders.conversation import Entry
from orders.delivery import Visit
from orders.figures import Figures, figures_of
from orders.forms import JoinForm, PlaceForm, SayForm, UseCouponForm, say_form
from orders.fulfilment import given, handing
from orders.models import Attachment, Order, Reveal, Unit
from orders.offplatform import words_of
from orders.opening import is_dear, open_code, parts_of
from orders.parties import Side, may_speak, side_of, visible_to
from orders.purchase import ask_for_charge, may_be_paid, open_payment, order_as_shown
from orders.states import Delivery, Grade, OrderState
from rulebook import linter, terms, versions
from shops import policy
from shops.models import Ask, Kind, Listing, Shop, Way
from timeline import clock, events
from timeline.spans import minutes
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

#: Orders, units and happenings on a page.
PAGE, UNITS, RECENT = 50, 50, 50
#: Below this a deadline is shown as running short.
SHORT = timedelta(hours=12)

#: How each state looks: icon, tone of its badge, tone of the banner for the side whose turn it is.
LOOKS: dict[str, tuple[str, str, str]] = {
    OrderState.PLACED: ("hourglass", "amber", "mine"),
    OrderState.PAID: ("truck", "brand", "mine"),
    OrderState.DELIVERED: ("package-check", "brand", "mine"),
    OrderState.COMPLETED: ("circle-check", "green", "done"),
    OrderState.SETTLED: ("shield-check", "green", "done"),
    OrderState.ARCHIVED: ("check", "", "calm"),
    OrderState.CANCELLED: ("circle-x", "", "calm"),
    OrderState.EXPIRED: ("clock-alert", "", "calm"),
    OrderState.REFUNDED: ("undo-2", "green", "done"),
}

#: Whose turn it is, as the buyer and as everybody else reads it, and what happens if nobody acts.
TURNS: dict[str, tuple[Promise, Promise, Promise | str]] = {
    OrderState.PLACED: (
        gettext_lazy("It is your turn: pay. The codes are set aside for you until then."),
        gettext_lazy("It is the buyer's turn: pay."),
        gettext_lazy("Then the order expires and nothing is charged. Money that still arrives is sent back by itself."),
    ),
    OrderState.PAID: (
        gettext_lazy("It is the shop's turn: deliver. Your money is in escrow until you had time to try it."),
        gettext_lazy("It is the shop's turn: deliver. The money is in escrow."),
        gettext_lazy("Then the order is cancelled and everything is paid back by itself."),
    ),
    OrderState.DELIVERED: (
        gettext_lazy("It is your turn: try what you bought, and say so if something is wrong."),
        gettext_lazy("It is the buyer's turn: try what was bought, and confirm."),
        gettext_lazy("Then it counts as good, and the money goes to the shop."),
    ),
    OrderState.COMPLETED: (
        gettext_lazy("Nothing to do. If something still turns out wrong, you can ask for a refund."),
        gettext_lazy("Nothing to do. The shop's money waits for settlement."),
        gettext_lazy("Then the shop's money becomes available to it. Refunds stay possible."),
    ),
    OrderState.SETTLED: (
        gettext_lazy("Nothing to do. If something still turns out wrong, you can ask for a refund."),
        gettext_lazy("Nothing to do. The shop's money is available; claims are still possible."),
        gettext_lazy("Then the warranty ends and the order is put away."),
    ),
    OrderState.ARCHIVED: (gettext_lazy("Nothing to do. The warranty is over."),) * 2 + ("",),
    OrderState.CANCELLED: (gettext_lazy("Nothing to do. No money is kept."),) * 2 + ("",),
    OrderState.EXPIRED: (
        gettext_lazy("Nothing was charged. You can order again at any time."),
        gettext_lazy("Nothing was charged."),
        "",
    ),
    OrderState.REFUNDED: (gettext_lazy("Nothing to do. Every unit was paid back."),) * 2 + ("",),
}

#: How the facts of a unit look: icon and tone.
UNIT_LOOKS: dict[str, tuple[str, str]] = {
    Delivery.UNDELIVERED: ("package", ""),
    Delivery.SEALED: ("lock", "brand"),
    Delivery.REVEALED: ("eye", ""),
    Delivery.USED: ("circle-check", ""),
    Delivery.PARTIAL: ("circle-dot", ""),
    Delivery.REPLACED: ("repeat", ""),
    Delivery.VOIDED: ("ban", "vermilion"),
}
GRADES = {Grade.VERIFIED: "record", Grade.CLAIMED: "claim", Grade.UNKNOWN: "claim"}

#: What happened, in words; with its icon and tone. What is not here is told elsewhere, or to nobody.
HAPPENINGS: dict[str, tuple[Promise, str, str]] = {
    "order.placed": (gettext_lazy("The order was placed; the codes were set aside."), "package", ""),
    "order.paid": (gettext_lazy("The money went into escrow."), "lock", "brand"),
    "order.delivered": (gettext_lazy("Everything was delivered, sealed."), "package-check", "brand"),
    "order.units_delivered": (gettext_lazy("Units were delivered."), "package-check", "brand"),
    "order.units_called_off": (gettext_lazy("What was not delivered was paid back."), "undo-2", "green"),
    "order.late": (gettext_lazy("The promised time is over; the buyer may cancel at once."), "clock-alert", "amber"),
    "order.wait_chosen": (gettext_lazy("The buyer waits a day longer."), "hourglass", ""),
    "order.cancel_asked": (gettext_lazy("The supplier is asked to stop."), "ban", "amber"),
    "order.final_answer_asked": (gettext_lazy("The supplier is asked for its final answer."), "hourglass", "amber"),
    "order.supplier_took_on": (gettext_lazy("The supplier took it on."), "truck", ""),
    "order.supplier_failed": (gettext_lazy("The supplier did not deliver."), "circle-x", "amber"),
    "order.delivered_after_all": (
        gettext_lazy("The supplier delivered what was paid back already."),
        "circle-alert",
        "amber",
    ),
    "order.code_revealed": (gettext_lazy("A code was looked at."), "eye", ""),
    "order.validity_recorded": (gettext_lazy("The issuer said whether a code was good."), "receipt-text", ""),
    "order.confirmed": (gettext_lazy("The buyer confirmed receipt."), "handshake", ""),
    "order.released": (gettext_lazy("Money went from escrow to the shop."), "banknote", "green"),
    "order.completed": (gettext_lazy("The order is completed."), "circle-check", "green"),
    "order.units_settled": (gettext_lazy("The shop's money became available."), "wallet", "green"),
    "order.settled": (gettext_lazy("Everything is settled; the warranty runs."), "shield-check", ""),
    "order.archived": (gettext_lazy("The warranty ended."), "check", ""),
    "order.cancelled": (gettext_lazy("The order was cancelled."), "circle-x", ""),
    "order.expired": (gettext_lazy("It was not paid in time."), "clock-alert", ""),
    "order.refunded": (gettext_lazy("Every unit was paid back."), "undo-2", "green"),
    "order.coupon_used": (gettext_lazy("A coupon lowered the price."), "receipt-text", "brand"),
    "order.coupon_dropped": (gettext_lazy("A coupon was taken off."), "receipt-text", ""),
    "order.part_set_aside": (gettext_lazy("A part from the balance was set aside."), "wallet", ""),
    "order.part_given_back": (gettext_lazy("The part from the balance went back."), "undo-2", "green"),
    "order.staff_joined": (gettext_lazy("Somebody of the platform joined the conversation."), "scale", "amber"),
    "order.supplier_asked": (
        gettext_lazy("The shop asks its supplier; the inspection stands still."),
        "hourglass",
        "amber",
    ),
    "order.supplier_answered": (gettext_lazy("The supplier answered; the inspection goes on."), "receipt-text", ""),
    "order.supplier_tried_again": (gettext_lazy("The shop had its supplier asked again."), "repeat", ""),
    "order.redemption_recorded": (gettext_lazy("The issuer said who redeemed a code."), "receipt-text", ""),
    "order.redemption_claimed": (gettext_lazy("One side said who redeemed a code."), "message-square", ""),
    "order.clock_fired": (gettext_lazy("A deadline ended."), "clock-alert", "amber"),
    "order.file_attached": (gettext_lazy("A file was added."), "file-check", ""),
    "payout.paid": (gettext_lazy("Money arrived at the buyer."), "banknote", "green"),
}


# Buying


@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """The buyer orders what the listing's page showed."""
    listing = get_object_or_404(Listing.objects.visible_to(request.user).select_related("shop"), pk=pk)
    if request.method != "POST":
        return redirect(listing)  # somebody signed in on the way here
    form, order = PlaceForm(request.POST, listing=listing), None
    if form.is_valid():
        try:
            order = order_as_shown(listing, by=request.user, at=clock.now(), **form.words)
        except ValidationError as error:
            form.blame(error)
    if order is None:
        context = {
            "form": form,
            "listing": listing,
            "promise": policy.in_words(minutes(listing.promise_minutes)),
            "policy": policy.card(listing, versions.in_force(clock.now()), getattr(request.user, "level", "")),
        }
        return render(request, "orders/place.html", context, status=422)
    return redirect("orders:detail", number=order.number)


@require_POST
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer pays from the balance, or goes on to a channel's pay page."""
    order, at = _before_a_verb(request, number)
    by = request.POST.get("by", "wallet")
    if by == "wallet":
        lifecycle.pay_from_wallet(order, by=request.user, at=at)
        is_there = order.state == OrderState.DELIVERED
        messages.success(
            request,
            _("Paid. The money is in escrow, and your codes are below, sealed.")
            if is_there
            else _("Paid. The money is in escrow until it is delivered and you had time to try it."),
        )
        return redirect("orders:detail", number=number)
    payment = ask_for_charge(order, channel=by, part=_part(request, order), by=request.user, at=at)
    try:
        return redirect(to_the_channel(order, payment))
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s opened no charge for %s: %s", payment.channel, payment.number, error)
        messages.error(request, _("The channel does not answer right now. Nothing was charged; try again in a moment."))
        return redirect("orders:detail", number=number)


def _part(request: HttpRequest, order: Order) -> int:
    """How much of the price comes from the balance: all that is there, if the buyer asked for that and it is less."""
    if "part" not in request.POST:
        return 0
    there = balance(lifecycle.wallet_of(order)) + order.from_wallet
    return there if there < order.total else 0


def to_the_channel(order: Order, payment: Payment) -> str:
    """The channel's pay page for an order; it leads back to the order."""
    title = _("Kamen order %(number)s") % {"number": order.number}
    return payments.open_charge(payment, title=title, back=reverse("orders:detail", kwargs={"number": order.number}))


@require_POST
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer does not want it after all."""
    order, at = _before_a_verb(request, number)
    lifecycle.cancel(order, by=request.user, at=at)
    is_being_asked = order.state == OrderState.PAID
    messages.success(
        request,
        _("The supplier is asked to stop. As soon as it has, everything comes back.")
        if is_being_asked
        else _("Cancelled. What you paid for and did not get is on its way back.")
        if order.paid_at
        else _("Cancelled. Nothing was charged."),
    )
    return redirect("orders:detail", number=number)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer says that all is well; asked once more before money leaves escrow for good."""
    if request.method != "POST":
        order = _visible(request, number)
        figures = figures_of(order)
        if side_of(order, request.user) != Side.BUYER or order.state != OrderState.DELIVERED or not figures.to_confirm:
            return redirect("orders:detail", number=number)
        return render(request, "orders/confirm.html", {"order": order, "figures": figures})
    order, at = _before_a_verb(request, number)
    lifecycle.confirm(order, by=request.user, at=at)
    messages.success(request, _("Thank you. The money goes to the shop."))
    return redirect("orders:detail", number=number)


# Looking


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the person bought, newest first."""
    rows, older = _page(request, Order.objects.filter(buyer=request.user.pk))
    context = {"rows": rows, "older": older, "is_first": "before" not in request.GET, "shop": None}
    return render(request, "orders/index.html", context)


@require_safe
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """What a shop sold, newest first, for its owner."""
    shop = get_object_or_404(Shop, slug=slug, owner=request.user)
    rows, older = _page(request, Order.objects.filter(shop=shop))
    context = {"rows": rows, "older": older, "is_first": "before" not in request.GET, "shop": shop, "at": clock.now()}
    return render(request, "orders/index.html", context)


@never_cache
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """One order as its buyer, its shop or the mall's people see it. Codes are never on this page."""
    return _order_page(request, _visible(request, number), SayForm())


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, number: str, place: int) -> HttpResponse:
    """GET asks once more; POST records that the buyer looked, and shows the code in this one answer."""
    if request.method != "POST":
        return _ask_before_opening(request, number, place)
    order, at = _before_a_verb(request, number)
    if is_dear(order, place, by=request.user, above=settings.REVEAL_ASKS_AGAIN_FROM) and not is_fresh(request):
        raise ReauthenticationRequired  # allauth asks, and then finishes this very POST
    visit = Visit(
        address=client_address(request) or "",
        session=request.session.session_key or "",
        agent=request.headers.get("User-Agent", ""),
    )
    try:
        unit, code = open_code(order, place, by=request.user, at=at, visit=visit)
    except Unit.DoesNotExist:
        raise Http404 from None
    sealed = order.units.filter(delivery=Delivery.SEALED, held_by="").order_by("place")
    context = {
        "order": order,
        "unit": unit,
        "parts": parts_of(code),
        "at": at,
        "notice": order.snapshot.notice_text,
        "next": sealed.values_list("place", flat=True).first(),
    }
    return render(request, "orders/code.html", context)


def _ask_before_opening(request: HttpRequest, number: str, place: int) -> HttpResponse:
    order = _visible(request, number)
    unit = get_object_or_404(order.units, place=place)
    if side_of(order, request.user) != Side.BUYER or not _may_open(unit):
        return redirect("orders:detail", number=number)
    context = {
        "order": order,
        "unit": unit,
        "title": _snapshot(order)["title"],
        "notice": order.snapshot.notice_text,
        "is_sealed": unit.delivery == Delivery.SEALED,
    }
    return render(request, "orders/open.html", context)


# Talking


@require_POST
def say(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody says something, adds a file, or both."""
    order, at = _before_a_verb(request, number)
    form = say_form(request)
    if form.is_valid():
        try:
            if upload := form.cleaned_data["file"]:
                given = attachments.attach(order, upload, by=request.user, at=at)
                said = _("%(name)s is kept. Its fingerprint (SHA-256) is %(sha256)s.")
                messages.success(request, said % {"name": given.name, "sha256": given.sha256})
            if form.cleaned_data["text"].strip():
                conversation.say(order, form.cleaned_data["text"], by=request.user, at=at)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect(f"{reverse('orders:detail', kwargs={'number': number})}#conversation")
    return _order_page(request, order, form, status=422)


@require_safe
def file(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A file of an order, for whoever may see the order, asked each time: images drawn anew, the rest to download."""
    order = _visible(request, number)
    found = get_object_or_404(Attachment.objects.exclude(original=""), order=order, pk=pk)  # what was put away is gone
    content, media_type = attachments.shown(found)
    image = attachments.is_image(found)
    name = found.name
    if image:
        name = f"{name.rpartition('.')[0] or name}.{'png' if media_type == 'image/png' else 'jpg'}"
    answer = HttpResponse(
        content, content_type="text/plain; charset=utf-8" if media_type == "text/plain" else media_type
    )
    answer.headers["Content-Disposition"] = content_disposition_header(not image, name) or "inline"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


# What is on the page


def badge(order: Order) -> dict[str, Any]:
    """The state of an order as icon, word and tone."""
    icon, tone, _banner = LOOKS[order.state]
    return {"word": OrderState(order.state).label, "icon": icon, "tone": tone}


def turn(order: Order, side: Side, figures: Figures, *, at: datetime) -> dict[str, Any]:
    """Who must act, until when, and what happens otherwise, as `side` reads it."""
    (icon, _tone, tone), (to_buyer, to_others, then) = LOOKS[order.state], TURNS[order.state]
    whose: Promise | str = to_buyer if side == Side.BUYER else to_others
    if tone == "mine" and order.owner != side:
        tone = "theirs"
    if order.state == OrderState.DELIVERED and order.deadline_at is None and figures.in_cases:
        whose, tone = _("An open case holds what is left. The clock of this order stands still until it ends."), "calm"
    until, left_tone = order.deadline_at, ""
    if until is not None and order.owner != "system":
        left_tone = "vermilion" if until <= at else "amber" if until - at < SHORT else ""
    return {
        "state": OrderState(order.state).label,
        "icon": icon,
        "whose": whose,
        "then": then,
        "tone": tone,
        "until": until,
        "then_tone": left_tone,
    }


def steps(order: Order, figures: Figures) -> list[dict[str, Any]]:
    """The way of an order: paid, delivered, looked at, confirmed, settled."""
    state = order.state
    is_over_early = state in {OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REFUNDED}
    is_good = state in {OrderState.COMPLETED, OrderState.SETTLED, OrderState.ARCHIVED}
    is_delivered, all_seen = bool(order.delivered_at), figures.seen == figures.units
    ahead = "skipped" if is_over_early else "ahead"
    seen = ngettext("%(seen)d of %(units)d", "%(seen)d of %(units)d", figures.units)
    return [
        {
            "label": _("Paid"),
            "status": "done" if order.paid_at else "now" if state == OrderState.PLACED else "skipped",
            "note": _time(order.paid_at),
        },
        {
            "label": _("Delivered"),
            "status": "done" if is_delivered else "now" if state == OrderState.PAID else ahead,
            "note": _time(order.delivered_at),
        },
        {
            "label": _("Looked at"),
            "status": "done"
            if figures.seen and (all_seen or is_good)
            else "skipped"
            if is_good
            else "now"
            if state == OrderState.DELIVERED
            else ahead,
            "note": seen % {"seen": figures.seen, "units": figures.units} if is_delivered else "",
        },
        {
            "label": _("Confirmed"),
            "status": "done" if is_good else "now" if state == OrderState.DELIVERED and all_seen else ahead,
            "note": "",
        },
        {
            "label": _("Settled"),
            "status": "done"
            if state in {OrderState.SETTLED, OrderState.ARCHIVED}
            else "now"
            if state == OrderState.COMPLETED
            else ahead,
            "note": "",
        },
    ]


def happenings(order: Order) -> list[dict[str, Any]]:
    """The last things that happened to an order, newest first, in words."""
    found = events.stream(order.root_address).filter(name__in=sorted(HAPPENINGS)).order_by("-seq")[:RECENT]
    return [
        {
            "who": event.by or _("The clock or the mall"),
            "what": HAPPENINGS[event.name][0],
            "at": event.at,
            "icon": HAPPENINGS[event.name][1],
            "tone": HAPPENINGS[event.name][2],
            "grade": "record",
            "note": _note(event.name, event.data),
        }
        for event in found
    ]


def entries_of(order: Order, entries: Iterable[Entry], user: Any) -> list[dict[str, Any]]:
    """Entries of a conversation for the component: who, for whom, when, what, and the file."""
    return [
        {
            "who": entry.author,
            "side": entry.side.value,
            "side_word": entry.side.label,
            "is_own": entry.author == user,
            "at": entry.at,
            "text": entry.text,
            "signs": "、".join(words_of(list(entry.signs))),
            "file": _file(order, entry.attachment) if entry.attachment else None,
        }
        for entry in entries
    ]


def _order_page(request: HttpRequest, order: Order, form: SayForm, *, status: int = 200) -> HttpResponse:
    at = clock.now()
    side = side_of(order, request.user)
    assert side is not None  # noqa: S101 - the order is visible
    figures = figures_of(order)
    before = request.GET.get("before", "")
    part = conversation.part_of(order, before=int(before[:18]) if before.isdecimal() else None)
    context = {
        "order": order,
        "side": side.value,
        "badge": badge(order),
        "turn": turn(order, side, figures, at=at),
        "steps": steps(order, figures),
        "figures": figures,
        "promised": _snapshot(order),
        "promise": policy.in_words(minutes(_snapshot(order)["promise_minutes"])),
        "kind": Kind(_snapshot(order)["kind"]).label,
        "void": _void_words(order),
        "actions": actions_for(order, request.user, figures, at=at),
        "payment": open_payment(order, at=at) if side == Side.BUYER and may_be_paid(order, at) else None,
        "happenings": happenings(order),
        "entries": entries_of(order, part.entries, request.user),
        "earlier": part.earlier,
        "form": form,
        "at": at,
        "talk": _talk(order, side, request.user, at=at),
        "price": _price(order, side, at=at),
        "upstream": upstream.contact_of(order),
        "has_tickets": side != Side.BUYER and handing.way_of(order) == Way.SUPPLIER,
        "given": {str(Ask(ask).label): hint for ask, hint in given.hints(order).items()},
        "delivery": tracking.what_next(order, figures, side),
        **_tiles(request, order, side, figures),
    }
    return render(request, "orders/detail.html", context, status=status)


def _talk(order: Order, side: Side, user: Any, *, at: datetime) -> dict[str, Any]:
    """What is to be known around the conversation: what is unread, how far the others read, whether staff must join."""
    speaks = may_speak(order, user)
    must_join = speaks and side == Side.PLATFORM and not conversation.has_joined(order, user)
    found = conversation.reading_of(order, user) if speaks else None
    return {
        "may_speak": speaks and not must_join,
        "join": JoinForm() if must_join else None,
        "unread": found.unread if found else 0,
        "others_at": found.others_at if found else None,
    }


def _price(order: Order, side: Side, *, at: datetime) -> dict[str, Any]:
    """The lines of the price: what it costs, what each coupon takes off, what the buyer pays and out of what."""
    held = coupons.of(order)
    is_open = side == Side.BUYER and may_be_paid(order, at)
    words = {"shop": _("Coupon of the shop"), "platform": _("Coupon of the platform")}
    return {
        "listed": order.listed,
        "coupons": [
            {"word": words[each.bearer], "code": each.coupon.code, "amount": each.amount, "by": each.bearer}
            for each in held
        ],
        "from_wallet": order.from_wallet,
        "to_charge": order.to_charge,
        "is_open": is_open and not order.from_wallet,
        "form": UseCouponForm(auto_id="coupon_%s") if is_open and len(held) < 2 and not order.from_wallet else None,
    }


def _void_words(order: Order) -> list[dict[str, Any]]:
    """Words of the promise that the law or the mall takes as unwritten, from times before listings were checked."""
    promised = _snapshot(order)
    text = "\n".join([promised["title"], promised["description"], order.snapshot.notice_text])
    found = {each.quote: each for each in linter.blocking(text)}
    return [terms.shown(each) for each in found.values()]


def _tiles(request: HttpRequest, order: Order, side: Side, figures: Figures) -> dict[str, Any]:
    """A page of the order's units, 50 at a time, with what is known of each; three queries for any number."""
    pages = max(1, -(-figures.units // UNITS))
    asked = request.GET.get("units", "")
    page = min(max(int(asked[:4]), 1), pages) if asked.isdecimal() else 1
    shown = order.units.select_related("ticket", "handover").annotate(tail=F("card__tail")).order_by("place")
    units = list(shown[(page - 1) * UNITS : page * UNITS])
    looks = {
        look["unit_id"]: look
        for look in Reveal.objects.filter(unit__in=units)
        .values("unit_id")
        .annotate(first=Min("at"), times=Count("pk"))
        .order_by("unit_id")
    }
    cases = named({unit.held_by for unit in units if unit.held_by})
    tiles = [_tile(order, unit, side, looks.get(unit.pk), cases.get(unit.held_by)) for unit in units]
    return {"tiles": tiles, "unit_page": page, "unit_pages": pages, "one_unit": figures.units == 1}


def _tile(order: Order, unit: Any, side: Side, look: Any, case: Any) -> dict[str, Any]:
    icon, tone = UNIT_LOOKS[unit.delivery]
    may_open = side == Side.BUYER and _may_open(unit)
    return {
        "place": unit.place,
        "badge": {"word": Delivery(unit.delivery).label, "icon": icon, "tone": tone},
        "grade": GRADES[Grade(unit.grade)],
        "is_sealed": unit.delivery == Delivery.SEALED,
        "tail": (unit.tail or "") if side == Side.BUYER else "",
        "url": reverse("orders:code", kwargs={"number": order.number, "place": unit.place}) if may_open else "",
        "look": look,
        "is_held": bool(unit.held_by),
        "has_code": unit.card_id is not None or handing.way_of(order) == Way.STOCK,
        "track": tracking.track(order, unit, side),
        "case": case,
        "money": _money_of(unit),
    }


def _money_of(unit: Unit) -> list[dict[str, Any]]:
    """Where the money of one unit is, only what is more than nothing."""
    parts = [
        (_("In escrow"), unit.held, ""),
        (_("Paid back"), unit.refunded + unit.covered, "green"),
        (_("To the shop"), unit.released + unit.fee, ""),
    ]
    return [{"word": word, "amount": amount, "tone": tone} for word, amount, tone in parts if amount]


def _may_open(unit: Unit) -> bool:
    """Whether its buyer may look at the code, as `delivery.reveal` asks."""
    return (
        unit.card_id is not None
        and unit.delivery not in {Delivery.UNDELIVERED, Delivery.VOIDED, Delivery.REPLACED}
        and not (unit.delivery == Delivery.SEALED and unit.held_by)
        and not unit.is_given_back()
    )


def _note(name: str, data: dict[str, Any]) -> str:
    """What else is to be said of something that happened: which units, how much, which file."""
    if name == "order.code_revealed":
        which = _("No. %(unit)s, for the first time") if data["first"] else _("No. %(unit)s, again")
        return which % {"unit": data["unit"]}
    if name == "order.validity_recorded":
        said = (
            _("No. %(unit)s was good, says %(source)s") if data["valid"] else _("No. %(unit)s was bad, says %(source)s")
        )
        return said % {"unit": data["unit"], "source": data["source"]}
    if name in {"order.supplier_took_on", "order.supplier_failed", "order.delivered_after_all"}:
        return " · ".join(filter(None, [_("No. %(unit)s") % data, data["reference"], data.get("reason", "")]))
    if name in {
        "order.confirmed",
        "order.released",
        "order.units_settled",
        "order.units_delivered",
        "order.units_called_off",
        "order.cancel_asked",
    }:
        places = data["units"]
        count = ngettext("%(count)d unit", "%(count)d units", len(places)) % {"count": len(places)}
        return count if len(places) > 8 else _("No. %(units)s") % {"units": ", ".join(map(str, places))}
    if name in {"order.paid", "order.part_set_aside", "order.part_given_back"}:
        return yuan(data["amount"])
    if name in {"order.coupon_used", "order.coupon_dropped"}:
        return f"{data['code']} · {yuan(data['amount'])}"
    if name == "order.staff_joined":
        return str(data["reason"])
    if name in {"order.redemption_recorded", "order.redemption_claimed"}:
        return _("No. %(unit)s") % {"unit": data["unit"]}
    if name == "order.file_attached":
        return f"SHA-256 {data['sha256'][:16]}…"
    return ""


def _file(order: Order, attachment: Attachment) -> dict[str, Any]:
    return {
        "name": attachment.name,
        "url": reverse("orders:file", kwargs={"number": order.number, "pk": attachment.pk}),
        "is_image": attachments.is_image(attachment),
        "size": filesizeformat(attachment.size),
        "sha256": attachment.sha256,
    }


def _page(request: HttpRequest, orders: QuerySet[Order]) -> tuple[list[dict[str, Any]], int | None]:
    """A page of orders, newest first, and where the older ones begin; one query."""
    counted = Unit.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(n=Count("pk")).values("n")
    found = orders.select_related("snapshot", "shop", "buyer").annotate(quantity=Subquery(counted)).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before[:18]))
    rows = list(found[: PAGE + 1])
    shown = [
        {"order": order, "title": _snapshot(order)["title"], "quantity": order.quantity, "badge": badge(order)}
        for order in rows[:PAGE]
    ]
    return shown, rows[PAGE - 1].pk if len(rows) > PAGE else None


def _visible(request: HttpRequest, number: str) -> Order:
    found = visible_to(request.user).select_related("shop__owner", "buyer", "snapshot__listing")
    order: Order = get_object_or_404(found, number=number)
    return order


def _before_a_verb(request: HttpRequest, number: str) -> tuple[Order, datetime]:
    """The order as it is once what is overdue on it has happened, and the moment."""
    order, at = _visible(request, number), clock.now()
    if fire_overdue(order.root_address, at=at):
        order = _visible(request, number)
    return order, at


def _snapshot(order: Order) -> dict[str, Any]:
    """What was promised when the order was placed."""
    found: dict[str, Any] = json.loads(order.snapshot.body)
    # Orders of before the card was kept have none.
    return {"policy": None, **found}


def _time(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
