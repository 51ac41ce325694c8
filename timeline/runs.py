"""The house's regular work: how long each kind may be silent, and that it ended well; in real time, as heartbeats."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.schedules import crontab
from django.conf import settings

from timeline import heartbeat

log = logging.getLogger(__name__)

#: A process says so often at most that a kind of work ended: some of it ends every two seconds.
SAID = 60.0
#: A busy worker is no silent one.
SPARE = timedelta(minutes=10)

_said: dict[str, float] = {}


def longest() -> dict[str, timedelta]:
    """How long each task of the schedule may go without ending well: its period, an eighth, and ten minutes."""
    found: dict[str, timedelta] = {}
    for each in settings.CELERY_BEAT_SCHEDULE.values():
        allowed = _period(each["schedule"]) * 9 / 8 + SPARE
        name = str(each["task"])
        found[name] = min(allowed, found.get(name, allowed))
    return found


def expect() -> None:
    """A worker begins: from now on all work of the schedule is waited for, also what has never run."""
    heartbeat.expect(longest())


def ended(name: str) -> None:
    """Note that a task ended well. That this cannot be written down fails no work that was done."""
    now = time.monotonic()
    if name not in longest() or now - _said.get(name, -SAID) < SAID:
        return
    try:
        heartbeat.beat(name)
    except Exception:
        log.exception("the end of %s could not be noted", name)
    else:
        _said[name] = now


def silent() -> list[tuple[str, datetime]]:
    """What should have run and did not, or always failed: the task, and since when."""
    return heartbeat.silent(longest())


def _period(schedule: Any) -> timedelta:
    """Of a schedule that says hours: a day, so that a night's window is one; of one that says minutes: an hour."""
    if isinstance(schedule, crontab):
        hours: set[int] = schedule.hour  # type: ignore[attr-defined] # the stubs forget what crontab keeps
        return timedelta(hours=1) if len(hours) == 24 else timedelta(days=1)
    return timedelta(seconds=schedule)
