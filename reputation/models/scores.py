"""What the two sides of a case say of how it was handled: one question, once for each side."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class Score(models.Model):
    """From 1 to 5, how one side says its case was handled. It neither changes nor moves anything but a public mean."""

    class Side(models.TextChoices):
        """Who says it."""

        BUYER = "buyer"
        SHOP = "shop"

    refund = models.ForeignKey("refunds.Refund", on_delete=models.PROTECT, related_name="scores")
    side = models.CharField(max_length=10, choices=Side.choices)
    score = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "side"], name="reputation_score_once_a_side"),
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="reputation_score_of_five"),
            models.CheckConstraint(condition=Q(side__in=["buyer", "shop"]), name="reputation_score_side"),
        ]
