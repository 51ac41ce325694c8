"""The story of a refund case: ask · accept · decline · escalate · withdraw · lapse · ruled · rejected · paid."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from ledger.models import Payout
from ledger.states import PayoutState
from ledger.templatetags.money import yuan
from orders import delivery, escrow
from orders import lifecycle as orders
from orders.models import Attachment, Order, Unit
from orders.states import Grade, OrderState
from refunds import citations, credit, hooks, reasons, roads, triage
from refunds.models import ClaimDraft, Refund, RefundItem
from refunds.stated import NOTHING, Told
from refunds.states import RefundState
from refunds.triage import Lane, Preview
from rulebook import clocks, linter, terms, versions
from rulebook.arithmetic import split
from shops.models import Shop
from timeline import numbers, page
from timeline.door import begin, change, change_all, enter, lock, locked, note, rearm, require, verb
from timeline.refusals import Refused
from timeline.spans import deadline

log = logging.getLogger(__name__)

#: Cases for one unit and reason, unless there is new evidence.
MOST_CASES = 3
#: States of an order in which its units can be claimed for.
CLAIMABLE = {OrderState.PAID, OrderState.DELIVERED, OrderState.COMPLETED, OrderState.SETTLED}
#: How long until a payout that has not arrived is shouted about again.
ALARM_AGAIN = timedelta(hours=24)


def preview(
    order: Order,
    units: Sequence[Unit],
    reason: str,
    *,
    buyer: Any,
    at: datetime,
    earlier: Sequence[tuple[int, bool]] | None = None,
    told: Told = NOTHING,
) -> Preview:
    """What a claim would come to now: figure, fee, arithmetic, clock. Refuses what `ask` would refuse.

    `earlier` are the cases that there were (`earlier_cases`), if the caller has read them.
    """
    require(order.buyer_id == buyer.pk, "not_your_turn", _("Only the buyer asks for money back."))
    require(order.state in CLAIMABLE, "wrong_moment", _("There is nothing to claim for in this order now."))
    require(bool(units), "nothing_chosen", _("Choose at least one unit."))
    kind, book = order.snapshot.listing.kind, versions.book_of(order.rulebook_version)
    for unit in units:
        require(
            not unit.held_by,
            "case_open",
            _("Unit %(place)s has an open case already. Continue there.") % {"place": unit.place},
        )
        require(
            unit.left > 0,
            "nothing_left",
            _("Nothing is left to pay back for unit %(place)s.") % {"place": unit.place},
        )
        require(
            reason in reasons.offered(kind, unit, book),
            "reason_not_offered",
            _("This reason does not fit unit %(place)s. Choose another reason or other units.") % {"place": unit.place},
        )
    earlier = earlier_cases(units, reason) if earlier is None else earlier
    require(
        not any(is_decided for _unit, is_decided in earlier),
        "decided_already",
        _("The platform has decided this already for one of these units. Against its decision there is the appeal."),
    )
    found = triage.preview(order, units, reason, buyer=buyer, at=at, told=told)
    reasons.require_open(found.ends.values(), at=at)
    return found


def earlier_cases(units: Sequence[Unit], reason: str) -> list[tuple[int, bool]]:
    """The cases that there were for these units and this reason: the unit's id, and whether the platform decided it."""
    items = RefundItem.objects.filter(unit__in=units, refund__reason=reason).order_by("pk")
    return [
        (unit, outcome == Refund.Outcome.RULING or state == RefundState.REJECTED)
        for unit, outcome, state in items.values_list("unit_id", "refund__outcome", "refund__state")
    ]


