"""Questions of the ground floor's pages."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _


class AdvanceForm(forms.Form):
    """How far the demo mall's time shall go forward."""

    hours = forms.IntegerField(
        label=_("Hours forward"), min_value=1, max_value=24 * 400, help_text=_("Up to 9,600 hours, 400 days.")
    )

    def by(self) -> timedelta:
        """The span that was asked for."""
        return timedelta(hours=self.cleaned_data["hours"])
