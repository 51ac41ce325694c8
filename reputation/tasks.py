"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from reputation import deposits
from timeline import clock


@shared_task(name="reputation.size_deposits", ignore_result=True)
def size_deposits() -> None:
    """What shops must deposit follows what they sell."""
    deposits.size_all(at=clock.now())
