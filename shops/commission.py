"""What the platform takes of a release, by the kind of goods: propose · agree · drop; and the rate of a moment.

An order is pinned to the rate of the moment at which it is placed; what is agreed later is for later orders. Two people
of finance agree on a rate, everybody can read it seven days before it rules, and each stays in the list for ever. Who
sells such goods is told of it. A proposal on which nobody agrees in time lapses by itself: when that is, it knows from
the day on which it was made and the day on which it would rule, so no clock has to run.

Asking for a rate costs no query: a process remembers the rates that were agreed when it looked. That is exact, for
nothing rules with less than seven days of notice (docs/decisions/0016 does the same for the rules). It looks again a
day before, so that what somebody is agreeing on while it looks is no gap.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from shops.models import Commission, Kind
from shops.models.commission import DEFAULT_BP, MOST_BP, NOTICE
from timeline import events
from timeline.door import require

#: Who sets rates, and who reads what is proposed.
SETTING = frozenset({Role.FINANCE})
SEEING = SETTING | {Role.LEAD, Role.AUDITOR}
#: For so long a process trusts what it has read.
TRUSTED = NOTICE - timedelta(days=1)


class _Known(NamedTuple):
    """The agreed rates as they were when somebody looked, in the order in which they rule."""

    read_at: datetime
    rates: tuple[Commission, ...]


_known: _Known | None = None


def in_force(kind: str, at: datetime) -> int:
    """The rate for orders of this kind that are placed at `at`, now or earlier, in basis points."""
    ruling = [rate for rate in agreed(at) if rate.kind == kind and rate.rules_at <= at]
    return ruling[-1].bp if ruling else DEFAULT_BP


def agreed(at: datetime) -> tuple[Commission, ...]:
    """Every rate that two people agreed on, in the order in which they rule; of the same day the later agreed one."""
    global _known
    if (known := _known) is None or not at < known.read_at + TRUSTED:
        _known = known = _Known(at, published())
    return known.rates


def published() -> tuple[Commission, ...]:
    """The same as the table has it now, for those who read the list: what was agreed elsewhere a moment ago is in it.

    What a process remembers is exact for what rules, and can lack for six days what is announced.
    """
    return tuple(Commission.objects.filter(agreed_at__isnull=False).order_by("rules_at", "agreed_at", "pk"))


def forget() -> None:
    """Look again when asked next: something was agreed in this process."""
    global _known
    _known = None


def remember(rates: Iterable[Commission], *, read_at: datetime) -> None:
    """Start from what is known without looking, for processes that begin with a known mall."""
    global _known
    _known = _Known(read_at, tuple(rates))


def may_set(user: Any) -> bool:
    """Whether `user` is one of the two who agree on a rate."""
    return bool(user.roles & SETTING)


@transaction.atomic
def propose(*, kind: str, bp: int, reason: str, rules_at: datetime, by: Any, at: datetime) -> Commission:
    """One of finance proposes a rate of `bp` basis points for a kind, for orders placed from `rules_at` on.

    Refused: `not_your_turn`, `no_such_kind`, `bad_rate`, `no_reason`, `too_soon`.
    """
    require(may_set(by), "not_your_turn", _("Only people of finance set what the platform takes."))
    require(kind in Kind.values, "no_such_kind", _("There is no such kind of goods."))
    require(0 <= bp <= MOST_BP, "bad_rate", _("The platform takes between 0 and 30 %."))
    require(bool(reason.strip()), "no_reason", _("Say why: shops read it."))
    require(at + NOTICE <= rules_at, "too_soon", _("Everybody reads a new rate at least seven days before it rules."))
    made = Commission.objects.create(
        kind=kind, bp=bp, reason=reason.strip()[:300], rules_at=rules_at, proposed_by=by, proposed_at=at
    )
    _note(made, event="commission.proposed", by=by, at=at)
    return made


@transaction.atomic
def agree(commission: Commission, *, by: Any, at: datetime) -> None:
    """A second person of finance agrees in time: it is announced, and rules from its day on.

    Refused: `not_your_turn`, `second_person`, `wrong_moment`, `too_soon`, `too_late`.
    """
    _lock(commission, by=by)
    require(commission.proposed_by_id != by.pk, "second_person", _("A second person of finance agrees."))
    require(
        at + NOTICE <= commission.rules_at,
        "too_soon",
        _("There are no seven days left before it would rule. Propose it for a later day."),
    )
    require(commission.is_open(at), "too_late", _("Nobody agreed in time: this proposal has lapsed. Propose it anew."))
    commission.agreed_by, commission.agreed_at = by, at
    commission.save(update_fields=["agreed_by", "agreed_at"])
    _note(commission, event="commission.agreed", by=by, at=at)
    forget()
    transaction.on_commit(forget)


@transaction.atomic
def drop(commission: Commission, *, by: Any, at: datetime) -> None:
    """One of finance takes a proposal back that waits for a second person.

    Refused: `not_your_turn`, `wrong_moment`, `too_late`.
    """
    _lock(commission, by=by)
    require(commission.is_open(at), "too_late", _("Nobody agreed in time: this proposal has lapsed. Propose it anew."))
    commission.dropped_by, commission.dropped_at = by, at
    commission.save(update_fields=["dropped_by", "dropped_at"])
    _note(commission, event="commission.dropped", by=by, at=at)


def actions_for(commission: Commission, user: Any, at: datetime) -> list[str]:
    """What `user` can do with a proposal now, by the names of the verbs."""
    if not commission.is_open(at) or not may_set(user):
        return []
    return ["agree", "drop"] if commission.proposed_by_id != user.pk else ["drop"]


def _lock(commission: Commission, *, by: Any) -> None:
    require(may_set(by), "not_your_turn", _("Only people of finance set what the platform takes."))
    commission.refresh_from_db(from_queryset=Commission.objects.select_for_update(of=("self",)))
    require(not commission.is_decided, "wrong_moment", _("This proposal is decided already."))


def _note(commission: Commission, *, event: str, by: Any, at: datetime) -> None:
    """A rate has a stream of its own."""
    told = {"kind": commission.kind, "bp": commission.bp, "rules_at": commission.rules_at.isoformat()}
    data = told | {"reason": commission.reason}
    events.record(root=commission.address, subject=commission.address, name=event, by=by, at=at, data=data)
