"""The API of a shop's machines: its endpoints, their log, and the news by cursor for those who rather ask."""

import json
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes, throttle_classes
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from notifications import webhooks
from notifications.models import HEARD, Call, Endpoint, all_groups
from shops.models import SERVE, Shop, keeping
from timeline import clock
from timeline.api import CURSOR, Polling, idempotent, page

GROUPS = [(group.value, group.label) for group in HEARD]
PAGE = 100
WITHOUT_KEY = {"x-idempotency-key": "none"}
#: By the endpoint's own secret; what writes the contract wants whole requirements here, and says: names.
BY_SECRET: list[Any] = [{"endpoint": []}]


class MachineSecret(BaseAuthentication):
    """An endpoint's machine, known by the endpoint's secret; it is nobody of the mall's people."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The endpoint that the address names, if the secret is its own."""
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        key = request.parser_context["kwargs"].get("pk") if request.parser_context else None
        if scheme.lower() != "bearer" or not secret or key is None:
            return None
        found = Endpoint.objects.there().filter(pk=key).first()
        if found is None or not webhooks.knows(found, secret, at=clock.now()):
            raise exceptions.AuthenticationFailed
        return None, found

    def authenticate_header(self, request: Request) -> str:
        """What a stranger is told to bring."""
        return "Bearer"


class MachineSecretScheme(OpenApiAuthenticationExtension):
    """The contract's words for an endpoint's secret."""

    target_class = "notifications.webhook_api.MachineSecret"
    name = "endpoint"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The secret of the endpoint, `whsec_…`."}


class IsTheMachine(BasePermission):
    """The endpoint's own machine."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Endpoint)


class EndpointToMake(serializers.Serializer[Any]):
    """Where a machine is called, and what it hears of."""

    url = serializers.URLField(
        max_length=300, allow_blank=True, default="", help_text="https, public; empty if the machine asks for itself."
    )
    groups = serializers.ListField(
        child=serializers.ChoiceField(GROUPS), default=all_groups, help_text="What it hears of; without it, everything."
    )


class OneEndpoint(serializers.Serializer[Endpoint]):
    """A machine of a shop. Its secret is told once, when it is made or changed."""

    id = serializers.IntegerField()
    url = serializers.CharField(source="webhook_url", help_text="Empty if it is not called.")
    groups = serializers.ListField(child=serializers.ChoiceField(GROUPS))
    made_at = serializers.DateTimeField()
    paused_at = serializers.DateTimeField(allow_null=True, help_text="Since then nothing is sent; it waits.")


class EndpointPage(serializers.Serializer[Any]):
    """A page of endpoints."""

    results = OneEndpoint(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class EndpointWithSecret(serializers.Serializer[Any]):
    """An endpoint and its secret, this once."""

    endpoint = OneEndpoint()
    secret = serializers.CharField(help_text="Signs every call and lets the machine ask. Never told again.")


class OneCall(serializers.Serializer[Call]):
    """One line of the log: what was told and what became of it."""

    id = serializers.IntegerField()
    type = serializers.CharField(help_text="The event, `refund.requested`.")
    case = serializers.CharField(source="root", help_text="What `sequence` counts in.")
    sequence = serializers.IntegerField(help_text="1, 2, 3 … in each case.")
    made_at = serializers.DateTimeField()
    tries = serializers.IntegerField()
    sent_at = serializers.DateTimeField(allow_null=True, help_text="When it arrived.")
    given_up_at = serializers.DateTimeField(allow_null=True, help_text="When it was given up; it can be replayed.")
    next_try_at = serializers.DateTimeField(allow_null=True)


class CallPage(serializers.Serializer[Any]):
    """A page of the log."""

    results = OneCall(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class News(serializers.Serializer[Any]):
    """What happened since a cursor, oldest first: the same words as in a call."""

    results = serializers.ListField(child=serializers.DictField(), help_text="The bodies of the calls.")
    cursor = serializers.IntegerField(help_text="Where to go on: the number of the last of these, or what was sent.")
    is_all = serializers.BooleanField(help_text="Whether nothing more waits.")


class Replayed(serializers.Serializer[Any]):
    """What is sent once more."""

    calls = serializers.IntegerField(help_text="How many calls it were.")


AN_ENDPOINT = {
    "id": 3,
    "url": "https://shop.example/kamen",
    "groups": ["cases", "disputes", "messages", "money", "orders"],
    "made_at": "2026-11-22T02:00:00Z",
    "paused_at": None,
}
WITH_SECRET = {"endpoint": AN_ENDPOINT, "secret": "whsec_9m…"}
A_BODY = {
    "id": 812,
    "version": 1,
    "type": "refund.requested",
    "at": "2026-11-22T02:05:00+00:00",
    "sequence": 4,
    "case": "order:12",
    "subject": {"kind": "refund", "number": "R26112204817365"},
    "order": "K26112204817365",
    "shop": "xinghe",
    "state_before": "",
    "state": "requested",
    "amount": 9_800,
}


@extend_schema(
    methods=["GET"],
    operation_id="listEndpoints",
    summary="See where a shop's machines are called",
    description="For the shop's people who answer buyers.",
    parameters=[CURSOR],
    responses=EndpointPage,
    examples=[OpenApiExample("One endpoint", {"results": [AN_ENDPOINT], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="addEndpoint",
    summary="Name a machine that hears what happens",
    description=(
        "Only the owner. The secret is in this answer and nowhere else. Refused: `not_your_turn`, `too_many`,"
        " `bad_address`, `no_such_choice`."
    ),
    request=EndpointToMake,
    responses={201: EndpointWithSecret},
    extensions=WITHOUT_KEY,
    examples=[
        OpenApiExample("An address", {"url": "https://shop.example/kamen"}, request_only=True),
        OpenApiExample("The secret, once", WITH_SECRET, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
def endpoints(request: Request, slug: str) -> Response:
    """A shop's endpoints, and a new one."""
    shop = get_object_or_404(Shop, keeping(request.user, SERVE), slug=slug)
    if request.method == "POST":
        told = EndpointToMake(data=request.data)
        told.is_valid(raise_exception=True)
        found, secret = webhooks.add(shop, by=signed_in(request), at=clock.now(), **told.validated_data)
        return _with_secret(found, secret, status=201)
    return Response(EndpointPage(page(request, shop.webhooks.there(), by="-pk")).data)


