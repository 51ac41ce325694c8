"""What a buyer tells in the three steps of a claim, and how a shop says no."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.forms import YuanField
from orders.forms import SayForm
from refunds import words
from refunds.citations import DeclineCode
from rulebook import linter, terms

FILES = "image/jpeg,image/png,image/webp,application/pdf,text/plain,.txt,.log,.csv"


class WhatHappenedForm(forms.Form):
    """Step one: what went wrong, and with which units. `places_by_reason` is what is open now."""

    reason = forms.ChoiceField(
        label=_("What went wrong?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what went wrong.")},
    )
    places = forms.TypedMultipleChoiceField(
        label=_("Which units?"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one unit.")},
    )

    def __init__(self, *args: Any, places_by_reason: dict[str, list[int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places_by_reason = places_by_reason
        self.fields["reason"].choices = [(code, words.reason(code)) for code in places_by_reason]  # type: ignore[attr-defined]
        every = sorted({place for places in places_by_reason.values() for place in places})
        self.fields["places"].choices = [(place, _("No. %(place)s") % {"place": place}) for place in every]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Every unit fits the reason."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if reason := found.get("reason"):
            strange = sorted(set(found.get("places", [])) - set(self.places_by_reason[reason]))
            if strange:
                self.add_error(
                    "places",
                    _("This reason does not fit these units: %(places)s.") % {"places": ", ".join(map(str, strange))},
                )
        return found


class EvidenceForm(SayForm):
    """Step two: anything to add to what we know already; nothing has to be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("In your own words")
        self.fields["file"].label = _("A screenshot or another file")

    def clean(self) -> dict[str, Any]:
        """Both may be left out."""
        found: dict[str, Any] = forms.Form.clean(self) or self.cleaned_data
        if self.is_too_large:
            from orders.attachments import too_large_a_file

            self.add_error(None, too_large_a_file())
        return found


class ResultForm(forms.Form):
    """Step three: the figure that was shown, and the amount, which may only go down."""

    expected = forms.IntegerField(widget=forms.HiddenInput)
    amount = YuanField(
        label=_("Amount you ask for"),
        required=False,
        help_text=_("You can ask for less, never for more than the rules give."),
    )


class DeclineForm(forms.Form):
    """A no: why in a word, the published rule, the reasons in words."""

    code = forms.ChoiceField(label=_("Why"), choices=DeclineCode.choices, widget=forms.RadioSelect)
    rule = forms.ChoiceField(
        label=_("By which published rule"),
        widget=forms.RadioSelect,
        help_text=_("Only rules that fit these goods in this state. The buyer sees the rule and its text."),
        error_messages={"required": _("A no needs a published rule.")},
    )
    text = forms.CharField(label=_("Tell the buyer why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    #: Set once the shop was told which of its words are too vague to count.
    was_warned = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, rules: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rule"].choices = [(rule, f"{rule} · {words.rule(rule)}") for rule in rules]  # type: ignore[attr-defined]

    def clean_text(self) -> str:
        """No void or forbidden terms: each is named with its reason and a better wording."""
        text: str = self.cleaned_data["text"]
        if void := linter.blocking(text, linter.Use.DECLINE):
            raise ValidationError([ValidationError(terms.sentence(each), code="void_term") for each in void])
        return text

    def clean(self) -> dict[str, Any]:
        """Vague words are shown once, with a better wording; sent again, the answer stands as it is."""
        told = super().clean() or {}
        vague = linter.lint(told.get("text", ""), linter.Use.DECLINE)
        if vague and not told.pop("was_warned", False):
            self.data = {**self.data.dict(), self.add_prefix("was_warned"): "1"}  # type: ignore[attr-defined]
            self.add_error("text", [ValidationError(terms.sentence(each), code="vague_term") for each in vague])
            self.add_error("text", ValidationError(_("Send it again if it shall stay as it is."), code="vague_term"))
        told.pop("was_warned", None)
        return told
