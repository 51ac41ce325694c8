"""The public pages that tell a message of ours from somebody else's: check a code, and how to recognize our people."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications import official
from notifications.forms import CodeForm
from notifications.preferences import group_of


@login_not_required
@require_safe
@never_cache
def check(request: HttpRequest) -> HttpResponse:
    """Whether a message was ours: what it was about and when, never what it said or to whom."""
    form = CodeForm(request.GET if "code" in request.GET else None)
    found = official.find(form.cleaned_data["code"]) if form.is_bound and form.is_valid() else None
    context = {
        "form": form,
        "is_asked": form.is_bound and form.is_valid(),
        "notice": found,
        "group": group_of(found.code).label if found else "",
        "number": found.words.get("number") or found.words.get("order") if found else "",
        **known(),
    }
    return render(request, "notifications/official.html", context)


def known() -> dict[str, object]:
    """Where the mall is and where its mail comes from: everything else is somebody else."""
    return {
        "domains": settings.OFFICIAL_DOMAINS or [urlsplit(settings.PUBLIC_ADDRESS).hostname],
        "sender": settings.DEFAULT_FROM_EMAIL,
    }
