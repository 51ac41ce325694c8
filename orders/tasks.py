"""Wake-up calls of orders. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from orders import guesses
from orders.fulfilment import errands
from timeline import clock


@shared_task(name="orders.run_errands")
def run_errands() -> None:
    """Ask suppliers about what they deliver."""
    errands.run(at=clock.now())


@shared_task(name="orders.forget_guesses")
def forget_guesses() -> None:
    """Forget which codes of coupons were tried."""
    guesses.forget(at=clock.now())
