"""The story of an order: each verb allowed, by the wrong person, at the wrong moment, with its money and its event."""

from datetime import timedelta

import pytest

from accounts import lifecycle as people
from ledger.accounts import balance, balances
from ledger.models import Transfer
from orders import delivery, escrow, lifecycle
from orders.models import Order, Reveal, Snapshot, Unit
from orders.states import Delivery, OrderState
from shops import listings, stock
from shops.models import Card
from tests.queries import recorded
from tests.races import race
from timeline import clock
from timeline.door import Refused
from timeline.models import Event, Timer
from timeline.sweep import sweep

VISIT = delivery.Visit(address="203.0.113.77", session="s", agent="a phone")


def refused(call):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def pockets(order):
    """Where the money of an order is, in fen."""
    shop = order.shop
    held = balances([order.escrow, shop.account("pending"), shop.account("available"), "platform:fees"])
    return list(held.values())


# placing


def test_an_order_writes_down_what_was_promised_and_sets_the_codes_aside(placed_order, listing, at):
    snapshot = Snapshot.objects.get(order=placed_order)
    assert placed_order.state == OrderState.PLACED
    assert placed_order.total == 29_400
    assert '"promise_minutes":10' in snapshot.body
    assert (snapshot.notice_text, snapshot.acknowledged_at) == (listing.notice, at)
    assert stock.count_free(listing) == 7
    assert Timer.objects.get(subject=placed_order.address).due_at == at + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"acknowledged": False}, "notice_not_acknowledged"),
        ({"quantity": 0}, "bad_quantity"),
        ({"quantity": -1}, "bad_quantity"),
        ({"quantity": 501}, "bad_quantity"),
        ({"quantity": 11}, "sold_out"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_sets_nothing_aside(listing, rich_buyer, at, change, code):
    words = {"buyer": rich_buyer, "listing": listing, "quantity": 1, "acknowledged": True, "at": at, **change}
    assert refused(lambda: lifecycle.place(**words)) == code
    assert not Order.objects.exists()
    assert stock.count_free(listing) == 10


def test_a_shop_cannot_buy_from_itself(listing, seller, at):
    call = lambda: lifecycle.place(buyer=seller, listing=listing, quantity=1, acknowledged=True, at=at)  # noqa: E731
    assert refused(call) == "own_goods"


def test_what_is_not_on_sale_cannot_be_ordered(listing, rich_buyer, seller, at):
    listings.pause(listing, by=seller, at=at)
    call = lambda: lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)  # noqa: E731
    assert refused(call) == "not_on_sale"


def test_an_order_that_nobody_pays_expires_and_its_codes_are_for_sale_again(placed_order, listing, at):
    assert sweep(at=at + timedelta(minutes=15)).fired == 1
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.EXPIRED
    assert stock.count_free(listing) == 10


def test_the_buyer_cancels_what_is_not_paid(placed_order, rich_buyer, stranger, listing, at):
    assert refused(lambda: lifecycle.cancel(placed_order, by=stranger, at=at)) == "not_your_turn"
    lifecycle.cancel(placed_order, by=rich_buyer, at=at)
    assert placed_order.state == OrderState.CANCELLED
    assert stock.count_free(listing) == 10
    assert refused(lambda: lifecycle.cancel(placed_order, by=rich_buyer, at=at)) == "wrong_moment"


# paying and delivery


def test_a_paid_order_is_delivered_at_once_and_its_money_is_in_escrow(order, rich_buyer, at):
    assert order.state == OrderState.DELIVERED
    assert pockets(order) == [29_400, 0, 0, 0]
    assert balance(f"user:{rich_buyer.pk}:wallet") == 70_600
    units = list(Unit.objects.order_by("place"))
    assert [(unit.delivery, unit.paid, unit.held) for unit in units] == [("sealed", 9_800, 9_800)] * 3
    assert {unit.inspection_ends_at for unit in units} == {at + timedelta(hours=72)}
    names = [event.name for event in Event.objects.filter(subject=order.address).order_by("seq")]
    assert names == ["order.placed", "order.paid", "order.delivered"]


def test_only_the_buyer_pays(placed_order, stranger, at):
    assert refused(lambda: lifecycle.pay_from_wallet(placed_order, by=stranger, at=at)) == "not_your_turn"


def test_an_order_is_paid_once(order, rich_buyer, at):
    assert refused(lambda: lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)) == "wrong_moment"
    assert pockets(order)[0] == 29_400


def test_an_order_cannot_be_paid_when_its_time_is_over(placed_order, rich_buyer, at):
    late = at + timedelta(minutes=15)
    assert refused(lambda: lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=late)) == "wrong_moment"


