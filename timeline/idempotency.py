"""A request that is sent twice counts once: the first answer is kept under the key that the sender chose.

The verb and its kept answer are one transaction, so there is no moment at which one exists without the other: after a
crash either both are there, and the next try gets the answer, or neither is, and the next try is the first.
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from timeline.models import KeptAnswer
from timeline.refusals import require

#: How long an answer is kept, in real time: a sender may try again for at least a day.
KEPT_FOR = timedelta(hours=48)


def digest(*, method: str, path: str, body: bytes) -> str:
    """What makes two requests the same: the method, the address with its query, and the body to the byte.

    Keyed, because a body may hold short codes (卡密) that a bare hash in the database would let somebody guess.
    """
    return salted_hmac("timeline.idempotency", f"{method} {path}\n".encode() + body, algorithm="sha256").hexdigest()


def claim(*, by: Any, key: str, request_digest: str) -> KeptAnswer | None:
    """Claim `key` for this transaction: the kept answer if there is one, nothing if this request is the first.

    Refused while a twin is at work (`idempotency_in_progress`) and when the key already stands for another request
    (`idempotency_key_reused`). The claim is a lock that ends with the transaction and that nobody waits for; so it can
    neither be left behind by a crash nor be part of a deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_number(by.pk, key)])
        is_ours = cursor.fetchone()[0]
    require(is_ours, "idempotency_in_progress", _("The same request is being worked on. Ask again in a moment."))
    # Read after the lock: a twin's answer is visible before its lock is free.
    kept = KeptAnswer.objects.filter(by=by, key=key).first()
    require(
        kept is None or kept.request_digest == request_digest,
        "idempotency_key_reused",
        _("This key already stands for another request. Choose a new key for a new request."),
    )
    return kept


def keep(*, by: Any, key: str, request_digest: str, status: int, body: str, location: str = "") -> None:
    """Keep the answer to a request whose key was claimed in this transaction."""
    KeptAnswer.objects.create(
        by=by, key=key, request_digest=request_digest, status=status, body=body, location=location, at=Now()
    )


def forget_old() -> int:
    """Forget answers that were kept long enough; returns how many."""
    forgotten, _kinds = KeptAnswer.objects.filter(at__lt=Now() - KEPT_FOR).delete()
    return forgotten


def _number(user_id: int, key: str) -> int:
    """A number of 64 bits for the lock; two keys that met in one would only wait for each other."""
    return int.from_bytes(hashlib.sha256(f"idempotency:{user_id}:{key}".encode()).digest()[:8], "big", signed=True)
