"""Questions that shops and their customers answer."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.money import yuan
from shops.models import HIGHEST_PRICE, LONGEST_PROMISE, OFFERED, SHORTEST_PROMISE, Kind, Listing, visible
from shops.stock import LONGEST_CODE, MOST_CODES

#: What people write around a sum; full-width forms are folded before.
MARKS = str.maketrans("", "", "¥元 ")


class YuanField(forms.Field):
    """A sum in yuan, as people write it (`98`, `98.5`, `¥1,098.00`), read as whole fen; never a float."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        """The fen, or nothing."""
        text = unicodedata.normalize("NFKC", str(value or "")[:40]).translate(MARKS)
        if not text:
            return None
        found = re.fullmatch(r"([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,2}))?", text)
        if found is None:
            raise ValidationError(_("Write a sum in yuan, such as 98.00."), code="not_money")
        fen = int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0"))
        if not 0 < fen <= HIGHEST_PRICE:
            raise ValidationError(
                _("The sum must be from ¥0.01 to %(most)s."), code="out_of_range", params={"most": yuan(HIGHEST_PRICE)}
            )
        return fen

    def prepare_value(self, value: Any) -> Any:
        """Fen as they are shown in the form; what somebody typed stays as it was."""
        return f"{value // 100}.{value % 100:02}" if isinstance(value, int) else value


class ListingForm(forms.Form):
    """What a shop says about something it offers."""

    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[(kind.value, kind.label) for kind in OFFERED],
        help_text=_("Decides how it is delivered and judged; it cannot be changed later."),
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=80,
        validators=[visible],
        help_text=_("What it is, for how long, for which service."),
    )
    price = YuanField(label=_("Price of one, in yuan"))
    face_value = YuanField(
        label=_("Face value, in yuan"), required=False, help_text=_("What one is worth where it is used.")
    )
    region = forms.CharField(
        label=_("Region or server"),
        max_length=40,
        required=False,
        validators=[visible],
        help_text=_("If it works in one region only and this stays empty, the loss is yours."),
    )
    category = forms.CharField(label=_("Category"), max_length=40, required=False, validators=[visible])
    promise_minutes = forms.IntegerField(
        label=_("Delivered within, in minutes"),
        min_value=SHORTEST_PROMISE,
        max_value=LONGEST_PROMISE,
        help_text=_("From 5 minutes to 3 days (4,320). Later than this, the buyer may cancel at once."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    description = forms.CharField(
        label=_("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    notice = forms.CharField(
        label=_("Notice to acknowledge"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What a buyer must have read before paying. It is kept with every order."),
    )


class ListingEditForm(ListingForm):
    """The same of a listing that is there: its kind stays."""

    kind = None  # type: ignore[assignment]


def form_about(listing: Listing, data: Any = None) -> ListingEditForm:
    """The form of a listing, filled in as it is now, or with what was sent."""
    return ListingEditForm(data, initial={name: getattr(listing, name) for name in ListingEditForm.base_fields})


class Unechoed(forms.Textarea):
    """A text that is never sent back to the browser, whatever was wrong with it."""

    def format_value(self, value: Any) -> str:
        """Always empty."""
        return ""


class BatchForm(forms.Form):
    """Codes for the stock. They are read once and never shown again, not even when a line is wrong."""

    codes = forms.CharField(
        label=_("Codes, one on each line"),
        strip=False,
        max_length=(MOST_CODES + 1) * (LONGEST_CODE + 2),
        widget=Unechoed(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        help_text=_("Up to 2,000 at a time. They are sealed at once; nobody reads them here again."),
        error_messages={"required": _("There is no code in it. Write one on each line.")},
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=120,
        required=False,
        validators=[visible],
        help_text=_("For you: supplier, delivery note, date. Never a code."),
    )

    def lines(self) -> list[str]:
        """What was sent, line by line."""
        return str(self.cleaned_data["codes"]).replace("\r\n", "\n").replace("\r", "\n").split("\n")


class SearchForm(forms.Form):
    """What somebody looks for among the listings."""

    q = forms.CharField(label=_("Search"), max_length=80, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("Everything")), *((kind.value, kind.label) for kind in (Kind(each) for each in OFFERED))],
    )


class BuyForm(forms.Form):
    """How many, and that the notice was read; the order's own room reads the answers."""

    quantity = forms.IntegerField(
        label=_("How many"), min_value=1, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )
    acknowledged = forms.BooleanField(label=_("I have read the notice and know when money comes back."))


def buy_form(most: int) -> BuyForm:
    """The form of the buy box, for at most `most`."""
    form = BuyForm(initial={"quantity": 1})
    form.fields["quantity"].widget.attrs["max"] = most
    return form
