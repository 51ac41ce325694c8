"""The API of privacy: what the mall knows of you, requests and copies; for staff, answers, holds, and looks."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Unmasking, User
from accounts.reauthentication import require_fresh
from accounts.requests import signed_in
from orders.models import Order
from privacy import exports, holds, lifecycle
from privacy.models import Erasure, Export, Hold
from privacy.states import ErasureState, HoldState
from timeline import clock
from timeline.api import CURSOR, acting, idempotent, page

A_COPY = {
    "number": "X26112204817365",
    "asked_at": "2026-11-22T02:00:00Z",
    "done": 3,
    "of": 41,
    "built_at": None,
    "expires_at": None,
    "fetched_at": None,
    "size": 0,
    "sha256": "",
}
AN_ERASURE = {
    "number": "E26112204817365",
    "person": 7,
    "state": "waiting",
    "asked_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-12-11T16:00:00Z",
    "items": [],
    "reason": "",
}
A_HOLD = {
    "number": "H26112204817365",
    "of": "order:41",
    "state": "in_force",
    "reason": "（2026）沪0105民初123号，法院调取证据",
    "set_at": "2026-11-22T02:00:00Z",
    "release_reason": "",
}
A_LOOK = {
    "person": 7,
    "by": 3,
    "what": "sides",
    "subject": "dispute:4",
    "reason": "核对双方身份",
    "at": "2026-11-22T02:00:00Z",
}


class CopyShown(serializers.Serializer[Export]):
    """A copy of everything about the person, waited for, ready or gone."""

    number = serializers.CharField()
    asked_at = serializers.DateTimeField()
    done = serializers.IntegerField(help_text="Parts that are read.")
    of = serializers.IntegerField(help_text="Parts in all.")
    built_at = serializers.DateTimeField(allow_null=True, help_text="Null while it is being made.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until then it can be fetched, once.")
    fetched_at = serializers.DateTimeField(allow_null=True)
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Of the ZIP.")


class AnswerItem(serializers.Serializer[Any]):
    """One thing of an answer."""

    what = serializers.CharField(help_text="A code: `account`, `sales`, `mail`, `books`, …")
    fate = serializers.CharField(help_text="`erased`, `stays` or `blocks`.")
    until = serializers.CharField(
        allow_blank=True, help_text="The day on which what stays is destroyed, if there is one."
    )
    number = serializers.IntegerField(help_text="How many, or how much in fen.")


class ErasureShown(serializers.Serializer[Erasure]):
    """A request to be erased, with its answer."""

    number = serializers.CharField()
    person = serializers.IntegerField(source="user_id")
    state = serializers.ChoiceField(ErasureState.choices)
    asked_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="By then it is answered, or carried out.")
    items = AnswerItem(many=True)
    reason = serializers.CharField(allow_blank=True)


class LookShown(serializers.Serializer[Unmasking]):
    """Somebody of the mall looked at what is masked."""

    person = serializers.IntegerField(source="whom_id")
    by = serializers.IntegerField(source="by_id")
    what = serializers.ChoiceField(Unmasking.What.choices)
    subject = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class LookPage(serializers.Serializer[Any]):
    """A page of looks."""

    results = LookShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class HoldShown(serializers.Serializer[Hold]):
    """A legal hold."""

    number = serializers.CharField()
    of = serializers.CharField(source="what", help_text="`order:41` or `user:7`.")
    state = serializers.ChoiceField(HoldState.choices)
    reason = serializers.CharField()
    set_at = serializers.DateTimeField()
    release_reason = serializers.CharField(allow_blank=True)


class HoldPage(serializers.Serializer[Any]):
    """A page of holds."""

    results = HoldShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class ErasurePage(serializers.Serializer[Any]):
    """A page of requests."""

    results = ErasureShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class HoldToSet(serializers.Serializer[Any]):
    """What is held: an order by its number, or a person by theirs."""

    order = serializers.CharField(required=False, max_length=20)
    person = serializers.IntegerField(required=False, min_value=1)
    reason = serializers.CharField(max_length=300, help_text="For which court, authority or claim, with its number.")


class HoldReason(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500)


def _staff(request: Request) -> None:
    if not signed_in(request).roles & holds.SEEING:
        raise Http404


def _request_of(request: Request, number: str) -> Erasure:
    _staff(request)
    return get_object_or_404(Erasure.objects.select_related("user"), number=number)


def _own_request(request: Request, number: str) -> Erasure:
    return get_object_or_404(Erasure.objects.select_related("user"), number=number, user=request.user.pk)


def _hold(request: Request, number: str) -> Hold:
    _staff(request)
    return get_object_or_404(Hold.objects.select_related("user", "order"), number=number)


@extend_schema(
    operation_id="askForCopy",
    summary="Ask for a copy of everything about you",
    description=(
        "A worker makes one ZIP; it is fetched once, on its page, within a week. Asking needs a fresh sign-in."
        " Refused: `reauthentication_required`, `too_often`."
    ),
    request=None,
    responses={201: CopyShown},
    examples=[OpenApiExample("Being made", A_COPY, response_only=True, status_codes=["201"])],
)
@api_view(["POST"])
@idempotent
def ask_copy(request: Request) -> Response:
    """Ask for a copy."""
    require_fresh(request._request)
    user: Any = request.user
    return Response(CopyShown(exports.ask(user, by=user, at=clock.now())).data, status=201)


@extend_schema(
    operation_id="getCopy",
    summary="See how far a copy is",
    responses=CopyShown,
    examples=[OpenApiExample("Being made", A_COPY, response_only=True)],
)
@api_view(["GET"])
def copy(request: Request, number: str) -> Response:
    """One of the own copies."""
    return Response(CopyShown(get_object_or_404(Export, number=number, user=request.user.pk)).data)


@extend_schema(
    operation_id="askToBeErased",
    methods=["POST"],
    summary="Ask to be erased",
    description=(
        "A person answers within fifteen working days, thing by thing: what is erased, what stays, until when and why."
        " Needs a fresh sign-in. Refused: `reauthentication_required`."
    ),
    request=None,
    responses={201: ErasureShown},
    examples=[OpenApiExample("Waiting", AN_ERASURE, response_only=True, status_codes=["201"])],
)
@extend_schema(
    operation_id="listOwnErasures",
    methods=["GET"],
    summary="See your requests to be erased",
    parameters=[CURSOR],
    responses=ErasurePage,
    examples=[OpenApiExample("One", {"results": [AN_ERASURE], "next": None}, response_only=True)],
)
@api_view(["GET", "POST"])
@idempotent
def erasures(request: Request) -> Response:
    """Ask, or see what was asked."""
    user: Any = request.user
    if request.method == "POST":
        require_fresh(request._request)
        return Response(ErasureShown(lifecycle.ask(user, by=user, at=clock.now())).data, status=201)
    return Response(ErasurePage(page(request, Erasure.objects.filter(user=user), by="-pk")).data)


withdraw = extend_schema(
    operation_id="withdrawErasure",
    summary="Take a request to be erased back",
    description="Refused: `wrong_moment`.",
    request=None,
    responses=ErasureShown,
    examples=[OpenApiExample("Taken back", AN_ERASURE | {"state": "withdrawn"}, response_only=True)],
)(acting(_own_request, lifecycle.withdraw, ErasureShown))


@extend_schema(
    operation_id="listLooksAtYou",
    summary="See who of the mall looked at what is masked of you",
    parameters=[CURSOR],
    responses=LookPage,
    examples=[OpenApiExample("One", {"results": [A_LOOK], "next": None}, response_only=True)],
)
@api_view(["GET"])
def looks(request: Request) -> Response:
    """Looks at what is masked of whoever asks."""
    return Response(LookPage(page(request, Unmasking.objects.filter(whom=request.user.pk), by="-pk")).data)


@extend_schema(
    operation_id="listLooks",
    summary="See who looked at what is masked",
    description="For leads, risk and auditors.",
    parameters=[CURSOR],
    responses=LookPage,
    examples=[OpenApiExample("One", {"results": [A_LOOK], "next": None}, response_only=True)],
)
@api_view(["GET"])
def all_looks(request: Request) -> Response:
    """All looks, newest first."""
    _staff(request)
    return Response(LookPage(page(request, Unmasking.objects.all(), by="-pk")).data)


@extend_schema(
    operation_id="listErasures",
    summary="See requests to be erased that wait",
    description="For leads, risk and auditors.",
    parameters=[CURSOR],
    responses=ErasurePage,
    examples=[OpenApiExample("One", {"results": [AN_ERASURE], "next": None}, response_only=True)],
)
@api_view(["GET"])
def waiting(request: Request) -> Response:
    """Requests that wait for an answer, oldest first."""
    _staff(request)
    return Response(ErasurePage(page(request, Erasure.objects.filter(state=ErasureState.WAITING), by="pk")).data)


agree = extend_schema(
    operation_id="agreeToErasure",
    summary="Agree to a request to be erased",
    description=(
        "It is carried out a week later. Refused: `not_your_turn`, `not_yourself`, `wrong_moment`, `something_open`."
    ),
    request=None,
    responses=ErasureShown,
    examples=[OpenApiExample("Agreed", AN_ERASURE | {"state": "agreed"}, response_only=True)],
)(acting(_request_of, lifecycle.agree, ErasureShown))


refuse = extend_schema(
    operation_id="refuseErasure",
    summary="Say why somebody cannot be erased now",
    description="Refused: `not_your_turn`, `not_yourself`, `wrong_moment`, `no_reason`, `nothing_open`.",
    request=HoldReason,
    responses=ErasureShown,
    examples=[
        OpenApiExample("Why", {"reason": "还有一笔余额和一个未结纠纷。"}, request_only=True),
        OpenApiExample("Refused", AN_ERASURE | {"state": "refused"}, response_only=True),
    ],
)(acting(_request_of, lifecycle.refuse, ErasureShown, takes=HoldReason))


@extend_schema(
    operation_id="setHold",
    methods=["POST"],
    summary="Hold a sale or a person",
    description="Refused: `not_your_turn`, `no_reason`, `no_thing`, `held`.",
    request=HoldToSet,
    responses={201: HoldShown},
    examples=[
        OpenApiExample("A sale", {"order": "K26112204817365", "reason": A_HOLD["reason"]}, request_only=True),
        OpenApiExample("Held", A_HOLD, response_only=True, status_codes=["201"]),
    ],
)
@extend_schema(
    operation_id="listHolds",
    methods=["GET"],
    summary="See what is held",
    description="For leads, risk and auditors.",
    parameters=[CURSOR],
    responses=HoldPage,
    examples=[OpenApiExample("One", {"results": [A_HOLD], "next": None}, response_only=True)],
)
@api_view(["GET", "POST"])
@idempotent
def all_holds(request: Request) -> Response:
    """Hold something, or see what is held."""
    _staff(request)
    if request.method == "GET":
        live = Hold.objects.live().select_related("user", "order")
        return Response(HoldPage(page(request, live, by="-pk")).data)
    told = HoldToSet(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    order = (
        get_object_or_404(Order.objects.select_related("buyer"), number=words["order"]) if "order" in words else None
    )
    user = get_object_or_404(User, pk=words["person"]) if "person" in words else None
    by: Any = request.user
    found = holds.set_hold(user=user, order=order, reason=words["reason"], by=by, at=clock.now())
    return Response(HoldShown(found).data, status=201)


propose = extend_schema(
    operation_id="proposeRelease",
    summary="Propose to release a hold",
    description="A second person signs. Refused: `not_your_turn`, `no_reason`, `wrong_moment`.",
    request=HoldReason,
    responses=HoldShown,
    examples=[
        OpenApiExample("Why", {"reason": "案件已审结，判决书编号见附件。"}, request_only=True),
        OpenApiExample("Proposed", A_HOLD | {"state": "releasing"}, response_only=True),
    ],
)(acting(_hold, holds.propose, HoldShown, takes=HoldReason))


sign = extend_schema(
    operation_id="signRelease",
    summary="Sign the release of a hold",
    description="Refused: `not_your_turn`, `another_person`, `wrong_moment`.",
    request=None,
    responses=HoldShown,
    examples=[OpenApiExample("Released", A_HOLD | {"state": "released"}, response_only=True)],
)(acting(_hold, holds.sign, HoldShown))


keep = extend_schema(
    operation_id="keepHold",
    summary="Keep a hold that somebody wants to release",
    description="Refused: `not_your_turn`, `another_person`, `wrong_moment`.",
    request=None,
    responses=HoldShown,
    examples=[OpenApiExample("Kept", A_HOLD, response_only=True)],
)(acting(_hold, holds.keep, HoldShown))
