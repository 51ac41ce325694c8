"""The API of disputes: both sides speak, staff assign, decide and sign; the same verbs as the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from disputes import acts, assignment, choices, drafting, lifecycle, proposals, questions, rulings
from disputes.evidence import visible_to, without_networks
from disputes.models import Appeal, Dispute, Evidence, Proposal, Question, Ruling, Side
from disputes.rulings import Draft, Finding
from disputes.serializers import (
    ArbiterToName,
    DisputeInFull,
    DisputePage,
    RulingToWrite,
    SignatureToGive,
    StatementToMake,
)
from disputes.states import DisputeState
from orders import attachments
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page
from timeline.refusals import Refused

IN_LIST = {
    "number": "D26112204817365",
    "refund": "R26112204817365",
    "order": "K26112204817365",
    "shop": "xinghe",
    "state": "evidence",
    "turn": "both",
    "deadline_at": "2026-11-23T02:00:00Z",
    "track": "fast",
    "is_urgent": False,
    "asked": 9_800,
    "outcome": "",
    "opened_at": "2026-11-22T02:00:00Z",
    "closed_at": None,
}
STATEMENT = {
    "id": 12,
    "kind": "statement",
    "side": "buyer",
    "title": "",
    "grade": "claim",
    "is_late": False,
    "at": "2026-11-22T03:00:00Z",
    "sha256": "8f43f0b5c0e2d6b4b0a8a0f3a0c9d1e2f3a4b5c6d7e8f90112233445566778899"[:64],
    "body": '{"text":"显示已被使用"}',
}
IN_FULL = {
    **IN_LIST,
    "buyer_rested": False,
    "shop_rested": False,
    "actions": ["submit", "rest", "extend", "challenge", "last_offer", "withdraw"],
    "evidence": [STATEMENT],
    "ruling": None,
    "unseals_at": "2026-11-22T14:00:00Z",
    "question": None,
    "proposal": None,
    "appeal": None,
    "knows_both": False,
}


@extend_schema(
    operation_id="listDisputes",
    summary="List your disputes",
    description="Those in which you are the buyer or the shop; for staff, those they may see. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=DisputePage,
    examples=[OpenApiExample("One dispute", {"results": [IN_LIST], "next": None}, response_only=True)],
)
@api_view(["GET"])
def disputes(request: Request) -> Response:
    """The disputes of the person."""
    return Response(DisputePage(page(request, _seen(request), by="-pk")).data)


@extend_schema(
    operation_id="getDispute",
    summary="Look at a dispute",
    description=(
        "With its file, what you can do now, and the decision once it is served. Staff open the file first"
        " (`openDisputeFile`); until then it is refused with `file_closed`."
    ),
    responses=DisputeInFull,
    examples=[OpenApiExample("Both sides are heard", IN_FULL, response_only=True)],
)
@api_view(["GET"])
def dispute(request: Request, number: str) -> Response:
    """One dispute."""
    return Response(shown(request, in_hand(request, number)))


def _overdue_first(view: Callable[..., Any]) -> Callable[..., Any]:
    return after_what_is_overdue(lambda request, number: visible(request, number))(view)


def _verb(name: str, verb: Callable[..., None], summary: str, description: str, state: str) -> Any:
    """The address of one verb of a dispute that takes no words."""

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=None,
        responses=DisputeInFull,
        examples=[OpenApiExample("The dispute", {**IN_FULL, "state": state}, response_only=True)],
    )
    @api_view(["POST"])
    @_overdue_first
    @idempotent
    def act(request: Request, number: str) -> Response:
        found = visible(request, number)
        verb(found, by=request.user, at=clock.now())
        return Response(shown(request, found))

    return act


open_file = _verb(
    "openDisputeFile",
    lifecycle.open_file,
    "Open a case file as staff",
    "That is on record, with name and time; the file stays open for 12 hours.",
    "review",
)
rest = _verb(
    "restDispute",
    lifecycle.rest,
    "Say that you have nothing to add",
    "When both sides have said so, the review begins at once.",
    "review",
)
withdraw = _verb(
    "withdrawDispute",
    lifecycle.withdraw,
    "Take the case back as the buyer",
    "Until it is decided; the refund case ends with it.",
    "withdrawn",
)
concede = _verb(
    "concedeDispute",
    lifecycle.concede,
    "Give in as the shop",
    "While both sides are heard or the case is reviewed. What was asked is paid at once.",
    "closed",
)


@extend_schema(
    operation_id="submitToDispute",
    summary="Add to the file",
    description="What comes after the time for evidence is marked as late. Files are attached to the order before.",
    request=StatementToMake,
    responses={201: DisputeInFull},
    examples=[
        OpenApiExample("A statement", {"text": "显示已被使用"}, request_only=True),
        OpenApiExample("The dispute", IN_FULL, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@_overdue_first
@idempotent
def statements(request: Request, number: str) -> Response:
    """A side, or staff who assist, adds to the file."""
    found = in_hand(request, number)
    told = StatementToMake(data=request.data)
    told.is_valid(raise_exception=True)
    files = attachments.own(found.refund.order, told.validated_data.get("attachments", []), by=request.user)
    text = told.validated_data.get("text", "")
    about = acts.replied_to(found, told.validated_data.get("about"))
    lifecycle.submit(found, text=text, attachments=files, about=about, by=request.user, at=clock.now())
    return Response(shown(request, found), status=201)


@extend_schema(
    operation_id="assignDispute",
    summary="Give a case to an arbiter",
    description="For leads. Refused with `conflict` for anybody who is a side in it or too near to one.",
    request=ArbiterToName,
    responses=DisputeInFull,
    examples=[
        OpenApiExample("To somebody", {"arbiter": 7}, request_only=True),
        OpenApiExample("The dispute", IN_FULL, response_only=True),
    ],
)
@api_view(["POST"])
@_overdue_first
@idempotent
def assign(request: Request, number: str) -> Response:
    """A lead names who hears the case."""
    found = in_hand(request, number)
    told = ArbiterToName(data=request.data)
    told.is_valid(raise_exception=True)
    arbiter = get_object_or_404(get_user_model(), pk=told.validated_data["arbiter"])
    lifecycle.assign(found, arbiter, by=request.user, at=clock.now())
    return Response(shown(request, found))


@extend_schema(
    operation_id="ruleDispute",
    summary="Decide a case",
    description=(
        "For its arbiter. Refused with `incomplete` and what is missing. From ¥1,000 on, or where the deposit or the"
        " fund pays, the platform is liable, there is compensation, or the sum departs from the rulebook's, a second"
        " person signs before it is served."
    ),
    request=RulingToWrite,
    responses={201: DisputeInFull},
    examples=[
        OpenApiExample(
            "60 to 40",
            {
                "shares": {"seller": 6_000, "buyer": 4_000},
                "rule_ids": ["MX-11"],
                "findings": [{"evidence": 12, "weight": "accepted"}],
                "issues": "双方对下单、付款和交付没有争议；争议在于该卡密交付时是否已被使用。",
                "reasons": "平台记录显示该卡密在展示后三小时内被申报无效，双方均未能证明是谁使用，按记录分担。",
                "departs_because": "双方各有责任。",
            },
            request_only=True,
        ),
        OpenApiExample(
            "Waiting for the second signature",
            {**IN_FULL, "state": "signing", "turn": "senior", "actions": []},
            response_only=True,
            status_codes=["201"],
        ),
    ],
)
@api_view(["POST"])
@_overdue_first
@idempotent
def rule(request: Request, number: str) -> Response:
    """The arbiter decides."""
    found = in_hand(request, number)
    told = RulingToWrite(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    places = {item.unit.place: item.unit_id for item in rulings.items_of(found.refund)}
    draft = Draft(
        shares=words["shares"],
        # A place that the case is not about has no id here; -1 is nobody's, so the ruling is refused as incomplete.
        grants={places.get(each["place"], -1): each["amount"] for each in words.get("grants", [])},
        compensation=words.get("compensation", 0),
        rule_ids=words["rule_ids"],
        findings={each["evidence"]: Finding(each["weight"], each.get("note", "")) for each in words["findings"]},
        issues=words["issues"],
        reasons=words["reasons"],
        next_steps=words.get("next_steps", ""),
        departs_because=words.get("departs_because", ""),
        orders_replacement=words.get("orders_replacement", False),
        reply=words.get("reply", ""),
    )
    lifecycle.rule(found, draft, by=request.user, at=clock.now())
    drafting.forget(found, request.user)
    return Response(shown(request, found), status=201)


@extend_schema(
    operation_id="signDispute",
    summary="Sign a decision, or send it back",
    description="For the senior who was asked. Nobody signs what they wrote; `version` is the one that was read.",
    request=SignatureToGive,
    responses=DisputeInFull,
    examples=[
        OpenApiExample("Agreed", {"agrees": True, "version": 1}, request_only=True),
        OpenApiExample("Served", {**IN_FULL, "state": "ruled", "actions": []}, response_only=True),
    ],
)
@api_view(["POST"])
@_overdue_first
@idempotent
def sign(request: Request, number: str) -> Response:
    """A second person agrees, or sends the draft back."""
    found = in_hand(request, number)
    told = SignatureToGive(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    lifecycle.sign(
        found,
        agrees=words["agrees"],
        note_text=words.get("note", ""),
        version=words["version"],
        by=request.user,
        at=clock.now(),
    )
    return Response(shown(request, found))


def _seen(request: Request) -> Any:
    return Dispute.objects.visible_to(request.user, signed_in(request).roles).with_parties()


def visible(request: Request, number: str) -> Dispute:
    """The dispute, if the person may see it; else the same 404 as for one that is not there."""
    found: Dispute = get_object_or_404(_seen(request), number=number)
    return found


def in_hand(request: Request, number: str) -> Dispute:
    """The dispute, for its sides; for staff only once they have opened its file."""
    found = visible(request, number)
    if found.side_of(request.user) is None and not found.is_file_open_for(request.user, clock.now()):
        raise Refused("file_closed", _("Open the case file first; that is on record."))
    return found


def shown(request: Request, found: Dispute) -> Any:
    """The dispute as this person may see it, with what they can do now; records of networks only for who may."""
    at, side = clock.now(), found.side_of(request.user)
    file = list(visible_to(found, side, at=at))
    if side == Side.SHOP or (side is None and not found.is_unmasked_for(request.user, at)):
        for piece in file:
            piece.body = without_networks(piece)
    is_signed_now = found.state == DisputeState.SIGNING and side is None
    told = Shown(
        found,
        actions=choices.actions_for(found, request.user, at),
        file=file,
        question=questions.current(found),
        proposal=proposals.current(found),
        appeal=found.appeals.order_by("-pk").first(),
        ruling=lifecycle.served(found) or (lifecycle.latest(found) if is_signed_now else None),
        knows_both=found.arbiter is not None and assignment.knows_both(found, found.arbiter),
    )
    return DisputeInFull(told).data


@dataclass(frozen=True)
class Shown:
    """A dispute, and what of it one person sees; what it does not say itself, the dispute says."""

    dispute: Dispute
    actions: list[str]
    file: list[Evidence]
    question: Question | None
    proposal: Proposal | None
    appeal: Appeal | None
    ruling: Ruling | None
    knows_both: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dispute, name)
