"""The story of money that comes in: ask · open · confirm · lapse. What comes late, twice or wrong is sent back."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger import debts, gateways, hooks, payouts
from ledger.gateways import Charge
from ledger.models import Notice, Payment
from ledger.states import PaymentState
from ledger.transfers import Move, Reason, post_with_page
from timeline import numbers
from timeline.door import Refused, begin, enter, lock, note, require, verb
from timeline.page import part
from timeline.spans import Span

log = logging.getLogger(__name__)

#: What one top-up may be, in fen: ¥1 to ¥50,000.
LEAST_TOP_UP, MOST_TOP_UP = 100, 5_000_000
#: How long a charge may be silent before the mall asks the channel itself, and how long it goes on asking.
SILENCE, STILL_ASKED = timedelta(minutes=1), timedelta(days=1)

#: What the channel's page calls what is paid, and what people read while there is no channel.
TITLE, NO_CHANNEL = _("Kamen top-up"), _("No payment channel is open right now. Nothing was charged.")

CREDITED, RETURNED, REPEATED = Notice.Outcome.CREDITED.value, Notice.Outcome.RETURNED.value, "repeated"


@verb
def ask(*, user: Any, subject: str, amount: int, channel: str, span: Span, at: datetime) -> Payment:
    """Ask `user` for `amount` fen by `channel`, for `subject`: the own balance (`user:3`), an order (`order:41`) or a
    shop's deposit (`deposit:7`)."""
    require(amount > 0, "bad_amount", _("An amount is more than nothing."))
    payment = Payment(number=numbers.new("P", at), user=user, subject=subject, amount=amount, channel=channel)
    begin(payment, by=user, at=at, span=span, data={"amount": amount, "channel": channel, "subject": subject})
    return payment


@verb
def top_up(*, user: Any, amount: int, channel: str, at: datetime) -> Payment:
    """`user` wants `amount` fen on the balance."""
    require(
        LEAST_TOP_UP <= amount <= MOST_TOP_UP, "bad_amount", _("A top-up is at least ¥1.00 and at most ¥50,000.00.")
    )
    span = hooks.span("ORDER_PAY", at=at)
    return ask(user=user, subject=f"user:{user.pk}", amount=amount, channel=channel, span=span, at=at)


@verb
def for_debt(*, user: Any, channel: str, at: datetime) -> Payment:
    """`user` pays by a channel what is owed to the fund: a top-up over it, of which the debt is paid first.

    Refused: `nothing_owed`.
    """
    owed = debts.owed_by(user)
    require(owed > 0, "nothing_owed", _("You owe nothing."))
    return top_up(user=user, amount=min(max(owed, LEAST_TOP_UP), MOST_TOP_UP), channel=channel, at=at)


def open_charge(payment: Payment, *, title: str, back: str = "") -> str:
    """The channel's pay page for a payment that is still to be paid; outside of every transaction.

    `back` is the mall's page the channel leads to afterwards; by default that of the payment. Raises `ChannelDown` or
    `ChannelRefused`; asking again is the same charge.
    """
    if payment.pay_url:
        return payment.pay_url
    payment.pay_url = gateways.find(payment.channel).open_charge(
        number=payment.number, amount=payment.amount, title=title, back=back or payment.get_absolute_url()
    )
    Payment.objects.filter(pk=payment.pk).update(pay_url=payment.pay_url)
    return payment.pay_url


@verb
def confirm(payment: Payment, *, provider_txn: str, amount: int, at: datetime) -> str:
    """The channel took `amount` fen under its number `provider_txn`: "credited", "returned" or "repeated".

    The first charge that is right and in time is credited. A second one, a late one, one over another amount, or one
    for an order that is no longer to be paid goes to suspense and back to where it came from. A number that was
    believed before changes nothing; one that was believed for another payment is refused (`foreign_charge`).
    """
    lock(payment)
    believed = Notice.objects.filter(channel=payment.channel, provider_txn=provider_txn).first()
    if believed is not None:
        require(
            believed.payment_id == payment.pk and believed.amount == amount,
            "foreign_charge",
            _("The channel used this number for another payment."),
        )
        return REPEATED
    is_right = payment.is_open(at) and amount == payment.amount
    outcome = CREDITED if is_right and _credit(payment, provider_txn=provider_txn, at=at) else RETURNED
    notice = Notice.objects.create(
        channel=payment.channel, provider_txn=provider_txn, payment=payment, amount=amount, outcome=outcome, at=at
    )
    if outcome == RETURNED:
        _send_back(notice, at=at)
    return outcome


