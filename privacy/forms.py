"""What staff fill in about holds, requests and looks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from orders.models import Order


class WhyForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Why"), max_length=300)


class ThingForm(forms.Form):
    """An order by its number or a person by theirs, and why."""

    thing = forms.CharField(label=_("Order number, or number of a person"), max_length=30)
    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("For which court, authority or claim, with its number.")
    )

    def clean(self) -> dict[str, Any]:
        """What was named, if there is such a thing."""
        told: dict[str, Any] = super().clean() or {}
        thing = str(told.get("thing", "")).strip()
        order = Order.objects.filter(number=thing.upper()).select_related("shop", "buyer").first()
        user = User.objects.filter(pk=int(thing)).first() if thing.isdecimal() and len(thing) < 15 else None
        if thing and order is None and user is None:
            self.add_error("thing", _("There is no such order or person."))
        return {**told, "order": order, "user": user if order is None else None}
