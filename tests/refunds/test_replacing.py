"""Goods that are delivered anew: from stock at once, within two hours, or not at all; what a second failure costs."""

from datetime import timedelta

import pytest

from disputes.models import Dispute
from kamen import books
from ledger.accounts import balance
from orders import delivery
from orders import lifecycle as orders
from orders.models import Order, Unit
from orders.states import Delivery, OrderState
from refunds import bargaining, lifecycle, replacing
from refunds.bargaining import Terms
from refunds.models import Replacement
from refunds.states import RefundState
from shops import listings, stock
from shops.models import Card, Kind
from tests.factories import ShopFactory
from tests.fixtures.cases import VISIT, claim, units_of
from tests.queries import recorded
from tests.races import lost, race
from tests.refunds.test_bargaining import again, live, names, refused, wallet
from timeline.door import Refused
from timeline.sweep import sweep

SOON = timedelta(minutes=5)


@pytest.fixture
def wished(revealed, rich_buyer, at):
    """The buyer says that the code is bad and would rather have a working one."""
    return claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, prefers="reissue")


@pytest.fixture
def promised(wished, seller, at):
    """The shop agrees to replace it."""
    replacing.promise(wished, by=seller, at=at)
    return wished


@pytest.fixture
def checking(wished, seller, at):
    """The new code is there, five minutes later."""
    replacing.replace(wished, by=seller, at=at + SOON)
    return wished


def the_unit(refund):
    """The only unit of a case, as it is now."""
    return Unit.objects.select_related("card", "order").get(refund_items__refund=refund)


# replacing


def test_a_new_code_comes_out_of_stock_in_one_click_and_the_old_one_is_void(wished, revealed, listing, seller, at):
    free, old = stock.count_free(listing), revealed.card_id
    assert "replace" in wished.actions_for(seller, at)
    replacing.replace(wished, by=seller, at=at + SOON)
    unit = the_unit(wished)
    assert (wished.state, wished.owner) == (RefundState.CHECKING, "buyer")
    assert (unit.delivery, unit.held, unit.held_by) == (Delivery.SEALED, 9_800, wished.address)
    assert unit.card_id != old
    assert stock.count_free(listing) == free - 1
    gone = Card.objects.get(pk=old)
    assert (gone.voided_at, gone.failed_at) == (at + SOON, at + SOON)
    made = Replacement.objects.get()
    assert (made.old_card_id, made.card_id, made.by) == (old, unit.card_id, seller)
    assert wished.deadline_at == at + SOON + timedelta(hours=72), "as long as a code is inspected"
    assert names(wished) == ["refund.requested", "refund.replacing", "refund.checking"]
    assert not list(books.violations())


def test_the_buyer_looks_at_the_new_code_while_checking_it(checking, rich_buyer, at):
    unit = the_unit(checking)
    delivery.reveal(unit, by=rich_buyer, at=at + 2 * SOON, visit=VISIT)
    unit.refresh_from_db()
    assert unit.delivery == Delivery.REVEALED
    assert not list(books.violations())


def test_only_who_wishes_a_replacement_gets_one_without_being_asked(refund, seller, at):
    assert refused(replacing.replace, refund, by=seller, at=at) == "not_wanted"
    assert refused(replacing.promise, refund, by=seller, at=at) == "not_wanted"
    assert "replace" not in refund.actions_for(seller, at)


def test_only_the_shop_replaces_and_only_now(wished, seller, rich_buyer, stranger, at):
    for person in (rich_buyer, stranger):
        assert refused(replacing.replace, wished, by=person, at=at) == "not_your_turn"
        assert refused(replacing.promise, wished, by=person, at=at) == "not_your_turn"
    assert refused(replacing.replace, wished, by=seller, at=wished.deadline_at) == "wrong_moment"
    lifecycle.withdraw(wished, by=rich_buyer, at=at)
    assert refused(replacing.replace, wished, by=seller, at=at) == "wrong_moment"


def test_a_code_that_another_shop_has_as_well_is_never_given(wished, listing, codes, seller, at):
    other = ShopFactory(active=True, at=at)
    theirs = listings.draft(
        shop=other, kind=Kind.POINT_CARD, title="同样的", price=1, promise_minutes=5, notice="看", by=other.owner, at=at
    )
    stock.add_batch(theirs, codes[3:9], by=other.owner, at=at)  # the first three were sold
    replacing.replace(wished, by=seller, at=at + SOON)
    last = Card.objects.filter(listing=listing).latest("pk")
    assert the_unit(wished).card_id == last.pk


def test_without_stock_nothing_happens_and_the_shop_says_that_it_cannot(promised, listing, seller, rich_buyer, at):
    Card.objects.free(at).filter(listing=listing).update(withheld_at=None, voided_at=at)
    assert refused(replacing.replace, promised, by=seller, at=at) == "sold_out"
    promised.refresh_from_db()
    assert promised.state == RefundState.REPLACING
    before = wallet(rich_buyer)
    replacing.cannot_supply(promised, by=seller, at=at)
    assert (promised.state, promised.outcome) == (RefundState.REFUNDED, "unreplaced")
    assert wallet(rich_buyer) - before == 9_800


