"""What both sides may agree on before anybody rules: the platform's proposals, and last offers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from disputes.models.cases import Dispute, Side


class Proposal(models.Model):
    """The arbiter proposes a way out: it binds only if both sides accept this very text, and refusing costs nothing."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="proposals")
    number = models.PositiveSmallIntegerField()
    grants = models.JSONField(help_text="fen per unit id")
    text = models.TextField(max_length=2000)
    sha256 = models.CharField(max_length=64, help_text="of what is proposed; each side accepts this")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    buyer_accepted_at = models.DateTimeField(null=True)
    shop_accepted_at = models.DateTimeField(null=True)
    refused_by = models.CharField(max_length=10, choices=Side.choices, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "number"], name="disputes_proposal_number"),
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(ended_at=None), name="disputes_proposal_one_at_a_time"
            ),
        ]

    @property
    def amount(self) -> int:
        """What would go back in all, in fen."""
        return sum(self.grants.values())

    def is_accepted_by(self, side: Side) -> bool:
        """Whether a side has accepted."""
        return (self.buyer_accepted_at if side == Side.BUYER else self.shop_accepted_at) is not None


class FinalOffer(models.Model):
    """A side's last figure, sealed until the other side gives its own: then one of the two is what is ruled."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="final_offers")
    side = models.CharField(max_length=10, choices=Side.choices)
    amount = models.BigIntegerField(help_text="fen that should go back in all")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "side"], name="disputes_finaloffer_once_per_side"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="disputes_finaloffer_amount"),
        ]
