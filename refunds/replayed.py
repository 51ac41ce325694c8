"""Past cases for the rulebook to decide again: the claims as our records had them when they were filed."""

import json
from collections.abc import Iterator

from django.urls import reverse

from refunds.models import Refund
from rulebook.claims import Claim, InvalidClaim
from rulebook.hooks import RealCase

#: So many cases are replayed at most, the newest first.
MOST = 20_000


def cases_known() -> int:
    """How many cases `recent_cases` gives at most."""
    return min(Refund.objects.count(), MOST)


def recent_cases() -> Iterator[RealCase]:
    """The newest cases, a claim for each group of equal units; what no claim can be made of is left out."""
    found = Refund.objects.select_related("order__snapshot").order_by("-pk")[:MOST]
    for refund in found.iterator(chunk_size=500):
        page = reverse("refunds:case", kwargs={"number": refund.number})
        for part in refund.decision["parts"]:
            claim = _claim(refund, part)
            if claim is not None:
                yield RealCase(refund.number, page, claim, len(part["places"]))


def _claim(refund: Refund, part: dict[str, object]) -> Claim | None:
    """The claim of one group of units. A case whose shape the engine no longer takes is not replayed."""
    promised = json.loads(refund.order.snapshot.body)
    try:
        return Claim.read(
            {
                "kind": promised["kind"],
                "reason": refund.reason,
                "state": part["state"],
                "level": refund.decision["level"],
                "paid": promised["price"],
                "facts": part["facts"],
                # Cases that were kept before grades were: all of it was our record.
                "state_proof": part.get("state_proof", "VERIFIED"),
                "grades": part.get("grades", {}),
            }
        )
    except InvalidClaim:
        return None
