"""What becomes of the cases of people who left: whose role has ended has no case, no signature and no seat any more.

The end of a role is written in another room and knows of no case. A look each minute finds who still has a part that
their roles do not give, and hands each one on by the same steps as if they had stepped back; with an event in the case.
"""

import logging
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from accounts.models import Role, StaffRole
from disputes import appeals, assignment, course, hearing
from disputes.models import OPEN, UNDECIDED, Dispute, Neutral, Seat
from disputes.states import AppealState, DisputeState
from timeline.door import lock, note, verb

log = logging.getLogger(__name__)

#: Which roles give somebody of the mall which part; any one of them is enough.
GIVEN_BY: dict[str, frozenset[str]] = {
    Seat.Part.ARBITER: frozenset({Role.ARBITER, Role.LEAD}),
    Seat.Part.SENIOR: frozenset({Role.SENIOR, Role.LEAD}),
    Seat.Part.MEMBER: frozenset({Role.ARBITER, Role.SENIOR, Role.LEAD}),
    Seat.Part.REVIEWER: appeals.SITTING,
    Seat.Part.CHIEF: frozenset({Role.LEAD}),
}
#: Parts of the first instance: in an appeal nothing waits for them.
JUDGED = [Seat.Part.ARBITER, Seat.Part.NEUTRAL, Seat.Part.SENIOR, Seat.Part.MEMBER]


def hand_on_all(*, at: datetime) -> int:
    """The parts in open cases of people who do not hold them any more, oldest first; how many were handed on.

    Each in a transaction of its own, and all of them: a part that stays (its vote is in) or fails holds up no other.
    """
    handed = 0
    for pk in list(left_behind().order_by("pk").values_list("pk", flat=True)):
        try:
            handed += hand_on(Seat.objects.select_related("dispute__refund__order", "user").get(pk=pk), at=at)
        except Exception:
            log.exception("seat %s could not be handed on", pk)
    return handed


def left_behind() -> Any:
    """Parts in open cases that nothing gives to whoever has them: no role of theirs does, and they were not named from
    outside. Cases that stand still are left until they go on."""
    held = StaffRole.objects.held().filter(user=OuterRef("user"))
    given = Q(pk__in=[])
    for part, roles in GIVEN_BY.items():
        given |= Q(part=part) & Q(Exists(held.filter(role__in=roles)))
    named = Q(part=Seat.Part.REVIEWER) & Q(Exists(Neutral.objects.filter(user=OuterRef("user"))))
    outside = Q(part=Seat.Part.NEUTRAL) & ~Q(Exists(held))
    going_on = set(OPEN) - {DisputeState.SUSPENDED, DisputeState.RULED, DisputeState.ENFORCING}
    found = Seat.objects.filter(until=None, dispute__state__in=going_on).exclude(given | named | outside)
    return found.exclude(Q(part__in=JUDGED) & Q(dispute__state=DisputeState.APPEALED))


@verb
def hand_on(seat: Seat, *, at: datetime) -> bool:
    """Somebody else has the part from now on, as if whoever had it had stepped back; whether it was still theirs."""
    dispute = seat.dispute
    lock(dispute)
    if not left_behind().filter(pk=seat.pk).exists():
        return False
    match Seat.Part(seat.part):
        case Seat.Part.ARBITER | Seat.Part.NEUTRAL:
            return _judge(dispute, seat, at=at)
        case Seat.Part.SENIOR:
            return _senior(dispute, seat, at=at)
        case Seat.Part.MEMBER:
            return _member(dispute, seat, at=at)
        case Seat.Part.REVIEWER | Seat.Part.CHIEF:
            return _of_the_panel(dispute, seat, at=at)


def _judge(dispute: Dispute, seat: Seat, *, at: datetime) -> bool:
    if dispute.arbiter_id == seat.user_id and dispute.state in UNDECIDED:
        hearing.replace(dispute, because=Seat.Left.REASSIGNED, at=at)
    else:
        course.leave(dispute, seat.user_id, because=Seat.Left.REASSIGNED, at=at)
    return True


def _senior(dispute: Dispute, seat: Seat, *, at: datetime) -> bool:
    if dispute.senior_id != seat.user_id:
        course.leave(dispute, seat.user_id, because=Seat.Left.REASSIGNED, at=at)
        return True
    is_signing = dispute.state == DisputeState.SIGNING
    chosen = assignment.next_senior(dispute, at=at) if is_signing else None
    hearing.ask_to_sign(dispute, chosen, because=Seat.Left.REASSIGNED, at=at)
    if is_signing:
        note(dispute, "dispute.signer_changed", by=None, at=at)
    return True


def _member(dispute: Dispute, seat: Seat, *, at: datetime) -> bool:
    """A member of the first panel who has said what they find is not asked again: their word stays, and the seat."""
    is_signing = dispute.state == DisputeState.SIGNING
    if is_signing and not dispute.is_to_find(seat.user):
        return False
    course.leave(dispute, seat.user_id, because=Seat.Left.REASSIGNED, at=at)
    if is_signing:
        hearing.ask_a_panel(dispute, at=at)
        note(dispute, "dispute.signer_changed", by=None, at=at)
    return True


def _of_the_panel(dispute: Dispute, seat: Seat, *, at: datetime) -> bool:
    """A vote that is in stays, and so does its seat; an empty one is somebody new's, the chief's another lead's."""
    appeal = appeals.of(dispute)
    if appeal is not None and appeal.votes.filter(user=seat.user_id).exists():
        return False
    course.leave(dispute, seat.user_id, because=Seat.Left.REASSIGNED, at=at)
    if appeal is not None and appeal.state == AppealState.PANEL:
        appeals.fill(appeal, is_for_chief=seat.part == Seat.Part.CHIEF, at=at)
    return True
