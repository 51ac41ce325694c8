"""What a shop has to answer: the case with the least time first, what our records say, and what each answer costs."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.templatetags.money import yuan
from refunds import costs, desk, lifecycle, words
from refunds.forms import AnswerForm, QueueForm, WordForm
from refunds.models import Answer, Refund, Word
from refunds.states import RefundState
from shops.models import MONEY, SERVE, Listing, Shop
from timeline import clock
from timeline.parts import part
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

PAGE = 50

#: What our own records say of a claim: words, icon and tone.
VERDICTS: dict[str, tuple[Promise, str, str]] = {
    "buyer": (gettext_lazy("Our records support the buyer"), "shield-check", "brand"),
    "shop": (gettext_lazy("Our records speak against it"), "shield-alert", "amber"),
    "open": (gettext_lazy("Our records cannot tell"), "circle-question-mark", ""),
}
#: How much of the time is left, in percent: word and tone. A color never says it alone.
URGENCY: list[tuple[int, Promise, str]] = [
    (0, gettext_lazy("over"), "vermilion"),
    (20, gettext_lazy("little time"), "amber"),
    (50, gettext_lazy("half gone"), "brand"),
    (101, gettext_lazy("enough time"), ""),
]


@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """The cases a shop has to answer, 50 a page by time left, filtered by state, reason, listing and amount."""
    shop, at = _own_shop(request, slug), clock.now()
    listings = list(Listing.objects.filter(shop=shop).order_by("title", "pk").values_list("pk", "title")[:500])
    form = QueueForm(request.GET, listings=listings)
    waiting = _filtered(waiting_for(shop), form.cleaned_data if form.is_valid() else {})
    found = part(waiting, by="deadline_at", place=request.GET.get("after", ""), most=PAGE)
    rows = [row(refund, at) for refund in found.rows]
    context = {
        "shop": shop,
        "form": form,
        "is_filtered": any(form.cleaned_data.values()) if form.is_bound and form.is_valid() else False,
        "rows": rows,
        "proven": sum(each["can_be_chosen"] for each in rows),
        "part": found,
        "query": form.as_query(),
        "at": at,
    }
    return render(request, "refunds/queue.html", context)


def waiting_for(shop: Shop) -> QuerySet[Refund]:
    """What a shop has to answer, with everything that a row shows, in one query."""
    waiting = Refund.objects.waiting_for(shop).annotate(units=Count("items"))
    return waiting.select_related("order__snapshot__listing", "order__shop", "buyer")


def _filtered(waiting: QuerySet[Refund], asked: dict[str, Any]) -> QuerySet[Refund]:
    named = {"state": "state", "reason": "reason", "listing": "order__snapshot__listing"}
    for name, path in named.items():
        if asked.get(name):
            waiting = waiting.filter(**{path: asked[name]})
    if asked.get("least") is not None:
        waiting = waiting.filter(asked__gte=asked["least"])
    if asked.get("most") is not None:
        waiting = waiting.filter(asked__lte=asked["most"])
    return waiting


@require_POST
def accept(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop accepts several cases at once, of those that our records prove.

    First it sees what that costs to the fen; with that sum confirmed, each is accepted in a transaction of its own and
    told with its result.
    """
    shop, at = _own_shop(request, slug), clock.now()
    numbers = request.POST.getlist("number")[:PAGE]
    chosen = list(waiting_for(shop).filter(number__in=numbers))
    proven = [refund for refund in chosen if _can_be_chosen(refund)]
    if not proven:
        messages.warning(request, _("No case was accepted: choose cases that our records prove."))
        return redirect("refunds:queue", slug=slug)
    total = sum(costs.of_accepting(refund) for refund in proven)
    left_out = sorted(set(numbers) - {refund.number for refund in proven})
    if request.POST.get("total") != str(total):
        context = {
            "shop": shop,
            "rows": [row(refund, at) for refund in proven],
            "total": total,
            "kept": sum(refund.fee for refund in proven),
            "left_out": left_out,
            "is_new": "total" in request.POST,
        }
        return render(request, "refunds/queue_accept.html", context)
    results = [_accepted(refund, by=request.user, at=at) for refund in proven]
    done = [each for each in results if each["is_done"]]
    if done:
        said = ngettext("%(count)s case accepted: %(sum)s.", "%(count)s cases accepted: %(sum)s.", len(done))
        messages.success(request, said % {"count": len(done), "sum": yuan(sum(each["sum"] for each in done))})
    else:
        messages.warning(request, _("No case was accepted: read below why."))
    return render(request, "refunds/queue_accepted.html", {"shop": shop, "rows": results, "left_out": left_out})


def _accepted(refund: Refund, *, by: Any, at: datetime) -> dict[str, Any]:
    """One case of many: accepted, or why not."""
    fire_overdue(refund.root_address, at=at)
    why = ""
    try:
        lifecycle.accept(refund, by=by, at=at)
    except Refused as refusal:
        why = str(refusal.sentence)
    return {"refund": refund, "is_done": not why, "why": why, "sum": costs.of_accepting(refund)}


