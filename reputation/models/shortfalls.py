"""Times in which the guarantee fund held too little of what it should."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from reputation.states import SHORTFALL
from timeline.models import Tracked


class Shortfall(Tracked):
    """The guarantee fund fell below 60 % of its aim; below 40 % nobody's instant cap rises until it is over.

    `caps` are the instant caps by level, in fen, as they were when it fell below 40 %; `stopped_at` is that moment.
    """

    machine = SHORTFALL

    since = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    held = models.BigIntegerField(help_text="fen that the fund held when it was noticed")
    aim = models.BigIntegerField(help_text="fen that it should have held then")
    caps = models.JSONField(default=dict)

    class Meta:
        constraints = [
            SHORTFALL.constraint("reputation_shortfall_state"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="low"), name="reputation_shortfall_one_low"),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="stopped"), name="reputation_shortfall_one_stopped"
            ),
            models.CheckConstraint(
                condition=Q(state="over", over_at__isnull=False) | ~Q(state="over") & Q(over_at=None),
                name="reputation_shortfall_over",
            ),
            models.CheckConstraint(
                condition=~Q(state="stopped") | Q(stopped_at__isnull=False), name="reputation_shortfall_stopped"
            ),
        ]

    def get_absolute_url(self) -> str:
        """Where everybody reads it."""
        return f"{reverse('reputation:transparency')}#fund"
