"""What the API takes and gives about shops. Amounts are integer fen, times are UTC."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rulebook import versions
from shops import policy, terms
from shops.models import (
    HIGHEST_PRICE,
    LONGEST_PROMISE,
    LONGEST_WARRANTY,
    MOST_EACH,
    SHORTEST_PROMISE,
    Area,
    Ask,
    Duty,
    Kind,
    Section,
    Shop,
    Way,
    visible,
)
from shops.states import DepositState, ListingState, MemberState
from timeline import clock


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


class ShopInPublic(serializers.Serializer[Shop]):
    """A shop as everybody sees it."""

    name = serializers.CharField()
    slug = serializers.CharField()
    level = serializers.ChoiceField(Shop.Level.choices, help_text="S0 to S4: how far the mall trusts the shop.")
    opened_at = serializers.DateTimeField()
    deposit_state = serializers.ChoiceField(
        DepositState.choices, source="deposit.state", help_text="Whether the shop's security deposit is in place."
    )
    on_time_bp = serializers.SerializerMethodField(
        help_text="Units within the promise ÷ units due, 90 days, basis points; null: too few to say (under 20)."
    )
    refund_bp = serializers.SerializerMethodField(
        help_text="Units of which something was paid back ÷ units sold, 90 days; null: too few to say."
    )
    loss_bp = serializers.SerializerMethodField(
        help_text="Disputes in which the buyer got something ÷ disputes that ended, 90 days; null: too few to say."
    )
    response_minutes = serializers.SerializerMethodField(
        help_text="Median minutes from a claim to the first answer, 90 days; null: too few to say."
    )

    def get_on_time_bp(self, shop: Shop) -> int | None:
        """As the shop's page says it."""
        return self._of_record(shop, "on_time_bp")

    def get_refund_bp(self, shop: Shop) -> int | None:
        """As the shop's page says it."""
        return self._of_record(shop, "refund_bp")

    def get_loss_bp(self, shop: Shop) -> int | None:
        """As the shop's page says it."""
        return self._of_record(shop, "loss_bp")

    def get_response_minutes(self, shop: Shop) -> int | None:
        """As the shop's page says it."""
        return self._of_record(shop, "response_minutes")

    def _of_record(self, shop: Shop, name: str) -> int | None:
        found: int | None = getattr(getattr(shop, "record", None), name, None)
        return found