@verb
def ask(
    *,
    order: Order,
    units: Sequence[Unit],
    reason: str,
    by: Any,
    at: datetime,
    amount: int | None = None,
    text: str = "",
    attachments: Sequence[Attachment] = (),
    expected: int | None = None,
    draft: ClaimDraft | None = None,
    told: Told = NOTHING,
) -> Refund:
    """The buyer asks for money back for `units`; the rules answer at once, and what our records prove is paid at once.

    `amount` is what is asked in fen (nothing: all that the rules give), `expected` the figure that the buyer was shown,
    `draft` what it was told in, which is then no longer kept; `told` are facts that the buyer states.
    Refused: what `preview` refuses, `figure_changed`, `more_than_the_rules`, `nothing_asked`, `too_often`.
    """
    locked(User, order.buyer_id)  # whose instant quota is counted
    locked(Shop, order.shop_id)  # whose deposit answers
    lock(order)
    all_units = escrow.units_of(order)
    chosen = [unit for unit in all_units if unit.pk in {each.pk for each in units}]
    if len(chosen) != len({each.pk for each in units}):
        raise ValueError("These units are not of this order.")
    earlier = earlier_cases(chosen, reason)
    found = preview(order, chosen, reason, buyer=by, at=at, earlier=earlier, told=told)
    asked = _asked(found, amount, expected)
    _require_not_too_often(order, earlier, reason, attachments)
    refund = Refund(
        number=numbers.new("R", at),
        order=order,
        buyer=by,
        reason=reason,
        text=text.strip(),
        asked=asked,
        figure=found.figure,
        fee=found.fee,
        compensation=found.compensation,
        decision=found.record(),
        route=found.route,
        is_instant=found.lane in {Lane.INSTANT, Lane.AGREED},
        is_predecision=found.lane is Lane.PREDECISION,
        is_contradicted=found.is_contradicted,
        opened_at=at,
    )
    data = {
        "units": [unit.place for unit in chosen],
        "reason": reason,
        "asked": asked,
        "figure": found.figure,
        "rulebook": refund.decision["version"],
    }
    begin(refund, by=by, at=at, span=found.answer_span(asked), data=data)
    if attachments:
        refund.attachments.add(*attachments)
    items = _write_items(refund, found, asked)
    escrow.hold(order, chosen, by=refund.address, at=at, among=all_units)
    if draft is not None:
        draft.delete()
    if found.lane in {Lane.PROVEN, Lane.INSTANT}:
        _approve_as_asked(refund, outcome=Refund.Outcome.INSTANT, by=None, at=at, items=items, units=all_units)
        return refund
    if found.lane is Lane.AGREED:
        _approve_as_asked(refund, outcome=Refund.Outcome.SELLER, by=None, at=at, items=items, units=all_units)
        return refund
    escrow.reserve(order, chosen, cause=refund.address, amount=asked + found.compensation, at=at)
    if found.lane is Lane.URGENT:
        roads.begin(refund, by=by, at=at)
        _to_the_platform(refund, by=by, at=at)
    elif found.lane is Lane.PREDECISION:
        _predecide(refund, found, at=at)
    return refund


@verb
def accept(refund: Refund, *, by: Any, at: datetime) -> None:
    """The shop agrees: the buyer is paid what was asked. Refused: `not_your_turn`, `wrong_moment`, `nothing_asked`."""
    lock(refund)
    _require_answerable(refund, by=by, at=at)
    require(refund.asked > 0, "nothing_asked", _("Nothing is asked here, so there is nothing to accept."))
    _approve_as_asked(refund, outcome=Refund.Outcome.SELLER, by=by, at=at)


