"""The payout brake: raised by broken books or by one person, released by two. While it is on, nothing leaves the house.

Decisions go on, and money moves inside the house. Whoever lets money out asks under a shared lock that payers do not
feel; whoever raises the brake writes the flag first, without waiting for anybody, and then waits until those who had
asked before are done (docs/decisions/0010).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from ledger.models import BooksCheck, Brake
from ledger.states import BrakeState
from timeline.door import begin, enter, lock, note, require

log = logging.getLogger(__name__)

#: The number of the advisory lock: shared by payers, whole for whoever waits for them.
PAYING = 520_054
#: The number of the lock that lets one raise the brake at a time.
RAISING = 520_055
#: How long raising waits for payers that are under way: longer than a channel is asked (ledger/sandbox.py).
DRAIN = "20s"
#: How many offenders of each rule are written down, and how long a reason may be.
MOST_OFFENDERS, LONGEST_REASON = 20, 500

Broken = Mapping[str, Sequence[str]]


def current() -> Brake | None:
    """The brake that is on, for pages; a payer asks with `is_raised` or `paying`."""
    return Brake.objects.filter(state=BrakeState.RAISED).select_related("raised_by", "signed_by").first()


def is_raised() -> bool:
    """Whether the brake is on; the answer stays true until this transaction ends. After all locks but the accounts'."""
    with connection.cursor() as cursor:
        cursor.execute("select ledger_brake_is_raised()")
        return bool(cursor.fetchone()[0])


def require_released() -> None:
    """Refuse (`payouts_paused`) to let money out while the brake is on."""
    require(
        not is_raised(),
        "payouts_paused",
        _("Nothing leaves the mall right now: payouts are paused while the books are looked at. Your money is safe."),
    )


@contextmanager
def paying() -> Iterator[bool]:
    """While a channel is asked to pay, outside of every transaction: whether the brake is off, and stays so inside."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock_shared(%s)", [PAYING])
    try:
        yield not Brake.objects.filter(state=BrakeState.RAISED).exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock_shared(%s)", [PAYING])


def raise_brake(*, why: str, by: Any, at: datetime, broken: Broken | None = None) -> Brake:
    """Let nothing out any more, in a transaction of its own; a brake that is on notes what else was found.

    `by` is one person of finance or risk, or nobody when the books do it. Raising does not wait for payers; afterwards
    it waits until those who were under way are done, and says so in the log if they take too long.
    """
    raised = _raise(why=why, by=by, at=at, broken=broken or {})
    transaction.on_commit(_wait_for_payers)
    return raised


@transaction.atomic
def sign_release(brake: Brake, *, reason: str, by: Any, at: datetime) -> bool:
    """One person of finance signs that payouts may run again, a second one releases them. Returns whether it is off.

    Only while the last check of the whole books, made since the brake was raised, is clean.
    """
    lock(brake)
    require(by.has_role("finance"), "not_your_turn", _("Only finance releases the payout brake."))
    require(brake.is_raised(), "wrong_moment", _("The payout brake is not on (any more)."))
    require(
        0 < len(reason.strip()) <= LONGEST_REASON,
        "reason_needed",
        _("Say why payouts may run again, in 500 characters at most."),
    )
    require(
        are_books_clean_since(brake),
        "books_not_clean",
        _("The last check of the whole books is not clean, or older than the brake. Mend them and check again."),
    )
    if brake.signed_by_id is None:
        brake.signed_by, brake.signed_at = by, at
        brake.save(update_fields=["signed_by", "signed_at"])
        note(brake, "brake.signed", by=by, at=at, data={"reason": reason.strip()})
        return False
    require(brake.signed_by_id != by.pk, "second_person", _("You signed this yourself: a second person must release."))
    brake.released_by, brake.released_at, brake.release_reason = by, at, reason.strip()
    brake.save(update_fields=["released_by", "released_at", "release_reason"])
    enter(brake, BrakeState.RELEASED, by=by, at=at, data={"reason": reason.strip(), "with": brake.signed_by_id})
    return True


def actions_for(found: Brake | None, user: Any) -> list[str]:
    """What `user` can do about the brake: raise, sign, release. Nothing else is offered."""
    roles = user.roles
    if found is None:
        return ["raise"] if roles & {"finance", "risk"} else []
    if "finance" not in roles or not are_books_clean_since(found):
        return []
    if found.signed_by_id is None:
        return ["sign"]
    return [] if found.signed_by_id == user.pk else ["release"]


def lapse(brake: Brake, *, limit: str, at: datetime) -> None:
    """No clock ends a brake, and none is ever started: only two people do."""
    raise LookupError(f"{brake.address} has no clock {limit}.")


def are_books_clean_since(brake: Brake) -> bool:
    """Whether the last check of the whole books was made after the brake was raised, and found nothing."""
    last = BooksCheck.objects.filter(scope=BooksCheck.Scope.WHOLE).order_by("-pk").first()
    return last is not None and last.pk > brake.check_mark and last.is_clean()


@transaction.atomic
def _raise(*, why: str, by: Any, at: datetime, broken: Broken) -> Brake:
    why = why.strip()
    if by is not None:
        require(
            by.has_role("finance") or by.has_role("risk"),
            "not_your_turn",
            _("Only finance and risk raise the payout brake."),
        )
    require(0 < len(why) <= LONGEST_REASON, "reason_needed", _("Say why, in 500 characters at most."))
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [RAISING])
    found = {rule: list(offenders)[:MOST_OFFENDERS] for rule, offenders in broken.items()}
    mark = BooksCheck.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    data = {"why": why, "rules": sorted(found)}
    brake = Brake.objects.filter(state=BrakeState.RAISED).first()
    if brake is None:
        brake = Brake(why=why, broken=found, raised_by=by, raised_at=at, check_mark=mark)
        begin(brake, by=by, at=at, data=data)
        log.critical("the payout brake was raised: %s", why)
        return brake
    lock(brake)
    if by is None and not set(found) - set(brake.broken):
        return brake  # the books say again what they said before
    brake.broken, brake.check_mark = {**brake.broken, **found}, mark
    brake.signed_by, brake.signed_at = None, None
    brake.save(update_fields=["broken", "check_mark", "signed_by", "signed_at"])
    note(brake, "brake.raised_again", by=by, at=at, data=data)
    return brake


def _wait_for_payers() -> None:
    """Until whoever had asked before the brake was raised is done."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local lock_timeout = '{DRAIN}'")
            cursor.execute("select pg_advisory_xact_lock(%s)", [PAYING])
    except OperationalError:
        log.critical("the payout brake is on, but somebody who pays was not done within %s", DRAIN)
