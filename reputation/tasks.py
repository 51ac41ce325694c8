"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from reputation import alarms, counting, deposits, fund, inquiries, membership, records, shop_levels, signals, stops
from timeline import clock


@shared_task(name="reputation.size_deposits", ignore_result=True)
def size_deposits() -> None:
    """What shops must deposit follows what they sell."""
    deposits.size_all(at=clock.now())


@shared_task(name="reputation.count", ignore_result=True)
def count() -> None:
    """What happened is counted; after it shops with bad figures, the guarantee fund and marks without ground."""
    at, touched = clock.now(), set[int]()
    counting.catch_up(at=at, touched=touched)
    if touched:
        stops.look(touched, at=at)
    fund.watch(at=at)
    signals.let_go(at=at)


@shared_task(name="reputation.watch_batches", ignore_result=True)
def watch_batches() -> None:
    """A bad batch is pulled, and what open alarms want done is done."""
    at = clock.now()
    alarms.watch(at=at)
    alarms.carry_on(at=at)


@shared_task(name="reputation.ask_upstream", ignore_result=True)
def ask_upstream() -> None:
    """Suppliers are asked about codes of batches under an alarm."""
    inquiries.run(now=clock.now)


@shared_task(name="reputation.level", ignore_result=True)
def level() -> None:
    """Levels follow the figures, records are handed down, signals are looked for: once a day."""
    at = clock.now()
    counting.catch_up(at=at)
    membership.level_all(at=at)
    shop_levels.level_all(at=at)
    stops.look_all(at=at)
    records.hand_down(at=at)
    signals.look_all(at=at)
    alarms.watch_all(at=at)
