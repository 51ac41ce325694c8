"""Nouns of money: accounts, transfers, postings. Only `ledger/sql/post_transfers.sql` writes them.

Amounts are integer fen in CNY, times are UTC.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.states import PAYMENT, PAYOUT
from timeline.models import Tracked, find


class AccountKind(models.Model):
    """A line of the chart of accounts: which addresses there are, and how far their balance may go."""

    name = models.CharField(max_length=30, primary_key=True)
    pattern = models.CharField(max_length=80, help_text="regular expression of the address")
    lowest = models.BigIntegerField(null=True, help_text="fen; nothing means no limit")
    highest = models.BigIntegerField(null=True, help_text="fen; nothing means no limit")
    holds = models.CharField(max_length=120)


class Account(models.Model):
    """A place where money is: `order:41:escrow`. `seq` and `head` are the end of its chain of postings."""

    address = models.CharField(max_length=60, unique=True)
    kind = models.ForeignKey(AccountKind, on_delete=models.PROTECT, related_name="accounts")
    balance = models.BigIntegerField(default=0)
    lowest = models.BigIntegerField(null=True)
    highest = models.BigIntegerField(null=True)
    seq = models.BigIntegerField(default=0)
    head = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lowest__isnull=True) | Q(balance__gte=F("lowest")), name="ledger_account_not_below"
            ),
            models.CheckConstraint(
                condition=Q(highest__isnull=True) | Q(balance__lte=F("highest")), name="ledger_account_not_above"
            ),
        ]


class Transfer(models.Model):
    """A movement of money: two accounts, an amount above zero, once for its key, and never changed."""

    class Reason(models.TextChoices):
        TOP_UP = "top_up", _("Top-up")
        ORDER_PAID = "order_paid", _("Order paid")
        FOREIGN_PAYMENT = "foreign_payment", _("Payment without a place")
        FOREIGN_PAYMENT_RETURNED = "foreign_payment_returned", _("Payment returned")
        REFUND = "refund", _("Refund")
        FEE_KEPT = "fee_kept", _("Fee kept")
        RELEASE = "release", _("Release")
        COMMISSION = "commission", _("Commission")
        SETTLE = "settle", _("Settlement")
        RESERVE = "reserve", _("Set aside for a case")
        FREE = "free", _("Free again after a case")
        COMPENSATION = "compensation", _("Compensation")
        PLATFORM_FAULT = "platform_fault", _("Platform fault")
        DEBT = "debt", _("Debt")
        DEBT_COLLECTED = "debt_collected", _("Debt collected")
        PENALTY = "penalty", _("Penalty")
        WITHDRAWAL = "withdrawal", _("Withdrawal")
        DEPOSIT_PAID = "deposit_paid", _("Deposit paid in")
        DEPOSIT_RETURNED = "deposit_returned", _("Deposit returned")
        PAYOUT_CONFIRMED = "payout_confirmed", _("Payout confirmed")
        PAYOUT_VOID = "payout_void", _("Payout void")
        CHARGEBACK = "chargeback", _("Chargeback")
        MADE_WHOLE = "made_whole", _("Made whole")
        FUNDING = "funding", _("Funding")
        CORRECTION = "correction", _("Correction")

    key = models.CharField(max_length=120, unique=True)
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=30, choices=Reason.choices)
    subject = models.CharField(max_length=60)
    journal = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=10**15), name="ledger_transfer_amount"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="ledger_transfer_two_accounts"),
        ]
        indexes = [
            models.Index(fields=["subject"], name="ledger_transfer_subject"),
            models.Index(fields=["journal"], name="ledger_transfer_journal"),
        ]


class Posting(models.Model):
    """One side of a transfer in one account, with the balance after it: a line of the account's statement and chain."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    seq = models.BigIntegerField()
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="postings")
    amount = models.BigIntegerField(help_text="fen; below zero where money left")
    balance = models.BigIntegerField(help_text="fen, after this posting")
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "seq"], name="ledger_posting_one_per_place"),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_posting_amount"),
        ]


class Payment(Tracked):
    """Money that somebody was asked for and that comes in by a channel: a top-up (`user:3`) or an order (`order:41`)."""

    machine = PAYMENT

    number = models.CharField(max_length=20, unique=True, help_text="ours; the channel repeats it in every notice")
    channel = models.CharField(max_length=20)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments")
    subject = models.CharField(max_length=60)
    amount = models.BigIntegerField(help_text="fen")
    provider_txn = models.CharField(max_length=80, blank=True, help_text="the channel's number, once paid")
    pay_url = models.URLField(max_length=400, blank=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            PAYMENT.constraint("ledger_payment_state"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_payment_amount"),
            models.CheckConstraint(
                condition=Q(state="confirmed", paid_at__isnull=False) | ~Q(state="confirmed") & Q(paid_at__isnull=True),
                name="ledger_payment_paid_at",
            ),
            models.UniqueConstraint(
                fields=["channel", "provider_txn"], condition=~Q(provider_txn=""), name="ledger_payment_one_charge"
            ),
        ]
        indexes = [models.Index(fields=["subject"], name="ledger_payment_subject")]


class Notice(models.Model):
    """A channel told us that money came in; each of its numbers is believed once."""

    channel = models.CharField(max_length=20)
    provider_txn = models.CharField(max_length=80)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="notices")
    amount = models.BigIntegerField(help_text="fen, as the channel says")
    outcome = models.CharField(max_length=20, choices=[("credited", "credited"), ("returned", "returned")])
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "provider_txn"], name="ledger_notice_believed_once"),
        ]


class Payout(Tracked):
    """Money that goes back or out, with legs. The decision and its payment are two machines.

    `under` is the address of its root (`order:41`, `payment:9`), `cause` what decided it (`refund:12`).
    """

    machine = PAYOUT

    class Destination(models.TextChoices):
        """Where the money goes."""

        CHANNEL = "channel", _("Back the way it was paid")
        WALLET = "wallet", _("To the balance")

    number = models.CharField(max_length=20, unique=True, help_text="ours; the same for every try")
    under = models.CharField(max_length=60)
    cause = models.CharField(max_length=60)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payouts")
    amount = models.BigIntegerField(help_text="fen")
    destination = models.CharField(max_length=10, choices=Destination.choices)
    channel = models.CharField(max_length=20, blank=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="payouts")
    is_instant = models.BooleanField(default=False)
    planned_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            PAYOUT.constraint("ledger_payout_state"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_payout_amount"),
            models.CheckConstraint(
                condition=Q(destination="channel") & ~Q(channel="") | Q(destination="wallet", channel=""),
                name="ledger_payout_destination",
            ),
            models.CheckConstraint(
                condition=Q(state="paid", paid_at__isnull=False) | ~Q(state="paid") & Q(paid_at__isnull=True),
                name="ledger_payout_paid_at",
            ),
        ]
        indexes = [
            models.Index(fields=["cause"], name="ledger_payout_cause"),
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=["planned", "sending", "retrying"]),
                name="ledger_payout_due",
            ),
        ]

    def root(self) -> models.Model:
        """A payout is under the lock of what it pays for."""
        return find(self.under)


class PayoutLeg(models.Model):
    """One source of a payout."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="legs")
    source = models.CharField(max_length=60)
    amount = models.BigIntegerField(help_text="fen")
    key = models.CharField(max_length=120, unique=True, help_text="of its transfer")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_payoutleg_amount")]
