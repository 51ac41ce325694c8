"""What people of risk see: signals with their evidence, people, links between accounts, appeals, alarms."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import lifecycle as people
from accounts.models import Role, Suspension, User
from accounts.requests import signed_in
from reputation import contacts, measures, signals
from reputation.forms import ContactForm, MeasureForm, SuspensionForm, WhyForm
from reputation.models import Alarm, KnownContact, Measure, Signal
from reputation.states import AlarmState, MeasureState
from reputation.thresholds import thresholds
from reputation.views.grounds import grounds
from timeline import clock
from timeline.parts import part
from timeline.sweep import fire_overdue

#: So many of each are shown.
MOST = 50


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for people of risk, and who scores highest."""
    return _desk(request)


@require_POST
def list_contact(request: HttpRequest) -> HttpResponse:
    """List a contact that sells guides to refunds."""
    _require_risk(request)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _desk(request, form, status=422)
    contacts.list_contact(by=request.user, at=clock.now(), **form.cleaned_data)
    messages.success(request, _("Listed. The next daily look finds who names it."))
    return redirect(reverse("reputation:risk") + "#contacts")


@require_POST
def drop_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a contact off the list."""
    _require_risk(request)
    found, form = get_object_or_404(KnownContact, pk=pk), WhyForm(request.POST)
    if form.is_valid():
        contacts.drop(found, reason=form.cleaned_data["why"], by=request.user, at=clock.now())
        messages.success(request, _("It is not looked for any more."))
    else:
        messages.error(request, _("Say why."))
    return redirect(reverse("reputation:risk") + "#contacts")


def _desk(request: HttpRequest, form: ContactForm | None = None, *, status: int = 200) -> HttpResponse:
    _require_risk(request)
    at = clock.now()
    lists: dict[str, tuple[QuerySet[Any], str]] = {
        "alarms": (
            Alarm.objects.filter(state=AlarmState.RAISED).select_related("shop", "batch__listing"),
            "deadline_at",
        ),
        "appeals": (Measure.objects.filter(state=MeasureState.APPEALED).select_related("user"), "deadline_at"),
        "people": (User.objects.filter(risk__gt=0), "-risk"),
        "deceived": (
            Signal.objects.filter(
                Q(dismissed_at=None) | Q(dismissed_at__lt=F("seen_at")), name=Signal.Name.DECEIVED
            ).select_related("user"),
            "-seen_at",
        ),
        "signals": (
            Signal.objects.filter(user=None).select_related("shop", "batch__listing__shop", "dismissed_by"),
            "-seen_at",
        ),
        "contacts": (KnownContact.objects.filter(dropped_at=None).select_related("listed_by"), "-listed_at"),
    }
    parts = {name: part(rows, by=by, place=request.GET.get(name, ""), most=MOST) for name, (rows, by) in lists.items()}
    context = {
        "at": at,
        "contact_form": form or ContactForm(),
        "parts": parts,
        "deceived": [(signal.user, grounds(signal)) for signal in parts["deceived"].rows],
        "signals": [_row(signal, at) for signal in parts["signals"].rows],
        "why": WhyForm(),
        "marks": thresholds().signals,
    }
    return render(request, "reputation/risk.html", context, status=status)


@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One buyer: every signal with its evidence, linked accounts, measures, suspensions, and the next step."""
    _require_risk(request)
    return _person(request, pk)


