"""Pages of orders: buying, the lists of both sides, one order, its codes, its conversation and its files."""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import client_address
from accounts.reauthentication import ReauthenticationRequired, is_fresh
from ledger import payments
from ledger.accounts import balance
from ledger.gateways import ChannelDown, ChannelRefused, UnknownChannel
from ledger.models import Payment
from ledger.views import named
from orders import attachments, conversation, coupons, escrow, lifecycle, tracking, trial, upstream
from orders.actions import actions_for
from orders.conversation import Entry
from orders.delivery import Visit
from orders.figures import Figures, figures_of
from orders.forms import JoinForm, PlaceForm, SayForm, UseCouponForm, say_form
from orders.fulfilment import given, handing
from orders.looks import GRADES, badge, happenings, steps, turn, unit_badge
from orders.models import Attachment, Order, Reveal, Unit
from orders.offplatform import words_of
from orders.opening import is_dear, open_code, parts_of
from orders.parties import Side, may_speak, side_of, visible_to
from orders.purchase import ask_for_charge, may_be_paid, open_payment, order_as_shown
from orders.states import Delivery, Grade, OrderState
from rulebook import linter, terms, versions
from rulebook.explanations import percent
from shops import compared, pledges, policy
from shops.models import SERVE, Area, Ask, Kind, Listing, Shop, Way, keeping
from timeline import clock
from timeline.refusals import Refused
from timeline.spans import minutes
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

#: Orders and units on a page.
PAGE, UNITS = 50, 50

# Buying


@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """The buyer orders what the listing's page showed."""
    listing = get_object_or_404(Listing.objects.visible_to(request.user).select_related("shop"), pk=pk)
    if request.method != "POST":
        return redirect(listing)  # somebody signed in on the way here
    form, order = PlaceForm(request.POST, listing=listing), None
    is_trial, wanted = "trial" in request.POST, 1
    if form.is_valid():
        words, wanted = form.words, form.cleaned_data["quantity"]
        try:
            order = order_as_shown(
                listing, by=request.user, at=clock.now(), **(words | {"quantity": 1} if is_trial else words)
            )
        except ValidationError as error:
            form.blame(error)
        except Refused as refusal:
            if refusal.code not in {"promises_changed", "price_changed"}:
                raise
            return _place_anew(request, listing, form, refusal)
    if order is None:
        context = {
            "form": form,
            "listing": listing,
            "changed": "",
            "changes": [],
            "is_trial": is_trial,
            "promise": policy.in_words(minutes(listing.promise_minutes)),
            "policy": policy.card(listing, versions.in_force(clock.now()), getattr(request.user, "level", "")),
        }
        return render(request, "orders/place.html", context, status=422)
    if is_trial and trial.is_one(order, request.user):
        return redirect(f"{reverse('orders:trial', kwargs={'number': order.number})}?want={wanted}")
    return redirect("orders:detail", number=order.number)


def _place_anew(request: HttpRequest, listing: Listing, form: PlaceForm, refusal: Refused) -> HttpResponse:
    """What the listing promises and costs by now, with all that changed, to be agreed to again: nothing was ordered.

    What was answered stays, and whether it is a trial of one; the two yes are asked for anew.
    """
    ruling = versions.in_force(clock.now())
    kept = {name: value for name, value in form.data.items() if name == "quantity" or name.startswith("given_")}
    kept |= {"price": listing.price, "shown": policy.shown(listing, ruling), "seen": compared.seen(listing, ruling)}
    context = {
        "form": PlaceForm(initial=kept, listing=listing),
        "listing": listing,
        "changed": str(refusal.sentence),
        "changes": compared.changes(listing, ruling, form.cleaned_data["seen"]),
        "is_trial": "trial" in request.POST,
        "promise": policy.in_words(minutes(listing.promise_minutes)),
        "policy": policy.card(listing, ruling, getattr(request.user, "level", "")),
    }
    return render(request, "orders/place.html", context, status=409)


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
    """What a shop sold, newest first, for those who look after its buyers."""
    shop = get_object_or_404(Shop.objects.filter(keeping(request.user, SERVE)), slug=slug)
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
    happened, past = happenings(order, request.GET.get("past", ""))
    context = {
        "order": order,
        "side": side.value,
        "badge": badge(order),
        "turn": turn(order, side, figures, at=at),
        "steps": steps(order, figures),
        "figures": figures,
        "commission": percent(order.commission_bp),
        "promised": _snapshot(order),
        "promise": policy.in_words(minutes(_snapshot(order)["promise_minutes"])),
        "kind": Kind(_snapshot(order)["kind"]).label,
        "figured": list(_figured(_snapshot(order))),
        "warranty": pledges.warranty(_snapshot(order).get("warranty_days", 0)),
        "void": _void_words(order),
        "actions": actions_for(order, request.user, figures, at=at),
        "payment": open_payment(order, at=at) if side == Side.BUYER and may_be_paid(order, at) else None,
        "happenings": happened,
        "past": past,
        "entries": entries_of(order, part.entries, request.user),
        "earlier": part.earlier,
        "form": form,
        "at": at,
        "talk": _talk(order, side, request.user, at=at),
        "price": _price(order, side, at=at),
        "upstream": upstream.contact_of(order),
        "has_tickets": side != Side.BUYER and handing.way_of(order) == Way.SUPPLIER,
        "is_trial": trial.is_one(order, request.user),
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


def _figured(promised: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What was promised in figures, and where it works, in the reader's language; orders of before have none."""
    if area := promised.get("area"):
        yield _("Works in"), str(Area(area).label)
    yield from pledges.told(promised["kind"], promised.get("promises", {}))


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
    shown = order.units.filter(place__gt=(page - 1) * UNITS).select_related("ticket", "handover")
    units = list(shown.annotate(tail=F("card__tail")).order_by("place")[:UNITS])
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
    may_open = side == Side.BUYER and _may_open(unit)
    return {
        "place": unit.place,
        "badge": unit_badge(order, unit),
        "grade": GRADES[Grade(unit.grade)],
        "is_sealed": unit.delivery == Delivery.SEALED,
        "tail": (unit.tail or "") if side == Side.BUYER else "",
        "url": reverse("orders:code", kwargs={"number": order.number, "place": unit.place}) if may_open else "",
        "look": look,
        "is_held": bool(unit.held_by),
        "is_recalled": escrow.is_recalled(unit),
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
