"""Statements of every kind of account: newest first, a page at a time, at the same cost however long they are."""

import itertools

import pytest
from django.urls import reverse

from ledger.accounts import part
from ledger.transfers import Move, Reason, post
from tests.api.conftest import problem, signed_in
from tests.queries import recorded


@pytest.fixture
def lines(at):
    """So many more lines in an account: `lines("user:3:wallet", 50)`."""
    written = itertools.count(1)

    def write(address, number):
        moves = [
            Move(f"line:{next(written)}", "channel:sandbox", address, 10, Reason.CORRECTION, "payment:999")
            for _ in range(number)
        ]
        post(moves, journal="j", at=at)

    return write


def cost(client, path, **headers):
    client.get(path, **headers)
    with recorded() as seen:
        answer = client.get(path, **headers)
    assert answer.status_code == 200
    return len(seen)


@pytest.mark.parametrize("kind", ["wallet", "account", "money"])
def test_a_page_of_a_statement_costs_the_same_for_1_50_and_5000_lines(
    client, kind, buyer, finance, shop, seller, lines
):
    address, path, person = {
        "wallet": (f"{buyer.address}:wallet", reverse("ledger:wallet"), buyer),
        "account": ("platform:fund", reverse("ledger:account", kwargs={"address": "platform:fund"}), finance),
        "money": (shop.account("pending"), reverse("desks:money", kwargs={"slug": shop.slug}), seller),
    }[kind]
    client.force_login(person)
    costs = []
    for more in (1, 49, 4_950):
        lines(address, more)
        costs.append(cost(client, path))
    assert len(set(costs)) == 1, costs


@pytest.mark.parametrize("kind", ["wallet", "account", "money"])
def test_the_api_gives_the_same_lines_at_the_same_cost(kind, buyer, finance, shop, seller, lines):
    address, path, person = {
        "wallet": (f"{buyer.address}:wallet", "/api/v1/wallet/", buyer),
        "account": ("platform:fund", "/api/v1/finance/accounts/platform:fund/", finance),
        "money": (shop.account("deposit"), f"/api/v1/shops/{shop.slug}/money/deposit/", seller),
    }[kind]
    there = signed_in(person)
    costs = []
    for more in (1, 49, 4_950):
        lines(address, more)
        costs.append(cost(there, path))
    assert len(set(costs)) == 1, costs
    first = there.get(path).json()
    assert (first["balance"], len(first["results"])) == (50_000, 50)
    assert [row["number"] for row in first["results"]] == list(range(5_000, 4_950, -1))
    second = there.get(first["next"]).json()
    assert second["results"][0]["number"] == 4_950


def test_every_line_is_on_one_page_exactly(lines):
    lines("user:1:wallet", 123)
    seen, before = [], ""
    while True:
        found = part("user:1:wallet", before=before, most=50)
        seen += [line.seq for line in found.lines]
        if found.older is None:
            break
        before = str(found.older)
    assert seen == list(range(123, 0, -1))


@pytest.mark.parametrize("before", ["x", "-1", "1e9", "٣", "9" * 40, ""])
def test_a_page_that_nobody_gave_out_is_no_fault(client, finance, lines, before):
    lines("platform:fund", 2)
    client.force_login(finance)
    page = client.get(reverse("ledger:account", kwargs={"address": "platform:fund"}), {"before": before})
    assert page.status_code == 200


def test_finance_finds_any_account_and_sees_where_money_came_from(client, finance, lines):
    lines("user:1:wallet", 1)
    client.force_login(finance)
    found = client.get(reverse("ledger:accounts"), {"address": "user:1:wallet"})
    assert found.url == reverse("ledger:account", kwargs={"address": "user:1:wallet"})
    assert "channel:sandbox" in client.get(found.url).content.decode()
    assert "channel:sandbox" in client.get(reverse("ledger:accounts")).content.decode()
    assert client.get(reverse("ledger:accounts"), {"address": "a b"}).status_code == 422


@pytest.mark.parametrize("role", ["buyer", "arbiter", "risk"])
def test_accounts_are_not_there_for_others(client, role, request, lines):
    lines("platform:fund", 1)
    person = request.getfixturevalue(role)
    client.force_login(person)
    assert client.get(reverse("ledger:accounts")).status_code == 404
    assert client.get(reverse("ledger:account", kwargs={"address": "platform:fund"})).status_code == 404
    problem(signed_in(person).get("/api/v1/finance/accounts/platform:fund/"), 404, "not_found")


def test_an_auditor_reads_them_too_and_an_unused_account_is_not_there(client, auditor, lines):
    lines("platform:fund", 1)
    client.force_login(auditor)
    assert client.get(reverse("ledger:account", kwargs={"address": "platform:fund"})).status_code == 200
    assert client.get(reverse("ledger:account", kwargs={"address": "user:9:wallet"})).status_code == 404


def test_a_shops_money_is_not_there_for_strangers(shop, stranger, seller):
    there = f"/api/v1/shops/{shop.slug}/money/"
    problem(signed_in(stranger).get(f"{there}pending/"), 404, "not_found")
    problem(signed_in(seller).get(f"{there}pockets/"), 404, "not_found")
    assert signed_in(seller).get(f"{there}pending/").json()["results"] == [], "nothing has moved there yet"


@pytest.mark.parametrize(("who", "leads_on"), [("finance", False), ("auditor", True)])
def test_a_line_leads_only_those_to_an_order_who_find_it(client, request, order, who, leads_on):
    client.force_login(request.getfixturevalue(who))
    page = client.get(reverse("ledger:account", kwargs={"address": f"{order.address}:escrow"})).content.decode()
    assert order.number in page, "everybody reads what it was for"
    assert (order.get_absolute_url() in page) is leads_on
    assert (client.get(order.get_absolute_url()).status_code == 200) is leads_on
