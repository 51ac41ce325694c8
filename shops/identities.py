"""Who is behind a shop, for the mall's own people: masked until one of them opens it with a reason, on record.

Masked are the telephone, the number of an identity card or an authorization, the files of all papers, and of a natural
person their name, address and mail address, too; what the law has everybody read of a company stands in the clear. Who
decides about an application opens it like everybody else. Whom it is about reads who looked, at what and why, on the
page of what was looked at. Rule source: PIPL 6, 51; E-Commerce Law 15, 27; docs/decisions/0059.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import unmasking
from accounts.models import Role, Unmasking
from shops import particulars
from shops.models import Application, Licence, Shop
from shops.particulars import Words
from shops.states import ApplicationState
from timeline import events
from timeline.door import lock, lock_root, note, require, verb

#: Who decides about applications, papers and appeals, and therefore may open what is behind them.
LOOKING = frozenset({Role.LEAD, Role.RISK})
#: So long somebody reads what they opened, until the reason is asked anew.
STAYS_OPEN = timedelta(hours=1)


@dataclass(frozen=True)
class Party:
    """What somebody of the mall reads of who answers for a shop, and whether they have opened it."""

    words: Words
    is_open: bool


@verb
def open_application(application: Application, *, reason: str, by: Any, at: datetime) -> None:
    """Somebody who may decide about an application says why they need who is behind it, and reads it for an hour.

    Refused: `not_your_turn`, `reason_missing`.
    """
    lock(application)
    require(
        bool(by.roles & LOOKING) and not application.is_of(by) and application.state != ApplicationState.DRAFT,
        "not_your_turn",
        _("Only leads and people of risk open who is behind an application, and nobody opens their own."),
    )
    subject = application.address
    people = [application.applicant_id]
    unmasking.unmask(people, what=unmasking.What.IDENTITY, subject=subject, reason=reason, by=by, at=at)
    note(application, "application.opened", by=by, at=at)


@verb
def open_shop(shop: Shop, *, reason: str, by: Any, at: datetime) -> None:
    """Somebody of risk, or a lead, says why they need who is behind an open shop and its papers, and reads it for an
    hour.

    Refused: `not_your_turn`, `reason_missing`.
    """
    lock_root(shop)
    require(
        bool(by.roles & LOOKING) and not shop.is_worked_in_by(by),
        "not_your_turn",
        _("Only leads and people of risk open who is behind a shop, and nobody opens their own."),
    )
    particulars.keep_look(shop, reason=reason, by=by, at=at)
    events.record(root=shop.address, subject=shop.address, name="shop.contact_shown", by=by, at=at)


def of_application(application: Application, user: Any, at: datetime) -> Party:
    """Who answers for a shop that somebody applies for, as `user` of the mall reads it at `at`."""
    is_open = _is_open(application.address, application.applicant_id, user, at)
    return Party(particulars.whole(application) if is_open else particulars.masked(application), is_open)


def of_shop(shop: Shop, user: Any, at: datetime) -> Party | None:
    """Who answers for an open shop, as `user` of the mall reads it at `at`; nothing of a shop of the first days."""
    found = particulars.of(shop)
    if found is None:
        return None
    is_open = is_open_shop(shop, user, at)
    return Party(particulars.whole(found) if is_open else particulars.masked(found), is_open)


def is_open_shop(shop: Shop, user: Any, at: datetime) -> bool:
    """Whether `user` opened, on record and not long ago, who is behind an open shop."""
    return _is_open(shop.address, shop.owner_id, user, at)


def is_open_paper(licence: Licence, user: Any, at: datetime) -> bool:
    """Whether `user` opened, on record and not long ago, what a paper belongs to: the application or the shop."""
    found, application = licence.shop, licence.application
    return (found is not None and is_open_shop(found, user, at)) or (
        application is not None and _is_open(application.address, application.applicant_id, user, at)
    )


def _is_open(subject: str, whom: int, user: Any, at: datetime) -> bool:
    looks = Unmasking.objects.filter(whom=whom, by=user, what=Unmasking.What.IDENTITY, subject=subject)
    return looks.filter(at__gt=at - STAYS_OPEN, at__lte=at).exists()
