"""The sample runs of the canon that end in money: X5, X6, the waterfall, and races in which one outcome wins."""

import pytest

from disputes import agreements, appeals, budget, lifecycle, proposals, rulings
from disputes.models import Dispute
from disputes.states import DISPUTE, DisputeState
from ledger.accounts import balance
from ledger.models import Payout
from ledger.transfers import Reason
from ledger.waterfall import Source, plan
from refunds import bargaining
from refunds.bargaining import Terms
from refunds.models import Offer, Refund
from shops.models import Deposit
from tests.disputes.sayings import GROUND, lapse, wallet
from tests.disputes.test_dispute import after_settlement, give, own, pockets
from tests.fixtures.disputes import drafted
from tests.races import lost, race, won
from timeline.models import Event
from timeline.sweep import sweep

CORRECTED = Reason.CORRECTION


def test_x5_a_claim_after_settlement_is_paid_by_deposit_then_fund_and_the_shop_owes_it(
    order, rich_buyer, seller, arbiter, senior
):
    shop = order.shop

    def leave_little(at):
        own("platform:fund", 50_000, at)
        give(shop.account("available"), "platform:suspense", pockets(order)["available"], Reason.CORRECTION, at)
        give(shop.account("deposit"), "platform:fund", pockets(order)["deposit"] - 6_000, Reason.PENALTY, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=leave_little)
    at, before, fund = dispute.entered_at, wallet(rich_buyer), balance("platform:fund")
    assert pockets(order)["reserved"] == 6_000, "set aside when the case opened, so that nobody withdraws it first"
    lifecycle.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    assert wallet(rich_buyer) == before + 9_800
    owed = -balance(shop.account("debt"))
    assert owed == fund - balance("platform:fund") > 0
    assert Deposit.objects.get(shop=shop).state == "short" or pockets(order)["deposit"] == 0


@pytest.mark.parametrize(
    ("balances", "fund", "from_fund", "missing"),
    [
        pytest.param((3_000, 4_000), 50_000, 2_310, 0, id="W2: balance, deposit, and the fund for the rest"),
        pytest.param((0, 200), 5_000, 5_000, 4_110, id="W3: the fund is empty before the award is paid"),
    ],
)
def test_the_worked_waterfalls_by_a_ruling_after_settlement(
    order, rich_buyer, seller, arbiter, senior, balances, fund, from_fund, missing
):
    """Of ¥98.00 the mall gives back its commission of ¥4.90 first; then the shop answers with what it has."""
    shop, (available, secured) = order.shop, balances

    def leave(at):
        give(shop.account("available"), "platform:suspense", pockets(order)["available"] - available, CORRECTED, at)
        give(shop.account("deposit"), "platform:suspense", pockets(order)["deposit"] - secured, CORRECTED, at)
        own("platform:fund", fund, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=leave)
    at, before = dispute.entered_at, wallet(rich_buyer)
    lifecycle.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    assert wallet(rich_buyer) - before == 490 + available + secured + from_fund == 9_800 - missing
    assert fund - balance("platform:fund") == from_fund
    assert balance(shop.account("debt")) == -from_fund, "what the fund advanced is collected from the shop later"
    assert sum(pockets(order).values()) == 0
    dry = Event.objects.filter(name="order.waterfall_ran_dry").order_by("pk")
    assert [event.data["missing"] for event in dry] == ([missing] if missing else [])


@pytest.mark.parametrize(("paid", "buyer_bp", "award"), [(10_001, 4_000, 6_001), (10_001, 6_000, 4_001), (3, 3_333, 3)])
def test_x6_a_split_is_rounded_for_the_buyer(paid, buyer_bp, award):
    assert rulings.by_shares(paid, paid, buyer_bp) == award


@pytest.mark.parametrize(
    ("award", "sources", "legs", "short"),
    [
        pytest.param(12_345, [("escrow", 12_345), ("available", 9_000)], [12_345], 0, id="W1"),
        pytest.param(
            12_345,
            [("escrow", 5_000), ("available", 3_000), ("deposit", 4_000), ("fund", 999_999)],
            [5_000, 3_000, 4_000, 345],
            0,
            id="W2",
        ),
        pytest.param(12_345, [("deposit", 200), ("fund", 12_000)], [200, 12_000], 145, id="W3"),
        pytest.param(120_000, [("pending", 30_000), ("deposit", 50_000)], [30_000, 50_000], 40_000, id="W4"),
        pytest.param(6_000, [("escrow", 6_000)], [6_000], 0, id="W5 without the platform's 1,000"),
        pytest.param(0, [("escrow", 9_900)], [], 0, id="W6"),
    ],
)
def test_the_worked_waterfalls(award, sources, legs, short):
    found = plan(award, [Source(name, amount, name) for name, amount in sources])
    assert [leg.amount for leg in found] == legs
    assert award - sum(legs) == short


def test_w5_the_platforms_part_comes_from_its_own_pocket(large_reviewed, arbiter, senior, order, rich_buyer, at):
    """Of ¥294.00: the platform a seventh, the shop the rest, the upstream share advanced by the shop's escrow."""
    own("platform:own", 50_000, at)
    own_before, fund = balance("platform:own"), balance("platform:fund")
    shares = {"platform": 1_000, "seller": 5_000, "upstream": 4_000, "buyer": 0}
    lifecycle.rule(large_reviewed, drafted(large_reviewed, shares=shares), by=arbiter, at=at)
    lifecycle.sign(large_reviewed, agrees=True, by=senior, at=at)
    lapse(large_reviewed)
    assert own_before - balance("platform:own") == 2_940
    assert balance("platform:fund") == fund
    assert Payout.objects.get().amount == 29_400


