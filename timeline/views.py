"""The demo panel: anybody may move the demo mall's time forward and watch clocks end. It exists in demo mode only."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from timeline import clock, meantime
from timeline.forms import AdvanceForm
from timeline.models import Event, Timer

#: Hours that one button moves.
STEPS = [1, 24, 48, 24 * 7, 24 * 90]
SHOWN = 30


@login_not_required
@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """What time it is in the mall, which clocks run, and buttons to let them end."""
    _only_in_the_demo()
    return render(request, "timeline/panel.html", {"form": AdvanceForm(), **_clocks()})


@login_not_required
@require_safe
def clocks(request: HttpRequest) -> HttpResponse:
    """The part of the panel that changes by itself."""
    _only_in_the_demo()
    return render(request, "timeline/clocks.html", _clocks())


@login_not_required
@require_POST
def advance(request: HttpRequest) -> HttpResponse:
    """Let time pass in the mall: people are reminded on the way, and the next sweep finds what is due."""
    _only_in_the_demo()
    form = AdvanceForm(request.POST)
    if not form.is_valid():
        return render(request, "timeline/panel.html", {"form": form, **_clocks()}, status=422)
    meantime.let_pass(form.by())
    messages.success(
        request,
        _("The mall's time went %(hours)s hours forward. Clocks that ended act within a few seconds.")
        % {"hours": form.cleaned_data["hours"]},
    )
    return redirect("timeline:panel")


def _clocks() -> dict[str, Any]:
    return {
        "at": clock.now(),
        "steps": STEPS,
        "running": Timer.objects.filter(state=Timer.State.RUNNING).order_by("due_at", "pk")[:SHOWN],
        "fired": Event.objects.filter(name__endswith=".clock_fired").order_by("-pk")[:SHOWN],
    }


def _only_in_the_demo() -> None:
    if not settings.DEMO:
        raise Http404