@verb
def decline(
    refund: Refund,
    *,
    code: str,
    rule: str,
    text: str,
    by: Any,
    at: datetime,
    attachments: Sequence[Attachment] = (),
) -> None:
    """The shop says no: with a code, a published rule that applies, words, and our record of every unit's state.

    Refused: `not_your_turn`, `wrong_moment`, `no_such_rule`, `rule_does_not_apply`, `text_missing`, `void_term`,
    `state_not_proven`.
    """
    lock(refund)
    _require_answerable(refund, by=by, at=at)
    require(code in citations.DeclineCode.values, "no_such_code", _("Choose why you decline."))
    require(
        citations.is_published(refund, rule),
        "no_such_rule",
        _("The rulebook has no such rule. Choose one of the list."),
    )
    require(
        rule in citations.applicable(refund),
        "rule_does_not_apply",
        _("This rule does not fit these goods in this state, or it gives the buyer what was asked."),
    )
    require(bool(text.strip()), "text_missing", _("Tell the buyer why, in your own words."))
    if void := linter.blocking(text, linter.Use.DECLINE):
        raise Refused("void_term", terms.sentence(void[0]))
    units = list(Unit.objects.filter(refund_items__refund=refund).order_by("place"))
    require(
        all(unit.grade == Grade.VERIFIED for unit in units),
        "state_not_proven",
        _("Our records do not prove the state of every unit, so it takes more than a rule to decline."),
    )
    change(refund, declined_code=code, declined_rule=rule, declined_text=text.strip())
    if attachments:
        refund.attachments.add(*attachments)
    data = {"code": code, "rule": rule, "states": [[unit.place, unit.delivery] for unit in units]}
    span = clocks.span("ESCALATE", version=refund.order.rulebook_version)
    enter(refund, RefundState.DECLINED, by=by, at=at, span=span, data=data)


@verb
def escalate(refund: Refund, *, by: Any, at: datetime) -> None:
    """The buyer asks the platform to look, free of charge; after a machine's no it is the review by a person."""
    lock(refund)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer takes a case to the platform."))
    require(
        refund.state == RefundState.DECLINED and not refund.is_overdue(at),
        "wrong_moment",
        _("This case cannot be taken to the platform now."),
    )
    _to_the_platform(refund, by=by, at=at)


@verb
def withdraw(refund: Refund, *, by: Any, at: datetime) -> None:
    """The buyer takes the case back; the units go on where they stood. Refused: `not_your_turn`, `wrong_moment`."""
    lock(refund)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer takes a case back."))
    require(
        "withdraw" in refund.actions_for(by, at),
        "wrong_moment",
        _("This case cannot be taken back any more."),
    )
    was_disputed = refund.state == RefundState.DISPUTED
    _end_without_money(refund, RefundState.WITHDRAWN, by=by, at=at)
    if was_disputed:
        hooks.withdrawn(refund, by=by, at=at)


@verb
def lapse(refund: Refund, *, limit: str, at: datetime) -> None:
    """A clock of the case ran out.

    Silence of the shop is consent unless our records or the rules say otherwise; silence of the buyer ends the case; a
    payout that has not arrived is an alarm, again and again.
    """
    lock(refund)
    if refund.machine.limits.get(refund.state) != limit or not refund.is_overdue(at):
        return  # answered while this call was on its way
    if refund.state == RefundState.APPROVED:
        log.critical("the money of case %s has not arrived in time", refund.number)
        note(refund, "refund.alarm", by=None, at=at, data={"approved": refund.approved})
        rearm(refund, at + ALARM_AGAIN, at=at)
    elif refund.state == RefundState.DECLINED:
        _end_without_money(refund, RefundState.LAPSED, by=None, at=at)
    elif refund.waits_for_supplier:
        anew(refund, at=at)
    elif refund.is_paid_by_silence():
        _approve_as_asked(refund, outcome=Refund.Outcome.SILENCE, by=None, at=at)
    else:
        _to_the_platform(refund, by=None, at=at)


@verb
def close_without_prejudice(refund: Refund, *, at: datetime) -> None:
    """What the case is about could not be shown in time: it ends undecided, and can be filed again."""
    lock(refund)
    if refund.state != RefundState.DISPUTED or not hooks.undecided(refund):
        return  # people decided meanwhile
    _end_without_money(refund, RefundState.WITHDRAWN, by=None, at=at)
    hooks.withdrawn(refund, by=None, at=at)


