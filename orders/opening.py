"""The buyer looks at a code: first the record, committed; then, and only then, the code itself."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from orders import delivery
from orders.models import Order, Unit
from shops import stock, vault
from shops.lines import BETWEEN
from shops.models import Card
from timeline.refusals import Refused

log = logging.getLogger(__name__)


@sensitive_variables("code")
def open_code(order: Order, place: int, *, by: Any, at: datetime, visit: delivery.Visit) -> tuple[Unit, str]:
    """The unit at `place` with its code, for the buyer, once the reveal is on record for ever.

    Never inside another transaction: no code is shown whose record could still be rolled back. The code goes from here
    into the answer and nowhere else. Raises `Unit.DoesNotExist`; refused: `vault_closed` before anything is recorded;
    all that `delivery.reveal` refuses; `code_not_shown` where the seal itself is broken: the look is on record then,
    and beside it that nothing was shown.
    """
    unit = order.units.select_related("order", "card__data_key").get(place=place)
    if unit.card is not None and order.buyer_id == by.pk:
        vault.require_key(unit.card)
    with transaction.atomic(durable=True):
        delivery.reveal(unit, by=by, at=at, visit=visit)
    assert unit.card_id is not None  # noqa: S101 - the verb asked
    card = Card.objects.select_related("data_key").get(pk=unit.card_id)
    try:
        code = vault.open_card(card)
    except Exception as error:
        delivery.record_not_shown(unit, why=type(error).__name__, at=at)
        if not isinstance(error, vault.SealBroken | vault.VaultClosed):
            raise
        log.error("unit %s of %s was revealed, but not shown: %s", place, order.number, type(error).__name__)
        raise Refused(
            "code_not_shown",
            _("The vault could not open this code. That is on record as a fault of ours: you have not seen it."),
        ) from None
    stock.remember_tail(card, code)
    return unit, code


@sensitive_variables("code")
def parts_of(code: str) -> list[str]:
    """The parts of a code for the page that shows it: a code and its PIN, an account and its password."""
    return code.split(BETWEEN)


def is_dear(order: Order, place: int, *, by: Any, above: int) -> bool:
    """Whether `by` wants to look at a code of their own that cost `above` fen or more: then they say who they are."""
    return order.buyer_id == by.pk and order.units.filter(place=place, paid__gte=above).exists()
