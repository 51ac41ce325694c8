"""The API of what both sides say to each other in a case: offers, questions, replacements; the verbs of the pages."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from refunds import bargaining, lifecycle, questions, replacing
from refunds.api import A_REFUND, answers, do, overdue_first, with_files
from refunds.bargaining import Terms
from refunds.serializers import (
    GoodwillAsked,
    LastWord,
    MoreTime,
    OfferMade,
    OfferToTake,
    QuestionAnswered,
    QuestionAsked,
    SaidWithFiles,
    VersionSeen,
)
from shops.models import Listing
from timeline.api import idempotent

AN_OFFER = {
    "number": 1,
    "side": "shop",
    "kind": "partial",
    "amount": 4_900,
    "places": [],
    "is_standing": False,
    "is_unconditional": False,
    "text": "",
    "fate": "open",
    "at": "2026-11-22T02:30:00Z",
    "expires_at": None,
}
TALKING = A_REFUND | {
    "state": "bargaining",
    "turn": "buyer",
    "deadline_at": "2026-11-23T02:30:00Z",
    "on_timeout": "If the buyer does not answer, the talks end and the buyer decides.",
    "offers": [AN_OFFER],
    "actions": ["accept", "end_talks"],
    "choices": [],
    "side": "shop",
    "version": 2,
}
QUESTIONED = A_REFUND | {
    "state": "questioned",
    "turn": "buyer",
    "on_timeout": "If the buyer does not answer, the case lapses. It can be filed again.",
    "side": "shop",
    "actions": ["accept"],
    "choices": [],
    "version": 2,
}
CHECKING = A_REFUND | {
    "state": "checking",
    "turn": "buyer",
    "on_timeout": "If the buyer says nothing, the replacement counts as good.",
    "prefers": "reissue",
    "actions": [],
    "choices": [],
    "version": 3,
}


def _shown(told: str, body: dict[str, Any]) -> list[OpenApiExample]:
    return [OpenApiExample(told, body, response_only=True)]


def _terms(told: dict[str, Any]) -> Terms:
    """What somebody offers, with the listing that it names."""
    words = {name: value for name, value in told.items() if name not in {"version", "listing"}}
    listing = get_object_or_404(Listing, pk=told["listing"]) if told.get("listing") else None
    return Terms(**words, listing=listing)


@extend_schema(
    operation_id="offerInRefund",
    summary="Offer something in a case",
    description=(
        "For its shop instead of a plain yes or no; while the platform has the case, for both sides. Refused:"
        " `not_your_turn`, `wrong_moment`, `too_many_offers`, `more_than_was_paid`, `more_than_the_rules`,"
        " `less_than_proven`, `wrong_kind`, `listing_missing`, `void_term`, `stale`."
    ),
    request=OfferMade,
    responses=answers("The case, with the offer on the table"),
    examples=_shown("Half of the price", TALKING),
)
@api_view(["POST"])
@overdue_first
@idempotent
def offer(request: Request, number: str) -> Response:
    """An offer."""
    told = OfferMade(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    return do(request, number, bargaining.offer, terms_=_terms(words), version=words.get("version"))


@extend_schema(
    operation_id="counterInRefund",
    summary="Offer something else in your turn",
    description="For whoever has the turn. Refused: as offering.",
    request=OfferMade,
    responses=answers("The case, with the new offer on the table"),
    examples=_shown("It is the other side's turn", TALKING),
)
@api_view(["POST"])
@overdue_first
@idempotent
def counter(request: Request, number: str) -> Response:
    """A counter-offer."""
    told = OfferMade(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    return do(request, number, bargaining.counter, terms_=_terms(words), version=words.get("version"))


@extend_schema(
    operation_id="takeOfferInRefund",
    summary="Take the other side's offer",
    description=(
        "Money moves at once; what is replaced is the shop's to deliver. Refused: `not_your_turn`, `wrong_moment`,"
        " `offer_gone`, `stale`."
    ),
    request=OfferToTake,
    responses=answers("The case, as it was agreed"),
    examples=_shown("A replacement was agreed", CHECKING),
)
@api_view(["POST"])
@overdue_first
@idempotent
def take(request: Request, number: str) -> Response:
    """Both agree."""
    told = OfferToTake(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    return do(request, number, bargaining.take, number=words["offer"], version=words.get("version"))


@extend_schema(
    operation_id="endTalksInRefund",
    summary="Say your last word as the shop",
    description=(
        "Ends the talks, with a final offer if there is one; the buyer decides. Refused: `not_your_turn`,"
        " `wrong_moment`, `text_missing`, `void_term`, `stale`, and as offering."
    ),
    request=LastWord,
    responses=answers("The case, with the buyer"),
    examples=_shown("The buyer decides", TALKING | {"state": "declined", "actions": ["accept"]}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def end_talks(request: Request, number: str) -> Response:
    """The last word."""
    told = LastWord(data=request.data)
    told.is_valid(raise_exception=True)
    words = told.validated_data
    final = _terms(words["final"]) if "final" in words else None
    return do(request, number, bargaining.end_talks, text=words["text"], final=final, version=words.get("version"))


@extend_schema(
    operation_id="questionRefund",
    summary="Ask the buyer for one thing",
    description=(
        "Twice in a case at most, never for what our records show. Refused: `not_your_turn`, `wrong_moment`,"
        " `in_our_records`, `too_many_questions`, `void_term`, `stale`."
    ),
    request=QuestionAsked,
    responses=answers("The case, with the buyer"),
    examples=_shown("A picture is asked for", QUESTIONED),
)
@api_view(["POST"])
@overdue_first
@idempotent
def question(request: Request, number: str) -> Response:
    """One thing by name."""
    told = QuestionAsked(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, questions.question, **told.validated_data)


@extend_schema(
    operation_id="answerRefund",
    summary="Answer the shop's question",
    description="For the buyer. Refused: `not_your_turn`, `wrong_moment`, `nothing_said`, `stale`.",
    request=QuestionAnswered,
    responses=answers("The case, with the shop again"),
    examples=_shown("The shop's clock goes on", A_REFUND | {"version": 3}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def answer(request: Request, number: str) -> Response:
    """The buyer's answer."""
    told = QuestionAnswered(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, questions.answer, **with_files(request, number, told.validated_data))


