"""An appeal against what was ruled, and the written votes of three new people. Amounts are integer fen."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from disputes.models.cases import Dispute, Side
from disputes.states import APPEAL, AppealState
from timeline.models import Tracked


class Appeal(Tracked):
    """A side does not accept a ruling: once per side, free, final inside the mall; the other side may join."""

    machine = APPEAL
    read_with = ("dispute__refund",)
    root_by = "dispute__refund__order"
    scopes = {name: f"dispute__{path}" for name, path in Dispute.scopes.items()}

    class Ground(models.TextChoices):
        """What is wrong with the ruling."""

        EVIDENCE = "evidence", _("New evidence that could not come earlier")
        RULE = "rule", _("A rule was misread")
        PROCEDURE = "procedure", _("The procedure was not kept")
        CONFLICT = "conflict", _("Somebody who judged had an interest")
        CALCULATION = "calculation", _("The sum is worked out wrongly")

    class Formal(models.TextChoices):
        """Why an appeal is not admitted: form only, never what it is about."""

        NO_GROUND = "no_ground", _("The statement has nothing to do with its ground")
        NOT_LATE = "not_late", _("It does not say why the evidence is late")
        ABUSIVE = "abusive", _("It only insults")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="appeals")
    side = models.CharField(max_length=10, choices=Side.choices)
    ground = models.CharField(max_length=12, choices=Ground.choices)
    text = models.TextField(max_length=4000)
    late_because = models.TextField(max_length=1000, blank=True, help_text="why new evidence comes now")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    formal = models.CharField(max_length=12, choices=Formal.choices, blank=True)
    answer = models.TextField(max_length=4000, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    joined_ground = models.CharField(
        max_length=12, choices=Ground.choices, blank=True, help_text="the respondent appeals, too, on this ground"
    )
    joined_text = models.TextField(max_length=4000, blank=True)
    ran_out = models.PositiveSmallIntegerField(default=0, help_text="how often the time of the panel ran out")
    chief = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            APPEAL.constraint("disputes_appeal_state"),
            models.UniqueConstraint(fields=["dispute", "side"], name="disputes_appeal_once_per_side"),
            models.UniqueConstraint(
                fields=["dispute"],
                condition=Q(state__in=[AppealState.FILED, AppealState.ANSWERING, AppealState.PANEL]),
                name="disputes_appeal_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(ground="evidence") | ~Q(late_because=""), name="disputes_appeal_late_because"
            ),
        ]

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.dispute.root()

    def get_absolute_url(self) -> str:
        """The case, where the appeal stands."""
        return self.dispute.get_absolute_url()

    @property
    def owner(self) -> str:
        """Whose turn it is: while an answer is awaited, the other side's."""
        return self.respondent if self.state == AppealState.ANSWERING else super().owner

    @property
    def number(self) -> str:
        """How people name it: by its case."""
        return self.dispute.number

    @property
    def respondent(self) -> Side:
        """Who answers it."""
        return Side(self.side).other

    @property
    def is_of_buyer_alone(self) -> bool:
        """Whether only the buyer appeals: then the award may not shrink."""
        return self.side == Side.BUYER and not self.joined_ground


class Vote(models.Model):
    """What one member of a panel thinks, in writing; nobody reads another's before all are there."""

    class Word(models.TextChoices):
        """What should become of the ruling."""

        UPHOLD = "uphold", _("Let it stand")
        CHANGE = "change", _("Change it")
        REMAND = "remand", _("Send it back: facts are missing")

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="votes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    word = models.CharField(max_length=10, choices=Word.choices)
    shares = models.JSONField(default=dict, help_text="basis points per party, where it should be changed")
    grants = models.JSONField(default=dict, help_text="fen per unit id, where it should be changed")
    compensation = models.BigIntegerField(
        null=True, help_text="fen on top, where it should be changed; nothing said: as it was ruled"
    )
    reasons = models.TextField(max_length=8000)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appeal", "user"], name="disputes_vote_once"),
            models.CheckConstraint(
                condition=Q(compensation=None) | Q(compensation__gte=0), name="disputes_vote_compensation"
            ),
        ]

    @property
    def sha256(self) -> str:
        """The hash of everything that it says, which the history of the appeal keeps from the moment it was cast."""
        told = [
            f"appeal:{self.appeal_id}",
            f"user:{self.user_id}",
            str(self.word),
            ",".join(f"{party}={share}" for party, share in sorted(self.shares.items())),
            ",".join(f"{unit}={amount}" for unit, amount in sorted(self.grants.items())),
            "" if self.compensation is None else str(self.compensation),
            self.reasons,
        ]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def on_top(self, ruling: Any) -> int:
        """The compensation that it would give, in fen: its own, else the one of `ruling`."""
        return int(ruling.compensation) if self.compensation is None else self.compensation

    def award(self, ruling: Any) -> int:
        """What the buyer would get in all in place of `ruling`, in fen."""
        return int(ruling.award) if self.word == self.Word.UPHOLD else sum(self.grants.values()) + self.on_top(ruling)
