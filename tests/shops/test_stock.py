"""Codes come in batches, are taken for orders, put back or voided; nobody gets the same one twice."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import translation

from shops import listings, stock
from shops.models import Batch, Card, Kind
from tests.factories import ShopFactory
from tests.queries import recorded
from tests.races import lost, race, won
from timeline.events import stream
from timeline.models import Event
from timeline.refusals import Refused

#: The books want an order behind every card that is taken; here there is none.
without_an_order = pytest.mark.breaks_books


def wrong(error):
    """What was wrong, as (code, sentence)."""
    with translation.override("en"):
        return [(each.code, each.messages[0]) for each in error.value.error_dict["codes"]]


# Adding


def test_a_shop_adds_codes_and_the_batch_is_on_record(draft, seller, at):
    batch = stock.add_batch(draft, ["  A-1 ", "", "B-2\r"], by=seller, at=at, note=" 上游 11 月 ")
    assert (batch.size, batch.note, stock.count_free(draft)) == (2, "上游 11 月", 2)
    event = stream(draft.root_address).get(name="listing.stocked")
    assert (event.by, event.data) == (seller, {"batch": batch.pk, "size": 2})


def test_only_the_shop_fills_its_own_stock(listing, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        stock.add_batch(listing, ["NEW"], by=stranger, at=at)
    assert stock.count_free(listing) == 10


def test_nothing_is_added_to_a_closed_listing(listing, seller, at):
    listings.close(listing, by=seller, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        stock.add_batch(listing, ["NEW"], by=seller, at=at)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], [("empty", "There is no code in it. Write one on each line.")]),
        (["", " \t"], [("empty", "There is no code in it. Write one on each line.")]),
        (["A", "B", "", "A"], [("repeated", "Line 4 repeats a line above it.")]),
        (["A", "Ａ", " A "], [("repeated", "Lines 2, 3 repeat lines above them.")]),
        (["A", "x" * 201], [("too_long", "Line 2 is too long: a code has at most 200 characters.")]),
        (["A\x00B"], [("not_visible", "Line 1 holds characters that cannot be seen.")]),
        (["A", "B\u200bC", "D\tE"], [("not_visible", "Lines 2, 3 hold characters that cannot be seen.")]),
        (
            ["x" * 201, "A", "A"],
            [
                ("too_long", "Line 1 is too long: a code has at most 200 characters."),
                ("repeated", "Line 3 repeats a line above it."),
            ],
        ),
        ([str(n) for n in range(2_001)], [("too_many", "These are 2001 codes; 2000 fit into one batch.")]),
    ],
)
def test_what_is_wrong_with_a_batch_is_said_by_line_and_nothing_is_added(draft, seller, at, codes, expected):
    with pytest.raises(ValidationError) as error:
        stock.add_batch(draft, codes, by=seller, at=at)
    assert wrong(error) == expected
    assert not Batch.objects.exists()
    assert not Event.objects.filter(name="listing.stocked").exists()


@without_an_order
def test_a_code_that_the_shop_has_or_has_sold_is_named_by_its_line(listing, codes, seller, at):
    stock.void(stock.take(listing, 1, at=at)[0], at=at)
    with pytest.raises(ValidationError) as error:
        stock.add_batch(listing, ["NEW", "", codes[0], f" {codes[4]} "], by=seller, at=at)
    assert wrong(error) == [("known", "Lines 3, 4 are codes that your shop has or has sold already.")]
    assert Card.objects.count() == 10
    assert not any(code in str(error.value) for code in codes)


def test_many_wrong_lines_are_named_up_to_twenty(draft, seller, at):
    with pytest.raises(ValidationError) as error:
        stock.add_batch(draft, ["x" * 201] * 30, by=seller, at=at)
    assert wrong(error)[0][1].startswith("Lines 1, 2, 3,")
    assert ", 20 …" in wrong(error)[0][1]
    assert "21" not in wrong(error)[0][1]


def test_a_code_that_another_shop_has_is_recorded_for_risk(listing, codes, at):
    other = ShopFactory(active=True, at=at)
    theirs = listings.draft(
        shop=other, kind=Kind.POINT_CARD, title="同样的", price=1, promise_minutes=5, notice="看", by=other.owner, at=at
    )
    batch = stock.add_batch(theirs, ["OWN", codes[2]], by=other.owner, at=at)
    event = Event.objects.get(name="listing.codes_seen_elsewhere")
    second = Card.objects.filter(batch=batch).latest("pk")
    first = Card.objects.get(listing=listing, blind_index=bytes(second.blind_index))
    assert (event.subject, event.by) == (theirs.address, None)
    assert event.data == {"batch": batch.pk, "count": 1, "pairs": [[second.pk, first.pk]]}


def test_the_database_itself_keeps_a_code_once_per_shop(listing):
    card = Card.objects.earliest("pk")
    other = Card.objects.latest("pk")
    with pytest.raises(IntegrityError), transaction.atomic():
        Card.objects.filter(pk=other.pk).update(blind_index=bytes(card.blind_index))


@pytest.mark.django_db(transaction=True)
def test_the_same_codes_added_twice_at_once_are_there_once(draft, seller, at):
    both = race(*[lambda: stock.add_batch(draft, ["A", "B"], by=seller, at=at)] * 2)
    assert (len(won(both)), len(lost(both))) == (1, 1)
    assert isinstance(lost(both)[0], ValidationError)
    assert stock.count_free(draft) == 2


# Taking


@without_an_order
def test_the_oldest_are_taken_first_and_exactly_as_many(listing, at):
    everything = list(Card.objects.order_by("pk").values_list("pk", flat=True))
    assert [card.pk for card in stock.take(listing, 3, at=at)] == everything[:3]
    assert [card.pk for card in stock.take(listing, 2, at=at)] == everything[3:5]
    assert stock.count_free(listing) == 5
    assert Card.objects.filter(taken_at=at).count() == 5


def test_more_than_there_is_is_refused_and_nothing_is_taken(listing, at):
    with pytest.raises(Refused, match="sold_out"):
        stock.take(listing, 11, at=at)
    assert stock.count_free(listing) == 10


@pytest.mark.parametrize("count", [0, -1])
def test_nothing_cannot_be_taken(listing, at, count):
    with pytest.raises(Refused, match="nothing_asked"):
        stock.take(listing, count, at=at)


def test_a_withdrawn_code_is_not_sold(listing, at):
    stock.void(Card.objects.earliest("pk"), at=at)
    with pytest.raises(Refused, match="sold_out"):
        stock.take(listing, 10, at=at)


@without_an_order
@pytest.mark.django_db(transaction=True)
def test_eight_buyers_of_three_share_ten_codes_and_none_is_sold_twice(listing, at):
    outcomes = race(*[lambda: stock.take(listing, 3, at=at)] * 8)
    taken = [card.pk for cards in won(outcomes) for card in cards]
    assert 1 <= len(won(outcomes)) <= 3
    assert len(taken) == len(set(taken)) == 3 * len(won(outcomes))
    assert {str(refusal).partition(":")[0] for refusal in lost(outcomes)} == {"sold_out"}
    assert stock.count_free(listing) == 10 - len(taken)


@without_an_order
@pytest.mark.django_db(transaction=True)
def test_ten_buyers_of_one_get_ten_codes(listing, at):
    outcomes = race(*[lambda: stock.take(listing, 1, at=at)] * 10)
    assert len({card.pk for cards in won(outcomes) for card in cards}) == 10


# Back, shown, void


def test_what_nobody_saw_is_for_sale_again(listing, at):
    stock.put_back(stock.take(listing, 3, at=at))
    assert stock.count_free(listing) == 10


@without_an_order
def test_what_somebody_saw_never_goes_back_and_neither_do_the_others_with_it(listing, at):
    cards = stock.take(listing, 2, at=at)
    stock.reveal(cards[0], at=at)
    with pytest.raises(Refused, match="card_revealed"):
        stock.put_back(cards)
    assert stock.count_free(listing) == 8


@without_an_order
@pytest.mark.parametrize("twice", [False, True])
def test_only_taken_cards_go_back(listing, at, twice):
    cards = stock.take(listing, 1, at=at)
    if twice:
        stock.put_back(cards)
        with pytest.raises(Refused, match="card_revealed"):
            stock.put_back(cards)
    else:
        stock.void(cards[0], at=at)
        with pytest.raises(Refused, match="card_revealed"):
            stock.put_back(cards)


@without_an_order
def test_the_first_reveal_counts(listing, at):
    (card,) = stock.take(listing, 1, at=at)
    stock.reveal(card, at=at)
    stock.reveal(card, at=at + timedelta(hours=1))
    assert Card.objects.get(pk=card.pk).revealed_at == card.revealed_at == at


def test_a_card_of_no_order_is_not_revealed(listing, at):
    card = Card.objects.earliest("pk")
    with pytest.raises(Refused, match="card_not_taken"):
        stock.reveal(card, at=at)
    assert Card.objects.get(pk=card.pk).revealed_at is None


@without_an_order
def test_the_database_itself_keeps_a_revealed_card_off_the_shelf(listing, at):
    (card,) = stock.take(listing, 1, at=at)
    stock.reveal(card, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Card.objects.filter(pk=card.pk).update(taken_at=None)


@without_an_order
@pytest.mark.django_db(transaction=True)
def test_looking_and_giving_back_at_once_have_one_outcome(listing, at):
    (card,) = stock.take(listing, 1, at=at)
    race(lambda: stock.reveal(Card.objects.get(pk=card.pk), at=at), lambda: stock.put_back([card]))
    after = Card.objects.get(pk=card.pk)
    assert (after.revealed_at is None) == (after.taken_at is None)


# Numbers


def test_one_and_five_hundred_codes_cost_the_same(draft, seller, at):
    with recorded() as one:
        stock.add_batch(draft, ["A"], by=seller, at=at)
    with recorded() as another:
        stock.add_batch(draft, ["B"], by=seller, at=at)
    with recorded() as many:
        stock.add_batch(draft, [f"C{number}" for number in range(500)], by=seller, at=at)
    assert len(many) == len(another) == len(one) - 1, "the first makes the shop's data key"
    with recorded() as take_one:
        stock.put_back(stock.take(draft, 1, at=at))
    with recorded() as take_many:
        stock.put_back(stock.take(draft, 500, at=at))
    assert len(take_one) == len(take_many) == 3


def plan_of(rows):
    """How the database would find these rows if it had many: the planner may neither read all nor sort."""
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off; set local enable_bitmapscan = off")
    return rows.explain()


def test_the_shelf_is_read_from_its_index_without_a_sort(listing, at):
    shelf = Card.objects.free(at).filter(listing=listing).order_by(F("sell_by").asc(nulls_last=True), "pk")
    plan = plan_of(shelf.values("pk")[:5])
    assert "shops_card_shelf" in plan
    assert "Sort" not in plan
    counted = plan_of(Card.objects.free().filter(listing=listing).order_by().values("pk"))
    # With hardly any codes the shelf costs as much as the index of all codes of a listing.
    assert "shops_card_shelf" in counted or "shops_card_listing" in counted
    assert "shops_card_ending" in plan_of(Card.objects.expired_by(at).order_by().values("listing"))
