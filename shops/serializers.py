"""What the API takes and gives about shops. Amounts are integer fen, times are UTC."""

from typing import Any

from rest_framework import serializers

from ledger.models import Transfer
from shops.models import Shop
from shops.states import DepositState


class Text(serializers.CharField):
    """A text that is sent as one: numbers and truth values are no names."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class ShopToOpen(serializers.Serializer[Shop]):
    """What somebody who opens a shop says about it."""

    name = Text(max_length=40, help_text="What people call it; no two shops have the same name.")
    slug = serializers.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40, help_text="Its place in addresses: small letters, digits, hyphens."
    )


class ShopInPublic(serializers.Serializer[Shop]):
    """A shop as everybody sees it."""

    name = serializers.CharField()
    slug = serializers.CharField()
    level = serializers.ChoiceField(Shop.Level.choices, help_text="S0 to S4: how far the mall trusts the shop.")
    opened_at = serializers.DateTimeField()
    deposit_state = serializers.ChoiceField(
        DepositState.choices, source="deposit.state", help_text="Whether the shop's security deposit is in place."
    )


class ShopPage(serializers.Serializer[Any]):
    """A part of the list of shops, newest first."""

    results = ShopInPublic(many=True)
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
    """A shop's deposit, for the shop and the mall's staff, with a page of its statement, newest first."""

    state = serializers.ChoiceField(DepositState.choices, source="deposit.state")
    turn = serializers.CharField(source="deposit.owner", help_text="Whose turn it is; empty at the end.")
    entered_at = serializers.DateTimeField(source="deposit.entered_at", help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(
        source="deposit.deadline_at", allow_null=True, help_text="When the state's clock ends, if one runs."
    )
    required_sum = serializers.IntegerField(source="deposit.required", help_text="What must be there, in fen.")
    free = serializers.IntegerField(help_text="Fen in the deposit that no open case needs.")
    reserved = serializers.IntegerField(help_text="Fen set aside for open cases.")
    results = DepositLine(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the statement goes on; null at its end.")