@verb
def anew(refund: Refund, *, at: datetime) -> None:
    """The supplier answered, or its time to answer is over: the claim is decided anew, as our records are now.

    What they prove is paid at once; for everything else the shop has its whole time to answer. What was asked never
    grows.
    """
    lock(refund)
    if not refund.waits_for_supplier:
        return  # decided anew, or answered, while this call was on its way
    items = list(refund.items.select_related("unit").order_by("pk"))
    was_late = refund.is_overdue(at)
    found = triage.preview(
        refund.order,
        [item.unit for item in items],
        refund.reason,
        buyer=refund.buyer,
        at=at,
        told=Told.of(refund.decision.get("stated", {})),
        is_supplier_late=was_late,
    )
    if found.lane is Lane.WAIT:
        return  # one of several suppliers has still to say
    asked = min(refund.asked, found.figure)
    change(
        refund,
        decision=found.record(),
        asked=asked,
        figure=found.figure,
        fee=found.fee,
        compensation=found.compensation,
        route=found.route,
        is_instant=found.lane in {Lane.INSTANT, Lane.AGREED},
        is_predecision=found.lane is Lane.PREDECISION,
        is_contradicted=found.is_contradicted,
    )
    _ask_anew(items, found, asked)
    data = {"figure": found.figure, "asked": asked, "lane": found.lane.value, "late": was_late}
    note(refund, "refund.decided_anew", by=None, at=at, data=data)
    if found.lane in {Lane.PROVEN, Lane.INSTANT}:
        _approve_as_asked(refund, outcome=Refund.Outcome.INSTANT, by=None, at=at)
    elif found.lane is Lane.AGREED:
        _approve_as_asked(refund, outcome=Refund.Outcome.SELLER, by=None, at=at)
    elif found.lane is Lane.URGENT:
        _to_the_platform(refund, by=None, at=at)
    elif found.lane is Lane.PREDECISION:
        _predecide(refund, found, at=at)
    else:
        rearm(refund, deadline(found.answer_span(asked), at), at=at)


@verb
def ruled(
    refund: Refund,
    *,
    grants: Mapping[int, int],
    by: Any,
    at: datetime,
    compensation: int = 0,
    platform_bp: int = 0,
) -> None:
    """The platform decided for the buyer: `grants` (fen per unit id) and `compensation` go back.

    Called by disputes in the transaction that enforces a ruling, which closes the dispute if the money arrived in it.
    `platform_bp` is the platform's share of the fault.
    """
    lock(refund)
    require(refund.state == RefundState.DISPUTED, "wrong_moment", _("This case is not with the platform."))
    given = {pk: amount for pk, amount in grants.items() if amount}
    if not given and not compensation:
        raise ValueError("A ruling that gives nothing is a rejection.")
    items = list(refund.items.order_by("pk"))
    if set(given) - {item.unit_id for item in items}:
        raise ValueError("These units are not of this case.")
    _approve(
        refund,
        items=items,
        grants=given,
        fees={},
        compensation=compensation,
        platform_bp=platform_bp,
        outcome=Refund.Outcome.RULING,
        by=by,
        at=at,
    )


@verb
def conceded(refund: Refund, *, by: Any, at: datetime) -> None:
    """The shop gives in while the platform looks: the buyer is paid what was asked. Called by disputes."""
    lock(refund)
    require(refund.state == RefundState.DISPUTED, "wrong_moment", _("This case is not with the platform."))
    _approve_as_asked(refund, outcome=Refund.Outcome.SELLER, by=by, at=at)


@verb
def rejected(refund: Refund, *, by: Any, at: datetime) -> None:
    """The platform decided that nothing goes back: only people do, never a clock or a machine."""
    lock(refund)
    require(refund.state == RefundState.DISPUTED, "wrong_moment", _("This case is not with the platform."))
    _end_without_money(refund, RefundState.REJECTED, by=by, at=at)


@verb
def paid(payout: Payout, *, at: datetime) -> None:
    """The money of a case has arrived at its channel, or at the balance after all; the ledger says so."""
    refund = Refund.objects.select_related("order").get(pk=int(payout.cause.removeprefix("refund:")))
    lock(refund)
    _has_arrived(refund, payout, at=at)
    hooks.paid_back(refund, at=at)


