"""What the mall knows of you, on pages; and the desk of those who answer for it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, Unmasking
from accounts.reauthentication import fresh
from accounts.requests import signed_in
from privacy import exports, holds, lifecycle, looks, words
from privacy.forms import ThingForm, WhyForm
from privacy.models import Erasure, Export, Hold, Run
from privacy.states import ErasureState, HoldState
from timeline import clock, parts
from timeline.sweep import fire_overdue

MOST = 50
#: How each state of a request looks.
LOOKS = {
    ErasureState.WAITING: ("hourglass", "amber"),
    ErasureState.AGREED: ("circle-check", "green"),
    ErasureState.DONE: ("circle-check", "green"),
    ErasureState.REFUSED: ("octagon-alert", "amber"),
    ErasureState.WITHDRAWN: ("undo-2", ""),
}


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Copies, requests, and who of the mall looked at what is masked of the person."""
    user: Any = request.user
    at = clock.now()
    erasure = user.erasures.order_by("-pk").first()
    looked = parts.part(user.unmaskings.select_related("by"), by="-id", place=request.GET.get("looks", ""), most=MOST)
    context = {
        "at": at,
        "copies": [{"copy": each, "is_ready": each.is_ready(at)} for each in user.exports.order_by("-pk")[:5]],
        "erasure": _row(erasure) if erasure else None,
        "is_open": erasure is not None and not erasure.is_over,
        "blocking": [words.row(item.what, item.fate, "", item.number) for item in lifecycle.blocking(user, at)],
        "looks": looked.rows,
        "looks_part": looked,
    }
    return render(request, "privacy/own.html", context)


@require_POST
@fresh
def ask_copy(request: HttpRequest) -> HttpResponse:
    """Ask for a copy; a worker makes it."""
    user: Any = request.user
    export = exports.ask(user, by=user, at=clock.now())
    return redirect(export)


@require_safe
def export(request: HttpRequest, number: str) -> HttpResponse:
    """How far a copy is; the page asks again by itself until it is ready."""
    at = clock.now()
    found = get_object_or_404(Export, number=number, user=request.user)
    context = {"copy": found, "is_ready": found.is_ready(at), "at": at}
    answer = render(request, "privacy/export.html", context)
    if found.built_at is None and not found.is_given_up:
        answer.headers["Refresh"] = "3"
    return answer


@require_POST
@fresh
def fetch(request: HttpRequest, number: str) -> HttpResponse:
    """The ZIP, once."""
    found = get_object_or_404(Export, number=number, user=request.user)
    content = exports.fetch(found, by=signed_in(request), at=clock.now())
    answer = HttpResponse(content, content_type="application/zip")
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"KAMEN-{found.number}.zip") or ""
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@fresh
def ask(request: HttpRequest) -> HttpResponse:
    """Ask to be erased."""
    user: Any = request.user
    lifecycle.ask(user, by=user, at=clock.now())
    messages.success(request, _("Asked. A person answers within fifteen working days, thing by thing."))
    return redirect("privacy:own")


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Stay after all."""
    found = get_object_or_404(Erasure.objects.select_related("user"), number=number, user=request.user)
    fire_overdue(found.root_address, at=clock.now())
    lifecycle.withdraw(found, by=signed_in(request), at=clock.now())
    messages.success(request, _("Taken back. Everything stays as it is."))
    return redirect("privacy:own")


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Requests that wait, holds, what the daily run did, and who looked at what is masked."""
    roles = _roles(request)
    return render(
        request, "privacy/desk.html", _desk(request, roles, ThingForm(prefix="hold"), ThingForm(prefix="look"))
    )


