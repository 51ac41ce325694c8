"""Nouns of a sale: an order, its units, what was promised, what was shown, what was said. Amounts are integer fen."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from orders.states import COUPON, ORDER, Delivery, Grade, Standing
from shops.models import Way
from timeline.models import Tracked


class Order(Tracked):
    """One purchase: one or more units of one listing from one shop."""

    machine = ORDER
    read_with = ("shop", "buyer", "snapshot__listing", "payment")
    scopes = {
        "shop": "shop__slug",
        "kind": "snapshot__listing__kind",
        "channel": "payment__channel",
        "supplier": "units__card__batch__supplier",
        "supplier.delivering": "snapshot__listing__supplier",
    }

    class PaidBy(models.TextChoices):
        """Where the money came from, and so where a refund goes back to."""

        WALLET = "wallet"
        CHANNEL = "channel"
        MIXED = "mixed"

    number = models.CharField(max_length=20, unique=True)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="orders")
    rulebook_version = models.CharField(max_length=40)
    total = models.BigIntegerField(help_text="fen that the buyer pays, coupons taken off")
    from_platform = models.BigIntegerField(default=0, db_default=0, help_text="fen that a platform coupon pays")
    from_shop = models.BigIntegerField(default=0, db_default=0, help_text="fen that the shop forgoes by its coupon")
    from_wallet = models.BigIntegerField(
        default=0, db_default=0, help_text="fen of the total that come from the balance where a channel brings the rest"
    )
    buyer_level = models.CharField(
        max_length=2, default="M0", db_default="M0", help_text="of membership, when the order was placed"
    )
    exposed = models.BigIntegerField(
        default=0, db_default=0, help_text="fen of the shop's deposit set aside for open cases of this order"
    )
    compensated_by_platform = models.BigIntegerField(
        default=0, db_default=0, help_text="fen on top of the price that the platform paid for its own delays"
    )
    ran_dry = models.BooleanField(
        default=False, db_default=False, help_text="once nobody had all that was to go back of it, so it may be owed"
    )
    paid_by = models.CharField(max_length=10, choices=PaidBy.choices, blank=True)
    payment = models.ForeignKey("ledger.Payment", on_delete=models.PROTECT, null=True, related_name="orders")
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    promised_at = models.DateTimeField(null=True, help_text="when delivery is due by the listing's promise")
    delivered_at = models.DateTimeField(null=True)
    is_late = models.BooleanField(default=False, help_text="the promise was broken: the buyer may cancel at once")
    waits_longer = models.BooleanField(
        default=False, db_default=False, help_text="the buyer chose once to wait a day longer than the hard limit"
    )
    final_asked_at = models.DateTimeField(
        null=True, help_text="since when the hard limit is over and the supplier's final answer is asked"
    )
    supplier_asked_at = models.DateTimeField(
        null=True, help_text="when the shop last asked its supplier about what it delivered"
    )
    commission_bp = models.PositiveSmallIntegerField(
        default=500,
        db_default=500,
        help_text="basis points that the platform takes of a release, pinned when it was placed",
    )
    given = models.OneToOneField(
        "shops.SealedWords", on_delete=models.PROTECT, null=True, related_name="order", help_text="by the buyer, sealed"
    )

    class Meta:
        constraints = [
            ORDER.constraint("orders_order_state"),
            models.CheckConstraint(condition=Q(total__gt=0), name="orders_order_total"),
            models.CheckConstraint(
                condition=Q(from_platform__gte=0, from_shop__gte=0, from_wallet__gte=0, from_wallet__lt=F("total")),
                name="orders_order_parts",
            ),
            models.CheckConstraint(
                condition=Q(commission_bp__gte=0, commission_bp__lte=10_000), name="orders_order_commission"
            ),
        ]
        indexes = [
            models.Index(fields=["buyer", "-id"], name="orders_order_buyer"),
            models.Index(fields=["shop", "-id"], name="orders_order_shop"),
        ]

    def get_absolute_url(self) -> str:
        """The order's page."""
        return reverse("orders:detail", kwargs={"number": self.number})

    @property
    def escrow(self) -> str:
        """The address of the order's escrow."""
        return f"order:{self.pk}:escrow"

    @property
    def listed(self) -> int:
        """What it costs before coupons, in fen."""
        return self.total + self.from_platform + self.from_shop

    @property
    def to_charge(self) -> int:
        """What a channel still has to bring, in fen, once the part from the balance is set aside."""
        return self.total - self.from_wallet


