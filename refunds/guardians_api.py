"""The API of a family's papers in a case about a child's purchase: the verbs of the page, for the same people."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from orders.attachments import too_large_a_file
from orders.uploads import too_large
from refunds import guardians
from refunds.api import overdue_first
from refunds.models import Guardian, Proof
from refunds.papers import Relation
from refunds.papers_api import Finding
from refunds.states import GuardianState
from shops.serializers import Text
from timeline import clock
from timeline.api import idempotent

#: Sealed papers are known again by their own hash, and none is kept beside its seal.
WITHOUT_KEY = {"x-idempotency-key": "none"}


class PaperShownSealed(serializers.Serializer[Any]):
    """A sealed paper: what it shows, never what is in it."""

    id = serializers.IntegerField()
    what = serializers.ChoiceField(Proof.What.choices)
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes of the original.")
    sha256 = serializers.CharField(help_text="Of the original.")
    at = serializers.DateTimeField()


class GuardianShown(serializers.Serializer[Any]):
    """A family's papers, as the family and the staff who decide see them; for the shop they are not there."""

    refund = serializers.CharField(source="refund.number")
    state = serializers.ChoiceField(GuardianState.choices)
    turn = serializers.CharField(source="owner")
    deadline_at = serializers.DateTimeField(allow_null=True)
    relation = serializers.CharField(help_text="Empty until the papers are complete.")
    hints = serializers.SerializerMethodField(help_text="Who the guardian is, with most of it masked.")
    missing = serializers.SerializerMethodField(help_text="Kinds of papers that are not there yet.")
    proofs = serializers.SerializerMethodField()
    finding = serializers.CharField(help_text="What the staff found, or what is missing.")

    def get_hints(self, found: Guardian) -> dict[str, str]:
        """Masked words."""
        return dict(found.words.hint) if found.words else {}

    def get_missing(self, found: Guardian) -> list[str]:
        """By their names in this API."""
        there = set(found.proofs.values_list("what", flat=True).order_by("pk"))
        return [str(what) for what in guardians.NEEDED if what not in there]

    @extend_schema_field(PaperShownSealed(many=True))
    def get_proofs(self, found: Guardian) -> Any:
        """In the order in which they were given."""
        return PaperShownSealed(found.proofs.order_by("pk"), many=True).data


class PaperToSeal(serializers.Serializer[Any]):
    """One paper of a family, as multipart/form-data."""

    what = serializers.ChoiceField(Proof.What.choices)
    file = serializers.FileField(allow_empty_file=True)


class PapersComplete(serializers.Serializer[Any]):
    """Who the guardian is; the words are sealed."""

    relation = serializers.ChoiceField(Relation.choices)
    name = Text(max_length=60)
    contact = Text(max_length=100)
    account = Text(max_length=1_000, help_text="Whose device and account, when, and how it was noticed.")


class WhyToOpen(serializers.Serializer[Any]):
    """Why somebody of the staff opens a sealed paper: on record before it opens."""

    why = Text(min_length=guardians.SHORTEST_REASON, max_length=500)


A_PROOF = {
    "id": 3,
    "what": "identity",
    "media_type": "image/jpeg",
    "size": 81_920,
    "sha256": "5f0c" * 16,
    "at": "2026-11-22T02:10:00Z",
}
AWAITED = {
    "refund": "R26112250318264",
    "state": "awaited",
    "turn": "guardian",
    "deadline_at": "2026-11-29T16:00:00Z",
    "relation": "",
    "hints": {},
    "missing": ["custody", "operation"],
    "proofs": [A_PROOF],
    "finding": "",
}
GIVEN = AWAITED | {
    "state": "given",
    "turn": "lead",
    "relation": "parent",
    "hints": {"name": "王••"},
    "missing": [],
}
DECIDED = GIVEN | {"state": "accepted", "turn": "", "deadline_at": None, "finding": "材料一致。"}
A_FINDING = OpenApiExample("A finding", {"finding": "材料一致。"}, request_only=True)


@extend_schema(
    operation_id="getGuardianPapers",
    summary="See a family's papers",
    description="For whoever filed the case and the staff who decide; for the shop they are not there.",
    responses=GuardianShown,
    examples=[OpenApiExample("Two are missing", AWAITED, response_only=True)],
)
@api_view(["GET"])
def papers(request: Request, number: str) -> Response:
    """What was given and what is missing."""
    return Response(GuardianShown(_visible(request, number)).data)


