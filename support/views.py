"""Pages of the support room: the road to a person, the room's queue and desk, its shifts, its public figures."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import SignedInRequest
from orders.fulfilment import handing
from orders.models import Order
from orders.parties import Side, side_of, visible_to
from support import figures, lifecycle
from support.forms import AnswerForm, CallForm, HandoverForm, ShiftForm
from support.models import ANSWERING, Shift, Talk
from support.states import TalkState
from support.summary import summary
from timeline import clock, parts
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

PAGE = 50
#: So many of somebody's orders are named where they look for a person.
LATEST = 5
LOOKS = {
    TalkState.WAITING: ("hourglass", "amber"),
    TalkState.TAKEN: ("user-check", "brand"),
    TalkState.TALKING: ("message-square", "green"),
    TalkState.CLOSED: ("check", ""),
}


@login_not_required
@require_safe
def room(request: HttpRequest) -> HttpResponse:
    """How to reach a person, and how long it took lately; for everybody, with the road of each of one's orders."""
    at = clock.now()
    context = {
        "figures": figures.figures(at),
        "is_open": Shift.objects.on(at).exists(),
        "orders": _latest(request.user),
        "at": at,
    }
    return render(request, "support/room.html", context)


def _latest(user: Any) -> list[dict[str, Any]]:
    """What somebody bought last, each with what it is called and the talk that is open about it."""
    if not user.is_authenticated:
        return []
    talks = Talk.objects.open().filter(asked_by=user, order=OuterRef("pk"))
    bought = Order.objects.filter(buyer=user).select_related("snapshot").annotate(is_called=Exists(talks))
    return [
        {"number": order.number, "title": handing.promised(order)["title"], "is_called": order.is_called}
        for order in bought.order_by("-pk")[:LATEST]
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def call(request: SignedInRequest, number: str) -> HttpResponse:
    """One of the two sides calls for a person; or how far that has come."""
    order = get_object_or_404(visible_to(request.user).select_related("shop"), number=number)
    if side_of(order, request.user) not in {Side.BUYER, Side.SHOP}:
        raise Http404
    at = clock.now()
    form = CallForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        fire_overdue(order.address, at=at)
    if request.method == "POST" and form.is_valid():
        lifecycle.call(order, by=request.user, at=at, **form.cleaned_data)
        messages.success(request, _("A person of the mall was called. The answer stands in the conversation."))
        return redirect("support:call", number=number)
    talk = Talk.objects.filter(order=order, asked_by=request.user).order_by("-pk").first()
    context = {
        "order": order,
        "form": form,
        "talk": _row(talk) if talk else None,
        "is_open": talk is not None and not talk.is_over,
        "promised": lifecycle.promise(is_urgent=False, at=at),
        "at": at,
    }
    return render(request, "support/call.html", context, status=422 if form.errors else 200)


@require_POST
def close(request: SignedInRequest, number: str) -> HttpResponse:
    """Whoever asked has what they wanted; or whoever answered says that it is over."""
    talk = _find(request, number)
    lifecycle.close(talk, by=request.user, at=clock.now())
    messages.success(request, _("Closed. You can call for a person again at any time."))
    if talk.asked_by_id == request.user.pk:
        return redirect("support:call", number=talk.order.number)
    return redirect("support:queue")


@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """Who waits for a person, the least time first; what is in hand; which answers are canned."""
    _require_room(request)
    at = clock.now()
    talks = Talk.objects.select_related("order__shop", "asked_by", "taken_by")
    mine = talks.open().filter(taken_by=request.user)
    mine_part = parts.part(mine, by="deadline_at", place=request.GET.get("mine", ""), most=PAGE)
    shifts = Shift.objects.filter(ended_at=None, until__gt=at).select_related("user")
    shifts_part = parts.part(shifts, by="since", place=request.GET.get("shifts", ""), most=PAGE)
    waiting = parts.part(talks.waiting(), by="deadline_at", place=request.GET.get("after", ""), most=PAGE)
    context = {
        "at": at,
        "waiting": [_row(talk) for talk in waiting.rows],
        "part": waiting,
        "mine": [_row(talk) for talk in mine_part.rows],
        "mine_part": mine_part,
        "figures": figures.figures(at),
        "canned": figures.canned(at),
        "shifts": shifts_part.rows,
        "shifts_part": shifts_part,
        "may_plan": request.user.has_role(Role.LEAD),
        "form": ShiftForm(),
    }
    return render(request, "support/queue.html", context)


@require_safe
def talk(request: SignedInRequest, number: str) -> HttpResponse:
    """One talk: its story, told by our records, and what was said."""
    _require_room(request)
    found = _find(request, number)
    context = {
        "row": _row(found),
        "order": found.order,
        **summary(found),
        "may_take": found.state == TalkState.WAITING,
        "is_mine": found.taken_by_id == request.user.pk and not found.is_over,
        "answer_form": AnswerForm(),
        "handover_form": HandoverForm(),
        "at": clock.now(),
    }
    return render(request, "support/talk.html", context)


@require_POST
def take(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent takes a talk on."""
    _require_room(request)
    lifecycle.take(_find(request, number), by=request.user, at=clock.now())
    return redirect("support:talk", number=number)


@require_POST
def answer(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent answers."""
    _require_room(request)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            lifecycle.answer(_find(request, number), form.cleaned_data["text"], by=request.user, at=clock.now())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except Refused as refused:
            if refused.code != "said_already":
                raise
            messages.error(request, str(refused.sentence))
        else:
            messages.success(request, _("Said to both sides."))
    else:
        messages.error(request, _("Write an answer first."))
    return redirect("support:talk", number=number)


@require_POST
def hand_over(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent gives a talk back to the room."""
    _require_room(request)
    form = HandoverForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    lifecycle.hand_over(_find(request, number), reason=reason, by=request.user, at=clock.now())
    messages.success(request, _("Handed over. The next one reads your note."))
    return redirect("support:queue")


@require_POST
def plan(request: SignedInRequest) -> HttpResponse:
    """A lead plans a shift."""
    _require_room(request)
    form = ShiftForm(request.POST)
    if form.is_valid():
        lifecycle.plan(by=request.user, at=clock.now(), **form.cleaned_data)
        messages.success(request, _("Planned. Promises count with it from now on."))
    else:
        messages.error(request, _("Look at the times again."))
    return redirect("support:queue")


@require_POST
def call_off(request: SignedInRequest, pk: int) -> HttpResponse:
    """A lead takes a shift back."""
    _require_room(request)
    lifecycle.call_off(get_object_or_404(Shift, pk=pk), by=request.user, at=clock.now())
    messages.success(request, _("Called off."))
    return redirect("support:queue")


def _require_room(request: SignedInRequest) -> None:
    if not request.user.roles & ANSWERING:
        raise Http404


def _find(request: SignedInRequest, number: str) -> Talk:
    talks = Talk.objects.visible_to(request.user).select_related("order__shop", "asked_by", "taken_by")
    found = get_object_or_404(talks, number=number)
    if request.method == "POST":
        fire_overdue(found.root_address, at=clock.now())
    return found


def _row(talk: Talk) -> dict[str, Any]:
    state = TalkState(talk.state)
    icon, tone = LOOKS[state]
    is_late = talk.late_at is not None and talk.first_answer_at is None
    return {
        "talk": talk,
        "badge": {"word": state.label, "icon": icon, "tone": "vermilion" if is_late else tone},
        "then": _("Then a lead is told, and the delay stands in our public figures."),
        "is_waiting": talk.first_answer_at is None and not talk.is_over,
    }
