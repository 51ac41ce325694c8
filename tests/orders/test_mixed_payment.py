"""An order paid from the balance and by a channel together: set aside, brought, given back, and every wrong notice."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from kamen.sandbox_channel import Channel
from ledger import payments
from ledger.accounts import balance, balances
from ledger.models import Notice, Payment, Payout
from ledger.states import PaymentState
from orders import lifecycle, purchase
from orders.models import Order
from orders.states import OrderState
from refunds import outside
from shops.models import Listing
from tests.fixtures.cases import claim
from tests.fixtures.channel import SECRET
from tests.orders.test_order import refused
from tests.queries import recorded
from tests.races import race
from timeline import clock, outages
from timeline.door import verb
from timeline.models import Event, Timer
from timeline.sweep import fire_overdue, sweep

pytestmark = pytest.mark.usefixtures("channel_secret")


@pytest.fixture
def p03(listing, rich_buyer, at):
    """An order of ¥100.00 that is not paid yet."""
    Listing.objects.filter(pk=listing.pk).update(price=10_000)
    listing.refresh_from_db()
    return lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)


@pytest.fixture
def asked(p03, rich_buyer, at):
    """¥30.00 of it are set aside from the balance, ¥70.00 asked of the channel."""
    return purchase.ask_for_charge(p03, channel="sandbox", part=3_000, by=rich_buyer, at=at)


@pytest.fixture
def mixed(p03, asked, at):
    """The order, paid in both ways."""
    assert payments.confirm(asked, provider_txn="t1", amount=7_000, at=at) == "credited"
    return Order.objects.get(pk=p03.pk)


def wallet(user):
    return balance(f"user:{user.pk}:wallet")


def names(order):
    return [event.name for event in Event.objects.filter(subject=order.address).order_by("seq")]


# Setting a part aside


def test_the_part_from_the_balance_waits_in_escrow_for_the_rest(p03, asked, rich_buyer):
    p03.refresh_from_db()
    assert (asked.amount, p03.from_wallet, p03.to_charge) == (7_000, 3_000, 7_000)
    assert (wallet(rich_buyer), balance(p03.escrow)) == (97_000, 3_000)
    event = Event.objects.get(name="order.part_set_aside")
    assert (event.by, event.data) == (rich_buyer, {"amount": 3_000})
    assert p03.state == OrderState.PLACED


@pytest.mark.parametrize(("part", "code"), [(-1, "bad_part"), (10_000, "bad_part"), (10_001, "bad_part")])
def test_a_part_is_less_than_the_price(p03, rich_buyer, at, part, code):
    ask = lambda: purchase.ask_for_charge(p03, channel="sandbox", part=part, by=rich_buyer, at=at)  # noqa: E731
    assert refused(ask) == code
    assert not Payment.objects.exists()


def test_nobody_sets_aside_what_is_not_there(listing, buyer, stranger, at):
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    ask = lambda by: purchase.ask_for_charge(order, channel="sandbox", part=1, by=by, at=at)  # noqa: E731
    assert refused(lambda: ask(buyer)) == "insufficient_balance"
    assert refused(lambda: ask(stranger)) == "not_your_turn"


def test_asking_again_for_the_same_gives_the_same_payment(p03, asked, rich_buyer, at):
    assert purchase.ask_for_charge(p03, channel="sandbox", part=3_000, by=rich_buyer, at=at) == asked
    assert wallet(rich_buyer) == 97_000


def test_another_part_is_another_payment_and_the_first_part_comes_back(p03, asked, rich_buyer, at):
    other = purchase.ask_for_charge(p03, channel="sandbox", part=98_00 // 2, by=rich_buyer, at=at)
    assert other != asked
    assert (other.amount, wallet(rich_buyer), balance(p03.escrow)) == (5_100, 95_100, 4_900)


def test_a_part_that_was_set_aside_can_be_set_aside_anew_though_the_rest_of_the_balance_is_less(
    listing, rich_buyer, at
):
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=10, acknowledged=True, at=at)
    purchase.ask_for_charge(order, channel="sandbox", part=60_000, by=rich_buyer, at=at)
    purchase.ask_for_charge(order, channel="sandbox", part=90_000, by=rich_buyer, at=at)
    assert wallet(rich_buyer) == 10_000


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_a_part_comes_back_when_the_order_is_not_paid(p03, asked, rich_buyer, at, how):
    if how == "cancel":
        lifecycle.cancel(p03, by=rich_buyer, at=at)
    else:
        sweep(at=p03.deadline_at)
    p03.refresh_from_db()
    assert p03.state == {"cancel": OrderState.CANCELLED, "expire": OrderState.EXPIRED}[how]
    assert (wallet(rich_buyer), balance(p03.escrow), p03.from_wallet) == (100_000, 0, 0)
    assert "order.part_given_back" in names(p03)


def test_the_whole_can_still_be_paid_from_the_balance(p03, asked, rich_buyer, at):
    lifecycle.pay_from_wallet(p03, by=rich_buyer, at=at)
    assert (p03.paid_by, p03.from_wallet, wallet(rich_buyer)) == ("wallet", 0, 90_000)
    assert payments.confirm(asked, provider_txn="t1", amount=7_000, at=at) == "returned"


# The channel brings the rest


def test_when_the_rest_comes_the_order_is_paid_in_both_ways(mixed, rich_buyer):
    assert (mixed.paid_by, mixed.from_wallet, mixed.total) == ("mixed", 3_000, 10_000)
    assert mixed.state == OrderState.DELIVERED
    assert balances([mixed.escrow, "channel:sandbox"])[mixed.escrow] == 10_000
    assert Event.objects.get(name="order.paid").data == {"amount": 10_000, "by": "mixed"}
    assert wallet(rich_buyer) == 97_000


def test_whoever_brings_the_whole_by_the_channel_gets_the_part_back(p03, rich_buyer, at):
    whole = purchase.ask_for_charge(p03, channel="sandbox", by=rich_buyer, at=at)
    purchase.ask_for_charge(p03, channel="sandbox", part=3_000, by=rich_buyer, at=at)
    assert payments.confirm(whole, provider_txn="t1", amount=10_000, at=at) == "credited"
    order = Order.objects.get(pk=p03.pk)
    assert (order.paid_by, order.from_wallet, wallet(rich_buyer)) == ("channel", 0, 100_000)


# Wrong notices (J15; T5 to T8)


@pytest.mark.parametrize("amount", [1, 6_999, 7_001, 10_000])
def test_a_short_or_too_large_charge_goes_back_and_the_part_waits_on(p03, asked, rich_buyer, at, amount):
    assert payments.confirm(asked, provider_txn="t1", amount=amount, at=at) == "returned"
    p03.refresh_from_db()
    assert (p03.state, p03.from_wallet) == (OrderState.PLACED, 3_000)
    back = Payout.objects.get()
    assert (back.amount, back.charge, back.destination) == (amount, "t1", "channel")
    assert balance("platform:suspense") == 0
    assert payments.confirm(asked, provider_txn="t2", amount=7_000, at=at) == "credited", "the right one still counts"


def test_a_late_charge_goes_back_whole_and_the_part_has_come_back_before(p03, asked, rich_buyer, at):
    late = p03.deadline_at + timedelta(seconds=1)
    fire_overdue(p03.root_address, at=late)
    assert payments.confirm(asked, provider_txn="t1", amount=7_000, at=late) == "returned"
    assert (wallet(rich_buyer), Payout.objects.get().amount) == (100_000, 7_000)


def test_a_charge_that_comes_at_the_very_end_finds_the_order_over_even_before_the_clock_fired(p03, asked, at):
    assert payments.confirm(asked, provider_txn="t1", amount=7_000, at=p03.deadline_at) == "returned"


def test_a_second_charge_goes_back_and_a_repeated_notice_changes_nothing(mixed, asked, rich_buyer, at):
    assert payments.confirm(asked, provider_txn="t1", amount=7_000, at=at) == "repeated"
    assert payments.confirm(asked, provider_txn="t2", amount=7_000, at=at) == "returned"
    assert [payout.amount for payout in Payout.objects.order_by("pk")] == [7_000]
    assert balance(mixed.escrow) == 10_000


def test_the_charge_of_a_part_that_is_no_longer_set_aside_goes_back(p03, asked, rich_buyer, at):
    purchase.ask_for_charge(p03, channel="sandbox", part=5_000, by=rich_buyer, at=at)
    assert payments.confirm(asked, provider_txn="t1", amount=7_000, at=at) == "returned"
    p03.refresh_from_db()
    assert (p03.state, p03.from_wallet) == (OrderState.PLACED, 5_000)


@pytest.fixture
def notify(client, tmp_path):
    """Sends the mall a notice about a payment, signed with `secret`, to the address of `to`."""

    def send(payment, *, to=None, secret=SECRET, **changes):
        path = reverse("ledger:notify", kwargs={"channel": "sandbox", "number": (to or payment).number})
        said = {"number": payment.number, "txn": "t1", "amount": payment.amount, "currency": "CNY", **changes}
        body = json.dumps(said).encode()
        signer = Channel(":memory:", secret)
        headers = signer.signed("notice", path, body)
        signer.database.close()
        return client.post(path, body, content_type="application/json", headers=headers)

    return send


def test_a_forged_notice_pays_nothing(p03, asked, notify, rich_buyer):
    for changes in ({"secret": "another secret"}, {"amount": "7000"}, {"amount": 7_000.0}, {"currency": "USD"}):
        assert notify(asked, **changes).status_code == 400
    p03.refresh_from_db()
    assert (p03.state, p03.from_wallet) == (OrderState.PLACED, 3_000)
    assert not Notice.objects.exists()


def test_a_notice_of_another_payment_pays_nothing_here(p03, asked, notify, listing, rich_buyer, at):
    other = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    theirs = purchase.ask_for_charge(other, channel="sandbox", part=3_000, by=rich_buyer, at=at)
    assert notify(theirs, to=asked).status_code == 400
    assert notify(asked, to=theirs).status_code == 400
    assert {payment.state for payment in Payment.objects.all()} == {PaymentState.AWAITING}
    assert notify(asked).status_code == 200
    p03.refresh_from_db()
    other.refresh_from_db()
    assert (p03.paid_by, other.state) == ("mixed", OrderState.PLACED)
    # The same number of the channel cannot pay a second order.
    assert notify(theirs).status_code == 400
    other.refresh_from_db()
    assert other.state == OrderState.PLACED


# Going back


def test_p03_a_refund_goes_back_in_proportion(mixed, rich_buyer, at):
    unit = mixed.units.get()
    payout = lifecycle.end_case(mixed, cause="case:1", grants={unit.pk: 4_751}, at=at)
    assert payout is not None
    assert (payout.destination, payout.amount, payout.cause) == ("channel", 3_326, "case:1")
    assert wallet(rich_buyer) == 97_000 + 1_425
    beside = Payout.objects.get(destination="wallet")
    assert (beside.amount, beside.state) == (1_425, "paid")


def test_both_ways_back_are_posted_in_one_call(mixed, rich_buyer, at):
    """Two calls would lock the buyer's wallet before the channel's account, against the order of all others."""
    unit = mixed.units.get()
    end = verb(lifecycle.end_case)
    with recorded() as seen:
        end(mixed, cause="case:1", grants={unit.pk: 4_751}, at=at)
    assert sum(text.count(" ledger_post(") for text in seen) == 1, seen


def test_many_small_refunds_never_send_a_channel_more_than_it_brought(mixed, rich_buyer, at):
    """Each unit of a fen on its own would round to the channel every time."""
    unit = mixed.units.get()
    for number in range(1, 41):
        unit.refresh_from_db()
        # What is left after a part came back is released; the shop's pending money pays the rest.
        lifecycle.end_case(mixed, cause=f"case:{number}", grants={unit.pk: 1}, at=at)
    to_channel = sum(payout.amount for payout in Payout.objects.filter(destination="channel"))
    assert to_channel == 28, "seven tenths of forty fen"


def test_what_the_channel_gave_back_by_itself_is_not_sent_to_it_again(mixed, rich_buyer, at):
    """It gave back all of the ¥70.00 that it brought: what is still left of the sale is the balance's."""
    unit = mixed.units.get()
    lifecycle.end_case(mixed, cause="complaint:1", grants={unit.pk: 7_000}, outside="wx-1", at=at)
    lifecycle.end_case(mixed, cause="case:1", grants={unit.pk: 3_000}, at=at)
    assert sum(payout.amount for payout in Payout.objects.filter(destination="channel")) == 7_000
    assert wallet(rich_buyer) == 100_000


