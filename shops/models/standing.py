"""How a shop stands with the mall: its record in figures, day by day and in sum, and its suspensions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.models.shops import Shop
from shops.states import SANCTION, SanctionState
from timeline.models import Tracked

#: Of fewer than so many nothing is told: a share of a few says nothing about a shop and much about its buyers.
FEWEST = 20


class Record(models.Model):
    """What our records say of a shop over `days` days up to `computed_at`: counts, from which shares are worked out.

    Computed by reputation once a day and handed down; pages only read it.
    """

    shop = models.OneToOneField(Shop, on_delete=models.PROTECT, related_name="record")
    computed_at = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    orders = models.PositiveIntegerField(help_text="paid in these days")
    units = models.PositiveIntegerField(help_text="sold in these days")
    due = models.PositiveIntegerField(help_text="units that were delivered or should have been")
    on_time = models.PositiveIntegerField(help_text="of these, units that came within the promise")
    refunded = models.PositiveIntegerField(help_text="units of which something was paid back")
    upheld = models.PositiveIntegerField(help_text="units of which something was paid back by the supply side's fault")
    disputes = models.PositiveIntegerField(help_text="disputes that ended")
    lost = models.PositiveIntegerField(help_text="of these, disputes in which the buyer got something")
    answers = models.PositiveIntegerField(help_text="claims that the shop answered itself, or let run out")
    answer_minutes = models.PositiveIntegerField(null=True, help_text="the median of how long it took")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(on_time__lte=F("due")), name="shops_record_on_time"),
            models.CheckConstraint(condition=Q(lost__lte=F("disputes")), name="shops_record_lost"),
            models.CheckConstraint(condition=Q(refunded__lte=F("units")), name="shops_record_refunded"),
        ]

    @staticmethod
    def share_bp(part: int, whole: int) -> int | None:
        """A share in basis points, rounded half up; nothing where the whole is too small to say."""
        return None if whole < FEWEST else (part * 20_000 + whole) // (2 * whole)

    @property
    def on_time_bp(self) -> int | None:
        """Units within the promise ÷ units that were due."""
        return self.share_bp(self.on_time, self.due)

    @property
    def refund_bp(self) -> int | None:
        """Units of which something was paid back ÷ units sold."""
        return self.share_bp(self.refunded, self.units)

    @property
    def loss_bp(self) -> int | None:
        """Disputes in which the buyer got something ÷ disputes that ended."""
        return self.share_bp(self.lost, self.disputes)

    @property
    def response_minutes(self) -> int | None:
        """The median time to an answer; nothing where there are too few answers to say."""
        return self.answer_minutes if self.answers >= FEWEST else None


class Day(models.Model):
    """A shop's day in Shanghai, for its own plots. Amounts in fen."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    orders = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    turnover = models.BigIntegerField()
    due = models.PositiveIntegerField()
    on_time = models.PositiveIntegerField()
    claims = models.PositiveIntegerField()
    paid_back = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "day"], name="shops_day_once")]


class Sanction(Tracked):
    """A step against a shop, with its reason, its term and an appeal to a person: the suspension ladder.

    `until` is when it ends by itself; closing does not end, it is carried out then, unless an appeal waits.
    """

    class Step(models.TextChoices):
        """How far it goes, from the mildest."""

        WARNING = "warning", _("Warning")
        NO_LISTINGS = "no_listings", _("Nothing new may be listed")
        NO_SALES = "no_sales", _("Sales stop")
        CLOSING = "closing", _("The shop is closed")

    machine = SANCTION
    root_by = "shop"

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="sanctions")
    step = models.CharField(max_length=12, choices=Step.choices)
    reason = models.CharField(max_length=500)
    is_grave = models.BooleanField(default=False, help_text="steps before it were left out, for the reason given")
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="nobody: by figures"
    )
    imposed_at = models.DateTimeField()
    until = models.DateTimeField()
    appeal = models.CharField(max_length=1000, blank=True)
    answer = models.CharField(max_length=500, blank=True, help_text="what the person said who heard the appeal")

    class Meta:
        constraints = [
            SANCTION.constraint("shops_sanction_state"),
            models.CheckConstraint(
                condition=Q(step__in=["closing", "no_listings", "no_sales", "warning"]), name="shops_sanction_step"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="shops_sanction_has_a_reason"),
        ]
        indexes = [models.Index(fields=["shop", "-id"], name="shops_sanction_of_shop")]

    def root(self) -> models.Model:
        """Everything about a shop is under the shop's lock."""
        return self.shop

    def get_absolute_url(self) -> str:
        """What the mall has against the shop, for the shop."""
        return reverse("shops:sanctions", args=[self.shop.slug])

    def is_in_force(self, at: datetime) -> bool:
        """Whether it counts at `at`."""
        in_force = {SanctionState.IN_FORCE, SanctionState.APPEALED, SanctionState.UPHELD}
        return self.state in in_force and (self.step == self.Step.CLOSING or at < self.until)

    def was_imposed_by(self, user: Any) -> bool:
        """Whether `user` imposed it: nobody hears an appeal against themselves."""
        return bool(self.imposed_by_id == user.pk)
