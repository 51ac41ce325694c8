"""The mall fills its pockets by two people of finance, from its bank, once for each document; everybody reads it."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Role
from ledger import contributions
from ledger.accounts import balance, statement
from ledger.models import Contribution
from notifications import inbox
from notifications.models import Notification
from reputation import counting, fund
from reputation.counting import Counted
from reputation.models import Shortfall
from tests.api.conftest import signed_in
from tests.fixtures.people import staff
from tests.races import lost, race
from timeline import clock
from timeline.door import Refused
from timeline.models import Event

WHY = "季度补足先行垫付基金。"
SUM: dict[str, Any] = {"purse": "fund", "amount": 500_000, "document": "ICBC-20261122-000318", "reason": WHY}


@pytest.fixture
def second(at):
    """Another person of finance."""
    return staff(Role.FINANCE, at=at, name="second-finance")


@pytest.fixture
def proposed(finance, at):
    return contributions.propose(**SUM, by=finance, at=at)


def refused(verb, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        verb(*args, **kwargs)
    return caught.value.code


def test_two_people_of_finance_put_money_into_the_fund(proposed, finance, second, at):
    assert (balance("platform:fund"), proposed.deadline_at) == (0, at + timedelta(hours=72)), "nothing moves by one"
    contributions.book(proposed, by=second, at=at)
    proposed.refresh_from_db()
    assert (proposed.state, proposed.decided_by) == ("booked", second)
    assert [balance(each) for each in ("platform:fund", "platform:own", "channel:bank")] == [500_000, 0, -500_000]
    line = statement("platform:fund").get()
    assert (line.transfer.reason, line.transfer.subject) == ("funding", proposed.address)
    told = Event.objects.get(name="contribution.booked")
    assert (told.by_id, told.data["with"], told.data["document"]) == (second.pk, finance.pk, SUM["document"])


def test_the_platforms_own_pocket_is_filled_in_the_same_way(finance, second, at):
    found = contributions.propose(**{**SUM, "purse": "own"}, by=finance, at=at)
    contributions.book(found, by=second, at=at)
    assert [balance(each) for each in ("platform:fund", "platform:own", "channel:bank")] == [0, 500_000, -500_000]


def test_nobody_books_what_they_proposed_and_nobody_else_proposes(proposed, finance, lead, buyer, at):
    assert refused(contributions.book, proposed, by=finance, at=at) == "second_person"
    for other in (lead, buyer):
        assert refused(contributions.propose, **SUM, by=other, at=at) == "not_your_turn"
        assert refused(contributions.book, proposed, by=other, at=at) == "not_your_turn"
        assert refused(contributions.decline, proposed, by=other, at=at) == "not_your_turn"
    assert balance("platform:fund") == 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"purse": "suspense"}, "bad_purse"),
        ({"amount": 0}, "bad_amount"),
        ({"amount": 10_000_000_001}, "bad_amount"),
        ({"document": " 1 "}, "document_missing"),
        ({"document": "x" * 61}, "document_missing"),
        ({"reason": " 无 "}, "reason_missing"),
    ],
)
def test_what_is_proposed_must_be_whole(finance, at, wrong, code):
    assert refused(contributions.propose, **{**SUM, **wrong}, by=finance, at=at) == code


def test_a_document_counts_once_until_it_was_declined(proposed, finance, second, at):
    assert refused(contributions.propose, **SUM, by=second, at=at) == "document_known"
    contributions.propose(**{**SUM, "purse": "own"}, by=finance, at=at)
    contributions.decline(proposed, by=finance, at=at)
    again = contributions.propose(**SUM, by=finance, at=at)
    contributions.book(again, by=second, at=at)
    assert refused(contributions.propose, **SUM, by=finance, at=at) == "document_known"


def test_what_nobody_signs_in_three_days_is_not_put_in(proposed, second, client, at):
    clock.advance(timedelta(hours=73))
    client.force_login(second)
    client.post(reverse("ledger:decide_contribution", args=[proposed.pk, "book"]))
    proposed.refresh_from_db()
    assert (proposed.state, balance("platform:fund")) == ("lapsed", 0)
    assert refused(contributions.book, proposed, by=second, at=clock.now()) == "wrong_moment"


@pytest.mark.django_db(transaction=True)
def test_two_who_book_at_one_instant_put_it_in_once(finance, second):
    at = clock.now()
    third = staff(Role.FINANCE, at=at, name="third-finance")
    found = contributions.propose(**SUM, by=finance, at=at)
    outcomes = race(
        lambda: contributions.book(Contribution.objects.get(pk=found.pk), by=second, at=at),
        lambda: contributions.book(Contribution.objects.get(pk=found.pk), by=third, at=at),
    )
    assert [getattr(each, "code", each) for each in lost(outcomes)] == ["wrong_moment"]
    assert balance("platform:fund") == 500_000


def test_a_low_fund_is_filled_and_everybody_reads_by_what(client, finance, second, lead, at):
    counted = Counted()
    counted.add("orders", None, at, total=100_000_000)
    counting.store(counted)
    fund.watch(at=at)
    assert Shortfall.objects.get().state == "stopped"
    found = contributions.propose(**SUM, by=finance, at=at)
    contributions.book(found, by=second, at=at)
    counting.catch_up(at=at)
    fund.watch(at=at)
    assert Shortfall.objects.get().state == "over"
    page = client.get(reverse("reputation:transparency")).content.decode()
    assert page.count("¥5,000.00") >= 3, "held, put in, and where it came from"
    assert SUM["document"] not in page
    assert WHY not in page
    told = client.get(reverse("api:transparency")).json()["guarantee_fund"]
    assert [(row["purse"], row["amount"]) for row in told["put_in"]] == [("fund", 500_000)]
    assert told["came_from"] == [{"reason": "funding", "amount": 500_000}]
    inbox.catch_up(at=at)
    codes = Notification.objects.filter(user=finance).values_list("code", flat=True)
    assert {"contribution.booked", "shortfall.stopped", "shortfall.over"} <= set(codes)
    assert Notification.objects.filter(user=second, code="contribution.proposed").exists()


def test_the_page_takes_it_and_lets_only_a_second_person_book_it(client, finance, second, auditor, lead):
    address, asks = reverse("ledger:contributions"), reverse("ledger:propose_contribution")
    client.force_login(lead)
    assert client.get(address).status_code == 404
    client.force_login(finance)
    assert client.post(asks, {**SUM, "amount": "x"}).status_code == 422
    assert client.post(asks, {**SUM, "amount": "5000.00"}).status_code == 302
    books = reverse("ledger:decide_contribution", args=[Contribution.objects.get().pk, "book"])
    page = client.get(address).content.decode()
    assert books not in page
    assert books.replace("book", "decline") in page
    client.force_login(auditor)
    page = client.get(address).content.decode()
    assert "¥5,000.00" in page
    assert books not in page
    assert asks not in page
    client.force_login(second)
    assert books in client.get(address).content.decode()
    assert client.post(books).status_code == 302
    assert balance("platform:fund") == 500_000


def test_the_same_by_the_api(finance, second, lead):
    address = "/api/v1/contributions/"
    assert signed_in(lead).get(address).status_code == 404
    assert signed_in(lead).send(address, SUM).status_code == 404
    made = signed_in(finance).send(address, SUM)
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    book = f"{address}{made.json()['id']}/book/"
    assert signed_in(finance).send(book, {}).json()["code"] == "second_person"
    assert signed_in(second).send(book, {}).json()["state"] == "booked"
    assert signed_in(second).send(book.replace("book", "decline"), {}).json()["code"] == "wrong_moment"
    assert signed_in(finance).get(address).json()["results"][0]["amount"] == 500_000
