"""What our own records know of a unit, handed to the rulebook with its proof. What nobody knows is left out.

The rulebook says what its facts mean (`rulebook.collected`); here stands where each comes from: the units and what was
shown of them, what issuers said, the promise as it was sold, batches, and what was registered as down.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from orders.models import Order, Redemption, Reveal, Unit, ValidityRecord
from orders.states import Delivery, Standing
from rulebook import collected
from rulebook.book import Book
from rulebook.claims import FactValue, Proof
from rulebook.collected import Answers, Batch, Records
from rulebook.engine import DELAYS, asks
from shops.models import Card
from shops.states import DepositState
from timeline.models import Event, Outage

#: The rulebook's words for what is known of a unit's delivery.
STATES = {
    Delivery.UNDELIVERED: "UNDELIVERED",
    Delivery.SEALED: "SEALED",
    Delivery.REVEALED: "REVEALED_UNUSED",
    Delivery.USED: "USED",
    Delivery.PARTIAL: "PARTIAL",
}
#: What may still be delivered, as the rulebook calls it; every other standing is its own word.
UPSTREAM: Mapping[str, str] = {Standing.SENT: "PENDING", Standing.GIVEN_UP: "PENDING"}


@dataclass(frozen=True)
class Known:
    """What is known of one unit for one reason."""

    records: Records
    #: When the buyer first saw the code.
    seen_at: datetime | None = None

    @property
    def state(self) -> str:
        """The unit's state in the rulebook's word."""
        return self.records.state

    @property
    def is_proven(self) -> bool:
        """Whether our records prove the reason."""
        return self.records.proven is True

    @property
    def is_contradicted(self) -> bool:
        """Whether our records speak against the reason."""
        return self.records.proven is False

    @cached_property
    def facts(self) -> dict[str, FactValue]:
        """The facts under their fixed names, claimed ones included."""
        return collected.facts(self.records)


class Down(NamedTuple):
    """A stretch of time in which something was registered as down."""

    began_at: datetime
    ended_at: datetime
    #: The mall itself was down, or all it does for one kind of goods; not a supplier outside of it.
    is_of_platform: bool


class Seen(NamedTuple):
    """What one look at the database tells of a unit."""

    #: When the buyer first saw the code; a look at which the vault did not open showed nothing.
    seen_at: datetime | None
    #: It was looked at, and the vault opened not once.
    is_unseen: bool
    #: What the issuer or supplier said last of its code.
    is_valid: bool | None
    batch: int | None
    supplier: int | None
    #: Until when its code can be redeemed, as the shop knew it.
    expires_at: datetime | None
    #: What the supplier that delivers the unit says of it, and the issuer of who redeemed its code.
    answers: Answers
    #: Who redeemed it by the word of one side alone.
    redeemed_as_said: str | None


def known_of(order: Order, units: Sequence[Unit], reason: str, *, book: Book, at: datetime) -> dict[int, Known]:
    """What our records know of each unit, by its id, for a claim of `reason` at `at`.

    One query for 1 or 500 units; one more each for what was down, if something came late, and for the batches, if the
    formula of `reason` asks for them.
    """
    found, asked, proves = _seen(order, units), asks(reason, book), PROOFS.get(reason)
    batches = _batches({seen.batch for seen in found.values()}) if "batch_bad_bp" in asked else {}
    outages = _outages(order, units, found, at=at)
    is_of_platform = reason in book.reasons and book.reasons[reason].default_class == "PLATFORM"
    known: dict[int, Known] = {}
    for unit in units:
        seen = found[unit.pk]
        down = outages.get(seen.supplier, ())
        is_platforms = _is_delay_of_platform(order, unit, down, book=book, at=at)
        if is_of_platform:
            down = ()  # the platform is not excused by what it answers for
        elif is_platforms and reason in DELAYS:
            down = tuple(each for each in down if not each.is_of_platform)
        records = Records(
            kind=order.snapshot.listing.kind,
            state=_state(unit, seen),
            level=order.buyer_level,
            paid=unit.paid,
            at=at,
            state_proof=Proof(unit.grade.upper()),
            paid_at=order.paid_at,
            promised_at=promised_at(order),
            delivered_at=unit.delivered_at,
            revealed_at=seen.seen_at,
            proven=True if is_platforms and reason in OF_OUTAGES else proves(unit, seen) if proves else None,
            answers=seen.answers,
            batch=batches.get(seen.batch),
            outages=tuple((each.began_at, each.ended_at) for each in down),
            known={
                **({"platform_outage": True} if is_platforms and reason in DELAYS else {}),
                # The listing says before payment that digital goods are not returned without a reason, and no order is
                # placed without the buyer's yes to it (orders.place): the statutory return does not apply.
                "statutory_no_reason": False,
                **(_counted(unit) if reason == PARTIAL else {}),
                **_promised(order, unit, asked, at=at),
            },
            claimed={"upstream_proof": seen.redeemed_as_said} if seen.redeemed_as_said else {},
        )
        known[unit.pk] = Known(records, seen.seen_at)
    return known


def _seen(order: Order, units: Sequence[Unit]) -> dict[int, Seen]:
    """What the records say of the units, by id, in one query."""
    # A unit that was delivered anew has a new code: what was seen and said before is not known of that one.
    since = Q(unit__delivered_at=None) | Q(at__gte=F("unit__delivered_at"))
    looks = Reveal.objects.filter(since, unit=OuterRef("pk")).order_by("at")
    said = ValidityRecord.objects.filter(since, unit=OuterRef("pk")).order_by("-at", "-pk")
    not_shown = Event.objects.filter(root=order.address, name="order.code_not_shown").order_by("seq")
    redeemed = Redemption.objects.filter(since, unit=OuterRef("pk")).order_by("-at", "-pk")
    rows = (
        Unit.objects.filter(pk__in=[unit.pk for unit in units])
        .order_by("pk")
        .values_list(
            "pk",
            "place",
            ArraySubquery(looks.values("at")),
            ArraySubquery(not_shown.values("at")),
            ArraySubquery(not_shown.values("body")),
            Subquery(said.values("is_valid")[:1]),
            Subquery(said.exclude(can_recall=None).values("can_recall")[:1]),
            Subquery(_told(redeemed.filter(by=None))),
            Subquery(_told(redeemed.exclude(by=None))),
            "card__batch",
            "card__batch__supplier",
            "card__expires_at",
            "ticket__standing",
            "ticket__sent_at",
        )
    )
    found: dict[int, Seen] = {}
    delivering = order.snapshot.listing.supplier_id
    for row in rows:
        pk, place, looked, times, bodies, is_valid, can_recall, issuer, word, *rest = row
        batch, supplier, expires_at, standing, sent_at = rest
        in_vain = {time for time, body in zip(times, bodies, strict=True) if json.loads(body)["unit"] == place}
        shown = [time for time in looked if time not in in_vain]
        seen_at = shown[0] if shown else None
        found[pk] = Seen(
            seen_at=seen_at,
            is_unseen=bool(in_vain) and not shown,
            is_valid=is_valid,
            batch=batch,
            supplier=supplier or delivering,
            expires_at=expires_at,
            answers=replace(_answers(standing, sent_at), redeemed=_redeemed(issuer, seen_at), can_recall=can_recall),
            redeemed_as_said=_redeemed(word, seen_at),
        )
    return found


def _told(rows: QuerySet[Redemption]) -> QuerySet[Redemption, Any]:
    """The last word on who redeemed a code, as one value."""
    return rows.values(told=JSONObject(at="redeemed_at", by_buyer="by_buyer"))[:1]


def _redeemed(told: Any, seen_at: datetime | None) -> str | None:
    """Who redeemed a code, as the rulebook calls it: before its buyer saw it, by the buyer afterwards, or unknown."""
    if told is None:
        return None
    at = datetime.fromisoformat(told["at"]) if told["at"] else None
    if at is not None and (seen_at is None or at < seen_at):
        return collected.REDEEMED_BEFORE
    return collected.REDEEMED_BY_BUYER if told["by_buyer"] and seen_at else collected.REDEEMED_BY_UNKNOWN


def promised_at(order: Order) -> datetime | None:
    """When delivery was due by the listing's own minutes.

    The order's own figure moves with outages, so that nobody is called late meanwhile; here outages are taken out of
    the time that was worked, and to count them on both sides would excuse them twice.
    """
    if order.paid_at is None or order.promised_at is None:
        return None
    return order.paid_at + timedelta(minutes=int(_sold_as(order, "promise_minutes")))


def _answers(standing: str | None, sent_at: datetime | None) -> Answers:
    """What is known of a unit at its supplier. From the moment it was sent it may be delivered until they say no."""
    if standing is None:
        return Answers()
    if sent_at is None:
        return Answers(is_submitted=False)
    return Answers(
        status=UPSTREAM.get(standing, standing.upper()), is_submitted=True, timed_out=standing == Standing.GIVEN_UP
    )


def _state(unit: Unit, seen: Seen) -> str:
    """The rulebook's word for a unit's delivery; a code that was opened but never shown is as good as sealed."""
    if unit.delivery == Delivery.REVEALED and seen.is_unseen:
        return "SEALED"
    return STATES.get(Delivery(unit.delivery), "USED")


def _never_came(unit: Unit, seen: Seen) -> bool | None:
    return unit.delivery == Delivery.UNDELIVERED


def _was_bad(unit: Unit, seen: Seen) -> bool | None:
    return None if seen.is_valid is None else not seen.is_valid


PARTIAL = "PARTIAL_DELIVERY"


def _counted(unit: Unit) -> dict[str, FactValue]:
    """One was bought; of what came in parts, our records do not say how much."""
    return {"promised_units": 1, "delivered_units": 0} if unit.delivery == Delivery.UNDELIVERED else {}


def _is_missing(unit: Unit, seen: Seen) -> bool | None:
    return True if unit.delivery == Delivery.UNDELIVERED else None


def _was_expired(unit: Unit, seen: Seen) -> bool | None:
    """Over when it was delivered: proven. Over later, or no date on record: nothing is said."""
    if seen.expires_at is None or unit.delivered_at is None:
        return None
    return True if seen.expires_at <= unit.delivered_at else None


def _is_shop_gone(unit: Unit, _seen: Seen) -> bool | None:
    """The mall stopped its sales, or its deposit went back for good; that it does not answer proves nothing."""
    deposit = getattr(unit.order.shop, "deposit", None)
    return True if deposit is not None and deposit.state in GONE else None


#: In these states of its deposit nobody answers for a shop any more.
GONE = frozenset({DepositState.SUSPENDED, DepositState.RETURNED})
#: By reason: whether our records prove it, or the contrary; None, and any other reason: they say nothing.
PROOFS: Mapping[str, Callable[[Unit, Seen], bool | None]] = {
    "NOT_DELIVERED": _never_came,
    "OUT_OF_STOCK": _is_missing,
    PARTIAL: _is_missing,
    "MEMBERSHIP_NOT_ACTIVATED": _is_missing,
    "CODE_INVALID": _was_bad,
    "CODE_EXPIRED": _was_expired,
    "SELLER_ABSCONDED": _is_shop_gone,
}


#: Reasons that the register of outages itself proves: what our records say of the unit proves nothing here.
OF_OUTAGES = frozenset({"PLATFORM_OUTAGE", "LATE_DELIVERY"})


def _promised(order: Order, unit: Unit, asked: Iterable[str], *, at: datetime) -> dict[str, FactValue]:
    """What a formula asks beside times, read from the promise as it was sold and from the calendar."""
    found = {name: PROMISED[name](order, unit, at) for name in asked if name in PROMISED}
    return {name: value for name, value in found.items() if value is not None}


def _sold_as(order: Order, name: str) -> Any:
    """What the listing said when it was bought."""
    return json.loads(order.snapshot.body).get(name)


def _days_since_delivery(order: Order, unit: Unit, at: datetime) -> int | None:
    """Natural days, the first one not counted, by the mall's calendar."""
    if unit.delivered_at is None:
        return None
    return (timezone.localdate(at) - timezone.localdate(unit.delivered_at)).days


