"""Nouns of sellers: shops and their deposits. Amounts are integer fen."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.states import DEPOSIT, LISTING, DepositState, ListingState
from timeline.models import Tracked

#: Shares of the required sum, in basis points: below the first a deposit is short, below the second nothing new may be
#: listed, below the third sales stop at once (domain: Deposit).
SHORT_BELOW_BP, NO_NEW_LISTINGS_BELOW_BP, NO_SALES_BELOW_BP = 8_000, 5_000, 2_000

#: What a new shop has to deposit, in fen: ¥1,000, the base sum before category and turnover are known. Reputation hands
#: down the sum that fits them (domain: Deposit).
BASE_DEPOSIT = 100_000


class Shop(models.Model):
    """A seller's house in the mall."""

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

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=["S0", "S1", "S2", "S3", "S4"]), name="shops_shop_level"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """How events name the shop: `shop:7`."""
        return f"shop:{self.pk}"

    def account(self, pocket: str) -> str:
        """The address of one of the shop's accounts: `deposit`, `reserved`, `pending`, `available`, `debt`."""
        return f"shop:{self.pk}:{pocket}"


class Deposit(Tracked):
    """A shop's security deposit (保证金): answers for refunds when escrow is gone.

    `required` is the sum in fen that reputation computes and hands down; `channel` is where it came from and goes back.
    """

    machine = DEPOSIT
    root_by = "shop"

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
        """Whether `user` answers for this deposit."""
        return self.shop.owner == user

    def is_visible_to(self, user: Any) -> bool:
        """Whether `user` may see the deposit line by line: the shop itself and the mall's staff."""
        return self.is_of(user) or user.is_mall_staff

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


class Kind(models.TextChoices):
    """What is sold: decides how it is delivered, inspected and judged."""

    POINT_CARD = "POINT_CARD", _("Point card")
    ACTIVATION_CODE = "ACTIVATION_CODE", _("Activation code")
    DIRECT_TOPUP = "DIRECT_TOPUP", _("Direct top-up")
    MEMBERSHIP = "MEMBERSHIP", _("Membership")
    GAME_ACCOUNT = "GAME_ACCOUNT", _("Game account")
    CUSTOM_SERVICE = "CUSTOM_SERVICE", _("Custom service")


#: Kinds whose units are codes out of the vault.
CODES = {Kind.POINT_CARD, Kind.ACTIVATION_CODE}
#: What can be listed today: the other kinds follow with the suppliers that deliver them.
OFFERED = [Kind.ACTIVATION_CODE, Kind.POINT_CARD]

#: The limits of a listing: fen for one unit, minutes from payment to delivery.
HIGHEST_PRICE = 100_000_000
SHORTEST_PROMISE, LONGEST_PROMISE = 5, 4_320

visible = RegexValidator(
    r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$",
    _("Use visible characters only."),
    code="not_visible",
)


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
        return self.filter(public | Q(shop__owner=user)) if user.is_authenticated else self.filter(public)

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
        """Each with `free`: how many codes are for sale."""
        free = Card.objects.free().filter(listing=models.OuterRef("pk")).order_by().values("listing")
        counted = free.annotate(number=models.Count("pk")).values("number")
        return self.annotate(free=models.functions.Coalesce(models.Subquery(counted), 0))


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
        """Whether `user` keeps the shop that offers it."""
        return self.shop.owner_id == getattr(user, "pk", None)

    def has_codes(self) -> bool:
        """Whether its units are codes out of the vault."""
        return self.kind in CODES

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
        }


class DataKey(models.Model):
    """A key that seals one shop's codes, itself sealed by the vault's master key.

    `name` is bound into its own seal. Destroying the row destroys every code under it, for ever.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="data_keys")
    name = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField()
    nonce = models.BinaryField()
    master_version = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    def __repr__(self) -> str:
        return f"<DataKey {self.pk}>"


class BatchQuerySet(models.QuerySet["Batch"]):
    """Questions to the batches."""

    def with_counts(self) -> BatchQuerySet:
        """Each with how many of its cards are `free`, `taken`, `revealed` and `voided`."""
        return self.annotate(
            free=models.Count("cards", filter=Q(cards__taken_at=None, cards__voided_at=None)),
            taken=models.Count("cards", filter=Q(cards__taken_at__isnull=False)),
            revealed=models.Count("cards", filter=Q(cards__revealed_at__isnull=False)),
            voided=models.Count("cards", filter=Q(cards__voided_at__isnull=False)),
        )


class Batch(models.Model):
    """Codes that were added together: they fail together, too."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="batches")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    size = models.PositiveIntegerField()
    note = models.CharField(max_length=120, blank=True, validators=[visible])

    objects: ClassVar[Any] = BatchQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(size__gt=0), name="shops_batch_size")]


class CardQuerySet(models.QuerySet["Card"]):
    """Questions to the cards."""

    def free(self) -> CardQuerySet:
        """Cards that are for sale."""
        return self.filter(taken_at=None, voided_at=None)


class Card(models.Model):
    """One code (卡密), sealed. It is read only after a recorded reveal, or by the vault's own checks."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="cards")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="cards")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="cards")
    row = models.UUIDField(unique=True, help_text="bound into the seal, so that no seal fits another row")
    sealed = models.BinaryField()
    nonce = models.BinaryField()
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="+")
    blind_index = models.BinaryField(help_text="finds the same code again without opening anything")
    taken_at = models.DateTimeField(null=True, help_text="bound to an order")
    revealed_at = models.DateTimeField(null=True, help_text="first shown to its buyer: no way back")
    voided_at = models.DateTimeField(null=True, help_text="out of the trade for good")

    objects: ClassVar[Any] = CardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "blind_index"], name="shops_card_once_per_shop"),
            models.CheckConstraint(
                condition=models.Q(revealed_at=None) | models.Q(taken_at__isnull=False),
                name="shops_card_revealed_is_taken",
            ),
        ]
        indexes = [
            models.Index(
                fields=["listing", "id"],
                condition=models.Q(taken_at__isnull=True, voided_at__isnull=True),
                name="shops_card_free",
            ),
            models.Index(fields=["blind_index"], name="shops_card_blind_index"),
        ]

    def __repr__(self) -> str:
        return f"<Card {self.pk}>"
