"""Nouns of a refund case. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from orders.models import Order
from orders.parties import SEEING
from refunds import hooks
from refunds.states import REFUND, RefundState
from shops.models import SERVE, keeping
from timeline.models import Tracked


class RefundQuerySet(models.QuerySet["Refund"]):
    """Questions to the cases."""

    def visible_to(self, user: Any) -> RefundQuerySet:
        """The cases that `user` may see: the own ones, those of the own shops, and all of them for staff of cases."""
        if user.roles & SEEING:
            return self
        return self.filter(Q(buyer=user) | keeping(user, SERVE, shop="order__shop"))

    def asked_by(self, user: Any) -> RefundQuerySet:
        """The cases that `user` filed."""
        return self.filter(buyer=user)

    def open(self) -> RefundQuerySet:
        """Cases in which something can still happen."""
        return self.exclude(state__in=REFUND.terminal)

    def waiting_for(self, shop: Any) -> RefundQuerySet:
        """What a shop has to answer, the one with the least time first."""
        return self.filter(order__shop=shop, state=RefundState.REQUESTED).order_by("deadline_at", "pk")


class Refund(Tracked):
    """One case over one or more units of an order: what the buyer asks, what the rules give, what became of it."""

    machine = REFUND
    root_by = "order"
    scopes = {name: f"order__{path}" for name, path in Order.scopes.items()}

    class Outcome(models.TextChoices):
        """Who decided that money goes back."""

        INSTANT = "instant"
        SELLER = "seller"
        SILENCE = "silence"
        RULING = "ruling"

    class Route(models.TextChoices):
        """What the rulebook says on who may decide: a figure without judgment, a machine's no, or people."""

        AUTO = "AUTO"
        AUTO_PREDECISION = "AUTO_PREDECISION"
        HUMAN = "HUMAN"

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
    route = models.CharField(max_length=20, choices=Route.choices)
    is_instant = models.BooleanField(default=False, help_text="paid by the instant lane: counts against the quota")
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

    objects = RefundQuerySet.as_manager()

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

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The page of the case, the same for both sides."""
        return reverse("refunds:case", kwargs={"number": self.number})

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.order

    def is_of_buyer(self, user: Any) -> bool:
        """Whether `user` asked."""
        return bool(self.buyer_id == user.pk)

    def is_of_shop(self, user: Any) -> bool:
        """Whether `user` answers for the shop."""
        return self.order.shop.may(user, SERVE)

    def is_proven(self) -> bool:
        """Whether our own records prove the claim for every unit."""
        return bool(self.decision["is_proven"])

    def needs_a_person(self) -> bool:
        """Whether the rules leave the sum to people: then nothing is ever paid by silence."""
        return self.route == self.Route.HUMAN

    def is_paid_by_silence(self) -> bool:
        """What happens if the shop stays silent: paid, or over to the platform."""
        return self.asked > 0 and not self.is_contradicted and not self.needs_a_person()

    def actions_for(self, user: Any, at: datetime) -> list[str]:
        """What `user` can do in this case at `at`: accept, decline, escalate, withdraw. Nothing else is offered."""
        if self.is_overdue(at):
            return []
        found = []
        if self.is_of_shop(user) and self.state == RefundState.REQUESTED:
            found += ["accept", "decline"] if self.asked else ["decline"]
        if self.is_of_buyer(user):
            if self.state == RefundState.DECLINED:
                found.append("escalate")
            if self.state in WITHDRAWABLE and (self.state != RefundState.DISPUTED or hooks.undecided(self)):
                found.append("withdraw")
        return found


#: Where the buyer may still take a case back.
WITHDRAWABLE = frozenset({RefundState.REQUESTED, RefundState.DECLINED, RefundState.DISPUTED})


class RefundItem(models.Model):
    """What a case says of one unit."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="items")
    unit = models.ForeignKey("orders.Unit", on_delete=models.PROTECT, related_name="refund_items")
    asked = models.BigIntegerField(help_text="fen")
    entitled = models.BigIntegerField(help_text="fen, by the rules")
    fee = models.BigIntegerField(default=0, help_text="fen that stay with the shop of it, by the rules")
    granted = models.BigIntegerField(null=True, help_text="fen, once decided")
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=Q(is_open=True), name="refunds_item_one_open_case_per_unit"
            ),
            models.UniqueConstraint(fields=["refund", "unit"], name="refunds_item_once_per_case"),
            models.CheckConstraint(
                condition=Q(asked__gte=0, asked__lte=F("entitled"), fee__gte=0), name="refunds_item_amounts"
            ),
        ]


class ClaimDraft(models.Model):
    """What a buyer has told so far of what is wrong with an order: kept until it is filed, seen by nobody else."""

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="claim_drafts")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claim_drafts")
    reason = models.CharField(max_length=40, blank=True)
    places = models.JSONField(default=list, help_text="places of the units within the order")
    text = models.TextField(max_length=2000, blank=True)
    attachments = models.ManyToManyField("orders.Attachment", related_name="claim_drafts")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "buyer"], name="refunds_claimdraft_one_per_buyer_and_order")
        ]