# What the verbs share


def _asked(found: Preview, amount: int | None, expected: int | None) -> int:
    """What is asked, in fen: never more than the rules give, and only under the figure that the buyer saw."""
    if expected is not None and expected != found.figure:
        raise Refused(
            "figure_changed",
            _("The figure has changed: the rules give %(figure)s now. Look at the result again; nothing was filed.")
            % {"figure": yuan(found.figure)},
        )
    asked = found.figure if amount is None else amount
    require(
        asked <= found.figure,
        "more_than_the_rules",
        _("The rules give %(figure)s at most. You can ask for less, never for more.") % {"figure": yuan(found.figure)},
    )
    require(asked > 0 or found.figure == 0, "nothing_asked", _("Ask for at least ¥0.01."))
    require(asked >= 0, "nothing_asked", _("Ask for at least ¥0.01."))
    return asked


def _require_not_too_often(
    order: Order, earlier: Sequence[tuple[int, bool]], reason: str, attachments: Sequence[Attachment]
) -> None:
    """Three cases for a unit and reason; after that only with a file that no earlier case had."""
    cases = Counter(unit for unit, _is_decided in earlier)
    if not cases or max(cases.values()) < MOST_CASES:
        return
    before = Attachment.objects.filter(refunds__order=order, refunds__reason=reason)
    known = set(before.values_list("sha256", flat=True).order_by("pk"))
    require(
        any(attachment.sha256 not in known for attachment in attachments),
        "too_often",
        _("There were three cases for this already. Add a file that we have not seen yet, and it is looked at again."),
    )


def _require_answerable(refund: Refund, *, by: Any, at: datetime) -> None:
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop answers."))
    require(
        refund.state == RefundState.REQUESTED and not refund.is_overdue(at),
        "wrong_moment",
        _("This case cannot be answered any more: it was answered, taken back, or the time is over."),
    )


def _write_items(refund: Refund, found: Preview, asked: int) -> list[RefundItem]:
    """What is asked of each unit: in proportion to what the rules give, to the fen."""
    per_unit = {unit.pk: part for part in found.parts for unit in part.units}
    units = found.units
    shares = split(asked, {str(unit.pk): per_unit[unit.pk].entitled for unit in units}) if asked else {}
    items = [
        RefundItem(
            refund=refund,
            unit=unit,
            asked=shares.get(str(unit.pk), 0),
            entitled=per_unit[unit.pk].entitled,
            fee=per_unit[unit.pk].fee,
        )
        for unit in units
    ]
    page.insert(items)
    return items


def _predecide(refund: Refund, found: Preview, *, at: datetime) -> None:
    """A machine's no, with a person one click away."""
    data = {"rules": sorted({rule for part in found.parts for rule in part.decision.rules})}
    span = clocks.span("ESCALATE", version=refund.order.rulebook_version)
    enter(refund, RefundState.DECLINED, by=None, at=at, span=span, event="refund.predecided", data=data)


def supplier_answered(unit: Unit, *, at: datetime) -> None:
    """What a supplier delivers has come, or never will: the case that holds the unit and waits is decided anew."""
    kind, _colon, pk = unit.held_by.partition(":")
    if kind == Refund.machine.name:
        anew(Refund.objects.select_related("order").get(pk=int(pk)), at=at)


def _ask_anew(items: list[RefundItem], found: Preview, asked: int) -> None:
    """What is asked of each unit, after the rules were asked again."""
    per_unit = {unit.pk: part for part in found.parts for unit in part.units}
    shares = split(asked, {str(item.unit_id): per_unit[item.unit_id].entitled for item in items}) if asked else {}
    for item in items:
        part = per_unit[item.unit_id]
        item.asked, item.entitled, item.fee = shares.get(str(item.unit_id), 0), part.entitled, part.fee
    change_all(items, ["asked", "entitled", "fee"])


