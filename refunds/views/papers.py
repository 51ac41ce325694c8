"""Pages of what hangs on a case: its credit note, signals for the staff, a family's sealed papers, reports."""

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders.uploads import too_large
from refunds import credit, guardians, reports, signals, words
from refunds.forms import FindingForm, GuardianForm, ProofForm, WhyForm
from refunds.models import CreditNote, Guardian, Proof, Refund
from refunds.states import GuardianState
from timeline import clock, parts
from timeline.sweep import fire_overdue

PAGE = 50
#: What stands beside the state of a guardian's papers: icon and tone.
SIGNS: dict[str, tuple[str, str]] = {
    GuardianState.AWAITED: ("clock", "amber"),
    GuardianState.GIVEN: ("eye", "brand"),
    GuardianState.ACCEPTED: ("circle-check", "green"),
    GuardianState.REFUSED: ("circle-x", "vermilion"),
    GuardianState.CLOSED: ("circle-x", ""),
}


@require_safe
def credit_note(request: HttpRequest, number: str) -> HttpResponse:
    """The red note of a paid case, to print."""
    refund = _visible(request, number)
    return _note(request, get_object_or_404(CreditNote, refund=refund), refund)


@require_safe
def note(request: HttpRequest, number: str) -> HttpResponse:
    """The red note of what went back beside a case, to print."""
    found = get_object_or_404(
        CreditNote.objects.visible_to(request.user).select_related("refund", "order"), number=number
    )
    return _note(request, found, found.refund)


@require_safe
def notes(request: HttpRequest) -> HttpResponse:
    """All notes of what went back to the person or by their shops, newest first."""
    mine = CreditNote.objects.visible_to(request.user).select_related("refund__order", "order")
    part = parts.part(mine, by="-at", place=request.GET.get("after", ""), most=PAGE)
    rows = [{"note": each, "order": each.order or (each.refund.order if each.refund else None)} for each in part.rows]
    return render(request, "refunds/credit_notes.html", {"rows": rows, "part": part})


def _note(request: HttpRequest, found: CreditNote, refund: Refund | None) -> HttpResponse:
    body = json.loads(found.body)
    context = {
        "refund": refund,
        "sale": found.order,
        "note": found,
        "is_whole": credit.is_whole(found),
        "goods": body.get("goods", ""),
        "shop": body.get("shop", ""),
        "order": body.get("order", ""),
        "price": body.get("price"),
        "paid_at": datetime.fromisoformat(body["paid_at"]) if body.get("paid_at") else None,
        "payout": body["payout"],
        "compensation": body.get("compensation", 0),
        "units": [{"place": place, "amount": amount} for place, amount in body.get("units", [])],
        "reason": words.reason(body["reason"]) if refund else words.beside(body["reason"]),
        "rulebook": body.get("rulebook", ""),
    }
    return render(request, "refunds/credit_note.html", context)


