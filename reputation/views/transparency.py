"""The transparency center: for everybody, without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reputation import transparency as figures
from reputation.models import Measure
from reputation.progress import published
from reputation.thresholds import thresholds
from timeline import clock


@login_not_required
@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """How the mall keeps its word, month by month."""
    told = figures.told(clock.now())
    context = {
        **told,
        "fund_levels": figures.fund_levels(told["at"]) | {"aim": told["fund_aim"] or None},
        "series": figures.series(told["months"]),
        "rows": figures.rows(told["lately"]),
        "reasons": figures.reasons(told["lately"]),
        "classes": figures.classes(told["lately"]),
        "sources": figures.sources(told["lately"]),
        "outcomes": figures.outcomes(told["lately"]),
        "levels": published(told["at"]),
        "shop_days": thresholds().shop_window.days,
        "version": thresholds().version,
        "steps": [(label, thresholds().steps[step]) for step, label in Measure.Step.choices],
    }
    return render(request, "reputation/transparency.html", context)
