"""What a buyer must give before something can be delivered: asked with the order, sealed, masked for everybody else."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from orders.models import Order
from shops import vault
from shops.models import Ask, Listing, SealedWords, visible

#: How long an answer may be, in characters.
LONGEST = {Ask.ACCOUNT: 60, Ask.SERVER: 60, Ask.CONTACT: 100, Ask.WISH: 1000}
#: Answers that say nothing about a person.
PLAIN = {Ask.SERVER}


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
