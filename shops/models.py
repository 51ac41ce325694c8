"""Nouns of sellers: shops and their deposits. Amounts are integer fen."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.states import DEPOSIT, LISTING, MEMBER, PAYEE, DepositState, ListingState, PayeeState
from timeline.models import Tracked

#: Shares of the required sum, in basis points: below the first a deposit is short, below the second nothing new may be
#: listed, below the third sales stop at once (domain: Deposit).
SHORT_BELOW_BP, NO_NEW_LISTINGS_BELOW_BP, NO_SALES_BELOW_BP = 8_000, 5_000, 2_000

#: What a new shop has to deposit, in fen: ¥1,000, the base sum before category and turnover are known. Reputation hands
#: down the sum that fits them (domain: Deposit).
BASE_DEPOSIT = 100_000


visible = RegexValidator(
    r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$",
    _("Use visible characters only."),
    code="not_visible",
)


class Duty(models.TextChoices):
    """What somebody does in a shop. The owner may do everything and has none of these."""

    MANAGER = "manager", _("Manager")
    SUPPORT = "support", _("Support")
    FINANCE = "finance", _("Finance")


#: What there is to do in a shop: offer goods and fill the stock; answer buyers; see the money; pay and withdraw it;
#: choose who works here and close the shop.
SELL, SERVE, BOOKS, MONEY, STAFF = "sell", "serve", "books", "money", "staff"
#: What each duty allows. Nobody but the owner chooses who works in the shop.
MAY: dict[str, frozenset[str]] = {
    Duty.MANAGER: frozenset({SELL, SERVE, BOOKS}),
    Duty.SUPPORT: frozenset({SERVE}),
    Duty.FINANCE: frozenset({BOOKS, MONEY}),
}


def keeping(user: Any, what: str = "", *, shop: str = "") -> Q:
    """Rows whose shop `user` may do `what` in, or works in at all; `shop` is the way to it (`order__shop`).

    Known from the shop's own row, so that it costs no further table.
    """
    way = f"{shop}__" if shop else ""
    found = Q(**{f"{way}owner_id": user.pk})
    for duty in sorted(duty for duty in Duty.values if not what or what in MAY[duty]):
        # Containment is never unknown, so that whoever excludes these rows excludes no others.
        found |= Q(**{f"{way}staff__contains": {_key(user): duty}})
    return found


def _key(user: Any) -> str:
    """How a shop's row names somebody."""
    return f"u{getattr(user, 'pk', user)}"


class Shop(models.Model):
    """A seller's house in the mall.

    `staff` says what each of its people does, by `u<id>`; who has left stays in it with nothing to do. It follows the
    shop's members (`shops.staff`) and is there so that no verb has to ask who somebody is.
    """

    class Level(models.TextChoices):
        S0 = "S0"
        S1 = "S1"
        S2 = "S2"
        S3 = "S3"
        S4 = "S4"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shops")
    name = models.CharField(max_length=40, unique=True)
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small letters, digits and single hyphens."))],
    )
    level = models.CharField(max_length=2, choices=Level.choices, default=Level.S0)
    opened_at = models.DateTimeField()
    staff = models.JSONField(default=dict, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=["S0", "S1", "S2", "S3", "S4"]), name="shops_shop_level"
            )
        ]
        indexes = [GinIndex(fields=["staff"], name="shops_shop_staff")]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """How events name the shop: `shop:7`."""
        return f"shop:{self.pk}"

    def account(self, pocket: str) -> str:
        """The address of one of the shop's accounts: `deposit`, `reserved`, `pending`, `available`, `debt`."""
        return f"shop:{self.pk}:{pocket}"

    def duty_of(self, user: Any) -> str:
        """What somebody does here: `owner`, a duty, or nothing."""
        pk = getattr(user, "pk", user)
        return "owner" if pk is not None and self.owner_id == pk else self.staff.get(_key(pk), "")

    def may(self, user: Any, what: str) -> bool:
        """Whether `user` may do `what` in this shop. The one question that everybody asks; it costs no query."""
        duty = self.duty_of(user)
        return duty == "owner" or what in MAY.get(duty, ())

    def is_worked_in_by(self, user: Any) -> bool:
        """Whether `user` belongs to the shop, whatever they do there."""
        return bool(self.duty_of(user))

    def people(self) -> list[int]:
        """The ids of everybody who works here or did, the owner aside."""
        return sorted(int(key[1:]) for key in self.staff)

    def who_may(self, what: str) -> list[int]:
        """The ids of those who may do `what` here, the owner aside."""
        return sorted(int(key[1:]) for key, duty in self.staff.items() if what in MAY.get(duty, ()))

    def was_spoken_for_by(self, user: Any) -> bool:
        """Whether `user` belongs to the shop or did once: what they said then was the shop's word."""
        pk = getattr(user, "pk", user)
        return bool(self.owner_id == pk or _key(pk) in self.staff)


