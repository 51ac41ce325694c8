"""Pages: how long the server takes for the lists and things people look at, with a full mall behind them.

Listings and cards are made with COPY as the owner: copies of real ones, chunk by chunk, each chunk one transaction, so
a run that was stopped goes on where it was. They are rows only: their seals open nothing and nobody told their story.
"""

import hashlib
import io
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bench.copies import _field, _texts
from bench.report import Table

#: Shops the listings spread over, and how many listings are committed at a time.
SHOPS, CHUNK = 20, 2_000
#: Cards of a listing; one listing, the best seller of the mall, has this part of all cards.
CARDS, FAT = 9, 0.1
FAT_TITLE = "全场最畅销激活码"
#: What a page may take in 95 of 100 cases, in milliseconds.
LIMIT = 200.0
NOUNS = ("星河", "云笔记", "青云", "北斗", "南山", "墨池", "远航", "微光", "灵犀", "晴川")
GOODS = ("激活码", "点卡", "会员", "兑换码", "年卡", "月卡")
#: Every so many listings one has this in its title.
RARE, RARELY = "琥珀", 997


@dataclass(frozen=True)
class Size:
    """How many listings are behind each measurement, how many orders, and how often each page is asked for."""

    listings: tuple[int, ...]
    orders: int
    times: int
    units: int = 500


def measure(size: Size, tell: Callable[[str], None]) -> dict[str, Any]:
    """Fill, ask for every page, fill more, ask again. A page that asks the database more often then fails the run."""
    from bench import verbs

    found: dict[str, Any] = {"times": size.times, "limit_ms": LIMIT, "figures": []}
    table = Table("pages, server time", ["", "listings", "cards", "queries", "median ms", "p95 ms", ""])
    shelves = [verbs.open_scene() for _ in range(SHOPS)]
    people = _people(shelves[0], size)
    _grow_orders(size.orders, people, tell)
    counts: dict[str, int] = {}
    for wanted in size.listings:
        cards = grow(wanted, [scene.listing for scene in shelves], tell)
        for name, pages in _pages(people).items():
            row = _ask(name, pages, size.times)
            if counts.setdefault(name, row["queries"]) != row["queries"]:
                raise AssertionError(f"{name}: {counts[name]} queries became {row['queries']}")
            is_late = "over the limit" if row["p95_ms"] > LIMIT else ""
            found["figures"].append({"page": name, "listings": wanted, "cards": cards, **row})
            table.row(name, f"{wanted:,}", f"{cards:,}", row["queries"], row["median_ms"], row["p95_ms"], is_late)
    tell(str(table))
    return found


# Asking


@dataclass
class People:
    """Who looks, and at what of theirs."""

    buyer: Any
    owner: Any
    slug: str
    orders: dict[int, str]
    original: Any


def _people(scene: Any, size: Size) -> People:
    """A buyer with an order of one code and a large one, and the shop they bought from."""
    from bench import copies, verbs

    verbs.stock_up(scene, size.units + 3)
    buyer = verbs.rich_buyer(scene, fen=1_000_000)
    bought = {quantity: verbs.buy(scene, buyer, quantity) for quantity in (1, size.units)}
    other = verbs.buy(scene, verbs.rich_buyer(scene))
    orders = {quantity: order.number for quantity, order in bought.items()}
    return People(buyer, scene.owner, scene.listing.shop.slug, orders, copies.original_of(verbs.fresh(other)))


