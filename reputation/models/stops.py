"""Shops whose sales the figures stopped, and by which figures."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class HardStop(models.Model):
    """Why a shop's sales were stopped without a person: the counts, and the goods whose money is withheld meanwhile.

    The step itself, with its term and its appeal to a person, is the `sanction`.
    """

    class Ground(models.TextChoices):
        """What was too much."""

        CLAIMS = "claims", _("Too many claims upheld")
        FRAUDS = "frauds", _("Proven fraud")
        BATCH = "batch", _("A bad batch that the shop did not answer for")

    sanction = models.OneToOneField("shops.Sanction", on_delete=models.PROTECT, related_name="hard_stop")
    ground = models.CharField(max_length=10, choices=Ground.choices)
    units = models.PositiveIntegerField(help_text="units sold in the window, or of the batch")
    upheld = models.PositiveIntegerField(help_text="of these, paid back by the supply side's fault, or bad")
    frauds = models.PositiveIntegerField(help_text="rulings that found fraud")
    listings = models.JSONField(default=list, help_text="ids of the listings whose later settlements are withheld")

    alarm = models.OneToOneField(
        "reputation.Alarm",
        on_delete=models.PROTECT,
        null=True,
        related_name="hard_stop",
        help_text="over the batch that was not answered for; only its units' settlements are withheld then",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ground__in=["claims", "frauds"], alarm=None) | Q(ground="batch", alarm__isnull=False),
                name="reputation_hardstop_ground",
            ),
        ]
