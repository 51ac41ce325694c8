"""What the API takes and gives: levels, recalls, ratings, the mall's figures. Fen, minutes, basis points, UTC."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.models import Contribution
from reputation.models import Alarm, AlarmUnit, Measure, Rating
from reputation.states import AlarmState, BatchAnswerState, MeasureState, ShortfallState


class Takes(serializers.Serializer[Any]):
    """One condition of a level: what one has and what it takes, as people read it."""

    what = serializers.CharField()
    has = serializers.CharField()
    takes = serializers.CharField()
    is_met = serializers.BooleanField()


class LevelToReach(serializers.Serializer[Any]):
    """A level and its conditions."""

    level = serializers.CharField()
    is_reached = serializers.BooleanField()
    takes = Takes(many=True)


#: A measure, as examples show it.
A_MEASURE = {
    "id": 3,
    "step": "warning",
    "ground": "false_proof",
    "reason": "The picture in case R261122-1 was altered.",
    "state": "in_force",
    "until": "2027-02-20T02:00:00Z",
    "appeal": "",
    "answer": "",
}
A_SUSPENSION = {
    "id": 3,
    "reason": "账户疑似被盗，提现已暂停。",
    "since": "2026-11-22T02:00:00Z",
    "until": "2026-11-29T02:00:00Z",
    "lifted_at": None,
    "appeal": "",
    "appealed_at": None,
    "answer": "",
}


class MeasureShown(serializers.Serializer[Measure]):
    """A measure against whoever asks."""

    id = serializers.IntegerField()
    step = serializers.ChoiceField(Measure.Step.choices)
    ground = serializers.ChoiceField(Measure.Ground.choices)
    reason = serializers.CharField()
    state = serializers.ChoiceField(MeasureState.choices)
    until = serializers.DateTimeField()
    appeal = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)


class LevelWithProgress(serializers.Serializer[Any]):
    """A level, when it falls (if it was announced), and what each level takes."""

    level = serializers.CharField()
    falls_at = serializers.DateTimeField(allow_null=True)
    falls_to = serializers.CharField(allow_blank=True)
    version = serializers.CharField(help_text="Of the published thresholds.")
    levels = LevelToReach(many=True)


class SuspensionShown(serializers.Serializer[Any]):
    """A time in which somebody may neither sell nor withdraw nor work for the mall, and what was said against it."""

    id = serializers.IntegerField()
    reason = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True, help_text="Null: until it is lifted.")
    lifted_at = serializers.DateTimeField(allow_null=True)
    appeal = serializers.CharField(help_text="What the person says against it; empty if nothing.")
    appealed_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(help_text="What another person than who suspended them found; empty while it waits.")


class OwnLevel(LevelWithProgress):
    """A buyer's level, the measures against them, and the suspension they are under."""

    measures = MeasureShown(many=True)
    suspension = SuspensionShown(allow_null=True)


class Words(serializers.Serializer[Any]):
    """A reason, in words that whoever is concerned reads."""

    words = serializers.CharField(max_length=500)


class AppealWords(serializers.Serializer[Any]):
    """What was overlooked."""

    words = serializers.CharField(max_length=1000)


class UnitRecalled(serializers.Serializer[AlarmUnit]):
    """A unit of whoever asks, and what became of it."""

    order = serializers.CharField(source="unit.order.number")
    place = serializers.IntegerField(source="unit.place")
    fate = serializers.ChoiceField(AlarmUnit.Fate.choices)
    refund = serializers.CharField(source="refund.number", default=None, allow_null=True)
    upstream = serializers.CharField(
        source="question.finding",
        default="",
        allow_blank=True,
        help_text="What the supplier says of its code: redeemed `before` or `after` you saw it, `unused`, `void`,"
        " `unknown`, `silent`; empty while it is asked, or where it is not.",
    )
    redeemed_at = serializers.DateTimeField(source="question.redeemed_at", default=None, allow_null=True)


