"""What the API takes and gives about a shop's money: deposit, account, withdrawals. Integer fen, times in UTC."""

from typing import Any

from rest_framework import serializers

from ledger.models import Transfer
from ledger.states import PayoutState
from shops.models import Look, visible
from shops.serializers import Text, Whole
from shops.states import DepositState, PayeeState
from shops.withdrawals import is_in_a_person_s_hands


class SumToPay(serializers.Serializer[Any]):
    """A sum."""

    amount = Whole(min_value=1, max_value=10**10, help_text="Fen.")


class PayeeToName(serializers.Serializer[Any]):
    """Where a shop's money shall go."""

    holder = Text(max_length=60, validators=[visible], help_text="In whose name the account is.")
    account = Text(max_length=100, help_text="Its number; blanks do not count.")


class PayeeOfShop(serializers.Serializer[Any]):
    """Where a shop's money goes, and how much of it can be withdrawn."""

    number = serializers.CharField(source="payee.number", help_text="The last four signs of the account.")
    holder = serializers.CharField(source="payee.holder")
    channel = serializers.CharField(source="payee.channel")
    state = serializers.ChoiceField(PayeeState.choices, source="payee.state")
    turn = serializers.CharField(source="payee.owner", help_text="Whose turn it is.")
    named_at = serializers.DateTimeField(source="payee.named_at")
    deadline_at = serializers.DateTimeField(
        source="payee.deadline_at", allow_null=True, help_text="Until when nothing is sent there."
    )
    available = serializers.IntegerField(source="purse.available", help_text="Fen that are settled.")
    exposed = serializers.IntegerField(source="purse.exposed", help_text="Fen of it that open cases may need.")
    owed = serializers.IntegerField(
        source="purse.owed", help_text="Fen that the shop owes the guarantee fund and buyers."
    )
    free = serializers.IntegerField(source="purse.free", help_text="Fen that can be withdrawn now.")


class WithdrawalShown(serializers.Serializer[Any]):
    """Money that a shop takes out."""

    number = serializers.CharField()
    state = serializers.ChoiceField(PayoutState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    amount = serializers.IntegerField(help_text="Fen.")
    planned_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    is_held = serializers.SerializerMethodField(help_text="Whether people of the mall's finance must see to it.")

    def get_is_held(self, payout: Any) -> bool:
        """Whether it is in a person's hands."""
        return is_in_a_person_s_hands(payout)


class WithdrawalPage(serializers.Serializer[Any]):
    """A part of the list of withdrawals, newest first."""

    results = WithdrawalShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class DepositLine(serializers.Serializer[Any]):
    """A line of the deposit's statement."""

    number = serializers.IntegerField(source="seq", help_text="Place in the account, without gaps from 1.")
    at = serializers.DateTimeField(source="transfer.at")
    amount = serializers.IntegerField(help_text="Fen; below zero where money left.")
    balance = serializers.IntegerField(help_text="Fen, after this line.")
    reason = serializers.ChoiceField(Transfer.Reason.choices, source="transfer.reason")
    subject = serializers.CharField(source="transfer.subject", help_text="What it was for: `deposit:7`, `order:41`.")


class DepositForOwner(serializers.Serializer[Any]):
    """A shop's deposit, for the shop and the mall's staff of money, with a page of its statement, newest first."""

    state = serializers.ChoiceField(DepositState.choices, source="deposit.state")
    turn = serializers.CharField(source="deposit.owner", help_text="Whose turn it is; empty at the end.")
    entered_at = serializers.DateTimeField(source="deposit.entered_at", help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(
        source="deposit.deadline_at", allow_null=True, help_text="When the state's clock ends, if one runs."
    )
    required_sum = serializers.IntegerField(source="deposit.required", help_text="What must be there, in fen.")
    free = serializers.IntegerField(help_text="Fen in the deposit that no open case needs.")
    reserved = serializers.IntegerField(help_text="Fen set aside for open cases.")
    stopped_by = serializers.ListField(
        child=serializers.ChoiceField(["closed", "step", "licence", "owner", "deposit"]),
        help_text=(
            "What keeps the shop from selling now: it is closed, a step of the mall, a paper that has run out, its"
            " owner is suspended, too little deposit. Empty while it may sell."
        ),
    )
    results = DepositLine(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the statement goes on; null at its end.")


class MoneyToLookAt(serializers.Serializer[Any]):
    """What somebody of the mall needs a shop's money for."""

    reason = Text(max_length=200, help_text="The shop reads it.")


class MoneyLookShown(serializers.Serializer[Look]):
    """Somebody of the mall looked at a shop's money."""

    id = serializers.IntegerField()
    shop = serializers.CharField(source="shop.slug")
    by = serializers.IntegerField(source="by_id", help_text="The number of whoever looked.")
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class MoneyLookPage(serializers.Serializer[Any]):
    """Looks, 50 a page."""

    results = MoneyLookShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")
