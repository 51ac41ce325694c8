"""What people write when a shop opens, shows its papers, or is judged: applications, licences, steps, reviews."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.forms import Day
from shops.models import Application, Licence, Party, Sanction, Shop, visible
from shops.offered import OFFERED
from shops.papers import TAKEN
from shops.sanctions import LONGEST


class BeginForm(forms.Form):
    """How the shop shall be called and found."""

    name = forms.CharField(label=_("Name of the shop"), max_length=40, validators=[visible])
    slug = forms.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        label=_("Its place in addresses"),
        max_length=40,
        help_text=_("Use small letters, digits and single hyphens."),
        error_messages={"invalid": _("Use small letters, digits and single hyphens.")},
    )


class ApplicationForm(BeginForm):
    """Everything the mall must know of somebody who wants to sell here."""

    kinds = forms.MultipleChoiceField(
        label=_("What do you want to sell?"),
        choices=[(kind.value, kind.label) for kind in OFFERED],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    about = forms.CharField(
        label=_("Where do your goods come from?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Suppliers, contracts, authorizations. Only people of the mall read it."),
    )
    party = forms.ChoiceField(label=_("Who answers for the shop?"), choices=Party.choices)
    legal_name = forms.CharField(label=_("Name before the law"), max_length=80, required=False, validators=[visible])
    legal_address = forms.CharField(
        label=_("Address for legal papers"), max_length=160, required=False, validators=[visible]
    )
    contact_email = forms.EmailField(label=_("E-mail address for legal steps"), required=False)
    contact_phone = forms.CharField(
        label=_("Telephone for legal steps"),
        max_length=20,
        required=False,
        help_text=_("The law has it told to buyers who need it; others see a part of it."),
    )
    icp = forms.CharField(label=_("ICP number of your own site"), max_length=40, required=False, validators=[visible])


def form_about(application: Application, data: Any = None) -> ApplicationForm:
    """The form of an application, as it is written now or with what was sent."""
    return ApplicationForm(data, initial={name: getattr(application, name) for name in ApplicationForm.base_fields})


class PaperForm(forms.Form):
    """A paper with its number and its end."""

    kind = forms.ChoiceField(label=_("Which paper is it?"), choices=Licence.Kind.choices)
    number = forms.CharField(
        label=_("Its number"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    issuer = forms.CharField(label=_("Issued by"), max_length=80, validators=[visible])
    valid_until = forms.DateField(
        label=_("Last good day"), required=False, widget=Day(), help_text=_("Empty: it does not end.")
    )
    upload = forms.FileField(
        label=_("The paper itself"),
        help_text=_("A picture or PDF, up to 10 MB. It is kept sealed; only people who check papers read it."),
        widget=forms.FileInput(attrs={"accept": ",".join(TAKEN)}),
    )


class WordsForm(forms.Form):
    """What somebody says for the record."""

    words = forms.CharField(label=_("Say it in words"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class ReasonForm(forms.Form):
    """Why something is decided; the other side reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The shop reads it."),
    )


class OpenForm(forms.Form):
    """What somebody of the mall needs to know for who is behind a shop."""

    reason = forms.CharField(
        label=_("What do you need it for?"),
        max_length=200,
        help_text=_("Whoever it is about reads this, with your number and the time."),
    )


class LevelForm(ReasonForm):
    """How far the mall trusts a shop."""

    level = forms.ChoiceField(label=_("Level"), choices=Shop.Level.choices)
    field_order = ("level", "reason")


class StepForm(ReasonForm):
    """A step against a shop."""

    step = forms.ChoiceField(label=_("Step"), choices=Sanction.Step.choices)
    days = forms.IntegerField(
        label=_("For how many days"),
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text=_("Empty: the usual term of the step."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    is_grave = forms.BooleanField(label=_("It is so grave that milder steps are left out"), required=False)
    field_order = ("step", "days", "reason", "is_grave")


class RenewForm(ReasonForm):
    """How much longer a step lasts."""

    days = forms.IntegerField(
        label=_("So many days longer"),
        min_value=1,
        max_value=LONGEST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    field_order = ("days", "reason")