def test_who_has_too_little_is_told_and_keeps_the_order(listing, buyer, at):
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    assert refused(lambda: lifecycle.pay_from_wallet(order, by=buyer, at=at)) == "insufficient_balance"
    order.refresh_from_db()
    assert order.state == OrderState.PLACED


# looking at a code


def test_looking_at_a_code_is_recorded_for_ever_and_only_the_first_time_opens_it(order, rich_buyer, at):
    unit = order.units.get(place=1)
    for minute in (1, 2):
        delivery.reveal(unit, by=rich_buyer, at=at + timedelta(minutes=minute), visit=VISIT)
    unit.refresh_from_db()
    assert unit.delivery == Delivery.REVEALED
    assert list(Reveal.objects.order_by("at").values_list("address_prefix", flat=True)) == ["203.0.113.0/24"] * 2
    seen = Event.objects.filter(name="order.code_revealed").order_by("seq")
    assert [event.data for event in seen] == [{"first": True, "unit": 1}, {"first": False, "unit": 1}]


def test_nobody_else_looks_at_a_code(order, stranger, seller, lead, at):
    unit = order.units.get(place=1)
    for person in (stranger, seller, lead):
        assert refused(lambda by=person: delivery.reveal(unit, by=by, at=at, visit=VISIT)) == "not_your_turn"
    assert not Reveal.objects.exists()


def test_a_sealed_code_stays_sealed_while_a_case_is_open(order, rich_buyer, at):
    unit = order.units.get(place=1)
    escrow.hold(order, [unit], by="case:1", at=at)
    assert refused(lambda: delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)) == "case_open"


# confirming, release and settlement


def test_the_buyer_confirms_and_the_shop_s_money_waits_for_settlement(order, rich_buyer, at):
    lifecycle.confirm(order, by=rich_buyer, at=at)
    assert order.state == OrderState.COMPLETED
    assert pockets(order) == [0, 27_930, 0, 1_470], "5 % commission"
    assert order.deadline_at == at + timedelta(days=7), "a new shop waits seven days"


def test_only_the_buyer_confirms_and_only_once(order, rich_buyer, seller, at):
    assert refused(lambda: lifecycle.confirm(order, by=seller, at=at)) == "not_your_turn"
    lifecycle.confirm(order, by=rich_buyer, at=at)
    assert refused(lambda: lifecycle.confirm(order, by=rich_buyer, at=at)) == "wrong_moment"


def test_silence_of_the_buyer_completes_settles_and_archives(order, at):
    sweep(at=at + timedelta(hours=72))
    order.refresh_from_db()
    assert (order.state, pockets(order)) == (OrderState.COMPLETED, [0, 27_930, 0, 1_470])
    sweep(at=order.deadline_at)
    order.refresh_from_db()
    assert (order.state, pockets(order)) == (OrderState.SETTLED, [0, 0, 27_930, 1_470])
    sweep(at=order.deadline_at)
    order.refresh_from_db()
    assert order.state == OrderState.ARCHIVED


# cases


def test_a_case_holds_its_unit_and_the_others_go_on(order, at):
    first = order.units.get(place=1)
    escrow.hold(order, [first], by="case:1", at=at)
    sweep(at=at + timedelta(hours=72))
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert pockets(order) == [9_800, 18_620, 0, 980]
    sweep(at=at + timedelta(hours=72, days=7))
    assert pockets(order) == [9_800, 0, 18_620, 980]
    order.refresh_from_db()
    assert order.deadline_at is None, "only the held unit is left: the clock stands still"


def test_after_a_case_inspection_goes_on_with_at_least_24_hours(order, at):
    first = order.units.get(place=1)
    escrow.hold(order, [first], by="case:1", at=at + timedelta(hours=70))
    lifecycle.end_case(order, cause="case:1", at=at + timedelta(hours=71))
    first.refresh_from_db()
    assert first.inspection_ends_at == at + timedelta(hours=71 + 24)


def test_a_unit_paid_back_from_escrow(order, rich_buyer, at):
    first = order.units.get(place=1)
    escrow.hold(order, [first], by="case:1", at=at)
    payout = lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_800}, at=at)
    assert payout is not None
    assert (payout.amount, payout.destination, payout.state) == (9_800, "wallet", "paid")
    assert pockets(order) == [19_600, 0, 0, 0]
    assert balance(f"user:{rich_buyer.pk}:wallet") == 80_400


def test_the_rest_of_a_unit_that_is_partly_paid_back_is_released_at_once(order, at):
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 5_880}, at=at)
    first.refresh_from_db()
    assert (first.refunded, first.released, first.held, first.commission) == (5_880, 3_920, 0, 196)
    assert pockets(order) == [19_600, 3_724, 0, 196]


def test_a_fee_for_the_buyer_s_own_reason_goes_to_the_shop(order, at):
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_310}, fees={first.pk: 490}, at=at)
    first.refresh_from_db()
    assert (first.refunded, first.fee, first.held) == (9_310, 490, 0)
    assert pockets(order) == [19_600, 490, 0, 0]


