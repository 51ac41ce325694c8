"""An outage of the platform that is registered afterwards: what was decided about delays in its time is made right.

A claim that still waits is decided anew and paid; one that ended with nothing is filed again for its buyer; a shop that
paid for a delay which was the platform's gets it back from the platform (rules 4, P20). What people have on their table
stays with them, and they are told. Batches of orders, each order in a transaction of its own; doing it again changes
nothing.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Sum

from accounts.models import User
from ledger.models import PayoutLeg, Transfer
from ledger.states import PayoutState
from orders import escrow, facts
from orders import outages as orders
from orders.facts import known_of
from orders.models import Order, Unit, Weighing
from refunds import endings, hooks, triage
from refunds.models import Offer, Refund, RefundItem
from refunds.stated import Told
from refunds.states import RefundState
from refunds.triage import Lane, Preview
from rulebook import versions
from rulebook.arithmetic import split
from rulebook.engine import DELAYS
from shops.models import Shop
from timeline import numbers, page
from timeline.door import begin, change, change_all, lock, locked, note, verb
from timeline.models import Event, Outage

log = logging.getLogger(__name__)

#: Claims that wait for one of the sides: a new fact of ours decides them anew.
WAITING = (RefundState.REQUESTED, RefundState.QUESTIONED, RefundState.BARGAINING, RefundState.DECLINED)
#: Claims that ended with nothing, and not because the buyer took them back.
DENIED = (RefundState.LAPSED, RefundState.REJECTED)


class FundsMissing(Exception):
    """The platform's own account does not hold what it owes; a person of finance fills it, then this goes on."""


def work(*, at: datetime, most: int = 200) -> int:
    """Hold what is registered against the orders of its time, up to `most` of them; returns how many were looked at."""
    done = 0
    for outage in list(_to_weigh(at)):
        if done >= most:
            break
        done += _go_on(outage, at=at, most=most - done)
    return done


def _to_weigh(at: datetime) -> Any:
    """Outages not weighed yet, or not with the end they have now; the oldest first."""
    is_new = Q(weighing=None) | Q(weighing__done_at=None)
    has_ended_since = Q(ended_at__lte=at) & (Q(weighing__until=None) | ~Q(weighing__until=F("ended_at")))
    found = Outage.objects.filter(is_new | has_ended_since, scope__in=orders.EXCUSING, began_at__lte=at)
    return found.order_by("began_at", "pk")


def _go_on(outage: Outage, *, at: datetime, most: int) -> int:
    """The next orders of one outage; where one fails the others go on, and it is tried again the next time."""
    until = outage.ended_at if outage.ended_at is not None and outage.ended_at <= at else None
    with transaction.atomic():
        weighing, _is_new = Weighing.objects.select_for_update().get_or_create(outage=outage)
        if weighing.done_at is not None or weighing.until != until:
            weighing.upto, weighing.left_over, weighing.done_at = 0, [], None
            weighing.tries, weighing.given_up = {}, []
        weighing.until = until
        weighing.save(update_fields=["upto", "left_over", "tries", "given_up", "done_at", "until"])
    claimed = Exists(Refund.objects.filter(order=OuterRef("pk"), reason__in=DELAYS))
    found = orders.touched(outage, at=at, claimed=claimed).order_by("pk")
    fresh = list(found.filter(pk__gt=weighing.upto).values_list("pk", flat=True)[:most])
    waiting = [pk for pk in weighing.left_over if not weighing.is_due(pk, at)]
    failed, given_up = list(waiting), list(weighing.given_up)
    for pk in [*(pk for pk in weighing.left_over if pk not in waiting), *fresh]:
        try:
            weigh(pk, outage, at=at)
        except Exception as error:
            log.exception("order %s could not be weighed against outage %s", pk, outage.pk)
            # Its first line: behind it a database quotes the row that it refused, and this is kept for ever.
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            if weighing.failed(pk, why=why, at=at):
                failed.append(pk)
            else:
                orders.note_given_up(weighing, pk, at=at)
        else:
            weighing.tries.pop(str(pk), None)
    with transaction.atomic():
        now = Weighing.objects.select_for_update().get(pk=weighing.pk)
        if now.until != until:
            return len(fresh)  # its end was moved meanwhile: it is weighed anew with that one
        again = [pk for pk in given_up if pk not in now.given_up]  # a lead wants these tried again since this began
        for pk in again:
            weighing.tries.pop(str(pk), None)
        weighing.given_up = [pk for pk in weighing.given_up if pk not in again]
        weighing.upto, weighing.left_over = (fresh[-1] if fresh else weighing.upto), [*failed, *again]
        weighing.done_at = at if len(fresh) < most and not weighing.left_over else None
        weighing.save(update_fields=["upto", "left_over", "tries", "given_up", "done_at"])
    return len(fresh)


