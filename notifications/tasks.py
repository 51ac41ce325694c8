"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from notifications import inbox
from timeline import clock


@shared_task(name="notifications.catch_up")
def catch_up() -> None:
    """Tell people what happened."""
    inbox.catch_up(at=clock.now())
