"""Questions of the rule center: the calculator's, and a text to try on the clause linter."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.forms import YuanField
from rulebook import words
from rulebook.arithmetic import WHOLE
from rulebook.book import Book
from rulebook.calculator import CAUSES, KINDS_OF, NEVER, QUESTIONS, asked
from rulebook.claims import KINDS, LEVELS, STATES, VOCABULARY, Claim, InvalidClaim
from rulebook.matrix import CLASSES

#: What the calculator shows to whoever comes without a question: sealed, bought 20 hours ago, silver.
SAMPLE = {
    "reason": "CHANGE_OF_MIND",
    "kind": "ACTIVATION_CODE",
    "state": "SEALED",
    "level": "M2",
    "paid": "98.00",
    "hours_since_delivery": "20",
    "statutory_no_reason": "no",
}
YES_NO = [("", gettext_lazy("not known")), ("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))]
LONGEST_TEXT = 5_000


class PercentField(forms.CharField):
    """A share in percent with at most two places; its value is basis points."""

    def __init__(self, *, most: int = WHOLE, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(max_length=12, **kwargs)
        self.most = most

    def clean(self, value: Any) -> Any:
        """The basis points, or what is wrong with the text."""
        text = super().clean(value).strip().rstrip("%％").strip()
        if not text:
            return None
        whole, _dot, places = text.partition(".")
        if not (whole.isascii() and whole.isdecimal() and len(places) <= 2 and (not places or places.isdecimal())):
            raise ValidationError(_("Write a share in percent with at most two places, like 30 or 12.5."), "malformed")
        found = int(whole) * 100 + int(places.ljust(2, "0") or "0")
        if found > self.most:
            raise ValidationError(
                _("The share is at most %(limit)s %%.") % {"limit": self.most // 100}, code="out_of_range"
            )
        return found


class CalculatorForm(forms.Form):
    """What happened, to what, in which state, for whom: and then the facts that matter there."""

    reason = forms.ChoiceField(label=gettext_lazy("What happened?"))
    kind = forms.ChoiceField(label=gettext_lazy("What was bought?"))
    state = forms.ChoiceField(label=gettext_lazy("In which state is it?"))
    level = forms.ChoiceField(label=gettext_lazy("Your membership level"))
    paid = YuanField(label=gettext_lazy("What you paid for one, in yuan"), least=1, most=10**9)

    def __init__(self, data: Mapping[str, Any], *, book: Book) -> None:
        super().__init__(data)
        self.book = book
        self._choices("reason", reasons_by_fault(book))
        self._choices("kind", [(code, words.KINDS[code]) for code in KINDS])
        self._choices("state", [(code, words.STATES_SHORT[code]) for code in STATES])
        self._choices("level", [(code, f"{code} · {words.LEVELS[code]}") for code in LEVELS])
        reason, kind, state = (str(data.get(name, "")) for name in ("reason", "kind", "state"))
        self.asked: tuple[str, ...] = ()
        if reason in book.reasons and kind in KINDS and state in STATES:
            self.asked = asked(book.reasons[reason], kind, state)
        for name in self.asked:
            self.fields[name] = field_of(name, book.reasons[reason].formula)

    def _choices(self, name: str, choices: Any) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What can be: a kind fits its reason and its state, and a part is not more than its whole."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        reason, kind, state = found.get("reason"), found.get("kind"), found.get("state")
        if reason and kind and kind not in KINDS_OF.get(reason, KINDS):
            fitting = _(", ").join(str(words.KINDS[each]) for each in KINDS if each in KINDS_OF[reason])
            self.add_error("kind", _("This reason is about: %(kinds)s.") % {"kinds": fitting})
        if kind and state in NEVER.get(kind or "", ()):
            self.add_error("state", _("This kind of goods is never in this state."))
        if not self.errors:
            try:
                found["claim"] = Claim(
                    kind=found["kind"],
                    reason=found["reason"],
                    state=found["state"],
                    level=found["level"],
                    paid=found["paid"],
                    facts=self._facts(found),
                )
            except InvalidClaim as error:
                name = error.path.removeprefix("facts.").partition(".")[0]
                self.add_error(name if name in self.fields else None, _impossible(error))
        return found

    def _facts(self, found: Mapping[str, Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for name in self.asked:
            value = found.get(name)
            if value in (None, ""):
                continue
            unit = QUESTIONS[name].unit
            if unit == "yes":
                facts[name] = value == "yes"
            elif unit == "share":
                facts[name] = {"SELLER": WHOLE - value, "BUYER": value}
            else:
                facts[name] = value
        return facts


def reasons_by_fault(book: Book) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Every reason, grouped by who is liable unless shown otherwise."""
    return [
        (
            words.CLASSES[fault],
            [(code, words.reason(code)) for code, reason in book.reasons.items() if reason.default_class == fault],
        )
        for fault in ("BUYER", *(each for each in CLASSES if each != "BUYER"))
        if any(reason.default_class == fault for reason in book.reasons.values())
    ]


def field_of(name: str, formula: str) -> forms.Field:
    """The field in which a person states a fact; it can always be left out."""
    question = QUESTIONS[name]
    common: dict[str, Any] = {"label": question.label, "required": False, "help_text": question.help}
    if question.unit == "yes":
        return forms.ChoiceField(choices=YES_NO, **common)
    if question.unit == "word":
        allowed = CAUSES.get(formula) if name == "cause" else None
        chosen = [each for each in question.words if allowed is None or each[0] in allowed]
        return forms.ChoiceField(choices=[("", gettext_lazy("not known")), *chosen], **common)
    if question.unit == "yuan":
        return YuanField(least=0, most=10**9, **common)
    if question.unit in ("percent", "share"):
        return PercentField(most=100 * WHOLE if name == "deviation_bp" else WHOLE, **common)
    most = min(VOCABULARY[name].largest, 10**7)
    return forms.IntegerField(
        min_value=0, max_value=most, widget=forms.NumberInput(attrs={"inputmode": "numeric"}), **common
    )


def _impossible(error: InvalidClaim) -> str:
    if error.code == "impossible_quantities":
        return _("A part cannot be more than the whole, and the whole is at least 1.")
    return _("This cannot be.")


class TryTextForm(forms.Form):
    """A text to look at before it is published."""

    text = forms.CharField(
        label=gettext_lazy("Your text"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy("A listing, a notice or an answer. Nothing is stored."),
        error_messages={"required": gettext_lazy("Write or paste a text first.")},
    )
    use = forms.ChoiceField(
        label=gettext_lazy("What is it for?"),
        choices=[
            ("listing", gettext_lazy("a listing or its notice")),
            ("decline", gettext_lazy("declining one case")),
        ],
    )