@verb
def weigh(pk: int, outage: Outage, *, at: datetime) -> bool:
    """Make right at one order what `outage` turns out to have caused. Whether anything changed."""
    order = Order.objects.select_related(*Order.read_with).get(pk=pk)
    locked(User, order.buyer_id)
    locked(Shop, order.shop_id)
    lock(order)
    is_moved = orders.relieve(order, at=at)
    changed: list[str] = []
    if outage.scope != Outage.Scope.SUPPLIER:
        for refund in Refund.objects.filter(order=order, reason__in=DELAYS).order_by("pk"):
            refund.order = order
            if _weigh_case(refund, outage, at=at):
                changed.append(refund.number)
        is_whole = _make_whole_for_called_off(order, outage, at=at)
    else:
        is_whole = _note_recourse(order, outage, at=at)
    if not is_moved and not changed and not is_whole:
        return False
    assert order.promised_at is not None  # noqa: S101 - only what was paid is touched
    data = {"outage": outage.pk, "cases": changed, "promised_at": order.promised_at.isoformat()}
    note(order, "order.outage_weighed", by=None, at=at, data=data)
    return True


def _note_recourse(order: Order, outage: Outage, *, at: datetime) -> bool:
    """What the shop gave for a delay that was its supplier's, or still owes for it, it can claim there: it is told how
    much, and how much more if that grows.

    It answers to the buyer first, whoever stands behind it, and nobody of the mall takes that off it (rules 3.2 and
    MX-11; Civil Code 593): the register only proves to its supplier what the delay was. What the platform gave back to
    the shop already, because its own outage was known first, is asked of nobody again.
    """
    known = Event.objects.filter(root=order.address, name="order.recourse_found").order_by("seq")
    told = sum(event.data["amount"] for event in known if event.data["supplier"] == outage.target)
    book, amount = versions.book_of(order.rulebook_version), -told
    paid = Refund.objects.filter(order=order, reason__in=DELAYS, state__in=[RefundState.REFUNDED, RefundState.APPROVED])
    for refund in paid.order_by("pk"):
        items = list(refund.items.select_related("unit").order_by("pk"))
        units = [item.unit for item in items]
        is_given_back = _is_given_back(_key_of_case(refund))
        if not is_given_back and facts.is_excused(order, units, book=book, at=refund.opened_at):
            amount += max(_on_top_by_shop(refund, items), 0) + hooks.on_top_of_shop(refund)
    for event in Event.objects.filter(root=order.address, name="order.compensated").order_by("seq"):
        units = list(Unit.objects.filter(order=order, place__in=event.data["units"]).order_by("place"))
        if not _is_given_back(_key_of(order, event)) and facts.is_excused(order, units, book=book, at=event.at):
            amount += int(event.data["amount"]) - int(event.data["by_platform"])
    if amount <= 0:
        return False
    data = {"amount": amount, "outage": outage.pk, "supplier": outage.target}
    note(order, "order.recourse_found", by=None, at=at, data=data)
    return True


def _weigh_case(refund: Refund, outage: Outage, *, at: datetime) -> bool:
    match refund.state:
        case state if state in WAITING:
            return _decide_anew(refund, outage, at=at)
        case state if state in DENIED:
            return _file_again(refund, outage, at=at)
        case RefundState.REFUNDED | RefundState.APPROVED:
            return _make_whole_for_case(refund, outage, at=at)
        case RefundState.DISPUTED:
            return _tell_the_arbiter(refund, outage, at=at)
    return False