@extend_schema(
    operation_id="sealGuardianPaper",
    summary="Give a paper of a family",
    description=(
        "As `multipart/form-data`, by whoever filed. Sealed at once. It is known again by its own hash, so this POST"
        " takes no `Idempotency-Key`. Refused: `not_your_turn`, `wrong_moment`, `too_many_files`."
    ),
    request={"multipart/form-data": PaperToSeal},
    responses={201: GuardianShown},
    examples=[OpenApiExample("One of three", AWAITED, response_only=True, status_codes=["201"])],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
@parser_classes([MultiPartParser])
@overdue_first
def seal(request: Request, number: str) -> Response:
    """One more paper."""
    found = _visible(request, number)
    told = PaperToSeal(data=request.data)
    if too_large(request._request):
        raise too_large_a_file()
    told.is_valid(raise_exception=True)
    guardians.prove(
        found, told.validated_data["file"], what=told.validated_data["what"], by=request.user, at=clock.now()
    )
    return Response(GuardianShown(_visible(request, number)).data, status=201)


@extend_schema(
    operation_id="giveGuardianPapers",
    summary="Say that a family's papers are complete",
    description=(
        "By whoever filed, once one paper of each kind is there. Refused: `not_your_turn`, `wrong_moment`,"
        " `papers_missing`."
    ),
    request=PapersComplete,
    responses=GuardianShown,
    examples=[
        OpenApiExample(
            "A mother",
            {"relation": "parent", "name": "王小明", "contact": "13800138000", "account": "孩子用我的手机付的。"},
            request_only=True,
        ),
        OpenApiExample("With the staff", GIVEN, response_only=True),
    ],
)
@api_view(["POST"])
@overdue_first
@idempotent
def give(request: Request, number: str) -> Response:
    """All is there."""
    found = _visible(request, number)
    told = PapersComplete(data=request.data)
    told.is_valid(raise_exception=True)
    said = dict(told.validated_data)
    try:
        guardians.give(found, relation=said.pop("relation"), words=said, by=request.user, at=clock.now())
    except ValidationError as error:
        raise exceptions.ValidationError(error.message_dict) from None
    return Response(GuardianShown(_visible(request, number)).data)


@extend_schema(
    operation_id="openGuardianPaper",
    summary="Open a sealed paper",
    description=(
        "For the staff who decide, with the reason, which is on record before it opens. The answer is the paper itself;"
        " nothing stores it, so this POST takes no `Idempotency-Key`. Refused: `not_your_turn`, `why_missing`."
    ),
    request=WhyToOpen,
    responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    examples=[OpenApiExample("Why", {"why": "核对监护人身份后才能裁定。"}, request_only=True)],
    extensions=WITHOUT_KEY,
)
@api_view(["POST"])
@overdue_first
def open_paper(request: Request, number: str, pk: int) -> HttpResponse:
    """What is in it."""
    found = _visible(request, number)
    if not guardians.may_open(found, request.user):
        raise Http404
    rows = Proof.objects.select_related("guardian__refund__order__shop", "key")
    proof = get_object_or_404(rows, guardian=found, pk=pk)
    told = WhyToOpen(data=request.data)
    told.is_valid(raise_exception=True)
    content = guardians.open_proof(proof, why=told.validated_data["why"], by=request.user, at=clock.now())
    answer = HttpResponse(content, content_type=proof.media_type)
    answer["Content-Disposition"] = f"attachment; filename={proof.what}-{proof.pk}"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@extend_schema(
    operation_id="acceptGuardianPapers",
    summary="Find that a family's papers show it",
    description="For seniors and leads. Refused: `not_your_turn`, `wrong_moment`, `why_missing`.",
    request=Finding,
    responses=GuardianShown,
    examples=[A_FINDING, OpenApiExample("Accepted", DECIDED, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def accept(request: Request, number: str) -> Response:
    """They show it."""
    return _decide(request, number, guardians.accept)


@extend_schema(
    operation_id="refuseGuardianPapers",
    summary="Find that a family's papers do not show it",
    description="For seniors and leads; the case goes on. Refused: `not_your_turn`, `wrong_moment`, `why_missing`.",
    request=Finding,
    responses=GuardianShown,
    examples=[A_FINDING, OpenApiExample("Refused", DECIDED | {"state": "refused"}, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def refuse(request: Request, number: str) -> Response:
    """They do not show it."""
    return _decide(request, number, guardians.refuse)


@extend_schema(
    operation_id="askGuardianAgain",
    summary="Ask a family for what is missing",
    description="For seniors and leads; its time runs anew. Refused: `not_your_turn`, `wrong_moment`, `why_missing`.",
    request=Finding,
    responses=GuardianShown,
    examples=[A_FINDING, OpenApiExample("Once more", AWAITED | {"finding": "缺户口本。"}, response_only=True)],
)
@api_view(["POST"])
@overdue_first
@idempotent
def ask_again(request: Request, number: str) -> Response:
    """Something is missing."""
    return _decide(request, number, guardians.ask_again)


def _decide(request: Request, number: str, verb: Callable[..., None]) -> Response:
    found = _visible(request, number)
    told = Finding(data=request.data)
    told.is_valid(raise_exception=True)
    verb(found, finding=told.validated_data["finding"], by=request.user, at=clock.now())
    return Response(GuardianShown(_visible(request, number)).data)


def _visible(request: Request, number: str) -> Guardian:
    """The papers, for whoever filed and for the staff who decide; for the shop they are not there."""
    rows = Guardian.objects.select_related("refund__order__shop", "refund__buyer", "words")
    found = get_object_or_404(rows, refund__number=number)
    if not (found.is_of(request.user) or guardians.may_open(found, request.user)):
        raise Http404
    return found