def _approve_as_asked(
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
    items = list(refund.items.order_by("pk")) if items is None else items
    _approve(
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


def _approve(
    refund: Refund,
    *,
    grants: Mapping[int, int],
    fees: Mapping[int, int],
    compensation: int,
    outcome: str,
    by: Any,
    at: datetime,
    platform_bp: int = 0,
    items: list[RefundItem] | None = None,
    units: list[Unit] | None = None,
) -> None:
    """The decision is made, then it is paid. To a balance, the money arrives inside this call and closes the case."""
    units = escrow.units_of(refund.order) if units is None else units
    change(refund, approved=sum(grants.values()) + compensation, outcome=outcome)
    _close_items(refund, grants, items)
    is_instant = outcome == Refund.Outcome.INSTANT
    span = clocks.span("PAYOUT", "instant" if is_instant else "normal", version=refund.order.rulebook_version)
    data = {"outcome": str(outcome), "amount": refund.approved}
    enter(refund, RefundState.APPROVED, by=by, at=at, span=span, data=data)
    _withdraw_codes(refund, units, grants, fees, at=at)
    payout = orders.end_case(
        refund.order,
        units=units,
        cause=refund.address,
        grants=dict(grants),
        fees=dict(fees),
        compensation=compensation,
        platform_bp=platform_bp,
        is_instant=is_instant,
        at=at,
    )
    if payout is None:
        return
    if payout.state == PayoutState.PAID:
        _has_arrived(refund, payout, at=at, granted=[(unit.place, grants.get(unit.pk, 0)) for unit in units])
    else:
        change(refund, payout=payout)


def _has_arrived(
    refund: Refund, payout: Payout, *, at: datetime, granted: Sequence[tuple[int, int]] | None = None
) -> None:
    """The money is there: the case is closed, and its credit note is written. `granted` is fen by place, if known."""
    if granted is None:
        rows = refund.items.order_by("unit__place").values_list("unit__place", "granted")
        granted = [(place, amount or 0) for place, amount in rows]
    change(refund, payout=payout, closed_at=at)
    compensation = (refund.approved or 0) - sum(amount for _place, amount in granted)
    paper = credit.issue(
        refund, granted=granted, compensation=compensation, payout=payout.number, to=payout.destination, at=at
    )
    data = {"payout": payout.number, "amount": payout.amount, "note": paper.number, "note_sha256": paper.sha256}
    enter(refund, RefundState.REFUNDED, by=None, at=at, data=data)


def _withdraw_codes(
    refund: Refund, units: Sequence[Unit], grants: Mapping[int, int], fees: Mapping[int, int], *, at: datetime
) -> None:
    """Who has the price back does not keep the code; a price that is only lowered leaves it with the buyer."""
    paid_back = [unit for unit in units if unit.pk in grants and grants[unit.pk] + fees.get(unit.pk, 0) >= unit.left]
    delivery.withdraw(refund.order, paid_back, is_bad=refund.reason == reasons.CODE_INVALID, at=at)


def _to_the_platform(refund: Refund, *, by: Any, at: datetime) -> None:
    enter(refund, RefundState.DISPUTED, by=by, at=at)
    hooks.escalated(refund, by=by, at=at)


def _end_without_money(refund: Refund, state: str, *, by: Any, at: datetime) -> None:
    """The case ends and nothing goes back: its units are free again, with 24 hours of inspection at least."""
    change(refund, closed_at=at)
    _close_items(refund, {})
    enter(refund, state, by=by, at=at)
    orders.end_case(refund.order, cause=refund.address, at=at)


def _close_items(refund: Refund, grants: Mapping[int, int], items: list[RefundItem] | None = None) -> None:
    are_new = page.waits(RefundItem)
    if items is None or (not are_new and any(item.pk is None for item in items)):
        items = list(refund.items.order_by("pk"))
    for item in items:
        item.granted, item.is_open = grants.get(item.unit_id, 0), False
    if not are_new:  # else they wait on the verb's page and are stored as they are now
        change_all(items, ["granted", "is_open"])
