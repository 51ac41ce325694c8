"""The API of the mall's staff: who holds which role, how a lead gives one and takes it back."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import lifecycle
from accounts.models import Role, StaffRole, User
from accounts.reauthentication import require_fresh
from accounts.requests import signed_in
from accounts.staffing import require_lead, require_seeing, to_end
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_ROLE = {
    "id": 9,
    "user": 12,
    "nickname": "方审理",
    "role": "arbiter",
    "granted_at": "2026-11-22T02:00:00Z",
    "granted_by": 3,
    "revoked_at": None,
    "revoked_by": None,
}


class RoleToGive(serializers.Serializer[Any]):
    """Who gets which role."""

    email = serializers.EmailField(help_text="The address of somebody who has signed up.")
    role = serializers.ChoiceField(Role.choices)

    def validate_email(self, email: str) -> str:
        """Somebody has to be behind it."""
        if not User.objects.filter(email=email.lower()).exists():
            raise serializers.ValidationError(_("Nobody has signed up with this address."), code="unknown")
        return email.lower()


class RoleHeld(serializers.Serializer[Any]):
    """A role of staff that somebody holds or held."""

    id = serializers.IntegerField()
    user = serializers.IntegerField(source="user_id")
    nickname = serializers.CharField(source="user.nickname", allow_blank=True)
    role = serializers.ChoiceField(Role.choices)
    granted_at = serializers.DateTimeField()
    granted_by = serializers.IntegerField(
        source="granted_by_id", allow_null=True, help_text="Null for the first lead, whom the operator appointed."
    )
    revoked_at = serializers.DateTimeField(allow_null=True, help_text="Null while it is held.")
    revoked_by = serializers.IntegerField(source="revoked_by_id", allow_null=True)


class RolePage(serializers.Serializer[Any]):
    """A part of the list."""

    results = RoleHeld(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


@extend_schema(
    methods=["GET"],
    operation_id="listStaff",
    summary="See who works for the mall, and who did",
    description="For leads and auditors; for others it is not there. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=RolePage,
    examples=[OpenApiExample("One role", {"results": [A_ROLE], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="grantRole",
    summary="Give somebody a role of staff",
    description=(
        "By a lead who signed in within the last five minutes. Asked twice it changes nothing. Refused:"
        " `reauthentication_required`, `not_yourself`, `account_closed`, `suspended`, `auditor_alone`."
    ),
    request=RoleToGive,
    responses={201: RoleHeld},
    examples=[
        OpenApiExample("An arbiter", {"email": "fang@example.com", "role": "arbiter"}, request_only=True),
        OpenApiExample("The role", A_ROLE, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def staff(request: Request) -> Response:
    """Who works for the mall, and a new role."""
    if request.method == "POST":
        require_lead(request)
        require_fresh(request._request)
        told = RoleToGive(data=request.data)
        told.is_valid(raise_exception=True)
        who = User.objects.get(email=told.validated_data["email"])
        granted = lifecycle.grant(who, told.validated_data["role"], by=signed_in(request), at=clock.now())
        return Response(RoleHeld(granted).data, status=201)
    require_seeing(request)
    return Response(RolePage(page(request, StaffRole.objects.select_related("user"), by="-pk")).data)


@extend_schema(
    operation_id="revokeRole",
    summary="Take a role of staff back",
    description=(
        "By a lead who signed in within the last five minutes. Refused: `reauthentication_required`, `not_yourself`,"
        " `no_such_role`."
    ),
    request=None,
    responses=RoleHeld,
    examples=[
        OpenApiExample("Ended", {**A_ROLE, "revoked_at": "2026-11-23T02:00:00Z", "revoked_by": 3}, response_only=True)
    ],
)
@api_view(["POST"])
@idempotent
def revoke(request: Request, pk: int) -> Response:
    """Take it back."""
    require_lead(request)
    require_fresh(request._request)
    found = to_end(pk)
    lifecycle.revoke(found.user, found.role, by=signed_in(request), at=clock.now())
    found.refresh_from_db()
    return Response(RoleHeld(found).data)