@verb
def lapse(payment: Payment, *, limit: str, at: datetime) -> None:
    """The time to pay is over. What still comes is sent back."""
    lock(payment)
    if payment.machine.limits.get(payment.state) != limit or not payment.is_overdue(at):
        return  # paid while this call was on its way
    enter(payment, PaymentState.EXPIRED, by=None, at=at)


def ask_channel(payment: Payment, *, at: datetime) -> list[str]:
    """Ask the channel what was paid, and confirm it; outside of every transaction. Returns the outcomes."""
    return believe(payment, gateways.find(payment.channel).charges(payment.number), at=at)


def believe(payment: Payment, charges: Iterable[Charge], *, at: datetime) -> list[str]:
    """Confirm what the channel took for a payment, each charge in a transaction of its own."""
    return [confirm(payment, provider_txn=charge.txn, amount=charge.amount, at=at) for charge in charges]


def ask_about_the_silent(*, at: datetime, most: int = 50) -> int:
    """Ask channels about charges whose notice should be there by now; returns how many had been paid after all.

    A notice may be lost for ever, and then only asking finds the money. What the channel took too late is found for a
    day, and sent back.
    """
    silent = Payment.objects.exclude(pay_url="").filter(
        state__in=[PaymentState.AWAITING, PaymentState.EXPIRED],
        entered_at__range=(at - STILL_ASKED, at - SILENCE),
    )
    found, away = 0, set()
    for payment in silent.order_by("?")[:most]:
        if payment.channel in away:
            continue
        try:
            found += sum(outcome != REPEATED for outcome in ask_channel(payment, at=at))
        except (gateways.ChannelDown, gateways.UnknownChannel):
            away.add(payment.channel)
        except (gateways.ChannelRefused, Refused) as error:
            log.warning("%s: %s", payment.address, error)
    return found


def _credit(payment: Payment, *, provider_txn: str, at: datetime) -> bool:
    """Book the charge to whom it is for; `False` if the order says no: it was cancelled or paid meanwhile."""
    try:
        with part():
            payment.provider_txn, payment.paid_at = provider_txn, at
            payment.save(update_fields=["provider_txn", "paid_at"])
            enter(
                payment,
                PaymentState.CONFIRMED,
                by=None,
                at=at,
                data={"amount": payment.amount, "provider_txn": provider_txn},
            )
            if not payment.is_top_up():
                (hooks.deposit_paid if payment.is_deposit() else hooks.order_paid)(payment, at=at)
                return True
            came_in = Move(
                f"{payment.address}:in",
                f"channel:{payment.channel}",
                f"{payment.subject}:wallet",
                payment.amount,
                Reason.TOP_UP,
                payment.address,
            )
            owed = debts.collected(payment.user, income=payment.amount, at=at)
            post_with_page([came_in, *owed], journal=came_in.key, at=at)
            return True
    except Refused as refusal:
        payment.refresh_from_db()
        note(payment, "payment.not_taken", by=None, at=at, data={"code": refusal.code})
        return False


def _send_back(notice: Notice, *, at: datetime) -> None:
    payment = notice.payment
    key = f"notice:{notice.pk}"
    came_in = Move(
        f"{key}:in",
        f"channel:{payment.channel}",
        "platform:suspense",
        notice.amount,
        Reason.FOREIGN_PAYMENT,
        payment.address,
    )
    # In one call with the payout's leg, so that no account is locked after one that sorts behind it.
    post_with_page([came_in], journal=came_in.key, at=at)
    data = {"amount": notice.amount, "provider_txn": notice.provider_txn}
    note(payment, "payment.returned", by=None, at=at, data=data)
    payouts.plan(
        under=payment.address,
        cause=payment.address,
        user=payment.user,
        legs=[("platform:suspense", notice.amount)],
        destination="channel",
        payment=payment,
        charge=notice.provider_txn,
        at=at,
        instant=True,
        key=key,
        reason=Reason.FOREIGN_PAYMENT_RETURNED,
    )
