"""The sample runs of the reference, X1 to X15 (machines 4.10): each with its states, its fen and its events.

The figures are the reference's own wherever a run names them. Where the house decided otherwise, the run says so: the
canon wins over the reference. What else is proven of a run stands beside its own room: the race of four outcomes in
tests/disputes/test_runs.py, the notices of a channel in tests/ledger, the alarm's thresholds in tests/reputation.
"""

from datetime import timedelta

import pytest

from accounts import lifecycle as people
from disputes import lifecycle as disputes
from disputes.models import Dispute, Ruling
from disputes.states import AppealState, DisputeState
from ledger import outside, payments, payouts
from ledger.accounts import balance, balances
from ledger.models import Difference, Payout, Settlement, Transfer
from ledger.transfers import Reason
from orders import delivery, purchase
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds import bargaining, lifecycle
from refunds.bargaining import Terms
from refunds.models import CreditNote, Refund
from refunds.states import RefundState
from reputation import alarms
from shops import lifecycle as shops
from shops import listings, stock
from shops.models import Card, Deposit, Listing
from tests.disputes.sayings import lapse, wallet
from tests.disputes.test_appeals import before_the_panel, voted
from tests.disputes.test_dispute import after_settlement, give, own, pockets
from tests.fixtures import people as staffed
from tests.fixtures.cases import VISIT, claim, units_of
from tests.fixtures.disputes import declined, drafted
from tests.races import lost, race
from tests.reputation.conftest import buy, ring
from timeline.door import begin, verb
from timeline.models import Event
from timeline.refusals import Refused
from timeline.spans import hours
from timeline.sweep import sweep

ANSWER = timedelta(hours=48)


def happened(thing):
    """What happened to a thing, in order; reminders, clocks and seals aside."""
    names = Event.objects.filter(subject=thing.address).order_by("seq").values_list("name", flat=True)
    return [name for name in names if not name.endswith(("_fired", ".reminded", ".sealed"))]


def path(thing):
    """The states that a thing went through, in order."""
    steps = Event.objects.filter(subject=thing.address).exclude(state_after="").order_by("seq")
    states = list(steps.values_list("state_after", flat=True))
    return [state for place, state in enumerate(states) if not place or states[place - 1] != state]


def moved(reason):
    """What moved for a reason: from where, to where, how much."""
    rows = Transfer.objects.filter(reason=reason).order_by("pk")
    return [(each.source.address, each.target.address, each.amount) for each in rows.select_related("source", "target")]


@pytest.fixture
def sold_for(listing, rich_buyer, at):
    """An order of one code at this price in fen, paid from the balance and delivered: `sold_for(10_000)`."""

    def sell(price, *, sealed=False):
        Listing.objects.filter(pk=listing.pk).update(price=price)
        listing.refresh_from_db()
        order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
        orders.pay_from_wallet(order, by=rich_buyer, at=at)
        if not sealed:
            delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
        return Order.objects.get(pk=order.pk)

    return sell


@pytest.fixture
def heard_for(sold_for, rich_buyer, seller, arbiter, at):
    """A dispute about one code of this price that both sides were heard on: `heard_for(10_001)`."""

    def hear(price):
        order = sold_for(price, sealed=True)
        lifecycle.escalate(declined(order, rich_buyer, at=at), by=rich_buyer, at=at)
        dispute = Dispute.objects.get(refund__order=order)
        for side in (rich_buyer, seller):
            disputes.rest(dispute, by=side, at=at)
        return dispute

    return hear


@pytest.fixture
def by_channel(channel_secret, listing, rich_buyer, at):
    """An order of one code for ¥98.00 that waits for the sandbox channel, and its payment."""
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    return order, purchase.ask_for_charge(order, channel="sandbox", by=rich_buyer, at=at)


# Refunds


def test_x1_a_code_that_the_issuer_calls_invalid_is_paid_back_whole(sold_for, rich_buyer, at):
    """R01 R02 R05 S01 S02 S04 R47 O19."""
    order = sold_for(10_000)
    delivery.record_validity(order.units.get(), is_valid=False, source="issuer", at=at)
    before = wallet(rich_buyer)
    refund = claim(order.units.get(), "CODE_INVALID", by=rich_buyer, at=at)
    order.refresh_from_db()
    assert (refund.state, refund.outcome, order.state) == ("refunded", "instant", "refunded")
    assert happened(refund) == ["refund.requested", "refund.approved", "refund.refunded"]
    assert moved(Reason.REFUND) == [(order.escrow, f"user:{rich_buyer.pk}:wallet", 10_000)]
    assert (wallet(rich_buyer) - before, balance(order.escrow)) == (10_000, 0)
    assert happened(refund.payout) == ["payout.planned", "payout.paid"]
    assert CreditNote.objects.get().amount == 10_000


