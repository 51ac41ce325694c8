"""The API of connections to suppliers, for a lead: the same verbs as the page."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from shops import connections
from shops.models import Connection, Shop
from shops.serializers import Text
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_CONNECTION = {
    "id": 3,
    "gateway": "sandbox",
    "shop": "xinghe",
    "tied_at": "2026-11-22T02:00:00Z",
    "ended_at": None,
}


class ConnectionToTie(serializers.Serializer[Any]):
    """Which shop may use which connection; without a shop, all may."""

    gateway = Text(max_length=20)
    shop = Text(max_length=50, required=False, allow_blank=True, help_text="Its address; empty: every shop.")


class ConnectionShown(serializers.Serializer[Connection]):
    """Who may use a connection of the mall."""

    id = serializers.IntegerField()
    gateway = serializers.CharField(help_text="By its name.")
    shop = serializers.CharField(source="shop.slug", default=None, allow_null=True, help_text="Nothing: every shop.")
    tied_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ConnectionPage(serializers.Serializer[Any]):
    """Connections, 50 a page."""

    results = ConnectionShown(many=True)
    next = serializers.CharField(allow_null=True)


@extend_schema(
    methods=["GET"],
    operation_id="listConnections",
    summary="List who may use which connection to a supplier",
    description="For a lead; newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ConnectionPage,
    examples=[OpenApiExample("One", {"results": [A_CONNECTION], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="tieConnection",
    summary="Let a shop use a connection to a supplier",
    description="For a lead. Refused: `no_such_connection`, `tied_already`.",
    request=ConnectionToTie,
    responses={201: ConnectionShown},
    examples=[
        OpenApiExample("For one shop", {"gateway": "sandbox", "shop": "xinghe"}, request_only=True),
        OpenApiExample("Tied", A_CONNECTION, response_only=True),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def of_all(request: Request) -> Response:
    """Who may use what, and one more."""
    _require_lead(request)
    if request.method == "GET":
        return Response(ConnectionPage(page(request, connections.live(), by="-pk")).data)
    told = ConnectionToTie(data=request.data)
    told.is_valid(raise_exception=True)
    slug = told.validated_data.get("shop", "")
    shop = Shop.objects.filter(slug=slug).first() if slug else None
    if slug and shop is None:
        raise serializers.ValidationError({"shop": _("There is no such shop.")}, code="does_not_exist")
    made = connections.tie(gateway=told.validated_data["gateway"], shop=shop, by=request.user, at=clock.now())
    return Response(ConnectionShown(made).data, status=201)


@extend_schema(
    operation_id="untieConnection",
    summary="Take a connection to a supplier back",
    description="For a lead. What is on sale through it goes on until it is edited. Refused: `untied_already`.",
    request=None,
    responses=ConnectionShown,
    examples=[OpenApiExample("Over", A_CONNECTION | {"ended_at": "2026-11-23T02:00:00Z"}, response_only=True)],
)
@api_view(["POST"])
@idempotent
def untie(request: Request, pk: int) -> Response:
    """Nobody chooses it anew by this."""
    _require_lead(request)
    found = get_object_or_404(Connection.objects.select_related("shop"), pk=pk)
    connections.untie(found, by=request.user, at=clock.now())
    return Response(ConnectionShown(found).data)


def _require_lead(request: Request) -> None:
    if not connections.may_tie(signed_in(request)):
        raise Http404
