"""Wake-up calls of the shops."""

import logging

from celery import shared_task
from django.db import DatabaseError

from shops import intakes, licences, lifecycle, stock
from shops.models import Listing
from shops.vault import VaultClosed
from timeline import clock

log = logging.getLogger(__name__)


@shared_task(name="shops.weigh_deposits", ignore_result=True)
def weigh_deposits() -> None:
    """Deposits that a case drew on fall short within seconds."""
    at = clock.now()
    for deposit in lifecycle.drawn_down():
        lifecycle.reweigh(deposit, at=at)


@shared_task(name="shops.read_intakes", ignore_result=True)
def read_intakes() -> None:
    """Files that shops sent in are read to their end; one that cannot be read now does not hold up the others."""
    for number in intakes.waiting():
        try:
            while intakes.read_on(number, at=clock.now()):
                pass
        except VaultClosed:
            return  # the vault said so itself; they wait, sealed
        except DatabaseError as error:
            log.warning("intake %s waits: %s", number, type(error).__name__)


@shared_task(name="shops.sweep_expired", ignore_result=True)
def sweep_expired() -> None:
    """Codes whose time is over leave the shelf."""
    at = clock.now()
    for listing in Listing.objects.filter(pk__in=stock.with_expired(at)).order_by("pk"):
        stock.expire(listing, at=at)


@shared_task(name="shops.remind_of_licences", ignore_result=True)
def remind_of_licences() -> None:
    """Shops hear in time of papers that end; their last day itself is a clock."""
    licences.remind(at=clock.now())
