"""What the API takes and gives about disputes. Amounts are integer fen, shares basis points, times are UTC."""

from typing import Any

from rest_framework import serializers

from disputes import usual
from disputes.lifecycle import LONGEST_STATEMENT
from disputes.models import Appeal, Dispute, Evidence, Question, Side
from disputes.rulings import Weight
from disputes.states import AppealState, DisputeState
from shops.serializers import Text, Whole


class DisputeInList(serializers.Serializer[Any]):
    """A dispute in a list."""

    number = serializers.CharField()
    refund = serializers.CharField(source="refund.number")
    order = serializers.CharField(source="refund.order.number")
    shop = serializers.CharField(source="refund.order.shop.slug")
    state = serializers.ChoiceField(DisputeState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="When the state's clock ends, if one runs.")
    track = serializers.ChoiceField(Dispute.Track.choices)
    is_urgent = serializers.BooleanField()
    asked = serializers.IntegerField(source="refund.asked", help_text="Fen.")
    outcome = serializers.ChoiceField(Dispute.Outcome.choices, allow_blank=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class DisputePage(serializers.Serializer[Any]):
    """A part of the list of disputes, newest first."""

    results = DisputeInList(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class EvidenceInFile(serializers.Serializer[Any]):
    """One item of the file."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Evidence.Kind.choices)
    side = serializers.ChoiceField(Side.choices)
    title = serializers.CharField(help_text="A file's name; else its kind says what it is.")
    grade = serializers.CharField(help_text="`record` is our own, `claim` one side's word.")
    is_late = serializers.BooleanField()
    at = serializers.DateTimeField()
    sha256 = serializers.CharField(help_text="Of the body to the byte, or of the file's original.")
    body = serializers.CharField(help_text="The exact text that was hashed: canonical JSON.")


class UnitOfRuling(serializers.Serializer[Any]):
    """What a ruling gives back for one unit."""

    place = serializers.IntegerField(help_text="1, 2, 3 … within the order.")
    paid = serializers.IntegerField(help_text="Fen.")
    buyer_bp = serializers.IntegerField(help_text="The buyer's share of the liability.")
    grant = serializers.IntegerField(help_text="Fen that go back.")


class FindingOfRuling(serializers.Serializer[Any]):
    """What one item of the file weighs."""

    evidence = Whole(min_value=1, help_text="Its id in the file.")
    weight = serializers.ChoiceField(Weight.choices)
    note = Text(max_length=500, required=False, allow_blank=True, help_text="Why; needed where it is not accepted.")


class Shares(serializers.Serializer[Any]):
    """Who is liable for how much: basis points, 10,000 in all."""

    platform = Whole(min_value=0, max_value=10_000, required=False)
    seller = Whole(min_value=0, max_value=10_000, required=False)
    upstream = Whole(min_value=0, max_value=10_000, required=False)
    buyer = Whole(min_value=0, max_value=10_000, required=False)


class RulingServed(serializers.Serializer[Any]):
    """The decision that both sides were given."""

    version = serializers.IntegerField()
    award = serializers.IntegerField(help_text="Fen for the buyer, compensation included.")
    compensation = serializers.IntegerField(help_text="Fen.")
    shares = Shares()
    units = UnitOfRuling(many=True, source="arithmetic")
    rule_ids = serializers.ListField(child=serializers.CharField())
    rulebook_version = serializers.CharField()
    findings = FindingOfRuling(many=True)
    issues = serializers.CharField(help_text="What the sides agree on and what they do not.")
    reasons = serializers.CharField(help_text="As people wrote them; usual words are in the language you ask in.")
    next_steps = serializers.CharField(help_text="What each side can do now.")
    orders_replacement = serializers.BooleanField(
        help_text="The shop delivers anew; the sums go back only if it does not."
    )
    needs_panel = serializers.BooleanField(help_text="It finds fraud: three people of one mind stand for it.")
    departs = serializers.BooleanField(help_text="Whether the sum differs from the rulebook's figure.")
    departs_because = serializers.CharField()
    is_provisional = serializers.SerializerMethodField(help_text="Written by the rulebook because the staff did not.")
    sha256 = serializers.CharField()
    at = serializers.DateTimeField()

    def get_is_provisional(self, ruling: Any) -> bool:
        """Whether no person wrote it."""
        return ruling.by_id is None

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """With the usual words in the reader's language."""
        return {**super().to_representation(instance), **usual.said(instance)}


class QuestionOpen(serializers.Serializer[Any]):
    """The one thing that is asked for now."""

    whom = serializers.ChoiceField(Question.Whom.choices)
    kind = serializers.ChoiceField(Question.Kind.choices)
    item = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class ProposalOpen(serializers.Serializer[Any]):
    """What the platform proposes now: it binds only if both sides accept it."""

    number = serializers.IntegerField()
    amount = serializers.IntegerField(help_text="Fen that would go back in all.")
    text = serializers.CharField()
    sha256 = serializers.CharField(help_text="Each side accepts this.")
    at = serializers.DateTimeField()


class AppealShown(serializers.Serializer[Any]):
    """The latest appeal."""

    state = serializers.ChoiceField(AppealState.choices)
    side = serializers.ChoiceField(Side.choices)
    ground = serializers.ChoiceField(Appeal.Ground.choices)
    text = serializers.CharField()
    answer = serializers.CharField()
    joined_ground = serializers.CharField(help_text="The respondent appeals, too; else empty.")
    deadline_at = serializers.DateTimeField(allow_null=True)
    filed_at = serializers.DateTimeField()


class DisputeInFull(DisputeInList):
    """A dispute with its file, its decision once served, and what the asking person can do now."""

    buyer_rested = serializers.BooleanField(help_text="The buyer has nothing to add.")
    shop_rested = serializers.BooleanField(help_text="The shop has nothing to add.")
    actions = serializers.ListField(child=serializers.CharField(), help_text="What you can do now.")
    evidence = EvidenceInFile(many=True, source="file")
    ruling = RulingServed(
        allow_null=True, help_text="Null until it is served; staff read the draft while it waits for its signature."
    )
    unseals_at = serializers.DateTimeField(
        allow_null=True, help_text="Until then what one side says is sealed to the other."
    )
    question = QuestionOpen(allow_null=True)
    proposal = ProposalOpen(allow_null=True)
    appeal = AppealShown(allow_null=True)
    knows_both = serializers.BooleanField(
        help_text="Who has it had a part in another case of the same two sides within 90 days: nobody else was free."
    )


class StatementToMake(serializers.Serializer[Any]):
    """Something to say, files that were attached to the order before, or both."""

    text = Text(max_length=LONGEST_STATEMENT, required=False, allow_blank=True)
    attachments = serializers.ListField(
        child=Whole(min_value=1), required=False, max_length=20, help_text="Ids of your own files of the order."
    )
    about = Whole(min_value=1, required=False, help_text="The item of the file that this answers to.")


class ArbiterToName(serializers.Serializer[Any]):
    """Whom a lead gives the case to."""

    arbiter = Whole(min_value=1, help_text="The person's id.")


class GrantToMake(serializers.Serializer[Any]):
    """An amount for one unit that does not follow the shares."""

    place = Whole(min_value=1, help_text="The unit's place in the order.")
    amount = Whole(min_value=0, max_value=10**12, help_text="Fen.")


class RulingToWrite(serializers.Serializer[Any]):
    """A decision. What is missing is said by the refusal `incomplete`."""

    shares = Shares()
    grants = GrantToMake(many=True, required=False, help_text="Units left out follow the shares.")
    compensation = Whole(min_value=0, max_value=10**12, required=False, help_text="Fen.")
    rule_ids = serializers.ListField(child=serializers.RegexField(r"^[A-Z][A-Z0-9_.-]{1,39}$"), max_length=20)
    findings = FindingOfRuling(many=True)
    issues = Text(max_length=4_000, help_text="What the sides agree on and what they do not.")
    reasons = Text(max_length=8_000)
    next_steps = Text(
        max_length=2_000, required=False, allow_blank=True, help_text="What each side can do now; else the usual words."
    )
    departs_because = Text(max_length=2_000, required=False, allow_blank=True)
    orders_replacement = serializers.BooleanField(
        required=False, help_text="The shop delivers anew; the sums go back only if it does not."
    )
    reply = Text(
        max_length=2_000, required=False, allow_blank=True, help_text="To whoever sent the version before back."
    )


class RulingToKeep(serializers.Serializer[Any]):
    """A ruling while it is written: everything may still be missing, and what is left out is not written yet."""

    shares = Shares(required=False)
    grants = GrantToMake(many=True, required=False, help_text="Units left out follow the shares.")
    compensation = Whole(min_value=0, max_value=10**12, required=False, help_text="Fen.")
    rule_ids = serializers.ListField(
        child=serializers.RegexField(r"^[A-Z][A-Z0-9_.-]{1,39}$"), max_length=20, required=False
    )
    findings = FindingOfRuling(many=True, required=False)
    issues = Text(max_length=4_000, required=False, allow_blank=True)
    reasons = Text(max_length=8_000, required=False, allow_blank=True)
    next_steps = Text(max_length=2_000, required=False, allow_blank=True)
    departs_because = Text(max_length=2_000, required=False, allow_blank=True)
    orders_replacement = serializers.BooleanField(required=False)
    reply = Text(max_length=2_000, required=False, allow_blank=True)


class SourceOfAward(serializers.Serializer[Any]):
    """What one source would pay."""

    name = serializers.CharField(help_text="escrow, this_order, available, pending, reserved, deposit, fund, platform")
    amount = serializers.IntegerField(help_text="Fen.")


class WorkedOut(serializers.Serializer[Any]):
    """What a draft would come to if it were decided now; nothing moves."""

    version = serializers.IntegerField(help_text="Which version of the ruling it would be.")
    award = serializers.IntegerField(help_text="Fen for the buyer, compensation included.")
    units = UnitOfRuling(many=True)
    legs = SourceOfAward(many=True, help_text="Who pays what, in the order of the waterfall.")
    short = serializers.IntegerField(help_text="Fen that nobody has: they stay owed to the buyer.")
    rulebook = serializers.IntegerField(allow_null=True, help_text="The rulebook's own figure, in fen.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="What the draft lacks, by its codes.")
    signature_because = serializers.ListField(child=serializers.CharField(), help_text="Why a second person signs.")


class RulingKept(RulingToKeep):
    """What you have written of a ruling so far, and what it would come to."""

    at = serializers.DateTimeField(help_text="When it was kept.")
    worked_out = WorkedOut()


class SignatureToGive(serializers.Serializer[Any]):
    """A second person's word about a draft."""

    agrees = serializers.BooleanField(help_text="False sends it back.")
    version = Whole(min_value=1, help_text="The version that was read.")
    note = Text(
        max_length=2_000,
        required=False,
        allow_blank=True,
        help_text="Needed when it is sent back, and of each member of a panel that finds fraud.",
    )