@require_POST
def impose(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the next step against a buyer."""
    _require_risk(request)
    found = get_object_or_404(User, pk=pk)
    fire_overdue(found.address, at=clock.now())
    form = MeasureForm(request.POST)
    if not form.is_valid():
        return _person(request, pk, status=422, form=form)
    measures.impose(found, by=request.user, at=clock.now(), **form.cleaned_data)
    messages.success(request, _("Imposed. The person is told, with the reason and how to appeal."))
    return redirect("reputation:person", pk=pk)


@require_POST
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody neither sell nor withdraw nor work for the mall, until a time or until it is lifted."""
    _require_risk(request)
    found, at, form = get_object_or_404(User, pk=pk), clock.now(), SuspensionForm(request.POST)
    if not form.is_valid():
        return _person(request, pk, status=422, suspension_form=form)
    days = form.cleaned_data["days"]
    until = at + timedelta(days=days) if days else None
    people.suspend(found, reason=form.cleaned_data["reason"], until=until, by=signed_in(request), at=at)
    messages.success(request, _("Suspended. The person is told, with the reason and how to appeal."))
    return redirect(reverse("reputation:person", args=[pk]) + "#suspensions")


@require_POST
def end_suspension(request: HttpRequest, pk: int) -> HttpResponse:
    """End a suspension early."""
    _require_risk(request)
    found = get_object_or_404(Suspension.objects.select_related("user"), pk=pk)
    people.lift(found, by=signed_in(request), at=clock.now())
    messages.success(request, _("The suspension is over. Roles of staff do not come back by themselves."))
    return redirect(reverse("reputation:person", args=[found.user_id]) + "#suspensions")


@require_POST
def hear(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Uphold or lift a measure, with the reason."""
    _require_risk(request)
    if verb not in {"uphold", "lift"}:
        raise Http404
    found = get_object_or_404(Measure.objects.select_related("user"), pk=pk)
    fire_overdue(found.root_address, at=clock.now())
    form = WhyForm(request.POST)
    if form.is_valid():
        does = measures.uphold if verb == "uphold" else measures.lift
        does(found, answer=form.cleaned_data["why"], by=request.user, at=clock.now())
        messages.success(request, _("Kept. The person is told."))
    else:
        messages.error(request, _("Say why."))
    return redirect("reputation:person", pk=found.user_id)


@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """A signal has an innocent reason."""
    _require_risk(request)
    found = get_object_or_404(Signal.objects.select_related("user", "shop", "batch__listing__shop"), pk=pk)
    form = WhyForm(request.POST)
    if form.is_valid():
        signals.dismiss(found, reason=form.cleaned_data["why"], by=request.user, at=clock.now())
        messages.success(request, _("It weighs nothing until it is seen again."))
    else:
        messages.error(request, _("Say why."))
    return redirect("reputation:person", pk=found.user_id) if found.user_id else redirect("reputation:risk")


def _row(signal: Signal, at: Any) -> dict[str, Any]:
    return {
        "signal": signal,
        "name": Signal.Name(signal.name).label,
        "now": signal.now(at, thresholds().signals.half_life.days),
        "is_dismissed": signal.is_dismissed(),
        "grounds": grounds(signal),
    }


def _require_risk(request: HttpRequest) -> None:
    if not signed_in(request).has_role(Role.RISK):
        raise Http404


def _person(request: HttpRequest, pk: int, *, status: int = 200, **forms: Any) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    at = clock.now()
    signed_in(request).know_roles()
    imposed = part(
        found.measures.select_related("imposed_by", "heard_by"),
        by="-id",
        place=request.GET.get("before", ""),
        most=MOST,
    )
    seen = part(
        found.signals.select_related("dismissed_by"), by="-seen_at", place=request.GET.get("signals", ""), most=MOST
    )
    linked = signals.linked(found)
    context = {
        "person": found,
        "at": at,
        "signals": [_row(each, at) for each in seen.rows],
        "signals_part": seen,
        "linked": linked[:MOST],
        "linked_more": max(0, len(linked) - MOST),
        "part": imposed,
        "measures": [
            {
                "measure": each,
                "state": MeasureState(each.state).label,
                "actions": each.actions_for(request.user, at),
            }
            for each in imposed.rows
        ],
        "suspensions": [
            {"suspension": each, "is_live": each.is_live(at), "is_waiting": each.is_waiting(at)}
            for each in found.suspensions.select_related("by", "lifted_by", "answered_by").order_by("-pk")[:MOST]
        ],
        "is_suspended": found.is_suspended(at),
        "form": MeasureForm(),
        "suspension_form": SuspensionForm(),
        "why": WhyForm(),
        "marks": thresholds().signals,
    }
    return render(request, "reputation/person.html", context | forms, status=status)
