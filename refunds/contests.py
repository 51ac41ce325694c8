"""An instant payment that its shop contests: filed · upheld or overturned by a person · withdrawn · lapsed.

The buyer keeps what was paid, whatever comes of it (X7): if it was not owed, the guarantee fund makes the shop whole,
and at whose expense is a claim that people book. No machine takes anything back.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from ledger.models import PayoutLeg
from ledger.states import PayoutState
from orders import escrow
from orders.models import Attachment
from orders.parties import Side, side_of
from refunds import bargaining, hooks
from refunds.models import Contest, Refund
from refunds.states import ContestState
from rulebook import clocks
from timeline import events
from timeline.door import begin, change, enter, lock, note, rearm, require, verb
from timeline.spans import Span, deadline

log = logging.getLogger(__name__)

#: Who of the staff decides, and who reads all of them.
DECIDING = frozenset({Role.ARBITER, Role.SENIOR, Role.LEAD})
SEEING = DECIDING | {Role.AUDITOR}
OPEN = (ContestState.FILED, ContestState.LATE)
#: Reasons in fewer characters are none.
SHORTEST, LONGEST = 20, 2_000
WRONG_MOMENT = gettext_lazy("The contest has moved on meanwhile. Look at its page again.")


@verb
def file(
    refund: Refund, *, ground: str, text: str, attachments: Sequence[Attachment], by: Any, at: datetime
) -> Contest:
    """The shop says in time that an instant payment was not owed, on which ground, in words and with a file; once.

    Refused: `not_your_turn`, `wrong_moment`, `nothing_lost`, `ground_missing`, `text_missing`, `void_term`,
    `evidence_missing`.
    """
    lock(refund)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop contests a payment."))
    require(
        refund.may_be_contested(at),
        "wrong_moment",
        _("Only an instant payment can be contested, once, and not after its time is over."),
    )
    require(ground in Contest.Ground.values, "ground_missing", _("Choose what is wrong with the payment."))
    said = text.strip()
    require(SHORTEST <= len(said) <= LONGEST, "text_missing", _("Say what happened, in 20 characters at least."))
    bargaining.require_sayable(said)
    require(bool(attachments), "evidence_missing", _("Our own records proved the claim. Add a file that shows more."))
    if any(each.order_id != refund.order_id for each in attachments):
        raise ValueError("These files are not of this order.")
    lost = lost_in(refund)
    require(lost + hooks.on_shop(refund) > 0, "nothing_lost", _("The shop lost nothing by this payment."))
    contest = Contest(refund=refund, ground=ground, text=said, by=by, filed_at=at, lost=lost)
    begin(contest, by=by, at=at, span=_span(contest), data={"ground": ground, "amount": lost})
    contest.attachments.add(*attachments)
    return contest


@verb
def withdraw(contest: Contest, *, by: Any, at: datetime) -> None:
    """The shop takes it back; the payment stays as it was. Refused: `not_your_turn`, `wrong_moment`."""
    lock(contest)
    require(contest.refund.is_of_shop(by), "not_your_turn", _("Only the shop takes a contest back."))
    require(contest.state in OPEN and not contest.is_overdue(at), "wrong_moment", WRONG_MOMENT)
    change(contest, closed_at=at)
    enter(contest, ContestState.WITHDRAWN, by=by, at=at)


@verb
def uphold(contest: Contest, *, finding: str, by: Any, at: datetime) -> None:
    """The payment was right: nothing moves. Refused: `not_your_turn`, `own_part`, `wrong_moment`, `why_missing`."""
    _take_up(contest, finding, by, at)
    change(contest, finding=finding.strip(), decided_by=by, closed_at=at)
    enter(contest, ContestState.UPHELD, by=by, at=at)


@verb
def overturn(contest: Contest, *, finding: str, recourse: str, by: Any, at: datetime, recourse_text: str = "") -> None:
    """The payment was not owed: the fund makes the shop whole, and the buyer keeps what was paid.

    `recourse` is at whose expense: the fund's own, or a claim on the supplier or, where fraud is proven, on the buyer,
    with what it rests on in words. Booking a claim takes nothing from anybody, and where the fund gave nothing there is
    none. What the fund does not have is an alarm.
    What of the payment nobody had is owed no more, even where that is all of it, and what the shop has paid of that
    since counts as lost, too.
    Refused: `not_your_turn`, `own_part`, `wrong_moment`, `why_missing`, `recourse_missing`, `proof_missing`.
    """
    _take_up(contest, finding, by, at)
    require(recourse in Contest.Recourse.values, "recourse_missing", _("Say at whose expense it is."))
    rests_on = recourse_text.strip() if recourse != Contest.Recourse.FUND else ""
    require(
        recourse == Contest.Recourse.FUND or SHORTEST <= len(rests_on) <= LONGEST,
        "proof_missing",
        _("A claim on somebody needs what it rests on: who it is, and what proves it."),
    )
    lost = contest.lost + hooks.not_owed(contest.refund, at=at)
    missing = escrow.make_whole(contest.refund.order, cause=contest.address, amount=lost, at=at)
    change(
        contest,
        lost=lost,
        finding=finding.strip(),
        decided_by=by,
        recourse=recourse,
        recourse_text=rests_on,
        made_whole=lost - missing,
        closed_at=at,
    )
    data = {"amount": contest.made_whole, "recourse": recourse}
    enter(contest, ContestState.OVERTURNED, by=by, at=at, data=data)
    if recourse != Contest.Recourse.FUND and contest.made_whole:
        claim = {"against": recourse, "amount": contest.made_whole}
        note(contest, "contest.recourse_booked", by=by, at=at, data=claim)
    if missing:
        log.critical("the fund cannot make the shop of case %s whole", contest.refund.number)
        note(contest, "contest.fund_short", by=None, at=at, data={"amount": missing})


@verb
def lapse(contest: Contest, *, limit: str, at: datetime) -> None:
    """Nobody decided in time: an alarm, and as long again, until a person decides. No clock ends it."""
    lock(contest)
    if contest.machine.limits.get(contest.state) != limit or not contest.is_overdue(at):
        return  # decided or taken back while this call was on its way
    log.critical("nobody decided the contest of case %s in time", contest.refund.number)
    if contest.state == ContestState.FILED:
        enter(contest, ContestState.LATE, by=None, at=at, span=_span(contest))
        return
    note(contest, "contest.still_late", by=None, at=at, data={"filed_at": contest.filed_at.isoformat()})
    rearm(contest, deadline(_span(contest), at), at=at)


# Questions


def of(refund: Refund) -> Contest | None:
    """The contest of a case's payment, if there is one."""
    return Contest.objects.select_related("refund__order__shop").filter(refund=refund).first()


