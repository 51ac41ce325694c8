"""Nouns of the post: a notice on its way out of the mall as a mail, and the log of its tries."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from notifications.models.inbox import Notification


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Questions to the post."""

    def due(self, at: datetime) -> DeliveryQuerySet:
        """What has to be sent now, or tried again, the oldest first."""
        return self.filter(sent_at=None, given_up_at=None, next_try_at__lte=at).order_by("next_try_at", "pk")


class Delivery(models.Model):
    """One notice on its way out of the mall: a mail. Sent means that the mail server took it, not that it was read."""

    class Way(models.TextChoices):
        """How it leaves."""

        MAIL = "mail"

    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="deliveries")
    way = models.CharField(max_length=10, choices=Way.choices, default=Way.MAIL)
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "way"], name="notifications_delivery_once_per_way"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(given_up_at=None), name="notifications_delivery_one_end"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at=None, given_up_at=None),
                name="notifications_delivery_due",
            )
        ]


class DeliveryAttempt(models.Model):
    """One line of a delivery's log: when it was tried and what came of it. Never an address, never what was said."""

    class Outcome(models.TextChoices):
        """What came of it."""

        ACCEPTED = "accepted"
        FAILED = "failed"
        NOT_SENT = "not_sent"

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    fault = models.CharField(max_length=80, blank=True, help_text="the kind of error, or why nothing was sent")
