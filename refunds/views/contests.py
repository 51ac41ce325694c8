"""Pages of an instant payment that its shop contests: its own page, and the list for the staff who decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders.attachments import attach
from orders.parties import Side, side_of
from orders.uploads import too_large
from refunds import contests, hooks
from refunds.forms import ContestDecisionForm, ContestForm
from refunds.models import Contest, Refund
from refunds.states import ContestState
from refunds.views import cases
from timeline import clock, parts

PAGE = 50
#: What stands beside the state of a contest: icon and tone.
SIGNS: dict[str, tuple[str, str]] = {
    ContestState.FILED: ("clock", "amber"),
    ContestState.LATE: ("clock-alert", "vermilion"),
    ContestState.UPHELD: ("circle-check", ""),
    ContestState.OVERTURNED: ("undo-2", "green"),
    ContestState.WITHDRAWN: ("circle-x", ""),
}


@require_safe
def contest_list(request: HttpRequest) -> HttpResponse:
    """Contested payments for the staff: what waits, the most urgent first, then what is over."""
    if not contests.may_see_all(request.user):
        raise Http404
    waiting = parts.part(contests.waiting(), by="deadline_at", place=request.GET.get("after", ""), most=PAGE)
    over = parts.part(contests.decided(), by="-closed_at", place=request.GET.get("over", ""), most=PAGE)
    context = {
        "waiting": [{"contest": each, "badge": _badge(each)} for each in waiting.rows],
        "waiting_part": waiting,
        "over": [{"contest": each, "badge": _badge(each)} for each in over.rows],
        "over_part": over,
        "at": clock.now(),
    }
    return render(request, "refunds/contests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: HttpRequest, number: str) -> HttpResponse:
    """The contest of a case's payment; for its shop, as long as there is none and there may be one, the way to it."""
    is_sent = request.method == "POST"
    refund, at = cases.before_a_verb(request, number) if is_sent else (cases.visible(request, number), clock.now())
    is_shop = refund.is_of_shop(request.user)
    found = contests.of(refund)
    if (is_sent or found is None) and not is_shop:
        raise Http404
    if not is_sent:
        if found is None and not refund.may_be_contested(at):
            return redirect(refund)
        return _page(request, refund, found, at, form=ContestForm())
    form = ContestForm(request.POST, request.FILES, is_too_large=too_large(request))
    if form.is_valid() and _filed(refund, form, by=request.user, at=at):
        messages.success(request, _("You contested the payment. Somebody of the platform decides and tells you why."))
        return redirect("refunds:contest", number=refund.number)
    return _page(request, refund, found, at, form=form, status=422)


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """The shop takes its contest back."""
    found, at = _found(request, number)
    contests.withdraw(found, by=request.user, at=at)
    messages.success(request, _("You took it back. The payment stays."))
    return redirect(found)


@require_POST
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody of the staff decides: the payment was right, or it was not owed."""
    found, at = _found(request, number)
    answer = request.POST.get("answer", "")
    if not contests.is_staff_of(found.refund, request.user) or answer not in {"uphold", "overturn"}:
        raise Http404
    form = ContestDecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found.refund, found, at, decision_form=form, status=422)
    told = form.cleaned_data
    if answer == "uphold":
        contests.uphold(found, finding=told["finding"], by=request.user, at=at)
    else:
        contests.overturn(found, by=request.user, at=at, **told)
    messages.success(request, _("Decided. The shop and the buyer can read why."))
    return redirect(found)


def _badge(found: Contest) -> dict[str, str]:
    icon, tone = SIGNS[found.state]
    return {"word": found.sign, "icon": icon, "tone": tone}


def _filed(refund: Refund, form: ContestForm, *, by: Any, at: datetime) -> bool:
    """Whether it was filed; else the form says what is wrong with the file."""
    told = dict(form.cleaned_data)
    try:
        given = attach(refund.order, told.pop("file"), by=by, at=at)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    contests.file(refund, attachments=[given], by=by, at=at, **told)
    return True


def _page(
    request: HttpRequest, refund: Refund, found: Contest | None, at: datetime, *, status: int = 200, **forms: Any
) -> HttpResponse:
    actions = contests.actions_for(found, request.user, at) if found else []
    told: Mapping[str, Any] = {"form": None, "decision_form": ContestDecisionForm(), **forms}
    context = {
        **told,
        "refund": refund,
        "contest": found,
        "badge": _badge(found) if found else None,
        "at": at,
        "side": (side_of(refund.order, request.user) or Side.PLATFORM).value,
        "lost": found.lost if found else contests.lost_in(refund),
        "later": hooks.on_shop(refund) if refund.order.ran_dry and not (found and found.recourse) else 0,
        "until": found.deadline_at if found else refund.contest_until(),
        "files": cases.files_of(refund, found.attachments.order_by("pk")) if found else [],
        "shows_claim": bool(found and found.recourse_text and contests.may_read_claim(found, request.user)),
        "can_withdraw": "withdraw" in actions,
        "can_decide": "overturn" in actions,
    }
    return render(request, "refunds/contest.html", context, status=status)


def _found(request: HttpRequest, number: str) -> tuple[Contest, datetime]:
    """The contest with what was overdue on its order done first, and what time it is."""
    refund, at = cases.before_a_verb(request, number)
    found = contests.of(refund)
    if found is None:
        raise Http404
    return found, at
