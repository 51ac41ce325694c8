"""The acts of a case that take words, in the API: the same verbs and the same words as on the pages."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from disputes import acts, api
from disputes.hearing import LONGEST_STATEMENT, Need
from disputes.models import Appeal, Challenge, Dispute, Neutral, Penalty, Question, Ruling, Vote
from disputes.serializers import DisputeInFull, GrantToMake, Shares
from ledger.serializers import ReasonToGive
from orders import attachments
from shops.serializers import Text, Whole
from timeline import clock
from timeline.api import after_what_is_overdue, idempotent


def _files() -> Any:
    return serializers.ListField(
        child=Whole(min_value=1), required=False, max_length=20, help_text="Ids of your own files of the order."
    )


class NeedToSay(serializers.Serializer[Any]):
    """Why a side needs longer."""

    need = serializers.ChoiceField(Need.choices)


class ChallengeToMake(serializers.Serializer[Any]):
    """Why somebody else should judge."""

    ground = serializers.ChoiceField(Challenge.Ground.choices)
    text = Text(max_length=500)


class AnswerToGive(serializers.Serializer[Any]):
    """What was asked for by name, or why it is not there."""

    text = Text(max_length=LONGEST_STATEMENT, required=False, allow_blank=True)
    attachments = _files()


class ProposalRead(serializers.Serializer[Any]):
    """The proposal that was read."""

    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")


class LastOffer(serializers.Serializer[Any]):
    """A side's last figure."""

    amount = Whole(min_value=0, max_value=10**12, help_text="Fen that should go back in all.")


class AppealToFile(serializers.Serializer[Any]):
    """What is wrong with the ruling."""

    ground = serializers.ChoiceField(Appeal.Ground.choices)
    text = Text(max_length=LONGEST_STATEMENT, help_text="50 characters at least.")
    late_because = Text(max_length=1_000, required=False, allow_blank=True, help_text="Needed for new evidence.")
    attachments = _files()


class AppealToAnswer(serializers.Serializer[Any]):
    """What the other side says, and an appeal of its own."""

    text = Text(max_length=LONGEST_STATEMENT, required=False, allow_blank=True)
    joined_ground = serializers.ChoiceField(Appeal.Ground.choices, required=False, allow_blank=True)
    joined_text = Text(max_length=LONGEST_STATEMENT, required=False, allow_blank=True)
    attachments = _files()


class ThingToAsk(serializers.Serializer[Any]):
    """One named thing."""

    whom = serializers.ChoiceField(Question.Whom.choices)
    kind = serializers.ChoiceField(Question.Kind.choices)
    item = Text(max_length=200)
    reason = Text(max_length=500)


class ProposalToMake(serializers.Serializer[Any]):
    """A way out."""

    grants = GrantToMake(many=True, help_text="Units left out get nothing.")
    text = Text(max_length=2_000)


class DismissalToWrite(serializers.Serializer[Any]):
    """Why a case is not heard."""

    ground = serializers.ChoiceField(Ruling.Dismissed.choices)
    reasons = Text(max_length=8_000)


class SuspensionToOrder(serializers.Serializer[Any]):
    """What stops a case."""

    because = serializers.ChoiceField([each for each in Dispute.Suspended.choices if each[0] != "outside"])
    reference = Text(max_length=200)


class DefectToName(serializers.Serializer[Any]):
    """The defect of form of an appeal."""

    formal = serializers.ChoiceField(Appeal.Formal.choices)


class VoteToGive(serializers.Serializer[Any]):
    """A member of the panel's word."""

    word = serializers.ChoiceField(Vote.Word.choices)
    reasons = Text(max_length=8_000)
    shares = Shares(required=False)
    grants = GrantToMake(many=True, required=False, help_text="Units left out follow the shares.")
    compensation = Whole(
        min_value=0, max_value=10**12, required=False, help_text="Fen on top; left out, it stays as it was ruled."
    )


class PenaltyToPropose(serializers.Serializer[Any]):
    """What a shop should pay for."""

    ground = serializers.ChoiceField(Penalty.Ground.choices)
    amount = Whole(min_value=1, max_value=10**12, help_text="Fen.")
    text = Text(max_length=2_000)


class PenaltyToSettle(serializers.Serializer[Any]):
    """Whether a penalty is imposed."""

    agrees = serializers.BooleanField()


class NeutralOnList(serializers.Serializer[Any]):
    """Somebody from outside who decides where the platform itself is the respondent."""

    name = serializers.CharField()
    organization = serializers.CharField()
    about = serializers.CharField()
    listed_at = serializers.DateTimeField()


def _act(
    operation: str,
    name: str,
    summary: str,
    state: str,
    words: type[serializers.Serializer[Any]] | None = None,
    example: dict[str, Any] | None = None,
    description: str = "",
) -> Any:
    """The address of one act of a case."""
    sent = [OpenApiExample("What is sent", example, request_only=True)] if example else []

    @extend_schema(
        operation_id=operation,
        summary=summary,
        description=description,
        request=words,
        responses=DisputeInFull,
        examples=[*sent, OpenApiExample("The dispute", {**api.IN_FULL, "state": state}, response_only=True)],
    )
    @api_view(["POST"])
    @after_what_is_overdue(lambda request, number: api.visible(request, number))
    @idempotent
    def act(request: Request, number: str) -> Response:
        found = api.in_hand(request, number)
        told: dict[str, Any] = {}
        if words is not None:
            given = words(data=request.data)
            given.is_valid(raise_exception=True)
            told = dict(given.validated_data)
        if "grants" in told:
            told["grants"] = {each["place"]: each["amount"] for each in told["grants"]}
        if "attachments" in told:
            told["attachments"] = attachments.own(found.refund.order, told["attachments"], by=request.user)
        acts.act(name, found, told, by=request.user, at=clock.now())
        return Response(api.shown(request, found))

    return act


