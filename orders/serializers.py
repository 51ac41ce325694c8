"""What the API takes and gives about orders. Amounts are integer fen, times are UTC; a code is never part of it."""

from typing import Any

from rest_framework import serializers

from ledger.serializers import Fen
from orders import conversation
from orders.lifecycle import MOST_UNITS
from orders.models import Order
from orders.parties import Side
from orders.states import Delivery, Grade, OrderState, Standing
from shops.serializers import Text

BIGGEST = 2**63 - 1


class Whole(Fen):
    """A whole number, sent as a JSON number."""


class Truth(serializers.BooleanField):
    """Yes or no, sent as a JSON truth value: no text, no number."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class OrderToPlace(serializers.Serializer[Any]):
    """What a buyer wants, and that the notice was read."""

    listing = Whole(min_value=1, max_value=BIGGEST, help_text="Id of the listing.")
    quantity = Whole(min_value=1, max_value=MOST_UNITS)
    acknowledged = Truth(help_text="Whether the listing's notice was read; without it nothing is ordered.")
    exempt = Truth(
        default=True,
        help_text=(
            "Whether the buyer agrees, for this purchase, to the listing's `exemption`: the return without a reason"
            " within seven days does not apply. Kept with the order: text, hash and time. Left out: yes."
        ),
    )
    price = Fen(
        min_value=1,
        max_value=BIGGEST,
        required=False,
        help_text="Fen for one unit that the buyer saw; if it costs something else now, the order is refused.",
    )
    given = serializers.DictField(
        child=Text(max_length=1000),
        required=False,
        help_text="The answers to what the listing asks: `account`, `server`, `contact`, `wish`. They are sealed.",
    )


class HandoverToMake(serializers.Serializer[Any]):
    """Which units were delivered, and what proves it; what a kind needs not may be left out."""

    places = serializers.ListField(child=Whole(min_value=1, max_value=MOST_UNITS), min_length=1, max_length=MOST_UNITS)
    account = Text(max_length=100, required=False, allow_blank=True, help_text="To which it was delivered.")
    reference = Text(max_length=80, required=False, allow_blank=True, help_text="Number of the upstream's ticket.")
    starts_on = serializers.DateField(required=False, allow_null=True, help_text="First day of a term.")
    ends_on = serializers.DateField(required=False, allow_null=True, help_text="Last day of a term.")
    text = Text(max_length=2000, required=False, allow_blank=True, help_text="What was done.")
    files = serializers.ListField(
        child=Whole(min_value=1, max_value=BIGGEST),
        required=False,
        max_length=20,
        help_text="Ids of files of the order.",
    )


class ResultToPush(serializers.Serializer[Any]):
    """What became of a delivery."""

    result = serializers.ChoiceField(["pending", "delivered", "failed"])
    reference = Text(max_length=80, required=False, allow_blank=True, help_text="Your number of it.")
    reason = Text(max_length=200, required=False, allow_blank=True, help_text="Why it failed.")
    starts_on = serializers.DateField(required=False, allow_null=True, help_text="First day of a term.")
    ends_on = serializers.DateField(required=False, allow_null=True, help_text="Last day of a term.")
    text = Text(max_length=2000, required=False, allow_blank=True, help_text="What was done.")


class TicketShown(serializers.Serializer[Any]):
    """One unit that a shop's own system delivers."""

    number = serializers.CharField(help_text="Ours for this one unit: the same for ever.")
    order = serializers.CharField()
    product = serializers.CharField(allow_blank=True)
    title = serializers.CharField(help_text="Of the listing, as it was.")
    standing = serializers.ChoiceField(Standing.choices)
    given = serializers.DictField(
        child=serializers.CharField(),
        help_text="What the buyer gave for it, for this delivery only; empty once pushed.",
    )
    is_called_back = serializers.BooleanField(help_text="Whether the buyer does not want it any more.")
    promised_at = serializers.DateTimeField()


class TicketPage(serializers.Serializer[Any]):
    """A part of what is to be delivered, the oldest first."""

    results = TicketShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ChargeToAsk(serializers.Serializer[Any]):
    """By which channel the buyer wants to pay."""

    channel = Text(max_length=20)


class MessageToSay(serializers.Serializer[Any]):
    """Something to say."""

    text = Text(max_length=conversation.LONGEST)


class FileToAttach(serializers.Serializer[Any]):
    """A file to add."""

    file = serializers.FileField(
        allow_empty_file=True, help_text="JPEG, PNG or WebP up to 10 MB, PDF up to 20 MB, plain text up to 1 MB."
    )


class OrderRow(serializers.Serializer[Order]):
    """An order in a list."""

    number = serializers.CharField()
    title = serializers.CharField(help_text="Of the listing, as it was.")
    quantity = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Fen.")
    state = serializers.ChoiceField(OrderState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="When the state's clock ends, if one runs.")
    shop = serializers.CharField(source="shop.slug")
    placed_at = serializers.DateTimeField()