@extend_schema(
    operation_id="extendRefund",
    summary="Ask for a day more as the shop",
    description=(
        "Once, by the number of the supplier's ticket, and never above 72 hours in all. Refused: `not_your_turn`,"
        " `wrong_moment`, `extended_already`, `ticket_missing`, `stale`."
    ),
    request=MoreTime,
    responses=answers("The case, with a later deadline"),
    examples=_shown("A day more", A_REFUND | {"side": "shop", "actions": [], "choices": [], "version": 2}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def extend(request: Request, number: str) -> Response:
    """More time."""
    told = MoreTime(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, questions.extend, **told.validated_data)


@extend_schema(
    operation_id="askForGoodwill",
    summary="Ask the shop for goodwill",
    description=(
        "For the buyer after a machine's no, once. Refused: `not_your_turn`, `wrong_moment`, `asked_already`, `stale`."
    ),
    request=GoodwillAsked,
    responses=answers("The case, with the shop"),
    examples=_shown("The shop may answer", A_REFUND | {"figure": 0, "asked": 0, "version": 3}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def goodwill(request: Request, number: str) -> Response:
    """What the rules do not give."""
    told = GoodwillAsked(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, lifecycle.goodwill, **told.validated_data)


@extend_schema(
    operation_id="replaceInRefund",
    summary="Deliver anew as the shop",
    description=(
        "Codes come out of your stock at once; of everything else say what you did. Refused: `not_your_turn`,"
        " `wrong_moment`, `not_wanted`, `sold_out`, `text_missing`, `stale`."
    ),
    request=SaidWithFiles,
    responses=answers("The case, with the buyer who checks"),
    examples=_shown("The buyer checks the new code", CHECKING | {"side": "shop"}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def replace(request: Request, number: str) -> Response:
    """A new one."""
    told = SaidWithFiles(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, replacing.replace, **with_files(request, number, told.validated_data))


@extend_schema(
    operation_id="promiseReplacement",
    summary="Agree to replace as the shop",
    description="Due within the REPLACE clock. Refused: `not_your_turn`, `wrong_moment`, `not_wanted`, `stale`.",
    request=VersionSeen,
    responses=answers("The case, waiting for the replacement"),
    examples=_shown("Due within two hours", CHECKING | {"state": "replacing", "turn": "shop", "side": "shop"}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def promise(request: Request, number: str) -> Response:
    """It will be replaced."""
    return do(request, number, replacing.promise)


@extend_schema(
    operation_id="cannotSupplyReplacement",
    summary="Say that you cannot replace it",
    description="For the shop; the buyer is paid in full. Refused: `not_your_turn`, `wrong_moment`, `stale`.",
    request=VersionSeen,
    responses=answers("The case, paid or being paid"),
    examples=_shown("Paid in full", CHECKING | {"state": "refunded", "turn": "", "outcome": "unreplaced"}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def cannot_supply(request: Request, number: str) -> Response:
    """Money instead."""
    return do(request, number, replacing.cannot_supply)


@extend_schema(
    operation_id="confirmReplacement",
    summary="Confirm that the replacement works",
    description="For the buyer; the case is over. Refused: `not_your_turn`, `wrong_moment`, `stale`.",
    request=VersionSeen,
    responses=answers("The case, over"),
    examples=_shown("Replaced", CHECKING | {"state": "exchanged", "turn": "", "on_timeout": ""}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def confirm_replacement(request: Request, number: str) -> Response:
    """It works."""
    return do(request, number, replacing.confirm_replacement)


@extend_schema(
    operation_id="replacementBadAgain",
    summary="Say that the replacement is no good either",
    description=(
        "For the buyer. By our records: everything back and ten percent on top; else the platform decides. Refused:"
        " `not_your_turn`, `wrong_moment`, `stale`."
    ),
    request=SaidWithFiles,
    responses=answers("The case, paid or with the platform"),
    examples=_shown("With the platform", CHECKING | {"state": "disputed", "turn": "platform", "on_timeout": ""}),
)
@api_view(["POST"])
@overdue_first
@idempotent
def bad_again(request: Request, number: str) -> Response:
    """No good either."""
    told = SaidWithFiles(data=request.data)
    told.is_valid(raise_exception=True)
    return do(request, number, replacing.bad_again, **with_files(request, number, told.validated_data))
