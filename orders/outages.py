"""What an outage does to the times of units: the order has one clock, each unit keeps its own time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orders import facts
from orders.models import Order, Unit, Weighing
from orders.states import OrderState
from rulebook.collected import Outage as Stretch
from timeline import events, timers
from timeline.door import change, change_all, note, require, verb
from timeline.models import Outage, Timer

#: Outages that excuse whoever owes delivery; a shop's own does not, nor does that of the way the buyer paid.
EXCUSING = (Outage.Scope.PLATFORM, Outage.Scope.KIND, Outage.Scope.SUPPLIER)
#: Whatever was paid longer before an outage was delivered or paid back when it began: the longest promise, the hard
#: limit behind it, and a supplier's last word together are shorter.
LONG_BEFORE = timedelta(days=60)


def clocks_moved(moved: Sequence[tuple[Any, datetime | None, timedelta]]) -> None:
    """Clocks moved by an outage: what is true of an order's clock is true of its units', those in a case included.

    The first unit's time is where the order's clock now ends, every other moves as far. A unit that a case holds has as
    much more left as the outage took. The orders are locked.
    """
    orders_by = {thing.pk: thing for thing, _until, _by in moved if isinstance(thing, Order)}
    orders = {thing.pk: (until, by) for thing, until, by in moved if isinstance(thing, Order)}
    if not orders:
        return
    # While an order is delivered its clock is the hard limit; that of the units which came already runs beside it.
    paid = [thing.address for thing in orders_by.values() if thing.state == OrderState.PAID]
    rows = Timer.objects.filter(subject__in=paid, limit__in=["INSPECT", "PROMISE"], state=Timer.State.RUNNING)
    beside = list(rows) if paid else []
    inspected = {timer.subject: timer.due_at for timer in beside if timer.limit == "INSPECT"}
    _move_promises({timer.subject: timer.due_at for timer in beside if timer.limit == "PROMISE"}, orders_by.values())
    by_order: dict[int, list[Unit]] = defaultdict(list)
    for unit in Unit.objects.filter(order__in=orders).order_by("pk"):
        by_order[unit.order_id].append(unit)
    changed: list[Unit] = []
    for pk, units in by_order.items():
        until, by = orders[pk]
        ends = [end for unit in units if (end := unit.next_at())]
        if orders_by[pk].state == OrderState.PAID:
            until = inspected.get(orders_by[pk].address)
        further = until - min(ends) if until and ends else by
        for unit in units:
            if unit.held_by and unit.left_at_hold is not None:
                unit.left_at_hold += by
            elif unit.next_at() and unit.held and unit.inspection_ends_at:
                unit.inspection_ends_at += further
            elif unit.next_at() and unit.settle_at:
                unit.settle_at += further
            else:
                continue
            changed.append(unit)
    change_all(changed, ["inspection_ends_at", "settle_at", "left_at_hold"])


def _move_promises(ends: dict[str, datetime], orders: Iterable[Order]) -> None:
    """What is promised is told to people where its clock ends now."""
    moved = [order for order in orders if ends.get(order.address, order.promised_at) != order.promised_at]
    for order in moved:
        order.promised_at = ends[order.address]
    change_all(moved, ["promised_at"])


# What an outage that was registered afterwards changes


def touched(outage: Outage, *, at: datetime, claimed: Exists) -> QuerySet[Order]:
    """Orders that were owed while `outage` lasted and came late, or for which somebody claimed that they did.

    `claimed` says of an order whether there was a case about its delay: that is for the room above to know.
    """
    until = outage.ended_at or at
    owed = Q(delivered_at=None) | Q(delivered_at__gt=outage.began_at)
    is_late = Q(is_late=True) | Q(delivered_at__gt=F("promised_at")) | claimed
    found = Order.objects.filter(owed, is_late, paid_at__gt=outage.began_at - LONG_BEFORE, paid_at__lt=until)
    if outage.scope == Outage.Scope.KIND:
        found = found.filter(snapshot__listing__kind=outage.target)
    if outage.scope == Outage.Scope.SUPPLIER:
        found = found.filter(snapshot__listing__supplier=int(outage.target))
    return found


def relieve(order: Order, *, at: datetime) -> bool:
    """Count a promise anew with all that is registered by now: what the outages took is given to the promise, once.

    Whoever is no longer late has their promise running again; what was delivered in time by it counts as in time (the
    shop's figures read the same row). The order is locked. Whether anything changed.
    """
    due_at = facts.promised_at(order)
    if order.paid_at is None or order.promised_at is None or due_at is None:
        return False
    until = order.delivered_at or at
    ends_at = _end_of(due_at, order.paid_at, _stretches(order, until=until, at=at))
    if ends_at <= order.promised_at:
        return False
    data = {"before": order.promised_at.isoformat(), "after": ends_at.isoformat()}
    change(order, promised_at=ends_at)
    note(order, "order.promise_moved", by=None, at=at, data=data)
    if not order.is_late:
        return True
    if order.state == OrderState.PAID and ends_at > at:
        change(order, is_late=False)
        timers.start_until(
            root=order.root_address, subject=order.address, limit="PROMISE", until=ends_at, at=at, owner=order.owner
        )
    elif order.delivered_at is not None and order.delivered_at <= ends_at:
        change(order, is_late=False)
    return True


# What could not be held against an outage


def note_given_up(weighing: Weighing, pk: int, *, at: datetime) -> None:
    """An order failed too often: it stands in the register's own stream, and a lead finds it on the page of such."""
    why = weighing.tries[str(pk)]["why"]
    root = weighing.outage.address
    data = {"order": pk, "why": why}
    events.record(root=root, subject=root, name="outage.order_given_up", by=None, at=at, data=data)


@verb
def try_again(weighing: Weighing, pk: int, *, reason: str, by: Any, at: datetime) -> None:
    """A lead lets an order that was given up be held against its outage once more, and says why.

    Refused: `leads_only`, `reason_missing`, `not_given_up`.
    """
    require(by.has_role("lead"), "leads_only", _("Only a lead lets it be tried again."))
    require(bool(reason.strip()), "reason_missing", _("Say why."))
    weighing.refresh_from_db(from_queryset=Weighing.objects.select_for_update(of=("self",)).select_related("outage"))
    require(pk in weighing.given_up, "not_given_up", _("This order waits for nobody here."))
    weighing.given_up = [each for each in weighing.given_up if each != pk]
    weighing.left_over, weighing.done_at = [*weighing.left_over, pk], None
    weighing.tries.pop(str(pk), None)
    weighing.save(update_fields=["given_up", "left_over", "tries", "done_at"])
    root, data = weighing.outage.address, {"order": pk, "reason": reason.strip()[:300]}
    events.record(root=root, subject=root, name="outage.order_tried_again", by=by, at=at, data=data)


def given_up() -> list[tuple[Weighing, Order]]:
    """Every order that could not be held against an outage, with it, the oldest outage first."""
    rows = list(Weighing.objects.exclude(given_up=[]).select_related("outage").order_by("outage__began_at", "pk"))
    orders = Order.objects.in_bulk([pk for row in rows for pk in row.given_up])
    return [(row, orders[pk]) for row in rows for pk in row.given_up if pk in orders]


def _stretches(order: Order, *, until: datetime, at: datetime) -> list[Stretch]:
    """What was down while the order was owed, in the order in which it began."""
    listing = order.snapshot.listing
    meant = (
        Q(scope=Outage.Scope.PLATFORM)
        | Q(scope=Outage.Scope.KIND, target=listing.kind)
        | Q(scope=Outage.Scope.SUPPLIER, target=str(listing.supplier_id or ""))
    )
    down = Outage.objects.filter(meant, Q(ended_at=None) | Q(ended_at__gt=order.paid_at), began_at__lt=until).order_by(
        "began_at", "pk"
    )
    return [(each.began_at, min(each.ended_at or at, until)) for each in down]


def _end_of(due_at: datetime, paid_at: datetime, down: Iterable[Stretch]) -> datetime:
    """When a promise that ends at `due_at` ends with what was down until then given to it; overlaps count once."""
    done, ends_at = paid_at, due_at
    for begin, finish in down:
        begin = max(begin, done)
        if begin >= ends_at:
            break
        if finish > begin:
            ends_at += finish - begin
            done = finish
    return ends_at
