"""What the sandbox channel knows of the demo's sales and complaints: what the stories told, as if it had been there.

Without it the channel would refuse whatever the mall says about them: an answer to a complaint, a refund.
"""

from pathlib import Path
from typing import Any

from django.conf import settings

from complaints.models import Complaint, Source, Word
from kamen.sandbox_channel import Channel
from kamen.sandbox_complaints import STATES
from ledger.models import Payment

#: How the stories call the charges that they invented (kamen/sales_of_the_demo.py, kamen/cases_of_the_demo.py).
INVENTED = "demo-"
#: Of whoever complained the mall knows the last two digits only; the channel has a whole number.
PHONE = "13800138000"


def write(store: Path) -> None:
    """Add what is missing to the books at `store`, while the channel does not run; what is there stays."""
    books = Channel(str(store), settings.SANDBOX_SECRET)
    invented = Payment.objects.filter(provider_txn__startswith=INVENTED).order_by("pk")
    with books.writing() as database:
        for payment in invented:
            _charge(database, payment)
        for complaint in Complaint.objects.exclude(source=Source.AUTHORITY).order_by("pk"):
            _complaint(database, complaint)
    books.database.close()


def _charge(database: Any, payment: Payment) -> None:
    """A charge that was paid, and of which the mall knows."""
    paid_at = (payment.paid_at or payment.entered_at).timestamp()
    database.execute(
        "insert or ignore into charge (number, token, amount, title, notify_url, return_url) values (?, ?, ?, ?, ?, ?)",
        [payment.number, f"invented-{payment.number}", payment.amount, "demo", _mall("/"), _mall("/")],
    )
    database.execute(
        "insert or ignore into paid (txn, number, amount, visible_at, told, next_at) values (?, ?, ?, ?, 1, ?)",
        [payment.provider_txn, payment.number, payment.amount, paid_at, paid_at],
    )


def _complaint(database: Any, complaint: Complaint) -> None:
    """A complaint with what was said there so far."""
    payment = complaint.payment
    if payment is None or not payment.provider_txn.startswith(INVENTED):
        return
    words = list(complaint.words.filter(sent_at__isnull=False).order_by("pk"))
    stage = "new" if not words else "done" if words[-1].kind == Word.Kind.RESULT else "said"
    told_at = complaint.told_at.timestamp()
    is_new = database.execute(
        "insert or ignore into complaint (number, road, charge, txn, amount, text, demand, asked, phone, state, times,"
        " made_at, notify_url) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(complaint.outside_number, complaint.source, payment.number, payment.provider_txn, payment.amount),
            *(complaint.text, complaint.demand, complaint.asked or payment.amount, PHONE),
            *(STATES[complaint.source][stage], complaint.asks, told_at),
            _mall(f"/pay/{complaint.source}/complaints/"),
        ],
    ).rowcount
    if not is_new:
        return
    said = "insert into said (number, who, what, text, key, refund, amount, at) values (?, ?, ?, ?, ?, ?, ?, ?)"
    number = complaint.outside_number
    for word in words:
        told = [number, "merchant", "MERCHANT_RESPONSE", word.text, word.number, "", 0, word.at.timestamp()]
        database.execute(said, told)
    for paid in complaint.externals.order_by("pk"):
        at = paid.at.timestamp()
        database.execute(said, [number, "platform", "PLATFORM_REFUND", "", "", paid.reference, paid.amount, at])
        database.execute(
            "insert or ignore into refund (number, txn, amount, state, done_at) values (?, ?, ?, 'done', ?)",
            [paid.reference, payment.provider_txn, paid.amount, at],
        )


def _mall(path: str) -> str:
    return f"{settings.PUBLIC_ADDRESS.rstrip('/')}{path}"
