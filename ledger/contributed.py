"""The noun of money that is put in: what the mall pays from its bank into the guarantee fund or its own pocket.

Every sum has the number of the bank's document, and two people of finance. Amounts are fen.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ledger.states import CONTRIBUTION, ContributionState
from timeline.models import Tracked


class Contribution(Tracked):
    """One person of finance has seen money come in at the bank and says for what, a second one books it or does not."""

    class Purse(models.TextChoices):
        """Where it goes."""

        FUND = "fund", _("Guarantee fund")
        OWN = "own", _("The platform's own money")

    machine = CONTRIBUTION

    purse = models.CharField(max_length=10, choices=Purse.choices)
    amount = models.BigIntegerField(help_text="fen")
    document = models.CharField(max_length=60, help_text="the number of the bank's document")
    reason = models.TextField(max_length=1000)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CONTRIBUTION.constraint("ledger_contribution_state"),
            models.CheckConstraint(condition=Q(purse__in=["fund", "own"]), name="ledger_contribution_purse"),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & ~Q(document="") & ~Q(reason=""), name="ledger_contribution_amount"
            ),
            models.UniqueConstraint(
                fields=["document", "purse"],
                condition=Q(state__in=["booked", "proposed"]),
                name="ledger_contribution_document_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="booked")
                | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="ledger_contribution_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["-decided_at"], condition=Q(state="booked"), name="ledger_contribution_booked"),
        ]

    @property
    def account(self) -> str:
        """The address that the money is paid into."""
        return f"platform:{self.purse}"

    @property
    def number(self) -> str:
        """What names it in a statement: the bank's document."""
        return self.document

    def get_absolute_url(self) -> str:
        """The page of finance on which it stands."""
        return reverse("ledger:contributions")

    def is_open(self) -> bool:
        """Whether a second person has still to decide."""
        return self.state == ContributionState.PROPOSED

    def may_be_booked_by(self, user: Any) -> bool:
        """Whether this person of finance can be the second one."""
        return self.is_open() and user.pk != self.proposed_by_id