def test_a_promised_code_is_there_within_two_hours_or_the_buyer_is_paid_in_full(promised, rich_buyer, at):
    assert promised.deadline_at == at + timedelta(hours=2)
    before = wallet(rich_buyer)
    sweep(at=promised.deadline_at)
    promised.refresh_from_db()
    assert (promised.state, promised.outcome) == (RefundState.REFUNDED, "unreplaced")
    assert wallet(rich_buyer) - before == 9_800
    assert not list(books.violations())


def test_only_the_shop_says_that_it_cannot_supply(promised, rich_buyer, stranger, seller, at):
    for person in (rich_buyer, stranger):
        assert refused(replacing.cannot_supply, promised, by=person, at=at) == "not_your_turn"
    replacing.cannot_supply(promised, by=seller, at=at)
    assert refused(replacing.cannot_supply, promised, by=seller, at=at) == "wrong_moment"


def test_the_buyer_takes_a_wish_back_but_not_what_was_agreed_in_an_offer(promised, order, seller, rich_buyer, at):
    lifecycle.withdraw(promised, by=rich_buyer, at=at)
    assert promised.state == RefundState.WITHDRAWN
    other = claim(units_of(order)[1], "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(other, Terms("reissue"), by=seller, at=at)
    bargaining.take(other, 1, by=rich_buyer, at=at)
    assert other.state == RefundState.REPLACING
    assert "withdraw" not in other.actions_for(rich_buyer, at)
    assert refused(lifecycle.withdraw, other, by=rich_buyer, at=at) == "wrong_moment"


# checking


def test_the_buyer_says_that_it_works_and_inspection_goes_on(checking, order, rich_buyer, at):
    later = at + timedelta(hours=10)
    replacing.confirm_replacement(checking, by=rich_buyer, at=later)
    assert checking.state == RefundState.EXCHANGED
    assert checking.closed_at == later
    unit = the_unit(checking)
    assert (unit.held, unit.held_by) == (9_800, "")
    assert unit.inspection_ends_at == at + SOON + timedelta(hours=72)
    assert live(checking) == set()
    assert not list(books.violations())


def test_silence_is_a_replacement_that_works(checking, order):
    sweep(at=checking.deadline_at)
    checking.refresh_from_db()
    assert checking.state == RefundState.EXCHANGED
    unit = the_unit(checking)
    assert unit.inspection_ends_at == checking.closed_at + timedelta(hours=24)


def test_only_the_buyer_checks(checking, seller, stranger, at):
    later = at + 2 * SOON
    for person in (seller, stranger):
        assert refused(replacing.confirm_replacement, checking, by=person, at=later) == "not_your_turn"
        assert refused(replacing.bad_again, checking, by=person, at=later) == "not_your_turn"
    assert (
        refused(replacing.confirm_replacement, checking, by=checking.buyer, at=checking.deadline_at) == "wrong_moment"
    )


def test_bad_again_by_our_records_is_everything_and_ten_percent(checking, rich_buyer, at):
    later = at + 2 * SOON
    unit = the_unit(checking)
    delivery.reveal(unit, by=rich_buyer, at=later, visit=VISIT)
    delivery.record_validity(unit, is_valid=False, source="issuer", at=later)
    before = wallet(rich_buyer)
    replacing.bad_again(checking, by=rich_buyer, at=later)
    assert (checking.state, checking.outcome) == (RefundState.REFUNDED, "bad_again")
    assert checking.compensation == 980
    assert wallet(rich_buyer) - before == 9_800 + 980
    assert Replacement.objects.get().failed_at == later
    assert Card.objects.get(pk=unit.card_id).failed_at == later
    assert not list(books.violations())


def test_bad_again_by_the_buyer_s_word_goes_to_the_platform(checking, rich_buyer, at):
    replacing.bad_again(checking, text="还是无效。", by=rich_buyer, at=at + 2 * SOON)
    assert checking.state == RefundState.DISPUTED
    assert Dispute.objects.filter(refund=checking).exists()
    assert names(checking)[-2:] == ["refund.bad_again", "refund.disputed"]


def test_what_was_known_of_the_old_code_is_not_known_of_the_new_one(bad_unit, seller, rich_buyer, at):
    """The old code was bad by our records; that proves nothing of the new one."""
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at + SOON, prefers="reissue")
    assert refund.state == RefundState.CHECKING
    replacing.bad_again(refund, by=rich_buyer, at=at + 2 * SOON)
    assert refund.state == RefundState.DISPUTED


# at once


def test_a_proven_bad_code_is_replaced_at_once_if_the_buyer_prefers_that(bad_unit, listing, rich_buyer, at):
    before, old = wallet(rich_buyer), bad_unit.card_id
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at + SOON, prefers="reissue")
    assert (refund.state, refund.is_instant) == (RefundState.CHECKING, False)
    assert wallet(rich_buyer) == before, "no money moves"
    assert the_unit(refund).card_id != old
    assert Replacement.objects.get().by is None
    assert not list(books.violations())