def test_an_order_whose_every_unit_is_paid_back_is_over(order, at):
    grants = {unit.pk: unit.paid for unit in order.units.order_by("place")}
    lifecycle.end_case(order, cause="case:1", grants=grants, at=at)
    assert order.state == OrderState.REFUNDED
    assert pockets(order) == [0, 0, 0, 0]
    assert not Timer.objects.live().filter(subject=order.address).exists()


def settled(order):
    """The order after inspection and settlement; the moment."""
    sweep(at=order.deadline_at)
    order.refresh_from_db()
    at = order.deadline_at
    sweep(at=at)
    order.refresh_from_db()
    return at


def test_after_settlement_the_shop_pays_and_gets_the_commission_back(order):
    at = settled(order)
    first = order.units.get(place=1)
    payout = lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_800}, at=at)
    assert payout is not None
    assert payout.amount == 9_800
    assert pockets(order) == [0, 0, 18_620, 980]
    first.refresh_from_db()
    assert (first.refunded, first.released, first.commission) == (9_800, 0, 0)


def test_when_the_shop_has_nothing_deposit_and_fund_pay_and_the_shop_owes_the_fund(order, at):
    from ledger.transfers import Reason, transfer

    at = settled(order)
    shop = order.shop
    move = {"subject": shop.address, "at": at}
    away = {"amount": 27_930, "reason": Reason.CORRECTION, "key": "w", **move}
    transfer(source=shop.account("available"), target="platform:suspense", **away)
    drained = {"amount": 95_000, "reason": Reason.PENALTY, "key": "p", **move}
    transfer(source=shop.account("deposit"), target="platform:fund", **drained)
    first = order.units.get(place=1)
    plan = escrow.plan(order, escrow.units_of(order), grants={first.pk: 9_800})
    assert [(leg.name, leg.amount) for leg in plan.legs] == [("available", 490), ("deposit", 5_000), ("fund", 4_310)]
    payout = lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_800}, at=at)
    assert payout is not None
    assert payout.amount == 9_800
    assert balance(shop.account("debt")) == -4_310
    assert balance("platform:recoverable") == 4_310


@pytest.fixture
def indebted(order, at):
    """The fund has paid ¥43.10 of the first of the order's units, which the shop owes it."""
    from ledger.transfers import Reason, transfer

    move = {"subject": order.shop.address, "at": at}
    given = {"amount": 50_000, "reason": Reason.FUNDING, "key": "fund", **move}
    transfer(source="channel:sandbox", target="platform:fund", **given)
    owed = {"amount": 4_310, "reason": Reason.DEBT, "key": "debt", **move}
    transfer(source=order.shop.account("debt"), target="platform:recoverable", **owed)
    return order


def test_what_a_shop_owes_the_fund_is_collected_from_what_it_earns_next(indebted):
    shop, fund = indebted.shop, balance("platform:fund")
    at = settled(indebted)
    assert (balance(shop.account("debt")), balance("platform:recoverable")) == (0, 0)
    assert balance("platform:fund") == fund + 4_310
    assert pockets(indebted)[2] == 27_930 - 4_310, "the rest is the shop's"
    told = Transfer.objects.filter(reason="debt_collected").order_by("pk").values_list("amount", "subject", "at")
    assert list(told) == [(4_310, indebted.address, at)] * 2


def test_a_debt_that_is_larger_is_collected_as_far_as_the_income_goes(indebted):
    from ledger.transfers import Reason, transfer

    shop = indebted.shop
    more = {"amount": 50_000, "reason": Reason.DEBT, "key": "more", "subject": shop.address, "at": indebted.placed_at}
    transfer(source=shop.account("debt"), target="platform:recoverable", **more)
    settled(indebted)
    assert pockets(indebted)[2] == 0
    assert (balance(shop.account("debt")), balance("platform:recoverable")) == (27_930 - 54_310, 54_310 - 27_930)


def test_what_nobody_has_stays_owed_and_raises_an_alarm(order):
    from ledger.transfers import Reason, transfer

    at = settled(order)
    shop = order.shop
    for source, amount in ((shop.account("available"), 27_930), (shop.account("deposit"), 100_000)):
        words = {"reason": Reason.CORRECTION, "subject": shop.address, "key": source, "at": at}
        transfer(source=source, target="platform:suspense", amount=amount, **words)
    first = order.units.get(place=1)
    payout = lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_800}, at=at)
    assert payout is not None
    assert payout.amount == 490, "only the commission came back"
    alarm = Event.objects.get(name="order.waterfall_ran_dry")
    assert alarm.data == {"cause": "case:1", "missing": 9_310}
    first.refresh_from_db()
    assert (first.refunded, first.released) == (490, 9_310)