def _decide_anew(refund: Refund, outage: Outage, *, at: datetime) -> bool:
    """A claim that waits is the platform's to pay: nobody has to answer it any more."""
    items = list(refund.items.select_related("unit").order_by("pk"))
    found = _preview(refund, [item.unit for item in items], at=at)
    if found is None:
        return False
    # Who asked for less than the rules gave asks for no more now; who asked for all has all.
    asked = found.figure if refund.asked == refund.figure else min(refund.asked, found.figure)
    if _is_offered_more(refund, asked + found.compensation):
        return False
    change(refund, **_decided(found, outage), asked=asked)
    shares, parts = _shares(found, asked), {unit.pk: part for part in found.parts for unit in part.units}
    for item in items:
        part = parts.get(item.unit_id)  # nothing for a unit of which everything went back already
        item.asked = shares.get(item.unit_id, 0)
        item.entitled, item.fee = (part.entitled, part.fee) if part else (0, 0)
    change_all(items, ["asked", "entitled", "fee"])
    data = {"figure": found.figure, "asked": asked, "lane": found.lane.value, "late": False, "outage": outage.pk}
    note(refund, "refund.decided_anew", by=None, at=at, data=data)
    endings.approve_as_asked(refund, outcome=Refund.Outcome.INSTANT, by=None, at=at)
    return True


def _is_offered_more(refund: Refund, amount: int) -> bool:
    """Whether the shop offers the buyer more than `amount` fen, or new goods: that is theirs to take or to leave."""
    on_the_table = Offer.objects.filter(refund=refund.pk, fate=Offer.Fate.OPEN, side=Offer.Side.SHOP).first()
    return on_the_table is not None and (on_the_table.replaces or on_the_table.amount > amount)


def _file_again(refund: Refund, outage: Outage, *, at: datetime) -> bool:
    """What was denied as late is claimed once more for its buyer, who need not do anything, and paid at once."""
    meant = Unit.objects.filter(refund_items__refund=refund).order_by("place")
    units = [unit for unit in meant if unit.left > 0]  # of the others everything went back meanwhile
    again = RefundItem.objects.filter(unit__in=units, refund__reason=refund.reason, refund__pk__gt=refund.pk)
    if again.exists() or any(unit.held_by for unit in units):
        return False  # a later claim for the same says it
    found = _preview(refund, units, at=at)
    if found is None:
        return False
    order = refund.order
    made = Refund(
        number=numbers.new("R", at),
        order=order,
        buyer=refund.buyer,
        reason=refund.reason,
        asked=found.figure,
        prefers=refund.prefers,
        opened_at=at,
        **_decided(found, outage),
    )
    data = {
        "units": [unit.place for unit in units],
        "reason": made.reason,
        "asked": made.asked,
        "figure": made.figure,
        "rulebook": made.decision["version"],
        "outage": outage.pk,
        "instead_of": refund.number,
    }
    begin(made, by=None, at=at, span=found.answer_span(made.asked), data=data)
    parts = {unit.pk: part for part in found.parts for unit in part.units}
    shares = _shares(found, made.asked)
    items = [
        RefundItem(
            refund=made,
            unit=unit,
            asked=shares.get(unit.pk, 0),
            entitled=parts[unit.pk].entitled,
            fee=parts[unit.pk].fee,
        )
        for unit in units
    ]
    page.insert(items)
    everything = escrow.units_of(order)
    chosen = {unit.pk for unit in units}
    mine = [unit for unit in everything if unit.pk in chosen]
    escrow.hold(order, mine, by=made.address, at=at, among=everything)
    endings.approve_as_asked(made, outcome=Refund.Outcome.INSTANT, by=None, at=at, items=items, units=everything)
    return True


def _make_whole_for_case(refund: Refund, outage: Outage, *, at: datetime) -> bool:
    """A shop that compensated a delay which was the platform's gets the compensation back from the platform.

    What of it nobody had is the platform's to pay, too, before the shop earns it.
    """
    if any(part["fault"] == "PLATFORM" for part in refund.decision.get("parts", [])):
        return False
    items = list(refund.items.select_related("unit").order_by("pk"))
    units, paid = [item.unit for item in items], _on_top_by_shop(refund, items)
    owes = hooks.on_shop(refund) if refund.order.ran_dry else 0
    if max(paid, owes) <= 0 or not _is_platforms(refund.order, units, refund.reason, at=refund.opened_at):
        return False
    moved = hooks.taken_on(refund, at=at)
    is_given = paid > 0 and _give_back_to_shop(
        refund.order, _key_of_case(refund), paid, outage, case=refund.number, at=at
    )
    return is_given or moved > 0


