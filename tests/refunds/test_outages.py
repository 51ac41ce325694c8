"""An outage of the platform that is registered afterwards makes right what was decided about delays in its time."""

from datetime import timedelta

import pytest

from disputes import owed
from disputes.models import Owed
from kamen import books
from ledger.accounts import balance
from ledger.transfers import Move, Reason, post
from orders import lifecycle as orders
from orders.fulfilment import tickets
from orders.fulfilment.tickets import Answer
from orders.models import Exchange, Ticket, Weighing
from orders.states import Standing
from refunds import bargaining, endings, hooks, lifecycle, outages
from refunds.bargaining import Terms
from refunds.models import Refund
from refunds.states import RefundState
from timeline import outages as register
from timeline.models import Event, Timer
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
#: Promised within 60 minutes and delivered three hours after payment: 120 minutes late, which is 1 % of ¥50.00.
CAME, OWED = 3 * HOUR, 50


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def at_the_clock(order, at):
    fire_overdue(order.root_address, at=at)
    return fresh(order)


@pytest.fixture(autouse=True)
def platform_money(db, at):
    """The platform has ¥1,000.00 of its own."""
    post([Move("own", "channel:sandbox", "platform:own", 100_000, Reason.FUNDING, "platform")], journal="own", at=at)


@pytest.fixture
def down(lead, at):
    """`down(began, ended, when)`: the platform was down for so long after payment, and it is registered at `when`."""

    def registered(began, ended, when, scope="platform", target=""):
        return register.register(
            scope=scope,
            target=target,
            reason="down",
            began_at=at + began,
            ended_at=at + ended if ended else None,
            by=lead,
            at=at + when,
        )

    return registered


def claim(order, buyer, at):
    return lifecycle.ask(
        order=order, units=list(order.units.order_by("place")), reason="LATE_DELIVERY", by=buyer, at=at
    )


def whose(shop):
    """What the shop has in all its pockets."""
    return sum(balance(shop.account(name)) for name in ("pending", "available", "deposit", "reserved"))


def test_a_late_delivery_is_compensated_by_the_shop_that_agrees(late, shop, rich_buyer, at):
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    assert (refund.state, refund.figure, refund.compensation) == (RefundState.REQUESTED, 0, OWED)
    assert refund.is_paid_by_silence()
    before = balance(f"user:{rich_buyer.pk}:wallet")
    lifecycle.accept(refund, by=shop.owner, at=at + 5 * HOUR)
    assert (refund.state, refund.approved) == (RefundState.REFUNDED, OWED)
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + OWED


def test_a_claim_filed_after_the_register_knows_is_the_platforms_and_paid_at_once(late, down, shop, rich_buyer, at):
    down(HOUR / 2, 2.5 * HOUR, 4 * HOUR)
    before = whose(shop)
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    assert (refund.state, refund.approved) == (RefundState.REFUNDED, OWED)
    assert refund.decision["parts"][0]["fault"] == "PLATFORM"
    assert balance("platform:own") == 100_000 - OWED
    assert whose(shop) == before


def test_a_claim_that_waits_is_decided_anew_and_paid_by_the_platform(late, down, shop, rich_buyer, at):
    refund, before = claim(late, rich_buyer, at + 4 * HOUR), whose(shop)
    outage = down(HOUR / 2, 2.5 * HOUR, 5 * HOUR)
    assert outages.work(at=at + 5 * HOUR) == 1
    refund.refresh_from_db()
    assert (refund.state, refund.approved, refund.outcome) == (RefundState.REFUNDED, OWED, "instant")
    assert refund.decision["outage"] == outage.pk
    assert balance("platform:own") == 100_000 - OWED
    assert whose(shop) == before
    told = Event.objects.get(root=late.address, name="order.outage_weighed")
    assert (told.data["outage"], told.data["cases"]) == (outage.pk, [refund.number])
    assert Event.objects.get(subject=refund.address, name="refund.decided_anew").data["outage"] == outage.pk


def test_what_was_denied_is_filed_again_for_its_buyer_and_once_only(late, down, rich_buyer, at):
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    endings.to_the_buyer(refund, by=None, at=at + 5 * HOUR)
    endings.end_without_money(refund, RefundState.LAPSED, by=None, at=at + 5 * HOUR)
    outage = down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    again = Refund.objects.exclude(pk=refund.pk).get()
    assert (again.state, again.approved, again.buyer) == (RefundState.REFUNDED, OWED, rich_buyer)
    filed = Event.objects.get(subject=again.address, name="refund.requested")
    assert (filed.data["instead_of"], filed.data["outage"], filed.by_id) == (refund.number, outage.pk, None)
    Weighing.objects.update(done_at=None, upto=0)
    outages.work(at=at + 7 * HOUR)
    assert Refund.objects.count() == 2
    assert balance("platform:own") == 100_000 - OWED


