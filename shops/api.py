"""The API of shops: look around, open one, watch its deposit, close."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import accounts
from shops import lifecycle
from shops.models import BASE_DEPOSIT, Deposit, Shop
from shops.serializers import DepositForOwner, ShopInPublic, ShopPage, ShopToOpen
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_SHOP = {
    "name": "星河点卡",
    "slug": "xinghe",
    "level": "S0",
    "opened_at": "2026-11-22T02:00:00Z",
    "deposit_state": "unpaid",
}
A_DEPOSIT = {
    "state": "active",
    "turn": "system",
    "entered_at": "2026-11-22T02:05:00Z",
    "deadline_at": None,
    "required_sum": 100_000,
    "free": 100_000,
    "reserved": 0,
    "results": [
        {
            "number": 1,
            "at": "2026-11-22T02:05:00Z",
            "amount": 100_000,
            "balance": 100_000,
            "reason": "deposit_paid",
            "subject": "deposit:7",
        }
    ],
    "next": None,
}


@extend_schema(
    methods=["GET"],
    operation_id="listShops",
    summary="List all shops",
    description="Public. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ShopPage,
    examples=[OpenApiExample("One shop", {"results": [A_SHOP], "next": None}, response_only=True)],
    auth=[],
)
@extend_schema(
    methods=["POST"],
    operation_id="openShop",
    summary="Open a shop",
    description="It may list and sell once its deposit is in place. Opening moves no money.",
    request=ShopToOpen,
    responses={201: ShopInPublic},
    examples=[
        OpenApiExample("A shop for point cards", {"name": "星河点卡", "slug": "xinghe"}, request_only=True),
        OpenApiExample("The new shop", A_SHOP, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticatedOrReadOnly])
@idempotent
def shops(request: Request) -> Response:
    """All shops, and a new one."""
    if request.method == "POST":
        return _open(request)
    return Response(ShopPage(page(request, Shop.objects.select_related("deposit"), by="-pk")).data)


def _open(request: Request) -> Response:
    told = ShopToOpen(data=request.data)
    told.is_valid(raise_exception=True)
    shop = lifecycle.open_shop(owner=request.user, required=BASE_DEPOSIT, at=clock.now(), **told.validated_data)
    return Response(
        ShopInPublic(shop).data, status=201, headers={"Location": reverse("api:shop", kwargs={"slug": shop.slug})}
    )


@extend_schema(
    operation_id="getShop",
    summary="Look at a shop",
    description="Public.",
    responses=ShopInPublic,
    examples=[OpenApiExample("A new shop", A_SHOP, response_only=True)],
    auth=[],
)
@api_view(["GET"])
@permission_classes([IsAuthenticatedOrReadOnly])
def shop(request: Request, slug: str) -> Response:
    """One shop."""
    return Response(ShopInPublic(get_object_or_404(Shop.objects.select_related("deposit"), slug=slug)).data)


@extend_schema(
    operation_id="getDeposit",
    summary="See a shop's deposit line by line",
    description="For the shop itself and the mall's staff; to others it does not exist. Newest line first, 50 a page.",
    parameters=[CURSOR],
    responses=DepositForOwner,
    examples=[OpenApiExample("A deposit in place", A_DEPOSIT, response_only=True)],
)
@api_view(["GET"])
def deposit(request: Request, slug: str) -> Response:
    """The deposit with its statement."""
    return Response(_shown(request, _visible_deposit(request, slug)))


@extend_schema(
    operation_id="closeDeposit",
    summary="Close a shop",
    description=(
        "The shop stops selling. Its deposit answers for 90 days more and then goes back the way it came."
        " Only the shop itself can close; refused with `wrong_moment` when it is closing already or never paid."
    ),
    request=None,
    responses={200: OpenApiResponse(DepositForOwner, "The deposit, closing")},
    examples=[
        OpenApiExample(
            "Closing", A_DEPOSIT | {"state": "closing", "deadline_at": "2027-02-22T16:00:00Z"}, response_only=True
        )
    ],
)
@api_view(["POST"])
@idempotent
def close_deposit(request: Request, slug: str) -> Response:
    """The shop closes."""
    found = _visible_deposit(request, slug)
    lifecycle.close(found, by=request.user, at=clock.now())
    return Response(_shown(request, found))


def _visible_deposit(request: Request, slug: str) -> Deposit:
    """The deposit of the shop, if the person may see it; else the same 404 as for a shop that is not there."""
    found = get_object_or_404(Deposit.objects.select_related("shop"), shop__slug=slug)
    if not found.is_visible_to(request.user):
        raise Http404
    return found


def _shown(request: Request, found: Deposit) -> Any:
    free, reserved = found.shop.account("deposit"), found.shop.account("reserved")
    held = accounts.balances([free, reserved])
    lines = page(request, accounts.statement(free), by="-seq")
    return DepositForOwner(
        {"deposit": found, "free": held[free], "reserved": held[reserved], "results": lines.results, "next": lines.next}
    ).data
