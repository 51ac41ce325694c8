"""What a buyer tells in the three steps of a claim, and how a shop says no."""

import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ledger.forms import YuanField
from orders.attachments import TAKEN, too_large_a_file
from orders.forms import FilesField, Uploads
from refunds import reasons, stated, words
from refunds.citations import DeclineCode
from refunds.models import Refund
from refunds.papers import Contest, Proof, Relation
from refunds.stated import Told
from refunds.states import REFUND, RefundState
from rulebook import linter, terms
from rulebook.calculator import QUESTIONS
from rulebook.forms import field_of

FILES = "image/jpeg,image/png,image/webp,application/pdf,video/mp4,video/quicktime,text/plain,.txt,.log,.csv"


#: From so many units on they can also be named as `1-200, 205`.
MANY = 12
RUN = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


def places_of(text: str) -> list[int]:
    """The places in `1-3, 7`; `ValidationError` if it reads otherwise."""
    found: set[int] = set()
    for part in re.split(r"[,，、;；\s]+", re.sub(r"\s*[-–~～]\s*", "-", text.strip())):
        if not part:
            continue
        run = RUN.fullmatch(part)
        if run is None:
            raise ValidationError(_("Write places like this: 1-200, 205."), code="invalid")
        first, last = int(run[1]), int(run[2] or run[1])
        found |= set(range(min(first, last), max(first, last) + 1))
    return sorted(found)


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
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    all = forms.BooleanField(label=_("All that this fits"), required=False)
    run = forms.CharField(
        label=_("Or by their places"),
        required=False,
        max_length=400,
        help_text=_("Like this: 1-200, 205"),
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, places_by_reason: dict[str, list[int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places_by_reason = places_by_reason
        self.fields["reason"].choices = [(code, words.reason(code)) for code in places_by_reason]  # type: ignore[attr-defined]
        every = sorted({place for places in places_by_reason.values() for place in places})
        self.fields["places"].choices = [(place, _("No. %(place)s") % {"place": place}) for place in every]  # type: ignore[attr-defined]

    def clean_run(self) -> list[int]:
        """The places that were written."""
        return places_of(self.cleaned_data["run"])

    def clean(self) -> dict[str, Any]:
        """Every unit fits the reason, and there is one."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if (reason := found.get("reason")) and not self.errors:
            fitting = self.places_by_reason[reason]
            chosen = set(fitting) if found["all"] else {*found.get("places", []), *found.get("run", [])}
            if not chosen:
                self.add_error("places", ValidationError(_("Choose at least one unit."), code="required"))
            elif strange := sorted(chosen - set(fitting)):
                shown = ", ".join(map(str, strange[:12])) + (" …" if len(strange) > 12 else "")
                self.add_error("places", _("This reason does not fit these units: %(places)s.") % {"places": shown})
            found["places"] = sorted(chosen)
        elif not self.errors:
            self.add_error("places", ValidationError(_("Choose at least one unit."), code="required"))
        return found


class EvidenceForm(forms.Form):
    """Step two: what only the buyer can know; nothing has to be, and what is left out is told to the shop as such."""

    def __init__(
        self, *args: Any, reason: str, facts: list[str], formula: str, is_too_large: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.reason, self.facts, self.is_too_large = reason, facts, is_too_large
        for name in facts:
            self.fields[name] = field_of(name, formula)
        if stated.needs_error_code(reason):
            self.fields["error_code"] = forms.CharField(
                label=_("Error code or message, word by word"),
                required=False,
                max_length=stated.LONGEST_CODE,
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
                help_text=_("As the screen shows it. Without one, just go on."),
            )
        if reason in reasons.HAPPENS:
            self.fields["happened_on"] = forms.DateField(
                label=_("When did it happen?"), required=False, widget=forms.DateInput(attrs={"type": "date"})
            )
        self.fields["text"] = forms.CharField(
            label=_("In your own words"),
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
        )
        self.fields["file"] = FilesField(
            label=_("Pictures or files"),
            required=False,
            allow_empty_file=True,
            widget=Uploads(attrs={"accept": FILES, "data-uploader": ""}),
            help_text=format_lazy("{} {}", TAKEN, _("Never send a code you want to keep.")),
        )

    def clean(self) -> dict[str, Any]:
        """What was stated fits together; a file that was too large was not let in."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            self.add_error(None, too_large_a_file())
        if not self.errors:
            given = {name: _as_fact(name, found.get(name)) for name in self.facts}
            try:
                found["facts"] = stated.readable(given, self.reason)
            except ValidationError as error:
                for name, errors in error.error_dict.items():
                    self.add_error(name if name in self.fields else None, errors)
        return found

    @property
    def told(self) -> Told:
        """What was stated, as it goes with the claim."""
        found = self.cleaned_data
        return Told(found["facts"], found.get("error_code", "").strip(), found.get("happened_on"))


def _as_fact(name: str, value: Any) -> Any:
    if value in (None, ""):
        return None
    return value == "yes" if QUESTIONS[name].unit == "yes" else value


class ResultForm(forms.Form):
    """Step three: the figure that was shown, and the amount, which may only go down."""

    expected = forms.IntegerField(widget=forms.HiddenInput)
    amount = YuanField(
        label=_("Amount you ask for"),
        required=False,
        help_text=_("You can ask for less, never for more than the rules give."),
    )
    prefers = forms.ChoiceField(
        label=_("What would you rather have?"),
        choices=Refund.Preference.choices,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, can_be_replaced: bool = False, can_go_to_balance: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        wishes, about = [Refund.Preference.MONEY], []
        if can_be_replaced:
            wishes.append(Refund.Preference.REISSUE)
            about.append(_("A replacement comes from the shop's stock, if there is one; otherwise it is money."))
        if can_go_to_balance:
            wishes.append(Refund.Preference.BALANCE)
            about.append(
                _(
                    "Money goes back the way you paid, which takes the channel up to some days. On your balance it is"
                    " there the moment it is decided, to be spent in this mall; it is not paid out from there."
                )
            )
        if len(wishes) == 1:
            del self.fields["prefers"]
            return
        field = self.fields["prefers"]
        field.choices = [(each.value, each.label) for each in wishes]  # type: ignore[attr-defined]
        field.help_text = " ".join(map(str, about))


class NothingVoid(forms.Form):
    """A text that the other side reads: no void or forbidden terms."""

    def clean_text(self) -> str:
        """Each such term is named with its reason and a better wording."""
        text: str = self.cleaned_data["text"]
        if void := linter.blocking(text, linter.Use.DECLINE):
            raise ValidationError([ValidationError(terms.sentence(each), code="void_term") for each in void])
        return text


class DeclineForm(NothingVoid):
    """A no: why in a word, the published rule, the reasons in words."""

    code = forms.ChoiceField(label=_("Why"), choices=DeclineCode.choices, widget=forms.RadioSelect)
    rule = forms.ChoiceField(
        label=_("By which published rule"),
        widget=forms.RadioSelect,
        help_text=_("Only rules that fit these goods in this state. The buyer sees the rule and its text."),
        error_messages={"required": _("A no needs a published rule.")},
    )
    text = forms.CharField(label=_("Tell the buyer why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    file = forms.FileField(
        label=_("A file that proves it"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": FILES}),
    )
    #: Set once the shop was told which of its words are too vague to count.
    was_warned = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, rules: list[str], may_do_without: bool = False, is_too_large: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large
        choices = [(rule, f"{rule} · {words.rule(rule)}") for rule in rules]
        if may_do_without:
            choices.append(("", str(_("No rule: the file below proves it"))))
            self.fields["rule"].required = False
        self.fields["rule"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Vague words are shown once, with a better wording; sent again, the answer stands as it is."""
        told = super().clean() or {}
        if self.is_too_large:
            self.add_error(None, too_large_a_file())
        vague = linter.lint(told.get("text", ""), linter.Use.DECLINE)
        if vague and not told.pop("was_warned", False):
            self.data = {**self.data.dict(), self.add_prefix("was_warned"): "1"}  # type: ignore[attr-defined]
            self.add_error("text", [ValidationError(terms.sentence(each), code="vague_term") for each in vague])
            self.add_error("text", ValidationError(_("Send it again if it shall stay as it is."), code="vague_term"))
        told.pop("was_warned", None)
        return told


class QueueForm(forms.Form):
    """What a shop looks for in its queue; nothing of it has to be chosen."""

    state = forms.ChoiceField(label=_("State"), required=False)
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    listing = forms.TypedChoiceField(label=_("Offer"), required=False, coerce=int, empty_value=None)
    least = YuanField(label=_("From, in yuan"), required=False, least=0)
    most = YuanField(label=_("Up to, in yuan"), required=False, least=0)

    def __init__(self, *args: Any, listings: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", _("all"))]
        mine = [RefundState.REQUESTED, *(each for each in RefundState if REFUND.owners.get(each) in {"shop", "both"})]
        self._choose("state", every + [(state.value, state.label) for state in dict.fromkeys(mine)])
        self._choose("reason", every + [(code, words.reason(code)) for code in reasons.STATES])
        self._choose("listing", every + [(str(pk), title) for pk, title in listings])

    def _choose(self, name: str, choices: Any) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def as_query(self) -> str:
        """The filters as a part of an address, for the next page."""
        return urlencode({name: self.data.get(name, "") for name in self.fields if self.data.get(name)})


class AnswerForm(forms.Form):
    """An answer to keep."""

    title = forms.CharField(label=_("Title"), max_length=40)
    text = forms.CharField(label=_("Text"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))


class WordForm(forms.Form):
    """Up to how much a shop pays at once."""

    most = YuanField(
        label=_("Up to, in yuan a case"),
        required=False,
        least=0,
        most=100_000,
        help_text=_("0: nothing is paid before you have answered. You can change it at any time."),
    )


class ProofForm(forms.Form):
    """One paper of a family."""

    what = forms.ChoiceField(label=_("What does it show?"), choices=Proof.What.choices, widget=forms.RadioSelect)
    file = forms.FileField(
        label=_("Picture or PDF"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
        help_text=_("It is sealed at once. Cover what is not needed, such as the number of an identity card."),
    )

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large

    def clean(self) -> dict[str, Any]:
        """A file that was too large was not let in."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            from orders.attachments import too_large_a_file

            self.add_error(None, too_large_a_file())
        return found


class GuardianForm(forms.Form):
    """Who the guardian is; the names are sealed."""

    relation = forms.ChoiceField(label=_("You are"), choices=Relation.choices)
    name = forms.CharField(label=_("Your name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    contact = forms.CharField(label=_("How to reach you"), max_length=100)
    account = forms.CharField(
        label=_("How the child came to pay"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Whose device and account, when, and how you noticed."),
    )


class WhyForm(forms.Form):
    """Why somebody of the staff opens a sealed paper."""

    why = forms.CharField(label=_("Why do you need to see it?"), min_length=10, max_length=500)


class FindingForm(forms.Form):
    """What somebody of the staff found."""

    finding = forms.CharField(label=_("What you found"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ContestForm(NothingVoid):
    """A shop says that an instant payment was not owed: why in a word, in words, and a file that shows it."""

    ground = forms.ChoiceField(
        label=_("What is wrong with the payment?"),
        choices=Contest.Ground.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is wrong with the payment.")},
    )
    text = forms.CharField(
        label=_("What happened"), min_length=20, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    file = forms.FileField(
        label=_("A file that proves it"), allow_empty_file=True, widget=forms.FileInput(attrs={"accept": FILES})
    )

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large

    def clean(self) -> dict[str, Any]:
        """A file that was too large to be let in is named."""
        told = super().clean() or {}
        if self.is_too_large:
            self.add_error(None, too_large_a_file())
        return told


class ContestDecisionForm(forms.Form):
    """What somebody of the staff decides about a contested payment, and at whose expense."""

    finding = forms.CharField(
        label=_("Why, for both sides to read"),
        min_length=20,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    recourse = forms.ChoiceField(
        label=_("If the payment was not owed: at whose expense?"),
        choices=Contest.Recourse.choices,
        initial=Contest.Recourse.FUND,
        required=False,
        widget=forms.RadioSelect,
    )
    recourse_text = forms.CharField(
        label=_("What a claim rests on"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For a claim on the supplier or the buyer: who it is, and what proves it. No money is taken back."),
    )
