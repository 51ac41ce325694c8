"""Nouns of the support room: talks, who is on shift, what was answered, and how a talk was handed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Role
from orders.models import Order
from support.states import TALK, TalkState
from timeline.models import Tracked

#: Who answers; leads do when nobody else can.
ANSWERING = frozenset({Role.AGENT, Role.LEAD})


class TalkQuerySet(models.QuerySet["Talk"]):
    """Questions to the talks."""

    def open(self) -> TalkQuerySet:
        """Talks that are not over."""
        return self.exclude(state=TalkState.CLOSED)

    def waiting(self) -> TalkQuerySet:
        """Talks that nobody has answered yet, the one with the least time first."""
        return self.filter(state__in=[TalkState.WAITING, TalkState.TAKEN]).order_by("deadline_at", "pk")

    def visible_to(self, user: Any) -> TalkQuerySet:
        """The own talks; all of them for those who answer."""
        return self if user.roles & ANSWERING else self.filter(asked_by=user)


class Talk(Tracked):
    """Somebody wants to talk to a person about an order or its case. What is said stands in the order's conversation.

    `first_answer_at` is when a person answered first, `late_at` when the promised time was over before that.
    """

    machine = TALK
    root_by = "order"
    read_with = ("order__shop", "taken_by")

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="talks")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="talks")
    topic = models.CharField(max_length=500)
    is_urgent = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    promised_at = models.DateTimeField(help_text="by when a person answers, as was told")
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True, help_text="when a person took it first")
    first_answer_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True)

    objects = TalkQuerySet.as_manager()

    class Meta:
        constraints = [
            TALK.constraint("support_talk_state"),
            models.UniqueConstraint(
                fields=["order", "asked_by"], condition=~Q(state="closed"), name="support_talk_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["taken", "talking"]) | Q(taken_by__isnull=False), name="support_talk_is_held"
            ),
            models.CheckConstraint(
                condition=Q(first_answer_at=None) | Q(first_answer_at__gte=F("opened_at")), name="support_talk_forward"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"], condition=Q(state__in=["taken", "waiting"]), name="support_talk_waiting"
            ),
            models.Index(fields=["opened_at"], name="support_talk_opened"),
        ]

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.order

    def get_absolute_url(self) -> str:
        """The desk of whoever answers."""
        return reverse("support:talk", args=[self.number])


class ShiftQuerySet(models.QuerySet["Shift"]):
    """Questions to the plan."""

    def on(self, at: datetime) -> ShiftQuerySet:
        """Shifts in which somebody is there at `at`."""
        return self.filter(since__lte=at, until__gt=at, ended_at=None)


class Shift(models.Model):
    """A time in which somebody of the mall answers people."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts")
    since = models.DateTimeField()
    until = models.DateTimeField()
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, help_text="when it was called off")

    objects = ShiftQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(until__gt=F("since")), name="support_shift_forward")]
        indexes = [models.Index(fields=["until"], condition=Q(ended_at=None), name="support_shift_planned")]


class Answer(models.Model):
    """A person answered in a talk. Only what makes it recognizable is kept here, not what was said."""

    talk = models.ForeignKey(Talk, on_delete=models.PROTECT, related_name="answers")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey("orders.Message", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, help_text="of the words without numbers, spaces and signs")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["digest", "at"], name="support_answer_digest")]


class Handover(models.Model):
    """A talk went on to somebody else, with what they need to know, so that nobody tells their story twice."""

    talk = models.ForeignKey(Talk, on_delete=models.PROTECT, related_name="handovers")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500)
    at = models.DateTimeField()