def test_without_stock_a_proven_bad_code_is_money(bad_unit, listing, rich_buyer, at):
    Card.objects.free(at).filter(listing=listing).update(voided_at=at)
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at + SOON, prefers="reissue")
    assert (refund.state, refund.outcome) == (RefundState.REFUNDED, "instant")
    assert names(refund) == ["refund.requested", "refund.approved", "refund.refunded"]
    assert not list(books.violations())


# agreed in an offer


def test_a_mixed_offer_replaces_some_units_and_pays_for_others(order, seller, rich_buyer, at):
    refund = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(refund, Terms("mixed", amount=5_000, places=[1]), by=seller, at=at)
    bargaining.take(refund, 1, by=rich_buyer, at=at)
    assert refund.state == RefundState.REPLACING
    replacing.replace(refund, by=seller, at=at + SOON)
    before = wallet(rich_buyer)
    replacing.confirm_replacement(refund, by=rich_buyer, at=at + 2 * SOON)
    assert (refund.state, refund.outcome, refund.approved) == (RefundState.REFUNDED, "settlement", 5_000)
    assert wallet(rich_buyer) - before == 5_000
    assert [item.granted for item in refund.items.order_by("unit__place")] == [0, 2_500, 2_500]
    assert not list(books.violations())


def test_an_exchange_gives_something_else_and_its_price_difference(refund, order, seller, rich_buyer, at):
    listing = order.snapshot.listing
    terms = Terms("exchange", amount=800, listing=listing)
    bargaining.offer(refund, terms, by=seller, at=at)
    bargaining.take(refund, 1, by=rich_buyer, at=at)
    replacing.replace(refund, by=seller, at=at + SOON)
    replacing.confirm_replacement(refund, by=rich_buyer, at=at + 2 * SOON)
    unit = the_unit(refund)
    assert (refund.state, refund.approved, unit.refunded) == (RefundState.REFUNDED, 800, 800)
    assert unit.card.voided_at is None


def test_a_replacement_that_does_not_come_leaves_the_rest_of_the_deal_as_agreed(order, seller, rich_buyer, at):
    refund = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(refund, Terms("mixed", amount=5_000, places=[1]), by=seller, at=at)
    bargaining.take(refund, 1, by=rich_buyer, at=at)
    assert refund.deadline_at is not None
    sweep(at=refund.deadline_at)
    refund.refresh_from_db()
    assert (refund.outcome, refund.approved) == ("unreplaced", 9_800 + 5_000)
    assert not list(books.violations())


def test_after_settlement_the_deposit_stands_behind_a_replacement_too(bad_unit, order, seller, rich_buyer, at):
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    sweep(at=at + timedelta(days=8))
    order.refresh_from_db()
    assert order.state == OrderState.SETTLED
    later = at + timedelta(days=9)
    refund = claim(units_of(order)[1], "CODE_INVALID", by=rich_buyer, at=later, prefers="reissue")
    replacing.replace(refund, by=seller, at=later)
    replacing.confirm_replacement(refund, by=rich_buyer, at=later + SOON)
    assert refund.state == RefundState.EXCHANGED
    assert balance(order.shop.account("reserved")) == 0
    assert not list(books.violations())


# races and size


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_bad_again_at_one_instant_are_one_outcome(checking, rich_buyer, at):
    later = at + 2 * SOON
    outcomes = race(
        lambda: replacing.confirm_replacement(again(checking), by=rich_buyer, at=later),
        lambda: replacing.bad_again(again(checking), by=rich_buyer, at=later),
    )
    checking.refresh_from_db()
    assert [getattr(each, "code", each) for each in lost(outcomes)] == ["wrong_moment"]
    assert checking.state in {"exchanged", "disputed"}
    assert not list(books.violations())


@pytest.mark.django_db(transaction=True)
def test_the_last_code_in_store_replaces_one_of_two_bad_ones(order, listing, seller, rich_buyer, at):
    cases = [claim(unit, "CODE_INVALID", by=rich_buyer, at=at, prefers="reissue") for unit in units_of(order)[:2]]
    free = list(Card.objects.free(at).filter(listing=listing).order_by("pk").values_list("pk", flat=True))
    Card.objects.filter(pk__in=free[1:]).update(voided_at=at)
    outcomes = race(*[lambda case=case: replacing.replace(again(case), by=seller, at=at + SOON) for case in cases])
    assert all(isinstance(each, Refused) for each in lost(outcomes)), outcomes
    assert Replacement.objects.count() == 1
    assert not list(books.violations())


def test_replacing_500_units_asks_as_often_as_one(big_order, rich_buyer, seller, at):
    def costs(size):
        order = big_order(size + 1)
        refund = claim(units_of(order)[:size], "CODE_INVALID", by=rich_buyer, at=at, prefers="reissue")
        with recorded() as asked:
            replacing.replace(again(refund), by=seller, at=at + SOON)
        with recorded() as checked:
            replacing.confirm_replacement(again(refund), by=rich_buyer, at=at + 2 * SOON)
        return len(asked), len(checked)

    assert costs(1) == costs(250)
