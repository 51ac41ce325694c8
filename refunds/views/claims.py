"""The claim wizard: what happened, what we know, what comes of it. Each step is kept as a draft."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orders import attachments
from orders.models import Order, Unit
from orders.uploads import too_large
from refunds import lifecycle, reasons, words
from refunds.forms import EvidenceForm, ResultForm, WhatHappenedForm
from refunds.models import ClaimDraft, Refund
from refunds.states import RefundState
from refunds.triage import Lane
from rulebook import clocks
from rulebook.words import REASONS, in_words
from timeline import clock
from timeline.refusals import Refused
from timeline.spans import deadline
from timeline.sweep import fire_overdue

STEPS = [gettext_lazy("What went wrong"), gettext_lazy("What we know"), gettext_lazy("What comes of it")]
BOTH = ["GET", "HEAD", "POST"]

#: What happens when the claim is filed, and what if nobody acts then.
AHEAD: dict[Lane, tuple[Promise, Promise]] = {
    Lane.PROVEN: (
        gettext_lazy("Our records prove it: the money is paid back at once."),
        gettext_lazy("Nobody has to do anything."),
    ),
    Lane.INSTANT: (
        gettext_lazy("Our records prove it, and your level has the instant lane: the money is paid back at once."),
        gettext_lazy("Nobody has to do anything."),
    ),
    Lane.PREDECISION: (
        gettext_lazy(
            "A machine says no first. With one more click a person of the platform looks at it, free of charge."
        ),
        gettext_lazy("If you do nothing then, the case ends without money."),
    ),
    Lane.ASKED: (gettext_lazy("The shop answers."), gettext_lazy("If the shop stays silent, you are paid back.")),
}


@require_http_methods(BOTH)
def what_happened(request: HttpRequest, number: str) -> HttpResponse:
    """Step one: a reason in plain words, and the units."""
    order, at = _order(request, number)
    units = list(order.units.order_by("place"))
    kind = order.snapshot.listing.kind
    open_places = dict(reasons.places_by_reason(kind, units)) if order.state in lifecycle.CLAIMABLE else {}
    draft = _draft(order, request.user)
    initial = {"reason": draft.reason, "places": draft.places} if draft else {}
    if not initial.get("places") and len({place for places in open_places.values() for place in places}) == 1:
        initial["places"] = next(iter(open_places.values()))
    form = WhatHappenedForm(
        request.POST if request.method == "POST" else None, initial=initial, places_by_reason=open_places
    )
    if request.method == "POST" and form.is_valid():
        ClaimDraft.objects.update_or_create(
            order=order,
            buyer_id=request.user.pk,
            defaults={"reason": form.cleaned_data["reason"], "places": form.cleaned_data["places"], "at": at},
        )
        return redirect("refunds:claim_facts", number=number)
    chosen = form["reason"].value()
    picked = {str(place) for place in form["places"].value() or []}
    context = {
        **_frame(order, 1),
        "form": form,
        "tiles": [
            {
                "code": code,
                "title": REASONS[code].title,
                "text": REASONS[code].meaning,
                "icon": REASONS[code].icon,
                "count": len(places),
                "is_chosen": code == chosen,
            }
            for code, places in open_places.items()
        ],
        "units": [
            {"place": unit.place, "state": unit.get_delivery_display(), "is_chosen": str(unit.place) in picked}
            for unit in units
            if any(unit.place in places for places in open_places.values())
        ],
        "open_cases": _open_cases(order),
    }
    return render(request, "refunds/claim_what.html", context, status=422 if form.errors else 200)


@require_http_methods(BOTH)
def what_we_know(request: HttpRequest, number: str) -> HttpResponse:
    """Step two: our own records first, then what the buyer wants to add."""
    order, at = _order(request, number)
    draft = _draft(order, request.user)
    if draft is None or not draft.reason:
        return redirect("refunds:claim", number=number)
    is_sent = request.method == "POST"
    form = (
        EvidenceForm(request.POST, request.FILES, is_too_large=too_large(request))
        if is_sent
        else EvidenceForm(initial={"text": draft.text})
    )
    if is_sent and form.is_valid():
        draft.text = form.cleaned_data["text"].strip()
        draft.save(update_fields=["text"])
        try:
            if upload := form.cleaned_data["file"]:
                draft.attachments.add(attachments.attach(order, upload, by=request.user, at=at))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            again = "stay" in request.POST
            return redirect("refunds:claim_facts" if again else "refunds:claim_result", number=number)
    try:
        found = lifecycle.preview(order, _units(order, draft), draft.reason, buyer=order.buyer, at=at)
    except Refused as refusal:  # what was told no longer fits: back to step one, where it can be told anew
        messages.error(request, str(refusal.sentence))
        return redirect("refunds:claim", number=number)
    context = {
        **_frame(order, 2),
        "form": form,
        "reason": words.reason(draft.reason),
        "facts": words.facts(found.record()["parts"]),
        "is_proven": found.is_proven,
        "files": list(draft.attachments.order_by("pk")),
    }
    return render(request, "refunds/claim_facts.html", context, status=422 if form.errors else 200)


@require_http_methods(BOTH)
def result(request: HttpRequest, number: str) -> HttpResponse:
    """Step three: the predicted result with its arithmetic, and the one button that files the claim."""
    order, at = _order(request, number)
    draft = _draft(order, request.user)
    if draft is None or not draft.reason:
        return redirect("refunds:claim", number=number)
    try:
        found = lifecycle.preview(order, _units(order, draft), draft.reason, buyer=order.buyer, at=at)
    except Refused as refusal:  # what was told no longer fits: back to step one, where it can be told anew
        messages.error(request, str(refusal.sentence))
        return redirect("refunds:claim", number=number)
    form = ResultForm(
        request.POST if request.method == "POST" else None,
        initial={"expected": found.figure, "amount": found.figure},
    )
    if request.method == "POST" and form.is_valid():
        refund = lifecycle.ask(
            order=order,
            units=_units(order, draft),
            reason=draft.reason,
            text=draft.text,
            attachments=list(draft.attachments.order_by("pk")),
            draft=draft,
            amount=form.cleaned_data["amount"] if found.figure else None,
            expected=form.cleaned_data["expected"],
            by=request.user,
            at=at,
        )
        messages.success(request, _filed(refund))
        return redirect(refund)
    decision = found.record()
    then, silence = AHEAD[found.lane]
    if found.lane is Lane.ASKED and (found.is_contradicted or found.route == Refund.Route.HUMAN):
        silence = gettext_lazy("If the shop stays silent, the platform decides.")
    context = {
        **_frame(order, 3),
        "form": form,
        "reason": words.reason(draft.reason),
        "count": len(draft.places),
        "card": card(decision),
        "figure": found.figure,
        "then": then,
        "silence": silence,
        "if_no": _if_the_shop_says_no(order) if found.lane is Lane.ASKED else "",
        "code": draft.reason,
        "until": deadline(found.answer_span(found.figure), at) if found.lane is Lane.ASKED else None,
        "code_goes_back": any(part.known.state == "SEALED" for part in found.parts),
        "text": draft.text,
        "files": list(draft.attachments.order_by("pk")),
    }
    return render(request, "refunds/claim_result.html", context, status=422 if form.errors else 200)


def _if_the_shop_says_no(order: Order) -> str:
    """What is open after a no, and for how long, by the order's own version of the clocks."""
    span = clocks.span("ESCALATE", version=order.rulebook_version)
    return _("If the shop says no, you have %(span)s to call the platform, free of charge.") % {"span": in_words(span)}