class Member(Tracked):
    """Somebody of a shop's staff, from the invitation by e-mail to the day they leave.

    `user` is known once they accept. Every act in the shop is recorded with the person who did it, as everywhere.
    """

    machine = MEMBER
    root_by = "shop"

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="members")
    email = models.EmailField()
    duty = models.CharField(max_length=10, choices=Duty.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="memberships")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()

    class Meta:
        constraints = [
            MEMBER.constraint("shops_member_state"),
            models.CheckConstraint(condition=Q(duty__in=sorted(Duty.values)), name="shops_member_duty"),
            models.CheckConstraint(condition=Q(email=models.functions.Lower("email")), name="shops_member_email_small"),
            models.CheckConstraint(condition=~Q(state="working") | Q(user__isnull=False), name="shops_member_is_known"),
            models.UniqueConstraint(
                fields=["shop", "email"], condition=Q(state__in=["invited", "working"]), name="shops_member_once"
            ),
            models.UniqueConstraint(
                fields=["shop", "user"], condition=Q(state="working"), name="shops_member_works_once"
            ),
        ]
        indexes = [models.Index(fields=["email"], condition=Q(state="invited"), name="shops_member_invited")]

    def root(self) -> models.Model:
        """Everything about a shop is under the shop's lock."""
        return self.shop

    def is_for(self, user: Any) -> bool:
        """Whether the invitation was sent to `user`."""
        return bool(self.email == user.email)


class Deposit(Tracked):
    """A shop's security deposit (保证金): answers for refunds when escrow is gone.

    `required` is the sum in fen that reputation computes and hands down; `channel` is where it came from and goes back.
    """

    machine = DEPOSIT
    root_by = "shop"
    scopes = {"shop": "shop__slug"}

    shop = models.OneToOneField(Shop, on_delete=models.PROTECT, related_name="deposit")
    required = models.BigIntegerField()
    channel = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            DEPOSIT.constraint("shops_deposit_state"),
            models.CheckConstraint(condition=models.Q(required__gt=0), name="shops_deposit_required"),
        ]

    def root(self) -> models.Model:
        """Everything about a shop is under the shop's lock."""
        return self.shop

    def is_of(self, user: object) -> bool:
        """Whether `user` pays this deposit for the shop."""
        return self.shop.may(user, MONEY)

    def is_visible_to(self, user: Any) -> bool:
        """Whether `user` may see the deposit line by line: the shop's people of money and the mall's staff."""
        return self.shop.may(user, BOOKS) or user.is_mall_staff

    def get_absolute_url(self) -> str:
        """The deposit line by line."""
        return reverse("shops:deposit", args=[self.shop.slug])

    def is_open(self) -> bool:
        """Whether the shop may still pay in: it is neither closing nor gone."""
        return self.state not in {DepositState.CLOSING, DepositState.RETURNED}

    def share_bp(self, held: int) -> int:
        """How much of the required sum `held` fen are, in basis points."""
        return held * 10_000 // self.required

    def may_list(self, held: int) -> bool:
        """Whether the shop may list something new while `held` fen are there."""
        return (
            self.state in {DepositState.ACTIVE, DepositState.SHORT} and self.share_bp(held) >= NO_NEW_LISTINGS_BELOW_BP
        )

    def may_sell(self, held: int) -> bool:
        """Whether the shop may sell while `held` fen are there."""
        return self.state in {DepositState.ACTIVE, DepositState.SHORT} and self.share_bp(held) >= NO_SALES_BELOW_BP


