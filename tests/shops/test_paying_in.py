"""A deposit is paid by a channel, and goes back when the shop has been closed and quiet."""

from datetime import timedelta

import pytest
from django.urls import reverse

from ledger import payments
from ledger.accounts import balance
from ledger.models import Payment, Payout
from ledger.transfers import Reason, transfer
from shops import lifecycle, withdrawals
from shops.models import Deposit
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep


def told(payment, at, *, txn="t1", amount=None):
    return payments.confirm(payment, provider_txn=txn, amount=amount or payment.amount, at=at)


def test_a_deposit_paid_by_a_channel_opens_the_shop(shop, seller, at):
    asked = lifecycle.ask_to_pay(shop.deposit, amount=100_000, channel="sandbox", by=seller, at=at)
    assert asked.subject == shop.deposit.address
    assert told(asked, at) == "credited"
    assert told(asked, at) == "repeated"
    deposit = Deposit.objects.get()
    assert deposit.state == "active"
    assert balance(shop.account("deposit")) == 100_000
    assert balance(f"{seller.address}:wallet") == 0


def test_filling_up_ends_the_clock_of_a_short_deposit(short_deposit, seller, at):
    asked = lifecycle.ask_to_pay(short_deposit, amount=60_000, channel="sandbox", by=seller, at=at)
    told(asked, at)
    short_deposit.refresh_from_db()
    assert (short_deposit.state, short_deposit.deadline_at) == ("active", None)


def test_a_wrong_sum_and_a_second_charge_go_back(shop, seller, at):
    asked = lifecycle.ask_to_pay(shop.deposit, amount=100_000, channel="sandbox", by=seller, at=at)
    assert told(asked, at, amount=99_999, txn="wrong") == "returned"
    assert told(asked, at) == "credited"
    assert told(asked, at, txn="t2") == "returned"
    assert balance(shop.account("deposit")) == 100_000
    assert Payout.objects.count() == 2


def test_what_comes_in_for_a_shop_that_closes_goes_back(deposit, seller, at):
    asked = lifecycle.ask_to_pay(deposit, amount=50_000, channel="sandbox", by=seller, at=at)
    lifecycle.close(deposit, by=seller, at=at)
    assert told(asked, at) == "returned"
    assert balance(deposit.shop.account("deposit")) == 100_000


@pytest.mark.parametrize("amount", [99, 50_000_001])
def test_a_sum_out_of_range_is_not_asked_for(shop, seller, at, amount):
    with pytest.raises(Refused) as refusal:
        lifecycle.ask_to_pay(shop.deposit, amount=amount, channel="sandbox", by=seller, at=at)
    assert refusal.value.code == "bad_amount"


def test_a_stranger_asks_for_nothing(shop, stranger, at):
    with pytest.raises(Refused) as refusal:
        lifecycle.ask_to_pay(shop.deposit, amount=100_000, channel="sandbox", by=stranger, at=at)
    assert refusal.value.code == "not_your_turn"
    assert not Payment.objects.exists()


# going back


def test_a_quiet_deposit_goes_to_the_shop_s_account(deposit, seller, channel_secret, at):
    withdrawals.name_account(deposit.shop, account="6222020200118888", holder="甲", by=seller, at=at)
    lifecycle.close(deposit, by=seller, at=at)
    sweep(at=at + timedelta(days=2))
    sweep(at=deposit.deadline_at)
    deposit.refresh_from_db()
    assert deposit.state == "returned"
    payout = Payout.objects.get()
    assert (payout.amount, payout.destination, payout.state) == (100_000, "account", "planned")
    assert payout.is_owed()


def test_while_a_case_is_open_only_the_undisputed_part_goes_back(deposit, seller, at):
    shop = deposit.shop
    how = {"reason": Reason.RESERVE, "subject": shop.address, "at": at}
    transfer(source=shop.account("deposit"), target=shop.account("reserved"), amount=30_000, key="r", **how)
    lifecycle.close(deposit, by=seller, at=at)
    quiet = deposit.deadline_at
    lifecycle.lapse(deposit, limit="DEPOSIT_QUIET", at=quiet)
    deposit.refresh_from_db()
    assert (deposit.state, deposit.deadline_at) == ("closing", quiet + timedelta(days=1))
    assert balance(shop.account("deposit")) == 0
    assert Event.objects.get(name="deposit.partly_returned").data == {"amount": 70_000}
    how["reason"] = Reason.FREE
    transfer(source=shop.account("reserved"), target=shop.account("deposit"), amount=30_000, key="f", **how)
    lifecycle.lapse(deposit, limit="DEPOSIT_QUIET", at=deposit.deadline_at)
    assert deposit.state == "returned"
    assert balance("channel:sandbox:out") == 100_000


# pages and addresses


def test_the_page_leads_to_the_payment(client, shop, seller, stranger, channel_secret):
    address = reverse("shops:pay_in", args=[shop.slug])
    client.force_login(stranger)
    assert client.post(address, {"amount": "1000"}).status_code == 404
    client.force_login(seller)
    page = client.get(reverse("shops:deposit", args=[shop.slug])).content.decode()
    assert address in page
    assert 'value="800.00"' in page, "80 % of ¥1,000 put it in place"
    for wrong in ("x", "", "-5", "0.99", "500000.01", "1.005"):
        page = client.post(address, {"amount": wrong})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["amount"]), wrong
        assert f'value="{wrong}"' in page.content.decode() or not wrong, "what was written stays"
    assert not Payment.objects.exists()
    answer = client.post(address, {"amount": "1000"})
    payment = Payment.objects.get()
    assert answer.url == payment.get_absolute_url()
    assert client.get(answer.url).status_code == 200


def test_the_api_asks_for_the_same(client, shop, seller, channel_secret):
    client.force_login(seller)
    answer = client.post(
        f"/api/v1/shops/{shop.slug}/deposit/pay/",
        {"amount": 100_000},
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="1",
    )
    assert (answer.status_code, answer.json()["subject"]) == (201, shop.deposit.address)
