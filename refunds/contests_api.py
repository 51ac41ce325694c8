"""The API of instant payments that a shop contests: the verbs of the page, for the same people."""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from refunds import contests
from refunds.api import overdue_first, with_files
from refunds.models import Contest, Refund
from refunds.serializers import BIGGEST, Whole
from refunds.states import ContestState
from shops.serializers import Text
from timeline import clock
from timeline.api import CURSOR, idempotent, page


class ContestRow(serializers.Serializer[Any]):
    """A contested payment, in a line."""

    refund = serializers.CharField(source="refund.number")
    shop = serializers.CharField(source="refund.order.shop.slug")
    state = serializers.ChoiceField(ContestState.choices)
    turn = serializers.CharField(source="owner")
    deadline_at = serializers.DateTimeField(allow_null=True)
    ground = serializers.ChoiceField(Contest.Ground.choices)
    lost = serializers.IntegerField(help_text="Fen that the payment took from the shop.")
    filed_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class ContestShown(ContestRow):
    """A contested payment, as both sides and the staff see it."""

    text = serializers.CharField(help_text="What the shop says.")
    attachments = serializers.SerializerMethodField(help_text="Ids of its files in the order.")
    finding = serializers.CharField(help_text="Why it was decided so.")
    recourse = serializers.CharField(help_text="`fund`, `supplier` or `buyer` once it was overturned; else empty.")
    recourse_text = serializers.CharField(help_text="What a claim rests on.")
    made_whole = serializers.IntegerField(help_text="Fen that the guarantee fund gave the shop.")
    actions = serializers.SerializerMethodField(help_text="What you can do, by the names of the verbs.")

    def get_attachments(self, found: Contest) -> list[int]:
        """In the order in which they were given."""
        return list(found.attachments.order_by("pk").values_list("pk", flat=True))

    def get_actions(self, found: Contest) -> list[str]:
        """The same list as on the page."""
        return contests.actions_for(found, self.context["user"], self.context["at"])


