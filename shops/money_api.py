"""The API of a shop's money: pay the deposit, say where the money goes, withdraw; the same verbs as the pages."""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.reauthentication import require_fresh
from accounts.requests import signed_in
from ledger import gateways, payments
from ledger.api import A_PAYMENT, A_PAYOUT
from ledger.gateways import ChannelDown, ChannelRefused, UnknownChannel
from ledger.models import Payment
from ledger.serializers import PaymentShown
from shops import lifecycle, looks
from shops import withdrawals as verbs
from shops.models import BOOKS, MONEY, SEEING_MONEY, Deposit, Shop, keeping
from shops.money_serializers import (
    MoneyLookPage,
    MoneyLookShown,
    MoneyToLookAt,
    PayeeOfShop,
    PayeeToName,
    SumToPay,
    WithdrawalPage,
    WithdrawalShown,
)
from timeline import clock
from timeline.api import CURSOR, idempotent, page
from timeline.refusals import Refused

log = logging.getLogger(__name__)

A_PAYEE = {
    "number": "…8888",
    "holder": "北京星河科技有限公司",
    "channel": "sandbox",
    "state": "cooling",
    "turn": "system",
    "named_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-11-23T02:00:00Z",
    "available": 120_000,
    "exposed": 20_000,
    "owed": 0,
    "free": 100_000,
}
A_WITHDRAWAL = {name: A_PAYOUT[name] for name in ("number", "amount", "planned_at", "paid_at")} | {
    "state": "planned",
    "turn": "system",
    "paid_at": None,
    "is_held": False,
}


@extend_schema(
    operation_id="payDeposit",
    summary="Pay a shop's deposit by a channel",
    description=(
        "For the shop's people of finance. The payment waits for the channel for 15 minutes; ask for it again at"
        " `Location` to get its `pay_url`. Refused: `no_channel`, `deposit_closing`, `bad_amount`."
    ),
    request=SumToPay,
    responses={201: PaymentShown},
    examples=[
        OpenApiExample("¥1,000.00", {"amount": 100_000}, request_only=True),
        OpenApiExample(
            "The new payment", A_PAYMENT | {"subject": "deposit:7"}, response_only=True, status_codes=["201"]
        ),
    ],
)
@api_view(["POST"])
@idempotent
def pay_in(request: Request, slug: str) -> Response:
    """The shop pays its deposit."""
    own = Deposit.objects.select_related("shop")
    deposit = get_object_or_404(own, keeping(request.user, MONEY, shop="shop"), shop__slug=slug)
    told = SumToPay(data=request.data)
    told.is_valid(raise_exception=True)
    channels = gateways.open_channels()
    if not channels:
        raise Refused("no_channel", payments.NO_CHANNEL)
    asked = lifecycle.ask_to_pay(
        deposit, amount=told.validated_data["amount"], channel=channels[0], by=request.user, at=clock.now()
    )
    transaction.on_commit(lambda: _open(asked))
    return Response(
        PaymentShown(asked).data, status=201, headers={"Location": reverse("api:payment", args=[asked.number])}
    )


