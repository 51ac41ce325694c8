"""A dispute as its two sides see it: whose turn, until when, the file, what to say, and the ruling."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import signed_in
from disputes import choices, lifecycle, neutrals, proposals, questions, rulings
from disputes.forms import AgreeForm, StatementForm, statement_form
from disputes.models import Dispute, Owed, Proposal, Seal, Side
from disputes.ruling_paper import SUMMARY, english
from disputes.states import DisputeState
from disputes.views import acts, words
from orders.attachments import attach
from refunds import words as cases
from timeline import clock
from timeline.sweep import fire_overdue

#: What a side can do by a button: words, address, style, and what it means.
BUTTONS: dict[str, tuple[Promise, str, str, Promise]] = {
    "rest": (
        gettext_lazy("I have nothing to add"),
        "disputes:rest",
        "",
        gettext_lazy("When both sides say so, the review begins at once."),
    ),
    "concede": (
        gettext_lazy("Give in and pay what is asked"),
        "disputes:concede",
        "plain",
        gettext_lazy("It is paid at once, and the case is over."),
    ),
    "withdraw": (
        gettext_lazy("Take the case back"),
        "disputes:withdraw",
        "quiet",
        gettext_lazy("The case is over and nothing goes back to you."),
    ),
}
#: What taking the case back means where the platform has paid ahead.
KEPT = (
    gettext_lazy("Keep what was paid and end the case"),
    gettext_lazy("The case is over. What the platform paid ahead stays yours; no more comes."),
)
#: What is offered first: what a turn is about; ways out come last.
FIRST = ("rest",)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The disputes of the person, as a buyer or as a shop, newest first."""
    found = Dispute.objects.of_party(request.user).with_parties().order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before[:18]))
    rows = list(found[: words.PAGE + 1])
    context = {
        "rows": [{"dispute": each, "badge": words.badge(each)} for each in rows[: words.PAGE]],
        "older": rows[words.PAGE - 1].pk if len(rows) > words.PAGE else None,
    }
    return render(request, "disputes/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, number: str) -> HttpResponse:
    """The case; a POST adds a statement, a file or both."""
    dispute, at = own(request, number), clock.now()
    form = statement_form(request) if request.method == "POST" else StatementForm()
    if request.method == "POST" and form.is_valid() and add(dispute, form, by=request.user, at=at):
        messages.success(request, _("It is in the file now. Both sides and the staff read it."))
        return redirect(dispute)
    return render(
        request, "disputes/case.html", _context(request, dispute, form, at), status=422 if form.errors else 200
    )


@require_POST
def rest(request: HttpRequest, number: str) -> HttpResponse:
    """The side has nothing to add."""
    return _do(
        request, number, lifecycle.rest, _("Noted. When the other side says so, too, the review begins at once.")
    )


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer takes the case back."""
    kept = _("The case is over. What the platform paid ahead stays yours.")
    said = kept if own(request, number).advanced else _("You took the case back. Nothing is paid; the order goes on.")
    return _do(request, number, lifecycle.withdraw, said)


@require_POST
def concede(request: HttpRequest, number: str) -> HttpResponse:
    """The shop gives in."""
    return _do(request, number, lifecycle.concede, _("You gave in. The buyer is being paid what was asked."))


@require_safe
def ruling(request: HttpRequest, number: str) -> HttpResponse:
    """The ruling as it was served: what each gets and when, findings, rules, shares, sources, signatures, rights."""
    seen = Dispute.objects.visible_to(request.user, signed_in(request).roles).with_parties()
    dispute = get_object_or_404(seen, number=number)
    found = lifecycle.served(dispute)
    if found is None:
        raise Http404
    order = dispute.refund.order
    signatures = list(found.signatures.filter(agrees=True).select_related("user").order_by("pk"))
    unpaid = list(Owed.objects.filter(cause__in=rulings.causes_of(dispute.refund), paid_at=None).order_by("pk"))
    is_small = found.award > 0 and dispute.refund.payout_id is not None
    context = {
        "dispute": dispute,
        "refund": dispute.refund,
        "order": order,
        "shown": words.ruling_shown(found, words.evidence(dispute)),
        "signatures": signatures,
        "panel": found.appeal.votes.select_related("user").order_by("pk") if found.appeal else [],
        "seal": (seal := Seal.objects.filter(ruling=found).first()),
        "english_title": SUMMARY,
        "english": english(seal) if seal and not get_language().startswith("en") else "",
        "shop_keeps": sum(line["paid"] - line["grant"] for line in found.arithmetic),
        "is_paid": dispute.refund.state == "refunded",
        "is_small": is_small,
        "is_owed": sum(row.left for row in unpaid),
        "platform_owes": any(row.payer == Owed.Payer.PLATFORM for row in unpaid),
        "is_buyer": dispute.side_of(request.user) == Side.BUYER,
        "is_provisional": dispute.outcome == Dispute.Outcome.PROVISIONAL,
        "appeal_until": dispute.deadline_at if dispute.state == DisputeState.RULED else None,
        "may_appeal": "appeal" in choices.actions_for(dispute, request.user, clock.now()),
        "is_appealed": dispute.decided_in == DisputeState.APPEALED,
        "reason": cases.reason(dispute.refund.reason),
        "roads": words.roads(dispute),
        "appeals": words.appeals(dispute),
        "at": clock.now(),
    }
    return render(request, "disputes/ruling.html", context)


def add(dispute: Dispute, form: StatementForm, *, by: Any, at: datetime) -> bool:
    """Put what the form says into the file, text and file together or neither; a bad file is said in the form."""
    try:
        with transaction.atomic():
            upload = form.cleaned_data.get("file")
            files = [attach(dispute.refund.order, upload, by=by, at=at)] if upload else []
            lifecycle.submit(dispute, text=form.cleaned_data["text"], attachments=files, by=by, at=at)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _context(request: HttpRequest, dispute: Dispute, form: StatementForm, at: datetime) -> dict[str, Any]:
    actions = choices.actions_for(dispute, request.user, at)
    side = dispute.side_of(request.user)
    file = words.evidence(dispute, side, at)
    proposal = proposals.current(dispute)
    happened, past = words.happenings(dispute, is_for_staff=False, place=request.GET.get("past", ""))
    return {
        "dispute": dispute,
        "refund": dispute.refund,
        "order": dispute.refund.order,
        "reason": cases.reason(dispute.refund.reason),
        "badge": words.badge(dispute),
        "turn": words.turn(dispute, actions, at),
        "steps": words.steps(dispute),
        "side": side.label if side else "",
        "has_rested": side is not None and dispute.has_rested(side),
        "other_rested": side is not None and dispute.has_rested(Side.SHOP if side == Side.BUYER else Side.BUYER),
        "is_hearing": dispute.state == DisputeState.EVIDENCE,
        "acts": _offered(dispute, actions, proposal),
        "bench": words.bench(dispute, side, at),
        "asked": questions.current(dispute) if dispute.state == DisputeState.QUESTIONED else None,
        "is_asked": "answer" in actions,
        "proposal": words.proposal(dispute),
        "agree_form": AgreeForm(dispute=dispute, initial={"sha256": proposal.sha256})
        if proposal and "agree" in actions
        else None,
        "appeals": words.appeals(dispute),
        "is_sealed": dispute.is_sealed(at),
        "is_suspended": dispute.state == DisputeState.SUSPENDED,
        "may_submit": "submit" in actions,
        "form": form,
        "file": words.shown(dispute, file),
        "happenings": happened,
        "past": past,
        "ruling": lifecycle.served(dispute),
        "is_ruled": dispute.state == DisputeState.RULED,
        "awaited": words.awaited(dispute, side),
        "roads": words.roads(dispute) if dispute.outcome or neutrals.is_awaited(dispute) else [],
        "at": at,
    }


def _offered(dispute: Dispute, actions: list[str], proposal: Proposal | None) -> list[dict[str, Any]]:
    """What a side can do now: what the turn is about, then what has words of its own, and ways out last; a proposal is
    accepted where it is read."""
    own = {
        name: {
            "label": label,
            "means": means,
            "url": reverse(address, args=[dispute.number]),
            "style": style,
            "key": "",
            "is_link": False,
        }
        for name, (label, address, style, means) in BUTTONS.items()
        if name in actions
    }
    others = acts.buttons([name for name in actions if name != "agree" or not proposal], dispute, on_bench=False)
    if "withdraw" in own and dispute.advanced:
        own["withdraw"]["label"], own["withdraw"]["means"] = KEPT
    first = [act for name, act in own.items() if name in FIRST]
    return [*first, *others, *(act for name, act in own.items() if name not in FIRST)]


def _do(request: HttpRequest, number: str, verb: Callable[..., None], said: str) -> HttpResponse:
    dispute = own(request, number)
    verb(dispute, by=request.user, at=clock.now())
    messages.success(request, said)
    return redirect(dispute)


def own(request: HttpRequest, number: str) -> Dispute:
    """The case, if the person is one of its sides; else the same 404 as for one that is not there."""
    return up_to_date(request, get_object_or_404(Dispute.objects.of_party(request.user).with_parties(), number=number))


def up_to_date(request: HttpRequest, dispute: Dispute) -> Dispute:
    """Before a POST acts, what is overdue on the sale happens, in a transaction of its own; a GET changes nothing."""
    if request.method == "POST" and fire_overdue(dispute.root_address, at=clock.now()):
        dispute.refresh_from_db()
    return dispute
