"""A bank takes a top-up back: off the balance, the rest owed to the fund, and no order touched."""

import pytest
from django.urls import reverse

from ledger import payments
from ledger.accounts import balance, balances
from ledger.models import Payout, Transfer
from notifications import inbox
from notifications.models import Notification
from orders import lifecycle as orders
from orders.models import Order
from tests.api.conftest import signed_in
from tests.disputes.test_dispute import own
from tests.races import lost, race
from tests.refunds.test_outside_tickets import WHY, book, refused, ticket  # noqa: F401 - a fixture
from timeline.models import Event


@pytest.fixture
def topped_up(top_up, at):
    """¥100.00 came in by the channel's charge t9, and are on the buyer's balance."""
    assert payments.confirm(top_up, provider_txn="t9", amount=10_000, at=at) == "credited"
    return top_up


@pytest.fixture
def taken(topped_up, ticket):  # noqa: F811 - the fixture
    """The channel's file says that a bank took all of it back."""
    return ticket(10_000, number="CB1", txn="t9")


def held(user):
    names = [f"user:{user.pk}:wallet", f"user:{user.pk}:debt", "platform:fund", "platform:recoverable"]
    return list(balances(names).values())


def test_what_is_still_there_comes_off_the_balance_and_nobody_owes(topped_up, taken, buyer, finance, at):
    book(taken, finance, at)
    taken.refresh_from_db()
    assert (taken.state, held(buyer)) == ("booked", [0, 0, 0, 0])
    gone = Payout.objects.get()
    assert (gone.state, gone.outside, gone.destination) == ("paid", "CB1", "channel")
    assert balances(["channel:sandbox", "channel:sandbox:out"]) == {"channel:sandbox": 0, "channel:sandbox:out": 0}
    told = Event.objects.get(name="payment.charged_back")
    assert (told.by, told.data) == (finance, {"amount": 10_000, "owed": 0})
    inbox.catch_up(at=at)
    assert Notification.objects.filter(user=buyer, code="payment.charged_back").count() == 1


def test_what_was_spent_is_owed_and_the_order_stays_as_it_is(topped_up, taken, listing, buyer, finance, client, at):
    own("platform:fund", 20_000, at)
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=buyer, at=at)
    before = (balance(order.escrow), Event.objects.filter(root=order.root_address).count())
    book(taken, finance, at)
    assert held(buyer) == [0, -9_800, 10_200, 9_800]
    assert (balance(order.escrow), Event.objects.filter(root=order.root_address).count()) == before
    assert set(Transfer.objects.filter(key__contains=":outside:").values_list("reason", flat=True)) == {"chargeback"}
    address = f"user:{buyer.pk}:debt"
    client.force_login(finance)
    assert address in client.get(reverse("ledger:accounts")).content.decode()
    assert "98.00" in client.get(reverse("ledger:account", args=[address])).content.decode()
    client.force_login(buyer)
    wallet = client.get(reverse("ledger:wallet"), headers={"accept-language": "en"}).content.decode()
    assert "You owe the mall ¥98.00" in wallet


def test_without_enough_in_the_fund_nothing_is_booked(topped_up, taken, listing, buyer, finance, at):
    own("platform:fund", 9_799, at)
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=buyer, at=at)
    assert refused(book, taken, finance, at) == "fund_short"
    taken.refresh_from_db()
    assert (taken.state, held(buyer)[1]) == ("open", 0)


def test_never_more_than_the_top_up_was_and_only_by_finance(topped_up, ticket, buyer, finance, lead, at):  # noqa: F811
    first = ticket(6_000, number="CB1", txn="t9")
    assert refused(book, first, lead, at) == "not_your_turn"
    book(first, finance, at)
    assert refused(book, first, finance, at) == "wrong_moment"
    assert refused(book, ticket(4_001, number="CB2", txn="t9"), finance, at) == "more_than_is_left"
    assert held(buyer)[0] == 4_000


def test_the_same_by_the_api_and_explained_books_nothing(taken, buyer, finance):
    address = f"/api/v1/differences/{taken.pk}/settle/"
    answer = signed_in(finance).send(address, {"is_booked": False, "reason": WHY})
    assert (answer.status_code, answer.json()["state"], held(buyer)[0]) == (200, "explained", 10_000)
    assert signed_in(finance).send(address, {"is_booked": True, "reason": WHY}).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_spending_it_and_taking_it_back_at_one_instant_lose_no_fen(topped_up, taken, listing, buyer, finance, at):
    own("platform:fund", 20_000, at)
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    outcomes = race(
        lambda: book(taken, finance, at),
        lambda: orders.pay_from_wallet(Order.objects.get(pk=order.pk), by=buyer, at=at),
        lambda: book(taken, finance, at),
    )
    assert {getattr(each, "code", each) for each in lost(outcomes)} <= {"insufficient_balance", "wrong_moment"}
    taken.refresh_from_db()
    order.refresh_from_db()
    spent = 9_800 if order.state != "placed" else 0
    if taken.state == "booked":
        assert held(buyer) == [0, -spent, 20_000 - spent, spent]
    else:
        assert (spent, held(buyer)) == (9_800, [200, 0, 20_000, 0]), outcomes
