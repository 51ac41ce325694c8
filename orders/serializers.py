"""What the API takes and gives about orders. Amounts are integer fen, times are UTC; a code is never part of it."""

from typing import Any

from rest_framework import serializers

from ledger.serializers import Fen
from orders import conversation
from orders.lifecycle import MOST_UNITS
from orders.models import Order
from orders.parties import Side
from orders.states import CouponState, Delivery, Grade, OrderState, Standing
from shops.serializers import Text
from timeline.serializers import Day, Moment

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
        help_text=(
            "Whether the buyer agrees, for this purchase, to the listing's `exemption`: the return without a reason"
            " within seven days does not apply. Kept with the order: text, hash and time. Without a yes, nothing"
            " is ordered."
        ),
    )
    price = Fen(
        min_value=1,
        max_value=BIGGEST,
        required=False,
        help_text="Fen for one unit that the buyer saw; if it costs something else now, the order is refused.",
    )
    shown = Text(
        max_length=64,
        required=False,
        help_text="The listing's `shown` as the buyer read it; if something else is promised now, it is refused.",
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
    starts_on = Day(required=False, allow_null=True, help_text="First day of a term.")
    ends_on = Day(required=False, allow_null=True, help_text="Last day of a term.")
    text = Text(max_length=2000, required=False, allow_blank=True, help_text="What was done.")
    files = serializers.ListField(
        child=Whole(min_value=1, max_value=BIGGEST),
        required=False,
        max_length=20,
        help_text="Ids of files of the order.",
    )


class DeliveryToGiveUp(serializers.Serializer[Any]):
    """Which units a shop will not deliver, and why: the buyer reads it."""

    places = serializers.ListField(child=Whole(min_value=1, max_value=MOST_UNITS), min_length=1, max_length=MOST_UNITS)
    reason = Text(max_length=500)


class ResultToPush(serializers.Serializer[Any]):
    """What became of a delivery."""

    result = serializers.ChoiceField(["pending", "delivered", "failed"])
    reference = Text(max_length=80, required=False, allow_blank=True, help_text="Your number of it.")
    reason = Text(max_length=200, required=False, allow_blank=True, help_text="Why it failed.")
    starts_on = Day(required=False, allow_null=True, help_text="First day of a term.")
    ends_on = Day(required=False, allow_null=True, help_text="Last day of a term.")
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
        help_text="What the buyer gave for it, masked; empty once pushed.",
    )
    is_called_back = serializers.BooleanField(help_text="Whether the buyer does not want it any more.")
    promised_at = serializers.DateTimeField()


class GivenShown(serializers.Serializer[Any]):
    """What a buyer gave for a delivery, opened for whoever delivers it."""

    given = serializers.DictField(child=serializers.CharField(), help_text="By what the listing asks.")


class TicketPage(serializers.Serializer[Any]):
    """A part of what is to be delivered, the oldest first."""

    results = TicketShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ChargeToAsk(serializers.Serializer[Any]):
    """By which channel the buyer wants to pay."""

    channel = Text(max_length=20)
    part = Fen(
        min_value=0,
        max_value=BIGGEST,
        required=False,
        help_text="Fen of the price from the balance: set aside now, yours again if the rest does not come in time.",
    )


class MessageToSay(serializers.Serializer[Any]):
    """Something to say."""

    text = Text(max_length=conversation.LONGEST)


class FileToAttach(serializers.Serializer[Any]):
    """A file to add."""

    file = serializers.FileField(
        allow_empty_file=True,
        help_text="JPEG, PNG or WebP up to 10 MB, PDF up to 20 MB, MP4 or MOV up to 100 MB, plain text up to 1 MB.",
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
    total = serializers.IntegerField(source="order.total", help_text="Fen that the buyer pays, coupons taken off.")
    listed = serializers.IntegerField(source="order.listed", help_text="Fen before coupons.")
    from_platform = serializers.IntegerField(source="order.from_platform", help_text="Fen by a platform coupon.")
    from_shop = serializers.IntegerField(source="order.from_shop", help_text="Fen off by a coupon of the shop.")
    from_wallet = serializers.IntegerField(
        source="order.from_wallet", help_text="Fen of the total from the balance, where a channel brings the rest."
    )
    upstream = serializers.DictField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Name and contact of the supplier, as the shop disclosed them, once the trouble lies there.",
    )
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
    commission_bp = serializers.IntegerField(
        source="order.commission_bp", help_text="Basis points of what is released to the shop that the platform takes."
    )
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
    signs = serializers.ListField(
        child=serializers.CharField(), help_text="What it looks like, if like a deal outside of the mall; no proof."
    )
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


class CouponToMake(serializers.Serializer[Any]):
    """A coupon: what it takes off, from what price on, for how many orders, and for how long."""

    code = Text(max_length=20, help_text="4 to 20 letters A–Z and digits.")
    value = Fen(min_value=1, max_value=1_000_000, help_text="Fen off one order.")
    minimum = Fen(min_value=2, max_value=BIGGEST, help_text="Fen that the order costs at least, before coupons.")
    most = Whole(min_value=1, max_value=1_000_000, help_text="For how many orders in all.")
    per_person = Whole(min_value=1, max_value=1_000_000, help_text="For how many orders of one buyer.")
    starts_at = Moment()
    ends_at = Moment()


