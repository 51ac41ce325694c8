"""What a buyer owes the guarantee fund: book · pay · collect · propose · agree · decline · lapse.

A bank took back what had been spent, or a channel paid back what the mall had paid back already: the fund has advanced
it. Whoever owes is told line by line how it came about, can pay it by the balance or by a channel, and what comes onto
the balance pays it first. Two people of finance may let it go. Nobody is lent money and no interest runs. Amounts are
fen; the law is that of money received for nothing (Civil Code 985) and of setting off (568).
"""

import logging
from datetime import datetime
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _

from accounts.models import User
from ledger.accounts import balance, balances
from ledger.errors import LedgerError
from ledger.models import Account, Transfer, WriteOff
from ledger.states import WriteOffState
from ledger.templatetags.money import yuan
from ledger.transfers import Move, Reason, post_with_page
from timeline import events
from timeline.door import begin, change, enter, lock, locked, require, verb
from timeline.spans import hours

log = logging.getLogger(__name__)

FUND, RECOVERABLE = "platform:fund", "platform:recoverable"
#: How long a proposal to let a debt go waits for a second person of finance.
TO_AGREE = hours(72)
SHORTEST_REASON = 6


def owed_by(user: Any) -> int:
    """What somebody owes the fund, in fen."""
    return -balance(f"{user.address}:debt")


def as_owed(user: Any, amount: int, *, key: str, subject: str) -> Move:
    """The movement by which `amount` fen that the fund has advanced for somebody are owed to it."""
    return Move(key, f"{user.address}:debt", RECOVERABLE, amount, Reason.DEBT, subject)


@verb
def pay(user: Any, *, amount: int, by: Any, at: datetime) -> None:
    """A buyer pays some or all of what is owed from the balance.

    Refused: `not_your_turn`, `nothing_owed`, `bad_amount`, `insufficient_balance`.
    """
    user = locked(User, user.pk)
    require(by.pk == user.pk, "not_your_turn", _("Only whoever owes it pays it from their balance."))
    held = balances([f"{user.address}:wallet", f"{user.address}:debt"])
    there, owed = held[f"{user.address}:wallet"], -held[f"{user.address}:debt"]
    require(owed > 0, "nothing_owed", _("You owe nothing."))
    require(
        0 < amount <= owed,
        "bad_amount",
        _("You owe %(owed)s: pay something between ¥0.01 and that.") % {"owed": yuan(owed)},
    )
    require(there >= amount, "insufficient_balance", _("Your balance is not enough. Pay by a channel instead."))
    moves = _moves(user, amount)
    post_with_page(moves, journal=moves[0].key, at=at)
    data = {"amount": amount, "left": owed - amount}
    events.record(root=user.address, subject=user.address, name="debt.paid", by=by, at=at, data=data)


@verb
def collect(user: Any, *, at: datetime) -> int:
    """What is on the balance of somebody who owes pays the debt, as far as it goes; returns how many fen."""
    moves = collected(user, income=0, at=at)
    post_with_page(moves, journal=moves[0].key if moves else "", at=at)
    return moves[0].amount if moves else 0


def collected(user: Any, *, income: int, at: datetime) -> list[Move]:
    """The movements by which `income` fen that are about to come onto a balance, and what is on it, pay what is owed;
    none where nothing is. They are to be made in one call with the income, or nobody could keep the order of locks."""
    if not owed_by(user):
        return []
    user = locked(User, user.pk)
    held = balances([f"{user.address}:wallet", f"{user.address}:debt"])
    there, owed = held[f"{user.address}:wallet"] + income, -held[f"{user.address}:debt"]
    part = min(there, owed)
    if part <= 0:
        return []
    data = {"amount": part, "left": owed - part}
    events.record(root=user.address, subject=user.address, name="debt.collected", by=None, at=at, data=data)
    return _moves(user, part)


def run(*, at: datetime, most: int = 100) -> int:
    """Collect from everybody who owes and to whose balance something has come; returns from how many people.

    Not inside a transaction. Who spends it at the same moment was faster; the next wake-up looks again.
    """
    owing = Account.objects.filter(kind="debt", address__startswith="user:", balance__lt=0)
    people = {int(address.split(":")[1]) for address in owing.values_list("address", flat=True).order_by("pk")}
    held = balances([f"user:{pk}:wallet" for pk in people])
    found = 0
    for pk in [pk for pk in sorted(people) if held[f"user:{pk}:wallet"] > 0][:most]:
        try:
            found += collect(User(pk=pk), at=at) > 0
        except LedgerError as error:
            log.warning("user:%s: what is owed is not collected now: %s", pk, error)
    return found


