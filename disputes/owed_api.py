"""What is still owed to the asking person, in the API: the same as on the page. Amounts are integer fen."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from disputes import owed
from disputes.views.words import PAGE


class OwedToBuyer(serializers.Serializer[Any]):
    """What you were awarded and nobody had at the time."""

    order = serializers.CharField(source="order.number")
    shop = serializers.CharField(source="shop.slug")
    amount = serializers.IntegerField(help_text="Fen.")
    paid = serializers.IntegerField(help_text="Fen that came since, to your balance.")
    since = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True, help_text="When the last of it came.")


@extend_schema(
    operation_id="listOwed",
    summary="What is still owed to you",
    description="Awarded, and nobody had it. The shop's next income pays it to your balance; open claims first.",
    responses=OwedToBuyer(many=True),
    examples=[
        OpenApiExample(
            "One claim",
            [
                {
                    "order": "K26112204817365",
                    "shop": "xinghe",
                    "amount": 40_000,
                    "paid": 12_500,
                    "since": "2026-11-22T02:00:00Z",
                    "paid_at": None,
                }
            ],
            response_only=True,
        )
    ],
)
@api_view(["GET"])
def owed_to_me(request: Request) -> Response:
    """What is owed to the person."""
    return Response(OwedToBuyer(owed.of_buyer(request.user)[:PAGE], many=True).data)
