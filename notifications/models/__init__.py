"""Nouns of telling people and machines."""

from notifications.models.inbox import HighWaterMark, Notification
from notifications.models.post import Delivery, DeliveryAttempt
from notifications.models.preferences import Group, Mailing, Preference
from notifications.models.webhooks import HEARD, Call, CallAttempt, Endpoint, all_groups

__all__ = [
    "HEARD",
    "Call",
    "CallAttempt",
    "Delivery",
    "DeliveryAttempt",
    "Endpoint",
    "Group",
    "HighWaterMark",
    "Mailing",
    "Notification",
    "Preference",
    "all_groups",
]
