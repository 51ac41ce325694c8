"""A shop takes its money out: to an account that has rested, never what cases may need, once, and watched."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from ledger import brake, payouts
from ledger.accounts import balance
from ledger.models import Payout
from ledger.transfers import Reason, transfer
from orders import figures
from shops import staff, withdrawals
from shops.models import Payee
from tests.fixtures.people import person
from tests.fixtures.people import staff as staff_of_the_mall
from tests.races import race
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep

LIMIT = 5_000_000


def earn(shop, amount, at, key="earned"):
    """`amount` fen become available to the shop."""
    transfer(
        source="channel:sandbox",
        target=shop.account("available"),
        amount=amount,
        reason=Reason.SETTLE,
        subject=shop.address,
        key=f"{shop.address}:{key}",
        at=at,
    )


@pytest.fixture
def payee(deposit, seller, channel_secret, at):
    """The account of a shop that has ¥500 available; named just now."""
    earn(deposit.shop, 50_000, at)
    return withdrawals.name_account(
        deposit.shop, account="6222 0202 0011 8888", holder="北京星河科技", by=seller, at=at
    )


@pytest.fixture
def later(payee, at):
    """When the account has rested."""
    return at + timedelta(hours=24)


def take(shop, by, at, amount=30_000, key="k", limit=LIMIT):
    return withdrawals.withdraw(shop, amount=amount, four_eyes_above=limit, key=key, by=by, at=at)


def refused(verb, code):
    with pytest.raises(Refused) as refusal:
        verb()
    assert refusal.value.code == code


# the account


def test_a_new_account_rests_for_a_day(payee, seller, later):
    refused(lambda: take(payee.shop, seller, later - timedelta(microseconds=1)), "account_too_new")
    sweep(at=later)
    payee.refresh_from_db()
    assert payee.state == "usable"
    assert take(payee.shop, seller, later).payee == "6222020200118888"


def test_a_changed_account_rests_again_and_the_old_one_is_over(payee, seller, later):
    sweep(at=later)
    second = withdrawals.name_account(payee.shop, account="6222020200119999", holder="北京星河", by=seller, at=later)
    payee.refresh_from_db()
    assert (payee.state, second.state) == ("ended", "cooling")
    refused(lambda: take(payee.shop, seller, later), "account_too_new")
    assert Event.objects.get(name="payee.cooling", subject=second.address).data["tail"] == "9999", "never all of it"


@pytest.mark.parametrize(("account", "holder", "field"), [("12", "甲", "account"), ("62220202", "", "holder")])
def test_an_account_has_a_number_and_a_holder(deposit, seller, channel_secret, at, account, holder, field):
    with pytest.raises(ValidationError) as error:
        withdrawals.name_account(deposit.shop, account=account, holder=holder, by=seller, at=at)
    assert list(error.value.message_dict) == [field]


def test_naming_the_same_account_again_changes_nothing(payee, seller, at):
    refused(
        lambda: withdrawals.name_account(payee.shop, account=payee.account, holder="甲", by=seller, at=at),
        "same_account",
    )


# withdrawing


def test_what_is_available_is_set_aside_at_once(payee, seller, later):
    payout = take(payee.shop, seller, later)
    assert (payout.state, payout.amount, payout.destination, payout.user) == ("planned", 30_000, "account", seller)
    assert balance(payee.shop.account("available")) == 20_000
    assert balance("channel:sandbox:out") == 30_000
    planned = Event.objects.get(name="payout.planned")
    assert (planned.root, planned.data["amount"]) == (payee.address, 30_000)


def test_sent_twice_by_one_form_counts_once(payee, seller, later):
    assert take(payee.shop, seller, later) == take(payee.shop, seller, later)
    assert balance(payee.shop.account("available")) == 20_000


def test_the_shop_s_finance_withdraws_and_nobody_else(payee, seller, stranger, later):
    people = {}
    for duty in ("manager", "support", "finance"):
        somebody = people[duty] = person(duty)
        staff.accept(
            staff.invite(payee.shop, email=somebody.email, duty=duty, by=seller, at=later), by=somebody, at=later
        )
    for somebody in (stranger, people["manager"], people["support"]):
        refused(lambda who=somebody: take(payee.shop, who, later), "not_your_turn")
    assert take(payee.shop, people["finance"], later).user == people["finance"]


@pytest.mark.parametrize(("amount", "code"), [(99, "bad_amount"), (50_001, "insufficient_balance")])
def test_neither_too_little_nor_more_than_there_is(payee, seller, later, amount, code):
    refused(lambda: take(payee.shop, seller, later, amount=amount), code)
    assert balance(payee.shop.account("available")) == 50_000


def test_without_an_account_nothing_is_sent(deposit, seller, at):
    refused(lambda: take(deposit.shop, seller, at), "no_account")


def test_what_open_cases_may_need_stays(payee, seller, later, monkeypatch):
    from shops import hooks

    monkeypatch.setattr(hooks.exposed, "function", lambda shop: 35_000)
    assert withdrawals.purse(payee.shop).free == 15_000
    refused(lambda: take(payee.shop, seller, later, amount=15_001), "insufficient_balance")
    assert take(payee.shop, seller, later, amount=15_000).amount == 15_000


def test_a_claim_on_settled_money_keeps_it_here(order, rich_buyer, seller, at):
    """Released and settled; then a unit is claimed: its money is the shop's, but not to take away."""
    from orders import lifecycle as orders
    from refunds import lifecycle as refunds
    from tests.fixtures.cases import units_of

    orders.confirm(order, by=rich_buyer, at=at)
    order.refresh_from_db()
    settled_at = order.deadline_at
    sweep(at=settled_at)
    assert figures.exposed(order.shop) == 0
    refunds.ask(order=order, units=units_of(order)[:1], reason="CODE_INVALID", by=rich_buyer, at=settled_at)
    reserved = balance(order.shop.account("reserved"))
    assert figures.exposed(order.shop) == 9_800 - reserved


