"""Pages of the wallet, as its owner, as a stranger and as finance; and how people write amounts."""

from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from ledger import payments, payouts
from ledger.accounts import balance
from ledger.forms import YuanField, fen_of
from ledger.models import Payment, Payout
from ledger.transfers import Reason, transfer
from tests.fixtures import people
from tests.queries import recorded
from timeline.sweep import sweep


@pytest.fixture
def paid(top_up):
    payments.confirm(top_up, provider_txn="t1", amount=10_000, at=top_up.entered_at)
    return top_up


@pytest.fixture
def sent_back(paid):
    """A second charge, on its way back."""
    payments.confirm(paid, provider_txn="t2", amount=10_000, at=paid.entered_at)
    return Payout.objects.get()


# amounts


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1", 100),
        ("0.01", 1),
        ("12.5", 1_250),
        ("¥123.45", 12_345),
        ("￥ 7.00", 700),
        (" 8 ", 800),
        ("0000001", 100),
        ("9999999999.99", 999_999_999_999),
    ],
)
def test_an_amount_in_yuan_is_whole_fen(text, fen):
    assert fen_of(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "1.", ".5", "1.234", "-1", "+1", "1e3", "1,000", "１２", "٣", "0x10", "NaN", "1 2", "12.3.4"),
        "¥",
        "1\n2",
    ],
)
def test_what_only_looks_like_an_amount_is_none(text):
    assert fen_of(text) is None


@given(st.integers(0, 10**12 - 1))
def test_every_amount_survives_being_written(fen):
    assert fen_of(YuanField().prepare_value(fen)) == fen


@given(st.text(max_size=12))
def test_no_text_is_ever_an_amount_by_accident(text):
    found = fen_of(text)
    assert found is None or (found >= 0 and set(text.strip()) <= set("0123456789.¥￥ "))


# the wallet


def test_an_empty_wallet_says_what_to_do_next(client, buyer, channel_secret):
    client.force_login(buyer)
    page = client.get(reverse("ledger:wallet")).content.decode()
    assert "¥0.00" in page
    assert 'class="empty"' in page
    assert reverse("ledger:top_up") in page


def test_without_a_channel_the_wallet_says_so_instead_of_offering_one(client, buyer):
    client.force_login(buyer)
    assert reverse("ledger:top_up") not in client.get(reverse("ledger:wallet")).content.decode()
    answer = client.post(reverse("ledger:top_up"), {"amount": "5"})
    assert answer.status_code == 422
    assert not Payment.objects.exists()


def test_the_wallet_shows_the_balance_and_each_line_with_its_payment(client, paid, buyer):
    client.force_login(buyer)
    page = client.get(reverse("ledger:wallet")).content.decode()
    assert "¥100.00" in page
    assert "+¥100.00" in page
    assert paid.get_absolute_url() in page


def test_the_wallet_shows_money_on_its_way(client, sent_back, buyer):
    client.force_login(buyer)
    page = client.get(reverse("ledger:wallet"))
    assert sent_back.get_absolute_url() in page.content.decode()
    assert [step["status"] for step in page.context["payouts"][0]["steps"]] == ["now", "ahead", "ahead"]


def test_the_wallet_is_for_people_the_mall_knows(client, db):
    assert client.get(reverse("ledger:wallet")).status_code == 302
    assert client.post(reverse("ledger:top_up"), {"amount": "5"}).status_code == 302


@pytest.mark.parametrize("amount", ["", "x", "0", "0.99", "50000.01", "-5", "1.234", "１００", "1e3", "1\x00"])
def test_a_wrong_amount_is_answered_beside_the_question(client, buyer, channel_secret, amount):
    client.force_login(buyer)
    answer = client.post(reverse("ledger:top_up"), {"amount": amount})
    assert answer.status_code == 422
    assert answer.context["form"].errors["amount"]
    assert not Payment.objects.exists()


def test_a_wallet_costs_the_same_with_one_line_and_with_sixty(client, paid, buyer, at):
    client.force_login(buyer)
    address = reverse("ledger:wallet")
    client.get(address)
    with recorded() as one:
        client.get(address)
    for place in range(60):
        payment = payments.top_up(user=buyer, amount=10_000, channel="sandbox", at=at)
        payments.confirm(payment, provider_txn=f"more-{place}", amount=10_000, at=at)
    with recorded() as many:
        first = client.get(address)
    assert len(one) == len(many)
    assert len(first.context["lines"]) == 50
    second = client.get(address, {"before": first.context["older"]})
    assert len(second.context["lines"]) == 11


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣"])
def test_a_strange_place_in_the_statement_is_no_error(client, buyer, before):
    client.force_login(buyer)
    assert client.get(reverse("ledger:wallet"), {"before": before}).status_code == 200


