"""What our own records know of a unit, in the rulebook's fixed names. What nobody knows is left out, not guessed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery

from orders.models import Order, Reveal, Unit, ValidityRecord
from orders.states import Delivery

#: The rulebook's words for what is known of a unit's delivery.
STATES = {
    Delivery.UNDELIVERED: "UNDELIVERED",
    Delivery.SEALED: "SEALED",
    Delivery.REVEALED: "REVEALED_UNUSED",
    Delivery.USED: "USED",
    Delivery.PARTIAL: "PARTIAL",
}
#: Reasons that say a code was bad: proven by the issuer's or supplier's record.
BAD_CODE = {"CODE_INVALID"}
NEVER_CAME = {"NOT_DELIVERED"}


@dataclass(frozen=True)
class Known:
    """What is known of one unit for one reason: its state, facts, and in words where each comes from."""

    state: str
    facts: dict[str, Any] = field(default_factory=dict)
    #: Whether our records speak against the claim.
    is_contradicted: bool = False
    #: When the buyer first looked at the code.
    seen_at: datetime | None = None


def known_of(order: Order, units: list[Unit], reason: str, *, at: datetime) -> dict[int, Known]:
    """What our records know of each unit, by its id, for a claim of `reason` at `at`: one query for 1 or 500."""
    seen = Reveal.objects.filter(unit=OuterRef("pk")).order_by("at").values("at")[:1]
    said = ValidityRecord.objects.filter(unit=OuterRef("pk")).order_by("-at", "-pk").values("is_valid")[:1]
    rows = Unit.objects.filter(pk__in=[unit.pk for unit in units]).order_by("pk")
    found = {
        pk: (seen_at, is_valid) for pk, seen_at, is_valid in rows.values_list("pk", Subquery(seen), Subquery(said))
    }
    return {unit.pk: _known(order, unit, reason, *found[unit.pk], at=at) for unit in units}


def _known(
    order: Order, unit: Unit, reason: str, seen_at: datetime | None, is_valid: bool | None, *, at: datetime
) -> Known:
    facts: dict[str, Any] = {}
    if order.paid_at and order.promised_at:
        facts["promise_min"] = _minutes(order.promised_at - order.paid_at)
        if unit.delivered_at:
            facts["actual_min"] = _minutes(unit.delivered_at - order.paid_at)
        else:
            facts["elapsed_min"] = _minutes(at - order.paid_at)
    if unit.delivered_at:
        facts["hours_since_delivery"] = _hours(at - unit.delivered_at)
    if seen_at:
        facts["hours_since_reveal"] = _hours(at - seen_at)
    contradicted = False
    if reason in BAD_CODE and is_valid is not None:
        facts["platform_proof"] = not is_valid
        contradicted = is_valid
    if reason in NEVER_CAME:
        facts["platform_proof"] = unit.delivery == Delivery.UNDELIVERED
        contradicted = unit.delivery != Delivery.UNDELIVERED
    return Known(STATES.get(Delivery(unit.delivery), "USED"), facts, contradicted, seen_at)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def _hours(span: timedelta) -> int:
    """Hours begun: 24 hours and a minute are 25."""
    return -int(-span.total_seconds() // 3600)