class Snapshot(models.Model):
    """What was promised when the order was placed: listing, promise, notices as shown and acknowledged."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="snapshot")
    listing = models.ForeignKey("shops.Listing", on_delete=models.PROTECT, related_name="snapshots")
    body = models.TextField(help_text="canonical JSON, the exact text that is hashed")
    sha256 = models.CharField(max_length=64)
    notice_text = models.TextField()
    acknowledged_at = models.DateTimeField()


class Unit(models.Model):
    """One thing bought: the smallest part that is held, refunded or released. Delivery is a fact, not a choice.

    `paid` is the buyer's money: held, released, refunded or kept as a fee. `coupon` is what a platform coupon added to
    it: held, released to the shop or back at the platform, never paid to the buyer.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="units")
    place = models.PositiveIntegerField(help_text="1, 2, 3 … within the order")
    card = models.OneToOneField("shops.Card", on_delete=models.PROTECT, null=True, related_name="unit")
    delivery = models.CharField(max_length=12, choices=Delivery.choices, default=Delivery.UNDELIVERED)
    grade = models.CharField(max_length=10, choices=Grade.choices, default=Grade.VERIFIED)
    paid = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0, help_text="in escrow")
    released = models.BigIntegerField(
        default=0, help_text="went to the shop's side and stayed there, commission included"
    )
    refunded = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0, help_text="kept from a refund for the buyer's own reason")
    covered = models.BigIntegerField(
        default=0, help_text="given back by the platform for its own fault, beside the rest"
    )
    commission = models.BigIntegerField(default=0, help_text="the platform's part of what was released")
    coupon = models.BigIntegerField(default=0, db_default=0, help_text="its share of a platform coupon")
    coupon_held = models.BigIntegerField(default=0, db_default=0, help_text="of that, in escrow")
    coupon_released = models.BigIntegerField(default=0, db_default=0, help_text="of that, with the shop")
    coupon_back = models.BigIntegerField(default=0, db_default=0, help_text="of that, back at the platform")
    shop_coupon = models.BigIntegerField(
        default=0, db_default=0, help_text="its share of what the shop forgoes by its own coupon; never money"
    )
    held_by = models.CharField(max_length=60, blank=True, help_text="the open case that holds the unit: refund:12")
    delivered_at = models.DateTimeField(null=True)
    inspection_ends_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    settle_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    left_at_hold = models.DurationField(null=True, help_text="what was left of inspection or settlement at the hold")
    handover = models.ForeignKey(
        "orders.Handover", on_delete=models.PROTECT, null=True, related_name="units", help_text="proof of its delivery"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "place"], name="orders_unit_one_per_place"),
            models.CheckConstraint(
                condition=Q(paid=F("held") + F("released") + F("refunded") + F("fee")), name="orders_unit_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(
                    held__gte=0, released__gte=0, refunded__gte=0, fee__gte=0, commission__gte=0, covered__gte=0
                )
                & Q(paid__gte=F("refunded") + F("covered")),
                name="orders_unit_nothing_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(coupon=F("coupon_held") + F("coupon_released") + F("coupon_back"))
                & Q(coupon_held__gte=0, coupon_released__gte=0, coupon_back__gte=0, shop_coupon__gte=0),
                name="orders_unit_coupon_adds_up",
            ),
            models.CheckConstraint(condition=Q(delivery__in=sorted(Delivery.values)), name="orders_unit_delivery"),
            models.CheckConstraint(condition=Q(grade__in=sorted(Grade.values)), name="orders_unit_grade"),
        ]
        indexes = [models.Index(fields=["held_by"], condition=~Q(held_by=""), name="orders_unit_held_by")]

    @property
    def address(self) -> str:
        """How transfers and events name the unit: `unit:97`."""
        return f"unit:{self.pk}"

    @property
    def left(self) -> int:
        """What can still go back to the buyer for this unit, in fen."""
        return self.paid - self.refunded - self.covered - self.fee

    @property
    def net(self) -> int:
        """What the shop has of this unit, in fen: released less commission, a coupon's share, and fees kept."""
        return self.released + self.coupon_released - self.commission + self.fee

    def is_awaited(self) -> bool:
        """Whether it is paid and still to be delivered."""
        return self.delivery == Delivery.UNDELIVERED and self.held > 0

    def is_given_back(self) -> bool:
        """Whether the buyer has everything back."""
        return self.paid > 0 and self.refunded + self.covered == self.paid

    def is_due_for_release(self, at: datetime) -> bool:
        """Whether inspection is over and no case holds the unit."""
        ends_at = self.inspection_ends_at
        return bool(self.held) and not self.held_by and ends_at is not None and ends_at <= at

    def is_unsettled(self) -> bool:
        """Whether the shop has money of this unit that it cannot withdraw yet."""
        return self.released_at is not None and self.settled_at is None

    def is_due_for_settlement(self, at: datetime) -> bool:
        """Whether the shop's money of this unit becomes available."""
        return self.is_unsettled() and not self.held_by and self.settle_at is not None and self.settle_at <= at

    def next_at(self) -> datetime | None:
        """When the clock of the order has to look at this unit again; nothing while a case holds it or it is done."""
        if self.held_by:
            return None
        if self.held:
            return self.inspection_ends_at
        return self.settle_at if self.is_unsettled() else None


