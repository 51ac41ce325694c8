"""The API of complaints from outside, for those who answer them: the same verbs as the pages."""

from typing import Any

from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from complaints import lifecycle, words
from complaints.models import ANSWERING, READING, Complaint, Source, Word
from complaints.outside import Stage, Told
from complaints.sandbox import phone
from complaints.states import ComplaintState
from orders.escrow import units_of
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page
from timeline.serializers import Moment


class OneWord(serializers.Serializer[Word]):
    """What was said outside."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(Word.Kind.choices)
    result = serializers.ChoiceField(Word.Outcome.choices, allow_blank=True, source="outcome")
    amount = serializers.IntegerField(help_text="Fen that went back.")
    text = serializers.CharField()
    sha256 = serializers.CharField()
    at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True, help_text="When the outside had it.")
    error = serializers.CharField(allow_blank=True)


class OneComplaint(serializers.Serializer[Complaint]):
    """A complaint that was made outside. The times are the outside's."""

    number = serializers.CharField()
    road = serializers.ChoiceField(Source.choices, source="source")
    outside_number = serializers.CharField()
    round = serializers.IntegerField(help_text="More than 1: it was made again after it had been closed.")
    state = serializers.ChoiceField(ComplaintState.choices)
    outside_state = serializers.CharField(allow_blank=True)
    order = serializers.CharField(source="order.number", allow_null=True, default=None)
    refund = serializers.CharField(source="refund.number", allow_null=True, default=None)
    who = serializers.CharField(allow_blank=True, help_text="Masked.")
    demand = serializers.CharField(allow_blank=True)
    asked = serializers.IntegerField(allow_null=True, help_text="Fen.")
    text = serializers.CharField()
    told_at = serializers.DateTimeField()
    first_due_at = serializers.DateTimeField(help_text="By when the outside wants a first word.")
    due_at = serializers.DateTimeField(help_text="By when the outside wants the result.")
    first_word_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    late_at = serializers.DateTimeField(allow_null=True)
    words = OneWord(many=True)
    actions = serializers.SerializerMethodField()

    def get_actions(self, found: Complaint) -> list[str]:
        """What whoever asks can do now, by the names of the verbs."""
        return found.actions_for(self.context["user"])


class ComplaintPage(serializers.Serializer[Any]):
    """A page of complaints."""

    results = OneComplaint(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class Recording(serializers.Serializer[Any]):
    """What came from 12315."""

    number = serializers.CharField(max_length=64, help_text="Its number there.")
    told_at = Moment()
    text = serializers.CharField(max_length=4000)
    who = serializers.CharField(max_length=40, required=False, default="", allow_blank=True, help_text="Kept masked.")
    demand = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    asked = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, help_text="Fen.")
    order = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class Linking(serializers.Serializer[Any]):
    """Which order it is about."""

    order = serializers.CharField(max_length=20)


class CaseOpening(serializers.Serializer[Any]):
    """What the mall's own case is about."""

    units = serializers.ListField(child=serializers.IntegerField(min_value=1), help_text="Places within the order.")
    reason = serializers.CharField(max_length=40)
    amount = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, help_text="Fen; nothing: all that the rules give."
    )


class Saying(serializers.Serializer[Any]):
    """A word before there is a result."""

    text = serializers.CharField(
        max_length=2000, required=False, default="", allow_blank=True, help_text="Nothing: the mall's own words."
    )


class Answering(serializers.Serializer[Any]):
    """The answer: the result in the mall's words, or in yours."""

    text = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    reasons = serializers.CharField(
        max_length=2000, required=False, default="", allow_blank=True, help_text="By a lead, where there is no case."
    )
    sha256 = serializers.CharField(
        max_length=64, required=False, allow_null=True, default=None, help_text="Of the text that was previewed."
    )


class AnswerPreview(serializers.Serializer[Any]):
    """What the outside would read now."""

    result = serializers.ChoiceField(Word.Outcome.choices, allow_blank=True, help_text="Empty: not decided yet.")
    amount = serializers.IntegerField()
    text = serializers.CharField(help_text="Masked: as it would go out.")
    sha256 = serializers.CharField()
    needs_reasons = serializers.BooleanField()


class Ending(serializers.Serializer[Any]):
    """How it ended at the authority."""

    end = serializers.CharField(max_length=500)


