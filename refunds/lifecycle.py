"""The story of a case: ask · accept · decline · goodwill · escalate · withdraw · lapse · ruled · rejected · paid.

How the two sides bargain stands in `refunds.bargaining`, what one asks the other in `refunds.questions`, and how goods
are delivered anew in `refunds.replacing`; what all verbs share, in `refunds.endings`.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from ledger.models import Payout
from ledger.templatetags.money import yuan
from orders import escrow
from orders.models import Attachment, Order, Unit
from orders.states import Grade, OrderState
from refunds import bargaining, citations, costs, endings, hooks, reasons, replacing, roads, triage
from refunds.endings import approve, approve_as_asked, end_without_money, has_arrived, take_up, to_the_platform
from refunds.models import ACCEPTABLE, ClaimDraft, Refund, RefundItem
from refunds.stated import NOTHING, Told
from refunds.states import RefundState
from refunds.triage import Lane, Preview
from rulebook import linter, terms, versions
from rulebook.arithmetic import split
from shops.models import Shop
from timeline import numbers, page
from timeline.door import begin, change, change_all, lock, locked, note, rearm, require, verb
from timeline.refusals import Refused
from timeline.spans import deadline

log = logging.getLogger(__name__)

#: Cases for one unit and reason, unless there is new evidence.
MOST_CASES = 3
#: States of an order in which its units can be claimed for.
CLAIMABLE = {OrderState.PAID, OrderState.DELIVERED, OrderState.COMPLETED, OrderState.SETTLED}
ANSWERED = gettext_lazy("This case cannot be answered any more: it was answered, taken back, or the time is over.")
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
            not escrow.is_recalled(unit),
            "case_open",
            _(
                "The code of unit %(place)s is being recalled. Say there first whether you want its price back or keep"
                " it."
            )
            % {"place": unit.place},
        )
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


def may_go_to_balance(order: Order, reason: str) -> bool:
    """Whether the buyer may choose their balance instead of the way the money came, which stays the rule.

    There has to be another way, and whoever files has to be who paid.
    """
    return order.paid_by != Order.PaidBy.WALLET and reason not in reasons.PAYER_ONLY


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
    prefers: str = Refund.Preference.MONEY,
    complaint: str = "",
) -> Refund:
    """The buyer asks for money back for `units`; the rules answer at once, and what our records prove is paid at once.

    `amount` is what is asked in fen (nothing: all that the rules give), `expected` the figure that the buyer was shown,
    `draft` what it was told in, which is then no longer kept; `told` are facts that the buyer states. Who `prefers` a
    replacement gets a proven bad code replaced from stock at once, where there is one; whoever prefers the balance is
    paid there in the moment it is decided, and not the way the money came. With the number of a `complaint`
    that the buyer made outside, an agent files it for them: the same case, the same rules.

    Refused: what `preview` refuses, `figure_changed`, `more_than_the_rules`, `nothing_asked`,
    `only_the_way_it_came`, `too_often`.
    """
    locked(User, order.buyer_id)  # whose instant quota is counted
    locked(Shop, order.shop_id)  # whose deposit answers
    lock(order)
    all_units = escrow.units_of(order)
    chosen = [unit for unit in all_units if unit.pk in {each.pk for each in units}]
    if len(chosen) != len({each.pk for each in units}):
        raise ValueError("These units are not of this order.")
    earlier = earlier_cases(chosen, reason)
    buyer = order.buyer if complaint and by.roles & {Role.AGENT, Role.LEAD} else by
    found = preview(order, chosen, reason, buyer=buyer, at=at, earlier=earlier, told=told)
    asked = _asked(found, amount, expected)
    require(
        prefers != Refund.Preference.BALANCE or (by.pk == order.buyer_id and may_go_to_balance(order, reason)),
        "only_the_way_it_came",
        _("What goes back for this goes the way it was paid. Choose money back."),
    )
    _require_not_too_often(order, earlier, reason, attachments)
    refund = Refund(
        number=numbers.new("R", at),
        order=order,
        buyer=buyer,
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
        prefers=prefers,
        opened_at=at,
    )
    data = {
        "units": [unit.place for unit in chosen],
        "reason": reason,
        "asked": asked,
        "figure": found.figure,
        "rulebook": refund.decision["version"],
        **({"complaint": complaint} if complaint else {}),
    }
    begin(refund, by=by, at=at, span=found.answer_span(asked), data=data)
    if attachments:
        refund.attachments.add(*attachments)
    items = _write_items(refund, found, asked)
    escrow.hold(order, chosen, by=refund.address, at=at, among=all_units)
    if draft is not None:
        draft.delete()
    if found.lane in {Lane.PROVEN, Lane.INSTANT, Lane.AGREED}:
        if prefers == Refund.Preference.REISSUE and _replaced_at_once(refund, chosen, found, at=at):
            return refund
        _pay_at_once(refund, found, at=at, items=items, units=all_units)
        return refund
    escrow.reserve(order, chosen, cause=refund.address, amount=costs.at_stake(refund, chosen), at=at)
    if found.lane is Lane.URGENT:
        roads.begin(refund, by=by, at=at)
        to_the_platform(refund, by=by, at=at)
    elif found.lane is Lane.PERSON:
        to_the_platform(refund, by=by, at=at)
    elif found.lane is Lane.PREDECISION:
        _predecide(refund, found, at=at)
    return refund


@verb
def accept(refund: Refund, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The shop agrees: the buyer is paid what was asked. It may do so at any time before the platform has the case.

    Refused: `not_your_turn`, `wrong_moment`, `nothing_asked`, `stale`.
    """
    take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop answers."))
    require(refund.state in ACCEPTABLE and not refund.is_overdue(at), "wrong_moment", ANSWERED)
    asks = refund.asked + refund.compensation
    require(asks > 0, "nothing_asked", _("Nothing is asked here, so there is nothing to accept."))
    approve_as_asked(refund, outcome=Refund.Outcome.SELLER, by=by, at=at)


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
    version: int | None = None,
) -> None:
    """The shop says no, with a code, words and evidence (R16).

    Either by a published rule that applies, with our record of every unit's state; or, once it has asked the buyer for
    something, with a file of its own. What the buyer asks as goodwill, because the rules give nothing, needs neither.
    Refused: `not_your_turn`, `wrong_moment`, `no_such_code`, `rule_missing`, `no_such_rule`, `rule_does_not_apply`,
    `evidence_missing`, `text_missing`, `void_term`, `state_not_proven`.
    """
    take_up(refund, version)
    _require_answerable(refund, by=by, at=at)
    require(code in citations.DeclineCode.values, "no_such_code", _("Choose why you decline."))
    require(bool(text.strip()), "text_missing", _("Tell the buyer why, in your own words."))
    if void := linter.blocking(text, linter.Use.DECLINE):
        raise Refused("void_term", terms.sentence(void[0]))
    if any(each.order_id != refund.order_id for each in attachments):
        raise ValueError("These files are not of this order.")
    units = list(Unit.objects.filter(refund_items__refund=refund).order_by("place"))
    if rule:
        _require_citable(refund, rule, units)
    elif refund.goodwill_at is None:
        require(
            refund.answered_at is not None,
            "rule_missing",
            _("Cite a published rule, or first ask the buyer for something or offer something."),
        )
        require(bool(attachments), "evidence_missing", _("Without a published rule a no needs a file that proves it."))
    change(
        refund,
        declined_code=code,
        declined_rule=rule,
        declined_text=text.strip(),
        answered_at=refund.answered_at or at,
    )
    if attachments:
        refund.attachments.add(*attachments)
    data = {"code": code, "rule": rule, "states": [[unit.place, unit.delivery] for unit in units]}
    endings.to_the_buyer(refund, by=by, at=at, data=data)