@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: HttpRequest, slug: str) -> HttpResponse:
    """The answers that a shop keeps, and its word in advance."""
    shop, at = _own_shop(request, slug), clock.now()
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            desk.keep_answer(shop, by=request.user, at=at, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Kept. You can change it each time before it is sent."))
            return redirect("refunds:answers", slug=slug)
    word = Word.objects.filter(shop=shop).first()
    proposed = desk.PROPOSED_WORD if word is None and shop.is_certified() else 0
    kept = part(shop.answers.all(), by="title", place=request.GET.get("after", ""), most=PAGE)
    context = {
        "shop": shop,
        "form": form,
        "answers": kept.rows,
        "part": kept,
        "word": word.most if word else 0,
        "is_proposed": proposed > 0 and shop.may(request.user, MONEY),
        "word_form": WordForm(initial={"most": word.most if word else proposed})
        if shop.may(request.user, MONEY)
        else None,
    }
    return render(request, "refunds/answers.html", context, status=422 if form.errors else 200)


@require_POST
def drop_answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """An answer goes."""
    shop = _own_shop(request, slug)
    desk.drop_answer(get_object_or_404(Answer, shop=shop, pk=pk), by=request.user, at=clock.now())
    return redirect("refunds:answers", slug=slug)


@require_POST
def give_word(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop says up to how much it pays at once, or takes that back."""
    shop = _own_shop(request, slug)
    form = WordForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(each) for errors in form.errors.values() for each in errors))
        return redirect("refunds:answers", slug=slug)
    word = desk.give_word(shop, most=form.cleaned_data["most"] or 0, by=request.user, at=clock.now())
    if word.most:
        said = _("From now on claims up to %(most)s that our records do not contradict are paid at once.")
        messages.success(request, said % {"most": yuan(word.most)})
    else:
        messages.success(request, _("From now on nothing is paid before you have answered, unless it is proven."))
    return redirect("refunds:answers", slug=slug)


def verdict(refund: Refund) -> str:
    """What our own records say of a claim: for the buyer, for the shop, or nothing."""
    if refund.is_contradicted:
        return "shop"
    return "buyer" if refund.is_proven() else "open"


def row(refund: Refund, at: datetime) -> dict[str, Any]:
    """A case as a row: time left in word and bar, what our records say, what each answer costs."""
    word, icon, tone = VERDICTS[verdict(refund)]
    whole = (refund.deadline_at - refund.entered_at).total_seconds() if refund.deadline_at else 1
    left = (refund.deadline_at - at).total_seconds() if refund.deadline_at else whole
    percent = max(0, min(100, round(100 * left / whole)))
    _most, urgency, urgency_tone = next(each for each in URGENCY if percent <= each[0])
    return {
        "refund": refund,
        "title": refund.order.snapshot.listing.title,
        "reason": words.reason(refund.reason),
        "state": RefundState(refund.state).label,
        "units": refund.units,  # type: ignore[attr-defined]
        "cost": costs.of_accepting(refund),
        "kept": refund.fee,
        "choices": costs.choices(refund, units=refund.units, kind=refund.order.snapshot.listing.kind),  # type: ignore[attr-defined]
        "can_be_chosen": _can_be_chosen(refund),
        "answers": _answers(refund),
        "verdict": {"word": word, "icon": icon, "tone": tone},
        "left": percent,
        "urgency": {"word": urgency, "tone": urgency_tone},
        "then": words.then(refund),
    }


def _answers(refund: Refund) -> list[dict[str, str]]:
    """The ways to the four answers, each with its key; the pages themselves say what is still possible."""
    if refund.state != RefundState.REQUESTED:
        return []
    case = refund.get_absolute_url()
    pages = {
        verb: reverse(f"refunds:{verb}", kwargs={"number": refund.number}) for verb in ("offer", "decline", "question")
    }
    return [
        {"key": "a", "label": _("Accept"), "url": f"{case}#accept"},
        {"key": "o", "label": _("Offer something"), "url": pages["offer"]},
        {"key": "d", "label": _("Decline by a rule"), "url": pages["decline"]},
        {"key": "r", "label": _("Ask the buyer for something"), "url": pages["question"]},
    ]


def _can_be_chosen(refund: Refund) -> bool:
    """Whether a case can be accepted together with others: proven by our records, and money is asked for."""
    return refund.state == RefundState.REQUESTED and refund.is_proven() and refund.asked > 0


def _own_shop(request: HttpRequest, slug: str) -> Shop:
    """A shop in which the person serves buyers; any other is not there."""
    shop = get_object_or_404(Shop, slug=slug)
    if not shop.may(request.user, SERVE):
        raise Http404
    if request.method == "POST":
        fire_overdue(shop.address, at=clock.now())
    return shop