A_WORD = {
    "number": "V26112204817365",
    "kind": "result",
    "result": "paid",
    "amount": 9800,
    "text": "您好，售后单R26112204817365已处理：已退款¥98.00，按原支付方式退回。",
    "sha256": "4f1c…",
    "at": "2026-11-22T04:00:00Z",
    "sent_at": None,
    "error": "",
}
A_COMPLAINT = {
    "number": "W26112204817365",
    "road": "wechat",
    "outside_number": "200000020261122000000000001",
    "round": 1,
    "state": "working",
    "outside_state": "PROCESSING",
    "order": "K26112204817365",
    "refund": "R26112204817365",
    "who": "138****12",
    "demand": "申请退款",
    "asked": 9800,
    "text": "卡密无效，商家不处理。",
    "told_at": "2026-11-22T02:00:00Z",
    "first_due_at": "2026-11-23T02:00:00Z",
    "due_at": "2026-11-25T02:00:00Z",
    "first_word_at": "2026-11-22T02:10:00Z",
    "answered_at": None,
    "late_at": None,
    "words": [],
    "actions": ["say", "answer"],
}
ANSWERED = A_COMPLAINT | {"state": "answered", "words": [A_WORD], "actions": []}
HERE = OpenApiExample("One from WeChat Pay", A_COMPLAINT, response_only=True)


#: What was said, in its order.
IN_ORDER = Prefetch("words", Word.objects.order_by("pk"))


def _read(request: Request) -> Any:
    if not signed_in(request).roles & READING:
        raise Http404
    found = Complaint.objects.visible_to(request.user)
    return found.select_related("order__shop", "refund", "payment").prefetch_related(IN_ORDER)


def _find(request: Request, number: str) -> Complaint:
    found: Complaint = get_object_or_404(_read(request), number=number)
    return found


def _told(request: Request, found: Complaint, status: int = 200) -> Response:
    return Response(OneComplaint(_find(request, found.number), context={"user": request.user}).data, status=status)


