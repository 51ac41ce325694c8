"""Pages of finance's desk: the payout brake, and any account line by line."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from ledger import accounts, brake, hooks
from ledger.forms import AddressForm, ReasonForm
from ledger.models import Account, AccountKind, BooksCheck, Brake, Posting
from ledger.roles import SEEING_ACCOUNTS, SEEING_BRAKE, require_role
from ledger.views import PAGE, Named, named
from timeline import clock, parts
from timeline.models import Event

#: What happened to the brake, in words; with its icon.
HAPPENINGS = {
    "brake.raised": (gettext_lazy("The payout brake was raised."), "octagon-alert"),
    "brake.raised_again": (gettext_lazy("It was raised again while it was on."), "octagon-alert"),
    "brake.signed": (gettext_lazy("A first person of finance signed its release."), "user-check"),
    "brake.released": (gettext_lazy("A second person of finance released it."), "circle-check"),
}
#: How many earlier brakes are told of.
EARLIER = 10
#: So many days the level of an account is drawn for.
DAYS = 30


@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """The payout brake: whether it is on, why, since when, who can do what, and everything that happened to it."""
    require_role(request, SEEING_BRAKE)
    return _state(request, ReasonForm())


@require_POST
def raise_brake(request: HttpRequest) -> HttpResponse:
    """One person stops what leaves the house."""
    require_role(request, SEEING_BRAKE)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _state(request, form, status=422)
    brake.raise_brake(why=form.cleaned_data["reason"], by=request.user, at=clock.now())
    messages.warning(request, _("The payout brake is on. Two people of finance can release it."))
    return redirect("ledger:brake")


@require_POST
def sign_release(request: HttpRequest) -> HttpResponse:
    """A first person of finance signs, a second one releases."""
    require_role(request, SEEING_BRAKE)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _state(request, form, status=422)
    found = get_object_or_404(Brake, pk=_last_brake())
    if brake.sign_release(found, reason=form.cleaned_data["reason"], by=request.user, at=clock.now()):
        messages.success(request, _("Two people agreed: the payout brake is off, payouts run again."))
    else:
        messages.info(request, _("Signed. A second person of finance must release the payout brake."))
    return redirect("ledger:brake")


@require_safe
def all_accounts(request: HttpRequest) -> HttpResponse:
    """The mall's own accounts and channels with what they hold, who owes the fund, and a way to any other account."""
    require_role(request, SEEING_ACCOUNTS)
    form = AddressForm(request.GET if "address" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect("ledger:account", address=form.cleaned_data["address"])
    found = Account.objects.select_related("kind").order_by("address")
    kinds = AccountKind.objects.filter(pattern__regex=r"^\^(platform|channel):")
    own, debts = list(found.filter(kind__in=kinds)), found.filter(kind="debt", balance__lt=0)
    owing = parts.part(debts, by="address", place=request.GET.get("after", ""), most=PAGE)
    context = {"form": form, "accounts": [*(own if owing.is_first else []), *owing.rows], "part": owing}
    return render(request, "ledger/accounts.html", context, status=422 if form.errors else 200)


@require_safe
def account(request: HttpRequest, address: str) -> HttpResponse:
    """One account, line by line, newest first."""
    require_role(request, SEEING_ACCOUNTS)
    found = get_object_or_404(Account.objects.select_related("kind"), address=address)
    if asking := hooks.asked_first(address, request.user, at=clock.now(), back=request.get_full_path()):
        return redirect(asking)
    part = accounts.part(address, before=request.GET.get("before", ""), most=PAGE)
    things, others = _found_by(request, part.lines), _others(part.lines)
    context = {
        "account": found,
        "lines": [
            {"line": line, "thing": things.get(line.transfer.subject), "other": others[line.transfer_id]}
            for line in part.lines
        ],
        "older": part.older,
        "is_first": part.is_first,
        "levels": _levels(found),
    }
    return render(request, "ledger/account.html", context)


def _found_by(request: HttpRequest, lines: Iterable[Posting]) -> dict[str, Named]:
    """What each line was for, with its page where there is one for the reader: finance hears no cases, and the pages of
    payments, payouts and withdrawals are those of whoever they belong to."""
    open_to = {"deposit", "contribution"}
    if signed_in(request).has_role(Role.AUDITOR):
        open_to |= {"order", "refund", "alarm"}
    things = named(line.transfer.subject for line in lines)
    return {
        address: thing if address.partition(":")[0] in open_to else replace(thing, url="")
        for address, thing in things.items()
    }


def _state(request: HttpRequest, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    on = brake.current()
    checks = {scope: _last_check(scope) for scope in BooksCheck.Scope.values}
    context = {
        "brake": on,
        "broken": [{"rule": rule, "offenders": offenders} for rule, offenders in sorted(on.broken.items())]
        if on
        else [],
        "is_clean": on is not None and brake.are_books_clean_since(on),
        "whole": checks[BooksCheck.Scope.WHOLE],
        "recent": checks[BooksCheck.Scope.RECENT],
        "actions": brake.actions_for(on, request.user),
        "form": form,
        "happenings": _happenings(),
        "at": clock.now(),
    }
    return render(request, "ledger/brake.html", context, status=status)


def _happenings() -> list[dict[str, Any]]:
    """Everything that happened to this brake and the ones before it, newest first."""
    brakes = [f"brake:{pk}" for pk in Brake.objects.order_by("-pk").values_list("pk", flat=True)[:EARLIER]]
    found = Event.objects.filter(root__in=brakes, name__in=HAPPENINGS).select_related("by").order_by("-pk")[:PAGE]
    return [
        {
            "who": event.by or _("The books"),
            "what": HAPPENINGS[event.name][0],
            "at": event.at,
            "icon": HAPPENINGS[event.name][1],
            "tone": "",
            "grade": "",
            "note": event.data.get("why") or event.data.get("reason", ""),
        }
        for event in found
    ]


def _levels(account: Account) -> dict[str, Any]:
    """What the account held at the end of each of the last days, in fen; none of one that may be below zero."""
    if account.lowest is None or account.lowest < 0:
        return {"names": [], "series": []}
    days, held = accounts.by_day([account.address], days=DAYS, at=clock.now())
    return {
        "names": [f"{day:%m-%d}" for day in days],
        "series": [(account.address, held[account.address])],
    }


def _others(lines: Iterable[Posting]) -> dict[int, str]:
    """The other account of each line, by its transfer; one query."""
    transfers = [line.transfer_id for line in lines]
    own = {line.account_id for line in lines}
    found = Posting.objects.filter(transfer__in=transfers).exclude(account__in=own).select_related("account")
    return {each.transfer_id: each.account.address for each in found.order_by("pk")}


def _last_check(scope: str) -> BooksCheck | None:
    return BooksCheck.objects.filter(scope=scope).order_by("-pk").first()


def _last_brake() -> int | None:
    return Brake.objects.order_by("-pk").values_list("pk", flat=True).first()
