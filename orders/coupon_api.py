"""The API of coupons: those of a shop or of the platform, and the ones a buyer puts on an order."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from orders import coupons, guesses
from orders.api import A_PLACED_ORDER, overdue_first, shown, visible
from orders.coupon_views import VERBS
from orders.models import Coupon
from orders.parties import SEEING_COUPONS
from orders.serializers import (
    CouponDecision,
    CouponPage,
    CouponShown,
    CouponToDrop,
    CouponToMake,
    CouponToUse,
    OrderShown,
)
from shops.models import SELL, Shop, keeping
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page

A_COUPON = {
    "code": "WELCOME5",
    "shop": "xinghe",
    "state": "running",
    "value": 500,
    "minimum": 5_000,
    "most": 100,
    "per_person": 1,
    "taken": 3,
    "starts_at": "2026-11-22T02:00:00Z",
    "ends_at": "2026-12-22T02:00:00Z",
    "actions": ["pause", "end"],
}
TO_MAKE = {name: A_COUPON[name] for name in ("code", "value", "minimum", "most", "per_person", "starts_at", "ends_at")}
MADE = [
    OpenApiExample("A coupon", TO_MAKE, request_only=True),
    OpenApiExample(
        "The new coupon", A_COUPON | {"state": "draft", "taken": 0}, response_only=True, status_codes=["201"]
    ),
]
LISTED = [OpenApiExample("One coupon", {"results": [A_COUPON], "next": None}, response_only=True)]
ON_ORDER = [OpenApiExample("The order", A_PLACED_ORDER, response_only=True)]


def guesses_counted(view: Callable[..., Any]) -> Callable[..., Any]:
    """Codes of others are counted, tried or written; outside of `idempotent`, which takes back what a refusal wrote."""

    @wraps(view)
    def counting(request: Request, **where: str) -> Any:
        if request.method != "POST":
            return view(request, **where)
        with guesses.counted(by=request.user, at=clock.now()):
            return view(request, **where)

    return counting


@extend_schema(
    methods=["GET"],
    operation_id="listCouponsOfShop",
    summary="List your shop's coupons",
    description="For whoever sells there; newest first, 50 a page.",
    parameters=[CURSOR],
    responses=CouponPage,
    examples=LISTED,
)
@extend_schema(
    methods=["POST"],
    operation_id="makeCouponOfShop",
    summary="Write down a coupon of your shop",
    description="A lower price that your shop bears. It can be used once it is started.",
    request=CouponToMake,
    responses={201: CouponShown},
    examples=MADE,
)
@api_view(["GET", "POST"])
@guesses_counted
@idempotent
def of_shop(request: Request, slug: str) -> Response:
    """A shop's coupons."""
    return _coupons(request, get_object_or_404(Shop.objects.filter(keeping(request.user, SELL)), slug=slug))


@extend_schema(
    methods=["GET"],
    operation_id="listCouponsOfPlatform",
    summary="List the platform's coupons",
    description="For the mall's staff of money; newest first, 50 a page.",
    parameters=[CURSOR],
    responses=CouponPage,
    examples=LISTED,
)
@extend_schema(
    methods=["POST"],
    operation_id="makeCouponOfPlatform",
    summary="Write down a coupon of the platform",
    description="For finance; another person of finance starts it. Refused: `not_your_turn`.",
    request=CouponToMake,
    responses={201: CouponShown},
    examples=MADE,
)
@api_view(["GET", "POST"])
@guesses_counted
@idempotent
def of_platform(request: Request) -> Response:
    """The platform's coupons."""
    if not signed_in(request).roles & SEEING_COUPONS:
        raise Http404
    return _coupons(request, None)


def _coupons(request: Request, shop: Shop | None) -> Response:
    at = clock.now()
    if request.method == "POST":
        told = CouponToMake(data=request.data)
        told.is_valid(raise_exception=True)
        made = coupons.draft(shop=shop, by=request.user, at=at, **told.validated_data)
        return Response(_shown(made, request, at), status=201)
    part = page(request, Coupon.objects.filter(shop=shop).select_related("shop"), by="-pk")
    return Response(
        CouponPage({"results": [_told(each, request, at) for each in part.results], "next": part.next}).data
    )


@extend_schema(
    operation_id="decideCoupon",
    summary="Start, pause, resume or end a coupon",
    description=(
        "For whoever makes these coupons. Starting a platform coupon sets all that it can cost aside and takes a second"
        " person of finance. Refused: `not_your_turn`, `wrong_moment`, `second_person`, `not_enough_own_money`."
    ),
    request=CouponDecision,
    responses={200: OpenApiResponse(CouponShown, "The coupon as it stands now")},
    examples=[
        OpenApiExample("Pause it", {"what": "pause"}, request_only=True),
        OpenApiExample("The coupon", A_COUPON | {"state": "paused", "actions": ["resume", "end"]}, response_only=True),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _seen(request, number))
@idempotent
def decide(request: Request, number: str) -> Response:
    """Whoever makes these coupons decides about one."""
    told, at = CouponDecision(data=request.data), clock.now()
    told.is_valid(raise_exception=True)
    coupon = _seen(request, number)
    VERBS[told.validated_data["what"]](coupon, by=request.user, at=at)
    return Response(_shown(coupon, request, at))


@extend_schema(
    operation_id="useCoupon",
    summary="Put a coupon on an order",
    description=(
        "One of the shop and one of the platform at most, while the order is to be paid. Refused: `not_your_turn`,"
        " `wrong_moment`, `payment_open`, `no_such_coupon`, `coupon_not_running`, `coupon_used_before`, `coupon_taken`,"
        " `coupon_minimum`, `coupon_gone`. Status 429 `too_often` with `Retry-After` for somebody who tried many codes"
        " that do not exist."
    ),
    request=CouponToUse,
    responses={200: OpenApiResponse(OrderShown, "The order with its new price")},
    examples=[OpenApiExample("A code", {"code": "WELCOME5"}, request_only=True), *ON_ORDER],
)
@api_view(["POST"])
@overdue_first
@guesses_counted
@idempotent
def use(request: Request, number: str) -> Response:
    """The buyer uses a coupon."""
    told = CouponToUse(data=request.data)
    told.is_valid(raise_exception=True)
    coupons.use(visible(request, number), told.validated_data["code"], by=request.user, at=clock.now())
    return Response(shown(request, number))


@extend_schema(
    operation_id="dropCoupon",
    summary="Take a coupon off an order",
    description="Refused: `not_your_turn`, `wrong_moment`, `payment_open`, `no_such_coupon`.",
    request=CouponToDrop,
    responses={200: OpenApiResponse(OrderShown, "The order with its new price")},
    examples=[OpenApiExample("The shop's", {"by": "shop"}, request_only=True), *ON_ORDER],
)
@api_view(["POST"])
@overdue_first
@idempotent
def drop(request: Request, number: str) -> Response:
    """The buyer takes a coupon off."""
    told = CouponToDrop(data=request.data)
    told.is_valid(raise_exception=True)
    coupons.drop(visible(request, number), told.validated_data["by"], by=request.user, at=clock.now())
    return Response(shown(request, number))


def _seen(request: Any, code: str) -> Coupon:
    return get_object_or_404(coupons.visible_to(request.user).select_related("shop"), code=code)


def _told(coupon: Coupon, request: Request, at: Any) -> dict[str, Any]:
    return {"coupon": coupon, "actions": coupons.actions_for(coupon, request.user, at=at)}


def _shown(coupon: Coupon, request: Request, at: Any) -> Any:
    return CouponShown(_told(coupon, request, at)).data