class ContestPage(serializers.Serializer[Any]):
    """A part of a list of contested payments, newest first."""

    results = ContestRow(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ContestToFile(serializers.Serializer[Any]):
    """Why an instant payment was not owed."""

    ground = serializers.ChoiceField(Contest.Ground.choices)
    text = Text(min_length=contests.SHORTEST, max_length=contests.LONGEST)
    attachments = serializers.ListField(
        child=Whole(min_value=1, max_value=BIGGEST),
        min_length=1,
        max_length=20,
        help_text="Ids of files that you attached to the order before, else `no_such_file`.",
    )


class ContestUpheld(serializers.Serializer[Any]):
    """Why the payment was right."""

    finding = Text(min_length=contests.SHORTEST, max_length=contests.LONGEST)


class ContestOverturned(ContestUpheld):
    """Why it was not owed, and at whose expense it is."""

    recourse = serializers.ChoiceField(Contest.Recourse.choices)
    recourse_text = Text(
        max_length=contests.LONGEST,
        required=False,
        allow_blank=True,
        default="",
        help_text="For a claim on the supplier or the buyer: who it is, and what proves it.",
    )


A_ROW = {
    "refund": "R26112250318264",
    "shop": "xingqiu",
    "state": "filed",
    "turn": "lead",
    "deadline_at": "2026-11-23T02:10:00Z",
    "ground": "code_was_good",
    "lost": 9_800,
    "filed_at": "2026-11-22T02:10:00Z",
    "closed_at": None,
}
FILED = A_ROW | {
    "text": "发行方第二次答复:该卡密售出时有效,此前答复有误。",
    "attachments": [7],
    "finding": "",
    "recourse": "",
    "recourse_text": "",
    "made_whole": 0,
    "actions": ["withdraw"],
}
OVER = FILED | {
    "turn": "",
    "deadline_at": None,
    "finding": "发行方的更正函有效,原记录有误,款项本不应付。",
    "closed_at": "2026-11-22T09:00:00Z",
    "actions": [],
}
OVERTURNED = OVER | {"state": "overturned", "recourse": "fund", "made_whole": 9_800}
A_FINDING = {"finding": "发行方的更正函有效,原记录有误,款项本不应付。"}


@extend_schema(
    operation_id="listContests",
    summary="List contested instant payments",
    description="For the staff who decide and for auditors; for others the list is not there. Newest first.",
    parameters=[CURSOR],
    responses=ContestPage,
    examples=[OpenApiExample("One waits", {"results": [A_ROW], "next": None}, response_only=True)],
)
@api_view(["GET"])
def contest_list(request: Request) -> Response:
    """The latest first."""
    if not contests.may_see_all(request.user):
        raise Http404
    rows = Contest.objects.select_related("refund__order__shop")
    return Response(ContestPage(page(request, rows, by="-pk")).data)


@extend_schema(
    operation_id="getContest",
    summary="See a contested instant payment",
    description="For both sides and for staff of cases.",
    responses=ContestShown,
    examples=[OpenApiExample("It waits", FILED, response_only=True)],
)
@api_view(["GET"])
def contest(request: Request, number: str) -> Response:
    """One of them."""
    return _answer(request, number)


@extend_schema(
    operation_id="fileContest",
    summary="Contest an instant payment",
    description=(
        "For the shop, once, while `contest` is among the case's actions. The buyer keeps the money; if it was not"
        " owed, the guarantee fund makes the shop whole. Refused: `not_your_turn`, `wrong_moment`, `nothing_lost`,"
        " `text_missing`, `void_term`."
    ),
    request=ContestToFile,
    responses={201: ContestShown},
    examples=[
        OpenApiExample(
            "The issuer corrected itself",
            {"ground": "code_was_good", "text": FILED["text"], "attachments": [7]},
            request_only=True,
        ),
        OpenApiExample("Filed", FILED, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def file(request: Request, number: str) -> Response:
    """The shop says why."""
    refund = _visible(request, number)
    told = ContestToFile(data=request.data)
    told.is_valid(raise_exception=True)
    said = with_files(request, number, told.validated_data)
    contests.file(refund, by=request.user, at=clock.now(), **said)
    return _answer(request, number, status=201)


@extend_schema(
    operation_id="withdrawContest",
    summary="Take a contest back",
    description="For the shop, while nobody has decided. Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=ContestShown,
    examples=[OpenApiExample("Taken back", OVER | {"state": "withdrawn", "finding": ""}, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def withdraw(request: Request, number: str) -> Response:
    """The payment stays."""
    contests.withdraw(_contest(request, number), by=request.user, at=clock.now())
    return _answer(request, number)


@extend_schema(
    operation_id="upholdContestedPayment",
    summary="Find that an instant payment was right",
    description=(
        "For arbiters, seniors and leads who have had no part in the order; nothing moves. Refused: `not_your_turn`,"
        " `own_part`, `wrong_moment`, `why_missing`."
    ),
    request=ContestUpheld,
    responses=ContestShown,
    examples=[
        OpenApiExample("Why", A_FINDING, request_only=True),
        OpenApiExample("It stays", OVER | {"state": "upheld"}, response_only=True),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def uphold(request: Request, number: str) -> Response:
    """It was right."""
    return _decide(request, number, contests.uphold, ContestUpheld)


@extend_schema(
    operation_id="overturnContestedPayment",
    summary="Find that an instant payment was not owed",
    description=(
        "For arbiters, seniors and leads who have had no part in the order. The guarantee fund makes the shop whole; a"
        " claim on the supplier or, where fraud is proven, on the buyer is booked and takes nothing by itself. Refused:"
        " `not_your_turn`, `own_part`, `wrong_moment`, `why_missing`, `proof_missing`."
    ),
    request=ContestOverturned,
    responses=ContestShown,
    examples=[
        OpenApiExample("The fund bears it", A_FINDING | {"recourse": "fund"}, request_only=True),
        OpenApiExample("Made whole", OVERTURNED, response_only=True),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def overturn(request: Request, number: str) -> Response:
    """It was not owed."""
    return _decide(request, number, contests.overturn, ContestOverturned)


def _decide(
    request: Request, number: str, verb: Callable[..., None], form: type[serializers.Serializer[Any]]
) -> Response:
    found = _contest(request, number)
    if not contests.is_staff_of(found.refund, request.user):
        raise Http404
    told = form(data=request.data)
    told.is_valid(raise_exception=True)
    verb(found, by=request.user, at=clock.now(), **told.validated_data)
    return _answer(request, number)


def _answer(request: Request, number: str, *, status: int = 200) -> Response:
    found = _contest(request, number)
    shown = ContestShown(found, context={"user": request.user, "at": clock.now()}).data
    if found.recourse_text and not contests.may_read_claim(found, request.user):
        shown["recourse_text"] = ""
    return Response(shown, status=status)


def _visible(request: Request, number: str) -> Refund:
    rows = Refund.objects.visible_to(request.user).select_related("order__shop")
    return get_object_or_404(rows, number=number)


def _contest(request: Request, number: str) -> Contest:
    found = contests.of(_visible(request, number))
    if found is None:
        raise Http404
    return found