#: The pauses after which an order that failed is held against an outage again; after the last one it is given up.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720))


class Weighing(models.Model):
    """How far an outage has been held against the orders of its time, those included that it was registered after.

    `until` is the end it was weighed with (nothing while it went on), `upto` the last order, `left_over` those at which
    something failed and that are tried again, with growing pauses; those that failed too often are `given_up`, and a
    lead sees to them. When it ends or lasts longer, it is weighed anew.
    """

    outage = models.OneToOneField("timeline.Outage", on_delete=models.PROTECT, related_name="weighing")
    until = models.DateTimeField(null=True)
    upto = models.BigIntegerField(default=0)
    left_over = ArrayField(models.BigIntegerField(), default=list)
    tries = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="of each that is left over: how often it was tried, when next, and what failed",
    )
    given_up = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=models.Value([], ArrayField(models.BigIntegerField())),
        help_text="orders that failed too often: a person looks at them",
    )
    done_at = models.DateTimeField(null=True)

    def is_due(self, pk: int, at: datetime) -> bool:
        """Whether an order that is left over is tried again by `at`."""
        known = self.tries.get(str(pk))
        return known is None or datetime.fromisoformat(known["next"]) <= at

    def failed(self, pk: int, *, why: str, at: datetime) -> bool:
        """An order failed: it is tried again after a pause, or, having failed too often, given up. Whether it is tried
        again; whoever calls stores the row."""
        number = self.tries.get(str(pk), {}).get("number", 0) + 1
        if number > len(PAUSES):
            self.given_up = [*self.given_up, pk]
            self.tries[str(pk)] = {"number": number, "next": at.isoformat(), "why": why[:200]}
            return False
        self.tries[str(pk)] = {"number": number, "next": (at + PAUSES[number - 1]).isoformat(), "why": why[:200]}
        return True


class Exposure(models.Model):
    """What is set aside of a shop's deposit for one open case (`cause`), in fen. Closed: nothing is left of it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="exposures")
    cause = models.CharField(max_length=60, unique=True)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="orders_exposure_amount")]


class Reveal(models.Model):
    """The code of a unit was shown: who, when, from where. The first is the legal moment of opening."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="reveals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    address_prefix = models.CharField(max_length=45, help_text="of the network address: /24 or /48")
    session_hash = models.CharField(max_length=64)
    agent_hash = models.CharField(max_length=64)