def test_x2_a_change_of_mind_about_a_sealed_code_costs_the_fee(listing, sold_for, rich_buyer, seller, at):
    """R01 R02 R07 R12. The fee is the shop's whole: what the channel costs comes out of no refund in this house."""
    people.set_level(rich_buyer, "M1", reason="five percent", at=at - timedelta(days=1))
    order = sold_for(10_000, sealed=True)
    before = wallet(rich_buyer)
    refund = claim(order.units.get(), "CHANGE_OF_MIND", by=rich_buyer, at=at)
    assert (refund.state, refund.asked, refund.fee) == (RefundState.REQUESTED, 9_500, 500)
    lifecycle.accept(refund, by=seller, at=at)
    assert (refund.state, refund.outcome) == ("refunded", "seller")
    assert (wallet(rich_buyer) - before, balance(order.shop.account("pending"))) == (9_500, 500)
    assert moved(Reason.FEE_KEPT) == [(order.escrow, order.shop.account("pending"), 500)]
    assert happened(refund) == ["refund.requested", "refund.approved", "refund.refunded"]


def test_x3_silence_of_the_shop_pays_at_48_hours_to_the_second(sold_for, rich_buyer, at):
    """R07, T13 at +48 h 00 m 00 s, R18."""
    refund = claim(sold_for(10_000).units.get(), "CODE_INVALID", by=rich_buyer, at=at)
    before = wallet(rich_buyer)
    assert refund.deadline_at == at + ANSWER
    assert sweep(at=at + ANSWER - timedelta(seconds=1)).fired == 0
    assert sweep(at=at + ANSWER).fired == 1
    refund.refresh_from_db()
    assert (refund.state, refund.outcome, wallet(rich_buyer) - before) == ("refunded", "silence", 10_000)
    assert happened(refund) == ["refund.requested", "refund.approved", "refund.refunded"]
    assert Event.objects.get(subject=refund.address, name="refund.approved").by is None


def test_x4_silence_against_our_records_moves_nothing_and_people_look(sold_for, rich_buyer, at):
    """R07, T13, R19, D01."""
    order = sold_for(10_000)
    delivery.record_validity(order.units.get(), is_valid=True, source="issuer", at=at)
    refund = claim(order.units.get(), "CODE_INVALID", by=rich_buyer, at=at)
    before = wallet(rich_buyer)
    sweep(at=at + ANSWER)
    refund.refresh_from_db()
    dispute = Dispute.objects.get(refund=refund)
    assert (refund.state, dispute.state) == (RefundState.DISPUTED, DisputeState.OPENED)
    assert happened(refund) == ["refund.requested", "refund.disputed"]
    assert happened(dispute)[0] == "dispute.opened"
    assert (wallet(rich_buyer), balance(order.escrow)) == (before, 10_000), "held, nothing paid yet"
    assert order.units.get().held_by == refund.address


def test_x5_after_settlement_deposit_fund_and_a_debt_pay(sold_for, rich_buyer, seller, arbiter, senior):
    """R33 D14 D15 D22 B03: ¥300 with nothing pending; ¥200 of deposit, ¥100 of the fund, which the shop owes."""
    order = sold_for(30_000, sealed=True)
    shop = order.shop

    def leave(at):
        own("platform:fund", 50_000, at)
        give(shop.account("available"), "platform:suspense", pockets(order)["available"], Reason.CORRECTION, at)
        give(shop.account("deposit"), "platform:fund", pockets(order)["deposit"] - 20_000, Reason.PENALTY, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=leave)
    at, before, fund = dispute.entered_at, wallet(rich_buyer), balance("platform:fund")
    disputes.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=at)
    assert dispute.state == DisputeState.SIGNING, "what a deposit or the fund pays needs a second person"
    disputes.sign(dispute, agrees=True, by=senior, at=at)
    lapse(dispute)
    legs = {leg.source: leg.amount for leg in Payout.objects.get(user=rich_buyer).legs.order_by("pk")}
    given_back = legs.pop(shop.account("available"), 0)  # the commission, which the platform does not keep
    assert legs == {shop.account("reserved"): 20_000, "platform:fund": 10_000 - given_back}
    assert wallet(rich_buyer) == before + 30_000
    assert balance("platform:fund") == fund - 10_000 + given_back
    assert -balance(shop.account("debt")) == 10_000 - given_back
    assert moved(Reason.DEBT) == [(shop.account("debt"), "platform:recoverable", 10_000 - given_back)]
    assert path(dispute) == ["opened", "evidence", "review", "signing", "ruled", "enforcing", "closed"]
    for drawn in shops.drawn_down():  # the mall looks each minute whose deposit was drawn on
        shops.reweigh(drawn, at=dispute.entered_at)
    assert (pockets(order)["deposit"], Deposit.objects.get(shop=shop).state) == (0, "short")


