"""The transparency center: for everybody, without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from reputation import figures as counts
from reputation import transparency as figures
from reputation.figures import FEWEST, FEWEST_OF_SHOP
from reputation.models import Measure
from reputation.progress import published, shop_gives
from reputation.published import by_group, of_shop
from reputation.thresholds import thresholds
from shops.models import Shop
from timeline import clock, parts

#: A shop's figures are those of so many days.
DAYS = 90
#: So many papers of shops are shown at a time.
LICENCES = 50


@login_not_required
@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """How the mall keeps its word, month by month."""
    told, limits = figures.told(clock.now()), thresholds().stops
    licences = parts.part(figures.licences(), by="shop_id", place=request.GET.get("licences", ""), most=LICENCES)
    context = {
        **told,
        "fund_levels": figures.fund_levels(told["at"]) | {"aim": told["fund_aim"] or None},
        "series": figures.series(told["months"]),
        "groups": by_group(told["lately"], told["year"]),
        "won": figures.won(told["lately"]),
        "outside": figures.outside(told["lately"]),
        "shortfalls": figures.shortfalls(told["shortfalls"]),
        "put_in": figures.put_in(told["put_in"]),
        "fund_sources": figures.fund_sources(told["year"]),
        "stops": {
            "claim_percent": limits.claim_bp // 100,
            "units": limits.units,
            "frauds": limits.frauds,
            "window": limits.window.days,
            "fraud_window": limits.fraud_window.days,
            "days": limits.days,
            "batch_percent": thresholds().batches.stop_above_bp // 100,
            "batch_hours": int(thresholds().batches.answer.total_seconds() // 3600),
        },
        "licences": licences.rows,
        "licences_part": licences,
        "reasons": figures.reasons(told["lately"]),
        "classes": figures.classes(told["lately"]),
        "sources": figures.sources(told["lately"]),
        "outcomes": figures.outcomes(told["lately"]),
        "levels": published(told["at"]),
        "gives": shop_gives(told["at"]),
        "shop_days": thresholds().shop_window.days,
        "version": thresholds().version,
        "steps": [(label, thresholds().steps[step]) for step, label in Measure.Step.choices],
    }
    return render(request, "reputation/transparency.html", context)


@login_not_required
@require_safe
def shop_figures(request: HttpRequest, slug: str) -> HttpResponse:
    """How one shop keeps its word; nothing while it has sold too little."""
    shop = get_object_or_404(Shop, slug=slug)
    since, until = counts.window(clock.now(), DAYS)
    found = counts.of(shop, since=since, until=until)
    context = {"shop": shop, "days": DAYS, "fewest": FEWEST, "least": FEWEST_OF_SHOP, "rows": of_shop(found)}
    return render(request, "reputation/shop_figures.html", context)
