"""Finding listings by words: an index of pairs of signs, kept with each listing. The only file that knows of it.

The embedded PostgreSQL has no pg_trgm, and full-text search knows no Chinese words; a pair of neighboring signs is the
smallest thing that finds a part of a word in any script. A word that is looked for must stand in one of the texts from
its first sign to its last; the pairs only say quickly where to look, in one GIN index.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from shops.models import Listing
from shops.states import DepositState

#: So many words of a question count, and so many signs of each.
MOST_WORDS, LONGEST = 8, 40
#: Where a word may stand.
WHERE = ("title", "category", "region", "shop__name")


def grams_of(listing: Listing) -> list[str]:
    """Every pair of neighboring signs, and every sign, of what a listing is found by."""
    return sorted(_pairs(f"{listing.title}\n{listing.category}\n{listing.region}\n{listing.shop.name}", singles=True))


def find(listings: QuerySet[Listing], question: str) -> Any:
    """Those of `listings` in which each word of the question stands somewhere."""
    for word in words_of(question):
        anywhere = Q()
        for where in WHERE:
            anywhere |= Q(**{f"{where}__icontains": word})
        pairs = sorted(_pairs(word, singles=len(word) == 1))
        listings = listings.filter(grams__contains=pairs).filter(anywhere) if pairs else listings.filter(anywhere)
    return listings


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


def _pairs(text: str, *, singles: bool) -> set[str]:
    """Pairs inside each run of visible signs, in small letters; full-width forms stay as they were typed."""
    found: set[str] = set()
    for run in unicodedata.normalize("NFC", text).lower().split():
        found |= {run[place : place + 2] for place in range(len(run) - 1)}
        if singles:
            found |= set(run)
    return found
