"""The API of evidence bundles: ask for one, see how far it is, fetch it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from disputes import bundles
from disputes.models import Bundle, Dispute
from timeline import clock
from timeline.api import after_what_is_overdue, idempotent

WAITING = {
    "number": "Z26112204817365",
    "dispute": "D26112204817365",
    "view": "buyer",
    "asked_at": "2026-11-22T02:00:00Z",
    "built_at": None,
    "is_given_up": False,
    "size": 0,
    "sha256": "",
    "url": None,
}


class BundleToAsk(serializers.Serializer[Any]):
    """Which copy of the file."""

    view = serializers.ChoiceField(Bundle.View.choices)


class BundleShown(serializers.Serializer[Any]):
    """A bundle, ready or waited for."""

    number = serializers.CharField()
    dispute = serializers.CharField(source="dispute.number")
    view = serializers.ChoiceField(Bundle.View.choices)
    asked_at = serializers.DateTimeField()
    built_at = serializers.DateTimeField(allow_null=True, help_text="Null while it is being put together.")
    is_given_up = serializers.BooleanField(help_text="It could not be put together.")
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Of the ZIP.")
    url = serializers.SerializerMethodField(help_text="Where the ZIP is, once it is ready.")

    def get_url(self, found: Bundle) -> str | None:
        """Where the ZIP is."""
        return reverse("disputes:fetch_bundle", args=[found.number]) if found.built_at else None


def _visible(request: Request, number: str) -> Dispute:
    seen = Dispute.objects.visible_to(request.user, signed_in(request).roles).with_parties()
    return get_object_or_404(seen, number=number)


@extend_schema(
    operation_id="askForBundle",
    summary="Ask for the whole file of a case",
    description=(
        "One signed ZIP that reads without us. A side asks for its own copy, the buyer also for a regulator's; staff"
        " with the file open for any. A worker makes it within seconds; asking is on record."
    ),
    request=BundleToAsk,
    responses={201: BundleShown},
    examples=[
        OpenApiExample("The buyer's copy", {"view": "buyer"}, request_only=True),
        OpenApiExample("Being put together", WAITING, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_visible)
@idempotent
def ask(request: Request, number: str) -> Response:
    """Ask for a copy."""
    told = BundleToAsk(data=request.data)
    told.is_valid(raise_exception=True)
    view = told.validated_data["view"]
    found = bundles.ask(_visible(request, number), view=view, by=request.user, at=clock.now())
    return Response(BundleShown(found).data, status=201)


@extend_schema(
    operation_id="getBundle",
    summary="See how far a bundle is",
    description="For who asked for it. `url` leads to the ZIP once it is ready.",
    responses=BundleShown,
    examples=[OpenApiExample("Being put together", WAITING, response_only=True)],
)
@api_view(["GET"])
def bundle(request: Request, number: str) -> Response | HttpResponse:
    """One bundle."""
    return Response(BundleShown(get_object_or_404(bundles.visible_to(request.user), number=number)).data)
