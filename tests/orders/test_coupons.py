"""Coupons of a shop and of the platform: who makes them, who may use them, who bears them, and what goes back."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from ledger import payments
from ledger.accounts import balance, balances
from ledger.transfers import Reason, transfer
from orders import coupons, escrow, guesses, lifecycle, purchase
from orders.models import Coupon, CouponUse, Guess, Order, Unit
from orders.states import CouponState, OrderState
from shops.models import Listing
from tests.fixtures.people import person, staff
from tests.orders.test_order import pockets, refused
from tests.queries import recorded
from tests.races import lost, race, won
from timeline import clock
from timeline.models import Event
from timeline.refusals import TooOften
from timeline.spans import SHANGHAI
from timeline.sweep import fire_overdue


@pytest.fixture
def own(at):
    """¥1,000 of the platform's own money."""
    words = {"reason": Reason.FUNDING, "subject": "platform:own", "key": "own", "at": at}
    transfer(source="channel:sandbox", target="platform:own", amount=100_000, **words)


@pytest.fixture
def make(seller, finance, deposit, own, at):
    """`make("shop", value=500)` gives a running coupon of ¥5.00 off ¥10.00 and more, of the shop or the platform."""

    def made(bearer="shop", *, is_started=True, **words):
        by = seller if bearer == "shop" else finance
        told = {
            "code": f"{bearer.upper()}{Coupon.objects.count()}",
            "value": 500,
            "minimum": 1_000,
            "most": 10,
            "per_person": 1,
            "starts_at": at,
            "ends_at": at + timedelta(days=7),
            **words,
        }
        found = coupons.draft(shop=deposit.shop if bearer == "shop" else None, by=by, at=at, **told)
        if is_started:
            second = by if bearer == "shop" else staff("finance", at=at, name=f"second{found.pk}")
            coupons.start(found, by=second, at=at)
        return found

    return made


@pytest.fixture
def two_for_one_hundred(listing, rich_buyer, at):
    """Two codes of ¥50.00, ordered and not paid: the order of case P01 in the rules."""
    Listing.objects.filter(pk=listing.pk).update(price=5_000)
    listing.refresh_from_db()
    return lifecycle.place(buyer=rich_buyer, listing=listing, quantity=2, acknowledged=True, at=at)


def names(thing):
    return [event.name for event in Event.objects.filter(subject=thing.address).order_by("seq")]


# Making them


def test_somebody_who_sells_for_the_shop_makes_and_starts_a_coupon(make, seller):
    found = make("shop")
    assert (found.state, found.bearer, found.agreed_by) == (CouponState.RUNNING, "shop", None)
    assert names(found) == ["coupon.draft", "coupon.running"]
    assert balance("platform:coupons") == 0, "a shop forgoes money, nobody pays it"


def test_nobody_else_makes_a_shop_s_coupon(make, deposit, rich_buyer, finance, lead, at):
    found = make("shop", is_started=False)
    words: dict[str, Any] = {"code": "ELSE", "value": 1, "minimum": 2, "most": 1, "per_person": 1}
    words |= {"starts_at": at, "ends_at": at + timedelta(days=1), "at": at}
    for by in (rich_buyer, finance, lead):
        assert refused(lambda by=by: coupons.draft(shop=deposit.shop, by=by, **words)) == "not_your_turn"
        for verb in (coupons.start, coupons.pause, coupons.resume, coupons.end):
            assert refused(lambda by=by, verb=verb: verb(found, by=by, at=at)) == "not_your_turn"
    assert Coupon.objects.count() == 1


def test_a_platform_coupon_needs_two_people_of_finance_and_its_money_is_set_aside(make, finance, seller, lead, at):
    found = make("platform", is_started=False, value=1_500, minimum=5_000)
    assert refused(lambda: coupons.start(found, by=finance, at=at)) == "second_person"
    for by in (seller, lead):
        assert refused(lambda by=by: coupons.start(found, by=by, at=at)) == "not_your_turn"
    coupons.start(found, by=staff("finance", at=at, name="second"), at=at)
    assert balances(["platform:own", "platform:coupons"]) == {"platform:own": 85_000, "platform:coupons": 15_000}
    coupons.end(found, by=finance, at=at)
    assert balances(["platform:own", "platform:coupons"]) == {"platform:own": 100_000, "platform:coupons": 0}


