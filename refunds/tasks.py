"""Wake-up calls of refunds. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from refunds import credit, outages
from timeline import clock


@shared_task(name="refunds.weigh_outages", ignore_result=True)
def weigh_outages() -> None:
    """What was registered as down is held against what was decided about delays in its time."""
    outages.work(at=clock.now())


@shared_task(name="refunds.write_credit_notes", ignore_result=True)
def write_credit_notes(days: int = 1) -> None:
    """What went back beside a case has its credit note."""
    credit.write_missing(at=clock.now(), days=days)