class OrderPage(serializers.Serializer[Any]):
    """A part of a list of orders, newest first."""

    results = OrderRow(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class OrderFigures(serializers.Serializer[Any]):
    """Where the units of an order and their money are, in fen."""

    units = serializers.IntegerField()
    delivered = serializers.IntegerField(help_text="Units that were delivered.")
    seen = serializers.IntegerField(help_text="Units whose code was looked at.")
    in_cases = serializers.IntegerField(help_text="Units that an open case holds.")
    held = serializers.IntegerField(help_text="Fen in escrow.")
    to_shop = serializers.IntegerField(help_text="Fen released to the shop, without commission.")
    kept = serializers.IntegerField(help_text="Fen of commission.")
    paid_back = serializers.IntegerField(help_text="Fen paid back to the buyer.")
    fee = serializers.IntegerField(help_text="Fen kept from refunds for the buyer's own reason.")


class OrderShown(serializers.Serializer[Any]):
    """One order, as the side of whoever asks sees it."""

    number = serializers.CharField(source="order.number")
    side = serializers.ChoiceField(Side.choices, help_text="For whom you stand in it.")
    state = serializers.ChoiceField(OrderState.choices, source="order.state")
    turn = serializers.CharField(source="order.owner", help_text="Whose turn it is; empty at the end.")
    entered_at = serializers.DateTimeField(source="order.entered_at", help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(
        source="order.deadline_at", allow_null=True, help_text="When the state's clock ends, if one runs."
    )
    total = serializers.IntegerField(source="order.total", help_text="Fen.")
    paid_by = serializers.ChoiceField(Order.PaidBy.choices, source="order.paid_by", allow_blank=True)
    shop = serializers.CharField(source="order.shop.slug")
    buyer = serializers.CharField(source="order.buyer.display_name", help_text="What others see of the buyer.")
    placed_at = serializers.DateTimeField(source="order.placed_at")
    paid_at = serializers.DateTimeField(source="order.paid_at", allow_null=True)
    delivered_at = serializers.DateTimeField(source="order.delivered_at", allow_null=True)
    figures = OrderFigures()
    promised = serializers.DictField(help_text="The listing as it was ordered.")
    promise_sha256 = serializers.CharField(source="order.snapshot.sha256", help_text="Of the promise as it is kept.")
    rulebook_version = serializers.CharField(source="order.rulebook_version")
    actions = serializers.ListField(
        child=serializers.CharField(), help_text="What you can do now: the verbs that would not be refused."
    )


class UnitShown(serializers.Serializer[Any]):
    """One thing that was bought. Its code is not part of it; see `revealCode`."""

    place = serializers.IntegerField(help_text="1, 2, 3 … within the order.")
    delivery = serializers.ChoiceField(Delivery.choices)
    grade = serializers.ChoiceField(Grade.choices, help_text="How well that is proven.")
    paid = serializers.IntegerField(help_text="Fen.")
    held = serializers.IntegerField(help_text="Fen in escrow.")
    released = serializers.IntegerField(help_text="Fen that went to the shop's side, commission included.")
    refunded = serializers.IntegerField(help_text="Fen paid back by the shop's side.")
    covered = serializers.IntegerField(help_text="Fen paid back by the platform for its own fault.")
    fee = serializers.IntegerField(help_text="Fen kept from a refund for the buyer's own reason.")
    held_by = serializers.CharField(help_text="The open case that holds it, `refund:12`; empty if none does.")
    inspection_ends_at = serializers.DateTimeField(allow_null=True)


class UnitPage(serializers.Serializer[Any]):
    """A part of an order's units, in their places."""

    results = UnitShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class CodeShown(serializers.Serializer[Any]):
    """A code, in this one answer only."""

    place = serializers.IntegerField()
    code = serializers.CharField()
    at = serializers.DateTimeField(help_text="The moment that is on record.")


class MessageShown(serializers.Serializer[Any]):
    """Something that was said."""

    id = serializers.IntegerField(source="pk")
    side = serializers.ChoiceField(Side.choices)
    author = serializers.CharField(source="author.display_name")
    text = serializers.CharField()
    at = serializers.DateTimeField()


class MessagePage(serializers.Serializer[Any]):
    """A part of a conversation, newest first."""

    results = MessageShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class AttachmentShown(serializers.Serializer[Any]):
    """A file of an order. What `url` gives of an image is a copy without anything hidden in the original."""

    id = serializers.IntegerField(source="pk")
    side = serializers.ChoiceField(Side.choices)
    name = serializers.CharField()
    media_type = serializers.CharField(help_text="What it is, by its content.")
    size = serializers.IntegerField(help_text="Bytes of the original.")
    sha256 = serializers.CharField(help_text="Of the original, to the byte as it was given.")
    url = serializers.CharField()
    at = serializers.DateTimeField()


class AttachmentPage(serializers.Serializer[Any]):
    """A part of an order's files, newest first."""

    results = AttachmentShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")
