"""What the platform takes of what a shop is given: its commission, by the kind of goods. Rates are basis points."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from shops.models.listings import Kind

#: What is taken where nobody has agreed on another rate, and the most that anybody can agree on (money: release).
DEFAULT_BP, MOST_BP = 500, 3_000
#: So long everybody can read a new rate before it rules (rules: RULE_NOTICE; E-Commerce Law 34).
NOTICE = timedelta(days=7)
#: So long a second person has to agree on a proposal; after that it lapses.
OPEN_FOR = timedelta(days=14)


class Commission(models.Model):
    """A rate for one kind of goods, for orders placed from a day on: proposed by one of finance, agreed by another.

    It is never changed once it is agreed: a later one follows it, and this stays as its history.
    """

    kind = models.CharField(max_length=20, choices=Kind.choices)
    bp = models.PositiveSmallIntegerField(help_text="basis points of what is released")
    reason = models.CharField(max_length=300, help_text="why, for everybody to read")
    rules_at = models.DateTimeField(help_text="for orders placed from then on")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)
    dropped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=sorted(Kind.values)), name="shops_commission_kind"),
            models.CheckConstraint(condition=Q(bp__gte=0, bp__lte=MOST_BP), name="shops_commission_bp"),
            models.CheckConstraint(condition=~Q(reason=""), name="shops_commission_has_a_reason"),
            models.CheckConstraint(
                condition=Q(agreed_at=None, agreed_by=None)
                | Q(agreed_at__isnull=False, agreed_by__isnull=False, agreed_at__lte=F("rules_at") - NOTICE)
                & ~Q(agreed_by=F("proposed_by")),
                name="shops_commission_two_people_in_time",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None)
                | Q(dropped_at__isnull=False, dropped_by__isnull=False, agreed_at=None),
                name="shops_commission_dropped_or_agreed",
            ),
        ]

    @property
    def address(self) -> str:
        """The stream of its events: `commission:3`."""
        return f"commission:{self.pk}"

    @property
    def agree_by(self) -> datetime:
        """The last moment at which a second person can agree: fourteen days, and everybody has time to read it."""
        return min(self.proposed_at + OPEN_FOR, self.rules_at - NOTICE)

    @property
    def is_decided(self) -> bool:
        """Whether a second person agreed, or somebody took it back."""
        return self.agreed_at is not None or self.dropped_at is not None

    def is_open(self, at: datetime) -> bool:
        """Whether it still waits for a second person at `at`."""
        return not self.is_decided and at <= self.agree_by

    def has_lapsed(self, at: datetime) -> bool:
        """Whether nobody agreed in time: it is over by itself, and needs nobody who says so."""
        return not self.is_decided and at > self.agree_by
