"""What an account held at the end of each day: read from the balances its lines run with, however many there are."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from ledger.accounts import balance, by_day, levels
from ledger.transfers import Move, Reason, post
from tests.queries import expect_queries
from timeline.spans import SHANGHAI

FUND = "platform:fund"
DAY = timedelta(days=1)


@pytest.fixture
def write(at):
    """Puts so much into an account at a moment: `write("platform:fund", 500, then)`."""

    def put(address, amount, then):
        move = Move(f"level:{address}:{then}", "channel:sandbox", address, amount, Reason.CORRECTION, "payment:999")
        post([move], journal="j", at=then)

    return put


def noon(at, *, back):
    return at.astimezone(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0) - back * DAY


def test_each_day_ends_with_what_was_there_and_a_quiet_day_keeps_it(write, at):
    for back, amount in ((4, 100), (2, 30), (1, 7)):
        write(FUND, amount, noon(at, back=back))
    days, held = by_day([FUND], days=6, at=at)
    assert held[FUND] == [0, 100, 100, 130, 137, 137]
    assert days[-1] == at.astimezone(SHANGHAI).date()
    assert days[0] == days[-1] - 5 * DAY


def test_a_line_of_midnight_belongs_to_the_day_that_begins(write, at):
    midnight = noon(at, back=1).replace(hour=0)
    write(FUND, 100, midnight)
    assert by_day([FUND], days=3, at=at)[1][FUND] == [0, 100, 100]
    assert levels([FUND], [midnight, midnight + timedelta(microseconds=1)])[FUND] == [0, 100]


@pytest.mark.parametrize("many", [1, 2, 3, 8, 21])
def test_however_many_lines_every_moment_finds_its_own(write, at, many):
    first: datetime = noon(at, back=many + 1)
    for place in range(many):
        write(FUND, 1, first + place * DAY)
    moments = [first + place * DAY + timedelta(hours=1) for place in range(-1, many)]
    assert levels([FUND], moments)[FUND] == list(range(many + 1))


def test_many_accounts_and_days_are_one_question_and_nobody_s_account_holds_nothing(write, at):
    write(FUND, 100, noon(at, back=1))
    with expect_queries(1):
        _days, held = by_day([FUND, "shop:999:deposit"], days=30, at=at)
    assert held["shop:999:deposit"] == [0] * 30
    assert held[FUND][-1] == balance(FUND) == 100


def test_a_shop_sees_the_level_of_its_deposit_with_a_table_behind(client, deposit, seller, stranger):
    address = reverse("desks:money", args=[deposit.shop.slug])
    client.force_login(seller)
    page = client.get(address)
    free, reserved = page.context["levels"]["series"]
    assert (free[1][-1], reserved[1][-1]) == (100_000, 0)
    assert page.content.count(b"plot-plane") == page.content.count(b"plot-table") == 1


def test_everybody_sees_the_level_of_the_fund_as_a_sum(client, write, at):
    assert not client.get("/transparency/").context["fund_levels"]["is_known"]
    write(FUND, 50_000, at)
    page = client.get("/transparency/")
    ((_word, held),) = page.context["fund_levels"]["series"]
    assert (held[0], held[-1]) == (0, 50_000)
    assert page.content.count(b"plot-plane") == page.content.count(b"plot-table") > 0


def test_finance_sees_the_level_of_an_account_that_is_never_below_zero(client, finance, write, at):
    write(FUND, 50_000, at)
    client.force_login(finance)
    shown = {
        address: client.get(reverse("ledger:account", args=[address])).content.count(b"plot-table")
        for address in (FUND, "channel:sandbox")
    }
    assert shown == {FUND: 1, "channel:sandbox": 0}
