"""Pages of rule staff: write a version, see what it changes, try it on past cases, propose it, sign it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from rulebook import actions, differences, files, lifecycle, replays, versions
from rulebook.book import InvalidRulebook
from rulebook.models import RulebookVersion
from rulebook.words import OUTCOMES, PARTIES
from timeline import clock, parts

PAGE = 50
#: The largest file somebody may send in, in bytes.
LARGEST = 1_000_000


class DraftForm(forms.Form):
    """A rulebook as text or as a file, and what it is for."""

    file = forms.FileField(label=gettext_lazy("File"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Or its text"),
        required=False,
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=gettext_lazy("JSON shaped like the version in force. Without clocks it takes over those in force."),
    )
    purpose = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=500,
        help_text=gettext_lazy("Everybody reads this when it is announced."),
    )

    def clean(self) -> dict[str, Any]:
        """Exactly one of file and text, and every fault of it beside its place."""
        told = super().clean() or {}
        upload = told.get("file")
        if upload and upload.size > LARGEST:
            raise forms.ValidationError(_("This file is too large."))
        text = upload.read().decode("utf-8-sig", "replace") if upload else told.get("text", "")
        if not text.strip():
            raise forms.ValidationError(_("Choose a file, or paste its text."))
        try:
            told["data"] = files.rules_from(text, called=upload.name if upload else _("The text"))
        except files.Unusable as error:
            raise forms.ValidationError(list(error.faults)) from error
        return told


class ProposeForm(forms.Form):
    """When a version shall rule, and how far it reaches."""

    effective_at = forms.DateTimeField(
        label=gettext_lazy("Comes into force"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Empty: the first day that the notice allows."),
    )
    is_major = forms.BooleanField(label=gettext_lazy("It touches many: 15 days of notice"), required=False)
    is_retroactive = forms.BooleanField(
        label=gettext_lazy("It also reaches earlier orders, where it is better for the buyer"), required=False
    )


class WhyForm(forms.Form):
    """Why something is done."""

    why = forms.CharField(label=gettext_lazy("Why"), max_length=500)


@require_safe
def versions_of_staff(request: HttpRequest) -> HttpResponse:
    """Every version, drafts first, and the form for a new one."""
    _require_staff(request)
    return _list(request, DraftForm())


@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """A new draft, or every place that is wrong with it."""
    _require_staff(request)
    form = DraftForm(request.POST, request.FILES)
    if form.is_valid():
        told = form.cleaned_data
        try:
            made = lifecycle.draft(told["data"], purpose=told["purpose"], by=request.user, at=clock.now())
        except InvalidRulebook as error:
            form.add_error(None, str(error))
        else:
            return redirect("rulebook:staff_version", pk=made.pk)
    return _list(request, form, status=422)


@require_safe
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: its terms, what it changes against the one in force, its replays, and what can be done now."""
    return _page(request, _named(request, pk), {})


@require_POST
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """What a draft says is replaced."""
    found = _named(request, pk)
    form = DraftForm(request.POST, request.FILES)
    if form.is_valid():
        told = form.cleaned_data
        try:
            lifecycle.revise(found, told["data"], purpose=told["purpose"], by=request.user, at=clock.now())
        except InvalidRulebook as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The draft was changed."))
            return redirect("rulebook:staff_version", pk=pk)
    return _page(request, found, {"revise": form})


