"""What a ruling gives goes back the way it came; what the channel did not bring, it is not asked for."""

from datetime import timedelta

import pytest

from disputes import lifecycle
from disputes.models import Dispute
from disputes.states import DisputeState
from ledger import payments
from ledger.accounts import balance
from ledger.models import Payout
from orders import escrow, purchase
from orders import lifecycle as orders
from orders.models import Order
from orders.states import OrderState
from refunds import lifecycle as refunds
from refunds.models import Refund
from tests.disputes.test_appeals import before_the_panel, voted
from tests.fixtures.disputes import declined, drafted

pytestmark = pytest.mark.usefixtures("channel_secret")

PART = 3_000


def paid_in(listing, buyer, at, part):
    """An order of one code, ¥98.00, of which `part` fen come from the balance."""
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    asked = purchase.ask_for_charge(order, channel="sandbox", part=part, by=buyer, at=at)
    assert payments.confirm(asked, provider_txn="t1", amount=9_800 - part, at=at) == "credited"
    return Order.objects.get(pk=order.pk)


def ruled_on(order, buyer, seller, arbiter, senior, at, **change):
    refund = declined(order, buyer, at=at)
    refunds.escalate(refund, by=buyer, at=at)
    dispute = Dispute.objects.get(refund=refund)
    for side in (buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    lifecycle.rule(dispute, drafted(dispute, **change), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    dispute.refresh_from_db()
    return dispute


@pytest.mark.parametrize("part", [0, PART], ids=["channel", "mixed"])
def test_a_ruling_on_an_order_that_a_channel_paid_for_balances(listing, rich_buyer, seller, arbiter, senior, at, part):
    """Its books are looked at after the test: what was ruled is what was paid, in however many payouts."""
    order = paid_in(listing, rich_buyer, at, part)
    dispute = ruled_on(order, rich_buyer, seller, arbiter, senior, at)
    assert dispute.state == DisputeState.RULED
    assert sum(each.amount for each in Payout.objects.all()) == 5_880
    to_channel = Payout.objects.get(destination="channel")
    assert to_channel.amount == (5_880 if not part else 5_880 * (9_800 - part) // 9_800)


def test_compensation_on_top_of_the_whole_price_is_not_asked_of_the_channel(
    listing, rich_buyer, seller, arbiter, senior, at
):
    """The channel brought ¥98.00: it takes back no more, and a refund above that would stop all payouts of the mall."""
    order = paid_in(listing, rich_buyer, at, 0)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    dispute = ruled_on(order, rich_buyer, seller, arbiter, senior, at, shares={"seller": 10_000}, compensation=980)
    assert dispute.state == DisputeState.RULED
    assert Payout.objects.get(destination="channel").amount == 9_800
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + 980
    lifecycle.lapse(dispute, limit="APPEAL", at=dispute.deadline_at + timedelta(seconds=1))


def test_what_a_panel_gives_on_top_goes_to_the_balance_too_where_the_buyer_chose_it(
    listing, rich_buyer, seller, arbiter, senior, lead, panelists, at
):
    order = paid_in(listing, rich_buyer, at, 0)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    refund = declined(order, rich_buyer, at=at)
    Refund.objects.filter(pk=refund.pk).update(prefers="balance")
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    appeal = before_the_panel(dispute, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [0, 0, 0], at)
    assert {each.destination for each in Payout.objects.all()} == {"wallet"}
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + 9_800
    dispute.refresh_from_db()
    assert (dispute.state, dispute.supplemented) == (DisputeState.CLOSED, 3_920)


def test_what_comes_on_top_of_everything_comes_after_the_order_is_over(listing, rich_buyer, at):
    """A ruling adds compensation to a price that was advanced whole: the order is over already, and stays so."""
    order = paid_in(listing, rich_buyer, at, 0)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    orders.end_case(order, cause="case:1", grants={order.units.get().pk: 9_800}, at=at)
    assert order.state == OrderState.REFUNDED
    orders.end_case(order, cause="case:2", compensation=980, at=at)
    assert (order.state, balance(f"user:{rich_buyer.pk}:wallet")) == (OrderState.REFUNDED, before + 980)


@pytest.mark.parametrize("part", [0, PART], ids=["channel", "mixed"])
def test_what_is_set_aside_for_a_case_pays_whichever_way_its_money_goes(listing, rich_buyer, at, part):
    """The deposit's part that is reserved for the case pays the compensation, and the books know for which case."""
    order = paid_in(listing, rich_buyer, at, part)
    unit = order.units.get()
    escrow.hold(order, [unit], by="case:1", at=at)
    escrow.reserve(order, [unit], cause="case:1", amount=9_800 + 5_000, at=at)
    orders.end_case(order, cause="case:1", grants={unit.pk: 9_800}, compensation=5_000, at=at)
    assert balance(order.shop.account("reserved")) == 0
    assert sum(each.amount for each in Payout.objects.all()) == 14_800
