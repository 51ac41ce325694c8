"""Whom a buyer can turn to upstream: the contact the shop disclosed, once the trouble lies there."""

from orders.fulfilment import handing
from orders.models import Order, Ticket, ValidityRecord
from orders.states import OrderState, Standing
from shops.models import Supplier, Way


def contact_of(order: Order) -> dict[str, str] | None:
    """The supplier's name and contact where it is late, could not deliver, or sent a bad code; else nobody's business.

    One query for an order of a supplier that is in trouble or of codes that were delivered; none for others.
    """
    found: Supplier | None = None
    if handing.way_of(order) == Way.SUPPLIER:
        is_late = order.state == OrderState.PAID and (order.is_late or order.final_asked_at is not None)
        failed = Ticket.objects.filter(unit__order=order, standing__in=[Standing.FAILED, Standing.GIVEN_UP])
        if is_late or (order.state != OrderState.PLACED and failed.exists()):
            found = order.snapshot.listing.supplier
    elif order.delivered_at is not None:
        bad = (
            ValidityRecord.objects.filter(unit__order=order, is_valid=False, unit__card__batch__supplier__isnull=False)
            .select_related("unit__card__batch__supplier")
            .order_by("-pk")
            .first()
        )
        found = bad.unit.card.batch.supplier if bad is not None and bad.unit.card is not None else None
    if found is None or not found.contact:
        return None
    return {"name": found.name, "contact": found.contact}
