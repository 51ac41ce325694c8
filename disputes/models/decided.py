"""What is decided and who stands for it: rulings, signatures, penalties. Fen, and shares in basis points."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from disputes.models.cases import Dispute


class Ruling(models.Model):
    """The reasoned decision (争议裁定): shares, fen per unit, rules, arithmetic, where the money comes from."""

    class Kind(models.TextChoices):
        """Who wrote it, and on what."""

        DECISION = "decision", _("Decision on the file")
        DEFAULT = "default", _("Draft by a default rule")
        DISMISSAL = "dismissal", _("Dismissal")
        PROVISIONAL = "provisional", _("Provisional ruling")
        APPEAL = "appeal", _("Decision of the panel")

    class Dismissed(models.TextChoices):
        """Why a case is not heard."""

        SCOPE = "scope", _("Not a matter that the platform decides")
        DUPLICATE = "duplicate", _("Decided already in another case")
        ELSEWHERE = "elsewhere", _("Traded outside the platform")
        ILLEGAL = "illegal", _("Illegal goods: handed to the risk team")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="rulings")
    kind = models.CharField(max_length=12, choices=Kind.choices, db_default="decision", default="decision")
    ground = models.CharField(max_length=12, choices=Dismissed.choices, db_default="", default="", blank=True)
    appeal = models.ForeignKey("disputes.Appeal", on_delete=models.PROTECT, null=True, related_name="rulings")
    is_superseded = models.BooleanField(
        db_default=False, default=False, help_text="a panel changed it or sent the case back"
    )
    version = models.PositiveSmallIntegerField()
    shares = models.JSONField(help_text="basis points of platform, seller, upstream, buyer; 10,000 in all")
    grants = models.JSONField(help_text="fen per unit id")
    compensation = models.BigIntegerField(default=0)
    rule_ids = models.JSONField()
    rulebook_version = models.CharField(max_length=40)
    findings = models.JSONField(help_text="per item of evidence, what it weighs and shows")
    issues = models.TextField(
        max_length=4000, db_default="", default="", blank=True, help_text="what the sides agree on and what they do not"
    )
    reasons = models.TextField(max_length=8000)
    next_steps = models.TextField(
        max_length=2000, db_default="", default="", blank=True, help_text="what each side can do now"
    )
    orders_replacement = models.BooleanField(
        db_default=False, default=False, help_text="the shop delivers anew; the sums go back only if it does not"
    )
    arithmetic = models.JSONField(help_text="per unit: place, paid, the buyer's share, what goes back")
    funding = models.JSONField(help_text="preview of the sources when it was written")
    departs = models.BooleanField(default=False, help_text="departs from the rulebook's figure")
    departs_because = models.TextField(max_length=2000, blank=True)
    needs_signature = models.BooleanField()
    needs_panel = models.BooleanField(
        db_default=False, default=False, help_text="finds fraud: the arbiter and two more people, all of one mind"
    )
    reply = models.TextField(
        max_length=2000, db_default="", default="", blank=True, help_text="to whoever sent the version before back"
    )
    is_final = models.BooleanField(default=False, help_text="the version that was served to both sides")
    sha256 = models.CharField(max_length=64, help_text="of what was decided; stands in the event, too")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "version"], name="disputes_ruling_one_per_version"),
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(is_final=True, is_superseded=False), name="disputes_ruling_one_in_force"
            ),
            models.CheckConstraint(condition=Q(compensation__gte=0), name="disputes_ruling_compensation"),
            models.CheckConstraint(
                condition=Q(departs=False) | ~Q(departs_because="") | Q(by=None), name="disputes_ruling_departs_because"
            ),
        ]

    @property
    def award(self) -> int:
        """What the buyer gets in all, compensation included, in fen."""
        return sum(self.grants.values()) + int(self.compensation)

    @property
    def granted(self) -> dict[int, int]:
        """What goes back per unit id, in fen; units that get nothing are left out."""
        return {int(unit): amount for unit, amount in self.grants.items() if amount}


class RulingDraft(models.Model):
    """What somebody has written of a ruling so far, as they wrote it: there again on every device until it is proposed.

    One for each case and person; gone once it is proposed, or a month after it was last touched.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written = models.JSONField(help_text="the fields of the form by their names")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dispute", "user"], name="disputes_rulingdraft_one_each")]
        indexes = [models.Index(fields=["at"], name="disputes_rulingdraft_oldest")]


class Signature(models.Model):
    """A second person agrees, or sends the draft back."""

    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    note = models.TextField(max_length=2000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruling", "user"], name="disputes_signature_once")]


class Penalty(models.Model):
    """What a shop pays for what it did, apart from what the buyer gets; one proposes it, another one imposes it."""

    class Ground(models.TextChoices):
        """What for; never only because the case was lost."""

        FALSE_PROOF = "false_proof", _("Forged or altered evidence")
        KNOWN_BAD = "known_bad", _("Sold what it knew to be bad")
        FALSE_DELIVERY = "false_delivery", _("Claimed a delivery that never was")
        PRESSURE = "pressure", _("Put pressure on the buyer")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="penalties")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    amount = models.BigIntegerField()
    text = models.TextField(max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    is_imposed = models.BooleanField(null=True, help_text="nothing yet, imposed, or turned down")
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "ground"], name="disputes_penalty_once_per_ground"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="disputes_penalty_amount"),
            models.CheckConstraint(
                condition=Q(settled_by=None) | ~Q(settled_by=F("by")), name="disputes_penalty_two_people"
            ),
        ]
