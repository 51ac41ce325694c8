"""What is chosen from a list says what to choose before anything is: no row of dashes."""

import importlib
from pathlib import Path

import pytest
from django import forms
from django.conf import settings

ROOMS = sorted({path.parent.name for path in Path(settings.BASE_DIR).glob("*/apps.py")})


def every_form(above=forms.BaseForm):
    for form in above.__subclasses__():
        yield form
        yield from every_form(form)


def ours():
    """Every form of the house, once all of them are read."""
    for path in Path(settings.BASE_DIR).glob("*/*forms.py"):
        importlib.import_module(f"{path.parent.name}.{path.stem}")
    return sorted(
        {form for form in every_form() if form.__module__.split(".")[0] in ROOMS}, key=lambda form: form.__qualname__
    )


def test_there_are_forms_to_look_at():
    assert len(ours()) > 40


@pytest.mark.django_db
def test_no_list_begins_with_dashes():
    dashes = [
        f"{form.__qualname__}.{name}"
        for form in ours()
        for name, field in form.base_fields.items()
        if isinstance(field, forms.ChoiceField)
        for value, label in field.widget.choices
        if value == "" and not str(label).strip("-–— ")
    ]
    assert dashes == []
