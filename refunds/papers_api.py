"""The API of what hangs on a case or a shop keeps for its cases: credit notes, signals, reports, answers, its word."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from orders.parties import SEEING
from refunds import credit, desk, reports, signals
from refunds.models import Answer, CreditNote, Refund, Report, Word
from shops.models import SERVE, Shop
from shops.serializers import Text
from timeline import clock
from timeline.api import CURSOR, idempotent, page
from timeline.sweep import fire_overdue


class NoteLine(serializers.Serializer[Any]):
    """What goes back for one unit."""

    place = serializers.IntegerField()
    amount = serializers.IntegerField(help_text="Fen.")


class NoteShown(serializers.Serializer[Any]):
    """The credit note of what went back: never changed."""

    number = serializers.CharField()
    refund = serializers.CharField(help_text="The case that was paid; empty for what went back beside a case.")
    order = serializers.CharField(help_text="Empty for a charge that belonged to no sale.")
    at = serializers.DateTimeField()
    amount = serializers.IntegerField(help_text="Fen that went back, compensation included.")
    compensation = serializers.IntegerField(help_text="Fen of it.")
    units = NoteLine(many=True)
    payout = serializers.CharField()
    rulebook = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of `body`.")
    body = serializers.CharField(
        help_text="Canonical JSON, the exact text that was hashed. Empty for a shop where it names the buyer's charge."
    )
    is_whole = serializers.BooleanField(help_text="Whether the text still has its hash.")


A_BODY = '{"amount":9800,"case":"R26112250318264"}'
A_NOTE = {
    "number": "H26112204817365",
    "refund": "R26112250318264",
    "order": "K26112204817365",
    "at": "2026-11-22T03:00:00Z",
    "amount": 9_800,
    "compensation": 0,
    "units": [{"place": 1, "amount": 9_800}],
    "payout": "B26112204817365",
    "rulebook": "2026.11.0",
    "sha256": "5f0c" * 16,
    "body": A_BODY,
    "is_whole": True,
}


@extend_schema(
    operation_id="getCreditNote",
    summary="Read the credit note of a paid case",
    description="For both sides and for staff of cases. A case that was not paid has none.",
    responses=NoteShown,
    examples=[OpenApiExample("A note", A_NOTE, response_only=True)],
)
@api_view(["GET"])
def credit_note(request: Request, number: str) -> Response:
    """One note."""
    refund = get_object_or_404(Refund.objects.visible_to(request.user).select_related("order"), number=number)
    return Response(NoteShown(_note(get_object_or_404(CreditNote, refund=refund), request.user)).data)


class NotePage(serializers.Serializer[Any]):
    """A part of the list, newest first."""

    results = NoteShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


@extend_schema(
    operation_id="listCreditNotes",
    summary="List the credit notes of what went back",
    description=(
        "To you or by your shops; for staff of cases, all of them. Also of what went back beside a case: a sale that"
        " was called off, what a channel paid by itself, what an appeal gave on top, a charge that came twice. Newest"
        " first."
    ),
    parameters=[CURSOR],
    responses=NotePage,
    examples=[OpenApiExample("One note", {"results": [A_NOTE], "next": None}, response_only=True)],
)
@api_view(["GET"])
def credit_notes(request: Request) -> Response:
    """All of them."""
    mine = CreditNote.objects.visible_to(request.user).select_related("refund", "order")
    found = page(request, mine, by="-pk")
    return Response(
        NotePage({"results": [_note(each, request.user) for each in found.results], "next": found.next}).data
    )


@extend_schema(
    operation_id="getCreditNoteByNumber",
    summary="Read a credit note by its own number",
    description="For whom the money went to, the shop of the sale, and staff of cases.",
    responses=NoteShown,
    examples=[OpenApiExample("A note", A_NOTE, response_only=True)],
)
@api_view(["GET"])
def note(request: Request, number: str) -> Response:
    """One note, also beside a case."""
    mine = CreditNote.objects.visible_to(request.user).select_related("refund", "order")
    return Response(NoteShown(_note(get_object_or_404(mine, number=number), request.user)).data)


def _note(found: CreditNote, user: Any) -> dict[str, Any]:
    body = json.loads(found.body)
    is_of_shop = body["buyer"] != user.pk and not user.roles & SEEING
    return {
        "number": found.number,
        "refund": found.refund.number if found.refund else "",
        "order": body.get("order", ""),
        "at": found.at,
        "amount": found.amount,
        "compensation": body.get("compensation", 0),
        "units": [{"place": place, "amount": amount} for place, amount in body.get("units", [])],
        "payout": body["payout"],
        "rulebook": body.get("rulebook", ""),
        "sha256": found.sha256,
        "body": "" if is_of_shop and body.get("charge") else found.body,
        "is_whole": credit.is_whole(found),
    }


class SignalShown(serializers.Serializer[Any]):
    """Something in a file that deserves a second look."""

    code = serializers.CharField(
        help_text="`same_file`, `same_picture`, `older_than_purchase`, `newer_than_upload`, `edited`."
    )
    text = serializers.CharField(help_text="In the language of the request.")
    attachment = serializers.IntegerField()
    other = serializers.CharField(help_text="Number of the other order, if there is one.")


class SignalsShown(serializers.Serializer[Any]):
    """Signals, never a verdict."""

    results = SignalShown(many=True)


A_SIGNAL = {
    "code": "same_picture",
    "text": "Looks like a picture that was given in order K26112204817365.",
    "attachment": 7,
    "other": "K26112204817365",
}


@extend_schema(
    operation_id="listSignals",
    summary="Look at the signals of a case",
    description="For staff of cases who take no part in it; to others it does not exist. No amount changes by it.",
    responses=SignalsShown,
    examples=[OpenApiExample("One signal", {"results": [A_SIGNAL]}, response_only=True)],
)
@api_view(["GET"])
def signal_list(request: Request, number: str) -> Response:
    """What deserves a second look."""
    rows = Refund.objects.visible_to(request.user).select_related("order__shop")
    refund = get_object_or_404(rows, number=number)
    if not signals.may_see(refund, request.user):
        raise Http404
    return Response(SignalsShown({"results": signals.signals(refund)}).data)


class ReportShown(serializers.Serializer[Any]):
    """A report that something may not be sold."""

    number = serializers.CharField()
    listing = serializers.IntegerField(source="listing_id")
    refund = serializers.CharField(source="refund.number", allow_null=True, default=None)
    text = serializers.CharField()
    at = serializers.DateTimeField()
    took_down = serializers.BooleanField(help_text="It was on sale until then.")
    decided_at = serializers.DateTimeField(allow_null=True)
    is_upheld = serializers.BooleanField(allow_null=True)
    finding = serializers.CharField()


class ReportPage(serializers.Serializer[Any]):
    """A part of a list of reports, newest first."""

    results = ReportShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class Finding(serializers.Serializer[Any]):
    """What was found."""

    finding = Text(max_length=2_000)


A_REPORT = {
    "number": "J26112204817365",
    "listing": 7,
    "refund": "R26112250318264",
    "text": "盗版。",
    "at": "2026-11-22T02:10:00Z",
    "took_down": True,
    "decided_at": None,
    "is_upheld": None,
    "finding": "",
}
DECIDED = {"decided_at": "2026-11-23T02:10:00Z", "is_upheld": True, "finding": "无授权。"}


@extend_schema(
    operation_id="listReports",
    summary="List reports on listings",
    description="Your own; all of them for people of risk, leads and auditors. Newest first.",
    parameters=[CURSOR],
    responses=ReportPage,
    examples=[OpenApiExample("One report", {"results": [A_REPORT], "next": None}, response_only=True)],
)
@api_view(["GET"])
def report_list(request: Request) -> Response:
    """Reports."""
    return Response(ReportPage(page(request, reports.visible_to(request.user).select_related("refund"), by="-pk")).data)


def _decide(request: Request, number: str, verb: Any) -> Response:
    report = get_object_or_404(
        reports.visible_to(request.user).select_related("listing__shop", "refund"), number=number
    )
    told = Finding(data=request.data)
    told.is_valid(raise_exception=True)
    verb(report, finding=told.validated_data["finding"], by=request.user, at=clock.now())
    return Response(ReportShown(Report.objects.select_related("refund").get(pk=report.pk)).data)


@extend_schema(
    operation_id="upholdReport",
    summary="Decide that an offer may not be sold",
    description="For people of risk and leads. Refused: `not_your_turn`, `own_shop`, `wrong_moment`, `why_missing`.",
    request=Finding,
    responses=ReportShown,
    examples=[
        OpenApiExample("A finding", {"finding": "无授权。"}, request_only=True),
        OpenApiExample("Upheld", A_REPORT | DECIDED, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def uphold_report(request: Request, number: str) -> Response:
    """The report is right."""
    return _decide(request, number, reports.uphold)


@extend_schema(
    operation_id="dismissReport",
    summary="Decide that a report is unfounded",
    description="For people of risk and leads. Refused: `not_your_turn`, `own_shop`, `wrong_moment`, `why_missing`.",
    request=Finding,
    responses=ReportShown,
    examples=[
        OpenApiExample("A finding", {"finding": "授权齐全。"}, request_only=True),
        OpenApiExample("Dismissed", A_REPORT | DECIDED | {"is_upheld": False}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def dismiss_report(request: Request, number: str) -> Response:
    """The report is unfounded."""
    return _decide(request, number, reports.dismiss)


class AnswerToKeep(serializers.Serializer[Any]):
    """An answer to use again; the same title again replaces the text."""

    title = Text(max_length=40)
    text = Text(max_length=2_000)


class AnswerShown(serializers.Serializer[Any]):
    """An answer that a shop keeps."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class AnswersShown(serializers.Serializer[Any]):
    """All answers of a shop, by title."""

    results = AnswerShown(many=True)


