"""The API of refund cases: preview, ask, look, accept, decline, withdraw, escalate; the same verbs as on the pages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from orders import attachments
from orders.models import Order, Unit
from orders.parties import Side, side_of
from refunds import citations, hooks, lifecycle, stated, words
from refunds.checklist import needs
from refunds.choices import choices_for
from refunds.models import Refund
from refunds.serializers import (
    ClaimToPreview,
    PreviewShown,
    RefundPage,
    RefundShown,
    RefundToAsk,
    RefundToDecline,
    VersionSeen,
)
from refunds.stated import Told
from rulebook import versions
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page

A_LINE = {"text": "Everything that was paid goes back: ¥98.00.", "rule": "MX-03", "amount": 9_800}
A_PREVIEW = {
    "figure": 9_800,
    "fee": 0,
    "compensation": 0,
    "route": "AUTO",
    "lane": "asked",
    "answer_minutes": 2_880,
    "is_paid_by_silence": True,
    "needed": [
        {"goes_to": "error_code", "text": "Error code or message, word by word"},
        {"goes_to": "text", "text": "The message with its time, if there is one."},
    ],
    "version": "2026.11.0",
    "lines": [A_LINE],
}
A_ROW = {
    "number": "R26112250318264",
    "order": "K26112204817365",
    "reason": "CODE_INVALID",
    "state": "requested",
    "turn": "shop",
    "deadline_at": "2026-11-24T02:10:00Z",
    "asked": 9_800,
    "approved": None,
    "opened_at": "2026-11-22T02:10:00Z",
}
A_REFUND = A_ROW | {
    "side": "buyer",
    "entered_at": "2026-11-22T02:10:00Z",
    "closed_at": None,
    "figure": 9_800,
    "fee": 0,
    "compensation": 0,
    "route": "AUTO",
    "is_predecision": False,
    "is_contradicted": False,
    "owed": 0,
    "outcome": "",
    "on_timeout": "If the shop stays silent, the buyer is paid back.",
    "text": "提示卡密无效。",
    "declined_code": "",
    "declined_rule": "",
    "declined_text": "",
    "items": [{"place": 1, "asked": 9_800, "entitled": 9_800, "fee": 0, "granted": None}],
    "lines": [A_LINE],
    "citable_rules": [],
    "actions": ["withdraw"],
    "choices": [{"code": "withdraw", "buyer_gets": None, "fee_kept": 0, "least": None, "most": None, "form": []}],
    "offers": [],
    "questions": [],
    "version": 1,
    "prefers": "money",
}
A_CLAIM = {
    "order": "K26112204817365",
    "reason": "CODE_INVALID",
    "places": [1],
    "expected": 9_800,
    "text": "提示卡密无效。",
}
PAID = {
    "state": "refunded",
    "turn": "",
    "deadline_at": None,
    "approved": 9_800,
    "closed_at": "2026-11-22T03:00:00Z",
    "entered_at": "2026-11-22T03:00:00Z",
    "on_timeout": "",
    "outcome": "seller",
    "items": [{"place": 1, "asked": 9_800, "entitled": 9_800, "fee": 0, "granted": 9_800}],
    "actions": [],
}
DECLINED = {
    "state": "declined",
    "turn": "buyer",
    "deadline_at": "2026-11-29T02:30:00Z",
    "on_timeout": "If the buyer does nothing, the case ends without money.",
    "declined_code": "other",
    "declined_rule": "MX-42",
    "declined_text": "我们这边显示可用。",
}


def overdue_first(view: Callable[..., Any]) -> Callable[..., Any]:
    """Fire what is overdue on the case before the verb, for those who may see it."""
    return after_what_is_overdue(lambda request, number: _visible(request, number))(view)


def answers(told: str) -> dict[int, OpenApiResponse]:
    """For the contract: a verb answers 200 with the case, told so."""
    return {200: OpenApiResponse(RefundShown, told)}


@extend_schema(
    operation_id="previewRefund",
    summary="See what a claim would come to",
    description=(
        "For the order's buyer, with the facts that you will state. Changes nothing; the figure goes into `expected`"
        " when you ask. Refused like asking:"
        " `wrong_moment`, `case_open`, `nothing_left`, `reason_not_offered`, `window_over`."
    ),
    parameters=[ClaimToPreview],
    extensions={"x-judges": True, "x-refuses": True},
    responses=PreviewShown,
    examples=[OpenApiExample("A code that does not work", A_PREVIEW, response_only=True)],
)
@api_view(["GET"])
def preview(request: Request) -> Response:
    """What the rules give now."""
    told = ClaimToPreview(data=request.query_params)
    told.is_valid(raise_exception=True)
    at = clock.now()
    order = _own_order(request, told.validated_data["order"])
    kind, book = order.snapshot.listing.kind, versions.book_of(order.rulebook_version)
    units = _units(order, [int(place) for place in told.validated_data["places"].split(",")])
    reason = told.validated_data["reason"]
    said = Told(_facts(told.validated_data["facts"], reason), "", told.validated_data["happened_on"])
    found = lifecycle.preview(order, units, reason, buyer=request.user, at=at, told=said)
    decision = found.record()
    shown = {
        "figure": found.figure,
        "fee": found.fee,
        "compensation": found.compensation,
        "route": found.route,
        "lane": found.lane.value,
        "answer_minutes": found.answer_span(found.figure).amount,
        "is_paid_by_silence": found.is_paid_by_silence,
        "needed": [{"goes_to": need.goes_to, "text": str(need.label)} for need in needs(found, kind, book)],
        "version": decision["version"],
        "lines": words.lines(decision),
    }
    return Response(PreviewShown(shown).data)


@extend_schema(
    methods=["GET"],
    operation_id="listRefunds",
    summary="List cases",
    description="Your own, those of your shops, and all of them for staff of cases. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=RefundPage,
    examples=[OpenApiExample("One case", {"results": [A_ROW], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="askForRefund",
    summary="Ask for money back",
    description=(
        "For the order's buyer. What our records prove is paid at once; else the shop answers. Refused:"
        " `figure_changed`, `more_than_the_rules`, `case_open`, `nothing_left`, `reason_not_offered`, `window_over`,"
        " `too_often`, `wrong_moment`."
    ),
    request=RefundToAsk,
    responses={201: RefundShown},
    examples=[
        OpenApiExample("A code that does not work", A_CLAIM, request_only=True),
        OpenApiExample("The case, waiting for the shop", A_REFUND, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def refunds(request: Request) -> Response:
    """All cases, and a new one."""
    if request.method == "POST":
        return _ask(request)
    visible = Refund.objects.visible_to(request.user).select_related("order")
    return Response(RefundPage(page(request, visible, by="-pk")).data)


def _ask(request: Request) -> Response:
    told = RefundToAsk(data=request.data)
    told.is_valid(raise_exception=True)
    words_told, at = told.validated_data, clock.now()
    order = _own_order(request, words_told["order"])
    files = attachments.own(order, words_told.get("attachments", []), by=request.user)
    facts = _facts(words_told["facts"], words_told["reason"])
    refund = lifecycle.ask(
        order=order,
        told=Told(facts, words_told["error_code"].strip(), words_told["happened_on"]),
        units=_units(order, words_told["places"]),
        reason=words_told["reason"],
        amount=words_told.get("amount"),
        expected=words_told.get("expected"),
        text=words_told["text"],
        attachments=files,
        prefers=words_told["prefers"],
        by=request.user,
        at=at,
    )
    address = reverse("api:refund", kwargs={"number": refund.number})
    return Response(_shown(request, refund, at), status=201, headers={"Location": address})


def _facts(told: dict[str, Any], reason: str) -> dict[str, Any]:
    """Facts that somebody states, as the rulebook takes them."""
    try:
        return dict(stated.readable(told, reason))
    except ValidationError as error:
        raise exceptions.ValidationError({"facts": error.message_dict}) from None


@extend_schema(
    operation_id="getRefund",
    summary="Look at a case",
    description="For both sides and for staff of cases; to others it does not exist.",
    responses=RefundShown,
    examples=[OpenApiExample("A case that waits for the shop", A_REFUND, response_only=True)],
)
@api_view(["GET"])
def refund(request: Request, number: str) -> Response:
    """One case."""
    return Response(_shown(request, _visible(request, number), clock.now()))


@extend_schema(
    operation_id="acceptRefund",
    summary="Accept a case as its shop",
    description="The buyer is paid what was asked. Refused: `not_your_turn`, `wrong_moment`, `nothing_asked`.",
    request=VersionSeen,
    responses=answers("The case, paid or being paid"),
    examples=[OpenApiExample("Paid", A_REFUND | PAID | {"side": "shop"}, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def accept(request: Request, number: str) -> Response:
    """The shop agrees."""
    return do(request, number, lifecycle.accept)


@extend_schema(
    operation_id="declineRefund",
    summary="Decline a case as its shop",
    description=(
        "Needs words and a published rule that fits the goods and their state; or, after a question, words and a file."
        " Refused: `not_your_turn`, `wrong_moment`, `no_such_rule`, `rule_does_not_apply`, `state_not_proven`,"
        " `rule_missing`, `evidence_missing`."
    ),
    request=RefundToDecline,
    responses=answers("The case, with the buyer"),
    examples=[
        OpenApiExample(
            "A no",
            {"code": "other", "rule": "MX-42", "text": "我们这边显示可用。"},
            request_only=True,
        ),
        OpenApiExample("Declined", A_REFUND | DECLINED | {"side": "shop", "actions": []}, response_only=True),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def decline(request: Request, number: str) -> Response:
    """The shop says no."""
    told = RefundToDecline(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, lifecycle.decline, **with_files(request, number, told.validated_data))


@extend_schema(
    operation_id="withdrawRefund",
    summary="Take a case back",
    description="For the buyer, while nothing is decided. Refused: `not_your_turn`, `wrong_moment`.",
    request=VersionSeen,
    responses=answers("The case, withdrawn"),
    examples=[
        OpenApiExample(
            "Withdrawn",
            A_REFUND
            | PAID
            | {
                "state": "withdrawn",
                "approved": None,
                "outcome": "",
                "items": [{"place": 1, "asked": 9_800, "entitled": 9_800, "fee": 0, "granted": 0}],
            },
            response_only=True,
        )
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def withdraw(request: Request, number: str) -> Response:
    """The buyer takes it back."""
    return do(request, number, lifecycle.withdraw)


@extend_schema(
    operation_id="escalateRefund",
    summary="Ask the platform to look at a case",
    description="For the buyer after a no, free of charge. Refused: `not_your_turn`, `wrong_moment`.",
    request=VersionSeen,
    responses=answers("The case, with the platform"),
    examples=[
        OpenApiExample(
            "With the platform",
            A_REFUND | DECLINED | {"state": "disputed", "turn": "platform", "deadline_at": None, "on_timeout": ""},
            response_only=True,
        )
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def escalate(request: Request, number: str) -> Response:
    """The buyer asks the platform."""
    return do(request, number, lifecycle.escalate)


def do(request: Request, number: str, verb: Callable[..., Any], /, **told: Any) -> Response:
    """A verb on a case that the person may see, which may name the `version` of the case that it is about."""
    found, at = _visible(request, number), clock.now()
    if "version" not in told:
        seen = VersionSeen(data=request.data if isinstance(request.data, dict) else {})
        seen.is_valid(raise_exception=True)
        told["version"] = seen.validated_data.get("version")
    verb(found, by=request.user, at=at, **told)
    return Response(_shown(request, found, at))


def with_files(request: Request, number: str, told: dict[str, Any]) -> dict[str, Any]:
    """What was told, with the files that it names by their ids: the person's own, in the order of this case."""
    order = _visible(request, number).order
    return {**told, "attachments": attachments.own(order, told["attachments"], by=request.user)}


