"""The API of orders: the same verbs as on the pages.

Two addresses take a POST without an idempotency key. A code that is shown must not be kept with an answer; looking
again is allowed and recorded. A file is known again by its hash, so sending it twice gives the same attachment.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.adapters import client_address
from accounts.reauthentication import require_fresh
from ledger import payments
from ledger.gateways import ChannelDown, ChannelRefused, UnknownChannel
from ledger.models import Payment
from ledger.serializers import PaymentShown
from orders import attachments, conversation, lifecycle, upstream
from orders.actions import actions_for
from orders.delivery import Visit
from orders.figures import figures_of
from orders.models import Attachment, Message, Order, Unit
from orders.opening import is_dear, open_code
from orders.parties import side_of, side_of_author, visible_to
from orders.purchase import ask_for_charge, order_as_shown
from orders.serializers import (
    AttachmentPage,
    AttachmentShown,
    ChargeToAsk,
    CodeShown,
    FileToAttach,
    MessagePage,
    MessageShown,
    MessageToSay,
    OrderPage,
    OrderShown,
    OrderToPlace,
    UnitPage,
)
from orders.uploads import too_large
from shops.models import SERVE, Listing, Shop, keeping
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page

log = logging.getLogger(__name__)

#: Written into the contract where a POST takes no key; see kamen/contract.py.
WITHOUT_KEY = {"x-idempotency-key": "none"}

A_ROW = {
    "number": "K26112204817365",
    "title": "星河激活码 30 天",
    "quantity": 3,
    "total": 29_400,
    "state": "delivered",
    "turn": "buyer",
    "deadline_at": "2026-11-25T02:01:00Z",
    "shop": "xinghe",
    "placed_at": "2026-11-22T02:00:00Z",
}
AN_ORDER = {
    "number": "K26112204817365",
    "side": "buyer",
    "state": "delivered",
    "turn": "buyer",
    "entered_at": "2026-11-22T02:01:00Z",
    "deadline_at": "2026-11-25T02:01:00Z",
    "total": 29_400,
    "listed": 29_400,
    "from_platform": 0,
    "from_shop": 0,
    "from_wallet": 0,
    "upstream": None,
    "paid_by": "wallet",
    "shop": "xinghe",
    "buyer": "小林",
    "placed_at": "2026-11-22T02:00:00Z",
    "paid_at": "2026-11-22T02:01:00Z",
    "delivered_at": "2026-11-22T02:01:00Z",
    "figures": {
        "units": 3,
        "delivered": 3,
        "seen": 1,
        "in_cases": 0,
        "held": 29_400,
        "to_shop": 0,
        "kept": 0,
        "paid_back": 0,
        "fee": 0,
    },
    "promised": {"title": "星河激活码 30 天", "price": 9_800, "promise_minutes": 10},
    "promise_sha256": "9f2b6c0d4e8a1357b9d0f2e4c6a8b0d2f4e6a8c0b2d4f6e8a0c2b4d6f8e0a2c4",
    "rulebook_version": "default-cn 2026.11.0",
    "commission_bp": 500,
    "actions": ["confirm", "claim", "say"],
}
A_PLACED_ORDER = AN_ORDER | {
    "state": "placed",
    "entered_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-11-22T02:15:00Z",
    "paid_by": "",
    "paid_at": None,
    "delivered_at": None,
    "figures": AN_ORDER["figures"] | {"delivered": 0, "seen": 0, "held": 0},  # type: ignore[operator]
    "actions": ["pay", "cancel", "say"],
}
A_UNIT = {
    "place": 1,
    "delivery": "sealed",
    "grade": "verified",
    "paid": 9_800,
    "held": 9_800,
    "released": 0,
    "refunded": 0,
    "covered": 0,
    "fee": 0,
    "held_by": "",
    "inspection_ends_at": "2026-11-25T02:01:00Z",
}
A_MESSAGE = {
    "id": 12,
    "side": "buyer",
    "author": "小林",
    "text": "第一个码无效。",
    "signs": [],
    "at": "2026-11-22T02:05:00Z",
}
AN_ATTACHMENT = {
    "id": 4,
    "side": "buyer",
    "name": "截图.png",
    "media_type": "image/png",
    "size": 48_213,
    "sha256": "3b7c0d4e8a1357b9d0f2e4c6a8b0d2f4e6a8c0b2d4f6e8a0c2b4d6f8e0a2c49f",
    "url": "/orders/K26112204817365/files/4/",
    "at": "2026-11-22T02:06:00Z",
}
A_PAYMENT = {
    "number": "P26112204817366",
    "state": "awaiting",
    "turn": "buyer",
    "amount": 29_400,
    "channel": "sandbox",
    "subject": "order:41",
    "pay_url": "",
    "entered_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-11-22T02:15:00Z",
    "paid_at": None,
}
THE_ORDER = OpenApiExample("The order", AN_ORDER, response_only=True)


def overdue_first(view: Callable[..., Any]) -> Callable[..., Any]:
    """Before a POST acts on an order, what is overdue on it happens."""
    return after_what_is_overdue(lambda request, number: visible(request, number))(view)


@extend_schema(
    methods=["GET"],
    operation_id="listOrders",
    summary="List what you bought",
    description="Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=OrderPage,
    examples=[OpenApiExample("One order", {"results": [A_ROW], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="placeOrder",
    summary="Order something",
    description=(
        "The codes are set aside until the time to pay is over. Refused: `own_goods`, `notice_not_acknowledged`,"
        " `exemption_refused`, `not_on_sale`, `shop_cannot_sell`, `sold_out`, `price_changed`."
    ),
    request=OrderToPlace,
    responses={201: OrderShown},
    examples=[
        OpenApiExample(
            "Three codes",
            {"listing": 7, "quantity": 3, "acknowledged": True, "exempt": True, "price": 9_800},
            request_only=True,
        ),
        OpenApiExample("The new order", A_PLACED_ORDER, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def orders(request: Request) -> Response:
    """What the person bought, and a new order."""
    if request.method == "POST":
        return _place(request)
    return Response(_rows(request, Order.objects.filter(buyer=request.user.pk)))


def _place(request: Request) -> Response:
    told = OrderToPlace(data=request.data)
    told.is_valid(raise_exception=True)
    words = dict(told.validated_data)
    listing = Listing.objects.visible_to(request.user).select_related("shop").filter(pk=words.pop("listing")).first()
    if listing is None:
        raise ValidationError({"listing": ValidationError(_("There is no such listing."), code="does_not_exist")})
    order = order_as_shown(listing, by=request.user, at=clock.now(), **words)
    location = reverse("api:order", kwargs={"number": order.number})
    return Response(shown(request, order.number), status=201, headers={"Location": location})


@extend_schema(
    operation_id="listOrdersOfShop",
    summary="List what your shop sold",
    description="For those who look after its buyers; to others it does not exist. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=OrderPage,
    examples=[OpenApiExample("One order", {"results": [A_ROW], "next": None}, response_only=True)],
)
@api_view(["GET"])
def orders_of_shop(request: Request, slug: str) -> Response:
    """What a shop sold."""
    shop = get_object_or_404(Shop.objects.filter(keeping(request.user, SERVE)), slug=slug)
    return Response(_rows(request, Order.objects.filter(shop=shop)))


@extend_schema(
    operation_id="getOrder",
    summary="Look at an order",
    description="For its buyer, its shop, and the mall's staff of cases; to others it does not exist.",
    responses=OrderShown,
    examples=[THE_ORDER],
)
@api_view(["GET"])
def order(request: Request, number: str) -> Response:
    """One order."""
    return Response(shown(request, number))


@extend_schema(
    operation_id="listUnits",
    summary="List the units of an order",
    description="In their places, 50 a page. Never with a code.",
    parameters=[CURSOR],
    responses=UnitPage,
    examples=[OpenApiExample("One unit", {"results": [A_UNIT], "next": None}, response_only=True)],
)
@api_view(["GET"])
def units(request: Request, number: str) -> Response:
    """What was bought, one by one."""
    return Response(UnitPage(page(request, visible(request, number).units.all(), by="place")).data)


@extend_schema(
    operation_id="payOrder",
    summary="Pay an order from the balance",
    description=(
        "The money goes into escrow and the codes are delivered at once, sealed. Refused: `not_your_turn`,"
        " `wrong_moment`, `insufficient_balance`."
    ),
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order, delivered")},
    examples=[THE_ORDER],
)
@api_view(["POST"])
@overdue_first
@idempotent
def pay(request: Request, number: str) -> Response:
    """The buyer pays from the balance."""
    lifecycle.pay_from_wallet(visible(request, number), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="chargeOrder",
    summary="Pay an order by a channel",
    description=(
        "The payment ends with the order. Ask for it again at `Location` to get its `pay_url`. A payment of this order"
        " that is still open is given again. A `part` of the price from the balance is set aside meanwhile. Refused:"
        " `not_your_turn`, `wrong_moment`, `no_such_channel`, `bad_part`, `insufficient_balance`."
    ),
    request=ChargeToAsk,
    responses={201: PaymentShown},
    examples=[
        OpenApiExample("By the sandbox", {"channel": "sandbox"}, request_only=True),
        OpenApiExample("The payment", A_PAYMENT, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def charge(request: Request, number: str) -> Response:
    """The buyer asks to pay by a channel."""
    told = ChargeToAsk(data=request.data)
    told.is_valid(raise_exception=True)
    found = visible(request, number)
    payment = ask_for_charge(found, by=request.user, at=clock.now(), **told.validated_data)
    transaction.on_commit(lambda: _open_charge(found, payment))
    location = reverse("api:payment", kwargs={"number": payment.number})
    return Response(PaymentShown(payment).data, status=201, headers={"Location": location})


@extend_schema(
    operation_id="cancelOrder",
    summary="Cancel an order that is not paid",
    description="The codes are for sale again. Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order, cancelled")},
    examples=[OpenApiExample("Cancelled", A_PLACED_ORDER | {"state": "cancelled", "turn": ""}, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def cancel(request: Request, number: str) -> Response:
    """The buyer does not want it after all."""
    lifecycle.cancel(visible(request, number), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="confirmOrder",
    summary="Confirm receipt",
    description=(
        "Every unit without an open case is released to the shop at once. Refused: `not_your_turn`, `wrong_moment`,"
        " `case_open`."
    ),
    request=None,
    responses={200: OpenApiResponse(OrderShown, "The order, completed or with the units that a case holds")},
    examples=[THE_ORDER],
)
@api_view(["POST"])
@overdue_first
@idempotent
def confirm(request: Request, number: str) -> Response:
    """The buyer says that all is well."""
    lifecycle.confirm(visible(request, number), by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="revealCode",
    summary="Look at a code",
    description=(
        "One-way: that you looked, when and from where is recorded for ever before the code is shown; from then on it"
        " cannot go back for a reason of your own. The answer is the only place where the code stands: it is not kept,"
        " so this POST takes no `Idempotency-Key`. Looking again is allowed and recorded, too. Refused:"
        " `not_your_turn`, `not_delivered`, `case_open`, `voided`, `refunded`; `reauthentication_required` for a code"
        " of ¥200 or more five minutes after the sign-in; `vault_closed` and `code_not_shown` where the fault is ours."
        " Status 429 `too_often` with `Retry-After` for somebody who looks faster than people read."
    ),
    request=None,
    responses={200: OpenApiResponse(CodeShown, "The code")},
    examples=[
        OpenApiExample(
            "A code", {"place": 1, "code": "XH7Q-0001-KAMEN", "at": "2026-11-22T02:04:00Z"}, response_only=True
        )
    ],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
@sensitive_variables("code", "answer")
@overdue_first
def reveal(request: Request, number: str, place: int) -> Response:
    """The buyer looks at a code."""
    at, found = clock.now(), visible(request, number)
    if is_dear(found, place, by=request.user, above=settings.REVEAL_ASKS_AGAIN_FROM):
        require_fresh(request._request)
    visit = Visit(
        address=client_address(request._request) or "",
        session=request.session.session_key or "",
        agent=request.headers.get("User-Agent", ""),
    )
    try:
        unit, code = open_code(found, place, by=request.user, at=at, visit=visit)
    except Unit.DoesNotExist:
        raise Http404 from None
    answer = CodeShown({"place": unit.place, "code": code, "at": at}).data
    return Response(answer, headers={"Cache-Control": "private, no-store"})


@extend_schema(
    methods=["GET"],
    operation_id="listMessages",
    summary="Read an order's conversation",
    description="Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=MessagePage,
    examples=[OpenApiExample("One message", {"results": [A_MESSAGE], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="sayMessage",
    summary="Say something about an order",
    description=(
        "To the other side and the platform; staff join first. Refused: `not_your_turn`, `join_first`, `too_often`."
    ),
    request=MessageToSay,
    responses={201: MessageShown},
    examples=[
        OpenApiExample("A message", {"text": "第一个码无效。"}, request_only=True),
        OpenApiExample("What was said", A_MESSAGE, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@overdue_first
@idempotent
def messages(request: Request, number: str) -> Response:
    """The conversation, and something new in it."""
    found = visible(request, number)
    if request.method == "POST":
        told = MessageToSay(data=request.data)
        told.is_valid(raise_exception=True)
        said = conversation.say(found, told.validated_data["text"], by=request.user, at=clock.now())
        return Response(MessageShown(_with_side(found, said, said.author_id)).data, status=201)
    part = page(request, Message.objects.filter(order=found).select_related("author"), by="-pk")
    rows = [_with_side(found, each, each.author_id) for each in part.results]
    return Response(MessagePage({"results": rows, "next": part.next}).data)


@extend_schema(
    methods=["GET"],
    operation_id="listAttachments",
    summary="List the files of an order",
    description="Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=AttachmentPage,
    examples=[OpenApiExample("One file", {"results": [AN_ATTACHMENT], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="attachFile",
    summary="Add a file to an order",
    description=(
        "As `multipart/form-data`. A file is known again by its own hash: sent twice by the same person it is the same"
        " attachment, so this POST takes no `Idempotency-Key`. Each side can add 20 files and 200 MB. Refused:"
        " `not_your_turn`, `too_many_files`, `too_much_in_all`."
    ),
    request={"multipart/form-data": FileToAttach},
    responses={201: AttachmentShown},
    examples=[OpenApiExample("The file", AN_ATTACHMENT, response_only=True, status_codes=["201"])],
    extensions=WITHOUT_KEY,
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
@overdue_first
def files(request: Request, number: str) -> Response:
    """The files, and a new one."""
    found = visible(request, number)
    if request.method == "POST":
        told = FileToAttach(data=request.data)
        if too_large(request._request):
            raise attachments.too_large_a_file()
        told.is_valid(raise_exception=True)
        given = attachments.attach(found, told.validated_data["file"], by=request.user, at=clock.now())
        return Response(AttachmentShown(_with_side(found, given, given.uploader_id)).data, status=201)
    part = page(request, Attachment.objects.filter(order=found), by="-pk")
    rows = [_with_side(found, each, each.uploader_id) for each in part.results]
    return Response(AttachmentPage({"results": rows, "next": part.next}).data)


def visible(request: Request, number: str) -> Order:
    """The order, for whoever may see it; to others it does not exist."""
    found = visible_to(request.user).select_related("shop__owner", "buyer", "snapshot__listing")
    return get_object_or_404(found, number=number)


def shown(request: Request, number: str) -> Any:
    """The order as it is now, for whoever asks."""
    found, at = visible(request, number), clock.now()
    figures = figures_of(found)
    return OrderShown(
        {
            "order": found,
            "side": side_of(found, request.user),
            "figures": figures,
            "promised": json.loads(found.snapshot.body),
            "upstream": upstream.contact_of(found),
            "actions": [action.name for action in actions_for(found, request.user, figures, at=at)],
        }
    ).data


def _rows(request: Request, found: QuerySet[Order]) -> Any:
    counted = Unit.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(n=Count("pk")).values("n")
    rows = found.select_related("snapshot", "shop").annotate(quantity=Subquery(counted))
    part = page(request, rows, by="-pk")
    for row in part.results:
        row.title = json.loads(row.snapshot.body)["title"]  # type: ignore[attr-defined]
    return OrderPage(part).data


def _with_side(found: Order, thing: Any, user_id: int) -> Any:
    thing.side = side_of_author(found, user_id)
    if isinstance(thing, Attachment):
        thing.url = reverse("orders:file", kwargs={"number": found.number, "pk": thing.pk})  # type: ignore[attr-defined]
    return thing


def _open_charge(found: Order, payment: Payment) -> None:
    title = str(_("Kamen order %(number)s") % {"number": found.number})
    try:
        payments.open_charge(payment, title=title, back=reverse("orders:detail", kwargs={"number": found.number}))
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s opened no charge for %s: %s", payment.channel, payment.number, error)