#: By the name of the fact; a listing without a region or a face value states none.
PROMISED: Mapping[str, Callable[[Order, Unit, datetime], FactValue | None]] = {
    "listing_stated_region": lambda order, unit, at: bool(_sold_as(order, "region")),
    "promised_face": lambda order, unit, at: _sold_as(order, "face_value") or None,
    "days_since_delivery": _days_since_delivery,
    "warranty_days": lambda order, unit, at: _sold_as(order, "warranty_days") or None,
}


def _batches(batches: set[int | None]) -> dict[int | None, Batch]:
    """Of each batch, how many codes were sold and how many of them are bad by our records or an issuer's word."""
    is_bad = Exists(ValidityRecord.objects.filter(unit__card=OuterRef("pk"), is_valid=False))
    is_sold = Q(sold_at__isnull=False)
    counted = (
        Card.objects.filter(batch__in=batches - {None})
        .order_by()
        .values("batch")
        .annotate(
            bad=Count("pk", filter=is_sold & (Q(failed_at__isnull=False) | Q(is_bad))), sold=Count("pk", filter=is_sold)
        )
    )
    return {row["batch"]: Batch(row["bad"], row["sold"]) for row in counted}


def _outages(
    order: Order, units: Sequence[Unit], found: Mapping[int, Seen], *, at: datetime
) -> dict[int | None, tuple[Down, ...]]:
    """What was registered as down while delivery was owed, by the supplier of a code; nothing unless it came late.

    The platform's, the supplier's and the kind's outages excuse whoever owes delivery; a shop's own does not.
    """
    ends = [unit.delivered_at or at for unit in units]
    due_at = promised_at(order)
    if due_at is None or max(ends) <= due_at:
        return {}
    suppliers = {seen.supplier for seen in found.values()}
    meant = (
        Q(scope=Outage.Scope.PLATFORM)
        | Q(scope=Outage.Scope.KIND, target=order.snapshot.listing.kind)
        | Q(scope=Outage.Scope.SUPPLIER, target__in=[str(supplier) for supplier in suppliers if supplier])
    )
    down = Outage.objects.filter(meant, Q(ended_at=None) | Q(ended_at__gt=order.paid_at), began_at__lt=max(ends))
    rows = list(down.order_by("began_at", "pk"))
    return {
        supplier: tuple(
            Down(outage.began_at, outage.ended_at or at, outage.scope != Outage.Scope.SUPPLIER)
            for outage in rows
            if outage.scope != Outage.Scope.SUPPLIER or outage.target == str(supplier)
        )
        for supplier in suppliers
    }


