"""Who has money twice owes it: it is paid, collected from what comes in, or let go by two people of finance."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Role
from ledger import debts, payments
from ledger.accounts import balance, balances, statement
from ledger.models import Payout, WriteOff
from ledger.transfers import Reason, transfer
from notifications import inbox
from notifications.models import Notification
from privacy import lifecycle as privacy
from refunds import lifecycle
from refunds import outside as told_before
from refunds.models import Refund
from tests.api.conftest import signed_in
from tests.disputes.test_dispute import own
from tests.fixtures.cases import claim
from tests.fixtures.people import staff
from tests.races import lost, race
from tests.refunds.test_outside_tickets import (  # noqa: F401 - fixtures
    WHY,
    book,
    charged_order,
    refused,
    ticket,
)
from timeline import clock
from timeline.models import Event

WORDS = "买家已失联，追偿成本高于金额。"


def held(user):
    names = [f"user:{user.pk}:wallet", f"user:{user.pk}:debt", "platform:fund", "platform:recoverable"]
    return list(balances(names).values())


def spend(user, amount, at):
    """The balance is used up elsewhere."""
    key = f"spent:{user.pk}:{at.isoformat()}"
    transfer(
        source=f"user:{user.pk}:wallet",
        target="platform:suspense",
        amount=amount,
        reason=Reason.CORRECTION,
        subject=user.address,
        key=key,
        at=at,
    )


@pytest.fixture
def to_the_balance(charged_order, rich_buyer, seller, at):  # noqa: F811 - the fixture
    """¥98.00 of a sale that a channel had paid went back to the balance, by the buyer's wish."""
    case = claim(
        charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at, prefers=Refund.Preference.BALANCE
    )
    lifecycle.accept(case, by=seller, at=at)
    case.refresh_from_db()
    assert case.state == "refunded"
    return case


@pytest.fixture
def debtor(rich_buyer, to_the_balance, ticket, finance, at):  # noqa: F811 - the fixture
    """Spent all of the balance; then a bank took the whole charge back: ¥98.00 of it are had twice and owed."""
    own("platform:fund", 50_000, at)
    spend(rich_buyer, balance(f"user:{rich_buyer.pk}:wallet"), at)
    book(ticket(19_600, number="CB1"), finance, at)
    return rich_buyer


# A chargeback after the money went to the balance


def test_what_is_left_goes_back_with_it_and_the_rest_comes_off_the_balance(
    to_the_balance,
    charged_order,  # noqa: F811 - the fixture
    ticket,  # noqa: F811 - the fixture
    rich_buyer,
    finance,
    at,
):
    before, there = balance(f"user:{rich_buyer.pk}:wallet"), balance("channel:sandbox")
    found = ticket(19_600, number="CB1")
    book(found, finance, at)
    found.refresh_from_db()
    charged_order.refresh_from_db()
    assert (found.state, charged_order.state) == ("booked", "refunded")
    assert [unit.refunded for unit in charged_order.units.order_by("place")] == [9_800, 9_800]
    assert held(rich_buyer)[:2] == [before - 9_800, 0], "the first code's money was had twice"
    assert (balance("channel:sandbox") - there, balance("channel:sandbox:out")) == (19_600, 0), "as the file says"
    told = Event.objects.get(name="payment.paid_twice")
    assert told.data == {"amount": 9_800, "owed": 0, "order": charged_order.address, "reference": "CB1"}
    inbox.catch_up(at=at)
    assert Notification.objects.filter(user=rich_buyer, code="payment.paid_twice").count() == 1


def test_what_is_not_there_any_more_is_owed(debtor, at):
    assert held(debtor)[:2] == [0, -9_800]
    assert held(debtor)[2:] == [50_000 - 9_800, 9_800]
    assert sorted(Payout.objects.filter(key__contains=":outside:").values_list("amount", flat=True)) == [9_800, 9_800]


def test_without_enough_in_the_fund_nothing_of_it_is_booked(
    to_the_balance,
    charged_order,  # noqa: F811 - the fixture
    ticket,  # noqa: F811 - the fixture
    rich_buyer,
    finance,
    at,
):
    spend(rich_buyer, balance(f"user:{rich_buyer.pk}:wallet"), at)
    found = ticket(19_600, number="CB1")
    assert refused(book, found, finance, at) == "fund_short"
    found.refresh_from_db()
    assert found.state == "open"
    assert charged_order.units.get(place=2).refunded == 0


def test_a_channel_takes_no_more_back_than_it_brought(to_the_balance, ticket, finance, at):  # noqa: F811
    book(ticket(19_000, number="CB1"), finance, at)
    assert refused(book, ticket(601, number="CB2"), finance, at) == "more_than_is_left"
    book(ticket(600, number="CB3"), finance, at)