def test_the_platform_pays_for_its_own_fault_and_the_shop_keeps_its_part(order, at):
    from ledger.transfers import Reason, transfer

    words = {"reason": Reason.FUNDING, "subject": "platform:own", "key": "own", "at": at}
    transfer(source="channel:sandbox", target="platform:own", amount=50_000, **words)
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_800}, platform_bp=10_000, at=at)
    first.refresh_from_db()
    assert (first.covered, first.refunded, first.released) == (9_800, 0, 9_800)
    assert balance("platform:own") == 40_200
    assert pockets(order) == [19_600, 9_310, 0, 490]


def test_a_claim_after_settlement_sets_part_of_the_deposit_aside(order):
    at = settled(order)
    first = order.units.get(place=1)
    escrow.hold(order, [first], by="case:1", at=at)
    escrow.reserve(order, [first], cause="case:1", amount=9_800, at=at)
    deposit, reserved = order.shop.account("deposit"), order.shop.account("reserved")
    assert balances([deposit, reserved]) == {deposit: 90_200, reserved: 9_800}
    lifecycle.end_case(order, cause="case:1", at=at)
    assert balances([deposit, reserved]) == {deposit: 100_000, reserved: 0}


@pytest.mark.parametrize("grant", [9_801, -1])
def test_a_unit_never_gives_back_more_than_it_cost(order, at, grant):
    first = order.units.get(place=1)
    with pytest.raises(ValueError, match="left"):
        lifecycle.end_case(order, cause="case:1", grants={first.pk: grant}, at=at)


# races and costs


@pytest.mark.django_db(transaction=True)
def test_two_buyers_of_the_last_codes_never_get_the_same(listing, rich_buyer, stranger):
    at = clock.now()

    def buy(buyer):
        return lambda: lifecycle.place(buyer=buyer, listing=listing, quantity=6, acknowledged=True, at=at)

    outcomes = race(buy(rich_buyer), buy(stranger))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Order", "Refused"]
    assert Card.objects.filter(taken_at__isnull=False).count() == 6


@pytest.mark.django_db(transaction=True)
def test_paying_twice_at_the_same_moment_pays_once(placed_order, rich_buyer):
    at = clock.now()
    pay = lambda: lifecycle.pay_from_wallet(Order.objects.get(), by=rich_buyer, at=at)  # noqa: E731
    race(pay, pay, pay)
    assert balance(f"user:{rich_buyer.pk}:wallet") == 70_600
    assert Event.objects.filter(name="order.delivered").count() == 1


@pytest.mark.django_db(transaction=True)
def test_confirming_and_the_clock_at_the_same_moment_release_once(order, rich_buyer):
    due_at = order.deadline_at
    race(lambda: lifecycle.confirm(Order.objects.get(), by=rich_buyer, at=due_at), lambda: sweep(at=due_at))
    assert pockets(order) == [0, 27_930, 0, 1_470]


def costs(listing, buyer, quantity, at):
    """How many queries each verb takes for an order of so many units."""
    found = {}
    with recorded() as asked:
        order = lifecycle.place(buyer=buyer, listing=listing, quantity=quantity, acknowledged=True, at=at)
    found["place"] = len(asked)
    order = Order.objects.select_related("shop").get(pk=order.pk)
    with recorded() as asked:
        lifecycle.pay_from_wallet(order, by=buyer, at=at)
    found["pay and deliver"] = len(asked)
    units = escrow.units_of(order)
    with recorded() as asked:
        escrow.hold(order, units, by=f"case:{order.pk}", at=at)
    found["hold"] = len(asked)
    with recorded() as asked:
        lifecycle.end_case(order, cause=f"case:{order.pk}", grants={unit.pk: 600 for unit in units}, at=at)
    found["end case"] = len(asked)
    return found


def test_a_verb_over_500_units_asks_as_often_as_over_one(draft, seller, rich_buyer, at):
    from ledger.transfers import Reason, transfer

    wallet = {"target": f"user:{rich_buyer.pk}:wallet", "reason": Reason.TOP_UP, "subject": "user:1", "key": "more"}
    transfer(source="channel:sandbox", amount=10_000_000, at=at, **wallet)
    stock.add_batch(draft, [f"CODE-{number:05}" for number in range(501)], by=seller, at=at)
    listings.put_on_sale(draft, by=seller, at=at)
    one = costs(draft, rich_buyer, 1, at)
    many = costs(draft, rich_buyer, 500, at)
    assert many == one, (one, many)


def test_a_shop_whose_owner_is_suspended_sells_nothing(listing, rich_buyer, seller, risk, at):
    people.suspend(seller, reason="sold used codes", until=None, by=risk, at=at)
    call = lambda: lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)  # noqa: E731
    assert refused(call) == "shop_cannot_sell"
