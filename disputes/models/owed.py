"""What a decision gave a buyer and nobody had: the buyer's claim on the shop, until its income has paid it. Fen."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Owed(models.Model):
    """Every source of a waterfall was empty before all of an award was paid: the rest stays owed to the buyer.

    It is paid out of what the shop earns next, before the shop can withdraw any of it.
    """

    cause = models.CharField(max_length=60, unique=True, help_text="what decided it: refund:12, ruling:5")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="owed")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="owed")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owed")
    amount = models.BigIntegerField(help_text="fen")
    paid = models.BigIntegerField(default=0, db_default=0, help_text="fen that came in since")
    since = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, help_text="when the last of it came")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="disputes_owed_amount"),
            models.CheckConstraint(condition=Q(paid__gte=0, paid__lte=F("amount")), name="disputes_owed_paid"),
            models.CheckConstraint(
                condition=Q(paid_at=None, paid__lt=F("amount")) | Q(paid_at__isnull=False, paid=F("amount")),
                name="disputes_owed_paid_at",
            ),
        ]
        indexes = [models.Index(fields=["shop", "since"], condition=Q(paid_at=None), name="disputes_owed_open")]

    @property
    def left(self) -> int:
        """What is still owed, in fen."""
        return self.amount - self.paid
