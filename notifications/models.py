"""Nouns of telling people: the inbox."""

from django.conf import settings
from django.db import models


class Notification(models.Model):
    """Something that happened and concerns somebody: one line of their inbox, in their language when they read it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications")
    event = models.ForeignKey("timeline.Event", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60, help_text="which sentence it is")
    words = models.JSONField(default=dict, help_text="what the sentence names")
    url = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="notifications_once_per_event")]
        indexes = [models.Index(fields=["user", "-id"], name="notifications_inbox")]


class HighWaterMark(models.Model):
    """Up to which event the inbox has caught up."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    event_id = models.BigIntegerField(default=0)
