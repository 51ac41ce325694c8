"""Replays of recent real cases before a version is published: asked for by rule staff, done by a worker."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from rulebook import hooks, versions
from rulebook.book import Book
from rulebook.claims import InvalidClaim
from rulebook.engine import decide
from rulebook.lifecycle import is_rule_staff
from rulebook.models import Replay, RulebookVersion
from rulebook.replay import Changed, Totals
from timeline.refusals import require

#: A worker says after so many cases how far it is.
STEP = 500
#: A replay nobody has touched for so long lost its worker and is begun anew.
LOST = timedelta(minutes=5)


def ask(version: RulebookVersion, *, by: Any, at: datetime) -> Replay:
    """Rule staff want to know what a version would have changed, against the one in force. Refused: `not_your_turn`."""
    require(is_rule_staff(by), "not_your_turn", _("Only rule staff replay cases."))
    waiting = version.replays.filter(done_at=None, sha256=version.sha256).order_by("-pk").first()
    return waiting or Replay.objects.create(
        version=version, against=versions.in_force(at).number, sha256=version.sha256, by=by, asked_at=at
    )


def run(*, at: datetime) -> Replay | None:
    """Do the oldest replay that waits; nothing if none does. Reads only, so doing it twice changes nothing."""
    replay = _take(at)
    if replay is None:
        return None
    before, after = versions.book_of(replay.against), replay.version.book
    totals, links = Totals(), {}
    for place, case in enumerate(hooks.recent_cases(), start=1):
        if _count(totals, case, before, after):
            links[case.name] = case.page
        if place % STEP == 0:
            Replay.objects.filter(pk=replay.pk).update(seen=place, touched_at=at)
    Replay.objects.filter(pk=replay.pk).update(
        seen=totals.cases, total=totals.cases, result=_result(totals, links), done_at=at, touched_at=at
    )
    replay.refresh_from_db()
    return replay


@transaction.atomic
def _take(at: datetime) -> Replay | None:
    """The oldest replay that nobody works on; SKIP LOCKED, so that two workers take two."""
    waiting = Replay.objects.select_for_update(skip_locked=True, of=("self",)).filter(done_at=None)
    free = waiting.filter(touched_at=None) | waiting.filter(touched_at__lt=at - LOST)
    replay = free.order_by("asked_at", "pk").first()
    if replay is not None:
        replay.touched_at, replay.seen, replay.total = at, 0, hooks.cases_known()
        replay.save(update_fields=["touched_at", "seen", "total"])
    return replay


def _count(totals: Totals, case: hooks.RealCase, before: Book, after: Book) -> bool:
    """Count a case under both versions; whether it is one of those that are listed."""
    listed = len(totals.listed)
    try:
        totals.add(case.name, decide(case.claim, before), decide(case.claim, after), times=case.units)
    except InvalidClaim:
        totals.cases += 1
        totals.undecided += 1
    return len(totals.listed) > listed


def _result(totals: Totals, links: dict[str, str]) -> dict[str, Any]:
    return {
        "cases": totals.cases,
        "changed": totals.changed,
        "better": totals.better,
        "worse": totals.worse,
        "undecided": totals.undecided,
        "payers": [list(row) for row in totals.payers],
        "outcomes": [[old, new, count] for (old, new), count in totals.outcomes.most_common()],
        "listed": [_row(changed, links[changed.name]) for changed in totals.listed],
    }


def _row(changed: Changed, page: str) -> dict[str, Any]:
    before, after = changed.before, changed.after
    return {
        "name": changed.name,
        "page": page,
        "before": [before.outcome.value, before.refund + before.compensation],
        "after": [after.outcome.value, after.refund + after.compensation],
        "rules": list(after.rules),
    }
