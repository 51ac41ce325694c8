"""Pages about oneself; signing in and everything about second factors are the sign-in library's, with our templates."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language as remember_in_cookie

from accounts.adapters import has_second_factor
from accounts.forms import profile_of
from accounts.requests import SignedInRequest


@require_GET
def security(request: SignedInRequest) -> HttpResponse:
    """How safe the account is, and where each part of that is changed."""
    user = request.user
    shown = {
        "form": profile_of(user),
        "second_factor": has_second_factor(user),
        "recovery_codes": Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).exists(),
        "session_count": UserSession.objects.filter(user=user).count(),
    }
    return render(request, "accounts/security.html", shown)


@require_POST
def profile(request: SignedInRequest) -> HttpResponse:
    """Change the nickname and the language of mail."""
    user, form = request.user, profile_of(request.user, request.POST)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form}, status=422)
    user.nickname, user.language = form.cleaned_data["nickname"], form.cleaned_data["language"]
    user.save(update_fields=["nickname", "language"])
    messages.success(request, _("Saved."))
    return redirect("accounts:security")


@require_POST
def end_session(request: SignedInRequest, pk: int) -> HttpResponse:
    """Sign out one other device."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.session_key == request.session.session_key:
        return redirect("account_logout")
    session.end()
    messages.success(request, _("That device is signed out."))
    return redirect("usersessions_list")


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language: on this device at once, and for a person who is signed in also for mail."""
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen and check_for_language(chosen):
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return remember_in_cookie(request)
