"""What a shop has to answer: the case with the least time first, what our records say, and what a yes costs."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from refunds import lifecycle, words
from refunds.models import Refund
from shops.models import Shop
from timeline import clock
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

PAGE = 50

#: What our own records say of a claim: words, icon and tone.
VERDICTS: dict[str, tuple[Promise, str, str]] = {
    "buyer": (gettext_lazy("Our records support the buyer"), "shield-check", "brand"),
    "shop": (gettext_lazy("Our records speak against it"), "shield-alert", "amber"),
    "open": (gettext_lazy("Our records cannot tell"), "circle-question-mark", ""),
}


@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """The cases a shop has to answer, 50 a page by time left."""
    shop, at = _own_shop(request, slug), clock.now()
    waiting = Refund.objects.waiting_for(shop).select_related("order__snapshot__listing", "buyer")
    page = request.GET.get("page", "1")
    number = max(1, int(page[:6])) if page.isdecimal() else 1
    found = list(waiting[(number - 1) * PAGE : number * PAGE + 1])
    rows = [_row(refund, at) for refund in found[:PAGE]]
    context = {
        "shop": shop,
        "rows": rows,
        "proven": sum(row["is_proven"] for row in rows),
        "page": number,
        "has_more": len(found) > PAGE,
        "at": at,
    }
    return render(request, "refunds/queue.html", context)


@require_POST
def accept(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop accepts several cases at once, of those that our records prove; each in a transaction of its own."""
    shop, at = _own_shop(request, slug), clock.now()
    numbers = request.POST.getlist("number")[:PAGE]
    accepted, left = 0, []
    for refund in Refund.objects.waiting_for(shop).filter(number__in=numbers).select_related("order__shop"):
        fire_overdue(refund.root_address, at=at)
        try:
            if refund.is_proven():
                lifecycle.accept(refund, by=request.user, at=at)
                accepted += 1
            else:
                left.append(refund.number)
        except Refused:
            left.append(refund.number)
    if accepted:
        said = ngettext("%(count)s case accepted.", "%(count)s cases accepted.", accepted)
        messages.success(request, said % {"count": accepted})
    else:
        messages.warning(request, _("No case was accepted: choose cases that our records prove."))
    if left:
        messages.warning(request, _("Not accepted: %(numbers)s. Look at each.") % {"numbers": ", ".join(left)})
    return redirect("refunds:queue", slug=slug)


def verdict(refund: Refund) -> str:
    """What our own records say of a claim: for the buyer, for the shop, or nothing."""
    if refund.is_contradicted:
        return "shop"
    return "buyer" if refund.is_proven() else "open"


def _row(refund: Refund, at: Any) -> dict[str, Any]:
    word, icon, tone = VERDICTS[verdict(refund)]
    whole = (refund.deadline_at - refund.entered_at).total_seconds() if refund.deadline_at else 1
    left = (refund.deadline_at - at).total_seconds() if refund.deadline_at else 0
    return {
        "refund": refund,
        "title": refund.order.snapshot.listing.title,
        "reason": words.reason(refund.reason),
        "cost": refund.asked + refund.compensation,
        "kept": refund.fee,
        "is_proven": refund.is_proven(),
        "verdict": {"word": word, "icon": icon, "tone": tone},
        "left": max(0, min(100, round(100 * left / whole))),
        "is_late": left * 5 < whole,
        "then": words.then(refund),
    }


def _own_shop(request: HttpRequest, slug: str) -> Shop:
    return get_object_or_404(Shop, slug=slug, owner=request.user)