class CouponDecision(serializers.Serializer[Any]):
    """What becomes of a coupon."""

    what = serializers.ChoiceField(["start", "pause", "resume", "end"])


class CouponShown(serializers.Serializer[Any]):
    """A coupon, for whoever makes it."""

    code = serializers.CharField(source="coupon.code")
    shop = serializers.CharField(
        source="coupon.shop.slug", default=None, allow_null=True, help_text="Null: the platform."
    )
    state = serializers.ChoiceField(CouponState.choices, source="coupon.state")
    value = serializers.IntegerField(source="coupon.value", help_text="Fen.")
    minimum = serializers.IntegerField(source="coupon.minimum", help_text="Fen.")
    most = serializers.IntegerField(source="coupon.most")
    per_person = serializers.IntegerField(source="coupon.per_person")
    taken = serializers.IntegerField(source="coupon.taken", help_text="Orders that hold it or were paid with it.")
    starts_at = serializers.DateTimeField(source="coupon.starts_at")
    ends_at = serializers.DateTimeField(source="coupon.ends_at")
    actions = serializers.ListField(child=serializers.CharField(), help_text="What you can do with it now.")


class CouponPage(serializers.Serializer[Any]):
    """A part of a list of coupons, newest first."""

    results = CouponShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class CouponToUse(serializers.Serializer[Any]):
    """The code of a coupon."""

    code = Text(max_length=20)


class CouponToDrop(serializers.Serializer[Any]):
    """Whose coupon is taken off."""

    by = serializers.ChoiceField(["shop", "platform"])


class ReasonToJoin(serializers.Serializer[Any]):
    """Why somebody of the staff joins."""

    reason = Text(max_length=200, help_text="Both sides read it.")


class ReadingShown(serializers.Serializer[Any]):
    """How far a conversation was read."""

    upto = serializers.IntegerField(help_text="Place of the last message that you have read.")
    unread = serializers.IntegerField(help_text="Messages of others after it.")
    read_by_others = serializers.IntegerField(help_text="Place up to which the other side has read.")


class RedemptionToSay(serializers.Serializer[Any]):
    """What one side knows of who redeemed a code; what it does not know is left out."""

    redeemed_at = Moment(required=False, allow_null=True)
    by_buyer = serializers.BooleanField(required=False, allow_null=True, help_text="Whether to the buyer's account.")
    account = Text(max_length=60, required=False, allow_blank=True, help_text="Which account; kept masked.")


class RedemptionShown(serializers.Serializer[Any]):
    """What was said of who redeemed a code."""

    place = serializers.IntegerField()
    said_by = serializers.CharField()
    is_record = serializers.BooleanField(help_text="Whether the issuer said it.")
    redeemed_at = serializers.DateTimeField(source="said.redeemed_at", allow_null=True)
    by_buyer = serializers.BooleanField(source="said.by_buyer", allow_null=True)
    account = serializers.CharField(source="said.account", allow_blank=True)
    at = serializers.DateTimeField(source="said.at")


class ExchangeShown(serializers.Serializer[Any]):
    """One question to a supplier and its answer, word for word, masked."""

    ticket = serializers.CharField(source="ticket.number")
    at = serializers.DateTimeField()
    what = serializers.CharField(
        help_text="`submit`, `query`, `cancel`, `notice`, `push`; `fault` where the mall itself failed to ask."
    )
    asked = serializers.CharField(allow_blank=True)
    status = serializers.IntegerField(allow_null=True, help_text="Of HTTP; null if there was no answer.")
    answer = serializers.CharField(allow_blank=True)


class ExchangePage(serializers.Serializer[Any]):
    """A part of what was asked, newest first."""

    results = ExchangeShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class SignShown(serializers.Serializer[Any]):
    """A message that looks like a deal outside of the mall."""

    order = serializers.CharField(source="message.order.number")
    side = serializers.ChoiceField(Side.choices)
    signs = serializers.ListField(child=serializers.CharField(), source="message.signs")
    text = serializers.CharField(source="message.text")
    at = serializers.DateTimeField(source="message.at")


class SignPage(serializers.Serializer[Any]):
    """A part of what was found, newest first."""

    results = SignShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class SupplierHealth(serializers.Serializer[Any]):
    """How one supplier is doing that the mall is connected to."""

    name = serializers.CharField()
    is_connected = serializers.BooleanField()
    open = serializers.IntegerField(help_text="Units on their way.")
    silent = serializers.IntegerField(help_text="Of these, whose last question was not answered.")
    oldest_at = serializers.DateTimeField(allow_null=True)
    heard_at = serializers.DateTimeField(allow_null=True)
    delivered = serializers.IntegerField(help_text="Within 24 hours.")
    failed = serializers.IntegerField(help_text="Within 24 hours.")