# Disputes


def test_x6_a_split_of_10001_fen_is_6001_and_4000(heard_for, rich_buyer, arbiter, senior, at):
    """D13, D15: 60 to 40, and the odd fen is the buyer's."""
    dispute = heard_for(10_001)
    order, before = dispute.refund.order, wallet(rich_buyer)
    disputes.rule(dispute, drafted(dispute), by=arbiter, at=at)
    disputes.sign(dispute, agrees=True, by=senior, at=at)
    lapse(dispute)
    unit = order.units.get()
    assert (unit.refunded, unit.released) == (6_001, 4_000)
    assert (wallet(rich_buyer) - before, balance(order.escrow)) == (6_001, 0)
    assert balance(order.shop.account("pending")) + balance("platform:fees") == 4_000
    assert (dispute.state, dispute.outcome) == (DisputeState.CLOSED, "ruling")


def test_x7_a_small_award_stays_with_the_buyer_when_the_shop_wins_its_appeal(
    heard_for, rich_buyer, seller, arbiter, lead, panelists, at
):
    """D13 D20 D21 A01 A03 A05 A08 D23: ¥150 were paid at once; the fund makes the shop whole (J12)."""
    own("platform:fund", 20_000, at)
    dispute = heard_for(15_000)
    order, before = dispute.refund.order, wallet(rich_buyer)
    disputes.rule(dispute, drafted(dispute, shares={"seller": 10_000}, departs_because=""), by=arbiter, at=at)
    assert (dispute.state, wallet(rich_buyer) - before) == (DisputeState.RULED, 15_000)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    voted(appeal, panelists, [10_000, 10_000, 10_000], at)
    dispute.refresh_from_db()
    assert (appeal.state, dispute.state, dispute.made_whole) == (AppealState.MODIFIED, DisputeState.CLOSED, 15_000)
    assert wallet(rich_buyer) - before == 15_000, "the buyer keeps it"
    assert moved(Reason.MADE_WHOLE) == [("platform:fund", order.shop.account("available"), 15_000)]
    assert path(appeal) == ["filed", "answering", "panel", "modified"]
    assert path(dispute)[-4:] == ["ruled", "appealed", "enforcing", "closed"]
    assert "dispute.shop_made_whole" in happened(dispute)


@pytest.mark.django_db(transaction=True)
def test_x8_a_withdrawal_and_the_end_of_the_shop_s_time_have_one_outcome(refund, rich_buyer):
    """R48 or R18: exactly one of them. The other sees why: the case cannot be taken back any more."""
    over = refund.deadline_at
    before = wallet(rich_buyer)

    def withdraw():
        lifecycle.withdraw(Refund.objects.get(pk=refund.pk), by=rich_buyer, at=over - timedelta(microseconds=1))

    outcomes = race(withdraw, lambda: sweep(at=over))
    refund.refresh_from_db()
    paid = wallet(rich_buyer) - before
    assert (refund.state, paid) in {("withdrawn", 0), ("refunded", 9_800)}
    assert {getattr(each, "code", each) for each in lost(outcomes)} <= {"wrong_moment"}
    assert len(lost(outcomes)) == (1 if paid else 0)
    assert len([name for name in happened(refund) if name in {"refund.withdrawn", "refund.approved"}]) == 1
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.withdraw(Refund.objects.get(pk=refund.pk), by=rich_buyer, at=over)


# Payments


