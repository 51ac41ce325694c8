"""What people fill in about notices: what is mailed, where a machine is called, and a code to check."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.models import HEARD, Group, Mailing


class PreferencesForm(forms.Form):
    """One choice for each group."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for group in Group:
            self.fields[group.value] = forms.ChoiceField(label=group.label, choices=Mailing.choices)


class EndpointForm(forms.Form):
    """Where a machine is called, and what it hears of."""

    url = forms.URLField(
        label=_("Address"),
        required=False,
        max_length=300,
        assume_scheme="https",
        help_text=_("https, public. Leave it empty if your machine asks for the news itself."),
    )
    groups = forms.MultipleChoiceField(
        label=_("What it hears of"),
        choices=[(group.value, group.label) for group in HEARD],
        widget=forms.CheckboxSelectMultiple,
    )


class CodeForm(forms.Form):
    """A code from a message."""

    code = forms.CharField(
        label=_("Code of the message"),
        max_length=40,
        help_text=_("It stands at the end of every mail and beside every notice: KM and sixteen letters and digits."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
