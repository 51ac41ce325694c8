"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from timeline import clock, idempotency
from timeline.heartbeat import beat
from timeline.sweep import sweep


@shared_task(name="timeline.sweep")
def sweep_clocks() -> None:
    """Fire the clocks that are due."""
    at = clock.now()
    beat()
    sweep(at=at)


@shared_task(name="timeline.forget_old_answers")
def forget_old_answers() -> None:
    """Forget answers to requests that nobody will send again."""
    idempotency.forget_old()