def waiting() -> QuerySet[Contest]:
    """What waits for somebody to decide, the one with the least time first."""
    rows = Contest.objects.filter(state__in=OPEN).select_related("refund__order__shop")
    return rows.order_by("deadline_at", "pk")


def decided() -> QuerySet[Contest]:
    """What is over, the latest first."""
    rows = Contest.objects.exclude(state__in=OPEN).select_related("refund__order__shop")
    return rows.order_by("-closed_at", "-pk")


def may_see_all(user: Any) -> bool:
    """Whether `user` reads the list of all of them."""
    return bool(user.roles & SEEING)


def is_staff_of(refund: Refund, user: Any) -> bool:
    """Whether `user` decides contests and is neither buyer nor of the shop here."""
    return bool(user.roles & DECIDING) and side_of(refund.order, user) == Side.PLATFORM


def actions_for(contest: Contest, user: Any, at: datetime) -> list[str]:
    """What `user` can do with it now, by the names of the verbs."""
    if contest.state not in OPEN or contest.is_overdue(at):
        return []
    if contest.refund.is_of_shop(user):
        return ["withdraw"]
    if is_staff_of(contest.refund, user) and not _had_a_part(contest, user):
        return ["uphold", "overturn"]
    return []


def may_read_claim(contest: Contest, user: Any) -> bool:
    """Whether `user` reads what a claim rests on: the staff, and whom it is on.

    It may tell of other sales of a buyer, or of a supplier that the shop never named. Both sides read the finding.
    """
    side = side_of(contest.refund.order, user)
    whose = {Contest.Recourse.BUYER: Side.BUYER, Contest.Recourse.SUPPLIER: Side.SHOP}
    return side == Side.PLATFORM or (side is not None and side == whose.get(Contest.Recourse(contest.recourse)))


def lost_in(refund: Refund) -> int:
    """What an instant payment took from the shop, in fen, as an early award that is overturned counts it (X7, J12).

    What the platform paid of it out of its own money is not the shop's loss.
    """
    causes = [refund.address, f"{refund.order.address}:balance:{refund.address}"]
    paid = PayoutLeg.objects.filter(payout__cause__in=causes).exclude(payout__state=PayoutState.VOID)
    return paid.exclude(source="platform:own").aggregate(sum=Sum("amount"))["sum"] or 0


# What the verbs share


def _take_up(contest: Contest, finding: str, by: Any, at: datetime) -> None:
    """Whoever decides is of the staff, had no part in the sale and its case, and gives reasons, in time."""
    lock(contest)
    require(
        is_staff_of(contest.refund, by),
        "not_your_turn",
        _("Only staff who decide cases do this, and not in their own."),
    )
    require(contest.state in OPEN and not contest.is_overdue(at), "wrong_moment", WRONG_MOMENT)
    require(
        not _had_a_part(contest, by), "own_part", _("Somebody decides this who has had no part in the order before.")
    )
    require(
        SHORTEST <= len(finding.strip()) <= LONGEST,
        "why_missing",
        _("Say why, in 20 characters at least: both sides read it."),
    )


def _had_a_part(contest: Contest, user: Any) -> bool:
    """Whether `user` has done anything in the order: the one who recorded what it was paid on does not judge it."""
    return events.stream(contest.root_address).filter(by=user.pk).exists()


def _span(contest: Contest) -> Span:
    return clocks.span("HUMAN_REVIEW", version=contest.refund.order.rulebook_version)
