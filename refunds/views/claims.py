"""The claim wizard: what happened, what we know, what comes of it. Each step is kept as a draft."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from orders import attachments
from orders.models import Attachment, Order, Unit
from orders.uploads import too_large
from refunds import lifecycle, reasons, stated, words
from refunds.checklist import needs
from refunds.forms import MANY, EvidenceForm, ResultForm, WhatHappenedForm
from refunds.hints import HINTS
from refunds.models import ClaimDraft, Refund
from refunds.stated import Told
from refunds.states import RefundState
from refunds.triage import Lane
from rulebook import clocks, versions
from rulebook.book import Book
from rulebook.words import REASONS, in_words
from shops.models import CODES
from timeline import clock
from timeline.door import lock
from timeline.refusals import Refused
from timeline.spans import deadline
from timeline.sweep import fire_overdue

STEPS = [gettext_lazy("What went wrong"), gettext_lazy("What we know"), gettext_lazy("What comes of it")]
BOTH = ["GET", "HEAD", "POST"]

#: Reasons in which the same again is what many buyers would rather have.
REPLACED = frozenset({"CODE_INVALID", "CODE_EXPIRED", "CODE_ALREADY_USED", "WRONG_ITEM"})

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
    Lane.AGREED: (
        gettext_lazy("The shop agreed in advance to pay claims of this size: the money is paid back at once."),
        gettext_lazy("Nobody has to do anything."),
    ),
    Lane.WAIT: (
        gettext_lazy("The supplier may still deliver, so it is asked first: what you paid for never goes out twice."),
        gettext_lazy("If the supplier stays silent, it is decided as if it had failed."),
    ),
    Lane.URGENT: (
        gettext_lazy("This cannot wait: the platform takes it on at once, and people decide. The money stays held."),
        gettext_lazy("Nothing is decided by silence or by a machine."),
    ),
    Lane.PREDECISION: (
        gettext_lazy(
            "A machine says no first. With one more click a person of the platform looks at it, free of charge."
        ),
        gettext_lazy("If you do nothing then, the case ends without money."),
    ),
    Lane.PERSON: (
        gettext_lazy("A person of the platform looks at it at once, free of charge. The money stays held."),
        gettext_lazy("Nothing is decided by silence or by a machine."),
    ),
    Lane.ASKED: (gettext_lazy("The shop answers."), gettext_lazy("If the shop stays silent, you are paid back.")),
}


@require_http_methods(BOTH)
def what_happened(request: HttpRequest, number: str) -> HttpResponse:
    """Step one: a reason in plain words with what to try first, and the units."""
    order, at = _order(request, number)
    units = list(order.units.order_by("place"))
    kind, book = order.snapshot.listing.kind, versions.book_of(order.rulebook_version)
    open_places = dict(reasons.places_by_reason(kind, units, book)) if order.state in lifecycle.CLAIMABLE else {}
    draft = _draft(order, request.user)
    initial = {"reason": draft.reason, "places": draft.places} if draft else {}
    if not initial.get("places") and len({place for places in open_places.values() for place in places}) == 1:
        initial["places"] = next(iter(open_places.values()))
    form = WhatHappenedForm(
        request.POST if request.method == "POST" else None, initial=initial, places_by_reason=open_places
    )
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        told = draft.stated if draft and draft.reason == reason else {}
        ClaimDraft.objects.update_or_create(
            order=order,
            buyer_id=request.user.pk,
            defaults={"reason": reason, "places": form.cleaned_data["places"], "stated": told, "at": at},
        )
        return redirect("refunds:claim_facts", number=number)
    chosen = form["reason"].value()
    picked = {str(place) for place in form["places"].value() or []}
    claimable = [unit for unit in units if any(unit.place in places for places in open_places.values())]
    context = {
        **_frame(order, 1),
        "form": form,
        "groups": _tiles(open_places, chosen, book),
        "units": [
            {"place": unit.place, "state": unit.get_delivery_display(), "is_chosen": str(unit.place) in picked}
            for unit in claimable[:CHIPS]
        ],
        "unit_count": len(claimable),
        "is_bulk": len(claimable) > MANY,
        "is_all": bool(form["all"].value()),
        "draft": draft if draft and request.method != "POST" else None,
        "open_cases": _open_cases(order),
    }
    return render(request, "refunds/claim_what.html", context, status=422 if form.errors else 200)


#: So many units can be ticked one by one; the rest is named by places.
CHIPS = 60
#: Who is at fault if nothing else is shown, in the order in which reasons are grouped for a buyer.
GROUPS: list[tuple[Promise, frozenset[str]]] = [
    (gettext_lazy("Something is wrong with it"), frozenset({"SELLER", "UPSTREAM", "PLATFORM", "FORCE_MAJEURE"})),
    (gettext_lazy("It is about me"), frozenset({"BUYER"})),
    (gettext_lazy("It cannot wait"), frozenset({"MINOR", "UNAUTHORIZED", "ILLEGAL"})),
]


def _tiles(open_places: dict[str, list[int]], chosen: Any, book: Book) -> list[dict[str, Any]]:
    """The reasons as tiles, grouped; each with what to try first."""
    found = []
    for title, faults in GROUPS:
        tiles = [
            {
                "code": code,
                "title": REASONS[code].title,
                "text": REASONS[code].meaning,
                "icon": REASONS[code].icon,
                "count": len(places),
                "hints": HINTS.get(code, ()),
                "is_chosen": code == chosen,
            }
            for code, places in open_places.items()
            if book.reasons[code].default_class in faults
        ]
        if tiles:
            found.append({"title": title, "tiles": tiles})
    return found


@require_http_methods(BOTH)
def what_we_know(request: HttpRequest, number: str) -> HttpResponse:
    """Step two: our own records first, then what is still needed and only the buyer can give."""
    order, at = _order(request, number)
    draft = _draft(order, request.user)
    if draft is None or not draft.reason:
        return redirect("refunds:claim", number=number)
    told = Told.of(draft.stated)
    try:
        found = lifecycle.preview(order, _units(order, draft), draft.reason, buyer=order.buyer, at=at, told=told)
    except Refused as refusal:  # what was told no longer fits: back to step one, where it can be told anew
        messages.error(request, str(refusal.sentence))
        return redirect("refunds:claim", number=number)
    book = versions.book_of(order.rulebook_version)
    kind = order.snapshot.listing.kind
    asked = stated.questions(draft.reason, kind, (part.known for part in found.parts), book)
    shape: dict[str, Any] = {"reason": draft.reason, "facts": asked, "formula": book.reasons[draft.reason].formula}
    is_sent = request.method == "POST"
    form = (
        EvidenceForm(request.POST, request.FILES, is_too_large=too_large(request), **shape)
        if is_sent
        else EvidenceForm(initial=_initial(draft, told), **shape)
    )
    if is_sent and form.is_valid():
        given: list[Attachment] = []
        try:
            for upload in form.cleaned_data["file"]:
                given.append(attachments.attach(order, upload, by=request.user, at=at))
        except ValidationError as error:
            form.add_error(None, error)
        if not _is_kept(order, draft, form, given):
            return redirect("refunds:claim", number=number)
        if form.is_valid():
            again = "stay" in request.POST
            return redirect("refunds:claim_facts" if again else "refunds:claim_result", number=number)
    files = list(draft.attachments.order_by("pk"))
    about = REASONS[draft.reason]
    context = {
        **_frame(order, 2),
        "form": form,
        "code": draft.reason,
        "reason": about.title,
        "hints": HINTS.get(draft.reason, ()),
        "facts": words.facts(found.record()["parts"]),
        "records": about.records,
        "needed": about.buyer,
        "is_proven": found.is_proven,
        "checklist": needs(found, kind, book, has_words=bool(draft.text), has_files=bool(files)),
        "asks_evidence": found.asks_evidence,
        "is_minor": draft.reason == reasons.MINOR_PURCHASE,
        "files": [{"file": file, "is_image": attachments.is_image(file)} for file in files],
    }
    return render(request, "refunds/claim_facts.html", context, status=422 if form.errors else 200)


def _is_kept(order: Order, draft: ClaimDraft, form: EvidenceForm, given: list[Attachment]) -> bool:
    """Keep what was told; false if the draft was filed or thrown away meanwhile, while a file was on its way."""
    told, stored = form.cleaned_data["text"].strip(), form.told.stored()
    with transaction.atomic():
        lock(order)
        if not ClaimDraft.objects.filter(pk=draft.pk).update(text=told, stated=stored):
            return False
        draft.attachments.add(*given)
    draft.text, draft.stated = told, stored
    return True


def _initial(draft: ClaimDraft, told: Told) -> dict[str, Any]:
    facts = {
        name: ("yes" if value else "no") if isinstance(value, bool) else value for name, value in told.facts.items()
    }
    return {**facts, "text": draft.text, "error_code": told.error_code, "happened_on": told.happened_on}


@require_POST
def leave_out(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A file that was given by mistake does not go with the claim; with the order it stays on record."""
    order, _at = _order(request, number)
    if draft := _draft(order, request.user):
        draft.attachments.remove(*draft.attachments.filter(pk=pk).order_by("pk"))
    return redirect("refunds:claim_facts", number=number)