def test_nothing_leads_out_of_an_end():
    assert DISPUTE.terminal == {DisputeState.CLOSED, DisputeState.WITHDRAWN}
    for state in DISPUTE.terminal:
        assert not any(DISPUTE.allows(state, after) for after in DisputeState.values)


@pytest.mark.django_db(transaction=True)
def test_a_verdict_a_withdrawal_a_settlement_and_the_clock_at_once_have_one_outcome(
    large_reviewed, arbiter, second_arbiter, rich_buyer, seller, at
):
    dispute, draft = large_reviewed, drafted(large_reviewed, shares={"seller": 10_000})
    again = lambda: Dispute.objects.get(pk=dispute.pk)  # noqa: E731
    outcomes = race(
        lambda: lifecycle.rule(again(), draft, by=arbiter, at=at),
        lambda: lifecycle.withdraw(again(), by=rich_buyer, at=at),
        lambda: lifecycle.concede(again(), by=seller, at=at),
        lambda: sweep(at=dispute.deadline_at),
    )
    found, refund = again(), Refund.objects.get()
    assert (found.state, found.outcome, refund.state) in {
        ("ruled", "ruling", "disputed"),
        ("closed", "ruling", "refunded"),  # over a weekend the time to appeal ends before the time to decide
        ("withdrawn", "withdrawn", "withdrawn"),
        ("closed", "conceded", "refunded"),
    }
    assert Payout.objects.count() == (1 if refund.state == "refunded" else 0)
    assert len(won(outcomes)) in {2, 3}, "the clock may pass before a person acts"
    assert all(str(error).split(":")[0] in {"wrong_moment", "not_your_case"} for error in lost(outcomes))


@pytest.mark.django_db(transaction=True)
def test_a_verdict_a_withdrawal_an_automatic_refund_and_a_settlement_at_once_have_one_outcome(
    large_reviewed, arbiter, rich_buyer, seller, at
):
    """The buyer takes the shop's offer of ¥100.00, or the case back; the arbiter rules; the clock of 13 days pays."""
    dispute, before = large_reviewed, wallet(rich_buyer)
    offer = bargaining.offer(Refund.objects.get(), Terms(kind=Offer.Kind.PARTIAL, amount=10_000), by=seller, at=at)
    draft = drafted(dispute, shares={"seller": 10_000})
    again = lambda: Dispute.objects.get(pk=dispute.pk)  # noqa: E731
    outcomes = race(
        lambda: lifecycle.rule(again(), draft, by=arbiter, at=at),
        lambda: lifecycle.withdraw(again(), by=rich_buyer, at=at),
        lambda: lifecycle.lapse(again(), limit=budget.LAST, at=at),
        lambda: bargaining.take(Refund.objects.get(), offer.number, by=rich_buyer, at=at),
    )
    found, gained = again(), wallet(rich_buyer) - before
    assert gained == sum(Payout.objects.values_list("amount", flat=True).order_by("pk"))
    what = found.outcome if found.outcome in {"withdrawn", "settled"} else "advanced" if found.advanced else "ruled"
    assert gained == {"withdrawn": 0, "settled": 10_000, "advanced": 29_400, "ruled": 0}[what]
    assert Payout.objects.count() <= 1, "one of them pays, and one at most"
    assert won(outcomes)
    assert {str(error).split(":")[0] for error in lost(outcomes)} <= {"wrong_moment", "offer_gone", "stale"}


@pytest.mark.django_db(transaction=True)
def test_two_appeals_and_the_end_of_the_time_at_once(large_ruled, rich_buyer, seller, at):
    again = lambda: Dispute.objects.get(pk=large_ruled.pk)  # noqa: E731
    outcomes = race(
        lambda: appeals.file(again(), ground="rule", text=GROUND, by=rich_buyer, at=at),
        lambda: appeals.file(again(), ground="rule", text=GROUND, by=seller, at=at),
        lambda: sweep(at=large_ruled.deadline_at),
    )
    found = again()
    assert found.state in {"appealed", "closed"}
    assert found.appeals.count() == (1 if found.state == "appealed" else 0)
    assert lost(outcomes)


@pytest.mark.django_db(transaction=True)
def test_both_accept_a_proposal_at_once_and_it_is_paid_once(large_reviewed, arbiter, rich_buyer, seller, order, at):
    unit = order.units.get(place=1)
    proposal = proposals.propose(large_reviewed, grants={unit.pk: 5_000}, text="各让一步", by=arbiter, at=at)
    again = lambda: Dispute.objects.get(pk=large_reviewed.pk)  # noqa: E731
    race(
        lambda: proposals.agree(again(), sha256=proposal.sha256, by=rich_buyer, at=at),
        lambda: proposals.agree(again(), sha256=proposal.sha256, by=seller, at=at),
    )
    assert again().outcome == "mediated"
    assert Payout.objects.get().amount == 5_000


@pytest.mark.breaks_books
def test_a_settlement_after_the_end_is_refused(ruled, rich_buyer, at):
    lapse(ruled)
    with pytest.raises(Exception, match="wrong_moment"):
        agreements.settled(Refund.objects.get(), by=rich_buyer, at=at)
