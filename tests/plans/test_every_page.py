"""No list of the mall reads a growing table from end to end, whoever looks at it."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from tests.desks.test_every_page import pages
from tests.permissions.test_matrix import ROUTES
from tests.plans.reading import reading

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
STAFF = ["arbiter", "agent", "senior", "lead", "finance", "risk", "auditor"]
#: What the crowd cannot judge, or is meant to read everything, and why.
NOT_JUDGED = {
    "desks:house": "it counts everything, and says so",
    "desks:board": "it counts what is open, and every case of the crowd is",
    "disputes:bench": "it shows what is open, and every case of the crowd is",
    # A question for each way to a case, each with an index. The crowd's orders lie in three shops, and of a third of a
    # table no index is worth it; with 33,000 cases behind it the page of a buyer took 3 ms where it had taken 4 s.
    "desks:me": "the orders of the crowd lie in too few shops",
    "disputes:index": "the orders of the crowd lie in too few shops",
    "refunds:notes": "the orders of the crowd lie in too few shops",
}


def lists(slug: str) -> list[tuple[str, str, str]]:
    """Every page that is about no single thing, or about a shop: its name, who may see it, and where it is."""
    found = []
    for name, who in pages():
        address = re.sub(r"<(?:slug|str):slug>", slug, ROUTES[name])
        if "<" not in address and "(" not in address and name not in NOT_JUDGED:
            found.append((name, who, "/" + address.strip("^$").replace("\\", "")))
    return found


def test_every_list_reads_only_what_it_shows(ours, request: pytest.FixtureRequest) -> None:
    people = {"buyer": ours.buyer, "owner": ours.scene.owner, "anonymous": None}
    people |= {name: request.getfixturevalue(name) for name in STAFF}
    faults, looked = [], 0
    for name, who, address in lists(ours.scene.listing.shop.slug):
        browser = Client()
        if people[who] is not None:
            browser.force_login(people[who], backend=BACKEND)
        cache.clear()
        with reading(f"{name} as {who}") as found:
            assert browser.get(address).status_code == 200, f"{name} as {who}"
        looked += 1
        faults += found.whole
    assert looked > 80, "hardly a list was looked at"
    assert not faults, "\n\n".join(faults)
