"""The API of the road to a person: call for one, see how far that has come, and say that it is over.

And the room's own, for those who answer: who waits, the story, take, answer, hand over.
"""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from orders.models import Order
from orders.parties import visible_to
from support import lifecycle
from support.models import ANSWERING, Talk
from support.states import TalkState
from support.summary import summary
from timeline import clock
from timeline.api import CURSOR, acting, after_what_is_overdue, idempotent, page


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
    return get_object_or_404(Talk.objects.visible_to(request.user).select_related("order__shop"), number=number)


def _in_the_room(request: Request, number: str) -> Talk:
    _require_room(request)
    return _talk(request, number)


def _require_room(request: Request) -> None:
    if not signed_in(request).roles & ANSWERING:
        raise Http404


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
    talk = lifecycle.call(_order(request, number), by=signed_in(request), at=clock.now(), **told.validated_data)
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


close = extend_schema(
    operation_id="closeTalk",
    summary="Say that a talk is over",
    description="By whoever asked for it, or who has answered. Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=OneTalk,
    examples=[OpenApiExample("Over", A_TALK | {"state": "closed"}, response_only=True)],
)(acting(_talk, lifecycle.close, OneTalk))


class TalkFact(serializers.Serializer[Any]):
    """Something that our records know of it, with its page."""

    name = serializers.CharField()
    value = serializers.CharField()
    url = serializers.CharField()


class TalkNote(serializers.Serializer[Any]):
    """What somebody who had the talk before left for the next one."""

    note = serializers.CharField()
    at = serializers.DateTimeField()


class TalkSaid(serializers.Serializer[Any]):
    """Something that was said."""

    by = serializers.CharField(source="author.display_name")
    text = serializers.CharField()
    at = serializers.DateTimeField()


class TalkStory(serializers.Serializer[Any]):
    """A talk with all that whoever takes it must know, so that nobody tells their story twice."""

    talk = OneTalk()
    facts = TalkFact(many=True)
    said = TalkSaid(many=True)
    notes = TalkNote(many=True)


class TalkAnswer(serializers.Serializer[Any]):
    """What is said to both sides."""

    text = serializers.CharField(max_length=2000)


class TalkHandover(serializers.Serializer[Any]):
    """What the next one must know."""

    reason = serializers.CharField(max_length=500)


@extend_schema(
    operation_id="listWaitingTalks",
    summary="See who waits for a person",
    description="For those who answer: talks that nobody has answered yet, oldest first, 50 a page.",
    parameters=[CURSOR],
    responses=TalkPage,
    examples=[OpenApiExample("One that waits", {"results": [A_TALK], "next": None}, response_only=True)],
)
@api_view(["GET"])
def queue(request: Request) -> Response:
    """Who waits."""
    _require_room(request)
    waiting = Talk.objects.filter(state__in=[TalkState.WAITING, TalkState.TAKEN]).select_related("order")
    return Response(TalkPage(page(request, waiting, by="pk")).data)


@extend_schema(
    operation_id="getTalkStory",
    summary="Read the story of a talk",
    description="For those who answer.",
    responses=TalkStory,
    examples=[
        OpenApiExample("A story", {"talk": A_TALK, "facts": [], "said": [], "notes": []}, response_only=True),
    ],
)
@api_view(["GET"])
def story(request: Request, number: str) -> Response:
    """One talk with its story."""
    talk = _in_the_room(request, number)
    return Response(TalkStory({"talk": talk, **summary(talk)}).data)


take = extend_schema(
    operation_id="takeTalk",
    summary="Take a talk on",
    description="Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=OneTalk,
    examples=[OpenApiExample("Taken", A_TALK | {"state": "taken"}, response_only=True)],
)(acting(_in_the_room, lifecycle.take, OneTalk))


answer = extend_schema(
    operation_id="answerTalk",
    summary="Answer in a talk",
    description="Said to both sides. Refused: `not_your_turn`, `wrong_moment`, `said_already`.",
    request=TalkAnswer,
    responses=OneTalk,
    examples=[
        OpenApiExample("An answer", {"text": "我看过您的订单，正在问供货商。"}, request_only=True),
        OpenApiExample("In talk", A_TALK | {"state": "talking"}, response_only=True),
    ],
)(acting(_in_the_room, lifecycle.answer, OneTalk, takes=TalkAnswer))


hand_over = extend_schema(
    operation_id="handTalkOver",
    summary="Give a talk back to the room",
    description="Refused: `not_your_turn`, `wrong_moment`, `text_missing`.",
    request=TalkHandover,
    responses=OneTalk,
    examples=[
        OpenApiExample("A note", {"reason": "供货商答应今天回复，请跟进。"}, request_only=True),
        OpenApiExample("Waiting again", A_TALK, response_only=True),
    ],
)(acting(_in_the_room, lifecycle.hand_over, OneTalk, takes=TalkHandover))
