"""How bad a batch is: codes sold, bad ones among them by our records or an issuer's word, and from when on it rings."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from orders.models import ValidityRecord
from reputation.models import Alarm
from reputation.thresholds import thresholds
from shops.models import Batch, Card


@dataclass(frozen=True)
class Look:
    """How a batch stands: codes sold, bad ones among them, and among those sold last."""

    sold: int
    bad: int
    bad_lately: int

    @property
    def why(self) -> str:
        """Why it is an alarm; empty if it is none."""
        found = thresholds().batches
        if self.bad_lately >= found.few:
            return str(Alarm.Why.FEW)
        is_many = self.bad * 10_000 >= found.rate_bp * self.sold
        if self.sold >= found.rate_from and self.bad >= found.rate_least and is_many:
            return str(Alarm.Why.RATE)
        return ""


def look(batch: Batch) -> Look:
    """Count a batch: a code is bad if it was given back as bad, or if an issuer or supplier says so."""
    said = ValidityRecord.objects.filter(unit__card=OuterRef("pk"), is_valid=False)
    sold = Card.objects.filter(batch=batch, sold_at__isnull=False).annotate(
        is_bad=Exists(said) | Q(failed_at__isnull=False)
    )
    lately = sold.order_by("-sold_at", "-pk").values_list("is_bad", flat=True)[: thresholds().batches.of]
    return Look(sold=sold.count(), bad=sold.filter(is_bad=True).count(), bad_lately=sum(lately))
