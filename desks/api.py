"""The API of what spans rooms: a shop's money, line by line."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from desks.money import POCKETS
from ledger.api import AN_ACCOUNT, statement_of
from ledger.models import Account
from ledger.serializers import AccountShown
from shops import looks
from shops.models import Deposit
from shops.views.shops import may_see_money
from timeline import clock
from timeline.api import CURSOR


@extend_schema(
    operation_id="getMoneyOfShop",
    summary="See one pocket of a shop line by line",
    description=(
        "`pending`, `available`, `deposit` or `reserved`; for the shop and the mall's staff of money, who say first"
        " what for (`lookAtMoney`, else refused: `reason_first`)."
        " Newest line first, 50 a page."
    ),
    parameters=[CURSOR],
    responses=AccountShown,
    examples=[
        OpenApiExample("The deposit", {**AN_ACCOUNT, "address": "shop:7:deposit"}, response_only=True),
    ],
)
@api_view(["GET"])
def money(request: Request, slug: str, pocket: str) -> Response:
    """One pocket of a shop."""
    deposit = get_object_or_404(Deposit.objects.select_related("shop"), shop__slug=slug)
    if pocket not in POCKETS or not may_see_money(deposit, request.user):
        raise Http404
    looks.require_reason(deposit.shop, request.user, at=clock.now())
    address = deposit.shop.account(pocket)
    found = Account.objects.filter(address=address).first() or Account(address=address)
    return statement_of(request, found)