def is_excused(order: Order, units: Sequence[Unit], *, book: Book, at: datetime) -> bool:
    """Whether each of these units was in time at `at`, with all that its supplier was down taken out of its time.

    What only the platform's outages excuse, those of a kind included, is the platform's and no supplier's.
    """
    due_at = promised_at(order)
    if order.paid_at is None or due_at is None or not units:
        return False
    found = _seen(order, units)
    outages = _outages(order, units, found, at=at)
    promised = collected.minutes(due_at - order.paid_at)
    for unit in units:
        of_all = outages.get(found[unit.pk].supplier, ())
        down = [(each.began_at, each.ended_at) for each in of_all if not each.is_of_platform]
        worked = collected.minutes(collected.worked(order.paid_at, unit.delivered_at or at, down))
        if not down or worked > promised + book.grace(promised):
            return False
    return True


def _is_delay_of_platform(order: Order, unit: Unit, down: Sequence[Down], *, book: Book, at: datetime) -> bool:
    """Whether a unit would have come within the promise and its grace, had the platform not been down meanwhile.

    What a supplier's outages excuse anyway is nobody's delay; what is late even without the platform's is the shop's.
    """
    due_at = promised_at(order)
    if order.paid_at is None or due_at is None or not any(each.is_of_platform for each in down):
        return False
    promised = collected.minutes(due_at - order.paid_at)
    allowed, end = promised + book.grace(promised), unit.delivered_at or at
    excused = [(each.began_at, each.ended_at) for each in down]
    of_others = [(each.began_at, each.ended_at) for each in down if not each.is_of_platform]
    taken = collected.minutes(collected.worked(order.paid_at, end, of_others))
    worked = collected.minutes(collected.worked(order.paid_at, end, excused))
    return worked <= allowed < taken
