"""What the API takes and gives about refund cases. Amounts are integer fen, times are UTC."""

from typing import Any

from rest_framework import serializers

from ledger.serializers import Fen
from orders.lifecycle import MOST_UNITS
from orders.parties import Side
from orders.serializers import BIGGEST, Whole
from refunds.citations import DeclineCode
from refunds.models import Offer, Question, Refund
from refunds.reasons import STATES
from refunds.states import RefundState
from refunds.triage import Lane
from shops.serializers import Text
from timeline.serializers import Day

REASONS = [(reason, reason) for reason in STATES]


class ClaimToPreview(serializers.Serializer[Any]):
    """Which units of which order, and why; in the address."""

    order = serializers.CharField(max_length=20, help_text="Number of the order.")
    reason = serializers.ChoiceField(REASONS)
    places = serializers.RegexField(
        r"^[0-9]{1,3}(,[0-9]{1,3}){0,499}$", max_length=2_000, help_text="Places of the units: `1,2,7`."
    )
    facts = serializers.JSONField(
        binary=True,
        required=False,
        default=dict,
        help_text='Facts that only you know, as JSON: `{"actual_face": 5000}`. They count as your word.',
    )
    happened_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="By your word.")

    def validate_facts(self, facts: Any) -> dict[str, Any]:
        """Names with their values."""
        if not isinstance(facts, dict):
            raise serializers.ValidationError("Facts are an object: names with their values.")
        return facts


class RefundToAsk(serializers.Serializer[Any]):
    """A claim: which units of which order, why, and how much."""

    order = Text(max_length=20, help_text="Number of the order.")
    reason = serializers.ChoiceField(REASONS)
    places = serializers.ListField(
        child=Whole(min_value=1, max_value=MOST_UNITS),
        min_length=1,
        max_length=MOST_UNITS,
        help_text="Places of the units within the order.",
    )
    amount = Fen(
        min_value=1, max_value=BIGGEST, required=False, help_text="Fen asked for; left out: all that the rules give."
    )
    expected = Fen(
        min_value=0,
        max_value=BIGGEST,
        required=False,
        help_text="The figure that the preview showed; if it is another one now, `figure_changed` says which.",
    )
    prefers = serializers.ChoiceField(
        Refund.Preference.choices,
        required=False,
        default=Refund.Preference.MONEY,
        help_text="`balance`: what goes back is on your balance at once, instead of the way you paid.",
    )
    text = Text(max_length=2_000, required=False, allow_blank=True, default="")
    attachments = serializers.ListField(
        child=Whole(min_value=1, max_value=BIGGEST),
        required=False,
        max_length=20,
        help_text="Ids of files that you attached to the order before, else `no_such_file`.",
    )
    error_code = Text(
        max_length=120, required=False, allow_blank=True, default="", help_text="What the other system said, by word."
    )
    happened_on = Day(required=False, allow_null=True, default=None, help_text="By your word.")
    facts = serializers.DictField(
        child=serializers.JSONField(),
        required=False,
        default=dict,
        help_text=(
            "Facts that only you know, under the rulebook's names (`actual_face`, `should_pay_fen`, `consumed` …). They"
            " count as your word: nothing is paid at once for them."
        ),
    )


class LineShown(serializers.Serializer[Any]):
    """A line of the arithmetic."""

    text = serializers.CharField(help_text="In the language of the request.")
    rule = serializers.CharField()
    amount = serializers.IntegerField(allow_null=True, help_text="Fen; null where a line has no sum.")


class NeededShown(serializers.Serializer[Any]):
    """One thing that only you can give."""

    goes_to = serializers.CharField(help_text="The field of a claim that takes it; a fact as `facts.<name>`.")
    text = serializers.CharField(help_text="In the language of the request.")


