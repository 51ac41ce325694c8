"""The master case over a bad batch: one page for holders, shop and people of risk, each with their own acts."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from orders.models import Order, Unit
from refunds.models import Refund
from reputation import alarms, batch_answers
from reputation.forms import BatchAnswerForm, CheckForm, WhyForm
from reputation.models import Alarm, AlarmUnit, BatchAnswer
from reputation.states import AlarmState, BatchAnswerState
from shops.models import SELL, Batch
from timeline import clock, parts
from timeline.sweep import fire_overdue

#: So many units are listed for the shop and for staff, and so many orders for a holder, at a time.
PAGE = 50
TONES = {
    AlarmState.RAISED: ("octagon-alert", "vermilion"),
    AlarmState.CONFIRMED: ("undo-2", "amber"),
    AlarmState.LIFTED: ("circle-check", "green"),
    AlarmState.CLOSED: ("circle-check", ""),
}


@require_safe
def alarm(request: HttpRequest, number: str) -> HttpResponse:
    """What happened to the batch, and what whoever looks can do."""
    return _alarm(request, number)


@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """The shop says what happened and what it does about it."""
    found, _mine = _visible(request, number)
    if not found.shop.may(request.user, SELL):
        raise Http404
    at = clock.now()
    fire_overdue(found.root_address, at=at)
    form = BatchAnswerForm(request.POST)
    if not form.is_valid():
        return _alarm(request, number, form, status=422)
    asked = get_object_or_404(BatchAnswer.objects.select_related("shop", "alarm"), alarm=found)
    batch_answers.give(asked, words=form.cleaned_data["words"], by=request.user, at=at)
    messages.success(request, _("The people of risk read your answer."))
    return redirect(found)


def _alarm(
    request: HttpRequest, number: str, form: BatchAnswerForm | None = None, *, status: int = 200
) -> HttpResponse:
    found, mine = _visible(request, number)
    user: Any = request.user
    is_risk = user.has_role(Role.RISK)
    is_shop = found.shop.may(user, SELL)
    icon, tone = TONES[AlarmState(found.state)]
    orders = parts.part(_orders(mine), by="id", place=request.GET.get("from", ""), most=PAGE)
    rows = (
        found.units.select_related("unit__order", "unit__card", "inquiry")
        if found.is_seen_by(user)
        else found.units.none()
    )
    units = parts.part(rows, by="id", place=request.GET.get("after", ""), most=PAGE)
    context = {
        "alarm": found,
        "at": clock.now(),
        "badge": {"word": AlarmState(found.state).label, "icon": icon, "tone": tone},
        "is_open": found.is_open(),
        "is_confirmed": found.state == AlarmState.CONFIRMED,
        "orders": _orders_of(mine, orders.rows),
        "orders_part": orders,
        "is_inside": found.is_seen_by(user),
        "is_risk": is_risk,
        "may_confirm": is_risk and found.state == AlarmState.RAISED,
        "may_lift": is_risk and found.is_open(),
        "may_check": (is_risk or is_shop) and found.is_open(),
        "may_say_good": is_risk,
        "fates": _fates(found),
        "units": units.rows,
        "units_part": units,
        "recourse": alarms.recourse(found),
        "answer": _answer(found) if found.is_seen_by(user) else None,
        "answer_form": (form or BatchAnswerForm()) if is_shop else None,
        "why": WhyForm(),
        "check": CheckForm(),
    }
    return render(request, "reputation/alarm.html", context, status=status)


@require_POST
def join(request: HttpRequest, number: str, order: str) -> HttpResponse:
    """Take the price back, or working codes."""
    found, sale = _of_holder(request, number, order)
    wants = Refund.Preference.REISSUE if request.POST.get("wants") == "reissue" else Refund.Preference.MONEY
    case = alarms.join(found, sale, by=request.user, at=clock.now(), wants=wants)
    messages.success(request, _("Your case is open. You see here what becomes of it."))
    return redirect(case)


@require_POST
def keep(request: HttpRequest, number: str, order: str) -> HttpResponse:
    """The codes work: keep them."""
    found, sale = _of_holder(request, number, order)
    alarms.keep(found, sale, by=request.user, at=clock.now())
    messages.success(request, _("You keep the codes. If one turns out to be bad, you can still claim for it."))
    return redirect(found)


@require_POST
def check(request: HttpRequest, number: str) -> HttpResponse:
    """What the upstream says of one code."""
    found, _mine = _visible(request, number)
    if not found.is_seen_by(request.user):
        raise Http404
    fire_overdue(found.root_address, at=clock.now())
    form = CheckForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        unit = get_object_or_404(Unit, pk__in=found.units.values("unit"), pk=told["unit"])
        alarms.check(
            found,
            unit,
            is_valid=told["verdict"] == "good",
            source=told["source"],
            reference=told["reference"],
            by=request.user,
            at=clock.now(),
        )
        messages.success(request, _("Kept."))
    else:
        messages.error(request, _("Name who says so, and their number."))
    return redirect(found)


@require_POST
def decide(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Confirm or lift, with the reason."""
    if verb not in {"confirm", "lift"} or not signed_in(request).has_role(Role.RISK):
        raise Http404
    found = get_object_or_404(Alarm.objects.select_related("shop"), number=number)
    fire_overdue(found.root_address, at=clock.now())
    form = WhyForm(request.POST)
    if form.is_valid():
        does = alarms.confirm if verb == "confirm" else alarms.lift
        does(found, finding=form.cleaned_data["why"], by=request.user, at=clock.now())
        messages.success(request, _("Done. What follows from it happens order by order."))
    else:
        messages.error(request, _("Say why."))
    return redirect(found)


