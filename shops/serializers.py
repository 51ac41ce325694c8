"""What the API takes and gives about shops. Amounts are integer fen, times are UTC."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.models import Transfer
from ledger.states import PayoutState
from shops import policy, terms
from shops.intakes import BIGGEST, report
from shops.models import (
    HIGHEST_PRICE,
    LONGEST_PROMISE,
    LONGEST_REST,
    LONGEST_WARRANTY,
    SHORTEST_PROMISE,
    Area,
    Ask,
    Duty,
    Form,
    Intake,
    Kind,
    Section,
    Shop,
    Way,
    visible,
)
from shops.states import DepositState, ListingState, MemberState, PayeeState
from shops.stock import MOST_CODES
from shops.withdrawals import is_in_a_person_s_hands
from timeline.serializers import Day


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


class SumToPay(serializers.Serializer[Any]):
    """A sum."""

    amount = Whole(min_value=1, max_value=10**10, help_text="Fen.")


class PayeeToName(serializers.Serializer[Any]):
    """Where a shop's money shall go."""

    holder = Text(max_length=60, validators=[visible], help_text="In whose name the account is.")
    account = Text(max_length=100, help_text="Its number; blanks do not count.")


class PayeeOfShop(serializers.Serializer[Any]):
    """Where a shop's money goes, and how much of it can be withdrawn."""

    number = serializers.CharField(source="payee.number", help_text="The last four signs of the account.")
    holder = serializers.CharField(source="payee.holder")
    channel = serializers.CharField(source="payee.channel")
    state = serializers.ChoiceField(PayeeState.choices, source="payee.state")
    turn = serializers.CharField(source="payee.owner", help_text="Whose turn it is.")
    named_at = serializers.DateTimeField(source="payee.named_at")
    deadline_at = serializers.DateTimeField(
        source="payee.deadline_at", allow_null=True, help_text="Until when nothing is sent there."
    )
    available = serializers.IntegerField(source="purse.available", help_text="Fen that are settled.")
    exposed = serializers.IntegerField(source="purse.exposed", help_text="Fen of it that open cases may need.")
    owed = serializers.IntegerField(source="purse.owed", help_text="Fen that the shop owes the guarantee fund.")
    free = serializers.IntegerField(source="purse.free", help_text="Fen that can be withdrawn now.")


class WithdrawalShown(serializers.Serializer[Any]):
    """Money that a shop takes out."""

    number = serializers.CharField()
    state = serializers.ChoiceField(PayoutState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    amount = serializers.IntegerField(help_text="Fen.")
    planned_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    is_held = serializers.SerializerMethodField(help_text="Whether people of the mall's finance must see to it.")

    def get_is_held(self, payout: Any) -> bool:
        """Whether it is in a person's hands."""
        return is_in_a_person_s_hands(payout)


class WithdrawalPage(serializers.Serializer[Any]):
    """A part of the list of withdrawals, newest first."""

    results = WithdrawalShown(many=True)
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


class DepositLine(serializers.Serializer[Any]):
    """A line of the deposit's statement."""

    number = serializers.IntegerField(source="seq", help_text="Place in the account, without gaps from 1.")
    at = serializers.DateTimeField(source="transfer.at")
    amount = serializers.IntegerField(help_text="Fen; below zero where money left.")
    balance = serializers.IntegerField(help_text="Fen, after this line.")
    reason = serializers.ChoiceField(Transfer.Reason.choices, source="transfer.reason")
    subject = serializers.CharField(source="transfer.subject", help_text="What it was for: `deposit:7`, `order:41`.")


class DepositForOwner(serializers.Serializer[Any]):
    """A shop's deposit, for the shop and the mall's staff of money, with a page of its statement, newest first."""

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
