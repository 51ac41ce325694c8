"""Nouns of money: accounts, transfers, postings. Only `ledger/sql/post_transfers.sql` writes them.

Amounts are integer fen in CNY, times are UTC.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


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
