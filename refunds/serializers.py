"""What the API takes and gives about refund cases. Amounts are integer fen, times are UTC."""

from typing import Any

from rest_framework import serializers

from ledger.serializers import Fen
from orders.lifecycle import MOST_UNITS
from orders.parties import Side
from orders.serializers import BIGGEST, Whole
from refunds.citations import DeclineCode
from refunds.models import Refund
from refunds.reasons import STATES
from refunds.states import RefundState
from refunds.triage import Lane
from shops.serializers import Text

REASONS = [(reason, reason) for reason in STATES]


class ClaimToPreview(serializers.Serializer[Any]):
    """Which units of which order, and why; in the address."""

    order = serializers.CharField(max_length=20, help_text="Number of the order.")
    reason = serializers.ChoiceField(REASONS)
    places = serializers.RegexField(
        r"^[0-9]{1,3}(,[0-9]{1,3}){0,499}$", max_length=2_000, help_text="Places of the units: `1,2,7`."
    )


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
    text = Text(max_length=2_000, required=False, allow_blank=True, default="")
    attachments = serializers.ListField(
        child=Whole(min_value=1, max_value=BIGGEST),
        required=False,
        max_length=20,
        help_text="Ids of files that you attached to the order before.",
    )


class RefundToDecline(serializers.Serializer[Any]):
    """A no of the shop."""

    code = serializers.ChoiceField(DeclineCode.choices)
    rule = Text(max_length=60, help_text="Id of a published rule, one of the case's `citable_rules`.")
    text = Text(max_length=2_000)


class LineShown(serializers.Serializer[Any]):
    """A line of the arithmetic."""

    text = serializers.CharField(help_text="In the language of the request.")
    rule = serializers.CharField()
    amount = serializers.IntegerField(allow_null=True, help_text="Fen; null where a line has no sum.")


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
            " first, `urgent` goes to the platform at once, `predecision` is a machine's no, `asked` goes to the shop."
        ),
    )
    answer_minutes = serializers.IntegerField(help_text="How long the shop would have to answer.")
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
