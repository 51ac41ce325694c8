"""Worked waterfalls of the rules (5.5) to the fen, by the verbs of people: filed, heard, ruled, signed, carried out.

W2, W3 and W5 stand in `test_runs`.
"""

import json

import pytest

from accounts.models import Role
from disputes import appeals, choices, lifecycle, owed, rulings
from disputes.models import Dispute, Owed, Seat
from disputes.states import DisputeState
from ledger.accounts import balance
from ledger.models import Payout, PayoutLeg
from ledger.transfers import Reason
from orders import delivery, escrow
from orders import lifecycle as orders
from orders.models import Order
from refunds import bargaining, credit, replacing
from refunds import lifecycle as refunds
from refunds.bargaining import Terms
from refunds.models import CreditNote, Offer, Refund
from shops import lifecycle as shops
from shops import listings, stock, withdrawals
from shops.models import Kind
from tests.disputes.sayings import GROUND, lapse, wallet
from tests.disputes.test_appeals import before_the_panel, voted
from tests.disputes.test_dispute import give, own, pockets
from tests.fixtures.disputes import VISIT, declined, drafted, nobody_had
from tests.fixtures.people import staff
from timeline.models import Event
from timeline.sweep import sweep

ALL_SHOP = {"seller": 10_000}


@pytest.fixture
def sold(deposit, seller, rich_buyer, at):
    """One code for so many fen, bought, paid and delivered: `sold(12_345)`."""

    def sell(price):
        listing = listings.draft(
            shop=deposit.shop,
            kind=Kind.ACTIVATION_CODE,
            title="星河激活码 一年",
            description="激活后一年内可用。",
            category="软件",
            price=price,
            promise_minutes=10,
            face_value=price,
            region="国服",
            notice="请先确认区服；查看后因个人原因不能退。",
            by=seller,
            at=at,
        )
        stock.add_batch(listing, ["W4TR-0001-KAMEN", "W4TR-0002-KAMEN"], by=seller, at=at)
        listings.put_on_sale(listing, by=seller, at=at)
        order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
        orders.pay_from_wallet(order, by=rich_buyer, at=at)
        return order

    return sell


def heard(order, at):
    """Both sides of the order's dispute have nothing to add."""
    dispute = Dispute.objects.get(refund__order=order)
    for side in (order.buyer, order.shop.owner):
        lifecycle.rest(dispute, by=side, at=at)
    return dispute


def legs():
    """What each source paid, in fen, by what it is called in the waterfall."""
    paid = PayoutLeg.objects.order_by("pk").values_list("source", "amount")
    return [(source.rpartition(":")[2], amount) for source, amount in paid]


def test_w1_escrow_alone_pays_and_everything_behind_it_stays(sold, rich_buyer, arbiter, senior, at):
    order = sold(12_345)
    own("platform:fund", 999_999, at)
    give("channel:sandbox", order.shop.account("available"), 9_000, Reason.CORRECTION, at)
    give(order.shop.account("deposit"), "platform:suspense", pockets(order)["deposit"] - 50_000, Reason.CORRECTION, at)
    refunds.escalate(declined(order, rich_buyer, at=at), by=rich_buyer, at=at)
    dispute, before = heard(order, at), wallet(rich_buyer)
    assert pockets(order) == {
        "escrow": 12_345,
        "pending": 0,
        "available": 9_000,
        "reserved": 0,
        "deposit": 50_000,
    }, "escrow covers it: nothing is set aside"
    ruling = lifecycle.rule(dispute, drafted(dispute, shares=ALL_SHOP), by=arbiter, at=at)
    assert [(leg["name"], leg["amount"]) for leg in ruling.funding["legs"]] == [("escrow", 12_345)]
    assert not ruling.needs_signature, "it follows the rulebook, and escrow pays it"
    assert dispute.state == DisputeState.RULED
    assert legs() == [("escrow", 12_345)], "up to ¥200 it is paid at once"
    assert wallet(rich_buyer) - before == 12_345
    assert pockets(order) == {"escrow": 0, "pending": 0, "available": 9_000, "reserved": 0, "deposit": 50_000}
    assert (balance("platform:fund"), balance(order.shop.account("debt"))) == (999_999, 0)