def card(decision: dict[str, Any]) -> dict[str, Any]:
    """A recorded decision for the component."""
    return {
        "outcome": words.outcome(decision),
        "amount": decision["figure"] + decision["compensation"],
        "lines": words.lines(decision),
        "payers": words.payers(decision),
        "rules": words.rules(decision),
        "version": decision["version"],
    }


def _filed(refund: Refund) -> str:
    if refund.state in {RefundState.APPROVED, RefundState.REFUNDED}:
        return _("Proven by our records: the money is being paid back.")
    if refund.state == RefundState.DECLINED:
        return _("Filed. By the rules nothing goes back; ask for a person below if you see it differently.")
    return _("Filed. The shop has been asked; you see below until when it answers.")


def _order(request: HttpRequest, number: str) -> tuple[Order, datetime]:
    """The buyer's own order with what was overdue on it done; for anybody else it is not there."""
    mine = Order.objects.filter(buyer=request.user.pk).select_related("shop", "snapshot__listing")
    order, at = get_object_or_404(mine, number=number), clock.now()
    if request.method == "POST":
        fire_overdue(order.root_address, at=at)
        order.refresh_from_db(fields=["state", "entered_at", "deadline_at"])
    return order, at


def _draft(order: Order, user: Any) -> ClaimDraft | None:
    return ClaimDraft.objects.filter(order=order, buyer=user).first()


def _units(order: Order, draft: ClaimDraft) -> list[Unit]:
    return list(order.units.filter(place__in=draft.places).order_by("place"))


def _frame(order: Order, step: int) -> dict[str, Any]:
    return {
        "order": order,
        "title": order.snapshot.listing.title,
        "steps": [
            {"label": label, "status": "done" if place < step else "now" if place == step else "ahead", "note": ""}
            for place, label in enumerate(STEPS, start=1)
        ],
    }


def _open_cases(order: Order) -> list[Refund]:
    return list(order.refunds.open().order_by("-pk")[:10])