@verb
def propose(user: Any, *, amount: int, reason: str, by: Any, at: datetime) -> WriteOff:
    """Somebody of finance proposes to let so much of a debt go: it cannot be got back, or should not.

    Refused: `not_your_turn`, `nothing_owed`, `bad_amount`, `reason_missing`, `proposed_already`.
    """
    user = locked(User, user.pk)
    require(by.has_role("finance") and by.pk != user.pk, "not_your_turn", _("Only finance lets a debt go."))
    owed, said = owed_by(user), reason.strip()
    require(owed > 0, "nothing_owed", _("Nothing is owed here."))
    require(0 < amount <= owed, "bad_amount", _("%(owed)s are owed: not more can be let go.") % {"owed": yuan(owed)})
    require(len(said) >= SHORTEST_REASON, "reason_missing", _("Say why, in six characters at least."))
    require(
        not WriteOff.objects.filter(user=user, state=WriteOffState.PROPOSED).exists(),
        "proposed_already",
        _("Somebody has proposed this already: agree, or decline it first."),
    )
    found = WriteOff(user=user, amount=amount, reason=said[:1000], proposed_by=by, proposed_at=at)
    begin(found, by=by, at=at, span=TO_AGREE, data={"amount": amount, "reason": said[:1000]})
    return found


@verb
def agree(found: WriteOff, *, by: Any, at: datetime) -> int:
    """A second person of finance agrees: what is still owed of it is not owed any more, and the fund bears it.

    Returns the fen. Refused: `not_your_turn`, `second_person`, `wrong_moment`.
    """
    lock(found)
    _require_decidable(found, by=by, at=at)
    require(
        by.pk != found.proposed_by_id, "second_person", _("You proposed this yourself: a second person must agree.")
    )
    part = min(found.amount, owed_by(found.user))
    if part:
        key = f"{found.address}:written_off"
        moved = Move(key, RECOVERABLE, f"{found.user.address}:debt", part, Reason.DEBT_WRITTEN_OFF, found.address)
        post_with_page([moved], journal=key, at=at)
    change(found, decided_by=by, decided_at=at)
    enter(found, WriteOffState.AGREED, by=by, at=at, data={"amount": part})
    return part


@verb
def decline(found: WriteOff, *, by: Any, at: datetime) -> None:
    """Somebody of finance does not agree, or takes back what they proposed.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(found)
    _require_decidable(found, by=by, at=at)
    change(found, decided_by=by, decided_at=at)
    enter(found, WriteOffState.DECLINED, by=by, at=at, data={"amount": found.amount})


@verb
def lapse(found: WriteOff, *, limit: str, at: datetime) -> None:
    """Nobody agreed in time: the debt stays, and it can be proposed again."""
    lock(found)
    if found.machine.limits.get(found.state) != limit or not found.is_overdue(at):
        return  # decided while this call was on its way
    enter(found, WriteOffState.LAPSED, by=None, at=at, data={"amount": found.amount})


def since(addresses: list[str]) -> dict[str, datetime]:
    """Since when each debt account has had lines; one query."""
    rows = (
        Transfer.objects.filter(postings__account__address__in=addresses)
        .values("postings__account__address")
        .annotate(first=Min("at"))
        .order_by("postings__account__address")
    )
    return {row["postings__account__address"]: row["first"] for row in rows}


def _moves(user: Any, amount: int) -> list[Move]:
    """From the balance to the fund, and so much less is owed. Each line of a debt is a key of its own."""
    debt = f"{user.address}:debt"
    place = Account.objects.filter(address=debt).values_list("seq", flat=True).get()
    key, reason = f"{debt}:{place}", Reason.DEBT_COLLECTED
    return [
        Move(f"{key}:paid", f"{user.address}:wallet", FUND, amount, reason, user.address),
        Move(f"{key}:owed_less", RECOVERABLE, debt, amount, reason, user.address),
    ]


def _require_decidable(found: WriteOff, *, by: Any, at: datetime) -> None:
    require(by.has_role("finance") and by.pk != found.user_id, "not_your_turn", _("Only finance lets a debt go."))
    require(
        found.is_open() and not found.is_overdue(at), "wrong_moment", _("This proposal is decided already, or too old.")
    )