def test_x9_a_notice_again_is_nothing_and_a_second_or_late_payment_goes_back(by_channel, listing, rich_buyer, at):
    """O02 then nothing; O05; O05: told by the same payment number twice, paid twice, paid after the time to pay."""
    order, payment = by_channel

    def told(txn, of=payment, at=at):
        return payments.confirm(of, provider_txn=txn, amount=9_800, at=at)

    assert [told("t1"), told("t1"), told("t2")] == ["credited", "repeated", "returned"]
    assert balance(order.escrow) == 9_800
    second = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    asked = purchase.ask_for_charge(second, channel="sandbox", by=rich_buyer, at=at)
    late = second.deadline_at
    assert late is not None
    sweep(at=late)
    assert told("t3", of=asked, at=late) == "returned"
    second.refresh_from_db()
    assert (second.state, balance(second.escrow)) == ("expired", 0)
    back = Payout.objects.order_by("pk")
    assert [(each.charge, each.amount, each.state) for each in back] == [
        ("t2", 9_800, "planned"),
        ("t3", 9_800, "planned"),
    ]
    assert balances(["platform:suspense", "channel:sandbox:out"]) == {
        "platform:suspense": 0,
        "channel:sandbox:out": 19_600,
    }
    assert happened(payment).count("payment.confirmed") == happened(payment).count("payment.returned") == 1


def test_x10_a_chargeback_while_the_shop_has_to_answer_ends_the_case(by_channel, rich_buyer, finance, at):
    """R50, J06 without the buyer's leg: the channel took it all back; nothing is refunded a second time."""
    order, payment = by_channel
    payments.confirm(payment, provider_txn="t1", amount=9_800, at=at)
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    refund = claim(order.units.get(), "CODE_INVALID", by=rich_buyer, at=at)
    assert refund.state == RefundState.REQUESTED
    before, outside_before = wallet(rich_buyer), balance("channel:sandbox")
    sheet = Settlement.objects.create(
        channel="sandbox", day=at.date(), fetched_at=at, sha256="0" * 64, lines=1, came_in=0, went_out=9_800
    )
    told = Difference(
        settlement=sheet, channel="sandbox", kind="outside", what="refund", number="CB-1", txn="t1", found_at=at
    )
    told.theirs = 9_800
    open_ticket(told, at)
    outside.settle(told, is_booked=True, reason="发卡行拒付，渠道文件可查。", by=finance, at=at)
    refund.refresh_from_db()
    order = Order.objects.get(pk=order.pk)
    assert (refund.state, refund.outcome, refund.approved, order.state) == ("refunded", "external", 9_800, "refunded")
    assert happened(refund) == ["refund.requested", "refund.approved", "refund.refunded"]
    assert (wallet(rich_buyer), balance("channel:sandbox")) == (before, outside_before + 9_800)
    assert balances([order.escrow, "channel:sandbox:out"]) == {order.escrow: 0, "channel:sandbox:out": 0}
    assert not Payout.objects.due(at + timedelta(days=1)).exists(), "no second refund"
    assert happened(told) == ["difference.open", "difference.booked"]


@verb
def open_ticket(difference, at):
    """As the nightly comparison does when it finds one."""
    begin(difference, by=None, at=at, span=hours(24), data={})


# Appeals


def test_x11_both_sides_settle_while_the_appeal_is_open(large_ruled, rich_buyer, seller, lead, panelists, at):
    """D25, A11: what they agreed on is paid, and nothing of what was ruled."""
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    refund, before = Refund.objects.get(), wallet(rich_buyer)
    made = bargaining.offer(refund, Terms("partial", amount=25_000), by=seller, at=at)
    bargaining.take(refund, made.number, by=rich_buyer, at=at)
    large_ruled.refresh_from_db()
    appeal.refresh_from_db()
    assert (refund.state, refund.outcome, refund.approved) == ("refunded", "settlement", 25_000)
    assert (large_ruled.state, large_ruled.outcome) == (DisputeState.CLOSED, "settled")
    assert appeal.state == AppealState.WITHDRAWN
    assert wallet(rich_buyer) - before == 25_000, "the ruling had given ¥235.20"
    assert happened(refund)[-4:] == ["refund.offered", "refund.offer_taken", "refund.approved", "refund.refunded"]
    assert happened(large_ruled)[-2:] == ["dispute.settled", "dispute.closed"]
    assert happened(appeal)[-1] == "appeal.settled"
    assert disputes.served(large_ruled) is None


