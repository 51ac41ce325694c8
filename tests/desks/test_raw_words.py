"""No page shows a person the house's own names of things."""

import re
from html import unescape

import pytest

from accounts.models import User
from shops.models import Application
from tests.desks.test_every_page import RENDER, first_of_each, pages
from tests.permissions.test_matrix import ROUTES
from tests.permissions.world import world

__all__ = ["world"]

#: What has underscores, but in addresses, names of files, formulas and calls.
RAW = re.compile(r"(?<![\w/.@=-])(?:[A-Z]{2,}(?:_[A-Z]+)+|[a-z]+(?:_[a-z]+)+)(?![\w/=(-])")


#: What somebody has to type there.
TYPED = {"clocks:outages": {"POINT_CARD"}}


def words_of(html: str) -> str:
    """What a person reads of a page's content; codes that are shown as codes are left out."""
    main = html.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r"<(code|pre|script|style|textarea)\b.*?</\1>", " ", main, flags=re.S)
    return unescape(re.sub(r"<[^>]*>", " ", main))


@pytest.mark.breaks_books
def test_no_page_shows_what_only_machines_call_things(world, at, monkeypatch):
    monkeypatch.setattr("django.template.backends.django.Template.render", RENDER)
    first_of_each(world, at)
    Application.objects.update(kinds=["POINT_CARD", "ACTIVATION_CODE"])
    names = set(map(str, User.objects.all()))
    found, looked = {}, 0
    for name, who in pages():
        got = world.browsers[who].get(world.path_of(name, ROUTES[name]), headers={"accept-language": "en"})
        if got.streaming or not got.get("Content-Type", "").startswith("text/html"):
            continue
        looked += 1
        raw = sorted(set(RAW.findall(words_of(got.content.decode()))) - names - TYPED.get(name, set()))
        if raw:
            found[f"{name} ({who})"] = raw
    assert looked > 110, "hardly a page was looked at"
    assert found == {}, "\n".join(f"{page}: {' '.join(raw)}" for page, raw in found.items())