class RecallShown(serializers.Serializer[Alarm]):
    """The alarm over a batch, with the units of whoever asks."""

    number = serializers.CharField()
    state = serializers.ChoiceField(AlarmState.choices)
    shop = serializers.CharField(source="shop.slug")
    listing = serializers.CharField(source="batch.listing.title")
    sold = serializers.IntegerField()
    bad = serializers.IntegerField()
    raised_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True)
    finding = serializers.CharField(allow_blank=True)
    units = serializers.SerializerMethodField()

    @extend_schema_field(UnitRecalled(many=True))
    def get_units(self, alarm: Alarm) -> list[dict[str, Any]]:
        """The units of whoever asks."""
        mine: Any = self.context["units"]
        return list(UnitRecalled(mine, many=True).data)


class Wish(serializers.Serializer[Any]):
    """What a holder takes."""

    wants = serializers.ChoiceField([("money", "money"), ("reissue", "reissue")], default="money")


class CaseOpened(serializers.Serializer[Any]):
    """The case that came of it."""

    number = serializers.CharField()
    state = serializers.CharField()


class Stars(serializers.Serializer[Rating]):
    """What a buyer says of a finished order."""

    stars = serializers.IntegerField(min_value=1, max_value=5)
    text = serializers.CharField(max_length=500, allow_blank=True, default="")


class RatingShown(serializers.Serializer[Rating]):
    """A rating as everybody reads it."""

    id = serializers.IntegerField()
    stars = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    reply = serializers.CharField(allow_blank=True)


class RatingPage(serializers.Serializer[Any]):
    """A page of ratings."""

    results = RatingShown(many=True)
    next = serializers.CharField(allow_null=True)


class Month(serializers.Serializer[Any]):
    """A month of the mall; nothing where fewer than ten cases are behind a figure."""

    month = serializers.CharField()
    orders = serializers.IntegerField(allow_null=True)
    claims = serializers.IntegerField(allow_null=True)
    disputes = serializers.IntegerField(allow_null=True)
    on_time_bp = serializers.IntegerField(allow_null=True)
    instant_bp = serializers.IntegerField(allow_null=True)
    reversal_bp = serializers.IntegerField(allow_null=True)
    overturn_bp = serializers.IntegerField(allow_null=True)
    ruling_on_time_bp = serializers.IntegerField(allow_null=True)
    response_minutes = serializers.IntegerField(allow_null=True, help_text="Median, at most.")
    cycle_minutes = serializers.IntegerField(allow_null=True, help_text="Median from claim to money, at most.")
    late_payments = serializers.IntegerField()


class FigureShown(serializers.Serializer[Any]):
    """A published figure; nothing where fewer than ten cases are behind it. docs/figures.md has the formulas."""

    code = serializers.CharField()
    group = serializers.CharField()
    unit = serializers.CharField(
        help_text="`bp` basis points, `minutes` at most so many, `count`, `fen`, `hundredths` of a score from 1 to 5,"
        " `in_10_000` codes."
    )
    name = serializers.CharField()
    formula = serializers.CharField()
    value = serializers.IntegerField(allow_null=True)


class FiguresOfMonth(serializers.Serializer[Any]):
    """The published figures of a month, by their codes."""

    month = serializers.CharField()
    values = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    fund_in = serializers.IntegerField(help_text="Fen that came into the guarantee fund.")
    fund_out = serializers.IntegerField(help_text="Fen that left it.")


class ReasonShown(serializers.Serializer[Any]):
    """Claims of one reason; an empty reason is all those with too few of each."""

    reason = serializers.CharField(allow_blank=True)
    claims = serializers.IntegerField()
    in_1000_orders = serializers.IntegerField()
    paid_bp = serializers.IntegerField(allow_null=True, help_text="In which money went back, of those that ended.")


class PartShown(serializers.Serializer[Any]):
    """A part of something that was counted."""

    part = serializers.CharField()
    count = serializers.IntegerField()


class SourceShown(serializers.Serializer[Any]):
    """Where the money of refunds came from."""

    paid_from = serializers.CharField()
    amount = serializers.IntegerField()


class CycleShown(serializers.Serializer[Any]):
    """From claim to money, by whose fault it was: minutes, at most."""

    fault = serializers.CharField()
    median = serializers.IntegerField()
    p95 = serializers.IntegerField()


