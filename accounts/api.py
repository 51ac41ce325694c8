"""The API of people: who is asking."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Level, Role
from accounts.requests import signed_in


class Me(serializers.Serializer[Any]):
    """The person who is signed in, as the mall knows them."""

    id = serializers.IntegerField()
    nickname = serializers.CharField(allow_blank=True, help_text="What others see; empty if none was chosen.")
    level = serializers.ChoiceField(Level.choices, help_text="M0 to M4: the membership level.")
    roles = serializers.ListField(
        child=serializers.ChoiceField(Role.choices), help_text="What the person does for the mall, if anything."
    )


@extend_schema(
    operation_id="getMe",
    summary="Who am I",
    description="The person whose session this is.",
    responses=Me,
    examples=[OpenApiExample("A buyer", {"id": 7, "nickname": "小林", "level": "M1", "roles": []}, response_only=True)],
)
@api_view(["GET"])
def me(request: Request) -> Response:
    """The person who is signed in."""
    person = signed_in(request)
    known = {"id": person.pk, "nickname": person.nickname, "level": person.level, "roles": sorted(person.roles)}
    return Response(Me(known).data)
