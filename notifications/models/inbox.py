"""Nouns of the inbox: notices, and how far they have caught up with what happened."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Questions to the inboxes."""

    def visible_to(self, user: Any) -> NotificationQuerySet:
        """What `user` may see: their own inbox and nobody else's."""
        return self.filter(user=user)

    def unread(self) -> NotificationQuerySet:
        """What nobody has opened yet."""
        return self.filter(read_at=None)


class Notification(models.Model):
    """Something that happened and concerns somebody: one line of their inbox, in their language when they read it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications")
    event = models.ForeignKey("timeline.Event", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60, help_text="which sentence it is")
    words = models.JSONField(default=dict, help_text="what the sentence names; amounts are fen")
    url = models.CharField(max_length=200, blank=True, help_text="the page of the thing, within the mall")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "event"], name="notifications_once_per_event"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notifications_inbox"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notifications_unread"),
        ]


class HighWaterMark(models.Model):
    """How far the inbox has caught up with what happened. The row's lock lets one runner work at a time.

    Everything up to event `event_id` has been told. The next goal is `ahead_id`; `writers` are the transactions that
    were writing events when it was set and may still commit one below it.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    event_id = models.BigIntegerField(default=0)
    ahead_id = models.BigIntegerField(default=0)
    writers = models.JSONField(default=list)
    at = models.DateTimeField(null=True, help_text="when somebody last looked")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="notifications_mark_single"),
            models.CheckConstraint(condition=Q(ahead_id__gte=F("event_id")), name="notifications_mark_forward"),
        ]

    def is_there(self) -> bool:
        """Whether its goal is reached."""
        return self.event_id == self.ahead_id
