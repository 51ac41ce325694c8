"""The mall before anything happens: people, shops, goods, and the mall's own money. Committed once per process."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import Level, Role, User
from ledger.transfers import Reason, transfer
from orders import coupons
from shops import lifecycle, listings, stock
from shops.models import Kind, Listing, Shop
from tests.fixtures import people

#: When the world begins, whatever the wall says, so that a seed tells the same case tomorrow: ten days before the
#: Spring Festival, with its days off and its make-up days ahead.
BEGINNING = datetime(2026, 2, 7, 1, tzinfo=UTC)
#: What each buyer has in the wallet, what the shops pay as deposit, the mall's own money: fen.
POCKET, DEPOSITS, FUND, OWN = 60_000, (100_000, 20_000), 15_000, 30_000
PRICES = (9_800, 3_300, 30_000)
CODES = 7


@dataclass
class World:
    """Who and what there is; by primary key, since each case reads its own rows."""

    at: datetime
    buyers: list[int]
    sellers: list[int]
    staff: dict[str, list[int]]
    shops: list[int]
    listings: list[int]
    #: What the mall's books say that the channel holds before a case begins, in fen.
    in_hand: int

    @property
    def everybody(self) -> list[int]:
        """All people."""
        return [*self.buyers, *self.sellers, *(pk for pks in self.staff.values() for pk in pks)]


def build() -> World:
    """Make the world with the verbs of the mall. Nothing here is random."""
    at = BEGINNING
    buyers = [people.person(f"simulated-buyer{number}") for number in range(3)]
    User.objects.filter(pk=buyers[1].pk).update(level=Level.M3)
    sellers = [people.person(f"simulated-seller{number}") for number in range(2)]
    roles = [Role.ARBITER] * 2 + [Role.SENIOR] * 2 + [Role.LEAD, Role.FINANCE, Role.FINANCE, Role.RISK, Role.AGENT]
    staff: dict[str, list[int]] = {}
    for number, role in enumerate(roles):
        staff.setdefault(str(role), []).append(people.staff(role, at=at, name=f"simulated-{role}{number}").pk)
    for buyer in buyers:
        _money(f"user:{buyer.pk}:wallet", POCKET, Reason.TOP_UP, at)
    _money("platform:fund", FUND, Reason.FUNDING, at)
    _money("platform:own", OWN, Reason.FUNDING, at)
    shops = [_shop(seller, number, at) for number, seller in enumerate(sellers)]
    goods = [_goods(shops[place % 2], price, place, at) for place, price in enumerate(PRICES)]
    return World(
        at=at + timedelta(hours=1),
        buyers=[buyer.pk for buyer in buyers],
        sellers=[seller.pk for seller in sellers],
        staff=staff,
        shops=[shop.pk for shop in shops],
        listings=[listing.pk for listing in goods],
        in_hand=len(buyers) * POCKET + FUND + OWN + sum(DEPOSITS),
    )


def _money(target: str, amount: int, reason: Any, at: datetime) -> None:
    transfer(
        source="channel:sandbox",
        target=target,
        amount=amount,
        reason=reason,
        subject=target,
        key=f"world:{target}",
        at=at,
    )


def _shop(seller: User, number: int, at: datetime) -> Shop:
    deposit = DEPOSITS[number]
    shop = lifecycle.open_shop(
        owner=seller, name=f"模拟{number}号店", slug=f"simulated-{number}", required=deposit, at=at
    )
    lifecycle.pay_in(shop.deposit, amount=deposit, channel="sandbox", by=seller, at=at, key=f"{shop.slug}:first")
    return shop


def _goods(shop: Shop, price: int, place: int, at: datetime) -> Listing:
    listing = listings.draft(
        shop=shop,
        kind=Kind.ACTIVATION_CODE,
        title=f"模拟激活码 {place}",
        price=price,
        promise_minutes=10,
        notice="查看后因个人原因不能退。",
        by=shop.owner,
        at=at,
    )
    names = [f"SIM{place}-{number:04}-KAMEN" for number in range(CODES)]
    stock.add_batch(listing, names, by=shop.owner, at=at)
    listings.put_on_sale(listing, by=shop.owner, at=at)
    return listing


def start_coupons(world: World, at: datetime) -> dict[str, int]:
    """A coupon of a shop, and one of the platform that two of finance have set money aside for: code, and whose."""
    whose: dict[str, int] = {}
    writer, second = (User.objects.get(pk=pk) for pk in world.staff["finance"])
    for shop in (Shop.objects.select_related("owner").get(pk=world.shops[0]), None):
        by = shop.owner if shop else writer
        found = coupons.draft(
            shop=shop,
            code=f"SIM{len(whose)}",
            value=700 if shop else 1_100,
            minimum=3_000,
            most=4,
            per_person=2,
            starts_at=at,
            ends_at=at + timedelta(days=20),
            by=by,
            at=at,
        )
        coupons.start(found, by=by if shop else second, at=at)
        whose[found.code] = by.pk
    return whose