@verb
def goodwill(refund: Refund, *, text: str, by: Any, at: datetime, version: int | None = None) -> None:
    """After a machine's no the buyer asks the shop for goodwill, once; silence has no price here (R51).

    Refused: `not_your_turn`, `wrong_moment`, `asked_already`, `text_missing`.
    """
    take_up(refund, version)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer asks for goodwill."))
    require(
        refund.state == RefundState.DECLINED and refund.is_predecision and not refund.is_overdue(at),
        "wrong_moment",
        _("Goodwill can be asked for after the rules gave nothing, while you decide how to go on."),
    )
    require(refund.goodwill_at is None, "asked_already", _("The shop was asked once already."))
    require(0 < len(text.strip()) <= 2_000, "text_missing", _("Say what you ask the shop for, and why."))
    change(refund, goodwill_at=at)
    span = endings.clock_of(refund, "SELLER_RESPONSE")
    data = {"text": text.strip()}
    endings.step(refund, RefundState.REQUESTED, by=by, at=at, span=span, event="refund.goodwill_asked", data=data)


@verb
def escalate(refund: Refund, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The buyer asks the platform to look, free of charge, any time after the shop's first answer.

    After a machine's no it is the review by a person. Where the shop is not there any more, nobody waits for an answer,
    and the case is urgent (R20). Refused: `not_your_turn`, `wrong_moment`.
    """
    take_up(refund, version)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer takes a case to the platform."))
    require(
        refund.may_be_escalated() and not refund.is_overdue(at),
        "wrong_moment",
        _("This case cannot be taken to the platform now."),
    )
    if refund.state == RefundState.REQUESTED and refund.answered_at is None:
        change(refund, decision=refund.decision | {"lane": Lane.URGENT.value})
    to_the_platform(refund, by=by, at=at)


@verb
def withdraw(refund: Refund, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The buyer takes the case back; the units go on where they stood. Refused: `not_your_turn`, `wrong_moment`."""
    take_up(refund, version)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer takes a case back."))
    require(
        refund.may_be_withdrawn() and not refund.is_overdue(at),
        "wrong_moment",
        _("This case cannot be taken back any more."),
    )
    was_disputed = refund.state == RefundState.DISPUTED
    end_without_money(refund, RefundState.WITHDRAWN, by=by, at=at)
    if was_disputed:
        hooks.withdrawn(refund, by=by, at=at)


@verb
def lapse(refund: Refund, *, limit: str, at: datetime) -> None:
    """A clock of the case ran out.

    Silence of the shop is consent unless our records or the rules say otherwise; a replacement that did not come is
    money in full; silence of the buyer ends the case, unless an offer without conditions stands; a payout that has not
    arrived is an alarm, again and again.
    """
    lock(refund)
    if limit == "NEGOTIATE":
        bargaining.lapse_talks(refund, at=at)
        return
    if refund.machine.limits.get(refund.state) != limit or not refund.is_overdue(at):
        return  # answered while this call was on its way
    match RefundState(refund.state):
        case RefundState.APPROVED:
            log.critical("the money of case %s has not arrived in time", refund.number)
            note(refund, "refund.alarm", by=None, at=at, data={"approved": refund.approved})
            rearm(refund, at + ALARM_AGAIN, at=at)
        case RefundState.QUESTIONED:
            end_without_money(refund, RefundState.LAPSED, by=None, at=at)
        case RefundState.DECLINED:
            if not bargaining.lapse_decision(refund, at=at):
                end_without_money(refund, RefundState.LAPSED, by=None, at=at)
        case RefundState.BARGAINING:
            bargaining.lapse_turn(refund, at=at)
        case RefundState.REPLACING:
            replacing.pay_in_full(refund, outcome=Refund.Outcome.UNREPLACED, by=None, at=at)
        case RefundState.CHECKING:
            replacing.is_good(refund, by=None, at=at)
        case _ if refund.waits_for_supplier:
            anew(refund, at=at)
        case _:
            _shop_was_silent(refund, at=at)


@verb
def close_without_prejudice(refund: Refund, *, at: datetime) -> None:
    """What the case is about could not be shown in time: it ends undecided, and can be filed again."""
    lock(refund)
    if refund.state != RefundState.DISPUTED or not hooks.undecided(refund):
        return  # people decided meanwhile
    end_without_money(refund, RefundState.WITHDRAWN, by=None, at=at)
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
    # The buyer comes before the order in the order of locks, so nobody waits here: whose quota is counted elsewhere at
    # this very moment is not paid at once, and the shop answers.
    is_alone = bool(User.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=refund.buyer_id).first())
    found = triage.preview(
        refund.order,
        [item.unit for item in items],
        refund.reason,
        buyer=refund.buyer,
        at=at,
        told=Told.of(refund.decision.get("stated", {})),
        is_supplier_late=was_late,
    )
    if not is_alone:
        found = replace(found, instant_cap=0)
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
    if found.lane in {Lane.PROVEN, Lane.INSTANT, Lane.AGREED}:
        _pay_at_once(refund, found, at=at)
    elif found.lane in {Lane.URGENT, Lane.PERSON}:
        to_the_platform(refund, by=None, at=at)
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
    approve(
        refund,
        items=items,
        grants=given,
        fees={},
        compensation=compensation,
        platform_bp=platform_bp,
        platform_compensation=endings.platform_part_of(refund, compensation, platform_bp),
        outcome=Refund.Outcome.RULING,
        by=by,
        at=at,
    )