def test_the_platform_promises_nothing_that_it_does_not_have(make, at):
    found = make("platform", is_started=False, most=201)
    second = staff("finance", at=at, name="second")
    assert refused(lambda: coupons.start(found, by=second, at=at)) == "not_enough_own_money"
    assert found.state == CouponState.DRAFT


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"code": "abc"}, "code"),
        ({"code": "折扣五元"}, "code"),
        ({"value": 0}, "value"),
        ({"value": 1_000_001, "minimum": 2_000_000}, "value"),
        ({"minimum": 500}, "minimum"),
        ({"most": 1_000_001}, "most"),
        ({"per_person": 11}, "per_person"),
        ({"per_person": 0}, "per_person"),
    ],
)
def test_a_coupon_that_cannot_be_is_not_made(make, words, field):
    with pytest.raises(ValidationError) as found:
        make("shop", **words)
    assert list(found.value.error_dict) == [field]


def test_a_term_lies_ahead_and_is_no_longer_than_a_year(make, at):
    for starts_at, ends_at in ((at, at), (at - timedelta(days=2), at - timedelta(days=1)), (at, at + timedelta(367))):
        with pytest.raises(ValidationError) as found:
            make("shop", starts_at=starts_at, ends_at=ends_at)
        assert list(found.value.error_dict) == ["ends_at"]


def test_a_code_is_one_coupon_s_in_the_whole_mall(make):
    make("shop", code="WELCOME")
    with pytest.raises(ValidationError) as found:
        make("platform", code="welcome")
    assert found.value.error_dict["code"][0].code == "unique"


def test_a_coupon_ends_with_its_term(make, at):
    found = make("platform")
    fire_overdue(found.root_address, at=at + timedelta(days=7))
    found.refresh_from_db()
    assert found.state == CouponState.ENDED
    assert balance("platform:coupons") == 0


def test_a_paused_coupon_is_resumed_and_an_ended_one_is_not(make, placed_order, rich_buyer, seller, at):
    found = make("shop")
    coupons.pause(found, by=seller, at=at)
    assert refused(lambda: coupons.use(placed_order, found.code, by=rich_buyer, at=at)) == "coupon_not_running"
    coupons.resume(found, by=seller, at=at)
    coupons.end(found, by=seller, at=at)
    for verb in (coupons.start, coupons.pause, coupons.resume, coupons.end):
        assert refused(lambda verb=verb: verb(found, by=seller, at=at)) == "wrong_moment"
    assert names(found) == ["coupon.draft", "coupon.running", "coupon.paused", "coupon.running", "coupon.ended"]


def test_the_page_offers_what_the_verb_allows(make, seller, finance, rich_buyer, at):
    draft = make("platform", is_started=False)
    assert coupons.actions_for(draft, finance, at=at) == ["end"]
    assert coupons.actions_for(draft, staff("finance", at=at, name="other"), at=at) == ["start", "end"]
    assert coupons.actions_for(draft, seller, at=at) == []
    running = make("shop")
    assert coupons.actions_for(running, seller, at=at) == ["pause", "end"]
    assert list(coupons.visible_to(seller)) == [running]
    assert list(coupons.visible_to(finance)) == [draft]
    assert not coupons.visible_to(rich_buyer).exists()


# Using them


def test_a_coupon_lowers_the_price_and_the_event_says_by_what(make, placed_order, rich_buyer, at):
    found = make("shop")
    coupons.use(placed_order, f" {found.code.lower()} ", by=rich_buyer, at=at)
    placed_order.refresh_from_db()
    assert (placed_order.listed, placed_order.total, placed_order.from_shop) == (29_400, 28_900, 500)
    event = Event.objects.get(name="order.coupon_used")
    assert (event.by, event.data) == (rich_buyer, {"code": found.code, "amount": 500, "by": "shop"})
    found.refresh_from_db()
    assert found.taken == 1


def test_only_the_buyer_uses_a_coupon_and_only_before_paying(make, placed_order, rich_buyer, stranger, seller, at):
    found = make("shop")
    for by in (stranger, seller):
        assert refused(lambda by=by: coupons.use(placed_order, found.code, by=by, at=at)) == "not_your_turn"
        assert refused(lambda by=by: coupons.drop(placed_order, "shop", by=by, at=at)) == "not_your_turn"
    late = at + timedelta(minutes=15)
    assert refused(lambda: coupons.use(placed_order, found.code, by=rich_buyer, at=late)) == "wrong_moment"
    lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
    assert refused(lambda: coupons.use(placed_order, found.code, by=rich_buyer, at=at)) == "wrong_moment"
    assert not CouponUse.objects.exists()


