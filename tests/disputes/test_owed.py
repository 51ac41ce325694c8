"""What nobody had stays owed until it is paid, and shrinks on every road on which the buyer has it otherwise."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from disputes import owed, rulings
from disputes.models import Owed
from ledger.accounts import balance
from ledger.models import Payment
from ledger.transfers import Reason
from notifications import inbox
from notifications.models import Notification
from orders import delivery
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds import contests, outside
from refunds import lifecycle as refunds
from refunds.models import Refund
from shops import lifecycle as shops
from shops.models import Deposit
from shops.states import DepositState
from tests.api.conftest import signed_in
from tests.disputes.sayings import wallet
from tests.disputes.test_dispute import give, own
from tests.disputes.test_ways_back import paid_in
from tests.fixtures.cases import VISIT, claim
from tests.fixtures.disputes import nobody_had
from tests.refunds.test_contests import FINDING, WORDS, letter
from tests.shops.test_commission import give_back
from timeline.models import Event
from timeline.sweep import fire_overdue, sweep

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def at_its_clock(deposit):
    found = Deposit.objects.get(pk=deposit.pk)
    assert found.deadline_at is not None
    fire_overdue(found.root_address, at=found.deadline_at)
    return Deposit.objects.get(pk=deposit.pk)


def test_a_deposit_goes_back_after_the_buyers_to_whom_its_shop_owes_something(order, rich_buyer, shop, seller, at):
    deposit, held = Deposit.objects.get(shop=shop), balance(shop.account("deposit"))
    shops.close(deposit, by=seller, at=at)
    row = nobody_had(order, 5_000, cause="case:1", at=at)
    waiting = at_its_clock(deposit)
    assert (waiting.state, balance(shop.account("deposit"))) == (DepositState.CLOSING, held)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    assert waiting.deadline_at is not None
    assert owed.collect_all(at=waiting.deadline_at - MINUTE) == 1
    row.refresh_from_db()
    assert (row.paid, balance(f"user:{rich_buyer.pk}:wallet")) == (5_000, before + 5_000)
    assert balance(shop.account("deposit")) == held - 5_000
    assert at_its_clock(deposit).state == DepositState.RETURNED


def test_the_deposit_of_a_shop_that_goes_on_is_left_to_its_open_cases(order, shop, at):
    held = balance(shop.account("deposit"))
    nobody_had(order, 5_000, cause="case:1", at=at)
    assert owed.collect_all(at=at) == 0
    assert balance(shop.account("deposit")) == held


# Roads on which the buyer has it otherwise

#: Of ¥98.00 the mall gives its commission of 5 % back to the shop first: so much is there, and no more.
THERE, LACKS = 490, 9_310


def settled_and_empty(order, buyer, at):
    """The code was looked at and settled to the shop, which has nothing any more, nor has the fund; when that is."""
    delivery.reveal(order.units.get(place=1), by=buyer, at=at, visit=VISIT)
    orders.confirm(Order.objects.get(pk=order.pk), by=buyer, at=at)
    until = Order.objects.get(pk=order.pk).deadline_at
    assert until is not None
    sweep(at=until)
    return drained(order.shop, until)


def drained(shop, at):
    """The shop has lost everything; when that is."""
    for name in ("pending", "available", "deposit"):
        if there := balance(shop.account(name)):
            give(shop.account(name), "platform:suspense", there, Reason.CORRECTION, at)
    return at


def earns(shop, amount, at):
    """The shop sells something again."""
    give("channel:sandbox", shop.account("available"), amount, Reason.CORRECTION, at)


@pytest.fixture
def left_owed(order, rich_buyer, seller, at):
    """A claim that the shop accepted with empty pockets: ¥4.90 of ¥98.00 came, the rest is owed."""
    then = settled_and_empty(order, rich_buyer, at)
    case = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=then)
    refunds.accept(case, by=seller, at=then)
    row = Owed.objects.get()
    assert (row.left, row.units) == (LACKS, {str(order.units.get(place=1).pk): LACKS})
    return row


@pytest.mark.usefixtures("channel_secret")
def test_what_a_channel_pays_back_itself_is_owed_no_more(listing, rich_buyer, seller, at):
    order = paid_in(listing, rich_buyer, at, 0)
    then = settled_and_empty(order, rich_buyer, at)
    case = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=then)
    refunds.accept(case, by=seller, at=then)
    assert Owed.objects.get().left == LACKS
    earns(order.shop, 20_000, then)
    told = {"reference": "wx-1", "cause": "complaint:1", "at": then}
    assert outside.paid_by_channel(Order.objects.get(), amount=9_000, **told) == 9_000, "¥4.90 of it in place of ours"
    assert Owed.objects.get().left == 800 == Unit.objects.get().left
    less = Event.objects.get(name="order.owed_less")
    assert less.data == {"amount": 8_510, "left": 800, "cause": case.address}
    inbox.catch_up(at=then)
    assert Notification.objects.filter(user=rich_buyer, code="order.owed_less").exists()
    earns(order.shop, 20_000, then)
    before = wallet(rich_buyer)
    assert (owed.collect_all(at=then), wallet(rich_buyer) - before) == (1, 800)
    unit = Unit.objects.get()
    assert (unit.refunded, unit.is_given_back()) == (9_800, True), "the price once, and not twice"
    told |= {"reference": "wx-2"}
    assert outside.paid_by_channel(Order.objects.get(), amount=800, **told) == 0, "that they have twice"
    assert Payment.objects.count() == 1


def test_what_a_second_claim_pays_for_the_same_unit_is_owed_no_more(left_owed, rich_buyer, seller):
    at, before = left_owed.since, wallet(rich_buyer)
    own("platform:fund", 50_000, at)
    again = claim(Unit.objects.get(place=1), "NOT_AS_DESCRIBED", text="与商品说明不符。", by=rich_buyer, at=at)
    if not again.is_over:
        refunds.accept(again, by=seller, at=at)
    assert wallet(rich_buyer) - before == LACKS
    assert not Owed.objects.exists(), "at once, and not only when the shop earns something"
    assert Unit.objects.get(place=1).is_given_back()
    assert owed.of_shop(left_owed.shop) == 0


def test_of_what_is_paid_late_the_platform_keeps_no_commission_either(order, rich_buyer, at):
    """Half of the price is awarded to empty pockets, half of the rest is paid at once, then comes what was owed."""
    then = settled_and_empty(order, rich_buyer, at)
    give_back(order, 50, 1, then)
    assert Owed.objects.get().left == 4_900 - 245, "the commission of that half was there, and no more"
    earns(order.shop, 50_000, then)
    give_back(order, 50, 2, then)
    assert owed.collect_all(at=then) == 1
    unit = Unit.objects.get(order=order, place=1)
    assert (unit.released, unit.commission) == (123, 6), "5 % of what the shop keeps"


def test_an_instant_payment_that_is_overturned_leaves_nothing_owed_and_makes_the_shop_whole(
    order, rich_buyer, seller, arbiter, at
):
    delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at, visit=VISIT)
    delivery.record_validity(order.units.get(place=1), is_valid=False, source="issuer", at=at)
    case = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)
    assert (case.outcome, case.state) == ("instant", "refunded")
    row = nobody_had(order, 500, cause=case.address, at=at)  # of what came on top
    how: dict[str, Any] = {"ground": "record_wrong", "text": WORDS, "attachments": [letter(order, seller, at)]}
    contest = contests.file(case, **how, by=seller, at=at)
    assert contest.lost == 9_800
    earns(order.shop, 200, at)
    assert owed.collect_all(at=at) == 1
    own("platform:fund", 20_000, at)
    before, available = wallet(rich_buyer), balance(order.shop.account("available"))
    contests.overturn(contest, finding=FINDING, recourse="fund", by=arbiter, at=at)
    assert (contest.lost, contest.made_whole) == (10_000, 10_000), "with what it had paid since"
    assert balance(order.shop.account("available")) - available == 10_000
    row.refresh_from_db()
    assert (row.left, row.paid, owed.collect_all(at=at)) == (0, 200, 0)
    assert wallet(rich_buyer) == before, "the buyer keeps what came"
    assert Event.objects.get(name="order.owed_less").data == {"amount": 300, "left": 0, "cause": case.address}


def test_a_decision_gives_no_more_for_a_unit_than_it_cost_while_the_first_award_is_still_owed(
    order, rich_buyer, seller, arbiter, senior
):
    from disputes import lifecycle
    from tests.disputes.test_dispute import after_settlement
    from tests.fixtures.disputes import drafted

    def empty(at):
        for name in ("available", "deposit"):
            if there := balance(order.shop.account(name)):
                give(order.shop.account(name), "platform:suspense", there, Reason.CORRECTION, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=empty)
    at = dispute.entered_at
    lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    assert Owed.objects.get().left > 0
    (item,) = rulings.items_of(Refund.objects.select_related("dispute").get())
    assert rulings.open_to(item) == 9_800


@pytest.mark.breaks_books
def test_a_ruling_of_which_nobody_had_all_is_not_said_to_have_arrived_and_names_no_wrong_payer(
    client, ruled, rich_buyer, at
):
    case = Refund.objects.select_related("order").get(pk=ruled.refund_id)
    row = nobody_had(case.order, 500, cause=case.address, at=at)
    client.force_login(rich_buyer)

    def told():
        address = reverse("disputes:ruling", args=[ruled.number])
        return client.get(address, headers={"accept-language": "en"}).content.decode()

    assert case.state == "refunded"
    assert "It has arrived." not in told()
    assert "next income pays it" in told()
    Owed.objects.filter(pk=row.pk).update(payer=Owed.Payer.PLATFORM)
    assert "next income pays it" not in told()
    assert "as soon as whoever owes it has something" in told()


@pytest.mark.breaks_books
def test_the_list_of_what_is_owed_names_the_platform_where_it_is_the_platform_that_owes(client, order, rich_buyer, at):
    row = nobody_had(order, 500, cause="case:1", at=at)
    client.force_login(rich_buyer)
    assert order.shop.name in client.get("/owed/").content.decode()
    Owed.objects.filter(pk=row.pk).update(payer=Owed.Payer.PLATFORM)
    page = client.get("/owed/", headers={"accept-language": "en"}).content.decode()
    assert '<span class="muted">The platform</span>' in page
    assert order.shop.name not in page


def test_somebody_to_whom_much_is_owed_reads_it_page_by_page_with_the_sum_of_all(client, order, rich_buyer, at):
    for number in range(51):
        nobody_had(order, 100, cause=f"case:{number}", at=at + MINUTE * number)
    client.force_login(rich_buyer)
    first = client.get("/owed/")
    assert "¥51.00" in first.content.decode(), "of all pages"
    rows = [row for group in first.context["groups"] for row in group["part"].rows]
    assert len(rows) == 50
    api = signed_in(rich_buyer).get("/api/v1/owed/").json()
    assert (api["left"], len(api["results"])) == (5_100, 50)
    rest = signed_in(rich_buyer).get(api["next"]).json()
    assert (rest["left"], len(rest["results"]), rest["next"]) == (5_100, 1, None)
    assert rest["results"][0]["payer"] == "shop"
    open_only = signed_in(rich_buyer).get("/api/v1/owed/?is_open=true").json()
    assert len(open_only["results"]) == 50