@verb
def conceded(refund: Refund, *, by: Any, at: datetime) -> None:
    """The shop gives in while the platform looks: the buyer is paid what was asked. Called by disputes."""
    lock(refund)
    require(refund.state == RefundState.DISPUTED, "wrong_moment", _("This case is not with the platform."))
    approve_as_asked(refund, outcome=Refund.Outcome.SELLER, by=by, at=at)


@verb
def rejected(refund: Refund, *, by: Any, at: datetime) -> None:
    """The platform decided that nothing goes back: only people do, never a clock or a machine."""
    lock(refund)
    require(refund.state == RefundState.DISPUTED, "wrong_moment", _("This case is not with the platform."))
    end_without_money(refund, RefundState.REJECTED, by=by, at=at)


@verb
def paid(payout: Payout, *, at: datetime) -> None:
    """The money of a case has arrived at its channel, or at the balance after all; the ledger says so."""
    refund = Refund.objects.select_related("order").get(pk=int(payout.cause.removeprefix("refund:")))
    lock(refund)
    has_arrived(refund, payout, at=at)
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
    require(refund.state == RefundState.REQUESTED and not refund.is_overdue(at), "wrong_moment", ANSWERED)


def _require_citable(refund: Refund, rule: str, units: Sequence[Unit]) -> None:
    """A published rule that gives less than was asked, for goods whose state our own records prove."""
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
    require(
        all(unit.grade == Grade.VERIFIED for unit in units),
        "state_not_proven",
        _("Our records do not prove the state of every unit, so it takes more than a rule to decline."),
    )


