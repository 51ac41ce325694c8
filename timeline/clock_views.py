"""Pages for a lead: what was down and which clocks it stopped, and clocks that were given up."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from timeline import clock, hooks, outages, parts, upkeep
from timeline.forms import OFFERED, EndForm, OutageForm, ReasonForm, WidenForm
from timeline.models import Outage, Pause, Timer
from timeline.sweep import fire_overdue

PAGE = 50


@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """The register of outages, the latest first, and a form for one more."""
    _require_lead(request)
    return _register(request, OutageForm())


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """A lead registers an outage."""
    _require_lead(request)
    form = OutageForm(request.POST)
    if not form.is_valid():
        return _register(request, form, status=422)
    outage = outages.register(**form.cleaned_data, by=request.user, at=clock.now())
    messages.success(request, _("Registered. The clocks it covers stand still within seconds, or get their time back."))
    return redirect("clocks:outage", pk=outage.pk)


@require_safe
def outage(request: HttpRequest, pk: int) -> HttpResponse:
    """One outage: which clocks it stopped, and its end."""
    _require_lead(request)
    return _outage(request, get_object_or_404(Outage, pk=pk), EndForm())


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead says that an outage has ended."""
    _require_lead(request)
    found, form, at = get_object_or_404(Outage, pk=pk), EndForm(request.POST), clock.now()
    if not form.is_valid():
        return _outage(request, found, form, status=422)
    outages.end(found, ended_at=form.cleaned_data["ended_at"] or at, by=request.user, at=at)
    messages.success(request, _("Ended. The clocks run again with what was left of them."))
    return redirect("clocks:outage", pk=pk)


@require_POST
def widen(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead finds that more was down, earlier, or until another time."""
    _require_lead(request)
    found, form = get_object_or_404(Outage, pk=pk), _widen_form(request.POST)
    if not form.is_valid():
        return _outage(request, found, EndForm(), wider=form, status=422)
    made = outages.widen(found, **form.cleaned_data, by=request.user, at=clock.now())
    messages.success(request, _("Registered. What is new of it counts backwards; what was given is not taken back."))
    return redirect("clocks:outage", pk=made.pk)


@require_safe
def stuck(request: HttpRequest) -> HttpResponse:
    """Clocks that were given up: what failed, and a way to let them run on."""
    _require_lead(request)
    return _stuck(request, ReasonForm())


@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead lets a clock run on that was given up."""
    _require_lead(request)
    timer, form, at = get_object_or_404(Timer, pk=pk), ReasonForm(request.POST), clock.now()
    if not form.is_valid():
        return _stuck(request, form, of=pk, status=422)
    fire_overdue(timer.root, at=at)
    upkeep.try_again(timer, reason=form.cleaned_data["reason"], by=request.user, at=at)
    messages.success(request, _("The clock runs on. If it fails again, it comes back here."))
    return redirect("clocks:stuck")


def _register(request: HttpRequest, form: OutageForm, status: int = 200) -> HttpResponse:
    found = Outage.objects.select_related("registered_by").annotate(clocks=Count("pauses"))
    shown = parts.part(found, by="-began_at", place=request.GET.get("before", ""), most=PAGE)
    names = outages.called(shown.rows)
    context = {
        "form": form,
        "offered": hooks.what_could_be_down(),
        "offered_as": OFFERED,
        "rows": [{"outage": each, "name": names[each.pk]} for each in shown.rows],
        "at": clock.now(),
        "older": shown.next,
    }
    return render(request, "timeline/outages.html", context, status=status)


def _widen_form(data: Any = None, **initial: Any) -> WidenForm:
    return WidenForm(data, initial=initial, auto_id="wider-%s")


def _outage(
    request: HttpRequest, found: Outage, form: EndForm, *, wider: WidenForm | None = None, status: int = 200
) -> HttpResponse:
    at = clock.now()
    newer = Outage.objects.filter(widens=found).first()
    if wider is None and newer is None:
        wider = _widen_form(began_at=found.began_at, ended_at=found.ended_at, reason=found.reason)
    context: dict[str, Any] = {
        "outage": found,
        "name": outages.called([found])[found.pk],
        "form": form,
        "at": at,
        "is_on": found.ended_at is None or found.ended_at > at,
        "clocks": outages.affected(found),
        "newer": newer,
        "wider": wider,
        "part": parts.part(Pause.objects.filter(outage=found), by="id", place=request.GET.get("after", ""), most=PAGE),
    }
    return render(request, "timeline/outage.html", context, status=status)


def _stuck(request: HttpRequest, form: ReasonForm, of: int = 0, status: int = 200) -> HttpResponse:
    found = Timer.objects.filter(state=Timer.State.STUCK)
    part = parts.part(found, by="id", place=request.GET.get("after", ""), most=PAGE)
    context = {
        "timers": part.rows,
        "part": part,
        "count": found.count(),
        "form": form,
        "of": of,
        "at": clock.now(),
    }
    return render(request, "timeline/stuck.html", context, status=status)


def _require_lead(request: HttpRequest) -> None:
    if not request.user.has_role("lead"):  # type: ignore[union-attr]
        raise Http404
