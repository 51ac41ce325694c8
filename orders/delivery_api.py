"""The API of delivery: a shop delivers by hand with proof or by its own system, a buyer waits longer."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from orders import promises
from orders.api import AN_ORDER, WITHOUT_KEY, overdue_first, shown, visible
from orders.fulfilment import given, handing, manual, system
from orders.fulfilment.tickets import Answer
from orders.models import Attachment, Ticket
from orders.parties import visible_to
from orders.serializers import (
    DeliveryToGiveUp,
    GivenShown,
    HandoverToMake,
    OrderShown,
    ResultToPush,
    TicketPage,
    TicketShown,
)
from shops.models import SERVE, Shop, keeping
from timeline import clock
from timeline.api import CURSOR, Polling, after_what_is_overdue, idempotent, page

A_TICKET = {
    "number": "K26112204817365-1",
    "order": "K26112204817365",
    "product": "",
    "title": "话费直充 50 元",
    "standing": "pending",
    "given": {"account": "13•••••••00"},
    "is_called_back": False,
    "promised_at": "2026-11-22T03:01:00Z",
}
LATE_ORDER = AN_ORDER | {"state": "paid", "turn": "shop", "actions": ["cancel", "say"]}


@extend_schema(
    operation_id="waitLonger",
    summary="Wait a day longer for a late order",
    description=(
        "Possible once, while the order is late: the hard limit moves by 24 hours. Cancelling stays possible at any"
        " time. Refused: `not_your_turn`, `wrong_moment`."
    ),
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order")},
    examples=[OpenApiExample("The order", LATE_ORDER, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def wait(request: Request, number: str) -> Response:
    """The buyer of a late order gives the shop another day."""
    promises.wait_longer(visible(request, number), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="deliverUnits",
    summary="Deliver units by hand",
    description=(
        "With the proof that the kind needs: a top-up the account as the buyer gave it, the upstream's number and a"
        " file; a membership the account and its term; a service what was done and a file. Files are added to the order"
        " before. Refused: `not_your_turn`, `wrong_way`, `not_awaited`."
    ),
    request=HandoverToMake,
    responses={200: OpenApiResponse(OrderShown, "The order, delivered or with what is still awaited")},
    examples=[
        OpenApiExample(
            "A top-up",
            {"places": [1], "account": "13800138000", "reference": "UP-77", "files": [4]},
            request_only=True,
        ),
        OpenApiExample("The order", AN_ORDER | {"side": "shop", "actions": ["say"]}, response_only=True),
    ],
)
@api_view(["POST"])
@sensitive_variables("words")
@overdue_first
@idempotent
def handovers(request: Request, number: str) -> Response:
    """The shop delivered."""
    told = HandoverToMake(data=request.data)
    told.is_valid(raise_exception=True)
    words = dict(told.validated_data)
    found, places = visible(request, number), words.pop("places")
    words["files"] = list(Attachment.objects.filter(order=found, pk__in=words.pop("files", [])).order_by("pk"))
    manual.deliver(found, places, manual.Proof(**words), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="openGiven",
    summary="Open what the buyer gave for a delivery",
    description=(
        "For the shop that delivers it by hand or by its own system, while it is awaited. That you opened it is kept,"
        " and the buyer reads it. The answer is the only place where it stands in the clear: it is not kept, so this"
        " POST takes no `Idempotency-Key`; once more within an hour is the same look. Refused: `not_your_turn`,"
        " `wrong_way`, `not_awaited`, `nothing_given`."
    ),
    request=None,
    responses={200: OpenApiResponse(GivenShown, "What was given")},
    examples=[OpenApiExample("An account", {"given": {"account": "13800138000"}}, response_only=True)],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
@sensitive_variables("words")
@overdue_first
def open_given(request: Request, number: str) -> Response:
    """The shop opens what it needs to deliver."""
    found = visible(request, number)
    given.open_for_delivery(found, by=request.user, at=clock.now())
    words = given.opened(found)
    return Response(GivenShown({"given": words}).data, headers={"Cache-Control": "private, no-store"})


@extend_schema(
    operation_id="giveUpDelivery",
    summary="Say that you cannot deliver units",
    description=(
        "For a shop that delivers by hand, before the promised time or after it. By the rules it is the shop's own"
        " fault: the buyer is paid back whole and at once, with lateness compensation where the promise is broken, and"
        " each unit counts as not delivered in the shop's public figure. Refused: `not_your_turn`, `wrong_way`,"
        " `not_awaited`, `case_open`, `reason_missing`."
    ),
    request=DeliveryToGiveUp,
    responses={200: OpenApiResponse(OrderShown, "The order, cancelled or with what is still awaited")},
    examples=[
        OpenApiExample("Out of stock", {"places": [1], "reason": "上游缺货,无法充值"}, request_only=True),
        OpenApiExample("The order", AN_ORDER | {"side": "shop", "actions": ["say"]}, response_only=True),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def given_up(request: Request, number: str) -> Response:
    """The shop cannot deliver."""
    told = DeliveryToGiveUp(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    manual.cannot_deliver(
        visible(request, number), words["places"], reason=words["reason"], by=request.user, at=clock.now()
    )
    return Response(shown(request, number))


@extend_schema(
    operation_id="listToDeliver",
    summary="List what your system is to deliver",
    description=(
        "For the shop's own system: units that are paid and not delivered, the oldest first, 50 a page, each with what"
        " the buyer gave for it, masked (`openGiven` opens it). Take one on by pushing `pending`: until then the buyer"
        " of a late order can call it off. One that is called back is to be stopped, and answered with `failed` if it"
        " could be. Ask up to 60 times a minute; 429 `too_many_requests` with `Retry-After` beyond."
    ),
    parameters=[CURSOR],
    responses=TicketPage,
    examples=[OpenApiExample("One unit", {"results": [A_TICKET], "next": None}, response_only=True)],
)
@api_view(["GET"])
@throttle_classes([Polling])
def to_deliver(request: Request, slug: str) -> Response:
    """What a shop's own system is to deliver."""
    shop = get_object_or_404(Shop.objects.filter(keeping(request.user, SERVE)), slug=slug)
    part = page(request, system.to_deliver(shop), by="pk")
    answer = TicketPage({"results": [_ticket(each) for each in part.results], "next": part.next}).data
    return Response(answer, headers={"Cache-Control": "private, no-store"})


