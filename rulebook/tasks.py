"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from rulebook import replays
from timeline import clock


@shared_task(name="rulebook.replay")
def replay() -> None:
    """Do the replay that waits, if one does."""
    replays.run(at=clock.now())
