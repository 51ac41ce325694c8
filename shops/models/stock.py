"""Nouns of the stock: suppliers, batches, codes under their seals, and what comes in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.models.listings import HIGHEST_PRICE, Listing
from shops.models.shops import Shop
from shops.models.words import visible


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


class Connection(models.Model):
    """A shop, or every one (no shop), may use one of the mall's connections to suppliers; a lead says so."""

    gateway = models.CharField(max_length=20, help_text="by its name")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, null=True, related_name="connections")
    tied_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    tied_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "shop"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="shops_connection_once",
            )
        ]


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
            # A shop sees on its desk which of its batches fail; few codes ever do.
            models.Index(fields=["batch"], condition=Q(failed_at__isnull=False), name="shops_card_bad"),
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
