"""The story of money that goes back: plan · run (claim · ask · send · record) · lapse · retry · pay to wallet · void.

The decision posts every leg; the channel's confirmation only moves `channel:out → channel`. The runner may run any
number of times, in parallel, or be killed anywhere: it asks the channel before it sends, always under the same number.
While the payout brake is on, decisions are booked as ever and what is planned waits: nothing is sent, nothing fails.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger import brake, gateways, hooks
from ledger.gateways import ChannelDown, ChannelRefused, RefundAnswer, RefundState, UnknownChannel
from ledger.models import OUTSIDE, Payment, Payout, PayoutLeg
from ledger.states import PayoutState
from ledger.transfers import Move, Reason, post_with_page, transfer
from timeline import numbers, page
from timeline.door import begin, change, enter, lock, note, rearm, require, verb

log = logging.getLogger(__name__)

#: How long to wait before each further try; after the last of them a person takes over.
BACK_OFF = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
]
#: A runner that was killed between claiming and recording leaves its payout to others after this.
LEASE = timedelta(minutes=2)
#: How long the clock of a payout is put off, again and again, while the payout brake is on.
PUT_OFF = timedelta(hours=1)

Proposal = Payout.Proposal
CONFIRMED = Reason.PAYOUT_CONFIRMED


def plan(
    *,
    under: str,
    cause: str,
    user: Any,
    legs: Sequence[tuple[str, int]],
    destination: str,
    payment: Payment | None,
    at: datetime,
    instant: bool,
    key: str,
    charge: str = "",
    payee: str = "",
    channel: str = "",
    is_held: bool = False,
    reason: str = Reason.REFUND,
    rulebook: str = "",
    is_done: bool = False,
) -> Payout:
    """Pay `legs` (source address, fen) to `user`, once for `key`; in the transaction of the decision, its root locked.

    `wallet`: the money is there at once, and whoever planned it goes on from there. `channel`: it is on its way, and
    the runner sends it to the charge it came from (`payment`, or another one's number in `charge`). `account`: the
    runner sends it by `channel` to `payee`. The sum of the legs is the payout. One that `is_held` is set aside at once
    and sent when two people of finance say so. `rulebook` is the version that its order is pinned to; without one, the
    version in force counts. What `is_done` the channel has paid back on its own account: it is booked, never sent.
    """
    goes_out = destination != Payout.Destination.WALLET
    goes_to_channel = destination == Payout.Destination.CHANNEL
    if goes_to_channel and payment is None:
        raise ValueError("Money goes back to a channel only to the payment it came from.")
    payout = Payout(
        number=numbers.new("B", at),
        key=key,
        under=under,
        cause=cause,
        user=user,
        amount=sum(amount for _source, amount in legs),
        destination=destination,
        channel=payment.channel if payment and goes_to_channel else channel,
        payment=payment,
        charge=charge or (payment.provider_txn if payment else "") if goes_to_channel else "",
        payee=payee,
        is_instant=instant,
        planned_at=at,
        next_try_at=at if goes_out and not is_done else None,
    )
    span = hooks.span("PAYOUT", "instant" if instant else "normal", version=rulebook, at=at)
    data = {"amount": payout.amount, "cause": cause, "destination": destination}
    if not begin(payout, by=None, at=at, span=span, data=data, unless_there=True):
        return Payout.objects.get(key=key)
    kept = [
        PayoutLeg(payout=payout, source=source, amount=amount, key=f"{key}:leg:{place}")
        for place, (source, amount) in enumerate(legs, start=1)
    ]
    page.insert(kept)
    target = _out(payout) if goes_out else _wallet(payout)
    moves = [Move(leg.key, leg.source, target, leg.amount, reason, cause) for leg in kept]
    if is_done:
        gone = Move(f"{payout.address}:confirmed", target, f"channel:{payout.channel}", payout.amount, CONFIRMED, cause)
        moves.append(gone)
    post_with_page(moves, journal=payout.address, at=at)
    if is_done or not goes_out:
        _mark_paid(payout, by=None, at=at)
    elif is_held:
        _hand_over(payout, "above the limit: two people of finance let it go", at=at)
    return payout


def run(*, at: datetime, most: int = 100) -> int:
    """Send what is due, each payout on its own; returns how many arrived. Not inside a transaction.

    A channel that is away is not asked again in this run, so that its payouts do not hold up those of others; one
    payout that fails never blocks the rest. Nothing is sent while the payout brake is on.
    """
    arrived = 0
    away: set[str] = set()
    for pk, channel in list(Payout.objects.due(at).values_list("pk", "channel")[:most]):
        if channel in away:
            continue
        try:
            payout = _claim(pk, at=at)
            if payout is None:
                continue  # another runner was faster, or the brake is on
            with brake.paying() as may_pay:
                if not may_pay:
                    break  # raised since the claim: the lease ends by itself, and the payout waits
                answer = _ask_and_send(payout)
            if answer is None:
                away.add(channel)
            arrived += _record(payout, answer or RefundAnswer(RefundState.FAILED, "no answer"), at=at)
        except Exception:
            log.exception("payout %s could not be sent", pk)
    return arrived


@verb
def lapse(payout: Payout, *, limit: str, at: datetime) -> None:
    """A payout that was promised and not even tried: an alarm, and a person takes over."""
    lock(payout)
    if payout.machine.limits.get(payout.state) != limit or not payout.is_overdue(at):
        return  # sent while this call was on its way
    if brake.is_raised():
        rearm(payout, at + PUT_OFF, at=at)
        note(payout, "payout.put_off", by=None, at=at, data={"until": (at + PUT_OFF).isoformat()})
        return
    log.critical("payout %s was not sent in time", payout.number)
    note(payout, "payout.alarm", by=None, at=at, data={"amount": payout.amount, "cause": payout.cause})
    _hand_over(payout, "not sent in time", at=at)


@verb
def done_outside(payout: Payout, amount: int, *, reference: str, at: datetime, rulebook: str) -> Payout:
    """The channel has paid `amount` fen of a payout on its own account, under its number `reference`.

    Ours is void; what the channel paid stands in its place and is never sent, and what is left of ours is planned anew.
    Returns the payout that the decision now waits for: the one over the rest, or, if there is none, the one that is
    done. Refused: `being_sent` while ours is with the channel.
    """
    lock(payout)
    require(
        payout.state in {PayoutState.PLANNED, PayoutState.RETRYING, PayoutState.MANUAL},
        "being_sent",
        _("Our own refund is with the channel at this moment. Book it once the channel has answered."),
    )
    told: dict[str, Any] = {
        "under": payout.under,
        "cause": payout.cause,
        "user": payout.user,
        "destination": payout.destination,
        "payment": payout.payment,
        "charge": payout.charge,
        "instant": payout.is_instant,
        "rulebook": rulebook,
        "at": at,
    }
    legs = list(payout.legs.order_by("pk"))
    theirs, ours = _in_two([(leg.source, leg.amount) for leg in legs], amount)
    # First all comes back to its sources, so that one call books it and what goes out again, in this order.
    _post_back(payout, legs, at=at)
    rest = plan(legs=ours, key=f"{payout.key}:after:{reference}", **told) if ours else None
    done = plan(legs=theirs, key=f"{payout.cause}{OUTSIDE}{reference}", is_done=True, **told)
    if payout.state == PayoutState.RETRYING:
        _hand_over(payout, f"paid by the channel: {reference}", at=at)
    _settle_proposal(payout)
    _be_void(payout, by=None, at=at)
    return rest or done


def ask_once_more(payout: Payout, *, at: datetime) -> None:
    """Before anything else counts as its payment, the channel is asked about a payout that was perhaps sent.

    What it has paid is recorded. In no transaction. Refused: `channel_silent`.
    """
    answer = _asked(payout)
    if answer.state == RefundState.DONE:
        with transaction.atomic():
            lock(payout)
            if payout.state == PayoutState.RETRYING:
                _hand_over(payout, "paid after all", at=at)
            if payout.state == PayoutState.MANUAL:
                _settle_proposal(payout)
                _confirmed(payout, at=at)
    _require_told(answer)


@verb
def retry(payout: Payout, *, by: Any, at: datetime) -> bool:
    """Finance wants it sent again; a second person says yes by the same verb. Returns whether it is agreed.

    Refused (`payouts_paused`) while the payout brake is on.
    """
    lock(payout)
    _require_finance(payout, by)
    brake.require_released()
    if not _is_seconded(payout, Proposal.RETRY, by=by, at=at):
        return False
    _settle_proposal(payout, tries=0, next_try_at=at)
    enter(payout, PayoutState.SENDING, by=by, at=at, event="payout.sent_again")
    return True


def pay_to_wallet(payout: Payout, *, by: Any, at: datetime) -> bool:
    """The way back is closed for good: finance pays it to the balance instead, two people, the channel asked first."""
    require(
        not payout.is_withdrawal(),
        "not_a_refund",
        _("A shop's money goes back to the shop, not to somebody's balance."),
    )
    _require_unpaid(payout, by=by, at=at)
    with transaction.atomic():
        lock(payout)
        if not _is_seconded(payout, Proposal.WALLET, by=by, at=at):
            return False
        transfer(
            source=_out(payout),
            target=_wallet(payout),
            amount=payout.amount,
            reason=Reason.REFUND,
            subject=payout.cause,
            key=f"{payout.address}:to_wallet",
            at=at,
        )
        _settle_proposal(payout)
        _arrive(payout, by=by, at=at, event="payout.paid_to_wallet")
    return True


def void(payout: Payout, *, by: Any, at: datetime) -> bool:
    """Finance takes it back, every leg to where it came from: two people, the channel asked first.

    What a refund decided is owed and cannot be taken back; it can only be paid in another way.
    """
    _require_unpaid(payout, by=by, at=at)
    with transaction.atomic():
        lock(payout)
        require(not payout.is_owed(), "still_owed", _("This is owed. Pay it to the balance instead."))
        if not _is_seconded(payout, Proposal.VOID, by=by, at=at):
            return False
        _settle_proposal(payout)
        _take_back(payout, by=by, at=at)
    return True


def _take_back(payout: Payout, *, by: Any, at: datetime) -> None:
    """Every leg goes back to where it came from."""
    _post_back(payout, list(payout.legs.order_by("pk")), at=at)
    _be_void(payout, by=by, at=at)


def _post_back(payout: Payout, legs: Sequence[PayoutLeg], *, at: datetime) -> None:
    moves = [
        Move(f"{leg.key}:void", _out(payout), leg.source, leg.amount, Reason.PAYOUT_VOID, payout.cause) for leg in legs
    ]
    post_with_page(moves, journal=f"{payout.address}:void", at=at)


def _be_void(payout: Payout, *, by: Any, at: datetime) -> None:
    change(payout, next_try_at=None)
    enter(payout, PayoutState.VOID, by=by, at=at, data={"amount": payout.amount, "error": payout.last_error})


# The runner's steps


@verb
def _claim(pk: int, *, at: datetime) -> Payout | None:
    """Take a payout for this runner, unless another one was faster: from now on the state says that it may be sent."""
    payout = Payout.objects.get(pk=pk)
    lock(payout)
    if payout.next_try_at is None or payout.next_try_at > at:
        return None
    if payout.state not in {PayoutState.PLANNED, PayoutState.SENDING, PayoutState.RETRYING}:
        return None
    if brake.is_raised():
        return None
    payout.tries += 1
    payout.next_try_at = at + LEASE
    payout.save(update_fields=["tries", "next_try_at"])
    if payout.state != PayoutState.SENDING:
        enter(payout, PayoutState.SENDING, by=None, at=at, data={"try": payout.tries})
    return payout


def _ask_and_send(payout: Payout) -> RefundAnswer | None:
    """Ask the channel what it knows of our number, and send only what it neither paid nor has under way.

    Nothing is returned where the channel gave no answer: then nobody knows, and the next try begins by asking.
    """
    try:
        channel = gateways.find(payout.channel)
        answer = _known_of(payout)
        if answer.state in {RefundState.DONE, RefundState.PENDING}:
            return answer
        if payout.goes_to_account():
            return channel.pay_out(number=payout.number, payee=payout.payee, amount=payout.amount)
        answer = channel.refund(number=payout.number, txn=payout.charge, amount=payout.amount)
    except (ChannelDown, UnknownChannel) as error:
        log.warning("channel %s gave no answer about %s: %s", payout.channel, payout.number, error)
        return None
    except ChannelRefused as refusal:
        return RefundAnswer(RefundState.REFUSED, str(refusal))
    return answer


def _known_of(payout: Payout) -> RefundAnswer:
    """What the channel knows of our number."""
    channel = gateways.find(payout.channel)
    return channel.find_payout(payout.number) if payout.goes_to_account() else channel.find_refund(payout.number)


@verb
def _record(claimed: Payout, answer: RefundAnswer, *, at: datetime) -> bool:
    """Write down what the channel said; returns whether the money has arrived.

    A confirmation counts whoever brings it; a failure only if no other runner has claimed the payout since.
    """
    payout = Payout.objects.get(pk=claimed.pk)
    lock(payout)
    if payout.state != PayoutState.SENDING:
        return False
    if answer.state == RefundState.DONE:
        _confirmed(payout, at=at)
        return True
    if payout.tries != claimed.tries:
        return False
    payout.last_error = answer.reason or answer.state.value
    payout.save(update_fields=["last_error"])
    if answer.state == RefundState.REFUSED and payout.is_withdrawal():
        _take_back(payout, by=None, at=at)  # the channel said no for good: nobody waits for what is simply theirs again
        return False
    if answer.state == RefundState.REFUSED or payout.tries > len(BACK_OFF):
        _hand_over(payout, payout.last_error, at=at)
        return False
    payout.next_try_at = at + BACK_OFF[payout.tries - 1]
    payout.save(update_fields=["next_try_at"])
    enter(payout, PayoutState.RETRYING, by=None, at=at, data={"try": payout.tries, "error": payout.last_error})
    return False


def _confirmed(payout: Payout, *, at: datetime) -> None:
    transfer(
        source=_out(payout),
        target=f"channel:{payout.channel}",
        amount=payout.amount,
        reason=Reason.PAYOUT_CONFIRMED,
        subject=payout.cause,
        key=f"{payout.address}:confirmed",
        at=at,
    )
    _arrive(payout, by=None, at=at)


def _arrive(payout: Payout, *, by: Any, at: datetime, event: str = "") -> None:
    """The money is where it was to go, and who waits for it hears of it."""
    _mark_paid(payout, by=by, at=at, event=event)
    if payout.is_of_refund():
        hooks.payout_paid(payout, at=at)


def _mark_paid(payout: Payout, *, by: Any, at: datetime, event: str = "") -> None:
    change(payout, paid_at=at, next_try_at=None)
    enter(payout, PayoutState.PAID, by=by, at=at, event=event, data={"amount": payout.amount})


def _hand_over(payout: Payout, error: str, *, at: datetime) -> None:
    payout.next_try_at, payout.last_error = None, error
    payout.save(update_fields=["next_try_at", "last_error"])
    enter(payout, PayoutState.MANUAL, by=None, at=at, data={"error": error})


# Four eyes


def _is_seconded(payout: Payout, proposal: Proposal, *, by: Any, at: datetime) -> bool:
    """Whether `by` is the second person for `proposal`; the first one's word is noted. Another proposal replaces it."""
    _require_finance(payout, by)
    if payout.proposal != proposal:
        payout.proposal, payout.proposed_by = proposal, by
        payout.save(update_fields=["proposal", "proposed_by"])
        note(payout, "payout.proposed", by=by, at=at, data={"proposal": str(proposal)})
        return False
    require(
        payout.proposed_by_id != by.pk, "second_person", _("You proposed this yourself: a second person must agree.")
    )
    note(payout, "payout.agreed", by=by, at=at, data={"proposal": str(proposal), "with": payout.proposed_by_id})
    return True


def _require_finance(payout: Payout, by: Any) -> None:
    require(by.has_role("finance"), "not_your_turn", _("Only finance decides about a payout."))
    require(payout.state == PayoutState.MANUAL, "wrong_moment", _("This payout is not in a person's hands (any more)."))


def _require_unpaid(payout: Payout, *, by: Any, at: datetime) -> None:
    """Only what the channel surely did not pay may go another way; what it did pay is recorded. In no transaction."""
    _require_finance(payout, by)
    answer = _asked(payout)
    if answer.state == RefundState.DONE:
        with transaction.atomic():
            lock(payout)
            if payout.state == PayoutState.MANUAL:
                _settle_proposal(payout)
                _confirmed(payout, at=at)
    require(answer.state != RefundState.DONE, "already_paid", _("The channel has paid this after all. It is recorded."))
    _require_told(answer)


def _asked(payout: Payout) -> RefundAnswer:
    """What the channel says of our number; while it is silent, nobody knows."""
    try:
        return _known_of(payout)
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s gave no answer about %s: %s", payout.channel, payout.number, error)
        return RefundAnswer(RefundState.PENDING)


def _require_told(answer: RefundAnswer) -> None:
    require(
        answer.state != RefundState.PENDING,
        "channel_silent",
        _("The channel does not say whether it has paid. Until it does, the money goes nowhere else."),
    )


def _settle_proposal(payout: Payout, **also: Any) -> None:
    for name, value in {"proposal": "", "proposed_by": None, **also}.items():
        setattr(payout, name, value)
    payout.save(update_fields=["proposal", "proposed_by", *also])


def _in_two(legs: Sequence[tuple[str, int]], first: int) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """The legs that make up the first so many fen, and the rest."""
    one, other = [], []
    for source, amount in legs:
        part = min(amount, first)
        first -= part
        one += [(source, part)] if part else []
        other += [(source, amount - part)] if amount > part else []
    return one, other


def _out(payout: Payout) -> str:
    return f"channel:{payout.channel}:out"


def _wallet(payout: Payout) -> str:
    return f"user:{payout.user_id}:wallet"
