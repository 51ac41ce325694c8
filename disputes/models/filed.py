"""The file of a dispute: what the sides say, what proves it, and what was asked for by name."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from disputes.models.cases import Dispute, Side


class Statement(models.Model):
    """What one side says, in its own words."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="statements")
    side = models.CharField(max_length=10, choices=Side.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    about = models.ForeignKey(
        "disputes.Evidence", on_delete=models.PROTECT, null=True, related_name="comments", help_text="what it is about"
    )
    at = models.DateTimeField()


class Evidence(models.Model):
    """One item of the file: from a side, or our own record that entered by itself."""

    class Kind(models.TextChoices):
        """What it is."""

        ORDER = "order", _("The order")
        PROMISE = "promise", _("What was promised")
        DELIVERY = "delivery", _("Delivery of the units")
        REVEALS = "reveals", _("When codes were looked at")
        VALIDITY = "validity", _("What the issuer says of the codes")
        CONVERSATION = "conversation", _("The conversation")
        PAYMENTS = "payments", _("Payments")
        CLAIM = "claim", _("The buyer's claim")
        ANSWER = "answer", _("The shop's answer")
        STATEMENT = "statement", _("Statement")
        FILE = "file", _("File")
        SILENCE = "silence", _("Asked for and not given")
        OUTAGES = "outages", _("Outages while the goods were owed")
        UPSTREAM = "upstream", _("What the supplier answered")
        REDEMPTIONS = "redemptions", _("When codes were redeemed")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    side = models.CharField(max_length=10, choices=Side.choices)
    title = models.CharField(max_length=120, blank=True, help_text="a file's name; else its kind says it")
    body = models.TextField(help_text="canonical JSON, the exact text that is hashed")
    sha256 = models.CharField(max_length=64, help_text="of the body, or of the file's original")
    grade = models.CharField(max_length=10, help_text="record, receipt or claim")
    attachment = models.ForeignKey("orders.Attachment", on_delete=models.PROTECT, null=True, related_name="+")
    is_late = models.BooleanField(default=False, help_text="came after the time for evidence")
    is_sealed = models.BooleanField(
        db_default=False, default=False, help_text="sealed to the other side while the dispute's seal holds"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "attachment"],
                name="disputes_evidence_file_once",
                condition=Q(attachment__isnull=False),
            )
        ]

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def named(self) -> str:
        """What it is called where it is weighed: of what there may be many of, also whose and from when."""
        name = self.title or str(self.Kind(self.kind).label)
        if self.kind not in MANY:
            return name
        return f"{name} · {Side(self.side).label} · {localtime(self.at):%m-%d %H:%M}"

    def is_intact(self) -> bool:
        """Whether the text is still what was hashed; a file is read against its hash by its own room."""
        return self.attachment_id is not None or hashlib.sha256(self.body.encode()).hexdigest() == self.sha256


#: Kinds of which a file may hold many.
MANY = frozenset({Evidence.Kind.STATEMENT, Evidence.Kind.FILE, Evidence.Kind.SILENCE})


class Question(models.Model):
    """One named thing that is asked of one side, or of the supplier through its shop."""

    class Kind(models.TextChoices):
        """What is asked for."""

        ITEM = "item", _("One thing that is missing")
        RECORD = "record", _("A record that this side keeps")

    class Whom(models.TextChoices):
        """Who is asked."""

        BUYER = "buyer", _("Buyer")
        SHOP = "shop", _("Shop")
        SUPPLIER = "supplier", _("Supplier")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="questions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    whom = models.CharField(max_length=10, choices=Whom.choices)
    item = models.CharField(max_length=200, help_text="the one thing, by name; the least intrusive that proves it")
    reason = models.CharField(max_length=500, help_text="what it is to show")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    is_unanswered = models.BooleanField(default=False, help_text="the time ran out: it may be weighed")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(answered_at=None), name="disputes_question_one_at_a_time"
            ),
        ]

    @property
    def side(self) -> Side:
        """Who answers: the shop also for its supplier."""
        return Side.BUYER if self.whom == self.Whom.BUYER else Side.SHOP