class Payee(Tracked):
    """The account outside to which a shop's money goes. A new one rests for a day before anything is sent there.

    Its own root: what is sent there is under its lock.
    """

    machine = PAYEE
    read_with = ("shop",)

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="payees")
    channel = models.CharField(max_length=20)
    account = models.CharField(max_length=80, help_text="as the channel knows it; shown with its last four signs only")
    holder = models.CharField(max_length=60, validators=[visible])
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()

    class Meta:
        constraints = [
            PAYEE.constraint("shops_payee_state"),
            models.UniqueConstraint(
                fields=["shop"], condition=Q(state__in=["cooling", "usable"]), name="shops_payee_one_at_a_time"
            ),
        ]

    def __repr__(self) -> str:
        return f"<Payee {self.pk}>"

    @property
    def number(self) -> str:
        """What is shown of the account."""
        return f"…{self.account[-4:]}"

    def get_absolute_url(self) -> str:
        """The shop's withdrawals."""
        return reverse("shops:withdrawals", args=[self.shop.slug])

    def is_usable(self, at: datetime) -> bool:
        """Whether money may be sent there at `at`."""
        return self.state == PayeeState.USABLE or (self.state == PayeeState.COOLING and self.is_overdue(at))


class Kind(models.TextChoices):
    """What is sold: decides how it is delivered, inspected and judged."""

    POINT_CARD = "POINT_CARD", _("Point card")
    ACTIVATION_CODE = "ACTIVATION_CODE", _("Activation code")
    DIRECT_TOPUP = "DIRECT_TOPUP", _("Direct top-up")
    MEMBERSHIP = "MEMBERSHIP", _("Membership")
    GAME_ACCOUNT = "GAME_ACCOUNT", _("Game account")
    CUSTOM_SERVICE = "CUSTOM_SERVICE", _("Custom service")


#: Kinds whose units are codes.
CODES = {Kind.POINT_CARD, Kind.ACTIVATION_CODE}
#: Kinds whose units come out of the vault: what they hold is seen by the buyer alone.
VAULTED = CODES | {Kind.GAME_ACCOUNT}


class Way(models.TextChoices):
    """How units of a listing get to their buyers."""

    STOCK = "stock", _("From the stock of codes, at once")
    SHOP = "shop", _("By hand: the shop delivers and proves it")
    SUPPLIER = "supplier", _("By a supplier that the mall is connected to")
    SYSTEM = "system", _("By the shop's own system, through the API")


class Ask(models.TextChoices):
    """What a buyer must give before something can be delivered; each answer is sealed."""

    ACCOUNT = "account", _("Account to be topped up")
    SERVER = "server", _("Region or server")
    CONTACT = "contact", _("Mail address or phone for the delivery")
    WISH = "wish", _("What exactly you want")


#: Without these answers a kind cannot be delivered at all.
MUST_ASK = {Kind.DIRECT_TOPUP: Ask.ACCOUNT, Kind.MEMBERSHIP: Ask.ACCOUNT, Kind.CUSTOM_SERVICE: Ask.WISH}
#: Of what nobody has to take from a shelf, so many can be ordered at a time.
WITHOUT_STOCK = 500

#: The limits of a listing: fen for one unit, minutes from payment to delivery.
HIGHEST_PRICE = 100_000_000
SHORTEST_PROMISE, LONGEST_PROMISE = 5, 4_320
#: The longest rest term a listing may keep, in days.
LONGEST_REST = 365


