"""The noun of debts that are let go: what a buyer owes the guarantee fund, and who said that it need not be paid back.

The debt itself is an account (`user:3:debt`), and its statement says how it came about. Amounts are fen.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from ledger.states import WRITE_OFF, WriteOffState
from timeline.models import Tracked


class WriteOff(Tracked):
    """One person of finance proposes to let a buyer's debt go, a second one agrees or does not."""

    machine = WRITE_OFF
    root_by = "user"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="write_offs")
    amount = models.BigIntegerField(help_text="fen; what was paid meanwhile is not let go")
    reason = models.TextField(max_length=1000)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            WRITE_OFF.constraint("ledger_writeoff_state"),
            models.UniqueConstraint(fields=["user"], condition=Q(state="proposed"), name="ledger_writeoff_one_open"),
            models.CheckConstraint(condition=Q(amount__gt=0) & ~Q(reason=""), name="ledger_writeoff_amount"),
            models.CheckConstraint(
                condition=~Q(state="agreed") | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="ledger_writeoff_agreed_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="agreed") | ~Q(decided_by=F("proposed_by")) & ~Q(decided_by=F("user")),
                name="ledger_writeoff_two_people",
            ),
        ]

    def root(self) -> models.Model:
        """What somebody owes is under their own lock."""
        return self.user

    def is_open(self) -> bool:
        """Whether a second person has still to decide."""
        return self.state == WriteOffState.PROPOSED

    def may_be_seconded_by(self, user: Any) -> bool:
        """Whether this person of finance can be the second one: neither who proposed it nor who owes."""
        return self.is_open() and user.pk not in {self.proposed_by_id, self.user_id}

    def may_be_ended_by(self, user: Any) -> bool:
        """Whether this person of finance can end it: whoever could agree, and whoever proposed it and takes it back."""
        return self.is_open() and user.pk != self.user_id
