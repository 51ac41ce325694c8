"""What is in store: codes come in batches, are taken for orders, put back or voided. Never a code in the clear."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.debug import sensitive_variables

from shops import lines as readings
from shops import vault
from shops.lines import LONGEST_CODE
from shops.models import LONGEST_REST, WITHOUT_STOCK, Batch, Card, Clash, Form, Listing, Supplier
from timeline import page
from timeline.door import lock, note, require, verb

MOST_CODES = 2_000
#: A code this long can show its last four signs without being given away.
SHORTEST_WITH_TAIL = 12
#: So many lines are named when something is wrong with a batch.
NAMED = 20


@dataclass(frozen=True)
class Origin:
    """Where a batch comes from: its supplier, what one code cost (fen), when it was bought, until when it is good."""

    supplier: Supplier | None = None
    unit_cost: int | None = None
    purchased_on: date | None = None
    expires_at: datetime | None = None
    form: str = Form.CODE


@dataclass(frozen=True)
class Places:
    """What codes met in the vault: places (in the list) that the shop has itself, and (place, card, shop) of others."""

    own: list[int]
    elsewhere: list[tuple[int, int, int]]


@sensitive_variables()  # outermost: the frames of the others hold the codes, too
@transaction.atomic
def add_batch(
    listing: Listing, codes: Sequence[str], *, by: Any, at: datetime, note: str = "", origin: Origin | None = None
) -> Batch:
    """The shop adds codes to a listing, all or none; empty lines do not count.

    What is wrong is a `ValidationError` on `codes` that names lines from 1 and never a code. A code that another shop
    has is taken all the same and recorded for risk: who of the two may sell it is for people to find out.
    """
    lock(listing)
    require_fillable(listing, by)
    origin = origin or Origin()
    require_sound(listing, origin, at=at)
    lines = _readable(codes, origin.form)
    batch = batch_of(listing, origin, note=note, size=len(lines), by=by, at=at)
    cards = vault.seal(listing, list(lines.values()), at=at)
    met = meet(listing, cards)
    if met.own:
        raise ValidationError({"codes": [_lines("known", sorted(list(lines)[place] for place in met.own), KNOWN)]})
    shelve(listing, batch, cards, met, at=at)
    _record(listing, batch, by=by, at=at)
    return batch


def require_fillable(listing: Listing, by: Any) -> None:
    """Go on only if `by` may add codes to this locked listing: `not_your_turn`, `no_codes`, `wrong_moment`."""
    require(listing.is_of(by), "not_your_turn", _("Only the shop fills its own stock."))
    require(listing.has_codes(), "no_codes", _("This kind of thing is not delivered from a stock of codes."))
    require(not listing.is_over, "wrong_moment", _("The listing is closed; nothing can be added any more."))


def batch_of(listing: Listing, origin: Origin, *, note: str, size: int, by: Any, at: datetime) -> Batch:
    """A batch of so many codes, not stored yet; what is wrong with its words and figures is a `ValidationError`."""
    batch = Batch(
        listing=listing,
        added_by=by,
        added_at=at,
        size=size,
        note=note.strip(),
        supplier=origin.supplier,
        unit_cost=origin.unit_cost,
        purchased_on=origin.purchased_on,
        expires_at=origin.expires_at,
        form=origin.form,
    )
    batch.full_clean(exclude={"listing", "added_by", "supplier"})
    return batch


def require_sound(listing: Listing, origin: Origin, *, at: datetime) -> None:
    """Complain of an origin that cannot be: somebody else's supplier, a term that is over, a day that is to come."""
    supplier = origin.supplier
    if supplier is not None and (supplier.shop_id != listing.shop_id or supplier.left_at is not None):
        raise ValidationError({"supplier": ValidationError(_("This is no supplier of your shop."), code="unknown")})
    if origin.expires_at is not None and sell_by(listing, origin.expires_at) <= at:
        raise ValidationError(
            {"expires_on": ValidationError(_("It ends too soon: none could be sold."), code="expired")}
        )
    if origin.purchased_on is not None and origin.purchased_on > timezone.localdate(at):
        raise ValidationError({"purchased_on": ValidationError(_("This day is still to come."), code="to_come")})


def end_of(day: date) -> datetime:
    """The midnight after which a code whose last good day this is, is worthless (the mall's zone)."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=timezone.get_default_timezone())


def sell_by(listing: Listing, expires_at: datetime) -> datetime:
    """From when on a code of this listing is too near its end to be sold."""
    return expires_at - timedelta(days=listing.rest_days)


def meet(listing: Listing, cards: Sequence[Card]) -> Places:
    """Which of these cards' codes the vault knows already, sold, withdrawn or expired ones included; one query."""
    place_of = {bytes(card.blind_index): place for place, card in enumerate(cards)}
    met = Card.objects.filter(blind_index__in=list(place_of)).values_list("pk", "shop_id", "blind_index").order_by("pk")
    found = Places([], [])
    for pk, shop_id, index in met:
        place = place_of[bytes(index)]
        if shop_id == listing.shop_id:
            found.own.append(place)
        else:
            found.elsewhere.append((place, pk, shop_id))
    return found