class ListingQuerySet(models.QuerySet["Listing"]):
    """Questions to the listings."""

    def on_sale(self) -> ListingQuerySet:
        """What people can buy, if there is stock."""
        return self.filter(state=ListingState.ON_SALE)

    def for_sale(self) -> ListingQuerySet:
        """What is on sale in shops whose deposit answers for it."""
        return self.on_sale().filter(shop__deposit__state__in=[DepositState.ACTIVE, DepositState.SHORT])

    def visible_to(self, user: Any) -> ListingQuerySet:
        """What `user` may see: everything that was ever on sale, and what they are still drafting."""
        public = ~Q(state=ListingState.DRAFT)
        return self.filter(public | keeping(user, SELL, shop="shop")) if user.is_authenticated else self.filter(public)

    def about(self, words: str) -> ListingQuerySet:
        """Listings with every one of `words` in their title, category, region or the shop's name."""
        found = self
        for word in words.replace("\x00", " ").split()[:8]:
            found = found.filter(
                Q(title__icontains=word)
                | Q(category__icontains=word)
                | Q(region__icontains=word)
                | Q(shop__name__icontains=word)
            )
        return found

    def with_free(self) -> ListingQuerySet:
        """Each with `free`: how many codes are for sale, or how many of it can be ordered where none is needed."""
        free = Card.objects.free().filter(listing=models.OuterRef("pk")).order_by().values("listing")
        counted = free.annotate(number=models.Count("pk")).values("number")
        in_stock = models.functions.Coalesce(models.Subquery(counted), 0)
        return self.annotate(
            free=models.Case(models.When(delivered_by=Way.STOCK, then=in_stock), default=models.Value(WITHOUT_STOCK))
        )


