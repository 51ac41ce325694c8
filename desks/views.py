"""Pages that span rooms."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import SignedInRequest
from desks import clocks, house
from desks.forms import SampleForm, SharesForm
from desks.promise import promise
from desks.samples import samples
from desks.templatetags.staff_places import HOUSE_KEEPERS
from timeline import clock


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the mall does and promises, for everybody."""
    return render(request, "desks/home.html", promise(clock.now()))


@require_safe
def house_in_order(request: SignedInRequest) -> HttpResponse:
    """The stuck-case monitor: everything that is not in order, with the page where somebody sees to it."""
    if not request.user.roles & HOUSE_KEEPERS:
        raise Http404
    at = clock.now()
    found = house.look(at)
    named = [each for findings in found.values() for each in findings[: house.NAMED]]
    pages = house.pages_of(each.subject for each in named if not each.url)
    checks = [
        {
            "name": name,
            "words": words,
            "count": len(found[name]),
            "rows": [
                {"finding": each, "url": each.url or pages.get(each.subject, "")} for each in found[name][: house.NAMED]
            ],
            "more": max(0, len(found[name]) - house.NAMED),
        }
        for name, (words, _ask) in house.QUESTIONS.items()
    ]
    number = sum(len(findings) for findings in found.values())
    context = {"checks": checks, "found": number, "at": at, "clocks": clocks.at_risk(at)}
    return render(request, "desks/house.html", context)


@login_not_required
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every variant: for staff, and for everybody where nothing is at stake."""
    seen_by_staff = request.user.is_authenticated and request.user.is_mall_staff
    if not (settings.DEMO or settings.DEBUG or seen_by_staff):
        raise Http404
    wrong = SampleForm({"amount": "12.50", "region": "cn"}, prefix="wrong", auto_id="id_%s")
    forms = {"empty_form": SampleForm(), "wrong_form": wrong, "shares": list(SharesForm(prefix="shares"))}
    return render(request, "desks/styleguide.html", samples(clock.now()) | forms)
