"""The API of the inbox: what happened and concerns the person who asks, and what they have read."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from notifications import inbox, preferences
from notifications.models import Notification
from notifications.serializers import Choices, Notice, NoticePage, ReadUpTo, Unread
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_NOTICE = {
    "id": 12,
    "code": "order.delivered",
    "sentence": "Order K26112204817365 from 星河点卡 has arrived. Check it while your money is still in escrow.",
    "words": {"number": "K26112204817365", "order": "K26112204817365", "shop": "星河点卡", "amount": 29_400},
    "url": "/orders/K26112204817365/",
    "at": "2026-11-22T02:05:00Z",
    "read_at": None,
    "official_code": "KM-0000-0002-G3QM-7XKD",
}
A_CHOICE = {"orders": "important", "messages": "none", "cases": "all"}


@extend_schema(
    operation_id="listNotices",
    summary="Read your inbox",
    description="Newest first, 50 a page. Reading the list marks nothing as read.",
    parameters=[CURSOR],
    responses=NoticePage,
    examples=[OpenApiExample("One unread notice", {"results": [A_NOTICE], "next": None}, response_only=True)],
)
@api_view(["GET"])
def notices(request: Request) -> Response:
    """The inbox of whoever asks."""
    return Response(NoticePage(page(request, Notification.objects.visible_to(request.user), by="-pk")).data)


@extend_schema(
    operation_id="readNotice",
    summary="Mark a notice as read",
    description="The first time counts. A notice of somebody else does not exist.",
    request=None,
    responses=Notice,
    examples=[
        OpenApiExample("Read", A_NOTICE | {"read_at": "2026-11-22T02:06:00Z"}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def read_notice(request: Request, pk: int) -> Response:
    """One notice was opened."""
    notice = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    inbox.read(notice, at=clock.now())
    return Response(Notice(notice).data)


@extend_schema(
    operation_id="readNotices",
    summary="Mark your inbox as read",
    description="Everything up to the notice `up_to`; what came later stays unread.",
    request=ReadUpTo,
    responses=Unread,
    examples=[
        OpenApiExample("Up to notice 12", {"up_to": 12}, request_only=True),
        OpenApiExample("Nothing is left", {"unread": 0}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def read_notices(request: Request) -> Response:
    """The inbox was seen down from one notice."""
    told = ReadUpTo(data=request.data)
    told.is_valid(raise_exception=True)
    inbox.read_all(request.user, up_to=told.validated_data["up_to"], at=clock.now())
    return Response(Unread({"unread": inbox.count_unread(request.user)}).data)


@extend_schema(
    methods=["GET"],
    operation_id="getNoticeSettings",
    summary="See what you are mailed about",
    description="The inbox has everything; this is what also comes as a mail.",
    responses=Choices,
    examples=[OpenApiExample("Three groups", A_CHOICE, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="chooseNoticeSettings",
    summary="Choose what you are mailed about",
    description="Groups that are not named stay as they were. What nobody may miss is mailed all the same.",
    request=Choices,
    responses=Choices,
    examples=[
        OpenApiExample("No mail about messages", {"messages": "none"}, request_only=True),
        OpenApiExample("As it is now", A_CHOICE | {"messages": "none"}, response_only=True),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def choices(request: Request) -> Response:
    """What the person wants to be mailed about."""
    person = signed_in(request)
    if request.method == "POST":
        told = Choices(data=request.data)
        told.is_valid(raise_exception=True)
        preferences.choose(person, told.validated_data, by=person, at=clock.now())
    return Response(Choices(preferences.of(person)).data)
