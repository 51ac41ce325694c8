"""Nouns of a dispute before the platform's staff. Amounts are integer fen, shares are basis points."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from disputes.states import DISPUTE
from timeline.models import Tracked


class Side(models.TextChoices):
    """Who speaks."""

    BUYER = "buyer"
    SHOP = "shop"
    PLATFORM = "platform"


class Dispute(Tracked):
    """A refund case that people of the mall decide."""

    machine = DISPUTE

    class Track(models.TextChoices):
        """How much time a case of its size and kind takes."""

        FAST = "fast"
        NORMAL = "normal"
        COMPLEX = "complex"

    number = models.CharField(max_length=20, unique=True)
    refund = models.OneToOneField("refunds.Refund", on_delete=models.PROTECT, related_name="dispute")
    track = models.CharField(max_length=10, choices=Track.choices)
    is_urgent = models.BooleanField(default=False)
    arbiter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    senior = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    buyer_rested = models.BooleanField(default=False, help_text="the buyer has nothing to add")
    shop_rested = models.BooleanField(default=False, help_text="the shop has nothing to add")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            DISPUTE.constraint("disputes_dispute_state"),
            models.CheckConstraint(
                condition=Q(senior__isnull=True) | ~Q(senior=F("arbiter")), name="disputes_dispute_two_people"
            ),
        ]
        indexes = [models.Index(fields=["arbiter", "deadline_at"], name="disputes_dispute_bench")]

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.refund.order


class Statement(models.Model):
    """What one side says, in its own words."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="statements")
    side = models.CharField(max_length=10, choices=Side.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    at = models.DateTimeField()


class Evidence(models.Model):
    """One item of the file: from a side, or our own record that entered by itself."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=30)
    side = models.CharField(max_length=10, choices=Side.choices)
    title = models.CharField(max_length=120)
    body = models.TextField(help_text="canonical JSON, the exact text that is hashed")
    sha256 = models.CharField(max_length=64)
    grade = models.CharField(max_length=10, help_text="record, receipt or claim")
    attachment = models.ForeignKey("orders.Attachment", on_delete=models.PROTECT, null=True, related_name="+")
    is_late = models.BooleanField(default=False)
    at = models.DateTimeField()


class Ruling(models.Model):
    """The reasoned decision (争议裁定): shares, fen per unit, rules, arithmetic, where the money comes from."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="rulings")
    version = models.PositiveSmallIntegerField()
    shares = models.JSONField(help_text="basis points of platform, seller, upstream, buyer; 10,000 in all")
    grants = models.JSONField(help_text="fen per unit id")
    compensation = models.BigIntegerField(default=0)
    rule_ids = models.JSONField()
    findings = models.JSONField(help_text="per item of evidence, what it shows")
    reasons = models.TextField(max_length=8000)
    arithmetic = models.JSONField()
    funding = models.JSONField(help_text="preview of the sources when it was written")
    departs = models.BooleanField(default=False, help_text="departs from the rulebook's figure")
    needs_signature = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "version"], name="disputes_ruling_one_per_version"),
            models.CheckConstraint(condition=Q(compensation__gte=0), name="disputes_ruling_compensation"),
        ]


class Signature(models.Model):
    """A second person agrees, or sends the draft back."""

    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    note = models.TextField(max_length=2000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruling", "user"], name="disputes_signature_once")]
