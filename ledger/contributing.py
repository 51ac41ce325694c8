"""Pages of money that the mall puts in: what was proposed, who booked it, and how a second person does."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from ledger import contributions
from ledger.accounts import balances
from ledger.forms import YuanField
from ledger.models import Contribution
from ledger.roles import SEEING_ACCOUNTS, require_role
from ledger.states import ContributionState
from ledger.templatetags.money import yuan
from ledger.views import PAGE
from timeline import clock, parts
from timeline.sweep import fire_overdue

#: So many of those that are decided.
DECIDED = 20

Purse = Contribution.Purse


class ContributionForm(forms.Form):
    """How much came in at the bank, for which pocket, by which document, and why."""

    purse = forms.ChoiceField(label=gettext_lazy("Into"), choices=Purse.choices, widget=forms.RadioSelect)
    amount = YuanField(label=gettext_lazy("Amount in yuan"), most=contributions.MOST)
    document = forms.CharField(
        label=gettext_lazy("Number of the bank's document"),
        min_length=contributions.SHORTEST_DOCUMENT,
        max_length=contributions.LONGEST_DOCUMENT,
        help_text=gettext_lazy("As it stands on the bank's receipt. A document is put in once for each pocket."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=contributions.SHORTEST_REASON,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the fund and the platform's own money hold, what waits for a second person, and what was put in."""
    require_role(request, SEEING_ACCOUNTS)
    return _index(request)


@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Somebody of finance says that money came in at the bank."""
    require_role(request, frozenset({Role.FINANCE}))
    form = ContributionForm(request.POST)
    if not form.is_valid():
        return _index(request, form, status=422)
    contributions.propose(by=request.user, at=clock.now(), **form.cleaned_data)
    messages.info(request, _("Proposed. A second person of finance must agree."))
    return redirect("ledger:contributions")


@require_POST
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """A second person books it, or somebody ends the proposal."""
    require_role(request, frozenset({Role.FINANCE}))
    found, at = get_object_or_404(Contribution, pk=pk), clock.now()
    if fire_overdue(found.root_address, at=at):
        found.refresh_from_db()
    if verb == "book":
        contributions.book(found, by=request.user, at=at)
        messages.success(request, _("Two people agreed: %(amount)s was put in.") % {"amount": yuan(found.amount)})
    elif verb == "decline":
        contributions.decline(found, by=request.user, at=at)
        messages.info(request, _("Nothing was put in."))
    else:
        raise Http404
    return redirect("ledger:contributions")


def _index(request: HttpRequest, form: ContributionForm | None = None, *, status: int = 200) -> HttpResponse:
    me = signed_in(request)
    is_finance = me.has_role(Role.FINANCE)  # once for all rows
    held = balances([f"platform:{purse}" for purse in Purse.values])
    waiting = Contribution.objects.filter(state=ContributionState.PROPOSED).select_related("proposed_by")
    part = parts.part(waiting, by="deadline_at", place=request.GET.get("after", ""), most=PAGE)
    decided = Contribution.objects.exclude(state=ContributionState.PROPOSED).select_related("proposed_by", "decided_by")
    before = parts.part(decided, by="-id", place=request.GET.get("decided", ""), most=DECIDED)
    context: dict[str, Any] = {
        "pockets": [
            {"name": label, "address": f"platform:{purse}", "amount": held[f"platform:{purse}"]}
            for purse, label in Purse.choices
        ],
        "rows": [
            {
                "contribution": each,
                "may_book": is_finance and each.may_be_booked_by(me),
                "may_decline": is_finance and each.is_open(),
            }
            for each in part.rows
        ],
        "part": part,
        "form": form or (ContributionForm(initial={"purse": Purse.FUND}) if is_finance else None),
        "decided": [{"contribution": each, "state": ContributionState(each.state).label} for each in before.rows],
        "decided_part": before,
    }
    return render(request, "ledger/contributions.html", context, status=status)
