"""The API of how a shop stands: its papers, level, steps and contact, and its listings that a person reads.

The same verbs as on the pages.
"""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from accounts.requests import signed_in
from shops import levels, licences, particulars, sanctions
from shops import listings as goods
from shops.models import BOOKS, STAFF, Licence, Listing, Particulars, Sanction, Shop, keeping
from shops.serializers import ListingForOwner
from shops.standing_serializers import (
    AppealToMake,
    ContactShown,
    LevelOfShop,
    LevelToSet,
    PaperPage,
    PaperShown,
    PaperToGive,
    ReasonForShop,
    ReasonToRead,
    StepPage,
    StepShown,
    StepToRenew,
    StepToTake,
)
from timeline import clock
from timeline.api import CURSOR, Page, idempotent, page
from timeline.sweep import fire_overdue

#: A paper is known again by its kind, a look by its reader: sent twice changes nothing more.
WITHOUT_KEY = {"x-idempotency-key": "none"}

A_PAPER = {
    "id": 3,
    "kind": "business",
    "state": "given",
    "turn": "risk",
    "number": "9131••••••••••••1X",
    "issuer": "上海市市场监督管理局",
    "valid_until": "2036-11-22",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size": 81_920,
    "given_at": "2026-11-22T02:00:00Z",
    "reason": "",
}
A_STEP = {
    "id": 2,
    "shop": "xinghe",
    "step": "no_sales",
    "state": "in_force",
    "turn": "shop",
    "reason": "多批卡密失效且未答复。",
    "is_grave": True,
    "imposed_at": "2026-11-22T02:00:00Z",
    "until": "2026-11-29T02:00:00Z",
    "deadline_at": "2026-11-29T02:00:00Z",
    "appeal": "",
    "answer": "",
    "actions": ["appeal"],
}
A_LEVEL = {"level": "S1", "order_cap": 100_000, "day_cap": 5_000_000}
A_REASON = OpenApiExample("A reason", {"reason": "执照照片看不清，请重拍。"}, request_only=True)


def one(name: str, shown: dict[str, Any]) -> OpenApiExample:
    """An example of an answer."""
    return OpenApiExample(name, shown, response_only=True)


