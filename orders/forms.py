"""Questions that buyers and shops answer about an order."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from orders import attachments, conversation
from orders.fulfilment import manual
from orders.fulfilment.given import LONGEST
from orders.lifecycle import MOST_UNITS
from orders.uploads import too_large
from shops.forms import YuanField
from shops.models import Ask, Listing

#: Nobody else's machine should remember an account.
PRIVATE = {"autocomplete": "off", "spellcheck": "false"}


class LocalTime(forms.DateTimeInput):
    """A day and a time, as the browser asks for them."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class PlaceForm(forms.Form):
    """How many, that the notice was read, and the price that was on the page."""

    quantity = forms.IntegerField(
        label=_("How many"),
        min_value=1,
        max_value=MOST_UNITS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    acknowledged = forms.BooleanField(
        label=_("I have read the notice and know when money comes back."),
        error_messages={"required": _("Please confirm that you have read the usage notice.")},
    )
    exempt = forms.BooleanField(
        label=_("I agree that for this purchase the return without a reason within seven days does not apply."),
        error_messages={"required": _("Please agree to this for each purchase; without it nothing is ordered.")},
    )
    price = forms.IntegerField(required=False, widget=forms.HiddenInput)
    shown = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, listing: Listing | None = None, **kwargs: Any) -> None:
        """With a question for everything that the listing asks, in front of the yes to the notice."""
        super().__init__(*args, **kwargs)
        self.asks = list(listing.asks) if listing is not None else []
        for ask in self.asks:
            widget = forms.Textarea(attrs={"rows": 3}) if ask == Ask.WISH else forms.TextInput(attrs=PRIVATE)
            self.fields[f"given_{ask}"] = forms.CharField(
                label=Ask(ask).label,
                max_length=LONGEST[Ask(ask)],
                widget=widget,
                help_text=_("Sealed; for delivery only."),
            )
        self.order_fields(
            ["quantity", *(f"given_{ask}" for ask in self.asks), "acknowledged", "exempt", "price", "shown", "seen"]
        )

    @property
    def words(self) -> dict[str, Any]:
        """What was answered, with the answers to the listing's questions together as `given`."""
        found = dict(self.cleaned_data)
        del found["seen"]
        found["given"] = {ask: found.pop(f"given_{ask}") for ask in self.asks}
        return found

    def blame(self, error: ValidationError) -> None:
        """Put what is wrong with an answer under its question."""
        for ask, errors in error.error_dict.items():
            self.add_error(f"given_{ask}" if f"given_{ask}" in self.fields else None, errors)


