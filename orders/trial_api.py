"""The API of a guided trial purchase: how far a first order has come, and what to look at."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from orders import trial
from orders.api import visible

A_TRIAL = {
    "now": "try",
    "steps": [
        {"name": "order", "text": "Order one", "is_done": True},
        {"name": "pay", "text": "Pay: the money waits in escrow", "is_done": True},
        {"name": "try", "text": "Open it and try it", "is_done": False},
        {"name": "confirm", "text": "Say that it is good, or claim what is wrong", "is_done": False},
        {"name": "rest", "text": "Buy the rest", "is_done": False},
    ],
    "checks": ["Was it there within the promised time?"],
    "sealed": 1,
    "is_good": False,
    "has_case": False,
}


class TrialStep(serializers.Serializer[Any]):
    """One step of the way."""

    name = serializers.CharField(help_text="`order`, `pay`, `try`, `confirm`, `rest`.")
    text = serializers.CharField(source="word")
    is_done = serializers.BooleanField()


class TrialShown(serializers.Serializer[Any]):
    """A first order in a shop that was new to the mall and to its buyer."""

    now = serializers.CharField(allow_blank=True, help_text="The step that is next; empty when all is done.")
    steps = TrialStep(many=True)
    checks = serializers.ListField(child=serializers.CharField(), help_text="What to look at.")
    sealed = serializers.IntegerField(allow_null=True, help_text="The place of the first code that nobody opened yet.")
    is_good = serializers.BooleanField(help_text="The buyer, or the clock, has said so, and nothing was claimed.")
    has_case = serializers.BooleanField()


@extend_schema(
    operation_id="getTrial",
    summary="Be led through a first order",
    description="For the buyer of a first order in a shop that was new; every other order has no such thing (404).",
    responses=TrialShown,
    examples=[OpenApiExample("The code is still sealed", A_TRIAL, response_only=True)],
)
@api_view(["GET"])
def trial_of(request: Request, number: str) -> Response:
    """The trial that an order is."""
    found = trial.of(visible(request, number), request.user)
    if found is None:
        raise Http404
    return Response(TrialShown(found).data)