def test_two_open_cases_take_it_one_after_the_other(charged_order, rich_buyer, ticket, finance, at):  # noqa: F811
    cases = [claim(unit, "CODE_INVALID", by=rich_buyer, at=at) for unit in charged_order.units.order_by("place")[:1]]
    cases.append(claim(charged_order.units.get(place=2), "CHANGE_OF_MIND", by=rich_buyer, at=at))
    before = held(rich_buyer)
    book(ticket(19_600, number="CB1"), finance, at)
    assert [(each.state, each.outcome) for each in Refund.objects.order_by("pk")] == [("refunded", "external")] * 2
    assert held(rich_buyer) == before, "nothing was had twice"


def test_what_a_desk_outside_told_of_and_what_the_file_tells_are_one(
    to_the_balance,
    charged_order,  # noqa: F811 - the fixture
    ticket,  # noqa: F811 - the fixture
    rich_buyer,
    finance,
    at,
):
    """A desk booked what was left of the sale; the file tells the whole sum under the same number."""
    assert told_before.paid_by_channel(charged_order, reference="CB1", amount=19_600, cause="x:1", at=at) == 9_800
    before = held(rich_buyer)[0]
    book(ticket(19_600, number="CB1"), finance, at)
    assert held(rich_buyer)[:2] == [before - 9_800, 0]


# Paying


def test_a_debt_is_paid_from_the_balance_in_parts(debtor, seller, at):
    own(f"user:{debtor.pk}:wallet", 6_000, at)
    assert refused(lambda: debts.pay(debtor, amount=5_000, by=seller, at=at)) == "not_your_turn"
    assert refused(lambda: debts.pay(debtor, amount=9_801, by=debtor, at=at)) == "bad_amount"
    assert refused(lambda: debts.pay(debtor, amount=6_001, by=debtor, at=at)) == "insufficient_balance"
    for part in (5_000, 1_000):
        debts.pay(debtor, amount=part, by=debtor, at=at)
    assert held(debtor) == [0, -3_800, 46_200, 3_800]
    told = Event.objects.filter(name="debt.paid").order_by("seq")
    assert [each.data for each in told] == [{"amount": 5_000, "left": 4_800}, {"amount": 1_000, "left": 3_800}]
    assert [line.amount for line in statement(f"user:{debtor.pk}:debt")] == [1_000, 5_000, -9_800]
    assert refused(lambda: debts.pay(seller, amount=1, by=seller, at=at)) == "nothing_owed"


def test_what_comes_onto_the_balance_pays_it_first(debtor, at):
    assert debts.run(at=at) == 0
    own(f"user:{debtor.pk}:wallet", 10_000, at)
    assert debts.run(at=at) == 1
    assert held(debtor) == [200, 0, 50_000, 0]
    assert debts.run(at=at) == 0, "what is paid is not collected again"
    inbox.catch_up(at=at)
    assert Notification.objects.filter(user=debtor, code="debt.collected").count() == 1


def test_paying_by_a_channel_pays_the_debt(debtor, at):
    asked = payments.for_debt(user=debtor, channel="sandbox", at=at)
    assert asked.amount == 9_800
    assert payments.confirm(asked, provider_txn="t77", amount=9_800, at=at) == "credited"
    assert held(debtor) == [0, 0, 50_000, 0]
    assert refused(lambda: payments.for_debt(user=debtor, channel="sandbox", at=at)) == "nothing_owed"


def test_who_owes_is_not_erased_before_it_is_settled(debtor, at):
    assert ("debt", 9_800) in {(item.what, item.number) for item in privacy.blocking(debtor, at)}


# Letting go


@pytest.fixture
def second(at):
    return staff(Role.FINANCE, at=at, name="finance2")


def test_two_people_of_finance_let_a_debt_go(debtor, finance, second, lead, at):
    assert refused(lambda: debts.propose(debtor, amount=1, reason=WORDS, by=lead, at=at)) == "not_your_turn"
    assert refused(lambda: debts.propose(debtor, amount=9_801, reason=WORDS, by=finance, at=at)) == "bad_amount"
    assert refused(lambda: debts.propose(debtor, amount=1, reason=" ", by=finance, at=at)) == "reason_missing"
    found = debts.propose(debtor, amount=9_000, reason=WORDS, by=finance, at=at)
    assert refused(lambda: debts.propose(debtor, amount=1, reason=WORDS, by=second, at=at)) == "proposed_already"
    assert refused(lambda: debts.agree(found, by=finance, at=at)) == "second_person"
    assert refused(lambda: debts.agree(found, by=lead, at=at)) == "not_your_turn"
    assert debts.agree(found, by=second, at=at) == 9_000
    assert held(debtor) == [0, -800, 40_200, 800], "the fund bears it"
    assert refused(lambda: debts.agree(found, by=second, at=at)) == "wrong_moment"
    names = Event.objects.filter(subject=found.address).order_by("seq").values_list("name", flat=True)
    assert list(names) == ["writeoff.proposed", "writeoff.agreed"]
    inbox.catch_up(at=at)
    assert Notification.objects.filter(user=debtor, code="writeoff.agreed").count() == 1
    assert Notification.objects.filter(user=second, code="writeoff.proposed").count() == 1