class ValidityRecord(models.Model):
    """What the issuer or supplier says of a unit's code: our proof that it was bad, or good, when it was sold.

    `can_recall`: whether they take it back, verified unused; nothing where they did not say.
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="validity_records")
    is_valid = models.BooleanField()
    source = models.CharField(max_length=80, help_text="who says so")
    reference = models.CharField(max_length=80, blank=True, help_text="the source's own number")
    can_recall = models.BooleanField(null=True)
    at = models.DateTimeField()


class Redemption(models.Model):
    """Somebody says that a unit's code was redeemed: when, and whether to the buyer's own account.

    What the issuer answered is a record (`by` is nobody); what the buyer or the shop says is a claim.
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="redemptions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=80, blank=True, help_text="which issuer answered")
    reference = models.CharField(max_length=80, blank=True, help_text="the source's own number")
    redeemed_at = models.DateTimeField(null=True, help_text="nothing where nobody knows when")
    by_buyer = models.BooleanField(null=True, help_text="whether to the buyer's account; nothing where nobody knows")
    account = models.CharField(max_length=60, blank=True, help_text="to which account, masked")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(by__isnull=False, source="") | Q(by=None) & ~Q(source=""), name="orders_redemption_who_says"
            )
        ]


class Message(models.Model):
    """Something said in the order's one conversation; kept for ever, through refund and dispute.

    The messages of an order are a chain: the database links each to the one before and lets none be changed or removed.
    `signs` are hints that somebody wants to deal outside of the mall (`orders.offplatform`), for whoever watches risk.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="conversation")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField()
    signs = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    seq = models.PositiveIntegerField(default=0, db_default=0, help_text="its place in the chain, by the database")
    prev = models.BinaryField(default=b"", db_default=b"")
    hash = models.BinaryField(default=b"", db_default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "seq"], name="orders_message_one_per_place")]
        indexes = [models.Index(fields=["-id"], condition=~Q(signs=[]), name="orders_message_signs")]


class ReadMark(models.Model):
    """How far somebody has read an order's conversation: up to the message at place `upto`."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="read_marks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    upto = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "user"], name="orders_readmark_once")]


class Joining(models.Model):
    """Somebody of the mall's staff joined a conversation, and said why; both sides read it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="joinings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "user"], name="orders_joining_once")]


class Attachment(models.Model):
    """A file somebody gave: the original is sealed with its hash, people see a viewing copy without metadata."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attachments")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="bytes of the original")
    sha256 = models.CharField(max_length=64)
    original = models.CharField(max_length=200, help_text="name in the private storage")
    viewing_copy = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()


class Trace(models.Model):
    """What a picture's own file said before its copy was drawn, and how it looks; for the staff alone, never a verdict.

    Where it was taken is never kept.
    """

    attachment = models.OneToOneField(Attachment, on_delete=models.PROTECT, related_name="trace")
    taken = models.CharField(max_length=80, blank=True, help_text="as the camera wrote it")
    taken_at = models.DateTimeField(null=True)
    software = models.CharField(max_length=80, blank=True)
    camera = models.CharField(max_length=80, blank=True)
    likeness = models.CharField(max_length=16, blank=True, help_text="64 bits, hexadecimal")
    bands = ArrayField(models.IntegerField(), default=list, help_text="parts of the likeness, to find near ones")

    class Meta:
        indexes = [GinIndex(fields=["bands"], name="orders_trace_bands")]


