"""Money that the mall puts in: propose · book · decline · lapse. Into the guarantee fund, or into its own pocket.

The fund pays shops' buyers first when a shop cannot, the platform's own money pays for the platform's faults; both are
filled by the mall itself, from its account at a bank, which the books see from inside: `channel:bank` is below zero by
what came from it. One person of finance says how much came, by which document and what for, a second one looks at the
document and books it: nobody fills a pocket alone. What is booked is public, as a sum (rules 5.11). Amounts are fen.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from ledger.models import Contribution
from ledger.states import ContributionState
from ledger.transfers import Move, Reason, post_with_page
from timeline.door import begin, change, enter, lock, require, verb
from timeline.spans import hours

#: The mall's account at its bank, as the books see it.
BANK = "channel:bank"
#: How long a proposal waits for a second person of finance.
TO_BOOK = hours(72)
#: A hundred million yuan: more is a slip of the pen.
MOST = 10_000_000_000
SHORTEST_REASON, SHORTEST_DOCUMENT, LONGEST_DOCUMENT = 6, 4, 60


@verb
def propose(*, purse: str, amount: int, document: str, reason: str, by: Any, at: datetime) -> Contribution:
    """Somebody of finance says that money came in at the bank for a pocket of the mall, and by which document.

    Refused: `not_your_turn`, `bad_purse`, `bad_amount`, `document_missing`, `reason_missing`, `document_known`.
    """
    require(by.has_role("finance"), "not_your_turn", _("Only finance puts money in."))
    require(
        purse in Contribution.Purse.values, "bad_purse", _("Choose the guarantee fund or the platform's own money.")
    )
    require(0 < amount <= MOST, "bad_amount", _("The amount is between ¥0.01 and ¥100,000,000.00."))
    number, said = " ".join(document.split()), reason.strip()
    require(
        SHORTEST_DOCUMENT <= len(number) <= LONGEST_DOCUMENT,
        "document_missing",
        _("Give the number of the bank's document, in 4 to 60 characters."),
    )
    require(len(said) >= SHORTEST_REASON, "reason_missing", _("Say why, in six characters at least."))
    found = Contribution(
        purse=purse, amount=amount, document=number, reason=said[:1000], proposed_by=by, proposed_at=at
    )
    data = {"amount": amount, "purse": purse, "document": number, "reason": found.reason}
    is_new = begin(found, by=by, at=at, span=TO_BOOK, data=data, unless_there=True)
    require(is_new, "document_known", _("This document was given already: a sum is put in only once."))
    return found


@verb
def book(found: Contribution, *, by: Any, at: datetime) -> None:
    """A second person of finance has seen the document: the money is in the pocket.

    Refused: `not_your_turn`, `second_person`, `wrong_moment`.
    """
    lock(found)
    _require_decidable(found, by=by, at=at)
    require(
        by.pk != found.proposed_by_id, "second_person", _("You proposed this yourself: a second person must agree.")
    )
    key = f"{found.address}:booked"
    moved = Move(key, BANK, found.account, found.amount, Reason.FUNDING, found.address)
    post_with_page([moved], journal=key, at=at)
    change(found, decided_by=by, decided_at=at)
    data = {"amount": found.amount, "purse": found.purse, "document": found.document, "with": found.proposed_by_id}
    enter(found, ContributionState.BOOKED, by=by, at=at, data=data)


@verb
def decline(found: Contribution, *, by: Any, at: datetime) -> None:
    """Somebody of finance does not find the money, or takes back what they proposed.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(found)
    _require_decidable(found, by=by, at=at)
    change(found, decided_by=by, decided_at=at)
    enter(found, ContributionState.DECLINED, by=by, at=at, data={"amount": found.amount, "purse": found.purse})


@verb
def lapse(found: Contribution, *, limit: str, at: datetime) -> None:
    """Nobody signed in time: nothing moved, and it can be proposed again."""
    lock(found)
    if found.machine.limits.get(found.state) != limit or not found.is_overdue(at):
        return  # decided while this call was on its way
    enter(found, ContributionState.LAPSED, by=None, at=at, data={"amount": found.amount, "purse": found.purse})


def booked(most: int = 12) -> list[Contribution]:
    """What was put in lately, the newest first; everybody may read sum, pocket and day."""
    return list(Contribution.objects.filter(state=ContributionState.BOOKED).order_by("-decided_at", "-pk")[:most])


def _require_decidable(found: Contribution, *, by: Any, at: datetime) -> None:
    require(by.has_role("finance"), "not_your_turn", _("Only finance puts money in."))
    require(
        found.is_open() and not found.is_overdue(at), "wrong_moment", _("This proposal is decided already, or too old.")
    )
