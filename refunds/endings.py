"""How a case goes on and how it ends: every step of it, what goes back, what is kept, what comes of its units.

The verbs of `lifecycle`, `bargaining`, `questions` and `replacing` decide; what all of them share stands here. The
caller holds the order's lock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from ledger.models import Payout
from ledger.states import PayoutState
from ledger.templatetags.money import yuan
from orders import delivery, escrow
from orders import lifecycle as orders
from orders.models import Unit
from refunds import credit, faults, hooks, reasons
from refunds.models import Offer, Refund, RefundItem
from refunds.states import RefundState
from rulebook import clocks
from rulebook.arithmetic import split
from timeline import page, timers
from timeline.door import change, change_all, enter, lock, note, require
from timeline.reading import made_once
from timeline.refusals import Refused
from timeline.spans import Span

#: Where an offer may be open.
OFFERED = frozenset({RefundState.BARGAINING, RefundState.DECLINED, RefundState.DISPUTED})


def take_up(refund: Refund, version: int | None) -> None:
    """Lock a case for a verb; `version` is the one that whoever acts has seen, if they say so.

    Refused with `stale` and the present figure if something has happened since.
    """
    lock(refund)
    if version is not None and version != refund.version:
        raise Refused(
            "stale",
            _("The case has moved on since you looked at it: %(state)s, %(figure)s. Look again; nothing was done.")
            % {"state": RefundState(refund.state).label, "figure": yuan(sum_of(refund))},
        )


def sum_of(refund: Refund) -> int:
    """What a case is about now, in fen: what was approved, else what is asked and what comes on top."""
    return refund.asked + refund.compensation if refund.approved is None else refund.approved


def step(
    refund: Refund,
    state: str,
    *,
    by: Any,
    at: datetime,
    span: Span | None = None,
    event: str = "",
    data: dict[str, Any] | None = None,
    turn: str = "",
    keeps_offer: bool = False,
) -> None:
    """Move a locked case on. Talks that are left end with their clock, and an offer that nobody took is closed."""
    before = refund.state
    if before == RefundState.BARGAINING and state != RefundState.BARGAINING:
        timers.cancel(refund.address, "NEGOTIATE", at=at)
    if before in OFFERED and not keeps_offer:
        page.update(Offer.objects.filter(refund=refund.pk, fate=Offer.Fate.OPEN), fate=Offer.Fate.CLOSED)
    change(refund, version=refund.version + 1, turn=turn)
    enter(refund, state, by=by, at=at, span=span, event=event, data=data)


def remark(refund: Refund, *, event: str, by: Any, at: datetime, data: dict[str, Any] | None = None) -> None:
    """Record something that leaves a case where it is; forms that were open before it are stale."""
    change(refund, version=refund.version + 1)
    note(refund, event, by=by, at=at, data=data)


def clock_of(refund: Refund, limit: str, variant: str | None = None) -> Span:
    """How long a clock of the case runs, by the version of the rulebook that its order is pinned to."""
    return clocks.span(limit, variant, version=refund.order.rulebook_version)


def items_of(refund: Refund) -> list[RefundItem]:
    """What the case says of each unit."""
    items = _items().all(refund.pk)
    for item in items:
        item.refund = refund
    return items


@made_once
def _items() -> QuerySet[RefundItem]:
    return RefundItem.objects.filter(refund=0).order_by("pk")


def to_the_platform(refund: Refund, *, by: Any, at: datetime) -> None:
    """The platform takes the case on; what was offered is off the table."""
    step(refund, RefundState.DISPUTED, by=by, at=at)
    hooks.escalated(refund, by=by, at=at)


def to_the_buyer(
    refund: Refund, *, by: Any, at: datetime, event: str = "", data: dict[str, Any] | None = None, keeps: bool = False
) -> None:
    """The shop's word is said: the buyer decides within the ESCALATE clock. `keeps` the offer that is on the table."""
    span = clock_of(refund, "ESCALATE")
    step(refund, RefundState.DECLINED, by=by, at=at, span=span, event=event, data=data, keeps_offer=keeps)


def end_without_money(refund: Refund, state: str, *, by: Any, at: datetime) -> None:
    """The case ends and nothing goes back: its units are free again, with 24 hours of inspection at least."""
    change(refund, closed_at=at)
    close_items(refund, {})
    step(refund, state, by=by, at=at)
    orders.end_case(refund.order, cause=refund.address, at=at)


def approve_as_asked(
    refund: Refund,
    *,
    outcome: str,
    by: Any,
    at: datetime,
    items: list[RefundItem] | None = None,
    units: list[Unit] | None = None,
) -> None:
    """What was asked goes back; a fee for the buyer's own reason stays with the shop.

    `items` and `units`, all of the order, are given if the caller has them.
    """
    items = items_of(refund) if items is None else items
    approve(
        refund,
        items=items,
        units=units,
        grants={item.unit_id: item.asked for item in items if item.asked},
        fees={item.unit_id: item.fee for item in items if item.asked and item.fee},
        compensation=refund.compensation,
        outcome=outcome,
        by=by,
        at=at,
    )


def shares(items: Sequence[RefundItem], units: Mapping[int, Unit], amount: int) -> dict[int, int]:
    """A sum over units in fen per unit id: as it was asked of each, or by what is left of each where that is less."""
    weights = {str(item.unit_id): min(item.asked, units[item.unit_id].left) for item in items}
    if sum(weights.values()) < amount:
        weights = {str(item.unit_id): units[item.unit_id].left for item in items}
    if not amount:
        return {}
    return {int(pk): part for pk, part in split(amount, weights).items() if part}


