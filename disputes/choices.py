"""What somebody can do in a case now: the buttons of its pages and the actions that machines are told.

The names are those of the verbs; a page offers this and nothing else, and the verb asks the same once more.
"""

from datetime import datetime
from typing import Any

from accounts.models import Role
from disputes import appeals, course, hearing, lifecycle, neutrals, penalties, proposals, questions, rulings, suspension
from disputes.models import HEARING, UNDECIDED, UNFINISHED, Dispute, Side
from disputes.states import DisputeState

#: In which order actions are offered: first what a turn is about, then ways out.
ORDER = (
    *("submit", "answer", "agree", "refuse", "rest", "rule", "sign", "ask", "propose", "appeal"),
    *("extend", "challenge", "last_offer", "waive", "go_outside", "withdraw", "concede", "resume"),
    *("assign", "dismiss", "refer", "recuse", "suspend", "renew", "penalize", "settle_penalty"),
)


def actions_for(dispute: Dispute, user: Any, at: datetime) -> list[str]:
    """What `user` can do with the case now, by the names of the verbs: pages and API offer this and nothing else."""
    side, state = dispute.side_of(user), dispute.state
    is_in_time = not dispute.is_overdue(at)
    if side is not None:
        offered = _of_a_side(dispute, side, at) if is_in_time else {}
        offered |= {
            "submit": state in HEARING,
            "withdraw": side == Side.BUYER and lifecycle.may_be_taken_back(dispute),
            "concede": side == Side.SHOP and state in lifecycle.CONCEDING and dispute.refund.asked > 0,
        }
    else:
        offered = _of_the_staff(dispute, user, at, is_in_time=is_in_time)
    found = [verb for verb in ORDER if offered.get(verb)]
    if state == DisputeState.APPEALED and (appeal := appeals.of(dispute)):
        found += appeals.actions_for(appeal, user, at)
    return found


def _of_a_side(dispute: Dispute, side: Side, at: datetime) -> dict[str, bool]:
    """What a side can do while the clock of the state runs."""
    state = dispute.state
    asked = questions.current(dispute) if state == DisputeState.QUESTIONED else None
    proposal = proposals.current(dispute) if state == DisputeState.PROPOSED else None
    is_hearing = state == DisputeState.EVIDENCE
    may_challenge = hearing.may_challenge(dispute, side) and hearing.is_in_time_to_challenge(dispute, at)
    return {
        "answer": asked is not None and asked.side == side,
        "agree": proposal is not None and not proposal.is_accepted_by(side),
        "refuse": proposal is not None,
        "rest": is_hearing and not dispute.has_rested(side),
        "extend": is_hearing and not dispute.has_extended(side),
        "challenge": may_challenge and not dispute.challenges.filter(side=side).exists(),
        "last_offer": state in proposals.OFFERING and dispute.final_offers.count() < rulings.BOTH,
        "appeal": state == DisputeState.RULED
        and not dispute.has_waived(side)
        and not appeals.has_appealed(dispute, side)
        and appeals.may_gain(dispute, side),
        "waive": state == DisputeState.RULED and not dispute.has_waived(side),
        "go_outside": side == Side.BUYER and suspension.may_go_outside(dispute),
        "resume": side == Side.BUYER
        and state == DisputeState.SUSPENDED
        and dispute.suspended_because == Dispute.Suspended.OUTSIDE,
    }


def _of_the_staff(dispute: Dispute, user: Any, at: datetime, *, is_in_time: bool) -> dict[str, bool]:
    """What somebody of the staff, or an outside neutral, can do."""
    state, roles = dispute.state, user.roles
    is_staffs = not dispute.is_against_platform or course.is_neutral(dispute, user)
    is_mine = dispute.arbiter_id == user.pk and course.is_judge(dispute, user) and is_staffs
    is_lead = Role.LEAD in roles
    is_turn = state == DisputeState.REVIEW and is_in_time and is_mine
    is_ruled = state in penalties.AFTER
    is_signing = dispute.may_be_signed_by(user) and bool(roles & {Role.SENIOR, Role.LEAD, Role.ARBITER})
    return {
        "submit": state in HEARING and course.may_assist(dispute, user, roles),
        "assign": state in {DisputeState.OPENED, *HEARING} and is_lead and not dispute.is_against_platform,
        "rule": is_turn,
        "sign": is_signing and (dispute.waits_for in lifecycle.SIGNING_ROLES or bool(roles & {Role.SENIOR, Role.LEAD})),
        "ask": is_turn,
        "propose": is_turn and dispute.track != Dispute.Track.FAST and dispute.proposals.count() < proposals.MOST,
        "dismiss": is_in_time
        and (
            (state in {DisputeState.EVIDENCE, DisputeState.REVIEW} and is_mine)
            or (state == DisputeState.OPENED and is_lead and is_staffs)
        ),
        "refer": (is_mine or is_lead) and neutrals.may_be_referred(dispute, at),
        "recuse": state in UNDECIDED
        and (user.pk in (dispute.arbiter_id, dispute.senior_id) or (is_signing and dispute.waits_for == course.PANEL)),
        "suspend": state in UNFINISHED and is_lead,
        "renew": state == DisputeState.SUSPENDED and is_lead,
        "resume": state == DisputeState.SUSPENDED and is_lead,
        "penalize": is_ruled and is_mine,
        "settle_penalty": Role.RISK in roles and dispute.penalties.filter(is_imposed=None).exclude(by=user).exists(),
    }
