"""The API of debts: what a buyer owes and how it is paid; finance's list, and how a debt is let go."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from accounts.requests import signed_in
from ledger import accounts, debts
from ledger.models import Account, WriteOff
from ledger.roles import SEEING_ACCOUNTS, require_role
from ledger.serializers import Fen, WalletLine
from ledger.states import WriteOffState
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page

A_DEBT = {
    "owed": 4_000,
    "results": [
        {
            "number": 2,
            "at": "2026-11-22T02:05:00Z",
            "amount": 5_800,
            "balance": -4_000,
            "reason": "debt_collected",
            "subject": "user:3",
        }
    ],
    "next": None,
}
A_WRITE_OFF = {
    "id": 5,
    "user": 3,
    "amount": 4_000,
    "state": "proposed",
    "reason": "买家已失联，追偿成本高于金额。",
    "proposed_at": "2026-11-22T02:05:00Z",
    "deadline_at": "2026-11-25T02:05:00Z",
    "decided_at": None,
}


class DebtShown(serializers.Serializer[Any]):
    """What somebody owes the guarantee fund, with a page of how it came about, newest first."""

    owed = serializers.IntegerField(help_text="Fen.")
    results = WalletLine(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the statement goes on; null at its end.")


class DebtToPay(serializers.Serializer[Any]):
    """How much of it is paid from the balance."""

    amount = Fen(min_value=1, help_text="Fen; at most what is owed.")


class DebtorShown(serializers.Serializer[Any]):
    """Somebody who owes the guarantee fund."""

    user = serializers.SerializerMethodField(help_text="The id of the buyer.")
    owed = serializers.SerializerMethodField(help_text="Fen.")

    def get_user(self, found: Account) -> int:
        """Who."""
        return int(found.address.split(":")[1])

    def get_owed(self, found: Account) -> int:
        """How much."""
        return -found.balance


class DebtorPage(serializers.Serializer[Any]):
    """A part of the list."""

    results = DebtorShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class WriteOffToPropose(serializers.Serializer[Any]):
    """How much of a debt is let go, and why."""

    amount = Fen(min_value=1, help_text="Fen; at most what is owed.")
    reason = serializers.CharField(max_length=1000)


class WriteOffShown(serializers.Serializer[Any]):
    """A proposal to let a debt go."""

    id = serializers.IntegerField()
    user = serializers.IntegerField(source="user_id")
    amount = serializers.IntegerField(help_text="Fen.")
    state = serializers.ChoiceField(WriteOffState.choices)
    reason = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="Until when a second person can agree.")
    decided_at = serializers.DateTimeField(allow_null=True)


@extend_schema(
    operation_id="getDebt",
    summary="See what you owe, line by line",
    description="Money that reached you twice, or that a bank took back after it was spent. Newest line first.",
    parameters=[CURSOR],
    responses=DebtShown,
    examples=[OpenApiExample("After a first payment", A_DEBT, response_only=True)],
)
@api_view(["GET"])
def debt(request: Request) -> Response:
    """The own debt with its statement."""
    return _debt(request)


@extend_schema(
    operation_id="payDebt",
    summary="Pay what you owe from the balance",
    description=(
        "To pay by a channel, top up: what comes onto the balance pays the debt first. Refused: `nothing_owed`,"
        " `bad_amount`, `insufficient_balance`."
    ),
    request=DebtToPay,
    responses=DebtShown,
    examples=[
        OpenApiExample("¥58.00", {"amount": 5_800}, request_only=True),
        OpenApiExample("What is left", A_DEBT, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def pay(request: Request) -> Response:
    """Pay from the balance."""
    told = DebtToPay(data=request.data)
    told.is_valid(raise_exception=True)
    user = signed_in(request)
    debts.pay(user, amount=told.validated_data["amount"], by=user, at=clock.now())
    return _debt(request)


@extend_schema(
    operation_id="listDebtors",
    summary="List who owes the guarantee fund",
    description="For finance and auditors; for others it is not there. Newest first.",
    parameters=[CURSOR],
    responses=DebtorPage,
    examples=[OpenApiExample("One buyer", {"results": [{"user": 3, "owed": 4_000}], "next": None}, response_only=True)],
)
@api_view(["GET"])
def debtors(request: Request) -> Response:
    """Who owes."""
    require_role(request, SEEING_ACCOUNTS)
    owing = Account.objects.filter(kind="debt", address__startswith="user:", balance__lt=0)
    return Response(DebtorPage(page(request, owing, by="-pk")).data)


@extend_schema(
    operation_id="proposeWriteOff",
    summary="Propose to let a debt go",
    description=(
        "One person of finance; a second one agrees. Refused: `not_your_turn`, `nothing_owed`, `bad_amount`,"
        " `reason_missing`, `proposed_already`."
    ),
    request=WriteOffToPropose,
    responses={201: WriteOffShown},
    examples=[
        OpenApiExample("All of it", {"amount": 4_000, "reason": A_WRITE_OFF["reason"]}, request_only=True),
        OpenApiExample("Proposed", A_WRITE_OFF, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@idempotent
def propose(request: Request, pk: int) -> Response:
    """Propose it."""
    require_role(request, frozenset({Role.FINANCE}))
    told = WriteOffToPropose(data=request.data)
    told.is_valid(raise_exception=True)
    found = debts.propose(get_object_or_404(User, pk=pk), by=request.user, at=clock.now(), **told.validated_data)
    return Response(WriteOffShown(found).data, status=201)


@extend_schema(
    operation_id="agreeToWriteOff",
    summary="Agree as the second person that a debt is let go",
    description="What was paid meanwhile is not let go. Refused: `not_your_turn`, `second_person`, `wrong_moment`.",
    request=None,
    responses=WriteOffShown,
    examples=[OpenApiExample("Let go", {**A_WRITE_OFF, "state": "agreed", "deadline_at": None}, response_only=True)],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _write_off(request, number))
@idempotent
def agree(request: Request, number: str) -> Response:
    """Agree."""
    found = _write_off(request, number)
    debts.agree(found, by=request.user, at=clock.now())
    return Response(WriteOffShown(found).data)


@extend_schema(
    operation_id="declineWriteOff",
    summary="Do not agree that a debt is let go, or take the proposal back",
    description="Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=WriteOffShown,
    examples=[
        OpenApiExample("It stays", {**A_WRITE_OFF, "state": "declined", "deadline_at": None}, response_only=True)
    ],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _write_off(request, number))
@idempotent
def decline(request: Request, number: str) -> Response:
    """Do not."""
    found = _write_off(request, number)
    debts.decline(found, by=request.user, at=clock.now())
    return Response(WriteOffShown(found).data)


def _write_off(request: Request, number: str) -> WriteOff:
    require_role(request, frozenset({Role.FINANCE}))
    return get_object_or_404(WriteOff.objects.select_related("user"), pk=int(number))


def _debt(request: Request) -> Response:
    address = f"{signed_in(request).address}:debt"
    lines = page(request, accounts.statement(address), by="-seq")
    found = {"owed": -accounts.balance(address), "results": lines.results, "next": lines.next}
    return Response(DebtShown(found).data)