class Uploads(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each as a file field reads it."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The files, or what is wrong with one of them."""
        if not data:
            return [super().clean(None, initial)] if self.required else []
        one = super().clean
        return [one(each, initial) for each in (data if isinstance(data, list) else [data])]


class CannotDeliverForm(forms.Form):
    """Which units a shop gives up, and why: the buyer reads it."""

    places = forms.TypedMultipleChoiceField(
        label=_("Which units"), coerce=int, widget=forms.CheckboxSelectMultiple, help_text=_("All you cannot deliver.")
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=manual.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The buyer reads this word by word."),
    )

    def __init__(self, *args: Any, places: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        which = self.fields["places"]
        which.choices = [(place, _("No. %(place)s") % {"place": place}) for place in places]  # type: ignore[attr-defined]
        which.initial = places


class DeliverForm(forms.Form):
    """Which units, and what proves their delivery: what a kind needs not is not asked."""

    places = forms.TypedMultipleChoiceField(
        label=_("Which units"), coerce=int, widget=forms.CheckboxSelectMultiple, help_text=_("All that you delivered.")
    )
    account = forms.CharField(
        label=_("Account you delivered to"),
        max_length=LONGEST[Ask.ACCOUNT],
        widget=forms.TextInput(attrs=PRIVATE),
        help_text=_("Type it as the buyer gave it: whoever types it sees a mistake in time."),
    )
    reference = forms.CharField(label=_("Number of the upstream's ticket"), max_length=manual.LONGEST_REFERENCE)
    starts_on = forms.DateField(label=_("First day of the term"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("Last day of the term"), widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(
        label=_("What was done"), max_length=manual.LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4})
    )
    files = FilesField(label=_("Screenshot or files"), widget=Uploads)  # type: ignore[assignment]

    def __init__(self, *args: Any, kind: str, places: list[int], is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large
        for name in {name for proof in manual.PROOF.values() for name in proof} - set(manual.PROOF[kind]):
            del self.fields[name]
        which = self.fields["places"]
        which.choices = [(place, _("No. %(place)s") % {"place": place}) for place in places]  # type: ignore[attr-defined]
        which.initial = places

    def clean(self) -> dict[str, Any]:
        """A file that was too large was not let in."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            self.add_error(None, attachments.too_large_a_file())
        return found

    def blame(self, error: ValidationError) -> None:
        """Put what is wrong with a proof under its question."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class CouponForm(forms.Form):
    """What a coupon takes off, from what price on, for how many orders, and for how long."""

    code = forms.CharField(label=_("Code"), max_length=20, help_text=_("4 to 20 letters A–Z and digits."))
    value = YuanField(label=_("Takes off, in yuan"))
    minimum = YuanField(label=_("For orders of at least, in yuan"))
    most = forms.IntegerField(label=_("For how many orders in all"), min_value=1)
    per_person = forms.IntegerField(label=_("For how many orders of one buyer"), min_value=1, initial=1)
    starts_at = forms.DateTimeField(label=_("Can be used from"), widget=LocalTime)
    ends_at = forms.DateTimeField(label=_("Until"), widget=LocalTime)


class UseCouponForm(forms.Form):
    """The code of a coupon."""

    code = forms.CharField(label=_("Coupon"), max_length=20, widget=forms.TextInput(attrs=PRIVATE))


class JoinForm(forms.Form):
    """Why somebody of the staff joins a conversation."""

    reason = forms.CharField(
        label=_("Why you join"), max_length=conversation.LONGEST_REASON, help_text=_("Both sides read this.")
    )


class RedemptionForm(forms.Form):
    """What one side knows of who redeemed a code."""

    redeemed_at = forms.DateTimeField(label=_("When it was redeemed, if you know"), required=False, widget=LocalTime)
    by_buyer = forms.ChoiceField(
        label=_("To whose account"),
        choices=[("", _("I do not know")), ("yes", _("To the buyer's")), ("no", _("To another one"))],
        required=False,
    )
    account = forms.CharField(
        label=_("Which account, if you know"),
        max_length=60,
        required=False,
        help_text=_("Kept masked."),
        widget=forms.TextInput(attrs=PRIVATE),
    )

    @property
    def words(self) -> dict[str, Any]:
        """What was answered, as the verb takes it."""
        found = dict(self.cleaned_data)
        return {**found, "by_buyer": {"yes": True, "no": False}.get(found["by_buyer"])}


class SayForm(forms.Form):
    """Something to say, a file to add, or both."""

    text = forms.CharField(
        label=_("Your message"),
        required=False,
        max_length=conversation.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    file = forms.FileField(
        label=_("Add a file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ",".join((*attachments.CAPS, ".txt", ".log", ".csv"))}),
        help_text=format_lazy("{} {}", attachments.TAKEN, _("Never send a code you want to keep.")),
    )

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large

    def clean(self) -> dict[str, Any]:
        """There must be something."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            self.add_error(None, attachments.too_large_a_file())
        elif not self.errors and not found.get("file"):
            try:
                conversation.readable(found.get("text", ""))
            except ValidationError as error:
                self.add_error(None, error)
        return found


def say_form(request: Any) -> SayForm:
    """The form as it was sent; also knows of a file that was too large to be let in."""
    return SayForm(request.POST, request.FILES, is_too_large=too_large(request))