class PreviewShown(serializers.Serializer[Any]):
    """What a claim would come to now."""

    figure = serializers.IntegerField(help_text="Fen that the rules give at most.")
    fee = serializers.IntegerField(help_text="Fen that would stay with the shop.")
    compensation = serializers.IntegerField(help_text="Fen on top.")
    route = serializers.ChoiceField(Refund.Route.choices)
    lane = serializers.ChoiceField(
        [(lane.value, lane.value) for lane in Lane],
        help_text=(
            "`proven`, `instant` and `agreed` (the shop's word in advance) are paid at once, `wait` asks the supplier"
            " first, `urgent` goes to the platform at once, `predecision` is a machine's no, `person` is looked at by a"
            " person of the platform instead, `asked` goes to the shop."
        ),
    )
    answer_minutes = serializers.IntegerField(help_text="How long the shop would have to answer.")
    is_paid_by_silence = serializers.BooleanField(
        help_text="Whether the shop is asked and its silence pays the figure. If it is asked and this is false, the"
        " platform decides on silence."
    )
    needed = NeededShown(
        many=True, help_text="What is asked of you. Nothing of it has to be given, and no sum follows from it."
    )
    version = serializers.CharField(help_text="Of the rulebook.")
    lines = LineShown(many=True)


class RefundRow(serializers.Serializer[Any]):
    """A case in a list."""

    number = serializers.CharField()
    order = serializers.CharField(source="order.number")
    reason = serializers.CharField()
    state = serializers.ChoiceField(RefundState.choices)
    turn = serializers.CharField(source="owner", help_text="Who must act; empty at the end.")
    deadline_at = serializers.DateTimeField(allow_null=True)
    asked = serializers.IntegerField()
    approved = serializers.IntegerField(allow_null=True)
    opened_at = serializers.DateTimeField()