class ShopPage(serializers.Serializer[Any]):
    """A part of the list of shops, newest first."""

    results = ShopInPublic(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class DutyToGive(serializers.Serializer[Any]):
    """What somebody of a shop's staff does."""

    duty = serializers.ChoiceField(Duty.choices, help_text="What the person may do in the shop.")


class InvitationToSend(DutyToGive):
    """Whom the owner wants in the shop."""

    email = serializers.EmailField(max_length=254, help_text="Told to nobody but the shop's owner.")


class MemberOfShop(serializers.Serializer[Any]):
    """Somebody of a shop's staff."""

    id = serializers.IntegerField()
    shop = serializers.CharField(source="shop.slug")
    email = serializers.EmailField()
    duty = serializers.ChoiceField(Duty.choices)
    state = serializers.ChoiceField(MemberState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    invited_at = serializers.DateTimeField()
    entered_at = serializers.DateTimeField(help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="Until when the invitation stands.")


class MemberPage(serializers.Serializer[Any]):
    """A part of the list of members, newest first."""

    results = MemberOfShop(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


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
    delivered_by = serializers.ChoiceField(
        Way.choices, required=False, help_text="Left out: codes from the stock, everything else by hand."
    )
    supplier = Whole(
        required=False, allow_null=True, min_value=1, help_text="The number of the supplier that delivers."
    )
    product = Text(max_length=60, required=False, allow_blank=True, help_text="The supplier's name for it.")
    asks = serializers.ListField(
        child=serializers.ChoiceField(Ask.choices), required=False, help_text="What the buyer must give."
    )
    section = serializers.ChoiceField(
        Section.choices, required=False, allow_blank=True, help_text="Its shelf in the mall."
    )
    area = serializers.ChoiceField(Area.choices, required=False, allow_blank=True, help_text="Where it works.")
    promises = serializers.DictField(
        required=False,
        help_text='What is promised of its kind in figures, by name: {"term_days": 30}; whole numbers and words.',
    )
    warranty_days = Whole(
        required=False,
        min_value=0,
        max_value=LONGEST_WARRANTY,
        help_text="Days after delivery for which the shop answers beyond what the rules ask.",
    )
    most_each = Whole(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MOST_EACH,
        help_text="Units that one buyer may have of it in all; nothing: as many as there are.",
    )


class ListingToDraft(WordsOfListing):
    """A new listing; its kind stays for ever."""

    kind = serializers.ChoiceField(Kind.choices, help_text="Decides how it is delivered and judged.")


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
    delivered_by = serializers.ChoiceField(Way.choices)
    asks = serializers.ListField(child=serializers.CharField(), help_text="What the buyer must give, by name.")
    section = serializers.ChoiceField(Section.choices, allow_blank=True, help_text="Its shelf in the mall.")
    area = serializers.ChoiceField(Area.choices, allow_blank=True, help_text="Where it works.")
    promises = serializers.DictField(help_text="What is promised of its kind in figures.")
    warranty_days = serializers.IntegerField(help_text="Days for which the shop answers beyond what the rules ask.")
    most_each = serializers.IntegerField(allow_null=True, help_text="Units that one buyer may have of it in all.")
    is_sold_out = serializers.SerializerMethodField(help_text="Whether nothing is left right now.")

    def get_is_sold_out(self, listing: Any) -> bool:
        """Whether nothing is left right now."""
        return not listing.free


class ListingToBuy(ListingInPublic):
    """A listing with everything a buyer has to know before paying."""

    policy = serializers.DictField(
        help_text="The policy card: what comes back, until when, by which proof, and the fee of each level. In the"
        " language of the request; `level` is yours, and `version` the rulebook that an order of now is under."
    )
    exemption = serializers.SerializerMethodField(
        help_text="What a buyer says yes to with each purchase: the return without a reason does not apply."
    )

    shown = serializers.SerializerMethodField(
        help_text="A mark of all that is promised here and of the rules behind it: send it along with the order."
    )

    def get_shown(self, listing: Any) -> str:
        """The same mark for the same text."""
        return policy.shown(listing, versions.in_force(clock.now()))

    def get_exemption(self, listing: Any) -> str:
        """The text as the page shows it, in the language of the request."""
        return policy.exemption(listing)


class ListingPage(serializers.Serializer[Any]):
    """A part of the list of listings, newest first."""

    results = ListingInPublic(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class TermFound(serializers.Serializer[Any]):
    """Words of a listing that are void, forbidden or too vague to count."""

    field = serializers.CharField(help_text="Where it stands: `title`, `notice` …")
    clause = serializers.CharField(help_text="Code of the clause.")
    category = serializers.CharField(help_text="`void` and `forbidden` keep it from being published; `vague` warns.")
    quote = serializers.CharField()
    why = serializers.CharField(help_text="In the language of the request.")
    instead = serializers.CharField(help_text="A better wording.")
    law = serializers.ListField(child=serializers.CharField(), help_text="Legal sources.")


class ListingForOwner(ListingInPublic):
    """A listing as its shop sees it."""

    terms = serializers.SerializerMethodField(help_text="What the clause linter finds in its texts.")

    free = serializers.IntegerField(help_text="Codes for sale.")
    review_note = serializers.CharField(allow_blank=True, help_text="What a person of the mall found in it.")
    actions = serializers.ListField(child=serializers.CharField(), help_text="What the shop can do with it now.")

    @extend_schema_field(TermFound(many=True))
    def get_terms(self, listing: Any) -> Any:
        """What the clause linter finds in its texts."""
        return TermFound(terms.told(listing), many=True).data


class ListingsOfShop(serializers.Serializer[Any]):
    """A part of a shop's own listings, newest first."""

    results = ListingForOwner(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")
