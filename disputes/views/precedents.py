"""Precedents on pages: the staff's list, everybody's digest, and second looks that are taken blind."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import signed_in
from disputes import precedents
from disputes.forms import PARTY_WORDS, PercentField
from disputes.models import PARTIES, Dispute, Precedent, SecondLook
from disputes.views import words
from disputes.views.cases import up_to_date
from orders.states import Delivery
from refunds import words as cases
from rulebook.explanations import percent
from rulebook.words import REASONS
from shops.models import Kind
from timeline import clock
from timeline.parts import part

PAGE = 50


class SearchForm(forms.Form):
    """What a precedent is looked for by."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        required=False,
        choices=[("", gettext_lazy("All")), *((code, about.title) for code, about in REASONS.items())],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of goods"), required=False, choices=[("", gettext_lazy("All")), *Kind.choices]
    )
    rule = forms.CharField(label=gettext_lazy("Rule"), required=False, max_length=40)
    number = forms.CharField(label=gettext_lazy("Number of the ruling or the case"), required=False, max_length=20)


class LookForm(forms.Form):
    """What somebody would decide who does not know how it was decided."""

    returned_bp = PercentField(label=gettext_lazy("What should go back of what was paid, in percent"), required=False)
    note = forms.CharField(
        label=gettext_lazy("Why, in a few words"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_returned_bp(self) -> int:
        """At most all of it."""
        given: int = self.cleaned_data["returned_bp"]
        if given > precedents.WHOLE:
            raise forms.ValidationError(_("From nothing to all of what was paid."), code="bad_amount")
        return given


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every ruling by its features and outcome, searchable; how far the team agrees with itself."""
    _require_staff(request)
    form = SearchForm(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = part(precedents.searched(**asked), by="-at", place=request.GET.get("before", ""), most=PAGE)
    looks = SecondLook.objects.filter(user=request.user.pk, decided_at=None)
    mine = part(looks, by="asked_at", place=request.GET.get("mine", ""), most=PAGE)
    context: dict[str, Any] = {
        "form": form,
        "part": found,
        "rows": readable(_rows(found.rows), request.user),
        "agreement": _agreement(),
        "mine": mine.rows,
        "mine_part": mine,
        "query": urlencode({name: value for name, value in asked.items() if value}),
    }
    return render(request, "disputes/precedents.html", context)


@login_not_required
@require_safe
def digest(request: HttpRequest) -> HttpResponse:
    """How like cases were decided, for everybody: no names, no numbers of cases, no day, no words of anybody.

    Its parts begin at a number and not at a time: the address of the next one would tell the moment of a ruling.
    """
    found = part(precedents.digest(at=clock.now()), by="-id", place=request.GET.get("before", ""), most=PAGE)
    return render(request, "disputes/digest.html", {"part": found, "rows": _rows(found.rows)})


@require_http_methods(["GET", "HEAD", "POST"])
def second_look(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of a case as it was, without its ruling; a POST says what one would decide."""
    found = get_object_or_404(
        SecondLook.objects.select_related("ruling__dispute__refund__order"), pk=pk, user=request.user
    )
    dispute = up_to_date(request, found.ruling.dispute)
    form = LookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        bp, at = told["returned_bp"], clock.now()
        precedents.look_again(found, returned_bp=bp, note_text=told["note"], by=request.user, at=at)
        messages.success(request, _("Thank you. It counts for the team's agreement; nothing follows for the case."))
        return redirect("disputes:precedents")
    file = [piece for piece in words.evidence(dispute) if piece.at <= found.ruling.at]
    context = {
        "look": found,
        "refund": dispute.refund,
        "order": dispute.refund.order,
        "reason": cases.reason(dispute.refund.reason),
        "file": words.shown(dispute, file),
        "form": form,
    }
    return render(request, "disputes/second_look.html", context, status=422 if form.errors else 200)


def beside(dispute: Dispute, items: Any, *, user: Any) -> dict[str, Any]:
    """The nearest five with their range, for the workbench (`disputes/precedents_near.html`)."""
    found = precedents.near(precedents.features_of(dispute, items), besides=dispute)
    return {
        "rows": readable([shown(each) for each in found.cases], user),
        "has_range": found.low is not None,
        "low": percent(found.low or 0),
        "high": percent(found.high or 0),
    }


def readable(rows: list[dict[str, Any]], user: Any) -> list[dict[str, Any]]:
    """The same rows, each with whether `user` may read the whole ruling: of whoever sees the case."""
    ids = [row["precedent"].ruling.dispute_id for row in rows]
    seen = Dispute.objects.filter(pk__in=ids).visible_to(user, user.roles)
    mine = set(seen.order_by().values_list("pk", flat=True)) if ids else set()
    return [{**row, "is_readable": row["precedent"].ruling.dispute_id in mine} for row in rows]


def _rows(found: Sequence[Precedent]) -> list[dict[str, Any]]:
    """Precedents as they are read, each that a panel changed with what stands in its place."""
    newer = precedents.instead(found)
    return [shown(each, newer.get(each.pk)) for each in found]


def shown(found: Precedent, newer: Precedent | None = None) -> dict[str, Any]:
    """A precedent as it is read; whether names of it may be shown is the template's business.

    `newer` is what stands in the place of one that a panel changed.
    """
    return {
        "precedent": found,
        "is_changed": found.ruling.is_superseded,
        "newer": newer and {"number": newer.ruling.seal.number, "returned": percent(newer.returned_bp)},
        "number": seal.number if (seal := getattr(found.ruling, "seal", None)) else "",
        "reason": cases.reason(found.reason),
        "kind": Kind(found.kind).label,
        "deliveries": [Delivery(each).label for each in found.deliveries],
        "returned": percent(found.returned_bp),
        "shares": [
            {"name": PARTY_WORDS[party], "share": percent(found.shares[party])}
            for party in PARTIES
            if found.shares.get(party)
        ],
        "band": _band(found.paid),
    }


def _band(paid: int) -> str:
    """How much was at stake, so roughly that nobody is known by it."""
    for limit, word in ((5_000, "≤ ¥50"), (20_000, "¥50–200"), (100_000, "¥200–1,000")):
        if paid <= limit:
            return word
    return "> ¥1,000"


def _agreement() -> dict[str, Any]:
    found = precedents.agreement()
    kappa = None if found.kappa_bp is None else f"{found.kappa_bp / 10_000:.2f}"
    return {"looks": found.looks, "share": percent(found.agreed_bp), "kappa": kappa}


def _require_staff(request: HttpRequest) -> None:
    """For whoever is not staff there is no such page."""
    if not signed_in(request).roles:
        raise Http404
