"""How goods are delivered anew: replace · cannot supply · confirm · bad again. The unit stays; its code is new.

What was agreed stands in the offer that was taken, or in the buyer's own wish for a replacement. If the new one does
not come, or is bad as well by our records, the buyer is paid in full; the rulebook adds ten percent for that.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import escrow
from orders import lifecycle as orders
from orders.fulfilment import handing, renewing
from orders.models import Attachment, Unit
from orders.states import Delivery
from refunds import endings, hooks, reasons, triage
from refunds.models import Offer, Refund, RefundItem, Replacement
from refunds.states import RefundState
from shops import stock
from shops.models import CODES, Listing
from timeline import page
from timeline.door import change, change_all, lock, require, verb
from timeline.refusals import Refused

OVER = gettext_lazy("Nothing is to be replaced here now. Look at the case again.")


@verb
def replace(
    refund: Refund,
    *,
    by: Any,
    at: datetime,
    text: str = "",
    attachments: Sequence[Attachment] = (),
    version: int | None = None,
) -> None:
    """The shop delivers anew: codes come out of its stock at once, of everything else it says what it did.

    In answer to a claim it can do so only if the buyer would rather have a replacement; else it offers one. Refused:
    `not_your_turn`, `wrong_moment`, `not_wanted`, `sold_out`, `text_missing`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop delivers."))
    endings.require_in_time(refund, [RefundState.REQUESTED, RefundState.REPLACING], at=at, sentence=str(OVER))
    require(len(text) <= 2_000, "too_long", _("At most 2,000 characters."))
    if refund.state == RefundState.REQUESTED:
        require(
            refund.prefers == Refund.Preference.REISSUE,
            "not_wanted",
            _("The buyer wants money back. Offer a replacement instead; the buyer decides."),
        )
        change(refund, answered_at=refund.answered_at or at)
        begin(refund, by=by, at=at)
    _deliver(refund, by=by, at=at, text=text.strip(), attachments=attachments)


