"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from disputes import bundles, handover, neutrals, owed, precedents, seal
from timeline import clock


@shared_task(name="disputes.seal_what_was_served")
def seal_what_was_served() -> None:
    """Seal what an earlier version of the mall served without a seal."""
    seal.catch_up(at=clock.now())


@shared_task(name="disputes.record_precedents")
def record_precedents() -> None:
    """Make precedents of what was sealed, and ask for second looks."""
    precedents.record(at=clock.now())


@shared_task(name="disputes.collect_owed")
def collect_owed() -> None:
    """Pay buyers what was awarded and nobody had, out of what shops have earned since."""
    owed.collect_all(at=clock.now())


@shared_task(name="disputes.look_for_neutrals")
def look_for_neutrals() -> None:
    """Give cases that wait for somebody from outside to whoever of the public list is free by now."""
    neutrals.look_again_everywhere(at=clock.now())


@shared_task(name="disputes.hand_on")
def hand_on() -> None:
    """Give others the parts in open cases of people whose role has ended."""
    handover.hand_on_all(at=clock.now())


@shared_task(name="disputes.make_bundles")
def make_bundles() -> None:
    """Put evidence bundles together that are waited for."""
    bundles.run(at=clock.now())