LONG = "裁定认定卡密在展示后由买家使用，但发卡方的记录显示该卡密在展示之前三天就已在另一账号兑换，请求改判。"
ADDRESSES = {
    "extend": _act("extendEvidence", "extend", "Ask for 24 hours more", "evidence", NeedToSay, {"need": "supplier"}),
    "challenge": _act(
        "challengeArbiter",
        "challenge",
        "Ask for somebody else to judge",
        "evidence",
        ChallengeToMake,
        {"ground": "knows", "text": "与店主相识"},
        "Once per side, within 24 hours of hearing who has the case.",
    ),
    "answer": _act("answerQuestion", "answer", "Give what is asked for", "review", AnswerToGive, {"text": "录屏已附"}),
    "agree": _act("acceptProposal", "agree", "Accept the proposal", "proposed", ProposalRead, {"sha256": "0" * 64}),
    "refuse": _act("refuseProposal", "refuse", "Do not accept the proposal", "review"),
    "last-offer": _act(
        "giveLastOffer", "last_offer", "Give a last offer, sealed", "review", LastOffer, {"amount": 6_000}
    ),
    "waive": _act("waiveAppeal", "waive", "Say that you will not appeal", "ruled"),
    "go-outside": _act("takeOutside", "go_outside", "Take a case against the platform outside", "suspended"),
    "appeal": _act("fileAppeal", "appeal", "Appeal", "appealed", AppealToFile, {"ground": "rule", "text": LONG}),
    "answer-appeal": _act(
        "answerAppeal", "answer_appeal", "Answer to an appeal", "appealed", AppealToAnswer, {"text": "裁定无误"}
    ),
    "withdraw-appeal": _act("withdrawAppeal", "withdraw_appeal", "Take an appeal back", "ruled"),
    "unmask": _act(
        "unmaskDispute", "unmask", "Say why you need names and networks", "review", ReasonToGive, {"reason": "核对"}
    ),
    "ask": _act(
        "askForItem",
        "ask",
        "Ask for one thing by name",
        "questioned",
        ThingToAsk,
        {"whom": "shop", "kind": "record", "item": "出库核验记录", "reason": "证明出库时有效"},
    ),
    "propose": _act(
        "proposeSolution",
        "propose",
        "Propose a way out",
        "proposed",
        ProposalToMake,
        {"grants": [{"place": 1, "amount": 5_000}], "text": "各让一步"},
    ),
    "dismiss": _act(
        "dismissDispute",
        "dismiss",
        "Do not hear a case",
        "ruled",
        DismissalToWrite,
        {"ground": "scope", "reasons": "所争议的是买卖双方在平台之外的约定，不在处理范围。"},
    ),
    "refer": _act("referDispute", "refer", "Refer a case to an outside neutral", "review"),
    "recuse": _act("stepBack", "recuse", "Step back from a case", "review"),
    "suspend": _act(
        "suspendDispute",
        "suspend",
        "Let a case stand still",
        "suspended",
        SuspensionToOrder,
        {"because": "court", "reference": "（2026）沪0115民初1号"},
    ),
    "renew": _act(
        "renewSuspension", "renew", "Renew a suspension", "suspended", ReasonToGive, {"reason": "法院尚未排期"}
    ),
    "resume": _act("resumeDispute", "resume", "Let a case go on", "review"),
    "admit": _act("admitAppeal", "admit", "Admit an appeal", "appealed"),
    "turn-away": _act(
        "turnAppealAway", "turn_away", "Do not admit an appeal", "ruled", DefectToName, {"formal": "no_ground"}
    ),
    "vote": _act(
        "voteOnAppeal",
        "vote",
        "Vote on an appeal",
        "appealed",
        VoteToGive,
        {"word": "uphold", "reasons": "原裁定认定事实清楚，适用规则正确，应予维持。"},
    ),
    "penalize": _act(
        "proposePenalty",
        "penalize",
        "Propose a penalty",
        "closed",
        PenaltyToPropose,
        {"ground": "false_proof", "amount": 10_000, "text": "提交的截图经核对系伪造。"},
    ),
    "settle-penalty": _act(
        "settlePenalty",
        "settle_penalty",
        "Impose a penalty or turn it down",
        "closed",
        PenaltyToSettle,
        {"agrees": True},
    ),
}


@extend_schema(
    operation_id="listNeutrals",
    summary="Who decides cases against the platform",
    description="The public list of outside neutrals, named in turn.",
    auth=[],
    responses=NeutralOnList(many=True),
    examples=[
        OpenApiExample(
            "One neutral",
            [{"name": "张明", "organization": "某某调解中心", "about": "调解员", "listed_at": "2026-11-22T02:00:00Z"}],
            response_only=True,
        )
    ],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def neutrals(request: Request) -> Response:
    """The public list."""
    listed = Neutral.objects.filter(delisted_at=None).order_by("name", "pk")
    return Response(NeutralOnList(listed, many=True).data)