@verb
def promise(refund: Refund, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The shop agrees to the replacement that the buyer wishes and will deliver it within the REPLACE clock (R14).

    Refused: `not_your_turn`, `wrong_moment`, `not_wanted`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop delivers."))
    endings.require_in_time(refund, [RefundState.REQUESTED], at=at, sentence=str(OVER))
    require(
        refund.prefers == Refund.Preference.REISSUE,
        "not_wanted",
        _("The buyer wants money back. Offer a replacement instead; the buyer decides."),
    )
    change(refund, answered_at=refund.answered_at or at)
    begin(refund, by=by, at=at)


@verb
def cannot_supply(refund: Refund, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The shop cannot deliver what it agreed to: the buyer is paid in full.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop delivers."))
    endings.require_in_time(refund, [RefundState.REPLACING], at=at, sentence=str(OVER))
    pay_in_full(refund, outcome=Refund.Outcome.UNREPLACED, by=by, at=at)


@verb
def confirm_replacement(refund: Refund, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The buyer says that the new one works: the case is over. Refused: `not_your_turn`, `wrong_moment`."""
    endings.take_up(refund, version)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer checks the replacement."))
    endings.require_in_time(refund, [RefundState.CHECKING], at=at, sentence=str(OVER))
    is_good(refund, by=by, at=at)


@verb
def bad_again(
    refund: Refund,
    *,
    by: Any,
    at: datetime,
    text: str = "",
    attachments: Sequence[Attachment] = (),
    version: int | None = None,
) -> None:
    """The buyer says that the new one is no good either. Proven by our records: everything goes back, and ten percent
    on top; else, and where no machine may pay, the platform decides. Refused: `not_your_turn`, `wrong_moment`."""
    endings.take_up(refund, version)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer checks the replacement."))
    endings.require_in_time(refund, [RefundState.CHECKING], at=at, sentence=str(OVER))
    require(len(text) <= 2_000, "too_long", _("At most 2,000 characters."))
    if any(each.order_id != refund.order_id or each.uploader_id != by.pk for each in attachments):
        raise ValueError("These files are not this person's in this order.")
    if attachments:
        refund.attachments.add(*attachments)
    renewed = set(refund.replacements.values_list("unit_id", flat=True).order_by("pk"))
    page.update(Replacement.objects.filter(refund=refund.pk), failed_at=at)
    units = escrow.units_of(refund.order)
    again = [unit for unit in units if unit.pk in renewed]
    found = triage.preview(refund.order, again, refund.reason, buyer=refund.buyer, at=at)
    is_proven = found.is_proven and not found.is_contradicted
    data = {"units": [unit.place for unit in again], "proven": is_proven, "text": text.strip()}
    endings.remark(refund, event="refund.bad_again", by=by, at=at, data=data)
    # What the rules add for a second failure counts wherever it is decided now.
    change(refund, compensation=max(refund.compensation, found.compensation))
    if is_proven and not found.is_people_only:
        entitled = {unit.pk: part.entitled for part in found.parts for unit in part.units}
        pay_in_full(refund, outcome=Refund.Outcome.BAD_AGAIN, by=by, at=at, entitled=entitled)
    else:  # also where a ruling ordered it: whoever had the case hears what is new (R42)
        endings.to_the_platform(refund, by=by, at=at)


@verb
def ordered(refund: Refund, *, by: Any, at: datetime) -> None:
    """The platform decided that the shop replaces the goods (R44). Called by disputes. Refused: `wrong_moment`."""
    lock(refund)
    require(refund.state == RefundState.DISPUTED, "wrong_moment", _("This case is not with the platform."))
    begin(refund, by=by, at=at, data={"ordered": True})


def may_be_ordered(refund: Refund) -> bool:
    """Whether a ruling may order a replacement: the case is with the platform, and its units were delivered and are
    not paid back."""
    if refund.state != RefundState.DISPUTED:
        return False
    units = Unit.objects.filter(refund_items__refund=refund)
    return not units.filter(Q(delivery=Delivery.UNDELIVERED) | Q(held=0, released=0)).exists()


def begin(refund: Refund, *, by: Any, at: datetime, data: dict[str, Any] | None = None) -> None:
    """It is agreed that something is delivered anew: the shop's clock to do so runs."""
    kind = refund.order.snapshot.listing.kind
    span = endings.clock_of(refund, "REPLACE", "code" if kind in CODES else "other")
    endings.step(refund, RefundState.REPLACING, by=by, at=at, span=span, data=data)


def at_once(refund: Refund, units: Sequence[Unit], *, at: datetime) -> bool:
    """A bad code that our records prove is replaced from stock in the breath in which it is claimed; whether it could.

    Nobody has agreed, so nobody acts: the rules do. What another buyer took at this moment is passed over.
    """
    listing = refund.order.snapshot.listing
    if refund.reason != reasons.CODE_INVALID or listing.kind not in CODES:
        return False
    try:
        with page.part():
            begin(refund, by=None, at=at)
            _renew(refund, units, listing, by=None, at=at)
    except Refused:
        refund.refresh_from_db()
        return False
    return True


def is_good(refund: Refund, *, by: Any, at: datetime) -> None:
    """The replacement is taken: inspection goes on with what is left of it, and money that was agreed on is paid."""
    units = escrow.units_of(refund.order)
    agreed = deal(refund)
    left = refund.deadline_at - at if refund.deadline_at else timedelta(0)
    mine = [unit for unit in units if unit.held_by == refund.address and unit.held]
    for unit in mine:
        unit.left_at_hold = max(left, timedelta(0))
    change_all(mine, ["left_at_hold"])
    if agreed is not None and agreed.amount:
        items = endings.items_of(refund)
        _pay(
            refund,
            _beside(items, units, agreed),
            items=items,
            units=units,
            outcome=Refund.Outcome.SETTLEMENT,
            by=by,
            at=at,
        )
        if refund.is_over:
            hooks.paid_back(refund, at=at)
        return
    change(refund, closed_at=at)
    endings.close_items(refund, {})
    endings.step(refund, RefundState.EXCHANGED, by=by, at=at)
    orders.end_case(refund.order, units=units, cause=refund.address, at=at)
    hooks.paid_back(refund, at=at)


def pay_in_full(
    refund: Refund, *, outcome: str, by: Any, at: datetime, entitled: Mapping[int, int] | None = None
) -> None:
    """What was to be replaced is paid back in full, and what was agreed for other units as agreed.

    `entitled` is what the rules give on the replacements, in fen per unit id, where that is known. Where a ruling
    ordered the replacement, what it gives in money goes back, and what the rules add for a second failure; not what
    was asked on top and the ruling did not give.
    """
    units, items = escrow.units_of(refund.order), endings.items_of(refund)
    is_second = outcome == Refund.Outcome.BAD_AGAIN
    if (ordered := hooks.ordered_sum(refund)) is not None:
        _pay(
            refund,
            _as_ordered(ordered, units),
            items=items,
            units=units,
            compensation=max(ordered.compensation, refund.compensation if is_second else 0),
            platform_bp=ordered.platform_bp,
            outcome=outcome,
            by=by,
            at=at,
        )
        if refund.is_over:
            hooks.paid_back(refund, at=at)
        return
    owed = _owed(items, units, deal(refund), entitled or {})
    _pay(
        refund,
        owed,
        items=items,
        units=units,
        compensation=refund.compensation,
        fees={} if is_second else {item.unit_id: item.fee for item in items if item.asked and item.fee},
        outcome=outcome,
        by=by,
        at=at,
    )
    if refund.is_over:
        hooks.paid_back(refund, at=at)


def owed_in_full(refund: Refund) -> int:
    """What the buyer gets if the replacement does not come, in fen."""
    units, items = escrow.units_of(refund.order), endings.items_of(refund)
    if (ordered := hooks.ordered_sum(refund)) is not None:
        return sum(_as_ordered(ordered, units).values()) + ordered.compensation
    return sum(_owed(items, units, deal(refund), {}).values()) + refund.compensation


def _as_ordered(ordered: hooks.OrderedSum, units: Sequence[Unit]) -> dict[int, int]:
    """What a ruling gives for each unit, in fen per unit id, less what has come back since in another way."""
    left = {unit.pk: unit.left for unit in units}
    gone = sum(was - left[pk] for pk, was in ordered.left.items())
    found = {}
    for pk, amount in ordered.grants.items():
        found[pk] = min(max(amount - gone, 0), left[pk])
        gone = max(gone - amount, 0)
    return found


def deal(refund: Refund) -> Offer | None:
    """The offer by which something is replaced; nothing where the buyer's own wish was enough."""
    return refund.offers.filter(fate=Offer.Fate.TAKEN).select_related("listing__shop").order_by("-pk").first()


def in_store(refund: Refund) -> bool:
    """Whether codes to replace all units of the case are in the shop's stock now."""
    listing = refund.order.snapshot.listing
    return listing.kind in CODES and stock.count_free(listing) >= refund.items.count()


def _deliver(refund: Refund, *, by: Any, at: datetime, text: str, attachments: Sequence[Attachment]) -> None:
    units, items, agreed = escrow.units_of(refund.order), endings.items_of(refund), deal(refund)
    chosen = {item.unit_id for item in _replaced(items, {unit.pk: unit for unit in units}, agreed)}
    renewed = [unit for unit in units if unit.pk in chosen]
    listing = (agreed.listing if agreed else None) or refund.order.snapshot.listing
    if listing.has_codes():
        _renew(refund, renewed, listing, by=by, at=at)
        return
    require(bool(text), "text_missing", _("Say what you did and how the buyer can see it."))
    if any(each.order_id != refund.order_id for each in attachments):
        raise ValueError("These files are not of this order.")
    handover, made = renewing.by_hand(
        refund.order, renewed, among=units, cause=refund.address, text=text, files=attachments, by=by, at=at
    )
    _record(refund, listing, handover, made, by=by, at=at)


def _renew(refund: Refund, units: Sequence[Unit], listing: Listing, *, by: Any, at: datetime) -> None:
    handover, made = renewing.by_new_codes(
        refund.order,
        units,
        listing,
        cause=refund.address,
        is_bad=refund.reason == reasons.CODE_INVALID,
        by=by,
        at=at,
    )
    _record(refund, listing, handover, made, by=by, at=at)


def _record(
    refund: Refund, listing: Listing, handover: Any, made: Sequence[renewing.Renewal], *, by: Any, at: datetime
) -> None:
    """What was delivered anew is on record, and the buyer checks it for as long as goods of this kind are inspected."""
    page.insert(
        [
            Replacement(
                refund=refund,
                unit=renewal.unit,
                listing=listing,
                old_card=renewal.old_card,
                card=renewal.card,
                handover=handover,
                by=by,
                at=at,
            )
            for renewal in made
        ]
    )
    data = {"units": [renewal.unit.place for renewal in made], "listing": listing.pk}
    endings.step(refund, RefundState.CHECKING, by=by, at=at, span=handing.inspection(refund.order), data=data)


def _replaced(items: Sequence[RefundItem], units: Mapping[int, Unit], agreed: Offer | None) -> list[RefundItem]:
    """The parts of a case that are delivered anew."""
    if agreed is None or not agreed.places:
        return list(items)
    places = set(agreed.places)
    return [item for item in items if units[item.unit_id].place in places]


def _owed(
    items: Sequence[RefundItem], units: Sequence[Unit], agreed: Offer | None, entitled: Mapping[int, int]
) -> dict[int, int]:
    """All that was asked for what was to be replaced and what was agreed for the rest, in fen per unit id."""
    by_pk = {unit.pk: unit for unit in units}
    owed = _beside(items, units, agreed)
    for item in _replaced(items, by_pk, agreed):
        unit = by_pk[item.unit_id]
        # Where the rules gave nothing, nothing was asked; where a channel has paid a part, less is asked than before.
        whole = item.asked if item.entitled else unit.left
        owed[unit.pk] = min(max(whole, entitled.get(unit.pk, 0)), unit.left)
    return owed


def _beside(items: Sequence[RefundItem], units: Sequence[Unit], agreed: Offer | None) -> dict[int, int]:
    """The money of a mixed offer, in fen per unit id: for the units that are not replaced, else for those that are."""
    if agreed is None or not agreed.amount:
        return {}
    by_pk = {unit.pk: unit for unit in units}
    places = set(agreed.places)
    others = [item for item in items if by_pk[item.unit_id].place not in places]
    room = sum(by_pk[item.unit_id].left for item in others)
    return endings.shares(others if others and agreed.amount <= room else items, by_pk, agreed.amount)


def _pay(
    refund: Refund,
    grants: Mapping[int, int],
    *,
    items: list[RefundItem],
    units: list[Unit],
    outcome: str,
    by: Any,
    at: datetime,
    compensation: int = 0,
    platform_bp: int | None = None,
    fees: Mapping[int, int] | None = None,
) -> None:
    endings.approve(
        refund,
        items=items,
        units=units,
        grants={pk: amount for pk, amount in grants.items() if amount},
        fees={pk: fee for pk, fee in (fees or {}).items() if pk in grants},
        compensation=compensation,
        platform_bp=platform_bp,
        platform_compensation=None
        if platform_bp is None
        else endings.platform_part_of(refund, compensation, platform_bp),
        outcome=outcome,
        by=by,
        at=at,
    )