@require_POST
def discard(request: HttpRequest, number: str) -> HttpResponse:
    """The draft is thrown away: what was to try first has helped, or it was not needed after all."""
    order, _at = _order(request, number)
    with transaction.atomic():
        lock(order)
        ClaimDraft.objects.filter(order=order, buyer_id=request.user.pk).delete()
    messages.success(request, _("Nothing was filed. If it fails after all, a claim is still possible in its time."))
    return redirect("orders:detail", number=number)


@require_http_methods(BOTH)
def result(request: HttpRequest, number: str) -> HttpResponse:
    """Step three: the predicted result with its arithmetic, and the one button that files the claim."""
    order, at = _order(request, number)
    draft = _draft(order, request.user)
    if draft is None or not draft.reason:
        return redirect("refunds:claim", number=number)
    told = Told.of(draft.stated)
    try:
        found = lifecycle.preview(order, _units(order, draft), draft.reason, buyer=order.buyer, at=at, told=told)
    except Refused as refusal:  # what was told no longer fits: back to step one, where it can be told anew
        messages.error(request, str(refusal.sentence))
        return redirect("refunds:claim", number=number)
    form = ResultForm(
        request.POST if request.method == "POST" else None,
        initial={"expected": found.figure, "amount": found.figure, "prefers": Refund.Preference.MONEY},
        can_be_replaced=order.snapshot.listing.kind in CODES and draft.reason in REPLACED,
        can_go_to_balance=found.figure > 0 and lifecycle.may_go_to_balance(order, draft.reason),
    )
    if request.method == "POST" and form.is_valid():
        refund = lifecycle.ask(
            order=order,
            units=_units(order, draft),
            reason=draft.reason,
            text=draft.text,
            attachments=list(draft.attachments.order_by("pk")),
            draft=draft,
            told=told,
            prefers=form.cleaned_data.get("prefers") or Refund.Preference.MONEY,
            amount=form.cleaned_data["amount"] if found.figure else None,
            expected=form.cleaned_data["expected"],
            by=request.user,
            at=at,
        )
        messages.success(request, _filed(refund))
        return redirect(refund)
    decision, lane = found.record(), found.lane
    then, silence = AHEAD[lane]
    if lane is Lane.ASKED and not found.is_paid_by_silence:
        silence = gettext_lazy("If the shop stays silent, the platform decides.")
    is_asked = lane in {Lane.ASKED, Lane.WAIT}
    context = {
        **_frame(order, 3),
        "form": form,
        "reason": words.reason(draft.reason),
        "count": len(draft.places),
        "card": card(decision),
        "figure": found.figure,
        "fee": found.fee,
        "compensation": found.compensation,
        "then": then,
        "silence": silence,
        "who": _("the supplier") if lane is Lane.WAIT else _("the shop"),
        "if_no": _if_the_shop_says_no(order) if lane is Lane.ASKED else "",
        "code": draft.reason,
        "until": deadline(found.answer_span(found.figure), at) if is_asked else None,
        "code_goes_back": any(part.known.state == "SEALED" for part in found.parts),
        "is_people_only": found.is_people_only,
        "is_minor": draft.reason == reasons.MINOR_PURCHASE,
        "is_illegal": draft.reason == reasons.ILLEGAL_GOODS,
        "claimed": sorted({name for part in decision["parts"] for name in part["grades"]}),
        "text": draft.text,
        "error_code": told.error_code,
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
    if refund.state == RefundState.DISPUTED:
        return _("Filed. The platform has it now; people decide, and the money stays held.")
    if refund.state in {RefundState.APPROVED, RefundState.REFUNDED}:
        return _("Proven by our records: the money is being paid back.")
    if refund.waits_for_supplier:
        return _("Filed. The supplier has been asked; you see below until when it answers.")
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
