"""The story of a bad batch: watch · raise · hold · join · keep · check · confirm · lift · lapse.

A batch of which too many codes are bad is pulled before the next victim: its sale stops, the money of its units that is
not settled stands still, and everybody who has a code of it is asked what they want before they ask. Confirmed by a
person of risk, or by the clock if none of them looked in time, holders get their price or a working code without
anybody's consent. All of it can be taken back by risk, with the reason. What is paid back meanwhile stays paid back.
Rule source: rules 6.4 (batch defect flow); from when on, is data (`reputation.thresholds`).
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from accounts.models import Role, User
from orders import delivery, escrow
from orders import lifecycle as orders
from orders.models import Order, Unit, ValidityRecord
from refunds import endings
from refunds import lifecycle as refunds
from refunds.models import Refund
from refunds.states import RefundState
from reputation import batch_answers, inquiries, signals, stops, stream
from reputation.bad_codes import look
from reputation.models import Alarm, AlarmUnit, Doubt, Inquiry
from reputation.states import ALARM, AlarmState
from reputation.thresholds import thresholds
from shops import batches
from shops.models import SELL, Batch, Card
from timeline import numbers, page
from timeline.door import begin, change, enter, lock, lock_root, locked, note, require, verb
from timeline.models import Event
from timeline.moments import moments
from timeline.spans import minutes

log = logging.getLogger(__name__)

Fate = AlarmUnit.Fate
OPEN = [AlarmState.RAISED, AlarmState.CONFIRMED]
#: Why a holder's case is filed: the code, or the batch it came from, is bad.
REASON = "CODE_INVALID"
NAME = "batches"
#: After these a batch may be worse than it was thought to be.
TELLING = frozenset({"order.validity_recorded", "refund.refunded", "refund.exchanged"})


def watch(*, at: datetime) -> int:
    """Look at every batch of which something was found bad since the last time; returns how many alarms were raised.

    Which ones these are is noted down in the transaction that moves the mark, and goes with the look: whoever dies
    between the two leaves them to the next, and one that cannot be looked at holds up no other.
    """
    while stream.follow(NAME, partial(_doubt, at=at), at=at) == stream.MOST:
        pass
    raised = 0
    for pk in list(Doubt.objects.order_by("since", "pk").values_list("pk", flat=True)):
        try:
            raised += _settle_doubt(pk, at=at)
        except Exception:
            log.exception("the batch of doubt %s could not be looked at", pk)
    return raised


def _doubt(events: Sequence[Event], *, at: datetime) -> None:
    """Note down the batches whose codes these events tell something bad of."""
    orders = {
        int(event.root.partition(":")[2])
        for event in events
        if event.name in TELLING and event.root.startswith("order:")
    }
    found = Batch.objects.filter(cards__unit__order__in=orders).distinct().order_by("pk") if orders else []
    Doubt.objects.bulk_create([Doubt(batch=batch, since=at) for batch in found], ignore_conflicts=True)


@transaction.atomic
def _settle_doubt(pk: int, *, at: datetime) -> int:
    """Look at one batch; what is heard meanwhile waits for this look's end and is a doubt of its own."""
    doubt = Doubt.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if doubt is None:
        return 0  # somebody else is at it
    doubt.delete()
    return _look_at(Batch.objects.filter(pk=doubt.batch_id), at=at)


def watch_all(*, at: datetime) -> int:
    """Look at every batch with a bad code in it, once a day: nothing is missed because a worker died."""
    bad = ValidityRecord.objects.filter(is_valid=False, unit__card__batch=OuterRef("pk"))
    failed = Card.objects.filter(batch=OuterRef("pk"), failed_at__isnull=False)
    return _look_at(Batch.objects.filter(Exists(bad) | Exists(failed)), at=at)


def _look_at(found: Iterable[Batch], *, at: datetime) -> int:
    raised = 0
    for batch in (
        Batch.objects.filter(pk__in=[each.pk for each in found]).select_related("listing__shop").order_by("pk")
    ):
        seen = look(batch)
        if seen.bad:
            signals.about_batch(batch, sold=seen.sold, bad=seen.bad, at=at)
        last = batch.alarms.order_by("-pk").first()
        # What risk has lifted rings again only if more was found since.
        if seen.why and (last is None or (not last.is_open() and seen.bad > last.bad)):
            raise_alarm(batch, why=seen.why, by=None, at=at)
            raised += 1
    return raised


