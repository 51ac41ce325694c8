"""The page of a guided trial purchase."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from orders import trial
from orders.actions import actions_for
from orders.figures import figures_of
from orders.lifecycle import MOST_UNITS
from orders.parties import visible_to
from timeline import clock


@require_safe
def page(request: HttpRequest, number: str) -> HttpResponse:
    """What to look at in a first order, how far it has come, and the way on to the rest."""
    seen = visible_to(request.user).select_related("shop", "buyer", "snapshot__listing")
    order = get_object_or_404(seen, number=number)
    found = trial.of(order, request.user)
    if found is None:
        raise Http404
    figures = figures_of(order)
    offered = {each.name: each.url for each in actions_for(order, request.user, figures, at=clock.now())}
    context = {
        "order": order,
        "trial": found,
        "rest": max(0, _wanted(request) - figures.units),
        "listing": order.snapshot.listing,
        "notice": order.snapshot.notice_text,
        "confirm": offered.get("confirm", ""),
        "claim": offered.get("claim", ""),
    }
    return render(request, "orders/trial.html", context)


def _wanted(request: HttpRequest) -> int:
    """How many somebody wanted in all before they ordered one first."""
    word = request.GET.get("want", "")
    return min(int(word), MOST_UNITS) if word.isascii() and word.isdecimal() and len(word) < 6 else 0
