"""What a channel tells us at the notify address: believed only if it is signed, fresh, and about this very payment."""

import json
import time

import pytest
from django.urls import reverse

from kamen.sandbox_channel import Channel
from ledger import payments
from ledger.accounts import balance
from ledger.models import Notice, Payment, Payout
from tests.fixtures.channel import SECRET


@pytest.fixture
def teller(tmp_path):
    """A channel that signs with the right secret, without a server."""
    return Channel(str(tmp_path / "channel.sqlite"), SECRET)


@pytest.fixture
def tell(client, teller, channel_secret, top_up):
    """Sends a notice about the top-up; every part of it may be another one."""

    def tell(
        *, secret=SECRET, channel="sandbox", to=None, number=None, timestamp=None, headers=None, body=None, **changes
    ):
        path = reverse("ledger:notify", kwargs={"channel": channel, "number": to or top_up.number})
        said = {"number": number or top_up.number, "txn": "t1", "amount": 10_000, "currency": "CNY", **changes}
        sent = json.dumps(said).encode() if body is None else body
        signer = Channel(":memory:", secret)
        signed = signer.signed("notice", path, sent, timestamp=timestamp)
        signer.database.close()
        signed.update(headers or {})
        return client.post(path, sent, content_type="application/json", headers=signed)

    yield tell
    teller.database.close()


def refused(answer):
    """The notice is not believed, and nothing at all has changed."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "bad_notice"
    assert not Notice.objects.exists()
    assert {payment.state for payment in Payment.objects.all()} == {"awaiting"}


def test_a_signed_notice_is_believed_and_answered_with_success(tell, buyer):
    answer = tell()
    assert (answer.status_code, answer.content) == (200, b"success")
    assert balance(f"{buyer.address}:wallet") == 10_000


def test_a_repeated_notice_gets_the_same_answer(tell, buyer):
    assert [tell().content for _time in range(3)] == [b"success"] * 3
    assert balance(f"{buyer.address}:wallet") == 10_000


@pytest.mark.parametrize("secret", ["wrong", SECRET[:-1], SECRET + "x"])
def test_a_notice_signed_with_another_secret_is_forged(tell, secret):
    refused(tell(secret=secret))


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_a_mall_without_a_secret_believes_nothing(tell, settings, empty):
    settings.SANDBOX_SECRET = empty
    refused(tell())


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Sandbox-Signature": ""},
        {"X-Sandbox-Signature": "0" * 64},
        {"X-Sandbox-Signature": "é"},
        {"X-Sandbox-Timestamp": ""},
        {"X-Sandbox-Timestamp": "-1"},
        {"X-Sandbox-Timestamp": "٣"},
        {"X-Sandbox-Timestamp": str(int(time.time()) + 1)},
        {"X-Sandbox-Nonce": ""},
        {"X-Sandbox-Nonce": "another"},
    ],
)
def test_a_notice_whose_proof_was_touched_is_forged(tell, headers):
    refused(tell(headers=headers))


@pytest.mark.parametrize("seconds", [-301, 301, -(10**9)])
def test_a_notice_out_of_its_time_is_not_believed(tell, seconds):
    refused(tell(timestamp=int(time.time()) + seconds))


def test_moving_the_mall_s_clock_makes_no_notice_old(tell, buyer, top_up, django_db_blocker):
    from datetime import timedelta

    from timeline import clock

    clock.advance(timedelta(days=2))
    assert tell().content == b"success"
    assert balance(f"{buyer.address}:wallet") == 0, "in the mall two days have passed: the payment is late"
    assert Payout.objects.get().amount == 10_000


def test_a_notice_is_only_about_the_payment_it_was_sent_to(tell, buyer, at):
    other = payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=at)
    refused(tell(to=other.number))
    refused(tell(number=other.number))


def test_a_believed_notice_sent_to_another_payment_changes_nothing_there(tell, buyer, at):
    assert tell().status_code == 200
    other = payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=at)
    assert tell(to=other.number, number=other.number).status_code == 400
    other.refresh_from_db()
    assert other.state == "awaiting"
    assert balance(f"{buyer.address}:wallet") == 10_000


def test_a_payment_of_another_channel_hears_nothing_from_this_one(tell, top_up):
    Payment.objects.filter(pk=top_up.pk).update(channel="wechat")
    refused(tell())


@pytest.mark.parametrize("channel", ["alipay", "SANDBOX", "wallet"])
def test_an_unknown_channel_is_believed_nothing(tell, channel):
    refused(tell(channel=channel))


def test_an_unknown_payment_is_believed_nothing(tell):
    refused(tell(to="P0", number="P0"))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": -10_000},
        {"amount": 10_000.0},
        {"amount": "10000"},
        {"amount": True},
        {"amount": [10_000]},
        {"amount": None},
        {"amount": 10**16},
        {"currency": "USD"},
        {"txn": ""},
        {"txn": 7},
        {"txn": "x" * 81},
        {"txn": "t1\n"},
        {"number": 5},
    ],
)
def test_a_signed_notice_that_says_nonsense_is_not_believed(tell, changes):
    refused(tell(**changes))


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 9_000, b"{}", b'"success"' + b" " * 20_000]
)
def test_a_signed_body_that_is_no_notice_is_not_believed(tell, body):
    refused(tell(body=body))


def test_another_amount_is_believed_and_sent_back(tell, buyer):
    assert tell(amount=9_999).content == b"success"
    assert balance(f"{buyer.address}:wallet") == 0
    assert Payout.objects.get().amount == 9_999


def test_the_notify_address_takes_post_only(client, top_up, channel_secret):
    path = reverse("ledger:notify", kwargs={"channel": "sandbox", "number": top_up.number})
    assert client.get(path).status_code == 405
