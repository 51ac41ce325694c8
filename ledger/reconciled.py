"""Nouns of the daily reconciliation: a channel's settlement file, its lines, and what differs. Amounts are fen."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.states import DIFFERENCE, DifferenceState
from timeline.models import Tracked


class Settlement(models.Model):
    """What a channel says it did on one day (Asia/Shanghai), as we fetched it. For ever."""

    channel = models.CharField(max_length=20)
    day = models.DateField()
    fetched_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, help_text="of the file as it was sent")
    lines = models.PositiveIntegerField(help_text="how many it has")
    came_in = models.BigIntegerField(help_text="fen")
    went_out = models.BigIntegerField(help_text="fen")
    matched = models.PositiveIntegerField(default=0, help_text="lines that channel, payments and books agree on")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="ledger_settlement_one_per_day")]


class SettlementLine(models.Model):
    """One line of a settlement file."""

    class Kind(models.TextChoices):
        """What the channel did."""

        CHARGE = "charge", _("Charge")
        REFUND = "refund", _("Paid back")
        PAYOUT = "payout", _("Paid out")

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="rows")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.CharField(max_length=40, help_text="ours, as the channel repeats it")
    txn = models.CharField(max_length=80, blank=True, help_text="the channel's number of the charge")
    amount = models.BigIntegerField(help_text="fen")
    state = models.CharField(max_length=20, help_text="as the channel calls it")

    class Meta:
        indexes = [models.Index(fields=["kind", "number", "txn"], name="ledger_line_number")]


class DifferenceQuerySet(models.QuerySet["Difference"]):
    """Questions to the differences."""

    def open(self) -> DifferenceQuerySet:
        """Those that nobody has explained yet."""
        return self.filter(state=DifferenceState.OPEN)


class Difference(Tracked):
    """The channel, our payments and payouts, and the books do not say the same: a ticket for finance."""

    machine = DIFFERENCE
    scopes = {"channel": "channel"}

    class Kind(models.TextChoices):
        """What differs."""

        MISSING_HERE = "missing_here", _("The channel has it, we do not")
        MISSING_THERE = "missing_there", _("We have it, the channel does not")
        AMOUNT = "amount", _("Another amount")
        STATUS = "status", _("Another state")
        DUPLICATE = "duplicate", _("Twice in the channel's file")
        NOT_BOOKED = "not_booked", _("Not in the books as it should be")
        OUTSIDE = "outside", _("Paid back by the channel on its own account")

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="differences")
    channel = models.CharField(max_length=20)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    what = models.CharField(max_length=10, choices=SettlementLine.Kind.choices)
    number = models.CharField(max_length=40)
    txn = models.CharField(max_length=80, blank=True)
    theirs = models.BigIntegerField(null=True, help_text="fen, as the channel says")
    ours = models.BigIntegerField(null=True, help_text="fen, as we say")
    found_at = models.DateTimeField()
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    reason = models.TextField(max_length=1000, blank=True)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            DIFFERENCE.constraint("ledger_difference_state"),
            models.UniqueConstraint(fields=["channel", "kind", "what", "number", "txn"], name="ledger_difference_once"),
            models.CheckConstraint(
                condition=Q(state="open", settled_by=None, settled_at=None)
                | ~Q(state="open") & Q(settled_by__isnull=False, settled_at__isnull=False) & ~Q(reason=""),
                name="ledger_difference_settled",
            ),
        ]
        indexes = [models.Index(fields=["deadline_at"], condition=Q(state="open"), name="ledger_difference_open")]

    def may_be_settled_by(self, user: Any) -> bool:
        """Whether this person can close the ticket."""
        return self.state == DifferenceState.OPEN and user.has_role("finance")
