"""Nouns of a refund case. Amounts are integer fen."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from refunds.states import REFUND, RefundState
from timeline.models import Tracked


class Refund(Tracked):
    """One case over one or more units of an order: what the buyer asks, what the rules give, what became of it."""

    machine = REFUND

    class Outcome(models.TextChoices):
        """Who decided that money goes back."""

        INSTANT = "instant"
        SELLER = "seller"
        SILENCE = "silence"
        RULING = "ruling"

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="refunds")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="refunds")
    reason = models.CharField(max_length=40)
    text = models.TextField(max_length=2000, blank=True)
    asked = models.BigIntegerField(help_text="fen; never more than the rules give, may be less")
    figure = models.BigIntegerField(help_text="fen the rules give on what is claimed")
    fee = models.BigIntegerField(default=0)
    compensation = models.BigIntegerField(default=0)
    decision = models.JSONField(help_text="what the rulebook said when the buyer filed, with every line of arithmetic")
    route = models.CharField(max_length=20)
    is_instant = models.BooleanField(default=False)
    is_predecision = models.BooleanField(default=False, help_text="a machine's no, open to one-click human review")
    is_contradicted = models.BooleanField(default=False, help_text="our records speak against the claim")
    declined_code = models.CharField(max_length=40, blank=True)
    declined_rule = models.CharField(max_length=60, blank=True, help_text="the published rule the shop cites")
    declined_text = models.TextField(max_length=2000, blank=True)
    approved = models.BigIntegerField(null=True, help_text="fen that go back, compensation included")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    payout = models.OneToOneField("ledger.Payout", on_delete=models.PROTECT, null=True, related_name="refund")
    attachments = models.ManyToManyField("orders.Attachment", related_name="refunds")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            REFUND.constraint("refunds_refund_state"),
            models.CheckConstraint(
                condition=Q(asked__gte=0, asked__lte=F("figure"), fee__gte=0, compensation__gte=0),
                name="refunds_refund_never_more_than_the_rules",
            ),
        ]
        indexes = [
            models.Index(fields=["buyer", "-id"], name="refunds_refund_buyer"),
            models.Index(fields=["deadline_at"], condition=Q(state=RefundState.REQUESTED), name="refunds_refund_queue"),
        ]

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.order


class RefundItem(models.Model):
    """What a case says of one unit."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="items")
    unit = models.ForeignKey("orders.Unit", on_delete=models.PROTECT, related_name="refund_items")
    asked = models.BigIntegerField(help_text="fen")
    entitled = models.BigIntegerField(help_text="fen, by the rules")
    granted = models.BigIntegerField(null=True, help_text="fen, once decided")
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=Q(is_open=True), name="refunds_item_one_open_case_per_unit"
            ),
            models.UniqueConstraint(fields=["refund", "unit"], name="refunds_item_once_per_case"),
            models.CheckConstraint(condition=Q(asked__gte=0, entitled__gte=0), name="refunds_item_amounts"),
        ]
