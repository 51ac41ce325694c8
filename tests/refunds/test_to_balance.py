"""A buyer who paid by a channel may choose the balance instead of the way back: there at once, and never by itself."""

import json

import pytest
from django.urls import reverse

from disputes import lifecycle as disputes
from disputes.models import Dispute
from ledger.accounts import balance
from ledger.models import Payout
from orders import delivery, purchase
from orders import lifecycle as orders
from refunds import lifecycle
from refunds.models import Refund
from tests.api.conftest import problem, signed_in
from tests.disputes.test_appeals import before_the_panel, voted
from tests.fixtures import people
from tests.fixtures.cases import VISIT, claim
from tests.fixtures.disputes import drafted
from tests.refunds.test_outside_tickets import (  # noqa: F401 - fixtures of the same sale
    book,
    charged_order,
    paid_by_channel,
    refused,
    ticket,
)
from tests.refunds.test_wizard import address, begin, text
from timeline.models import Event


@pytest.fixture
def case(charged_order, rich_buyer, at):  # noqa: F811 - the fixture
    """¥98.00 are asked for the first code, to be paid to the balance."""
    return claim(charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at, prefers="balance")


def wallet(user):
    return balance(f"user:{user.pk}:wallet")


def test_it_is_there_the_moment_the_shop_says_yes_and_nothing_goes_to_the_channel(case, seller, rich_buyer, at):
    before = wallet(rich_buyer)
    lifecycle.accept(case, by=seller, at=at)
    assert (case.state, case.outcome, wallet(rich_buyer) - before) == ("refunded", "seller", 9_800)
    assert (case.payout.destination, case.payout.state) == ("wallet", "paid")
    assert (balance("channel:sandbox:out"), Payout.objects.count()) == (0, 1)
    assert json.loads(case.credit_note.body)["to"] == "wallet"
    assert Event.objects.filter(name="refund.refunded").count() == 1


def test_who_chose_nothing_is_paid_back_the_way_the_money_came(charged_order, seller, rich_buyer, at):  # noqa: F811
    case = claim(charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)
    before = wallet(rich_buyer)
    lifecycle.accept(case, by=seller, at=at)
    assert (case.state, case.payout.destination, wallet(rich_buyer)) == ("approved", "channel", before)


def test_an_order_paid_in_two_ways_goes_to_the_balance_whole(channel_secret, listing, rich_buyer, seller, at):
    from ledger import payments

    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", part=3_000, by=rich_buyer, at=at)
    payments.confirm(payment, provider_txn="t2", amount=6_800, at=at)
    unit = order.units.get()
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    before = wallet(rich_buyer)
    case = claim(unit, "CODE_INVALID", by=rich_buyer, at=at, prefers="balance")
    lifecycle.accept(case, by=seller, at=at)
    assert (wallet(rich_buyer) - before, Payout.objects.get().amount) == (9_800, 9_800)


def test_where_somebody_else_may_have_paid_and_where_there_is_no_other_way_it_cannot_be_chosen(
    charged_order,  # noqa: F811
    order,
    revealed,
    rich_buyer,
    at,
):
    unit = charged_order.units.get(place=1)
    for reason in ("MINOR_PURCHASE", "UNAUTHORIZED_PAYMENT"):
        told = {"by": rich_buyer, "at": at, "prefers": "balance"}
        assert refused(lambda why=reason, how=told: claim(unit, why, **how)) == "only_the_way_it_came"
    assert refused(lambda: claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, prefers="balance")) == (
        "only_the_way_it_came"
    ), "it was paid from the balance"
    assert not Refund.objects.exists()


def test_nobody_chooses_it_for_the_buyer(charged_order, at):  # noqa: F811
    agent = people.staff("agent", at=at, name="clerk")
    unit = charged_order.units.get(place=1)
    told = {"by": agent, "at": at, "prefers": "balance", "complaint": "W1"}
    assert refused(lambda: claim(unit, "CODE_INVALID", **told)) == "only_the_way_it_came"


def test_what_an_appeal_adds_goes_to_the_balance_too(case, seller, rich_buyer, arbiter, senior, lead, panelists, at):
    lifecycle.decline(case, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    lifecycle.escalate(case, by=rich_buyer, at=at)
    dispute, before = Dispute.objects.get(refund=case), wallet(rich_buyer)
    for side in (rich_buyer, seller):
        disputes.rest(dispute, by=side, at=at)
    disputes.rule(dispute, drafted(dispute), by=arbiter, at=at)
    disputes.sign(dispute, agrees=True, by=senior, at=at)
    assert wallet(rich_buyer) - before == 5_880, "a small award is paid at once"
    voted(before_the_panel(dispute, rich_buyer, seller, lead, at), panelists, [0, 0, 0], at)
    assert wallet(rich_buyer) - before == 9_800
    assert set(Payout.objects.values_list("destination", flat=True).order_by("pk")) == {"wallet"}


def test_what_the_channel_takes_back_after_that_comes_off_the_balance_and_the_rest_off_the_sale(
    case,
    charged_order,  # noqa: F811
    ticket,  # noqa: F811
    finance,
    seller,
    at,
):
    """One unit was paid to the balance, then a bank takes the whole charge back: that unit's money was had twice."""
    lifecycle.accept(case, by=seller, at=at)
    wallet = f"user:{case.buyer_id}:wallet"
    before = balance(wallet)
    book(ticket(19_600), finance, at)
    assert [unit.refunded for unit in charged_order.units.order_by("place")] == [9_800, 9_800]
    assert before - balance(wallet) == 9_800


def test_the_last_step_of_the_wizard_offers_it_in_clear_words(client, charged_order, order, revealed, rich_buyer):  # noqa: F811
    client.force_login(rich_buyer)
    for sale, is_offered in ((charged_order, True), (order, False)):
        begin(client, sale, "CODE_INVALID", [1])
        client.post(address("claim_facts", sale), {"text": "提示无效"})
        page = client.get(address("claim_result", sale), headers={"accept-language": "en"})
        assert ('value="balance"' in text(page)) is is_offered
        assert ("not paid out from there" in text(page)) is is_offered
    told = {"expected": "9800", "amount": "98", "prefers": "balance"}
    assert client.post(address("claim_result", order), told).status_code == 422
    client.post(address("claim_result", charged_order), told)
    case = Refund.objects.get()
    assert case.prefers == "balance"
    english = {"accept-language": "en"}
    assert "as they chose" in text(client.get(case.get_absolute_url(), headers=english))
    client.force_login(charged_order.shop.owner)
    assert "as they chose" not in text(client.get(case.get_absolute_url(), headers=english)), "not the shop's business"


def test_the_same_by_the_api(charged_order, order, revealed, rich_buyer):  # noqa: F811
    told = {"reason": "CODE_INVALID", "places": [1], "prefers": "balance"}
    as_buyer = signed_in(rich_buyer)
    answer = as_buyer.send(reverse("api:refunds"), told | {"order": charged_order.number})
    assert (answer.status_code, answer.json()["prefers"]) == (201, "balance")
    problem(as_buyer.send(reverse("api:refunds"), told | {"order": order.number}), 409, "only_the_way_it_came")
