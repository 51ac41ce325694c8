"""Nouns of the room of complaints: what came from outside, what we said to it, and what a channel paid by itself.

Amounts are fen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from complaints.states import COMPLAINT, ComplaintState
from orders.parties import Side, side_of
from timeline.models import Tracked

#: Who answers outside, and who besides may read what came.
ANSWERING = frozenset({Role.AGENT, Role.LEAD})
READING = ANSWERING | {Role.FINANCE, Role.AUDITOR}


class Source(models.TextChoices):
    """By which road somebody complained."""

    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    AUTHORITY = "authority", "12315"


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    """Questions to the complaints."""

    def open(self) -> ComplaintQuerySet:
        """Those that can still come back to us."""
        return self.exclude(state__in=COMPLAINT.terminal)

    def waiting(self) -> ComplaintQuerySet:
        """Those in which we are the ones to act, the least time first."""
        return self.filter(state__in=[ComplaintState.ARRIVED, ComplaintState.WORKING]).order_by("deadline_at", "pk")

    def visible_to(self, user: Any) -> ComplaintQuerySet:
        """All of them for those who answer, and for finance and the auditor; nobody else reads them."""
        return self if user.roles & READING else self.none()


class Complaint(Tracked):
    """Somebody complained outside about a payment of ours. The answer is what the mall's own case comes to.

    The times are the outside's: `told_at` is when it was made there, `first_due_at` and `due_at` are when its channel
    or authority wants a first word and the result. Whoever complained is kept masked; the mall knows its buyers.
    """

    machine = COMPLAINT
    read_with = ("order__shop",)
    scopes = {"shop": "order__shop_id", "channel": "payment__channel"}

    number = models.CharField(max_length=20, unique=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    outside_number = models.CharField(max_length=64, help_text="as the channel or the authority calls it")
    round = models.PositiveSmallIntegerField(default=1, help_text="grows when it is made again after it was closed")
    asks = models.PositiveIntegerField(
        default=1, db_default=1, help_text="how often whoever complained had said something when we last heard"
    )
    outside_state = models.CharField(max_length=40, blank=True, help_text="as the outside calls it")
    trade_no = models.CharField(max_length=40, blank=True, help_text="our number of the payment, as they repeat it")
    payment = models.ForeignKey("ledger.Payment", on_delete=models.PROTECT, null=True, related_name="complaints")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, null=True, related_name="complaints")
    refund = models.ForeignKey("refunds.Refund", on_delete=models.PROTECT, null=True, related_name="complaints")
    who = models.CharField(max_length=40, blank=True, help_text="who complained, masked")
    demand = models.CharField(max_length=200, blank=True)
    asked = models.BigIntegerField(null=True, help_text="fen, if a sum is asked for")
    text = models.TextField(max_length=4000)
    told_at = models.DateTimeField(help_text="when it was made outside")
    heard_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    due_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    first_word_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True, help_text="when a time of the outside's was over before we had answered")
    decided_seen_at = models.DateTimeField(null=True, help_text="when we noticed that the case is decided")
    closed_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=500, blank=True, help_text="how it ended outside")

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        constraints = [
            COMPLAINT.constraint("complaints_complaint_state"),
            models.UniqueConstraint(fields=["source", "outside_number", "round"], name="complaints_complaint_round"),
            models.UniqueConstraint(
                fields=["source", "outside_number"],
                condition=~Q(state__in=["closed", "withdrawn"]),
                name="complaints_complaint_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["closed", "withdrawn"], closed_at__isnull=False)
                | ~Q(state__in=["closed", "withdrawn"]) & Q(closed_at=None),
                name="complaints_complaint_closed",
            ),
            models.CheckConstraint(
                condition=Q(first_due_at__lte=F("due_at")) & (Q(asked=None) | Q(asked__gte=0)),
                name="complaints_complaint_figures",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"], condition=Q(state__in=["arrived", "working"]), name="complaints_waiting"
            ),
        ]

    def get_absolute_url(self) -> str:
        """Its page, for those who answer."""
        return reverse("complaints:complaint", args=[self.number])

    @property
    def has_channel(self) -> bool:
        """Whether it came by a machine that also takes our answer; an authority takes paper."""
        return self.source != Source.AUTHORITY

    def is_waiting(self) -> bool:
        """Whether we are the ones to act."""
        return self.state in {ComplaintState.ARRIVED, ComplaintState.WORKING}

    def is_for(self, user: Any) -> bool:
        """Whether this person may answer: an agent or a lead who is no side of the sale."""
        if not user.roles & ANSWERING:
            return False
        return self.order is None or side_of(self.order, user) == Side.PLATFORM

    def actions_for(self, user: Any) -> list[str]:
        """What `user` can do now, by the names of the verbs. Nothing else is offered."""
        if not self.is_for(user) or self.is_over:
            return []
        offered = {
            "take": self.is_waiting() and self.taken_by_id != user.pk,
            "link": self.is_waiting() and self.refund_id is None,
            "open_case": self.is_waiting() and self.order_id is not None and self.refund_id is None,
            "say": self.is_waiting(),
            "answer": self.is_waiting(),
            "close": not self.has_channel and self.state == ComplaintState.ANSWERED,
        }
        return [name for name, is_offered in offered.items() if is_offered]


class Word(models.Model):
    """What we say outside: a first word, or the result. It is stored first and sent by a worker, once by its number."""

    class Kind(models.TextChoices):
        """What it is."""

        WORD = "word", _("A word on the way")
        RESULT = "result", _("The result")

    class Outcome(models.TextChoices):
        """What the result is."""

        PAID = "paid", _("Paid back")
        PAID_IN_PART = "part", _("Paid back in part")
        REPLACED = "replaced", _("Replaced")
        NOTHING = "nothing", _("Nothing goes back, with reasons")
        TAKEN_BACK = "taken_back", _("The buyer took the case back")
        NOT_OURS = "not_ours", _("No such payment here")

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="words")
    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    amount = models.BigIntegerField(default=0, help_text="fen that went back")
    text = models.TextField(max_length=2000)
    sha256 = models.CharField(max_length=64, help_text="of the text as it was shown before it was sent")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="nothing: sent, or given up, or taken there on paper")
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="result") & ~Q(outcome="") | Q(kind="word", outcome="", amount=0),
                name="complaints_word_outcome",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="complaints_word_amount"),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(next_try_at=None), name="complaints_word_sent_once"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="complaints_word_due"),
        ]

    def is_given_up(self) -> bool:
        """Whether it was tried too often: a person must look."""
        return self.complaint.has_channel and self.sent_at is None and self.next_try_at is None


class Heard(models.Model):
    """A notice from outside that was believed; the same one again changes nothing."""

    source = models.CharField(max_length=10, choices=Source.choices)
    event = models.CharField(max_length=64)
    outside_number = models.CharField(max_length=64)
    action = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event"], name="complaints_heard_once")]


class External(models.Model):
    """A channel's own staff paid somebody back. It is booked as the payout of the case, or stands here for finance."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="externals")
    reference = models.CharField(max_length=64, help_text="the channel's number of the refund")
    amount = models.BigIntegerField(help_text="fen")
    booked = models.BigIntegerField(default=0, help_text="fen; what is missing was paid twice, or is on its way")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "reference"], name="complaints_external_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, booked__gte=0, booked__lte=F("amount")), name="complaints_external_amounts"
            ),
        ]


def is_late(complaint: Complaint, at: datetime) -> bool:
    """Whether a time that the outside sets is over before we have said what it waits for."""
    if complaint.first_word_at is None and complaint.first_due_at <= at:
        return True
    return complaint.is_waiting() and complaint.due_at <= at