def _on_top_by_shop(refund: Refund, items: Sequence[RefundItem]) -> int:
    """What a shop really gave beside the price, in fen, at once or out of what it earned later: not what nobody has had
    yet, nor what people laid to the platform."""
    causes = [refund.address, f"{refund.order.address}:balance:{refund.address}", *hooks.paid_later(refund)]
    legs = PayoutLeg.objects.filter(payout__cause__in=causes).exclude(payout__state=PayoutState.VOID)
    sums = legs.aggregate(all=Sum("amount"), own=Sum("amount", filter=Q(source="platform:own")))
    on_top = (sums["all"] or 0) - sum(item.granted or 0 for item in items)
    return on_top - max((sums["own"] or 0) - sum(item.unit.covered for item in items), 0)


def _make_whole_for_called_off(order: Order, outage: Outage, *, at: datetime) -> bool:
    """The same where nobody filed a claim: what was called off late was compensated by itself."""
    changed = False
    for event in Event.objects.filter(root=order.address, name="order.compensated").order_by("seq"):
        paid = int(event.data["amount"]) - int(event.data["by_platform"])
        units = list(Unit.objects.filter(order=order, place__in=event.data["units"]).order_by("place"))
        if paid > 0 and _is_platforms(order, units, "NOT_DELIVERED", at=event.at):
            changed |= _give_back_to_shop(order, _key_of(order, event), paid, outage, case="", at=at)
    return changed


def _give_back_to_shop(order: Order, key: str, amount: int, outage: Outage, *, case: str, at: datetime) -> bool:
    """`amount` fen from the platform's own money, once for `key`."""
    if _is_given_back(key):
        return False
    if escrow.take_on(order, cause=key, amount=amount, at=at):
        raise FundsMissing(f"{amount} fen for {key}")
    data = {"amount": amount, "outage": outage.pk, "case": case}
    note(order, "order.shop_made_whole", by=None, at=at, data=data)
    return True


def _key_of_case(refund: Refund) -> str:
    return f"{refund.address}:outage"


def _key_of(order: Order, event: Event) -> str:
    return f"{order.address}:outage:{event.seq}"


def _is_given_back(key: str) -> bool:
    """Whether the platform gave the shop back what `key` is about."""
    return Transfer.objects.filter(key=f"{key}:fault").exists()


def _tell_the_arbiter(refund: Refund, outage: Outage, *, at: datetime) -> bool:
    """People decide with all they know: the register has something new to say about the case on their table."""
    known = Event.objects.filter(subject=refund.address, name="refund.outage_found").order_by("seq")
    if any(event.data["outage"] == outage.pk for event in known):
        return False
    units = list(Unit.objects.filter(refund_items__refund=refund).order_by("place"))
    if not _is_platforms(refund.order, units, refund.reason, at=refund.opened_at):
        return False
    note(refund, "refund.outage_found", by=None, at=at, data={"outage": outage.pk})
    return True


def _preview(refund: Refund, units: Sequence[Unit], *, at: datetime) -> Preview | None:
    """What the rules give now, if that is the platform's to pay at once; else nothing, and all stays as it is."""
    units = [unit for unit in units if unit.left > 0]
    if not units:
        return None
    told = Told.of(refund.decision.get("stated", {}))
    found = triage.preview(refund.order, units, refund.reason, buyer=refund.buyer, at=at, told=told)
    is_platforms = all(part.decision.fault_class == "PLATFORM" for part in found.parts)
    return found if is_platforms and found.lane is Lane.PROVEN else None


def _decided(found: Preview, outage: Outage) -> dict[str, Any]:
    """What a case keeps of a decision that a registered outage led to."""
    return {
        "decision": found.record() | {"outage": outage.pk},
        "figure": found.figure,
        "fee": found.fee,
        "compensation": found.compensation,
        "route": found.route,
        "is_instant": False,
        "is_predecision": False,
        "is_contradicted": False,
    }


def _shares(found: Preview, asked: int) -> dict[int, int]:
    """What is asked of each unit, by its id, in fen."""
    weights = {str(unit.pk): part.entitled for part in found.parts for unit in part.units}
    return {int(pk): share for pk, share in split(asked, weights).items()} if asked else {}


def _is_platforms(order: Order, units: Sequence[Unit], reason: str, *, at: datetime) -> bool:
    """Whether every one of these units was late at `at` for no other reason than the platform's outages."""
    book = versions.book_of(order.rulebook_version)
    known = known_of(order, units, reason, book=book, at=at)
    return bool(units) and all(known[unit.pk].facts.get("platform_outage") for unit in units)
