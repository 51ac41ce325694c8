"""The API of opening a shop: an application is begun, written, handed in, looked at and decided.

The same verbs as on the pages.
"""

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from shops import applications as opening
from shops import identities, particulars
from shops.models import Application
from shops.standing_api import A_PAPER, WITHOUT_KEY, give, one, require_role, roles_of
from shops.standing_serializers import (
    AppealToMake,
    ApplicationPage,
    ApplicationShown,
    ApplicationToBegin,
    ApplicationToWrite,
    PaperShown,
    PaperToGive,
    ReasonForShop,
    ReasonToOpen,
)
from shops.states import ApplicationState
from timeline import clock
from timeline.api import CURSOR, idempotent, page
from timeline.sweep import fire_overdue

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


@extend_schema(
    methods=["GET"],
    operation_id="listApplications",
    summary="See applications to open a shop",
    description="Your own; people of risk see all that were handed in. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ApplicationPage,
    examples=[one("One application", {"results": [AN_APPLICATION], "next": None})],
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
    description=(
        "For whoever wrote it and for people of risk, who read in part who is behind it (`openApplication` tells all);"
        " to others it does not exist."
    ),
    responses=ApplicationShown,
    examples=[one("The application", AN_APPLICATION)],
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
        one("The application", AN_APPLICATION),
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
    return give(request, application=_own(request, pk))


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
        examples=[*examples, one("The application", AN_APPLICATION | {"state": state})],
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


@extend_schema(
    operation_id="openApplication",
    summary="Open who is behind an application",
    description=(
        "For leads and people of risk: telephone, numbers of papers, and of a person name, address and mail address."
        " That you opened it and why is kept, and whoever applies reads it. The answer is the only place where it"
        " stands in the clear: it is not kept, so this POST takes no `Idempotency-Key`, and each is a look of its own."
        " Refused: `not_your_turn`, `reason_missing`."
    ),
    request=ReasonToOpen,
    responses={200: OpenApiResponse(ApplicationShown, "The application, whole")},
    examples=[
        OpenApiExample("To decide", {"reason": "核对证件号码与营业执照。"}, request_only=True),
        one("The application", AN_APPLICATION | {"state": "reviewing"}),
    ],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
def open_application(request: Request, pk: int) -> Response:
    """Who is behind an application, for whoever decides about it."""
    found, at = _to_decide(request, pk), clock.now()
    told = ReasonToOpen(data=request.data)
    told.is_valid(raise_exception=True)
    identities.open_application(found, reason=told.validated_data["reason"], by=request.user, at=at)
    fresh = _with_actions(request, _fresh(found))
    fresh.told, fresh.is_opened = particulars.whole(fresh), True
    return Response(ApplicationShown(fresh).data, headers={"Cache-Control": "private, no-store"})


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


def _visible(request: Request) -> Any:
    """Applications that the person may see: the own ones, and for people of risk all that were handed in."""
    everyone = Application.objects.select_related("shop", "applicant")
    own = everyone.filter(applicant=request.user.pk)
    if roles_of(request) & {Role.RISK, Role.LEAD}:
        return own | everyone.exclude(state=ApplicationState.DRAFT)
    return own


def _own(request: Request, pk: int) -> Application:
    found: Application = get_object_or_404(Application, pk=pk, applicant=request.user)
    fire_overdue(found.address, at=clock.now())
    return found


def _to_decide(request: Request, pk: int) -> Application:
    require_role(request, Role.RISK, Role.LEAD)
    found: Application = get_object_or_404(Application.objects.exclude(state=ApplicationState.DRAFT), pk=pk)
    fire_overdue(found.address, at=clock.now())
    return found


def _with_actions(request: Request, found: Any) -> Any:
    """What the person can do with it, and what they read of who is behind it: nobody but whoever wrote it all."""
    found.actions = opening.actions_for(found, request.user, clock.now())
    found.told = particulars.whole(found) if found.is_of(request.user) else particulars.masked(found)
    return found


def _fresh(found: Application) -> Any:
    return Application.objects.select_related("shop", "applicant").get(pk=found.pk)


def _shown(request: Request, found: Application) -> Any:
    return ApplicationShown(_with_actions(request, _fresh(found))).data
