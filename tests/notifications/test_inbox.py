"""Filling the inbox: everybody hears what concerns them, once, and nothing that was committed late is lost."""

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import translation

from notifications import inbox
from notifications.models import HighWaterMark, Notification
from notifications.sentences import sentence
from orders import conversation, lifecycle
from orders.models import Order
from shops import lifecycle as shops
from shops.models import Shop
from tests.queries import recorded
from tests.races import race


def heard_by(user):
    """The codes of what somebody was told, oldest first."""
    return list(Notification.objects.visible_to(user).order_by("pk").values_list("code", flat=True))


def test_the_shop_hears_of_a_sale_and_the_buyer_of_the_delivery(order, rich_buyer, seller, stranger, at):
    inbox.catch_up(at=at)
    assert heard_by(seller) == ["deposit.active", "order.sold"]
    assert heard_by(rich_buyer) == ["order.delivered"]
    assert heard_by(stranger) == []


def test_running_twice_tells_once(order, at):
    inbox.catch_up(at=at)
    told = Notification.objects.count()
    assert inbox.catch_up(at=at) == 0
    assert Notification.objects.count() == told


def test_a_mark_that_was_set_back_tells_nobody_twice(order, at):
    inbox.catch_up(at=at)
    told = Notification.objects.count()
    HighWaterMark.objects.update(event_id=0)
    inbox.catch_up(at=at)
    assert Notification.objects.count() == told


def test_a_long_backlog_is_told_in_steps_and_in_order(order, rich_buyer, seller, at):
    told = [inbox.catch_up(at=at, most=1) for _ in range(4)]
    assert told == [1, 1, 1, 0]
    assert heard_by(seller) == ["deposit.active", "order.sold"]
    assert heard_by(rich_buyer) == ["order.delivered"]


def test_telling_one_event_or_two_hundred_takes_the_same_number_of_queries(order, rich_buyer, at):
    inbox.catch_up(at=at)
    costs = []
    for number in (1, 200):
        for place in range(number):
            conversation.say(order, "在吗?", by=rich_buyer, at=at + timedelta(minutes=number, seconds=4 * place))
        with recorded() as seen:
            assert inbox.catch_up(at=at) == number
        costs.append(len(seen))
    assert costs[0] == costs[1]


@pytest.mark.django_db(transaction=True)
def test_two_runners_at_once_tell_once(order, rich_buyer, seller, at):
    told = race(*[lambda: inbox.catch_up(at=at)] * 4)
    assert sorted(told)[-1] == 3
    assert heard_by(seller) == ["deposit.active", "order.sold"]
    assert heard_by(rich_buyer) == ["order.delivered"]


@contextlib.contextmanager
def still_writing(write):
    """Another connection has written its event and not committed yet; it commits at the end of the block."""
    written, may_end, outcome = threading.Event(), threading.Event(), []

    def work():
        try:
            with transaction.atomic():
                write()
                written.set()
                may_end.wait(10)
        except BaseException as error:  # noqa: BLE001 - shown below
            outcome.append(error)
        finally:
            written.set()
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    written.wait(10)
    try:
        yield
    finally:
        may_end.set()
        thread.join(10)
        assert not outcome, outcome


@pytest.fixture
def other_shop(stranger, at) -> Shop:
    """Another shop, with another root and so another stream of events."""
    return shops.open_shop(owner=stranger, name="月光", slug="yueguang", required=1_000, at=at)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_committed_after_a_higher_one_is_not_lost(placed_order, other_shop, rich_buyer, stranger, at):
    inbox.catch_up(at=at)

    def pay_deposit():
        shops.pay_in(other_shop.deposit, amount=1_000, channel="sandbox", by=stranger, at=at, key="late")

    with still_writing(pay_deposit):
        lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
        inbox.catch_up(at=at)
        inbox.catch_up(at=at)
    inbox.catch_up(at=at)
    assert heard_by(stranger) == ["deposit.active"]
    assert heard_by(rich_buyer) == ["order.delivered"]
    mark = HighWaterMark.objects.get()
    assert mark.is_there()


@pytest.mark.django_db(transaction=True)
def test_a_long_writer_holds_up_only_what_came_after_it_began(
    placed_order, other_shop, rich_buyer, seller, stranger, at
):
    """The goal that was set while it wrote is reached when it ends, although others write by then."""

    def pay_deposit():
        shops.pay_in(other_shop.deposit, amount=1_000, channel="sandbox", by=stranger, at=at, key="late")

    def message():
        conversation.say(Order.objects.get(), "在吗?", by=rich_buyer, at=at)

    with still_writing(pay_deposit):
        lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
        inbox.catch_up(at=at)
        assert heard_by(seller) == []
    with still_writing(message):
        inbox.catch_up(at=at)
        assert heard_by(stranger) == ["deposit.active"]
        assert heard_by(seller) == ["deposit.active", "order.sold"]
    inbox.catch_up(at=at)
    assert heard_by(seller) == ["deposit.active", "order.sold", "order.message"]


@pytest.mark.django_db(transaction=True)
def test_a_writer_that_gives_up_holds_nobody_up(placed_order, other_shop, rich_buyer, stranger, at):
    def give_up():
        shops.pay_in(other_shop.deposit, amount=1_000, channel="sandbox", by=stranger, at=at, key="never")
        transaction.set_rollback(True)

    with still_writing(give_up):
        lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
        inbox.catch_up(at=at)
    inbox.catch_up(at=at)
    assert heard_by(stranger) == []
    assert heard_by(rich_buyer) == ["order.delivered"]


def test_a_sentence_is_in_the_language_of_its_reader(order, rich_buyer, at):
    inbox.catch_up(at=at)
    notice = Notification.objects.visible_to(rich_buyer).get()
    with translation.override("en"):
        assert sentence(notice.code, notice.words).startswith(f"Order {order.number} from 星河点卡 has arrived.")
    assert notice.words["amount"] == 29_400


def test_a_sentence_that_is_no_longer_known_still_says_something(db):
    with translation.override("en"):
        assert sentence("order.of_old", {}) == "Something happened. Open it to see what."


def test_reading_counts_the_first_time_only(order, rich_buyer, at):
    inbox.catch_up(at=at)
    notice = Notification.objects.visible_to(rich_buyer).get()
    inbox.read(notice, at=at)
    inbox.read(notice, at=at + timedelta(hours=1))
    assert notice.read_at == at
    assert inbox.count_unread(rich_buyer) == 0


def test_reading_all_leaves_what_came_meanwhile(order, seller, rich_buyer, at):
    inbox.catch_up(at=at)
    seen = Notification.objects.visible_to(seller).latest("pk").pk
    conversation.say(order, "在吗?", by=rich_buyer, at=at)
    inbox.catch_up(at=at)
    assert inbox.read_all(seller, up_to=seen, at=at) == 2
    assert inbox.count_unread(seller) == 1
    assert inbox.count_unread(rich_buyer) == 1
