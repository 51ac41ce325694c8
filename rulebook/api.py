"""The API of the rulebook: what a case comes to, for everybody. The same engine and the same words as on the pages."""

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from rulebook import cards, explanations, versions
from rulebook.calculator import QUESTIONS
from rulebook.claims import KINDS, LARGEST, LEVELS, STATES, VOCABULARY, Claim, InvalidClaim, Word
from rulebook.decisions import Outcome
from rulebook.engine import decide
from timeline import clock

#: How often one address may calculate without signing in.
RATE = "60/min"


class CalculatorThrottle(AnonRateThrottle):
    """So many calculations from one address, signed in or not: the answer costs nobody a right."""

    scope = "calculator"
    rate = RATE

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """By address alone."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class WholeInAddress(serializers.IntegerField):
    """A whole number in an address: digits alone, so that ¥98.00 is never taken for 98 fen."""

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,13}", str(data)):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class CaseToCalculate(serializers.Serializer[Any]):
    """A case in the rulebook's fixed names; facts that nobody knows are left out, never guessed."""

    reason = serializers.CharField(max_length=40, help_text="Code of a reason, such as `CHANGE_OF_MIND`.")
    kind = serializers.ChoiceField([(kind, kind) for kind in KINDS], help_text="What was bought.")
    state = serializers.ChoiceField([(state, state) for state in STATES], help_text="State of the unit.")
    level = serializers.ChoiceField([(level, level) for level in LEVELS], default="M1", help_text="Membership level.")
    paid = WholeInAddress(min_value=0, max_value=LARGEST, help_text="Fen that were paid for the unit.")
    version = serializers.CharField(
        max_length=40, required=False, help_text="Number of a published version; left out: the one in force."
    )


def _fact(name: str, word: Word) -> serializers.Field[Any, Any, Any, Any]:
    unit = f" ({word.unit})" if word.unit else ""
    told: dict[str, Any] = {"required": False, "help_text": f"{word.meaning}{unit}"}
    if word.type is bool:
        return serializers.BooleanField(**told)
    if word.type is int:
        return WholeInAddress(min_value=0, max_value=word.largest, **told)
    if word.allowed:
        return serializers.ChoiceField([(each, each) for each in word.allowed], **told)
    return serializers.CharField(max_length=40, **told)


FACTS = {name: _fact(name, word) for name, word in VOCABULARY.items() if name in QUESTIONS and word.type is not dict}
FACTS["buyer_share_bp"] = WholeInAddress(
    min_value=0,
    max_value=10_000,
    required=False,
    help_text="the buyer's share of the fault; the shop has the rest (bp)",
)
CaseWithFacts = type("CaseWithFacts", (CaseToCalculate,), {"__doc__": CaseToCalculate.__doc__, **FACTS})


class LineCalculated(serializers.Serializer[Any]):
    """A step of the arithmetic."""

    code = serializers.CharField()
    rule = serializers.CharField()
    numbers = serializers.DictField(help_text="Names that end in `_fen` are money, in `_bp` rates.")
    text = serializers.CharField(help_text="In the language of the request.")


class Calculated(serializers.Serializer[Any]):
    """What the rulebook gives, if every fact told is proven."""

    decision = serializers.ChoiceField([(each.value, each.value) for each in Outcome])
    route = serializers.CharField(
        help_text="Who may act on it: `AUTO` (no permission to pay), `AUTO_PREDECISION` or `HUMAN`."
    )
    refund = serializers.IntegerField(help_text="Fen.")
    fee = serializers.IntegerField(help_text="Fen that stay with the shop.")
    comp = serializers.IntegerField(help_text="Fen of compensation on top.")
    suggest = serializers.IntegerField(allow_null=True, help_text="Fen, the hint where a person decides the sum.")
    payers = serializers.DictField(child=serializers.IntegerField(), help_text="Fen by who pays the refund.")
    comp_payer = serializers.CharField(allow_null=True)
    instant = serializers.BooleanField(help_text="Whether it would be paid within the hour.")
    rule = serializers.ListField(child=serializers.CharField(), help_text="Rule ids, in the order they counted.")
    law = serializers.ListField(child=serializers.CharField(), help_text="Legal sources, in the request's language.")
    remedies = serializers.ListField(child=serializers.CharField())
    outcome = serializers.CharField(help_text="The result in one sentence, in the request's language.")
    explain = LineCalculated(many=True)
    missing = serializers.ListField(child=serializers.CharField(), help_text="Facts the answer depends on.")
    version = serializers.CharField(help_text="Number of the version that decided.")
    sha256 = serializers.CharField(help_text="Of the version's exact text.")


