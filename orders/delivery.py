"""What happens to a unit's code: looked at once and for ever, found bad or good by who issued it."""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils.translation import gettext_lazy as _

from orders.fulfilment import queries
from orders.fulfilment.given import masked
from orders.fulfilment.renewing import is_renewed_by
from orders.models import Order, Redemption, Reveal, Unit, ValidityRecord
from orders.parties import Side, side_of
from orders.states import Delivery, Grade
from shops import stock
from shops.models import Card
from timeline import page
from timeline.door import change_all, lock, note, require, verb
from timeline.refusals import TooOften

#: So many looks within so long: of one person at all their orders, and at one order. Nobody reads faster than this;
#: somebody who took over a session would.
OF_ONE_PERSON, OF_ONE_ORDER, WITHIN = 60, 40, timedelta(minutes=5)


@dataclass(frozen=True)
class Visit:
    """From where somebody looked: kept as prefix and hashes, never in full."""

    address: str = ""
    session: str = ""
    agent: str = ""


#: In these states nobody has seen the code of a unit.
UNSEEN = frozenset({Delivery.UNDELIVERED, Delivery.SEALED})


@verb
def reveal(unit: Unit, *, by: Any, at: datetime, visit: Visit) -> None:
    """The buyer looks at a code: the legal moment of opening, recorded before anything is shown.

    The page opens the seal only after this transaction is committed (`shops.vault.open_card`). Looking again is
    recorded, too. Refused: `not_your_turn`, `not_delivered`, `voided`, `refunded`, `case_open` (the facts of an open
    case stand still, until it has brought a new code), and `too_often` (429) for somebody who looks faster than people
    read.
    """
    order = unit.order
    lock(order)
    unit.refresh_from_db()
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer looks at the code."))
    _require_slow(order, by=by, at=at)
    require(unit.card is not None and unit.delivery != Delivery.UNDELIVERED, "not_delivered", _("Not delivered yet."))
    require(
        unit.delivery not in {Delivery.VOIDED, Delivery.REPLACED}, "voided", _("This code is no longer yours to use.")
    )
    require(
        unit.delivery != Delivery.SEALED or not unit.held_by or is_renewed_by(unit, unit.held_by),
        "case_open",
        _("This unit has an open case; while it is open the code stays sealed."),
    )
    require(not unit.is_given_back(), "refunded", _("This unit was paid back; its code is withdrawn."))
    first = unit.delivery == Delivery.SEALED
    if first:
        unit.delivery, unit.grade = Delivery.REVEALED, Grade.VERIFIED
        unit.save(update_fields=["delivery", "grade"])
        assert unit.card is not None  # noqa: S101 - asked above
        stock.reveal(unit.card, at=at)
    Reveal.objects.create(
        unit=unit,
        user=by,
        at=at,
        address_prefix=prefix(visit.address),
        session_hash=_digest(visit.session),
        agent_hash=_digest(visit.agent),
    )
    note(order, "order.code_revealed", by=by, at=at, data={"unit": unit.place, "first": first})


@verb
def record_validity(
    unit: Unit, *, is_valid: bool, source: str, reference: str = "", can_recall: bool | None = None, at: datetime
) -> ValidityRecord:
    """The issuer or supplier says whether a code was good when it was sold; that is our record, and proof.

    `can_recall`: whether they take it back, verified unused; nothing where they did not say.
    """
    order = unit.order
    lock(order)
    record = ValidityRecord.objects.create(
        unit=unit, is_valid=is_valid, source=source, reference=reference, can_recall=can_recall, at=at
    )
    note(
        order,
        "order.validity_recorded",
        by=None,
        at=at,
        data={"unit": unit.place, "valid": is_valid, "source": source, "reference": reference},
    )
    queries.answer_came(order, by=None, at=at)
    return record


@verb
def record_redemption(
    unit: Unit,
    *,
    source: str,
    redeemed_at: datetime | None = None,
    by_buyer: bool | None = None,
    account: str = "",
    reference: str = "",
    at: datetime,
) -> Redemption:
    """The issuer says that a code was redeemed: when, and whether to the account the buyer named. That is a record."""
    order = unit.order
    lock(order)
    found = Redemption.objects.create(
        unit=unit,
        source=source,
        reference=reference,
        redeemed_at=redeemed_at,
        by_buyer=by_buyer,
        account=masked(account)[:60],
        at=at,
    )
    data = {"unit": unit.place, "source": source, "reference": reference}
    note(order, "order.redemption_recorded", by=None, at=at, data=data)
    queries.answer_came(order, by=None, at=at)
    return found


