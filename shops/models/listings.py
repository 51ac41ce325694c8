"""What shops offer: kinds, promises, and how a thing gets to its buyer. Amounts are integer fen."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.models.shops import SELL, Shop, keeping
from shops.models.words import visible
from shops.states import LISTING, DepositState, ListingState
from timeline.models import Tracked
from timeline.spans import SHANGHAI


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
#: The longest rest term a listing may keep, and the longest warranty that it may pledge, in days.
LONGEST_REST, LONGEST_WARRANTY = 365, 365
#: The highest limit that a shop can set for what one buyer may have of one listing.
MOST_EACH = 500


class Section(models.TextChoices):
    """On which shelf of the mall a listing stands."""

    GAMES = "games", _("Games")
    VIDEO = "video", _("Video and music")
    SOFTWARE = "software", _("Software and tools")
    TOPUP = "topup", _("Phone and traffic")
    STORES = "stores", _("Gift cards of stores")
    LIFE = "life", _("Food, travel and daily life")
    LEARNING = "learning", _("Books and learning")
    OTHER = "other", _("Everything else")


class Area(models.TextChoices):
    """Where a thing works."""

    CN = "cn", _("Mainland China")
    HK = "hk", _("Hong Kong and Macao")
    TW = "tw", _("Taiwan")
    JP = "jp", _("Japan")
    KR = "kr", _("Korea")
    SEA = "sea", _("Southeast Asia")
    US = "us", _("North America")
    EU = "eu", _("Europe")
    GLOBAL = "global", _("Everywhere")


class _HowMany(models.Subquery):
    """How many rows a question finds."""

    template = "(select count(*) from (%(subquery)s) as found)"
    output_field = models.IntegerField()


class ListingQuerySet(models.QuerySet["Listing"]):
    """Questions to the listings."""

    def on_sale(self) -> ListingQuerySet:
        """What people can buy, if there is stock."""
        return self.filter(state=ListingState.ON_SALE)

    def for_sale(self) -> ListingQuerySet:
        """What is on sale in shops whose deposit answers for it, and that are neither suspended nor unlicensed."""
        now: Any = models.Func(function="timeline_now", output_field=models.DateTimeField())
        return self.on_sale().filter(
            Q(shop__no_sales_until=None) | Q(shop__no_sales_until__lte=now),
            Q(shop__licensed_until=None) | Q(shop__licensed_until__gte=TruncDate(now, tzinfo=SHANGHAI)),
            shop__deposit__state__in=[DepositState.ACTIVE, DepositState.SHORT],
        )

    def visible_to(self, user: Any) -> ListingQuerySet:
        """What `user` may see: everything that was ever on sale, and what they are still drafting."""
        public = ~Q(state__in=[ListingState.DRAFT, ListingState.WAITING])
        return self.filter(public | keeping(user, SELL, shop="shop")) if user.is_authenticated else self.filter(public)

    def with_free(self, *, most: int | None = None) -> ListingQuerySet:
        """Each with `free`: how many codes are for sale, or how many of it can be ordered where none is needed.

        Counted no further than `most`, where more makes no difference: a shelf may hold a hundred thousand codes.
        """
        cards: Any = apps.get_model("shops", "Card").objects
        free = cards.free().filter(listing=models.OuterRef("pk")).order_by("sell_by", "pk").values("pk")
        in_stock = _HowMany(free if most is None else free[:most])
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
    section = models.CharField(
        max_length=12, choices=Section.choices, blank=True, default="", db_default="", help_text="its shelf in the mall"
    )
    area = models.CharField(
        max_length=8, choices=Area.choices, blank=True, default="", db_default="", help_text="where it works"
    )
    promises = models.JSONField(
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
        help_text="what is promised in figures, by kind (shops.pledges)",
    )
    warranty_days = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(LONGEST_WARRANTY)],
        help_text="days after delivery for which the shop pledges to answer, beyond what the rules ask",
    )
    most_each = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_EACH)],
        help_text="units that one buyer may have of it in all; nothing: as many as there are",
    )
    grams = ArrayField(
        models.CharField(max_length=2),
        default=list,
        db_default=models.Value([], ArrayField(models.CharField(max_length=2))),
        editable=False,
        help_text="its words in pairs of signs (shops.searching)",
    )
    is_changed = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="changed since it was last on sale"
    )
    review_note = models.CharField(
        max_length=500, blank=True, default="", db_default="", editable=False, help_text="what the mall found in it"
    )
    checked_at = models.DateTimeField(null=True, editable=False, help_text="when a person of the mall looked at it")

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
                condition=models.Q(most_each=None) | models.Q(most_each__gte=1, most_each__lte=MOST_EACH),
                name="shops_listing_most_each",
            ),
            models.CheckConstraint(
                condition=models.Q(warranty_days__lte=LONGEST_WARRANTY), name="shops_listing_warranty_days"
            ),
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
            models.Index(fields=["section", "-id"], condition=models.Q(state="on_sale"), name="shops_listing_section"),
            models.Index(fields=["kind", "-id"], condition=models.Q(state="on_sale"), name="shops_listing_of_kind"),
            models.Index(fields=["area", "-id"], condition=models.Q(state="on_sale"), name="shops_listing_area"),
            models.Index(fields=["price"], condition=models.Q(state="on_sale"), name="shops_listing_by_price"),
            models.Index(fields=["deadline_at"], condition=models.Q(state="waiting"), name="shops_listing_waiting"),
            models.Index(
                fields=["id"], condition=models.Q(state="on_sale", checked_at=None), name="shops_listing_unchecked"
            ),
            GinIndex(fields=["grams"], name="shops_listing_grams"),
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
            "section": self.section,
            "area": self.area,
            "promises": self.promises,
            "warranty_days": self.warranty_days,
            "most_each": self.most_each,
        }