def _pages(people: People) -> dict[str, tuple[Any, Callable[[random.Random], str]]]:
    """Every page by its name: who asks, and for which address this time."""
    from django.db.models import Max, Min

    from shops.models import Listing

    span = Listing.objects.filter(state="on_sale").aggregate(first=Min("pk"), last=Max("pk"))
    fat = Listing.objects.filter(title=FAT_TITLE).order_by("pk").values_list("pk", flat=True).first()
    buyer, owner, desk = people.buyer, people.owner, f"/desk/{people.slug}"
    one, many = people.orders.values()

    def anywhere(chance: random.Random) -> int:
        return chance.randrange(span["first"], span["last"] + 1)

    return {
        "listings": (buyer, lambda chance: "/listings/"),
        "listings, further down": (buyer, lambda chance: f"/listings/?before={anywhere(chance)}"),
        "listings, a common word": (buyer, lambda chance: f"/listings/?q={chance.choice(NOUNS)}"),
        "listings, a rare word": (buyer, lambda chance: f"/listings/?q={RARE}"),
        "listings, two words": (buyer, lambda chance: f"/listings/?q={chance.choice(NOUNS)}+{chance.choice(GOODS)}"),
        "listings, no such word": (buyer, lambda chance: "/listings/?q=没有这个词"),
        "listings, narrowed": (
            buyer,
            lambda chance: f"/listings/?kind=ACTIVATION_CODE&price_to={chance.randrange(20, 90)}&within=60",
        ),
        "a listing": (buyer, lambda chance: f"/listings/{anywhere(chance)}/"),
        "the listing with most cards": (buyer, lambda chance: f"/listings/{fat}/"),
        "own orders": (buyer, lambda chance: "/orders/"),
        "an order of 1": (buyer, lambda chance: f"/orders/{one}/"),
        "a large order": (buyer, lambda chance: f"/orders/{many}/"),
        "a shop's orders": (owner, lambda chance: f"{desk}/orders/"),
        "a shop's listings": (owner, lambda chance: f"{desk}/listings/"),
        "a shop's stock": (owner, lambda chance: f"{desk}/stock/"),
    }


def _ask(name: str, page: tuple[Any, Callable[[random.Random], str]], times: int) -> dict[str, Any]:
    """Ask for a page so many times, once beforehand; what a browser would wait for the server, without the network."""
    from django.test import Client

    from bench.report import median
    from tests.queries import recorded

    who, address = page
    browser, chance = Client(), random.Random(name)
    browser.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    browser.get(address(chance))
    with recorded() as asked:
        browser.get(address(chance))
    took = []
    for _time in range(times):
        path = address(chance)
        began = time.perf_counter()
        status = browser.get(path).status_code
        took.append((time.perf_counter() - began) * 1_000)
        if status != 200:
            raise AssertionError(f"{path} answered {status}")
    ordered = sorted(took)
    p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return {"queries": len(asked), "median_ms": round(median(took), 1), "p95_ms": round(p95, 1)}


# Filling


def _grow_orders(wanted: int, people: People, tell: Callable[[str], None]) -> None:
    """Orders of other people in the same shops, copies of a real one, until there are so many."""
    from django.db import connections

    from bench import copies
    from orders.models import Order

    with connections["owner"].cursor() as cursor:
        missing = wanted - Order.objects.count()
        if missing > 0:
            copies.make([people.original], missing, cursor.cursor)
            tell(f"{wanted:,} orders")


def grow(wanted: int, models: list[Any], tell: Callable[[str], None]) -> int:
    """Until there are `wanted` listings, and ten times as many cards. Returns how many cards there are."""
    from django.db import connections

    from shops.models import Batch, Card, Listing

    originals = []
    for listing in models:
        card = Card.objects.filter(listing=listing, taken_at=None).order_by("pk")[0]
        rows = [
            _texts(model, [pk])[0] for model, pk in ((Listing, listing.pk), (Batch, card.batch_id), (Card, card.pk))
        ]
        originals.append((listing.shop, *rows))
    with connections["owner"].cursor() as cursor:
        cursor.execute("select count(*) from shops_listing")
        there = int(cursor.fetchone()[0])
        while there < wanted:
            began, some = time.monotonic(), min(CHUNK, wanted - there)
            _add(cursor, originals, some)
            there += some
            if there % 20_000 < CHUNK or there == wanted:
                tell(f"{there:,} listings ({some / (time.monotonic() - began):,.0f}/s)")
        _fatten(cursor, originals[0], int(wanted * 10 * FAT))
        cursor.execute("vacuum analyze shops_listing, shops_batch, shops_card")
        cursor.execute("select count(*) from shops_card")
        return int(cursor.fetchone()[0])


