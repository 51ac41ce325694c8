"""What people fill in to reach a person, and what a person fills in to answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from support.models import ANSWERING


class CallForm(forms.Form):
    """What it is about."""

    topic = forms.CharField(
        label=_("What is it about?"),
        max_length=500,
        help_text=_("One sentence is enough: whoever answers has read your order and your case before."),
        widget=forms.Textarea({"rows": 3}),
    )
    is_urgent = forms.BooleanField(
        label=_("It is urgent: an account is being stolen, a child paid, or money is being taken now"), required=False
    )


class AnswerForm(forms.Form):
    """What is said to both sides."""

    text = forms.CharField(label=_("Your answer"), max_length=2_000, widget=forms.Textarea({"rows": 4}))


class HandoverForm(forms.Form):
    """What the next one must know."""

    reason = forms.CharField(label=_("What the next one must know"), max_length=500)


class ShiftForm(forms.Form):
    """Who answers, and when."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("Who"), empty_label=_("Choose who answers"))
    since = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    until = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput({"type": "datetime-local"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["user"]
        held = User.objects.filter(staff_roles__revoked_at=None, staff_roles__role__in=ANSWERING)
        field.queryset = held.distinct().order_by("pk")
