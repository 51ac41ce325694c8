"""How well the mall knows a buyer: M0 to M4, computed from what they bought, and what happens when that changes.

Up at once, down only after a notice of 30 days; what an order was placed under stays with it. Levels change the terms
of the buyer's own reasons and nothing else. Rule source: rules 6.1; the thresholds are data (`reputation.thresholds`).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum

from accounts import lifecycle as accounts
from accounts.models import Level, User
from orders.models import Order
from orders.states import OrderState
from refunds.models import Refund
from refunds.states import REFUND, RefundState
from reputation.models import Downgrade, Measure
from reputation.states import DowngradeState, MeasureState
from reputation.thresholds import Reach, thresholds
from timeline import spans
from timeline.door import begin, enter, lock, lock_root, verb

log = logging.getLogger(__name__)

#: So many people are looked at with one round of questions.
CHUNK = 500
#: An order counts from its completion on.
FINISHED = [OrderState.COMPLETED, OrderState.SETTLED, OrderState.ARCHIVED]
IN_FORCE = [MeasureState.IN_FORCE, MeasureState.APPEALED, MeasureState.UPHELD]


@dataclass(frozen=True)
class Standing:
    """What somebody bought in the window, finished and undisputed: orders, fen that stayed with shops, shops."""

    joined_at: datetime
    orders: int = 0
    amount: int = 0
    shops: int = 0

    def reaches(self, reach: Reach, at: datetime) -> bool:
        """Whether it is enough for a level."""
        return (
            self.orders >= reach.orders
            and self.amount >= reach.amount
            and self.shops >= reach.shops
            and self.joined_at + reach.age <= at
        )


def level_all(*, at: datetime) -> int:
    """Look at everybody who bought something in the window or has a level; returns how many levels moved or will.

    Each person is looked at in a transaction of their own, so that one cannot hold up the others.
    """
    changed, last = 0, 0
    bought = Order.objects.filter(buyer=OuterRef("pk"), paid_at__gt=at - thresholds().window)
    concerned = User.objects.filter(Q(Exists(bought)) | ~Q(level=Level.M0))
    while people := list(concerned.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = people[-1].pk
        found = standings(people, at=at)
        announced = set(
            Downgrade.objects.filter(user__in=people, state=DowngradeState.ANNOUNCED)
            .order_by()
            .values_list("user_id", flat=True)
        )
        for user in people:
            if reached(found[user.pk], at) != user.level or user.pk in announced:
                try:
                    changed += review(user, found[user.pk], at=at)
                except Exception:  # an alarm, and no reason why the people after them keep an old level
                    log.exception("the level of user %s could not be looked at", user.pk)
    return changed


def standings(people: Iterable[User], *, at: datetime) -> dict[int, Standing]:
    """What each bought in the window, by id; one question for one person and for 500.

    An order with a case that is still open does not count yet. One whose case ended against the buyer does not count;
    cases that were settled, conceded, won or taken back change nothing but the sum.
    """
    people = list(people)
    against = Refund.objects.filter(order=OuterRef("pk")).exclude(
        state__in=sorted(REFUND.terminal - {RefundState.REJECTED})
    )
    counted = (
        Order.objects.filter(
            ~Exists(against),
            buyer__in=people,
            state__in=FINISHED,
            paid_at__gt=at - thresholds().window,
            paid_at__lte=at,
        )
        .order_by()
        .values("buyer")
        .annotate(
            orders=Count("pk", distinct=True),
            shops=Count("shop", distinct=True),
            paid=Sum("units__paid"),
            back=Sum("units__refunded"),
        )
    )
    found = {row["buyer"]: row for row in counted}
    return {
        user.pk: Standing(
            joined_at=user.joined_at,
            orders=found[user.pk]["orders"],
            amount=found[user.pk]["paid"] - found[user.pk]["back"],
            shops=found[user.pk]["shops"],
        )
        if user.pk in found
        else Standing(joined_at=user.joined_at)
        for user in people
    }


def reached(standing: Standing, at: datetime) -> str:
    """The level that these figures give."""
    found = [str(reach.level) for reach in thresholds().levels if standing.reaches(reach, at)]
    return found[-1] if found else str(Level.M0)


def in_force(user: User, at: datetime) -> list[Measure]:
    """The measures that count against somebody at `at`."""
    return list(user.measures.filter(state__in=IN_FORCE, until__gt=at).order_by("pk"))


def ceiling(level: str, measures: Iterable[Measure]) -> str:
    """The highest level under these measures for somebody whose figures give `level`."""
    return min([level, *(measure.ceiling(level) for measure in measures)])


@verb
def review(user: User, standing: Standing, *, at: datetime) -> bool:
    """Give somebody the level of their figures: up at once, down after a notice. Returns whether anything changed."""
    lock_root(user)
    by_figures = reached(standing, at)
    allowed = ceiling(by_figures, in_force(user, at))
    announced = Downgrade.objects.filter(user=user, state=DowngradeState.ANNOUNCED).first()
    if by_figures >= user.level:
        if announced is not None:
            _spare(announced, at=at)
        if allowed > user.level:
            accounts.set_level(user, allowed, reason=_why(standing), at=at)
            return True
        return announced is not None
    if announced is not None:
        return False
    notice = Downgrade(user=user, before=user.level, target=by_figures)
    data = {"before": user.level, "after": by_figures, **_figures(standing)}
    begin(notice, by=None, at=at, span=spans.days(thresholds().notice_days), data=data)
    return True


@verb
def fall(downgrade: Downgrade, *, at: datetime) -> None:
    """The notice to a buyer is over: the level falls to what the figures give now, if they still give less."""
    lock(downgrade)
    user: Any = downgrade.user
    lock_root(user)
    standing = standings([user], at=at)[user.pk]
    target = ceiling(reached(standing, at), in_force(user, at))
    if target >= user.level:
        _spare(downgrade, at=at)
        return
    enter(downgrade, DowngradeState.DONE, by=None, at=at, data={"before": user.level, "after": target})
    accounts.set_level(user, target, reason=_why(standing), at=at)


def _spare(downgrade: Downgrade, *, at: datetime) -> None:
    lock(downgrade)
    enter(downgrade, DowngradeState.SPARED, by=None, at=at)


def _why(standing: Standing) -> str:
    """What the history keeps: the figures, in words of the source."""
    return f"orders {standing.orders}, fen {standing.amount}, shops {standing.shops}"


def _figures(standing: Standing) -> dict[str, int]:
    return {"orders": standing.orders, "amount": standing.amount, "shops": standing.shops}
