"""Who decides where the platform itself is the respondent: outside neutrals of a published list, named in turn."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Role
from disputes import assignment, course, rulings
from disputes.models import HEARING, Dispute, Neutral, Seat
from disputes.states import DisputeState
from refunds.models import Refund
from timeline import events
from timeline.door import change, lock, lock_root, note, require, verb

#: Above so many fen of the platform's own fault, its staff does not rule.
STAFF_MAY_RULE = 20_000


@verb
def enlist(*, user: Any, name: str, organization: str, about: str, by: Any, at: datetime) -> Neutral:
    """A lead puts somebody from outside on the public list. Refused: `not_your_turn`, `not_outside`, `listed_already`,
    `words_missing`."""
    require(by.has_role(Role.LEAD), "not_your_turn", _("Only a lead keeps the list of neutrals."))
    lock_root(user)
    require(not user.is_mall_staff, "not_outside", _("Somebody who works for the mall is no neutral."))
    require(
        not Neutral.objects.filter(user=user, delisted_at=None).exists(),
        "listed_already",
        _("This person is on the list already."),
    )
    require(
        all(each.strip() for each in (name, organization, about)),
        "words_missing",
        _("Both sides must know who it is: name, organization, training and ties."),
    )
    neutral, _is_new = Neutral.objects.update_or_create(
        user=user,
        defaults={
            "name": name.strip(),
            "organization": organization.strip(),
            "about": about.strip(),
            "listed_by": by,
            "listed_at": at,
            "delisted_at": None,
        },
    )
    data = {"neutral": neutral.pk, "organization": neutral.organization}
    events.record(root=user.address, subject=user.address, name="neutral.listed", by=by, at=at, data=data)
    return neutral


@verb
def delist(neutral: Neutral, *, by: Any, at: datetime) -> None:
    """A lead takes somebody from the list; cases that they have stay with them. Refused: `not_your_turn`,
    `wrong_moment`."""
    require(by.has_role(Role.LEAD), "not_your_turn", _("Only a lead keeps the list of neutrals."))
    lock_root(neutral.user)
    neutral.refresh_from_db()
    require(neutral.delisted_at is None, "wrong_moment", _("This person is not on the list any more."))
    change(neutral, delisted_at=at)
    address = neutral.user.address
    events.record(root=address, subject=address, name="neutral.delisted", by=by, at=at, data={"neutral": neutral.pk})


@verb
def refer(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The arbiter or a lead sees that the platform itself is the respondent: the next neutral of the list decides.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(dispute)
    is_lead = by.has_role(Role.LEAD) and dispute.side_of(by) is None
    if not is_lead:
        course.require_arbiter(dispute, by)
    require(may_be_referred(dispute), "wrong_moment", course.WRONG_MOMENT)
    change(dispute, is_against_platform=True)
    note(dispute, "dispute.referred", by=by, at=at)
    name(dispute, at=at)


def name(dispute: Dispute, *, at: datetime) -> bool:
    """Give the case to the next neutral of the list; whether there is one. Else the leads hear of it."""
    neutral = assignment.next_neutral(dispute, at=at)
    if neutral is None:
        course.alarm(dispute, "no outside neutral is on the list", at=at)
        return False
    change(dispute, neutral=neutral)
    note(dispute, "dispute.neutral_named", by=None, at=at, data={"neutral": neutral.pk})
    if dispute.state == DisputeState.OPENED:
        course.begin_hearing(dispute, neutral.user, by=None, at=at)
    else:
        course.give_to(dispute, neutral.user, because=Seat.Left.REASSIGNED, at=at)
    return True


def may_be_referred(dispute: Dispute) -> bool:
    """Whether the case can still go to somebody from outside."""
    return dispute.state in {DisputeState.OPENED, *HEARING} and dispute.neutral_id is None


def is_against_platform(refund: Refund) -> bool:
    """Whether the rules see the fault with the platform alone, above what its staff may rule."""
    faults = {part.get("fault") for part in refund.decision.get("parts", [])}
    return faults == {"PLATFORM"} and refund.asked + refund.compensation > STAFF_MAY_RULE


def part_of_platform(prepared: rulings.Prepared) -> int:
    """What the platform itself would pay of an award, its part of the compensation included, in fen."""
    return sum(prepared.grants.values()) * prepared.platform_bp // rulings.WHOLE + prepared.platform_compensation
