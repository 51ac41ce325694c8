"""Questions that the style page shows."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class SharesForm(forms.Form):
    """How much each side bears, in percent, only to be looked at."""

    seller = forms.DecimalField(label=_("Shop"), initial=60)
    buyer = forms.DecimalField(label=_("Buyer"), initial=25)
    supplier = forms.DecimalField(label=_("Supplier"), initial=15)
    platform = forms.DecimalField(label=_("Platform"), initial=0)


class SampleForm(forms.Form):
    """A claim as a form, only to be looked at: every kind of question, and everything that can be wrong with it."""

    reason = forms.ChoiceField(
        label=_("What went wrong?"),
        choices=[("used", _("The code is already used")), ("late", _("It has not arrived in time"))],
        widget=forms.RadioSelect,
    )
    order = forms.CharField(label=_("Order number"), help_text=_("Twelve digits; you find it on the order's page."))
    amount = forms.IntegerField(label=_("Amount you ask for, in fen"), min_value=1, max_value=10_000)
    region = forms.ChoiceField(
        label=_("Server"), choices=[("cn", _("Mainland China")), ("hk", _("Hong Kong"))], required=False
    )
    words = forms.CharField(label=_("In your own words"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    file = forms.FileField(label=_("Screenshot"), required=False)
    truth = forms.BooleanField(label=_("What I say is true to my knowledge."))

    def clean(self) -> dict[str, Any]:
        raise ValidationError(_("This form is only a sample, so it is never accepted."))
