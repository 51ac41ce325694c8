"""A shop's deposit, and the account outside to which its money goes. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Role
from shops.models.shops import BOOKS, MONEY, Shop
from shops.models.words import visible
from shops.states import DEPOSIT, PAYEE, DepositState, PayeeState
from timeline.models import Tracked

#: Shares of the required sum, in basis points: below the first a deposit is short, below the second nothing new may be
#: listed, below the third sales stop at once (domain: Deposit).
SHORT_BELOW_BP, NO_NEW_LISTINGS_BELOW_BP, NO_SALES_BELOW_BP = 8_000, 5_000, 2_000

#: What a new shop has to deposit, in fen: ¥1,000, the base sum before category and turnover are known. Reputation hands
#: down the sum that fits them (domain: Deposit).
BASE_DEPOSIT = 100_000

#: Roles of staff that see every shop's money line by line.
SEEING_MONEY = frozenset({Role.FINANCE, Role.RISK, Role.LEAD, Role.AUDITOR})


class Deposit(Tracked):
    """A shop's security deposit (保证金): answers for refunds when escrow is gone.

    `required` is the sum in fen that reputation computes and hands down; `channel` is where it came from and goes back.
    """

    machine = DEPOSIT
    root_by = "shop"
    scopes = {"shop": "shop__slug"}

    shop = models.OneToOneField(Shop, on_delete=models.PROTECT, related_name="deposit")
    required = models.BigIntegerField()
    channel = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            DEPOSIT.constraint("shops_deposit_state"),
            models.CheckConstraint(condition=models.Q(required__gt=0), name="shops_deposit_required"),
        ]

    def root(self) -> models.Model:
        """Everything about a shop is under the shop's lock."""
        return self.shop

    def is_of(self, user: object) -> bool:
        """Whether `user` pays this deposit for the shop."""
        return self.shop.may(user, MONEY)

    def is_visible_to(self, user: Any) -> bool:
        """Whether `user` may see the shop's money line by line: its own people of money, and the mall's.

        Who hears cases sees what a case needs of it in the case; the rest is none of theirs.
        """
        return self.shop.may(user, BOOKS) or bool(user.roles & SEEING_MONEY)

    def get_absolute_url(self) -> str:
        """The deposit line by line."""
        return reverse("shops:deposit", args=[self.shop.slug])

    def is_open(self) -> bool:
        """Whether the shop may still pay in: it is neither closing nor gone."""
        return self.state not in {DepositState.CLOSING, DepositState.RETURNED}

    def share_bp(self, held: int) -> int:
        """How much of the required sum `held` fen are, in basis points."""
        return held * 10_000 // self.required

    def may_list(self, held: int) -> bool:
        """Whether the shop may list something new while `held` fen are there."""
        return (
            self.state in {DepositState.ACTIVE, DepositState.SHORT} and self.share_bp(held) >= NO_NEW_LISTINGS_BELOW_BP
        )

    def may_sell(self, held: int) -> bool:
        """Whether the shop may sell while `held` fen are there."""
        return self.state in {DepositState.ACTIVE, DepositState.SHORT} and self.share_bp(held) >= NO_SALES_BELOW_BP


class Payee(Tracked):
    """The account outside to which a shop's money goes. A new one rests for a day before anything is sent there.

    Its own root: what is sent there is under its lock.
    """

    machine = PAYEE
    read_with = ("shop",)

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="payees")
    channel = models.CharField(max_length=20)
    account = models.CharField(max_length=80, help_text="as the channel knows it; shown with its last four signs only")
    holder = models.CharField(max_length=60, validators=[visible])
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()

    class Meta:
        constraints = [
            PAYEE.constraint("shops_payee_state"),
            models.UniqueConstraint(
                fields=["shop"], condition=Q(state__in=["cooling", "usable"]), name="shops_payee_one_at_a_time"
            ),
        ]

    def __repr__(self) -> str:
        return f"<Payee {self.pk}>"

    @property
    def number(self) -> str:
        """What is shown of the account."""
        return f"…{self.account[-4:]}"

    def get_absolute_url(self) -> str:
        """The shop's withdrawals."""
        return reverse("shops:withdrawals", args=[self.shop.slug])

    def is_usable(self, at: datetime) -> bool:
        """Whether money may be sent there at `at`."""
        return self.state == PayeeState.USABLE or (self.state == PayeeState.COOLING and self.is_overdue(at))