def test_a_channel_that_takes_all_of_its_charge_back_takes_nothing_that_the_balance_paid(mixed, rich_buyer, at):
    """Half of the sale was paid back in both ways: of its ¥70.00 the channel had ¥35.00 again, and takes them twice."""
    unit = mixed.units.get()
    lifecycle.end_case(mixed, cause="case:1", grants={unit.pk: 5_000}, at=at)
    assert outside.paid_by_channel(mixed, reference="CB1", amount=7_000, cause="complaint:1", at=at) == 3_500
    unit.refresh_from_db()
    assert (unit.refunded, unit.left) == (8_500, 1_500), "what the balance paid of the rest is still the sale's"


def test_everything_goes_back_to_where_it_came_from(mixed, rich_buyer, at):
    unit = mixed.units.get()
    lifecycle.end_case(mixed, cause="case:1", grants={unit.pk: 10_000}, at=at)
    assert wallet(rich_buyer) == 100_000
    assert Payout.objects.get(destination="channel").amount == 7_000
    assert mixed.state == OrderState.REFUNDED


def test_compensation_goes_to_the_balance_because_the_channel_did_not_bring_it(mixed, rich_buyer, at):
    unit = mixed.units.get()
    lifecycle.end_case(mixed, cause="case:1", grants={unit.pk: 10_000}, compensation=500, at=at)
    assert wallet(rich_buyer) == 100_500
    assert Payout.objects.get(destination="channel").amount == 7_000


