"""Summary tables: what happened, counted by day, once, from the stream of events."""

from django.db import models

from shops.models import Shop


class Mark(models.Model):
    """How far the stream of events was counted.

    `ahead_id` is the goal that the mark moves to once every transaction that was writing at that moment has ended.
    """

    name = models.CharField(max_length=20, primary_key=True)
    event_id = models.BigIntegerField(default=0)
    ahead_id = models.BigIntegerField(default=0)
    writers = models.JSONField(default=list)
    at = models.DateTimeField(null=True)

    def is_there(self) -> bool:
        """Whether the goal is reached and the next one may be set."""
        return self.event_id >= self.ahead_id


class Tally(models.Model):
    """Of one measure on one day in Shanghai: how often, and how much in all (fen, minutes or units, by the measure).

    `part` divides a measure (a reason, an outcome, an upper bound of minutes). `shop` empty: the whole platform.
    """

    measure = models.CharField(max_length=30)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, null=True, related_name="tallies")
    day = models.DateField()
    part = models.CharField(max_length=40, blank=True)
    count = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "shop", "day", "part"], name="reputation_tally_once", nulls_distinct=False
            ),
        ]
        indexes = [models.Index(fields=["shop", "day"], name="reputation_tally_of_shop")]
