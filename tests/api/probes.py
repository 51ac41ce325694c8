"""Addresses that go wrong on purpose, beside the mall's own."""

import threading
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from kamen.urls import handler400, handler403, handler404, handler500
from ledger.transfers import transfer
from shops import lifecycle
from timeline import clock
from timeline.api import idempotent
from timeline.refusals import Refused

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

#: Hold a request inside its verb until the test lets it go on.
inside, go_on = threading.Event(), threading.Event()


class Never(BaseThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        return False

    def wait(self) -> float:
        return 7


@api_view(["GET"])
@throttle_classes([Never])
def throttled(request: Request) -> Response:
    return Response({})


@api_view(["GET"])
def broken(request: Request) -> Response:
    raise RuntimeError("the secret of the house")


@api_view(["GET"])
def malformed(request: Request) -> Response:
    raise BadRequest("no")


@api_view(["GET"])
def hung_up(request: Request) -> Response:
    raise InterfaceError("connection already closed")


@api_view(["GET"])
def slow(request: Request) -> Response:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '20ms'; select pg_sleep(2)")
    return Response({})


@api_view(["GET"])
def poor(request: Request) -> Response:
    _move(10)
    return Response({})


@api_view(["GET"])
def nothing_moved(request: Request) -> Response:
    _move(0)
    return Response({})


@transaction.atomic
def _move(amount: int) -> None:
    transfer(
        source="shop:1:deposit",
        target="platform:fund",
        amount=amount,
        reason="penalty",
        subject="deposit:1",
        key="probe",
        at=clock.now(),
    )


@api_view(["POST"])
@idempotent
def held(request: Request) -> Response:
    """Opens a shop, then waits with everything done and nothing committed."""
    shop = lifecycle.open_shop(owner=request.user, name="慢", slug="man", required=1, at=clock.now())
    inside.set()
    go_on.wait(10)
    return Response({"id": shop.pk}, status=201)


@api_view(["POST"])
@idempotent
def crashing(request: Request) -> Response:
    """Opens a shop and then fails, the first time."""
    lifecycle.open_shop(owner=request.user, name="碎", slug="sui", required=1, at=clock.now())
    if request.query_params.get("crash"):
        raise RuntimeError("power cut")
    return Response({}, status=201)


@api_view(["POST"])
@idempotent
def crashing_quietly(request: Request) -> Response:
    """Opens a shop and then answers that it could not."""
    lifecycle.open_shop(owner=request.user, name="静", slug="jing", required=1, at=clock.now())
    return Response({}, status=422)


@login_not_required
def page_that_refuses(request: HttpRequest) -> HttpResponse:
    raise Refused("not_your_turn", "It is the seller's turn.")


@login_not_required
def page_without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("could not connect to server at 10.1.2.3")


@login_not_required
def page_that_breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the secret of the house")


@login_not_required
def page_before(request: HttpRequest) -> HttpResponse:
    from django.shortcuts import render

    return render(request, "base.html")


urlpatterns = [
    path("api/probe/throttled/", throttled),
    path("api/probe/broken/", broken),
    path("api/probe/malformed/", malformed),
    path("api/probe/hung-up/", hung_up),
    path("api/probe/slow/", slow),
    path("api/probe/poor/", poor),
    path("api/probe/nothing/", nothing_moved),
    path("api/probe/held/", held),
    path("api/probe/crashing/", crashing),
    path("api/probe/crashing-quietly/", crashing_quietly),
    path("probe/refuses/", page_that_refuses),
    path("probe/away/", page_without_database),
    path("probe/breaks/", page_that_breaks),
    path("probe/before/", page_before),
    path("", include("kamen.urls")),
]
