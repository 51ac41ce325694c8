"""What holds for every request of somebody who is signed in."""

from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from accounts import sessions
from accounts.adapters import has_second_factor

Next = Callable[[HttpRequest], HttpResponseBase]

#: All that staff without a second factor can reach.
SET_UP = {
    "account_change_password",
    "account_confirm_email",
    "account_email",
    "account_email_verification_sent",
    "account_logout",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_index",
    "mfa_list_webauthn",
    "mfa_reauthenticate",
    "set_language",
}


#: Pages of the sign-in library that show a secret: nobody keeps them, and so they do not travel compressed either
#: (`kamen.compression`).
SHOWING_SECRETS = {"mfa_activate_totp", "mfa_view_recovery_codes"}
#: Pages that ask by themselves whether something happened (desks/live.py): nobody is at work because of that.
POLLS = "/live/"


class Sessions:
    """Ends sessions of staff that were idle or open for too long, and notes when a session was last used.

    What a page does by itself, asking or reading itself again (`X-Live`), keeps no session alive.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(POLLS):
            return self.get_response(request)
        user = request.user
        if user.is_authenticated:
            staff = user.is_superuser or user.is_mall_staff
            if staff and sessions.is_over(request):
                logout(request)
                messages.info(request, _("Your session ended because it was idle or open for too long. Sign in again."))
            elif "X-Live" not in request.headers and sessions.note(request, staff=staff):
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


class Language:
    """Speaks the language a person chose on another device, unless this device has a choice of its own."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.user.language if request.user.is_authenticated else ""
        if chosen and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SecondFactor:
    """Leads staff without a second factor to set one up before they do or see anything else.

    What shows the secret of one is kept by no browser and no proxy.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        match = request.resolver_match
        if match is not None and match.view_name in SHOWING_SECRETS:
            add_never_cache_headers(answer)
        return answer

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Called when it is known which page is asked for."""
        user, match = request.user, request.resolver_match
        if request.path.startswith(POLLS):
            return None
        if not user.is_authenticated or (match and match.view_name in SET_UP):
            return None
        if not (user.is_superuser or user.is_mall_staff) or has_second_factor(user):
            return None
        if request.path.startswith("/api/"):
            return _problem("second_factor_required", _("Set up a second factor on the sign-in pages first."))
        return redirect("mfa_index")


class CacheOutage:
    """Without Redis nobody can count attempts: signing in pauses with a clear page, reading goes on."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only pages about signing in use the cache."""
        match = request.resolver_match
        if not isinstance(exception, RedisError) or match is None or not _is_about_signing_in(match.view_name):
            return None
        answer = render(request, "account/paused.html", status=503)
        answer["Retry-After"] = "60"
        return answer


def _is_about_signing_in(name: str) -> bool:
    return name.startswith(("account_", "mfa_", "usersessions_", "accounts:"))


def _problem(code: str, sentence: str) -> JsonResponse:
    body = {"type": "about:blank", "title": _("Not allowed"), "status": 403, "detail": sentence, "code": code}
    return JsonResponse(body, status=403, content_type="application/problem+json")
