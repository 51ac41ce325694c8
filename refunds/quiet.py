"""How long cases kept a shop busy: while one is open, the quiet time after which a deposit goes back stands still."""

from datetime import datetime, timedelta

from django.db.models import Q

from refunds.models import Refund
from refunds.states import REFUND
from shops.models import Shop


def case_time(shop: Shop, since: datetime, until: datetime) -> tuple[bool, timedelta]:
    """Whether a case against `shop` is open at `until`, and for how long at least one was since `since`.

    Cases that were open at the same time count once.
    """
    met = Refund.objects.filter(Q(closed_at=None) | Q(closed_at__gt=since), order__shop=shop, opened_at__lt=until)
    taken, done, is_open = timedelta(0), since, False
    for opened_at, closed_at, state in met.order_by("opened_at", "pk").values_list("opened_at", "closed_at", "state"):
        is_going_on = state not in REFUND.terminal
        is_open = is_open or is_going_on
        end = until if is_going_on or closed_at is None else min(closed_at, until)
        begin = max(opened_at, done)
        if end > begin:
            taken += end - begin
            done = end
    return is_open, taken
