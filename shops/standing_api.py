"""The API of opening a shop and of how it stands: applications, papers, levels, steps, listings that a person reads.

The same verbs as on the pages.
"""

from collections.abc import Callable
from typing import Any, cast

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from shops import applications as opening
from shops import levels, licences, particulars, sanctions
from shops import listings as goods
from shops.models import BOOKS, STAFF, Application, Licence, Listing, Particulars, Sanction, Shop, keeping
from shops.serializers import ListingForOwner
from shops.standing_serializers import (
    AppealToMake,
    ApplicationPage,
    ApplicationShown,
    ApplicationToBegin,
    ApplicationToWrite,
    ContactShown,
    LevelOfShop,
    LevelToSet,
    PaperPage,
    PaperShown,
    PaperToGive,
    ReasonForShop,
    StepPage,
    StepShown,
    StepToRenew,
    StepToTake,
)
from shops.states import ApplicationState
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
AN_APPLICATION = {
    "id": 5,
    "name": "明月数卡",
    "slug": "mingyue",
    "state": "draft",
    "turn": "applicant",
    "entered_at": "2026-11-22T02:00:00Z",
    "deadline_at": None,
    "kinds": ["POINT_CARD"],
    "about": "向两家授权经销商进货。",
    "party": "company",
    "legal_name": "上海明月数字有限公司",
    "legal_address": "上海市徐汇区虹桥路 1 号",
    "contact_email": "legal@mingyue.example",
    "contact_phone": "021-55550000",
    "icp": "",
    "missing": "",
    "reason": "",
    "shop": None,
    "papers": [A_PAPER],
    "actions": ["write", "hand_in", "withdraw"],
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


def _one(name: str, shown: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, shown, response_only=True)


@extend_schema(
    methods=["GET"],
    operation_id="listApplications",
    summary="See applications to open a shop",
    description="Your own; people of risk see all that were handed in. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ApplicationPage,
    examples=[_one("One application", {"results": [AN_APPLICATION], "next": None})],
)
@extend_schema(
    methods=["POST"],
    operation_id="beginApplication",
    summary="Begin an application to open a shop",
    description="Nobody else sees it until it is handed in. Refused: `suspended`, `too_many`.",
    request=ApplicationToBegin,
    responses={201: ApplicationShown},
    examples=[
        OpenApiExample("A shop for point cards", {"name": "明月数卡", "slug": "mingyue"}, request_only=True),
        OpenApiExample("The application", AN_APPLICATION, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def applications(request: Request) -> Response:
    """Applications, and a new one."""
    if request.method == "POST":
        told = ApplicationToBegin(data=request.data)
        told.is_valid(raise_exception=True)
        begun = opening.begin(applicant=request.user, at=clock.now(), **told.validated_data)
        location = reverse("api:application", args=[begun.pk])
        return Response(_shown(request, begun), status=201, headers={"Location": location})
    part = page(request, _visible(request), by="-pk")
    results = [_with_actions(request, each) for each in part.results]
    return Response(ApplicationPage({"results": results, "next": part.next}).data)


@extend_schema(
    operation_id="getApplication",
    summary="See an application",
    description="For whoever wrote it and for people of risk; to others it does not exist.",
    responses=ApplicationShown,
    examples=[_one("The application", AN_APPLICATION)],
)
@api_view(["GET"])
def application(request: Request, pk: int) -> Response:
    """One application."""
    return Response(_shown(request, get_object_or_404(_visible(request), pk=pk)))


@extend_schema(
    operation_id="writeApplication",
    summary="Write an application",
    description="Until it is handed in, and when something was missing.",
    request=ApplicationToWrite,
    responses=ApplicationShown,
    examples=[
        OpenApiExample("Who answers for it", {"party": "company", "kinds": ["POINT_CARD"]}, request_only=True),
        _one("The application", AN_APPLICATION),
    ],
)
@api_view(["POST"])
@idempotent
def write_application(request: Request, pk: int) -> Response:
    """Whoever applies writes what they say."""
    found = _own(request, pk)
    told = ApplicationToWrite(data=request.data)
    told.is_valid(raise_exception=True)
    opening.write(found, by=request.user, at=clock.now(), **told.validated_data)
    return Response(_shown(request, found))


@extend_schema(
    operation_id="giveApplicationPaper",
    summary="Add a paper to an application",
    description="As multipart/form-data. One of its kind takes the place of the one before. Kept under its hash.",
    request={"multipart/form-data": PaperToGive},
    responses={201: PaperShown},
    examples=[OpenApiExample("The paper", A_PAPER, response_only=True, status_codes=["201"])],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
@parser_classes([MultiPartParser])
def give_application_paper(request: Request, pk: int) -> Response:
    """A paper for an application."""
    return _give(request, application=_own(request, pk))


def _verb(
    name: str, verb: Callable[..., Any], summary: str, description: str, state: str, *, word: str = "", is_own: bool
) -> Any:
    """The address of one verb of an application; `word` names what is said with it."""
    takes = AppealToMake if word == "words" else ReasonForShop if word else None
    said = {"words": "合同已补。"} if word == "words" else {"reason": "执照照片看不清，请重拍。"}
    examples = [OpenApiExample("In words", said, request_only=True)] if word else []

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=takes,
        responses={200: OpenApiResponse(ApplicationShown, "The application")},
        examples=[*examples, _one("The application", AN_APPLICATION | {"state": state})],
    )
    @api_view(["POST"])
    @idempotent
    def act(request: Request, pk: int) -> Response:
        found = _own(request, pk) if is_own else _to_decide(request, pk)
        words = {}
        if takes is not None:
            told = takes(data=request.data)
            told.is_valid(raise_exception=True)
            words = {word: next(iter(told.validated_data.values()))}
        verb(found, by=request.user, at=clock.now(), **words)
        return Response(_shown(request, found))

    return act


hand_in = _verb(
    "handInApplication",
    opening.hand_in,
    "Hand an application in",
    "A person looks at it within three working days. What is missing is named by field.",
    "applied",
    is_own=True,
)
withdraw = _verb(
    "withdrawApplication",
    opening.withdraw,
    "Withdraw an application",
    "Before it is decided.",
    "withdrawn",
    is_own=True,
)
appeal_application = _verb(
    "appealApplication",
    opening.appeal,
    "Ask another person to look again",
    "Within fifteen days of a no.",
    "appealed",
    word="words",
    is_own=True,
)
take_on = _verb(
    "takeOnApplication",
    opening.take_on,
    "Take an application on",
    "For people of risk; nobody else decides it meanwhile. Refused: `own_shop`, `wrong_moment`.",
    "reviewing",
    is_own=False,
)
approve = _verb(
    "approveApplication",
    opening.approve,
    "Approve an application",
    "The shop opens at level S0 with its caps; it sells once its deposit is in place.",
    "approved",
    is_own=False,
)
send_back = _verb(
    "sendBackApplication",
    opening.send_back,
    "Say what is missing",
    "Whoever applies has thirty days to add it.",
    "sent_back",
    word="missing",
    is_own=False,
)
refuse = _verb(
    "refuseApplication",
    opening.refuse,
    "Refuse an application",
    "With the reason; another person looks again on appeal. On appeal a no is for good.",
    "refused",
    word="reason",
    is_own=False,
)


@extend_schema(
    methods=["GET"],
    operation_id="listPapersOfShop",
    summary="See a shop's papers",
    description="For its people of money and for people of risk. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=PaperPage,
    examples=[_one("One paper", {"results": [A_PAPER], "next": None})],
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
        return _give(request, shop=get_object_or_404(Shop, keeping(request.user, BOOKS), slug=slug))
    shop = _watched(request, slug, BOOKS)
    return Response(PaperPage(page(request, shop.licences.all(), by="-pk")).data)


@extend_schema(
    operation_id="takePaper",
    summary="Take a paper of an open shop",
    description="For people of risk; it replaces the one before. Refused: `own_shop`, `wrong_moment`, `licence_over`.",
    request=None,
    responses=PaperShown,
    examples=[_one("The paper", A_PAPER | {"state": "valid", "turn": "system"})],
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
    examples=[A_REASON, _one("The paper", A_PAPER | {"state": "refused", "turn": ""})],
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
        _one("The level", A_LEVEL),
    ],
)
@api_view(["POST"])
@idempotent
def set_level(request: Request, slug: str) -> Response:
    """A shop's level and caps."""
    _require(request, Role.RISK)
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
    examples=[_one("One step", {"results": [A_STEP], "next": None})],
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
        _require(request, Role.RISK)
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
        _one("The step", A_STEP | {"state": "appealed"}),
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
        examples=[OpenApiExample("Why", said, request_only=True), _one("The step", A_STEP | {"state": state})],
    )
    @api_view(["POST"])
    @idempotent
    def act(request: Request, pk: int) -> Response:
        _require(request, Role.RISK, Role.LEAD)
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
        "For whoever bought there, the shop itself and the mall's staff; that it was read is on record."
        " Refused: `not_a_buyer`. A shop of the mall's first days has none: 404."
    ),
    request=None,
    responses=ContactShown,
    examples=[
        _one(
            "A company",
            {
                name: AN_APPLICATION[name]
                for name in ("party", "legal_name", "legal_address", "contact_email", "contact_phone", "icp")
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
    told = particulars.show(shop, by=request.user, at=clock.now())
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
    examples=[_one("The listing", A_LISTING)],
)
@api_view(["POST"])
@idempotent
def look_over(request: Request, pk: int) -> Response:
    """A person has read it."""
    _require(request, Role.RISK)
    goods.look_over(_listing(pk), by=request.user, at=clock.now())
    return Response(_seen(request, pk))


@extend_schema(
    operation_id="takeDownListing",
    summary="Send a listing back to its shop",
    description="For people of risk, with what was found. It waits for a person before it is on sale again.",
    request=ReasonForShop,
    responses=ListingForOwner,
    examples=[A_REASON, _one("The listing", A_LISTING | {"state": "draft", "review_note": "面值与标题不符。"})],
)
@api_view(["POST"])
@idempotent
def take_down(request: Request, pk: int) -> Response:
    """Something was found."""
    _require(request, Role.RISK)
    goods.take_down(_listing(pk), reason=_reason(request), by=request.user, at=clock.now())
    return Response(_seen(request, pk))


def _listing(pk: int) -> Listing:
    found: Listing = get_object_or_404(Listing.objects.select_related("shop"), pk=pk)
    return found


def _seen(request: Request, pk: int) -> Any:
    found: Any = Listing.objects.with_free().select_related("shop").get(pk=pk)
    found.actions = goods.actions_for(found, request.user)
    return ListingForOwner(found).data


def _visible(request: Request) -> Any:
    """Applications that the person may see: the own ones, and for people of risk all that were handed in."""
    everyone = Application.objects.select_related("shop", "applicant")
    own = everyone.filter(applicant=request.user.pk)
    if _roles(request) & {Role.RISK, Role.LEAD}:
        return own | everyone.exclude(state=ApplicationState.DRAFT)
    return own


def _own(request: Request, pk: int) -> Application:
    found: Application = get_object_or_404(Application, pk=pk, applicant=request.user)
    fire_overdue(found.address, at=clock.now())
    return found


def _to_decide(request: Request, pk: int) -> Application:
    _require(request, Role.RISK, Role.LEAD)
    found: Application = get_object_or_404(Application.objects.exclude(state=ApplicationState.DRAFT), pk=pk)
    fire_overdue(found.address, at=clock.now())
    return found


def _with_actions(request: Request, found: Any) -> Any:
    found.actions = opening.actions_for(found, request.user, clock.now())
    return found


def _shown(request: Request, found: Application) -> Any:
    fresh = Application.objects.select_related("shop", "applicant").get(pk=found.pk)
    return ApplicationShown(_with_actions(request, fresh)).data


def _give(request: Request, **whose: Any) -> Response:
    told = PaperToGive(data=request.data)
    told.is_valid(raise_exception=True)
    said = dict(told.validated_data)
    upload, until = said.pop("file"), said.pop("valid_until", None)
    given = licences.give(upload=upload, valid_until=until, by=request.user, at=clock.now(), **said, **whose)
    return Response(PaperShown(given).data, status=201)


def _paper(request: Request, pk: int) -> Licence:
    _require(request, Role.RISK)
    found: Licence = get_object_or_404(Licence.objects.select_related("shop"), pk=pk, shop__isnull=False)
    fire_overdue(found.root_address, at=clock.now())
    return found


def _watched(request: Request, slug: str, duty: str = "") -> Shop:
    """A shop for its own people and for people of risk; to others it is not there."""
    if _roles(request) & {Role.RISK, Role.LEAD}:
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


def _roles(request: Request) -> frozenset[str]:
    return cast(User, request.user).roles  # nobody else gets past the permission


def _require(request: Request, *roles: str) -> None:
    """For whoever has none of these roles the address is not there."""
    if not _roles(request) & set(roles):
        raise Http404
