"""The API of wallets: the balance, top-ups, payments and payouts of whoever asks.

A channel is asked after the transaction of the request, never inside it: the answer to a POST may therefore still lack
what the channel says, and the next GET has it.
"""

import logging

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from ledger import accounts, brake, gateways, hooks, payments
from ledger.gateways import ChannelDown, ChannelRefused, UnknownChannel
from ledger.models import Account, BooksCheck, Brake, Payment, Payout
from ledger.roles import SEEING_ACCOUNTS, SEEING_BRAKE, require_role
from ledger.serializers import (
    AccountShown,
    BrakeStateShown,
    PaymentPage,
    PaymentShown,
    PayoutPage,
    PayoutShown,
    ReasonToGive,
    TopUpToStart,
    WalletShown,
)
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

A_PAYMENT = {
    "number": "P26112204817365",
    "state": "awaiting",
    "turn": "buyer",
    "amount": 10_000,
    "channel": "sandbox",
    "subject": "user:3",
    "pay_url": "",
    "entered_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-11-22T02:15:00Z",
    "paid_at": None,
}
A_PAYOUT = {
    "number": "B26112204817365",
    "state": "paid",
    "turn": "",
    "amount": 9_800,
    "destination": "channel",
    "channel": "sandbox",
    "cause": "refund:12",
    "planned_at": "2026-11-22T02:00:00Z",
    "deadline_at": None,
    "paid_at": "2026-11-22T02:00:03Z",
}
A_WALLET = {
    "balance": 10_000,
    "results": [
        {
            "number": 1,
            "at": "2026-11-22T02:05:00Z",
            "amount": 10_000,
            "balance": 10_000,
            "reason": "top_up",
            "subject": "payment:9",
        }
    ],
    "next": None,
}


@extend_schema(
    operation_id="getWallet",
    summary="See the own balance line by line",
    description="Newest line first, 50 a page.",
    parameters=[CURSOR],
    responses=WalletShown,
    examples=[OpenApiExample("After a first top-up", A_WALLET, response_only=True)],
)
@api_view(["GET"])
def wallet(request: Request) -> Response:
    """The balance with its statement."""
    address = f"{signed_in(request).address}:wallet"
    lines = page(request, accounts.statement(address), by="-seq")
    found = {"balance": accounts.balance(address), "results": lines.results, "next": lines.next}
    return Response(WalletShown(found).data)


