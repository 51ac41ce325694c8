"""A case that ends over the heads of its judges: both sides agreed, or a channel paid the buyer on its own account.

Called by refunds in the transaction in which that happens, with the order's lock held.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from disputes import appeals, budget, course, lifecycle, proposals, questions, rulings
from disputes.models import UNDECIDED, UNFINISHED, Dispute
from disputes.states import DISPUTE, DisputeState
from refunds.hooks import OrderedSum
from refunds.models import Refund
from timeline.door import change, enter, lock, require, verb


@verb
def settled(refund: Refund, *, by: Any, at: datetime) -> None:
    """The two sides agreed while the platform had the case: what they agreed on is carried out, nothing is decided.

    An open appeal is withdrawn with it, and a ruling that was served does not count any more. Refused: `wrong_moment`
    once it is carried out.
    """
    dispute = Dispute.objects.get(refund=refund)
    lock(dispute)
    is_open = dispute.state in {*UNFINISHED, DisputeState.SUSPENDED}
    require(is_open, "wrong_moment", course.WRONG_MOMENT)
    _clear(dispute, by=by, at=at)
    change(dispute, outcome=Dispute.Outcome.SETTLED, left=None)
    data = {"amount": refund.approved or 0}
    span = course.span_of(dispute, "ENFORCE")
    enter(dispute, DisputeState.ENFORCING, by=by, at=at, span=span, event="dispute.settled", data=data)
    lifecycle.paid(refund, at=at)


@verb
def paid_outside(refund: Refund, *, at: datetime) -> None:
    """A channel paid everything back on its own account: nothing is left to decide (machines: D34)."""
    dispute = Dispute.objects.filter(refund=refund).exclude(state__in=DISPUTE.terminal).first()
    if dispute is None:
        return
    lock(dispute)
    _clear(dispute, by=None, at=at)
    change(dispute, outcome=Dispute.Outcome.EXTERNAL)
    course.end(dispute, DisputeState.CLOSED, by=None, at=at, data={"because": "paid outside"})


@verb
def part_paid_outside(refund: Refund, *, at: datetime) -> None:
    """A channel paid a part back on its own account: there is less to decide (machines: R49).

    What was proposed is off the table. Refused: `ruling_under_way` while a ruling over the whole is being signed, can
    be appealed against, or is carried out; what is carried out is paid, and the rest can be booked then.
    """
    dispute = Dispute.objects.filter(refund=refund).exclude(state__in=DISPUTE.terminal).first()
    if dispute is None:
        return
    lock(dispute)
    require(
        dispute.decided_in in UNDECIDED and dispute.decided_in != DisputeState.SIGNING,
        "ruling_under_way",
        _("A ruling of this case is being signed or carried out. Book this when the case is closed."),
    )
    if dispute.state == DisputeState.PROPOSED:
        proposals.fail(dispute, by=None, at=at)


def ordered_sum(refund: Refund) -> OrderedSum | None:
    """What goes back if the replacement that a ruling ordered does not come; nothing where none ordered one."""
    dispute = Dispute.objects.filter(refund=refund).first()
    ruling = course.served(dispute) if dispute is not None else None
    if ruling is None or not ruling.orders_replacement:
        return None
    left = {line["unit"]: line["left"] for line in ruling.arithmetic}
    return OrderedSum(ruling.granted, ruling.compensation, rulings.platform_part(ruling.shares), left)


def _clear(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """What was open in the case is open no more."""
    questions.drop(dispute, at=at)
    proposals.drop(dispute, at=at)
    appeal = appeals.of(dispute)
    if appeal is not None:
        appeals.end(appeal, by=by, at=at, event="appeal.settled")
    course.set_aside(dispute)
    budget.stop(dispute, at=at)