@verb
def raise_alarm(batch: Batch, *, why: str, by: Any, at: datetime, reason: str = "") -> Alarm:
    """Nothing more of the batch is sold, and its holders are listed; their money is held order by order after it.

    A person of risk may raise one by hand, with a reason. Refused: `not_your_turn`, `no_reason`.
    """
    shop = batch.listing.shop
    lock_root(shop)
    if by is not None:
        require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk raise an alarm."))
        require(bool(reason.strip()), "no_reason", _("Say why."))
    standing = Alarm.objects.filter(batch=batch, state__in=OPEN).first()
    if standing is not None:
        return standing
    batch.refresh_from_db(fields=["stopped_at"])  # its shop may have stopped it, or sold on, before the lock
    seen = look(batch)
    alarm = Alarm(
        number=numbers.new("B", at),
        batch=batch,
        shop=shop,
        why=why,
        sold=seen.sold,
        bad=seen.bad,
        reason=reason.strip()[:500],
        raised_at=at,
    )
    review = minutes(int(thresholds().batches.review.total_seconds() // 60))
    data = {"batch": batch.pk, "why": why, "sold": seen.sold, "bad": seen.bad}
    begin(alarm, by=by, at=at, span=review, data=data)
    batch_answers.ask(alarm, at=at)
    if batch.stopped_at is None:
        batches.stop(batch, reason=alarm.number, by=None, at=at)
    else:
        batches.take_over(batch, because=alarm.number, at=at)
    _list_holders(alarm)
    return alarm


def carry_on(*, at: datetime) -> int:
    """Do what open and lifted alarms still want done, order by order, each in a transaction of its own.

    Holders who came in late are listed, codes that were seen are asked about, money that is not settled is held, what a
    confirmed alarm owes is paid, and what a lifted one held is freed. Who was asked before it was a recall is told that
    it is one, and reminded while the offer runs. Losing or doubling a call changes nothing.
    """
    done = 0
    for alarm in Alarm.objects.filter(state__in=OPEN).select_related("shop", "batch__supplier").order_by("pk"):
        list_holders(alarm)
        inquiries.plan(alarm, at=at)
        for order in _orders(Unit.objects.filter(pk__in=_asked(alarm).filter(_has_its_code(), told_at=None))):
            done += hold_order(alarm, order, at=at)
        if alarm.state == AlarmState.CONFIRMED:
            for order in _orders(
                Unit.objects.filter(pk__in=_asked(alarm).filter(_has_its_code(), _to_tell(alarm, at)))
            ):
                done += tell_holder(alarm, order, at=at)
            joined = Refund.objects.filter(pk__in=alarm.units.values("refund"), state=RefundState.REQUESTED)
            for refund in joined.select_related("order").order_by("pk"):
                done += pay(refund, at=at)
    waiting = AlarmUnit.objects.filter(alarm=OuterRef("pk"), fate=Fate.ASKED)
    over = Alarm.objects.exclude(state__in=OPEN).filter(Exists(waiting))
    for alarm in over.select_related("shop").order_by("pk"):
        for order in _orders(Unit.objects.filter(pk__in=_asked(alarm))):
            done += free_order(alarm, order, at=at)
    return done


@verb
def list_holders(alarm: Alarm) -> None:
    """List whoever has a code of the batch by now and was not listed yet."""
    lock(alarm)
    if alarm.is_open():
        _list_holders(alarm)


def _list_holders(alarm: Alarm) -> None:
    known = AlarmUnit.objects.filter(alarm=alarm).values("unit")
    units = Unit.objects.filter(card__batch=alarm.batch_id, paid__gt=F("refunded") + F("covered"))
    page.insert([AlarmUnit(alarm=alarm, unit=unit) for unit in units.exclude(pk__in=known).order_by("pk")])


@verb
def hold_order(alarm: Alarm, order: Order, *, at: datetime) -> int:
    """The holder of one order is asked, and the unsettled money of its units stands still.

    Units that a case holds already stay the case's.
    """
    lock(alarm)
    if not alarm.is_open():
        return 0
    lock_root(order)
    waiting = _asked(alarm).filter(_has_its_code(), unit__order=order, told_at=None)
    listed = set(waiting.values_list("unit", flat=True))
    if not listed:
        return 0
    every = escrow.units_of(order)
    asked = [unit for unit in every if unit.pk in listed]
    mine = [unit for unit in asked if not unit.held_by and (unit.held or unit.is_unsettled())]
    if mine:
        escrow.hold(order, mine, by=alarm.address, at=at, among=every)
    is_recall = alarm.state == AlarmState.CONFIRMED
    AlarmUnit.objects.filter(alarm=alarm, unit__in=asked).update(
        told_at=at, confirmed_told_at=at if is_recall else None, reminders=_moments_passed(alarm, at)
    )
    AlarmUnit.objects.filter(alarm=alarm, unit__in=mine).update(was_held=True)
    data = {"alarm": alarm.number, "units": [unit.place for unit in asked]}
    note(order, "order.units_recalled", by=None, at=at, data=data)
    return 1


@verb
def tell_holder(alarm: Alarm, order: Order, *, at: datetime) -> int:
    """Who holds codes of a confirmed recall and has not answered hears that it is one; later, when the offer ends."""
    lock(alarm)
    if alarm.state != AlarmState.CONFIRMED or alarm.is_overdue(at):
        return 0
    lock_root(order)
    rows = list(
        AlarmUnit.objects.filter(_still_asked(alarm), _has_its_code(), _to_tell(alarm, at), unit__order=order)
        .select_related("unit")
        .order_by("unit__place")
    )
    if not rows or alarm.deadline_at is None:
        return 0
    data = {
        "alarm": alarm.number,
        "units": [row.unit.place for row in rows],
        "due_at": alarm.deadline_at.isoformat(),
    }
    if any(row.confirmed_told_at is None for row in rows):
        note(order, "order.recall_confirmed", by=None, at=at, data=data)
    else:
        note(order, "order.recall_reminded", by=None, at=at, data=data)
    AlarmUnit.objects.filter(pk__in=[row.pk for row in rows], confirmed_told_at=None).update(confirmed_told_at=at)
    AlarmUnit.objects.filter(pk__in=[row.pk for row in rows]).update(reminders=_moments_passed(alarm, at))
    return 1


@verb
def free_order(alarm: Alarm, order: Order, *, at: datetime) -> int:
    """The alarm is over: what it still holds of an order goes on, with a day of inspection at least."""
    lock(alarm)
    if alarm.is_open():
        return 0
    lock_root(order)
    if order.units.filter(held_by=alarm.address).exists():
        orders.end_case(order, cause=alarm.address, at=at)
    fate = Fate.FREED if alarm.state == AlarmState.LIFTED else Fate.SILENT
    AlarmUnit.objects.filter(_still_asked(alarm), unit__order=order).update(fate=fate)
    note(order, "order.units_freed", by=None, at=at, data={"alarm": alarm.number})
    return 1


@verb
def join(alarm: Alarm, order: Order, *, by: Any, at: datetime, wants: str = Refund.Preference.MONEY) -> Refund:
    """A holder takes what is offered for all codes of the batch in an order: the price, or working codes.

    Once the alarm is confirmed, it is paid in the same breath. Refused: `not_your_turn`, `wrong_moment`,
    `nothing_left`.
    """
    locked(User, order.buyer_id)
    units = _answer(alarm, order, by=by, at=at)
    how: dict[str, Any] = {} if wants == Refund.Preference.MONEY else {"prefers": wants}
    refund = refunds.ask(
        order=order, units=units, reason=REASON, by=by, at=at, text=_("Recall %s") % alarm.number, **how
    )
    AlarmUnit.objects.filter(_still_asked(alarm), unit__in=units).update(
        fate=Fate.REFUND, refund=refund, answered_at=at
    )
    if alarm.state == AlarmState.CONFIRMED:
        _pay(refund, at=at)
    return refund


@verb
def keep(alarm: Alarm, order: Order, *, by: Any, at: datetime) -> None:
    """A holder says that the codes work: their money goes on as if nothing had been."""
    units = _answer(alarm, order, by=by, at=at)
    AlarmUnit.objects.filter(_still_asked(alarm), unit__in=units).update(fate=Fate.KEPT, answered_at=at)
    note(order, "order.recall_declined", by=by, at=at, data={"alarm": alarm.number})


@verb
def check(alarm: Alarm, unit: Unit, *, is_valid: bool, source: str, reference: str, by: Any, at: datetime) -> None:
    """What the upstream says of one code that was looked at, asked by the shop or by risk: our record from now on.

    Refused: `not_your_turn`, `wrong_moment`, `no_reason` (no number of the upstream's answer), `delivered_anew`.
    """
    lock(alarm)
    is_shop = alarm.shop.may(by, SELL)
    require(is_shop or by.has_role(Role.RISK), "not_your_turn", _("Only the shop and people of risk ask upstream."))
    require(alarm.is_open(), "wrong_moment", _("This alarm is over."))
    require(bool(source.strip() and reference.strip()), "no_reason", _("Name who says so, and their number."))
    # A shop's word that a code is good is no proof against its buyer.
    require(
        not (is_shop and is_valid), "not_your_turn", _("That a code is good, only people of risk can put on record.")
    )
    mine = AlarmUnit.objects.get(alarm=alarm, unit=unit)
    lock_root(unit.order)
    # What is put on record is about the code that the unit has now: of another batch nothing was said.
    require(
        AlarmUnit.objects.filter(_has_its_code(), pk=mine.pk).exists(),
        "delivered_anew",
        _("This unit was delivered anew and has a code of another batch by now."),
    )
    mine.is_valid = is_valid
    mine.save(update_fields=["is_valid"])
    delivery.record_validity(unit, is_valid=is_valid, source=source.strip(), reference=reference.strip(), at=at)


@verb
def confirm(alarm: Alarm, *, finding: str, by: Any, at: datetime) -> None:
    """A person of risk looked: it is a recall. From now on holders need nobody's consent."""
    _decide(alarm, finding, by=by)
    require(alarm.state == AlarmState.RAISED, "wrong_moment", _("This alarm was decided already."))
    _confirm(alarm, by=by, at=at)


@verb
def lift(alarm: Alarm, *, finding: str, by: Any, at: datetime) -> None:
    """A person of risk takes an alarm back and says why: the batch is sold again, and money that was held goes on."""
    _decide(alarm, finding, by=by)
    require(alarm.is_open(), "wrong_moment", _("This alarm is over."))
    change(alarm, decided_by=by, finding=finding.strip()[:500])
    enter(alarm, AlarmState.LIFTED, by=by, at=at, data={"finding": alarm.finding})
    batch_answers.spare(alarm, at=at)
    stops.lift_for_batch(alarm, finding=alarm.finding, by=by, at=at)
    batch = alarm.batch
    batch.refresh_from_db()
    if batch.stopped_at is None or not batch.is_stopped_by_mall:
        return
    if not batches.give_back(batch, because=alarm.number):
        batches.resume(batch, by=None, at=at)


@verb
def lapse(alarm: Alarm, *, limit: str, at: datetime) -> None:
    """Nobody of risk looked in time: our records stand, it is a recall. Or the time for holders to answer is over."""
    lock(alarm)
    if alarm.machine.limits.get(alarm.state) != limit or not alarm.is_overdue(at):
        return
    if alarm.state == AlarmState.RAISED:
        _confirm(alarm, by=None, at=at)
    else:
        enter(alarm, AlarmState.CLOSED, by=None, at=at, data={"recourse": recourse(alarm)})


@verb
def pay(refund: Refund, *, at: datetime) -> int:
    """A holder's case that waits for the shop is paid: the recall was confirmed."""
    lock(refund)
    return _pay(refund, at=at)


def recourse(alarm: Alarm) -> int:
    """What the shop can ask of the supplier, in fen: the cost of every code that was bad or given back."""
    cost = alarm.batch.unit_cost
    if cost is None:
        return 0
    said = ValidityRecord.objects.filter(unit=OuterRef("unit"), is_valid=False)
    lost = alarm.units.annotate(was_bad=Exists(said)).filter(Q(was_bad=True) | Q(refund__state=RefundState.REFUNDED))
    return lost.count() * cost


def offers_to(user: Any, *, of: Order | None = None) -> list[Alarm]:
    """The open alarms in which somebody has not answered yet, `of` one of their orders or of all."""
    mine = AlarmUnit.objects.filter(
        _has_its_code(), _is_answerable(), alarm=OuterRef("pk"), unit__order__buyer=user, fate=Fate.ASKED
    )
    mine = mine if of is None else mine.filter(unit__order=of)
    return list(
        Alarm.objects.filter(Exists(mine), state__in=OPEN).select_related("shop", "batch__listing").order_by("pk")
    )


def is_open_over(batch: Batch) -> bool:
    """Whether an alarm over a batch is open."""
    return Alarm.objects.filter(batch=batch, state__in=OPEN).exists()


def _confirm(alarm: Alarm, *, by: Any, at: datetime) -> None:
    span = minutes(int(thresholds().batches.offer.total_seconds() // 60))
    enter(alarm, AlarmState.CONFIRMED, by=by, at=at, span=span, data={"finding": alarm.finding})


def _decide(alarm: Alarm, finding: str, *, by: Any) -> None:
    lock(alarm)
    require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk decide about an alarm."))
    require(not alarm.shop.is_worked_in_by(by), "own_shop", _("Nobody judges the shop they work in."))
    require(bool(finding.strip()), "no_reason", _("Say why."))
    change(alarm, decided_by=by, finding=finding.strip()[:500])


def _answer(alarm: Alarm, order: Order, *, by: Any, at: datetime) -> list[Unit]:
    """Lock for a holder's answer and free what the alarm holds of the order; its units that were not answered for."""
    lock(alarm)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only who bought it answers."))
    require(alarm.is_open(), "wrong_moment", _("This alarm is over."))
    lock_root(order)
    listed = set(_asked(alarm).filter(_has_its_code(), unit__order=order).values_list("unit", flat=True))
    found = [
        unit
        for unit in escrow.units_of(order)
        if unit.pk in listed and unit.held_by in ("", alarm.address) and unit.left
    ]
    require(bool(found), "nothing_left", _("Nothing of this order waits for your answer."))
    orders.end_case(order, cause=alarm.address, at=at)
    return [unit for unit in escrow.units_of(order) if unit.pk in {each.pk for each in found}]


def _pay(refund: Refund, *, at: datetime) -> int:
    is_waiting = refund.state == RefundState.REQUESTED and refund.asked > 0
    if not is_waiting or refund.is_contradicted or refund.needs_a_person():
        return 0
    if refund.prefers == Refund.Preference.REISSUE:
        return 0  # the shop sends a working code; its clock pays if it does not
    if Inquiry.objects.filter(listed__refund=refund, finding=Inquiry.Finding.AFTER).exists():
        return 0  # it worked for somebody after its holder saw it: the shop is heard, and its silence pays
    endings.approve_as_asked(refund, outcome=Refund.Outcome.INSTANT, by=None, at=at)
    return 1


def _asked(alarm: Alarm) -> Any:
    return AlarmUnit.objects.filter(_still_asked(alarm)).order_by().values_list("unit", flat=True)


def _still_asked(alarm: Alarm) -> Q:
    return Q(alarm=alarm, fate=Fate.ASKED)


def _has_its_code() -> Q:
    """A unit that was delivered anew has a code of another batch: nothing of it is recalled any more."""
    return Q(unit__card__batch=F("alarm__batch"))


def _to_tell(alarm: Alarm, at: datetime) -> Q:
    """Who was asked and has not heard yet that it is a recall, or not been reminded at the moment that has come.

    Only of what they can still answer for: not of a unit that was paid back, or that a case of its own holds.
    """
    is_due = Q(confirmed_told_at=None) | Q(reminders__lt=_moments_passed(alarm, at))
    return Q(told_at__isnull=False) & _is_answerable() & is_due


def _is_answerable() -> Q:
    """A unit of which something is left, and that no case of its own holds: its holder can still answer for it."""
    left = Q(unit__paid__gt=F("unit__refunded") + F("unit__covered") + F("unit__fee"))
    own = Concat(Value(f"{ALARM.name}:"), Cast(F("alarm"), CharField()))
    return left & (Q(unit__held_by="") | Q(unit__held_by=own))


def _moments_passed(alarm: Alarm, at: datetime) -> int:
    """How many of the moments at which the offer's clock reminds are over; none before it is a recall."""
    if alarm.state != AlarmState.CONFIRMED or alarm.deadline_at is None:
        return 0
    return sum(moment <= at for moment in moments(alarm.entered_at, alarm.deadline_at))


def _orders(units: Any) -> list[Order]:
    keys = units.order_by().values("order")
    return list(Order.objects.filter(pk__in=keys).order_by("pk"))
