"""Levels that are about to fall, and measures against buyers who abuse the mall."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Level
from reputation.states import DOWNGRADE, MEASURE, MeasureState
from shops.models import Shop
from timeline.models import Tracked


class Downgrade(Tracked):
    """The level of a buyer or of a shop will fall to `target` when the notice is over, unless it is reached again."""

    machine = DOWNGRADE

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="downgrades")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, null=True, related_name="downgrades")
    before = models.CharField(max_length=2)
    target = models.CharField(max_length=2, help_text="what the figures gave when it was announced")

    class Meta:
        constraints = [
            DOWNGRADE.constraint("reputation_downgrade_state"),
            models.CheckConstraint(
                condition=Q(user=None, shop__isnull=False) | Q(user__isnull=False, shop=None),
                name="reputation_downgrade_of_one",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="announced"), name="reputation_downgrade_one_of_user"
            ),
            models.UniqueConstraint(
                fields=["shop"], condition=Q(state="announced"), name="reputation_downgrade_one_of_shop"
            ),
        ]

    def root(self) -> models.Model:
        """Whose level it is: the buyer's or the shop's lock."""
        found: Any = self.user or self.shop
        return found

    def get_absolute_url(self) -> str:
        """Where whoever is concerned reads what their level takes."""
        return reverse("reputation:standing", args=[self.shop.slug]) if self.shop else reverse("reputation:level")


class Measure(Tracked):
    """A step against a buyer after proven abuse: with its reason, evidence, term, and an appeal to another person."""

    class Step(models.TextChoices):
        """How far it goes, from the mildest: the public ladder."""

        WARNING = "warning", _("Warning")
        LEVEL_DOWN = "level_down", _("One level less")
        LEVEL_ZERO = "level_zero", _("Level M0")
        BARRED = "barred", _("Cannot buy")

    class Ground(models.TextChoices):
        """What was proven. That somebody claims a lot or loses a case is none of these."""

        FALSE_CLAIM = "false_claim", _("Claimed against what our records prove")
        FALSE_PROOF = "false_proof", _("Forged or altered evidence")
        USED_AND_REFUNDED = "used_and_refunded", _("Used a code after its price was paid back")
        LENT = "lent", _("Lent the account, or bought with many accounts")
        PRESSURE = "pressure", _("Threatened a shop or asked it for money")

    machine = MEASURE
    root_by = "user"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="measures")
    step = models.CharField(max_length=12, choices=Step.choices)
    ground = models.CharField(max_length=20, choices=Ground.choices)
    reason = models.CharField(max_length=500, help_text="what was found and where; the buyer reads it")
    is_grave = models.BooleanField(default=False, help_text="steps before it were left out, for the reason given")
    imposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    imposed_at = models.DateTimeField()
    until = models.DateTimeField()
    appeal = models.CharField(max_length=1000, blank=True)
    answer = models.CharField(max_length=500, blank=True, help_text="what the person said who heard the appeal")
    heard_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            MEASURE.constraint("reputation_measure_state"),
            models.CheckConstraint(
                condition=Q(step__in=["barred", "level_down", "level_zero", "warning"]), name="reputation_measure_step"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="reputation_measure_has_a_reason"),
            models.CheckConstraint(
                condition=Q(heard_by=None) | ~Q(heard_by=models.F("imposed_by")), name="reputation_measure_two_people"
            ),
        ]
        indexes = [models.Index(fields=["user", "-id"], name="reputation_measure_of_user")]

    def root(self) -> models.Model:
        """Everything about somebody's level is under their lock."""
        return self.user

    def get_absolute_url(self) -> str:
        """Where the buyer reads it and appeals."""
        return reverse("reputation:level")

    def is_in_force(self, at: datetime) -> bool:
        """Whether it counts at `at`."""
        return self.state in {MeasureState.IN_FORCE, MeasureState.APPEALED, MeasureState.UPHELD} and at < self.until

    def ceiling(self, level: str) -> str:
        """The highest level that somebody of `level` by the figures has under it."""
        if self.step in {self.Step.LEVEL_ZERO, self.Step.BARRED}:
            return str(Level.M0)
        if self.step == self.Step.LEVEL_DOWN:
            return str(Level.values[max(0, Level.values.index(level) - 1)])
        return level

    def actions_for(self, user: Any, at: datetime) -> list[str]:
        """What `user` can do about it now: `appeal`; `uphold` and `lift` are for another person of risk."""
        if self.user_id == user.pk:
            return ["appeal"] if self.state == MeasureState.IN_FORCE and self.is_in_force(at) else []
        if self.is_over or not user.has_role("risk"):
            return []
        if self.state == MeasureState.APPEALED:
            return ["uphold", "lift"] if self.imposed_by_id != user.pk else []
        return ["lift"]
