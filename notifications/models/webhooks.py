"""Nouns of webhooks: where a shop wants to be called, what it is told there, and the log of each call."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from notifications.models.preferences import Group
from shops.models import Shop

#: What a shop's machines can hear of: what happens to its sales, cases, disputes and money.
HEARD = (Group.ORDERS, Group.MESSAGES, Group.CASES, Group.DISPUTES, Group.MONEY)


def all_groups() -> list[str]:
    """What a new endpoint hears of, unless its shop chooses."""
    return [group.value for group in HEARD]


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    """Questions to the endpoints."""

    def there(self) -> EndpointQuerySet:
        """Those that were not removed."""
        return self.filter(removed_at=None)


class Endpoint(models.Model):
    """A machine of a shop that hears what happens: called at `webhook_url`, or, without one, asking for itself.

    The secret is sealed (it signs, so it must be known) and shown once. After a change the one before still signs, and
    lets in, until `former_until`.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="webhooks")
    webhook_url = models.URLField(max_length=300, blank=True, help_text="empty: it is not called, it asks")
    groups = models.JSONField(default=all_groups)
    secret = models.CharField(max_length=200)
    former_secret = models.CharField(max_length=200, blank=True)
    former_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    after_event = models.BigIntegerField(default=0, help_text="what happened before it was made is no news")
    paused_at = models.DateTimeField(null=True, help_text="since then nothing is sent; it waits")
    removed_at = models.DateTimeField(null=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(former_secret="", former_until=None) | ~Q(former_secret="") & Q(former_until__isnull=False),
                name="notifications_endpoint_former",
            ),
        ]
        indexes = [models.Index(fields=["shop"], condition=Q(removed_at=None), name="notifications_endpoint_there")]

    def has_former(self, at: datetime) -> bool:
        """Whether the secret before the last change still counts."""
        return self.former_until is not None and at < self.former_until


class CallQuerySet(models.QuerySet["Call"]):
    """Questions to the calls."""

    def open(self) -> CallQuerySet:
        """What is neither delivered nor given up."""
        return self.filter(sent_at=None, given_up_at=None)

    def dead(self) -> CallQuerySet:
        """What was given up."""
        return self.exclude(given_up_at=None)


class Call(models.Model):
    """One thing that an endpoint is told: the exact body that is sent each time, and how far that has come.

    `sequence` counts 1, 2, 3 … in each case (`root`) and endpoint, so that the other side notices what is missing and
    what came out of turn. Without an address nothing is sent (`next_try_at` empty): the call waits to be fetched.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="calls")
    event = models.ForeignKey("timeline.Event", on_delete=models.PROTECT, null=True, related_name="+")
    root = models.CharField(max_length=60)
    sequence = models.PositiveIntegerField()
    type = models.CharField(max_length=60)
    body = models.TextField()
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "root", "sequence"], name="notifications_call_place"),
            models.UniqueConstraint(
                fields=["endpoint", "event"], condition=Q(event__isnull=False), name="notifications_call_once"
            ),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(given_up_at=None), name="notifications_call_one_end"),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at=None, given_up_at=None, next_try_at__isnull=False),
                name="notifications_call_due",
            ),
            models.Index(fields=["endpoint", "-id"], name="notifications_call_log"),
            models.Index(fields=["id"], condition=Q(given_up_at__isnull=False), name="notifications_call_dead"),
        ]


class CallAttempt(models.Model):
    """One line of a call's log. Never what the other side said: it may be anything."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="what the other side answered; nothing: no answer")
    took = models.DurationField(default=timedelta)
    fault = models.CharField(max_length=80, blank=True, help_text="why it does not count as delivered")
