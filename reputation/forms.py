"""Questions that reputation asks people."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import LONGEST_SUSPENSION
from reputation import batch_answers, contacts
from reputation.models import Measure


class AppealForm(forms.Form):
    """Why a measure should be looked at again."""

    words = forms.CharField(label=_("What was overlooked?"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))


class WhyForm(forms.Form):
    """A reason that the person concerned will read."""

    why = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class MeasureForm(forms.Form):
    """The next step against a buyer."""

    step = forms.ChoiceField(label=_("Step"), choices=Measure.Step.choices)
    ground = forms.ChoiceField(label=_("What was proven"), choices=Measure.Ground.choices)
    reason = forms.CharField(
        label=_("What was found, and where"),
        help_text=_("The person reads it. Name orders and cases, never other people."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_grave = forms.BooleanField(label=_("It is grave: leave out the steps before it"), required=False)


class SuspensionForm(forms.Form):
    """A time in which somebody may neither sell nor withdraw nor work for the mall."""

    reason = forms.CharField(
        label=_("Why"),
        help_text=_("The person reads it. Name orders and cases, never other people."),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    days = forms.IntegerField(
        label=_("For how many days"),
        help_text=_("Empty: until it is lifted."),
        min_value=1,
        max_value=LONGEST_SUSPENSION,
        required=False,
    )


class ContactForm(forms.Form):
    """A contact that sells guides to refunds."""

    handle = forms.CharField(
        label=_("Contact"),
        help_text=_("An account, a number or a group, as people write it. Spaces and signs do not count."),
        max_length=contacts.LONGEST,
    )
    reason = forms.CharField(
        label=_("What was found, and where"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class RatingForm(forms.Form):
    """What a buyer says of a finished order."""

    stars = forms.TypedChoiceField(
        label=_("Stars"), coerce=int, choices=[(number, str(number)) for number in range(5, 0, -1)]
    )
    text = forms.CharField(
        label=_("In your words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class ScoreForm(forms.Form):
    """How a case was handled, from 1 to 5."""

    score = forms.TypedChoiceField(
        label=_("How was this case handled, whatever came of it?"),
        coerce=int,
        choices=[
            (5, _("5 – very well")),
            (4, _("4 – well")),
            (3, _("3 – so-so")),
            (2, _("2 – badly")),
            (1, _("1 – very badly")),
        ],
        widget=forms.RadioSelect,
    )


class ReplyForm(forms.Form):
    """What a shop replies to a rating."""

    text = forms.CharField(label=_("Your reply"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class BatchAnswerForm(forms.Form):
    """What a shop says about a bad batch."""

    words = forms.CharField(
        label=_("What happened, and what do you do about it?"),
        help_text=_("People of risk read it, and whoever looks into the recall later. No codes in it."),
        min_length=batch_answers.SHORTEST,
        max_length=batch_answers.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CheckForm(forms.Form):
    """What the upstream says of a code."""

    unit = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        label=_("What the upstream says"), choices=[("bad", _("Bad when it was sold")), ("good", _("Good"))]
    )
    source = forms.CharField(label=_("Who says so"), max_length=80)
    reference = forms.CharField(label=_("Their number"), max_length=80)
