"""Finding listings by words: an index of pairs of signs, kept with each listing. The only file that knows of it.

The embedded PostgreSQL has no pg_trgm, and full-text search knows no Chinese words; a pair of neighboring signs is the
smallest thing that finds a part of a word in any script. A word that is looked for must stand in one of the texts from
its first sign to its last; the pairs only say quickly where to look, in one GIN index.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, Q, QuerySet, When

from shops.models import Listing
from shops.states import DepositState

#: So many words of a question count, and so many signs of each.
MOST_WORDS, LONGEST = 8, 40
#: Up to so many listings the words of a question are rare.
RARE = 500
#: Where a word may stand.
WHERE = ("title", "category", "region", "shop__name")


def grams_of(listing: Listing) -> list[str]:
    """Every pair of neighboring signs, and every sign, of what a listing is found by."""
    return sorted(_pairs(f"{listing.title}\n{listing.category}\n{listing.region}\n{listing.shop.name}", singles=True))


def find(listings: QuerySet[Listing], question: str) -> Any:
    """Those of `listings` in which each word of the question stands somewhere, to be shown newest first.

    Asks the database once, where there is a question: whether the words are rare. Rare ones are found through their
    index and sorted; of common ones a page is full after a few steps from the newest on, while sorting all of them for
    its sake would take ever longer as the mall grows.
    """
    words = words_of(question)
    if not words:
        return listings
    holds = Q(grams__contains=_pairs_of(words))
    for word in words:
        anywhere = Q()
        for where in WHERE:
            anywhere |= Q(**{f"{where}__icontains": word})
        holds &= anywhere
    few = list(indexed(question).values_list("pk", flat=True)[: RARE + 1])
    if len(few) <= RARE:
        return listings.filter(holds, pk__in=few)
    # Inside a case no index serves the condition: the only way that is left begins at the newest listing.
    return listings.alias(is_found=Case(When(holds, then=True), default=False)).filter(is_found=True)


def indexed(question: str) -> Any:
    """The listings that the index has for a question, in no order: all that are meant, and some that are not."""
    return Listing.objects.filter(grams__contains=_pairs_of(words_of(question))).order_by()


def narrow(listings: QuerySet[Listing], asked: Mapping[str, Any]) -> QuerySet[Listing]:
    """Those that fit every answer: kind, shelf, area, price in fen, minutes to deliver, the whole deposit in place."""
    for name in ("kind", "section", "area"):
        if asked.get(name):
            listings = listings.filter(**{name: asked[name]})
    if asked.get("price_from"):
        listings = listings.filter(price__gte=asked["price_from"])
    if asked.get("price_to"):
        listings = listings.filter(price__lte=asked["price_to"])
    if asked.get("within"):
        listings = listings.filter(promise_minutes__lte=asked["within"])
    if asked.get("is_backed"):
        listings = listings.filter(shop__deposit__state=DepositState.ACTIVE)
    return listings


def words_of(question: str) -> list[str]:
    """The words of what somebody typed, at most eight."""
    return [word[:LONGEST] for word in question.replace("\x00", " ").split()[:MOST_WORDS]]


def refresh(listings: Iterable[Listing]) -> None:
    """Write the pairs of listings whose words were stored without them; once, for those of before the index."""
    found = list(listings)
    for listing in found:
        listing.grams = grams_of(listing)
    Listing.objects.bulk_update(found, ["grams"], batch_size=500)


def _pairs_of(words: Iterable[str]) -> list[str]:
    return sorted(pair for word in words for pair in _pairs(word, singles=len(word) == 1))


def _pairs(text: str, *, singles: bool) -> set[str]:
    """Pairs inside each run of visible signs, in small letters; full-width forms stay as they were typed."""
    found: set[str] = set()
    for run in unicodedata.normalize("NFC", text).lower().split():
        found |= {run[place : place + 2] for place in range(len(run) - 1)}
        if singles:
            found |= set(run)
    return found