class Listing(Tracked):
    """What a shop offers, with its promise in figures."""

    machine = LISTING
    root_by = "shop"

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="listings")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    title = models.CharField(max_length=80, validators=[visible])
    description = models.TextField(max_length=2000, blank=True, validators=[MaxLengthValidator(2000)])
    category = models.CharField(max_length=40, blank=True, validators=[visible])
    price = models.BigIntegerField(
        help_text="fen for one unit", validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_PRICE)]
    )
    promise_minutes = models.PositiveIntegerField(
        help_text="minutes from payment to delivery, 5 to 4,320",
        validators=[MinValueValidator(SHORTEST_PROMISE), MaxValueValidator(LONGEST_PROMISE)],
    )
    face_value = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="fen that one unit is worth where it is used",
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_PRICE)],
    )
    region = models.CharField(max_length=40, blank=True, validators=[visible])
    notice = models.TextField(
        max_length=1000, validators=[MaxLengthValidator(1000)], help_text="what a buyer must have read before paying"
    )
    rest_days = models.PositiveSmallIntegerField(
        default=0, help_text="days that a code must still be good for when it is sold"
    )
    delivered_by = models.CharField(max_length=10, choices=Way.choices, default=Way.STOCK, db_default=Way.STOCK)
    supplier = models.ForeignKey(
        "shops.Supplier",
        on_delete=models.PROTECT,
        null=True,
        related_name="listings",
        help_text="who delivers it, if a supplier does",
    )
    product = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="the supplier's own name for it"
    )
    asks = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text='what the buyer must give: ["account", …]',
    )
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = ListingQuerySet.as_manager()

    class Meta:
        constraints = [
            LISTING.constraint("shops_listing_state"),
            models.CheckConstraint(
                condition=models.Q(price__gt=0, price__lte=HIGHEST_PRICE), name="shops_listing_price"
            ),
            models.CheckConstraint(
                condition=models.Q(promise_minutes__gte=SHORTEST_PROMISE, promise_minutes__lte=LONGEST_PROMISE),
                name="shops_listing_promise",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=sorted(Kind.values)), name="shops_listing_kind"),
            models.CheckConstraint(
                condition=models.Q(face_value=None) | models.Q(face_value__gt=0, face_value__lte=HIGHEST_PRICE),
                name="shops_listing_face_value",
            ),
            models.CheckConstraint(condition=models.Q(rest_days__lte=LONGEST_REST), name="shops_listing_rest_days"),
            models.CheckConstraint(
                condition=models.Q(delivered_by=Way.STOCK, kind__in=sorted(VAULTED))
                | models.Q(delivered_by__in=[Way.SHOP, Way.SUPPLIER, Way.SYSTEM]) & ~models.Q(kind__in=sorted(VAULTED)),
                name="shops_listing_way",
            ),
            models.CheckConstraint(
                condition=models.Q(delivered_by=Way.SUPPLIER, supplier__isnull=False) & ~models.Q(product="")
                | ~models.Q(delivered_by=Way.SUPPLIER) & models.Q(supplier=None, product=""),
                name="shops_listing_supplier",
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], condition=models.Q(state="on_sale"), name="shops_listing_on_sale"),
            models.Index(fields=["shop", "-id"], name="shops_listing_shop"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The page where people buy it."""
        return reverse("shops:listing", args=[self.pk])

    def root(self) -> models.Model:
        """Everything about a shop is under the shop's lock."""
        return self.shop

    def is_of(self, user: object) -> bool:
        """Whether `user` offers goods for the shop."""
        return self.shop.may(user, SELL)

    def has_codes(self) -> bool:
        """Whether its units are codes, or accounts, out of the vault."""
        return self.kind in VAULTED

    def may_be_edited(self) -> bool:
        """Whether its words and figures may change: never under the eyes of buyers."""
        return self.state in {ListingState.DRAFT, ListingState.PAUSED}

    def snapshot(self) -> dict[str, Any]:
        """Everything a later judge needs of what was offered, as plain JSON: amounts in fen, the promise in minutes."""
        return {
            "listing": self.pk,
            "shop": {
                "id": self.shop.pk,
                "slug": self.shop.slug,
                "name": self.shop.name,
                "level": self.shop.level,
                "opened_at": self.shop.opened_at.isoformat(),
            },
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "category": self.category,
            "price": self.price,
            "promise_minutes": self.promise_minutes,
            "face_value": self.face_value,
            "region": self.region,
            "notice": self.notice,
            "delivered_by": self.delivered_by,
            "product": self.product,
            "asks": self.asks,
        }


class DataKey(models.Model):
    """A key that seals one shop's codes, itself sealed by the vault's master key.

    `name` is bound into its own seal. A retired key seals nothing new and is read until its codes have another. A
    destroyed one is empty, and so is, for ever, every code that was under it.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="data_keys")
    name = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField()
    nonce = models.BinaryField()
    master_version = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(destroyed_at=None) | Q(retired_at__isnull=False), name="shops_datakey_destroyed_is_retired"
            ),
        ]

    def __repr__(self) -> str:
        return f"<DataKey {self.pk}>"


class Supplier(models.Model):
    """Where a shop gets its codes from (上游). `contact` is told to buyers when the trouble lies upstream."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="suppliers")
    name = models.CharField(max_length=60, validators=[visible])
    contact = models.CharField(
        max_length=120, blank=True, validators=[visible], help_text="told to buyers when the trouble lies upstream"
    )
    added_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, help_text="since when nothing new comes from there")
    gateway = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="the mall's connection to it, by its name"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="shops_supplier_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class Form(models.TextChoices):
    """What one line of a batch is made of."""

    CODE = "code", _("One code")
    CODE_PIN = "code_pin", _("Code and PIN")
    ACCOUNT = "account", _("Account and password")


