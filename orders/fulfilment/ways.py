"""The ways of delivery behind one small interface: what each does when an order is paid, and when it is called back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from orders.fulfilment.handing import deliver_codes, way_of
from orders.models import Order, Ticket, Unit
from orders.states import Standing
from shops import models
from timeline import page
from timeline.door import change_all


class Way(Protocol):
    """How an order gets delivered. Both are called with the order's lock held, and speak to nobody outside."""

    def begin(self, order: Order, *, at: datetime) -> None:
        """The order was paid: deliver it, or write down that it is to be delivered."""

    def recall(self, units: Sequence[Unit], *, at: datetime) -> list[Unit]:
        """Do not deliver `units` any more. Returns those that surely will not be: of the others somebody is asked."""


class Stock:
    """Codes out of the vault: delivered in the breath in which they are paid."""

    def begin(self, order: Order, *, at: datetime) -> None:
        """Bind the codes to the order, sealed."""
        deliver_codes(order, at=at)

    def recall(self, units: Sequence[Unit], *, at: datetime) -> list[Unit]:
        """What was not delivered yet stays here."""
        return list(units)


class Hand:
    """The shop delivers and proves it (`manual`): until then nothing happens by itself."""

    def begin(self, order: Order, *, at: datetime) -> None:
        """The order stands in the shop's queue because it is paid."""

    def recall(self, units: Sequence[Unit], *, at: datetime) -> list[Unit]:
        """The shop has not said that it delivered, so it has not."""
        return list(units)


class Tickets:
    """Somebody else's system delivers: each unit is a ticket with a number of ours that is the same for ever.

    A supplier is asked (`errands`), a shop's own system asks us (`system_api`).
    """

    def __init__(self, way: models.Way, *, is_asked: bool) -> None:
        self.way, self.is_asked = way, is_asked

    def begin(self, order: Order, *, at: datetime) -> None:
        """A ticket for each unit; nothing has left the house."""
        units = order.units.order_by("place")
        page.insert(
            [
                Ticket(
                    unit=unit,
                    number=f"{order.number}-{unit.place}",
                    way=self.way,
                    made_at=at,
                    next_try_at=at if self.is_asked else None,
                )
                for unit in units
            ]
        )

    def recall(self, units: Sequence[Unit], *, at: datetime) -> list[Unit]:
        """What was never sent is cancelled at once; of what may be under way the supplier is asked to stop."""
        places = {unit.pk: unit for unit in units}
        tickets = list(Ticket.objects.filter(unit__in=places, ended_at=None).order_by("pk"))
        stopped = [ticket for ticket in tickets if ticket.sent_at is None]
        for ticket in stopped:
            ticket.standing, ticket.ended_at, ticket.next_try_at = Standing.CANCELLED, at, None
        out = [ticket for ticket in tickets if ticket.sent_at is not None]
        for ticket in out:
            ticket.cancel_asked_at = ticket.cancel_asked_at or at
            ticket.next_try_at = at if self.is_asked else None
        change_all(stopped, ["standing", "ended_at", "next_try_at"])
        change_all(out, ["cancel_asked_at", "next_try_at"])
        on_the_way = {ticket.unit_id for ticket in out}
        return [unit for pk, unit in places.items() if pk not in on_the_way]


WAYS: dict[models.Way, Way] = {
    models.Way.STOCK: Stock(),
    models.Way.SHOP: Hand(),
    models.Way.SUPPLIER: Tickets(models.Way.SUPPLIER, is_asked=True),
    models.Way.SYSTEM: Tickets(models.Way.SYSTEM, is_asked=False),
}


def of(order: Order) -> Way:
    """The way in which this order is delivered."""
    return WAYS[way_of(order)]
