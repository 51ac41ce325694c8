"""What a buyer must give before something can be delivered: asked with the order, sealed, masked for everybody.

Whoever of the shop delivers it opens it, a person or the shop's own system, and that is on record for the buyer
(docs/decisions/0053). A supplier's machine is sent it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import unmasking
from orders.fulfilment import handing
from orders.models import Order
from orders.parties import Side, side_of
from orders.states import OrderState
from shops import vault
from shops.models import Ask, Listing, SealedWords, Way, visible
from timeline.door import lock, note, require, verb
from timeline.models import Event

#: How long an answer may be, in characters.
LONGEST = {Ask.ACCOUNT: 60, Ask.SERVER: 60, Ask.CONTACT: 100, Ask.WISH: 1000}
#: Answers that say nothing about a person.
PLAIN = {Ask.SERVER}
#: So long somebody of the shop reads what they opened, until they are asked to open it again.
STAYS_OPEN = timedelta(hours=1)


@sensitive_variables()
def readable(asks: list[str], given: Mapping[str, str]) -> dict[str, str]:
    """The answers to what a listing asks, trimmed; `ValidationError` names each that is missing or cannot be."""
    found: dict[str, str] = {}
    wrong: dict[str, ValidationError] = {}
    for ask in asks:
        answer = str(given.get(ask, "")).strip()
        try:
            if not answer:
                raise ValidationError(_("Without this it cannot be delivered."), code="required")
            if len(answer) > LONGEST[Ask(ask)]:
                raise ValidationError(
                    _("At most %(most)s characters."), code="too_long", params={"most": LONGEST[Ask(ask)]}
                )
            visible(answer.replace("\r", "").replace("\n", " ") if ask == Ask.WISH else answer)
        except ValidationError as error:
            wrong[ask] = error
        else:
            found[ask] = answer
    if wrong:
        raise ValidationError(wrong)
    return found


@sensitive_variables()
def seal(listing: Listing, given: Mapping[str, str], *, at: datetime) -> SealedWords | None:
    """What the buyer gave for an order of `listing`, sealed and stored; nothing where nothing is asked."""
    if not listing.asks:
        return None
    words = readable(listing.asks, given)
    hint = {ask: answer if ask in PLAIN else masked(answer) for ask, answer in words.items()}
    found = vault.seal_words(listing.shop, words, hint=hint, at=at)
    found.save(force_insert=True)
    return found


@verb
def open_for_delivery(order: Order, *, by: Any, at: datetime) -> None:
    """The shop opens what the buyer gave, to deliver by hand or by its own system: on record, then shown for an hour.

    Refused: `not_your_turn`, `wrong_way`, `not_awaited`, `nothing_given`. Rule source: PIPL 6, 51.
    """
    lock(order)
    require(side_of(order, by) == Side.SHOP, "not_your_turn", _("Only the shop delivers."))
    is_by_shop = handing.way_of(order) in {Way.SHOP, Way.SYSTEM}
    require(is_by_shop, "wrong_way", _("This is delivered in another way."))
    require(order.state == OrderState.PAID, "not_awaited", _("Nothing of this order is awaited any more."))
    require(order.given_id is not None, "nothing_given", _("The buyer gave nothing for this delivery."))
    if is_open_for(order, by, at):
        return
    why = f"{handing.promised(order)['title']} · {order.number}"
    unmasking.unmask([order.buyer_id], what=unmasking.What.GIVEN, subject=order.address, reason=why, by=by, at=at)
    note(order, "order.given_opened", by=by, at=at)


def is_open_for(order: Order, user: Any, at: datetime) -> bool:
    """Whether somebody opened, on record and not long ago, what the buyer gave."""
    since = at - STAYS_OPEN
    return Event.objects.filter(subject=order.address, name="order.given_opened", by=user, at__gt=since).exists()


@sensitive_variables()
def opened(order: Order) -> dict[str, str]:
    """What the buyer gave, for whoever delivers it; never for a page that others see."""
    return vault.open_words(order.given) if order.given is not None else {}


def hints(order: Order) -> dict[str, str]:
    """What may be shown of it to both sides."""
    return dict(order.given.hint) if order.given is not None else {}


def masked(answer: str) -> str:
    """Enough to know one's own account again, too little to use another's: `13••••78`."""
    kept = 2 if len(answer) >= 8 else 1 if len(answer) >= 4 else 0
    return answer[:kept] + "•" * min(len(answer) - 2 * kept, 8) + (answer[-kept:] if kept else "")
