"""What happened, counted: from the stream of events into summary tables, once, and the same from scratch for proof.

Every formula of the figures stands here or in `reputation.figures`. What an event adds follows from the event and from
what never changes any more about its thing, so that counting again from the first event gives the same tables.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from django.db import connection, transaction
from django.db.models import Count, Min

from disputes.models import Dispute
from disputes.states import APPEAL, DISPUTE, DisputeState
from ledger.models import PayoutLeg
from orders.models import Order
from refunds.models import Refund, RefundItem
from refunds.states import REFUND, RefundState
from reputation import stream
from reputation.models import Tally
from rulebook import versions
from timeline.models import Event
from timeline.spans import SHANGHAI

#: Upper bounds in minutes by which times are counted; a median or a p95 is then “at most so much”.
BOUNDS: tuple[int, ...] = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1_440)
BOUNDS += (2_160, 2_880, 4_320, 7_200, 10_080, 14_400, 20_160, 43_200)
BEYOND = 999_999
#: Whose fault it is when a claim counts against the shop.
SUPPLY_SIDE = frozenset({"SELLER", "UPSTREAM", "SHARED"})
#: Ways a dispute ends in which somebody decided it; the others are agreements, which count for nobody's loss.
DECIDED = frozenset({"ruling", "provisional", "default"})
NAME = "figures"

Key = tuple[str, int | None, date, str]


@dataclass
class Counted:
    """What events add up to: by measure, shop, day and part, how often and how much."""

    found: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(
        self, measure: str, shop: int | None, at: datetime, part: str = "", *, count: int = 1, total: int = 0
    ) -> None:
        """Count something for a shop and for the platform."""
        day = at.astimezone(SHANGHAI).date()
        for whose in {shop, None}:
            row = self.found[measure, whose, day, part]
            row[0] += count
            row[1] += total


def catch_up(*, at: datetime, most: int = stream.MOST) -> int:
    """Count what has happened since the last time; running twice, or dying half-way, counts nothing twice."""
    counted = 0
    while found := stream.follow(NAME, _store, at=at, most=most):
        counted += found
        if found < most:
            break
    return counted


def recount(*, chunk: int = stream.MOST) -> dict[Key, tuple[int, int]]:
    """The same from the first event on, without touching the tables: what they must be."""
    counted, last = Counted(), 0
    while events := list(Event.objects.filter(pk__gt=last).order_by("pk")[:chunk]):
        last = events[-1].pk
        count(events, counted)
    return {key: (row[0], row[1]) for key, row in counted.found.items() if row != [0, 0]}


def count(events: Sequence[Event], counted: Counted) -> None:
    """Add what these events add, with as many queries for one as for a thousand."""
    known = Known(events)
    for event in events:
        kind, _, thing = event.subject.partition(":")
        if kind in COUNTED:
            COUNTED[kind](event, int(thing), known, counted)


def bucket(minutes: int) -> str:
    """The upper bound that a time is counted under."""
    return f"{next((bound for bound in BOUNDS if minutes <= bound), BEYOND):06}"


def minutes(since: datetime, until: datetime) -> int:
    """Whole minutes, begun ones counted."""
    return max(0, -int(-(until - since).total_seconds() // 60))


class Known:
    """What the events are about, asked for once for all of them, and only if one of them needs it."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events

    def _ids(self, kind: str) -> set[int]:
        return {int(event.subject.partition(":")[2]) for event in self.events if event.subject.startswith(f"{kind}:")}

    @cached_property
    def orders(self) -> dict[int, Order]:
        """Orders that something happened to, each with how many units it has."""
        rows = Order.objects.filter(pk__in=self._ids("order")).annotate(size=Count("units")).order_by()
        return {order.pk: order for order in rows}

    @cached_property
    def refunds(self) -> dict[int, Refund]:
        """Cases that something happened to."""
        rows = Refund.objects.filter(pk__in=self._ids("refund")).select_related("order").order_by()
        return {refund.pk: refund for refund in rows}

    @cached_property
    def paid_back(self) -> dict[int, int]:
        """Units of a case of which something was paid back."""
        rows = RefundItem.objects.filter(refund__in=self._ids("refund"), granted__gt=0).order_by()
        return dict(rows.values_list("refund").annotate(number=Count("pk")))

    @cached_property
    def disputes(self) -> dict[int, Dispute]:
        """Disputes that something happened to."""
        rows = Dispute.objects.filter(pk__in=self._ids("dispute")).select_related("refund__order").order_by()
        return {dispute.pk: dispute for dispute in rows}

    @cached_property
    def shop_of_root(self) -> dict[str, int]:
        """The shop of each order that is a root here."""
        roots = {int(event.root.partition(":")[2]) for event in self.events if event.root.startswith("order:")}
        rows = Order.objects.filter(pk__in=roots).order_by().values_list("pk", "shop_id")
        return {f"order:{pk}": shop for pk, shop in rows}

    @cached_property
    def first_answers(self) -> dict[str, int]:
        """The event with which each case first left the shop's turn."""
        subjects = [event.subject for event in self.events if event.state_before == RefundState.REQUESTED]
        rows = Event.objects.filter(subject__in=subjects, state_before=RefundState.REQUESTED).order_by()
        return dict(rows.values_list("subject").annotate(first=Min("pk")))

    @cached_property
    def late_rulings(self) -> dict[str, list[int]]:
        """The events with which the time for a ruling ran out, by dispute."""
        subjects = [event.subject for event in self.events if event.name == "dispute.ruled"]
        rows = Event.objects.filter(subject__in=subjects, name="dispute.clock_fired", body__contains='"RULING"')
        found: dict[str, list[int]] = defaultdict(list)
        for subject, pk in rows.order_by().values_list("subject", "pk"):
            found[subject].append(pk)
        return found

    @cached_property
    def legs(self) -> dict[int, list[tuple[str, int]]]:
        """Where the money of each payout came from, in fen."""
        paid = {int(event.subject.partition(":")[2]) for event in self.events if event.subject.startswith("payout:")}
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        rows = PayoutLeg.objects.filter(payout__in=paid, payout__cause__startswith="refund:").order_by()
        for payout, source, amount in rows.values_list("payout", "source", "amount"):
            found[payout].append((_pocket(source), amount))
        return found

    @cached_property
    def said(self) -> dict[str, list[tuple[int, str, datetime]]]:
        """Everything said in the conversations here: event, side, time; oldest first."""
        roots = {event.root for event in self.events if event.name == "order.message_said"}
        found: dict[str, list[tuple[int, str, datetime]]] = defaultdict(list)
        for event in Event.objects.filter(root__in=roots, name="order.message_said").order_by("root", "seq"):
            found[event.root].append((event.pk, event.data["side"], event.at))
        return found