@extend_schema(
    methods=["GET"],
    operation_id="listPapersOfShop",
    summary="See a shop's papers",
    description="For its people of money and for people of risk. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=PaperPage,
    examples=[one("One paper", {"results": [A_PAPER], "next": None})],
)
@extend_schema(
    methods=["POST"],
    operation_id="givePaperOfShop",
    summary="Give a new paper of a shop",
    description="As multipart/form-data, by the owner. It counts once a person of risk has taken it.",
    request={"multipart/form-data": PaperToGive},
    responses={201: PaperShown},
    examples=[OpenApiExample("The paper", A_PAPER, response_only=True, status_codes=["201"])],
    extensions=WITHOUT_KEY,
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def papers_of_shop(request: Request, slug: str) -> Response:
    """A shop's papers, and a new one."""
    if request.method == "POST":
        return give(request, shop=get_object_or_404(Shop, keeping(request.user, BOOKS), slug=slug))
    shop = _watched(request, slug, BOOKS)
    return Response(PaperPage(page(request, shop.licences.all(), by="-pk")).data)


@extend_schema(
    operation_id="takePaper",
    summary="Take a paper of an open shop",
    description="For people of risk; it replaces the one before. Refused: `own_shop`, `wrong_moment`, `licence_over`.",
    request=None,
    responses=PaperShown,
    examples=[one("The paper", A_PAPER | {"state": "valid", "turn": "system"})],
)
@api_view(["POST"])
@idempotent
def take_paper(request: Request, pk: int) -> Response:
    """A paper counts from now on."""
    found = _paper(request, pk)
    licences.take(found, by=request.user, at=clock.now())
    return Response(PaperShown(found).data)


@extend_schema(
    operation_id="refusePaper",
    summary="Do not take a paper of an open shop",
    description="For people of risk, with the reason. The one before it counts on.",
    request=ReasonForShop,
    responses=PaperShown,
    examples=[A_REASON, one("The paper", A_PAPER | {"state": "refused", "turn": ""})],
)
@api_view(["POST"])
@idempotent
def refuse_paper(request: Request, pk: int) -> Response:
    """A paper is not taken."""
    found = _paper(request, pk)
    licences.refuse(found, reason=_reason(request), by=request.user, at=clock.now())
    return Response(PaperShown(found).data)


@extend_schema(
    operation_id="setLevel",
    summary="Set a shop's level",
    description="For people of risk. The caps of the level's table come with it; what runs keeps its clocks.",
    request=LevelToSet,
    responses=LevelOfShop,
    examples=[
        OpenApiExample("A good month", {"level": "S1", "reason": "三十天无投诉。"}, request_only=True),
        one("The level", A_LEVEL),
    ],
)
@api_view(["POST"])
@idempotent
def set_level(request: Request, slug: str) -> Response:
    """A shop's level and caps."""
    require_role(request, Role.RISK)
    shop = get_object_or_404(Shop, slug=slug)
    told = LevelToSet(data=request.data)
    told.is_valid(raise_exception=True)
    levels.set_level(shop, by=request.user, at=clock.now(), **told.validated_data)
    return Response(LevelOfShop(shop).data)


@extend_schema(
    methods=["GET"],
    operation_id="listSteps",
    summary="See steps against a shop",
    description="For the shop itself and for people of risk. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=StepPage,
    examples=[one("One step", {"results": [A_STEP], "next": None})],
)
@extend_schema(
    methods=["POST"],
    operation_id="takeStep",
    summary="Take a step against a shop",
    description=(
        "For people of risk: a warning, nothing new listed, sales stopped for seven days, the shop closed."
        " Refused: `own_shop`, `in_force`, `step_left_out`, `bad_term`."
    ),
    request=StepToTake,
    responses={201: StepShown},
    examples=[
        OpenApiExample("A warning", {"step": "warning", "reason": "请核对面值。"}, request_only=True),
        OpenApiExample("The step", A_STEP, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def steps(request: Request, slug: str) -> Response:
    """Steps against a shop, and a new one."""
    if request.method == "POST":
        require_role(request, Role.RISK)
        shop = get_object_or_404(Shop, slug=slug)
        told = StepToTake(data=request.data)
        told.is_valid(raise_exception=True)
        taken = sanctions.impose(shop, by=request.user, at=clock.now(), **told.validated_data)
        location = reverse("api:steps", args=[slug])
        return Response(_step(request, taken), status=201, headers={"Location": location})
    shop = _watched(request, slug)
    part: Page[Any] = page(request, shop.sanctions.select_related("shop"), by="-pk")
    for each in part.results:
        each.actions = sanctions.actions_for(each, request.user, clock.now())
    return Response(StepPage({"results": part.results, "next": part.next}).data)


@extend_schema(
    operation_id="appealStep",
    summary="Appeal against a step",
    description="By the shop's owner; another person than who took it answers within a day. It stays in force.",
    request=AppealToMake,
    responses=StepShown,
    examples=[
        OpenApiExample("In words", {"words": "已整改。"}, request_only=True),
        one("The step", A_STEP | {"state": "appealed"}),
    ],
)
@api_view(["POST"])
@idempotent
def appeal_step(request: Request, pk: int) -> Response:
    """The shop wants another person to look."""
    own = Sanction.objects.select_related("shop")
    found = get_object_or_404(own, keeping(request.user, STAFF, shop="shop"), pk=pk)
    fire_overdue(found.root_address, at=clock.now())
    told = AppealToMake(data=request.data)
    told.is_valid(raise_exception=True)
    sanctions.appeal(found, by=request.user, at=clock.now(), **told.validated_data)
    return Response(_step(request, found))


def _judged(name: str, summary: str, description: str, state: str, verb: Callable[..., Any], takes: Any) -> Any:
    """The address of one verb of people of risk about a step."""
    said = {"reason": "证据充分。"} | ({"days": 7} if takes is StepToRenew else {})

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=takes,
        responses=StepShown,
        examples=[OpenApiExample("Why", said, request_only=True), one("The step", A_STEP | {"state": state})],
    )
    @api_view(["POST"])
    @idempotent
    def act(request: Request, pk: int) -> Response:
        require_role(request, Role.RISK, Role.LEAD)
        found = get_object_or_404(Sanction.objects.select_related("shop"), pk=pk)
        fire_overdue(found.root_address, at=clock.now())
        told = takes(data=request.data)
        told.is_valid(raise_exception=True)
        verb(found, by=request.user, at=clock.now(), **told.validated_data)
        return Response(_step(request, found))

    return act


renew_step = _judged(
    "renewStep", "Let a step last longer", "With the reason.", "in_force", sanctions.renew, StepToRenew
)
lift_step = _judged(
    "liftStep",
    "Lift a step",
    "With the reason; on appeal by another person than who took it.",
    "lifted",
    sanctions.lift,
    ReasonForShop,
)
uphold_step = _judged(
    "upholdStep",
    "Let a step stand after an appeal",
    "By another person than who took it, with the reason.",
    "upheld",
    lambda found, *, reason, by, at: sanctions.uphold(found, answer=reason, by=by, at=at),
    ReasonForShop,
)


@extend_schema(
    operation_id="showContact",
    summary="Read who answers for a shop before the law",
    description=(
        "For whoever bought there, the shop itself and the mall's staff, who say why; that it was read is on record."
        " Refused: `not_a_buyer`, `reason_missing`. A shop of the mall's first days has none: 404."
    ),
    request=ReasonToRead,
    responses=ContactShown,
    examples=[
        one(
            "A company",
            {
                "party": "company",
                "legal_name": "上海明月数字有限公司",
                "legal_address": "上海市徐汇区虹桥路 1 号",
                "contact_email": "legal@mingyue.example",
                "contact_phone": "021-55550000",
                "icp": "",
            },
        )
    ],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
def show_contact(request: Request, slug: str) -> Response:
    """The contact for legal action."""
    shop = get_object_or_404(Shop, slug=slug)
    get_object_or_404(Particulars, shop=shop)
    why = ""
    if particulars.is_asked_why(shop, request.user):
        said = ReasonToRead(data=request.data)
        said.is_valid(raise_exception=True)
        why = said.validated_data.get("reason", "")
    told = particulars.show(shop, by=request.user, at=clock.now(), reason=why)
    return Response(ContactShown(told).data, headers={"Cache-Control": "no-store"})


A_LISTING = {
    "id": 7,
    "shop": "xinghe",
    "state": "on_sale",
    "kind": "ACTIVATION_CODE",
    "title": "星河激活码 30 天",
    "description": "",
    "category": "软件",
    "price": 9_800,
    "promise_minutes": 10,
    "face_value": 10_000,
    "region": "国服",
    "notice": "请先确认区服。",
    "delivered_by": "stock",
    "asks": [],
    "section": "software",
    "area": "cn",
    "promises": {"term_days": 30},
    "warranty_days": 0,
    "most_each": None,
    "is_sold_out": False,
    "terms": [],
    "free": 10,
    "actions": [],
    "review_note": "",
}


@extend_schema(
    operation_id="lookOverListing",
    summary="Find nothing wrong with a listing",
    description="For people of risk. One that waited goes on sale; one on sale counts as read.",
    request=None,
    responses=ListingForOwner,
    examples=[one("The listing", A_LISTING)],
)
@api_view(["POST"])
@idempotent
def look_over(request: Request, pk: int) -> Response:
    """A person has read it."""
    require_role(request, Role.RISK)
    goods.look_over(_listing(pk), by=request.user, at=clock.now())
    return Response(_seen(request, pk))


@extend_schema(
    operation_id="takeDownListing",
    summary="Send a listing back to its shop",
    description="For people of risk, with what was found. It waits for a person before it is on sale again.",
    request=ReasonForShop,
    responses=ListingForOwner,
    examples=[A_REASON, one("The listing", A_LISTING | {"state": "draft", "review_note": "面值与标题不符。"})],
)
@api_view(["POST"])
@idempotent
def take_down(request: Request, pk: int) -> Response:
    """Something was found."""
    require_role(request, Role.RISK)
    goods.take_down(_listing(pk), reason=_reason(request), by=request.user, at=clock.now())
    return Response(_seen(request, pk))


def _listing(pk: int) -> Listing:
    found: Listing = get_object_or_404(Listing.objects.select_related("shop"), pk=pk)
    return found


def _seen(request: Request, pk: int) -> Any:
    found: Any = Listing.objects.with_free().select_related("shop").get(pk=pk)
    found.actions = goods.actions_for(found, request.user)
    return ListingForOwner(found).data


def give(request: Request, **whose: Any) -> Response:
    """A paper of an application or a shop, as it was sent."""
    told = PaperToGive(data=request.data)
    told.is_valid(raise_exception=True)
    said = dict(told.validated_data)
    upload, until = said.pop("file"), said.pop("valid_until", None)
    given = licences.give(upload=upload, valid_until=until, by=request.user, at=clock.now(), **said, **whose)
    return Response(PaperShown(given).data, status=201)


def _paper(request: Request, pk: int) -> Licence:
    require_role(request, Role.RISK)
    found: Licence = get_object_or_404(Licence.objects.select_related("shop"), pk=pk, shop__isnull=False)
    fire_overdue(found.root_address, at=clock.now())
    return found


def _watched(request: Request, slug: str, duty: str = "") -> Shop:
    """A shop for its own people and for people of risk; to others it is not there."""
    if roles_of(request) & {Role.RISK, Role.LEAD}:
        return get_object_or_404(Shop, slug=slug)
    return get_object_or_404(Shop, keeping(request.user, duty), slug=slug)


def _step(request: Request, found: Sanction) -> Any:
    fresh: Any = Sanction.objects.select_related("shop").get(pk=found.pk)
    fresh.actions = sanctions.actions_for(fresh, request.user, clock.now())
    return StepShown(fresh).data


def _reason(request: Request) -> str:
    told = ReasonForShop(data=request.data)
    told.is_valid(raise_exception=True)
    return str(told.validated_data["reason"])


def roles_of(request: Request) -> frozenset[str]:
    """What whoever asks is for the mall."""
    return signed_in(request).roles


def require_role(request: Request, *roles: str) -> None:
    """For whoever has none of these roles the address is not there."""
    if not roles_of(request) & set(roles):
        raise Http404