class RefundPage(serializers.Serializer[Any]):
    """A part of a list of cases, newest first."""

    results = RefundRow(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ItemShown(serializers.Serializer[Any]):
    """What a case says of one unit."""

    place = serializers.IntegerField(source="unit.place")
    asked = serializers.IntegerField()
    entitled = serializers.IntegerField(help_text="Fen by the rules.")
    fee = serializers.IntegerField()
    granted = serializers.IntegerField(allow_null=True, help_text="Fen, once decided.")


class VersionSeen(serializers.Serializer[Any]):
    """Which state of a case somebody acts on."""

    version = Whole(
        min_value=1,
        max_value=BIGGEST,
        required=False,
        help_text="The case's `version` as you saw it; if something has happened since, `stale` says how it stands.",
    )


class OfferMade(VersionSeen):
    """What somebody offers. Of money only what the kind needs is read."""

    kind = serializers.ChoiceField(Offer.Kind.choices)
    amount = Fen(min_value=0, max_value=BIGGEST, required=False, default=0, help_text="Fen over all units.")
    places = serializers.ListField(
        child=Whole(min_value=1, max_value=MOST_UNITS),
        required=False,
        default=list,
        max_length=MOST_UNITS,
        help_text="Units that are replaced; left out: all of the case.",
    )
    listing = Whole(
        min_value=1,
        max_value=BIGGEST,
        required=False,
        help_text="Exchanged for this listing of the same shop.",
    )
    is_standing = serializers.BooleanField(required=False, default=False, help_text="Stays when the talks are over.")
    is_unconditional = serializers.BooleanField(
        required=False, default=False, help_text="Is paid even if the buyer stays silent."
    )
    text = Text(max_length=2_000, required=False, allow_blank=True, default="")


class OfferToTake(VersionSeen):
    """Which offer is taken."""

    offer = Whole(min_value=1, max_value=1_000, help_text="Number of the offer within the case.")


class LastWord(VersionSeen):
    """The shop's last word, with its final offer if there is one."""

    text = Text(max_length=2_000)
    final = OfferMade(required=False)


class QuestionAsked(VersionSeen):
    """One thing that the shop asks for, by name."""

    item = serializers.ChoiceField(Question.Item.choices)
    text = Text(max_length=2_000)


class SaidWithFiles(VersionSeen):
    """Words and files, both if there are any."""

    text = Text(max_length=2_000, required=False, allow_blank=True, default="")
    attachments = serializers.ListField(
        child=Whole(min_value=1, max_value=BIGGEST),
        required=False,
        default=list,
        max_length=20,
        help_text="Ids of files that you attached to the order before, else `no_such_file`.",
    )


class RefundToDecline(SaidWithFiles):
    """A no of the shop."""

    code = serializers.ChoiceField(DeclineCode.choices)
    rule = Text(
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        help_text="Id of a published rule, one of the case's `citable_rules`. Without one a file has to prove it.",
    )
    text = Text(max_length=2_000)


class QuestionAnswered(SaidWithFiles):
    """The buyer's answer."""

    has_nothing = serializers.BooleanField(required=False, default=False, help_text="There is nothing to add.")


class MoreTime(VersionSeen):
    """Why the shop needs longer."""

    ticket = Text(max_length=80, help_text="Number of the supplier's ticket.")


class GoodwillAsked(VersionSeen):
    """What the buyer asks for although the rules give nothing."""

    text = Text(max_length=2_000)


class OfferShown(serializers.Serializer[Any]):
    """An offer of one side."""

    number = serializers.IntegerField()
    side = serializers.ChoiceField(Offer.Side.choices)
    kind = serializers.ChoiceField(Offer.Kind.choices)
    amount = serializers.IntegerField(help_text="Fen over all units.")
    places = serializers.ListField(child=serializers.IntegerField())
    is_standing = serializers.BooleanField()
    is_unconditional = serializers.BooleanField()
    text = serializers.CharField()
    fate = serializers.ChoiceField(Offer.Fate.choices)
    at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class QuestionShown(serializers.Serializer[Any]):
    """What the shop asked for, and what came of it."""

    number = serializers.IntegerField()
    item = serializers.ChoiceField(Question.Item.choices)
    text = serializers.CharField()
    at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    has_nothing = serializers.BooleanField()
    answer = serializers.CharField()


class FieldShown(serializers.Serializer[Any]):
    """One thing that an action asks for."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="`text`, `money`, `choice`, `places`, `files`, `yes` or `number`.")
    is_required = serializers.BooleanField()


class ChoiceShown(serializers.Serializer[Any]):
    """An action with what it moves. Amounts are fen."""

    code = serializers.CharField()
    buyer_gets = serializers.IntegerField(allow_null=True, help_text="Null where no money moves now.")
    fee_kept = serializers.IntegerField()
    least = serializers.IntegerField(allow_null=True, help_text="What an offer is worth at least.")
    most = serializers.IntegerField(allow_null=True)
    form = FieldShown(many=True, source="fields", help_text="What it asks for; empty: a button.")


class RefundShown(RefundRow):
    """A case, for both sides and for the mall's people."""

    side = serializers.ChoiceField(Side.choices, help_text="For whom you stand in it.")
    entered_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    figure = serializers.IntegerField(help_text="Fen that the rules gave when it was filed.")
    fee = serializers.IntegerField()
    compensation = serializers.IntegerField()
    route = serializers.ChoiceField(Refund.Route.choices)
    is_predecision = serializers.BooleanField(help_text="A machine's no, open to review by a person.")
    is_contradicted = serializers.BooleanField(help_text="Our records speak against the claim.")
    owed = serializers.IntegerField(
        help_text="Fen of `approved` that nobody had: still owed to the buyer, and collected. `/api/v1/owed/` lists it."
    )
    outcome = serializers.CharField(help_text="`instant`, `seller`, `silence`, `ruling`; empty while undecided.")
    on_timeout = serializers.CharField(help_text="What happens at `deadline_at`, in words; empty without a clock.")
    text = serializers.CharField()
    declined_code = serializers.CharField()
    declined_rule = serializers.CharField()
    declined_text = serializers.CharField()
    items = ItemShown(many=True)
    lines = LineShown(many=True)
    citable_rules = serializers.ListField(
        child=serializers.CharField(), help_text="Rules a shop can decline with now; empty for everybody else."
    )
    actions = serializers.ListField(child=serializers.CharField(), help_text="What you can do now.")
    choices = ChoiceShown(many=True, help_text="The same, with what each moves and asks for.")
    offers = OfferShown(many=True)
    questions = QuestionShown(many=True)
    version = serializers.IntegerField(help_text="Name it when you act; grows with everything that happens.")
    prefers = serializers.ChoiceField(Refund.Preference.choices)
