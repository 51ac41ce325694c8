"""How a shop stands with the mall: its papers and what was done against it, for the shop and for people of risk."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from shops import identities, levels, licences, papers, sanctions
from shops.models import BOOKS, STAFF, Licence, Sanction, Shop, keeping
from shops.standing_forms import LevelForm, OpenForm, PaperForm, ReasonForm, RenewForm, StepForm, WordsForm
from shops.states import ApplicationState, LicenceState, SanctionState
from shops.views.applications import blame, paper_row, require_staff
from shops.views.shops import badge as deposit_badge
from timeline import clock, events, parts
from timeline.sweep import fire_overdue

PAGE = 50
LOOKS = {
    SanctionState.IN_FORCE: ("octagon-alert", "vermilion"),
    SanctionState.APPEALED: ("scale", "amber"),
    SanctionState.UPHELD: ("octagon-alert", "vermilion"),
    SanctionState.LIFTED: ("circle-check", "green"),
    SanctionState.OVER: ("circle", ""),
}


@require_http_methods(["GET", "HEAD", "POST"])
def own_licences(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop's papers with their ends; the owner gives a new one before the old one runs out."""
    shop = get_object_or_404(Shop, keeping(request.user, BOOKS), slug=slug)
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            licences.give(shop=shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            blame(form, error)
        else:
            messages.success(request, _("Given. It counts as soon as a person of the mall has read it."))
            return redirect("shops:licences", slug=slug)
    at = clock.now()
    given = shop.licences.exclude(state=LicenceState.REPLACED)
    part = parts.part(given, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context = {
        "shop": shop,
        "rows": [paper_row(each, at) for each in part.rows],
        "part": part,
        "form": form if shop.may(request.user, STAFF) else None,
        "is_stopped": not shop.is_licensed(at),
    }
    return render(request, "shops/licences.html", context, status=422 if form.errors else 200)


@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of a paper, for whoever gave it; to others it is not there.

    Who decides about it is led to where it is opened first, if they have not opened it yet.
    """
    found = get_object_or_404(Licence.objects.select_related("shop", "application"), pk=pk)
    if found.is_forgotten():
        raise Http404
    if not found.is_visible_to(request.user):
        if not signed_in(request).roles & identities.LOOKING or _is_draft(found):
            raise Http404
        if not identities.is_open_paper(found, request.user, clock.now()):
            return redirect(f"{_where_opened(found)}#behind")
    answer = HttpResponse(papers.read(found.sha256), content_type=found.media_type)
    answer.headers["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_draft(paper: Licence) -> bool:
    """Whether a paper belongs to words that nobody but whoever writes them may read yet."""
    about = paper.application
    return paper.shop is None and about is not None and about.state == ApplicationState.DRAFT


def _where_opened(paper: Licence) -> str:
    """The page on which what is behind a paper is opened."""
    if paper.shop is not None:
        return reverse("shops:watched_shop", args=[paper.shop.slug])
    return reverse("shops:application_review", args=[paper.application_id])


@require_POST
def judge_paper(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """A person of risk takes a paper of an open shop, or says why not."""
    require_staff(request, Role.RISK)
    found = get_object_or_404(Licence.objects.select_related("shop"), pk=pk, shop__isnull=False)
    if verb == "take":
        licences.take(found, by=request.user, at=clock.now())
        messages.success(request, _("Taken. The shop sells under it from now on."))
    elif verb == "refuse":
        form = ReasonForm(request.POST)
        if form.is_valid():
            licences.refuse(found, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
            messages.success(request, _("Done."))
        else:
            messages.error(request, _("Say why."))
    else:
        raise Http404
    return redirect("shops:applications_queue")


@require_safe
def own_sanctions(request: HttpRequest, slug: str) -> HttpResponse:
    """What the mall has against the shop, why and until when; the owner appeals to another person."""
    shop = get_object_or_404(Shop, keeping(request.user), slug=slug)
    at = clock.now()
    steps = _steps(request, shop)
    context = {"shop": shop, "at": at, "rows": _rows(steps, request.user, at), "part": steps, "form": WordsForm()}
    return render(request, "shops/sanctions.html", context)


@require_POST
def appeal(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The shop wants another person to look at a step."""
    found = get_object_or_404(
        Sanction.objects.select_related("shop"), keeping(request.user, STAFF, shop="shop"), pk=pk, shop__slug=slug
    )
    form = WordsForm(request.POST)
    if form.is_valid():
        sanctions.appeal(found, words=form.cleaned_data["words"], by=request.user, at=clock.now())
        messages.success(request, _("Another person answers within a day."))
    else:
        messages.error(request, _("Say what was overlooked."))
    return redirect("shops:sanctions", slug=slug)


@require_safe
def watched(request: HttpRequest) -> HttpResponse:
    """Shops for people of risk: those with an appeal or a step in force first, then all, found by name."""
    require_staff(request, Role.RISK, Role.LEAD)
    at, asked = clock.now(), request.GET.get("q", "").replace("\x00", "")[:40].strip()
    in_force = Sanction.objects.filter(state__in=sanctions.IN_FORCE).select_related("shop")
    standing = parts.part(in_force, by="deadline_at", place=request.GET.get("steps", ""), most=PAGE)
    named = Shop.objects.select_related("deposit")
    if asked:
        named = named.filter(name__icontains=asked) | named.filter(slug__icontains=asked)
    shops = parts.part(named, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context = {
        "at": at,
        "asked": asked,
        "query": urlencode({"q": asked}) if asked else "",
        "standing": [{"sanction": each, "badge": badge(each)} for each in standing.rows],
        "standing_part": standing,
        "shops": [{"shop": shop, "deposit": deposit_badge(shop.deposit)} for shop in shops.rows],
        "shops_part": shops,
    }
    return render(request, "shops/watched.html", context)


@require_safe
def watched_shop(request: HttpRequest, slug: str) -> HttpResponse:
    """One shop for people of risk: its level and caps, its papers, its record, and every step against it."""
    require_staff(request, Role.RISK, Role.LEAD)
    return _watched(request, slug)


@require_POST
def open_shop(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody says why they need to know who is behind a shop, and reads it for an hour: on record."""
    require_staff(request, Role.RISK, Role.LEAD)
    shop, form = get_object_or_404(Shop, slug=slug), OpenForm(request.POST, auto_id="open-%s")
    if not form.is_valid():
        return _watched(request, slug, open_form=form)
    identities.open_shop(shop, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
    return redirect(f"{reverse('shops:watched_shop', args=[slug])}#behind")


def _watched(request: HttpRequest, slug: str, *, open_form: OpenForm | None = None) -> HttpResponse:
    shop = get_object_or_404(Shop.objects.select_related("deposit", "owner", "record"), slug=slug)
    at = clock.now()
    signed_in(request).know_roles()
    is_risk = Role.RISK in signed_in(request).roles
    steps = _steps(request, shop)
    given = parts.part(shop.licences.all(), by="-id", place=request.GET.get("papers", ""), most=PAGE)
    is_open = identities.is_open_shop(shop, request.user, at)
    context = {
        "shop": shop,
        "at": at,
        "deposit": deposit_badge(shop.deposit),
        "rows": _rows(steps, request.user, at),
        "part": steps,
        "papers": [paper_row(each, at, is_whole=is_open) for each in given.rows],
        "papers_part": given,
        "party": identities.of_shop(shop, request.user, at),
        "open_form": None if is_open else (open_form or OpenForm(auto_id="open-%s")),
        "level_form": LevelForm(initial={"level": shop.level}) if is_risk else None,
        "step_form": StepForm(initial={"step": sanctions.next_step(shop, at)}, auto_id="step-%s") if is_risk else None,
        "renew_form": RenewForm(auto_id=False),
        "reason_form": ReasonForm(auto_id=False),
        "changes": [
            {"at": event.at, "by": event.by, **event.data}
            for event in events.stream(shop.address).filter(name="shop.level_set").order_by("-seq")[:10]
        ],
    }
    answer = render(request, "shops/watched_shop.html", context, status=422 if open_form else 200)
    if is_open:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def set_level(request: HttpRequest, slug: str) -> HttpResponse:
    """A person of risk sets a shop's level; its caps come with it."""
    require_staff(request, Role.RISK)
    shop, form = get_object_or_404(Shop, slug=slug), LevelForm(request.POST)
    if form.is_valid():
        levels.set_level(shop, by=request.user, at=clock.now(), **form.cleaned_data)
        messages.success(request, _("Kept. New orders follow it at once; what runs keeps its clocks."))
    else:
        messages.error(request, _("Choose a level and say why."))
    return redirect("shops:watched_shop", slug=slug)


@require_POST
def impose(request: HttpRequest, slug: str) -> HttpResponse:
    """A person of risk takes a step against a shop."""
    require_staff(request, Role.RISK)
    shop, form = get_object_or_404(Shop, slug=slug), StepForm(request.POST)
    if form.is_valid():
        sanctions.impose(shop, by=request.user, at=clock.now(), **form.cleaned_data)
        messages.success(request, _("Done. The shop is told, with the reason and the way to appeal."))
    else:
        messages.error(request, _("Choose a step and say why."))
    return redirect("shops:watched_shop", slug=slug)


@require_POST
def judge(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Renew a step, lift it, or let it stand after an appeal."""
    require_staff(request, Role.RISK, Role.LEAD)
    found = get_object_or_404(Sanction.objects.select_related("shop"), pk=pk)
    at = clock.now()
    fire_overdue(found.root_address, at=at)
    form = RenewForm(request.POST) if verb == "renew" else ReasonForm(request.POST)
    if verb not in {"renew", "lift", "uphold"}:
        raise Http404
    if not form.is_valid():
        messages.error(request, _("Say why."))
        return redirect("shops:watched_shop", slug=found.shop.slug)
    said = form.cleaned_data
    if verb == "renew":
        sanctions.renew(found, days=said["days"], reason=said["reason"], by=request.user, at=at)
    elif verb == "lift":
        sanctions.lift(found, reason=said["reason"], by=request.user, at=at)
    else:
        sanctions.uphold(found, answer=said["reason"], by=request.user, at=at)
    messages.success(request, _("Done."))
    return redirect("shops:watched_shop", slug=found.shop.slug)


def badge(sanction: Sanction) -> dict[str, Any]:
    """The state of a step as icon, word and tone."""
    state = SanctionState(sanction.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def _steps(request: HttpRequest, shop: Shop) -> parts.Part[Sanction]:
    """Steps against the shop, the newest first."""
    found = shop.sanctions.select_related("imposed_by")
    return parts.part(found, by="-id", place=request.GET.get("before", ""), most=PAGE)


def _rows(steps: parts.Part[Sanction], user: Any, at: Any) -> list[dict[str, Any]]:
    return [
        {
            "sanction": each,
            "step": Sanction.Step(each.step).label,
            "badge": badge(each),
            "actions": sanctions.actions_for(each, user, at),
        }
        for each in steps.rows
    ]
