"""Who decides where the platform itself is the respondent: outside neutrals of a published list, named in turn.

While nobody of the list is free, nobody has the case: no one of the staff judges it and no clock rules it. It stays
open under a clock, the buyer can take it outside at once, and the list is looked at again and again (decision 55).
"""

import logging
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Role
from disputes import assignment, course, rulings
from disputes.models import HEARING, UNDECIDED, Dispute, Neutral, Seat
from disputes.states import DisputeState
from refunds.models import Refund
from timeline import events
from timeline.door import change, lock, lock_root, note, rearm, require, verb
from timeline.spans import deadline

log = logging.getLogger(__name__)

#: Above so many fen of the platform's own fault, its staff does not rule.
STAFF_MAY_RULE = 20_000
#: What the opening of such a case and its referral say on record: from there on nobody of the mall judges it.
OUTSIDE = {"judge": "outside"}


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

    Where nobody of it is free, nobody has the case until somebody is. Refused: `not_your_turn`, `wrong_moment`,
    `no_neutral` (it was referred before, and there is still nobody).
    """
    lock(dispute)
    is_lead = by.has_role(Role.LEAD) and dispute.side_of(by) is None
    if not is_lead:
        course.require_arbiter(dispute, by)
    require(may_be_referred(dispute), "wrong_moment", course.WRONG_MOMENT)
    if dispute.is_against_platform:
        is_found = assignment.next_neutral(dispute, at=at) is not None
        require(is_found, "no_neutral", _("Nobody on the public list is free for this case. Put somebody on it first."))
        name(dispute, at=at)
    elif not send_outside(dispute, by=by, at=at):
        await_somebody(dispute, at=at)


def send_outside(dispute: Dispute, *, by: Any, at: datetime) -> bool:
    """From here on nobody of the staff judges the case: the next neutral of the list has it; whether there is one."""
    change(dispute, is_against_platform=True)
    note(dispute, "dispute.referred", by=by, at=at, data=OUTSIDE)
    if name(dispute, at=at):
        return True
    leave_open(dispute, because=Seat.Left.REASSIGNED, at=at)
    return False


def name(dispute: Dispute, *, at: datetime, because: str = Seat.Left.REASSIGNED) -> bool:
    """Give the case to the next neutral of the list; whether there is one. Else the leads hear of it.

    Whoever gets it in the middle of the review has the whole time for a ruling, within what a buyer must wait in all.
    """
    neutral = assignment.next_neutral(dispute, at=at)
    if neutral is None:
        course.alarm(dispute, "no outside neutral is on the list", at=at)
        return False
    change(dispute, neutral=neutral)
    note(dispute, "dispute.neutral_named", by=None, at=at, data={"neutral": neutral.pk})
    if dispute.state == DisputeState.OPENED:
        course.begin_hearing(dispute, neutral.user, by=None, at=at)
        return True
    course.give_to(dispute, neutral.user, because=because, at=at)
    if dispute.state == DisputeState.REVIEW and dispute.deadline_at is not None and not dispute.is_overdue(at):
        until = deadline(course.staff_span(dispute, "RULING", dispute.track, at=at), at)
        rearm(dispute, max(until, dispute.deadline_at), at=at)
    return True


def leave_open(dispute: Dispute, *, because: str, at: datetime) -> None:
    """Nobody has the case for now: whoever had it has it no more, and nobody from outside is free."""
    change(dispute, neutral=None)
    course.give_to(dispute, None, because=because, at=at)


def await_somebody(dispute: Dispute, *, at: datetime) -> None:
    """Both sides are told that nobody from outside could be named yet."""
    note(dispute, "dispute.neutral_awaited", by=None, at=at, data={"state": dispute.state})


@verb
def look_again(dispute: Dispute, *, at: datetime) -> bool:
    """Somebody may have come on the list: a case that waits for nobody else is theirs at once. Whether it is."""
    lock(dispute)
    is_free = is_awaited(dispute) and assignment.next_neutral(dispute, at=at) is not None
    return is_free and name(dispute, at=at)


def look_again_everywhere(*, at: datetime) -> int:
    """The cases that wait for somebody from outside, oldest first: how many of them are somebody's now.

    Each in a transaction of its own, and all of them: one for which nobody is free, or that fails, holds up no other.
    """
    if not Neutral.objects.filter(delisted_at=None).exists():
        return 0
    waiting = Dispute.objects.filter(is_against_platform=True, neutral=None, state__in=UNDECIDED)
    named = 0
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        try:
            named += look_again(Dispute.objects.select_related("refund__order").get(pk=pk), at=at)
        except Exception:
            log.exception("somebody from outside could not be looked for in dispute %s", pk)
    return named


def is_awaited(dispute: Dispute) -> bool:
    """Whether nobody has the case because nobody from outside could be named yet."""
    return dispute.is_against_platform and dispute.neutral_id is None and dispute.state in UNDECIDED


def may_be_referred(dispute: Dispute, at: datetime | None = None) -> bool:
    """Whether the case can still go to somebody from outside; asked at a time, whether there is somebody if it has
    waited for one."""
    is_open = dispute.state in {DisputeState.OPENED, *HEARING} and dispute.neutral_id is None
    if at is None or not is_open or not dispute.is_against_platform:
        return is_open
    return assignment.next_neutral(dispute, at=at) is not None


def is_against_platform(refund: Refund) -> bool:
    """Whether the rules see the fault with the platform alone, above what its staff may rule."""
    faults = {part.get("fault") for part in refund.decision.get("parts", [])}
    return faults == {"PLATFORM"} and refund.asked + refund.compensation > STAFF_MAY_RULE


def part_of_platform(prepared: rulings.Prepared) -> int:
    """What the platform itself would pay of an award, its part of the compensation included, in fen."""
    return sum(prepared.grants.values()) * prepared.platform_bp // rulings.WHOLE + prepared.platform_compensation
