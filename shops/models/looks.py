"""Who of the mall looked at a shop's money, and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from shops.models.shops import Shop


class Look(models.Model):
    """Somebody of the mall said what they need a shop's money for, and then saw it. For ever.

    Auditors read all of them, and the shop reads its own: who looked at our money, and for what.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="looks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="shops_look_has_a_reason")]
        indexes = [models.Index(fields=["shop", "-id"], name="shops_look_of_shop")]
