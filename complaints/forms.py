"""What agents fill in about complaints from outside."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from complaints.models import Complaint, Source
from complaints.outside import Stage, Told
from complaints.sandbox import phone
from orders.escrow import units_of
from orders.models import Unit
from refunds import reasons
from refunds import words as case_words
from rulebook import versions
from timeline.spans import SHANGHAI

MOST_BYTES, MOST_ROWS = 500_000, 200
#: The columns of the file that the authority's platform exports, as it names them.
COLUMNS = {
    "number": "投诉编号",
    "told_at": "投诉时间",
    "who": "联系电话",
    "demand": "投诉诉求",
    "yuan": "涉及金额",
    "text": "投诉内容",
    "order": "订单号",
}


class LinkForm(forms.Form):
    """Which order it is about."""

    order_number = forms.CharField(label=_("Number of the order"), max_length=20)


class CaseForm(forms.Form):
    """What the mall's own case is about: units and a reason that fits them."""

    units = forms.TypedMultipleChoiceField(
        label=_("Which units"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose.")},
    )
    reason = forms.ChoiceField(label=_("Reason"))

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = complaint.order
        self.found: list[Unit] = [unit for unit in units_of(order) if unit.left and not unit.held_by] if order else []
        units: Any = self.fields["units"]
        units.choices = [(unit.place, _now("Unit %(place)s") % {"place": unit.place}) for unit in self.found]
        reason: Any = self.fields["reason"]
        reason.choices = [(code, case_words.reason(code)) for code in self._reasons(complaint)]

    def _reasons(self, complaint: Complaint) -> list[str]:
        if complaint.order is None:
            return []
        kind = complaint.order.snapshot.listing.kind
        book = versions.book_of(complaint.order.rulebook_version)
        known = [code for unit in self.found for code in reasons.offered(kind, unit, book)]
        return list(dict.fromkeys(known))

    def chosen(self) -> list[Unit]:
        """The units that were ticked."""
        return [unit for unit in self.found if unit.place in self.cleaned_data["units"]]


class SayForm(forms.Form):
    """A word before there is a result."""

    text = forms.CharField(
        label=_("What they read there (Chinese)"), max_length=2000, widget=forms.Textarea({"rows": 4})
    )


class AnswerForm(forms.Form):
    """The answer; without words of one's own it is the result as the mall words it."""

    text = forms.CharField(
        label=_("In your words, if the mall's do not fit (Chinese)"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 5}),
    )
    reasons = forms.CharField(
        label=_("Why nothing goes back, where there is no case (a lead)"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class CloseForm(forms.Form):
    """How it ended at the authority."""

    end = forms.CharField(label=_("How it ended there"), max_length=500)


class RecordForm(forms.Form):
    """What came from 12315, written down by a person."""

    number = forms.CharField(label=_("Its number at 12315"), max_length=64)
    told_at = forms.DateTimeField(
        label=_("When it was made there"), widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    who = forms.CharField(
        label=_("Telephone of whoever complained"), max_length=40, required=False, help_text=_("Kept masked.")
    )
    demand = forms.CharField(label=_("What is demanded"), max_length=200, required=False)
    yuan = forms.DecimalField(
        label=_("Sum (yuan)"), max_digits=10, decimal_places=2, min_value=0, required=False, localize=False
    )
    order = forms.CharField(label=_("Number of the order, if it is named"), max_length=20, required=False)
    text = forms.CharField(label=_("What it says"), max_length=4000, widget=forms.Textarea({"rows": 5}))

    def told(self) -> Told:
        """The complaint in the words that all roads share."""
        given = self.cleaned_data
        return Told(
            source=Source.AUTHORITY,
            number=given["number"].strip(),
            stage=Stage.WAITING,
            state="",
            text=given["text"].strip(),
            told_at=given["told_at"],
            who=phone(given["who"].strip()),
            demand=given["demand"].strip(),
            asked=int(given["yuan"] * 100) if given["yuan"] else None,
        )


class ImportForm(forms.Form):
    """The file that the authority's platform exports."""

    file = forms.FileField(label=_("File (CSV)"))

    def clean_file(self) -> Any:
        """A text of the size that a day may have."""
        given = self.cleaned_data["file"]
        if given.size > MOST_BYTES:
            raise ValidationError(_now("This file is too large. Split it."))
        return given

    def rows(self) -> Iterator[tuple[int, RecordForm]]:
        """Each line as if it had been written down by hand: its place in the file, and the form. UTF-8 or GB 18030."""
        data = self.cleaned_data["file"].read()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030", "replace")
        for place, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
            if place > MOST_ROWS + 1:
                return
            given = {name: (row.get(column) or "").strip() for name, column in COLUMNS.items()}
            given["told_at"] = _time(given["told_at"])
            yield place, RecordForm(given)


def _time(text: str) -> str:
    """A time of the file, which is China's, as a form reads it."""
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return text
    return found.replace(tzinfo=found.tzinfo or SHANGHAI).isoformat()