def _pocket(source: str) -> str:
    """The kind of account that paid: escrow, pending, available, reserved, deposit, fund, own."""
    return source.rpartition(":")[2]


def _order(event: Event, pk: int, known: Known, counted: Counted) -> None:
    order = known.orders[pk]
    units = order.size  # type: ignore[attr-defined]
    if event.name == "order.paid":
        counted.add("orders", order.shop_id, event.at, total=int(event.data["amount"]))
        counted.add("units", order.shop_id, event.at, count=units)
    elif event.name == "order.delivered":
        in_time = order.promised_at is None or event.at <= order.promised_at
        counted.add("due", order.shop_id, event.at, "on_time" if in_time else "late", count=units)
    elif event.name == "order.cancelled" and event.by_id is None and event.state_before == "paid":
        counted.add("due", order.shop_id, event.at, "late", count=units)
    elif event.name == "order.validity_recorded" and event.data["valid"] is False:
        counted.add("bad_codes", order.shop_id, event.at)
    elif event.name == "order.message_said" and event.data["side"] != "buyer":
        since = None
        for other, side, at in known.said[event.root]:
            if other >= event.pk:
                break
            since = (since or at) if side == "buyer" else None
        if since is not None:
            waited = minutes(since, event.at)
            counted.add("responses", order.shop_id, event.at, bucket(waited), total=waited)


def _refund(event: Event, pk: int, known: Known, counted: Counted) -> None:
    refund = known.refunds[pk]
    shop = refund.order.shop_id
    if event.name == "refund.requested" and not event.state_before:
        counted.add("claims", shop, event.at, refund.reason, count=1, total=refund.asked)
    if event.state_before == RefundState.REQUESTED and known.first_answers[event.subject] == event.pk:
        is_answer = event.by_id is not None and event.by_id != refund.buyer_id
        if is_answer or (event.by_id is None and event.at > refund.opened_at):
            waited = minutes(refund.opened_at, event.at)
            counted.add("answers", shop, event.at, bucket(waited), total=waited)
    if event.state_after in REFUND.terminal and event.state_after != event.state_before:
        is_paid = event.state_after == RefundState.REFUNDED
        part = refund.outcome if is_paid else event.state_after
        counted.add("outcomes", shop, event.at, part, total=(refund.approved or 0) if is_paid else 0)
        counted.add("reasons", shop, event.at, f"{refund.reason}:{'paid' if is_paid else event.state_after}")
        if refund.is_predecision:
            counted.add("reviews", shop, event.at, "reversed" if is_paid else "kept")
        if is_paid:
            waited = minutes(refund.opened_at, event.at)
            counted.add("cycle", shop, event.at, f"{_fault(refund)}:{bucket(waited)}", total=waited)
            whose = "supply" if _is_supply_side(refund.reason) else "other"
            counted.add(
                "paid_back", shop, event.at, whose, count=known.paid_back.get(pk, 0), total=refund.approved or 0
            )
    if event.name == "refund.alarm":
        counted.add("late_payments", shop, event.at)


