"""What people want to be mailed about."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Group(models.TextChoices):
    """What a notice is about, as people choose what they want to hear of."""

    ORDERS = "orders", _("Orders and deliveries")
    MESSAGES = "messages", _("Messages about orders")
    CASES = "cases", _("Claims and refunds")
    DISPUTES = "disputes", _("Disputes and appeals")
    MONEY = "money", _("Payments, payouts and deposit")
    SHOP = "shop", _("Shop, goods and people")
    HOUSE = "house", _("Rules and the mall itself")


class Mailing(models.TextChoices):
    """How much of a group is mailed. The inbox has everything, always: it is the record."""

    ALL = "all", _("Everything")
    IMPORTANT = "important", _("What needs me, and money")
    NONE = "none", _("Only what I must not miss")


class Preference(models.Model):
    """What somebody chose for one group; without a row it is `IMPORTANT`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notice_preferences")
    group = models.CharField(max_length=10, choices=Group.choices)
    mail = models.CharField(max_length=10, choices=Mailing.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "group"], name="notifications_preference_once"),
            models.CheckConstraint(
                condition=Q(group__in=sorted(Group.values), mail__in=sorted(Mailing.values)),
                name="notifications_preference_words",
            ),
        ]
