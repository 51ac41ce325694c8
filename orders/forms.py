"""Questions that buyers and shops answer about an order."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders import attachments, conversation
from orders.lifecycle import MOST_UNITS
from orders.uploads import too_large


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
    price = forms.IntegerField(required=False, widget=forms.HiddenInput)


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
        widget=forms.FileInput(
            attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf,text/plain,.txt,.log,.csv"}
        ),
        help_text=_(
            "JPEG, PNG or WebP up to 10 MB, PDF up to 20 MB, text up to 1 MB. Never send a code you want to keep."
        ),
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