@extend_schema(
    operation_id="pushResult",
    summary="Say what became of a delivery",
    description=(
        "`pending` takes it on, `delivered` and `failed` are final. The same said again changes nothing, with or"
        " without an `Idempotency-Key`. Delivered needs a number of yours, or the term of a membership; failed is paid"
        " back at once. Refused: `not_your_turn`, `wrong_way`, `proof_missing`, `already_said`."
    ),
    request=ResultToPush,
    responses={200: OpenApiResponse(TicketShown, "The delivery as it stands now")},
    examples=[
        OpenApiExample("Delivered", {"result": "delivered", "reference": "S-1"}, request_only=True),
        OpenApiExample("The delivery", A_TICKET | {"standing": "delivered", "given": {}}, response_only=True),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _seen(request, number).unit.order)
@idempotent
def push(request: Request, number: str) -> Response:
    """A shop's own system tells what became of a unit."""
    told = ResultToPush(data=request.data)
    told.is_valid(raise_exception=True)
    words = dict(told.validated_data)
    answer = Answer(words.pop("result"), **words)
    ticket = system.push(_seen(request, number), answer, by=request.user, at=clock.now())
    return Response(TicketShown(_ticket(ticket, with_given=False)).data)


def _seen(request: HttpRequest | Request, number: str) -> Ticket:
    found = Ticket.objects.select_related("unit__order__shop", "unit__order__snapshot__listing")
    return get_object_or_404(found, number=number, unit__order__in=visible_to(request.user))


def _ticket(ticket: Ticket, *, with_given: bool = True) -> dict[str, Any]:
    order = ticket.unit.order
    told = handing.promised(order)
    return {
        "number": ticket.number,
        "order": order.number,
        "product": told["product"],
        "title": told["title"],
        "standing": ticket.standing,
        "given": given.hints(order) if with_given else {},
        "is_called_back": ticket.cancel_asked_at is not None,
        "promised_at": order.promised_at,
    }