@extend_schema(
    methods=["GET"],
    operation_id="getAccountOfShop",
    summary="See where a shop's money goes, and how much can be withdrawn",
    description="For those who see the shop's money. 404 also while no account has been named.",
    responses=PayeeOfShop,
    examples=[OpenApiExample("A new account", A_PAYEE, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="nameAccountOfShop",
    summary="Say where a shop's money goes",
    description=(
        "For the shop's people of finance, who must have proved within five minutes that it is them. Nothing is sent"
        " there for 24 hours, and nothing to the one before. Refused: `reauthentication_required`, `no_channel`,"
        " `same_account`, `suspended`."
    ),
    request=PayeeToName,
    responses={201: PayeeOfShop},
    examples=[
        OpenApiExample(
            "An account", {"holder": "北京星河科技有限公司", "account": "6222020200118888"}, request_only=True
        ),
        OpenApiExample("It rests", A_PAYEE, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def account(request: Request, slug: str) -> Response:
    """The account to which a shop's money goes."""
    if request.method == "POST":
        shop = _shop(request, slug, MONEY)
        require_fresh(request._request)
        told = PayeeToName(data=request.data)
        told.is_valid(raise_exception=True)
        verbs.name_account(shop, by=request.user, at=clock.now(), **told.validated_data)
        return Response(_account(shop), status=201)
    return Response(_account(_shop(request, slug, BOOKS)))


@extend_schema(
    methods=["GET"],
    operation_id="listWithdrawals",
    summary="See what a shop has withdrawn",
    description="For those who see the shop's money. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=WithdrawalPage,
    examples=[OpenApiExample("One", {"results": [A_WITHDRAWAL], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="withdraw",
    summary="Withdraw what is available",
    description=(
        "For the shop's people of finance, who must have proved within five minutes that it is them. The money is set"
        " aside at once and sent within seconds; above the mall's limit, for all that is withdrawn within 24 hours, two"
        " people of its finance let it go (`is_held`). Never what open cases may need. Refused:"
        " `reauthentication_required`, `no_account`, `account_too_new`, `bad_amount`, `insufficient_balance`,"
        " `payouts_paused`, `suspended`."
    ),
    request=SumToPay,
    responses={201: WithdrawalShown},
    examples=[
        OpenApiExample("¥1,000.00", {"amount": 100_000}, request_only=True),
        OpenApiExample("Set aside", A_WITHDRAWAL, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def withdrawals(request: Request, slug: str) -> Response:
    """What was withdrawn, and a new withdrawal."""
    if request.method == "POST":
        shop = _shop(request, slug, MONEY)
        require_fresh(request._request)
        told = SumToPay(data=request.data)
        told.is_valid(raise_exception=True)
        sent = verbs.withdraw(
            shop,
            amount=told.validated_data["amount"],
            four_eyes_above=settings.WITHDRAWAL_FOUR_EYES_ABOVE,
            key=f"api:{request.user.pk}:{request.headers['Idempotency-Key'][:60]}",
            by=request.user,
            at=clock.now(),
        )
        return Response(WithdrawalShown(sent).data, status=201)
    return Response(WithdrawalPage(page(request, verbs.sent_by(_shop(request, slug, BOOKS)), by="-pk")).data)


A_LOOK = {"id": 3, "shop": "xinghe", "by": 12, "reason": "核对 11 月的提现。", "at": "2026-11-22T02:00:00Z"}


@extend_schema(
    methods=["GET"],
    operation_id="listLooksAtMoney",
    summary="See who of the mall looked at a shop's money",
    description="For those who keep the shop's books, leads and auditors. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=MoneyLookPage,
    examples=[OpenApiExample("One", {"results": [A_LOOK], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="lookAtMoney",
    summary="Say what you need a shop's money for",
    description=(
        "For the mall's staff of money, before they read it; it lasts for half an hour, and the shop reads it. Refused:"
        " `not_your_turn`, `reason_missing`."
    ),
    request=MoneyToLookAt,
    responses={201: MoneyLookShown},
    examples=[
        OpenApiExample("What for", {"reason": "核对 11 月的提现。"}, request_only=True),
        OpenApiExample("On record", A_LOOK, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def looks_of_shop(request: Request, slug: str) -> Response:
    """Who looked, and one more look."""
    shop = get_object_or_404(Shop, slug=slug)
    if request.method == "GET":
        if not looks.may_read(shop, request.user):
            raise Http404
        return Response(MoneyLookPage(page(request, looks.all_of(shop), by="-pk")).data)
    if not signed_in(request).roles & SEEING_MONEY:
        raise Http404
    told = MoneyToLookAt(data=request.data)
    told.is_valid(raise_exception=True)
    looks.look(shop, reason=told.validated_data["reason"], by=request.user, at=clock.now())
    return Response(MoneyLookShown(looks.all_of(shop).filter(by=request.user.pk).latest("pk")).data, status=201)


@extend_schema(
    operation_id="listAllLooksAtMoney",
    summary="See who of the mall looked at any shop's money",
    description="For leads and auditors. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=MoneyLookPage,
    examples=[OpenApiExample("One", {"results": [A_LOOK], "next": None}, response_only=True)],
)
@api_view(["GET"])
def all_looks(request: Request) -> Response:
    """Every look."""
    if not signed_in(request).roles & looks.READING:
        raise Http404
    return Response(MoneyLookPage(page(request, looks.all_of(), by="-pk")).data)


def _account(shop: Shop) -> Any:
    payee = verbs.payee_of(shop)
    if payee is None:
        raise Http404
    return PayeeOfShop({"payee": payee, "purse": verbs.purse(shop)}).data


def _shop(request: Request, slug: str, what: str) -> Shop:
    found = get_object_or_404(Shop, slug=slug)
    if not found.may(request.user, what):
        raise Http404
    return found


def _open(payment: Payment) -> None:
    """Announce the charge to the channel; where it is away, asking for the payment again does it."""
    try:
        payments.open_charge(payment, title=str(payments.TITLE))
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s opened no charge for %s: %s", payment.channel, payment.number, error)
