"""Nouns of money: accounts, transfers, postings, which only `sql/post_transfers.sql` writes; payments and payouts.

Amounts are integer fen in CNY, times are UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ledger.states import BRAKE, PAYMENT, PAYOUT, BrakeState, PaymentState, PayoutState
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
        COUPON = "coupon", _("Platform coupon")
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
        DEBT_WRITTEN_OFF = "debt_written_off", _("Debt written off")
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
    # Without indexes of their own: who looks for an account's transfers goes by its postings.
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
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

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings", db_index=False)
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


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Questions to the payments."""

    def visible_to(self, user: Any) -> PaymentQuerySet:
        """Payments that `user` may see: their own."""
        return self.filter(user=user)


class Payment(Tracked):
    """Money that somebody was asked for and that comes in by a channel: a top-up (`user:3`), an order (`order:41`)."""

    machine = PAYMENT
    scopes = {"channel": "channel"}

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
                condition=~Q(state="confirmed") | Q(paid_at__isnull=False) & ~Q(provider_txn=""),
                name="ledger_payment_paid_at",
            ),
            models.UniqueConstraint(
                fields=["channel", "provider_txn"], condition=~Q(provider_txn=""), name="ledger_payment_one_charge"
            ),
        ]
        indexes = [
            models.Index(fields=["subject"], name="ledger_payment_subject"),
            models.Index(fields=["user", "-id"], name="ledger_payment_user"),
            models.Index(fields=["entered_at"], condition=Q(state="awaiting"), name="ledger_payment_awaiting"),
        ]

    objects = PaymentQuerySet.as_manager()

    def get_absolute_url(self) -> str:
        """The page of this payment, for whoever pays."""
        return reverse("ledger:payment", kwargs={"number": self.number})

    def is_top_up(self) -> bool:
        """Whether the money goes to the balance of whoever pays."""
        return self.subject == f"user:{self.user_id}"

    def is_deposit(self) -> bool:
        """Whether the money goes to a shop's deposit."""
        return self.subject.startswith("deposit:")

    def is_open(self, at: datetime) -> bool:
        """Whether it may still be paid at `at`."""
        return self.state == PaymentState.AWAITING and not self.is_overdue(at)


class Notice(models.Model):
    """A channel told us that money came in; each of its numbers is believed once."""

    class Outcome(models.TextChoices):
        """What became of the money."""

        CREDITED = "credited", _("Credited")
        RETURNED = "returned", _("Sent back")

    channel = models.CharField(max_length=20)
    provider_txn = models.CharField(max_length=80)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="notices")
    amount = models.BigIntegerField(help_text="fen, as the channel says")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "provider_txn"], name="ledger_notice_believed_once"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(outcome="credited"), name="ledger_notice_one_credited"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_notice_amount"),
        ]


#: In the key of a payout that a channel made on its own account: the channel's number stands behind it.
OUTSIDE = ":outside:"
#: Before it, where the mall had given it back already, so that whoever paid has it twice and owes it.
TWICE = ":twice"


class PayoutQuerySet(models.QuerySet["Payout"]):
    """Questions to the payouts."""

    def visible_to(self, user: Any) -> PayoutQuerySet:
        """Payouts that `user` may see: their own."""
        return self.filter(user=user)

    def due(self, at: datetime) -> PayoutQuerySet:
        """Payouts that the runner has to look at, oldest first: planned, to be sent again, or left behind half-way."""
        return self.filter(
            state__in=[PayoutState.PLANNED, PayoutState.SENDING, PayoutState.RETRYING], next_try_at__lte=at
        ).order_by("next_try_at", "pk")


