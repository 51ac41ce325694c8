"""The API of a shop's staff: invite, accept, change, remove; the same verbs as the pages."""

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from shops import staff
from shops.models import STAFF, Member, Shop, keeping
from shops.serializers import DutyToGive, InvitationToSend, MemberOfShop, MemberPage
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_MEMBER = {
    "id": 4,
    "shop": "xinghe",
    "email": "xiaoli@example.com",
    "duty": "support",
    "state": "invited",
    "turn": "invited",
    "invited_at": "2026-11-22T02:00:00Z",
    "entered_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-11-29T16:00:00Z",
}


@extend_schema(
    methods=["GET"],
    operation_id="listMembers",
    summary="See who works in a shop",
    description="For its owner. Newest first, 50 a page; who has left and who declined are still in it.",
    parameters=[CURSOR],
    responses=MemberPage,
    examples=[OpenApiExample("One invitation", {"results": [A_MEMBER], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="inviteMember",
    summary="Invite somebody to work in a shop",
    description=(
        "Whoever signs in with this e-mail address finds the invitation for 7 days. Refused: `own_shop`, `works_here`,"
        " `too_many`."
    ),
    request=InvitationToSend,
    responses={201: MemberOfShop},
    examples=[
        OpenApiExample("For support", {"email": "xiaoli@example.com", "duty": "support"}, request_only=True),
        OpenApiExample("The invitation", A_MEMBER, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def members(request: Request, slug: str) -> Response:
    """Who works in a shop, and a new invitation."""
    shop = get_object_or_404(Shop, keeping(request.user, STAFF), slug=slug)
    if request.method == "POST":
        told = InvitationToSend(data=request.data)
        told.is_valid(raise_exception=True)
        invited = staff.invite(shop, by=request.user, at=clock.now(), **told.validated_data)
        found = Member.objects.select_related("shop").get(pk=invited.pk)
        return Response(MemberOfShop(found).data, status=201, headers={"Location": reverse("api:members", args=[slug])})
    return Response(MemberPage(page(request, shop.members.select_related("shop"), by="-pk")).data)


@extend_schema(
    operation_id="changeDuty",
    summary="Give somebody another duty",
    description="Only the owner. It counts at once.",
    request=DutyToGive,
    responses=MemberOfShop,
    examples=[
        OpenApiExample("For finance", {"duty": "finance"}, request_only=True),
        OpenApiExample(
            "The member",
            A_MEMBER | {"state": "working", "turn": "shop", "duty": "finance", "deadline_at": None},
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@idempotent
def change_duty(request: Request, pk: int) -> Response:
    """Somebody does something else from now on."""
    own = Member.objects.select_related("shop", "user")
    found = get_object_or_404(own, keeping(request.user, STAFF, shop="shop"), pk=pk)
    told = DutyToGive(data=request.data)
    told.is_valid(raise_exception=True)
    staff.change_duty(found, duty=told.validated_data["duty"], by=request.user, at=clock.now())
    return Response(MemberOfShop(found).data)


@extend_schema(
    operation_id="listInvitations",
    summary="See where you are invited to work",
    description="Invitations to your own e-mail address that still stand. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=MemberPage,
    examples=[OpenApiExample("One invitation", {"results": [A_MEMBER], "next": None}, response_only=True)],
)
@api_view(["GET"])
def invitations(request: Request) -> Response:
    """Invitations to whoever asks."""
    found = staff.invitations_for(request.user, clock.now()).order_by()
    return Response(MemberPage(page(request, found, by="-pk")).data)


def _verb(name: str, verb: Callable[..., None], summary: str, description: str, state: str) -> Any:
    """The address of one verb of a member that takes no words."""

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=None,
        responses=MemberOfShop,
        examples=[
            OpenApiExample(
                "The member", A_MEMBER | {"state": state, "turn": "", "deadline_at": None}, response_only=True
            )
        ],
    )
    @api_view(["POST"])
    @idempotent
    def act(request: Request, pk: int) -> Response:
        found = get_object_or_404(staff.visible_to(request.user).select_related("shop", "user"), pk=pk)
        verb(found, by=request.user, at=clock.now())
        return Response(MemberOfShop(found).data)

    return act


accept = _verb("acceptInvitation", staff.accept, "Accept an invitation", "Only whoever was invited.", "working")
decline = _verb(
    "declineInvitation",
    staff.decline,
    "Decline an invitation, or take it back",
    "Whoever was invited, or the owner.",
    "declined",
)
remove = _verb(
    "removeMember", staff.remove, "Send somebody away, or leave", "The owner, or the person themselves.", "left"
)
