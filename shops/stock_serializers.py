"""What the API takes and gives about a shop's stock: batches, files to read, suppliers, clashes. Times are UTC."""

from typing import Any

from rest_framework import serializers

from shops.intakes import BIGGEST, report
from shops.models import (
    HIGHEST_PRICE,
    LONGEST_REST,
    Form,
    Intake,
    visible,
)
from shops.serializers import Text, Whole
from shops.stock import MOST_CODES
from timeline.serializers import Day


class OriginToSay(serializers.Serializer[Any]):
    """Where codes come from and how they are written; everything may be left out."""

    form = serializers.ChoiceField(
        Form.choices, required=False, help_text="`code`, or two parts with ---- between: `code_pin`, `account`."
    )
    supplier = Whole(required=False, allow_null=True, min_value=1, help_text="The number of a supplier of the shop.")
    unit_cost = Whole(
        required=False, allow_null=True, min_value=0, max_value=HIGHEST_PRICE, help_text="Fen that one cost the shop."
    )
    purchased_on = Day(required=False, allow_null=True)
    expires_on = Day(
        required=False, allow_null=True, help_text="The last day on which the codes are good; null: they do not end."
    )
    note = Text(max_length=120, required=False, allow_blank=True, validators=[visible], help_text="Never a code.")


class BatchToAdd(OriginToSay):
    """Codes for the stock of a listing. No answer ever holds one; what is wrong is said by line, from 1."""

    codes = serializers.ListField(
        child=Text(allow_blank=True, trim_whitespace=False, help_text="A code; an empty line does not count."),
        max_length=2 * MOST_CODES,
        help_text="At most 2,000 codes of 200 characters. All are added, or none.",
    )


class FiguresOfStock(serializers.Serializer[Any]):
    """How many codes are where."""

    free = serializers.IntegerField(source="figures.for_sale", help_text="For sale.")
    ending = serializers.IntegerField(source="figures.ending", help_text="Too near their last day to be sold.")
    stopped = serializers.IntegerField(source="figures.stopped", help_text="In batches that are stopped.")
    taken = serializers.IntegerField(source="figures.taken", help_text="Bound to orders, paid or not.")
    reserved = serializers.IntegerField(source="figures.reserved", help_text="Bound to orders that are not paid yet.")
    sold = serializers.IntegerField(source="figures.sold", help_text="Paid and delivered.")
    revealed = serializers.IntegerField(source="figures.revealed", help_text="Shown to their buyers.")
    voided = serializers.IntegerField(source="figures.voided", help_text="Out of the trade.")
    expired = serializers.IntegerField(source="figures.expired", help_text="Swept off the shelf at their end.")
    failed = serializers.IntegerField(source="figures.failed", help_text="Given back as bad.")
    failure_bp = serializers.IntegerField(
        source="figures.failure_bp", allow_null=True, help_text="Failed of sold, in basis points; from 10 sold on."
    )


class BatchInStock(FiguresOfStock):
    """A batch of codes: where it came from, and where they are."""

    id = serializers.IntegerField(source="batch.pk")
    listing = serializers.IntegerField(source="batch.listing_id")
    added_at = serializers.DateTimeField(source="batch.added_at")
    size = serializers.IntegerField(source="batch.size")
    note = serializers.CharField(source="batch.note", allow_blank=True)
    form = serializers.ChoiceField(Form.choices, source="batch.form")
    supplier = serializers.IntegerField(source="batch.supplier_id", allow_null=True)
    unit_cost = serializers.IntegerField(source="batch.unit_cost", allow_null=True, help_text="Fen.")
    purchased_on = serializers.DateField(source="batch.purchased_on", allow_null=True)
    expires_at = serializers.DateTimeField(source="batch.expires_at", allow_null=True)
    stopped_at = serializers.DateTimeField(source="batch.stopped_at", allow_null=True)
    stop_reason = serializers.CharField(source="batch.stop_reason", allow_blank=True)
    is_stopped_by_mall = serializers.BooleanField(
        source="batch.is_stopped_by_mall", help_text="Then the shop cannot sell it again by itself."
    )
    actions = serializers.ListField(child=serializers.CharField(), help_text="What can be done with it now.")