@extend_schema(
    operation_id="rotateEndpoint",
    summary="Change an endpoint's secret",
    description="Only the owner. The secret before counts for 24 hours more; calls are signed with both. Told once.",
    request=None,
    responses=EndpointWithSecret,
    extensions=WITHOUT_KEY,
    examples=[OpenApiExample("The secret, once", WITH_SECRET, response_only=True)],
)
@api_view(["POST"])
def rotate(request: Request, pk: int) -> Response:
    """A new secret."""
    found = _find(request, pk)
    return _with_secret(found, webhooks.rotate(found, by=signed_in(request), at=clock.now()))


@extend_schema(
    operation_id="replayEndpoint",
    summary="Send once more what was given up",
    description="Everything that was given up, in its order. Refused: `wrong_moment` if there is nothing.",
    request=None,
    responses=Replayed,
    examples=[OpenApiExample("Three calls", {"calls": 3}, response_only=True)],
)
@api_view(["POST"])
@idempotent
def replay(request: Request, pk: int) -> Response:
    """The dead letters once more."""
    number = webhooks.replay_dead(_find(request, pk), by=signed_in(request), at=clock.now())
    return Response(Replayed({"calls": number}).data)


@extend_schema(
    operation_id="listCalls",
    summary="See what became of an endpoint's calls",
    description="Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=CallPage,
    examples=[
        OpenApiExample(
            "One that arrived",
            {
                "results": [
                    {
                        "id": 812,
                        "type": "refund.requested",
                        "case": "order:12",
                        "sequence": 4,
                        "made_at": "2026-11-22T02:05:00Z",
                        "tries": 1,
                        "sent_at": "2026-11-22T02:05:02Z",
                        "given_up_at": None,
                        "next_try_at": "2026-11-22T02:08:02Z",
                    }
                ],
                "next": None,
            },
            response_only=True,
        )
    ],
)
@api_view(["GET"])
@throttle_classes([Polling])
def calls(request: Request, pk: int) -> Response:
    """The log of one endpoint."""
    return Response(CallPage(page(request, _find(request, pk).calls.all(), by="-pk")).data)


@extend_schema(
    operation_id="pollEndpoint",
    summary="Ask for the news",
    description=(
        "For the endpoint's machine, with its secret. At most 100, oldest first; go on with `cursor`. The same"
        " cursor gives the same answer. Ask up to 60 times a minute; 429 `too_many_requests` with `Retry-After` beyond."
    ),
    auth=BY_SECRET,
    parameters=[
        OpenApiParameter(
            "after", int, OpenApiParameter.QUERY, description="The `cursor` of the last answer; without it, all."
        )
    ],
    responses=News,
    examples=[OpenApiExample("One", {"results": [A_BODY], "cursor": 812, "is_all": True}, response_only=True)],
)
@api_view(["GET"])
@authentication_classes([MachineSecret])
@permission_classes([IsTheMachine])
@throttle_classes([Polling])
def news(request: Request, pk: int) -> HttpResponse | Response:
    """What happened since a cursor."""
    after = request.query_params.get("after", "0")
    if not (after.isdecimal() and after.isascii() and len(after) < 19):
        raise serializers.ValidationError({"after": [_("A cursor is a whole number.")]})
    endpoint: Any = request.auth
    rows = list(endpoint.calls.filter(pk__gt=int(after)).order_by("pk")[: PAGE + 1])
    found = {
        "results": [json.loads(each.body) for each in rows[:PAGE]],
        "cursor": rows[:PAGE][-1].pk if rows else int(after),
        "is_all": len(rows) <= PAGE,
    }
    return Response(News(found).data)


def _with_secret(endpoint: Endpoint, secret: str, *, status: int = 200) -> Response:
    answer = Response(EndpointWithSecret({"endpoint": endpoint, "secret": secret}).data, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _find(request: Request, pk: int) -> Endpoint:
    own = Endpoint.objects.there().select_related("shop")
    return get_object_or_404(own, keeping(request.user, SERVE, shop="shop"), pk=pk)