def test_x12_a_buyer_who_appeals_alone_loses_nothing(large_ruled, rich_buyer, seller, lead, panelists, at):
    """A07: the panel thinks that the award is too high, and it stays as it is."""
    before = wallet(rich_buyer)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [9_000, 9_000, 9_000], at)
    large_ruled.refresh_from_db()
    assert (appeal.state, large_ruled.state) == (AppealState.UPHELD, DisputeState.CLOSED)
    assert wallet(rich_buyer) - before == 23_520
    assert happened(appeal)[-1] == "appeal.upheld"


def test_x13_when_staff_do_nothing_the_rulebook_s_figure_is_paid(
    dispute, arbiter, second_arbiter, lead, rich_buyer, order
):
    """D05 D18 D19 D36 D22: the time for evidence ends, two people let it lie, and so does the lead."""
    before = wallet(rich_buyer)
    for _ in range(4):
        lapse(dispute)
    assert (dispute.state, dispute.outcome) == (DisputeState.RULED, "provisional")
    assert Ruling.objects.get().by is None
    lapse(dispute)
    refund = Refund.objects.get()
    assert (dispute.state, refund.state, refund.approved) == (DisputeState.CLOSED, "refunded", refund.figure)
    assert wallet(rich_buyer) - before == refund.figure == 9_800
    assert happened(dispute).count("dispute.reassigned") == 2
    assert happened(dispute)[-3:] == ["dispute.ruled", "dispute.enforcing", "dispute.closed"]


# Channels


@pytest.mark.django_db(transaction=True)
def test_x14_what_the_channel_refuses_goes_to_the_balance(channel, charged, listing, rich_buyer, seller, at):
    """S07 S08, J14. By the canon two people of finance pay it to the balance, after the channel was asked once more."""
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", by=rich_buyer, at=at)
    [txn] = charged(payment)
    payments.confirm(payment, provider_txn=txn, amount=9_800, at=at)
    order = Order.objects.get(pk=order.pk)
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    refund = claim(order.units.get(), "CODE_INVALID", by=rich_buyer, at=at)
    lifecycle.accept(refund, by=seller, at=at)
    before = wallet(rich_buyer)
    channel.mood = "refusing"
    assert payouts.run(at=at) == 0
    payout = Payout.objects.get()
    assert (refund.state, payout.state) == (RefundState.APPROVED, "manual")
    two = [staffed.staff("finance", at=at, name=name) for name in ("first", "second")]
    assert [payouts.pay_to_wallet(payout, by=person, at=at) for person in two] == [False, True]
    refund.refresh_from_db()
    assert (refund.state, wallet(rich_buyer) - before) == ("refunded", 9_800)
    assert balance("channel:sandbox:out") == 0
    assert happened(payout) == [
        "payout.planned",
        "payout.sending",
        "payout.manual",
        "payout.proposed",
        "payout.agreed",
        "payout.paid_to_wallet",
    ]
    assert CreditNote.objects.get().amount == 9_800


# Batches


def test_x15_twelve_of_forty_codes_stop_the_batch_and_each_holder_joins_once(draft, seller, risk, at):
    """40 codes of a batch, 12 fail in 24 h: an alarm, no more sale, money held, all holders told, one case for each."""
    stock.add_batch(draft, [f"BAT-{number:03}" for number in range(50)], by=seller, at=at)
    listings.put_on_sale(draft, by=seller, at=at)
    sold = [buy(draft, f"holder{number}", 10, at) for number in range(4)]
    alarm = ring(sold, at)
    alarm.batch.refresh_from_db()
    assert (alarm.sold, alarm.bad, alarm.batch.is_stopped_by_mall) == (40, 12, True)
    assert not Card.objects.free(at).exists()
    assert set(Unit.objects.order_by("pk").values_list("held_by", flat=True)) == {alarm.address}
    told = Event.objects.filter(name="order.units_recalled").values_list("root", flat=True)
    assert set(told) == {order.address for order in sold}
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    first, other = sold[:2]
    before = wallet(first.buyer)
    case = alarms.join(alarm, first, by=first.buyer, at=at)
    case.refresh_from_db()
    assert (case.state, case.approved, case.items.count()) == ("refunded", 98_000, 10)
    assert set(case.items.order_by("pk").values_list("granted", flat=True)) == {9_800}, "a result for each unit"
    assert wallet(first.buyer) - before == 98_000
    assert happened(case) == ["refund.requested", "refund.approved", "refund.refunded"]
    with pytest.raises(Refused, match="nothing_left"):
        alarms.join(alarm, first, by=first.buyer, at=at)
    assert {unit.held_by for unit in units_of(other)} == {alarm.address}, "the others still choose"