AN_ANSWER = {
    "decision": "FEE_DEDUCTED",
    "route": "AUTO",
    "refund": 9_506,
    "fee": 294,
    "comp": 0,
    "suggest": None,
    "payers": {"SELLER": 9_506},
    "comp_payer": None,
    "instant": False,
    "rule": ["MX-32", "LEVEL_SEALED"],
    "law": ["Consumer Rights Protection Law, article 25"],
    "remedies": ["REFUND", "EXCHANGE"],
    "outcome": "It goes back, less a fee of ¥2.94.",
    "explain": [
        {
            "code": "FEE",
            "rule": "LEVEL_SEALED",
            "numbers": {"refundable_fen": 9_800, "fee_bp": 300, "fee_fen": 294, "cap_fen": 5_000},
            "text": "Fee: 3% of ¥98.00, rounded down and at most ¥50.00: ¥2.94.",
        }
    ],
    "missing": [],
    "version": "default-cn 2026.11.0",
    "sha256": "9f2c1e0b7a35d84c6e1f90b2a7c3d5e8f1046b9c2d7e3a5081f6c4b2d9e7a310",
}


@extend_schema(
    operation_id="calculate",
    summary="Work out what a case comes to",
    description=(
        "Public. A case in, the decision with every rule, every step and every legal source out; nothing is stored. "
        f"At most {RATE.partition('/')[0]} a minute from one address. What cannot be is refused with status 422."
    ),
    parameters=[CaseWithFacts],
    responses=Calculated,
    examples=[OpenApiExample("A sealed code, 20 hours after delivery, level silver", AN_ANSWER, response_only=True)],
    auth=[],
    extensions={"x-names": True, "x-judges": True},
)
@api_view(["GET"])
@permission_classes([AllowAny])
@throttle_classes([CalculatorThrottle])
def calculate(request: Request) -> Response:
    """What the rules give."""
    told = CaseWithFacts(data=request.query_params.dict())
    told.is_valid(raise_exception=True)
    case: dict[str, Any] = dict(told.validated_data)
    number = case.pop("version", "")
    try:
        version = versions.named(number.replace("\x00", "")) if number else versions.in_force(clock.now())
    except LookupError:
        raise serializers.ValidationError({"version": "There is no published version of this number."}) from None
    try:
        decision = decide(_claim(case), version.book)
    except InvalidClaim as error:
        raise serializers.ValidationError({_field(error.path): error.sentence}, code=error.code) from None
    summary = {"suggest": None, **decision.summary()}
    return Response(
        Calculated(
            {
                **summary,
                "law": [explanations.source(source) for source in decision.basis],
                "remedies": list(decision.remedies),
                "outcome": cards.outcome(decision),
                "explain": [
                    {
                        "code": line.code,
                        "rule": line.rule,
                        "numbers": dict(line.numbers),
                        "text": explanations.sentence(line),
                    }
                    for line in decision.lines
                ],
                "missing": [str(dict(line.numbers)["fact"]) for line in decision.lines if line.code == "FACT_MISSING"],
                "version": version.number,
                "sha256": version.sha256,
            }
        ).data
    )


def _claim(case: Mapping[str, Any]) -> Claim:
    head = {name: case[name] for name in ("reason", "kind", "state", "level", "paid")}
    facts = {name: value for name, value in case.items() if name not in head and name != "buyer_share_bp"}
    if "buyer_share_bp" in case:
        facts["shares"] = {"SELLER": 10_000 - case["buyer_share_bp"], "BUYER": case["buyer_share_bp"]}
    return Claim(**head, facts=facts)


def _field(path: str) -> str:
    name = path.removeprefix("facts.").partition(".")[0]
    return "buyer_share_bp" if name == "shares" else name
