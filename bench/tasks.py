"""The other way to drain clocks, to be measured beside the sweep: a Celery task for each."""

from celery import shared_task


@shared_task(name="bench.fire_one", queue="bench")
def fire_one(timer_id: int) -> None:
    """Fire one clock with the mall's own verb; none is a sign of life."""
    from timeline import clock
    from timeline.sweep import fire

    if timer_id:
        fire(timer_id, at=clock.now())
