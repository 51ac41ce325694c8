"""Questions that shops and their customers answer."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.money import yuan
from shops import pledges
from shops.lifecycle import LEAST_PAID_IN, MOST_PAID_IN
from shops.lines import LONGEST_CODE
from shops.models import (
    HIGHEST_PRICE,
    LONGEST_PROMISE,
    LONGEST_REST,
    LONGEST_WARRANTY,
    MOST_EACH,
    SHORTEST_PROMISE,
    Area,
    Ask,
    Duty,
    Form,
    Kind,
    Listing,
    Section,
    Shop,
    Supplier,
    Way,
    visible,
)
from shops.models.commission import MOST_BP
from shops.offered import OFFERED
from shops.stock import MOST_CODES, Origin, end_of
from shops.suppliers import connections, open_to
from shops.withdrawals import LEAST, MOST
from timeline.forms import MomentField

#: What people write around a sum; full-width forms are folded before.
MARKS = str.maketrans("", "", "¥元 ")


class YuanField(forms.Field):
    """A sum in yuan, as people write it (`98`, `98.5`, `¥1,098.00`), read as whole fen; never a float.

    `least` and `most` are fen; without them it is what one thing may cost.
    """

    def __init__(self, *, least: int = 1, most: int = HIGHEST_PRICE, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def to_python(self, value: Any) -> Any:
        """The fen, or nothing."""
        text = unicodedata.normalize("NFKC", str(value or "")[:40]).translate(MARKS)
        if not text:
            return None
        found = re.fullmatch(r"([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,2}))?", text)
        if found is None:
            raise ValidationError(_("Write a sum in yuan, such as 98.00."), code="not_money")
        fen = int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0"))
        if not self.least <= fen <= self.most:
            raise ValidationError(
                _("The sum must be from %(least)s to %(most)s."),
                code="out_of_range",
                params={"least": yuan(self.least), "most": yuan(self.most)},
            )
        return fen

    def prepare_value(self, value: Any) -> Any:
        """Fen as they are shown in the form; what somebody typed stays as it was."""
        return f"{value // 100}.{value % 100:02}" if isinstance(value, int) else value


#: Before the name of every promise in a form.
PROMISE = "promised_"


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

    delivered_by = forms.ChoiceField(
        label=_("How it is delivered"),
        choices=[("", _("As usual for its kind: codes from the stock, everything else by hand")), *Way.choices],
        required=False,
    )
    supplier = forms.TypedChoiceField(
        label=_("Supplier that delivers it"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("No supplier"))],
    )
    product = forms.CharField(
        label=_("The supplier's name for it"), max_length=60, required=False, validators=[visible]
    )
    section = forms.ChoiceField(
        label=_("Shelf of the mall"), choices=[("", _("Choose a shelf")), *Section.choices], required=False
    )
    area = forms.ChoiceField(
        label=_("Works in"), choices=[("", _("Choose where it works")), *Area.choices], required=False
    )
    warranty_days = forms.IntegerField(
        label=_("You answer for it for so many days"),
        min_value=0,
        max_value=LONGEST_WARRANTY,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("After delivery, beyond what the rules ask. It is kept with every order. Empty: nothing beyond."),
    )
    most_each = forms.IntegerField(
        label=_("How many one buyer may have"),
        min_value=1,
        max_value=MOST_EACH,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("In all their orders together. Empty: as many as there are."),
    )
    asks = forms.MultipleChoiceField(
        label=_("What the buyer must give"),
        choices=Ask.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Asked with the order and sealed. Codes need nothing."),
    )

    def of(self, shop: Shop, kind: str = "") -> Self:
        """The same form with the suppliers of `shop` that the mall can ask, and with the promises of a kind."""
        self._promise(kind or str(self.data.get("kind", "")))
        known = shop.suppliers.filter(left_at=None).exclude(gateway="").order_by("name")
        self.suppliers = {supplier.pk: supplier for supplier in known}
        choices = [("", _("No supplier")), *((pk, supplier.name) for pk, supplier in self.suppliers.items())]
        self.fields["supplier"].choices = choices  # type: ignore[attr-defined]
        return self

    def _promise(self, kind: str) -> None:
        """Ask for everything that a kind can promise in figures."""
        for pledge in pledges.SCHEMA.get(kind, ()):
            label: Any = f"{pledge.label} ({pledge.unit})" if pledge.unit else pledge.label
            hint = _("Nothing of this kind goes on sale without it.") if pledge.is_needed else ""
            if pledge.choices is None:
                asked: forms.Field = forms.IntegerField(
                    label=label,
                    min_value=pledge.least,
                    max_value=pledge.most,
                    required=False,
                    help_text=hint,
                    widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
                )
            else:
                choices = [("", _("Choose …")), *pledge.choices.items()]
                asked = forms.ChoiceField(label=label, choices=choices, required=False, help_text=hint)
            asked.initial = (self.initial.get("promises") or {}).get(pledge.name)
            self.fields[f"{PROMISE}{pledge.name}"] = asked

    @property
    def words(self) -> dict[str, Any]:
        """What was written, with the supplier itself instead of its number, and the promises together."""
        said = dict(self.cleaned_data)
        found = {name: word for name, word in said.items() if not name.startswith(PROMISE)}
        found["promises"] = {name.removeprefix(PROMISE): said[name] for name in said if name.startswith(PROMISE)}
        found["warranty_days"] = found["warranty_days"] or 0
        found["supplier"] = self.suppliers.get(found["supplier"])
        if self.base_fields.get("kind") is None and not found["delivered_by"]:
            del found["delivered_by"]  # a listing that is there keeps its way
        return found


class ListingEditForm(ListingForm):
    """The same of a listing that is there: its kind stays."""

    kind = None  # type: ignore[assignment]


def form_about(listing: Listing, data: Any = None) -> ListingEditForm:
    """The form of a listing, filled in as it is now, or with what was sent."""
    now = {name: getattr(listing, name) for name in ListingEditForm.base_fields}
    known = now | {"supplier": listing.supplier_id, "promises": listing.promises}
    return ListingEditForm(data, initial=known).of(listing.shop, listing.kind)


class Unechoed(forms.Textarea):
    """A text that is never sent back to the browser, whatever was wrong with it."""

    def format_value(self, value: Any) -> str:
        """Always empty."""
        return ""


class Day(forms.DateInput):
    """A day of the calendar, chosen as the device does it."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """As browsers want it, in every language."""
        return value.isoformat() if hasattr(value, "isoformat") else value


class OriginForm(forms.Form):
    """Where codes come from and how they are written; every answer may be left out."""

    form = forms.ChoiceField(
        label=_("What stands on a line"),
        choices=[(form.value, form.label) for form in Form],
        required=False,
        help_text=_("Parts of a pair are kept apart by ----, a comma or a tab: CODE----PIN."),
    )
    supplier = forms.ModelChoiceField(
        label=_("Supplier"), queryset=Supplier.objects.none(), required=False, empty_label=_("Not said")
    )
    unit_cost = YuanField(label=_("What one cost you, in yuan"), required=False, help_text=_("Only you see it."))
    purchased_on = forms.DateField(label=_("Bought on"), required=False, widget=Day())
    expires_on = forms.DateField(
        label=_("Last good day"),
        required=False,
        widget=Day(),
        help_text=_("Of all of them. A date behind a code on its own line counts more. Empty: they do not end."),
    )

    def __init__(self, data: Any = None, files: Any = None, *, shop: Shop, **kwargs: Any) -> None:
        super().__init__(data, files, **kwargs)
        asked: Any = self.fields["supplier"]
        asked.queryset = shop.suppliers.filter(left_at=None).order_by("name", "pk")

    def origin(self) -> Origin:
        """What was said, for the verb."""
        said = self.cleaned_data
        return Origin(
            supplier=said["supplier"],
            unit_cost=said["unit_cost"],
            purchased_on=said["purchased_on"],
            expires_at=end_of(said["expires_on"]) if said["expires_on"] else None,
            form=said["form"] or Form.CODE,
        )


class BatchForm(OriginForm):
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
    field_order = ["codes"]

    def lines(self) -> list[str]:
        """What was sent, line by line."""
        return str(self.cleaned_data["codes"]).replace("\r\n", "\n").replace("\r", "\n").split("\n")


class IntakeForm(OriginForm):
    """A file or a pasted list for the background: up to 10,000 lines, reported line by line."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "CSV or text, up to 2 MB and 10,000 lines. It is sealed before anything is read, and then forgotten."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    codes = forms.CharField(
        label=_("Or paste the list"),
        strip=False,
        required=False,
        widget=Unechoed(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    note = forms.CharField(
        label=_("Note"), max_length=120, required=False, validators=[visible], help_text=_("For you. Never a code.")
    )
    field_order = ["file", "codes"]

    def clean(self) -> dict[str, Any]:
        """One of the two, not both."""
        said: dict[str, Any] = super().clean() or {}
        if bool(said.get("file")) == bool((said.get("codes") or "").strip()) and "file" not in self.errors:
            self.add_error("file", ValidationError(_("Choose a file, or paste a list; one of the two."), code="one_of"))
        return said

    def content(self) -> bytes:
        """What was sent, as bytes."""
        file = self.cleaned_data["file"]
        return file.read() if file else str(self.cleaned_data["codes"]).encode()

    def name(self) -> str:
        """What the file is called, if it is one."""
        file = self.cleaned_data["file"]
        return str(file.name) if file else ""


class SupplierForm(forms.Form):
    """Where codes come from, and what buyers are told when the trouble lies there."""

    name = forms.CharField(label=_("Name"), max_length=60, validators=[visible])
    contact = forms.CharField(
        label=_("Contact"),
        max_length=120,
        required=False,
        validators=[visible],
        help_text=_(
            "Buyers read this when the trouble lies upstream: an address or a number of the supplier's service."
        ),
    )
    gateway = forms.ChoiceField(
        label=_("The mall's connection to it"),
        required=False,
        help_text=_("With one, it can deliver for you by itself. The mall decides which ones your shop may use."),
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        """With the connections that `shop` may use, and the one that the supplier has."""
        super().__init__(*args, **kwargs)
        names = sorted({*open_to(shop), self.initial.get("gateway", "")} - {""})
        choices = [("", _("No connection")), *((name, name) for name in names)]
        self.fields["gateway"].choices = choices  # type: ignore[attr-defined]


class SupplierEditForm(SupplierForm):
    """The same of a supplier that is there."""

    has_left = forms.BooleanField(label=_("Nothing more comes from there"), required=False)


class StopForm(forms.Form):
    """Why nothing more of a batch is sold."""

    reason = forms.CharField(label=_("Why?"), max_length=200, required=False, validators=[visible])


class RestForm(forms.Form):
    """How long a code must still be good when it is sold."""

    days = forms.IntegerField(
        label=_("Sell no code that ends within so many days"),
        min_value=0,
        max_value=LONGEST_REST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class FindingForm(forms.Form):
    """What somebody of risk found out about codes that two shops have."""

    finding = forms.CharField(
        label=_("What did you find?"), max_length=500, validators=[visible], help_text=_("Never a code.")
    )


class SearchForm(forms.Form):
    """What somebody looks for among the listings."""

    q = forms.CharField(label=_("Search"), max_length=80, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("Everything")), *((kind.value, kind.label) for kind in (Kind(each) for each in OFFERED))],
    )


class FilterForm(SearchForm):
    """The same, narrowed down."""

    section = forms.ChoiceField(label=_("Shelf"), required=False, choices=[("", _("Every shelf")), *Section.choices])
    area = forms.ChoiceField(label=_("Works in"), required=False, choices=[("", _("Anywhere")), *Area.choices])
    price_from = YuanField(label=_("From, in yuan"), required=False)
    price_to = YuanField(label=_("To, in yuan"), required=False)
    within = forms.TypedChoiceField(
        label=_("Arrives within"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", _("Any time")),
            ("10", _("10 minutes")),
            ("60", _("1 hour")),
            ("1440", _("1 day")),
        ],
    )
    is_backed = forms.BooleanField(label=_("Only shops whose whole deposit is there"), required=False)


class BuyForm(forms.Form):
    """How many, and that the notice was read; the order's own room reads the answers."""

    @property
    def given(self) -> list[Any]:
        """The questions about what a delivery needs."""
        return [self[name] for name in self.fields if name.startswith("given_")]

    quantity = forms.IntegerField(
        label=_("How many"), min_value=1, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )
    acknowledged = forms.BooleanField(label=_("I have read the notice and know when money comes back."))
    exempt = forms.BooleanField(
        label=_("I agree that for this purchase the return without a reason within seven days does not apply.")
    )


def buy_form(most: int, asks: Sequence[str] = ()) -> BuyForm:
    """The form of the buy box, for at most `most`, with a question for everything that a delivery needs."""
    form = BuyForm(initial={"quantity": 1})
    form.fields["quantity"].widget.attrs["max"] = most
    for ask in asks:
        is_long = ask == Ask.WISH
        form.fields[f"given_{ask}"] = forms.CharField(
            label=Ask(ask).label,
            max_length=1000 if is_long else 100,
            help_text=_("Sealed; for delivery only."),
            widget=forms.Textarea(attrs={"rows": 3}) if is_long else forms.TextInput(attrs={"autocomplete": "off"}),
        )
    return form


class ConnectionForm(forms.Form):
    """Which connection of the mall a shop may use; without a shop, all may."""

    gateway = forms.ChoiceField(
        label=_("Connection"), choices=lambda: [(name, name) for name in connections()], widget=forms.Select
    )
    shop = forms.SlugField(
        label=_("Shop"), required=False, max_length=50, help_text=_("As in its address. Empty: every shop may use it.")
    )

    def clean_shop(self) -> Shop | None:
        """The shop of this address."""
        slug = self.cleaned_data["shop"]
        found = Shop.objects.filter(slug=slug).first() if slug else None
        if slug and found is None:
            raise ValidationError(_("There is no such shop."), code="unknown")
        return found


class PercentField(forms.Field):
    """A share as people write it (`5`, `4.5`, `4.25 %`), read as whole basis points; never a float."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        """The basis points, or nothing."""
        text = unicodedata.normalize("NFKC", str(value or "")[:40]).replace("%", "").strip()
        if not text:
            return None
        found = re.fullmatch(r"([0-9]{1,2})(?:\.([0-9]{1,2}))?", text)
        if found is None or (bp := int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))) > MOST_BP:
            raise ValidationError(_("Write a share between 0 and 30, such as 4.5."), code="not_a_share")
        return bp


class LookForm(forms.Form):
    """What somebody of the mall needs a shop's money for."""

    reason = forms.CharField(label=_("What do you need it for?"), max_length=200, help_text=_("The shop reads it."))


class RateForm(forms.Form):
    """What the platform takes of a kind of goods, from when on, and why."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    bp = PercentField(label=_("Share in percent"), help_text=_("Of what is released to the shop, from 0 to 30."))
    rules_at = MomentField(
        label=_("For orders from"), help_text=_("Beijing time; at least seven days after the second person agrees.")
    )
    reason = forms.CharField(
        label=_("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("Everybody reads it.")
    )


class PayInForm(forms.Form):
    """How much of the deposit is paid now."""

    amount = YuanField(label=_("Amount in yuan"), least=LEAST_PAID_IN, most=MOST_PAID_IN)


class WithdrawalForm(forms.Form):
    """How much of what is available is withdrawn. `key` is new in every form, so that sent twice counts once."""

    amount = YuanField(label=_("Amount in yuan"), least=LEAST, most=MOST)
    key = forms.UUIDField(widget=forms.HiddenInput)


class PayeeForm(forms.Form):
    """Where the shop's money goes."""

    holder = forms.CharField(label=_("Account holder"), max_length=60, validators=[visible])
    account = forms.CharField(
        label=_("Account number"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class DutyForm(forms.Form):
    """What somebody does in the shop."""

    duty = forms.ChoiceField(label=_("Duty"), choices=Duty.choices)


class InvitationForm(DutyForm):
    """Whom the owner wants in the shop."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    field_order = ("email", "duty")
