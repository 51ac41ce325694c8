"""The public rule center: what decides, in plain words, for everybody, without signing in."""

from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from rulebook import cards, center, differences, versions
from rulebook.claims import KINDS
from rulebook.engine import decide
from rulebook.forms import SAMPLE, CalculatorForm, TryTextForm
from rulebook.linter import Use, lint
from rulebook.models import RulebookVersion
from rulebook.terms import shown
from timeline import clock


@login_not_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The version in force, what it rests on, what comes next, and the ways to everything else."""
    version, at = _version(request), clock.now()
    upcoming = [each for each in versions.published(at) if not each.rules_at(at)]
    context = {
        **_frame("center", version),
        "row": center.version_row(version),
        "upcoming": [center.version_row(each) for each in upcoming],
        "figures": center.figures(version.book),
        "levels": center.levels(version.book, version.clocks),
        "form": _calculator(dict(SAMPLE), version),
        "at": at,
    }
    return render(request, "rulebook/center/overview.html", context)


@login_not_required
@require_safe
def calculator(request: HttpRequest) -> HttpResponse:
    """What would I get back? A plain form whose address can be shared; the answer stands below it."""
    version = _version(request)
    is_sample = "reason" not in request.GET
    form = _calculator(dict(SAMPLE) if is_sample else request.GET.dict(), version)
    context = {**_frame("calculator", version), "form": form, "is_sample": is_sample, **_answer(form, version)}
    is_part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
    template = "rulebook/center/_calculator.html" if is_part else "rulebook/center/calculator.html"
    answer = render(request, template, context, status=200 if is_part or not form.errors else 422)
    answer.headers["Vary"] = "HX-Request, Accept-Language, Cookie"
    return answer


def _calculator(told: dict[str, Any], version: RulebookVersion) -> CalculatorForm:
    return CalculatorForm(told, book=version.book)


def _answer(form: CalculatorForm, version: RulebookVersion) -> dict[str, Any]:
    """What the engine says to a form that can be, as the page shows it."""
    if not form.is_valid():
        return {"card": None}
    claim = form.cleaned_data["claim"]
    decision = decide(claim, version.book)
    return {
        "card": cards.card(decision, version.book),
        "refund": decision.refund,
        "fee": decision.fee,
        "compensation": decision.compensation,
        "route": center.words.ROUTES[decision.route],
        "is_instant": decision.instant,
        "silence": center.words.silence(version.book.reasons[claim.reason]),
        "missing": [name for name in _missing(decision.lines) if name in form.fields],
        "reason": claim.reason,
    }


def _missing(lines: Any) -> list[str]:
    return [str(dict(line.numbers)["fact"]) for line in lines if line.code == "FACT_MISSING"]


@login_not_required
@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """The tier matrix, kind by kind: who is at fault, in which state it is, and what goes back."""
    version = _version(request)
    kind = request.GET.get("kind", KINDS[0])
    if kind not in KINDS:
        raise Http404
    book = version.book
    context = {
        **_frame("matrix", version),
        "kinds": center.kinds(kind),
        "kind": center.words.KINDS[kind],
        "states": [center.words.STATES_SHORT[state] for state in center.states_of(kind)],
        "rows": center.matrix(book, kind),
        "own_blocks": center.own_blocks(),
        "levels": center.levels(book, version.clocks),
        "bands": center.bands(book),
        "shortfalls": center.shortfalls(book),
        "figures": center.figures(book),
    }
    return render(request, "rulebook/center/matrix.html", context)


@login_not_required
@require_safe
def reasons(request: HttpRequest) -> HttpResponse:
    """Every reason in a line or two, by who is liable."""
    version = _version(request)
    context = {**_frame("reasons", version), "groups": center.reasons(version.book), "count": len(version.book.reasons)}
    return render(request, "rulebook/center/reasons.html", context)


@login_not_required
@require_safe
def reason(request: HttpRequest, code: str) -> HttpResponse:
    """One reason in full."""
    version = _version(request)
    if code not in version.book.reasons:
        raise Http404
    context = {**_frame("reasons", version), "reason": center.reason(version.book, version.clocks, code)}
    return render(request, "rulebook/center/reason.html", context)


@login_not_required
@require_safe
def clocks(request: HttpRequest) -> HttpResponse:
    """How long everybody has, and what happens when nobody acts."""
    version = _version(request)
    context = {**_frame("clocks", version), "clocks": center.clock_rows(version.clocks)}
    return render(request, "rulebook/center/clocks.html", context)


@login_not_required
@require_safe
def examples(request: HttpRequest) -> HttpResponse:
    """Worked cases with their arithmetic, decided by the version that is shown."""
    version = _version(request)
    context = {**_frame("examples", version), "examples": center.examples(version.book)}
    return render(request, "rulebook/center/examples.html", context)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def linter(request: HttpRequest) -> HttpResponse:
    """A text to try: what in it is void, forbidden or vague, why, and what to write instead. Nothing is stored."""
    form = TryTextForm(request.POST if request.method == "POST" else None, initial={"use": Use.LISTING.value})
    found: list[dict[str, Any]] | None = None
    if form.is_bound and form.is_valid():
        text = form.cleaned_data["text"]
        found = [shown(each) for each in lint(text, Use(form.cleaned_data["use"]))]
    context = {**_frame("linter", _version(request)), "form": form, "findings": found}
    return render(request, "rulebook/center/linter.html", context, status=422 if form.errors else 200)


@login_not_required
@require_safe
def all_versions(request: HttpRequest) -> HttpResponse:
    """Every version that was ever announced, the newest first."""
    found = list(RulebookVersion.objects.published().select_related("proposed_by", "signed_by").reverse())
    at = clock.now()
    context = {
        **_frame("versions", versions.in_force(at)),
        "rows": [center.version_row(each) for each in found or [versions.shipped()]],
        "at": at,
    }
    return render(request, "rulebook/center/versions.html", context)


@login_not_required
@require_safe
def version(request: HttpRequest, number: str) -> HttpResponse:
    """One version: its dates, who published it, its fingerprint, and what it changed against the one before or another.

    `?against=` names the other version of the comparison.
    """
    found = _named(number)
    published = list(RulebookVersion.objects.published().select_related("proposed_by", "signed_by"))
    others = [each for each in published if each.number != number]
    against = _named(request.GET["against"]) if request.GET.get("against") else _before(found, published)
    row = next((each for each in published if each.number == number), found)
    context = {
        **_frame("versions", found),
        "row": center.version_row(row),
        "against": against,
        "others": others,
        "sections": _sections(against, found) if against else [],
    }
    return render(request, "rulebook/center/version.html", context)


def _before(found: RulebookVersion, published: list[RulebookVersion]) -> RulebookVersion | None:
    """The version that ruled before, if it was not the first."""
    earlier = [each for each in published if each.effective_at and found.effective_at and each.number != found.number]
    earlier = [each for each in earlier if each.effective_at < found.effective_at]  # type: ignore[operator]
    return earlier[-1] if earlier else None


def _sections(before: RulebookVersion, after: RulebookVersion) -> list[dict[str, Any]]:
    """The differences, part by part of the rules."""
    found = differences.between(before, after)
    return [
        {"title": section, "differences": list(group)}
        for section, group in groupby(found, key=lambda each: each.section)
    ]


@login_not_required
@require_safe
def body(request: HttpRequest, number: str) -> HttpResponse:
    """The exact text of a version that was checked and hashed, to download and verify."""
    found = _named(number)
    return HttpResponse(
        found.body,
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{found.number.replace(" ", "-")}.json"'},
    )


def _named(number: str) -> RulebookVersion:
    try:
        return versions.named(number[:40].replace("\x00", ""))
    except LookupError:
        raise Http404 from None


def _version(request: HttpRequest) -> RulebookVersion:
    """The version that is asked for by number, else the one in force."""
    number = request.GET.get("version", "")
    return _named(number) if number else versions.in_force(clock.now())


def _frame(here: str, version: RulebookVersion) -> dict[str, Any]:
    at = clock.now()
    return {
        "tabs": center.tabs(here),
        "version": version,
        "is_in_force": version.number == versions.in_force(at).number,
    }