def approve(
    refund: Refund,
    *,
    grants: Mapping[int, int],
    fees: Mapping[int, int],
    compensation: int,
    outcome: str,
    by: Any,
    at: datetime,
    platform_bp: int | None = None,
    platform_compensation: int | None = None,
    items: list[RefundItem] | None = None,
    units: list[Unit] | None = None,
    outside: str = "",
) -> None:
    """The decision is made, then it is paid. To a balance, the money arrives inside this call and closes the case.

    `outside` is the channel's number of what it has paid back on its own account: then nothing is left to pay.
    `platform_bp` and `platform_compensation` are what people ruled to be the platform's; else it pays what the rules
    laid to its charge and our records prove (`faults`).
    """
    units = escrow.units_of(refund.order) if units is None else units
    by_rules = platform_bp if platform_bp is not None else _by_rules(refund, units, grants, fees)
    if platform_compensation is None:
        platform_compensation = faults.of_compensation(refund.decision, compensation)
    change(refund, approved=sum(grants.values()) + compensation, outcome=outcome)
    close_items(refund, grants, items)
    is_instant = outcome == Refund.Outcome.INSTANT
    span = clock_of(refund, "PAYOUT", "instant" if is_instant else "normal")
    data = {"outcome": str(outcome), "amount": refund.approved}
    step(refund, RefundState.APPROVED, by=by, at=at, span=span, data=data)
    _withdraw_codes(refund, units, grants, fees, at=at)
    payout = orders.end_case(
        refund.order,
        units=units,
        cause=refund.address,
        grants=dict(grants),
        fees=dict(fees),
        compensation=compensation,
        platform_bp=by_rules,
        platform_compensation=platform_compensation,
        is_threefold=refund.is_threefold,
        is_instant=is_instant,
        to_balance=refund.prefers == Refund.Preference.BALANCE,
        outside=outside,
        at=at,
    )
    if payout is None:
        _is_owed(refund, at=at)
    elif payout.state == PayoutState.PAID:
        has_arrived(refund, payout, at=at, granted=[(unit.place, grants.get(unit.pk, 0)) for unit in units])
    else:
        change(refund, payout=payout)


def platform_part_of(refund: Refund, compensation: int, platform_bp: int) -> int:
    """What of a compensation the platform pays for its own fault, in fen; never of what the law gives for fraud."""
    return 0 if refund.is_threefold else compensation * platform_bp // 10_000


def has_arrived(
    refund: Refund, payout: Payout, *, at: datetime, granted: Sequence[tuple[int, int]] | None = None
) -> None:
    """The money is there: the case is closed, and its credit note is written. `granted` is fen by place, if known."""
    if granted is None:
        rows = refund.items.order_by("unit__place").values_list("unit__place", "granted")
        granted = [(place, amount or 0) for place, amount in rows]
    change(refund, payout=payout, closed_at=at)
    compensation = (refund.approved or 0) - sum(amount for _place, amount in granted)
    granted, compensation = credit.arrived(granted, compensation, of=_gone_back(refund, payout))
    paper = credit.issue(
        refund, granted=granted, compensation=compensation, payout=payout.number, to=payout.destination, at=at
    )
    data = {"payout": payout.number, "amount": payout.amount, "note": paper.number, "note_sha256": paper.sha256}
    step(refund, RefundState.REFUNDED, by=None, at=at, data=data)


def _by_rules(
    refund: Refund, units: Sequence[Unit], grants: Mapping[int, int], fees: Mapping[int, int]
) -> dict[int, int]:
    """What the rules laid to the platform and our records prove, in basis points per unit id."""
    is_bad = refund.reason == reasons.CODE_INVALID
    return faults.shares(refund.decision, units, grants, fees=fees, is_bad=is_bad)


def _is_owed(refund: Refund, *, at: datetime) -> None:
    """Nobody has anything of it: the case is decided and over, and all of it stays owed to the buyer.

    What is collected of it has its own credit notes, as it comes.
    """
    change(refund, closed_at=at)
    data = {"amount": 0, "owed": refund.approved}
    step(refund, RefundState.REFUNDED, by=None, at=at, event="refund.left_owed", data=data)


def _gone_back(refund: Refund, payout: Payout) -> int:
    """What of the approved sum went back by the case, in fen; what nobody had follows beside it, if ever."""
    if payout.amount == refund.approved:
        return payout.amount
    causes = [refund.address, f"{refund.order.address}:balance:{refund.address}"]
    sent = Payout.objects.filter(cause__in=causes).exclude(state=PayoutState.VOID)
    return sent.aggregate(sum=Sum("amount"))["sum"] or 0


def close_items(refund: Refund, grants: Mapping[int, int], items: list[RefundItem] | None = None) -> None:
    """Nothing is open any more for the units of a case; `grants` is what each got."""
    are_new = page.waits(RefundItem)
    if items is None or (not are_new and any(item.pk is None for item in items)):
        items = items_of(refund)
    for item in items:
        item.granted, item.is_open = grants.get(item.unit_id, 0), False
    if not are_new:  # else they wait on the verb's page and are stored as they are now
        change_all(items, ["granted", "is_open"])


def _withdraw_codes(
    refund: Refund, units: Sequence[Unit], grants: Mapping[int, int], fees: Mapping[int, int], *, at: datetime
) -> None:
    """Who has the price back does not keep the code; a price that is only lowered leaves it with the buyer."""
    paid_back = [unit for unit in units if unit.pk in grants and grants[unit.pk] + fees.get(unit.pk, 0) >= unit.left]
    delivery.withdraw(refund.order, paid_back, is_bad=refund.reason == reasons.CODE_INVALID, at=at)


def require_in_time(refund: Refund, states: Sequence[str], *, at: datetime, sentence: str) -> None:
    """Go on only in one of these states, before its clock has ended; else refuse with `wrong_moment`."""
    require(refund.state in states and not refund.is_overdue(at), "wrong_moment", sentence)