def test_while_the_payout_brake_is_on_nothing_is_withdrawn(payee, seller, finance, later):
    brake.raise_brake(why="数字不对", by=finance, at=later)
    refused(lambda: take(payee.shop, seller, later), "payouts_paused")
    assert balance(payee.shop.account("available")) == 50_000


@pytest.mark.django_db(transaction=True)
def test_two_withdrawals_at_once_take_no_more_than_there_is(payee, seller, later):
    race(
        lambda: take(payee.shop, seller, later, key="a"),
        lambda: take(payee.shop, seller, later, key="b"),
    )
    assert Payout.objects.count() == 1
    assert balance(payee.shop.account("available")) == 20_000


# four eyes


def test_above_the_limit_two_people_of_the_mall_let_it_go(payee, seller, finance, later):
    payout = take(payee.shop, seller, later, limit=29_999)
    assert payout.state == "manual"
    assert balance("channel:sandbox:out") == 30_000, "set aside all the same"
    assert payouts.retry(payout, by=finance, at=later) is False
    refused(lambda: payouts.retry(payout, by=finance, at=later), "second_person")
    second = staff_of_the_mall("finance", at=later, name="finance-2")
    assert payouts.retry(payout, by=second, at=later) is True
    assert payout.state == "sending"


def test_a_sum_in_parts_is_the_same_sum(payee, seller, channel, later):
    """What a shop takes within 24 hours counts together, to whichever account; what came back does not."""
    shop, hour = payee.shop, timedelta(hours=1)
    assert take(shop, seller, later, amount=20_000, key="a", limit=20_000).state == "planned", "at it, not above"
    assert take(shop, seller, later + hour, amount=100, key="b", limit=20_000).state == "manual"
    sweep(at=later + hour)
    withdrawals.name_account(shop, account="6222020200119999", holder="北京星河", by=seller, at=later + hour)
    first_day_over, account_rested = later + 24 * hour, later + 25 * hour
    assert withdrawals.taken_lately(shop, at=first_day_over - timedelta(microseconds=1)) == 20_100
    assert withdrawals.alone(shop, four_eyes_above=20_000, at=first_day_over) == 19_900
    assert take(shop, seller, account_rested, amount=20_000, key="c", limit=20_000).state == "planned"
    assert take(shop, seller, account_rested, amount=100, key="d", limit=20_000).state == "manual"
    channel.mood = "refusing"
    payouts.run(at=account_rested)
    assert withdrawals.taken_lately(shop, at=account_rested) == 100, "a is no more of today, c came back"


def test_who_asked_first_and_came_second_is_counted_with_who_came_first(payee, seller, later):
    """Each asks the clock before it waits for the shop: of two at once neither is the only one of the day."""
    after = later + timedelta(milliseconds=1)
    assert take(payee.shop, seller, after, amount=20_000, key="a", limit=20_000).state == "planned"
    assert take(payee.shop, seller, later, amount=20_000, key="b", limit=20_000).state == "manual"


def test_a_shop_s_money_never_goes_to_somebody_s_balance(payee, seller, finance, later):
    payout = take(payee.shop, seller, later, limit=0)
    refused(lambda: payouts.pay_to_wallet(payout, by=finance, at=later), "not_a_refund")


# sending, over real HTTP


@pytest.mark.django_db(transaction=True)
def test_the_channel_pays_it_out_once(payee, seller, later, channel):
    payout = take(payee.shop, seller, later)
    assert payouts.run(at=later) == 1
    assert payouts.run(at=later) == 0
    payout.refresh_from_db()
    assert payout.state == "paid"
    assert dict(channel.row("select payee, amount, state from payout"))["payee"] == "6222020200118888"
    assert balance("channel:sandbox:out") == 0


