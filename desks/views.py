"""Pages that span rooms."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from desks.forms import SampleForm
from desks.promise import promise
from desks.samples import samples
from timeline import clock


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the mall does and promises, for everybody."""
    return render(request, "desks/home.html", promise(clock.now()))


@login_not_required
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every variant: for staff, and for everybody where nothing is at stake."""
    seen_by_staff = request.user.is_authenticated and request.user.is_mall_staff
    if not (settings.DEMO or settings.DEBUG or seen_by_staff):
        raise Http404
    wrong = SampleForm({"amount": "12.50", "region": "cn"}, prefix="wrong", auto_id="id_%s")
    forms = {"empty_form": SampleForm(), "wrong_form": wrong}
    return render(request, "desks/styleguide.html", samples(clock.now()) | forms)