class Batch(models.Model):
    """Codes that came together: they fail together, too. `unit_cost` is what the shop paid for one, in fen."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="batches")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    size = models.PositiveIntegerField()
    note = models.CharField(max_length=120, blank=True, validators=[visible])
    form = models.CharField(max_length=10, choices=Form.choices, default=Form.CODE)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="batches")
    unit_cost = models.BigIntegerField(
        null=True, blank=True, help_text="fen", validators=[MinValueValidator(0), MaxValueValidator(HIGHEST_PRICE)]
    )
    purchased_on = models.DateField(null=True, blank=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="from then on a code that says nothing else is worthless"
    )
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="since when none of it is sold")
    stop_reason = models.CharField(max_length=200, blank=True, validators=[visible])
    is_stopped_by_mall = models.BooleanField(default=False, help_text="the shop alone cannot sell it again")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gt=0), name="shops_batch_size"),
            models.CheckConstraint(
                condition=Q(unit_cost=None) | Q(unit_cost__gte=0, unit_cost__lte=HIGHEST_PRICE), name="shops_batch_cost"
            ),
            models.CheckConstraint(condition=Q(form__in=sorted(Form.values)), name="shops_batch_form"),
        ]

    def is_stopped(self) -> bool:
        """Whether none of it is sold for now."""
        return self.stopped_at is not None


class CardQuerySet(models.QuerySet["Card"]):
    """Questions to the cards."""

    def on_the_shelf(self) -> CardQuerySet:
        """Cards that nobody has and that are not out of the trade, near their end or not."""
        return self.filter(taken_at=None, voided_at=None, withheld_at=None, expired_at=None)

    def free(self, at: datetime | None = None) -> CardQuerySet:
        """Cards that are for sale at `at`, or now."""
        moment: Any = models.Func(function="timeline_now", output_field=models.DateTimeField()) if at is None else at
        return self.on_the_shelf().filter(Q(sell_by=None) | Q(sell_by__gt=moment))

    def expired_by(self, at: datetime) -> CardQuerySet:
        """Cards that nobody has and whose time is over, not yet swept."""
        return self.filter(taken_at=None, voided_at=None, expired_at=None, expires_at__lte=at)


class Card(models.Model):
    """One code (卡密), sealed. It is read only after a recorded reveal, or by the vault's own checks.

    `sell_by` is `expires_at` less the listing's rest term. `withheld_at` follows its batch.
    """

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="cards")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="cards")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="cards")
    row = models.UUIDField(unique=True, help_text="bound into the seal, so that no seal fits another row")
    sealed = models.BinaryField()
    nonce = models.BinaryField()
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="cards")
    blind_index = models.BinaryField(help_text="finds the same code again without opening anything")
    tail = models.CharField(max_length=4, blank=True, help_text="the last signs of a long code that its buyer has seen")
    expires_at = models.DateTimeField(null=True)
    sell_by = models.DateTimeField(null=True, help_text="from then on it is not sold any more")
    taken_at = models.DateTimeField(null=True, help_text="bound to an order")
    sold_at = models.DateTimeField(null=True, help_text="that order was paid and delivered")
    revealed_at = models.DateTimeField(null=True, help_text="first shown to its buyer: no way back")
    failed_at = models.DateTimeField(null=True, help_text="given back as bad")
    voided_at = models.DateTimeField(null=True, help_text="out of the trade for good")
    withheld_at = models.DateTimeField(null=True, help_text="its batch is stopped")
    expired_at = models.DateTimeField(null=True, help_text="swept off the shelf because its time was over")
    erased_at = models.DateTimeField(null=True, help_text="the seal itself is gone: nobody reads it ever again")

    objects: ClassVar[Any] = CardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "blind_index"], name="shops_card_once_per_shop"),
            models.CheckConstraint(
                condition=models.Q(revealed_at=None) | models.Q(taken_at__isnull=False),
                name="shops_card_revealed_is_taken",
            ),
            models.CheckConstraint(
                condition=Q(sold_at=None) | Q(taken_at__isnull=False), name="shops_card_sold_is_taken"
            ),
            models.CheckConstraint(
                condition=Q(failed_at=None) | Q(voided_at__isnull=False), name="shops_card_bad_is_void"
            ),
            models.CheckConstraint(condition=Q(expired_at=None) | Q(taken_at=None), name="shops_card_expired_is_free"),
            models.CheckConstraint(
                condition=Q(expires_at=None, sell_by=None)
                | Q(expires_at__gte=models.F("sell_by"), sell_by__isnull=False),
                name="shops_card_sell_by",
            ),
        ]
        indexes = [
            # As the shop's shelf is read: what ends first goes first (nulls last), without a sort and without the rest.
            models.Index(
                fields=["listing", "sell_by", "id"],
                condition=models.Q(
                    taken_at__isnull=True, voided_at__isnull=True, withheld_at__isnull=True, expired_at__isnull=True
                ),
                name="shops_card_shelf",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(
                    taken_at__isnull=True,
                    voided_at__isnull=True,
                    expired_at__isnull=True,
                    expires_at__isnull=False,
                ),
                name="shops_card_ending",
            ),
            models.Index(fields=["blind_index"], name="shops_card_blind_index"),
        ]

    def __repr__(self) -> str:
        return f"<Card {self.pk}>"


class Intake(models.Model):
    """A file or a pasted list of codes that a shop sent in, read line by line in the background.

    Its text lies here sealed until it is read, then not at all. `digest` is keyed: it tells the same file again without
    giving a short one away. `problems` names lines and reasons, never a code.
    """

    class Failure(models.TextChoices):
        """Why a whole file could not be taken."""

        UNREADABLE = "unreadable", _("The text is in no encoding we know. Save it as UTF-8 and send it again.")
        EMPTY = "empty", _("There is no code in it.")
        TOO_MANY = "too_many", _("It has too many lines. Split it.")
        CLOSED = "closed", _("The listing was closed meanwhile.")

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="intakes")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="intakes")
    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, null=True, related_name="intake")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    name = models.CharField(max_length=120, blank=True, help_text="of the file")
    digest = models.BinaryField(help_text="keyed: the same text again")
    row = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sealed = models.BinaryField()
    nonce = models.BinaryField()
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="intakes")
    form = models.CharField(max_length=10, choices=Form.choices, default=Form.CODE)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="+")
    unit_cost = models.BigIntegerField(
        null=True, help_text="fen", validators=[MinValueValidator(0), MaxValueValidator(HIGHEST_PRICE)]
    )
    purchased_on = models.DateField(null=True)
    expires_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=120, blank=True, validators=[visible])
    encoding = models.CharField(max_length=20, blank=True)
    lines = models.PositiveIntegerField(default=0, help_text="lines with something on them; 0 until it was first read")
    done = models.PositiveIntegerField(default=0, help_text="of these, how many were judged")
    accepted = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="[[line, reason], …]")
    failure = models.CharField(max_length=12, choices=Failure.choices, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listing", "digest"], name="shops_intake_once"),
            models.CheckConstraint(condition=Q(done__lte=models.F("lines")), name="shops_intake_done"),
            models.CheckConstraint(condition=Q(accepted__lte=models.F("done")), name="shops_intake_accepted"),
            models.CheckConstraint(condition=Q(form__in=sorted(Form.values)), name="shops_intake_form"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="shops_intake_open")]

    def __repr__(self) -> str:
        return f"<Intake {self.pk}>"

    def get_absolute_url(self) -> str:
        """Where the shop watches it being read."""
        return reverse("shops:intake", args=[self.shop.slug, self.pk])

    def is_over(self) -> bool:
        """Whether every line was judged, or none can be."""
        return self.finished_at is not None


class SealedWords(models.Model):
    """What a buyer gave so that something can be delivered, sealed under the shop's data key.

    `hint` is what may be shown of it to anybody who sees the order: `{"account": "13•••••78"}`.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    row = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sealed = models.BinaryField()
    nonce = models.BinaryField()
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="words")
    hint = models.JSONField(default=dict)
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, help_text="the seal itself is gone: nobody reads it ever again")

    def __repr__(self) -> str:
        return f"<SealedWords {self.pk}>"


class Clash(models.Model):
    """Codes of a batch that another shop (`other`) has or had, too: for the people of risk, never for either shop."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="clashes")
    other = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField()
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    finding = models.CharField(max_length=500, blank=True, validators=[visible])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "other"], name="shops_clash_once"),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None) | Q(settled_at__isnull=False, settled_by__isnull=False),
                name="shops_clash_settled",
            ),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(settled_at=None), name="shops_clash_open")]
