"""What a shop pays for what it did, apart from what the buyer gets: the arbiter proposes it, risk imposes it or not.

A penalty goes from the deposit to the guarantee fund, never to the platform (machines: J10).
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Role
from disputes import course
from disputes.models import Dispute, Penalty
from disputes.states import DisputeState
from shops import lifecycle as shops
from shops.models import Deposit, Shop
from timeline.door import change, lock, locked, note, require, verb

#: Where a ruling is there to rest on.
AFTER = (DisputeState.RULED, DisputeState.APPEALED, DisputeState.ENFORCING, DisputeState.CLOSED)


@verb
def propose(dispute: Dispute, *, ground: str, amount: int, text: str, by: Any, at: datetime) -> Penalty:
    """Who judged the case proposes that the shop pays `amount` fen, for something other than having lost.

    Refused: `not_your_turn`, `not_your_case`, `wrong_moment`, `penalty_incomplete`, `proposed_already`.
    """
    lock(dispute)
    course.require_arbiter(dispute, by)
    require(dispute.state in AFTER and course.served(dispute) is not None, "wrong_moment", course.WRONG_MOMENT)
    require(
        ground in Penalty.Ground.values and amount > 0 and bool(text.strip()),
        "penalty_incomplete",
        _("Say what for, how much, and what proves it."),
    )
    require(
        not dispute.penalties.filter(ground=ground).exists(),
        "proposed_already",
        _("A penalty on this ground was proposed already."),
    )
    penalty = Penalty.objects.create(dispute=dispute, ground=ground, amount=amount, text=text.strip(), by=by, at=at)
    note(dispute, "dispute.penalty_proposed", by=by, at=at, data={"ground": ground, "amount": amount})
    return penalty


@verb
def settle(penalty: Penalty, *, agrees: bool, by: Any, at: datetime) -> None:
    """Risk imposes a penalty or turns it down: another person than who proposed it.

    Refused: `not_your_turn`, `wrong_moment`, what the deposit refuses.
    """
    dispute = penalty.dispute
    shop = locked(Shop, dispute.refund.order.shop_id)  # whose deposit pays, before the order
    lock(dispute)
    penalty.refresh_from_db()
    is_free = by.has_role(Role.RISK) and by.pk != penalty.by_id and dispute.side_of(by) is None
    require(is_free, "not_your_turn", _("Somebody of risk who did not propose it decides."))
    require(penalty.is_imposed is None, "wrong_moment", _("This was decided already."))
    change(penalty, is_imposed=agrees, settled_by=by, settled_at=at)
    if agrees:
        reason = f"{dispute.number}: {penalty.ground}"
        deposit = Deposit.objects.get(shop=shop)
        shops.penalize(deposit, amount=penalty.amount, reason=reason, by=by, at=at, key=f"penalty:{penalty.pk}")
    data = {"ground": penalty.ground, "amount": penalty.amount}
    if agrees:
        note(dispute, "dispute.penalty_imposed", by=by, at=at, data=data)
    else:
        note(dispute, "dispute.penalty_turned_down", by=by, at=at, data=data)
