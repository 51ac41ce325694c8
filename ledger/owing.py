"""Pages of debts: what a buyer owes, line by line, and how it is paid; finance's list, and how a debt is let go."""

import logging
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, User
from accounts.requests import signed_in
from ledger import accounts, debts, gateways, payments
from ledger.accounts import balances
from ledger.forms import YuanField
from ledger.models import Account, WriteOff
from ledger.roles import SEEING_ACCOUNTS, require_role
from ledger.states import WriteOffState
from ledger.templatetags.money import yuan
from ledger.views import PAGE, _to_the_channel, named
from timeline import clock, parts
from timeline.sweep import fire_overdue

#: So many of those that are decided.
DECIDED = 20

log = logging.getLogger(__name__)


class PayForm(forms.Form):
    """How much of it is paid from the balance."""

    amount = YuanField(label=gettext_lazy("Amount in yuan"))


class ProposeForm(forms.Form):
    """How much of a debt is let go, and why."""

    amount = YuanField(label=gettext_lazy("Amount in yuan"))
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=debts.SHORTEST_REASON,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@require_safe
def debt(request: HttpRequest) -> HttpResponse:
    """What the person owes, how it came about, and how it is paid."""
    return _debt(request)


@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    """Pay some or all of it from the balance."""
    form = PayForm(request.POST)
    if not form.is_valid():
        return _debt(request, form, status=422)
    user, amount = signed_in(request), form.cleaned_data["amount"]
    debts.pay(user, amount=amount, by=user, at=clock.now())
    messages.success(request, _("Paid: %(amount)s less is owed.") % {"amount": yuan(amount)})
    return redirect("ledger:debt")


@require_POST
def charge(request: HttpRequest) -> HttpResponse:
    """On to a channel's pay page for all of it; what comes in pays the debt first."""
    user, channels = signed_in(request), gateways.open_channels()
    if not channels:
        messages.error(request, str(payments.NO_CHANNEL))
        return redirect("ledger:debt")
    asked = payments.for_debt(user=user, channel=channels[0], at=clock.now())
    return _to_the_channel(request, asked)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Who owes the fund, how much, and what is proposed about it."""
    require_role(request, SEEING_ACCOUNTS)
    return _index(request)


@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody of finance proposes to let a debt go."""
    require_role(request, frozenset({Role.FINANCE}))
    owing = get_object_or_404(User, pk=pk)
    get_object_or_404(Account, address=f"{owing.address}:debt")
    form = ProposeForm(request.POST, auto_id=f"u{pk}_%s")
    if not form.is_valid():
        return _index(request, broken=(pk, form), status=422)
    debts.propose(owing, by=request.user, at=clock.now(), **form.cleaned_data)
    messages.info(request, _("Proposed. A second person of finance must agree."))
    return redirect("ledger:debts")


@require_POST
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """A second person agrees, or somebody ends the proposal."""
    require_role(request, frozenset({Role.FINANCE}))
    found, at = get_object_or_404(WriteOff.objects.select_related("user"), pk=pk), clock.now()
    if fire_overdue(found.root_address, at=at):
        found.refresh_from_db()
    if verb == "agree":
        let_go = debts.agree(found, by=request.user, at=at)
        messages.success(request, _("Two people agreed: %(amount)s is not owed any more.") % {"amount": yuan(let_go)})
    elif verb == "decline":
        debts.decline(found, by=request.user, at=at)
        messages.info(request, _("The debt stays as it is."))
    else:
        raise Http404
    return redirect("ledger:debts")


def _debt(request: HttpRequest, form: PayForm | None = None, *, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    address = f"{user.address}:debt"
    held = balances([f"{user.address}:wallet", address])
    there, owed = held[f"{user.address}:wallet"], -held[address]
    part = accounts.part(address, before=request.GET.get("before", ""), most=PAGE)
    things = named(line.transfer.subject for line in part.lines)
    at_once = min(there, owed)
    context = {
        "owed": owed,
        "balance": there,
        "form": form or (PayForm(initial={"amount": at_once}) if at_once else None),
        "is_open": bool(gateways.open_channels()),
        "lines": [{"line": line, "thing": things.get(line.transfer.subject)} for line in part.lines],
        "older": part.older,
        "is_first": part.is_first,
    }
    return render(request, "ledger/debt.html", context, status=status)


def _index(request: HttpRequest, *, broken: tuple[int, ProposeForm] | None = None, status: int = 200) -> HttpResponse:
    at, me = clock.now(), signed_in(request)
    is_finance = me.has_role(Role.FINANCE)  # once for all rows
    owing = Account.objects.filter(kind="debt", address__startswith="user:", balance__lt=0)
    part = parts.part(owing, by="balance", place=request.GET.get("after", ""), most=PAGE)
    by_address = {each.address: int(each.address.split(":")[1]) for each in part.rows}
    people = User.objects.in_bulk(list(by_address.values()))
    since = debts.since(list(by_address))
    proposed = {
        each.user_id: each
        for each in WriteOff.objects.filter(user__in=people, state=WriteOffState.PROPOSED)
        .select_related("proposed_by", "user")
        .order_by("pk")
    }
    rows = [
        {
            "user": people[pk],
            "owed": -each.balance,
            "address": each.address,
            "since": since.get(each.address),
            "proposal": proposed.get(pk),
            "may_agree": (found := proposed.get(pk)) is not None and is_finance and found.may_be_seconded_by(me),
            "may_decline": found is not None and is_finance and found.may_be_ended_by(me),
            "form": None
            if found is not None or not is_finance or me.pk == pk
            else broken[1]
            if broken and broken[0] == pk
            else ProposeForm(initial={"amount": -each.balance}, auto_id=f"u{pk}_%s"),
        }
        for each in part.rows
        if (pk := by_address[each.address]) in people
    ]
    decided = WriteOff.objects.exclude(state=WriteOffState.PROPOSED).select_related("user", "proposed_by", "decided_by")
    before = parts.part(decided, by="-id", place=request.GET.get("decided", ""), most=DECIDED)
    context: dict[str, Any] = {
        "rows": rows,
        "part": part,
        "decided": [{"writeoff": each, "state": WriteOffState(each.state).label} for each in before.rows],
        "decided_part": before,
        "at": at,
    }
    return render(request, "ledger/debts.html", context, status=status)
