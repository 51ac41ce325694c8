"""The story of a shop and its deposit: open · ask to pay · pay in · require · penalize · close · reopen · lapse."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_lazy as _

from ledger import payments, payouts
from ledger.accounts import balances
from ledger.models import Account, Payment, Payout
from ledger.transfers import Reason, transfer
from rulebook import clocks
from shops import hooks
from shops.models import SHORT_BELOW_BP, STAFF, Deposit, Sanction, Shop
from shops.states import DepositState, PayeeState, SanctionState
from timeline.door import begin, enter, lock, note, rearm, require, verb
from timeline.spans import deadline

#: What may be paid in at once, in fen.
LEAST_PAID_IN, MOST_PAID_IN = 100, 50_000_000
#: How long a closed shop whose quiet time is not quiet waits until somebody looks again.
LOOK_AGAIN = timedelta(days=1)
#: What a shop must deposit is computed once a day while it is open: whoever was closed for longer has missed that.
SIZED_EVERY = timedelta(days=1)


@verb
def open_shop(*, owner: Any, name: str, slug: str, required: int, at: datetime) -> Shop:
    """A seller opens a shop; it may list and sell once its deposit of `required` fen is in place."""
    shop = Shop(owner=owner, name=name, slug=slug, opened_at=at)
    shop.full_clean()
    shop.save(force_insert=True)
    begin(Deposit(shop=shop, required=required), by=owner, at=at)
    return shop


@verb
def pay_in(deposit: Deposit, *, amount: int, channel: str, by: Any, at: datetime, key: str) -> None:
    """The shop pays `amount` fen of deposit through `channel`, once for the payment's `key`."""
    lock(deposit)
    require(deposit.is_of(by), "not_your_turn", _("Only the shop pays its deposit."))
    _take_in(deposit, amount=amount, channel=channel, by=by, at=at, key=key)


@verb
def ask_to_pay(deposit: Deposit, *, amount: int, channel: str, by: Any, at: datetime) -> Payment:
    """The shop wants to pay `amount` fen of deposit by `channel`: a payment that waits for the channel.

    Refused: `not_your_turn`, `deposit_closing`, `bad_amount`.
    """
    lock(deposit)
    require(deposit.is_of(by), "not_your_turn", _("Only the shop pays its deposit."))
    require(deposit.is_open(), "deposit_closing", _("The shop is closing; nothing can be paid in any more."))
    require(
        LEAST_PAID_IN <= amount <= MOST_PAID_IN,
        "bad_amount",
        _("Pay at least ¥1.00 and at most ¥500,000.00 at a time."),
    )
    span = clocks.span("ORDER_PAY", at=at)
    return payments.ask(user=by, subject=deposit.address, amount=amount, channel=channel, span=span, at=at)


@verb
def paid_by_channel(payment: Payment, *, at: datetime) -> None:
    """A channel says that the deposit's charge came in; the ledger has checked that it is ours, in time and in full.

    It counts also if whoever asked for it has left the shop meanwhile.
    """
    deposit = Deposit.objects.select_related("shop").get(pk=int(payment.subject.removeprefix("deposit:")))
    lock(deposit)
    key = f"{payment.address}:in"
    _take_in(deposit, amount=payment.amount, channel=payment.channel, by=payment.user, at=at, key=key)


def _take_in(deposit: Deposit, *, amount: int, channel: str, by: Any, at: datetime, key: str) -> None:
    """Book what a channel took for a locked deposit, once for `key`, and see whether it is enough."""
    require(deposit.is_open(), "deposit_closing", _("The shop is closing; nothing can be paid in any more."))
    posted = transfer(
        source=f"channel:{channel}",
        target=deposit.shop.account("deposit"),
        amount=amount,
        reason=Reason.DEPOSIT_PAID,
        subject=deposit.address,
        key=key,
        at=at,
    )
    if not posted.is_new:
        return
    note(deposit, "deposit.paid_in", by=by, at=at, data={"amount": amount, "channel": channel})
    Deposit.objects.filter(pk=deposit.pk).update(channel=channel)
    weigh(deposit, at=at)


@verb
def set_required(deposit: Deposit, *, required: int, at: datetime) -> None:
    """Reputation hands down a new required sum in fen (rules: deposit sizing)."""
    lock(deposit)
    if _require_anew(deposit, required, at=at):
        weigh(deposit, at=at)


def _require_anew(deposit: Deposit, required: int, *, at: datetime) -> bool:
    """A locked deposit must come to `required` fen from now on; returns whether it was another sum before."""
    if required == deposit.required:
        return False
    note(deposit, "deposit.required_changed", by=None, at=at, data={"before": deposit.required, "after": required})
    deposit.required = required
    deposit.save(update_fields=["required"])
    return True