@pytest.fixture
def cheated(sold, rich_buyer, arbiter, at):
    """¥300.00 of the order's released and not yet settled money, ¥500.00 of deposit, a full fund.

    The buyer says that the shop cheats, and the shop is silent: no clock pays for fraud, so people hear it.
    """
    order = sold(30_000)
    give(order.shop.account("deposit"), "platform:suspense", pockets(order)["deposit"] - 50_000, Reason.CORRECTION, at)
    own("platform:fund", 999_999, at)
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    orders.confirm(Order.objects.get(), by=rich_buyer, at=at)
    order, text = Order.objects.get(), "店铺把已经兑换过的卡密再卖一次。"
    refund = refunds.ask(order=order, units=list(order.units.all()), reason="FRAUD", text=text, by=rich_buyer, at=at)
    assert refund.deadline_at is not None
    sweep(at=refund.deadline_at)
    return heard(order, refund.deadline_at)


def found_by_panel(dispute, at):
    """Two more people find fraud proven, each in writing."""
    proof = "发卡方记录与店铺自己的发货日志互相印证，足以认定欺诈。"
    for seat in Seat.objects.filter(dispute=dispute, part="member", until=None).order_by("pk"):
        lifecycle.sign(dispute, agrees=True, note_text=proof, by=seat.user, at=at)


