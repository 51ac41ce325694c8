"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from privacy import exports, retention
from timeline import clock


@shared_task(name="privacy.make_copies")
def make_copies() -> None:
    """Make the copies that people asked for."""
    exports.run(at=clock.now())


@shared_task(name="privacy.retain", time_limit=6 * 3600)
def retain() -> None:
    """The daily run over what has had its time."""
    retention.run(at=clock.now())
