"""The one place where a no becomes an answer: problem+json (RFC 9457) in the API, a message or a page for people.

Every problem has a stable `code` for machines and a `detail` for the person, in the person's language. What is not
yours and what is not there look the same.
"""

import logging
import sys
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages import get_messages
from django.core import exceptions as django_errors
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import is_valid_path, resolve
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from ledger.errors import InsufficientBalance, KeyReused, LedgerError
from timeline.refusals import Refused, TooOften

log = logging.getLogger(__name__)

Text = str | Promise

UNIQUE_VIOLATION = "23505"

#: What a status is called in a problem's `title`.
TITLES: dict[int, Text] = {
    400: _("The request cannot be understood"),
    401: _("Please sign in"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Not possible here"),
    406: _("No such format"),
    409: _("The mall says no"),
    413: _("Too large"),
    415: _("No such format"),
    422: _("Something is missing or wrong"),
    429: _("Too many requests"),
    500: _("Our fault"),
    503: _("Try again in a moment"),
}

#: What the mall says with each code of its own. Refusals bring their own code and sentence.
SENTENCES: dict[str, Text] = {
    "malformed": _("The body is not the JSON that this address takes."),
    "bad_request": _("The request was not well formed."),
    "not_signed_in": _("Sign in first: this address is for people the mall knows."),
    "csrf_failed": _("The request does not carry this session's CSRF token. Send it in the header X-CSRFToken."),
    "forbidden": _("You are not allowed to do this."),
    "not_found": _("There is nothing here, or it is not yours to see."),
    "method_not_allowed": _("This address does not take this method."),
    "not_acceptable": _("The API speaks JSON only."),
    "already_exists": _("Somebody else entered the same a moment ago."),
    "insufficient_balance": _("There is not enough money for this. Nothing was moved."),
    "key_reused": _("This payment was made before with other figures. Nothing was moved."),
    "too_large": _("The request is too large."),
    "unsupported_media_type": _("Send JSON, with the header Content-Type: application/json."),
    "invalid": _("Look at what is marked and send it again."),
    "not_movable": _("Money cannot be moved like this. Nothing was moved."),
    "too_many_requests": _("That was too often. Wait a moment."),
    "internal_error": _("Something went wrong on our side. It was recorded. What was done before is safe."),
    "try_again": _("The mall is busy, or its database is away for a moment. Send the same again: it counts once."),
}


@dataclass(frozen=True)
class Problem:
    """A no with its status: `code` for machines, `detail` for the person, `errors` per field of a form."""

    status: int
    code: str
    detail: Text = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> HttpResponse:
        """The answer of the API."""
        body: dict[str, Any] = {
            "type": f"{settings.PUBLIC_ADDRESS}/api/docs/#{self.code}",
            "title": str(TITLES[self.status]),
            "status": self.status,
            "detail": self.sentence,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = self.errors
        return JsonResponse(
            body,
            status=self.status,
            headers=self.headers,
            content_type="application/problem+json",
            json_dumps_params={"ensure_ascii": False},
        )

    @property
    def sentence(self) -> str:
        """What the person reads."""
        return str(self.detail or SENTENCES[self.code])


NOT_FOUND = Problem(404, "not_found")
INTERNAL_ERROR = Problem(500, "internal_error")
TRY_AGAIN = Problem(503, "try_again", headers={"Retry-After": "2"})


def problem_of(error: BaseException) -> Problem | None:
    """The mall's answer to an error that is an answer; nothing if it is a fault of ours."""
    match error:
        case TooOften():
            return Problem(429, error.code, error.sentence, headers={"Retry-After": str(error.wait)})
        case Refused():
            return Problem(409, error.code, error.sentence)
        case InsufficientBalance() | KeyReused():
            return Problem(409, error.code)
        case LedgerError():
            log.warning("money could not move: %s", error)
            return Problem(422, error.code, SENTENCES["not_movable"])
        case OperationalError() | InterfaceError():
            # A lock or a statement that took too long, a deadlock, a serialization failure, a connection that broke.
            log.warning("the database was not there: %s", error)
            return TRY_AGAIN
        case IntegrityError() if getattr(error.__cause__, "pgcode", None) == UNIQUE_VIOLATION:
            return Problem(409, "already_exists")
        case Http404():
            return NOT_FOUND
        case django_errors.PermissionDenied():
            return Problem(403, "forbidden")
        case django_errors.ValidationError():
            return Problem(422, "invalid", errors=_errors_of_models(error))
        case django_errors.RequestDataTooBig():
            return Problem(413, "too_large")
        case django_errors.SuspiciousOperation() | django_errors.BadRequest():
            return Problem(400, "bad_request")
        case exceptions.APIException():
            return _problem_of_framework(error)
    return None


def _problem_of_framework(error: exceptions.APIException) -> Problem | None:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    match error:
        case exceptions.ValidationError():
            return Problem(422, "invalid", errors=list(_errors_of_fields(error.get_full_details())))
        case exceptions.ParseError():
            return Problem(400, "malformed")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Problem(401, "not_signed_in", headers=headers)
        case CsrfFailed():
            return Problem(403, "csrf_failed")
        case exceptions.PermissionDenied():
            return Problem(403, "forbidden")
        case exceptions.NotFound():
            return NOT_FOUND
        case exceptions.MethodNotAllowed():
            return Problem(405, "method_not_allowed")
        case exceptions.NotAcceptable():
            return Problem(406, "not_acceptable")
        case exceptions.UnsupportedMediaType():
            return Problem(415, "unsupported_media_type")
        case exceptions.Throttled():
            wait = getattr(error, "wait", None) or 1
            return Problem(429, "too_many_requests", headers={"Retry-After": str(ceil(wait))})
    if error.status_code in TITLES and error.status_code < 500:
        return Problem(error.status_code, error.default_code, str(error.detail))
    return None


def _errors_of_fields(found: Any, field_name: str = "") -> Any:
    """Flatten the framework's tree: `{field, code, detail}` each; a nested field is `items.0.amount`."""
    match found:
        case {"message": message, "code": code} if isinstance(code, str):
            yield {"field": field_name, "code": code, "detail": str(message)}
        case dict():
            for name, inner in found.items():
                below = "" if name == "non_field_errors" else str(name)
                yield from _errors_of_fields(inner, ".".join(filter(None, (field_name, below))))
        case list():
            for place, inner in enumerate(found):
                is_leaf = isinstance(inner, dict) and set(inner) == {"message", "code"}
                yield from _errors_of_fields(inner, field_name if is_leaf else f"{field_name}.{place}".lstrip("."))


def _errors_of_models(error: django_errors.ValidationError) -> list[dict[str, str]]:
    """What a model found wrong with its own fields, in the same shape."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {django_errors.NON_FIELD_ERRORS: error.error_list}
    return [
        {
            "field": "" if name == django_errors.NON_FIELD_ERRORS else name,
            "code": each.code or "invalid",
            "detail": " ".join(each.messages),
        }
        for name, errors in by_field.items()
        for each in errors
    ]


# The API


class CsrfFailed(exceptions.PermissionDenied):
    """A request with a session but without that session's CSRF token."""

    default_code = "csrf_failed"


class SignedIn(SessionAuthentication):
    """The session of the pages, for the API: 401 without one, and a CSRF token for everything but reading."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise CsrfFailed from error


def in_the_api(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """The API's answer to an error; a fault of ours goes on to `handler500`, which records it."""
    problem = problem_of(error)
    if problem is None:
        return None
    response = problem.as_json()
    if isinstance(error, exceptions.MethodNotAllowed):
        response.headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


@csrf_exempt
@login_not_required
def unknown_route(request: HttpRequest, rest: str = "") -> HttpResponse:
    """An address under /api/ that is none."""
    return NOT_FOUND.as_json()


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


# Pages


class OnPages:
    """Turns a no of a page's verb into a message on the page the person came from, or into a page of its own."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        if response.status_code == 405 and request.method == "GET" and not _is_api(request) and not response.content:
            return _only_sent_to(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused | LedgerError | DatabaseError | InterfaceError):
            return None  # Django's own: 404, 403, 400
        problem = problem_of(error)
        if problem is None:
            return None
        if _is_api(request):
            return problem.as_json()
        if problem == TRY_AGAIN:
            return away()
        if problem.status == 429:
            answer = render(request, "refused.html", {"problem": problem}, status=429)
            answer.headers["Retry-After"] = problem.headers.get("Retry-After", "60")
            return answer
        back = _page_before(request)
        if request.method == "POST" and back and not request.headers.get("HX-Request"):
            messages.error(request, problem.sentence)
            return redirect(back)
        return render(request, "refused.html", {"problem": problem}, status=problem.status)


def _only_sent_to(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Somebody opened what only takes a form: they changed the language, signed in again or came by the address.

    An empty answer looks like a mall that is broken; this leads to the page on which the form is. Who was just told
    something is led there at once: they sent a form that had come back to them under this address with what was wrong.
    """
    above = _page_above(request.path)
    if len(get_messages(request)):
        return redirect(above)
    answer = render(request, "405.html", {"above": above}, status=405)
    answer.headers["Allow"] = response.headers.get("Allow", "POST")
    return answer


#: Addresses above others that only take a form, too: no page to lead anybody to. A test finds those that lack here.
WITHOUT_A_PAGE = {
    "notifications:act_on_endpoint",
    "orders:use_coupon",
    "privacy:ask",
    "privacy:hold",
    "reputation:decide",
    "shops:tie_connection",
    "support:plan",
}


def _page_above(path: str) -> str:
    """The nearest page above `path` that there is: of `/orders/K1/say/` the order's own one."""
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        if is_valid_path(path) and resolve(path).view_name not in WITHOUT_A_PAGE:
            return path
    return "/"


def _page_before(request: HttpRequest) -> str:
    """The address of the mall that the person came from; empty if there is none, or it is somebody else's."""
    before = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
        return ""
    return urlsplit(before)._replace(scheme="", netloc="", fragment="").geturl()


def away() -> HttpResponse:
    """The page for a database that is away: it needs nothing from there, not even who is asking."""
    return HttpResponse(render_to_string("503.html"), status=503, headers=TRY_AGAIN.headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400"""
    if _is_api(request):
        return (problem_of(exception) or Problem(400, "bad_request")).as_json()
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403"""
    return Problem(403, "forbidden").as_json() if _is_api(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404"""
    return NOT_FOUND.as_json() if _is_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a fault of ours, or the database went away outside of a view (a session that cannot be read)."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    if _is_api(request):
        return (TRY_AGAIN if is_away else INTERNAL_ERROR).as_json()
    return away() if is_away else defaults.server_error(request)
