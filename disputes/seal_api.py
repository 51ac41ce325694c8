"""The API of sealed rulings: the file of one, the chain of all, the keys, and whether something is valid."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from disputes import seal
from disputes.models import Dispute, Seal
from disputes.seal import Verdict
from ledger import signing
from shops.serializers import Text
from timeline.api import CURSOR, page

LINK = {
    "number": "KM2026-000001",
    "sealed_at": "2026-11-22T03:00:00Z",
    "sha256": "8f43f0b5c0e2d6b4b0a8a0f3a0c9d1e2f3a4b5c6d7e8f9011223344556677889",
    "statement": '{"format":"kamen-ruling-1","mall":"https://mall.example","number":"KM2026-000001"}',
    "signature": "9l3w…",
    "public_key": "p4Ue…",
}


class SealInChain(serializers.Serializer[Any]):
    """One link of the chain; it says nothing of what was decided."""

    number = serializers.CharField()
    sealed_at = serializers.DateTimeField(source="at")
    sha256 = serializers.CharField(help_text="Of the statement.")
    statement = serializers.CharField(help_text="The exact text that is signed: canonical JSON.")
    signature = serializers.CharField(help_text="Ed25519, base64url without padding.")
    public_key = serializers.CharField(help_text="Base64url without padding.")


class SealPage(serializers.Serializer[Any]):
    """A part of the chain, newest first."""

    results = SealInChain(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class SealLink(serializers.Serializer[Any]):
    """A seal as it stands in a file."""

    statement = serializers.CharField()
    signature = serializers.CharField()
    public_key = serializers.CharField()


class RulingFile(SealLink):
    """A sealed ruling that can be checked without us."""

    format = serializers.CharField()
    text = serializers.CharField(help_text="The ruling, canonical JSON: the exact text whose hash was signed.")
    chain = SealLink(many=True, help_text="The seals before it, newest first.")


class PublicKeys(serializers.Serializer[Any]):
    """By which keys the mall signs, and signed."""

    key = serializers.CharField(help_text="In use.")
    earlier = serializers.ListField(child=serializers.CharField())


class SealStep(serializers.Serializer[Any]):
    """One step of a check."""

    step = serializers.CharField(help_text="readable, text, signature, key, links, known, hash or chain.")
    holds = serializers.BooleanField()


class SealVerdict(serializers.Serializer[Any]):
    """What a check found."""

    is_valid: Any = serializers.BooleanField()  # a field; the method of this name stays what it is
    number = serializers.CharField(allow_blank=True, help_text="Empty where the file names none.")
    steps = SealStep(many=True)


class FileToCheck(serializers.Serializer[Any]):
    """The file of a ruling."""

    content = Text(max_length=seal.LONGEST_FILE, help_text="The file's text.")


@extend_schema(
    operation_id="listSeals",
    summary="Read the chain of all rulings",
    description="Public. Each seal names the hash of the one before it. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=SealPage,
    examples=[OpenApiExample("One seal", {"results": [LINK], "next": None}, response_only=True)],
    auth=[],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def seals(request: Request) -> Response:
    """The chain."""
    return Response(SealPage(page(request, Seal.objects.all(), by="-pk")).data)


@extend_schema(
    operation_id="checkSeal",
    summary="Check a number with its hash",
    description="Public. The hash is that of the seal's statement or of the ruling's text.",
    parameters=[OpenApiParameter("sha256", str, OpenApiParameter.QUERY, description="64 hexadecimal digits.")],
    responses=SealVerdict,
    examples=[
        OpenApiExample(
            "Valid",
            {"is_valid": True, "number": "KM2026-000001", "steps": [{"step": "known", "holds": True}]},
            response_only=True,
        )
    ],
    auth=[],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def check(request: Request, number: str) -> Response:
    """Whether the mall set this seal."""
    return Response(_shown(seal.check_number(number, request.query_params.get("sha256", ""))))


@extend_schema(
    operation_id="checkRulingFile",
    summary="Check the file of a ruling",
    description="Public. Text, signature, key, chain. Nothing is kept, so it needs no key of its own.",
    request=FileToCheck,
    responses=SealVerdict,
    examples=[
        OpenApiExample("A file", {"content": '{"format":"kamen-ruling-1"}'}, request_only=True),
        OpenApiExample(
            "Changed",
            {"is_valid": False, "number": "KM2026-000001", "steps": [{"step": "text", "holds": False}]},
            response_only=True,
        ),
    ],
    auth=[],
    extensions={"x-idempotency-key": "none", "x-judges": True},
)
@api_view(["POST"])
@permission_classes([AllowAny])
def check_file(request: Request) -> Response:
    """Whether a file is the mall's, unchanged."""
    told = FileToCheck(data=request.data)
    told.is_valid(raise_exception=True)
    return Response(_shown(seal.check_file(told.validated_data["content"])))


@extend_schema(
    operation_id="listPublicKeys",
    summary="Read the mall's public keys",
    description="Public. Rulings, bundles and anchors are signed with them.",
    responses=PublicKeys,
    examples=[OpenApiExample("One key", {"key": "p4Ue…", "earlier": []}, response_only=True)],
    auth=[],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def keys(request: Request) -> Response:
    """The keys."""
    ours = signing.public_key()
    return Response({"key": ours, "earlier": sorted(signing.trusted_keys() - {ours})})


@extend_schema(
    operation_id="getRulingFile",
    summary="Take a sealed ruling with you",
    description="For the sides of the case and its staff. The offline script checks it.",
    responses=RulingFile,
    examples=[
        OpenApiExample(
            "A ruling",
            {
                "format": "kamen-ruling-1",
                "text": "{}",
                "statement": LINK["statement"],
                "signature": "9l3w…",
                "public_key": "p4Ue…",
                "chain": [],
            },
            response_only=True,
        )
    ],
)
@api_view(["GET"])
def ruling(request: Request, number: str) -> Response:
    """One sealed ruling."""
    seen = Dispute.objects.visible_to(request.user, signed_in(request).roles)
    found = get_object_or_404(Seal.objects.order_by("-pk"), number=number, ruling__dispute__in=seen)
    return Response(RulingFile(seal.file_of(found)).data)


def _shown(verdict: Verdict) -> dict[str, Any]:
    steps = [{"step": step, "holds": holds} for step, holds in verdict.steps]
    return {"is_valid": verdict.is_valid, "number": verdict.number, "steps": steps}