def test_w4_the_threefold_part_is_paid_by_the_shop_alone_and_the_rest_stays_owed(
    cheated, rich_buyer, arbiter, panelists
):
    """Price ¥300.00 by the order's pending money, ¥900.00 by law: ¥500.00 by the deposit, ¥400.00 by nobody."""
    order, at, before = cheated.refund.order, cheated.entered_at, wallet(rich_buyer)
    assert pockets(order)["reserved"] == 50_000, "a panel could give ¥1,200.00: all of the deposit is set aside"
    assert cheated.track == Dispute.Track.COMPLEX
    too_much = drafted(cheated, shares=ALL_SHOP, compensation=90_001, rule_ids=["FRAUD_55"])
    assert rulings.prepare(cheated, too_much).missing == ["threefold"]
    draft = drafted(cheated, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"])
    ruling = lifecycle.rule(cheated, draft, by=arbiter, at=at)
    assert (ruling.award, ruling.funding["missing"], ruling.needs_signature) == (120_000, 40_000, True)
    found_by_panel(cheated, at)
    assert wallet(rich_buyer) == before, "not before the time to appeal is over"
    lapse(cheated)
    assert cheated.state == DisputeState.CLOSED
    paid = dict.fromkeys(["pending", "reserved", "deposit"], 0) | dict(legs())
    assert paid["pending"] == 30_000
    assert paid["reserved"] + paid["deposit"] == 50_000
    assert wallet(rich_buyer) - before == 80_000 == sum(paid.values())
    assert sum(pockets(order).values()) == 0
    assert (balance("platform:fund"), balance(order.shop.account("debt"))) == (999_999, 0), "never the fund"
    assert [event.data["missing"] for event in Event.objects.filter(name="order.waterfall_ran_dry")] == [40_000]
    assert order.units.get().refunded == 30_000, "the price is filled first"
    row = Owed.objects.get()
    assert (row.cause, row.buyer, row.left, row.paid_at) == (f"refund:{cheated.refund_id}", rich_buyer, 40_000, None)


def test_what_stays_owed_is_paid_out_of_what_the_shop_earns_next(cheated, rich_buyer, arbiter, panelists, client):
    order, at = cheated.refund.order, cheated.entered_at
    draft = drafted(cheated, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"])
    lifecycle.rule(cheated, draft, by=arbiter, at=at)
    found_by_panel(cheated, at)
    lapse(cheated)
    before, shop, at = wallet(rich_buyer), order.shop, cheated.closed_at
    assert owed.collect_all(at=at) == 0, "the shop has nothing yet"
    give("channel:sandbox", shop.account("available"), 15_000, Reason.CORRECTION, at)
    assert (withdrawals.purse(shop).owed, withdrawals.purse(shop).free) == (40_000, 0), "the buyer comes first"
    assert owed.collect_all(at=at) == 1
    assert (wallet(rich_buyer) - before, pockets(order)["available"]) == (15_000, 0)
    client.force_login(rich_buyer)
    page = client.get("/owed/").content.decode()
    assert "¥250.00" in page
    assert "¥150.00" in page
    assert client.get("/api/v1/owed/").json()["results"][0]["paid"] == 15_000
    give("platform:fund", shop.account("available"), 30_000, Reason.CORRECTION, at)
    owed.collect_all(at=at)
    row = Owed.objects.get()
    assert (row.left, row.paid_at, owed.collect_all(at=at)) == (0, at, 0)
    assert wallet(rich_buyer) - before == 40_000
    assert withdrawals.purse(shop).free == 5_000
    told = Event.objects.filter(name="order.owed_paid").order_by("seq")
    assert [(event.data["amount"], event.data["left"]) for event in told] == [(15_000, 25_000), (25_000, 0)]


def test_claims_on_a_shop_that_earns_nothing_never_stand_before_those_on_one_that_does(
    cheated, stranger, arbiter, panelists
):
    order, at = cheated.refund.order, cheated.entered_at
    draft = drafted(cheated, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"])
    lifecycle.rule(cheated, draft, by=arbiter, at=at)
    found_by_panel(cheated, at)
    lapse(cheated)
    row, at = Owed.objects.get(), cheated.closed_at
    gone = shops.open_shop(owner=stranger, name="人去楼空", slug="gone", required=100_000, at=at)
    nobody_had(order, 1, cause="refund:0", at=order.placed_at, shop=gone)
    give("channel:sandbox", order.shop.account("available"), 15_000, Reason.CORRECTION, at)
    assert owed.collect_all(at=at, most=1) == 1
    row.refresh_from_db()
    assert row.paid == 15_000


def test_what_nobody_had_is_on_no_credit_note_before_it_is_paid(cheated, rich_buyer, arbiter, panelists):
    draft = drafted(cheated, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"])
    lifecycle.rule(cheated, draft, by=arbiter, at=cheated.entered_at)
    found_by_panel(cheated, cheated.entered_at)
    lapse(cheated)
    shop, at = cheated.refund.order.shop, cheated.closed_at
    paper = CreditNote.objects.get()
    body = json.loads(paper.body)
    assert (paper.amount, body["amount"]) == (80_000, 80_000), "¥400.00 of what was awarded nobody had"
    assert (body["compensation"], body["units"]) == (50_000, [[1, 30_000]])
    give("channel:sandbox", shop.account("available"), 40_000, Reason.CORRECTION, at)
    assert owed.collect_all(at=at) == 1
    assert credit.write_missing(at=at) == 1
    assert sorted(CreditNote.objects.values_list("amount", flat=True)) == [40_000, 80_000], "¥1,200.00, each fen once"


def test_the_fund_gives_a_thousand_yuan_of_compensation_for_a_case_not_for_a_payment(sold, at):
    order = sold(12_345)
    own("platform:fund", 999_999, at)
    give(order.shop.account("deposit"), "platform:suspense", pockets(order)["deposit"], Reason.CORRECTION, at)
    units = escrow.units_of(order)
    once = escrow.plan(order, units, grants={}, compensation=150_000)
    assert (once.part("fund"), once.missing) == (100_000, 50_000)
    again = escrow.plan(order, units, grants={}, compensation=50_000, by_fund_before=70_000)
    assert (again.part("fund"), again.missing) == (30_000, 20_000)


def test_who_waited_too_long_has_the_price_at_once_and_the_threefold_part_when_nobody_appeals(
    cheated, rich_buyer, arbiter, panelists
):
    """If it were overturned, the fund would have to give it to the shop: that never pays the threefold part."""
    at, before = cheated.entered_at, wallet(rich_buyer)
    Dispute.objects.filter(pk=cheated.pk).update(budget_over_at=at)
    cheated.refresh_from_db()
    draft = drafted(cheated, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"])
    lifecycle.rule(cheated, draft, by=arbiter, at=at)
    found_by_panel(cheated, at)
    assert wallet(rich_buyer) - before == 30_000
    lapse(cheated)
    assert (cheated.state, wallet(rich_buyer) - before) == (DisputeState.CLOSED, 80_000)
    assert dict(legs()) == {"pending": 30_000, "deposit": 50_000}


def test_what_a_second_ruling_pays_early_is_not_taken_for_the_rest_of_it(
    cheated, rich_buyer, seller, arbiter, second_arbiter, lead
):
    """Sent back by a panel, it is paid in three parts: the price at 60 %, the rest of the price, the threefold part."""
    at, before = cheated.entered_at, wallet(rich_buyer)
    staff(Role.COUNSEL, at=at, name="counsel")
    for number in range(8):
        staff(Role.SENIOR, at=at, name=f"senior{number}")
    Dispute.objects.filter(pk=cheated.pk).update(budget_over_at=at)
    cheated.refresh_from_db()
    threefold = {"compensation": 90_000, "rule_ids": ["FRAUD_55"]}
    lifecycle.rule(cheated, drafted(cheated, shares={"seller": 6_000, "buyer": 4_000}, **threefold), by=arbiter, at=at)
    found_by_panel(cheated, at)
    assert wallet(rich_buyer) - before == 18_000
    appeal = before_the_panel(cheated, rich_buyer, seller, lead, at)
    seats = Seat.objects.filter(dispute=cheated, part=Seat.Part.REVIEWER, until=None).order_by("pk")
    voted(appeal, [seat.user for seat in seats.select_related("user")], ["remand"] * 3, at)
    cheated.refresh_from_db()
    lifecycle.rule(cheated, drafted(cheated, shares=ALL_SHOP, **threefold), by=cheated.arbiter, at=at)
    found_by_panel(cheated, at)
    assert wallet(rich_buyer) - before == 30_000
    lapse(cheated)
    assert (cheated.state, wallet(rich_buyer) - before) == (DisputeState.CLOSED, 80_000)
    assert dict(legs()[1:]) == {"pending": 12_000, "deposit": 50_000}
    assert Owed.objects.get().left == 40_000


def test_a_buyer_to_whom_the_rules_give_nothing_may_appeal_when_people_do_not_either(sold, rich_buyer, arbiter, at):
    """Nothing was asked because nothing could be; what people could have given is still less than nothing given."""
    order = sold(9_800)
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    units = list(order.units.order_by("pk"))
    refund = refunds.ask(order=order, units=units, reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = heard(order, at)
    lifecycle.rule(dispute, drafted(dispute, shares={"buyer": 10_000}), by=arbiter, at=at)
    assert (dispute.state, dispute.refund.asked) == (DisputeState.RULED, 0)
    assert "appeal" in choices.actions_for(dispute, rich_buyer, at)
    appeals.file(dispute, ground="rule", text=GROUND, by=rich_buyer, at=at)
    assert dispute.state == DisputeState.APPEALED


def test_a_buyer_who_was_cheated_may_appeal_for_what_the_law_gives_on_top(cheated, rich_buyer, arbiter):
    at = cheated.entered_at
    lifecycle.rule(cheated, drafted(cheated, shares=ALL_SHOP, rule_ids=["FRAUD_55"]), by=arbiter, at=at)
    assert cheated.state == DisputeState.RULED
    appeals.file(cheated, ground="rule", text=GROUND, by=rich_buyer, at=at)
    assert cheated.state == DisputeState.APPEALED


def test_a_large_case_of_which_the_rules_give_nothing_needs_two_people_even_for_a_no(
    sold, rich_buyer, arbiter, senior, at
):
    """Nothing can be asked where the rules give nothing: what is at stake is what can go back for the units."""
    give("channel:sandbox", f"user:{rich_buyer.pk}:wallet", 200_000, Reason.TOP_UP, at)
    order = sold(120_000)
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    units = list(order.units.order_by("pk"))
    refund = refunds.ask(order=order, units=units, reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    assert (refund.state, refund.asked) == ("declined", 0), "by a machine, which never says the last no"
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = heard(order, at)
    assert dispute.track == Dispute.Track.COMPLEX
    no = drafted(dispute, shares={"buyer": 10_000})
    assert rulings.prepare(dispute, no).signature_because == ["large"]
    words = {"ground": "scope", "reasons": "所争议的是买卖双方在平台之外的约定，不在处理范围。"}
    lifecycle.dismiss(dispute, **words, by=arbiter, at=at)
    assert dispute.state == DisputeState.SIGNING


def test_w6_a_settlement_by_a_new_code_moves_no_money_and_escrow_is_released_after_it_is_good(
    sold, rich_buyer, seller, arbiter, at
):
    order = sold(9_900)
    refunds.escalate(declined(order, rich_buyer, at=at), by=rich_buyer, at=at)
    heard(order, at)
    refund, before = Refund.objects.get(), wallet(rich_buyer)
    made = bargaining.offer(refund, Terms(kind=Offer.Kind.REISSUE, places=(1,)), by=seller, at=at)
    bargaining.take(refund, made.number, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.outcome) == (DisputeState.ENFORCING, "settled")
    replacing.replace(Refund.objects.get(), by=seller, at=at)
    assert (Refund.objects.get().state, pockets(order)["escrow"]) == ("checking", 9_900), "the money waits for the code"
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    replacing.confirm_replacement(Refund.objects.get(), by=rich_buyer, at=at)
    assert (Refund.objects.get().state, Dispute.objects.get().state) == ("exchanged", DisputeState.CLOSED)
    assert pockets(order)["escrow"] == 9_900
    found = Order.objects.get()
    assert found.deadline_at is not None
    sweep(at=found.deadline_at)
    assert pockets(order) == {"escrow": 0, "pending": 9_405, "available": 0, "reserved": 0, "deposit": 100_000}
    assert (Payout.objects.count(), wallet(rich_buyer)) == (0, before)
