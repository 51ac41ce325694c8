"""Codes of coupons that somebody tried and that do not exist: counted, so that trying them all is no way to find one.

A guess is on record before it is answered, in a transaction of its own: what is refused is rolled back, and the count
must stay. Somebody who mistypes has more tries than they need; somebody with a list has not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders.models import Guess
from timeline.refusals import Refused, TooOften

#: So many codes that do not exist within so long, by one person at all their orders (reliability T10).
MOST, WITHIN = 10, timedelta(minutes=15)
#: When a guess is forgotten.
KEPT = timedelta(days=1)


@contextmanager
def counted(*, by: Any, at: datetime) -> Iterator[None]:
    """Inside, `by` tries one code. It counts only if there is no such coupon; never inside another transaction.

    Refused: `too_often` (429) for somebody who tried too many already.
    """
    guess = Guess.objects.create(user=by, at=at)
    tried = list(Guess.objects.filter(user=by, at__gt=at - WITHIN).order_by("at", "pk").values_list("at", flat=True))
    if len(tried) > MOST:
        guess.delete()
        raise TooOften(
            _("These were many codes that do not exist. Wait a few minutes, or order without a coupon."),
            wait=int((tried[-MOST - 1] + WITHIN - at).total_seconds()) + 1,
        )
    try:
        yield
    except Refused as refusal:
        if refusal.code != "no_such_coupon":
            guess.delete()
        raise
    except BaseException:
        guess.delete()
        raise
    guess.delete()


def forget(*, at: datetime) -> int:
    """Forget guesses that are over; returns how many."""
    forgotten, _kinds = Guess.objects.filter(at__lte=at - KEPT).delete()
    return forgotten