def _shop_was_silent(refund: Refund, *, at: datetime) -> None:
    """Consent, unless our records or the rules say otherwise; where the rules give nothing, the buyer decides (R52)."""
    if refund.is_paid_by_silence():
        approve_as_asked(refund, outcome=Refund.Outcome.SILENCE, by=None, at=at)
    elif refund.is_left_to_the_buyer():
        endings.to_the_buyer(refund, by=None, at=at, event="refund.goodwill_unanswered")
    else:
        to_the_platform(refund, by=None, at=at)


def _pay_at_once(
    refund: Refund,
    found: Preview,
    *,
    at: datetime,
    items: list[RefundItem] | None = None,
    units: list[Unit] | None = None,
) -> None:
    """Our records prove it, or the shop has said yes in advance: the money is on its way in the same breath."""
    outcome = Refund.Outcome.SELLER if found.lane is Lane.AGREED else Refund.Outcome.INSTANT
    approve_as_asked(refund, outcome=outcome, by=None, at=at, items=items, units=units)


def _predecide(refund: Refund, found: Preview, *, at: datetime) -> None:
    """A machine's no, with a person one click away."""
    data = {"rules": sorted({rule for part in found.parts for rule in part.decision.rules})}
    endings.to_the_buyer(refund, by=None, at=at, event="refund.predecided", data=data)


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


def _replaced_at_once(refund: Refund, units: Sequence[Unit], found: Preview, *, at: datetime) -> bool:
    """Whether what our records prove to be bad was replaced from stock; then no money moves and no quota is used."""
    order = refund.order
    if not replacing.at_once(refund, units, at=at):
        return False
    change(refund, is_instant=False)
    escrow.reserve(order, units, cause=refund.address, amount=costs.at_stake(refund, units), at=at)
    return True


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