class Payout(Tracked):
    """Money that goes back or out, with legs. The decision and its payment are two machines.

    `under` is the address of its root (`order:41`, `payment:9`), `cause` what decided it (`refund:12`).
    """

    machine = PAYOUT
    scopes = {"channel": "channel"}

    class Destination(models.TextChoices):
        """Where the money goes."""

        CHANNEL = "channel", _("Back the way it was paid")
        ACCOUNT = "account", _("To an account outside")
        WALLET = "wallet", _("To the balance")

    class Proposal(models.TextChoices):
        """What one person of finance proposes for a payout in a person's hands, and a second one confirms."""

        RETRY = "retry", _("Send it again")
        WALLET = "wallet", _("Pay it to the balance")
        VOID = "void", _("Take it back")

    number = models.CharField(max_length=20, unique=True, help_text="ours; the same for every try")
    key = models.CharField(max_length=100, unique=True, help_text="of the decision: it is paid once")
    under = models.CharField(max_length=60)
    cause = models.CharField(max_length=60)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payouts")
    amount = models.BigIntegerField(help_text="fen")
    destination = models.CharField(max_length=10, choices=Destination.choices)
    channel = models.CharField(max_length=20, blank=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="payouts")
    charge = models.CharField(max_length=80, blank=True, help_text="the channel's number of what is paid back")
    payee = models.CharField(
        max_length=80, blank=True, db_default="", help_text="whom the channel pays, as it knows the account"
    )
    is_instant = models.BooleanField(default=False)
    planned_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    proposal = models.CharField(max_length=10, choices=Proposal.choices, blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = PayoutQuerySet.as_manager()

    class Meta:
        constraints = [
            PAYOUT.constraint("ledger_payout_state"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_payout_amount"),
            models.CheckConstraint(
                condition=Q(destination="channel", payment__isnull=False) & ~Q(channel="") & ~Q(charge="")
                | Q(destination="wallet", channel="", charge="")
                | Q(destination="account", payment=None, charge="") & ~Q(channel=""),
                name="ledger_payout_destination",
            ),
            models.CheckConstraint(
                condition=Q(destination="account") & ~Q(payee="") | ~Q(destination="account") & Q(payee=""),
                name="ledger_payout_payee",
            ),
            models.CheckConstraint(condition=~Q(state="paid") | Q(paid_at__isnull=False), name="ledger_payout_paid_at"),
            models.CheckConstraint(
                condition=Q(proposal="", proposed_by__isnull=True) | ~Q(proposal="") & Q(proposed_by__isnull=False),
                name="ledger_payout_proposal",
            ),
        ]
        indexes = [
            models.Index(fields=["cause"], name="ledger_payout_cause"),
            models.Index(fields=["user", "-id"], name="ledger_payout_user"),
            models.Index(fields=["paid_at"], condition=Q(state="paid"), name="ledger_payout_arrived"),
            models.Index(fields=["entered_at", "id"], condition=Q(state="manual"), name="ledger_payout_by_hand"),
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=["planned", "sending", "retrying"]),
                name="ledger_payout_due",
            ),
        ]

    def get_absolute_url(self) -> str:
        """The page of this payout, for whoever is paid."""
        return reverse("ledger:payout", kwargs={"number": self.number})

    def is_owed(self) -> bool:
        """Whether it must be paid, in one way or another: a refund decided it, or it is what was left of a deposit."""
        is_of_case = self.cause.startswith(("refund:", "dispute:", "ruling:"))
        return is_of_case or (self.goes_to_account() and self.cause.startswith("deposit:"))

    def is_of_refund(self) -> bool:
        """Whether a refund decided it; the refund then hears of it."""
        return self.cause.startswith("refund:")

    @property
    def outside(self) -> str:
        """The channel's own number of what it paid back on its own account; empty for what we sent."""
        return self.key.partition(OUTSIDE)[2]

    def goes_to_account(self) -> bool:
        """Whether it goes to an account outside that somebody named, and not back to where it was paid from."""
        return self.destination == self.Destination.ACCOUNT

    def is_withdrawal(self) -> bool:
        """Whether a shop takes out what is its own: if it cannot be sent, it is simply the shop's again."""
        return self.goes_to_account() and not self.is_owed()

    def root(self) -> models.Model:
        """A payout is under the lock of what it pays for."""
        return find(self.under)

    @property
    def root_address(self) -> str:
        """The address of the stream, known without looking the root up."""
        return self.under


