"""The bench: where the staff see what waits for them, read a file, write a ruling and sign one."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from disputes import assignment, choices, course, drafting, lifecycle, rulings, usual
from disputes.forms import AssignForm, RulingForm, SendBackForm, StatementForm, statement_form
from disputes.models import Dispute, Neutral, Seat
from disputes.rulings import Prepared, Weight
from disputes.states import DisputeState
from disputes.views import acts, precedents, words
from disputes.views.cases import add, up_to_date
from refunds import replacing
from refunds import words as cases
from rulebook.explanations import percent
from timeline import clock, parts
from timeline.refusals import Refused

#: From so little of its time on, in percent, a case is shown in amber.
LITTLE = 20
#: What of a field is kept, and of what a member of a panel finds, in characters: as much as any of them takes.
LONGEST_WORD, LONGEST_NOTE = 8_000, 2_000


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for the person, urgent cases first, then the least time left; leads, agents and those who watch see
    every case, and a lead also the own ones alone."""
    roles, user, at = _roles(request), signed_in(request), clock.now()
    open_cases, show = Dispute.objects.on_bench_of(user, roles).open(), request.GET.get("show", "")
    is_waiting, is_mine = show == "unassigned", show == "mine"
    found = open_cases.with_parties()
    if is_waiting:
        found = found.nobodys()
    elif is_mine:
        seats = Seat.objects.filter(user=user, until=None)
        found = found.filter(Q(arbiter=user) | Q(senior=user) | Q(pk__in=seats.values("dispute")))
    urgent = list(found.filter(is_urgent=True).order_by("deadline_at", "pk")[: words.PAGE])
    rest = found.exclude(pk__in=[each.pk for each in urgent]) if urgent else found
    shown = parts.part(rest, by="deadline_at", place=request.GET.get("after", ""), most=words.PAGE)
    context = {
        "rows": [_row(each, at) for each in [*(urgent if shown.is_first else []), *shown.rows]],
        "next": shown.next,
        "is_first": shown.is_first,
        "is_lead": Role.LEAD in roles,
        "is_waiting": is_waiting,
        "is_mine": is_mine,
        "kept": f"show={show}" if is_waiting or is_mine else "",
        "waiting": open_cases.nobodys().count() if Role.LEAD in roles else 0,
        "at": at,
    }
    return render(request, "disputes/queue.html", context)


@require_POST
def open_file(request: HttpRequest, number: str) -> HttpResponse:
    """Open the case file, on record."""
    dispute = _on_bench(request, number)
    lifecycle.open_file(dispute, by=request.user, at=clock.now())
    return redirect("disputes:bench_case", number=number)


@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """The file with everything in it, and what the person can do: write, sign, assign, add. Closed until opened."""
    dispute, at = _on_bench(request, number), clock.now()
    if not dispute.is_file_open_for(request.user, at):
        return render(request, "disputes/closed_file.html", {"dispute": dispute, "badge": words.badge(dispute)})
    return _workbench(request, dispute, at)


@require_POST
def preview(request: HttpRequest, number: str) -> HttpResponse:
    """What the draft would come to: amounts by share, sources of the money, what is missing.

    The page asks for it as somebody writes; what they wrote so far is kept with the case until it is proposed.
    """
    dispute, at = in_hand(request, number), clock.now()
    form = ruling_form(dispute, request.POST)
    _keep(request, dispute, form, at)
    prepared = rulings.prepare(dispute, form.draft()) if form.is_valid() else None
    if request.headers.get("HX-Request"):
        context = {"form": form, "worked_out": _worked_out(prepared), "is_refused": False}
        return render(request, "disputes/preview.html", context)
    return _workbench(request, dispute, at, form=form, prepared=prepared, status=422 if form.errors else 200)


@require_POST
def rule(request: HttpRequest, number: str) -> HttpResponse:
    """The arbiter decides. A draft that lacks something comes back as it is, with what is missing."""
    dispute, at = in_hand(request, number), clock.now()
    form = ruling_form(dispute, request.POST)
    _keep(request, dispute, form, at)
    if not form.is_valid():
        return _workbench(request, dispute, at, form=form, status=422)
    try:
        lifecycle.rule(dispute, form.draft(), by=request.user, at=at)
    except Refused as refusal:
        if refusal.code != "incomplete":
            raise
        prepared = rulings.prepare(dispute, form.draft())
        return _workbench(request, dispute, at, form=form, prepared=prepared, status=422)
    drafting.forget(dispute, request.user)
    if dispute.state == DisputeState.SIGNING:
        is_panels = dispute.waits_for == course.PANEL
        panels = _("The draft is written. Two more people look whether fraud is proven before it is served.")
        others = _("The draft is written. A second person checks it before it is served.")
        messages.success(request, panels if is_panels else others)
    else:
        messages.success(request, _("The decision is served to both sides."))
    return redirect("disputes:bench_case", number=number)