def test_what_was_paid_meanwhile_is_not_let_go(debtor, finance, second, at):
    found = debts.propose(debtor, amount=9_800, reason=WORDS, by=finance, at=at)
    own(f"user:{debtor.pk}:wallet", 9_000, at)
    debts.run(at=at)
    assert debts.agree(found, by=second, at=at) == 800
    assert held(debtor)[:2] == [0, 0]


def test_a_proposal_that_nobody_seconds_ends_and_the_debt_stays(debtor, finance, at):
    found = debts.propose(debtor, amount=9_800, reason=WORDS, by=finance, at=at)
    assert found.deadline_at == at + timedelta(hours=72)
    debts.lapse(found, limit="WRITE_OFF", at=found.deadline_at)
    assert (WriteOff.objects.get().state, held(debtor)[1]) == ("lapsed", -9_800)
    again = debts.propose(debtor, amount=9_800, reason=WORDS, by=finance, at=at)
    debts.decline(again, by=finance, at=at)
    assert again.state == "declined"


def test_whoever_seconds_it_too_late_finds_that_it_ended(debtor, finance, second, client, at):
    found = debts.propose(debtor, amount=9_800, reason=WORDS, by=finance, at=at)
    clock.advance(timedelta(days=4))
    client.force_login(second)
    client.post(reverse("ledger:decide_write_off", args=[found.pk, "agree"]))
    assert (WriteOff.objects.get().state, held(debtor)[1]) == ("lapsed", -9_800)


@pytest.mark.django_db(transaction=True)
def test_paying_collecting_and_letting_go_at_one_instant_take_nothing_twice(debtor, finance, second):
    at = clock.now()
    own(f"user:{debtor.pk}:wallet", 9_800, at)
    found = debts.propose(debtor, amount=9_800, reason=WORDS, by=finance, at=at)
    outcomes = race(
        lambda: debts.pay(debtor, amount=9_800, by=debtor, at=at),
        lambda: debts.run(at=at),
        lambda: debts.agree(WriteOff.objects.get(pk=found.pk), by=second, at=at),
    )
    assert {getattr(each, "code", each) for each in lost(outcomes)} <= {"nothing_owed", "insufficient_balance"}
    wallet, owed, fund, _recoverable = held(debtor)
    assert owed == 0
    assert wallet + fund == 50_000, "what left the balance is in the fund, and what was let go left nobody's"


# Pages and the API


def test_the_pages_say_what_is_owed_and_take_it(client, debtor, finance, second, at):
    own(f"user:{debtor.pk}:wallet", 3_000, at)
    client.force_login(debtor)
    page = reverse("ledger:debt")
    assert "¥98.00" in client.get(page).content.decode()
    assert reverse("ledger:debt") in client.get(reverse("ledger:wallet")).content.decode()
    assert client.post(reverse("ledger:pay_debt"), {"amount": "x"}).status_code == 422
    assert client.post(reverse("ledger:pay_debt"), {"amount": "30.00"}).status_code == 302
    assert held(debtor)[:2] == [0, -6_800]
    assert client.get(reverse("ledger:debts")).status_code == 404
    client.force_login(finance)
    listed = client.get(reverse("ledger:debts")).content.decode()
    assert "¥68.00" in listed
    propose = reverse("ledger:propose_write_off", args=[debtor.pk])
    assert client.post(propose, {"amount": "68.00", "reason": ""}).status_code == 422
    assert client.post(propose, {"amount": "68.00", "reason": WORDS}).status_code == 302
    agree = reverse("ledger:decide_write_off", args=[WriteOff.objects.get().pk, "agree"])
    assert agree not in client.get(reverse("ledger:debts")).content.decode(), "nobody seconds themselves"
    client.force_login(second)
    assert agree in client.get(reverse("ledger:debts")).content.decode()
    assert client.post(agree).status_code == 302
    assert held(debtor)[:2] == [0, 0]
    assert WORDS in client.get(reverse("ledger:debts")).content.decode()


def test_the_same_by_the_api(debtor, finance, second, at):
    own(f"user:{debtor.pk}:wallet", 3_000, at)
    told = signed_in(debtor).send("/api/v1/wallet/debt/pay/", {"amount": 3_000})
    assert (told.status_code, told.json()["owed"]) == (200, 6_800)
    assert signed_in(debtor).get("/api/v1/wallet/debt/").json()["results"][0]["reason"] == "debt_collected"
    assert signed_in(debtor).get("/api/v1/debts/").status_code == 404
    assert signed_in(finance).get("/api/v1/debts/").json()["results"] == [{"user": debtor.pk, "owed": 6_800}]
    address = f"/api/v1/debts/{debtor.pk}/write-off/"
    made = signed_in(finance).send(address, {"amount": 6_800, "reason": WORDS})
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    agree = f"/api/v1/write-offs/{made.json()['id']}/agree/"
    assert signed_in(finance).send(agree, {}).json()["code"] == "second_person"
    assert signed_in(second).send(agree, {}).json()["state"] == "agreed"
    assert signed_in(second).send(agree.replace("agree", "decline"), {}).status_code == 409