class PayoutLeg(models.Model):
    """One source of a payout."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="legs")
    source = models.CharField(max_length=60)
    amount = models.BigIntegerField(help_text="fen")
    key = models.CharField(max_length=120, unique=True, help_text="of its transfer")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_payoutleg_amount")]


class BooksCheck(models.Model):
    """The invariants were asked once: all of them, or those about what moved lately. For ever.

    `broken` maps each rule that did not hold to the offenders it named. The marks are the newest transfer and event
    that were there; the next check of what moved lately begins at the marks before these.
    """

    class Scope(models.TextChoices):
        """How far a check looked."""

        WHOLE = "whole", _("Whole books")
        RECENT = "recent", _("What moved lately")

    scope = models.CharField(max_length=10, choices=Scope.choices)
    at = models.DateTimeField()
    seconds = models.FloatField(help_text="how long it took")
    rules = models.PositiveSmallIntegerField(help_text="how many were asked")
    broken = models.JSONField(default=dict)
    transfer_mark = models.BigIntegerField(default=0)
    event_mark = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=["recent", "whole"]), name="ledger_bookscheck_scope"),
        ]
        indexes = [models.Index(fields=["scope", "-id"], name="ledger_bookscheck_last")]

    def is_clean(self) -> bool:
        """Whether every rule held."""
        return not self.broken


class Brake(Tracked):
    """The payout brake, once for each time it was raised: while one is raised, nothing leaves the house.

    Raised by the books (nobody in `raised_by`) or by one person of finance or risk; released by two people of finance.
    Its events are its history.
    """

    machine = BRAKE

    why = models.CharField(max_length=500)
    broken = models.JSONField(default=dict, help_text="rules that did not hold, with the offenders each named")
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField()
    check_mark = models.BigIntegerField(default=0, help_text="the newest books check before it was raised (again)")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    release_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            BRAKE.constraint("ledger_brake_state"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="raised"), name="ledger_brake_one_raised"),
            models.CheckConstraint(
                condition=~Q(state="released")
                | Q(signed_by__isnull=False, released_by__isnull=False, released_at__isnull=False)
                & ~Q(release_reason=""),
                name="ledger_brake_released_by_two",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("signed_by")),
                name="ledger_brake_two_people",
            ),
        ]

    def is_raised(self) -> bool:
        """Whether it holds payouts back."""
        return self.state == BrakeState.RAISED


class Anchor(models.Model):
    """The heads of all chains on one day (Asia/Shanghai), as one signed Merkle root. For ever; written by a function.

    `body` is the exact text that is signed; it names the root before, so that anchors are a chain themselves.
    """

    day = models.DateField(unique=True)
    made_at = models.DateTimeField()
    leaves = models.BigIntegerField(help_text="how many chains there were")
    root = models.CharField(max_length=64)
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="next")
    body = models.TextField()
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)


class AnchorLeaf(models.Model):
    """The head of one chain at an anchor, kept where it had grown since the anchor before. For ever."""

    anchor = models.ForeignKey(Anchor, on_delete=models.PROTECT, related_name="grown")
    chain = models.CharField(max_length=80, help_text="account:order:41:escrow, stream:order:41")
    seq = models.BigIntegerField()
    head = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "anchor"], name="ledger_anchorleaf_once"),
        ]


from ledger.contributed import Contribution  # noqa: E402, F401 - the noun of money that the mall puts in
from ledger.owed import WriteOff  # noqa: E402, F401 - the noun of debts that are let go
from ledger.reconciled import Difference, Settlement, SettlementLine  # noqa: E402, F401 - nouns of the reconciliation