def test_what_is_not_for_this_order_does_not_exist(make, placed_order, rich_buyer, at):
    from tests.factories import ShopFactory

    shop = ShopFactory(active=True, at=at)
    words = {"value": 1, "minimum": 2, "most": 1, "per_person": 1, "starts_at": at, "ends_at": at + timedelta(days=1)}
    other = coupons.draft(shop=shop, code="OTHERS", by=shop.owner, at=at, **words)
    coupons.start(other, by=shop.owner, at=at)
    waiting = make("shop", is_started=False)
    for code in (other.code, waiting.code, "NOSUCH", ""):
        assert refused(lambda code=code: coupons.use(placed_order, code, by=rich_buyer, at=at)) == "no_such_coupon"


def test_each_limit_of_a_coupon_holds(make, listing, placed_order, rich_buyer, at):
    use = lambda order, found: coupons.use(order, found.code, by=rich_buyer, at=at)  # noqa: E731
    assert refused(lambda: use(placed_order, make("shop", minimum=29_401))) == "coupon_minimum"
    assert refused(lambda: use(placed_order, make("shop", starts_at=at + timedelta(hours=1)))) == "coupon_not_running"
    once = make("shop")
    use(placed_order, once)
    assert refused(lambda: use(placed_order, make("shop"))) == "coupon_taken"
    again = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    assert refused(lambda: use(again, once)) == "coupon_used_before"
    single = make("shop", most=1)
    use(again, single)
    someone = person("someone")
    theirs = lifecycle.place(buyer=someone, listing=listing, quantity=1, acknowledged=True, at=at)
    assert refused(lambda: coupons.use(theirs, single.code, by=someone, at=at)) == "coupon_gone"


def test_every_unit_keeps_a_price_however_large_the_coupon(make, placed_order, rich_buyer, at):
    found = make("platform", value=29_399, minimum=29_400, most=1)
    coupons.use(placed_order, found.code, by=rich_buyer, at=at)
    lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
    assert placed_order.total == 3
    assert [unit.paid for unit in placed_order.units.order_by("place")] == [1, 1, 1]
    assert pockets(placed_order)[0] == 29_400


def test_a_coupon_that_is_taken_off_can_be_used_elsewhere(make, listing, placed_order, rich_buyer, at):
    found = make("shop")
    coupons.use(placed_order, found.code, by=rich_buyer, at=at)
    coupons.drop(placed_order, "shop", by=rich_buyer, at=at)
    assert refused(lambda: coupons.drop(placed_order, "shop", by=rich_buyer, at=at)) == "no_such_coupon"
    assert (placed_order.total, placed_order.from_shop) == (29_400, 0)
    again = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    coupons.use(again, found.code, by=rich_buyer, at=at)
    found.refresh_from_db()
    assert found.taken == 1


@pytest.mark.parametrize("how", ["cancel", "lapse"])
def test_an_order_that_is_not_paid_gives_its_coupon_back(make, placed_order, rich_buyer, at, how):
    found = make("platform")
    coupons.use(placed_order, found.code, by=rich_buyer, at=at)
    if how == "cancel":
        lifecycle.cancel(placed_order, by=rich_buyer, at=at)
    else:
        fire_overdue(placed_order.root_address, at=placed_order.deadline_at)
    found.refresh_from_db()
    assert found.taken == 0
    assert balance("platform:coupons") == 5_000


def test_a_price_does_not_change_under_an_open_payment(channel_secret, make, placed_order, rich_buyer, at):
    found = make("shop")
    purchase.ask_for_charge(placed_order, channel="sandbox", by=rich_buyer, at=at)
    assert refused(lambda: coupons.use(placed_order, found.code, by=rich_buyer, at=at)) == "payment_open"


# Who bears what: P01 of the rules


def paid_with_both(order, make, buyer, at):
    """Cash ¥80.00, ¥15.00 by the platform, ¥5.00 by the shop."""
    platform = make("platform", value=1_500, minimum=10_000)
    coupons.use(order, platform.code, by=buyer, at=at)
    coupons.use(order, make("shop").code, by=buyer, at=at)
    lifecycle.pay_from_wallet(order, by=buyer, at=at)
    return platform


