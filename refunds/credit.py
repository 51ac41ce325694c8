"""The credit note (红字) of a case that was paid: written as the money arrives, never changed."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from refunds.papers import CreditNote
from rulebook.parsed import canonical
from timeline import numbers, page


def issue(
    refund: Any, *, granted: Iterable[tuple[int, int]], compensation: int, payout: str, to: str, at: datetime
) -> CreditNote:
    """The note of a locked case: `granted` are the places of its units and the fen that go back for each.

    `payout` is the number of the payment and `to` where it went. The sum is what was approved.
    """
    order = refund.order
    listing = order.snapshot.listing
    body = canonical(
        {
            "amount": refund.approved,
            "at": at.isoformat(),
            "buyer": refund.buyer_id,
            "case": refund.number,
            "compensation": compensation,
            "goods": listing.title,
            "kind": listing.kind,
            "order": order.number,
            "outcome": str(refund.outcome),
            "paid_at": order.paid_at.isoformat() if order.paid_at else None,
            "payout": payout,
            "price": order.total,
            "reason": refund.reason,
            "rulebook": refund.decision.get("version", ""),
            "shop": order.shop.name,
            "to": to,
            "units": [[place, amount] for place, amount in sorted(granted) if amount],
        }
    )
    note = CreditNote(
        refund=refund,
        number=numbers.new("H", at),
        amount=refund.approved,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        at=at,
    )
    page.insert([note])
    return note


def is_whole(note: CreditNote) -> bool:
    """Whether the note is still what was hashed."""
    return hashlib.sha256(note.body.encode()).hexdigest() == note.sha256