@require_POST
def raise_alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """A person of risk stops a batch by hand."""
    if not signed_in(request).has_role(Role.RISK):
        raise Http404
    batch = get_object_or_404(Batch.objects.select_related("listing__shop"), pk=pk)
    fire_overdue(f"shop:{batch.listing.shop_id}", at=clock.now())
    form = WhyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why."))
        return redirect("reputation:risk")
    found = alarms.raise_alarm(
        batch, why=Alarm.Why.PERSON, by=request.user, at=clock.now(), reason=form.cleaned_data["why"]
    )
    return redirect(found)


def _visible(request: HttpRequest, number: str) -> tuple[Alarm, QuerySet[AlarmUnit]]:
    """The alarm with what whoever asks has of it; nobody else sees it."""
    found = get_object_or_404(Alarm.objects.select_related("shop", "batch__listing", "batch__supplier"), number=number)
    mine = found.units.filter(unit__order__buyer=signed_in(request))
    if not found.is_seen_by(request.user) and not mine.exists():
        raise Http404
    return found, mine


def _of_holder(request: HttpRequest, number: str, order: str) -> tuple[Alarm, Order]:
    found, _mine = _visible(request, number)
    sale = get_object_or_404(Order, number=order, buyer=request.user)
    at = clock.now()
    fire_overdue(found.root_address, at=at)
    fire_overdue(sale.root_address, at=at)
    return found, sale


def _orders(mine: QuerySet[AlarmUnit]) -> QuerySet[Order]:
    """The orders of which somebody holds units."""
    return Order.objects.filter(pk__in=mine.values("unit__order"))


def _orders_of(mine: QuerySet[AlarmUnit], orders: list[Order]) -> list[dict[str, Any]]:
    """What the holder has in some of their orders, order by order."""
    found: dict[int, dict[str, Any]] = {
        order.pk: {"order": order, "rows": [], "waits": False, "amount": 0} for order in orders
    }
    held = mine.filter(unit__order__in=found).select_related("unit__card", "alarm", "refund", "inquiry")
    for row in held.order_by("unit__order", "unit__place"):
        each = found[row.unit.order_id]
        each["rows"].append({"place": row.unit.place, "fate": row.word, "refund": row.refund, "inquiry": row.question})
        if row.is_answerable():
            each["waits"] = True
            each["amount"] += row.unit.left
    return list(found.values())


def _answer(found: Alarm) -> dict[str, Any] | None:
    """What the shop said about the batch, or until when it can; nothing of alarms from before shops were asked."""
    asked = BatchAnswer.objects.filter(alarm=found).select_related("answered_by").first()
    return None if asked is None else {"told": asked, "word": BatchAnswerState(asked.state).label}


def _fates(found: Alarm) -> list[tuple[str, int]]:
    """What became of all its units, each fate with how many, in the order in which fates are told."""
    counted = dict(found.units.order_by().values_list("fate").annotate(many=Count("pk")))
    return [(AlarmUnit(fate=fate).word, counted[fate]) for fate in AlarmUnit.Fate.values if fate in counted]
