"""The buyer looks at a code: first the record, committed; then, and only then, the code itself."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from orders import delivery
from orders.models import Order, Reveal, Unit
from shops import vault
from shops.models import Card
from timeline.refusals import require

#: Nobody reads faster than this; somebody who took over a session would.
MOST_AT_ONCE, WITHIN = 60, timedelta(minutes=5)


@sensitive_variables("code")
def open_code(order: Order, place: int, *, by: Any, at: datetime, visit: delivery.Visit) -> tuple[Unit, str]:
    """The unit at `place` with its code, for the buyer, once the reveal is on record for ever.

    Never inside another transaction: no code is shown whose record could still be rolled back. The code goes from here
    into the answer and nowhere else. Raises `Unit.DoesNotExist`; refused: `too_often`, and all that `delivery.reveal`
    refuses.
    """
    unit = order.units.select_related("order", "card").get(place=place)
    looks = Reveal.objects.filter(user=by, at__gt=at - WITHIN).count()
    require(looks < MOST_AT_ONCE, "too_often", _("You are opening codes very fast. Wait a few minutes, then go on."))
    with transaction.atomic(durable=True):
        delivery.reveal(unit, by=by, at=at, visit=visit)
    assert unit.card_id is not None  # noqa: S101 - the verb asked
    code = vault.open_card(Card.objects.select_related("data_key").get(pk=unit.card_id))
    return unit, code