def test_a_shop_that_paid_for_the_platforms_delay_gets_it_back_once(late, down, shop, rich_buyer, at):
    before = whose(shop)
    lifecycle.accept(claim(late, rich_buyer, at + 4 * HOUR), by=shop.owner, at=at + 5 * HOUR)
    down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    Weighing.objects.update(done_at=None, upto=0)
    outages.work(at=at + 7 * HOUR)
    assert balance("platform:own") == 100_000 - OWED
    assert Event.objects.filter(root=late.address, name="order.shop_made_whole").count() == 1
    assert whose(shop) == before


def test_what_people_laid_to_the_platform_already_it_gives_the_shop_no_second_time(late, down, shop, rich_buyer, at):
    before, refund = whose(shop), claim(late, rich_buyer, at + 4 * HOUR)
    endings.approve(
        refund,
        grants={},
        fees={},
        compensation=OWED,
        platform_bp=5_000,
        platform_compensation=OWED // 2,
        outcome=Refund.Outcome.SELLER,
        by=shop.owner,
        at=at + 5 * HOUR,
    )
    assert (whose(shop), balance("platform:own")) == (before - OWED // 2, 100_000 - OWED // 2)
    down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert (whose(shop), balance("platform:own")) == (before, 100_000 - OWED)


def test_what_a_shop_pays_later_of_the_platforms_delay_comes_back_and_what_it_still_owes_is_the_platforms(
    late, down, shop, rich_buyer, at
):
    """Of ¥0.50 nobody had anything at first; ¥0.20 the shop has paid since, ¥0.30 it still owes."""
    refund, then = claim(late, rich_buyer, at + 4 * HOUR), at + 5 * HOUR
    for name in ("pending", "available", "deposit"):
        if there := balance(shop.account(name)):
            post(
                [Move(f"gone:{name}", shop.account(name), "platform:suspense", there, Reason.CORRECTION, "x")],
                journal="x",
                at=at,
            )
    lifecycle.accept(refund, by=shop.owner, at=then)
    post([Move("sold", "channel:sandbox", shop.account("available"), 20, Reason.CORRECTION, "x")], journal="y", at=then)
    assert owed.collect_all(at=then) == 1
    assert (whose(shop), Owed.objects.get().left) == (0, 30)
    down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert whose(shop) == 20, "what it has paid comes back"
    assert [(row.payer, row.left) for row in Owed.objects.filter(paid_at=None)] == [("platform", 30)]
    assert owed.collect_all(at=at + 6 * HOUR) == 1
    assert balance("platform:own") == 100_000 - OWED
    Weighing.objects.update(done_at=None, upto=0)
    outages.work(at=at + 7 * HOUR)
    assert (whose(shop), balance("platform:own")) == (20, 100_000 - OWED)


def test_what_was_called_off_late_is_the_platforms_as_well_once_it_is_known(bought, down, shop, rich_buyer, at):
    order = at_the_clock(bought(), at + HOUR)
    before = whose(shop)
    orders.cancel(order, by=rich_buyer, at=at + CAME)
    assert whose(shop) == before - OWED
    down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert whose(shop) == before
    assert balance("platform:own") == 100_000 - OWED


def test_a_delay_that_would_have_been_one_anyway_stays_the_shops(late, down, rich_buyer, at):
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    down(HOUR / 2, HOUR, 5 * HOUR)
    outages.work(at=at + 5 * HOUR)
    refund.refresh_from_db()
    assert refund.state == RefundState.REQUESTED
    assert balance("platform:own") == 100_000


@pytest.mark.parametrize(("scope", "target"), [("shop", "xinghe"), ("kind", "MEMBERSHIP")])
def test_an_outage_of_something_else_changes_nothing(late, down, rich_buyer, at, scope, target):
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    down(HOUR / 2, 2.5 * HOUR, 5 * HOUR, scope=scope, target=target)
    outages.work(at=at + 5 * HOUR)
    refund.refresh_from_db()
    assert refund.state == RefundState.REQUESTED
    assert fresh(late).promised_at == at + HOUR


def test_a_promise_is_counted_anew_and_the_shops_figure_with_it(late, down, at):
    assert late.is_late
    down(HOUR / 2, 2.5 * HOUR, 4 * HOUR)
    outages.work(at=at + 4 * HOUR)
    order = fresh(late)
    assert (order.promised_at, order.is_late) == (at + 3 * HOUR, False), "two of the three hours were the platform's"


def test_who_is_not_late_any_more_has_the_promise_running_again(bought, down, at):
    order = at_the_clock(bought(), at + HOUR)
    assert order.is_late
    down(HOUR / 2, 2 * HOUR, 2 * HOUR)
    outages.work(at=at + 2 * HOUR)
    order = fresh(order)
    assert (order.is_late, order.promised_at) == (False, at + 2.5 * HOUR)
    running = Timer.objects.live().get(subject=order.address, limit="PROMISE")
    assert running.due_at == at + 2.5 * HOUR
    assert at_the_clock(order, at + 2.5 * HOUR).is_late


def test_an_outage_that_goes_on_is_weighed_again_when_it_has_ended(late, down, lead, rich_buyer, at):
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    outage = down(2.9 * HOUR, None, 4 * HOUR)
    outages.work(at=at + 5 * HOUR)
    assert Weighing.objects.get().until is None
    assert outages.work(at=at + 5 * HOUR) == 0
    register.end(outage, ended_at=at + 6 * HOUR, by=lead, at=at + 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert Weighing.objects.get().until == at + 6 * HOUR
    refund.refresh_from_db()
    assert refund.state == RefundState.REQUESTED


def test_where_the_platform_lacks_the_money_nothing_happens_by_halves_and_it_is_tried_again(
    late, down, shop, rich_buyer, at
):
    lifecycle.accept(claim(late, rich_buyer, at + 4 * HOUR), by=shop.owner, at=at + 5 * HOUR)
    post(
        [Move("gone", "platform:own", "channel:sandbox", 100_000 - OWED + 1, Reason.FUNDING, "platform")],
        journal="gone",
        at=at,
    )
    down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert Weighing.objects.get().left_over == [late.pk]
    assert balance("platform:own") == OWED - 1
    post([Move("more", "channel:sandbox", "platform:own", 1, Reason.FUNDING, "platform")], journal="more", at=at)
    outages.work(at=at + 7 * HOUR)
    assert (Weighing.objects.get().left_over, balance("platform:own")) == ([], 0)
    assert not list(books.violations())


def test_an_outage_that_ends_before_it_was_weighed_whole_is_weighed_anew_for_every_order(
    late, down, lead, rich_buyer, at
):
    claim(late, rich_buyer, at + 4 * HOUR)
    outage = down(2.9 * HOUR, None, 4 * HOUR)
    assert outages.work(at=at + 5 * HOUR, most=1) == 1
    assert (Weighing.objects.get().upto, Weighing.objects.get().done_at) == (late.pk, None), "it is not done yet"
    register.end(outage, ended_at=at + 6 * HOUR, by=lead, at=at + 6 * HOUR)
    assert outages.work(at=at + 6 * HOUR) == 1, "the orders before are looked at with its end as well"
    assert Weighing.objects.get().until == at + 6 * HOUR


def test_a_unit_of_which_everything_went_back_keeps_nobody_from_what_the_others_are_owed(bought, down, rich_buyer, at):
    order = at_the_clock(bought(quantity=2, delivered_by="supplier"), at + HOUR)
    for ticket in list(Ticket.objects.filter(unit__order=order).order_by("pk")):
        answer, asked = Answer(Standing.DELIVERED, reference=f"UP-{ticket.pk}"), {"what": "query", "asked": "{}"}
        tickets.hear(ticket, answer, at=at + CAME, exchange=Exchange(ticket=ticket, at=at + CAME, **asked))
    refund = claim(fresh(order), rich_buyer, at + 4 * HOUR)
    endings.to_the_buyer(refund, by=None, at=at + 5 * HOUR)
    endings.end_without_money(refund, RefundState.LAPSED, by=None, at=at + 5 * HOUR)
    first = order.units.get(place=1)
    orders.end_case(fresh(order), cause="case:1", grants={first.pk: 5_000}, at=at + 5 * HOUR)
    down(HOUR / 2, 2.5 * HOUR, 6 * HOUR)
    outages.work(at=at + 6 * HOUR)
    assert Weighing.objects.get().left_over == []
    again = Refund.objects.exclude(pk=refund.pk).get()
    assert (again.state, again.approved) == (RefundState.REFUNDED, OWED)
    assert [item.unit.place for item in again.items.select_related("unit").order_by("pk")] == [2]


def test_a_claim_that_the_platform_cannot_pay_whole_is_paid_as_far_as_it_goes_and_the_rest_is_owed(
    late, down, rich_buyer, at
):
    post(
        [Move("gone", "platform:own", "channel:sandbox", 100_000 - OWED + 1, Reason.FUNDING, "platform")],
        journal="gone",
        at=at,
    )
    down(HOUR / 2, 2.5 * HOUR, 4 * HOUR)
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    assert (fresh(refund).state, fresh(refund).approved) == (RefundState.REFUNDED, OWED)
    assert (balance("platform:own"), hooks.still_owed(refund)) == (0, 1)
    [row] = Owed.objects.filter(cause=refund.address)
    assert (row.payer, row.left, row.buyer) == ("platform", 1, rich_buyer)


def test_a_better_offer_of_the_shop_stays_the_buyers_to_take(late, down, shop, rich_buyer, at):
    refund = claim(late, rich_buyer, at + 4 * HOUR)
    bargaining.offer(refund, Terms("partial", amount=2_000), by=shop.owner, at=at + 4.5 * HOUR)
    down(HOUR / 2, 2.5 * HOUR, 5 * HOUR)
    outages.work(at=at + 5 * HOUR)
    assert fresh(refund).state == RefundState.BARGAINING
    before = balance(f"user:{rich_buyer.pk}:wallet")
    bargaining.take(fresh(refund), 1, by=rich_buyer, at=at + 6 * HOUR)
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + 2_000
    assert balance("platform:own") == 100_000
