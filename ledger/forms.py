"""Questions about money. People write yuan; everything behind the form is whole fen, and never a float."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.payments import LEAST_TOP_UP, MOST_TOP_UP
from ledger.templatetags.money import yuan

#: Yuan as people write them: plain digits, at most two places.
WRITTEN = re.compile(r"[¥￥]?[ ]?([0-9]{1,10})(?:\.([0-9]{1,2}))?")


def fen_of(text: str) -> int | None:
    """The fen that `text` means (`12`, `12.5`, `¥12.50`); nothing if it is not an amount written like that."""
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    whole, places = found.groups(default="")
    return int(whole) * 100 + int(places.ljust(2, "0") or "0")


class YuanField(forms.CharField):
    """An amount in yuan, entered as text; its value is whole fen. Limits are fen."""

    default_error_messages = {
        "malformed": _("Write the amount in yuan with at most two places, like 123.45."),
        "too_little": _("The amount is at least %(limit)s."),
        "too_much": _("The amount is at most %(limit)s."),
    }

    def __init__(self, *, least: int = 1, most: int = 10**12, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(max_length=20, **kwargs)
        self.least, self.most = least, most

    def prepare_value(self, value: Any) -> Any:
        """What stands in the field: fen as yuan; what somebody wrote stays as it was written."""
        return f"{value // 100}.{value % 100:02}" if type(value) is int else value

    def clean(self, value: Any) -> Any:
        """The fen, or what is wrong with the text."""
        text = super().clean(value)
        if not text:
            return None
        fen = fen_of(text)
        if fen is None:
            raise ValidationError(self.error_messages["malformed"], code="malformed")
        if fen < self.least:
            raise ValidationError(self.error_messages["too_little"], "too_little", {"limit": yuan(self.least)})
        if fen > self.most:
            raise ValidationError(self.error_messages["too_much"], "too_much", {"limit": yuan(self.most)})
        return fen


class ReasonForm(forms.Form):
    """Why somebody of the staff does what cannot be undone quietly."""

    reason = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class AddressForm(forms.Form):
    """Which account to look at."""

    address = forms.RegexField(
        r"^[a-z]+:[a-z0-9_]+(:[a-z]+)?$",
        label=_("Address of the account"),
        max_length=60,
        help_text=_("For example order:41:escrow, user:3:wallet or platform:fund."),
        error_messages={"invalid": _("An address looks like order:41:escrow.")},
    )


class TopUpForm(forms.Form):
    """How much shall be on the balance."""

    amount = YuanField(
        label=_("Amount in yuan"),
        least=LEAST_TOP_UP,
        most=MOST_TOP_UP,
        help_text=_("From ¥1.00 to ¥50,000.00, with at most two places."),
    )
