"""What clocks need beside firing: long pauses end, new calendars count, what was given up is tried again."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from timeline import door, spans, timers
from timeline.door import change, require, verb
from timeline.models import Pause, Timer, find
from timeline.moments import next_after
from timeline.spans import Kind

log = logging.getLogger(__name__)


def end_long_pauses(*, at: datetime, most: int = 200) -> int:
    """Let clocks run again whose pause has lasted as long as it may; returns how many."""
    over = Pause.objects.filter(ended_at=None, ends_by__lte=at).order_by("ends_by", "pk")
    return _each(list(over.values_list("pk", flat=True)[:most]), end_long_pause, at=at)


@verb
def end_long_pause(pause_id: int, *, at: datetime) -> bool:
    """Let one clock run again, if its pause still stands and has lasted as long as it may."""
    pause = Pause.objects.get(pk=pause_id)
    thing = find(pause.subject)
    door.lock(thing)
    pause.refresh_from_db()
    if pause.ended_at is not None or pause.ends_by is None or pause.ends_by > at:
        return False
    stands = Timer.objects.filter(subject=pause.subject, limit=pause.limit, state=Timer.State.PAUSED, outage=None)
    if stands.exists():
        timers.resume(thing, pause.limit, at=at)
        data = {"limit": pause.limit, "cause": pause.cause}
        door.note(thing, f"{thing.machine.name}.clock_resumed", by=None, at=at, data=data)
    Pause.objects.filter(pk=pause_id, ended_at=None).update(ended_at=at)
    return True


def recompute_provisional(*, at: datetime, most: int = 1_000) -> int:
    """Look again at clocks that were counted without a holiday notice; returns how many moved.

    Costs one small query while there are none. Called once a day: a notice comes with a new version of the calendar.
    """
    waiting = Timer.objects.live().filter(is_provisional=True).order_by("pk")
    return _each(list(waiting.values_list("pk", flat=True)[:most]), recompute, at=at)


@verb
def recompute(timer_id: int, *, at: datetime) -> bool:
    """Count a provisional clock anew with the notice that has appeared: only ever later, for whoever is under it.

    Returns whether its end moved. What the notice would shorten stays as it was promised.
    """
    thing = find(Timer.objects.get(pk=timer_id).subject)
    door.lock(thing)
    timer = Timer.objects.select_for_update(of=("self",)).get(pk=timer_id)
    if timer.state not in {Timer.State.RUNNING, Timer.State.PAUSED} or not timer.is_provisional:
        return False
    if timer.kind == Kind.MINUTES or (timer.state == Timer.State.RUNNING and timer.due_at <= at):
        return False  # its time is over: it fires as it was promised
    stood = Pause.objects.filter(subject=timer.subject, limit=timer.limit, ended_at__gt=timer.started_at)
    pauses = [(begin, end) for begin, end in stood.order_by("began_at").values_list("began_at", "ended_at") if end]
    due_at = spans.deadline(timer.span, timer.started_at, pauses)
    timer.is_provisional = spans.is_provisional(timer.started_at, max(due_at, timer.due_at))
    was_due_at, is_later = timer.due_at, due_at > timer.due_at
    if is_later:
        timer.due_at = timer.next_try_at = due_at
        timer.next_reminder_at = next_after(at, started_at=timer.started_at, due_at=due_at, owner=timer.owner)
        data = {
            "limit": timer.limit,
            "rulebook": timer.rulebook,
            "was_due_at": was_due_at.isoformat(),
            "due_at": due_at.isoformat(),
        }
        door.note(thing, f"{thing.machine.name}.clock_recomputed", by=None, at=at, data=data)
        if timer.state == Timer.State.RUNNING and thing.machine.limits.get(thing.state) == timer.limit:
            change(thing, deadline_at=due_at)
    timer.save(update_fields=["is_provisional", "due_at", "next_try_at", "next_reminder_at"])
    return is_later


@verb
def try_again(timer: Timer, *, reason: str, by: Any, at: datetime) -> None:
    """A lead lets a clock that was given up run on: the next sweep fires it. Why, stands in the thing's history."""
    require(by.has_role("lead"), "leads_only_clocks", _("Only a lead lets a clock run on that was given up."))
    require(bool(reason.strip()), "reason_missing", _("Say why: it stands in the history of the case."))
    thing = find(timer.subject)
    door.lock(thing)
    timer.refresh_from_db(from_queryset=Timer.objects.select_for_update(of=("self",)))
    require(timer.state == Timer.State.STUCK, "clock_not_stuck", _("This clock runs, or has ended, already."))
    tries = timer.tries
    timer.state, timer.tries, timer.next_try_at, timer.leased_until = Timer.State.RUNNING, 0, at, None
    timer.save(update_fields=["state", "tries", "next_try_at", "leased_until"])
    data = {"limit": timer.limit, "tries": tries, "reason": reason.strip()}
    door.note(thing, f"{thing.machine.name}.clock_tried_again", by=by, at=at, data=data)


def _each(ids: list[int], act: Callable[..., bool], *, at: datetime) -> int:
    """Act on each in a transaction of its own; one that fails never blocks the rest."""
    done = 0
    for pk in ids:
        try:
            done += act(pk, at=at)
        except Exception:
            log.exception("%s of %s failed", act.__name__, pk)
    return done
