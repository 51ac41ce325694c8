"""Listings that people of risk look over: those that wait for it first, then those that went on sale unread."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from rulebook.terms import sentence
from shops import listings as verbs
from shops import pledges, terms
from shops.models import Kind, Listing
from shops.standing_forms import ReasonForm
from shops.states import ListingState
from shops.views.applications import require_staff
from timeline import clock, parts
from timeline.sweep import fire_overdue

PAGE = 20


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for a person, the one with the least time first; and what is on sale and nobody has read."""
    require_staff(request, Role.RISK)
    whole = Listing.objects.select_related("shop")
    waits = whole.filter(state=ListingState.WAITING)
    waiting = parts.part(waits, by="deadline_at", place=request.GET.get("waiting", ""), most=PAGE)
    sold = whole.filter(state=ListingState.ON_SALE, checked_at=None)
    unread = parts.part(sold, by="id", place=request.GET.get("unread", ""), most=PAGE)
    groups = [
        {"name": name, "title": title, "part": part, "rows": [_row(each) for each in part.rows]}
        for name, title, part in (
            ("waiting", _("Waits for you before anybody can buy it"), waiting),
            ("unread", _("On sale, read by nobody yet"), unread),
        )
    ]
    context = {
        "at": clock.now(),
        "groups": groups,
        "is_empty": not any(each.rows or not each.is_first for each in (waiting, unread)),
        "form": ReasonForm(auto_id=False),
    }
    return render(request, "shops/moderation.html", context)


@require_POST
def judge(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Nothing found, or taken down with a reason."""
    require_staff(request, Role.RISK)
    found, at = get_object_or_404(Listing.objects.select_related("shop"), pk=pk), clock.now()
    fire_overdue(found.root_address, at=at)
    if verb == "pass":
        verbs.look_over(found, by=request.user, at=at)
        messages.success(request, _("Kept. Nothing was found in it."))
    elif verb == "take_down":
        form = ReasonForm(request.POST)
        if form.is_valid():
            verbs.take_down(found, reason=form.cleaned_data["reason"], by=request.user, at=at)
            messages.success(request, _("Done. The shop reads why."))
        else:
            messages.error(request, _("Say why."))
    else:
        raise Http404
    return redirect("shops:moderation")


def _row(listing: Listing) -> dict[str, object]:
    return {
        "listing": listing,
        "kind": Kind(listing.kind).label,
        "promises": list(pledges.told(listing.kind, listing.promises)),
        "doubts": [sentence(each) for each in terms.doubts(listing)],
    }
