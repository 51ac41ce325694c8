"""What happens to a unit that somebody else's system delivers: handed on, asked about, called back, delivered once.

Nobody speaks to the outside here. Whoever does (`errands`, the API of a shop's own system) first asks what to say, and
afterwards tells what was heard; a process that dies in between leaves a ticket that is asked about again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders import escrow, hooks
from orders.fulfilment import handing
from orders.models import Exchange, Handover, Order, Ticket, Unit
from orders.parties import Side, side_of
from orders.states import OrderState, Standing
from shops.models import Way
from timeline.door import change, lock, note, require, verb

#: A ticket that one worker has taken on is left alone by the others for so long.
LEASE = timedelta(seconds=60)
#: Waiting between two questions grows to this.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)


@dataclass(frozen=True)
class Answer:
    """What they say of a ticket. `UNKNOWN`, which is no standing, means that they never heard of our number."""

    standing: str
    reference: str = ""
    reason: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    text: str = ""


UNKNOWN = "unknown"
#: An exchange that never took place, for a fault of ours.
FAULT = "fault"


@verb
def what_to_say(ticket: Ticket, *, at: datetime) -> str:
    """What is to be said to a supplier now: `submit`, `query`, `cancel`, or nothing. Stored before it is said.

    What may have been sent is never sent again before somebody was asked about it.
    """
    order, unit = _locked(ticket)
    if ticket.ended_at is not None:
        return ""
    if ticket.sent_at is not None:
        # Only what they have taken on can be called back; an order of which nothing is known is asked about.
        return "cancel" if ticket.standing == Standing.PENDING and ticket.cancel_asked_at else "query"
    if ticket.cancel_asked_at or not unit.is_awaited() or order.state != OrderState.PAID:
        _end(ticket, Standing.CANCELLED, at=at)
        if unit.is_awaited() and not unit.held_by:
            handing.call_off(order, [unit], among=escrow.units_of(order), why="called_back", by=None, at=at)
        return ""
    change(ticket, standing=Standing.SENT, sent_at=at)
    return "submit"


@verb
def hear(ticket: Ticket, answer: Answer, *, at: datetime, exchange: Exchange | None = None, by: Any = None) -> None:
    """They said how it stands with a ticket; what they say a second time changes nothing."""
    order, unit = _locked(ticket)
    if exchange is not None:
        exchange.save(force_insert=True)
    if ticket.ended_at is not None:
        return
    if answer.standing == UNKNOWN:
        # They never had it: it may be sent, with the same number.
        change(ticket, standing=Standing.WAITING, sent_at=None, heard_at=at, tries=0, next_try_at=at)
        return
    change(ticket, heard_at=at, reference=(answer.reference or ticket.reference)[:80], reason=answer.reason[:200])
    match answer.standing:
        case Standing.DELIVERED:
            _end(ticket, Standing.DELIVERED, at=at)
            _delivered(order, unit, ticket, answer, by=by, at=at)
        case Standing.FAILED | Standing.CANCELLED:
            _end(ticket, answer.standing, at=at)
            _not_delivered(order, unit, ticket, at=at)
        case _:
            if ticket.standing != Standing.PENDING:
                note(order, "order.supplier_took_on", by=None, at=at, data=_told(unit, ticket))
            change(ticket, standing=Standing.PENDING)
            _ask_again_later(ticket, at=at)


@verb
def hear_nothing(ticket: Ticket, *, at: datetime, exchange: Exchange) -> None:
    """They did not answer, or not understandably: nothing is known of what they did. They are asked again, later."""
    _locked(ticket)
    exchange.save(force_insert=True)
    if ticket.ended_at is None:
        _ask_again_later(ticket, at=at)


@verb
def stumble(pk: int, fault: str, *, at: datetime) -> None:
    """Something of ours failed while a ticket was seen to: that stands with what was asked, and it is tried later.

    `fault` is the name of what happened, never its words, which may hold what nobody should read. The order's own
    clocks run on meanwhile: nobody waits longer for our fault than the hard limit.
    """
    ticket = Ticket.objects.select_related("unit__order").get(pk=pk)
    _locked(ticket)
    if ticket.ended_at is not None:
        return
    Exchange.objects.create(ticket=ticket, at=at, what=FAULT, answer=fault[:80])
    _ask_again_later(ticket, at=at)


def nudge(ticket: Ticket, *, at: datetime, exchange: Exchange) -> None:
    """They sent a notice: it is kept, and they are asked at once. What a notice says is never believed."""
    exchange.save(force_insert=True)
    Ticket.objects.filter(pk=ticket.pk, ended_at=None, sent_at__isnull=False).update(next_try_at=at)


@verb
def try_again(ticket: Ticket, *, by: Any, at: datetime) -> None:
    """The shop wants its supplier asked now, not when it would be its turn; or anew, where it said that it could not.

    What failed is sent again under a new number, for the old one is over there; possible while a case holds the unit,
    for otherwise it was paid back at once. Refused: `not_your_turn`, `wrong_moment`.
    """
    order, unit = _locked(ticket)
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop asks its supplier."))
    require(may_try_again(ticket, unit, order), "wrong_moment", _("There is nothing to ask the supplier any more."))
    if ticket.ended_at is None:
        change(ticket, next_try_at=at, tries=0)
    else:
        sent = ticket.exchanges.filter(what="submit").count()
        change(
            ticket,
            number=f"{order.number}-{unit.place}-{sent + 1}",
            standing=Standing.WAITING,
            sent_at=None,
            ended_at=None,
            reference="",
            reason="",
            next_try_at=at,
            tries=0,
        )
    note(order, "order.supplier_tried_again", by=by, at=at, data=_told(unit, ticket))


def may_try_again(ticket: Ticket, unit: Unit, order: Order) -> bool:
    """Whether asking the supplier by hand makes sense: it is on its way, or failed while the unit is still awaited."""
    if ticket.way != Way.SUPPLIER or order.state != OrderState.PAID or ticket.cancel_asked_at is not None:
        return False
    return ticket.ended_at is None or (ticket.standing == Standing.FAILED and unit.is_awaited())


def due(*, at: datetime) -> list[int]:
    """The tickets of which a supplier is to be asked now, the longest waiting first."""
    found = Ticket.objects.filter(ended_at=None, next_try_at__lte=at).order_by("next_try_at", "pk")
    return list(found.values_list("pk", flat=True))


def take_on(pk: int, *, at: datetime) -> Ticket | None:
    """One worker takes a ticket on, in a transaction of its own; nothing if another was faster.

    A lease only keeps others away; `what_to_say` looks again under the order's lock.
    """
    mine = Ticket.objects.filter(pk=pk, ended_at=None, next_try_at__lte=at).update(next_try_at=at + LEASE)
    if not mine:
        return None
    return Ticket.objects.select_related(
        "unit__order__snapshot__listing__supplier", "unit__order__given__data_key"
    ).get(pk=pk)


def _locked(ticket: Ticket) -> tuple[Order, Unit]:
    """The ticket's order, locked, with its unit; both and the ticket as they are now."""
    order = ticket.unit.order
    lock(order)
    ticket.refresh_from_db(
        fields=["standing", "reference", "sent_at", "heard_at", "ended_at", "cancel_asked_at", "next_try_at", "tries"]
    )
    ticket.unit.refresh_from_db()
    unit = ticket.unit
    unit.order = order
    return order, unit


