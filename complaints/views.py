"""Pages of complaints from outside: the queue with its clocks, one complaint, its answer; and the door for notices."""

import logging
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import SignedInRequest
from complaints import figures, lifecycle, outside, words
from complaints.forms import COLUMNS, AnswerForm, CaseForm, CloseForm, ImportForm, LinkForm, RecordForm, SayForm
from complaints.models import ANSWERING, READING, Complaint, Heard, Source, Word
from complaints.paper import answer_paper
from complaints.states import ComplaintState
from disputes import lifecycle as disputes
from ledger.gateways import BadNotice, ChannelDown, ChannelRefused, UnknownChannel
from refunds.states import RefundState
from timeline import clock, events, parts
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

#: Of what waits, so many at a time; of what is over, so many.
PAGE, FEW = 50, 20
LOOKS = {
    ComplaintState.ARRIVED: ("hourglass", "amber"),
    ComplaintState.WORKING: ("user-check", "brand"),
    ComplaintState.ANSWERED: ("mail", "green"),
    ComplaintState.CLOSED: ("check", ""),
    ComplaintState.WITHDRAWN: ("undo-2", ""),
}


@login_not_required
@csrf_exempt
@require_POST
def notify(request: HttpRequest, source: str) -> HttpResponse:
    """A channel says that something happened to a complaint. Believed only if it is signed and fresh; then it is asked.

    What was believed, now or before, is answered with the plain word `success`; a forged notice with 400; a desk that
    cannot be asked with 503, so that the notice is sent again.
    """
    try:
        desk = outside.find(source)
        nudge = desk.read_notice(path=request.path, headers=request.headers, body=request.body)
        if not Heard.objects.filter(source=source, event=nudge.event).exists():
            told = desk.find(nudge.number, at=clock.now())
            if told is None:
                raise BadNotice("about nothing that the desk knows")
            lifecycle.hear(told, nudge=nudge, at=clock.now())
    except (UnknownChannel, BadNotice) as error:
        log.warning("a notice was not believed: %s", type(error).__name__)
        return _problem(400, "bad_notice", "This notice is not believed.")
    except (ChannelDown, ChannelRefused, IntegrityError, Refused) as error:
        log.warning("a notice could not be followed: %s", error)
        return _problem(503, "try_again", "Send this notice again.")
    return HttpResponse("success", content_type="text/plain")


@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """What waits for us, the least time first; what was answered and what ended; how fast we were."""
    _require_reader(request)
    return _queue(request)


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: SignedInRequest) -> HttpResponse:
    """An agent writes down what came from 12315."""
    _require_answering(request)
    form = RecordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["order"].strip()
        found = lifecycle.record(form.told(), order_number=number, by=request.user, at=clock.now())
        messages.success(request, _("Written down. Its clock runs."))
        return redirect(found)
    context = {"form": form, "import_form": ImportForm(), "columns": list(COLUMNS.values())}
    return render(request, "complaints/record.html", context, status=422 if form.errors else 200)


@require_POST
def load(request: SignedInRequest) -> HttpResponse:
    """An agent sends in the authority's file: each line is one complaint, known ones are left as they are."""
    _require_answering(request)
    form = ImportForm(request.POST, request.FILES)
    lines: list[dict[str, Any]] = []
    if form.is_valid():
        for place, row in form.rows():
            lines.append({"place": place, "said": _load(request, row)})
    context = {"form": RecordForm(), "import_form": form, "columns": list(COLUMNS.values()), "lines": lines}
    return render(request, "complaints/record.html", context, status=422 if form.errors or not lines else 200)


@require_safe
def complaint(request: SignedInRequest, number: str) -> HttpResponse:
    """One complaint: what was said there, the case it belongs to, what can be done."""
    _require_reader(request)
    return _page(request, _find(request, number))


@require_POST
def take(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent sees to it."""
    found = _find(request, number)
    lifecycle.take(found, by=request.user, at=clock.now())
    return redirect(found)


@require_POST
def link(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent says which order it is about."""
    found = _find(request, number)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, found, link_form=form, status=422)
    lifecycle.link(found, form.cleaned_data["order_number"], by=request.user, at=clock.now())
    messages.success(request, _("Linked."))
    return redirect(found)


