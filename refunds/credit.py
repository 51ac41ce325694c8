"""Credit notes (红字): every fen that went back to a buyer has one, and none is ever changed.

Of a case it is written in the breath in which the money arrives; of what went back beside a case, by a worker within a
minute, so that no verb of a sale waits for paper. Amounts are fen.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q, QuerySet

from ledger.models import Payout
from ledger.states import PayoutState
from orders.models import Order, Unit
from refunds.papers import CreditNote
from rulebook.parsed import canonical
from timeline import numbers, page
from timeline.door import lock, verb
from timeline.models import Event

log = logging.getLogger(__name__)

#: Why something went back beside a case: in words by `refunds.words.beside`.
CALLED_OFF, BY_THE_CHANNEL, ON_TOP, RETURNED, OWED = "called_off", "by_the_channel", "on_top", "returned", "owed"


def issue(
    refund: Any, *, granted: Sequence[tuple[int, int]], compensation: int, payout: str, to: str, at: datetime
) -> CreditNote:
    """The note of a locked case: `granted` are the places of its units and the fen that go back for each.

    `payout` is the number of the payment and `to` where it went. The sum is theirs and the compensation's.
    """
    order = refund.order
    listing = order.snapshot.listing
    amount = sum(part for _place, part in granted) + compensation
    body = canonical(
        {
            "amount": amount,
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
            "units": [[place, part] for place, part in sorted(granted) if part],
        }
    )
    note = CreditNote(
        refund=refund,
        number=numbers.new("H", at),
        amount=amount,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        at=at,
    )
    page.insert([note])
    return note


def arrived(granted: Sequence[tuple[int, int]], compensation: int, *, of: int) -> tuple[Sequence[tuple[int, int]], int]:
    """What `of` fen in all are for each unit and on top: the price is filled first, the earlier unit first."""
    missing = sum(amount for _place, amount in granted) + compensation - of
    if missing <= 0:
        return granted, compensation
    on_top = min(missing, compensation)
    missing -= on_top
    units = []
    for place, amount in sorted(granted, reverse=True):
        part = min(missing, amount)
        missing -= part
        units.append((place, amount - part))
    return units, compensation - on_top


def write_missing(*, at: datetime, days: int = 1, most: int = 200) -> int:
    """Write the notes of what arrived beside a case in the last days; returns how many. Not inside a transaction."""
    written = 0
    for pk in missing(at=at, days=days).order_by("pk").values_list("pk", flat=True)[:most]:
        try:
            written += _write(pk, at=at)
        except Exception:
            log.exception("payout %s has no credit note yet", pk)
    return written


def missing(*, at: datetime, days: int) -> QuerySet[Payout]:
    """Payouts that arrived at a buyer beside a case in the last days and have no note."""
    of_a_sale = Q(under__startswith="order:") | Q(key__startswith="notice:")
    of_a_case = Q(cause__startswith="refund:") | Q(cause__contains=":balance:refund:")
    arrived = Payout.objects.filter(state=PayoutState.PAID, paid_at__gt=at - timedelta(days=days))
    return arrived.filter(of_a_sale, credit_note=None).exclude(of_a_case)


@verb
def _write(pk: int, *, at: datetime) -> bool:
    """One note over one payout; nothing if another worker was faster."""
    payout = Payout.objects.select_related("payment").get(pk=pk)
    lock(payout)
    if CreditNote.objects.filter(payout=payout).exists():
        return False
    order = _sale_of(payout)
    body = body_of(payout, order)
    try:
        with page.part():
            CreditNote.objects.create(
                payout=payout,
                order=order,
                number=numbers.new("H", at),
                amount=payout.amount,
                body=body,
                sha256=hashlib.sha256(body.encode()).hexdigest(),
                at=payout.paid_at or at,
            )
    except IntegrityError:
        return False  # the number was taken; the next wake-up draws another
    return True


def body_of(payout: Any, order: Any) -> str:
    """What the note of a payout beside a case says; of money that belonged to no sale, only what came and went."""
    sale = {} if order is None else _sale(order)
    return canonical(
        {
            **sale,
            **_split(payout),
            "amount": payout.amount,
            "at": payout.paid_at.isoformat(),
            "buyer": payout.user_id,
            "case": "",
            "cause": payout.cause,
            "charge": payout.charge,
            "payout": payout.number,
            "reason": reason_of(payout),
            "to": payout.destination,
        }
    )


def reason_of(payout: Any) -> str:
    """Why it went back."""
    if payout.key.startswith("notice:"):
        return RETURNED
    if payout.outside:
        return BY_THE_CHANNEL
    if payout.cause.startswith("owed:"):
        return OWED
    return CALLED_OFF if payout.cause.startswith("order:") and ":balance:" not in payout.cause else _beside(payout)


def _split(payout: Any) -> dict[str, Any]:
    """Of what was owed since an earlier decision: what came of the price of each unit, and on top of it."""
    if not payout.cause.startswith("owed:"):
        return {}
    told = Event.objects.filter(root=payout.under, name="order.owed_paid").order_by("-seq")
    data = next((event.data for event in told if event.data.get("payout") == payout.number), None)
    if data is None:
        return {}  # it came before that was told
    places = dict(Unit.objects.filter(pk__in=data["units"]).values_list("pk", "place"))
    units = sorted([places[int(pk)], part] for pk, part in data["units"].items())
    return {"units": units, "compensation": payout.amount - sum(part for _place, part in units)}


def _beside(payout: Any) -> str:
    """The part that goes to the balance has the cause of the rest behind its own."""
    _order, _word, cause = payout.cause.rpartition(":balance:")
    return CALLED_OFF if cause.startswith("order:") else ON_TOP


def _sale(order: Any) -> dict[str, Any]:
    listing = order.snapshot.listing
    return {
        "goods": listing.title,
        "kind": listing.kind,
        "order": order.number,
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "price": order.total,
        "rulebook": order.rulebook_version,
        "shop": order.shop.name,
    }


def _sale_of(payout: Payout) -> Order | None:
    """The sale that a payout is about: its root, or what the charge was for that is sent back."""
    address = payout.under if payout.under.startswith("order:") else payout.payment.subject if payout.payment else ""
    if not address.startswith("order:"):
        return None
    return Order.objects.select_related("shop", "snapshot__listing").get(pk=int(address.removeprefix("order:")))


def is_whole(note: CreditNote) -> bool:
    """Whether the note is still what was hashed."""
    return hashlib.sha256(note.body.encode()).hexdigest() == note.sha256
