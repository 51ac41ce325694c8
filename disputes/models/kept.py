"""What is kept of decided cases for others to check: seals, bundles, precedents, second looks. Amounts are fen."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from disputes.models.cases import Dispute
from disputes.models.decided import Ruling


class Seal(models.Model):
    """The mall's signature under a ruling that was served, with its number of the year. For ever.

    `text` is the ruling as it was served, canonical JSON. `statement` is what is signed: number, time, the hash of the
    text, and the seal before it, so that all seals are one chain. The statement says nothing about anybody.
    """

    number = models.CharField(max_length=20, unique=True, help_text="KM2026-000001")
    year = models.PositiveSmallIntegerField(help_text="in Shanghai")
    place = models.PositiveIntegerField(help_text="1, 2, 3 … within the year")
    ruling = models.OneToOneField(Ruling, on_delete=models.PROTECT, related_name="seal")
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="next")
    text = models.TextField()
    statement = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True, help_text="of the statement")
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["year", "place"], name="disputes_seal_one_per_place")]


class Bundle(models.Model):
    """Everything about a case in one ZIP, signed, as one reader may see it; made by a worker after it was asked for."""

    class View(models.TextChoices):
        """For whom it is made; what concerns others only is masked."""

        BUYER = "buyer", _("The buyer's copy")
        SHOP = "shop", _("The shop's copy")
        REGULATOR = "regulator", _("Copy for a regulator")
        COURT = "court", _("Copy for a court")

    number = models.CharField(max_length=20, unique=True)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="bundles")
    view = models.CharField(max_length=10, choices=View.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    built_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=200, blank=True, help_text="name in the private storage")
    size = models.BigIntegerField(default=0, help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the ZIP")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(built_at=None, file="", sha256="")
                | Q(built_at__isnull=False) & ~Q(file="") & ~Q(sha256=""),
                name="disputes_bundle_built",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(built_at=None), name="disputes_bundle_waiting"),
        ]

    def get_absolute_url(self) -> str:
        """Where it can be fetched, or is waited for."""
        return reverse("disputes:bundle", args=[self.number])

    @property
    def is_given_up(self) -> bool:
        """Whether it could not be made, however often it was tried."""
        return self.built_at is None and self.tries >= MOST_TRIES


#: How often a bundle is tried before people look at it.
MOST_TRIES = 3


class PrecedentQuerySet(models.QuerySet["Precedent"]):
    """Questions to the precedents."""

    def standing(self) -> PrecedentQuerySet:
        """Those that no panel has changed."""
        return self.filter(ruling__is_superseded=False)


class Precedent(models.Model):
    """A ruling as features and outcome, so that like cases can be found and decided alike."""

    ruling = models.OneToOneField(Ruling, on_delete=models.PROTECT, related_name="precedent")
    reason = models.CharField(max_length=40)
    kind = models.CharField(max_length=20, help_text="of the listing")
    deliveries = models.JSONField(help_text="states of the units that the case is about, each once")
    grade = models.CharField(max_length=10, help_text="the weakest proof among them")
    units = models.PositiveIntegerField()
    paid = models.BigIntegerField(help_text="fen for these units")
    asked = models.BigIntegerField(help_text="fen")
    award = models.BigIntegerField(help_text="fen, without compensation")
    returned_bp = models.PositiveIntegerField(help_text="the award as a part of what was paid, in basis points")
    shares = models.JSONField()
    rule_ids = models.JSONField()
    rulebook_version = models.CharField(max_length=40)
    leaves = models.BooleanField(default=False, help_text="outside the range of the nearest cases, with a reason")
    at = models.DateTimeField()

    objects = PrecedentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(returned_bp__lte=10_000), name="disputes_precedent_returned"),
        ]
        indexes = [
            models.Index(fields=["reason", "-at"], name="disputes_precedent_reason"),
            models.Index(fields=["-at"], name="disputes_precedent_newest"),
        ]


class SecondLook(models.Model):
    """One ruling in twenty is decided again by somebody who does not see how it was decided; nothing follows for it."""

    ruling = models.OneToOneField(Ruling, on_delete=models.PROTECT, related_name="second_look")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    returned_bp = models.PositiveIntegerField(
        null=True, help_text="what would go back of what was paid, in basis points"
    )
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at=None, returned_bp=None)
                | Q(decided_at__isnull=False, returned_bp__isnull=False, returned_bp__lte=10_000),
                name="disputes_secondlook_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None) | Q(decided_at__gte=F("asked_at")), name="disputes_secondlook_after"
            ),
        ]
        indexes = [models.Index(fields=["user"], condition=Q(decided_at=None), name="disputes_secondlook_waiting")]

    def agrees_with(self, precedent: Any) -> bool:
        """Whether it comes to the same, within a tenth of what was paid."""
        return self.returned_bp is not None and abs(self.returned_bp - precedent.returned_bp) <= NEAR_ENOUGH


#: Two decisions agree if what goes back differs by no more than this part of what was paid, in basis points.
NEAR_ENOUGH = 1_000
