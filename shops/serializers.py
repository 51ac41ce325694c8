"""What the API takes and gives about shops. Amounts are integer fen, times are UTC."""

from typing import Any

from rest_framework import serializers

from ledger.models import Transfer
from shops.models import (
    HIGHEST_PRICE,
    LONGEST_PROMISE,
    SHORTEST_PROMISE,
    Batch,
    Kind,
    Shop,
    visible,
)
from shops.states import DepositState, ListingState
from shops.stock import MOST_CODES


class Text(serializers.CharField):
    """A text that is sent as one: numbers and truth values are no names."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Whole(serializers.IntegerField):
    """A whole number that is sent as one: no text, no fraction, no truth value."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return int(super().to_internal_value(data))


class ShopToOpen(serializers.Serializer[Shop]):
    """What somebody who opens a shop says about it."""

    name = Text(max_length=40, help_text="What people call it; no two shops have the same name.")
    slug = serializers.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40, help_text="Its place in addresses: small letters, digits, hyphens."
    )


class ShopInPublic(serializers.Serializer[Shop]):
    """A shop as everybody sees it."""

    name = serializers.CharField()
    slug = serializers.CharField()
    level = serializers.ChoiceField(Shop.Level.choices, help_text="S0 to S4: how far the mall trusts the shop.")
    opened_at = serializers.DateTimeField()
    deposit_state = serializers.ChoiceField(
        DepositState.choices, source="deposit.state", help_text="Whether the shop's security deposit is in place."
    )


class ShopPage(serializers.Serializer[Any]):
    """A part of the list of shops, newest first."""

    results = ShopInPublic(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class DepositLine(serializers.Serializer[Any]):
    """A line of the deposit's statement."""

    number = serializers.IntegerField(source="seq", help_text="Place in the account, without gaps from 1.")
    at = serializers.DateTimeField(source="transfer.at")
    amount = serializers.IntegerField(help_text="Fen; below zero where money left.")
    balance = serializers.IntegerField(help_text="Fen, after this line.")
    reason = serializers.ChoiceField(Transfer.Reason.choices, source="transfer.reason")
    subject = serializers.CharField(source="transfer.subject", help_text="What it was for: `deposit:7`, `order:41`.")


class DepositForOwner(serializers.Serializer[Any]):
    """A shop's deposit, for the shop and the mall's staff, with a page of its statement, newest first."""

    state = serializers.ChoiceField(DepositState.choices, source="deposit.state")
    turn = serializers.CharField(source="deposit.owner", help_text="Whose turn it is; empty at the end.")
    entered_at = serializers.DateTimeField(source="deposit.entered_at", help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(
        source="deposit.deadline_at", allow_null=True, help_text="When the state's clock ends, if one runs."
    )
    required_sum = serializers.IntegerField(source="deposit.required", help_text="What must be there, in fen.")
    free = serializers.IntegerField(help_text="Fen in the deposit that no open case needs.")
    reserved = serializers.IntegerField(help_text="Fen set aside for open cases.")
    results = DepositLine(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the statement goes on; null at its end.")


def fen(**more: Any) -> Whole:
    """A sum in fen, as a listing may hold it."""
    return Whole(min_value=1, max_value=HIGHEST_PRICE, **more)


class WordsOfListing(serializers.Serializer[Any]):
    """What a shop writes on a listing and may write anew."""

    title = Text(max_length=80, validators=[visible], help_text="What it is, for how long, for which service.")
    description = Text(max_length=2000, required=False, allow_blank=True)
    category = Text(max_length=40, required=False, allow_blank=True, validators=[visible])
    price = fen(help_text="Fen for one unit.")
    promise_minutes = Whole(
        min_value=SHORTEST_PROMISE, max_value=LONGEST_PROMISE, help_text="Minutes from payment to delivery."
    )
    face_value = fen(required=False, allow_null=True, help_text="Fen that one unit is worth where it is used.")
    region = Text(max_length=40, required=False, allow_blank=True, validators=[visible])
    notice = Text(max_length=1000, help_text="What a buyer must have read before paying.")


class ListingToDraft(WordsOfListing):
    """A new listing; its kind stays for ever."""

    kind = serializers.ChoiceField(Kind.choices, help_text="For now point cards and activation codes only.")


class ListingInPublic(serializers.Serializer[Any]):
    """A listing as buyers see it."""

    id = serializers.IntegerField()
    shop = serializers.CharField(source="shop.slug", help_text="The shop's place in addresses.")
    kind = serializers.ChoiceField(Kind.choices)
    state = serializers.ChoiceField(ListingState.choices)
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_blank=True)
    price = serializers.IntegerField(help_text="Fen for one unit.")
    promise_minutes = serializers.IntegerField(help_text="Minutes from payment to delivery.")
    face_value = serializers.IntegerField(allow_null=True, help_text="Fen that one unit is worth where it is used.")
    region = serializers.CharField(allow_blank=True)
    notice = serializers.CharField(help_text="What a buyer acknowledges before paying.")
    is_sold_out = serializers.SerializerMethodField(help_text="Whether nothing is left right now.")

    def get_is_sold_out(self, listing: Any) -> bool:
        """Whether nothing is left right now."""
        return not listing.free


class ListingPage(serializers.Serializer[Any]):
    """A part of the list of listings, newest first."""

    results = ListingInPublic(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ListingForOwner(ListingInPublic):
    """A listing as its shop sees it."""

    free = serializers.IntegerField(help_text="Codes for sale.")
    actions = serializers.ListField(child=serializers.CharField(), help_text="What the shop can do with it now.")


class ListingsOfShop(serializers.Serializer[Any]):
    """A part of a shop's own listings, newest first."""

    results = ListingForOwner(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class BatchToAdd(serializers.Serializer[Any]):
    """Codes for the stock of a listing. No answer ever holds one; what is wrong is said by line, from 1."""

    codes = serializers.ListField(
        child=Text(allow_blank=True, trim_whitespace=False, help_text="A code; an empty line does not count."),
        max_length=2 * MOST_CODES,
        help_text="At most 2,000 codes of 200 characters. All are added, or none.",
    )
    note = Text(max_length=120, required=False, allow_blank=True, validators=[visible], help_text="Never a code.")


class BatchInStock(serializers.Serializer[Batch]):
    """A batch of codes: when it came, and how many."""

    id = serializers.IntegerField()
    listing = serializers.IntegerField(source="listing_id")
    added_at = serializers.DateTimeField()
    size = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)
    free = serializers.IntegerField(help_text="For sale.")
    taken = serializers.IntegerField(help_text="Bound to orders.")
    revealed = serializers.IntegerField(help_text="Shown to their buyers.")
    voided = serializers.IntegerField(help_text="Out of the trade.")


class BatchPage(serializers.Serializer[Any]):
    """A part of a listing's batches, newest first."""

    results = BatchInStock(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")