def _delivered(order: Order, unit: Unit, ticket: Ticket, answer: Answer, *, by: Any, at: datetime) -> None:
    if not unit.is_awaited() or order.state != OrderState.PAID:
        # The buyer has the money back already. That is between the shop and its supplier, and on record.
        note(order, "order.delivered_after_all", by=by, at=at, data=_told(unit, ticket))
        return
    proof = Handover.objects.create(
        order=order,
        by=by,
        way=ticket.way,
        at=at,
        reference=ticket.reference,
        starts_on=answer.starts_on,
        ends_on=answer.ends_on,
        text=answer.text,
    )
    among = escrow.units_of(order)
    mine = [each for each in among if each.pk == unit.pk]
    handing.hand_over(order, mine, proof, among=among, by=by, at=at)
    if unit.held_by:
        hooks.answered(unit, at=at)


def _not_delivered(order: Order, unit: Unit, ticket: Ticket, *, at: datetime) -> None:
    """Pending is not failed, but this is: the unit is paid back at once, unless a case holds it and decides."""
    note(order, "order.supplier_failed", by=None, at=at, data={**_told(unit, ticket), "reason": ticket.reason})
    if unit.is_awaited() and unit.held_by:
        hooks.answered(unit, at=at)
        return
    if not unit.is_awaited():
        return
    among = escrow.units_of(order)
    why = "called_back" if ticket.standing == Standing.CANCELLED else "failed"
    mine = [each for each in among if each.pk == unit.pk]
    handing.call_off(order, mine, among=among, why=why, by=None, at=at)


def _end(ticket: Ticket, standing: str, *, at: datetime) -> None:
    change(ticket, standing=standing, ended_at=at, next_try_at=None)


def _ask_again_later(ticket: Ticket, *, at: datetime) -> None:
    """Ever more seldom; a shop's own system comes to us."""
    wait = min(FIRST_WAIT * 2 ** min(ticket.tries, 10), LONGEST_WAIT)
    change(ticket, tries=ticket.tries + 1, next_try_at=None if ticket.way == Way.SYSTEM else at + wait)


def _told(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    return {"unit": unit.place, "number": ticket.number, "reference": ticket.reference}
