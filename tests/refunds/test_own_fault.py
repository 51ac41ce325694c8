"""What the platform is to blame for it pays out of its own, whichever road ends the case; and only what is proven."""

import pytest

from ledger.accounts import balance
from refunds import faults, lifecycle
from refunds.models import Refund
from reputation import counting
from reputation.models import Tally
from shops import stock
from tests.disputes.test_dispute import own
from tests.fixtures.cases import claim

OWN = "platform:own"


@pytest.fixture
def blamed(order, rich_buyer, at):
    """A case over a code that was looked at, all of it laid to the platform by the rules: `blamed(is_proven=True)`."""

    def make(*, is_proven):
        own(OWN, 50_000, at)
        case = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)
        [part] = case.decision["parts"]
        whose = {"fault": "PLATFORM", "payers": {"PLATFORM": part["refund"]}, "is_proven": is_proven}
        Refund.objects.filter(pk=case.pk).update(decision=case.decision | {"parts": [part | whose]})
        return Refund.objects.get(pk=case.pk)

    return make


def test_the_platform_pays_where_the_shop_accepts_and_the_shop_is_paid_as_ever(blamed, seller, at):
    case = blamed(is_proven=True)
    pending = balance(case.order.shop.account("pending"))
    lifecycle.accept(case, by=seller, at=at)
    unit = case.items.get().unit
    assert (balance(OWN), unit.covered, unit.held) == (50_000 - case.approved, case.approved, 0)
    assert balance(case.order.shop.account("pending")) > pending, "it is not charged for it"


def test_the_platform_pays_where_the_shop_is_silent(blamed):
    case = blamed(is_proven=True)
    lifecycle.lapse(case, limit="SELLER_RESPONSE", at=case.deadline_at)
    assert (case.outcome, balance(OWN)) == ("silence", 50_000 - case.approved)


def test_two_who_merely_agree_that_the_platform_is_to_blame_move_none_of_its_money(blamed, seller, at):
    case = blamed(is_proven=False)
    lifecycle.accept(case, by=seller, at=at)
    assert (case.approved > 0, balance(OWN)) == (True, 50_000), "the shop gave its own"


def test_nobody_is_silent_at_the_cost_of_somebody_else(blamed):
    """What the platform is said to have done and our records do not show, no silence pays: people look."""
    case = blamed(is_proven=False)
    assert not case.is_paid_by_silence()
    lifecycle.lapse(case, limit="SELLER_RESPONSE", at=case.deadline_at)
    assert (case.state, balance(OWN)) == ("disputed", 50_000)


@pytest.mark.parametrize(("is_proven", "whose"), [(True, "other"), (False, "supply")])
def test_what_is_proven_to_be_the_platform_s_fault_does_not_count_against_the_shop(
    blamed, seller, at, is_proven, whose
):
    """It would stop the sales of a shop for an outage of ours."""
    case = blamed(is_proven=is_proven)
    lifecycle.accept(case, by=seller, at=at)
    counting.catch_up(at=at)
    assert Tally.objects.get(measure="paid_back", shop=case.order.shop).part == whose


def part(**more):
    told = {"places": [1], "fault": "PLATFORM", "payers": {"PLATFORM": 9_800}, "entitled": 9_800, "is_proven": True}
    return {"parts": [told | {"comp": 300, "comp_payer": "PLATFORM"} | more]}


def test_what_was_never_delivered_comes_back_out_of_escrow(revealed, undelivered_order):
    for sale, share in ((revealed.order, {revealed.pk: 10_000}), (undelivered_order, {})):
        unit = sale.units.get(place=1)
        assert faults.shares(part(), [unit], {unit.pk: unit.left}) == share


def test_a_code_that_nobody_saw_goes_back_on_sale_and_its_price_comes_out_of_escrow(order, rich_buyer, seller, at):
    """With the price from the platform and the code in its stock again the shop would gain by our fault."""
    own(OWN, 50_000, at)
    unit = order.units.get(place=1)
    free, pending = stock.count_free(order.snapshot.listing), balance(order.shop.account("pending"))
    case = claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    [part] = case.decision["parts"]
    told = {"fault": "PLATFORM", "payers": {"PLATFORM": part["refund"]}, "is_proven": True}
    Refund.objects.filter(pk=case.pk).update(decision=case.decision | {"parts": [part | told]})
    case = Refund.objects.get(pk=case.pk)
    if not case.is_over:
        lifecycle.accept(case, by=seller, at=at)
    unit.refresh_from_db()
    assert (unit.refunded, unit.covered, unit.delivery, unit.card) == (case.approved, 0, "voided", None)
    assert (balance(OWN), balance(order.shop.account("pending"))) == (50_000, pending + unit.fee)
    assert stock.count_free(order.snapshot.listing) == free + 1


def test_a_code_that_nobody_saw_and_that_is_called_bad_is_the_platform_s_to_pay(order):
    unit = order.units.get(place=1)
    assert faults.shares(part(), [unit], {unit.pk: unit.left}, is_bad=True) == {unit.pk: 10_000}


def test_the_platform_pays_no_more_than_the_rules_give_and_its_part_of_shared_fault(revealed):
    unit = revealed
    assert faults.shares(part(entitled=4_900), [unit], {unit.pk: 9_800}) == {unit.pk: 5_000}
    shared = part(payers={"PLATFORM": 2_450, "SELLER": 7_350})
    assert faults.shares(shared, [unit], {unit.pk: 9_800}) == {unit.pk: 2_500}
    assert faults.shares(part(is_proven=False), [unit], {unit.pk: 9_800}) == {}
    assert [faults.of_compensation(part(), most) for most in (1_000, 200)] == [300, 200]
    assert faults.of_compensation(part(comp_payer="SELLER"), 1_000) == 0
