"""What a level takes and gives: a buyer's page and a shop's, with progress, notices, history and measures."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reputation import alarms, figures, measures, shop_levels
from reputation import feedback as feedbacks
from reputation.forms import AppealForm
from reputation.models import Downgrade, Measure
from reputation.progress import percent, progress, shop_gives, shop_progress
from reputation.states import DowngradeState, MeasureState
from reputation.thresholds import thresholds
from rulebook import center, versions, words
from shops.models import Kind, Shop, keeping
from timeline import clock
from timeline.parts import part
from timeline.sweep import fire_overdue

#: So many lines of history are shown at a time.
MOST = 20


@require_safe
def level(request: HttpRequest) -> HttpResponse:
    """The buyer's level: what it takes, what it gives, what is missing, what was, and what counts against them."""
    user: Any = request.user
    at = clock.now()
    ruling = versions.in_force(at)
    history = part(user.level_changes.all(), by="-id", place=request.GET.get("history", ""), most=MOST)
    imposed = part(user.measures.all(), by="-id", place=request.GET.get("measures", ""), most=MOST)
    suspended = user.suspensions.live(at).order_by("-pk").first()
    context = {
        "at": at,
        "level": user.level,
        "version": thresholds().version,
        "rows": progress(user, at),
        "benefits": center.levels(ruling.book, ruling.clocks),
        "falls": Downgrade.objects.filter(user=user, state=DowngradeState.ANNOUNCED).first(),
        "history": history.rows,
        "history_part": history,
        "measures": [_measure(each, user, at) for each in imposed.rows],
        "measures_part": imposed,
        "steps": [(label, thresholds().steps[step]) for step, label in Measure.Step.choices],
        "form": AppealForm(),
        "offers": _offers(user),
        "suspended": suspended,
        "may_appeal_suspension": suspended is not None and suspended.may_be_appealed(at),
        "suspension_form": AppealForm(auto_id="suspension-%s"),
        "lifted": user.suspensions.lifted_on_appeal(at).order_by("-pk").first() if suspended is None else None,
    }
    return render(request, "reputation/level.html", context)


@require_POST
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Let another person look at a measure."""
    measure = get_object_or_404(Measure, pk=pk, user=request.user)
    fire_overdue(measure.root_address, at=clock.now())
    form = AppealForm(request.POST)
    if form.is_valid():
        measures.appeal(measure, words=form.cleaned_data["words"], by=request.user, at=clock.now())
        messages.success(request, _("Another person looks at it. If nobody answers in time, it is lifted."))
    else:
        messages.error(request, _("Say what was overlooked."))
    return redirect("reputation:level")


@require_safe
def standing(request: HttpRequest, slug: str) -> HttpResponse:
    """A shop's level and figures, for whoever works in it."""
    shop = get_object_or_404(Shop, keeping(request.user), slug=slug)
    at = clock.now()
    found = shop_levels.standings([shop], at=at)[shop.pk]
    since, until = figures.window(at, thresholds().shop_window.days)
    context = {
        "shop": shop,
        "at": at,
        "version": thresholds().version,
        "days": thresholds().shop_window.days,
        "rows": shop_progress(found, at),
        "gives": shop_gives(at),
        "figures": figures.of(shop, since=since, until=until),
        "falls": Downgrade.objects.filter(shop=shop, state=DowngradeState.ANNOUNCED).first(),
    }
    return render(request, "reputation/standing.html", context)


@require_safe
def feedback(request: HttpRequest, slug: str) -> HttpResponse:
    """What after-sale says about a shop's goods and suppliers, for whoever works in it."""
    shop = get_object_or_404(Shop, keeping(request.user), slug=slug)
    at = clock.now()
    listings = feedbacks.by_listing(shop, at=at)
    context = {
        "shop": shop,
        "days": feedbacks.BACK.days,
        "listings": [_row(row) for row in listings],
        "suppliers": [_row(row) for row in feedbacks.by_supplier(shop, at=at)],
        "effects": [_effect(each) for each in feedbacks.effects(shop, at=at)],
        "meant": [(_kind(kind), _kind(instead), count) for kind, instead, count in feedbacks.meant(shop, at=at)],
    }
    return render(request, "reputation/feedback.html", context)


def _measure(measure: Measure, user: Any, at: datetime) -> dict[str, Any]:
    return {
        "measure": measure,
        "state": MeasureState(measure.state).label,
        "is_in_force": measure.is_in_force(at),
        "actions": measure.actions_for(user, at),
    }


def _offers(user: Any) -> list[Any]:
    return alarms.offers_to(user)


def _row(row: feedbacks.Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "sold": row.sold,
        "claims": row.claims,
        "share": percent(row.claim_bp),
        "reasons": [(words.reason(reason), count) for reason, count in row.reasons.most_common(3)],
        "suggestions": [(words.reason(reason), text) for reason, text in row.suggestions()],
        "notices": row.notices(),
        "promise": row.promise(),
        "listing": row.listing,
    }


def _effect(effect: feedbacks.Effect) -> dict[str, Any]:
    return {
        "listing": effect.listing,
        "changed": ", ".join(str(feedbacks.FIELDS.get(name, name)) for name in effect.changed),
        "at": effect.at,
        "is_running": effect.is_running,
        "before": percent(effect.before_bp),
        "after": percent(effect.after_bp),
    }


def _kind(kind: str) -> str:
    return str(Kind(kind).label)
