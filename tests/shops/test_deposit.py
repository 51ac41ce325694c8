"""The story of a deposit: each verb allowed, by the wrong person, at the wrong moment, with its money and its event."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts import lifecycle as people
from ledger.accounts import balance, balances
from ledger.models import Transfer
from ledger.transfers import BadAmount
from shops import lifecycle, sanctions
from shops.models import Deposit, Shop
from shops.states import DepositState
from tests.orders.test_order import refused
from tests.queries import recorded
from tests.races import race
from timeline import clock
from timeline.door import Refused
from timeline.models import Event, Timer
from timeline.sweep import sweep


def names(deposit):
    """What happened to the deposit, in order."""
    return [event.name for event in Event.objects.filter(subject=deposit.address).order_by("seq")]


# opening a shop


def test_a_new_shop_may_neither_list_nor_sell_until_it_pays(shop):
    assert shop.deposit.state == DepositState.UNPAID
    assert not shop.deposit.may_list(0)
    assert not shop.deposit.may_sell(0)


@pytest.mark.parametrize(
    ("name", "slug", "field"),
    [
        ("", "a", "name"),
        ("丙", "Not A Slug", "slug"),
        ("丙", "-a-", "slug"),
        ("星河点卡", "other", "name"),
        ("丙", "xinghe", "slug"),
    ],
)
def test_a_shop_with_a_bad_or_taken_name_is_not_opened(shop, seller, at, name, slug, field):
    with pytest.raises(ValidationError) as error:
        lifecycle.open_shop(owner=seller, name=name, slug=slug, required=100_000, at=at)
    assert list(error.value.message_dict) == [field]
    assert Deposit.objects.count() == 1


# paying in


def test_a_paid_deposit_lets_the_shop_sell(deposit):
    assert deposit.state == DepositState.ACTIVE
    assert deposit.may_sell(lifecycle.held_by(deposit))
    assert balances(["channel:sandbox", f"shop:{deposit.shop_id}:deposit"]) == {
        "channel:sandbox": -100_000,
        f"shop:{deposit.shop_id}:deposit": 100_000,
    }
    assert names(deposit) == ["deposit.unpaid", "deposit.paid_in", "deposit.active"]


def test_a_part_of_the_deposit_is_kept_but_does_not_open_the_shop(shop, seller, at):
    lifecycle.pay_in(shop.deposit, amount=79_999, channel="sandbox", by=seller, at=at, key="part")
    assert shop.deposit.state == DepositState.UNPAID
    lifecycle.pay_in(shop.deposit, amount=1, channel="sandbox", by=seller, at=at, key="rest")
    assert shop.deposit.state == DepositState.ACTIVE, "80 % of the required sum is enough"


def test_a_payment_that_is_told_twice_counts_once(shop, seller, at):
    for _ in range(2):
        lifecycle.pay_in(shop.deposit, amount=50_000, channel="sandbox", by=seller, at=at, key="same")
    assert balance(f"shop:{shop.pk}:deposit") == 50_000
    assert names(shop.deposit).count("deposit.paid_in") == 1


def test_a_stranger_pays_no_deposit_for_a_shop(shop, stranger, at):
    with pytest.raises(Refused) as refusal:
        lifecycle.pay_in(shop.deposit, amount=50_000, channel="sandbox", by=stranger, at=at, key="k")
    assert refusal.value.code == "not_your_turn"
    assert not Transfer.objects.exists()


def test_a_closing_shop_pays_nothing_in(deposit, seller, at):
    lifecycle.close(deposit, by=seller, at=at)
    with pytest.raises(Refused) as refusal:
        lifecycle.pay_in(deposit, amount=1, channel="sandbox", by=seller, at=at, key="late")
    assert refusal.value.code == "deposit_closing"
    assert balance(f"shop:{deposit.shop_id}:deposit") == 100_000


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
def test_an_amount_that_is_none_moves_nothing(shop, seller, at, amount):
    with pytest.raises(BadAmount):
        lifecycle.pay_in(shop.deposit, amount=amount, channel="sandbox", by=seller, at=at, key="k")


# falling short


def test_a_deposit_below_eighty_percent_is_short_and_has_three_working_days(deposit, at):
    lifecycle.set_required(deposit, required=125_000, at=at)
    assert deposit.state == DepositState.ACTIVE, "exactly 80 % is enough"
    lifecycle.set_required(deposit, required=125_100, at=at)
    timer = Timer.objects.get(subject=deposit.address)
    assert deposit.state == DepositState.SHORT
    assert (timer.limit, timer.kind, timer.amount, timer.due_at) == (
        "DEPOSIT_TOP_UP",
        "working_days",
        3,
        deposit.deadline_at,
    )


@pytest.mark.parametrize(
    ("held", "lists", "sells"),
    [(10_000, True, True), (5_000, True, True), (4_999, False, True), (2_000, False, True), (1_999, False, False)],
)
def test_a_short_deposit_first_stops_new_listings_then_sales(held, lists, sells):
    deposit = Deposit(required=10_000, state=DepositState.SHORT)
    assert (deposit.may_list(held), deposit.may_sell(held)) == (lists, sells)


def test_a_short_deposit_that_nobody_fills_up_suspends_sales(short_deposit):
    sweep(at=short_deposit.deadline_at)
    short_deposit.refresh_from_db()
    assert short_deposit.state == DepositState.SUSPENDED
    assert not short_deposit.may_sell(100_000)


def test_a_suspension_is_looked_at_again_every_week_until_the_deposit_is_there(short_deposit, seller):
    sweep(at=short_deposit.deadline_at)
    short_deposit.refresh_from_db()
    week = short_deposit.deadline_at
    sweep(at=week)
    short_deposit.refresh_from_db()
    assert short_deposit.deadline_at == week + timedelta(days=7)
    assert Event.objects.filter(name="deposit.suspended").latest("seq").data == {"reason": "the deposit is still short"}
    lifecycle.pay_in(short_deposit, amount=60_000, channel="sandbox", by=seller, at=week, key="fill")
    assert short_deposit.state == DepositState.ACTIVE


def test_the_same_required_sum_again_changes_nothing(deposit, at):
    before = names(deposit)
    lifecycle.set_required(deposit, required=100_000, at=at)
    assert names(deposit) == before


# penalties


def test_a_penalty_goes_to_the_guarantee_fund_and_may_leave_the_deposit_short(deposit, risk, at):
    lifecycle.penalize(deposit, amount=30_000, reason="sold a used code", by=risk, at=at, key="p1")
    assert balances([f"shop:{deposit.shop_id}:deposit", "platform:fund"]) == {
        f"shop:{deposit.shop_id}:deposit": 70_000,
        "platform:fund": 30_000,
    }
    assert deposit.state == DepositState.SHORT
    assert Event.objects.get(name="deposit.penalized").data == {"amount": 30_000, "reason": "sold a used code"}


def test_the_same_penalty_is_imposed_once(deposit, risk, at):
    for _ in range(2):
        lifecycle.penalize(deposit, amount=30_000, reason="r", by=risk, at=at, key="p1")
    assert balance("platform:fund") == 30_000


def test_a_shop_or_a_stranger_imposes_no_penalty(deposit, seller, stranger, at):
    for person in (seller, stranger):
        with pytest.raises(Refused) as refusal:
            lifecycle.penalize(deposit, amount=1, reason="r", by=person, at=at, key="p1")
        assert refusal.value.code == "not_your_turn"


@pytest.mark.parametrize("amount", [0, -1, 100_001])
def test_a_penalty_is_more_than_nothing_and_at_most_the_deposit(deposit, risk, at, amount):
    with pytest.raises(Refused) as refusal:
        lifecycle.penalize(deposit, amount=amount, reason="r", by=risk, at=at, key="p1")
    assert refusal.value.code == "deposit_too_small"


# closing


def test_a_closed_shop_gets_its_deposit_back_after_the_quiet_time(deposit, seller, at):
    lifecycle.close(deposit, by=seller, at=at)
    assert not deposit.may_sell(100_000)
    sweep(at=deposit.deadline_at - timedelta(seconds=1))
    assert balance(f"shop:{deposit.shop_id}:deposit") == 100_000
    sweep(at=deposit.deadline_at)
    deposit.refresh_from_db()
    assert deposit.state == DepositState.RETURNED
    assert balances([f"shop:{deposit.shop_id}:deposit", "channel:sandbox:out"]) == {
        f"shop:{deposit.shop_id}:deposit": 0,
        "channel:sandbox:out": 100_000,
    }


def test_only_the_shop_closes_itself(deposit, stranger, at):
    with pytest.raises(Refused) as refusal:
        lifecycle.close(deposit, by=stranger, at=at)
    assert refusal.value.code == "not_your_turn"


def test_a_shop_that_never_paid_or_is_closing_already_cannot_be_closed(shop, seller, at):
    with pytest.raises(Refused) as refusal:
        lifecycle.close(shop.deposit, by=seller, at=at)
    assert refusal.value.code == "wrong_moment"


# taking a closing back


def test_a_shop_thinks_better_of_closing_and_sells_again(deposit, seller, at):
    """Transition B10: the quiet time ends, and nothing moves."""
    lifecycle.pay_in(deposit, amount=100_000, channel="sandbox", by=seller, at=at, key="what the base asks")
    lifecycle.close(deposit, by=seller, at=at)
    due_at = deposit.deadline_at
    lifecycle.reopen(deposit, by=seller, at=due_at - timedelta(seconds=1))
    assert (deposit.state, deposit.deadline_at) == (DepositState.ACTIVE, None)
    assert deposit.may_sell(100_000)
    assert names(deposit)[-1] == "deposit.reopened"
    sweep(at=due_at)
    assert Deposit.objects.get().state == DepositState.ACTIVE
    assert balance(f"shop:{deposit.shop_id}:deposit") == 200_000
    lifecycle.close(deposit, by=seller, at=due_at)
    sweep(at=deposit.deadline_at)
    assert balance(f"shop:{deposit.shop_id}:deposit") == 0, "it can close a second time, and is paid once"


def test_closing_and_coming_back_is_no_way_round_the_clock_of_a_short_deposit(short_deposit, seller, at):
    lifecycle.close(short_deposit, by=seller, at=at)
    lifecycle.reopen(short_deposit, by=seller, at=at + timedelta(days=1))
    assert short_deposit.state == DepositState.SUSPENDED
    assert short_deposit.deadline_at == at + timedelta(days=8)
    assert names(short_deposit)[-1] == "deposit.reopened_short"
    lifecycle.pay_in(short_deposit, amount=60_000, channel="sandbox", by=seller, at=at + timedelta(days=2), key="fill")
    assert short_deposit.state == DepositState.ACTIVE


def test_what_it_needs_is_asked_when_it_comes_back(deposit, seller, at):
    lifecycle.close(deposit, by=seller, at=at)
    lifecycle.set_required(deposit, required=500_000, at=at)
    assert deposit.state == DepositState.CLOSING, "a shop that closes is not pressed for more"
    lifecycle.reopen(deposit, by=seller, at=at)
    assert deposit.state == DepositState.SUSPENDED


def test_what_it_needs_is_computed_anew_once_it_missed_a_day(listing, seller, at):
    """It offers activation codes: ¥5,000, of which ¥1,000 are there."""
    deposit = listing.shop.deposit
    lifecycle.close(deposit, by=seller, at=at)
    later = at + timedelta(days=1)
    lifecycle.reopen(deposit, by=seller, at=later)
    assert (deposit.required, deposit.state) == (500_000, DepositState.SUSPENDED)
    assert names(deposit)[-2:] == ["deposit.required_changed", "deposit.reopened_short"]
    assert lifecycle.what_stops_sales(deposit, held=100_000, at=later) == ["deposit"]
    assert lifecycle.missing(deposit, 100_000) == 300_000, "80 % of ¥5,000 are ¥4,000"
    lifecycle.pay_in(deposit, amount=300_000, channel="sandbox", by=seller, at=later, key="all that is missing")
    assert (deposit.state, lifecycle.missing(deposit, 400_000)) == (DepositState.ACTIVE, 0)


def _licence_over(shop, *, risk, at):
    Shop.objects.filter(pk=shop.pk).update(licensed_until=at.date() - timedelta(days=2))


def _sales_stopped(shop, *, risk, at):
    sanctions.impose(shop, step="no_sales", reason="卖假码", is_grave=True, by=risk, at=at)


def _owner_suspended(shop, *, risk, at):
    people.suspend(shop.owner, reason="卖假码", until=None, by=risk, at=at)


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    ("stop", "by"), [(_sales_stopped, "step"), (_licence_over, "licence"), (_owner_suspended, "owner")]
)
def test_nobody_is_told_that_a_shop_sells_again_which_something_else_stops(deposit, seller, risk, at, stop, by):
    stop(deposit.shop, risk=risk, at=at)
    lifecycle.close(deposit, by=seller, at=at)
    assert lifecycle.what_stops_sales(deposit, held=100_000, at=at) == ["closed"]
    lifecycle.reopen(deposit, by=seller, at=at)
    assert deposit.state == DepositState.ACTIVE
    assert names(deposit)[-1] == "deposit.reopened_stopped"
    assert lifecycle.what_stops_sales(deposit, held=100_000, at=at) == [by]


def test_only_the_shop_takes_its_closing_back_and_only_while_it_lasts(deposit, seller, stranger, risk, at):
    assert refused(lambda: lifecycle.reopen(deposit, by=seller, at=at)) == "wrong_moment"
    lifecycle.close(deposit, by=seller, at=at)
    for person in (stranger, risk):
        assert refused(lambda person=person: lifecycle.reopen(deposit, by=person, at=at)) == "not_your_turn"
        assert not lifecycle.may_reopen(deposit, person, at)
    due_at = deposit.deadline_at
    assert refused(lambda: lifecycle.reopen(deposit, by=seller, at=due_at)) == "wrong_moment"
    assert (lifecycle.may_reopen(deposit, seller, at), lifecycle.may_reopen(deposit, seller, due_at)) == (True, False)
    sweep(at=due_at)
    deposit.refresh_from_db()
    assert refused(lambda: lifecycle.reopen(deposit, by=seller, at=due_at)) == "wrong_moment"


def test_what_the_mall_closed_stays_closed(deposit, seller, risk, at):
    step = sanctions.impose(deposit.shop, step="closing", reason="卖假码", is_grave=True, by=risk, at=at)
    lifecycle.close(deposit, by=seller, at=at)
    assert lifecycle.may_reopen(deposit, seller, at), "nothing is carried out yet"
    sweep(at=step.until)
    assert step.until < deposit.deadline_at
    assert refused(lambda: lifecycle.reopen(deposit, by=seller, at=step.until)) == "closed_by_the_mall"
    assert not lifecycle.may_reopen(deposit, seller, step.until)


def test_a_clock_that_came_too_late_changes_nothing(short_deposit, seller, at):
    due_at = short_deposit.deadline_at
    lifecycle.pay_in(short_deposit, amount=100_000, channel="sandbox", by=seller, at=at, key="k")
    lifecycle.lapse(short_deposit, limit="DEPOSIT_TOP_UP", at=due_at)
    assert short_deposit.state == DepositState.ACTIVE


# races


@pytest.mark.django_db(transaction=True)
def test_the_clock_and_the_shop_at_the_same_moment_have_one_outcome(short_deposit, seller):
    due_at = short_deposit.deadline_at

    def pay():
        lifecycle.pay_in(Deposit.objects.get(), amount=100_000, channel="sandbox", by=seller, at=due_at, key="race")

    race(pay, lambda: sweep(at=due_at))
    deposit = Deposit.objects.get()
    assert deposit.state == DepositState.ACTIVE
    assert Timer.objects.get(limit="DEPOSIT_TOP_UP").state in {"fired", "cancelled"}


@pytest.mark.django_db(transaction=True)
def test_a_deposit_that_goes_back_and_a_shop_that_comes_back_have_one_outcome(deposit, seller, at):
    lifecycle.pay_in(deposit, amount=100_000, channel="sandbox", by=seller, at=at, key="what the base asks")
    lifecycle.close(deposit, by=seller, at=at)
    due_at = deposit.deadline_at

    def reopen():
        lifecycle.reopen(Deposit.objects.get(), by=seller, at=due_at - timedelta(seconds=1))

    race(reopen, lambda: sweep(at=due_at))
    left = balance(f"shop:{deposit.shop_id}:deposit")
    assert (Deposit.objects.get().state, left) in {(DepositState.ACTIVE, 200_000), (DepositState.RETURNED, 0)}


@pytest.mark.django_db(transaction=True)
def test_two_penalties_at_once_never_take_more_than_there_is(deposit, risk):
    at = clock.now()

    def penalize(key):
        return lambda: lifecycle.penalize(Deposit.objects.get(), amount=60_000, reason="r", by=risk, at=at, key=key)

    race(penalize("a"), penalize("b"))
    assert balance("platform:fund") == 60_000


@pytest.mark.parametrize(("verb", "most"), [("pay_in", 9), ("penalize", 11), ("close", 8), ("reopen", 10)])
def test_a_verb_of_the_deposit_takes_few_queries(deposit, seller, risk, at, verb, most):
    calls = {
        "pay_in": lambda: lifecycle.pay_in(deposit, amount=1, channel="sandbox", by=seller, at=at, key="q"),
        "penalize": lambda: lifecycle.penalize(deposit, amount=90_000, reason="r", by=risk, at=at, key="q"),
        "close": lambda: lifecycle.close(deposit, by=seller, at=at),
        "reopen": lambda: lifecycle.reopen(deposit, by=seller, at=at),
    }
    if verb == "reopen":
        lifecycle.close(deposit, by=seller, at=at)
    with recorded() as asked:
        calls[verb]()
    assert len(asked) <= most, asked
