"""What is still owed to the asking person, in the API: the same as on the page. Amounts are integer fen."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from disputes import owed
from disputes.models import Owed
from timeline.api import CURSOR, page

OPEN = OpenApiParameter("is_open", bool, OpenApiParameter.QUERY, description="Only what is still to come.")


class OwedToBuyer(serializers.Serializer[Any]):
    """What you were awarded and nobody had at the time."""

    id = serializers.IntegerField()

    order = serializers.CharField(source="order.number")
    shop = serializers.CharField(source="shop.slug")
    payer = serializers.ChoiceField(Owed.Payer.choices, help_text="Who owes it.")
    amount = serializers.IntegerField(help_text="Fen.")
    paid = serializers.IntegerField(help_text="Fen that came since, to your balance.")
    since = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True, help_text="When the last of it came.")


class OwedPage(serializers.Serializer[Any]):
    """A part of what is or was owed to you, the newest first, and what is still to come of all of it."""

    left = serializers.IntegerField(help_text="Fen still to come, of all claims and not of this page alone.")
    results = OwedToBuyer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


@extend_schema(
    operation_id="listOwed",
    summary="What is still owed to you",
    description=(
        "Awarded, and nobody had it. The next income of who owes it pays it to your balance. Newest first, 50 a page;"
        " `is_open=true` leaves out what was paid whole."
    ),
    parameters=[CURSOR, OPEN],
    responses=OwedPage,
    examples=[
        OpenApiExample(
            "One claim",
            {
                "left": 27_500,
                "results": [
                    {
                        "id": 12,
                        "order": "K26112204817365",
                        "shop": "xinghe",
                        "payer": "shop",
                        "amount": 40_000,
                        "paid": 12_500,
                        "since": "2026-11-22T02:00:00Z",
                        "paid_at": None,
                    }
                ],
                "next": None,
            },
            response_only=True,
        )
    ],
)
@api_view(["GET"])
def owed_to_me(request: Request) -> Response:
    """What is owed to the person, a page at a time."""
    found = owed.of_buyer(request.user)
    if request.query_params.get("is_open") == "true":
        found = found.filter(paid_at=None)
    part = page(request, found, by="-pk")
    told = {"left": owed.to_buyer(request.user), "results": part.results, "next": part.next}
    return Response(OwedPage(told).data)
