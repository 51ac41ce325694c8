"""Pages of opening a shop: what somebody writes and shows, and what people of risk decide about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from shops import applications as verbs
from shops import identities, licences
from shops.models import Application, Kind, Licence
from shops.standing_forms import BeginForm, OpenForm, PaperForm, ReasonForm, WordsForm, form_about
from shops.states import ApplicationState, LicenceState
from timeline import clock, parts
from timeline.sweep import fire_overdue

PAGE = 50
#: How each state looks: icon and tone of its badge.
LOOKS = {
    ApplicationState.DRAFT: ("file-text", ""),
    ApplicationState.APPLIED: ("hourglass", "amber"),
    ApplicationState.REVIEWING: ("search", "amber"),
    ApplicationState.SENT_BACK: ("triangle-alert", "amber"),
    ApplicationState.APPROVED: ("circle-check", "green"),
    ApplicationState.REFUSED: ("ban", "vermilion"),
    ApplicationState.APPEALED: ("scale", "amber"),
    ApplicationState.CLOSED: ("lock", ""),
    ApplicationState.WITHDRAWN: ("circle", ""),
}
LICENCE_LOOKS = {
    LicenceState.GIVEN: ("hourglass", "amber"),
    LicenceState.VALID: ("shield-check", "green"),
    LicenceState.LASTING: ("shield-check", "green"),
    LicenceState.ENDED: ("ban", "vermilion"),
    LicenceState.REPLACED: ("circle", ""),
    LicenceState.REFUSED: ("circle-x", "vermilion"),
}
#: Whose turn it is, and what happens if nobody acts.
TURNS: dict[str, tuple[Promise, Promise | str]] = {
    ApplicationState.DRAFT: (gettext_lazy("Finish it when you like; nobody else sees it."), ""),
    ApplicationState.APPLIED: (
        gettext_lazy("The mall looks at it: a person, not a machine."),
        gettext_lazy("If nobody looks in time, those who lead hear of it."),
    ),
    ApplicationState.REVIEWING: (
        gettext_lazy("A person of the mall is reading it."),
        gettext_lazy("Then it goes to another person."),
    ),
    ApplicationState.SENT_BACK: (
        gettext_lazy("It is your turn: add what is missing and hand it in again."),
        gettext_lazy("Then the application counts as withdrawn."),
    ),
    ApplicationState.APPROVED: (gettext_lazy("The shop is open. Its deposit comes next."), ""),
    ApplicationState.REFUSED: (
        gettext_lazy("The mall said no. You may ask another person to look again."),
        gettext_lazy("Then it stays at this no."),
    ),
    ApplicationState.APPEALED: (
        gettext_lazy("Another person than the one who said no looks at it."),
        gettext_lazy("If nobody looks in time, those who lead hear of it."),
    ),
    ApplicationState.CLOSED: (gettext_lazy("It stays at the no. A new application is possible any time."), ""),
    ApplicationState.WITHDRAWN: (gettext_lazy("Nothing happens any more."), ""),
}
TONES = {"amber": "mine", "vermilion": "late", "green": "done"}


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """A person's own applications, and a new one."""
    form = BeginForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            begun = verbs.begin(applicant=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("shops:application", pk=begun.pk)
    mine = parts.part(
        Application.objects.filter(applicant=request.user.pk),
        by="-id",
        place=request.GET.get("before", ""),
        most=PAGE,
    )
    rows = [{"application": each, "badge": badge(each)} for each in mine.rows]
    context = {"form": form, "rows": rows, "part": mine}
    return render(request, "shops/applications.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own application: its words while they may change, its papers, and what comes next."""
    found = _own(request, pk)
    form = form_about(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.write(found, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Kept."))
            return redirect(found)
    return _page_of(request, found, form=form)


@require_POST
def give_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """A paper is added to the application; one of its kind takes the place of the one before."""
    found = _own(request, pk)
    form = PaperForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            licences.give(application=found, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            blame(form, error)
        else:
            messages.success(request, _("The paper is kept, sealed."))
            return redirect(found)
    return _page_of(request, found, paper_form=form)


@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Hand it in, withdraw it, or ask another person to look again."""
    found, at = _own(request, pk), clock.now()
    if verb == "appeal":
        form = WordsForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Say what was overlooked."))
            return redirect(found)
        verbs.appeal(found, words=form.cleaned_data["words"], by=request.user, at=at)
        messages.success(request, _("Another person looks at it."))
    elif verb == "hand_in":
        try:
            verbs.hand_in(found, by=request.user, at=at)
        except ValidationError as error:
            return _page_of(request, found, lacking=error)
        messages.success(request, _("Handed in. A person looks at it within three working days."))
    elif verb == "withdraw":
        verbs.withdraw(found, by=request.user, at=at)
        messages.success(request, _("Withdrawn."))
    else:
        raise Http404
    return redirect(found)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Applications that wait for a person of risk, the one with the least time first."""
    require_staff(request, Role.RISK, Role.LEAD)
    waiting = Application.objects.waiting().select_related("applicant", "reviewer")
    found = parts.part(waiting, by="deadline_at", place=request.GET.get("after", ""), most=PAGE)
    given = Licence.objects.filter(state=LicenceState.GIVEN, shop__isnull=False).select_related("shop")
    papers = parts.part(given, by="given_at", place=request.GET.get("papers", ""), most=PAGE)
    context = {
        "at": clock.now(),
        "rows": [{"application": each, "badge": badge(each)} for each in found.rows],
        "part": found,
        "papers": papers.rows,
        "papers_part": papers,
        "reason_form": ReasonForm(),
    }
    return render(request, "shops/applications_queue.html", context)


@require_safe
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything of one application, for whoever decides about it; who is behind it is masked until it is opened."""
    require_staff(request, Role.RISK, Role.LEAD)
    return _review_of(request, get_object_or_404(_reviewable(), pk=pk))


@require_POST
def open_application(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody says why they need to know who is behind an application, and reads it for an hour: on record."""
    require_staff(request, Role.RISK, Role.LEAD)
    found = get_object_or_404(_reviewable(), pk=pk)
    form = OpenForm(request.POST, auto_id="open-%s")
    if not form.is_valid():
        return _review_of(request, found, open_form=form)
    identities.open_application(found, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
    return redirect(f"{reverse('shops:application_review', args=[pk])}#behind")


def _review_of(request: HttpRequest, found: Application, *, open_form: OpenForm | None = None) -> HttpResponse:
    at = clock.now()
    party = identities.of_application(found, request.user, at)
    actions = verbs.actions_for(found, request.user, at)
    # Whoever decides needs it to decide: the words are there, and it is opened by a press all the same.
    usual = {"reason": _("To decide on this application")} if "approve" in actions else {}
    context = {
        "application": found,
        "kinds": [Kind(kind).label for kind in found.kinds],
        "badge": badge(found),
        "turn": turn(found),
        "at": at,
        "party": party,
        "open_form": None if party.is_open else (open_form or OpenForm(initial=usual, auto_id="open-%s")),
        "papers": [paper_row(each, at, is_whole=party.is_open) for each in found.licences.order_by("-pk")[:PAGE]],
        "needed": [Licence.Kind(kind).label for kind in sorted(verbs.papers_needed(found))],
        "actions": actions,
        "form": ReasonForm(),
    }
    answer = render(request, "shops/application_review.html", context, status=422 if open_form else 200)
    if party.is_open:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take it on, say yes, say what is missing, or say no."""
    require_staff(request, Role.RISK, Role.LEAD)
    found, at = get_object_or_404(_reviewable(), pk=pk), clock.now()
    fire_overdue(found.address, at=at)
    if verb in {"take_on", "approve"}:
        try:
            {"take_on": verbs.take_on, "approve": verbs.approve}[verb](found, by=request.user, at=at)
        except ValidationError as error:
            for sentence in error.messages:
                messages.error(request, sentence)
        else:
            messages.success(request, _("Done."))
        return redirect("shops:application_review", pk=pk)
    form = ReasonForm(request.POST)
    if verb not in {"send_back", "refuse"}:
        raise Http404
    if not form.is_valid():
        messages.error(request, _("Say why."))
    elif verb == "send_back":
        verbs.send_back(found, missing=form.cleaned_data["reason"], by=request.user, at=at)
        messages.success(request, _("Done."))
    else:
        verbs.refuse(found, reason=form.cleaned_data["reason"], by=request.user, at=at)
        messages.success(request, _("Done."))
    return redirect("shops:application_review", pk=pk)


def badge(application: Application) -> dict[str, Any]:
    """The state of an application as icon, word and tone."""
    state = ApplicationState(application.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def turn(application: Application) -> dict[str, Any]:
    """Whose turn it is, until when, and what happens otherwise."""
    state = ApplicationState(application.state)
    whose, then = TURNS[state]
    tone = TONES.get(LOOKS[state][1], "calm")
    return {"state": state.label, "whose": whose, "then": then, "tone": tone, "until": application.deadline_at}


def paper_row(licence: Licence, at: Any, *, is_whole: bool = False) -> dict[str, Any]:
    """A paper as a row: what it is, its number masked or whole, its end, and its state."""
    state = LicenceState(licence.state)
    icon, tone = LICENCE_LOOKS[state]
    left = licence.days_left(at)
    return {
        "licence": licence,
        "kind": Licence.Kind(licence.kind).label,
        "number": licences.whole_number(licence) if is_whole else licence.tail,
        "badge": {"word": state.label, "icon": icon, "tone": tone},
        "days_left": left if left is not None and 0 <= left <= max(licences.REMINDED) and licence.is_in_use() else None,
    }


def blame(form: PaperForm, error: ValidationError) -> None:
    """Put what is wrong with a paper under its question."""
    for name, errors in error.error_dict.items():
        field = "upload" if name == "file" else name
        form.add_error(field if field in form.fields else None, errors)


def require_staff(request: HttpRequest, *roles: str) -> None:
    """For whoever has none of these roles the page is not there."""
    if not signed_in(request).roles & set(roles):
        raise Http404


def _own(request: HttpRequest, pk: int) -> Application:
    found = get_object_or_404(Application.objects.select_related("shop"), pk=pk, applicant=request.user)
    if request.method == "POST":
        fire_overdue(found.address, at=clock.now())
    return found


def _reviewable() -> Any:
    others = Application.objects.exclude(state=ApplicationState.DRAFT)
    return others.select_related("applicant", "reviewer", "shop")


def _page_of(
    request: HttpRequest,
    found: Application,
    *,
    form: Any = None,
    paper_form: PaperForm | None = None,
    lacking: ValidationError | None = None,
) -> HttpResponse:
    at = clock.now()
    actions = verbs.actions_for(found, request.user, at)
    is_written = found.may_be_written()
    form = form or form_about(found)
    missing: Callable[[], list[str]] = lambda: [  # noqa: E731 - said in one place, asked in two
        f"{form.fields[name].label}{_(': ')}{error}" if name in form.fields else str(error)
        for name, errors in verbs.still_missing(found).items()
        for each in errors
        for error in each.messages
    ]
    context = {
        "application": found,
        "badge": badge(found),
        "turn": turn(found),
        "at": at,
        "form": form if is_written else None,
        "paper_form": (paper_form or PaperForm()) if is_written else None,
        "papers": [
            paper_row(each, at) for each in found.licences.exclude(state=LicenceState.REPLACED).order_by("-pk")[:PAGE]
        ],
        "needed": [Licence.Kind(kind).label for kind in sorted(verbs.papers_needed(found))],
        "lacking": missing() if is_written else [],
        "is_refused": lacking is not None,
        "actions": actions,
        "appeal_form": WordsForm() if "appeal" in actions else None,
    }
    is_wrong = lacking is not None or (form.is_bound and form.errors) or (paper_form and paper_form.errors)
    return render(request, "shops/application.html", context, status=422 if is_wrong else 200)
