"""The API of the road to a person: call for one, see how far that has come, and say that it is over."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from orders.models import Order
from orders.parties import visible_to
from support import lifecycle
from support.models import Talk
from support.states import TalkState
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page


class Calling(serializers.Serializer[Any]):
    """What it is about."""

    topic = serializers.CharField(max_length=500)
    is_urgent = serializers.BooleanField(default=False, help_text="An account is being stolen, a child paid, …")


class OneTalk(serializers.Serializer[Talk]):
    """A talk with a person; what is said stands in the order's conversation."""

    number = serializers.CharField()
    order = serializers.CharField(source="order.number")
    state = serializers.ChoiceField(TalkState.choices)
    topic = serializers.CharField()
    is_urgent = serializers.BooleanField()
    opened_at = serializers.DateTimeField()
    promised_at = serializers.DateTimeField(help_text="By when a person answers.")
    first_answer_at = serializers.DateTimeField(allow_null=True, help_text="When a person answered first.")


class TalkPage(serializers.Serializer[Any]):
    """A page of talks."""

    results = OneTalk(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


A_TALK = {
    "number": "T26112204817365",
    "order": "K26112204817365",
    "state": "waiting",
    "topic": "兑换页面打不开，请帮忙看一下。",
    "is_urgent": False,
    "opened_at": "2026-11-22T02:00:00Z",
    "promised_at": "2026-11-22T02:10:00Z",
    "first_answer_at": None,
}


def _order(request: Request, number: str) -> Order:
    return get_object_or_404(visible_to(request.user).select_related("shop"), number=number)


def _talk(request: Request, number: str) -> Talk:
    return get_object_or_404(Talk.objects.select_related("order__shop"), number=number, asked_by=request.user.pk)


@extend_schema(
    operation_id="callForPerson",
    summary="Call for a person",
    description="Who asks again while a talk is open has that one. Refused: `not_your_turn`, `text_missing`.",
    request=Calling,
    responses={201: OneTalk},
    examples=[
        OpenApiExample("In a sentence", {"topic": "兑换页面打不开，请帮忙看一下。"}, request_only=True),
        OpenApiExample("The talk", A_TALK, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_order)
@idempotent
def call(request: Request, number: str) -> Response:
    """One of the two sides calls for a person."""
    told = Calling(data=request.data)
    told.is_valid(raise_exception=True)
    talk = lifecycle.call(_order(request, number), by=request.user, at=clock.now(), **told.validated_data)  # type: ignore[arg-type]
    return Response(OneTalk(talk).data, status=201)


@extend_schema(
    operation_id="listTalks",
    summary="See your talks with people",
    description="Those you asked for, newest first, 50 a page.",
    parameters=[CURSOR],
    responses=TalkPage,
    examples=[OpenApiExample("One that waits", {"results": [A_TALK], "next": None}, response_only=True)],
)
@api_view(["GET"])
def talks(request: Request) -> Response:
    """The talks of whoever asks."""
    own = Talk.objects.filter(asked_by=request.user.pk).select_related("order")
    return Response(TalkPage(page(request, own, by="-pk")).data)


@extend_schema(
    operation_id="closeTalk",
    summary="Say that a talk is over",
    description="By whoever asked for it. Refused: `wrong_moment`.",
    request=None,
    responses=OneTalk,
    examples=[OpenApiExample("Over", A_TALK | {"state": "closed"}, response_only=True)],
)
@api_view(["POST"])
@after_what_is_overdue(_talk)
@idempotent
def close(request: Request, number: str) -> Response:
    """Whoever asked has what they wanted."""
    talk = _talk(request, number)
    lifecycle.close(talk, by=request.user, at=clock.now())  # type: ignore[arg-type]
    return Response(OneTalk(talk).data)
