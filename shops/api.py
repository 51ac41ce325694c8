"""The API of shops: look around, watch a deposit, close; list what they sell. Opening one: standing_api."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import accounts
from rulebook import versions
from shops import lifecycle, looks, policy, searching
from shops import listings as verbs
from shops.models import SELL, Area, Deposit, Listing, Section, Shop, keeping
from shops.money_serializers import DepositForOwner
from shops.offered import OFFERED
from shops.serializers import (
    ListingForOwner,
    ListingPage,
    ListingsOfShop,
    ListingToBuy,
    ListingToDraft,
    ShopInPublic,
    ShopPage,
    WordsOfListing,
)
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_SHOP = {
    "name": "星河点卡",
    "slug": "xinghe",
    "level": "S0",
    "opened_at": "2026-11-22T02:00:00Z",
    "deposit_state": "unpaid",
    "on_time_bp": 9_940,
    "refund_bp": 80,
    "loss_bp": None,
    "response_minutes": 25,
}
A_DEPOSIT = {
    "state": "active",
    "turn": "system",
    "entered_at": "2026-11-22T02:05:00Z",
    "deadline_at": None,
    "required_sum": 100_000,
    "free": 100_000,
    "reserved": 0,
    "stopped_by": [],
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
    operation_id="listShops",
    summary="List all shops",
    description="Public. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ShopPage,
    examples=[OpenApiExample("One shop", {"results": [A_SHOP], "next": None}, response_only=True)],
    auth=[],
)
@api_view(["GET"])
@permission_classes([IsAuthenticatedOrReadOnly])
def shops(request: Request) -> Response:
    """All shops. Who wants a new one applies for it (`beginApplication`)."""
    return Response(ShopPage(page(request, Shop.objects.select_related("deposit", "record"), by="-pk")).data)


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
    return Response(ShopInPublic(get_object_or_404(Shop.objects.select_related("deposit", "record"), slug=slug)).data)


@extend_schema(
    operation_id="getDeposit",
    summary="See a shop's deposit line by line",
    description=(
        "For the shop itself and the mall's staff of money, who say first what for (`lookAtMoney`, else refused:"
        " `reason_first`); to others it does not exist. Newest line first, 50 a page."
    ),
    parameters=[CURSOR],
    responses=DepositForOwner,
    examples=[OpenApiExample("A deposit in place", A_DEPOSIT, response_only=True)],
)
@api_view(["GET"])
def deposit(request: Request, slug: str) -> Response:
    """The deposit with its statement."""
    found = _visible_deposit(request, slug)
    looks.require_reason(found.shop, request.user, at=clock.now())
    return Response(_shown(request, found))


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
            "Closing",
            A_DEPOSIT | {"state": "closing", "deadline_at": "2027-02-22T16:00:00Z", "stopped_by": ["closed"]},
            response_only=True,
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


@extend_schema(
    operation_id="reopenDeposit",
    summary="Take a shop's closing back",
    description=(
        "While the quiet time runs. The required sum is computed anew if the shop was closed for longer than a day;"
        " where less than 80 % of it is left, sales stay suspended until the deposit is filled up. `stopped_by` says"
        " what still keeps the shop from selling; while it is empty, it sells again. Only the shop itself; refused:"
        " `wrong_moment`, `closed_by_the_mall`."
    ),
    request=None,
    responses={200: OpenApiResponse(DepositForOwner, "The deposit, in place again or suspended")},
    examples=[OpenApiExample("In place again", A_DEPOSIT, response_only=True)],
)
@api_view(["POST"])
@idempotent
def reopen_deposit(request: Request, slug: str) -> Response:
    """The shop goes on."""
    found = _visible_deposit(request, slug)
    lifecycle.reopen(found, by=request.user, at=clock.now())
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
        {
            "deposit": found,
            "free": held[free],
            "reserved": held[reserved],
            "stopped_by": lifecycle.what_stops_sales(found, held=sum(held.values()), at=clock.now()),
            "results": lines.results,
            "next": lines.next,
        }
    ).data


A_DRAFT = {
    "kind": "ACTIVATION_CODE",
    "title": "星河激活码 30 天",
    "description": "激活后 30 天内可用。",
    "category": "软件",
    "price": 9_800,
    "promise_minutes": 10,
    "face_value": 10_000,
    "region": "国服",
    "notice": "请先确认区服；查看后因个人原因不能退。",
}
A_LISTING = {
    "id": 7,
    "shop": "xinghe",
    "state": "on_sale",
    **A_DRAFT,
    "delivered_by": "stock",
    "asks": [],
    "section": "software",
    "area": "cn",
    "promises": {"term_days": 30},
    "warranty_days": 0,
    "most_each": None,
    "is_sold_out": False,
}
A_POLICY = {
    "version": "default-cn 2026.11.0",
    "language": "zh-hans",
    "level": "M0",
    "sentence": "未查看：2 小时内退还，扣 8%。已查看：不退。",
    "questions": [
        {
            "icon": "clock",
            "question": "多快？",
            "answers": ["交付后您有 72 小时验货；在此之前款项由平台托管。"],
        }
    ],
    "reasons": [
        {
            "code": "CODE_INVALID",
            "title": "卡密无效",
            "icon": "circle-x",
            "result": "全额退款，或两小时内补发新码。",
            "window": "查看后 7 天",
            "evidence": "带时间的提示信息（如有）。",
        }
    ],
    "mistakes": [],
    "is_sealed_kind": True,
    "has_midway": False,
}
OWN_LISTING = {**A_LISTING, "free": 10, "review_note": "", "actions": ["pause", "close"], "terms": []}


#: What a search can be narrowed down by, and which of it is not a number.
QUESTIONS = ("q", "kind", "section", "area", "price_from", "price_to", "within", "is_backed")
WORDED = {"q", "kind", "section", "area"}


@extend_schema(
    operation_id="listListings",
    summary="Find what is on sale",
    description="Public. Newest first, 50 a page; only in shops whose deposit answers for it.",
    parameters=[
        CURSOR,
        OpenApiParameter("q", str, OpenApiParameter.QUERY, description="Words in title, category, region or shop."),
        OpenApiParameter(
            "kind", str, OpenApiParameter.QUERY, enum=[kind.value for kind in OFFERED], description="Only this kind."
        ),
        OpenApiParameter("section", str, OpenApiParameter.QUERY, enum=Section.values, description="Only this shelf."),
        OpenApiParameter("area", str, OpenApiParameter.QUERY, enum=Area.values, description="Only what works there."),
        OpenApiParameter("price_from", int, OpenApiParameter.QUERY, description="Fen for one unit, at least."),
        OpenApiParameter("price_to", int, OpenApiParameter.QUERY, description="Fen for one unit, at most."),
        OpenApiParameter("within", int, OpenApiParameter.QUERY, description="Delivered within so many minutes."),
        OpenApiParameter("is_backed", bool, OpenApiParameter.QUERY, description="Only with the whole deposit."),
    ],
    responses=ListingPage,
    examples=[OpenApiExample("One listing", {"results": [A_LISTING], "next": None}, response_only=True)],
    auth=[],
)
@api_view(["GET"])
@permission_classes([IsAuthenticatedOrReadOnly])
def listings(request: Request) -> Response:
    """What is on sale."""
    given = {name: request.query_params[name][:80] for name in QUESTIONS if request.query_params.get(name)}
    asked = {name: word.replace("\x00", "") for name, word in given.items() if name in WORDED or word.isdecimal()}
    answers = {name: word if name in WORDED else int(word[:12]) for name, word in asked.items()}
    answers["is_backed"] = given.get("is_backed") == "true"
    found = searching.narrow(searching.find(Listing.objects.for_sale(), asked.get("q", "")), answers)
    found = found.with_free(most=1).select_related("shop")  # type: ignore[attr-defined]
    if answers["is_backed"]:
        asked["is_backed"] = "true"
    part = page(request, found, by="-pk")
    following = f"{part.next}&{urlencode(asked)}" if part.next and asked else part.next
    return Response(ListingPage({"results": part.results, "next": following}).data)


@extend_schema(
    operation_id="getListing",
    summary="Look at a listing",
    description="Public, as long as it was ever on sale. With the policy card: what can come back after the purchase.",
    responses=ListingToBuy,
    examples=[
        OpenApiExample(
            "On sale", A_LISTING | {"policy": A_POLICY, "exemption": "…", "shown": "5f2c…"}, response_only=True
        )
    ],
    auth=[],
)
@api_view(["GET"])
@permission_classes([IsAuthenticatedOrReadOnly])
def listing(request: Request, pk: int) -> Response:
    """One listing."""
    seen = Listing.objects.visible_to(request.user).with_free(most=1).select_related("shop")
    found: Any = get_object_or_404(seen, pk=pk)
    found.policy = policy.card(found, versions.in_force(clock.now()), getattr(request.user, "level", ""))
    return Response(ListingToBuy(found).data)


@extend_schema(
    methods=["GET"],
    operation_id="listOwnListings",
    summary="See all listings of a shop of yours",
    description="For the shop itself; to others the address does not exist. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ListingsOfShop,
    examples=[OpenApiExample("One listing", {"results": [OWN_LISTING], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="draftListing",
    summary="Write a listing",
    description="Nobody else sees it until it is put on sale.",
    request=ListingToDraft,
    responses={201: ListingForOwner},
    examples=[
        OpenApiExample("Activation codes", A_DRAFT, request_only=True),
        OpenApiExample(
            "The draft",
            {**OWN_LISTING, "state": "draft", "free": 0, "actions": ["put_on_sale", "edit", "close"]},
            response_only=True,
            status_codes=["201"],
        ),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def listings_of_shop(request: Request, slug: str) -> Response:
    """A shop's own listings, and a new one."""
    shop = get_object_or_404(Shop.objects.filter(keeping(request.user, SELL)).select_related("deposit"), slug=slug)
    if request.method == "POST":
        told = ListingToDraft(data=request.data)
        told.is_valid(raise_exception=True)
        drafted = verbs.draft(shop=shop, by=request.user, at=clock.now(), **_words(shop, told))
        return Response(
            _own(request, drafted.pk), status=201, headers={"Location": reverse("api:listing", args=[drafted.pk])}
        )
    part = page(request, shop.listings.with_free().select_related("shop"), by="-pk")
    results = [_with_actions(request, each) for each in part.results]
    return Response(ListingsOfShop({"results": results, "next": part.next}).data)


