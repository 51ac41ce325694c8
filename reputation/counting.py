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
from django.db.models import Count, F, Min, QuerySet

from complaints.models import Complaint
from disputes.models import Dispute, Ruling, SecondLook
from disputes.precedents import NEAR_ENOUGH, outcome_class
from disputes.states import APPEAL, DISPUTE, DisputeState
from ledger.models import PayoutLeg, Posting
from orders.fulfilment import handing
from orders.models import Order
from orders.states import OrderState
from refunds import faults
from refunds.models import Refund, RefundItem
from refunds.states import REFUND, RefundState
from reputation import stream
from reputation.models import Mark, Tally
from rulebook import versions
from shops.models import VAULTED, Way
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
#: Whose word ended a case: of a machine or a clock, of the shop, of both together, of the platform's people.
DECIDERS = {
    **dict.fromkeys(("instant", "silence", "standing", "unreplaced", "bad_again", "external"), "machine"),
    "seller": "shop",
    **dict.fromkeys(("settlement", "exchanged"), "both"),
    **dict.fromkeys(("ruling", "rejected"), "platform"),
    **dict.fromkeys(("withdrawn", "lapsed"), "buyer"),
}
#: What is called off because a time was over; everything else that is called off could not be delivered at all.
OUT_OF_TIME = frozenset({"late", "not delivered in time"})
FUND = "platform:fund"
NAME, FUND_NAME = "figures", "fund"

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


def catch_up(*, at: datetime, most: int = stream.MOST, touched: set[int] | None = None) -> int:
    """Count what has happened since the last time; running twice, or dying half-way, counts nothing twice.

    Returns how many events were read; `touched` takes the shops of which something was counted.
    """

    def keep(events: Sequence[Event]) -> None:
        counted = Counted()
        count(events, counted)
        store(counted)
        if touched is not None:
            touched.update(shop for _measure, shop, _day, _part in counted.found if shop is not None)

    counted = 0
    while found := stream.follow(NAME, keep, at=at, most=most):
        counted += found
        if found < most:
            break
    while _follow_the_fund(at=at, most=most) == most:
        pass
    return counted


def recount(*, chunk: int = stream.MOST) -> dict[Key, tuple[int, int]]:
    """The same from the first event on, without touching the tables: what they must be."""
    counted, last = Counted(), 0
    while events := list(Event.objects.filter(pk__gt=last).order_by("pk")[:chunk]):
        last = events[-1].pk
        count(events, counted)
    line = 0
    while lines := list(_lines_of_the_fund(line)[:chunk]):
        line = lines[-1].seq
        count_fund(lines, counted)
    return {key: (row[0], row[1]) for key, row in counted.found.items() if row != [0, 0]}


def _lines_of_the_fund(after: int) -> QuerySet[Posting]:
    found = Posting.objects.filter(account__address=FUND, seq__gt=after)
    return found.select_related("transfer").order_by("seq")


@transaction.atomic
def _follow_the_fund(*, at: datetime, most: int) -> int:
    """Count the next lines of the guarantee fund's statement, each once; returns how many there were.

    Lines of an account have their numbers in the order in which they were committed, so none comes in below the mark.
    """
    Mark.objects.get_or_create(name=FUND_NAME)
    mark = Mark.objects.select_for_update(skip_locked=True).filter(name=FUND_NAME).first()
    if mark is None:
        return 0
    lines = list(_lines_of_the_fund(mark.event_id)[:most])
    if lines:
        counted = Counted()
        count_fund(lines, counted)
        store(counted)
        mark.event_id = mark.ahead_id = lines[-1].seq
    mark.at = at
    mark.save(update_fields=["event_id", "ahead_id", "at"])
    return len(lines)