class WonShown(serializers.Serializer[Any]):
    """Disputes decided for the buyer, of one reason or level."""

    part = serializers.CharField()
    decided = serializers.IntegerField()
    buyer_bp = serializers.IntegerField()


class ShortfallShown(serializers.Serializer[Any]):
    """A time in which the guarantee fund held less than 60 % of its aim."""

    state = serializers.ChoiceField(ShortfallState.choices)
    since = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True, help_text="From when instant caps did not rise.")
    over_at = serializers.DateTimeField(allow_null=True)
    held = serializers.IntegerField()
    aim = serializers.IntegerField()


#: What a shop said, as examples show it.
A_BATCH_ANSWER = {
    "recall": "B261122-7K2M",
    "state": "given",
    "words": "上游确认一批码重复，已停用并换货。",
    "deadline_at": None,
    "answered_at": "2026-11-22T03:10:00Z",
}


class BatchAnswerShown(serializers.Serializer[Any]):
    """What a shop says about a batch that rang."""

    recall = serializers.CharField(source="number")
    state = serializers.ChoiceField(BatchAnswerState.choices)
    words = serializers.CharField(allow_blank=True)
    deadline_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)


class PutInShown(serializers.Serializer[Any]):
    """What the mall put in of its own: by two people of finance, once for each bank document."""

    at = serializers.DateTimeField(source="decided_at")
    purse = serializers.ChoiceField(Contribution.Purse.choices)
    amount = serializers.IntegerField(help_text="Fen.")


class CameFromShown(serializers.Serializer[Any]):
    """What came into the guarantee fund in twelve months for one reason."""

    reason = serializers.CharField()
    amount = serializers.IntegerField(help_text="Fen.")


class FundShown(serializers.Serializer[Any]):
    """The guarantee fund: what it holds, what it should hold, and when it held too little. Fen."""

    held = serializers.IntegerField()
    aim = serializers.IntegerField()
    by_turnover = serializers.IntegerField()
    by_payouts = serializers.IntegerField()
    cover_bp = serializers.IntegerField(allow_null=True)
    came_from = CameFromShown(many=True)
    put_in = PutInShown(many=True, help_text="The latest, into the fund and into the platform's own money.")
    shortfalls = ShortfallShown(many=True)


class ShopFiguresShown(serializers.Serializer[Any]):
    """The published figures of a shop; none while it has fewer than thirty orders."""

    shop = serializers.CharField()
    days = serializers.IntegerField()
    figures = FigureShown(many=True)


class ScoreGiven(serializers.Serializer[Any]):
    """How a case was handled, from 1 to 5."""

    score = serializers.IntegerField(min_value=1, max_value=5)


class ScoreShown(serializers.Serializer[Any]):
    """What one side said of how its case was handled."""

    side = serializers.CharField()
    score = serializers.IntegerField()
    at = serializers.DateTimeField()


class VersionShown(serializers.Serializer[Any]):
    """A version of the rules and the days between its announcement and its first day; nothing for the first of all."""

    number = serializers.CharField()
    notice_days = serializers.IntegerField(allow_null=True)


class TransparencyShown(serializers.Serializer[Any]):
    """How the mall keeps its word."""

    months = Month(many=True)
    deposits = serializers.IntegerField()
    fund = serializers.IntegerField()
    fund_aim = serializers.IntegerField()
    owed = serializers.IntegerField()
    versions = serializers.ListField(child=serializers.CharField())
    rules = VersionShown(many=True)
    days = serializers.IntegerField(help_text="So many days are behind what follows; those of a year behind kappa.")
    figures = FigureShown(many=True)
    figures_by_month = FiguresOfMonth(many=True)
    reasons = ReasonShown(many=True)
    outcomes = PartShown(many=True)
    cycle = CycleShown(many=True)
    sources = SourceShown(many=True)
    won_by_reason = WonShown(many=True)
    won_by_level = WonShown(many=True)
    complaints_from_outside = PartShown(many=True)
    guarantee_fund = FundShown()