def test_p01_the_buyer_gets_the_cash_and_the_platform_its_share(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    paid_with_both(order, make, rich_buyer, at)
    units = list(order.units.order_by("place"))
    assert [(unit.paid, unit.coupon, unit.shop_coupon) for unit in units] == [(4_000, 750, 250)] * 2
    assert pockets(order)[0] == 9_500
    assert balance("platform:coupons") == 13_500
    payout = lifecycle.end_case(order, cause="case:1", grants={units[0].pk: 4_000}, at=at)
    assert payout is not None
    assert payout.amount == 4_000
    assert balance("platform:coupons") == 14_250
    assert pockets(order) == [4_750, 0, 0, 0], "nothing of a coupon is paid out in cash"


def test_the_shop_gets_the_platform_s_share_and_pays_commission_on_all_of_it(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    paid_with_both(order, make, rich_buyer, at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    assert pockets(order) == [0, 9_026, 0, 474], "5 % of two times ¥47.50, rounded down"
    fire_overdue(order.root_address, at=order.deadline_at)
    assert pockets(order) == [0, 0, 9_026, 474]


def test_a_price_that_is_lowered_lowers_what_the_platform_adds(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    paid_with_both(order, make, rich_buyer, at)
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 1_001}, at=at)
    first.refresh_from_db()
    # Of ¥40.00 the shop keeps ¥29.99, so of ¥7.50 it keeps ¥5.62, rounded down.
    assert (first.refunded, first.released, first.coupon_released, first.coupon_back) == (1_001, 2_999, 562, 188)
    assert first.commission == (2_999 + 562) * 5 // 100


def test_after_release_the_shop_gives_the_platform_s_share_back_too(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    paid_with_both(order, make, rich_buyer, at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    grants = {unit.pk: 4_000 for unit in order.units.order_by("place")}
    lifecycle.end_case(order, cause="case:1", grants=grants, at=at)
    assert order.state == OrderState.REFUNDED
    assert pockets(order) == [0, 0, 0, 0], "commission included"
    assert balance("platform:coupons") == 15_000


def test_a_fee_for_the_buyer_s_own_reason_keeps_nothing_of_the_coupon(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    paid_with_both(order, make, rich_buyer, at)
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 3_800}, fees={first.pk: 200}, at=at)
    first.refresh_from_db()
    assert (first.refunded, first.fee, first.coupon_back) == (3_800, 200, 750)
    assert pockets(order) == [4_750, 200, 0, 0]


def test_for_its_own_fault_the_platform_lets_the_shop_keep_both(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    paid_with_both(order, make, rich_buyer, at)
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 4_000}, platform_bp=10_000, at=at)
    first.refresh_from_db()
    assert (first.covered, first.released, first.coupon_released, first.coupon_back) == (4_000, 4_000, 750, 0)


def test_after_a_full_refund_the_buyer_may_use_the_coupon_again(two_for_one_hundred, make, listing, rich_buyer, at):
    order = two_for_one_hundred
    platform = paid_with_both(order, make, rich_buyer, at)
    grants = {unit.pk: 4_000 for unit in order.units.order_by("place")}
    lifecycle.end_case(order, cause="case:1", grants=grants, at=at)
    platform.refresh_from_db()
    assert platform.taken == 0
    again = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=2, acknowledged=True, at=at)
    coupons.use(again, platform.code, by=rich_buyer, at=at)


def test_what_comes_back_after_the_coupon_has_ended_is_the_platform_s_own(
    two_for_one_hundred, make, rich_buyer, finance, at
):
    order = two_for_one_hundred
    platform = paid_with_both(order, make, rich_buyer, at)
    coupons.end(platform, by=finance, at=at)
    assert balances(["platform:own", "platform:coupons"]) == {"platform:own": 98_500, "platform:coupons": 0}
    grants = {unit.pk: 4_000 for unit in order.units.order_by("place")}
    lifecycle.end_case(order, cause="case:1", grants=grants, at=at)
    assert balances(["platform:own", "platform:coupons"]) == {"platform:own": 100_000, "platform:coupons": 0}


def test_a_share_that_the_shop_cannot_give_back_stays_counted(two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    platform = paid_with_both(order, make, rich_buyer, at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    away = {"reason": Reason.CORRECTION, "subject": "x:1", "key": "away", "at": at}
    transfer(source=order.shop.account("pending"), target="platform:suspense", amount=9_026, **away)
    grants = {unit.pk: 4_000 for unit in order.units.order_by("place")}
    lifecycle.end_case(order, cause="case:1", grants=grants, at=at)
    platform.refresh_from_db()
    assert platform.taken == 1, "its money is gone"
    assert not platform.uses.filter(back_at=None).exists(), "but the buyer may use it again"


# P11 and P12: commission goes back as the price does


@pytest.mark.parametrize(
    ("paid", "commission", "refund", "reversed_"), [(9_500, 475, 4_750, 238), (10_000, 500, 10_000, 500)]
)
def test_p11_and_p12_commission_goes_back_with_the_price(listing, rich_buyer, at, paid, commission, refund, reversed_):
    Listing.objects.filter(pk=listing.pk).update(price=paid)
    listing.refresh_from_db()
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    assert pockets(order) == [0, paid - commission, 0, commission]
    unit = order.units.get()
    lifecycle.end_case(order, cause="case:1", grants={unit.pk: refund}, at=at)
    unit.refresh_from_db()
    assert unit.commission == commission - reversed_
    assert balance("platform:fees") == commission - reversed_
    assert pockets(order)[1] == paid - commission - refund + reversed_


# Costs and races


def test_coupons_cost_a_verb_nothing_where_there_are_none_and_little_for_500_units(make, big_order, rich_buyer, at):
    def asked_for(order, *codes):
        for code in codes:
            coupons.use(order, code, by=rich_buyer, at=at)
        order = Order.objects.get(pk=order.pk)
        with recorded() as asked:
            lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
        return len(asked)

    listing = big_order(1).snapshot.listing
    place = lambda n: lifecycle.place(buyer=rich_buyer, listing=listing, quantity=n, acknowledged=True, at=at)  # noqa: E731
    plain = asked_for(place(1))
    one = asked_for(place(1), make("platform").code, make("shop").code)
    many = asked_for(place(30), make("platform").code, make("shop").code)
    assert plain == one == many


def test_shares_of_500_units_add_up_to_the_fen(make, big_order, rich_buyer, at):
    order = big_order(1)
    order = lifecycle.place(buyer=rich_buyer, listing=order.snapshot.listing, quantity=30, acknowledged=True, at=at)
    coupons.use(order, make("platform", value=1_499, minimum=1_500).code, by=rich_buyer, at=at)
    coupons.use(order, make("shop", value=7).code, by=rich_buyer, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    units = list(Unit.objects.filter(order=order).order_by("place"))
    assert sum(unit.paid for unit in units) == order.total
    assert sum(unit.coupon for unit in units) == 1_499
    assert [unit.shop_coupon for unit in units][:8] == [1] * 7 + [0], "the earlier unit takes the odd fen"
    assert max(unit.paid for unit in units) - min(unit.paid for unit in units) <= 1


@pytest.mark.django_db(transaction=True)
def test_the_last_coupon_is_taken_once_by_many_at_the_same_moment(make, listing):
    at = clock.now()
    found = make("shop", most=2)
    orders = []
    for number in range(5):
        buyer = person(f"racer{number}")
        order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
        orders.append((order.pk, buyer))

    def take(pk, buyer):
        return lambda: coupons.use(Order.objects.get(pk=pk), found.code, by=buyer, at=at)

    outcomes = race(*(take(pk, buyer) for pk, buyer in orders))
    assert len(won(outcomes)) == 2
    refusals: list[Any] = lost(outcomes)
    assert {refusal.code for refusal in refusals} == {"coupon_gone"}
    found.refresh_from_db()
    assert found.taken == 2


def test_a_coupon_and_two_ways_to_pay_go_together(channel_secret, two_for_one_hundred, make, rich_buyer, at):
    order = two_for_one_hundred
    coupons.use(order, make("platform", value=1_500, minimum=5_000).code, by=rich_buyer, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", part=3_000, by=rich_buyer, at=at)
    assert payment.amount == 5_500
    assert payments.confirm(payment, provider_txn="t", amount=5_500, at=at) == "credited"
    order = Order.objects.get(pk=order.pk)
    assert (order.paid_by, pockets(order)[0]) == ("mixed", 10_000)
    units = escrow.units_of(order)
    assert [(unit.paid, unit.coupon) for unit in units] == [(4_250, 750)] * 2


# Guessing


def test_codes_that_do_not_exist_are_counted_and_ten_are_enough(two_for_one_hundred, rich_buyer, make, at):
    order, made, began = two_for_one_hundred, make("shop"), at - timedelta(minutes=5)

    def tries(code, when):
        with guesses.counted(by=rich_buyer, at=when):
            coupons.use(order, code, by=rich_buyer, at=when)

    for place in range(guesses.MOST):
        assert refused(lambda n=place: tries(f"GUESS{n}", began + n * timedelta(seconds=6))) == "no_such_coupon"
    with pytest.raises(TooOften) as refusal:
        tries(made.code, at)
    assert (refusal.value.code, refusal.value.wait) == ("too_often", 10 * 60 + 1), "also with a code that exists"
    assert Guess.objects.filter(user=rich_buyer).count() == guesses.MOST
    tries(made.code, began + guesses.WITHIN)
    assert CouponUse.objects.get().coupon == made
    assert refused(lambda: tries(made.code, began + guesses.WITHIN)) == "coupon_taken"
    assert not Guess.objects.filter(at__gte=at).exists(), "what exists was not guessed"


def test_guesses_are_forgotten_after_a_day_and_are_each_person_s_own(two_for_one_hundred, rich_buyer, stranger, at):
    Guess.objects.bulk_create([Guess(user=rich_buyer, at=at) for _ in range(guesses.MOST)])
    with guesses.counted(by=stranger, at=at):
        pass
    assert guesses.forget(at=at + guesses.KEPT - timedelta(microseconds=1)) == 0
    assert guesses.forget(at=at + guesses.KEPT) == guesses.MOST


@pytest.mark.django_db(transaction=True)
def test_the_form_of_a_new_coupon_begins_with_a_usual_term(seller, client, deposit):
    client.force_login(seller)
    page = client.get(reverse("orders:coupons", args=[deposit.shop.slug]))
    written = dict(re.findall(r'name="(starts_at|ends_at)" value="([^"]+)"', page.content.decode()))
    begin, end = (datetime.fromisoformat(written[name]) for name in ("starts_at", "ends_at"))
    assert end - begin == timedelta(days=30)
    assert abs(begin.replace(tzinfo=SHANGHAI) - clock.now()) < timedelta(minutes=2)


def test_a_guess_stays_counted_though_its_answer_takes_everything_back(two_for_one_hundred, rich_buyer, client, at):
    """On the page and over the API; what both say then has a stable code and says when to come back."""
    client.force_login(rich_buyer, backend="allauth.account.auth_backends.AuthenticationBackend")
    page, address = (
        reverse(name, args=[two_for_one_hundred.number]) for name in ("orders:use_coupon", "api:use_coupon")
    )
    for place in range(guesses.MOST):
        if place % 2:
            answer = client.post(page, {"code": f"GUESS{place}"})
        else:
            answer = client.post(
                address, {"code": f"GUESS{place}"}, "application/json", headers={"Idempotency-Key": f"k{place}"}
            )
        assert answer.status_code == 409
    told = client.post(address, {"code": "GUESS"}, "application/json", headers={"Idempotency-Key": "last"})
    assert (told.status_code, told.json()["code"]) == (429, "too_often")
    assert 0 < int(told.headers["Retry-After"]) <= 15 * 60 + 1
    assert client.post(page, {"code": "GUESS"}).status_code == 429


def test_a_shop_does_not_find_codes_of_others_by_writing_them(make, seller, client, deposit, at, settings):
    """Eleven drafts with codes that are there already: the eleventh is not looked at, on the page and by the API."""
    taken = make("platform", code="SECRET1").code
    client.force_login(seller, backend="allauth.account.auth_backends.AuthenticationBackend")
    now = clock.now()
    words: dict[str, Any] = {"value": 500, "minimum": 1_000, "most": 10, "per_person": 1}
    words |= {"starts_at": now.isoformat(), "ends_at": (now + timedelta(days=9)).isoformat()}
    path = f"/api/v1/shops/{deposit.shop.slug}/coupons/"

    def write(code, key):
        headers = {"Idempotency-Key": f"write-{key}"}
        return client.post(path, words | {"code": code}, content_type="application/json", headers=headers)

    for number in range(guesses.MOST):
        assert write(taken, number).status_code == 422
    assert Guess.objects.filter(user=seller).count() == guesses.MOST
    assert write("FREE1", "free").json()["code"] == "too_often"
    Guess.objects.all().delete()
    assert write("FREE1", "again").status_code == 201
    assert not Guess.objects.exists(), "a code of one's own is no guess"