AN_ANSWER = {"id": 3, "title": "可用", "text": "我们查询后台，该卡密显示可用。", "at": "2026-11-22T02:10:00Z"}


@extend_schema(
    methods=["GET"],
    operation_id="listAnswers",
    summary="List the answers that a shop keeps",
    description="For who serves buyers in the shop.",
    responses=AnswersShown,
    examples=[OpenApiExample("One answer", {"results": [AN_ANSWER]}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="keepAnswer",
    summary="Keep an answer",
    description="Void terms are refused as in a case (422). Refused: `too_many_answers`.",
    request=AnswerToKeep,
    responses=AnswerShown,
    examples=[
        OpenApiExample("An answer", {"title": "可用", "text": AN_ANSWER["text"]}, request_only=True),
        OpenApiExample("Kept", AN_ANSWER, response_only=True),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def answers(request: Request, slug: str) -> Response:
    """The answers of a shop, and a new one."""
    shop = _own_shop(request, slug)
    if request.method == "GET":
        return Response(AnswersShown({"results": shop.answers.order_by("title", "pk")}).data)
    told = AnswerToKeep(data=request.data)
    told.is_valid(raise_exception=True)
    try:
        kept = desk.keep_answer(shop, by=request.user, at=clock.now(), **told.validated_data)
    except ValidationError as error:
        raise exceptions.ValidationError(error.message_dict) from None
    return Response(AnswerShown(kept).data)


@extend_schema(
    operation_id="dropAnswer",
    summary="Let go of an answer",
    description="For who serves buyers in the shop. What was said with it stays said.",
    request=None,
    responses={204: None},
)
@api_view(["DELETE"])
def answer(request: Request, slug: str, pk: int) -> Response:
    """An answer goes."""
    shop = _own_shop(request, slug)
    desk.drop_answer(get_object_or_404(Answer, shop=shop, pk=pk), by=request.user, at=clock.now())
    return Response(status=204)


class WordShown(serializers.Serializer[Any]):
    """Up to how much a shop pays at once by its own word."""

    most = serializers.IntegerField(min_value=0, max_value=desk.MOST_WORD, help_text="Fen a case; 0: nothing.")


@extend_schema(
    methods=["GET"],
    operation_id="getWord",
    summary="See what a shop pays at once by its word",
    description="For who serves buyers in the shop.",
    responses=WordShown,
    examples=[OpenApiExample("Up to ¥50", {"most": 5_000}, response_only=True)],
)
@extend_schema(
    methods=["PUT"],
    operation_id="giveWord",
    summary="Say up to how much the shop pays at once",
    description="Counts for what is filed from now on. Refused: `not_your_turn` for who does not handle the money.",
    request=WordShown,
    responses=WordShown,
    examples=[OpenApiExample("Up to ¥50", {"most": 5_000})],
)
@api_view(["GET", "PUT"])
def word(request: Request, slug: str) -> Response:
    """A shop's word in advance."""
    shop = _own_shop(request, slug)
    if request.method == "PUT":
        told = WordShown(data=request.data)
        told.is_valid(raise_exception=True)
        desk.give_word(shop, most=told.validated_data["most"], by=request.user, at=clock.now())
    found = Word.objects.filter(shop=shop).first()
    return Response(WordShown({"most": found.most if found else 0}).data)


def _own_shop(request: Request, slug: str) -> Shop:
    shop = get_object_or_404(Shop, slug=slug)
    if not shop.may(request.user, SERVE):
        raise Http404
    if request.method != "GET":
        fire_overdue(shop.address, at=clock.now())
    return shop
