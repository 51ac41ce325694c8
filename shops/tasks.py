"""Wake-up calls of the shops."""

from celery import shared_task

from shops import lifecycle
from timeline import clock


@shared_task(name="shops.weigh_deposits", ignore_result=True)
def weigh_deposits() -> None:
    """Deposits that a case drew on fall short within seconds."""
    at = clock.now()
    for deposit in lifecycle.drawn_down():
        lifecycle.reweigh(deposit, at=at)
