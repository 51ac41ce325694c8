"""A shop's own system delivers: it lists what is to be delivered and tells us what became of it, as often as it likes.

Until it says `pending`, nothing is under way there: the buyer of a late order can still call it off.
"""

import json
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from orders.fulfilment import handing, tickets
from orders.fulfilment.tickets import Answer
from orders.models import Exchange, Ticket
from orders.parties import Side, side_of
from orders.states import OrderState, Standing
from shops.models import Kind, Shop, Way
from timeline.door import change, lock, require, verb

#: What a shop's system can say of a ticket.
SAYABLE = (Standing.PENDING, Standing.DELIVERED, Standing.FAILED)


def to_deliver(shop: Shop) -> QuerySet[Ticket]:
    """What the shop's own system is to deliver, or to call back, the oldest first."""
    found = Ticket.objects.filter(
        way=Way.SYSTEM, ended_at=None, unit__order__shop=shop, unit__order__state=OrderState.PAID
    )
    return found.select_related("unit__order__snapshot__listing", "unit__order__given__data_key").order_by("pk")


@verb
def push(ticket: Ticket, answer: Answer, *, by: Any, at: datetime) -> Ticket:
    """The shop's system tells what became of a ticket. The same said twice is said once.

    A membership needs its term, everything else a number of the system's own. Refused: `not_your_turn`, `wrong_way`,
    `proof_missing`, `already_said` where something else was final before.
    """
    order = ticket.unit.order
    lock(order)
    ticket.refresh_from_db(fields=["standing", "reference", "sent_at", "ended_at", "cancel_asked_at"])
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop delivers."))
    require(ticket.way == Way.SYSTEM, "wrong_way", _("This is delivered in another way."))
    if ticket.ended_at is not None:
        is_same = ticket.standing == answer.standing and (ticket.reference == answer.reference or not answer.reference)
        require(is_same, "already_said", _("Something else was said of this ticket, and that is final."))
        return ticket
    if answer.standing == Standing.DELIVERED:
        is_term = bool(answer.starts_on and answer.ends_on and answer.starts_on <= answer.ends_on)
        kind = handing.promised(order)["kind"]
        require(
            is_term if kind == Kind.MEMBERSHIP else bool(answer.reference),
            "proof_missing",
            _("Say the number under which it was delivered, or the term of a membership."),
        )
    if ticket.sent_at is None:
        change(ticket, sent_at=at)
    told = json.dumps({"state": answer.standing, "reference": answer.reference, "reason": answer.reason})
    tickets.hear(ticket, answer, at=at, exchange=Exchange(ticket=ticket, at=at, what="push", asked=told), by=by)
    return ticket
