"""What is still owed to a buyer: awarded, and nobody had it. Their own page; nothing is to be done on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from disputes import owed
from disputes.views.words import PAGE
from timeline.parts import part


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is owed to the person and what was paid of it: open claims first, then those that were paid whole."""
    found = owed.of_buyer(request.user)
    still_open = part(found.filter(paid_at=None), by="-since", place=request.GET.get("before", ""), most=PAGE)
    paid = part(found.exclude(paid_at=None), by="-since", place=request.GET.get("paid", ""), most=PAGE)
    context = {
        "groups": [
            {"title": _("Still to come"), "part": still_open, "name": "before"},
            {"title": _("Paid"), "part": paid, "name": "paid"},
        ],
        "is_empty": not any(each.rows or not each.is_first for each in (still_open, paid)),
        "left": owed.to_buyer(request.user),
    }
    return render(request, "disputes/owed.html", context)
