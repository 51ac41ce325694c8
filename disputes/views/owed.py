"""What is still owed to a buyer: awarded, and nobody had it. Their own page; nothing is to be done on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from disputes import owed
from disputes.views.words import PAGE


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is owed to the person and what was paid of it, open claims first."""
    rows = list(owed.of_buyer(request.user)[:PAGE])
    return render(request, "disputes/owed.html", {"rows": rows, "left": sum(row.left for row in rows)})