def _add(cursor: Any, originals: list[Any], count: int) -> None:
    """So many listings with a batch and cards each; all of them or none."""
    from shops import searching
    from shops.models import Listing

    first = {table: _next(cursor, table) for table in ("shops_listing", "shops_batch", "shops_card")}
    texts = {table: io.StringIO() for table in first}
    heads: dict[str, list[str]] = {}
    for place in range(count):
        number = first["shops_listing"] + place
        shop, listing, batch, card = originals[number % len(originals)]
        chance = random.Random(number)
        rare = RARE if number % RARELY == 0 else ""
        title = f"{chance.choice(NOUNS)}{chance.choice(GOODS)}{rare} {number}"
        region = chance.choice(("国服", "全球", "亚服"))
        grams = searching.grams_of(Listing(shop=shop, title=title, category="软件", region=region))
        words = {"id": number, "title": title, "category": "软件", "region": region, "grams": _array(grams)}
        words |= {"price": chance.randrange(1_000, 100_000), "promise_minutes": chance.choice((10, 30, 120, 600))}
        _write(texts, heads, "shops_listing", listing | words)
        mine = first["shops_batch"] + place
        _write(texts, heads, "shops_batch", batch | {"id": mine, "listing_id": number, "size": CARDS})
        for _card in range(CARDS):
            _write_card(texts, heads, card, first["shops_card"], listing_id=number, batch_id=mine)
            first["shops_card"] += 1
    _commit(cursor, texts, heads)


def _fatten(cursor: Any, original: Any, wanted: int) -> None:
    """One listing has a tenth of all cards."""
    _shop, listing, batch, card = original
    cursor.execute("select id from shops_listing where title = %s", [FAT_TITLE])
    row = cursor.fetchone()
    if row is None:
        number, mine = _next(cursor, "shops_listing"), _next(cursor, "shops_batch")
        texts: dict[str, io.StringIO] = {"shops_listing": io.StringIO(), "shops_batch": io.StringIO()}
        heads: dict[str, list[str]] = {}
        _write(texts, heads, "shops_listing", listing | {"id": number, "title": FAT_TITLE})
        _write(texts, heads, "shops_batch", batch | {"id": mine, "listing_id": number, "size": max(1, wanted)})
        _commit(cursor, texts, heads)
    else:
        number = int(row[0])
        cursor.execute("select id from shops_batch where listing_id = %s", [number])
        mine = int(cursor.fetchone()[0])
    cursor.execute("select count(*) from shops_card where listing_id = %s", [number])
    missing = wanted - int(cursor.fetchone()[0])
    while missing > 0:
        some = min(missing, CHUNK * CARDS)
        texts, heads, first = {"shops_card": io.StringIO()}, {}, _next(cursor, "shops_card")
        for place in range(some):
            _write_card(texts, heads, card, first + place, listing_id=number, batch_id=mine)
        _commit(cursor, texts, heads)
        missing -= some
    cursor.execute("update shops_batch set size = greatest(1, %s) where id = %s and size < %s", [wanted, mine, wanted])


def _write_card(texts: Any, heads: Any, card: dict[str, Any], number: int, **words: int) -> None:
    digest = hashlib.sha256(f"bench card {number}".encode())
    row, blind = UUID(bytes=digest.digest()[:16]), "\\x" + digest.hexdigest()
    _write(texts, heads, "shops_card", card | {"id": number, "row": row, "blind_index": blind, **words})


def _write(texts: Any, heads: Any, table: str, row: dict[str, Any]) -> None:
    heads.setdefault(table, list(row))
    line = "\t".join(_field(None if value is None else str(value)) for value in row.values())
    texts[table].write(f"{line}\n")


def _commit(cursor: Any, texts: dict[str, io.StringIO], heads: dict[str, list[str]]) -> None:
    cursor.execute("begin")
    for table, text in texts.items():
        text.seek(0)
        names = ", ".join(f'"{name}"' for name in heads[table])
        cursor.cursor.copy_expert(f"copy {table} ({names}) from stdin", text)
        cursor.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
    cursor.execute("commit")


def _next(cursor: Any, table: str) -> int:
    cursor.execute(f"select coalesce(max(id), 0) + 1 from {table}")
    return int(cursor.fetchone()[0])


def _array(words: list[str]) -> str:
    quoted = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"
