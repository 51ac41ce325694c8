"""The register of personal data has every column there is, and the document is what it says."""

from pathlib import Path

from django.conf import settings
from django.db import models

from privacy import register
from privacy.words import FATES, ITEMS


def test_every_column_that_could_be_personal_is_in_the_register_or_said_not_to_be():
    assert register.gaps() == set(), "say in privacy/register.py what these hold, how long, and what destroys it"
    assert register.stale() == set()


def test_a_new_column_is_a_gap_until_it_has_its_entry(monkeypatch):
    entry = next(each for each in register.REGISTER if each.table == "support.Talk")
    monkeypatch.setattr(register, "REGISTER", [each for each in register.REGISTER if each is not entry])
    assert ("support.Talk", "topic") in register.gaps()


def test_every_way_of_the_register_leads_somewhere(db):
    for entry in register.REGISTER:
        for way in (entry.whose, entry.order):
            if way:
                assert list(entry.model._base_manager.filter(**{way: 0}).order_by("pk")) == []
        assert entry.term in register.TERMS


def test_what_is_put_away_can_hold_the_sign_and_is_text():
    for entry in register.put_away():
        for name in entry.fields:
            field = entry.model._meta.get_field(name)
            assert isinstance(field, models.CharField | models.TextField), (entry.table, name)
            assert (field.max_length or 99) >= 5


def test_the_document_is_what_the_register_says():
    assert (Path(settings.BASE_DIR) / "docs" / "privacy.md").read_text() == register.written()


def test_every_thing_of_an_answer_has_its_words():
    assert set(FATES) == {"erased", "stays", "blocks"}
    assert {"account", "sales", "mail", "books", "hold", "balance"} <= set(ITEMS)
