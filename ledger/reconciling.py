"""Finance's page of differences between channels and us: what is open, until when, and how each was closed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from ledger import outside, reconciliation
from ledger.models import Difference, Settlement
from ledger.roles import SEEING_ACCOUNTS, require_role
from ledger.states import DifferenceState
from ledger.views import named
from timeline import clock, parts
from timeline.sweep import fire_overdue

PAGE = 50
#: So many of those that are closed.
CLOSED = 20


class SettleForm(forms.Form):
    """How a difference came about."""

    reason = forms.CharField(
        label=gettext_lazy("What was it?"),
        min_length=reconciliation.SHORTEST_REASON,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("If it was put right in the books, name the transfer."),
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Open differences, the least time left first, the days that were compared, and what was closed lately."""
    require_role(request, SEEING_ACCOUNTS)
    return _page(request)


@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """Ask the channels now for the days that are over, instead of waiting for the night."""
    require_role(request, frozenset({Role.FINANCE}))
    days = reconciliation.run(at=clock.now())
    messages.success(request, _("Compared. New days: %(days)s.") % {"days": days})
    return redirect("ledger:differences")


@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Finance closes one."""
    require_role(request, SEEING_ACCOUNTS)
    found = get_object_or_404(Difference, pk=pk)
    if fire_overdue(found.root_address, at=clock.now()):
        found.refresh_from_db()
    form = SettleForm(request.POST, auto_id=f"d{pk}_%s")
    if not form.is_valid():
        return _page(request, broken=(pk, form), status=422)
    is_booked = request.POST.get("as") == "booked"
    reason = form.cleaned_data["reason"]
    outside.settle(found, is_booked=is_booked, reason=reason, by=request.user, at=clock.now())
    messages.success(request, _("Closed, with your reason."))
    return redirect("ledger:differences")


def _page(request: HttpRequest, *, broken: tuple[int, SettleForm] | None = None, status: int = 200) -> HttpResponse:
    at = clock.now()
    still_open = Difference.objects.open().select_related("settlement")
    found = parts.part(still_open, by="deadline_at", place=request.GET.get("after", ""), most=PAGE)
    closed = Difference.objects.exclude(state=DifferenceState.OPEN).select_related("settlement", "settled_by")
    before = parts.part(closed, by="-settled_at", place=request.GET.get("closed", ""), most=CLOSED)
    is_finance = signed_in(request).has_role(Role.FINANCE)  # once for all rows, which are open
    told = outside.orders_of(found.rows)
    things = named(told.values())
    context: dict[str, Any] = {
        "rows": [
            {
                "difference": each,
                "order": things.get(told.get(each.pk, "")),
                "may_settle": is_finance,
                "form": broken[1] if broken and broken[0] == each.pk else SettleForm(auto_id=f"d{each.pk}_%s"),
            }
            for each in found.rows
        ],
        "part": found,
        "closed": [{"difference": each, "state": DifferenceState(each.state).label} for each in before.rows],
        "closed_part": before,
        "days": Settlement.objects.order_by("-day", "channel")[:14],
        "at": at,
    }
    return render(request, "ledger/differences.html", context, status=status)