@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft waits for the second signature."""
    found = _named(request, pk)
    form = ProposeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, {"propose": form})
    told = form.cleaned_data
    lifecycle.propose(found, **told, by=request.user, at=clock.now())
    messages.success(request, _("Somebody else can sign it now."))
    return redirect("rulebook:staff_version", pk=pk)


@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """It is a draft again."""
    found = _named(request, pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, {"send_back": form})
    lifecycle.send_back(found, why=form.cleaned_data["why"], by=request.user, at=clock.now())
    messages.success(request, _("It is a draft again."))
    return redirect("rulebook:staff_version", pk=pk)


@require_POST
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """The version is announced."""
    lifecycle.sign(_named(request, pk), by=request.user, at=clock.now())
    messages.success(request, _("The version is announced. It can no longer be changed."))
    return redirect("rulebook:staff_version", pk=pk)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The version is taken back."""
    found = _named(request, pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, {"withdraw": form})
    lifecycle.withdraw(found, why=form.cleaned_data["why"], by=request.user, at=clock.now())
    messages.success(request, _("The version was taken back."))
    return redirect("rulebook:staff_version", pk=pk)


@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """A worker decides recent cases again under this version."""
    replays.ask(_named(request, pk), by=request.user, at=clock.now())
    messages.success(request, _("Recent cases are being decided again. This page shows how far it is."))
    return redirect("rulebook:staff_version", pk=pk)


def _list(request: HttpRequest, form: DraftForm, *, status: int = 200) -> HttpResponse:
    found = RulebookVersion.objects.select_related("author", "signed_by").defer("body")
    part = parts.part(found, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context = {"versions": part.rows, "part": part, "form": form, "in_force": versions.in_force(clock.now())}
    return render(request, "rulebook/staff/versions.html", context, status=status)


def _page(request: HttpRequest, found: RulebookVersion, wrong: dict[str, forms.Form]) -> HttpResponse:
    at = clock.now()
    against = _before(found, at)
    done = actions.open_to(found, request.user, at=at)
    made = {
        "revise": DraftForm(initial={"purpose": found.purpose}, auto_id="revise_%s"),
        "propose": ProposeForm(auto_id="propose_%s"),
        "send_back": WhyForm(auto_id="back_%s"),
        "withdraw": WhyForm(auto_id="withdraw_%s"),
    }
    last = found.replays.order_by("-pk").first()
    context = {
        "version": found,
        "against": against,
        "differences": differences.between(against, found),
        "actions": done,
        "forms": made | wrong,
        "replay": last,
        "is_stale": bool(last and last.sha256 != found.sha256),
        "result": _result(last.result) if last and last.done_at else None,
        "at": at,
    }
    return render(request, "rulebook/staff/version.html", context, status=422 if wrong else 200)


def _before(found: RulebookVersion, at: datetime) -> RulebookVersion:
    """What a version is read against: one that rules or ruled, the one before it; every other, the one in force."""
    ruled = [each for each in versions.published(at) if each.rules_at(at)]
    numbers = [each.number for each in ruled]
    place = numbers.index(found.number) if found.number in numbers else len(ruled)
    return ruled[place - 1] if place else versions.shipped()


def _result(told: dict[str, Any]) -> dict[str, Any]:
    """The figures of a replay with the words of the mall."""
    parties = {**PARTIES, "BUYER": _("Buyers receive")}
    return {
        **told,
        "payers": [
            {"who": parties.get(name, name), "before": before, "after": after, "difference": difference}
            for name, before, after, difference in told["payers"]
        ],
        "outcomes": [
            {"before": OUTCOMES.get(old, old), "after": OUTCOMES.get(new, new), "count": count}
            for old, new, count in told["outcomes"]
        ],
        "listed": [
            {
                "name": row["name"],
                "page": row["page"],
                "before": (OUTCOMES.get(row["before"][0], row["before"][0]), row["before"][1]),
                "after": (OUTCOMES.get(row["after"][0], row["after"][0]), row["after"][1]),
                "rules": ", ".join(row["rules"]),
            }
            for row in told["listed"]
        ],
    }


def _named(request: HttpRequest, pk: int) -> RulebookVersion:
    _require_staff(request)
    return get_object_or_404(RulebookVersion, pk=pk)


def _require_staff(request: HttpRequest) -> None:
    """To everybody else these pages do not exist."""
    if not lifecycle.is_rule_staff(request.user):
        raise Http404
