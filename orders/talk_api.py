"""The API around a conversation and suppliers: joining, reading, what each side knows of a code, asking suppliers."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from orders import conversation, delivery
from orders.api import AN_ORDER, overdue_first, shown, visible
from orders.fulfilment import queries, tickets
from orders.models import Exchange, Message, Ticket
from orders.parties import SEEING_HEALTH, SEEING_SIGNS, Side, side_of, side_of_author
from orders.serializers import (
    ExchangePage,
    OrderShown,
    ReadingShown,
    ReasonToJoin,
    RedemptionShown,
    RedemptionToSay,
    SignPage,
    SupplierHealth,
)
from orders.supplier_views import health_of
from timeline import clock
from timeline.api import CURSOR, idempotent, page

THE_ORDER = OpenApiExample("The order", AN_ORDER | {"side": "shop", "actions": ["say"]}, response_only=True)
SEEN_BY_STAFF = OpenApiExample("The order", AN_ORDER | {"side": "platform", "actions": ["say"]}, response_only=True)
AN_EXCHANGE = {
    "ticket": "K26112204817365-1",
    "at": "2026-11-22T02:01:05Z",
    "what": "submit",
    "asked": '{"given": {"account": "13••••78"}, "number": "K26112204817365-1", "product": "TOPUP-50"}',
    "status": 200,
    "answer": '{"number": "K26112204817365-1", "state": "pending"}',
}
A_REDEMPTION = {
    "place": 1,
    "said_by": "buyer",
    "is_record": False,
    "redeemed_at": "2026-11-21T08:00:00Z",
    "by_buyer": False,
    "account": "ka•••••88",
    "at": "2026-11-22T02:05:00Z",
}
A_SIGN = {
    "order": "K26112204817365",
    "side": "shop",
    "signs": ["wechat"],
    "text": "加微信便宜五块",
    "at": "2026-11-22T02:05:00Z",
}
A_SUPPLIER = {
    "name": "sandbox",
    "is_connected": True,
    "open": 2,
    "silent": 1,
    "oldest_at": "2026-11-22T02:00:00Z",
    "heard_at": "2026-11-22T02:01:00Z",
    "delivered": 40,
    "failed": 1,
}


@extend_schema(
    operation_id="joinConversation",
    summary="Join an order's conversation as staff",
    description="With a reason that both sides read. Refused: `not_your_turn`, `wrong_moment`.",
    request=ReasonToJoin,
    responses={200: OpenApiResponse(OrderShown, "The order")},
    examples=[OpenApiExample("Why", {"reason": "The buyer asked for help."}, request_only=True), SEEN_BY_STAFF],
)
@api_view(["POST"])
@overdue_first
@idempotent
def join(request: Request, number: str) -> Response:
    """Staff join."""
    told = ReasonToJoin(data=request.data)
    told.is_valid(raise_exception=True)
    conversation.join(visible(request, number), told.validated_data["reason"], by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="readConversation",
    summary="Mark an order's conversation as read",
    description="Up to its last message; the other side sees when. Refused: `not_your_turn`.",
    request=None,
    responses={200: OpenApiResponse(ReadingShown, "Up to where")},
    examples=[OpenApiExample("Four messages", {"upto": 4, "unread": 0, "read_by_others": 2}, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def read(request: Request, number: str) -> Response:
    """Somebody has read everything up to now."""
    found = visible(request, number)
    upto = conversation.read(found, by=request.user, at=clock.now())
    reading = conversation.reading_of(found, request.user)
    told = {"upto": upto, "unread": reading.unread, "read_by_others": reading.read_by_others}
    return Response(ReadingShown(told).data)


@extend_schema(
    operation_id="sayWhoRedeemed",
    summary="Say who redeemed a code",
    description=(
        "The word of the buyer or the shop: a claim, until the issuer answers. Refused: `not_your_turn`,"
        " `not_delivered`, `wrong_moment`."
    ),
    request=RedemptionToSay,
    responses={201: RedemptionShown},
    examples=[
        OpenApiExample("Not by me", {"by_buyer": False, "account": "kamen_888"}, request_only=True),
        OpenApiExample("What was said", A_REDEMPTION, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def redemption(request: Request, number: str, place: int) -> Response:
    """One side says what it knows of a code."""
    told = RedemptionToSay(data=request.data)
    told.is_valid(raise_exception=True)
    found = visible(request, number)
    unit = get_object_or_404(found.units.select_related("order__shop"), place=place)
    said = delivery.say_redeemed(unit, by=request.user, at=clock.now(), **told.validated_data)
    words = {"said": said, "place": place, "said_by": side_of(found, request.user), "is_record": False}
    return Response(RedemptionShown(words).data, status=201)


@extend_schema(
    operation_id="listExchanges",
    summary="List what a supplier was asked about an order",
    description="For the shop and the mall's staff of cases; what the buyer gave is masked. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ExchangePage,
    examples=[OpenApiExample("One question", {"results": [AN_EXCHANGE], "next": None}, response_only=True)],
)
@api_view(["GET"])
def exchanges(request: Request, number: str) -> Response:
    """What was asked and answered."""
    found = visible(request, number)
    if side_of(found, request.user) == Side.BUYER:
        raise Http404
    asked = Exchange.objects.filter(ticket__unit__order=found).select_related("ticket")
    return Response(ExchangePage(page(request, asked, by="-pk")).data)


@extend_schema(
    operation_id="askSupplierAgain",
    summary="Have a supplier asked again",
    description=(
        "For the shop: at once, or anew under a new number where it failed while a case holds the unit. Refused:"
        " `not_your_turn`, `wrong_moment`."
    ),
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order")},
    examples=[THE_ORDER],
)
@api_view(["POST"])
@overdue_first
@idempotent
def try_again(request: Request, number: str, place: int) -> Response:
    """The shop has its supplier asked again."""
    found = Ticket.objects.select_related("unit__order__shop", "unit__order__snapshot")
    ticket = get_object_or_404(found, unit__order=visible(request, number), unit__place=place)
    tickets.try_again(ticket, by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="askSupplier",
    summary="Let the inspection wait for your supplier",
    description=(
        "The shop asks its supplier about codes; the buyer's inspection stands still, for five working days in all."
        " Refused: `not_your_turn`, `wrong_moment`, `supplier_took_too_long`."
    ),
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order")},
    examples=[THE_ORDER],
)
@api_view(["POST"])
@overdue_first
@idempotent
def ask_supplier(request: Request, number: str) -> Response:
    """The shop asks its supplier."""
    queries.ask_supplier(visible(request, number), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="supplierAnswered",
    summary="Say that your supplier answered",
    description="The inspection goes on, with 24 hours at least. Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order")},
    examples=[THE_ORDER],
)
@api_view(["POST"])
@overdue_first
@idempotent
def supplier_answered(request: Request, number: str) -> Response:
    """The supplier answered."""
    queries.supplier_answered(visible(request, number), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="listSigns",
    summary="List hints at deals outside of the mall",
    description="For the mall's staff of risk; newest first, 50 a page. A hint is no proof.",
    parameters=[CURSOR],
    responses=SignPage,
    examples=[OpenApiExample("One message", {"results": [A_SIGN], "next": None}, response_only=True)],
)
@api_view(["GET"])
def signs(request: Request) -> Response:
    """What looks like a deal outside."""
    if not signed_in(request).roles & SEEING_SIGNS:
        raise Http404
    part = page(request, Message.objects.exclude(signs=[]).select_related("order__shop"), by="-pk")
    rows = [{"message": each, "side": side_of_author(each.order, each.author_id)} for each in part.results]
    return Response(SignPage({"results": rows, "next": part.next}).data)


@extend_schema(
    operation_id="listSupplierHealth",
    summary="See how suppliers are doing",
    description="For the mall's staff of cases: what waits at each connection, since when, and what failed in a day.",
    responses=SupplierHealth(many=True),
    examples=[OpenApiExample("One supplier", [A_SUPPLIER], response_only=True)],
)
@api_view(["GET"])
def suppliers(request: Request) -> Response:
    """How each supplier is doing."""
    if not signed_in(request).roles & SEEING_HEALTH:
        raise Http404
    return Response(SupplierHealth(health_of(clock.now()), many=True).data)