def count_fund(lines: Iterable[Posting], counted: Counted) -> None:
    """What came into the guarantee fund and what left it, in fen, by the reason of the transfer."""
    for line in lines:
        measure = "fund_in" if line.amount > 0 else "fund_out"
        counted.add(measure, None, line.transfer.at, line.transfer.reason, total=abs(line.amount))


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
        rows = Order.objects.filter(pk__in=self._ids("order")).select_related("snapshot__listing")
        return {order.pk: order for order in rows.annotate(size=Count("units")).order_by()}

    @cached_property
    def deliveries(self) -> dict[str, list[Event]]:
        """What was delivered, called off or promised anew in the orders here, oldest first.

        Read after the orders: a promise and the event that it was moved with come in together.
        """
        assert self.orders is not None  # noqa: S101 - asked first, for the order of the two
        subjects = {event.subject for event in self.events if event.subject.startswith("order:")}
        found: dict[str, list[Event]] = defaultdict(list)
        for event in Event.objects.filter(subject__in=subjects, name__in=DELIVERIES).order_by("pk"):
            found[event.subject].append(event)
        return found

    @cached_property
    def first_bad(self) -> dict[tuple[str, int], int]:
        """The event with which a unit was first said to be bad."""
        subjects = {event.subject for event in self.events if event.name == "order.validity_recorded"}
        found: dict[tuple[str, int], int] = {}
        for event in Event.objects.filter(subject__in=subjects, name="order.validity_recorded").order_by("-pk"):
            if event.data["valid"] is False:
                found[event.subject, event.data["unit"]] = event.pk
        return found

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
    def first_claims(self) -> dict[int, int]:
        """The first case over each order here."""
        orders = {refund.order_id for refund in self.refunds.values()}
        rows = Refund.objects.filter(order__in=orders).order_by()
        return dict(rows.values_list("order").annotate(first=Min("pk")))

    @cached_property
    def decided_anew(self) -> set[tuple[str, datetime]]:
        """Cases that waited for a supplier, and when they were decided anew by its answer or its silence."""
        subjects = [event.subject for event in self.events if event.state_before == RefundState.REQUESTED]
        rows = Event.objects.filter(subject__in=subjects, name="refund.decided_anew").order_by()
        return set(rows.values_list("subject", "at"))

    @cached_property
    def items_asked(self) -> dict[str, list[tuple[int, str]]]:
        """What arbiters asked for in the disputes here: event, and whom; oldest first."""
        subjects = {event.subject for event in self.events if event.name == "dispute.questioned"}
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for event in Event.objects.filter(subject__in=subjects, name="dispute.questioned").order_by("pk"):
            found[event.subject].append((event.pk, event.data["whom"]))
        return found

    @cached_property
    def looks(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Rulings that were decided a second time: what went back by the first and by the second, in basis points."""
        rows = SecondLook.objects.filter(ruling__dispute__in=self._ids("dispute"), ruling__precedent__isnull=False)
        found = rows.annotate(first=F("ruling__precedent__returned_bp")).order_by()
        told = found.values_list("ruling__dispute", "ruling__version", "first", "returned_bp")
        return {(pk, version): (first, second) for pk, version, first, second in told if second is not None}

    @cached_property
    def served(self) -> dict[int, list[tuple[datetime, bool]]]:
        """Of each dispute about fraud, the rulings that were served, oldest first: when, and whether it found fraud.

        One that gives the price alone found none: what the law gives on top rests on the finding of three people.
        """
        about = Ruling.objects.filter(dispute__in=self._ids("dispute"), dispute__refund__reason="FRAUD", is_final=True)
        found: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
        for dispute, at, on_top in about.order_by("version").values_list("dispute", "at", "compensation"):
            found[dispute].append((at, on_top > 0))
        return found

    @cached_property
    def complaints(self) -> dict[int, Complaint]:
        """Complaints from outside that something happened to."""
        rows = Complaint.objects.filter(pk__in=self._ids("complaint")).order_by()
        return {complaint.pk: complaint for complaint in rows}

    @cached_property
    def said_outside(self) -> dict[str, Event]:
        """Of each complaint, the event that shows whether we answered in time: our answer, or its time being over."""
        subjects = {event.subject for event in self.events if event.subject.startswith("complaint:")}
        rows = Event.objects.filter(subject__in=subjects, name__in=["complaint.answered", "complaint.late"])
        found: dict[str, Event] = {}
        for event in rows.order_by("pk"):
            is_over = event.name == "complaint.answered" or event.at >= datetime.fromisoformat(event.data["due_at"])
            if is_over:
                found.setdefault(event.subject, event)
        return found

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
        if order.snapshot.listing.kind in VAULTED:
            counted.add("codes", order.shop_id, event.at, count=units)
    elif event.name in DELIVERIES:
        _count_due(event, order, known, counted)
    elif event.name == "order.validity_recorded" and event.data["valid"] is False:
        if known.first_bad[event.subject, event.data["unit"]] == event.pk:
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


#: What says of an order's units that they came, or that they never will; and that the promise was moved afterwards.
MOVED = "order.promise_moved"
DELIVERIES = frozenset(
    {"order.units_delivered", "order.delivered", "order.units_called_off", "order.cancelled", "order.refunded", MOVED}
)


def _count_due(event: Event, order: Order, known: Known, counted: Counted) -> None:
    """Count what an event says came, or never will, by the promise as it was then; a promise that was moved since, by
    an outage that was registered late, puts right what it turns."""
    told = known.deliveries[event.subject]
    if event.name != MOVED:
        later = next((other for other in told if other.name == MOVED and other.pk > event.pk), None)
        promised = order.promised_at if later is None else _moment(later.data["before"])
        number, part = _fell_due(event, order, told, promised)
        counted.add("due", order.shop_id, event.at, part, count=number)
        return
    before, after = _moment(event.data["before"]), _moment(event.data["after"])
    for other in told:
        if other.name == MOVED or other.pk > event.pk:
            continue
        for promised, sign in ((before, -1), (after, 1)):
            number, part = _fell_due(other, order, told, promised)
            counted.add("due", order.shop_id, other.at, part, count=sign * number)


def _fell_due(event: Event, order: Order, told: Sequence[Event], promised: datetime | None) -> tuple[int, str]:
    """How many units an event says came or never will, and whether that was within the promise.

    What a case paid back before it came is late if its promise was over; what could not be delivered always is.
    """
    part = "on_time" if promised is None or event.at <= promised else "late"
    if event.name == "order.units_delivered":
        return len(event.data["units"]), part
    if event.name == "order.units_called_off":
        return _called_off(event, len(event.data["units"]), part)
    if event.state_before != OrderState.PAID:
        return 0, part
    size: int = order.size  # type: ignore[attr-defined]
    if event.name == "order.delivered" and handing.way_of(order) == Way.STOCK:
        return size, part
    parts = ("order.units_delivered", "order.units_called_off")
    rest = size - sum(len(other.data["units"]) for other in told if other.name in parts and other.pk < event.pk)
    if event.name == "order.cancelled":
        return _called_off(event, rest, part)
    return (rest, part) if part == "late" else (0, part)


def _called_off(event: Event, number: int, part: str) -> tuple[int, str]:
    """Units that were called off: late, unless the time that was over was moved and is not over any more."""
    if event.data.get("why") in OUT_OF_TIME and part == "on_time":
        return 0, part
    return number, "late"


def _moment(told: str) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _refund(event: Event, pk: int, known: Known, counted: Counted) -> None:
    refund = known.refunds[pk]
    shop = refund.order.shop_id
    if event.name == "refund.requested" and not event.state_before:
        counted.add("claims", shop, event.at, refund.reason, count=1, total=refund.asked)
        if known.first_claims[refund.order_id] < pk:
            counted.add("repeats", shop, event.at)
    elif event.name == "refund.questioned":
        counted.add("requests", shop, event.at, "first" if event.data["question"] == 1 else "again")
    elif event.name == "refund.scored":
        counted.add("csat", shop, event.at, f"{event.data['side']}:{event.data['score']}", total=event.data["score"])
    if event.state_before == RefundState.REQUESTED and known.first_answers[event.subject] == event.pk:
        is_answer = event.by_id is not None and event.by_id != refund.buyer_id
        if is_answer or (event.by_id is None and event.at > refund.opened_at):
            waited = minutes(refund.opened_at, event.at)
            counted.add("answers", shop, event.at, bucket(waited), total=waited)
        if is_answer:
            counted.add("answered", shop, event.at, "in_time")
        elif event.by_id is None and event.at > refund.opened_at and not _was_anew(event, known):
            counted.add("answered", shop, event.at, "silent")
    if event.state_after in REFUND.terminal and event.state_after != event.state_before:
        is_paid = event.state_after == RefundState.REFUNDED
        part = refund.outcome if is_paid else event.state_after
        counted.add("outcomes", shop, event.at, part, total=(refund.approved or 0) if is_paid else 0)
        counted.add("reasons", shop, event.at, f"{refund.reason}:{'paid' if is_paid else event.state_after}")
        counted.add("deciders", shop, event.at, _decider(refund, part))
        if is_paid and refund.outcome == Refund.Outcome.INSTANT:
            counted.add("instant", shop, event.at, bucket(minutes(refund.opened_at, event.at)))
        if refund.is_predecision:
            counted.add("reviews", shop, event.at, "reversed" if is_paid else "kept")
        if is_paid:
            waited = minutes(refund.opened_at, event.at)
            counted.add("cycle", shop, event.at, f"{_fault(refund)}:{bucket(waited)}", total=waited)
            whose = "supply" if _is_supply_side(refund) else "other"
            counted.add(
                "paid_back", shop, event.at, whose, count=known.paid_back.get(pk, 0), total=refund.approved or 0
            )
    if event.name == "refund.alarm":
        counted.add("late_payments", shop, event.at)


def _was_anew(event: Event, known: Known) -> bool:
    """Whether a case left the shop's turn because its supplier had said something, or too little in its time."""
    return (event.subject, event.at) in known.decided_anew


def _decider(refund: Refund, ending: str) -> str:
    """Whose word ended a case; a machine's no that the buyer left to rest is the machine's."""
    if refund.is_predecision and ending == RefundState.LAPSED and refund.goodwill_at is None:
        return "machine"
    return DECIDERS.get(ending, "platform")


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
        if whose == "decided":
            counted.add("won_by_reason", shop, event.at, f"{dispute.refund.reason}:{got}")
            counted.add("won_by_level", shop, event.at, f"{dispute.refund.order.buyer_level}:{got}")
            if dispute.refund.is_threefold and _found_fraud(event, pk, known):
                counted.add("frauds", shop, event.at)
    if event.name == "dispute.questioned":
        asked = known.items_asked[event.subject]
        whom = event.data["whom"]
        is_first = next(other for other, asked_of in asked if asked_of == whom) == event.pk
        counted.add("requests", shop, event.at, "first" if is_first else "again")
    if event.name == "dispute.second_look_given" and (pair := known.looks.get((pk, event.data["version"]))):
        first, second = pair
        counted.add("looks", None, event.at, f"{outcome_class(first)}:{outcome_class(second)}")
        counted.add("looks_agreed", None, event.at, count=int(abs(first - second) <= NEAR_ENOUGH))
    if event.name == "dispute.payment_late":
        counted.add("late_payments", shop, event.at)


def _found_fraud(event: Event, pk: int, known: Known) -> bool:
    """Whether the ruling that was in force when a dispute ended found fraud, after whatever a panel made of it."""
    served = [is_found for at, is_found in known.served.get(pk, ()) if at <= event.at]
    return bool(served) and served[-1]


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


def _deposit(event: Event, pk: int, known: Known, counted: Counted) -> None:
    if event.name == "deposit.penalized":
        shop = int(event.root.partition(":")[2])
        counted.add("drawn", shop, event.at, "penalty", total=int(event.data["amount"]))


def _complaint(event: Event, pk: int, known: Known, counted: Counted) -> None:
    """What came from outside is the platform's to answer; which order it is about may be found much later."""
    source = known.complaints[pk].source
    if event.state_after and not event.state_before:
        counted.add("external", None, event.at, source)
    if (said := known.said_outside.get(event.subject)) is not None and said.pk == event.pk:
        counted.add("external_answers", None, event.at, "late" if event.name == "complaint.late" else "in_time")


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
    "deposit": _deposit,
    "complaint": _complaint,
    "measure": _step,
    "sanction": _step,
}


def _fault(refund: Refund) -> str:
    """Whose fault the rulebook found: of several, the first unit's."""
    parts = refund.decision.get("parts") or [{}]
    return str(parts[0].get("fault", ""))


def _is_supply_side(refund: Refund) -> bool:
    """Whether a case counts against the shop: by its reason, unless our records prove that all of it was our fault."""
    found = versions.shipped().book.reasons.get(refund.reason)
    if found is None or found.default_class not in SUPPLY_SIDE:
        return False
    parts = refund.decision.get("parts") or []
    return not parts or any(part.get("fault") != faults.PLATFORM or not part.get("is_proven") for part in parts)


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
    """The tables as `recount` gives them, to compare; what was put right to nothing is nothing."""
    return {
        (row.measure, row.shop_id, row.day, row.part): (row.count, row.total)
        for row in rows
        if (row.count, row.total) != (0, 0)
    }