@verb
def penalize(deposit: Deposit, *, amount: int, reason: str, by: Any, at: datetime, key: str) -> None:
    """A penalty of `amount` fen goes from the deposit to the guarantee fund; staff only, with a reason."""
    lock(deposit)
    require(by.has_role("risk"), "not_your_turn", _("Only the mall's staff can impose a penalty."))
    held = balances([deposit.shop.account("deposit")])[deposit.shop.account("deposit")]
    require(0 < amount <= held, "deposit_too_small", _("A penalty is more than nothing and at most the free deposit."))
    posted = transfer(
        source=deposit.shop.account("deposit"),
        target="platform:fund",
        amount=amount,
        reason=Reason.PENALTY,
        subject=deposit.address,
        key=key,
        at=at,
    )
    if not posted.is_new:
        return
    note(deposit, "deposit.penalized", by=by, at=at, data={"amount": amount, "reason": reason})
    weigh(deposit, at=at)


@verb
def close(deposit: Deposit, *, by: Any, at: datetime) -> None:
    """The shop stops selling; its deposit answers for a quiet time and is then returned."""
    lock(deposit)
    require(deposit.shop.may(by, STAFF), "not_your_turn", _("Only the owner can close the shop."))
    require(
        deposit.machine.allows(deposit.state, DepositState.CLOSING),
        "wrong_moment",
        _("The shop cannot be closed now: it is closing, closed, or never paid a deposit."),
    )
    enter(deposit, DepositState.CLOSING, by=by, at=at, span=clocks.span("DEPOSIT_QUIET", at=at))


@verb
def reopen(deposit: Deposit, *, by: Any, at: datetime) -> None:
    """The shop thinks better of closing before its quiet time ends, and goes on with the deposit that is there.

    What it must deposit is computed anew if it was closed for longer than a day, for nobody pressed it meanwhile. Where
    less than its share is left, sales stay suspended until it is filled up: closing and coming back is no way round the
    clock of a short deposit. What else stops its sales goes on stopping them (`what_stops_sales`). What the mall closed
    stays closed. Refused: `not_your_turn`, `wrong_moment`, `closed_by_the_mall`.
    """
    lock(deposit)
    require(deposit.shop.may(by, STAFF), "not_your_turn", _("Only the owner can open the shop again."))
    require(
        deposit.state == DepositState.CLOSING and not deposit.is_overdue(at),
        "wrong_moment",
        _("There is no closing that could be taken back."),
    )
    require(not was_closed(deposit.shop), "closed_by_the_mall", _("The mall closed this shop. It does not sell again."))
    if deposit.entered_at + SIZED_EVERY <= at:
        _require_anew(deposit, hooks.required(deposit.shop, at=at), at=at)
    if deposit.share_bp(held_by(deposit)) < SHORT_BELOW_BP:
        suspension = clocks.span("SUSPEND", at=at)
        enter(deposit, DepositState.SUSPENDED, by=by, at=at, span=suspension, event="deposit.reopened_short")
    else:
        sells = deposit.shop.may_take_orders(at) and not by.is_suspended(at)  # only the owner reopens
        enter(
            deposit,
            DepositState.ACTIVE,
            by=by,
            at=at,
            event="deposit.reopened" if sells else "deposit.reopened_stopped",
        )


def may_reopen(deposit: Deposit, user: Any, at: datetime) -> bool:
    """Whether `user` can take the closing of this shop back now."""
    is_closing = deposit.state == DepositState.CLOSING and not deposit.is_overdue(at)
    return is_closing and deposit.shop.may(user, STAFF) and not was_closed(deposit.shop)


def what_stops_sales(deposit: Deposit, *, held: int, at: datetime) -> list[str]:
    """Everything that keeps a shop with `held` fen of deposit from selling at `at`; empty while it may sell.

    `closed`: it is closing or closed. `step`: a step of the mall. `licence`: a paper that has run out. `owner`: its
    owner is suspended. `deposit`: too little of the required sum is there.
    """
    shop = deposit.shop
    if not deposit.is_open():
        return ["closed"]
    found = {
        "step": shop.no_sales_until is not None and shop.no_sales_until > at,
        "licence": not shop.is_licensed(at),
        "owner": shop.owner.is_suspended(at),
        "deposit": not deposit.may_sell(held),
    }
    return [name for name, stops in found.items() if stops]