class Handover(models.Model):
    """What proves that units were delivered: one for all that were delivered together. What a kind needs is required.

    `reference` is the number of the upstream's ticket, `starts_on` and `ends_on` are the term of a membership (first
    and last day), `text` says what was done.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="handovers")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    way = models.CharField(max_length=10, choices=Way.choices)
    at = models.DateTimeField()
    reference = models.CharField(max_length=80, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    text = models.TextField(max_length=2000, blank=True)
    files = models.ManyToManyField("orders.Attachment", related_name="handovers")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on=None, ends_on=None) | Q(starts_on__lte=F("ends_on")), name="orders_handover_term"
            )
        ]


class Ticket(models.Model):
    """A unit that somebody else's system delivers. `number` is ours, the same however often it is sent.

    `sent_at` is stored before the first word goes out: from then on nobody knows what happened there until they say it,
    so they are asked before anything is sent again.
    """

    unit = models.OneToOneField(Unit, on_delete=models.PROTECT, related_name="ticket")
    number = models.CharField(max_length=40, unique=True)
    way = models.CharField(max_length=10, choices=Way.choices)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.WAITING)
    reference = models.CharField(max_length=80, blank=True, help_text="their number")
    reason = models.CharField(max_length=200, blank=True, help_text="what they said when they could not")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="it may have reached them since")
    heard_at = models.DateTimeField(null=True, help_text="when they last answered")
    ended_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True, help_text="the buyer does not want it any more")
    next_try_at = models.DateTimeField(null=True, help_text="when they are asked next; nothing if they come to us")
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(standing__in=sorted(Standing.values)), name="orders_ticket_standing"),
            models.CheckConstraint(
                condition=Q(standing__in=["waiting", "sent", "pending"], ended_at=None)
                | Q(standing__in=["delivered", "failed", "cancelled", "given_up"], ended_at__isnull=False),
                name="orders_ticket_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(ended_at=None, next_try_at__isnull=False), name="orders_ticket_due"
            )
        ]

    def is_out(self) -> bool:
        """Whether it may be under way at theirs: sent, and not ended."""
        return self.sent_at is not None and self.ended_at is None


class Exchange(models.Model):
    """One question to a supplier, or one of theirs to us, word for word; what the buyer gave is masked."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="exchanges")
    at = models.DateTimeField()
    what = models.CharField(max_length=10, help_text="submit, query, cancel, notice, push")
    asked = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="of HTTP; nothing if there was no answer")
    answer = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["ticket", "-id"], name="orders_exchange_ticket")]


class Coupon(Tracked):
    """A sum off an order: of one shop (`shop`), which then takes in less, or of the platform, which pays its part.

    A platform coupon is drafted by one person of finance and started by another; with that the whole of what it can
    cost is set aside. `taken` counts the orders that hold it now or were paid with it.
    """

    machine = COUPON
    read_with = ("shop",)
    scopes = {"shop": "shop__slug"}

    code = models.CharField(max_length=20, unique=True, help_text="what buyers type: capital letters and digits")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, null=True, related_name="coupons")
    value = models.BigIntegerField(help_text="fen off one order")
    minimum = models.BigIntegerField(help_text="fen that the order must cost before coupons")
    most = models.PositiveIntegerField(help_text="how many orders in all")
    per_person = models.PositiveIntegerField(help_text="how many orders of one buyer")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    taken = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            COUPON.constraint("orders_coupon_state"),
            models.CheckConstraint(
                condition=Q(value__gt=0, minimum__gt=F("value"), most__gt=0, per_person__gt=0),
                name="orders_coupon_sums",
            ),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="orders_coupon_term"),
            models.CheckConstraint(condition=Q(taken__gte=0, taken__lte=F("most")), name="orders_coupon_taken"),
            models.CheckConstraint(
                condition=Q(shop__isnull=False)
                | Q(agreed_by=None, state__in=["draft", "ended"])
                | Q(agreed_by__isnull=False) & ~Q(agreed_by=F("made_by")),
                name="orders_coupon_two_people",
            ),
        ]
        indexes = [models.Index(fields=["shop", "-id"], name="orders_coupon_shop")]

    @property
    def bearer(self) -> str:
        """Who bears it: `shop` or `platform`."""
        return CouponUse.Bearer.SHOP if self.shop_id else CouponUse.Bearer.PLATFORM

    @property
    def budget(self) -> int:
        """What all its orders together can cost, in fen."""
        return self.value * self.most


class CouponUse(models.Model):
    """An order takes a coupon, or took it: `amount` fen. Given back (`back_at`), its buyer may use the coupon again."""

    class Bearer(models.TextChoices):
        """Who bears the coupon."""

        SHOP = "shop"
        PLATFORM = "platform"

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="coupons")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    bearer = models.CharField(max_length=10, choices=Bearer.choices)
    amount = models.BigIntegerField(help_text="fen")
    at = models.DateTimeField()
    back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="orders_couponuse_amount"),
            models.UniqueConstraint(
                fields=["order", "bearer"], condition=Q(back_at=None), name="orders_couponuse_one_of_each"
            ),
        ]
        indexes = [models.Index(fields=["coupon", "user"], name="orders_couponuse_by")]


class Guess(models.Model):
    """Somebody tried a coupon's code that does not exist. Kept for a day, to count them (`orders.guesses`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "at"], name="orders_guess_lately")]
