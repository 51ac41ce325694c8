"""The API of the daily reconciliation: differences between channels and us, and how they are closed."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from ledger import outside
from ledger.models import Difference, SettlementLine
from ledger.roles import SEEING_ACCOUNTS
from ledger.states import DifferenceState
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_DIFFERENCE = {
    "id": 3,
    "channel": "sandbox",
    "day": "2026-11-22",
    "kind": "amount",
    "what": "charge",
    "number": "P26112204817365",
    "txn": "sb17",
    "theirs": 9_900,
    "ours": 9_800,
    "state": "open",
    "found_at": "2026-11-22T17:20:00Z",
    "deadline_at": "2026-11-23T17:20:00Z",
    "settled_at": None,
    "reason": "",
}


class ChannelDifference(serializers.Serializer[Any]):
    """Something that a channel, our payments and the books do not say alike."""

    id = serializers.IntegerField()
    channel = serializers.CharField()
    day = serializers.DateField(source="settlement.day")
    kind = serializers.ChoiceField(Difference.Kind.choices)
    what = serializers.ChoiceField(SettlementLine.Kind.choices)
    number = serializers.CharField(help_text="Ours, as the channel repeats it.")
    txn = serializers.CharField(help_text="The channel's number of the charge.")
    theirs = serializers.IntegerField(allow_null=True, help_text="Fen, as the channel says.")
    ours = serializers.IntegerField(allow_null=True, help_text="Fen, as we say.")
    state = serializers.ChoiceField(DifferenceState.choices)
    found_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="Then there is an alarm.")
    settled_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class DifferencePage(serializers.Serializer[Any]):
    """A part of the list, newest first."""

    results = ChannelDifference(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class DifferenceToSettle(serializers.Serializer[Any]):
    """How it came about."""

    is_booked = serializers.BooleanField(help_text="Whether it was put right in the books.")
    reason = serializers.CharField(max_length=1000)


@extend_schema(
    operation_id="listDifferences",
    summary="List differences with the channels",
    description="For finance and auditors. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=DifferencePage,
    examples=[OpenApiExample("One difference", {"results": [A_DIFFERENCE], "next": None}, response_only=True)],
)
@api_view(["GET"])
def differences(request: Request) -> Response:
    """What differs."""
    _require(request)
    return Response(DifferencePage(page(request, Difference.objects.select_related("settlement"), by="-pk")).data)


@extend_schema(
    operation_id="settleDifference",
    summary="Close a difference",
    description=(
        "For finance, with the reason. What a channel paid back on its own account (`outside`) is booked with it: an"
        " open case gets smaller or ends, a payout that was not sent is taken back or sent for the rest only; a top-up"
        " comes off the balance, and what was spent of it is owed. Refused:"
        " `not_your_turn`, `wrong_moment`, `reason_missing`, `not_of_an_order`, `more_than_is_left`, `being_sent`,"
        " `channel_silent`, `fund_short`, `payouts_paused`, `ruling_under_way`."
    ),
    request=DifferenceToSettle,
    responses=ChannelDifference,
    examples=[
        OpenApiExample("Explained", {"is_booked": False, "reason": "渠道跨日入账，次日文件已含。"}, request_only=True),
        OpenApiExample("Closed", {**A_DIFFERENCE, "state": "explained", "deadline_at": None}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def settle(request: Request, pk: int) -> Response:
    """Finance closes one."""
    _require(request)
    told = DifferenceToSettle(data=request.data)
    told.is_valid(raise_exception=True)
    found = get_object_or_404(Difference.objects.select_related("settlement"), pk=pk)
    outside.settle(found, by=request.user, at=clock.now(), **told.validated_data)
    return Response(ChannelDifference(found).data)


def _require(request: Request) -> None:
    """For whoever is not of finance or an auditor, the address is not there."""
    if not signed_in(request).roles & SEEING_ACCOUNTS:
        raise Http404
