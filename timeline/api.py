"""What the API of every room shares: a POST that counts once, and lists page by page."""

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.request import RawPostDataException
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.decorators import api_view
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from timeline import clock, idempotency
from timeline.models import Tracked
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

P = ParamSpec("P")
M = TypeVar("M", bound=models.Model)
Answer = Response | HttpResponse
AnyView = Callable[..., Any]

PAGE = 50
KEY = re.compile(r"[\x21-\x7e]{1,200}")
BIGGEST = 2**63 - 1


def after_what_is_overdue(find: Callable[[Request, str], Tracked]) -> Callable[[AnyView], AnyView]:
    """Before a POST acts on a thing, what is overdue on its root happens, in a transaction of its own.

    For good, also if the verb is refused then, so it stands outside of `idempotent`. `find` gives the thing of a number
    to whoever may see it.
    """

    def around(view: AnyView) -> AnyView:
        @wraps(view)
        def acting(request: Request, number: str, **kwargs: Any) -> Any:
            if request.method == "POST":
                fire_overdue(find(request, number).root_address, at=clock.now())
            return view(request, number=number, **kwargs)

        return acting

    return around


def acting(
    find: Callable[[Request, str], Tracked],
    does: Callable[..., Any],
    shown: Callable[[Any], BaseSerializer[Any]],
    *,
    takes: type[BaseSerializer[Any]] | None = None,
) -> AnyView:
    """The POST that does `does` to the thing of a number, with the words of `takes`, and answers with it as `shown`.

    For verbs that need nothing else: what is overdue happens first, and the verb counts once.
    """

    @api_view(["POST"])
    @after_what_is_overdue(find)
    @idempotent
    def act(request: Request, number: str) -> Response:
        words = {}
        if takes is not None:
            told = takes(data=request.data)
            told.is_valid(raise_exception=True)
            words = told.validated_data
        thing = find(request, number)
        does(thing, by=request.user, at=clock.now(), **words)
        return Response(shown(thing).data)

    return act


class KeyMissing(exceptions.APIException):
    """A POST without the header that makes it safe to send again."""

    status_code = 400
    default_code = "idempotency_key_required"
    default_detail = _("Send an Idempotency-Key header with every POST, a new one for every new request.")


class KeyMalformed(exceptions.APIException):
    """A key that is empty, too long, or not plain."""

    status_code = 400
    default_code = "idempotency_key_malformed"
    default_detail = _("An Idempotency-Key is 1 to 200 visible ASCII characters without spaces.")


class BadCursor(exceptions.APIException):
    """A cursor that this list never gave out."""

    status_code = 400
    default_code = "bad_cursor"
    default_detail = _("This cursor does not belong to this list. Start again without one.")


def idempotent(view: Callable[Concatenate[Request, P], Answer]) -> Callable[Concatenate[Request, P], Answer]:
    """Let a POST count once for its `Idempotency-Key`: the verb and its kept answer are one transaction.

    The same key with the same request gives the same answer again, with `Idempotency-Replayed: true`. Only success is
    kept: what was refused, malformed or failed has changed nothing and may be tried again under the same key. Goes
    under `@api_view`. Not for answers that hold a secret (a card's code): they would be kept in the clear.
    """

    @wraps(view)
    def once(request: Request, *args: P.args, **kwargs: P.kwargs) -> Answer:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        key = _key_of(request)
        digest = idempotency.digest(method="POST", path=request.get_full_path(), body=_body_of(request))
        with transaction.atomic():
            kept = idempotency.claim(by=request.user, key=key, request_digest=digest)
            if kept is not None:
                return _again(kept)
            answer = view(request, *args, **kwargs)
            if answer.status_code >= 300:
                transaction.set_rollback(True)
                return answer
            body = (
                JSONRenderer().render(answer.data).decode() if isinstance(answer, Response) else answer.content.decode()
            )
            idempotency.keep(
                by=request.user,
                key=key,
                request_digest=digest,
                status=answer.status_code,
                body=body,
                location=answer.headers.get("Location", ""),
            )
        return answer

    return once


class Polling(SimpleRateThrottle):
    """A machine asks for news as often as it likes up to once a second: `too_many_requests` (429) with `Retry-After`.

    Each person and each machine is counted alone, at each address alone. Where the counter is away everybody may ask:
    reading waits for nothing (docs/decisions/0007).
    """

    scope = "polling"
    rate = "60/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Whoever asks, and for what."""
        who = f"user-{request.user.pk}" if request.user else f"machine-{getattr(request.auth, 'pk', '')}"
        return self.cache_format % {"scope": self.scope, "ident": f"{type(view).__name__}-{who}"}

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether this is not too often."""
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError) as error:
            log.warning("nobody counts who asks for news: %s", type(error).__name__)
            return True


@dataclass(frozen=True)
class Page(Generic[M]):
    """A part of a list, and the address of the next part, if there is one."""

    results: list[M]
    next: str | None


CURSOR = OpenApiParameter(
    "cursor", str, OpenApiParameter.QUERY, description="Where the page begins: taken from `next`, never made up."
)


def page(request: Request, rows: QuerySet[M], *, by: str) -> Page[M]:
    """The page of `rows` that the request's cursor asks for, in one query whatever the list's length.

    `by` is a unique whole number of the row, `-seq` for newest first. Rows that come or go meanwhile neither repeat nor
    hide others. Raises `BadCursor`.
    """
    field, is_falling = by.removeprefix("-"), by.startswith("-")
    if (cursor := request.query_params.get("cursor")) is not None:
        last = _place_in(cursor, by)
        rows = rows.filter(**{f"{field}__{'lt' if is_falling else 'gt'}": last})
    found = list(rows.order_by(by)[: PAGE + 1])
    if len(found) <= PAGE:
        return Page(found, None)
    address = request.build_absolute_uri(request.path)
    return Page(found[:PAGE], f"{address}?cursor={_cursor(by, getattr(found[PAGE - 1], field))}")


def _cursor(by: str, place: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([by, place]).encode()).decode().rstrip("=")


def _place_in(cursor: str, by: str) -> int:
    try:
        order, place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadCursor from error
    if order != by or type(place) is not int or not 0 <= place <= BIGGEST:
        raise BadCursor
    return place


def _key_of(request: Request) -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise KeyMissing
    if not KEY.fullmatch(key):
        raise KeyMalformed
    return key


def _body_of(request: Request) -> bytes:
    """The body to the byte; reading it here also keeps it within Django's limit for a request."""
    try:
        return bytes(request._request.body)
    except RawPostDataException as error:  # a form of a browser, read already when its CSRF token was looked for
        raise exceptions.UnsupportedMediaType(request.content_type) from error


def _again(kept: Any) -> HttpResponse:
    answer = HttpResponse(kept.body, status=kept.status, content_type="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    if kept.location:
        answer.headers["Location"] = kept.location
    return answer
