"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from complaints import sending
from timeline import clock


@shared_task(name="complaints.send")
def send() -> None:
    """Say outside what is due."""
    sending.run(at=clock.now())


@shared_task(name="complaints.ask")
def ask() -> None:
    """Ask the desks for what their notices did not tell, and see what became of the cases."""
    at = clock.now()
    sending.ask_what_is_new(at=at)
    sending.follow(at=at)
