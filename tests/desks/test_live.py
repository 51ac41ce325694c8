"""What the other side does appears here: a poll that costs little, and a page that is read again only if it must."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse

from desks import live
from orders import conversation
from orders import lifecycle as orders
from refunds import lifecycle as refunds
from tests.queries import expect_queries


@pytest.fixture
def as_buyer(client, order, rich_buyer):
    client.force_login(rich_buyer)
    return client


def asking(client, address):
    """Where a page asks."""
    found = re.search(r'data-live="([^"]+)"', client.get(address).content.decode())
    assert found is not None
    return found[1]


def address_of(user, order, at):
    return reverse("desks:live", args=[live.token(user, kind="root", key=order.address, at=at)])


def test_a_page_that_nothing_happened_to_is_not_read_again(as_buyer, order, rich_buyer, at):
    address = address_of(rich_buyer, order, at + timedelta(seconds=10))
    first = as_buyer.get(address)
    assert first.status_code == 204
    with expect_queries(3):  # the session, the person, the newest event
        again = as_buyer.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_the_other_side_writes_is_noticed(as_buyer, order, rich_buyer, seller, at):
    address = address_of(rich_buyer, order, at + timedelta(seconds=10))
    before = as_buyer.get(address).headers["ETag"]
    conversation.say(order, "请稍等。", by=seller, at=at)
    after = as_buyer.get(address, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_what_happened_while_the_page_was_on_its_way_is_noticed(as_buyer, order, rich_buyer, seller, at):
    address = address_of(rich_buyer, order, at)
    conversation.say(order, "请稍等。", by=seller, at=at + timedelta(seconds=1))
    assert as_buyer.get(address).status_code == 200


def test_order_case_and_dispute_pages_ask(as_buyer, dispute, at):
    for thing in (dispute.refund.order, dispute.refund, dispute):
        answer = as_buyer.get(asking(as_buyer, thing.get_absolute_url()))
        assert answer.status_code in {200, 204}


def test_the_queue_of_a_shop_asks_and_hears_of_what_comes_and_goes(client, refund, seller, rich_buyer, at):
    client.force_login(seller)
    queue = reverse("refunds:queue", args=[refund.order.shop.slug])
    address = asking(client, queue)
    before = client.get(address).headers["ETag"]
    with expect_queries(3):
        assert client.get(address, headers={"If-None-Match": before}).status_code == 304
    refunds.withdraw(refund, by=rich_buyer, at=at)
    assert client.get(address, headers={"If-None-Match": before}).status_code == 200


@pytest.mark.parametrize("page", ["orders:desk", "orders:to_deliver"])
def test_the_orders_of_a_shop_ask_and_hear_of_a_sale_and_of_its_end(client, order, seller, rich_buyer, at, page):
    client.force_login(seller)
    address = asking(client, reverse(page, args=[order.shop.slug]))
    before = client.get(address).headers["ETag"]
    with expect_queries(3):
        assert client.get(address, headers={"If-None-Match": before}).status_code == 304
    listing = order.snapshot.listing
    sold = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    placed = client.get(address, headers={"If-None-Match": before})
    assert placed.status_code == 200
    orders.cancel(sold, by=rich_buyer, at=at)
    ended = client.get(address, headers={"If-None-Match": placed.headers["ETag"]})
    assert ended.status_code == 200
    assert ended.headers["ETag"] == before


def test_an_address_is_for_one_person_and_cannot_be_made_up(client, order, rich_buyer, stranger, at):
    address = address_of(rich_buyer, order, at)
    assert client.get(address).status_code == 302
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    forged = signing.dumps([stranger.pk, "root", order.address, at.isoformat()], salt="another")
    assert client.get(reverse("desks:live", args=[forged])).status_code == 404


def test_a_page_that_asks_keeps_no_session_of_staff_alive(client, order, lead, at):
    client.force_login(lead)
    client.get("/me/")
    session = client.session
    session["seen_at"] -= 600
    session.save()
    noted = client.session["seen_at"]
    client.get(address_of(lead, order, at))
    client.get("/me/", headers={"X-Live": "1"})
    assert client.session["seen_at"] == noted
    client.get("/me/")
    assert client.session["seen_at"] > noted


def test_a_page_that_reads_itself_takes_no_word_that_belongs_to_the_next_page(as_buyer, order):
    page = order.get_absolute_url()
    assert as_buyer.post(f"{page}confirm/").status_code == 302
    assert 'class="message success' not in as_buyer.get(page, headers={"X-Live": "1"}).content.decode()
    assert 'class="message success"' in as_buyer.get(page).content.decode()


def test_a_page_is_whole_without_a_script(as_buyer, order):
    page = as_buyer.get(order.get_absolute_url()).content.decode()
    assert "data-live-toast" in page
    assert "hidden data-live-toast" in page
