"""What both sides may agree on instead of a ruling: the platform's proposals, and last offers of which one is taken."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from disputes import course, rulings
from disputes.models import Dispute, FinalOffer, Proposal, Side
from disputes.states import DisputeState
from refunds import lifecycle as refunds
from refunds.states import RefundState
from timeline.door import change, enter, lock, note, require, verb

#: Proposals in one case.
MOST = 2
#: Where last offers can still be given.
OFFERING = (DisputeState.EVIDENCE, DisputeState.REVIEW)


@verb
def propose(dispute: Dispute, *, grants: Mapping[int, int], text: str, by: Any, at: datetime) -> Proposal:
    """The arbiter proposes a way out: `grants` fen per unit id, and why. It binds only if both sides accept it.

    Refused: `not_your_turn`, `not_your_case`, `wrong_moment`, `fast_track`, `proposed_enough`, `grants_wrong`,
    `reasons_missing`.
    """
    lock(dispute)
    course.require_arbiter(dispute, by)
    require(dispute.state == DisputeState.REVIEW and not dispute.is_overdue(at), "wrong_moment", course.WRONG_MOMENT)
    require(
        dispute.track != Dispute.Track.FAST,
        "fast_track",
        _("A case on the fast track is decided sooner than a proposal is answered."),
    )
    number = dispute.proposals.count() + 1
    require(number <= MOST, "proposed_enough", _("Two proposals were made. Decide the case."))
    require(bool(text.strip()), "reasons_missing", _("Say why both sides should accept it."))
    most = {item.unit_id: rulings.open_to(item) for item in rulings.items_of(dispute.refund)}
    require(
        set(grants) <= set(most) and all(0 <= amount <= most[unit] for unit, amount in grants.items()),
        "grants_wrong",
        rulings.MISSING["grants"],
    )
    kept = {str(unit): amount for unit, amount in sorted(grants.items())}
    proposal = Proposal.objects.create(
        dispute=dispute,
        number=number,
        grants=kept,
        text=text.strip(),
        sha256=_digest(dispute, number, kept, text.strip()),
        by=by,
        at=at,
    )
    change(dispute, left=course.what_is_left(dispute, at))
    data = {"number": number, "amount": proposal.amount, "sha256": proposal.sha256}
    span = course.span_of(dispute, "PROPOSAL")
    enter(dispute, DisputeState.PROPOSED, by=by, at=at, span=span, data=data)
    return proposal


@verb
def agree(dispute: Dispute, *, sha256: str, by: Any, at: datetime) -> None:
    """A side accepts the proposal that it read; when both have, it is carried out and the case is over.

    Refused: `not_your_turn`, `wrong_moment`, `proposal_changed`, `accepted_already`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    proposal = _open(dispute, at)
    require(sha256 == proposal.sha256, "proposal_changed", _("This is not the proposal that is open now. Read it."))
    require(not proposal.is_accepted_by(side), "accepted_already", _("You have accepted it. We wait for the other."))
    if side == Side.BUYER:
        change(proposal, buyer_accepted_at=at)
    else:
        change(proposal, shop_accepted_at=at)
    note(dispute, "dispute.proposal_accepted", by=by, at=at, data={"number": proposal.number, "side": str(side)})
    if not proposal.is_accepted_by(side.other):
        return
    change(proposal, ended_at=at)
    change(dispute, outcome=Dispute.Outcome.MEDIATED, left=None)
    span = course.span_of(dispute, "ENFORCE")
    data = {"number": proposal.number, "amount": proposal.amount, "sha256": proposal.sha256}
    enter(dispute, DisputeState.ENFORCING, by=by, at=at, span=span, event="dispute.mediated", data=data)
    grants = {int(unit): amount for unit, amount in proposal.grants.items() if amount}
    if grants:
        course.pay(dispute, grants=grants, compensation=0, cause=dispute.address, by=proposal.by, at=at)
    elif dispute.refund.state == RefundState.DISPUTED:
        refunds.rejected(dispute.refund, by=proposal.by, at=at)
    course.close_if_done(dispute, at=at)


@verb
def refuse(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """A side does not accept the proposal: that costs nothing, nobody weighs it, and the review goes on.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    proposal = _open(dispute, at)
    change(proposal, refused_by=side)
    fail(dispute, by=by, at=at)


def fail(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The proposal was not accepted by both in time."""
    proposal = current(dispute)
    assert proposal is not None  # noqa: S101 - a case in this state has an open proposal
    change(proposal, ended_at=at)
    course.back_to_review(dispute, event="dispute.proposal_failed", by=by, at=at, data={"number": proposal.number})


@verb
def give_last_offer(dispute: Dispute, *, amount: int, by: Any, at: datetime) -> None:
    """A side says what should go back at last (fen), and lets the arbiter choose between the two sides' figures only.

    It is sealed until the other side gives its own; until then it can be given anew. Refused: `not_your_turn`,
    `wrong_moment`, `offer_wrong`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    given = {offer.side: offer for offer in dispute.final_offers.order_by("pk")}
    require(
        dispute.state in OFFERING and not dispute.is_overdue(at) and len(given) < 2, "wrong_moment", course.WRONG_MOMENT
    )
    most = sum(rulings.open_to(item) for item in rulings.items_of(dispute.refund))
    require(0 <= amount <= most, "offer_wrong", rulings.MISSING["grants"])
    if own := given.get(side):
        change(own, amount=amount, at=at)
    else:
        FinalOffer.objects.create(dispute=dispute, side=side, amount=amount, by=by, at=at)
    note(dispute, "dispute.last_offer_given", by=by, at=at, data={"side": str(side)})


def current(dispute: Dispute) -> Proposal | None:
    """What is proposed now."""
    return dispute.proposals.filter(ended_at=None).first()


def drop(dispute: Dispute, *, at: datetime) -> None:
    """The case went another way while a proposal was open."""
    proposal = current(dispute)
    if proposal is not None:
        change(proposal, ended_at=at)


def _open(dispute: Dispute, at: datetime) -> Proposal:
    proposal = current(dispute)
    require(
        proposal is not None and dispute.state == DisputeState.PROPOSED and not dispute.is_overdue(at),
        "wrong_moment",
        course.WRONG_MOMENT,
    )
    assert proposal is not None  # noqa: S101 - asked above
    return proposal


def _digest(dispute: Dispute, number: int, grants: dict[str, int], text: str) -> str:
    told = {"dispute": dispute.number, "number": number, "grants": grants, "text": text}
    body = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()
