"""One question to each side after a case: how was it handled?"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from refunds.models import Refund
from reputation import satisfaction
from reputation.forms import ScoreForm
from timeline import clock
from timeline.sweep import fire_overdue


@require_POST
def score(request: HttpRequest, number: str) -> HttpResponse:
    """One side of a case says how it was handled."""
    refund = get_object_or_404(Refund.objects.visible_to(request.user).select_related("order__shop"), number=number)
    fire_overdue(refund.root_address, at=clock.now())
    form = ScoreForm(request.POST)
    if form.is_valid():
        satisfaction.score(refund, score=form.cleaned_data["score"], by=request.user, at=clock.now())
        messages.success(request, _("Thank you. Only the mean of all answers is ever told."))
    else:
        messages.error(request, _("Choose 1 to 5."))
    return redirect(refund)