@extend_schema(
    methods=["GET"],
    operation_id="listComplaints",
    summary="List complaints from outside",
    description="For agents, leads, finance and the auditor; newest first, 50 a page.",
    parameters=[CURSOR],
    responses=ComplaintPage,
    examples=[OpenApiExample("One", {"results": [A_COMPLAINT], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="recordComplaint",
    summary="Write down what came from 12315",
    description="Refused: `not_your_turn`, `known_already`, `no_such_order`.",
    request=Recording,
    responses={201: OneComplaint},
    examples=[
        OpenApiExample(
            "With its order",
            {
                "number": "12315-310115-20261122-0001",
                "told_at": "2026-11-22T02:00:00Z",
                "text": "卡密无效，商家不处理。",
                "demand": "退款",
                "asked": 9800,
                "order": "K26112204817365",
            },
            request_only=True,
        ),
        OpenApiExample(
            "Its clock runs",
            A_COMPLAINT | {"road": "authority", "outside_state": "", "state": "arrived", "first_word_at": None},
            response_only=True,
            status_codes=["201"],
        ),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def complaints(request: Request) -> Response:
    """What was complained of outside; or one more that came on paper."""
    if request.method == "POST":
        if not signed_in(request).roles & ANSWERING:
            raise Http404
        given = Recording(data=request.data)
        given.is_valid(raise_exception=True)
        found = _record(given.validated_data, by=request.user)
        return _told(request, found, status=201)
    found_all = page(request, _read(request), by="-pk")
    return Response(ComplaintPage(found_all, context={"user": request.user}).data)


def _record(given: dict[str, Any], *, by: Any) -> Complaint:
    told = Told(
        source=Source.AUTHORITY,
        number=given["number"].strip(),
        stage=Stage.WAITING,
        state="",
        text=given["text"].strip(),
        told_at=given["told_at"],
        who=phone(given["who"].strip()),
        demand=given["demand"].strip(),
        asked=given["asked"] or None,
    )
    return lifecycle.record(told, order_number=given["order"].strip(), by=by, at=clock.now())


@extend_schema(
    operation_id="readComplaint", summary="Read a complaint from outside", responses=OneComplaint, examples=[HERE]
)
@api_view(["GET"])
def complaint(request: Request, number: str) -> Response:
    """One complaint with what was said."""
    return _told(request, _find(request, number))


@extend_schema(
    operation_id="takeComplaint",
    summary="See to a complaint from outside",
    description="Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=OneComplaint,
    examples=[HERE],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def take(request: Request, number: str) -> Response:
    """An agent sees to it."""
    found = _find(request, number)
    lifecycle.take(found, by=request.user, at=clock.now())
    return _told(request, found)


@extend_schema(
    operation_id="linkComplaint",
    summary="Say which order a complaint is about",
    description="Refused: `not_your_turn`, `wrong_moment`, `linked`, `no_such_order`.",
    request=Linking,
    responses=OneComplaint,
    examples=[OpenApiExample("This one", {"order": "K26112204817365"}, request_only=True), HERE],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def link(request: Request, number: str) -> Response:
    """An agent says which order it is about."""
    given = Linking(data=request.data)
    given.is_valid(raise_exception=True)
    found = _find(request, number)
    lifecycle.link(found, given.validated_data["order"], by=request.user, at=clock.now())
    return _told(request, found)


@extend_schema(
    operation_id="openCaseForComplaint",
    summary="File the mall's own case for whoever complained outside",
    description=(
        "The same form, rules and clocks as by hand. Refused: `not_your_turn`, `wrong_moment`, `no_order`, `linked`,"
        " and all that filing a case refuses."
    ),
    request=CaseOpening,
    responses={201: OneComplaint},
    examples=[
        OpenApiExample("The first unit", {"units": [1], "reason": "CODE_INVALID"}, request_only=True),
        OpenApiExample("With its case", A_COMPLAINT, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def open_case(request: Request, number: str) -> Response:
    """An agent files a case for the buyer."""
    given = CaseOpening(data=request.data)
    given.is_valid(raise_exception=True)
    found, places = _find(request, number), set(given.validated_data["units"])
    units = [unit for unit in units_of(found.order) if unit.place in places] if found.order else []
    about = {"reason": given.validated_data["reason"], "amount": given.validated_data["amount"]}
    lifecycle.open_case(found, units, by=request.user, at=clock.now(), **about)
    return _told(request, found, status=201)


@extend_schema(
    operation_id="sayToComplaint",
    summary="Say a word outside before there is a result",
    description="Refused: `not_your_turn`, `wrong_moment`, `text_wrong`.",
    request=Saying,
    responses={201: OneComplaint},
    examples=[
        OpenApiExample("In your words", {"text": "您好，投诉已收到，正在核对。"}, request_only=True),
        OpenApiExample("On its way", A_COMPLAINT, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def say(request: Request, number: str) -> Response:
    """An agent says a word there."""
    given = Saying(data=request.data)
    given.is_valid(raise_exception=True)
    found = _find(request, number)
    lifecycle.say(found, given.validated_data["text"], by=request.user, at=clock.now())
    return _told(request, found, status=201)


@extend_schema(
    operation_id="previewComplaintAnswer",
    summary="Read the answer as the outside will",
    description="Masked. Send its `sha256` with the answer, so that nothing else goes out than what was read.",
    request=Answering,
    responses=AnswerPreview,
    examples=[
        OpenApiExample("In the mall's words", {}, request_only=True),
        OpenApiExample(
            "As it would go out",
            {"result": "paid", "amount": 9800, "text": A_WORD["text"], "sha256": "4f1c…", "needs_reasons": False},
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def preview(request: Request, number: str) -> Response:
    """The answer as it would go out now; nothing is stored."""
    given = Answering(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    result, text = lifecycle.answer_now(_find(request, number), data["text"], reasons=data["reasons"])
    told = {
        "result": result.outcome,
        "amount": result.amount,
        "text": text,
        "sha256": words.digest(text),
        "needs_reasons": result.needs_reasons,
    }
    return Response(AnswerPreview(told).data)


@extend_schema(
    operation_id="answerComplaint",
    summary="Answer a complaint with the result",
    description=(
        "Refused: `not_your_turn`, `wrong_moment`, `case_undecided`, `reasons_missing`, `text_wrong`, `answer_changed`."
    ),
    request=Answering,
    responses={201: OneComplaint},
    examples=[
        OpenApiExample("As previewed", {"sha256": "4f1c…"}, request_only=True),
        OpenApiExample("Answered", ANSWERED, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def answer(request: Request, number: str) -> Response:
    """The answer is the internal result."""
    given = Answering(data=request.data)
    given.is_valid(raise_exception=True)
    found = _find(request, number)
    lifecycle.answer(found, by=request.user, at=clock.now(), **given.validated_data)
    return _told(request, found, status=201)


@extend_schema(
    operation_id="handInAnswer",
    summary="Note that the paper was taken to the authority",
    description="Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=OneComplaint,
    examples=[OpenApiExample("Handed in", ANSWERED | {"road": "authority"}, response_only=True)],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def hand_in(request: Request, number: str) -> Response:
    """The paper was taken there."""
    found = _find(request, number)
    word = get_object_or_404(found.words.order_by("-pk"), kind=Word.Kind.RESULT, sent_at=None)
    lifecycle.hand_in(word, by=request.user, at=clock.now())
    return _told(request, found)


@extend_schema(
    operation_id="closeComplaint",
    summary="Say how a complaint ended at the authority",
    description="Refused: `not_your_turn`, `wrong_moment`, `reasons_missing`.",
    request=Ending,
    responses=OneComplaint,
    examples=[
        OpenApiExample("Settled", {"end": "双方和解，终止调解。"}, request_only=True),
        OpenApiExample("Closed", ANSWERED | {"road": "authority", "state": "closed"}, response_only=True),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_find)
@idempotent
def close(request: Request, number: str) -> Response:
    """The authority has closed it."""
    given = Ending(data=request.data)
    given.is_valid(raise_exception=True)
    found = _find(request, number)
    lifecycle.close(found, end=given.validated_data["end"], by=request.user, at=clock.now())
    return _told(request, found)
