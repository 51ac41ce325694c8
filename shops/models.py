"""Nouns of sellers: shops and their deposits. Amounts are integer fen."""

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.states import DEPOSIT, DepositState
from timeline.models import Tracked

#: Shares of the required sum, in basis points: below the first a deposit is short, below the second nothing new may be
#: listed, below the third sales stop at once (domain: Deposit).
SHORT_BELOW_BP, NO_NEW_LISTINGS_BELOW_BP, NO_SALES_BELOW_BP = 8_000, 5_000, 2_000

#: What a new shop has to deposit, in fen: ¥1,000, the base sum before category and turnover are known. Reputation hands
#: down the sum that fits them (domain: Deposit).
BASE_DEPOSIT = 100_000


class Shop(models.Model):
    """A seller's house in the mall."""

    class Level(models.TextChoices):
        S0 = "S0"
        S1 = "S1"
        S2 = "S2"
        S3 = "S3"
        S4 = "S4"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shops")
    name = models.CharField(max_length=40, unique=True)
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small letters, digits and single hyphens."))],
    )
    level = models.CharField(max_length=2, choices=Level.choices, default=Level.S0)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=["S0", "S1", "S2", "S3", "S4"]), name="shops_shop_level"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """How events name the shop: `shop:7`."""
        return f"shop:{self.pk}"

    def account(self, pocket: str) -> str:
        """The address of one of the shop's accounts: `deposit`, `reserved`, `pending`, `available`, `debt`."""
        return f"shop:{self.pk}:{pocket}"


class Deposit(Tracked):
    """A shop's security deposit (保证金): answers for refunds when escrow is gone.

    `required` is the sum in fen that reputation computes and hands down; `channel` is where it came from and goes back.
    """

    machine = DEPOSIT

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
        """Whether `user` answers for this deposit."""
        return self.shop.owner == user

    def is_visible_to(self, user: Any) -> bool:
        """Whether `user` may see the deposit line by line: the shop itself and the mall's staff."""
        return self.is_of(user) or user.is_mall_staff

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