class BatchPage(serializers.Serializer[Any]):
    """A part of a listing's batches, newest first."""

    results = BatchInStock(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class BatchToStop(serializers.Serializer[Any]):
    """Why nothing more of a batch is sold."""

    reason = Text(max_length=200, required=False, allow_blank=True, validators=[visible])


class ListingInStock(FiguresOfStock):
    """A listing and where its codes are."""

    listing = serializers.IntegerField(source="listing.pk")
    title = serializers.CharField(source="listing.title")
    rest_days = serializers.IntegerField(
        source="listing.rest_days", help_text="Days that a code must still be good for when it is sold."
    )


class StockPage(serializers.Serializer[Any]):
    """A part of a shop's stock by listing, newest first."""

    results = ListingInStock(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class RestToKeep(serializers.Serializer[Any]):
    """How long a code must still be good when it is sold."""

    days = Whole(min_value=0, max_value=LONGEST_REST)


class IntakeToSend(OriginToSay):
    """A list of codes for the background: what a file would hold, as one text."""

    codes = Text(
        max_length=BIGGEST,
        trim_whitespace=False,
        help_text="One on each line, up to 10,000 lines and 2 MB. Good lines are added, the others reported.",
    )
    name = Text(max_length=120, required=False, allow_blank=True, help_text="What you call it.")


class ProblemOfLine(serializers.Serializer[Any]):
    """A line that was not taken: where it stands, and why. Nothing of what stood there."""

    line = serializers.IntegerField()
    reason = serializers.CharField(help_text="`known`, `repeated`, `malformed`, `too_long`, `expired`, …")
    detail = serializers.CharField()


class IntakeInStock(serializers.Serializer[Any]):
    """How far a list was read, and what was wrong with which line."""

    id = serializers.IntegerField(source="pk")
    listing = serializers.IntegerField(source="listing_id")
    batch = serializers.IntegerField(source="batch_id", allow_null=True)
    added_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    form = serializers.ChoiceField(Form.choices)
    encoding = serializers.CharField(allow_blank=True)
    lines = serializers.IntegerField(help_text="Lines with something on them; 0 until it was first read.")
    done = serializers.IntegerField(help_text="Of these, how many were judged.")
    accepted = serializers.IntegerField(help_text="Of these, how many are in the vault now.")
    failure = serializers.ChoiceField(
        Intake.Failure.choices, allow_blank=True, help_text="Why the whole was not taken."
    )
    problems = serializers.SerializerMethodField()

    def get_problems(self, intake: Intake) -> list[dict[str, Any]]:
        """The lines that were not taken."""
        return [{"line": line, "reason": reason, "detail": str(text)} for line, reason, text in report(intake)]


class IntakePage(serializers.Serializer[Any]):
    """A part of what was sent in for a listing, newest first."""

    results = IntakeInStock(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class SupplierToAdd(serializers.Serializer[Any]):
    """Where codes come from."""

    name = Text(max_length=60, validators=[visible])
    contact = Text(
        max_length=120,
        required=False,
        allow_blank=True,
        validators=[visible],
        help_text="Told to buyers when the trouble lies upstream.",
    )
    gateway = Text(
        max_length=20, required=False, allow_blank=True, help_text="The mall's connection to it, by its name, if any."
    )


class SupplierToEdit(SupplierToAdd):
    """A supplier written anew."""

    has_left = serializers.BooleanField(required=False, help_text="Nothing more comes from there.")


class SupplierOfShop(serializers.Serializer[Any]):
    """A supplier of the shop."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    contact = serializers.CharField(allow_blank=True)
    gateway = serializers.CharField(allow_blank=True, help_text="The mall's connection to it, by its name.")
    added_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)


class SupplierPage(serializers.Serializer[Any]):
    """A part of a shop's suppliers, newest first."""

    results = SupplierOfShop(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ClashForRisk(serializers.Serializer[Any]):
    """Codes that two shops have, for the people of risk. Never a code."""

    id = serializers.IntegerField(source="pk")
    count = serializers.IntegerField()
    at = serializers.DateTimeField()
    batch = serializers.IntegerField(source="batch_id")
    listing = serializers.IntegerField(source="batch.listing_id")
    shop = serializers.CharField(source="batch.listing.shop.slug", help_text="Where they came in.")
    other_shop = serializers.CharField(source="other.slug", help_text="Where they were before.")
    settled_at = serializers.DateTimeField(allow_null=True)
    finding = serializers.CharField(allow_blank=True)


class ClashPage(serializers.Serializer[Any]):
    """A part of what two shops have, newest first."""

    results = ClashForRisk(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ClashToSettle(serializers.Serializer[Any]):
    """What somebody of risk found out."""

    finding = Text(max_length=500, validators=[visible], help_text="Never a code.")