@pytest.mark.django_db(transaction=True)
def test_an_account_that_does_not_exist_books_it_back(payee, seller, later, channel):
    channel.mood = "refusing"
    payout = take(payee.shop, seller, later)
    payouts.run(at=later)
    payout.refresh_from_db()
    assert (payout.state, payout.last_error) == ("void", "there is no such account")
    assert balance(payee.shop.account("available")) == 50_000
    assert balance("channel:sandbox:out") == 0


@pytest.mark.django_db(transaction=True)
def test_a_bank_that_fails_is_asked_again_and_the_money_stays_set_aside(payee, seller, later, channel):
    channel.mood = "failing"
    payout = take(payee.shop, seller, later)
    payouts.run(at=later)
    payout.refresh_from_db()
    assert payout.state == "retrying"
    channel.mood = "normal"
    assert payouts.run(at=later + timedelta(minutes=1)) == 1
    assert balance(payee.shop.account("available")) == 20_000


# pages and addresses


@pytest.fixture
def fresh(monkeypatch):
    """Whoever is signed in has just proved who they are."""
    from accounts import reauthentication

    monkeypatch.setattr(reauthentication, "is_fresh", lambda request: True)


@pytest.mark.breaks_books
def test_the_page_shows_what_can_be_withdrawn_and_never_the_whole_account(client, payee, seller, stranger):
    page = reverse("shops:withdrawals", args=[payee.shop.slug])
    client.force_login(stranger)
    assert client.get(page).status_code == 404
    client.force_login(seller)
    body = client.get(page).content.decode()
    assert "¥500.00" in body
    assert "…8888" in body
    assert "6222" not in body
    send = reverse("shops:withdraw", args=[payee.shop.slug])
    assert send not in body, "the account still rests: nothing is offered that would be refused"
    Payee.objects.update(state="usable", deadline_at=None)
    assert send in client.get(page).content.decode()


def test_withdrawing_on_the_page_asks_who_one_is_first(client, payee, seller):
    client.force_login(seller)
    answer = client.post(reverse("shops:withdraw", args=[payee.shop.slug]), {"amount": "1", "key": "x"})
    assert "reauthenticate" in answer.url
    assert not Payout.objects.exists()


def test_a_withdrawal_on_the_page(client, deposit, seller, channel_secret, at, fresh):
    earn(deposit.shop, 50_000, at)
    how = {"account": "6222020200118888", "holder": "甲", "by": seller}
    payee = withdrawals.name_account(deposit.shop, **how, at=at - timedelta(days=2))
    sweep(at=at)
    client.force_login(seller)
    address = reverse("shops:withdraw", args=[payee.shop.slug])
    key = "6f1c2f0e-5d7c-4a55-9a5a-0a8f7c1d2e3f"
    assert client.post(address, {"amount": "abc", "key": key}).status_code == 422
    for _time in range(2):
        assert client.post(address, {"amount": "300", "key": key}).status_code == 302
    payout = Payout.objects.get()
    assert payout.number in client.get(reverse("shops:withdrawals", args=[payee.shop.slug])).content.decode()


def test_a_no_after_a_wrong_sum_is_read_on_the_page_of_withdrawals(client, payee, seller, fresh):
    """The form comes back under the address that it was sent to; what is refused then leads to a page that is there."""
    client.force_login(seller)
    page, send = (reverse(f"shops:{name}", args=[payee.shop.slug]) for name in ("withdrawals", "withdraw"))
    sent = {"amount": "x", "key": "6a0f3b6e-54fd-4bb0-9a2b-0c7f6e1f2a11"}
    assert client.post(send, sent).status_code == 422
    came_back = {"referer": f"http://testserver{send}"}
    told = client.post(send, sent | {"amount": "10"}, headers=came_back, follow=True)
    assert (told.status_code, told.redirect_chain[-1][0]) == (200, page)
    assert [message.level_tag for message in told.context["messages"]] == ["error"]
    assert client.get(send).status_code == 405, "who only comes by the address reads that nothing is shown there"


def test_the_api_does_the_same(client, payee, seller, stranger):
    address = f"/api/v1/shops/{payee.shop.slug}/withdrawals/"
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    assert client.get(f"/api/v1/shops/{payee.shop.slug}/account/").status_code == 404
    client.force_login(seller)
    assert client.get(address).json()["results"] == []
    found = client.get(f"/api/v1/shops/{payee.shop.slug}/account/").json()
    assert (found["number"], found["free"], found["state"]) == ("…8888", 50_000, "cooling")
    answer = client.post(address, {"amount": 100}, content_type="application/json", HTTP_IDEMPOTENCY_KEY="1")
    assert (answer.status_code, answer.json()["code"]) == (409, "reauthentication_required")
