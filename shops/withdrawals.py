"""The story of a shop's money that leaves: name the account · withdraw · lapse. Payouts do the sending."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from ledger import brake, gateways, payouts
from ledger.accounts import balances
from ledger.models import Payout, Transfer
from ledger.states import PayoutState
from ledger.templatetags.money import yuan
from shops import hooks
from shops.models import MONEY, Payee, Shop
from shops.states import PayeeState
from timeline.door import begin, enter, lock, lock_root, require, verb
from timeline.spans import hours

#: How long a new account rests before money goes there: time for the shop to notice that it was not the one who chose.
COOLING = hours(24)
#: The limit above which two of finance let money go is for all that a shop takes within so long: a sum in parts is the
#: same sum.
TOGETHER = timedelta(hours=24)
#: The least and the most that is sent at once, in fen.
LEAST, MOST = 100, 10**10
#: An account as people write it, without blanks.
ACCOUNT = re.compile(r"[0-9A-Za-z@._-]{6,80}")


@dataclass(frozen=True)
class Purse:
    """What of a shop's money can be withdrawn, in fen: what is available, less what open cases and debts need."""

    available: int
    exposed: int
    owed: int

    @property
    def free(self) -> int:
        """What can be withdrawn now."""
        return max(0, self.available - self.exposed - self.owed)


def purse(shop: Shop) -> Purse:
    """What of the shop's money can be withdrawn now."""
    available, debt = shop.account("available"), shop.account("debt")
    held = balances([available, debt])
    owed = max(0, -held[debt]) + hooks.owed_to_buyers(shop)
    return Purse(available=held[available], exposed=hooks.exposed(shop), owed=owed)


def payee_of(shop: Shop) -> Payee | None:
    """The account to which the shop's money goes, if it has named one."""
    return shop.payees.filter(state__in=[PayeeState.COOLING, PayeeState.USABLE]).select_related("shop").first()


def sent_by(shop: Shop) -> "QuerySet[Payout]":
    """What the shop has withdrawn, to whichever account."""
    causes = [payee.address for payee in shop.payees.order_by("pk")]
    return Payout.objects.filter(cause__in=causes).select_related("user")


def taken_lately(shop: Shop, *, at: datetime) -> int:
    """The fen that the shop took within the last 24 hours, to whichever account; what came back is not counted.

    Whoever waited for the shop's lock may come with a moment before that of who had it: what is in the books counts.
    """
    lately = sent_by(shop).filter(planned_at__gt=at - TOGETHER).exclude(state=PayoutState.VOID)
    return int(lately.aggregate(sum=Sum("amount"))["sum"] or 0)


@verb
def name_account(shop: Shop, *, account: str, holder: str, by: Any, at: datetime) -> Payee:
    """The shop says where its money goes from now on; nothing is sent there for 24 hours, and never to the old one.

    `ValidationError` on `account` and `holder`. Refused: `not_your_turn`, `suspended`, `no_channel`, `same_account`.
    """
    lock_root(shop)
    _require_money(shop, by=by, at=at)
    channels = gateways.open_channels()
    require(bool(channels), "no_channel", _("No payment channel is open right now."))
    account = re.sub(r"\s", "", account)
    if not ACCOUNT.fullmatch(account):
        wrong = ValidationError(_("Write the number of the account: 6 to 80 letters and digits."), code="invalid")
        raise ValidationError({"account": wrong})
    payee = Payee(shop=shop, channel=channels[0], account=account, holder=holder.strip(), named_by=by, named_at=at)
    payee.full_clean(exclude={"shop", "state", "entered_at"})
    known = payee_of(shop)
    if known is not None:
        lock(known)
        require(known.account != account, "same_account", _("Your money goes to this account already."))
        enter(known, PayeeState.ENDED, by=by, at=at)
    begin(payee, by=by, at=at, span=COOLING, data={"channel": payee.channel, "tail": account[-4:]})
    return payee


@verb
def withdraw(shop: Shop, *, amount: int, four_eyes_above: int, key: str, by: Any, at: datetime) -> Payout:
    """The shop takes `amount` fen of what is available, once for `key`; above the limit two of finance let it go.

    The limit, in fen, is for all that the shop takes within 24 hours. The money is set aside at once. Refused:
    `not_your_turn`, `suspended`, `no_account`, `account_too_new`, `bad_amount`, `insufficient_balance`,
    `payouts_paused`.
    """
    lock_root(shop)
    _require_money(shop, by=by, at=at)
    payee = payee_of(shop)
    require(payee is not None, "no_account", _("Say first to which account the money shall go."))
    assert payee is not None  # noqa: S101 - just required
    lock(payee)
    require(
        payee.is_usable(at),
        "account_too_new",
        _("This account was named less than 24 hours ago. Until then nothing is sent there, to protect you."),
    )
    once = f"{payee.address}:{key}"
    if known := Payout.objects.filter(key=once).first():
        return known
    require(amount >= LEAST, "bad_amount", _("Withdraw at least ¥1.00."))
    brake.require_released()
    found = purse(shop)
    require(
        amount <= found.free,
        "insufficient_balance",
        _("You can withdraw %(free)s now; the rest is not settled, or open cases may need it.")
        % {"free": yuan(found.free)},
    )
    return payouts.plan(
        under=payee.address,
        cause=payee.address,
        user=by,
        legs=[(shop.account("available"), amount)],
        destination=Payout.Destination.ACCOUNT,
        payment=None,
        channel=payee.channel,
        payee=payee.account,
        is_held=taken_lately(shop, at=at) + amount > four_eyes_above,
        at=at,
        instant=False,
        key=once,
        reason=Transfer.Reason.WITHDRAWAL,
    )


@verb
def lapse(payee: Payee, *, limit: str, at: datetime) -> None:
    """A new account has rested: money may go there."""
    lock(payee)
    if payee.machine.limits.get(payee.state) != limit or not payee.is_overdue(at):
        return  # another account was named while this call was on its way
    enter(payee, PayeeState.USABLE, by=None, at=at)


def is_on_its_way(payout: Payout) -> bool:
    """Whether a withdrawal has neither arrived nor come back."""
    return payout.state not in {PayoutState.PAID, PayoutState.VOID}


def is_in_a_person_s_hands(payout: Payout) -> bool:
    """Whether people of the mall's finance must see to a withdrawal."""
    return bool(payout.state == PayoutState.MANUAL)


def alone(shop: Shop, *, four_eyes_above: int, at: datetime) -> int:
    """How many fen the shop may take now without anybody of finance looking at it."""
    return max(0, four_eyes_above - taken_lately(shop, at=at))


def _require_money(shop: Shop, *, by: Any, at: datetime) -> None:
    require(shop.may(by, MONEY), "not_your_turn", _("Only the shop's people of finance do this."))
    require(not by.is_suspended(at), "suspended", _("You are suspended: you cannot withdraw for now."))
