"""What a channel paid back on its own account: its staff did, or a bank took the money back.

The channel's file is the only witness. Finance books it, and then it counts like any other refund of the order that the
charge had paid: nothing goes back a second time (machines: R49, R50). Until it is booked, the ticket's clock runs.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from ledger import hooks, payouts, reconciliation
from ledger.models import Difference, Notice, Payment, Payout
from ledger.states import PayoutState
from ledger.templatetags.money import yuan
from timeline.door import lock, require, verb


def settle(difference: Difference, *, is_booked: bool, reason: str, by: Any, at: datetime) -> None:
    """Finance closes a ticket. One about money that the channel paid back itself is booked with it, not only called so.

    Not inside a transaction: the channel is asked first about what was perhaps sent. Refused: as
    `reconciliation.settle`, and `not_of_an_order`, `more_than_is_left`, `being_sent`, `channel_silent`.
    """
    if not is_booked or difference.kind != Difference.Kind.OUTSIDE:
        reconciliation.settle(difference, is_booked=is_booked, reason=reason, by=by, at=at)
        return
    require(difference.may_be_settled_by(by), *_why_not(difference, by))
    payment = order_payment(difference)
    if payment is None:
        require(False, "not_of_an_order", _("This charge paid no order of ours. Explain it instead."))
        return
    for payout in _perhaps_sent(payment):
        payouts.ask_once_more(payout, at=at)
    _book(difference, payment, reason=reason, by=by, at=at)


def order_payment(difference: Difference) -> Payment | None:
    """The payment of an order that a ticket is about; nothing where the charge was a top-up or went back anyway."""
    notice = (
        Notice.objects.filter(channel=difference.channel, provider_txn=difference.txn, outcome=Notice.Outcome.CREDITED)
        .select_related("payment")
        .first()
    )
    return notice.payment if notice and notice.payment.subject.startswith("order:") else None


def orders_of(differences: Iterable[Difference]) -> dict[int, str]:
    """The addresses of the orders that tickets of this kind are about, by ticket; two queries at most."""
    told = {(each.channel, each.txn): each.pk for each in differences if each.kind == Difference.Kind.OUTSIDE}
    notices = Notice.objects.filter(
        provider_txn__in=[txn for _channel, txn in told],
        outcome=Notice.Outcome.CREDITED,
        payment__subject__startswith="order:",
    ).select_related("payment")
    found = {}
    for notice in notices.order_by("pk") if told else []:
        if (pk := told.get((notice.channel, notice.provider_txn))) is not None:
            found[pk] = notice.payment.subject
    return found


@verb
def _book(difference: Difference, payment: Payment, *, reason: str, by: Any, at: datetime) -> None:
    lock(difference)
    require(difference.may_be_settled_by(by), *_why_not(difference, by))
    amount = difference.theirs or 0
    booked = hooks.paid_outside(payment, reference=difference.number, amount=amount, cause=difference.address, at=at)
    require(
        booked == amount,
        "more_than_is_left",
        _("Of %(theirs)s only %(left)s can be booked: more is not left of this order. It was paid twice; explain it.")
        % {"theirs": yuan(amount), "left": yuan(booked)},
    )
    reconciliation.settle(difference, is_booked=True, reason=reason, by=by, at=at)


def _why_not(difference: Difference, by: Any) -> tuple[str, str]:
    if not by.has_role("finance"):
        return "not_your_turn", _("Only finance closes these tickets.")
    return "wrong_moment", _("This ticket is closed already.")


def _perhaps_sent(payment: Payment) -> list[Payout]:
    """Payouts to this charge that a runner has tried to send: the channel knows what became of them."""
    unsure = [PayoutState.RETRYING, PayoutState.MANUAL]
    return list(Payout.objects.filter(payment=payment, state__in=unsure, tries__gt=0).order_by("pk"))
