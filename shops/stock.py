"""What is in store: codes come in batches, are taken for orders, put back or voided. Never a code in the clear."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.debug import sensitive_variables

from shops import vault
from shops.models import Batch, Card, Listing
from timeline.door import lock, note, require

MOST_CODES, LONGEST_CODE = 2_000, 200
#: So many lines are named when something is wrong with a batch.
NAMED = 20


@sensitive_variables()  # outermost: the frames of the others hold the codes, too
@transaction.atomic
def add_batch(listing: Listing, codes: Sequence[str], *, by: Any, at: datetime, note: str = "") -> Batch:
    """The shop adds codes to a listing, all or none; empty lines do not count.

    What is wrong is a `ValidationError` on `codes` that names lines from 1 and never a code. A code that another shop
    has is taken all the same and recorded for risk: who of the two may sell it is for people to find out.
    """
    lock(listing)
    require(listing.is_of(by), "not_your_turn", _("Only the shop fills its own stock."))
    require(listing.has_codes(), "no_codes", _("This kind of thing is not delivered from a stock of codes."))
    require(not listing.is_over, "wrong_moment", _("The listing is closed; nothing can be added any more."))
    lines = _readable(codes)
    batch = Batch(listing=listing, added_by=by, added_at=at, size=len(lines), note=note.strip())
    batch.full_clean(exclude={"listing", "added_by"})
    cards = vault.seal(listing, list(lines.values()), at=at)
    elsewhere = _refuse_known(listing, list(lines), cards)
    batch.save(force_insert=True)
    for card in cards:
        card.batch = batch
    Card.objects.bulk_create(cards)
    _record(listing, batch, cards, elsewhere, by=by, at=at)
    return batch


@transaction.atomic
def take(listing: Listing, count: int, *, at: datetime) -> list[Card]:
    """Exactly `count` cards for an order, oldest first; refused with `sold_out` when fewer are free right now.

    Cards that another buyer is taking at this moment are passed over, so nobody waits and nobody gets the same one.
    """
    require(count > 0, "nothing_asked", _("Ask for at least one."))
    free = Card.objects.free().filter(listing=listing).order_by("pk")
    cards: list[Card] = list(free.select_for_update(skip_locked=True, of=("self",), no_key=True)[:count])
    require(len(cards) == count, "sold_out", _("There are not enough left. Choose fewer, or come back later."))
    Card.objects.filter(pk__in=[card.pk for card in cards]).update(taken_at=at)
    for card in cards:
        card.taken_at = at
    return cards


@transaction.atomic
def put_back(cards: Sequence[Card]) -> None:
    """Cards of an order that came to nothing are for sale again, if nobody ever saw them; all or none."""
    unseen = Card.objects.filter(
        pk__in=[card.pk for card in cards], taken_at__isnull=False, revealed_at=None, voided_at=None
    )
    require(
        unseen.update(taken_at=None) == len({card.pk for card in cards}),
        "card_revealed",
        _("A code that somebody has seen, or that was withdrawn, is not sold again."),
    )
    for card in cards:
        card.taken_at = None


@transaction.atomic
def reveal(card: Card, *, at: datetime) -> None:
    """The buyer is about to see this card's code: from here on it is never sold again. The first time counts."""
    Card.objects.filter(pk=card.pk, revealed_at=None, taken_at__isnull=False).update(revealed_at=at)
    card.refresh_from_db(fields=["revealed_at", "taken_at", "voided_at"])
    require(card.revealed_at is not None, "card_not_taken", _("This code belongs to no order."))


@transaction.atomic
def void(card: Card, *, at: datetime) -> None:
    """The card is out of the trade for good: bad, replaced, or refunded."""
    Card.objects.filter(pk=card.pk, voided_at=None).update(voided_at=at)
    card.refresh_from_db(fields=["revealed_at", "taken_at", "voided_at"])


def count_free(listing: Listing) -> int:
    """How many codes are for sale."""
    return int(Card.objects.free().filter(listing=listing).count())


@sensitive_variables()
def _readable(codes: Sequence[str]) -> dict[int, str]:
    """The codes by their line from 1, trimmed, without empty lines; complains of all that is wrong at once."""
    lines = {place: code.strip() for place, code in enumerate(codes, start=1)}
    kept = {place: code for place, code in lines.items() if code}
    if not kept:
        raise _wrong("empty", _("There is no code in it. Write one on each line."))
    if len(kept) > MOST_CODES:
        raise _wrong(
            "too_many", _("These are %(number)s codes; %(most)s fit into one batch."), number=len(kept), most=MOST_CODES
        )
    found = []
    if places := [place for place, code in kept.items() if len(code) > LONGEST_CODE]:
        found.append(_lines("too_long", places, TOO_LONG, most=LONGEST_CODE))
    if places := [place for place, code in kept.items() if not code.isprintable()]:
        found.append(_lines("not_visible", places, NOT_VISIBLE))
    first: dict[bytes, int] = {}
    if places := [place for place, code in kept.items() if first.setdefault(vault.fingerprint(code), place) != place]:
        found.append(_lines("repeated", places, REPEATED))
    if found:
        raise ValidationError({"codes": found})
    return kept


def _refuse_known(listing: Listing, places: list[int], cards: list[Card]) -> list[tuple[int, int]]:
    """Complain of codes that the shop has or had; return those that another shop has, as (place in `cards`, card)."""
    place_of = {bytes(card.blind_index): place for place, card in enumerate(cards)}
    met = Card.objects.filter(blind_index__in=list(place_of)).values_list("pk", "shop_id", "blind_index").order_by("pk")
    own, elsewhere = [], []
    for pk, shop_id, index in met:
        place = place_of[bytes(index)]
        if shop_id == listing.shop_id:
            own.append(places[place])
        else:
            elsewhere.append((place, pk))
    if own:
        raise ValidationError({"codes": [_lines("known", sorted(own), KNOWN)]})
    return elsewhere


def _record(
    listing: Listing, batch: Batch, cards: list[Card], elsewhere: list[tuple[int, int]], *, by: Any, at: datetime
) -> None:
    note(listing, "listing.stocked", by=by, at=at, data={"batch": batch.pk, "size": batch.size})
    if elsewhere:
        note(
            listing,
            "listing.codes_seen_elsewhere",
            by=None,
            at=at,
            data={
                "batch": batch.pk,
                "count": len(elsewhere),
                "pairs": [[cards[place].pk, other] for place, other in elsewhere[:100]],
            },
        )


TOO_LONG = ngettext_lazy(
    "Line %(lines)s is too long: a code has at most %(most)s characters.",
    "Lines %(lines)s are too long: a code has at most %(most)s characters.",
    "number",
)
NOT_VISIBLE = ngettext_lazy(
    "Line %(lines)s holds characters that cannot be seen.",
    "Lines %(lines)s hold characters that cannot be seen.",
    "number",
)
REPEATED = ngettext_lazy(
    "Line %(lines)s repeats a line above it.", "Lines %(lines)s repeat lines above them.", "number"
)
KNOWN = ngettext_lazy(
    "Line %(lines)s is a code that your shop has or has sold already.",
    "Lines %(lines)s are codes that your shop has or has sold already.",
    "number",
)


def _lines(code: str, places: list[int], sentence: Any, **words: Any) -> ValidationError:
    named = ", ".join(map(str, places[:NAMED])) + (" …" if len(places) > NAMED else "")
    return ValidationError(sentence, code=code, params={"lines": named, "number": len(places), **words})


def _wrong(code: str, sentence: Any, **words: Any) -> ValidationError:
    return ValidationError({"codes": ValidationError(sentence, code=code, params=words)})
