"""Wake-up calls. A task that is lost or runs twice changes nothing."""

import logging

from celery import shared_task

from timeline import clock, idempotency, outages, reminders, upkeep
from timeline.heartbeat import beat
from timeline.sweep import sweep

log = logging.getLogger(__name__)


@shared_task(name="timeline.sweep")
def sweep_clocks() -> None:
    """Fire the clocks that are due; first carry on what is down, so that fewer of them have to be asked."""
    at = clock.now()
    beat()
    try:
        outages.work(at=at)
    except Exception:
        log.exception("outages could not be carried on")  # whoever fires a clock asks the register itself
    sweep(at=at)


@shared_task(name="timeline.remind")
def remind() -> None:
    """Remind whoever is under a clock, and let clocks run on whose pause has lasted as long as it may."""
    at = clock.now()
    reminders.remind(at=at)
    upkeep.end_long_pauses(at=at)


@shared_task(name="timeline.recompute")
def recompute() -> None:
    """Count clocks anew for which a holiday notice has appeared."""
    upkeep.recompute_provisional(at=clock.now())


@shared_task(name="timeline.forget_old_answers")
def forget_old_answers() -> None:
    """Forget answers to requests that nobody will send again."""
    idempotency.forget_old()
