"""Pages of what the platform takes of a sale: for everybody what rules, for finance how it is changed."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import signed_in
from rulebook.explanations import percent
from shops import commission
from shops.forms import RateForm
from shops.models import Commission, Kind
from timeline import clock, parts

PAGE = 50
VERBS = {"agree": commission.agree, "drop": commission.drop}


@login_not_required
@require_safe
def in_public(request: HttpRequest) -> HttpResponse:
    """What the platform takes of each kind of goods now, what is announced, and what it took before."""
    return render(request, "shops/commission.html", {"kinds": by_kind(clock.now()), "history": _history()})


@require_http_methods(["GET", "HEAD", "POST"])
def proposals(request: HttpRequest) -> HttpResponse:
    """What is proposed and was, newest first; one of finance proposes a new rate. Hidden from everybody else."""
    if not signed_in(request).roles & commission.SEEING:
        raise Http404
    at, form = clock.now(), RateForm(request.POST or None)
    signed_in(request).know_roles()
    if request.method == "POST" and form.is_valid():
        commission.propose(by=request.user, at=at, **form.cleaned_data)
        messages.info(request, _("Proposed. A second person of finance must agree."))
        return redirect("shops:commission_proposals")
    found = Commission.objects.select_related("proposed_by", "agreed_by", "dropped_by")
    newest = parts.part(found, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context = {
        "rows": [_row(each, request.user, at) for each in newest.rows],
        "part": newest,
        "kinds": by_kind(at),
        "form": form if commission.may_set(request.user) else None,
    }
    return render(request, "shops/commission_proposals.html", context, status=422 if form.errors else 200)


@require_POST
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """A second person of finance agrees, or one of finance takes a proposal back."""
    if not commission.may_set(signed_in(request)) or verb not in VERBS:
        raise Http404
    VERBS[verb](get_object_or_404(Commission, pk=pk), by=request.user, at=clock.now())
    said = {
        "agree": _("Two people agreed. Everybody can read it now; it rules from its day on."),
        "drop": _("Taken back. Nothing changes."),
    }
    messages.success(request, said[verb])
    return redirect("shops:commission_proposals")


def by_kind(at: datetime) -> list[dict[str, Any]]:
    """For each kind what the platform takes of an order that is placed now, and what is announced after that."""
    coming = [each for each in commission.published() if each.rules_at > at]
    return [
        {
            "kind": kind.label,
            "rate": percent(commission.in_force(kind, at)),
            "next": [{"rate": percent(each.bp), "from": each.rules_at} for each in coming if each.kind == kind],
        }
        for kind in Kind
    ]


def _history() -> list[dict[str, Any]]:
    return [{"rate": each, "percent": percent(each.bp)} for each in reversed(commission.published()[-PAGE:])]


def _row(found: Commission, user: Any, at: datetime) -> dict[str, Any]:
    words = {"agree": _("Agree to this rate"), "drop": _("Take the proposal back")}
    if found.agreed_at:
        badge = (_("Agreed"), "circle-check", "green")
    elif found.dropped_at:
        badge = (_("Taken back"), "undo-2", "")
    elif found.has_lapsed(at):
        badge = (_("Lapsed: nobody agreed in time"), "clock-alert", "")
    else:
        badge = (_("Waits for a second person"), "hourglass", "amber")
    return {
        "until": found.agree_by if found.is_open(at) else None,
        "rate": found,
        "percent": percent(found.bp),
        "badge": dict(zip(("word", "icon", "tone"), badge, strict=True)),
        "verbs": [(name, words[name]) for name in commission.actions_for(found, user, at)],
    }