def _shown(request: Request, found: Refund, at: datetime) -> Any:
    actions = found.actions_for(request.user, at)
    row = {name: getattr(found, name) for name in PLAIN}
    return RefundShown(
        row
        | {
            "order": found.order,
            "owner": found.owner,
            "owed": hooks.still_owed(found) if found.approved else 0,
            "side": side_of(found.order, request.user) or Side.PLATFORM,
            "on_timeout": words.then(found) if found.deadline_at else "",
            "items": list(found.items.select_related("unit").order_by("unit__place")),
            "lines": words.lines(found.decision),
            "citable_rules": citations.applicable(found) if "decline" in actions else [],
            "actions": actions,
            "choices": choices_for(found, request.user, at),
            "offers": list(found.offers.order_by("number")),
            "questions": list(found.questions.order_by("number")),
        }
    ).data


#: What is shown of a case as it is stored.
PLAIN = [
    *("number", "reason", "state", "deadline_at", "asked", "approved", "opened_at", "entered_at", "closed_at"),
    *("figure", "fee", "compensation", "route", "is_predecision", "is_contradicted", "outcome", "text"),
    *("declined_code", "declined_rule", "declined_text", "version", "prefers"),
]


def _visible(request: Request, number: str) -> Refund:
    visible = Refund.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("order__shop", "order__snapshot__listing"), number=number)


def _own_order(request: Request, number: str) -> Order:
    mine = Order.objects.filter(buyer=request.user.pk).select_related("shop", "snapshot__listing")
    return get_object_or_404(mine, number=number)


def _units(order: Order, places: list[int]) -> list[Unit]:
    units = list(order.units.filter(place__in=places).order_by("place"))
    if len(units) != len(set(places)):
        raise exceptions.ValidationError({"places": "This order has no such units."})
    return units