@require_POST
def sign(request: HttpRequest, number: str) -> HttpResponse:
    """A second person agrees."""
    dispute = in_hand(request, number)
    version = request.POST.get("version", "")
    lifecycle.sign(
        dispute,
        agrees=True,
        version=int(version) if version.isdecimal() else -1,
        note_text=request.POST.get("found", "")[:LONGEST_NOTE],
        by=request.user,
        at=clock.now(),
    )
    if dispute.state == DisputeState.SIGNING:
        messages.success(request, _("Signed. It is served once the other member of the panel agrees, too."))
    else:
        messages.success(request, _("Signed. The decision is served to both sides."))
    return redirect("disputes:bench_case", number=number)


@require_POST
def send_back(request: HttpRequest, number: str) -> HttpResponse:
    """A second person sends the draft back with a note."""
    dispute, at = in_hand(request, number), clock.now()
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _workbench(request, dispute, at, back_form=form, status=422)
    lifecycle.sign(dispute, agrees=False, note_text=form.cleaned_data["note"], by=request.user, at=at)
    messages.success(request, _("Sent back to the arbiter."))
    return redirect("disputes:bench")


@require_POST
def assign(request: HttpRequest, number: str) -> HttpResponse:
    """A lead gives the case to somebody."""
    dispute, at = in_hand(request, number), clock.now()
    form = AssignForm(request.POST, people=_candidates(dispute, at))
    if not form.is_valid():
        return _workbench(request, dispute, at, assign_form=form, status=422)
    arbiter = get_object_or_404(get_user_model(), pk=int(form.cleaned_data["arbiter"]))
    lifecycle.assign(dispute, arbiter, by=request.user, at=at)
    messages.success(request, _("%(name)s has the case now.") % {"name": arbiter.display_name})
    return redirect("disputes:bench_case", number=number)


@require_POST
def submit(request: HttpRequest, number: str) -> HttpResponse:
    """Staff who assist add something to the file."""
    dispute, at = in_hand(request, number), clock.now()
    form = statement_form(request)
    if not (form.is_valid() and add(dispute, form, by=request.user, at=at)):
        return _workbench(request, dispute, at, statement=form, status=422)
    messages.success(request, _("It is in the file now. Both sides and the staff read it."))
    return redirect("disputes:bench_case", number=number)