def missing(deposit: Deposit, held: int) -> int:
    """How many fen more put a deposit of which `held` are there in place."""
    return max(0, -(-deposit.required * SHORT_BELOW_BP // 10_000) - held)


def was_closed(shop: Shop) -> bool:
    """Whether the mall closed the shop for good: a step of the ladder that was carried out."""
    return shop.sanctions.filter(step=Sanction.Step.CLOSING, state=SanctionState.OVER).exists()


@verb
def lapse(deposit: Deposit, *, limit: str, at: datetime) -> None:
    """A clock ran out: a short deposit suspends sales, a suspension is looked at again, a quiet time ends."""
    lock(deposit)
    if deposit.machine.limits.get(deposit.state) != limit or not deposit.is_overdue(at):
        return  # answered while this call was on its way
    if deposit.state == DepositState.SHORT:
        enter(deposit, DepositState.SUSPENDED, by=None, at=at, span=clocks.span("SUSPEND", at=at))
    elif deposit.state == DepositState.SUSPENDED:
        reason = {"reason": "the deposit is still short"}
        enter(deposit, DepositState.SUSPENDED, by=None, at=at, span=clocks.span("SUSPEND", at=at), data=reason)
    elif _still_answers(deposit):
        _give_back_what_is_undisputed(deposit, at=at)
        rearm(deposit, at + LOOK_AGAIN, at=at)
    elif until := _quiet_until(deposit, at=at):
        rearm(deposit, until, at=at)
    else:
        give_back(deposit, at=at)


def _quiet_until(deposit: Deposit, *, at: datetime) -> datetime | None:
    """Until when the quiet time goes on, for it stands still while a case is open; nothing once it is over."""
    is_open, taken = hooks.case_time(deposit.shop, deposit.entered_at, at)
    ends_at = deadline(clocks.span("DEPOSIT_QUIET", at=deposit.entered_at), deposit.entered_at) + taken
    if is_open:
        return max(ends_at, at + LOOK_AGAIN)
    return ends_at if ends_at > at else None


def _still_answers(deposit: Deposit) -> bool:
    """Whether an open case has something set aside, or the shop owes somebody: then the quiet time is not over."""
    reserved = deposit.shop.account("reserved")
    return bool(balances([reserved])[reserved]) or _owes(deposit.shop)


def _owes(shop: Shop) -> bool:
    """Whether the shop owes the guarantee fund, or buyers whom nobody could pay all that they were awarded."""
    debt = shop.account("debt")
    return bool(balances([debt])[debt]) or hooks.owed_to_buyers(shop) > 0


def _give_back_what_is_undisputed(deposit: Deposit, *, at: datetime) -> None:
    """The free part goes back before the rest, as long as the shop owes nothing."""
    if not _owes(deposit.shop) and (amount := _send_back(deposit, key=f"returned:{at.isoformat()}", at=at)):
        note(deposit, "deposit.partly_returned", by=None, at=at, data={"amount": amount})


def give_back(deposit: Deposit, *, at: datetime) -> None:
    """What is left of the deposit goes back: to the shop's account outside, else the way it came."""
    amount = _send_back(deposit, key="returned", at=at)
    enter(deposit, DepositState.RETURNED, by=None, at=at, data={"amount": amount})


def _send_back(deposit: Deposit, *, key: str, at: datetime) -> int:
    """Send the free part of the deposit away; returns how many fen that are."""
    account = deposit.shop.account("deposit")
    left = balances([account])[account]
    payee = deposit.shop.payees.filter(state=PayeeState.USABLE).first()
    if left and payee:
        lock(payee)
        payouts.plan(
            under=payee.address,
            cause=deposit.address,
            user=deposit.shop.owner,
            legs=[(account, left)],
            destination=Payout.Destination.ACCOUNT,
            payment=None,
            channel=payee.channel,
            payee=payee.account,
            at=at,
            instant=False,
            key=f"{deposit.address}:{key}",
            reason=Reason.DEPOSIT_RETURNED,
        )
    elif left:
        transfer(
            source=account,
            target=f"channel:{deposit.channel}:out",
            amount=left,
            reason=Reason.DEPOSIT_RETURNED,
            subject=deposit.address,
            key=f"{deposit.address}:{key}",
            at=at,
        )
    return left


@verb
def reweigh(deposit: Deposit, *, at: datetime) -> None:
    """A case drew on the deposit under its order's lock; the shop's own lock is taken here, a moment later."""
    lock(deposit)
    weigh(deposit, at=at)


def drawn_down(most: int = 200) -> list[Deposit]:
    """Deposits that look in place, but hold less than their share: somebody drew on them since they were weighed."""
    pockets = Account.objects.filter(
        address__in=[
            Concat(Value("shop:"), Cast(OuterRef("shop_id"), CharField()), Value(f":{name}"))
            for name in ("deposit", "reserved")
        ]
    )
    held = pockets.order_by().values(all=Value(1)).annotate(sum=Sum("balance")).values("sum")
    found = Deposit.objects.filter(state=DepositState.ACTIVE).annotate(held=Coalesce(Subquery(held), Value(0)))
    return list(
        found.filter(held__lt=F("required") * SHORT_BELOW_BP / 10_000).select_related("shop").order_by("pk")[:most]
    )


def weigh(deposit: Deposit, *, at: datetime) -> None:
    """Compare what is held with what is required, and move a locked deposit where it belongs."""
    short = deposit.share_bp(held_by(deposit)) < SHORT_BELOW_BP
    if deposit.state == DepositState.ACTIVE and short:
        enter(deposit, DepositState.SHORT, by=None, at=at, span=clocks.span("DEPOSIT_TOP_UP", at=at))
    elif deposit.state in {DepositState.UNPAID, DepositState.SHORT, DepositState.SUSPENDED} and not short:
        enter(deposit, DepositState.ACTIVE, by=None, at=at)


def held_by(deposit: Deposit) -> int:
    """What answers for the shop, in fen: the free deposit and what is reserved for open cases."""
    return sum(balances([deposit.shop.account("deposit"), deposit.shop.account("reserved")]).values())
