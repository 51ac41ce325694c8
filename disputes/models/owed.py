"""What a decision gave a buyer and nobody had: the buyer's claim on who owes it, until that has paid it. Fen."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Owed(models.Model):
    """Every source of a waterfall was empty before all of an award was paid: the rest stays owed to the buyer.

    It is paid out of what the shop earns next, before the shop can withdraw any of it; what is the platform's own to
    pay, out of its own money. `units` is the price in it, the rest is compensation.
    """

    class Payer(models.TextChoices):
        """Who owes it."""

        SHOP = "shop", _("The shop")
        PLATFORM = "platform", _("The platform")

    cause = models.CharField(max_length=60, help_text="what decided it: refund:12, ruling:5")
    payer = models.CharField(max_length=10, choices=Payer.choices, default=Payer.SHOP, db_default=Payer.SHOP)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="owed")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="owed")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owed")
    amount = models.BigIntegerField(help_text="fen")
    paid = models.BigIntegerField(default=0, db_default=0, help_text="fen that came in since")
    units = models.JSONField(
        default=dict, db_default={}, help_text="fen of the price still owed, per unit id; paid before the rest"
    )
    since = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, help_text="when the last of it came")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cause", "payer"], name="disputes_owed_once_by_each"),
            models.CheckConstraint(condition=Q(payer__in=["shop", "platform"]), name="disputes_owed_payer"),
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