def _dispute(event: Event, pk: int, known: Known, counted: Counted) -> None:
    dispute = known.disputes[pk]
    shop = dispute.refund.order.shop_id
    if event.name == "dispute.opened" and not event.state_before:
        counted.add("disputes", shop, event.at, "urgent" if dispute.is_urgent else "normal")
    elif event.state_before == DisputeState.OPENED and event.state_after == DisputeState.EVIDENCE:
        waited = minutes(dispute.opened_at, event.at)
        how = "urgent" if dispute.is_urgent else "normal"
        counted.add("starts", shop, event.at, f"{how}:{bucket(waited)}", total=waited)
    elif event.name == "dispute.ruled":
        late = any(other < event.pk for other in known.late_rulings[event.subject])
        counted.add("rulings", shop, event.at, "late" if late else "on_time")
    if event.state_after in DISPUTE.terminal and event.state_after != event.state_before:
        whose = "decided" if dispute.outcome in DECIDED else "agreed"
        got = "buyer" if dispute.refund.approved else "shop"
        counted.add("dispute_ends", shop, event.at, f"{whose}:{got}")
    if event.name == "dispute.payment_late":
        counted.add("late_payments", shop, event.at)


def _appeal(event: Event, pk: int, known: Known, counted: Counted) -> None:
    shop = known.shop_of_root.get(event.root)
    if not event.state_before and event.state_after:
        counted.add("appeals", shop, event.at)
    elif event.state_after in APPEAL.terminal and event.state_after != event.state_before:
        counted.add("appeal_ends", shop, event.at, event.state_after)


def _payout(event: Event, pk: int, known: Known, counted: Counted) -> None:
    if event.state_after == "paid" and event.state_before != "paid":
        shop = known.shop_of_root.get(event.root)
        for pocket, amount in known.legs.get(pk, ()):
            counted.add("sources", shop, event.at, pocket, total=amount)
    elif event.name == "payout.alarm":
        counted.add("late_payments", known.shop_of_root.get(event.root), event.at)


def _step(event: Event, pk: int, known: Known, counted: Counted) -> None:
    """A measure against a buyer or a step against a shop: taken, and taken back."""
    if not event.state_before and event.state_after:
        counted.add("measures", None, event.at, f"taken:{event.data.get('step', '')}")
    elif event.state_after == "lifted":
        counted.add("measures", None, event.at, "lifted")


COUNTED = {
    "order": _order,
    "refund": _refund,
    "dispute": _dispute,
    "appeal": _appeal,
    "payout": _payout,
    "measure": _step,
    "sanction": _step,
}


def _fault(refund: Refund) -> str:
    """Whose fault the rulebook found: of several, the first unit's."""
    parts = refund.decision.get("parts") or [{}]
    return str(parts[0].get("fault", ""))


def _is_supply_side(reason: str) -> bool:
    found = versions.shipped().book.reasons.get(reason)
    return found is not None and found.default_class in SUPPLY_SIDE


def _store(events: Sequence[Event]) -> None:
    counted = Counted()
    count(events, counted)
    store(counted)


@transaction.atomic
def store(counted: Counted) -> None:
    """Add what was counted to the tables, in one statement."""
    rows = sorted(
        ((key, row) for key, row in counted.found.items() if row != [0, 0]),
        key=lambda each: (each[0][0], each[0][1] or 0, each[0][2], each[0][3]),
    )
    if not rows:
        return
    columns: list[list[object]] = [[], [], [], [], [], []]
    for (measure, shop, day, part), (number, total) in rows:
        for column, value in zip(columns, (measure, shop, day, part, number, total), strict=True):
            column.append(value)
    table = connection.ops.quote_name(Tally._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} (measure, shop_id, day, part, count, total)"  # noqa: S608 - the table's own name
            " select * from unnest(%s::text[], %s::bigint[], %s::date[], %s::text[], %s::bigint[], %s::bigint[])"
            " on conflict (measure, shop_id, day, part) do update"
            f" set count = {table}.count + excluded.count, total = {table}.total + excluded.total",
            columns,
        )


def tallies(rows: Iterable[Tally]) -> dict[Key, tuple[int, int]]:
    """The tables as `recount` gives them, to compare."""
    return {(row.measure, row.shop_id, row.day, row.part): (row.count, row.total) for row in rows}