@require_safe
def signal_list(request: HttpRequest, number: str) -> HttpResponse:
    """What deserves a second look in the files of a case; for the staff alone."""
    refund = _visible(request, number)
    if not signals.may_see(refund, request.user):
        raise Http404
    told = signals.times_of(refund)
    context = {
        "refund": refund,
        "signals": signals.signals(refund),
        "files": [{"file": file, "trace": told.get(file.pk)} for file in refund.attachments.order_by("pk")],
    }
    return render(request, "refunds/signals.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guardian(request: HttpRequest, number: str) -> HttpResponse:
    """A family's papers: whoever filed gives them, the staff who decide look at them; nobody else knows of the page."""
    found, at = _guardian(request, number), clock.now()
    is_mine = found.is_of(request.user)
    proof_form, form = ProofForm(), GuardianForm()
    if request.method == "POST":
        if not is_mine:
            raise Http404
        fire_overdue(found.root_address, at=at)
        found.refresh_from_db()
        if "give" in request.POST:
            form = GuardianForm(request.POST)
            if form.is_valid():
                told = dict(form.cleaned_data)
                guardians.give(found, relation=told.pop("relation"), words=told, by=request.user, at=at)
                messages.success(request, _("Your papers are complete. Somebody of the platform looks at them."))
                return redirect(found)
        else:
            proof_form = ProofForm(request.POST, request.FILES, is_too_large=too_large(request))
            if proof_form.is_valid() and _sealed(found, proof_form, by=request.user, at=at):
                messages.success(request, _("Sealed. Nobody in the shop can see it."))
                return redirect(found)
    icon, tone = SIGNS[found.state]
    context = {
        "guardian": found,
        "badge": {"word": GuardianState(found.state).label, "icon": icon, "tone": tone},
        "is_awaited": found.state == GuardianState.AWAITED,
        "refund": found.refund,
        "is_mine": is_mine,
        "can_give": is_mine and found.state == GuardianState.AWAITED and not found.is_overdue(at),
        "can_decide": found.state == GuardianState.GIVEN and guardians.may_decide(found, request.user),
        "proofs": list(found.proofs.order_by("pk")),
        "missing": guardians.missing_papers(found),
        "proof_form": proof_form,
        "form": form,
        "why_form": WhyForm(),
        "finding_form": FindingForm(),
        "hints": found.words.hint if found.words else {},
        "openings": [] if is_mine else guardians.happenings(found),
        "at": at,
    }
    has_errors = bool(proof_form.errors or form.errors)
    return render(request, "refunds/guardian.html", context, status=422 if has_errors else 200)


def _sealed(found: Guardian, form: ProofForm, *, by: Any, at: datetime) -> bool:
    """Whether the paper was taken; else the form says why not."""
    try:
        guardians.prove(found, form.cleaned_data["file"], what=form.cleaned_data["what"], by=by, at=at)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


@never_cache
@require_POST
def open_proof(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A sealed paper, to somebody of the staff who said why; the reason is on record before it opens."""
    found = _guardian(request, number)
    proof = get_object_or_404(
        Proof.objects.select_related("guardian__refund__order__shop", "key"), guardian=found, pk=pk
    )
    if not guardians.may_open(found, request.user):
        raise Http404
    content = guardians.open_proof(proof, why=request.POST.get("why", ""), by=request.user, at=clock.now())
    answer = HttpResponse(content, content_type=proof.media_type)
    is_picture = proof.media_type.startswith("image/")
    answer["Content-Disposition"] = f"{'inline' if is_picture else 'attachment'}; filename={proof.what}-{proof.pk}"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def decide_guardian(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody who decides says what the papers show."""
    found, at = _guardian(request, number), clock.now()
    verbs = {"accept": guardians.accept, "refuse": guardians.refuse, "ask_again": guardians.ask_again}
    verb = verbs.get(request.POST.get("answer", ""))
    if verb is None:
        raise Http404
    fire_overdue(found.root_address, at=at)
    found.refresh_from_db()
    verb(found, finding=request.POST.get("finding", ""), by=request.user, at=at)
    messages.success(request, _("It is on record. The case goes on by itself."))
    return redirect(found)


@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Reports on listings, the open ones first, the oldest at the top; then the decided ones, the newest first."""
    found = reports.visible_to(request.user).select_related("listing__shop", "refund", "reporter")
    still_open = parts.part(found.filter(decided_at=None), by="id", place=request.GET.get("after", ""), most=PAGE)
    decided = parts.part(found.exclude(decided_at=None), by="-id", place=request.GET.get("over", ""), most=PAGE)
    context = {
        "open_part": still_open,
        "over_part": decided,
        "groups": [
            {"title": _("Being looked at"), "part": still_open, "name": "after", "at": "open"},
            {"title": _("Decided"), "part": decided, "name": "over", "at": "over"},
        ],
        "can_decide": reports.may_decide(request.user),
        "form": FindingForm(),
    }
    return render(request, "refunds/reports.html", context)


@require_POST
def decide_report(request: HttpRequest, number: str) -> HttpResponse:
    """A report is upheld or dismissed."""
    report = get_object_or_404(reports.visible_to(request.user).select_related("listing__shop"), number=number)
    verb = {"uphold": reports.uphold, "dismiss": reports.dismiss}.get(request.POST.get("answer", ""))
    if verb is None:
        raise Http404
    verb(report, finding=request.POST.get("finding", ""), by=request.user, at=clock.now())
    messages.success(request, _("Decided. Whoever reported it and the shop can read it."))
    return redirect("refunds:reports")


def _visible(request: HttpRequest, number: str) -> Refund:
    visible = Refund.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("order__shop", "order__snapshot__listing", "buyer"), number=number)


def _guardian(request: HttpRequest, number: str) -> Guardian:
    """The papers, for whoever filed and for the staff who decide; for the shop they are not there."""
    rows = Guardian.objects.select_related("refund__order__shop", "refund__buyer", "words")
    found = get_object_or_404(rows, refund__number=number)
    is_staff = guardians.may_open(found, request.user)
    if not (found.is_of(request.user) or is_staff):
        raise Http404
    return found
