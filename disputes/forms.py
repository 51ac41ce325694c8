"""Questions that the sides and the staff answer in a dispute."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from disputes.lifecycle import LONGEST_STATEMENT
from disputes.models import PARTIES, Evidence
from disputes.rulings import Draft, Finding, Weight
from disputes.seal import LONGEST_FILE
from orders.uploads import too_large
from refunds.models import RefundItem
from shops.forms import YuanField

#: Types of files that orders take (orders.attachments); the content decides, this only helps to choose.
TAKEN = "image/jpeg,image/png,image/webp,application/pdf,text/plain,.txt,.log,.csv"
PARTY_WORDS = {
    "platform": _("Platform"),
    "seller": _("Shop"),
    "upstream": _("Supplier"),
    "buyer": _("Buyer"),
}


class PercentField(forms.CharField):
    """A share as people write it (`60`, `33.33`), read as basis points; never a float."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def validate(self, value: Any) -> None:
        """An empty field is a share of nothing."""

    def to_python(self, value: Any) -> Any:
        """Basis points; an empty field is nothing of it."""
        text = unicodedata.normalize("NFKC", super().to_python(value) or "").replace("%", "").strip()
        if not text:
            return 0
        found = re.fullmatch(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?", text)
        if found is None:
            raise ValidationError(_("Write a share in percent, such as 60 or 33.33."), code="not_a_share")
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def prepare_value(self, value: Any) -> Any:
        """Basis points as they are shown in the form."""
        return f"{value // 100}.{value % 100:02}".removesuffix(".00") if isinstance(value, int) else value


class NeededText(forms.CharField):
    """Words that a decision needs and that a draft may still lack: the verb says what is missing, not the form."""

    def validate(self, value: Any) -> None:
        """A draft may be empty."""


class NeededChoice(forms.ChoiceField):
    """A choice that a decision needs and that a draft may still lack."""

    def validate(self, value: Any) -> None:
        """A draft may be empty; what is chosen is one of the choices."""
        if value:
            super().validate(value)


class AwardField(YuanField):
    """A sum in yuan that may be nothing at all: `0`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = []  # of a text's length; what is read is a number

    def to_python(self, value: Any) -> Any:
        """The fen; nothing if the field is empty."""
        text = unicodedata.normalize("NFKC", str(value or "")).replace("¥", "").strip()
        return 0 if re.fullmatch(r"0{1,6}(\.0{1,2})?", text) else super().to_python(value)


class StatementForm(forms.Form):
    """What a side says, a file it gives, or both."""

    text = forms.CharField(
        label=_("What should be known about it?"),
        required=False,
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Both sides and the staff read this. Never write a code that still works."),
    )
    file = forms.FileField(
        label=_("Add a file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": TAKEN}),
        help_text=_("JPEG, PNG or WebP up to 10 MB, PDF up to 20 MB, text up to 1 MB."),
    )

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large

    def clean(self) -> dict[str, Any]:
        """There must be something."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            sentence = _("This file is too large: images may have 10 MB, PDF 20 MB, text 1 MB.")
            self.add_error("file", ValidationError(sentence, code="too_large"))
        elif not self.errors and not found.get("file") and not found.get("text", "").strip():
            self.add_error("text", ValidationError(_("Say something, or add a file."), code="required"))
        return found


def statement_form(request: Any) -> StatementForm:
    """The form as it was sent; also knows of a file that was too large to be let in."""
    return StatementForm(request.POST, request.FILES, is_too_large=too_large(request))


class RulingForm(forms.Form):
    """What an arbiter writes. Everything may still be missing while it is a draft; what is written must be readable."""

    compensation = AwardField(label=_("Compensation on top, in yuan"), required=False)
    use_required_attribute = False
    rule_ids = NeededText(
        label=_("Rules that carry the decision"),
        max_length=400,
        help_text=_("Ids of the rulebook, separated by spaces."),
    )
    reasons = NeededText(
        label=_("Reasons, in plain words"),
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Both sides read this. Say what is proven, what is not, and what follows."),
    )
    departs_because = forms.CharField(
        label=_("Why the sum differs from the rulebook's figure"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed only if it differs."),
    )

    def __init__(self, *args: Any, items: Sequence[RefundItem], file: Sequence[Evidence], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items, self.file = items, file
        for party in PARTIES:
            self.fields[f"share_{party}"] = PercentField(label=PARTY_WORDS[party])
        for item in items:
            label = _("Unit %(place)s, in yuan") % {"place": item.unit.place}
            self.fields[f"grant_{item.unit_id}"] = AwardField(label=label, required=False)
        choices = [("", _("Choose …")), *Weight.choices]
        for piece in file:
            self.fields[f"weight_{piece.pk}"] = NeededChoice(
                label=piece.title or piece.get_kind_display(), choices=choices
            )
            self.fields[f"note_{piece.pk}"] = forms.CharField(label=_("Why"), required=False, max_length=500)

    def clean_rule_ids(self) -> list[str]:
        """The ids, each once."""
        found = re.split(r"[\s,，、]+", self.cleaned_data["rule_ids"].strip())
        if wrong := [each for each in found if each and not re.fullmatch(r"[A-Z][A-Z0-9_.-]{1,39}", each)]:
            sentence = _("“%(rule)s” is no id of a rule.")
            raise ValidationError(sentence, code="not_a_rule", params={"rule": wrong[0]})
        return list(dict.fromkeys(filter(None, found)))

    def draft(self) -> Draft:
        """What is written so far."""
        told = self.cleaned_data
        return Draft(
            shares={party: told[f"share_{party}"] for party in PARTIES},
            grants={
                item.unit_id: told[f"grant_{item.unit_id}"]
                for item in self.items
                if told[f"grant_{item.unit_id}"] is not None
            },
            compensation=told["compensation"] or 0,
            rule_ids=told["rule_ids"],
            findings={
                piece.pk: Finding(told[f"weight_{piece.pk}"], told[f"note_{piece.pk}"])
                for piece in self.file
                if told[f"weight_{piece.pk}"]
            },
            reasons=told["reasons"],
            departs_because=told["departs_because"],
        )

    @property
    def shares(self) -> list[Any]:
        """The fields of the shares, in order."""
        return [self[f"share_{party}"] for party in PARTIES]

    @property
    def grants(self) -> list[Any]:
        """The fields of the units' amounts, in their places."""
        return [self[f"grant_{item.unit_id}"] for item in self.items]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Per item of the file: the item, the field of its weight and the field of the reason."""
        return [
            {"piece": piece, "weight": self[f"weight_{piece.pk}"], "note": self[f"note_{piece.pk}"]}
            for piece in self.file
        ]

    @property
    def words(self) -> list[Any]:
        """The fields of what is said."""
        return [self[name] for name in ("rule_ids", "reasons", "departs_because")]


class AssignForm(forms.Form):
    """Whom a lead gives the case to."""

    arbiter = forms.ChoiceField(label=_("Give the case to"))

    def __init__(self, *args: Any, people: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["arbiter"].choices = [  # type: ignore[attr-defined]
            (str(person.pk), _("%(name)s, %(load)s open") % {"name": person.display_name, "load": person.load})
            for person in people
        ]


class SealForm(forms.Form):
    """What somebody brings to be checked: a number with a hash, or the file of a ruling, pasted or uploaded."""

    number = forms.CharField(label=_("Number of the ruling"), required=False, max_length=20)
    sha256 = forms.CharField(label=_("Its hash (SHA-256)"), required=False, max_length=64)
    pasted = forms.CharField(
        label=_("Or the contents of its file"),
        required=False,
        max_length=LONGEST_FILE,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    file = forms.FileField(label=_("Or the file itself (.json)"), required=False, allow_empty_file=True)

    def clean(self) -> dict[str, Any]:
        """One of the three, and of a number also the hash; `content` is the file's text."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        upload = found.get("file")
        content = upload.read(LONGEST_FILE).decode("utf-8", "replace") if upload else found.get("pasted", "")
        found["content"] = content.strip()
        if not self.errors and not content and not (found.get("number") and found.get("sha256")):
            self.add_error("number", ValidationError(_("Give a number and a hash, or the file."), code="required"))
        return found


class SendBackForm(forms.Form):
    """What the arbiter should look at again."""

    note = forms.CharField(
        label=_("What should be looked at again?"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 3})
    )
