"""Appeals against a suspension: said by whoever is suspended, heard by another person than who did it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import lifecycle as people
from accounts.models import Suspension
from accounts.requests import signed_in
from reputation.forms import AppealForm, WhyForm
from reputation.suspending import HEARING
from timeline import clock
from timeline.parts import part

#: So many are shown at a time.
MOST = 20


@require_POST
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Let another person look at one's own suspension."""
    found = get_object_or_404(Suspension.objects.select_related("user"), pk=pk, user=request.user)
    form = AppealForm(request.POST)
    if form.is_valid():
        people.appeal(found, words=form.cleaned_data["words"], by=signed_in(request), at=clock.now())
        messages.success(request, _("Another person looks at it and answers you here."))
    else:
        messages.error(request, _("Say what was overlooked."))
    return redirect("reputation:level")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Suspensions against which somebody appealed, the oldest first."""
    return _index(request)


@require_POST
def hear(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Answer an appeal: the suspension is lifted, or it stands."""
    _require_hearing(request)
    if verb not in {"uphold", "lift"}:
        raise Http404
    found = get_object_or_404(Suspension.objects.select_related("user"), pk=pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _index(request, wrong={found.pk: form}, status=422)
    by: Any = signed_in(request)
    people.hear(found, lifts=verb == "lift", answer=form.cleaned_data["why"], by=by, at=clock.now())
    messages.success(request, _("Kept. The person is told."))
    return redirect("reputation:suspensions")


def _index(request: HttpRequest, *, wrong: dict[int, WhyForm] | None = None, status: int = 200) -> HttpResponse:
    _require_hearing(request)
    at, user = clock.now(), signed_in(request)
    waiting = Suspension.objects.appealed(at).select_related("user", "by")
    found = part(waiting, by="appealed_at", place=request.GET.get("after", ""), most=MOST)
    rows = [
        {
            "suspension": each,
            "form": (wrong or {}).get(each.pk) or WhyForm(auto_id=f"why-{each.pk}-%s"),
            "is_own": user.pk in {each.by_id, each.user_id},
        }
        for each in found.rows
    ]
    return render(request, "reputation/suspensions.html", {"rows": rows, "part": found, "at": at}, status=status)


def _require_hearing(request: HttpRequest) -> None:
    if not signed_in(request).roles & HEARING:
        raise Http404
