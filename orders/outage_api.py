"""The API of orders that could not be held against an outage, for a lead: the same verb as the page."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from orders import outages
from orders.models import Weighing
from orders.outage_views import PAGE
from orders.serializers import Text
from timeline import clock
from timeline.api import idempotent

AN_ORDER = {
    "weighing": 3,
    "outage": 7,
    "order": 41,
    "number": "K26112204817365",
    "tries": 7,
    "why": "FundsMissing: 50 fen",
}


class LeftOverShown(serializers.Serializer[Any]):
    """An order that could not be held against an outage."""

    weighing = serializers.IntegerField()
    outage = serializers.IntegerField()
    order = serializers.IntegerField()
    number = serializers.CharField()
    tries = serializers.IntegerField()
    why = serializers.CharField(help_text="What failed.")


class LeftOverList(serializers.Serializer[Any]):
    """All of them, 200 at most."""

    results = LeftOverShown(many=True)


class LeftOverToTryAgain(serializers.Serializer[Any]):
    """Why it may be tried again."""

    reason = Text(max_length=300)


@extend_schema(
    operation_id="listOrdersLeftOver",
    summary="List orders that could not be held against an outage",
    description="For leads. They failed too often, and wait until somebody lets them be tried again.",
    responses=LeftOverList,
    examples=[OpenApiExample("One", {"results": [AN_ORDER]}, response_only=True)],
)
@api_view(["GET"])
def left_over(request: Request) -> Response:
    """What failed too often."""
    _require_lead(request)
    return Response(LeftOverList({"results": _told()}).data)


@extend_schema(
    operation_id="tryOrderLeftOverAgain",
    summary="Let an order be held against an outage once more",
    description="For leads. Refused: `reason_missing`, `not_given_up`.",
    request=LeftOverToTryAgain,
    responses=LeftOverList,
    examples=[
        OpenApiExample("Why", {"reason": "The platform's own account is filled."}, request_only=True),
        OpenApiExample("What is left", {"results": []}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def try_left_over_again(request: Request, pk: int, order: int) -> Response:
    """One order once more."""
    _require_lead(request)
    weighing = get_object_or_404(Weighing, pk=pk)
    told = LeftOverToTryAgain(data=request.data)
    told.is_valid(raise_exception=True)
    outages.try_again(weighing, order, reason=told.validated_data["reason"], by=request.user, at=clock.now())
    return Response(LeftOverList({"results": _told()}).data)


def _told() -> list[dict[str, Any]]:
    return [
        {
            "weighing": weighing.pk,
            "outage": weighing.outage_id,
            "order": order.pk,
            "number": order.number,
            "tries": weighing.tries[str(order.pk)]["number"],
            "why": weighing.tries[str(order.pk)]["why"],
        }
        for weighing, order in outages.given_up()[:PAGE]
    ]


def _require_lead(request: Any) -> None:
    if not request.user.has_role("lead"):
        raise Http404
