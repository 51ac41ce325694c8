"""The API of wallets: the same verbs as on the pages."""

import pytest

from ledger import payments
from ledger.accounts import balance
from ledger.models import Payment, Payout
from tests.api.conftest import ApiClient, problem, signed_in
from tests.fixtures.channel import eventually
from tests.queries import recorded


@pytest.fixture
def as_buyer(buyer):
    return signed_in(buyer)


@pytest.fixture
def as_stranger(stranger):
    return signed_in(stranger)


@pytest.mark.django_db(transaction=True)
def test_a_machine_tops_up_and_follows_the_money(channel, as_buyer, buyer):
    asked = as_buyer.send("/api/v1/payments/", {"amount": 12_345}, key="once")
    assert (asked.status_code, asked.json()["state"]) == (201, "awaiting")
    found = as_buyer.get(asked.headers["Location"]).json()
    assert found["pay_url"].startswith(channel.address)
    channel.pay(channel.row("select * from charge"))
    eventually(lambda: balance(f"{buyer.address}:wallet") == 12_345)
    wallet = as_buyer.get("/api/v1/wallet/").json()
    assert (wallet["balance"], wallet["results"][0]["reason"]) == (12_345, "top_up")
    again = as_buyer.send("/api/v1/payments/", {"amount": 12_345}, key="once")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_machine_has_the_channel_asked(channel, charged, top_up, as_buyer, buyer, monkeypatch):
    monkeypatch.setattr(channel, "notify", lambda *told, **how: (0, b""))
    charged(top_up)
    assert as_buyer.send(f"/api/v1/payments/{top_up.number}/check/").status_code == 202
    assert as_buyer.get(f"/api/v1/payments/{top_up.number}/").json()["state"] == "confirmed"


@pytest.mark.parametrize("amount", [None, "100", 99, 5_000_001, 100.5, True, [100], -100, 10**30])
def test_an_amount_that_is_none_is_named(as_buyer, channel_secret, amount):
    found = problem(as_buyer.send("/api/v1/payments/", {"amount": amount}), 422, "invalid")
    assert [each["field"] for each in found["errors"]] == ["amount"]
    assert not Payment.objects.exists()


def test_without_a_channel_nobody_tops_up(as_buyer):
    problem(as_buyer.send("/api/v1/payments/", {"amount": 100}), 409, "no_channel")


def test_payments_and_payouts_of_others_do_not_exist(as_stranger, top_up):
    payments.confirm(top_up, provider_txn="a", amount=10_000, at=top_up.entered_at)
    payments.confirm(top_up, provider_txn="b", amount=10_000, at=top_up.entered_at)
    problem(as_stranger.get(f"/api/v1/payments/{top_up.number}/"), 404, "not_found")
    problem(as_stranger.send(f"/api/v1/payments/{top_up.number}/check/"), 404, "not_found")
    problem(as_stranger.get(f"/api/v1/payouts/{Payout.objects.get().number}/"), 404, "not_found")
    assert as_stranger.get("/api/v1/payouts/").json()["results"] == []
    assert as_stranger.get("/api/v1/payments/").json()["results"] == []


def test_nobody_s_wallet_is_for_nobody(db):
    problem(ApiClient().get("/api/v1/wallet/"), 401, "not_signed_in")


@pytest.mark.parametrize("address", ["/api/v1/wallet/", "/api/v1/payments/", "/api/v1/payouts/"])
def test_a_list_costs_the_same_for_one_and_for_many(as_buyer, top_up, buyer, at, address):
    as_buyer.get(address)
    with recorded() as one:
        as_buyer.get(address)
    for place in range(51):
        payments.confirm(top_up, provider_txn=f"t{place}", amount=10_000, at=at)
        more = payments.top_up(user=buyer, amount=100, channel="sandbox", at=at)
        payments.confirm(more, provider_txn=f"m{place}", amount=100, at=at)
    with recorded() as many:
        found = as_buyer.get(address).json()
    assert len(one) == len(many)
    assert len(found["results"]) == 50


def test_a_payout_is_followed_from_planned_to_paid(as_buyer, top_up):
    for txn in ("a", "b"):
        payments.confirm(top_up, provider_txn=txn, amount=10_000, at=top_up.entered_at)
    number = Payout.objects.get().number
    found = as_buyer.get(f"/api/v1/payouts/{number}/").json()
    assert (found["state"], found["turn"], found["destination"]) == ("planned", "system", "channel")