@require_POST
def answer(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Agree to a request, or refuse it with the reason."""
    _roles(request)
    found = get_object_or_404(Erasure.objects.select_related("user"), number=number)
    fire_overdue(found.root_address, at=clock.now())
    by: Any = request.user
    if verb == "agree":
        lifecycle.agree(found, by=by, at=clock.now())
    elif verb == "refuse":
        lifecycle.refuse(found, reason=request.POST.get("reason", ""), by=by, at=clock.now())
    else:
        raise Http404
    messages.success(request, _("Answered. The person is told."))
    return redirect("privacy:desk")


@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Hold a sale or a person."""
    roles = _roles(request)
    form = ThingForm(request.POST, prefix="hold")
    if not form.is_valid():
        context = _desk(request, roles, form, ThingForm(prefix="look"))
        return render(request, "privacy/desk.html", context, status=422)
    told = form.cleaned_data
    by: Any = request.user
    holds.set_hold(user=told["user"], order=told["order"], reason=told["reason"], by=by, at=clock.now())
    messages.success(request, _("Held. Nothing of it is destroyed until two people release it."))
    return redirect("privacy:desk")


@require_POST
def release(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Propose to release a hold; as a second person, sign or keep it."""
    _roles(request)
    found = get_object_or_404(Hold.objects.select_related("user", "order"), number=number)
    fire_overdue(found.root_address, at=clock.now())
    by: Any = request.user
    match verb:
        case "propose":
            holds.propose(found, reason=request.POST.get("reason", ""), by=by, at=clock.now())
        case "sign":
            holds.sign(found, by=by, at=clock.now())
        case "keep":
            holds.keep(found, by=by, at=clock.now())
        case _:
            raise Http404
    messages.success(request, _("Done."))
    return redirect("privacy:desk")


@require_POST
@fresh
def look(request: HttpRequest) -> HttpResponse:
    """What was put away of a sale, or somebody's mail address: once, on this page, with the reason on record."""
    roles = _roles(request)
    form = ThingForm(request.POST, prefix="look")
    by: Any = request.user
    if not form.is_valid():
        context = _desk(request, roles, ThingForm(prefix="hold"), form)
        return render(request, "privacy/desk.html", context, status=422)
    told = form.cleaned_data
    context = {"order": told["order"], "person": told["user"], "pieces": [], "mail": ""}
    if told["order"] is not None:
        found = looks.open_file(told["order"], reason=told["reason"], by=by, at=clock.now())
        context["pieces"] = [
            {"piece": piece, "text": "" if _is_file(piece) else content.decode(), "size": len(content)}
            for piece, content in found
        ]
    else:
        context["mail"] = looks.mail_of(told["user"], reason=told["reason"], by=by, at=clock.now())
    page = render(request, "privacy/look.html", context)
    page.headers["Cache-Control"] = "private, no-store"
    return page


def _roles(request: HttpRequest) -> frozenset[str]:
    """The roles of whoever may see the desk; nobody else finds it."""
    roles: frozenset[str] = signed_in(request).roles
    if not roles & holds.SEEING:
        raise Http404
    return roles


def _desk(request: HttpRequest, roles: frozenset[str], hold_form: ThingForm, look_form: ThingForm) -> dict[str, Any]:
    at = clock.now()
    user: Any = request.user
    asked = Erasure.objects.filter(state=ErasureState.WAITING).select_related("user")
    waiting = parts.part(asked, by="deadline_at", place=request.GET.get("after", ""), most=MOST)
    blocked = lifecycle.blocking_each([each.user for each in waiting.rows])
    live = parts.part(
        Hold.objects.live().select_related("user", "order", "set_by", "proposed_by"),
        by="-id",
        place=request.GET.get("holds", ""),
        most=MOST,
    )
    looked = parts.part(
        Unmasking.objects.select_related("by", "whom"), by="-id", place=request.GET.get("looks", ""), most=MOST
    )
    return {
        "at": at,
        "waiting": [
            {
                "erasure": each,
                "blocking": [words.row(item.what, item.fate, "", item.number) for item in blocked[each.user_id]],
            }
            for each in waiting.rows
        ],
        "waiting_part": waiting,
        "holds_part": live,
        "holds": [
            {
                "hold": each,
                "state": HoldState(each.state).label,
                "may_propose": each.state == HoldState.IN_FORCE and bool(roles & holds.HOLDING),
                "may_sign": each.state == HoldState.RELEASING
                and each.proposed_by_id != user.pk
                and bool(roles & holds.HOLDING),
            }
            for each in live.rows
        ],
        "runs": Run.objects.order_by("-pk")[:7],
        "looks": looked.rows,
        "looks_part": looked,
        "may_answer": Role.LEAD in roles,
        "may_hold": bool(roles & holds.HOLDING),
        "hold_form": hold_form,
        "look_form": look_form,
        "why": WhyForm(),
    }


def _row(erasure: Erasure) -> dict[str, Any]:
    state = ErasureState(erasure.state)
    icon, tone = LOOKS[state]
    return {
        "erasure": erasure,
        "badge": {"word": state.label, "icon": icon, "tone": tone},
        "items": words.rows(erasure),
        "then": _("Then it is carried out, and cannot be taken back.")
        if state == ErasureState.AGREED
        else _("By then a person answers."),
    }


def _is_file(piece: Any) -> bool:
    return piece.field in {"original", "viewing_copy"}
