"""Questions of the ground floor's pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from timeline import outages
from timeline.models import Outage

#: The list of what can be chosen, on the page of the register.
OFFERED = "what-could-be-down"


class AdvanceForm(forms.Form):
    """How far the demo mall's time shall go forward."""

    hours = forms.IntegerField(
        label=_("Hours forward"), min_value=1, max_value=24 * 400, help_text=_("Up to 9,600 hours, 400 days.")
    )

    def by(self) -> timedelta:
        """The span that was asked for."""
        return timedelta(hours=self.cleaned_data["hours"])


class MomentField(forms.DateTimeField):
    """A moment in Beijing time, to the minute."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class OutageForm(forms.Form):
    """What was down, since when, until when, and why."""

    scope = forms.ChoiceField(label=_("What was down"), choices=Outage.Scope.choices)
    target = forms.CharField(
        label=_("Which one"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"list": OFFERED, "autocomplete": "off"}),
        help_text=_(
            "The channel's name (sandbox), the supplier's number, the shop's address (xinghe) or the kind (POINT_CARD)."
            " Nothing for the whole platform."
        ),
    )
    began_at = MomentField(label=_("Since"), help_text=_("Beijing time; also long ago."))
    ended_at = MomentField(label=_("Until"), required=False, help_text=_("Nothing while it goes on."))
    reason = forms.CharField(
        label=_("What happened"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In words that the people concerned may read."),
    )

    def clean(self) -> dict[str, Any]:
        """The whole platform has no name, everything else has one; and an end comes after its beginning."""
        found: dict[str, Any] = super().clean() or {}
        is_whole = found.get("scope") == Outage.Scope.PLATFORM
        if "scope" in found and is_whole and found.get("target"):
            self.add_error("target", _("The whole platform has no name: leave this empty."))
        if "scope" in found and not is_whole and not found.get("target"):
            self.add_error("target", _("Say which one."))
        if "scope" in found and found.get("target") and not outages.is_there(found["scope"], found["target"]):
            self.add_error("target", outages.NOT_THERE)
        if found.get("ended_at") and found.get("began_at") and found["ended_at"] <= found["began_at"]:
            self.add_error("ended_at", _("An outage cannot end before it has begun."))
        return found


class WidenForm(forms.Form):
    """How an outage was, other than it is registered."""

    began_at = MomentField(label=_("Since"), help_text=_("Beijing time; not later than it is registered."))
    ended_at = MomentField(label=_("Until"), required=False, help_text=_("Nothing while it goes on."))
    is_whole = forms.BooleanField(label=_("It was the whole platform"), required=False)
    reason = forms.CharField(
        label=_("What happened"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In words that the people concerned may read."),
    )

    def clean(self) -> dict[str, Any]:
        """An end comes after its beginning."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("ended_at") and found.get("began_at") and found["ended_at"] <= found["began_at"]:
            self.add_error("ended_at", _("An outage cannot end before it has begun."))
        return found


class EndForm(forms.Form):
    """When an outage ended."""

    ended_at = MomentField(label=_("It ended at"), required=False, help_text=_("Beijing time; nothing means now."))


class ReasonForm(forms.Form):
    """Why a person steps in."""

    reason = forms.CharField(label=_("Why"), max_length=300)
