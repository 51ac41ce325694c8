"""The sweep: finds what is due and fires it. Any number may run, none is needed twice, and a lost one loses nothing."""

import logging
from dataclasses import dataclass
from datetime import datetime

from timeline import timers
from timeline.models import Timer

log = logging.getLogger(__name__)


@dataclass
class Swept:
    """What one sweep did."""

    fired: int = 0
    passed: int = 0
    failed: int = 0


def sweep(*, at: datetime, most: int = 500) -> Swept:
    """Fire up to `most` clocks that are due at `at`, each in a transaction of its own.

    One subject that fails never blocks the rest: its failure is recorded, it is tried again later, and after
    `timers.MOST_TRIES` failures it is given up as stuck, with an alarm in the log.
    """
    done = Swept()
    for timer_id in list(Timer.objects.due(at).values_list("pk", flat=True)[:most]):
        try:
            if timers.fire(timer_id, at=at):
                done.fired += 1
            else:
                done.passed += 1
        except Exception as error:  # noqa: BLE001 - recorded, and the rest goes on
            done.failed += 1
            given_up = timers.record_failure(timer_id, error, at=at)
            log.log(logging.CRITICAL if given_up else logging.ERROR, "clock %s failed", timer_id, exc_info=error)
    return done
