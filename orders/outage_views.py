"""A lead's page of orders that could not be held against an outage: what failed, and once more."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders import outages
from orders.models import Weighing
from timeline import clock
from timeline import outages as register
from timeline.forms import ReasonForm

PAGE = 200


@require_safe
def given_up(request: HttpRequest) -> HttpResponse:
    """What failed too often, and a way to let it be tried again."""
    _require_lead(request)
    return _given_up(request, ReasonForm(auto_id=False))


@require_POST
def try_again(request: HttpRequest, pk: int, order: int) -> HttpResponse:
    """A lead lets one order be tried again."""
    _require_lead(request)
    weighing, form = get_object_or_404(Weighing, pk=pk), ReasonForm(request.POST, auto_id=False)
    if not form.is_valid():
        return _given_up(request, form, of=(pk, order), status=422)
    outages.try_again(weighing, order, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
    messages.success(request, _("It is tried again within a minute. If it fails too often, it comes back here."))
    return redirect("orders:given_up")


def _given_up(
    request: HttpRequest, form: ReasonForm, *, of: tuple[int, int] = (0, 0), status: int = 200
) -> HttpResponse:
    shown = list(outages.given_up()[:PAGE])
    names = register.called(weighing.outage for weighing, _order in shown)
    rows = [
        {
            "weighing": weighing,
            "name": names[weighing.outage_id],
            "order": order,
            "why": weighing.tries[str(order.pk)]["why"],
            "is_of": of == (weighing.pk, order.pk),
        }
        for weighing, order in shown
    ]
    return render(request, "orders/given_up.html", {"rows": rows, "form": form}, status=status)


def _require_lead(request: Any) -> None:
    if not request.user.has_role("lead"):
        raise Http404