def _workbench(
    request: HttpRequest,
    dispute: Dispute,
    at: datetime,
    *,
    form: RulingForm | None = None,
    prepared: Prepared | None = None,
    assign_form: AssignForm | None = None,
    back_form: SendBackForm | None = None,
    statement: StatementForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actions = choices.actions_for(dispute, request.user, at)
    file = words.evidence(dispute)
    reviews, owner = "vote" in actions, dispute.refund.order.shop.owner
    offers = list(dispute.final_offers.order_by("pk"))
    may_rule, may_assign = "rule" in actions, "assign" in actions
    kept = drafting.kept(dispute, request.user) if may_rule and form is None else None
    form = form or (ruling_form(dispute, kept.written if kept else None) if may_rule else None)
    if kept and form is not None and form.is_valid():
        prepared = rulings.prepare(dispute, form.draft())
    latest = lifecycle.latest(dispute)
    is_unmasked = dispute.is_unmasked_for(request.user, at)
    happened, past = words.happenings(dispute, is_for_staff=True, place=request.GET.get("past", ""))
    stories = words.shown(dispute, [piece for piece in file if piece.side != "platform"])
    context = {
        "dispute": dispute,
        "refund": dispute.refund,
        "order": dispute.refund.order,
        "reason": cases.reason(dispute.refund.reason),
        "badge": words.badge(dispute),
        "turn": words.turn(dispute, actions, at),
        "buyer_story": [each for each in stories if each["piece"].side == "buyer"],
        "shop_story": [each for each in stories if each["piece"].side == "shop"],
        "records": words.shown(
            dispute, [piece for piece in file if piece.side == "platform"], is_masked=not is_unmasked
        ),
        "happenings": happened,
        "past": past,
        "rulebook": words.rulebook(dispute.refund),
        "near": precedents.beside(dispute, rulings.items_of(dispute.refund), user=request.user)
        if may_rule or "sign" in actions
        else None,
        "may_rule": may_rule,
        "kept_at": kept.at if kept else None,
        "form": form,
        "worked_out": _worked_out(prepared),
        "is_refused": request.method == "POST" and form is not None,
        "may_sign": "sign" in actions,
        "latest": words.ruling_shown(latest, file) if latest and not may_rule else None,
        "back_form": back_form or SendBackForm(),
        "is_panel": dispute.waits_for == course.PANEL,
        "remarks": drafting.remarks(dispute) if latest else [],
        "changes": words.changes(dispute, file) if latest else None,
        "assign_form": assign_form or (AssignForm(people=_candidates(dispute, at)) if may_assign else None),
        "acts": acts.buttons(actions, dispute, on_bench=True),
        "is_unmasked": is_unmasked,
        "buyer_name": str(dispute.refund.buyer) if is_unmasked else words.masked(str(dispute.refund.buyer)),
        "owner_name": str(owner) if is_unmasked else words.masked(str(owner)),
        "bench": words.bench(dispute, None, at),
        "proposal": None if reviews else words.proposal(dispute),
        "appeals": words.appeals(dispute),
        "offers": [] if len(offers) < rulings.BOTH else offers,
        "awaited": words.awaited(dispute, None),
        "keeps_list": Role.LEAD in signed_in(request).roles,
        "is_suspended": dispute.state == DisputeState.SUSPENDED,
        "may_submit": "submit" in actions,
        "statement": statement or StatementForm(),
        "at": at,
    }
    return render(request, "disputes/bench_case.html", context, status=status)


def ruling_form(dispute: Dispute, data: Any = None) -> RulingForm:
    """The form over what the case is about now; a new one proposes what nobody would argue about.

    What it starts from is Chinese on every screen: that is the language in which a ruling is served and sealed.
    """
    file, refund = words.evidence(dispute), dispute.refund
    initial: dict[str, Any] = {
        "rule_ids": " ".join(rulings.rules_of(refund)),
        "issues": rulings.chinese(lambda: rulings.usual_issues(dispute)),
        "next_steps": rulings.chinese(lambda: rulings.usual_steps(dispute)),
    }
    initial |= {f"weight_{piece.pk}": Weight.ACCEPTED for piece in file if piece.grade == "record"}
    latest = lifecycle.latest(dispute)
    if latest is not None:
        initial |= {f"share_{party}": share for party, share in latest.shares.items()}
        initial |= {f"weight_{each['evidence']}": each["weight"] for each in latest.findings}
        initial |= {f"note_{each['evidence']}": each["note"] for each in latest.findings}
        initial |= {
            **{name: getattr(latest, name) for name in usual.FIELDS},
            "orders_replacement": latest.orders_replacement,
            "rule_ids": " ".join(latest.rule_ids),
            "compensation": latest.compensation or None,
        }
    is_sent_back = latest is not None and latest.signatures.filter(agrees=False).exists()
    return RulingForm(
        data,
        items=rulings.items_of(refund),
        file=file,
        may_replace=replacing.may_be_ordered(refund),
        is_sent_back=is_sent_back,
        initial=initial,
    )


def _keep(request: HttpRequest, dispute: Dispute, form: RulingForm, at: datetime) -> None:
    """What whoever has the case wrote of a ruling so far, as they wrote it: it is there again on every device."""
    if dispute.arbiter_id == signed_in(request).pk and dispute.state == DisputeState.REVIEW:
        written = {name: str(request.POST[name])[:LONGEST_WORD] for name in form.fields if name in request.POST}
        drafting.keep(dispute, written, by=request.user, at=at)


def _worked_out(prepared: Prepared | None) -> dict[str, Any] | None:
    """A draft worked out, as it is shown beside the form."""
    if prepared is None:
        return None
    return {
        "award": prepared.award,
        "compensation": prepared.compensation,
        "units": [{**line, "share": percent(line["buyer_bp"])} for line in prepared.arithmetic],
        "legs": words.legs(prepared.funding),
        "short": prepared.funding["missing"],
        "missing": [rulings.MISSING[code] for code in prepared.missing],
        "sign_because": [words.SIGN_BECAUSE[code] for code in prepared.signature_because],
        "departs": prepared.departs,
        "rulebook": prepared.rulebook,
        "sums_hold": not rulings.SUMS & set(prepared.missing),
    }


def _candidates(dispute: Dispute, at: datetime) -> list[Any]:
    """Who can be given the case: arbiters free of conflict, fewest cases first, then leads."""
    found = [*assignment.free_of_conflict(dispute, Role.ARBITER, at=at)[: words.PAGE]]
    found += assignment.free_of_conflict(dispute, Role.LEAD, at=at)[: words.PAGE]
    return [person for person in found if person.pk != dispute.arbiter_id]


def _row(dispute: Dispute, at: datetime) -> dict[str, Any]:
    left = _left(dispute, at)
    return {
        "dispute": dispute,
        "badge": words.badge(dispute),
        "reason": cases.reason(dispute.refund.reason),
        "left": left,
        "tone": "vermilion" if left == 0 else "amber" if left <= LITTLE else "",
    }


def _left(dispute: Dispute, at: datetime) -> int:
    """How much of the state's time is left, in percent."""
    if dispute.deadline_at is None:
        return 100
    whole = (dispute.deadline_at - dispute.entered_at).total_seconds() or 1
    return max(0, min(100, round(100 * (dispute.deadline_at - at).total_seconds() / whole)))


def _roles(request: HttpRequest) -> frozenset[str]:
    """The person's roles; who has none and is no outside neutral either finds no bench."""
    roles: frozenset[str] = signed_in(request).roles
    if not roles and not Neutral.objects.filter(user=request.user.pk).exists():
        raise Http404
    return roles


def _on_bench(request: HttpRequest, number: str) -> Dispute:
    seen = Dispute.objects.on_bench_of(request.user, _roles(request)).with_parties()
    return up_to_date(request, get_object_or_404(seen, number=number))


def in_hand(request: HttpRequest, number: str) -> Dispute:
    """The case whose file the person has opened; nothing is done to a closed one."""
    dispute = _on_bench(request, number)
    if not dispute.is_file_open_for(request.user, clock.now()):
        raise Refused("file_closed", _("Open the case file first; that is on record."))
    return dispute
