"""Contacts of those who sell guides to getting money back without a reason: list · drop; and who writes of them.

A person of risk lists a contact with the reason, and takes it off again with one. Whoever claims and names it is seen
(`reputation.claims_seen`): that weighs a little, fades, and refuses nothing. A contact that is taken off the list takes
along what rested on it (`reputation.signals.let_go`). A contact is compared as people disguise
it: without spaces, signs, invisible letters and full-width forms. Rule source: rules 6.4.
"""

import re
import unicodedata
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Role, User
from orders.offplatform import INVISIBLE
from reputation.models import KnownContact
from timeline import events
from timeline.door import change, locked, require, verb

SHORTEST, LONGEST = 5, 80
#: So many are looked for at once; the newest.
MOST = 500


def plain(text: str) -> str:
    """A text as contacts are compared in it."""
    return re.sub(r"[\W_]+", "", INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold())


def known() -> list[str]:
    """What is looked for, as it is compared."""
    rows = KnownContact.objects.filter(dropped_at=None).order_by("-pk")
    return list(rows.values_list("handle", flat=True)[:MOST])


@verb
def list_contact(*, handle: str, reason: str, by: Any, at: datetime) -> KnownContact:
    """A person of risk lists a contact. Refused: `not_your_turn`, `bad_contact`, `no_reason`, `known_already`."""
    require(by.has_role(Role.RISK), "not_your_turn", _("This is for the people of risk."))
    locked(User, by.pk)
    said, looked_for = handle.strip(), plain(handle)
    require(
        len(looked_for) >= SHORTEST and max(len(said), len(looked_for)) <= LONGEST,
        "bad_contact",
        _("A contact has five letters or digits at least: anything shorter is in everybody's words."),
    )
    require(bool(reason.strip()), "no_reason", _("Say why."))
    require(
        not KnownContact.objects.filter(handle=looked_for, dropped_at=None).exists(),
        "known_already",
        _("This contact is listed already."),
    )
    found = KnownContact.objects.create(
        said=said, handle=looked_for, reason=reason.strip()[:500], listed_by=by, listed_at=at
    )
    data = {"contact": found.pk, "reason": found.reason}
    events.record(root=by.address, subject=by.address, name="user.contact_listed", by=by, at=at, data=data)
    return found


@verb
def drop(found: KnownContact, *, reason: str, by: Any, at: datetime) -> None:
    """A person of risk takes a contact off the list. Refused: `not_your_turn`, `no_reason`, `wrong_moment`."""
    require(by.has_role(Role.RISK), "not_your_turn", _("This is for the people of risk."))
    locked(User, by.pk)
    found.refresh_from_db()
    require(bool(reason.strip()), "no_reason", _("Say why."))
    require(found.dropped_at is None, "wrong_moment", _("This contact is not listed any more."))
    change(found, dropped_at=at, dropped_by=by, dropped_because=reason.strip()[:500])
    data = {"contact": found.pk, "reason": found.dropped_because}
    events.record(root=by.address, subject=by.address, name="user.contact_dropped", by=by, at=at, data=data)
