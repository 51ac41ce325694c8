"""The main job: one case from the purchase to the money back, only through pages, told six ways and to the fen."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from disputes.models import Dispute, Ruling
from ledger.models import Payout
from ledger.transfers import Reason, transfer
from orders.models import Reveal
from refunds.models import Refund
from tests.stories.conftest import (
    CODES,
    COMMISSION,
    NET,
    PRICE,
    Mall,
    claim,
    everything,
    issuer_says,
    reveal,
    wait,
)
from tests.stories.forms import Somebody
from timeline import clock
from timeline.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: ¥300.00 came in, three codes cost ¥294.00.
REST = 600
REASONS = "平台记录显示该卡密在展示后三小时内被申报无效，双方均未能证明是谁使用，按记录分担。"


def let_all_settle(mall: Mall) -> None:
    """Inspection ends, the codes are released; seven days later they are settled to a new shop."""
    wait(4 * DAY)
    wait(8 * DAY)
    assert mall.order.state == "settled"


def require_end(accounts: dict[str, int]) -> None:
    """Every account holds what it should, and every invariant of the mall holds."""
    assert everything() == accounts
    call_command("check_books")


def names_of(subject: str) -> list[str]:
    """What happened to a thing, in order."""
    return list(Event.objects.filter(subject=subject).order_by("seq").values_list("name", flat=True))


# What all six have in common


def test_three_codes_are_delivered_once_and_looking_at_one_is_recorded_for_ever(mall):
    seen = reveal(mall, 1)
    assert seen in CODES
    assert [unit.delivery for unit in mall.order.units.order_by("place")] == ["revealed", "sealed", "sealed"]
    assert Reveal.objects.filter(unit=mall.unit(1)).count() == 1
    assert "order.code_revealed" in names_of(mall.order.address)
    cards = set(mall.order.units.order_by("pk").values_list("card_id", flat=True))
    assert len(cards) == 3
    assert seen not in mall.buyer.opens(mall.path()).page, "no page but the one answer shows a code"


def test_nothing_wrong_and_the_clock_settles_everything_to_the_shop(mall, expected):
    let_all_settle(mall)
    require_end(expected(wallet=REST, available=3 * NET, fees=3 * COMMISSION))


# (a) our records prove it


def test_a_what_our_records_prove_is_paid_back_at_once(mall, expected):
    reveal(mall, 1)
    issuer_says(mall, 1, is_valid=False)
    buyer = claim(mall, 1)
    refund = mall.refund
    assert (refund.state, refund.outcome, refund.approved) == ("refunded", "instant", PRICE)
    assert refund.attachments.count() == 1
    assert mall.case("withdraw") not in buyer.offered, "it is over"
    assert "¥98.00" in buyer.page
    let_all_settle(mall)
    require_end(expected(wallet=REST + PRICE, available=2 * NET, fees=2 * COMMISSION))


# (b) the shop accepts


def test_b_the_shop_accepts_and_the_buyer_is_paid(mall, expected):
    reveal(mall, 1)
    claim(mall, 1)
    assert mall.refund.state == "requested"
    seller = mall.seller.opens("/desk/xinghe/queue/")
    assert mall.case() in seller.offered
    seller.opens(mall.case()).sends(mall.case("accept"))
    refund = mall.refund
    assert (refund.state, refund.outcome) == ("refunded", "seller")
    assert mall.case("accept") not in seller.offered, "answered once"
    assert mall.case() not in seller.opens("/desk/xinghe/queue/").offered
    let_all_settle(mall)
    require_end(expected(wallet=REST + PRICE, available=2 * NET, fees=2 * COMMISSION))


# (c) the shop stays silent


def test_c_silence_of_the_shop_is_paid_by_the_clock_after_48_hours(mall, expected):
    reveal(mall, 1)
    claim(mall, 1)
    opened = mall.refund.opened_at
    assert mall.refund.deadline_at - opened == 48 * HOUR
    wait(48 * HOUR - timedelta(minutes=5))
    assert mall.refund.state == "requested", "not before the time is over"
    wait(timedelta(minutes=6))
    refund = mall.refund
    assert (refund.state, refund.outcome) == ("refunded", "silence")
    assert mall.case("accept") not in mall.seller.opens(mall.case()).offered
    let_all_settle(mall)
    require_end(expected(wallet=REST + PRICE, available=2 * NET, fees=2 * COMMISSION))


# (d) the platform decides


def test_d_an_arbiter_splits_60_40_and_the_money_comes_from_escrow(mall, arbiter, senior, expected):
    reveal(mall, 1)
    to_the_platform(mall)
    rule(mall, arbiter, seller="60", buyer="40")
    assert Dispute.objects.get().state == "signing", "departing from the rulebook takes a second person"
    sign(senior)
    refund = mall.refund
    assert (refund.state, refund.outcome, refund.approved) == ("refunded", "ruling", 5_880)
    assert {leg.source for leg in Payout.objects.get().legs.all()} == {mall.order.escrow}
    number = Dispute.objects.get().number
    for side in (mall.buyer, mall.seller):
        page = side.opens(f"/disputes/{number}/ruling/").page
        assert "¥58.80" in page
        assert REASONS in page
    wait(4 * DAY)
    assert Dispute.objects.get().state == "closed", "nobody appealed"
    let_all_settle(mall)
    kept = PRICE - 5_880
    commission = kept * 500 // 10_000
    require_end(expected(wallet=REST + 5_880, available=2 * NET + kept - commission, fees=2 * COMMISSION + commission))


def test_d_after_settlement_balance_deposit_and_fund_pay(mall, arbiter, senior, expected):
    let_all_settle(mall)
    took = take_all_but(mall, 1_000)
    fill_the_fund(50_000)
    reveal(mall, 1)
    to_the_platform(mall)
    rule(mall, arbiter, seller="60", buyer="40")
    sign(senior)
    refund = mall.refund
    assert (refund.state, refund.approved) == ("refunded", 5_880)
    shop, reversed_commission = mall.shop, COMMISSION - COMMISSION * (PRICE - 5_880) // PRICE
    legs = {leg.source: leg.amount for leg in Payout.objects.get().legs.all()}
    fund = 5_880 - 1_000 - reversed_commission - 2_000
    assert legs == {
        shop.account("available"): 1_000 + reversed_commission,
        shop.account("reserved"): 2_000,
        "platform:fund": fund,
    }
    wait(4 * DAY)
    assert Dispute.objects.get().state == "closed"
    require_end(
        expected(
            came_in=32_000 + 50_000,
            in_suspense=took,
            wallet=REST + 5_880,
            deposit=0,
            fees=3 * COMMISSION - reversed_commission,
            fund=50_000 - fund,
            debt=-fund,
            recoverable=fund,
        )
    )


# (e) the buyer withdraws


def test_e_a_case_that_is_taken_back_moves_nothing_and_inspection_goes_on(mall, expected):
    reveal(mall, 1)
    buyer = claim(mall, 1)
    before = everything()
    buyer.sends(mall.case("withdraw"))
    assert mall.refund.state == "withdrawn"
    assert everything() == before
    assert mall.unit(1).held_by == ""
    assert mall.unit(1).inspection_ends_at >= clock.now() + 23 * HOUR
    let_all_settle(mall)
    require_end(expected(wallet=REST, available=3 * NET, fees=3 * COMMISSION))


# (f) the buyer is just sorry


def test_f_a_sealed_code_shows_the_fee_of_the_level_before_anything_is_filed(mall, expected):
    buyer = mall.buyer.opens(mall.path("claim/")).sends(reason="CHANGE_OF_MIND", places=["1"])
    buyer.sends()
    assert "¥90.16" in buyer.page, "98.00 less 8 % at level M0"
    assert not Refund.objects.exists(), "a preview files nothing"
    buyer.sends()
    mall.seller.opens(mall.case()).sends(mall.case("accept"))
    assert mall.refund.approved == 9_016
    let_all_settle(mall)
    require_end(expected(wallet=REST + 9_016, available=2 * NET + 784, fees=2 * COMMISSION))


def test_f_the_fee_is_that_of_the_level_the_buyer_had(mall, buyer):
    from accounts import lifecycle

    lifecycle.set_level(buyer, "M4", reason="test", at=clock.now())
    somebody = mall.buyer.opens(mall.path("claim/")).sends(reason="CHANGE_OF_MIND", places=["1"])
    somebody.sends()
    assert "¥90.16" in somebody.page, "at the level of the day of the order, not of today"


def test_f_a_machine_says_no_first_and_a_person_looks_after_one_click(mall, arbiter, senior, expected):
    reveal(mall, 1)
    buyer = claim(mall, 1, "CHANGE_OF_MIND")
    refund = mall.refund
    assert (refund.state, refund.is_predecision, refund.figure) == ("declined", True, 0)
    buyer.sends(mall.case("escalate"))
    assert mall.refund.state == "disputed"
    assert Dispute.objects.get().arbiter == arbiter
    rest_both(mall)
    rule(mall, arbiter, seller="0", buyer="100")
    if Dispute.objects.get().state == "signing":
        sign(senior)
    assert Dispute.objects.get().state == "ruled"
    wait(4 * DAY)
    assert mall.refund.state == "rejected", "by a person, and after the time to appeal"
    assert Ruling.objects.get().award == 0
    assert mall.refund.payout is None
    let_all_settle(mall)
    require_end(expected(wallet=REST, available=3 * NET, fees=3 * COMMISSION))


# What happens between


def to_the_platform(mall: Mall) -> None:
    """The buyer claims, the shop declines by a published rule, the buyer calls the platform, nobody has more to add."""
    claim(mall, 1)
    seller = mall.seller.opens(mall.case("decline"))
    seller.sends(code="code_was_good", rule="MX-42", text="出库时有效，平台记录显示已查看。")
    assert mall.refund.state == "declined"
    buyer = mall.buyer.opens(mall.case())
    assert "MX-42" in buyer.page
    assert "出库时有效" in buyer.page
    buyer.sends(mall.case("escalate"))
    assert mall.refund.state == "disputed"
    rest_both(mall)


def rest_both(mall: Mall) -> None:
    """Both sides have nothing to add, so the review begins."""
    number = Dispute.objects.get().number
    for side in (mall.buyer, mall.seller):
        side.opens(f"/disputes/{number}/").sends(f"/disputes/{number}/rest/")
    assert Dispute.objects.get().state == "review"


def rule(mall: Mall, arbiter: Any, **shares: str) -> None:
    """The arbiter opens the file, reads, weighs everything, and rules with reasons."""
    number = Dispute.objects.get().number
    person = Somebody(arbiter).opens("/bench/")
    assert f"/bench/{number}/" in person.offered
    person.opens(f"/bench/{number}/").sends(f"/bench/{number}/open/")
    pieces = [*Dispute.objects.get().evidence.values_list("pk", flat=True).order_by("pk")]
    words: dict[str, Any] = {f"share_{party}": share for party, share in shares.items()}
    words |= {f"weight_{pk}": "accepted" for pk in pieces}
    words |= {"share_platform": "0", "share_upstream": "0", "rule_ids": "MX-11", "reasons": REASONS, "issues": REASONS}
    words |= {"departs_because": "双方各有责任，见理由。"}
    person.sends(f"/bench/{number}/preview/", **words)
    assert not Ruling.objects.exists(), "a preview decides nothing"
    person.sends(f"/bench/{number}/rule/", **words)


def sign(senior: Any) -> None:
    """A senior opens the file, too, and signs the version that was read."""
    number = Dispute.objects.get().number
    person = Somebody(senior).opens(f"/bench/{number}/").sends(f"/bench/{number}/open/")
    person.sends(f"/bench/{number}/sign/")


def take_all_but(mall: Mall, left: int) -> int:
    """The shop's money is taken until `left` fen are there, into suspense; returns what is there then."""
    available = mall.shop.account("available")
    amount = everything()[available] - left
    words: dict[str, Any] = {"reason": Reason.CORRECTION, "subject": mall.shop.address, "at": clock.now()}
    transfer(source=available, target="platform:suspense", amount=amount, key="out", **words)
    return amount


def fill_the_fund(amount: int) -> None:
    """The guarantee fund gets its money from outside."""
    words: dict[str, Any] = {"reason": Reason.FUNDING, "subject": "platform:fund", "at": clock.now()}
    transfer(source="channel:sandbox", target="platform:fund", amount=amount, key="fund", **words)
