"""Wake-up calls. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from ledger import anchors, debts, payments, payouts, reconciliation
from timeline import clock


@shared_task(name="ledger.run_payouts")
def run_payouts() -> None:
    """Send the money that is due."""
    payouts.run(at=clock.now())


@shared_task(name="ledger.ask_about_the_silent")
def ask_about_the_silent() -> None:
    """Ask channels about charges whose notice did not come."""
    payments.ask_about_the_silent(at=clock.now())


@shared_task(name="ledger.collect_debts")
def collect_debts() -> None:
    """What has come onto the balance of somebody who owes pays the debt."""
    debts.run(at=clock.now())


@shared_task(name="ledger.reconcile")
def reconcile() -> None:
    """Compare what channels say of the days that are over with payments, payouts and books."""
    reconciliation.run(at=clock.now())


@shared_task(name="ledger.anchor")
def anchor() -> None:
    """Anchor the day once it has begun, and write what files are missing."""
    anchors.make(at=clock.now())
    for each in anchors.without_file():
        anchors.write_file(each)
