"""People at pages without a browser: what a page offers is read from its HTML, and only that can be sent.

A form that is not on the page, a field that it does not have or a choice that it does not offer fails the story.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client

from accounts.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class Form:
    """A form as a page shows it: where it goes, what stands in it, and what else can be chosen."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    choices: dict[str, set[str]] = field(default_factory=dict)
    #: Where its buttons send it instead.
    elsewhere: list[str] = field(default_factory=list)

    def filled(self, told: dict[str, Any]) -> dict[str, Any]:
        """What is sent when `told` is written over what stands in it."""
        strange = set(told) - self.names
        assert not strange, f"The form to {self.action} has no {sorted(strange)}; it has {sorted(self.names)}."
        for name, value in told.items():
            for each in value if isinstance(value, list) else [value]:
                offered = self.choices.get(name)
                assert offered is None or str(each) in offered, f"{name} offers {sorted(offered or ())}, not {each}."
        return {**self.values, **told}


class Reader(HTMLParser):
    """Collects the forms and the links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.form: Form | None = None
        self.select: tuple[str, bool] | None = None
        self.area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a person could fill in, press or follow."""
        said = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(said.get("href", ""))
        if tag == "form":
            self.form = Form(said.get("action", ""), said.get("method", "get").lower())
            self.forms.append(self.form)
        if self.form is not None and said.get("formaction"):
            self.form.elsewhere.append(said["formaction"])
        if self.form is None or (not said.get("name") and tag != "option"):
            return
        if tag == "option" and self.select:
            self._option(said)
        elif tag == "input":
            self._input(said)
        elif tag == "select":
            self.select = (said["name"], False)
            self.form.names.add(said["name"])
            self.form.choices.setdefault(said["name"], set())
        elif tag == "textarea":
            self.area = said["name"]
            self.form.names.add(said["name"])
            self.form.values[said["name"]] = [""]
        elif tag == "button":
            self.form.names.add(said["name"])
            self.form.choices.setdefault(said["name"], set()).add(said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """The end of a form, a choice or a text."""
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data: str) -> None:
        """What stands in a text field."""
        if self.form is not None and self.area is not None:
            self.form.values[self.area] = [self.form.values[self.area][0] + data.removeprefix("\n")]

    def _input(self, said: dict[str, str]) -> None:
        assert self.form is not None
        name, kind, value = said["name"], said.get("type", "text"), said.get("value", "")
        self.form.names.add(name)
        if kind in {"radio", "checkbox"}:
            self.form.choices.setdefault(name, set()).add(value or "on")
            if "checked" in said:
                self.form.values.setdefault(name, []).append(value or "on")
        elif kind not in {"file", "submit"}:
            self.form.values.setdefault(name, []).append(value)

    def _option(self, said: dict[str, str]) -> None:
        assert self.form is not None
        assert self.select is not None
        name, is_chosen = self.select
        self.form.choices[name].add(said.get("value", ""))
        if "selected" in said or not (is_chosen or name in self.form.values):
            self.form.values[name] = [said.get("value", "")]
            self.select = (name, "selected" in said)


class Somebody:
    """A person at a page: `opens` one, sees what is on it, `sends` a form of it, and stands on what follows."""

    def __init__(self, user: User | None, *, language: str = "en") -> None:
        self.user = user
        self.client = Client(enforce_csrf_checks=True, headers={"accept-language": language})
        if user is not None:
            self.client.force_login(user, backend=BACKEND)
        self.answer: Any = None
        self.path = "/"

    @property
    def page(self) -> str:
        """The text of the page."""
        found: str = self.answer.content.decode()
        return found

    @property
    def offered(self) -> set[str]:
        """Where the forms and links of the page lead."""
        found = Reader(self.page)
        ways = [way for form in found.forms for way in (form.action, *form.elsewhere)] + found.links
        return {urlsplit(urljoin(self.path, way)).path for way in ways}

    @property
    def said(self) -> list[str]:
        """The messages on the page."""
        return [str(message) for message in self.answer.context["messages"]]

    def opens(self, path: str, *, status: int = 200) -> "Somebody":
        """Open a page."""
        self._arrive(self.client.get(path, follow=True), path, status)
        return self

    def sends(self, action: str = "", *, status: int = 200, leave: bool = False, **told: Any) -> "Somebody":
        """Fill in the form of this page that goes to `action` and send it; `leave` stops where the mall ends."""
        target = urlsplit(urljoin(self.path, action)).path
        found = [
            each
            for each in Reader(self.page).forms
            if target in [urlsplit(urljoin(self.path, way)).path for way in (each.action, *each.elsewhere)]
            and each.method == "post"
        ]
        fitting = [each for each in found if set(told) <= each.names] or found
        assert fitting, f"{self.path} has no form to {target}, only to {sorted(self.offered)}."
        answer = self.client.post(target, fitting[0].filled(told), follow=not leave)
        self._arrive(answer, target, 302 if leave else status)
        return self

    def _arrive(self, answer: Any, path: str, status: int) -> None:
        assert answer.status_code == status, (
            f"{path} answered {answer.status_code}, not {status}: {answer.content.decode()[:3000]}"
        )
        self.answer = answer
        self.path = answer.request["PATH_INFO"]
