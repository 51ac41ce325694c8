"""No verb and no page reads a growing table from end to end, however full the mall is."""

import pytest

from bench import verbs
from ledger.accounts import statement
from orders import lifecycle as orders
from orders.models import Order
from refunds import lifecycle as refunds
from reputation import contacts, signals
from shops import listings
from tests.plans.reading import growing, reading
from timeline import clock
from timeline.sweep import fire_overdue, sweep

GROWING = {
    "disputes_dispute",
    "ledger_account",
    "ledger_payout",
    "ledger_posting",
    "ledger_transfer",
    "orders_order",
    "orders_unit",
    "refunds_refund",
    "refunds_refunditem",
    "reputation_signal",
    "shops_card",
    "timeline_event",
    "timeline_timer",
}


def require_no_whole_reads(*readings):
    assert all(each.asked for each in readings)
    faults = [line for each in readings for line in each.whole]
    assert not faults, "\n\n".join(faults)


def test_the_crowd_is_large_enough_to_judge_plans(ours):
    assert growing() >= GROWING


def test_a_whole_read_is_found(ours):
    """The measure itself: a question without an index is noticed, in a statement and inside a function."""
    with reading("by hand") as found:
        list(Order.objects.filter(total=verbs.PRICE).order_by("placed_at")[:5])
    assert "orders_order" in found.whole[0]


def test_selling_and_paying_back_read_only_what_they_need(ours):
    scene, buyer, at = ours.scene, ours.buyer, ours.scene.at
    listing = verbs.fresh(scene.listing)
    with reading("place") as placing:
        order = orders.place(buyer=buyer, listing=listing, quantity=2, acknowledged=True, at=at)
    with reading("pay and deliver") as paying:
        orders.pay_from_wallet(verbs.fresh(order), by=buyer, at=at)
    with reading("reveal") as revealing:
        units = verbs.reveal(scene, buyer, order, is_valid=None)
    with reading("ask") as asking:
        refund = verbs.claim(scene, buyer, order, units[:1])
    with reading("accept") as accepting:
        refunds.accept(verbs.fresh(refund), by=scene.owner, at=at)
    with reading("confirm") as confirming:
        orders.confirm(verbs.fresh(order), by=buyer, at=at)
    require_no_whole_reads(placing, paying, revealing, asking, accepting, confirming)


def test_an_instant_refund_and_a_ruling_read_only_what_they_need(ours):
    instant = verbs.prepared("ask, instant refund", ours.scene)
    with reading("ask, paid at once") as asking:
        instant()
    rule = verbs.prepared("rule and enforce", ours.scene)
    with reading("rule and sign") as ruling:
        rule()
    require_no_whole_reads(asking, ruling)


def test_the_sweep_reads_only_what_is_due(ours):
    order = verbs.buy(ours.scene, ours.buyer)
    with reading("an empty sweep") as empty:
        assert sweep(at=clock.now()).fired == 0
    order.refresh_from_db()
    with reading("what is overdue at one order") as overdue:
        assert fire_overdue(order.address, at=order.deadline_at) == 1
    require_no_whole_reads(empty, overdue)


@pytest.mark.usefixtures("crowd")
def test_questions_to_the_books_and_the_shelves_read_only_what_they_show(ours):
    with reading("a statement") as lines:
        assert list(statement(f"user:{ours.buyer.pk}:wallet")[:20])
    with reading("listings on sale") as shelves:
        listings.may_sell(verbs.fresh(ours.scene.listing), at=ours.scene.at)
    require_no_whole_reads(lines, shelves)


@pytest.mark.usefixtures("crowd", "db")
def test_marks_that_rested_on_a_contact_are_found_among_all_marks_by_an_index(risk, at):
    listed = contacts.list_contact(handle="QQ群 123456789", reason="查实", by=risk, at=at)
    contacts.drop(listed, reason="号码已换主人。", by=risk, at=at)
    with reading("marks to let go") as asked:
        assert signals.let_go(at=at) == 0
    require_no_whole_reads(asked)


def test_pages_of_people_read_only_what_they_show(ours, client):
    scene, buyer = ours.scene, ours.buyer
    order = verbs.buy(scene, buyer)
    case = verbs.claim(scene, buyer, order, list(order.units.order_by("place")), reason="CHANGE_OF_MIND")
    slug = scene.listing.shop.slug
    readings = []
    for who, address in [
        (buyer, "/listings/"),
        (buyer, f"/listings/{scene.listing.pk}/"),
        (buyer, "/wallet/"),
        (buyer, "/orders/"),
        (buyer, f"/orders/{order.number}/"),
        (buyer, "/refunds/"),
        (buyer, f"/refunds/{case.number}/"),
        (buyer, "/notices/"),
        (scene.owner, f"/desk/?shop={slug}"),
        (scene.owner, f"/desk/{slug}/orders/"),
        (scene.owner, f"/desk/{slug}/queue/"),
        (scene.owner, f"/desk/{slug}/money/"),
        (scene.owner, f"/desk/{slug}/stock/"),
    ]:
        client.force_login(who)
        with reading(address) as found:
            assert client.get(address).status_code == 200, address
        readings.append(found)
    require_no_whole_reads(*readings)
