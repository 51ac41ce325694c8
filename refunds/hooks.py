"""What refunds call in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from collections.abc import Mapping
from dataclasses import dataclass

from timeline.hooks import Hook


@dataclass(frozen=True)
class OrderedSum:
    """What a ruling that orders a replacement gives in money if the replacement does not come: fen per unit id, the
    compensation, the platform's part of the fault in basis points, and what was left of each unit when it was ruled."""

    grants: Mapping[int, int]
    compensation: int
    platform_bp: int
    left: Mapping[int, int]


#: (order, buyer) → up to how many fen are paid at once while the guarantee fund is too low to let caps rise; nothing at
#: all other times.
held_cap: Hook[..., int | None] = Hook("refunds.held_cap")

#: (refund, *, by, at): the case is with the platform now; opens its dispute. `by` is nobody when the clock did it.
escalated: Hook[..., None] = Hook("refunds.escalated")

#: (refund, *, by, at): the buyer took back a case that was with the platform; ends its dispute.
withdrawn: Hook[..., None] = Hook("refunds.withdrawn")

#: (refund) → whether the platform has not decided yet, so that the buyer may still take the case back.
undecided: Hook[..., bool] = Hook("refunds.undecided")

#: (refund) → the address of its dispute's page for the two sides; nothing where there is no dispute.
dispute_page: Hook[..., str] = Hook("refunds.dispute_page")

#: (refund, *, at): the money of a decided case has arrived; closes the dispute that decided it, if there was one.
paid_back: Hook[..., None] = Hook("refunds.paid_back")

#: (refund, *, by, at): the two sides agreed while the platform had the case; closes its dispute with it.
settled: Hook[..., None] = Hook("refunds.settled")

#: (refund, *, at): a channel paid it all back on its own account; closes the dispute, if there is one.
paid_outside: Hook[..., None] = Hook("refunds.paid_outside")

#: (refund, *, at): a channel is about to have paid a part back; the dispute's proposal is off the table, and it refuses
#: (`ruling_under_way`) while a ruling over the whole waits to be signed, appealed against or carried out.
part_paid_outside: Hook[..., None] = Hook("refunds.part_paid_outside")

#: (refund) → what of it nobody had, so that it is still owed to the buyer, in fen.
still_owed: Hook[..., int] = Hook("refunds.still_owed")

#: (refund) → what of it nobody had and the shop has paid since or still owes, in fen.
on_shop: Hook[..., int] = Hook("refunds.on_shop")

#: (refund) → what of its compensation the shop still owes, in fen.
on_top_of_shop: Hook[..., int] = Hook("refunds.on_top_of_shop")

#: (refund) → what payouts name as their cause that paid later what nobody had of it.
paid_later: Hook[..., list[str]] = Hook("refunds.paid_later")

#: (refund, *, at) → fen: its delay was the platform's outage. What of its compensation the shop still owes, the
#: platform owes from now on.
taken_on: Hook[..., int] = Hook("refunds.taken_on")

#: (refund) → what goes back if a replacement that a ruling ordered does not come; nothing where none ordered one.
ordered_sum: Hook[..., OrderedSum | None] = Hook("refunds.ordered_sum")

#: (refund, *, at) → fen: a payment turned out not to be owed. What of it nobody had is owed no more; the sum is what of
#: that the shop has paid since.
not_owed: Hook[..., int] = Hook("refunds.not_owed")
