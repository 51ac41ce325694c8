"""What a channel paid back on its own account: its staff did, or a bank took the money back.

The channel's file is the only witness. Finance books it, and then it counts like any other refund of the order that the
charge had paid: nothing goes back a second time (machines: R49, R50). What the channel paid although the mall had paid
it back already, and a top-up that a bank took back, come off the balance of whoever has the money twice; what is not
there any more the fund bears, and they owe it (`ledger.debts`). Until it is booked, the ticket's clock runs.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from ledger import brake, debts, hooks, payouts, reconciliation
from ledger.accounts import balances
from ledger.errors import InsufficientBalance
from ledger.models import OUTSIDE, TWICE, Difference, Notice, Payment, Payout
from ledger.states import PayoutState
from ledger.templatetags.money import yuan
from ledger.transfers import Reason, post_with_page
from timeline.door import lock, note, require, verb


def settle(difference: Difference, *, is_booked: bool, reason: str, by: Any, at: datetime) -> None:
    """Finance closes a ticket. One about money that the channel paid back itself is booked with it, not only called so.

    Not inside a transaction: the channel is asked first about what was perhaps sent. Refused: as
    `reconciliation.settle`, and `not_of_an_order`, `more_than_is_left`, `booked_for_more`, `being_sent`,
    `channel_silent`, `fund_short`, `payouts_paused`, `ruling_under_way`.
    """
    if not is_booked or difference.kind != Difference.Kind.OUTSIDE:
        reconciliation.settle(difference, is_booked=is_booked, reason=reason, by=by, at=at)
        return
    require(difference.may_be_settled_by(by), *_why_not(difference, by))
    payment = _charged(difference)
    if payment is not None and payment.is_top_up():
        _again_if_spent(lambda: _take_top_up_back(difference, payment, reason=reason, by=by, at=at))
        return
    if payment is None or not _is_of_order(payment):
        require(False, "not_of_an_order", _("This charge paid no order of ours. Explain it instead."))
        return
    for payout in _perhaps_sent(payment):
        payouts.ask_once_more(payout, at=at)
    _again_if_spent(lambda: _book(difference, payment, reason=reason, by=by, at=at))


def _again_if_spent(book: Callable[[], None]) -> None:
    """Between reading a balance and booking it may be spent: nothing was written then, and it is read anew, once."""
    try:
        book()
    except InsufficientBalance:
        book()


def _charged(difference: Difference) -> Payment | None:
    """The payment that a ticket's charge was credited to; nothing where it went back anyway."""
    notice = (
        Notice.objects.filter(channel=difference.channel, provider_txn=difference.txn, outcome=Notice.Outcome.CREDITED)
        .select_related("payment")
        .first()
    )
    return notice.payment if notice else None


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
    """What is left of the order goes back with it; of what went back already, the buyer has the money twice."""
    lock(difference)
    require(difference.may_be_settled_by(by), *_why_not(difference, by))
    lock(payment)
    amount = difference.theirs or 0
    _require_of_the_charge(difference, payment, amount, is_of_order=True)
    booked = hooks.paid_outside(payment, reference=difference.number, amount=amount, cause=difference.address, at=at)
    require(
        booked <= amount,
        "booked_for_more",
        _("Under this number %(booked)s are booked already, and the file tells of %(theirs)s. Ask the channel.")
        % {"booked": yuan(booked), "theirs": yuan(amount)},
    )
    if twice := amount - booked:
        owed = _off_the_balance(difference, payment, twice, at=at)
        data = {"amount": twice, "owed": owed, "order": payment.subject, "reference": difference.number}
        note(payment, "payment.paid_twice", by=by, at=at, data=data)
    reconciliation.settle(difference, is_booked=True, reason=reason, by=by, at=at)


@verb
def _take_top_up_back(difference: Difference, payment: Payment, *, reason: str, by: Any, at: datetime) -> None:
    """A bank took a top-up back. What the balance paid for meanwhile stays as it is: no order is touched."""
    lock(difference)
    require(difference.may_be_settled_by(by), *_why_not(difference, by))
    lock(payment)
    amount = difference.theirs or 0
    _require_of_the_charge(difference, payment, amount, is_of_order=False)
    owed = _off_the_balance(difference, payment, amount, at=at)
    note(payment, "payment.charged_back", by=by, at=at, data={"amount": amount, "owed": owed})
    reconciliation.settle(difference, is_booked=True, reason=reason, by=by, at=at)


def _require_of_the_charge(difference: Difference, payment: Payment, amount: int, *, is_of_order: bool) -> None:
    """A channel takes no more back of a charge on its own account than it brought: else the file is wrong."""
    before = Payout.objects.filter(payment=payment, charge=payment.provider_txn, key__contains=OUTSIDE).order_by("pk")
    others = before.exclude(key__endswith=f"{OUTSIDE}{difference.number}") if is_of_order else before
    left = payment.amount - sum(others.values_list("amount", flat=True))
    sentence = (
        _("Of %(theirs)s only %(left)s can be booked: the charge was not larger. Explain it.")
        if is_of_order
        else _("Of %(theirs)s only %(left)s can be booked: the top-up was not larger. Explain it.")
    )
    require(0 < amount <= left, "more_than_is_left", sentence % {"theirs": yuan(amount), "left": yuan(left)})


def _off_the_balance(difference: Difference, payment: Payment, amount: int, *, at: datetime) -> int:
    """Money that went out of the channel and that whoever had paid does not have to keep: off the balance, as far as it
    goes; the rest out of the fund, to which they owe it. Returns what they owe of it, in fen.

    Refused: `fund_short`, `payouts_paused`.
    """
    brake.require_released()
    wallet, fund = f"{payment.user.address}:wallet", debts.FUND
    held = balances([wallet, fund])
    there = min(held[wallet], amount)
    owed = amount - there
    require(
        held[fund] >= owed,
        "fund_short",
        _("%(owed)s of it were spent already, and the guarantee fund has only %(fund)s. Fund it first.")
        % {"owed": yuan(owed), "fund": yuan(held[fund])},
    )
    payouts.plan(
        under=payment.address,
        cause=difference.address,
        user=payment.user,
        legs=[(source, part) for source, part in ((wallet, there), (fund, owed)) if part],
        destination=Payout.Destination.CHANNEL,
        payment=payment,
        at=at,
        instant=False,
        key=f"{difference.address}{TWICE if _is_of_order(payment) else ''}{OUTSIDE}{difference.number}",
        reason=Reason.CHARGEBACK,
        is_done=True,
    )
    if owed:
        debt = debts.as_owed(payment.user, owed, key=f"{difference.address}:debt", subject=payment.address)
        post_with_page([debt], journal=debt.key, at=at)
    return owed


def _is_of_order(payment: Payment) -> bool:
    return payment.subject.startswith("order:")


def _why_not(difference: Difference, by: Any) -> tuple[str, str]:
    if not by.has_role("finance"):
        return "not_your_turn", _("Only finance closes these tickets.")
    return "wrong_moment", _("This ticket is closed already.")


def _perhaps_sent(payment: Payment) -> list[Payout]:
    """Payouts to this charge that a runner has tried to send: the channel knows what became of them."""
    unsure = [PayoutState.RETRYING, PayoutState.MANUAL]
    return list(Payout.objects.filter(payment=payment, state__in=unsure, tries__gt=0).order_by("pk"))
