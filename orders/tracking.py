"""Where a unit is while it is delivered: in words, with its number there, since when, and what happens when."""

from typing import Any

from django.utils.translation import gettext as _

from orders.figures import Figures
from orders.fulfilment import handing
from orders.models import Order, Ticket, Unit
from orders.parties import Side
from orders.states import OrderState, Standing
from shops.models import Way


def track(order: Order, unit: Unit, side: Side) -> list[dict[str, Any]]:
    """What is known of one unit's delivery: (word, value, moment), the latest last; nothing for codes."""
    if handing.way_of(order) == Way.STOCK or order.paid_at is None:
        return []
    found: list[dict[str, Any]] = []
    ticket: Ticket | None = getattr(unit, "ticket", None)
    if ticket is not None and ticket.ended_at is None:
        word = str(Standing(ticket.standing).label)
        since = {Standing.WAITING: ticket.made_at, Standing.SENT: ticket.sent_at}.get(
            Standing(ticket.standing), ticket.sent_at
        )
        found.append({"word": word, "value": _("since"), "at": since})
        if ticket.cancel_asked_at:
            found.append({"word": _("Asked to stop"), "value": "", "at": ticket.cancel_asked_at})
    elif unit.is_awaited():
        found.append({"word": _("The shop delivers by hand"), "value": _("since"), "at": order.paid_at})
    if ticket is not None:
        found.append({"word": _("Our number"), "value": ticket.number, "at": None})
        if ticket.ended_at and ticket.standing != Standing.DELIVERED:
            found.append({"word": str(Standing(ticket.standing).label), "value": ticket.reason, "at": ticket.ended_at})
    proof = unit.handover
    if proof is not None:
        found.append({"word": _("Delivered"), "value": "", "at": unit.delivered_at})
        if proof.reference:
            found.append({"word": _("Ticket number"), "value": proof.reference, "at": None})
        if proof.starts_on and proof.ends_on:
            found.append({"word": _("Term"), "value": f"{proof.starts_on} – {proof.ends_on}", "at": None})
        if proof.text:
            found.append({"word": _("What was done"), "value": proof.text, "at": None})
    elif ticket is not None and ticket.reference:
        found.append({"word": _("Ticket number"), "value": ticket.reference, "at": None})
    if unit.held and unit.inspection_ends_at and not unit.held_by:
        found.append({"word": _("Inspection until"), "value": "", "at": unit.inspection_ends_at})
    return found


def what_next(order: Order, figures: Figures, side: Side) -> list[dict[str, Any]]:
    """What happens when, while something is awaited: the promise, what its breach allows, the hard limit."""
    if order.state != OrderState.PAID or handing.way_of(order) == Way.STOCK:
        return []
    late = (
        _("Late: you may cancel at once, and everything that did not come is paid back.")
        if side == Side.BUYER
        else _("Late: the buyer may cancel at once.")
    )
    found = [
        {"word": _("Promised until"), "at": order.promised_at, "note": late if order.is_late else ""},
        {
            "word": _("Paid back by itself, if nothing came, on"),
            "at": order.deadline_at,
            "note": _("The clock stands still.") if order.deadline_at is None else "",
        },
    ]
    if order.final_asked_at:
        found.append({"word": _("The supplier is asked for its final answer"), "at": order.final_asked_at, "note": ""})
    return found
