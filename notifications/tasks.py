"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from notifications import inbox, mail, sending
from timeline import clock


@shared_task(name="notifications.catch_up")
def catch_up() -> None:
    """Tell people what happened."""
    inbox.catch_up(at=clock.now())


@shared_task(name="notifications.send_mail")
def send_mail() -> None:
    """Send the mail that is due."""
    mail.send_due(at=clock.now())


@shared_task(name="notifications.send_calls")
def send_calls() -> None:
    """Call the shops' machines."""
    sending.send_due(at=clock.now())
