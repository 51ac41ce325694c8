"""The story of a legal hold: set · propose its release · sign it, or keep it. Two people release what one may set.

While it is in force, nothing of the sale or the person is destroyed (PIPL 47(3): only stored and secured).
"""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Role, User
from orders.models import Order
from privacy.models import Hold
from privacy.states import HoldState
from timeline import numbers
from timeline.door import begin, change, enter, lock, locked, require, verb

#: Who holds and releases.
HOLDING = frozenset({Role.LEAD, Role.RISK})
#: Who sees requests, holds and looks; auditors read, and change nothing.
SEEING = HOLDING | {Role.AUDITOR}
SHORTEST, LONGEST = 10, 300


@verb
def set_hold(*, user: User | None = None, order: Order | None = None, reason: str, by: User, at: datetime) -> Hold:
    """Somebody of the staff holds a sale or a person, and says for which court, authority or claim.

    Refused: `not_your_turn`, `no_reason`, `held` where one is in force already.
    """
    require((user is None) != (order is None), "no_thing", _("Name a sale or a person."))
    require(bool(by.roles & HOLDING), "not_your_turn", _("Only leads and people of risk hold and release."))
    # The person's lock: whoever destroys a key of theirs takes it, too.
    locked(User, order.buyer_id if order is not None else user.pk)  # type: ignore[union-attr]
    why = _reason(reason)
    known = Hold.objects.live().filter(user=user, order=order)
    require(not known.exists(), "held", _("It is held already."))
    hold = Hold(number=numbers.new("H", at), user=user, order=order, reason=why, set_by=by, set_at=at)
    begin(hold, by=by, at=at, data={"of": hold.what, "reason": why})
    return hold


@verb
def propose(hold: Hold, *, reason: str, by: User, at: datetime) -> None:
    """Somebody says why it need not be held any more; a second person signs. Refused: as `set_hold`, `wrong_moment`."""
    lock(hold)
    require(bool(by.roles & HOLDING), "not_your_turn", _("Only leads and people of risk hold and release."))
    require(hold.state == HoldState.IN_FORCE, "wrong_moment", _("It has moved on meanwhile. Look at the page again."))
    change(hold, release_reason=_reason(reason), proposed_by=by)
    enter(hold, HoldState.RELEASING, by=by, at=at, data={"reason": hold.release_reason})


@verb
def sign(hold: Hold, *, by: User, at: datetime) -> None:
    """A second person releases it. Refused: `not_your_turn`, `another_person`, `wrong_moment`."""
    _second(hold, by)
    change(hold, signed_by=by)
    enter(hold, HoldState.RELEASED, by=by, at=at)


@verb
def keep(hold: Hold, *, by: User, at: datetime) -> None:
    """A second person lets it stand. Refused: `not_your_turn`, `another_person`, `wrong_moment`."""
    _second(hold, by)
    change(hold, proposed_by=None, release_reason="")
    enter(hold, HoldState.IN_FORCE, by=by, at=at, event="hold.kept")


def _second(hold: Hold, by: User) -> None:
    lock(hold)
    require(bool(by.roles & HOLDING), "not_your_turn", _("Only leads and people of risk hold and release."))
    require(hold.state == HoldState.RELEASING, "wrong_moment", _("It has moved on meanwhile. Look at the page again."))
    require(hold.proposed_by_id != by.pk, "another_person", _("A second person signs."))


def _reason(reason: str) -> str:
    why = " ".join(reason.split())
    require(len(why) >= SHORTEST, "no_reason", _("Say for which court, authority or claim, with its number."))
    return why[:LONGEST]
