"""A claim that is decided and for which nobody has the money ends all the same: what is missing is owed."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from disputes import owed
from disputes.models import Owed
from ledger.accounts import balance
from ledger.transfers import Reason, transfer
from notifications import inbox
from notifications.models import Notification
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds import credit, lifecycle
from refunds.models import CreditNote, Refund
from refunds.states import RefundState
from reputation import counting, records
from tests.api.conftest import signed_in
from tests.disputes.sayings import wallet
from tests.disputes.test_dispute import give, own
from tests.fixtures.cases import claim
from timeline.models import Event, Timer
from timeline.sweep import sweep

OWN = "platform:own"
HOUR = timedelta(hours=1)
ENGLISH = {"accept-language": "en"}


def empty(shop, at):
    """The shop has taken out or lost everything that it had."""
    for name in ("pending", "available", "deposit"):
        if there := balance(shop.account(name)):
            give(shop.account(name), "platform:suspense", there, Reason.CORRECTION, at)


def earns(shop, amount, at):
    """The shop sells something again."""
    more(shop.account("available"), amount, at)


def more(target, amount, at):
    """Money comes somewhere, once more."""
    told = {"reason": Reason.CORRECTION, "subject": "x", "key": f"{target}:{amount}"}
    transfer(source="channel:sandbox", target=target, amount=amount, at=at, **told)


@pytest.fixture
def late_claim(order, revealed, rich_buyer, at):
    """A code that was settled to the shop long ago and is claimed now; the shop has nothing any more, nor the fund."""
    orders.confirm(order, by=rich_buyer, at=at)
    until = Order.objects.get(pk=order.pk).deadline_at
    assert until is not None
    sweep(at=until)
    assert (Order.objects.get(pk=order.pk).state, balance("platform:fund")) == ("settled", 0)
    empty(order.shop, until)
    return claim(revealed, "CODE_INVALID", by=rich_buyer, at=until)


#: Of ¥98.00 the mall gives its commission of 5 % back to the shop first: so much is there, and no more.
THERE, LACKS = 490, 9_310


def test_what_nobody_has_of_a_claim_that_the_shop_accepts_is_owed_and_the_case_is_over(late_claim, rich_buyer, seller):
    at, before = late_claim.entered_at, wallet(rich_buyer)
    lifecycle.accept(late_claim, by=seller, at=at)
    case = Refund.objects.get()
    assert (case.state, case.approved, case.closed_at) == (RefundState.REFUNDED, 9_800, at)
    assert (wallet(rich_buyer) - before, CreditNote.objects.get().amount) == (THERE, THERE)
    row = Owed.objects.get()
    assert (row.cause, row.payer, row.left, row.buyer) == (case.address, "shop", LACKS, rich_buyer)
    assert owed.of_shop(case.order.shop) == LACKS, "the shop withdraws nothing of that"
    alarm = Event.objects.get(name="order.waterfall_ran_dry")
    assert alarm.data == {"cause": case.address, "missing": LACKS}


def test_a_compensation_of_which_nobody_has_anything_leaves_no_case_open_without_an_exit(late, seller, rich_buyer, at):
    """A late delivery, ¥0.50 on top: nothing is paid, so nothing would ever arrive and close it."""
    shop, then, before = late.shop, at + 4 * HOUR, wallet(rich_buyer)
    case = claim(late.units.get(), "LATE_DELIVERY", by=rich_buyer, at=then)
    empty(shop, then)
    lifecycle.accept(case, by=seller, at=then)
    case = Refund.objects.get()
    assert (case.state, case.approved, case.payout, case.closed_at) == (RefundState.REFUNDED, 50, None, then)
    assert not Timer.objects.live().filter(subject=case.address).exists(), "no clock calls finance for ever"
    assert (wallet(rich_buyer), CreditNote.objects.count(), Owed.objects.get().left) == (before, 0, 50)
    assert Event.objects.get(name="refund.left_owed").data == {"amount": 0, "owed": 50}
    earns(shop, 4_000, then)
    assert owed.collect_all(at=then) == 1
    assert (wallet(rich_buyer) - before, late.units.get().refunded) == (50, 0), "it is no part of the price"
    assert credit.write_missing(at=then) == 1
    assert CreditNote.objects.get().amount == 50
    assert case.get_paper_url() == ""


def test_it_is_collected_from_what_the_shop_earns_next_as_the_price_of_its_unit_with_its_credit_note(
    late_claim, rich_buyer, seller
):
    at, shop, before = late_claim.entered_at, late_claim.order.shop, wallet(rich_buyer)
    lifecycle.accept(late_claim, by=seller, at=at)
    assert owed.collect_all(at=at) == 0
    earns(shop, 4_000, at)
    assert owed.collect_all(at=at) == 1
    unit = Unit.objects.get(place=1)
    assert (unit.refunded, unit.left, wallet(rich_buyer) - before) == (4_490, 5_310, 4_490)
    earns(shop, 8_000, at)
    assert owed.collect_all(at=at) == 1
    assert Unit.objects.get(place=1).is_given_back()
    assert (wallet(rich_buyer) - before, balance(shop.account("available"))) == (9_800, 12_000 - LACKS)
    assert (Owed.objects.get().paid_at, Owed.objects.get().units) == (at, {})
    assert credit.write_missing(at=at) == 2
    assert sum(CreditNote.objects.values_list("amount", flat=True).order_by("pk")) == 9_800
    late = [json.loads(each.body) for each in CreditNote.objects.filter(payout__isnull=False).order_by("pk")]
    assert [(each["reason"], each["units"], each["compensation"]) for each in late] == [
        ("owed", [[1, 4_000]], 0),
        ("owed", [[1, 5_310]], 0),
    ], "each says of which unit it is the price"


def test_the_price_that_a_new_claim_asks_for_waits_for_it_and_is_never_owed_twice(late_claim, rich_buyer, seller):
    """The buyer files again meanwhile: neither the run nor the second case gives more than the unit cost."""
    at, shop = late_claim.entered_at, late_claim.order.shop
    lifecycle.accept(late_claim, by=seller, at=at)
    again = claim(Unit.objects.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)
    earns(shop, 20_000, at)
    assert owed.collect_all(at=at) == 0, "the new case asks for the same money"
    if not again.is_over:
        lifecycle.accept(again, by=seller, at=at)
    assert Unit.objects.get(place=1).is_given_back()
    owed.collect_all(at=at)
    assert balance(shop.account("available")) == 20_000 - LACKS
    assert not Owed.objects.filter(paid_at=None).exists()


def test_silence_ends_it_in_the_same_way(late_claim):
    until = late_claim.deadline_at
    lifecycle.lapse(late_claim, limit="SELLER_RESPONSE", at=until)
    case = Refund.objects.get()
    assert (case.state, case.outcome, Owed.objects.get().left) == (RefundState.REFUNDED, "silence", LACKS)
    counting.catch_up(at=until)


def test_both_sides_read_what_is_owed(late_claim, rich_buyer, seller, client):
    lifecycle.accept(late_claim, by=seller, at=late_claim.entered_at)
    case = Refund.objects.get()
    for person, leads_on in ((rich_buyer, True), (seller, False)):
        client.force_login(person)
        page = client.get(case.get_absolute_url(), headers=ENGLISH).content.decode()
        assert "Nobody had ¥93.10 of it" in page
        assert "The money has arrived" not in page
        assert (reverse("disputes:owed") in page) is leads_on
    found = signed_in(rich_buyer).get(reverse("api:refund", args=[case.number])).json()
    assert (found["state"], found["approved"], found["owed"]) == ("refunded", 9_800, LACKS)
    inbox.catch_up(at=late_claim.entered_at)
    told = set(Notification.objects.filter(user=rich_buyer).values_list("code", flat=True).order_by("code"))
    assert "order.left_owed" in told


@pytest.fixture
def blamed(order, rich_buyer, revealed, at):
    """A claim that the rules lay to the platform, whose own money holds ¥10.00: `blamed()`."""
    own(OWN, 1_000, at)
    case = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    [part] = case.decision["parts"]
    whose = {"fault": "PLATFORM", "payers": {"PLATFORM": part["refund"]}, "is_proven": True}
    Refund.objects.filter(pk=case.pk).update(decision=case.decision | {"parts": [part | whose]})
    return Refund.objects.get(pk=case.pk)


@pytest.mark.parametrize("how", ["accepts", "is silent"])
def test_what_the_platform_s_own_money_lacks_the_platform_owes_and_pays_when_it_has_it(blamed, rich_buyer, seller, how):
    at, before = blamed.entered_at, wallet(rich_buyer)
    if how == "accepts":
        lifecycle.accept(blamed, by=seller, at=at)
    else:
        at = blamed.deadline_at
        lifecycle.lapse(blamed, limit="SELLER_RESPONSE", at=at)
    case, row = Refund.objects.get(), Owed.objects.get()
    assert (case.state, case.approved, wallet(rich_buyer) - before) == (RefundState.REFUNDED, 9_800, 1_000)
    assert (row.payer, row.left, owed.of_shop(case.order.shop)) == ("platform", 8_800, 0), "the shop is not charged"
    unit = Unit.objects.get(place=1)
    assert (unit.covered, unit.refunded, unit.held) == (1_000, 0, 0)
    assert CreditNote.objects.get().amount == 1_000
    more(OWN, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert (wallet(rich_buyer) - before, balance(OWN)) == (9_800, 20_000 - 8_800)
    assert (Unit.objects.get(place=1).covered, Owed.objects.get().paid_at) == (9_800, at)


def test_what_the_platform_owes_for_its_own_fault_counts_against_no_shop(blamed, seller):
    at, shop = blamed.entered_at, blamed.order.shop
    lifecycle.accept(blamed, by=seller, at=at)
    assert Owed.objects.get().payer == "platform"
    assert records.counts([shop], at=at)[shop.pk]["upheld"] == 0
    more(OWN, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert records.counts([shop], at=at)[shop.pk]["upheld"] == 0, "nor when it has paid"


def test_a_shop_that_has_money_does_not_pay_what_the_platform_owes(blamed, seller):
    at = blamed.entered_at
    lifecycle.accept(blamed, by=seller, at=at)
    earns(blamed.order.shop, 50_000, at)
    assert owed.collect_all(at=at) == 0
    assert Owed.objects.get().left == 8_800
