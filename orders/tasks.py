"""Wake-up calls of orders. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from orders.fulfilment import errands
from timeline import clock


@shared_task(name="orders.run_errands")
def run_errands() -> None:
    """Ask suppliers about what they deliver."""
    errands.run(at=clock.now())