@extend_schema(
    methods=["GET"],
    operation_id="listPayments",
    summary="List the own payments",
    description="Top-ups and payments of orders by a channel. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=PaymentPage,
    examples=[OpenApiExample("One payment", {"results": [A_PAYMENT], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="topUp",
    summary="Top up the own balance",
    description=(
        "The payment waits for the channel for 15 minutes. Ask for it again at `Location` to get its `pay_url`."
        " Refused with `no_channel` while no payment channel is open."
    ),
    request=TopUpToStart,
    responses={201: PaymentShown},
    examples=[
        OpenApiExample("¥100.00", {"amount": 10_000}, request_only=True),
        OpenApiExample("The new payment", A_PAYMENT, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def all_payments(request: Request) -> Response:
    """The own payments, and a new top-up."""
    if request.method == "POST":
        return _top_up(request)
    return Response(PaymentPage(page(request, Payment.objects.visible_to(request.user), by="-pk")).data)


def _top_up(request: Request) -> Response:
    told = TopUpToStart(data=request.data)
    told.is_valid(raise_exception=True)
    channels = gateways.open_channels()
    if not channels:
        raise Refused("no_channel", payments.NO_CHANNEL)
    found = payments.top_up(
        user=request.user, amount=told.validated_data["amount"], channel=channels[0], at=clock.now()
    )
    transaction.on_commit(lambda: _open(found))
    location = reverse("api:payment", kwargs={"number": found.number})
    return Response(PaymentShown(found).data, status=201, headers={"Location": location})


@extend_schema(
    operation_id="getPayment",
    summary="Look at a payment",
    description="Only your own; others do not exist.",
    responses=PaymentShown,
    examples=[OpenApiExample("To be paid", A_PAYMENT, response_only=True)],
)
@api_view(["GET"])
def payment(request: Request, number: str) -> Response:
    """One payment."""
    return Response(PaymentShown(_payment(request, number)).data)


@extend_schema(
    operation_id="checkPayment",
    summary="Have the channel asked about a payment",
    description=(
        "For when its notice does not come. The channel is asked after this answer was written: look at the payment"
        " again to see what it said. Opens the charge at the channel if that failed before."
    ),
    request=None,
    responses={202: OpenApiResponse(PaymentShown, "The payment as it was before the channel is asked")},
    examples=[OpenApiExample("Being asked about", A_PAYMENT, response_only=True, status_codes=["202"])],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _payment(request, number))
@idempotent
def check_payment(request: Request, number: str) -> Response:
    """Ask the channel what was paid."""
    found = _payment(request, number)
    transaction.on_commit(lambda: _check(found))
    return Response(PaymentShown(found).data, status=202)


@extend_schema(
    operation_id="listPayouts",
    summary="List the money that goes back to you",
    description="Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=PayoutPage,
    examples=[OpenApiExample("One that arrived", {"results": [A_PAYOUT], "next": None}, response_only=True)],
)
@api_view(["GET"])
def all_payouts(request: Request) -> Response:
    """The own payouts."""
    return Response(PayoutPage(page(request, Payout.objects.visible_to(request.user), by="-pk")).data)


@extend_schema(
    operation_id="getPayout",
    summary="Follow a payout",
    description="Only your own; others do not exist.",
    responses=PayoutShown,
    examples=[OpenApiExample("Arrived", A_PAYOUT, response_only=True)],
)
@api_view(["GET"])
def payout(request: Request, number: str) -> Response:
    """One payout."""
    return Response(PayoutShown(get_object_or_404(Payout.objects.visible_to(request.user), number=number)).data)


AN_ACCOUNT = {"address": "platform:fund", **A_WALLET}
A_BRAKE = {
    "is_raised": True,
    "brake": {
        "why": "the sum of all balances is zero",
        "broken": {"the sum of all balances is zero": ["1 fen"]},
        "raised_at": "2026-11-22T02:05:00Z",
        "raised_by": None,
        "signed_by": None,
    },
    "actions": [],
    "last_whole_check": {"at": "2026-11-21T19:10:00Z", "rules": 90, "is_clean": True},
    "last_recent_check": {"at": "2026-11-22T02:05:00Z", "rules": 20, "is_clean": False},
}


@extend_schema(
    operation_id="getBrake",
    summary="See whether payouts are paused",
    description="For finance, risk, leads and auditors; for others it is not there.",
    responses=BrakeStateShown,
    examples=[OpenApiExample("Raised by the books", A_BRAKE, response_only=True)],
)
@api_view(["GET"])
def payout_brake(request: Request) -> Response:
    """The payout brake."""
    require_role(request, SEEING_BRAKE)
    return _brake(request)


@extend_schema(
    operation_id="raiseBrake",
    summary="Let nothing leave the mall",
    description="One person of finance or risk. Refused: `not_your_turn`.",
    request=ReasonToGive,
    responses=BrakeStateShown,
    examples=[
        OpenApiExample("Why", {"reason": "The channel reports a refund that we do not know."}, request_only=True),
        OpenApiExample("It is on", A_BRAKE, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def raise_brake(request: Request) -> Response:
    """Raise the payout brake."""
    require_role(request, SEEING_BRAKE)
    told = ReasonToGive(data=request.data)
    told.is_valid(raise_exception=True)
    brake.raise_brake(why=told.validated_data["reason"], by=request.user, at=clock.now())
    return _brake(request)


@extend_schema(
    operation_id="releaseBrake",
    summary="Sign that payouts may run again, or release them as the second person",
    description=(
        "Two people of finance. Refused: `books_not_clean` until the whole books were found clean since it was raised,"
        " `second_person` to whoever signed first, `not_your_turn`, `wrong_moment`."
    ),
    request=ReasonToGive,
    responses=BrakeStateShown,
    examples=[
        OpenApiExample("Why", {"reason": "The channel has corrected its list."}, request_only=True),
        OpenApiExample("Signed once", A_BRAKE, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def release_brake(request: Request) -> Response:
    """Sign, or release, the payout brake."""
    require_role(request, SEEING_BRAKE)
    told = ReasonToGive(data=request.data)
    told.is_valid(raise_exception=True)
    found = get_object_or_404(Brake.objects.order_by("-pk")[:1])
    brake.sign_release(found, reason=told.validated_data["reason"], by=request.user, at=clock.now())
    return _brake(request)


@extend_schema(
    operation_id="getAccount",
    summary="See any account line by line",
    description=(
        "For finance and auditors; for others it is not there. Newest line first, 50 a page. Of a shop's account they"
        " say first what for (`lookAtMoney`, else refused: `reason_first`)."
    ),
    parameters=[CURSOR],
    responses=AccountShown,
    examples=[OpenApiExample("The guarantee fund", AN_ACCOUNT, response_only=True)],
)
@api_view(["GET"])
def account(request: Request, address: str) -> Response:
    """One account with its statement."""
    require_role(request, SEEING_ACCOUNTS)
    if hooks.asked_first(address, request.user, at=clock.now(), back=""):
        raise Refused("reason_first", _("Say first what you need this shop's money for; the shop reads it."))
    return statement_of(request, get_object_or_404(Account, address=address))


def statement_of(request: Request, found: Account) -> Response:
    """An account and a page of its lines; whoever calls has asked who may see them."""
    lines = page(request, accounts.statement(found.address), by="-seq")
    told = {"address": found.address, "balance": found.balance, "results": lines.results, "next": lines.next}
    return Response(AccountShown(told).data)


def _brake(request: Request) -> Response:
    on = brake.current()
    last = {scope: BooksCheck.objects.filter(scope=scope).order_by("-pk").first() for scope in BooksCheck.Scope.values}
    told = {
        "is_raised": on is not None,
        "brake": on,
        "actions": brake.actions_for(on, request.user),
        "last_whole_check": last[BooksCheck.Scope.WHOLE],
        "last_recent_check": last[BooksCheck.Scope.RECENT],
    }
    return Response(BrakeStateShown(told).data)


def _payment(request: Request, number: str) -> Payment:
    return get_object_or_404(Payment.objects.visible_to(request.user), number=number)


def _open(found: Payment) -> None:
    try:
        payments.open_charge(found, title=str(payments.TITLE))
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s opened no charge for %s: %s", found.channel, found.number, error)


def _check(found: Payment) -> None:
    at = clock.now()
    fire_overdue(found.root_address, at=at)
    found.refresh_from_db()
    if found.is_open(at) and not found.pay_url:
        _open(found)
        return
    try:
        payments.ask_channel(found, at=at)
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s gave no answer about %s: %s", found.channel, found.number, error)
