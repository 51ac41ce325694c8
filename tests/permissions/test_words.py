"""Whatever people wrote stays words: on no page does it become markup, a script, or a fault."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import models
from django.template.backends.django import Template

from privacy.register import REGISTER
from tests.permissions import PEOPLE, read
from tests.permissions.test_matrix import ROUTES
from tests.permissions.world import World, world

__all__ = ["world"]

#: Somebody's attempt, in each of the ways out of a text: an element, an attribute in either quotes, a script's string.
ATTEMPT = """<kamen-x onfocus=hi>"'`</script>{{ 7|add:7 }}"""
RENDER = Template.render
#: The names of events are ours.
OURS = {"timeline.Event.name"}


def is_written_by_people(each: Any) -> bool:
    """Whether a column holds what somebody typed: what is personal in a table, names, titles, and every long text."""
    if f"{each.model._meta.label}.{each.name}" in OURS or each.choices or isinstance(each, models.FileField):
        return False
    if isinstance(each, models.TextField):
        return True
    return isinstance(each, models.CharField) and each.name in {"title", "name", "nickname", "topic", "about", "note"}


@contextmanager
def everything_is_an_attempt() -> Iterator[int]:
    """Until its end every word of people's that is read from the database carries the attempt."""

    def spoiled(value: str | None, _expression: Any, _connection: Any) -> str | None:
        is_document = value is None or value[:1] in {"{", "["}  # of our own records, which are parsed
        return value if is_document or not value else value + ATTEMPT

    ours = {entry.model._meta.app_label for entry in REGISTER} - {"sessions", "usersessions", "mfa", "account"}
    fields: list[Any] = [
        each
        for model in apps.get_models()
        if model._meta.app_label in ours
        for each in model._meta.local_concrete_fields
        if is_written_by_people(each)
    ]
    for each in fields:
        each.from_db_value = spoiled
    try:
        yield len(fields)
    finally:
        for each in fields:
            del each.from_db_value


def looked_at(world: World) -> Iterator[tuple[str, str, Any]]:
    """Every page that somebody may see, once, by the first who may."""
    for (method, name), line in read().items():
        who = next((who for who, answer in zip(PEOPLE, line.answers, strict=True) if answer == "in"), None)
        if method == "GET" and who and name in ROUTES and not name.startswith("api:"):
            cache.clear()
            yield name, who, world.browsers[who].get(world.path_of(name, ROUTES[name]))


@pytest.mark.breaks_books
def test_nothing_that_people_wrote_becomes_markup(world, monkeypatch):
    monkeypatch.setattr("django.template.backends.django.Template.render", RENDER)
    wrong, seen = [], 0
    with everything_is_an_attempt() as count:
        assert count > 50
        for name, who, got in looked_at(world):
            if got.status_code >= 500:
                wrong.append(f"{name} as {who}: {got.status_code} {got.exc_info[1]!r}"[:300])
            elif got.get("Content-Type", "").startswith("text/html") and not got.streaming:
                text = got.content.decode()
                seen += "kamen-x" in text
                for bad in re.finditer(r"<kamen-x|onfocus=hi>|</script>\{|/script(?:>|&gt;)14", text):
                    wrong.append(f"{name} as {who}: …{text[max(0, bad.start() - 80) : bad.end() + 20]}…")
    assert not wrong, "\n".join(wrong)
    assert seen > 40, "hardly any page shows what people wrote; this proves nothing"
