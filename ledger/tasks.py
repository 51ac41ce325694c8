"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from ledger import payments, payouts
from timeline import clock


@shared_task(name="ledger.run_payouts")
def run_payouts() -> None:
    """Send the money that is due."""
    payouts.run(at=clock.now())


@shared_task(name="ledger.ask_about_the_silent")
def ask_about_the_silent() -> None:
    """Ask channels about charges whose notice did not come."""
    payments.ask_about_the_silent(at=clock.now())
