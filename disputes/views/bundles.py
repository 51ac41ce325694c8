"""The evidence bundle on pages: ask for a copy, wait for it, fetch it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from disputes import bundles
from disputes.models import Bundle, Dispute
from disputes.views.cases import up_to_date
from timeline import clock, parts

PAGE = 20
#: What each copy is for.
FOR_WHOM = {
    Bundle.View.BUYER: gettext_lazy("Your own copy, with a complaint text for 12315."),
    Bundle.View.SHOP: gettext_lazy("Your own copy; the buyer's person is masked."),
    Bundle.View.REGULATOR: gettext_lazy("For 12315 or another authority; contacts are masked in part."),
    Bundle.View.COURT: gettext_lazy("For a court: who people are stands in it."),
}


@require_safe
def index(request: HttpRequest, number: str) -> HttpResponse:
    """The copies of a case's file that the person can ask for, and those that they asked for before."""
    dispute = _case(request, number)
    views = bundles.views_for(dispute, request.user, at=clock.now())
    asked = bundles.visible_to(request.user).filter(dispute=dispute)
    part = parts.part(asked, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context: dict[str, Any] = {
        "dispute": dispute,
        "views": [
            {"view": view, "label": Bundle.View(view).label, "text": FOR_WHOM[Bundle.View(view)]} for view in views
        ],
        "asked": part.rows,
        "part": part,
    }
    return render(request, "disputes/bundles.html", context)


@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for a copy; a worker makes it."""
    dispute = up_to_date(request, _case(request, number))
    bundle = bundles.ask(dispute, view=request.POST.get("view", ""), by=request.user, at=clock.now())
    messages.success(request, _("The file is being put together. This page shows when it is ready."))
    return redirect(bundle)


@require_safe
def bundle(request: HttpRequest, number: str) -> HttpResponse:
    """How far a bundle is; it asks again by itself until it is ready."""
    found = get_object_or_404(bundles.visible_to(request.user), number=number)
    answer = render(request, "disputes/bundle.html", {"bundle": found, "dispute": found.dispute})
    if found.built_at is None and not found.is_given_up:
        answer.headers["Refresh"] = "3"
    return answer


@require_safe
def fetch(request: HttpRequest, number: str) -> HttpResponse:
    """The ZIP, read against its hash each time."""
    found = get_object_or_404(bundles.visible_to(request.user).exclude(built_at=None), number=number)
    try:
        content = bundles.content(found)
    except bundles.BundleBroken:
        if hasattr(found.dispute.refund.order, "away"):
            raise Http404 from None  # the sale was put away, and its bundles with it
        raise
    answer = HttpResponse(content, content_type="application/zip")
    name = f"CASE-{found.dispute.number}-{found.view}.zip"
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _case(request: HttpRequest, number: str) -> Dispute:
    """The case, for its sides and for staff who opened its file."""
    seen = Dispute.objects.visible_to(request.user, signed_in(request).roles).with_parties()
    dispute = get_object_or_404(seen, number=number)
    if not bundles.views_for(dispute, request.user, at=clock.now()):
        raise Http404
    return dispute