@require_POST
def open_case(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent files the mall's own case for whoever complained."""
    found = _find(request, number)
    form = CaseForm(request.POST, complaint=found)
    if not form.is_valid():
        return _page(request, found, case_form=form, status=422)
    reason = form.cleaned_data["reason"]
    lifecycle.open_case(found, form.chosen(), reason=reason, by=request.user, at=clock.now())
    messages.success(request, _("Filed. The case runs under the same rules as any other."))
    return redirect(found)


@require_POST
def say(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent says a word there."""
    found = _find(request, number)
    form = SayForm(request.POST)
    if not form.is_valid():
        return _page(request, found, say_form=form, status=422)
    lifecycle.say(found, form.cleaned_data["text"], by=request.user, at=clock.now())
    messages.success(request, _("On its way."))
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: SignedInRequest, number: str) -> HttpResponse:
    """The answer as the outside will read it, masked; and, once it was read here, the button that sends it."""
    _require_answering(request)
    found = _find(request, number)
    if "answer" not in found.actions_for(request.user):
        raise Refused("wrong_moment", lifecycle.WRONG_MOMENT)
    form = AnswerForm(request.POST if request.method == "POST" else {})
    form.is_valid()
    text, reasons = form.cleaned_data.get("text", ""), form.cleaned_data.get("reasons", "")
    if request.method == "POST" and "send" in request.POST:
        sha256 = form.cleaned_data.get("sha256", "")
        lifecycle.answer(found, text, reasons=reasons, sha256=sha256, by=request.user, at=clock.now())
        messages.success(request, _("Answered with the result."))
        return redirect(found)
    result, shown = lifecycle.answer_now(found, text, reasons=reasons)
    sealed = words.digest(shown)
    context = {
        "row": _row(found),
        "form": AnswerForm(initial={"text": text, "reasons": reasons}),
        "result": result,
        "outcome": Word.Outcome(result.outcome).label if result.outcome else "",
        "shown": shown,
        "too_long": len(shown) > words.LONGEST[Source(found.source)],
        "most": words.LONGEST[Source(found.source)],
        "given": {"text": text, "reasons": reasons, "sha256": sealed},
        "at": clock.now(),
    }
    return render(request, "complaints/answer.html", context)


@require_safe
def paper(request: SignedInRequest, number: str) -> HttpResponse:
    """The answer as a paper for the authority."""
    _require_reader(request)
    found = _find(request, number)
    word = get_object_or_404(found.words.order_by("-pk"), kind=Word.Kind.RESULT)
    name = f"kamen-{found.number}.pdf"
    headers = {"Content-Disposition": str(content_disposition_header(True, name))}
    return HttpResponse(answer_paper(word), content_type="application/pdf", headers=headers)


@require_POST
def hand_in(request: SignedInRequest, number: str) -> HttpResponse:
    """The paper was taken there."""
    found = _find(request, number)
    word = get_object_or_404(found.words.select_related("complaint__order__shop"), number=request.POST.get("word", ""))
    lifecycle.hand_in(word, by=request.user, at=clock.now())
    messages.success(request, _("Noted."))
    return redirect(found)


@require_POST
def close(request: SignedInRequest, number: str) -> HttpResponse:
    """The authority has closed it."""
    found = _find(request, number)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, close_form=form, status=422)
    lifecycle.close(found, end=form.cleaned_data["end"], by=request.user, at=clock.now())
    messages.success(request, _("Closed."))
    return redirect(found)


def _require_reader(request: SignedInRequest) -> None:
    if not request.user.roles & READING:
        raise Http404


def _require_answering(request: SignedInRequest) -> None:
    if not request.user.roles & ANSWERING:
        raise Http404


def _find(request: SignedInRequest, number: str) -> Complaint:
    found = get_object_or_404(
        Complaint.objects.visible_to(request.user).select_related("order__shop", "refund", "payment", "taken_by"),
        number=number,
    )
    if request.method == "POST" and fire_overdue(found.root_address, at=clock.now()):
        found.refresh_from_db()
    return found


def _load(request: SignedInRequest, row: RecordForm) -> str:
    """What became of a line of the file, in a sentence."""
    if not row.is_valid():
        return " ".join(
            f"{row.fields[name].label}: {', '.join(str(each) for each in errors)}"
            for name, errors in row.errors.items()
        )
    try:
        number = row.cleaned_data["order"].strip()
        found = lifecycle.record(row.told(), order_number=number, by=request.user, at=clock.now())
    except Refused as refused:
        return str(refused.sentence)
    return _("Written down as %(number)s.") % {"number": found.number}


def _queue(request: SignedInRequest) -> HttpResponse:
    at = clock.now()
    all_of_them = Complaint.objects.visible_to(request.user).select_related("order", "refund", "taken_by")
    lists = {
        "waiting": parts.part(all_of_them.waiting(), by="deadline_at", place=request.GET.get("after", ""), most=PAGE),
        "answered": parts.part(
            all_of_them.filter(state=ComplaintState.ANSWERED),
            by="-answered_at",
            place=request.GET.get("answered", ""),
            most=FEW,
        ),
        "ended": parts.part(
            all_of_them.filter(closed_at__isnull=False), by="-closed_at", place=request.GET.get("ended", ""), most=FEW
        ),
    }
    context = {
        "at": at,
        "parts": lists,
        **{name: [_row(each) for each in found.rows] for name, found in lists.items()},
        "figures": figures.figures(at),
        "may_record": bool(request.user.roles & ANSWERING),
    }
    return render(request, "complaints/queue.html", context)


def _page(request: SignedInRequest, found: Complaint, *, status: int = 200, **forms: Any) -> HttpResponse:
    result = words.result_of(found)
    actions = found.actions_for(request.user)
    case_form = forms.get("case_form") or (CaseForm(complaint=found) if "open_case" in actions else None)
    is_nothing_free = case_form is not None and not case_form.found
    context = {
        "row": _row(found),
        "complaint": found,
        "actions": actions,
        "result": result,
        "case": _case(found),
        "words": [
            {"word": each, "kind": each.get_kind_display(), "is_given_up": each.is_given_up()}
            for each in reversed(found.words.select_related("complaint", "by").order_by("-pk")[:PAGE])
        ],
        "externals": found.externals.order_by("pk"),
        "happened": list(events.stream(found.address))[-30:],
        "link_form": forms.get("link_form") or LinkForm(),
        "case_form": None if is_nothing_free else case_form,
        "is_nothing_free": is_nothing_free,
        "say_form": forms.get("say_form") or SayForm(initial={"text": words.first_word(found)}),
        "close_form": forms.get("close_form") or CloseForm(),
        "at": clock.now(),
    }
    return render(request, "complaints/complaint.html", context, status=status)


def _case(found: Complaint) -> dict[str, Any] | None:
    if found.refund is None:
        return None
    return {
        "refund": found.refund,
        "state": RefundState(found.refund.state).label,
        "dispute": disputes.page_of(found.refund),
    }


def _row(found: Complaint) -> dict[str, Any]:
    state = ComplaintState(found.state)
    icon, tone = LOOKS[state]
    first = found.first_word_at is None
    until: datetime | None = (found.first_due_at if first else found.due_at) if found.is_waiting() else None
    then = (
        _("Then the channel may decide and pay back by itself.") if found.has_channel else _("Then the authority acts.")
    )
    return {
        "complaint": found,
        "source": found.get_source_display(),
        "badge": {"word": state.label, "icon": icon, "tone": "vermilion" if found.late_at else tone},
        "until": until,
        "what": _("First word") if first else _("Result"),
        "then": then,
    }


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    told = {"type": "about:blank", "title": "Notice", "status": status, "code": code, "detail": detail}
    return JsonResponse(told, status=status, content_type="application/problem+json")