def shelve(
    listing: Listing,
    batch: Batch,
    cards: Sequence[Card],
    met: Places,
    *,
    at: datetime,
    until: Sequence[datetime | None] | None = None,
) -> None:
    """Store sealed cards of a locked listing in their batch, with when each ends (`until`, else as the batch).

    What another shop has is recorded for the people of risk: whose it is, neither shop learns.
    """
    if batch.pk is None:
        batch.save(force_insert=True)
    for place, card in enumerate(cards):
        card.batch, card.withheld_at = batch, batch.stopped_at
        card.expires_at = (until[place] if until else None) or batch.expires_at
        card.sell_by = sell_by(listing, card.expires_at) if card.expires_at else None
    Card.objects.bulk_create(cards)
    if met.elsewhere:
        _alarm(listing, batch, cards, met, at=at)


@transaction.atomic
def take(listing: Listing, count: int, *, at: datetime, only_here: bool = False) -> list[Card]:
    """Exactly `count` cards for an order; refused with `sold_out` when fewer are free right now.

    `only_here`: none whose code another shop has as well. What ends first goes first, then the oldest. Cards that
    another buyer is taking at this moment are passed over, so nobody waits and nobody gets the same one.
    """
    require(count > 0, "nothing_asked", _("Ask for at least one."))
    free = Card.objects.free(at).filter(listing=listing).order_by(F("sell_by").asc(nulls_last=True), "pk")
    if only_here:
        alike = Card.objects.filter(blind_index=OuterRef("blind_index")).exclude(pk=OuterRef("pk"))
        free = free.exclude(Exists(alike))
    cards: list[Card] = list(free.select_for_update(skip_locked=True, of=("self",), no_key=True)[:count])
    require(len(cards) == count, "sold_out", _("There are not enough left. Choose fewer, or come back later."))
    page.update(Card.objects.filter(pk__in=[card.pk for card in cards]), taken_at=at)
    for card in cards:
        card.taken_at = at
    return cards


@verb
def put_back(cards: Sequence[Card]) -> None:
    """Cards of an order that came to nothing are for sale again, if nobody ever saw them; all or none."""
    unseen = Card.objects.filter(
        pk__in=[card.pk for card in cards], taken_at__isnull=False, revealed_at=None, voided_at=None
    )
    require(
        unseen.update(taken_at=None, sold_at=None) == len({card.pk for card in cards}),
        "card_revealed",
        _("A code that somebody has seen, or that was withdrawn, is not sold again."),
    )
    for card in cards:
        card.taken_at = card.sold_at = None


def sold(cards: Any, *, at: datetime) -> None:
    """The order that took these cards (or their numbers) was paid and delivered; one statement."""
    page.update(Card.objects.filter(pk__in=cards, taken_at__isnull=False, sold_at=None), sold_at=at)


def failed(cards: Any, *, at: datetime) -> None:
    """These cards (or their numbers) were given back as bad: out of the trade, and against their batch's figures."""
    page.update(Card.objects.filter(pk__in=cards, voided_at=None), voided_at=at)
    page.update(Card.objects.filter(pk__in=cards, failed_at=None), failed_at=at)


@transaction.atomic
def reveal(card: Card, *, at: datetime) -> None:
    """The buyer is about to see this card's code: from here on it is never sold again. The first time counts."""
    Card.objects.filter(pk=card.pk, revealed_at=None, taken_at__isnull=False, voided_at=None).update(revealed_at=at)
    card.refresh_from_db(fields=["revealed_at", "taken_at", "voided_at"])
    require(card.taken_at is not None, "card_not_taken", _("This code belongs to no order."))
    require(card.revealed_at is not None, "voided", _("This code was withdrawn; nobody can look at it any more."))


@sensitive_variables()
def remember_tail(card: Card, code: str) -> None:
    """Keep the last signs of a long code that its buyer has just seen, so that people can tell their codes apart.

    Of a short code nothing is kept: its last signs would be too much of it. Of a pair, only the first part is told.
    """
    first = code.partition(readings.BETWEEN)[0]
    if card.tail or len(first) < SHORTEST_WITH_TAIL:
        return
    card.tail = first[-4:]
    card.save(update_fields=["tail"])


