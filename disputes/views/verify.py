"""Checking what the mall signed, for everybody: by number and hash, by file, and the keys."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import signed_in
from disputes import seal
from disputes.forms import SealForm
from disputes.models import Dispute, Seal
from disputes.ruling_paper import ruling_paper
from disputes.seal import Verdict
from ledger import signing

#: What each step of a check asks, and what it means if it does not hold.
STEPS: dict[str, tuple[Promise, Promise]] = {
    "readable": (_("It is a file of a ruling."), _("This is not a file of a ruling as the mall gives it out.")),
    "text": (_("The text is what was sealed."), _("The text was changed after it was sealed.")),
    "signature": (_("The signature holds."), _("The signature does not hold.")),
    "key": (_("It is the mall's key."), _("It was signed with a key that is not the mall's.")),
    "links": (_("The seals before it are linked."), _("The seals before it do not fit.")),
    "known": (_("The mall set this seal."), _("The mall set no such seal.")),
    "hash": (_("The hash is the one of this number."), _("Under this number the mall sealed something else.")),
    "chain": (_("It stands in its place of the chain."), _("The chain around it does not hold.")),
}
LINKS = 50


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Is this ruling the mall's, unchanged? Asked by number and hash, or with the file. Nothing is kept."""
    form = SealForm(request.POST, request.FILES) if request.method == "POST" else SealForm()
    verdict = _verdict(form) if form.is_bound and form.is_valid() else None
    context: dict[str, Any] = {"form": form, "verdict": _shown(verdict) if verdict else None}
    return render(request, "disputes/verify.html", context, status=422 if form.errors else 200)


@login_not_required
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The keys by which others check what the mall signs."""
    earlier = sorted(signing.trusted_keys() - {signing.public_key()})
    return render(request, "disputes/keys.html", {"key": signing.public_key(), "earlier": earlier})


@login_not_required
@require_safe
def chain(request: HttpRequest) -> JsonResponse:
    """The chain of all seals, newest first: statements and signatures, which say nothing of what was decided."""
    found = Seal.objects.order_by("-pk")
    before = request.GET.get("before", "")
    if before:
        if (known := seal.numbered(before)) is None:
            raise Http404
        found = found.filter(pk__lt=known.pk)
    return JsonResponse({"format": seal.FORMAT, "chain": [seal.link_of(each) for each in found[:LINKS]]})


@require_safe
def paper(request: HttpRequest, number: str) -> HttpResponse:
    """The ruling as a PDF, for whoever may read the case."""
    found = _sealed(request, number)
    return _download(ruling_paper(found), f"{found.number}.pdf", "application/pdf")


@require_safe
def file(request: HttpRequest, number: str) -> HttpResponse:
    """The ruling as a file that can be checked without us, for whoever may read the case."""
    found = _sealed(request, number)
    answer = JsonResponse(seal.file_of(found), json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"{found.number}.json") or ""
    return answer


def script() -> bytes:
    """The offline script, as it is given out."""
    return (Path(settings.BASE_DIR) / "static" / "verify" / "kamen_verify.py").read_bytes()


def _sealed(request: HttpRequest, number: str) -> Seal:
    seen = Dispute.objects.visible_to(request.user, signed_in(request).roles)
    return get_object_or_404(Seal.objects.order_by("-pk"), number=number, ruling__dispute__in=seen)


def _download(content: bytes, name: str, media_type: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media_type)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _verdict(form: SealForm) -> Verdict:
    told = form.cleaned_data
    return seal.check_file(told["content"]) if told["content"] else seal.check_number(told["number"], told["sha256"])


def _shown(verdict: Verdict) -> dict[str, Any]:
    """A check as it is read."""
    return {
        "is_valid": verdict.is_valid,
        "number": verdict.number,
        "seal": verdict.seal,
        "steps": [{"holds": holds, "text": STEPS[step][0 if holds else 1]} for step, holds in verdict.steps],
    }