@verb
def say_redeemed(
    unit: Unit,
    *,
    redeemed_at: datetime | None = None,
    by_buyer: bool | None = None,
    account: str = "",
    by: Any,
    at: datetime,
) -> Redemption:
    """The buyer or the shop says when and by whom a code was redeemed. That is their word, until the issuer answers.

    Refused: `not_your_turn`, `not_delivered`, `wrong_moment` for a time that has not come.
    """
    order = unit.order
    lock(order)
    unit.refresh_from_db(fields=["delivery", "card"])
    require(side_of(order, by) in {Side.BUYER, Side.SHOP}, "not_your_turn", _("Only the two sides say what they know."))
    require(
        unit.card_id is not None and unit.delivery != Delivery.UNDELIVERED, "not_delivered", _("Not delivered yet.")
    )
    require(redeemed_at is None or redeemed_at <= at, "wrong_moment", _("This time has not come yet."))
    found = Redemption.objects.create(
        unit=unit, by=by, redeemed_at=redeemed_at, by_buyer=by_buyer, account=masked(account)[:60], at=at
    )
    data = {"unit": unit.place, "side": side_of(order, by)}
    note(order, "order.redemption_claimed", by=by, at=at, data=data)
    return found


@verb
def record_not_shown(unit: Unit, *, why: str, at: datetime) -> None:
    """A reveal is on record, but the vault did not open: the buyer saw nothing, and that is on record as well.

    `why` is the kind of the fault, never what the vault held.
    """
    order = unit.order
    lock(order)
    note(order, "order.code_not_shown", by=None, at=at, data={"unit": unit.place, "why": why})


def withdraw(order: Order, units: Sequence[Unit], *, is_bad: bool, at: datetime) -> None:
    """Units of a locked order whose price goes back give up their codes: the buyer cannot open them any more.

    A code that nobody saw and nobody calls bad is for sale again; every other one is out of the trade for good. Three
    statements for one unit or 500.
    """
    cards = {unit.pk: unit.card for unit in units if unit.card is not None}
    unseen = [unit for unit in units if unit.delivery in UNSEEN]
    free = [] if is_bad else [unit.card for unit in unseen if unit.card is not None and is_for_sale_again(unit)]
    back = {card.pk for card in free}
    for unit in unseen:
        unit.delivery = Delivery.VOIDED
        if unit.card_id in back:
            unit.card = None
    change_all(unseen, ["delivery", "card"])
    if free:
        stock.put_back(free)
    gone = [card.pk for card in cards.values() if card.pk not in back]
    if gone:
        page.update(Card.objects.filter(pk__in=gone, voided_at=None), voided_at=at)
    if is_bad:
        stock.failed(sorted(card.pk for card in cards.values()), at=at)
    if units:
        note(order, "order.codes_withdrawn", by=None, at=at, data={"units": [unit.place for unit in units]})


def is_for_sale_again(unit: Unit) -> bool:
    """Whether its code, which nobody saw and nobody calls bad, goes back to the shop's stock with the price."""
    return unit.delivery in UNSEEN and unit.card is not None and not unit.card.voided_at


def _require_slow(order: Order, *, by: Any, at: datetime) -> None:
    """Counted in the database, under the order's lock: nothing that is lost with a cache, nothing that two can pass."""
    looks = Reveal.objects.filter(user=by, at__gt=at - WITHIN).aggregate(
        all=Count("pk"), here=Count("pk", filter=Q(unit__order=order)), first=Min("at")
    )
    if looks["all"] >= OF_ONE_PERSON or looks["here"] >= OF_ONE_ORDER:
        raise TooOften(
            _("You are opening codes very fast. Wait a few minutes, then go on."),
            wait=int((looks["first"] + WITHIN - at).total_seconds()) + 1,
        )


def prefix(address: str) -> str:
    """The network of an address: /24 of the old kind, /48 of the new; nothing if it is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""
