"""Looking at what is masked or put away: with a reason, on record, for whom it is about to read."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts import unmasking
from accounts.models import Role, User
from orders.models import Order
from orders.parties import Side, side_of
from privacy import files
from privacy.models import Piece
from timeline.door import lock, locked, note, require, verb

#: Who opens what was put away, and who sees a mail address.
LOOKING = frozenset({Role.LEAD, Role.RISK})


def open_file(order: Order, *, reason: str, by: User, at: datetime) -> list[tuple[Piece, bytes]]:
    """What was put away of a sale. That it was looked at is on record before anything is opened.

    Refused: `not_your_turn`, `reason_missing`.
    """
    _record(order, reason, by=by, at=at)
    return files.what_stood(order)


@verb
def _record(order: Order, reason: str, *, by: User, at: datetime) -> None:
    lock(order)
    require(
        bool(by.roles & LOOKING) and side_of(order, by) == Side.PLATFORM,
        "not_your_turn",
        _("Only leads and people of risk open what was put away."),
    )
    people = [order.buyer_id, order.shop.owner_id]
    unmasking.unmask(people, what=unmasking.What.FILE, subject=order.address, reason=reason, by=by, at=at)
    note(order, "order.unsealed", by=by, at=at, data={"reason": " ".join(reason.split())[:200]})


@verb
def mail_of(user: User, *, reason: str, by: User, at: datetime) -> str:
    """Somebody's mail address, for reaching them outside of the mall. Refused: `not_your_turn`, `reason_missing`."""
    user = locked(User, user.pk)
    require(bool(by.roles & LOOKING) and by.pk != user.pk, "not_your_turn", _("Only leads and people of risk see it."))
    unmasking.unmask([user.pk], what=unmasking.What.MAIL, subject=user.address, reason=reason, by=by, at=at)
    return user.email