def test_a_case_is_over_when_the_channel_s_part_has_arrived(mixed, rich_buyer, at):
    from refunds import lifecycle as refunds

    case = claim(mixed.units.get(), "CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.accept(case, by=mixed.shop.owner, at=at)
    assert (case.state, case.payout.destination) == ("approved", "channel")


# Races


@pytest.mark.django_db(transaction=True)
def test_the_channel_s_money_and_the_clock_at_the_same_moment_end_in_one_way(p03, rich_buyer):
    at = clock.now()
    payment = purchase.ask_for_charge(p03, channel="sandbox", part=3_000, by=rich_buyer, at=at)
    outcomes = race(
        lambda: payments.confirm(Payment.objects.get(pk=payment.pk), provider_txn="t1", amount=7_000, at=at),
        lambda: lifecycle.cancel(Order.objects.get(pk=p03.pk), by=rich_buyer, at=at),
        lambda: lifecycle.pay_from_wallet(Order.objects.get(pk=p03.pk), by=rich_buyer, at=at),
    )
    order = Order.objects.get(pk=p03.pk)
    there = wallet(rich_buyer)
    if order.state == OrderState.CANCELLED:
        assert (outcomes[0], there) == ("returned", 100_000)
    elif order.paid_by == "mixed":
        assert (outcomes[0], there) == ("credited", 97_000)
    else:
        assert (outcomes[0], there) == ("returned", 90_000)


@pytest.mark.django_db(transaction=True)
def test_two_orders_cannot_both_set_the_same_money_aside(listing, buyer, top_up):
    at = clock.now()
    payments.confirm(top_up, provider_txn="pocket", amount=10_000, at=at)
    orders = [lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at).pk for _ in range(2)]

    def ask(pk):
        return lambda: purchase.ask_for_charge(Order.objects.get(pk=pk), channel="sandbox", part=6_000, by=buyer, at=at)

    outcomes = race(*(ask(pk) for pk in orders))
    assert sum(isinstance(outcome, Payment) for outcome in outcomes) == 1
    assert wallet(buyer) == 4_000


def test_a_charge_can_be_asked_for_while_the_order_s_clock_stands_still(p03, rich_buyer, lead, at):
    """What is down gives the buyer time and takes nothing: the charge lasts as long as the order had left."""
    began = at - timedelta(minutes=5)
    outages.register(scope="platform", target="", reason="A drill.", began_at=began, ended_at=None, by=lead, at=at)
    outages.work(at=at)
    order = type(p03).objects.get(pk=p03.pk)
    assert order.deadline_at is None
    left = Timer.objects.get(subject=order.address, state="paused").left
    asked = purchase.ask_for_charge(order, channel="sandbox", by=rich_buyer, at=at)
    assert asked.deadline_at == at + timedelta(minutes=left.total_seconds() // 60)
