"""The shop delivers by hand and proves it: what a proof must hold depends on the kind of thing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from orders import escrow
from orders.fulfilment import given, handing
from orders.models import Attachment, Handover, Order, Unit
from orders.parties import Side, side_of
from orders.states import OrderState
from rulebook import linter
from rulebook.terms import sentence
from shops.models import Ask, Kind, Way
from timeline.door import lock, note, require, verb

#: What a proof of each kind must hold, in the order of the form (`orders.models.Handover`).
PROOF: dict[str, tuple[str, ...]] = {
    Kind.DIRECT_TOPUP: ("account", "reference", "files"),
    Kind.MEMBERSHIP: ("account", "starts_on", "ends_on"),
    Kind.CUSTOM_SERVICE: ("text", "files"),
}
LONGEST_TEXT, LONGEST_REFERENCE, LONGEST_REASON = 2_000, 80, 500
#: Why an order was called off where its shop said that it cannot deliver, for machines: the shop's own fault.
GIVEN_UP = "given_up_by_shop"


@dataclass(frozen=True)
class Proof:
    """What the shop shows: `account` is what it delivered to, `reference` the number of the upstream's ticket."""

    account: str = ""
    reference: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    text: str = ""
    files: Sequence[Attachment] = field(default_factory=tuple)


@verb
def deliver(order: Order, places: Collection[int], proof: Proof, *, by: Any, at: datetime) -> Handover:
    """The shop delivered these units of a paid order; their inspection begins, the others are still awaited.

    `ValidationError` names what the proof lacks. Refused: `not_your_turn`, `wrong_way`, `not_awaited` for a unit that
    was delivered, paid back or never was.
    """
    lock(order)
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop delivers."))
    require(handing.way_of(order) == Way.SHOP, "wrong_way", _("This order is not delivered by hand."))
    require(order.state == OrderState.PAID, "not_awaited", _("Nothing of this order is awaited any more."))
    units = escrow.units_of(order)
    wanted = [unit for unit in units if unit.place in set(places)]
    is_awaited = bool(wanted) and len(wanted) == len(set(places)) and all(unit.is_awaited() for unit in wanted)
    require(is_awaited, "not_awaited", _("One of these units is not awaited any more; look at the order again."))
    require_proof(order, proof)
    made = Handover.objects.create(
        order=order,
        by=by,
        way=Way.SHOP,
        at=at,
        reference=proof.reference.strip(),
        starts_on=proof.starts_on,
        ends_on=proof.ends_on,
        text=proof.text.strip(),
    )
    made.files.set(proof.files)
    handing.hand_over(order, wanted, made, among=units, by=by, at=at)
    return made


@verb
def cannot_deliver(order: Order, places: Collection[int], *, reason: str, by: Any, at: datetime) -> None:
    """The shop says that it will not deliver these units, before the promised time or after it: its own fault.

    They are paid back whole and at once, with what the rules give for a broken promise, and count as not delivered in
    the shop's figures; the buyer reads `reason`. The others are still awaited. A reason that says what the law or the
    mall forbids, as “no refunds”, is a `ValidationError` on it. Refused: `not_your_turn`, `wrong_way`, `not_awaited`,
    `case_open` for a unit that a case holds, `reason_missing`.
    """
    lock(order)
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop delivers."))
    require(handing.way_of(order) == Way.SHOP, "wrong_way", _("This order is not delivered by hand."))
    require(order.state == OrderState.PAID, "not_awaited", _("Nothing of this order is awaited any more."))
    require(0 < len(reason.strip()) <= LONGEST_REASON, "reason_missing", _("Tell the buyer why, in your own words."))
    _require_fair(reason)
    units = escrow.units_of(order)
    wanted = [unit for unit in units if unit.place in set(places)]
    is_awaited = bool(wanted) and len(wanted) == len(set(places)) and all(unit.is_awaited() for unit in wanted)
    require(is_awaited, "not_awaited", _("One of these units is not awaited any more; look at the order again."))
    require(
        not any(unit.held_by for unit in wanted),
        "case_open",
        _("An open case holds one of these units: say yes there, and it is paid back."),
    )
    data = {"units": [unit.place for unit in wanted], "reason": reason.strip()}
    note(order, "order.delivery_given_up", by=by, at=at, data=data)
    handing.call_off(order, wanted, among=units, why=GIVEN_UP, by=by, at=at)


def _require_fair(reason: str) -> None:
    if wrong := [ValidationError(sentence(each), code="void_term") for each in linter.blocking(reason)]:
        raise ValidationError({"reason": wrong})


@sensitive_variables()
def require_proof(order: Order, proof: Proof) -> None:
    """Complain of all that the proof of this order's kind lacks."""
    wrong: dict[str, ValidationError] = {}
    for name in PROOF[order.snapshot.listing.kind]:
        if not getattr(proof, name):
            wrong[name] = ValidationError(_("The proof of this kind needs it."), code="required")
    account = given.opened(order).get(Ask.ACCOUNT, "")
    if "account" not in wrong and proof.account.strip() != account and "account" in PROOF[order.snapshot.listing.kind]:
        wrong["account"] = ValidationError(_("This is not the account that the buyer gave."), code="other_account")
    if proof.starts_on and proof.ends_on and proof.ends_on < proof.starts_on:
        wrong["ends_on"] = ValidationError(_("The term ends before it begins."), code="ends_first")
    for name, most in (("text", LONGEST_TEXT), ("reference", LONGEST_REFERENCE)):
        if len(getattr(proof, name)) > most:
            wrong[name] = ValidationError(_("At most %(most)s characters."), code="too_long", params={"most": most})
    if any(each.order_id != order.pk or side_of(order, each.uploader) != Side.SHOP for each in proof.files):
        wrong["files"] = ValidationError(_("Name files that your shop added to this order."), code="unknown")
    if wrong:
        raise ValidationError(wrong)


def awaited_places(order: Order) -> list[int]:
    """The places of the units that are still to be delivered."""
    return [unit.place for unit in Unit.objects.filter(order=order).order_by("place") if unit.is_awaited()]
