"""How far the mall trusts a shop, S0 to S4, and what it may take on at each level. Amounts are integer fen.

Rule source: the rules' table of sellers (6.2). Reputation or a person of risk sets the level; the caps are handed down
with it. How soon money settles and how large the deposit is follow the level where they are worked out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from ledger.templatetags.money import yuan
from shops.models import Shop
from timeline import events
from timeline.door import change, lock_root, require, verb
from timeline.refusals import Refused


@dataclass(frozen=True)
class Cap:
    """What one order and one day may come to, in fen; nothing where there is no cap."""

    order: int | None
    day: int | None


CAPS: Mapping[str, Cap] = {
    Shop.Level.S0: Cap(20_000, 500_000),
    Shop.Level.S1: Cap(100_000, 5_000_000),
    Shop.Level.S2: Cap(500_000, 30_000_000),
    Shop.Level.S3: Cap(2_000_000, None),
    Shop.Level.S4: Cap(None, None),
}


@verb
def set_level(shop: Shop, *, level: str, reason: str, by: Any, at: datetime) -> bool:
    """A person of risk, or the mall's own count (`by` nobody), sets the level; the caps of the table come with it.

    What runs keeps the clocks it was started with. Returns whether anything changed. Refused: `not_your_turn`,
    `no_reason`, `own_shop`.
    """
    lock_root(shop)
    if by is not None:
        require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk set a shop's level."))
        require(not shop.is_worked_in_by(by), "own_shop", _("Nobody judges the shop they work in."))
    require(bool(reason.strip()), "no_reason", _("Say why."))
    cap, before = CAPS[level], shop.level
    if (shop.level, shop.order_cap, shop.day_cap) == (level, cap.order, cap.day):
        return False
    change(shop, level=level, order_cap=cap.order, day_cap=cap.day)
    events.record(
        root=shop.address,
        subject=shop.address,
        name="shop.level_set",
        by=by,
        at=at,
        data={"before": before, "after": level, "reason": reason.strip()[:500]},
    )
    return True


def require_room(shop: Shop, *, total: int, today: int) -> None:
    """Refused with `over_order_cap` or `over_day_cap` if an order of `total` fen is more than the shop may take on.

    `today` is what was ordered from it since midnight in Shanghai and is not called off. The shop is locked.
    """
    if shop.order_cap is not None and total > shop.order_cap:
        raise Refused(
            "over_order_cap",
            _("The mall lets this shop take orders of at most %(cap)s for now. Order less at a time.")
            % {"cap": yuan(shop.order_cap)},
        )
    if shop.day_cap is not None and today + total > shop.day_cap:
        raise Refused(
            "over_day_cap",
            _("This shop has sold as much today as the mall lets it for now. Try again tomorrow, or order less."),
        )