# one payment, one payout


def test_a_payment_s_page_says_whose_turn_it_is_and_offers_to_pay_and_to_check(client, top_up, buyer):
    client.force_login(buyer)
    page = client.get(top_up.get_absolute_url()).content.decode()
    assert "data-until" in page
    assert reverse("ledger:pay", args=[top_up.number]) in page
    assert reverse("ledger:check", args=[top_up.number]) in page


def test_an_expired_payment_offers_no_paying(client, top_up, buyer):
    sweep(at=top_up.deadline_at)
    client.force_login(buyer)
    page = client.get(top_up.get_absolute_url()).content.decode()
    assert reverse("ledger:pay", args=[top_up.number]) not in page
    answer = client.post(reverse("ledger:pay", args=[top_up.number]))
    assert answer.status_code == 409


def test_a_payment_whose_second_charge_goes_back_shows_it(client, sent_back, paid, buyer):
    client.force_login(buyer)
    page = client.get(paid.get_absolute_url()).content.decode()
    assert sent_back.get_absolute_url() in page


def test_a_payout_s_page_shows_its_way(client, sent_back, buyer):
    client.force_login(buyer)
    page = client.get(sent_back.get_absolute_url()).content.decode()
    assert sent_back.number in page
    assert "stepper" in page


def test_payments_and_payouts_of_others_are_not_there(client, sent_back, paid, stranger):
    client.force_login(stranger)
    for address in (paid.get_absolute_url(), sent_back.get_absolute_url()):
        assert client.get(address).status_code == 404
    for name in ("pay", "check"):
        assert client.post(reverse(f"ledger:{name}", args=[paid.number])).status_code == 404


@pytest.mark.parametrize("name", ["top_up", "pay", "check"])
def test_nothing_happens_behind_a_get(client, top_up, buyer, name):
    client.force_login(buyer)
    args = [] if name == "top_up" else [top_up.number]
    assert client.get(reverse(f"ledger:{name}", args=args)).status_code == 405


# finance


@pytest.fixture
def stuck(sent_back):
    payouts.lapse(sent_back, limit="PAYOUT", at=sent_back.deadline_at)
    return sent_back


def test_finance_sees_what_is_stuck_and_two_people_send_it_again(client, stuck, finance, at):
    second = people.staff("finance", at=at, name="second")
    verb = reverse("ledger:decide", args=[stuck.number, "retry"])
    client.force_login(finance)
    assert verb in client.get(reverse("ledger:queue")).content.decode()
    client.post(verb)
    assert verb not in client.get(reverse("ledger:queue")).content.decode(), "nobody agrees with himself"
    client.force_login(second)
    client.post(verb)
    stuck.refresh_from_db()
    assert stuck.state == "sending"
    assert 'class="empty"' in client.get(reverse("ledger:queue")).content.decode()


def test_the_queue_of_finance_is_not_there_for_others(client, stuck, buyer, arbiter):
    for person in (buyer, arbiter):
        client.force_login(person)
        assert client.get(reverse("ledger:queue")).status_code == 404
        assert client.post(reverse("ledger:decide", args=[stuck.number, "retry"])).status_code == 404
    stuck.refresh_from_db()
    assert stuck.proposal == ""


def test_a_verb_that_is_none_is_not_there(client, stuck, finance):
    client.force_login(finance)
    assert client.post(reverse("ledger:decide", args=[stuck.number, "steal"])).status_code == 404


def test_the_queue_costs_the_same_for_one_and_for_many(client, stuck, finance, buyer, at):
    client.force_login(finance)
    client.get(reverse("ledger:queue"))
    with recorded() as one:
        client.get(reverse("ledger:queue"))
    for place in range(5):
        payment = payments.top_up(user=buyer, amount=100, channel="sandbox", at=at - timedelta(hours=9))
        payments.confirm(payment, provider_txn=f"late-{place}", amount=100, at=at)
    sweep(at=at + timedelta(hours=2))
    with recorded() as many:
        answer = client.get(reverse("ledger:queue"))
    assert len(answer.context["rows"]) == 6
    assert len(one) == len(many)


def test_a_line_without_a_page_is_still_a_line(client, buyer, at):
    transfer(
        source="channel:sandbox",
        target=f"{buyer.address}:wallet",
        amount=500,
        reason=Reason.CORRECTION,
        subject="x:1",
        key="k",
        at=at,
    )
    client.force_login(buyer)
    assert "+¥5.00" in client.get(reverse("ledger:wallet")).content.decode()
    assert balance(f"{buyer.address}:wallet") == 500
