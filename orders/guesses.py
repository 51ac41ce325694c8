"""Codes of coupons that somebody tried: counted, so that trying them all is no way to find one.

A buyer who types a code that does not exist, and a shop that writes a coupon with a code which somebody has already,
both learn which codes there are.

A guess is on record before it is answered, in a transaction of its own: what is refused is rolled back, and the count
must stay. Somebody who mistypes has more tries than they need; somebody with a list has not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.models import Guess
from timeline.refusals import Refused, TooOften

#: So many codes that do not exist within so long, by one person at all their orders (reliability T10).
MOST, WITHIN = 10, timedelta(minutes=15)
#: When a guess is forgotten.
KEPT = timedelta(days=1)


@contextmanager
def counted(*, by: Any, at: datetime) -> Iterator[None]:
    """Inside, `by` tries one code, or writes one. It counts if the answer tells something about a code that is not
    theirs: there is no such coupon, or there is one already. Never inside another transaction.

    Refused: `too_often` (429) for somebody who tried too many already.
    """
    guess = Guess.objects.create(user=by, at=at)
    tried = list(Guess.objects.filter(user=by, at__gt=at - WITHIN).order_by("at", "pk").values_list("at", flat=True))
    if len(tried) > MOST:
        guess.delete()
        raise TooOften(
            _("These were many codes that are not yours. Wait a few minutes, or go on without a coupon."),
            wait=int((tried[-MOST - 1] + WITHIN - at).total_seconds()) + 1,
        )
    try:
        yield
    except Refused as refusal:
        if refusal.code != "no_such_coupon":
            guess.delete()
        raise
    except ValidationError as error:
        if not any(each.code == "unique" for each in getattr(error, "error_dict", {}).get("code", ())):
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
