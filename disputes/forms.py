"""Questions that the sides and the staff answer in a dispute."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from disputes.hearing import Need
from disputes.lifecycle import LONGEST_STATEMENT
from disputes.models import PARTIES, Appeal, Challenge, Dispute, Evidence, Penalty, Question, Ruling, Vote
from disputes.rulings import Draft, Finding, Weight, items_of
from disputes.seal import LONGEST_FILE
from orders import attachments
from orders.uploads import too_large
from refunds.models import RefundItem
from shops.forms import YuanField

#: Types of files that orders take (orders.attachments); the content decides, this only helps to choose.
TAKEN = "image/jpeg,image/png,image/webp,application/pdf,video/mp4,video/quicktime,text/plain,.txt,.log,.csv"
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
        help_text=attachments.TAKEN,
    )

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_too_large = is_too_large

    def clean(self) -> dict[str, Any]:
        """There must be something."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            self.add_error("file", attachments.too_large_a_file().error_dict["file"])
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
    issues = NeededText(
        label=_("Issues"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What the sides agree on, and each point on which they do not: one line each."),
    )
    reasons = NeededText(
        label=_("Reasons, in plain words"),
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Both sides read this. Say what is proven, what is not, and what follows."),
    )
    next_steps = NeededText(
        label=_("What each side can do now"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Left empty, it is said in the usual words. The dates stand on the decision's page."),
    )
    orders_replacement = forms.BooleanField(
        label=_("The shop delivers it anew; the sums go back only if it does not"), required=False
    )
    reply = forms.CharField(
        label=_("To whoever sent it back: what you changed, and why"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only the staff reads this."),
    )
    departs_because = forms.CharField(
        label=_("Why the sum differs from the rulebook's figure"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed if it differs, or if the rules give no figure and the nearest cases came out otherwise."),
    )

    def __init__(
        self,
        *args: Any,
        items: Sequence[RefundItem],
        file: Sequence[Evidence],
        may_replace: bool = False,
        is_sent_back: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items, self.file = items, file
        if not may_replace:
            del self.fields["orders_replacement"]
        if not is_sent_back:
            del self.fields["reply"]
        for party in PARTIES:
            self.fields[f"share_{party}"] = PercentField(label=PARTY_WORDS[party])
        for item in items:
            label = _("Unit %(place)s, in yuan") % {"place": item.unit.place}
            self.fields[f"grant_{item.unit_id}"] = AwardField(label=label, required=False)
        choices = [("", _("Choose …")), *Weight.choices]
        for piece in file:
            self.fields[f"weight_{piece.pk}"] = NeededChoice(label=piece.named, choices=choices)
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
            issues=told["issues"],
            reasons=told["reasons"],
            next_steps=told["next_steps"],
            departs_because=told["departs_because"],
            orders_replacement=told.get("orders_replacement", False),
            reply=told.get("reply", ""),
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
        names = ("rule_ids", "issues", "reasons", "next_steps", "departs_because", "reply")
        return [self[name] for name in names if name in self.fields]


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


def _area(rows: int = 4) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _choices(choices: Any) -> list[Any]:
    """Choices with none chosen before."""
    return [("", _("Choose …")), *choices]


def _file() -> forms.FileField:
    return forms.FileField(
        label=_("Add a file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": TAKEN}),
        help_text=attachments.TAKEN,
    )


class ActForm(forms.Form):
    """What an act of a case asks; an act without words asks nothing."""

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dispute = dispute

    def words(self) -> dict[str, Any]:
        """What was said, by the names of `disputes.acts`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "file"}


class ExtendForm(ActForm):
    """Why a side needs longer."""

    need = forms.ChoiceField(label=_("Why do you need longer?"), choices=_choices(Need.choices))


class ChallengeForm(ActForm):
    """Why somebody else should judge."""

    ground = forms.ChoiceField(label=_("Why should somebody else judge?"), choices=_choices(Challenge.Ground.choices))
    text = forms.CharField(label=_("In a sentence or two"), max_length=500, widget=_area(3))


class AnswerForm(ActForm):
    """The one thing that was asked for, or why it is not there."""

    text = forms.CharField(
        label=_("Your answer, or why you do not have it"),
        required=False,
        max_length=LONGEST_STATEMENT,
        widget=_area(),
        help_text=_("Both sides and the staff read this. Never write a code that still works."),
    )
    file = _file()


class AgreeForm(ActForm):
    """The proposal that was read."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)


class LastOfferForm(ActForm):
    """A side's last figure."""

    amount = AwardField(
        label=_("What should go back at last, in yuan"),
        required=False,
        help_text=_("Sealed until the other side gives its own. Then the arbiter awards one of the two, nothing else."),
    )


class AppealForm(ActForm):
    """Against what was ruled."""

    ground = forms.ChoiceField(label=_("What is wrong with the decision?"), choices=_choices(Appeal.Ground.choices))
    text = forms.CharField(
        label=_("Say it in your own words, in 50 characters at least"),
        min_length=50,
        max_length=LONGEST_STATEMENT,
        widget=_area(6),
    )
    late_because = forms.CharField(
        label=_("If there is new evidence: why does it come only now?"),
        required=False,
        max_length=1_000,
        widget=_area(2),
    )
    file = _file()


class AnswerAppealForm(ActForm):
    """What the other side says to an appeal, and an appeal of its own."""

    text = forms.CharField(label=_("Your answer"), required=False, max_length=LONGEST_STATEMENT, widget=_area(5))
    joined_ground = forms.ChoiceField(
        label=_("You can join with an appeal of your own: what is wrong with the decision?"),
        required=False,
        choices=[("", _("I do not appeal")), *Appeal.Ground.choices],
    )
    joined_text = forms.CharField(
        label=_("If you join: say it in your own words, in 50 characters at least"),
        required=False,
        max_length=LONGEST_STATEMENT,
        widget=_area(4),
    )
    file = _file()


class UnmaskForm(ActForm):
    """What personal data is needed for."""

    reason = forms.CharField(
        label=_("What do you need names and networks for?"),
        max_length=200,
        help_text=_("It is on record with your name, and holds for 12 hours."),
    )


class AskForm(ActForm):
    """One named thing."""

    whom = forms.ChoiceField(label=_("Who has it?"), choices=_choices(Question.Whom.choices))
    kind = forms.ChoiceField(label=_("What is asked for?"), choices=Question.Kind.choices)
    item = forms.CharField(
        label=_("The one thing, by its name"), max_length=200, help_text=_("The least intrusive that proves it.")
    )
    reason = forms.CharField(label=_("What is it to show?"), max_length=500, widget=_area(2))


class PerUnitForm(ActForm):
    """Sums per unit, in yuan."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = [item.unit.place for item in items_of(self.dispute.refund)]
        for place in self.places:
            label = _("Unit %(place)s, in yuan") % {"place": place}
            self.fields[f"grant_{place}"] = AwardField(label=label, required=False)

    def words(self) -> dict[str, Any]:
        """What was said, with the sums of the units that were given one."""
        given = {place: self.cleaned_data[f"grant_{place}"] for place in self.places if self._has(place)}
        rest = {name: value for name, value in super().words().items() if not name.startswith("grant_")}
        return {**rest, "grants": given}

    def _has(self, place: int) -> bool:
        return bool(str(self.data.get(self.add_prefix(f"grant_{place}"), "")).strip())


class ProposeForm(PerUnitForm):
    """A way out that both sides may accept."""

    text = forms.CharField(label=_("Why both sides should accept it"), max_length=2_000, widget=_area())


class VoteForm(PerUnitForm):
    """What a member of the panel thinks."""

    word = forms.ChoiceField(label=_("What should become of the decision?"), choices=_choices(Vote.Word.choices))
    reasons = forms.CharField(label=_("Your reasons; both sides read them"), max_length=8_000, widget=_area(6))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for party in PARTIES:
            label = _("%(party)s, in percent, if it should change") % {"party": PARTY_WORDS[party]}
            self.fields[f"share_{party}"] = PercentField(label=label, required=False)
        self.fields["compensation"] = AwardField(
            label=_("Compensation on top, in yuan"),
            required=False,
            help_text=_("Leave it empty to let it stand as it was ruled; 0 takes it away."),
        )

    def words(self) -> dict[str, Any]:
        """What was said, with the shares; an empty compensation stays as it was ruled."""
        found = super().words()
        shares = {party: found.pop(f"share_{party}") for party in PARTIES}
        if not str(self.data.get(self.add_prefix("compensation"), "")).strip():
            found["compensation"] = None
        return {**found, "shares": shares}


class DismissForm(ActForm):
    """Why a case is not heard."""

    ground = forms.ChoiceField(label=_("Why is it not heard?"), choices=_choices(Ruling.Dismissed.choices))
    reasons = forms.CharField(label=_("Reasons, in plain words"), max_length=8_000, widget=_area())


class SuspendForm(ActForm):
    """What stops a case."""

    because = forms.ChoiceField(
        label=_("What stops the case?"),
        choices=_choices([each for each in Dispute.Suspended.choices if each[0] != Dispute.Suspended.OUTSIDE]),
    )
    reference = forms.CharField(label=_("Number or date of the paper that orders it"), max_length=200)


class RenewForm(ActForm):
    """Why a case still stands still."""

    reason = forms.CharField(label=_("Why does it still stand still?"), max_length=500, widget=_area(2))


class TurnAwayForm(ActForm):
    """The defect of form of an appeal."""

    formal = forms.ChoiceField(label=_("Which defect of form?"), choices=_choices(Appeal.Formal.choices))


class PenaltyForm(ActForm):
    """What a shop should pay for."""

    ground = forms.ChoiceField(label=_("What for?"), choices=_choices(Penalty.Ground.choices))
    amount = YuanField(label=_("How much, in yuan"))
    text = forms.CharField(label=_("What proves it"), max_length=2_000, widget=_area())


class SettlePenaltyForm(ActForm):
    """Whether a penalty is imposed."""

    agrees = forms.TypedChoiceField(
        label=_("Is it imposed?"),
        choices=[("", _("Choose …")), ("yes", _("Impose it")), ("no", _("Turn it down"))],
        coerce=lambda value: value == "yes",
    )


class NeutralForm(forms.Form):
    """Somebody from outside for the public list."""

    email = forms.EmailField(label=_("E-mail of the account"))
    name = forms.CharField(label=_("Name, as both sides see it"), max_length=60)
    organization = forms.CharField(label=_("Organization"), max_length=120)
    about = forms.CharField(label=_("Training, ties and fee"), max_length=1_000, widget=_area(4))
