"""What the API takes and gives about wallets, payments and payouts. Amounts are integer fen, times are UTC."""

from typing import Any

from rest_framework import serializers

from ledger.models import Payment, Payout, Transfer
from ledger.payments import LEAST_TOP_UP, MOST_TOP_UP
from ledger.states import PaymentState, PayoutState


class Fen(serializers.IntegerField):
    """Whole fen, sent as a JSON number: no text, no fraction, no truth value."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return int(super().to_internal_value(data))


class TopUpToStart(serializers.Serializer[Any]):
    """How much shall be on the balance."""

    amount = Fen(min_value=LEAST_TOP_UP, max_value=MOST_TOP_UP, help_text="Fen, ¥1.00 to ¥50,000.00.")


class PaymentShown(serializers.Serializer[Payment]):
    """A payment, for whoever pays."""

    number = serializers.CharField()
    state = serializers.ChoiceField(PaymentState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    amount = serializers.IntegerField(help_text="Fen.")
    channel = serializers.CharField()
    subject = serializers.CharField(help_text="What it is for: `user:3` the own balance, `order:41` an order.")
    pay_url = serializers.CharField(
        help_text="The channel's page where it is paid; empty until the channel has opened it, usually at once."
    )
    entered_at = serializers.DateTimeField(help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="Until when it can be paid.")
    paid_at = serializers.DateTimeField(allow_null=True)


class PaymentPage(serializers.Serializer[Any]):
    """A part of the list of payments, newest first."""

    results = PaymentShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class PayoutShown(serializers.Serializer[Payout]):
    """A payout on its way, for whoever is paid."""

    number = serializers.CharField()
    state = serializers.ChoiceField(PayoutState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    amount = serializers.IntegerField(help_text="Fen.")
    destination = serializers.ChoiceField(Payout.Destination.choices)
    channel = serializers.CharField(help_text="Empty if it goes to the balance.")
    cause = serializers.CharField(help_text="What decided it: `refund:12`, or the payment that is sent back.")
    planned_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="When finance is alarmed if it was not sent.")
    paid_at = serializers.DateTimeField(allow_null=True)


class PayoutPage(serializers.Serializer[Any]):
    """A part of the list of payouts, newest first."""

    results = PayoutShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class WalletLine(serializers.Serializer[Any]):
    """A line of the wallet's statement."""

    number = serializers.IntegerField(source="seq", help_text="Place in the account, without gaps from 1.")
    at = serializers.DateTimeField(source="transfer.at")
    amount = serializers.IntegerField(help_text="Fen; below zero where money left.")
    balance = serializers.IntegerField(help_text="Fen, after this line.")
    reason = serializers.ChoiceField(Transfer.Reason.choices, source="transfer.reason")
    subject = serializers.CharField(source="transfer.subject", help_text="What it was for: `payment:9`, `order:41`.")


class BooksCheckShown(serializers.Serializer[Any]):
    """A look at the books."""

    at = serializers.DateTimeField()
    rules = serializers.IntegerField(help_text="How many were asked.")
    is_clean = serializers.BooleanField(help_text="Whether every rule held.")


class BrakeShown(serializers.Serializer[Any]):
    """Why nothing leaves the mall."""

    why = serializers.CharField()
    broken = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Rules of the books that did not hold, with the offenders each named.",
    )
    raised_at = serializers.DateTimeField()
    raised_by = serializers.CharField(allow_null=True, help_text="Null: the books raised it.")
    signed_by = serializers.CharField(allow_null=True, help_text="Who signed its release as the first of two people.")


class BrakeStateShown(serializers.Serializer[Any]):
    """The payout brake: whether it is on, and what you can do about it."""

    is_raised = serializers.BooleanField()
    brake = BrakeShown(allow_null=True)
    actions = serializers.ListField(
        child=serializers.CharField(), help_text="What you can do now: `raise`, `sign`, `release`."
    )
    last_whole_check = BooksCheckShown(allow_null=True)
    last_recent_check = BooksCheckShown(allow_null=True)


class ReasonToGive(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500)


class AccountShown(serializers.Serializer[Any]):
    """An account with a page of its statement, newest first."""

    address = serializers.CharField()
    balance = serializers.IntegerField(help_text="Fen; below zero at channels and debts only.")
    results = WalletLine(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the statement goes on; null at its end.")


class WalletShown(serializers.Serializer[Any]):
    """The own balance, with a page of its statement, newest first."""

    balance = serializers.IntegerField(help_text="Fen.")
    results = WalletLine(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the statement goes on; null at its end.")
