"""One question after a case is over, to each side once: how was it handled? Only the mean of all is ever told."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from refunds.models import Refund
from refunds.states import REFUND
from reputation.models import Score
from timeline.door import lock, note, require, verb

#: So long after its end a case is asked about: later, people remember the money and not how they were treated.
ASKED_FOR = timedelta(days=30)


def side_of(refund: Refund, user: Any) -> str:
    """For which side `user` can speak of the case; empty for everybody else, the mall's own people among them."""
    if refund.is_of_buyer(user):
        return Score.Side.BUYER
    return Score.Side.SHOP if refund.is_of_shop(user) else ""


def is_asked(refund: Refund, at: datetime) -> bool:
    """Whether the case is over, and not for too long."""
    return refund.state in REFUND.terminal and refund.closed_at is not None and at < refund.closed_at + ASKED_FOR


@verb
def score(refund: Refund, *, score: int, by: Any, at: datetime) -> Score:
    """One side says how its case was handled, from 1 to 5, once.

    Refused: `not_your_turn`, `wrong_moment`, `bad_score`, `scored`.
    """
    lock(refund)
    side = side_of(refund, by)
    require(bool(side), "not_your_turn", _("Only the two sides of a case say how it was handled."))
    require(is_asked(refund, at), "wrong_moment", _("You are asked about a case within 30 days after it is over."))
    require(1 <= score <= 5, "bad_score", _("Choose 1 to 5."))
    require(not refund.scores.filter(side=side).exists(), "scored", _("Your side has said it already. It stays."))
    made = Score.objects.create(refund=refund, side=side, score=score, by=by, at=at)
    note(refund, "refund.scored", by=by, at=at, data={"side": str(side), "score": score})
    return made
