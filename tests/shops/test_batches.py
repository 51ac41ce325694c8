"""A batch is stopped and sold again; codes near their end are not sold; figures say what became of each."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError

from orders import delivery
from orders import lifecycle as orders
from shops import batches, listings, stock, suppliers, tasks
from shops.models import Batch, Card, Clash, Form, Kind, Listing
from shops.stock import Origin
from tests.factories import ListingFactory, ShopFactory
from tests.queries import recorded
from tests.races import lost, race, won
from timeline.events import stream
from timeline.models import Event
from timeline.refusals import Refused

#: The books want an order behind every card that is taken; here there is none.
without_an_order = pytest.mark.breaks_books
DAY = timedelta(days=1)


@pytest.fixture
def batch(listing):
    return Batch.objects.select_related("listing__shop").get(listing=listing)


def figures(listing, at):
    return batches.by_listing([listing.pk], at=at)[listing.pk]


# Stopping


def test_nothing_of_a_stopped_batch_is_sold_until_the_shop_sells_it_again(listing, batch, seller, at):
    batches.stop(batch, reason=" 上游说可能失效 ", by=seller, at=at)
    assert (stock.count_free(listing), figures(listing, at).stopped) == (0, 10)
    with pytest.raises(Refused, match="sold_out"):
        stock.take(listing, 1, at=at)
    event = stream(listing.root_address).get(name="listing.batch_stopped")
    assert (event.by, event.data["reason"], event.data["by_mall"]) == (seller, "上游说可能失效", False)
    batches.resume(batch, by=seller, at=at)
    assert stock.count_free(listing) == 10
    assert stream(listing.root_address).filter(name="listing.batch_resumed").exists()


def test_what_the_mall_stopped_only_the_mall_sells_again(batch, seller, risk, at):
    batches.stop(batch, reason="", by=None, at=at)
    assert (batches.actions_for(batch, seller), batches.actions_for(batch, risk)) == ([], ["resume"])
    with pytest.raises(Refused, match="stopped_by_mall"):
        batches.resume(batch, by=seller, at=at)
    batches.resume(batch, by=risk, at=at)
    assert batches.actions_for(batch, seller) == ["stop"]


def test_a_batch_is_stopped_and_resumed_by_nobody_else_and_once(batch, seller, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        batches.stop(batch, reason="", by=stranger, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        batches.resume(batch, by=seller, at=at)
    batches.stop(batch, reason="", by=seller, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        batches.stop(batch, reason="", by=seller, at=at)
    with pytest.raises(Refused, match="not_your_turn"):
        batches.resume(batch, by=stranger, at=at)


def test_an_order_keeps_what_it_has_of_a_stopped_batch_and_what_comes_back_stays_stopped(
    placed_order, listing, batch, seller, rich_buyer, at
):
    batches.stop(batch, reason="", by=seller, at=at)
    assert figures(listing, at).reserved == 3
    orders.cancel(placed_order, by=rich_buyer, at=at)
    assert (figures(listing, at).stopped, stock.count_free(listing)) == (10, 0)


@without_an_order
@pytest.mark.django_db(transaction=True)
def test_stopping_and_buying_at_once_have_one_order(listing, batch, seller, at):
    outcomes = race(
        lambda: batches.stop(batch, reason="", by=seller, at=at),
        *[lambda: stock.take(listing, 1, at=at)] * 4,
    )
    assert not [each for each in lost(outcomes) if not isinstance(each, Refused)]
    assert figures(listing, at).reserved + figures(listing, at).stopped == 10


# Ends


def ending(listing, seller, at, days, count=2, name="END"):
    origin = Origin(expires_at=at + days * DAY)
    return stock.add_batch(listing, [f"{name}-{days}-{n}" for n in range(count)], by=seller, at=at, origin=origin)


@without_an_order
def test_what_ends_first_is_sold_first(listing, seller, at):
    later, sooner = ending(listing, seller, at, 40), ending(listing, seller, at, 30)
    taken = stock.take(listing, 5, at=at)
    assert [card.batch_id for card in taken[:4]] == [sooner.pk] * 2 + [later.pk] * 2
    assert taken[4].expires_at is None


def test_codes_too_near_their_end_are_not_sold(draft, seller, at):
    ending(draft, seller, at, 20)
    stock.keep_rest(draft, 30, by=seller, at=at)
    assert (stock.count_free(draft), figures(draft, at).ending) == (0, 2)
    with pytest.raises(Refused, match="sold_out"):
        stock.take(draft, 1, at=at)
    stock.keep_rest(draft, 10, by=seller, at=at)
    assert stock.count_free(draft) == 2
    assert [event.data for event in stream(draft.root_address).filter(name="listing.rest_term_set")] == [
        {"before": 0, "days": 30},
        {"before": 30, "days": 10},
    ]


def test_only_the_shop_keeps_a_rest_term_within_a_year(draft, seller, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        stock.keep_rest(draft, 1, by=stranger, at=at)
    with pytest.raises(ValidationError):
        stock.keep_rest(draft, 366, by=seller, at=at)


def test_codes_at_their_end_are_swept_off_the_shelf_once(draft, seller, at):
    ending(draft, seller, at, 20)
    ending(draft, seller, at, 30)
    end = at + 20 * DAY
    assert stock.with_expired(end - timedelta(seconds=1)) == []
    assert stock.with_expired(end) == [draft.pk]
    assert stock.expire(draft, at=end) == 2
    assert (stock.expire(draft, at=end), stock.with_expired(end)) == (0, [])
    assert (figures(draft, end).expired, figures(draft, end).for_sale) == (2, 2)
    assert stream(draft.root_address).get(name="listing.codes_expired").data == {"count": 2}


def test_the_sweep_wakes_up_by_itself(draft, seller, at):
    ending(draft, seller, at - 30 * DAY, 20)
    tasks.sweep_expired()
    assert figures(draft, at).expired == 2


def test_an_expired_code_is_known_when_it_comes_in_again(draft, seller, at):
    ending(draft, seller, at, 20)
    stock.expire(draft, at=at + 21 * DAY)
    with pytest.raises(ValidationError) as error:
        stock.add_batch(draft, ["END-20-0"], by=seller, at=at)
    assert [each.code for each in error.value.error_dict["codes"]] == ["known"]


def test_a_last_good_day_ends_at_midnight_of_the_mall(at):
    assert stock.end_of(date(2027, 1, 31)).isoformat() == "2027-02-01T00:00:00+08:00"


# Where they come from


@pytest.fixture
def supplier(deposit, seller, at):
    return suppliers.add(deposit.shop, name="上游甲", contact="service@upstream.example", by=seller, at=at)


def test_a_batch_says_where_it_came_from_and_what_it_cost(draft, supplier, seller, at):
    origin = Origin(supplier, 8_900, date(2026, 11, 1), at + 99 * DAY, Form.CODE_PIN)
    batch = stock.add_batch(draft, ["A----11", "B,22"], by=seller, at=at, origin=origin)
    batch.refresh_from_db()
    assert (batch.supplier, batch.unit_cost, batch.form) == (supplier, 8_900, "code_pin")
    assert set(Card.objects.values_list("expires_at", flat=True)) == {at + 99 * DAY}


@pytest.mark.parametrize(
    ("origin", "field"),
    [
        (Origin(unit_cost=-1), "unit_cost"),
        (Origin(purchased_on=date(2999, 1, 1)), "purchased_on"),
    ],
)
def test_an_origin_that_cannot_be_is_said_by_field(draft, seller, at, origin, field):
    with pytest.raises(ValidationError) as error:
        stock.add_batch(draft, ["A"], by=seller, at=at, origin=origin)
    assert set(error.value.error_dict) == {field}
    assert not Batch.objects.exists()


def test_codes_that_are_over_are_not_added(draft, seller, at):
    with pytest.raises(ValidationError, match="expires_on"):
        stock.add_batch(draft, ["A"], by=seller, at=at, origin=Origin(expires_at=at))


def test_a_supplier_of_another_shop_or_one_that_left_is_none(draft, supplier, seller, at):
    other = ShopFactory(at=at)
    theirs = suppliers.add(other, name="上游乙", by=other.owner, at=at)
    suppliers.edit(supplier, name="上游甲", contact="", has_left=True, by=seller, at=at)
    for each in (theirs, supplier):
        with pytest.raises(ValidationError, match="supplier"):
            stock.add_batch(draft, ["A"], by=seller, at=at, origin=Origin(supplier=each))


def test_a_supplier_is_named_once_by_its_shop_alone(deposit, supplier, seller, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        suppliers.add(deposit.shop, name="上游乙", by=stranger, at=at)
    with pytest.raises(ValidationError) as error:
        suppliers.add(deposit.shop, name=" 上游甲 ", by=seller, at=at)
    assert error.value.error_dict["name"][0].code == "known"
    suppliers.edit(supplier, name="上游丙", contact="400-000", has_left=False, by=seller, at=at)
    with pytest.raises(Refused, match="not_your_turn"):
        suppliers.edit(supplier, name="上游丁", contact="", has_left=False, by=stranger, at=at)
    names = stream(deposit.shop.address).filter(name__startswith="shop.supplier").values_list("name", flat=True)
    assert list(names) == ["shop.supplier_added", "shop.supplier_edited"]


# Figures


def test_each_code_of_a_batch_is_somewhere(order, listing, batch, rich_buyer, at):
    """Ten codes, three of them sold; the first is looked at and comes back as bad."""
    first = order.units.get(place=1)
    delivery.reveal(first, by=rich_buyer, at=at, visit=delivery.Visit())
    stock.failed([first.card_id], at=at)
    stock.void(Card.objects.free(at).latest("pk"), at=at)
    found = batches.by_batch([batch], at=at)[batch.pk]
    assert (found.for_sale, found.sold, found.revealed, found.failed, found.gone) == (6, 3, 1, 1, 1)
    assert (found.failure_bp, found.sealed) == (None, 6)
    assert batches.Figures(sold=12, failed=1).failure == "8.33 %"


def test_a_refund_of_a_bad_code_counts_against_its_batch(bad_unit, rich_buyer, at):
    from tests.fixtures.cases import claim

    claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    card = Card.objects.get(pk=bad_unit.card_id)
    assert (card.failed_at, card.voided_at) == (at, at)
    assert batches.by_batch([card.batch], at=at)[card.batch_id].failed == 1


def test_figures_of_one_batch_and_of_fifty_cost_one_query(draft, seller, at):
    for number in range(12):
        stock.add_batch(draft, [f"C-{number}-{place}" for place in range(number + 1)], by=seller, at=at)
    found = list(Batch.objects.order_by("pk"))
    with recorded() as asked:
        result = batches.by_batch(found, at=at)
    assert len(asked) == 1
    assert [result[batch.pk].for_sale for batch in found] == list(range(1, 13))


# Codes that two shops have


@pytest.fixture
def clash(listing, codes, at):
    other = ShopFactory(active=True, at=at)
    theirs = listings.draft(
        shop=other, kind=Kind.POINT_CARD, title="同样的", price=1, promise_minutes=5, notice="看", by=other.owner, at=at
    )
    stock.add_batch(theirs, ["OWN", codes[2], codes[3]], by=other.owner, at=at)
    return Clash.objects.select_related("batch__listing__shop").get()


def test_people_of_risk_settle_whose_the_codes_are(clash, listing, risk, seller, at):
    assert (clash.count, clash.other) == (2, listing.shop)
    with pytest.raises(Refused, match="not_your_turn"):
        batches.settle(clash, finding="mine", by=seller, at=at)
    batches.settle(clash, finding="后来者退回", by=risk, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        batches.settle(clash, finding="again", by=risk, at=at)
    event = Event.objects.get(name="listing.clash_settled")
    assert (event.by, event.root) == (risk, clash.batch.listing.shop.address)


def test_neither_shop_hears_of_the_other_and_risk_does(clash, listing, seller, risk, at, client):
    from notifications import inbox
    from notifications.models import Notification

    inbox.catch_up(at=at)
    assert {notice.user for notice in Notification.objects.filter(code="listing.codes_seen_elsewhere")} == {risk}
    for owner, own, other in (
        (seller, listing, clash.batch.listing),
        (clash.batch.listing.shop.owner, clash.batch.listing, listing),
    ):
        client.force_login(owner)
        for address in (
            f"/desk/{own.shop.slug}/stock/",
            f"/desk/{own.shop.slug}/stock/{own.pk}/",
            f"/desk/{own.shop.slug}/batches/{own.batches.get().pk}/",
            f"/api/v1/listings/{own.pk}/batches/",
        ):
            answer = client.get(address).content.decode()
            assert other.shop.name not in answer
            assert "another shop" not in answer
        assert client.get("/staff/codes/").status_code == 404
        assert client.get("/api/v1/clashes/").status_code == 404
    client.force_login(risk)
    page = client.get("/staff/codes/").content.decode()
    assert listing.shop.name in page
    assert clash.batch.listing.shop.name in page


# Many at once


@pytest.mark.django_db(transaction=True)
def test_thirty_two_buyers_race_for_twenty_codes_and_exactly_twenty_are_sold(at):
    from ledger.transfers import Reason, transfer
    from tests.fixtures.people import person

    listing = ListingFactory(codes=20, at=at)
    crowd = [person(f"racer{number}") for number in range(32)]
    for one in crowd:
        transfer(
            source="channel:sandbox",
            target=f"user:{one.pk}:wallet",
            amount=10_000,
            reason=Reason.TOP_UP,
            subject=one.address,
            key=f"{one.address}:pocket-money",
            at=at,
        )

    def patiently(verb):
        """As the mall asks of everybody whom it could not serve at once (503): send the same again."""
        for _try in range(50):
            try:
                return verb()
            except OperationalError:
                continue
        raise AssertionError("fifty tries were not enough")

    def buy(one):
        own = Listing.objects.get(pk=listing.pk)
        order = patiently(lambda: orders.place(buyer=one, listing=own, quantity=1, acknowledged=True, at=at))
        patiently(lambda: orders.pay_from_wallet(order, by=one, at=at))
        return order

    outcomes = race(*[lambda one=one: buy(one) for one in crowd], timeout=120)
    assert (len(won(outcomes)), {getattr(each, "code", each) for each in lost(outcomes)}) == (20, {"sold_out"})
    sold = Card.objects.filter(listing=listing, sold_at__isnull=False)
    assert sold.values("unit__order").distinct().count() == 20
    assert stock.count_free(listing) == 0
