"""Every route is tried by everybody, on what is theirs and what is not, and gives what the table says."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.permissions import PAGE, PEOPLE, Line, page, read, write
from tests.permissions.world import World, world

__all__ = ["world"]

#: Machines, the contract that everybody may read, and other people's code: tried by their own tests.
NOT_OURS = re.compile(
    r"^(api:schema$|account_|mfa_|usersessions|socialaccount|admin:|djdt|healthz|readyz|metrics|orders:supplier_notify|ledger:notify|complaints:notify)"
)
#: `missing` writes lines for routes that have none, as they are now; `again` measures all of them anew.
WRITE = os.environ.get("KAMEN_PERMISSIONS", "")
HOW_TO_ADD = (
    "Add a line for each to tests/permissions/table.txt: `KAMEN_PERMISSIONS=missing make test ARGS=tests/permissions`"
    " writes them as they are now. Read every answer, correct in the code what should not be, and write the page anew:"
    " `python -m tests.permissions`."
)
#: In so many parts the table is tried, so that several workers share it; each builds the world once.
PARTS = 6


def all_routes(patterns: Any = None, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Every route of the mall: its name (its path, where it has none) and its path."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from all_routes(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            name = f"{namespace}{pattern.name}" if pattern.name else path
            if not NOT_OURS.match(name):
                yield name.replace(" ", ""), path


ROUTES = dict(sorted(all_routes()))


def answer_of(client: Client, method: str, path: str) -> str:
    """What somebody gets, as a word of the table; nothing of it stays."""
    place = transaction.savepoint()
    try:
        if method == "GET":
            got = client.get(path, headers={"Accept": "*/*"})
        elif method == "DELETE":
            got = client.delete(path, headers={"Idempotency-Key": "k"})
        elif path.startswith("/api/"):
            got = client.post(path, {}, headers={"Idempotency-Key": "k"}, content_type="application/json")
        else:
            got = client.post(path, {})
        if got.streaming:
            got.close()
    finally:
        transaction.savepoint_rollback(place)
    status = got.status_code
    if status == 302:
        return "login" if got["Location"].startswith(reverse("account_login")) else "go"
    words = {200: "in", 201: "in", 202: "in", 204: "in", 301: "go", 303: "go", 401: "login", 404: "hid", 409: "no"}
    words |= {400: "ask", 413: "ask", 415: "ask", 422: "ask", 403: "403", 405: "405", 406: "in", 429: "429", 503: "in"}
    if status == 500 and "Ask a channel outside" in str(getattr(got, "exc_info", "")):
        return "go"  # let through to a channel, which nobody asks within a test's transaction
    return words.get(status, str(status))


def measured(method: str, name: str, world: World) -> Line:
    """What everybody gets at one route."""
    path = world.path_of(name, ROUTES[name])
    cache.clear()  # of this process alone; nobody is too often anywhere
    return Line(method, name, tuple(answer_of(world.browsers[who], method, path) for who in PEOPLE))


def part_of(name: str) -> int:
    """Which part of the table tries a route: neighbors are spread, so that all parts take about as long."""
    return list(ROUTES).index(name) % PARTS


def test_every_route_has_a_name_of_its_own():
    doubled = [name for name, count in Counter(name for name, _path in all_routes()).items() if count > 1]
    assert not doubled, f"Two routes have one name, so the table would try one of them only: {', '.join(doubled)}"


def test_every_route_has_a_line():
    known = {route for _method, route in read()}
    missing = sorted(ROUTES.keys() - known)
    assert WRITE or not missing, f"Nobody says who may use these routes: {', '.join(missing)}. {HOW_TO_ADD}"


def test_no_line_is_of_a_route_that_is_gone():
    gone = sorted({route for _method, route in read()} - ROUTES.keys())
    assert WRITE or not gone, f"Take these out of tests/permissions/table.txt: {', '.join(gone)}"


def test_the_page_is_what_the_table_says():
    assert WRITE or PAGE.read_text() == page(), "docs/permissions.md is stale: run `python -m tests.permissions`."


@pytest.mark.skipif(not WRITE, reason="only when asked to write lines")
@pytest.mark.breaks_books
def test_write_lines(world):
    table = read()
    known = {} if WRITE == "again" else {route for _method, route in table}
    for name in [name for name in ROUTES if name not in known]:
        for method in ("GET", "POST", "DELETE"):
            path = world.path_of(name, ROUTES[name])
            if {answer_of(world.browsers[who], method, path) for who in ("buyer", "lead", "finance")} == {"405"}:
                table.pop((method, name), None)
                continue
            table[method, name] = measured(method, name, world)
        write({key: line for key, line in table.items() if key[1] in ROUTES})


@pytest.mark.skipif(bool(WRITE), reason="lines are written")
@pytest.mark.breaks_books
@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_what_the_table_says(world, part):
    wrong = []
    for (method, name), line in read().items():
        if name in ROUTES and part_of(name) == part:
            found = measured(method, name, world)
            wrong += [
                f"{method} {name}: {who} gets {got}, the table says {said}"
                for who, got, said in zip(PEOPLE, found.answers, line.answers, strict=True)
                if got != said
            ]
    assert not wrong, "\n".join(wrong)


# Rules behind the table, read from the table itself

OUTSIDE = {"hid", "login", "405"}
#: Begins of addresses, and who is not let in there, whatever the method.
CLOSED = {
    r"(api/v1/)?(orders|refunds|disputes)/<slug:number>/": ("anonymous", "other_buyer", "other_shop", "bookkeeper"),
    r"desk/<slug:slug>/": ("anonymous", "buyer", "other_buyer", "other_shop"),
    r"(risk|finance|bench|rules/admin|api/v1/finance|api/v1/rules/versions)/": (
        "anonymous",
        "buyer",
        "other_buyer",
        "owner",
        "manager",
        "support",
        "bookkeeper",
        "other_shop",
    ),
}
#: Nobody need sign in to send these: they keep nothing.
SENT_BY_ANYBODY = {"api:calculate", "api:check_ruling_file", "disputes:verify", "rulebook:linter", "set_language"}


@pytest.mark.parametrize("begin", CLOSED)
def test_who_has_nothing_to_do_with_it_sees_nothing_of_it(begin):
    lines = [line for (_method, name), line in read().items() if re.match(begin, ROUTES.get(name, ""))]
    assert len(lines) > 20
    for line in lines:
        got = {who: line.answers[list(PEOPLE).index(who)] for who in CLOSED[begin]}
        assert set(got.values()) <= OUTSIDE, f"{line.method} {line.route}: {got}"


def test_nothing_is_sent_without_signing_in():
    for (method, name), line in read().items():
        if method == "POST" and name not in SENT_BY_ANYBODY:
            assert line.answers[0] in OUTSIDE, f"{name}: anybody at all gets {line.answers[0]}"


def test_nobody_is_met_by_a_fault_of_ours():
    for line in read().values():
        assert not {answer for answer in line.answers if answer.startswith("5")}, line
