"""What somebody can do in a case, with what it moves and what it asks for: the buttons of pages and of machines.

The names are those of `Refund.actions_for`; amounts are integer fen.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from refunds import bargaining, replacing
from refunds.models import Refund


@dataclass(frozen=True)
class Field:
    """One thing that an action asks for: `text`, `money`, `choice`, `places`, `files`, `yes` or `number`."""

    name: str
    type: str
    is_required: bool = False


@dataclass(frozen=True)
class Choice:
    """An action. What the buyer gets is nothing where no money moves now, and `least` is what an offer is worth."""

    code: str
    buyer_gets: int | None
    fee_kept: int
    least: int | None
    most: int | None
    fields: tuple[Field, ...]


TERMS = (
    Field("kind", "choice", is_required=True),
    Field("amount", "money"),
    Field("places", "places"),
    Field("listing", "number"),
    Field("is_standing", "yes"),
    Field("is_unconditional", "yes"),
    Field("text", "text"),
)
#: What each action asks for; one that asks for nothing is a button.
FIELDS: dict[str, tuple[Field, ...]] = {
    "offer": TERMS,
    "counter": TERMS,
    "take": (Field("offer", "number", is_required=True),),
    "end_talks": (Field("text", "text", is_required=True), *TERMS[:4], *TERMS[4:6]),
    "question": (Field("item", "choice", is_required=True), Field("text", "text", is_required=True)),
    "answer": (Field("text", "text"), Field("attachments", "files"), Field("has_nothing", "yes")),
    "extend": (Field("ticket", "text", is_required=True),),
    "decline": (
        Field("code", "choice", is_required=True),
        Field("rule", "choice"),
        Field("text", "text", is_required=True),
        Field("attachments", "files"),
    ),
    "goodwill": (Field("text", "text", is_required=True),),
    "contest": (
        Field("ground", "choice", is_required=True),
        Field("text", "text", is_required=True),
        Field("attachments", "files", is_required=True),
    ),
    "replace": (Field("text", "text"), Field("attachments", "files")),
    "bad_again": (Field("text", "text"), Field("attachments", "files")),
}


def choices_for(refund: Refund, user: Any, at: datetime) -> list[Choice]:
    """What `user` can do at `at`, each with its preview of the money."""
    codes = refund.actions_for(user, at)
    gets, is_shop = sums(refund, codes), refund.is_of_shop(user)
    return [_choice(refund, code, gets.get(code), is_shop) for code in codes]


def sums(refund: Refund, codes: Collection[str]) -> dict[str, int]:
    """What the buyer gets by each of these actions, in fen; those by which nobody gets anything are left out."""
    found = {}
    if "accept" in codes:
        found["accept"] = refund.asked + refund.compensation
    if "cannot_supply" in codes:
        found["cannot_supply"] = replacing.owed_in_full(refund)
    if "take" in codes and (offer := bargaining.open_offer(refund)) is not None:
        found["take"] = offer.amount
    return found


def _choice(refund: Refund, code: str, gets: int | None, is_shop: bool) -> Choice:
    offers = code in {"offer", "counter", "end_talks"}
    return Choice(
        code=code,
        buyer_gets=gets,
        fee_kept=refund.fee if code == "accept" else 0,
        least=bargaining.least(refund) if offers and is_shop else 1 if offers else None,
        most=bargaining.most(refund, is_shop=is_shop) if offers else None,
        fields=FIELDS.get(code, ()),
    )