@extend_schema(
    operation_id="editListing",
    summary="Write a listing anew",
    description="While it is a draft or paused. Orders that were placed keep what they were shown.",
    request=WordsOfListing,
    responses=ListingForOwner,
    examples=[
        OpenApiExample(
            "A lower price",
            {name: word for name, word in A_DRAFT.items() if name != "kind"} | {"price": 9_500},
            request_only=True,
        ),
        OpenApiExample("The listing", {**OWN_LISTING, "state": "paused", "price": 9_500}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def edit_listing(request: Request, pk: int) -> Response:
    """The shop changes words and figures."""
    found = own_listing(request, pk)
    told = WordsOfListing(data=request.data)
    told.is_valid(raise_exception=True)
    verbs.edit(found, by=request.user, at=clock.now(), **_words(found.shop, told))
    return Response(_own(request, pk))


def _verb(name: str, verb: Callable[..., None], summary: str, description: str, state: str) -> Any:
    """The address of one verb of a listing that takes no words."""

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=None,
        responses=ListingForOwner,
        examples=[OpenApiExample("The listing", {**OWN_LISTING, "state": state}, response_only=True)],
    )
    @api_view(["POST"])
    @idempotent
    def act(request: Request, pk: int) -> Response:
        verb(own_listing(request, pk), by=request.user, at=clock.now())
        return Response(_own(request, pk))

    return act


put_on_sale = _verb(
    "putListingOnSale",
    verbs.put_on_sale,
    "Put a listing on sale",
    "Refused with `deposit_too_small` while the deposit does not carry a new offer.",
    "on_sale",
)
pause_listing = _verb(
    "pauseListing", verbs.pause, "Pause a listing", "Nobody can buy it for now; orders go on.", "paused"
)
resume_listing = _verb(
    "resumeListing",
    verbs.resume,
    "Sell a paused listing again",
    "Refused with `deposit_too_small` while the deposit does not carry sales.",
    "on_sale",
)
close_listing = _verb(
    "closeListing", verbs.close, "Close a listing for good", "Its orders go on; its codes stay sealed.", "closed"
)


def _words(shop: Shop, told: Any) -> dict[str, Any]:
    """What was written, with the supplier itself instead of its number; one that is not the shop's is none."""
    words = dict(told.validated_data)
    if "supplier" in words:
        words["supplier"] = shop.suppliers.filter(pk=words["supplier"]).first()
    return words


def own_listing(request: Request, pk: int) -> Listing:
    """The listing, if the person keeps its shop; else the same 404 as for one that is not there."""
    found: Listing = get_object_or_404(
        Listing.objects.select_related("shop"), keeping(request.user, SELL, shop="shop"), pk=pk
    )
    return found


def _own(request: Request, pk: int) -> Any:
    found = Listing.objects.with_free().select_related("shop").get(pk=pk)
    return ListingForOwner(_with_actions(request, found)).data


def _with_actions(request: Request, found: Any) -> Any:
    found.actions = verbs.actions_for(found, request.user)
    return found