@transaction.atomic
def keep_rest(listing: Listing, days: int, *, by: Any, at: datetime) -> None:
    """The shop says how many days a code must still be good for when it is sold; codes that are there follow."""
    lock(listing)
    require(listing.is_of(by), "not_your_turn", _("Only the shop fills its own stock."))
    require(not listing.is_over, "wrong_moment", _("The listing is closed for good."))
    if listing.rest_days == days:
        return
    if not 0 <= days <= LONGEST_REST:
        raise ValidationError(
            {"days": ValidationError(_("Write a number of days from 0 to 365."), code="out_of_range")}
        )
    before, listing.rest_days = listing.rest_days, days
    listing.save(update_fields=["rest_days"])
    ending = Card.objects.filter(listing=listing, expires_at__isnull=False, expired_at=None)
    ending.update(sell_by=F("expires_at") - timedelta(days=days))
    note(listing, "listing.rest_term_set", by=by, at=at, data={"before": before, "days": days})


def with_expired(at: datetime) -> list[int]:
    """The listings that have codes on their shelf whose time is over, for the sweep."""
    due = Card.objects.expired_by(at).values_list("listing", flat=True).order_by("listing").distinct()
    return list(due[:500])


@transaction.atomic
def expire(listing: Listing, *, at: datetime) -> int:
    """Codes that nobody bought and whose time is over are swept off the shelf. Says how many."""
    lock(listing)
    gone = Card.objects.expired_by(at).filter(listing=listing).update(expired_at=at)
    if gone:
        note(listing, "listing.codes_expired", by=None, at=at, data={"count": gone})
    return int(gone)


@transaction.atomic
def void(card: Card, *, at: datetime) -> None:
    """The card is out of the trade for good: bad, replaced, or refunded."""
    Card.objects.filter(pk=card.pk, voided_at=None).update(voided_at=at)
    card.refresh_from_db(fields=["revealed_at", "taken_at", "voided_at"])


def count_free(listing: Listing, *, most: int | None = None) -> int:
    """How many codes are for sale, or how many of it can be ordered where none is needed; no further than `most`."""
    if not listing.has_codes():
        return WITHOUT_STOCK
    free = Card.objects.free().filter(listing=listing).order_by("sell_by", "pk")
    return int((free if most is None else free[:most]).count())


@sensitive_variables()
def _readable(codes: Sequence[str], form: str) -> dict[int, str]:
    """The codes by their line from 1, trimmed, without empty lines; complains of all that is wrong at once."""
    lines = {place: code.strip() for place, code in enumerate(codes, start=1)}
    kept = {place: code for place, code in lines.items() if code}
    if not kept:
        raise _wrong("empty", _("There is no code in it. Write one on each line."))
    if len(kept) > MOST_CODES:
        raise _wrong(
            "too_many", _("These are %(number)s codes; %(most)s fit into one batch."), number=len(kept), most=MOST_CODES
        )
    found: list[ValidationError] = []
    if form != Form.CODE:
        kept, found = _pairs(kept, form)
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


@sensitive_variables()
def _pairs(kept: dict[int, str], form: str) -> tuple[dict[int, str], list[ValidationError]]:
    """Lines of two parts as they are kept, and a complaint of those that have not two."""
    judged = [readings.judge(code, place=place, form=form) for place, code in kept.items()]
    wrong = [one.place for one in judged if one.problem or one.last_day]
    return {one.place: one.code for one in judged if one.code}, [_lines("malformed", wrong, NO_PAIR)] if wrong else []


def _alarm(listing: Listing, batch: Batch, cards: Sequence[Card], met: Places, *, at: datetime) -> None:
    counts: dict[int, int] = {}
    for _place, _pk, shop in met.elsewhere:
        counts[shop] = counts.get(shop, 0) + 1
    before = {clash.other_id: clash for clash in batch.clashes.select_for_update().order_by("other")}
    for other, clash in before.items():
        clash.count += counts.pop(other, 0)
    Clash.objects.bulk_update(before.values(), ["count"])
    Clash.objects.bulk_create(
        [Clash(batch=batch, other_id=other, count=count, at=at) for other, count in sorted(counts.items())]
    )
    note(
        listing,
        "listing.codes_seen_elsewhere",
        by=None,
        at=at,
        data={
            "batch": batch.pk,
            "count": len(met.elsewhere),
            "pairs": [[cards[place].pk, other] for place, other, _shop in met.elsewhere[:100]],
        },
    )


def _record(listing: Listing, batch: Batch, *, by: Any, at: datetime) -> None:
    note(listing, "listing.stocked", by=by, at=at, data={"batch": batch.pk, "size": batch.size})


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
NO_PAIR = ngettext_lazy(
    "Line %(lines)s does not have two parts: write them with ---- between, such as CODE----PIN.",
    "Lines %(lines)s do not have two parts: write them with ---- between, such as CODE----PIN.",
    "number",
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
