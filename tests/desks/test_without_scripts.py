"""With JavaScript off nothing is lost: what can be pressed on a page is a form that is sent, or a link that leads."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.desks.test_every_page import RENDER, pages
from tests.permissions import read
from tests.permissions.test_matrix import NOT_OURS, ROUTES
from tests.permissions.world import world

__all__ = ["world"]

#: Marks of what only a script can do, and what a page without scripts does instead: it is hidden, or it is no loss.
HELPERS = {
    "data-deed": "the viewer of files, which opens by a script only; without one a file is a link",
    "data-shows-keys": "keys are a script's",
    "data-closes-keys": "keys are a script's",
    "data-camera": "shown where there are scripts only; the field for files beside it asks the camera, too",
    "data-copy": "hidden until the script is there; what it copies can be marked",
}
#: Of the style page, where nothing is sent.
SHOWN_ONLY = {"desks:styleguide"}


@dataclass
class Form:
    """Where a form goes, how, and whether it carries what protects it from others."""

    action: str
    method: str
    has_token: bool = False
    has_button: bool = False


class Page(HTMLParser):
    """What can be pressed on a page, and what is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.wrong: list[str] = []
        self.named: dict[str, Form] = {}
        self.form: Form | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, and look at each thing that can be pressed."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(said.get("action", ""), said.get("method", "get").lower())
            self.forms.append(self.form)
            self.named[said.get("id", "")] = self.form
        elif tag == "button" or (tag == "input" and said.get("type") in {"submit", "image", "button"}):
            self._pressed(tag, said)
        elif tag == "input" and said.get("name") == "csrfmiddlewaretoken" and self.form:
            self.form.has_token = True
        elif tag == "a" and "button" in said.get("class", "").split() and self.form:
            self.form.has_button = True  # who must sign in first is led there
        if tag == "a" and (said.get("href") == "#" or said.get("href", "").startswith("javascript:")):
            self.wrong.append(f"a link that leads nowhere: {said}")
        if any(name.startswith("on") for name in said):
            self.wrong.append(f"a handler in the page: <{tag} {said}>")
        if {"hx-put", "hx-patch", "hx-delete"} & said.keys():
            self.wrong.append(f"only a script sends this: <{tag} {said}>")
        if "hx-post" in said and self.form is None:
            self.wrong.append(f"no form sends what this sends: <{tag} {said}>")

    def handle_endtag(self, tag: str) -> None:
        """The end of a form."""
        if tag == "form":
            self.form = None

    def _pressed(self, tag: str, said: dict[str, str]) -> None:
        if said.get("type") == "button":
            if not (said.keys() & HELPERS.keys() or "hidden" in said):
                self.wrong.append(f"a button that only a script can press: {said}")
            return
        form = self.named.get(said["form"]) if "form" in said else self.form
        if form is None:
            self.wrong.append(f"a button without a form: {said}")
            return
        form.has_button = True
        if "formaction" in said:
            self.forms.append(Form(said["formaction"], said.get("formmethod", form.method), has_button=True))
            self.forms[-1].has_token = form.has_token


def goes_nowhere(form: Form, path: str, table: Any) -> str:
    """Why what a form sends would not arrive, if so."""
    target = urlsplit(urljoin(path, form.action)).path
    if form.method not in {"get", "post"}:
        return f"a form is sent by {form.method}"
    try:
        match = resolve(target)
    except Resolver404:
        return f"a form goes to {target}, where nobody is"
    if not form.has_button:
        return f"the form to {target} has nothing to press"
    if form.method == "post":
        if not form.has_token:
            return f"the form to {target} carries no token"
        line = table.get(("POST", match.view_name))
        if match.view_name in ROUTES and (line is None or set(line.answers) <= {"405"}):
            return f"nothing can be sent to {target} ({match.view_name})"
        if match.view_name not in ROUTES and not NOT_OURS.match(match.view_name):
            return f"{match.view_name} is in no table"
    return ""


@pytest.mark.breaks_books
def test_whatever_can_be_pressed_on_a_page_is_sent_without_a_script(world, monkeypatch):
    monkeypatch.setattr("django.template.backends.django.Template.render", RENDER)
    table, wrong, verbs = read(), [], set()
    for name, who in pages():
        path = world.path_of(name, ROUTES[name])
        got = world.browsers[who].get(path)
        if got.streaming or not got.get("Content-Type", "").startswith("text/html") or name in SHOWN_ONLY:
            continue
        page = Page(got.content.decode())
        told = [*page.wrong, *(why for form in page.forms if (why := goes_nowhere(form, path, table)))]
        wrong += [f"{name} as {who}: {why}" for why in told]
        verbs |= {form.action for form in page.forms if form.method == "post"}
    assert not wrong, "\n".join(wrong)
    assert len(verbs) > 60, "hardly a verb was on these pages; this proves nothing"


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ('<button hx-post="/x/">Accept</button>', "a button without a form"),
        ('<button type="button" data-accept>Accept</button>', "a button that only a script can press"),
        ('<a href="#" hx-delete="/x/">Away</a>', "only a script sends this"),
        ('<a href="javascript:go()">Go</a>', "leads nowhere"),
        ('<p onclick="go()">Go</p>', "a handler in the page"),
    ],
)
def test_what_only_a_script_can_do_is_found(html, why):
    assert why in " ".join(Page(html).wrong)
