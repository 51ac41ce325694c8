"""How far the mall trusts a shop: S0 to S4, computed from its figures, and what happens when that changes.

Up at once, down only after a notice. Caps, the settlement delay and the deposit's factor follow the level below
(`shops.levels`). Rule source: rules 6.2; the thresholds are data (`reputation.thresholds`).
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reputation import figures
from reputation.figures import Figures, share_bp
from reputation.models import Downgrade
from reputation.states import DowngradeState
from reputation.thresholds import ShopReach, thresholds
from shops import levels
from shops.models import Licence, Shop
from shops.states import LicenceState
from timeline import spans
from timeline.door import begin, enter, lock, lock_root, verb

log = logging.getLogger(__name__)

#: So many shops are looked at with one round of questions.
CHUNK = 500
#: From this level on a business licence is needed, and a paper that the brand is the shop's own or has authorized it.
LICENSED_FROM = Shop.Level.S4
#: These papers.
PAPERS = (Licence.Kind.BUSINESS, Licence.Kind.AUTHORITY)


@dataclass(frozen=True)
class Standing:
    """What a shop shows in the window: orders, and shares in basis points; a share of nothing holds nobody back.

    `papers` are those of `PAPERS` under which it sells now.
    """

    opened_at: datetime
    orders: int
    on_time_bp: int | None
    claim_bp: int | None
    loss_bp: int | None
    papers: frozenset[str]

    def reaches(self, reach: ShopReach, at: datetime) -> bool:
        """Whether it is enough for a level."""
        return (
            self.opened_at + reach.age <= at
            and self.orders >= reach.orders
            and (self.on_time_bp is None or self.on_time_bp >= reach.on_time_bp)
            and (self.claim_bp is None or self.claim_bp <= reach.claim_bp)
            and (self.loss_bp is None or self.loss_bp <= reach.loss_bp)
            and (reach.level < LICENSED_FROM or self.papers >= set(PAPERS))
        )


def level_all(*, at: datetime) -> int:
    """Look at every shop; returns how many levels moved or will.

    Each shop in a transaction of its own, so that one cannot hold up the others.
    """
    changed, last = 0, 0
    while shops := list(Shop.objects.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = shops[-1].pk
        found = standings(shops, at=at)
        for shop in shops:
            try:
                changed += review(shop, found[shop.pk], at=at)
            except Exception:  # an alarm, and no reason why the shops after it keep an old level
                log.exception("the level of shop %s could not be looked at", shop.pk)
    return changed


def standings(shops: list[Shop], *, at: datetime) -> dict[int, Standing]:
    """What each shop shows, by id; as many questions for one as for 500."""
    since, until = figures.window(at, thresholds().shop_window.days)
    found = figures.of_shops(shops, since=since, until=until)
    valid = Licence.objects.filter(
        shop__in=shops, kind__in=PAPERS, state__in=[LicenceState.VALID, LicenceState.LASTING]
    )
    papers: dict[int, set[str]] = {}
    for shop_id, kind in valid.order_by().values_list("shop_id", "kind"):
        papers.setdefault(shop_id, set()).add(kind)
    return {shop.pk: _standing(shop, found[shop.pk], papers=frozenset(papers.get(shop.pk, ()))) for shop in shops}


def _standing(shop: Shop, found: Figures, *, papers: frozenset[str]) -> Standing:
    units = found.count("units")
    return Standing(
        opened_at=shop.opened_at,
        orders=found.count("orders"),
        on_time_bp=share_bp(found.count("due", "on_time"), found.count("due"), 1),
        claim_bp=share_bp(min(found.count("paid_back", "supply"), units), units, 1),
        loss_bp=share_bp(
            found.count("dispute_ends", "decided:buyer"), found.count("dispute_ends"), thresholds().fewest_disputes
        ),
        papers=papers,
    )


def reached(standing: Standing, at: datetime) -> str:
    """The level that these figures give."""
    found = [str(reach.level) for reach in thresholds().shop_levels if standing.reaches(reach, at)]
    return found[-1] if found else str(Shop.Level.S0)


@verb
def review(shop: Shop, standing: Standing, *, at: datetime) -> bool:
    """Give a shop the level of its figures: up at once, down after a notice. Returns whether anything changed."""
    target = reached(standing, at)
    announced = Downgrade.objects.filter(shop=shop, state=DowngradeState.ANNOUNCED).first()
    if target == shop.level and announced is None:
        return False
    lock_root(shop)
    if target >= shop.level:
        if announced is not None:
            _spare(announced, at=at)
        if target > shop.level:
            return levels.set_level(shop, level=target, reason=_why(standing), by=None, at=at)
        return announced is not None
    if announced is not None:
        return False
    notice = Downgrade(shop=shop, before=shop.level, target=target)
    data = {"before": shop.level, "after": target, "why": _why(standing)}
    begin(notice, by=None, at=at, span=spans.days(thresholds().shop_notice_days), data=data)
    return True


@verb
def fall(downgrade: Downgrade, *, at: datetime) -> None:
    """The notice to a shop is over: its level falls to what its figures give now, if they still give less."""
    lock(downgrade)
    shop: Any = downgrade.shop
    lock_root(shop)
    standing = standings([shop], at=at)[shop.pk]
    target = reached(standing, at)
    if target >= shop.level:
        _spare(downgrade, at=at)
        return
    enter(downgrade, DowngradeState.DONE, by=None, at=at, data={"before": shop.level, "after": target})
    levels.set_level(shop, level=target, reason=_why(standing), by=None, at=at)


def _spare(downgrade: Downgrade, *, at: datetime) -> None:
    lock(downgrade)
    enter(downgrade, DowngradeState.SPARED, by=None, at=at)


def _why(standing: Standing) -> str:
    """What the history keeps: the figures, in words of the source."""
    shares = (("on time", standing.on_time_bp), ("claims", standing.claim_bp), ("lost", standing.loss_bp))
    told = ", ".join(f"{name} {share} bp" for name, share in shares if share is not None)
    return f"orders {standing.orders}" + (f", {told}" if told else "")
